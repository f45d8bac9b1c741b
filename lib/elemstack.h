/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * elemstack: stack traces, by the ids that programs have of them.
 */
#ifndef BPFMAPFS_LIB_ELEMSTACK_H
#define BPFMAPFS_LIB_ELEMSTACK_H

#include "lib/elements.h"

extern const struct elements elem_stack;

#endif
