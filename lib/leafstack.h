/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * leafstack: stack traces as text, one frame a line; as JSON, an array of strings. They
 * are looked at and never written, so there is no way back.
 *
 * A frame is its address and, of the kernel's, the symbol (symbols.h); a build id, where
 * the map has those, and the offset in that file.
 */
#ifndef BPFMAPFS_LIB_LEAFSTACK_H
#define BPFMAPFS_LIB_LEAFSTACK_H

#include "lib/format.h"

extern const struct spelling leaf_frames, leaf_frames_json;
extern const struct spelling leaf_build_ids, leaf_build_ids_json;

#endif
