/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * btfleaf: what single types of BTF mean: numbers, enums, pointers, bit-fields, and
 * the structs that are one leaf. Names that say more than their kind are two tables
 * in btfleaf.c, by typedef (__be32) and by struct (in6_addr, bpf_spin_lock).
 */
#ifndef BPFMAPFS_LIB_BTFLEAF_H
#define BPFMAPFS_LIB_BTFLEAF_H

#include <bpf/btf.h>
#include <stdint.h>

#include "lib/layout.h"

struct meaning;

/* A type behind its typedefs and qualifiers. */
struct btfleaf {
	const struct btf_type *type;
	uint32_t id;
	const struct meaning *meaning; /* of a typedef on the way, or NULL */
};

/* "" if there is none at that offset. */
const char *btfleaf_name(const struct btf *btf, uint32_t offset);

/* Is it one of the kernel's own structs, whose bytes nobody else may read or write? */
bool btfleaf_is_owned(const struct btf *btf, const struct btf_type *t);

/* -EINVAL if the chain of id is endless, or ends nowhere or in void. */
int btfleaf_resolve(const struct btf *btf, uint32_t id, struct btfleaf *out);

/*
 * The layout of a type that has no parts, or is shown as if it had none. 0 and *out
 * with one reference, -ENOMEM, -EINVAL if it cannot be understood, -ENOTSUP if it is
 * to be read by its parts.
 */
int btfleaf_read(const struct btf *btf, const struct btfleaf *t, struct layout **out);

/*
 * An array of count elements that is one leaf, member being the name under which it
 * is met, or NULL. As btfleaf_read().
 */
int btfleaf_read_array(const struct btfleaf *elem, const struct btf *btf, uint32_t count,
		       const char *member, struct layout **out);

/* A member of so many bits, of the type id. 0, -EINVAL, -ENOMEM. */
int btfleaf_read_bits(const struct btf *btf, uint32_t id, uint32_t bits, struct layout **out);

/*
 * Where member i of a record is, in bits, and how many it has if it is a bit-field,
 * else 0. Integers of fewer bits than their bytes hold are how older compilers say it.
 */
void btfleaf_find_bits(const struct btf *btf, const struct btf_type *record, uint32_t i,
		       uint32_t *offset, uint32_t *bits);

#endif
