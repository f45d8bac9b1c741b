/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * elemplain: elements whose bytes are the same for the kernel and for the tree:
 * hashes, arrays, tries, storage of cgroups.
 */
#ifndef BPFMAPFS_LIB_ELEMPLAIN_H
#define BPFMAPFS_LIB_ELEMPLAIN_H

#include "lib/elements.h"

extern const struct elements elem_hash, elem_array, elem_prefix;
extern const struct elements elem_attached, elem_attached_percpu;

#endif
