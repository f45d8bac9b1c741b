/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * leafstack: stack traces as text, one frame a line. They are looked at and never
 * written, so there is no way back.
 */
#ifndef BPFMAPFS_LIB_LEAFSTACK_H
#define BPFMAPFS_LIB_LEAFSTACK_H

#include "lib/format.h"

extern const struct spelling leaf_frames, leaf_build_ids;

#endif
