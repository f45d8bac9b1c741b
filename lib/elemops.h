/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * elemops: the one element of a struct_ops, read-only: a structure of the kernel's whose
 * functions are BPF programs. Where a function is, the kernel tells the program's id.
 */
#ifndef BPFMAPFS_LIB_ELEMOPS_H
#define BPFMAPFS_LIB_ELEMOPS_H

#include "lib/elements.h"

extern const struct elements elem_ops;

#endif
