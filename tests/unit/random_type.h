/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* random_type: types of BTF, as wild as the kernel lets them be. */
#ifndef BPFMAPFS_TESTS_RANDOM_TYPE_H
#define BPFMAPFS_TESTS_RANDOM_TYPE_H

#include <stdint.h>

struct btf;

/* A BTF with the numbers, floats, enums, pointers and named structs to draw from. */
struct btf *random_type_base(void);

/*
 * Adds a random type to a BTF that began as random_type_base() and returns its id:
 * at most depth records or arrays deep, at most some thousand bytes. Never of size 0.
 */
uint32_t random_type(struct btf *btf, int depth);

#endif
