/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * typespec: the words for types that a spec takes, to BTF and back, and C.
 *
 *   type    = ( word | record ) { "[" N "]" }
 *   word    = u8 u16 u32 u64 s8 s16 s32 s64 bool char float double be16 be32 be64
 *             ipv4 ipv6 mac ipv4_prefix ipv6_prefix
 *   record  = ( "struct" | "union" ) "{" member { ";" member } [ ";" ] "}"
 *   member  = type NAME { "[" N "]" } | record
 *
 * Blanks, sizes, offsets and the order of dimensions are C's on x86-64 and arm64:
 * "u32[3] x[2]" is C's "u32 x[2][3]". A record without a name is anonymous: its
 * members stand beside its own. To add a word: see typeword.h.
 */
#ifndef BPFMAPFS_LIB_TYPESPEC_H
#define BPFMAPFS_LIB_TYPESPEC_H

#include <bpf/btf.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/diag.h"

enum {
	TYPESPEC_MAX = 65536,        /* bytes of a word */
	TYPESPEC_MAX_MEMBERS = 4096, /* of all records in it */
	TYPESPEC_MAX_DEPTH = 32,     /* of records and arrays in each other */
};

/*
 * Parses the word (all of it) and adds its types to btf; those that have a name may be
 * there already. 0 and *id; -EINVAL, explained in d at the byte where it went wrong;
 * -ENOMEM. After a failure btf may hold parts of it.
 */
int typespec_parse(const char *word, size_t len, struct btf *btf, uint32_t *id, struct diag *d);

/*
 * Appends the word for a type, in its canonical spelling. -EOPNOTSUPP if the language
 * has none, -ENOMEM; then out is as it was. typespec_parse() of the word gives a type
 * of the same layout: same size, members of the same names, offsets and meaning. The
 * names of structs and typedefs are lost. btf is not trusted.
 */
int typespec_print(const struct btf *btf, uint32_t id, struct buf *out);

/*
 * Appends the C that declares a variable with that type: definitions of the structs,
 * enums and typedefs that it needs, then "struct flow key;"; for a DATASEC, the
 * declarations of its variables. Every line ends with '\n', some are empty. -EINVAL if
 * it cannot be said, or not in the space that out has; -ENOMEM; then out is as it was.
 * btf is not trusted.
 */
int typespec_print_c(const struct btf *btf, uint32_t id, const char *name, struct buf *out);

#endif
