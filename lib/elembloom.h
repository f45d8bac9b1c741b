/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * elembloom: bloom filters. What the kernel calls a value is asked for, and so it is a
 * key here; behind it there is nothing. A key that was never added may be there, too.
 */
#ifndef BPFMAPFS_LIB_ELEMBLOOM_H
#define BPFMAPFS_LIB_ELEMBLOOM_H

#include "lib/elements.h"

extern const struct elements elem_bloom;

#endif
