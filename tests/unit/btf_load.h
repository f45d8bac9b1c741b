/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef BPFMAPFS_TESTS_BTF_LOAD_H
#define BPFMAPFS_TESTS_BTF_LOAD_H

struct btf;

/* The kernel takes the BTF, if it lets this process load any. */
void assert_loads(struct btf *btf);

#endif
