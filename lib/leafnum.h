/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * leafnum: the spellings of numbers, and of what is one inside: truth, enums,
 * pointers. Names as in leaf.h.
 */
#ifndef BPFMAPFS_LIB_LEAFNUM_H
#define BPFMAPFS_LIB_LEAFNUM_H

#include "lib/format.h"

extern const struct spelling leaf_int, leaf_float;
extern const struct spelling leaf_bool_bare, leaf_bool_json;
extern const struct spelling leaf_enum_bare, leaf_enum_json;
extern const struct spelling leaf_pointer_bare, leaf_pointer_json;

/* A number in host order, at most 8 bytes. */
uint64_t leaf_load(const unsigned char *bytes, uint32_t size);
void leaf_store(uint64_t number, unsigned char *bytes, uint32_t size);

#endif
