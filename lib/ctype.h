/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ctype: the type of a map's keys or values: how C declares it, and what its bytes
 * mean. Immutable, counted by reference, shared between threads.
 *
 * A type carries its own BTF, cut down to what it needs (btfcopy.h), so knowing a
 * map keeps nothing else of its program in memory, and the type can be written
 * into .map and made again elsewhere.
 */
#ifndef BPFMAPFS_LIB_CTYPE_H
#define BPFMAPFS_LIB_CTYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/diag.h"
#include "lib/layout.h"

struct btf;

struct ctype {
	unsigned int refs;
	uint32_t size;
	struct layout *layout; /* of one CPU's value */
	struct btf *btf;       /* NULL: a number of bytes, no type */
	uint32_t id;           /* in btf */
};

/* That many bytes without a type. -EINVAL if size is 0, -ENOMEM. */
int ctype_bytes(uint32_t size, struct ctype **out);

/*
 * The type id of btf, which has size bytes; what it needs is copied. A type that
 * does not fit gives ctype_bytes(). -ENOMEM.
 */
int ctype_from_btf(const struct btf *btf, uint32_t id, uint32_t size, struct ctype **out);

/*
 * The word of a spec: a number of bytes, or a type as typespec.h has it. -EINVAL
 * explained in d with its place in the word, or -ENOMEM.
 */
int ctype_parse(const char *word, size_t len, struct ctype **out, struct diag *d);

struct ctype *ctype_ref(struct ctype *t);
void ctype_unref(struct ctype *t); /* NULL is fine */

bool ctype_is_typed(const struct ctype *t);

/* Have both the same size and, where both are typed, the same text for the same bytes? */
bool ctype_is_alike(const struct ctype *a, const struct ctype *b);

/*
 * Adds the type to btf and returns its id there, or -errno. Bytes without a type
 * become a typedef of an integer or an array, or a struct if as_struct is set, by
 * whose name ctype_from_btf() knows that they have none.
 */
int ctype_add_btf(const struct ctype *t, bool as_struct, struct btf *btf);

/* Is it a struct, as the kernel wants the key of an LPM trie? */
bool ctype_is_struct(const struct ctype *t);

/* Is it a section of variables: .data, .bss, .rodata? */
bool ctype_is_section(const struct ctype *t);

/* As a spec spells it; a number of bytes where the language has no word. */
void ctype_print_spec(const struct ctype *t, struct buf *out);

/* As C declares it, each line behind prefix: definitions it needs, "struct flow key;". */
void ctype_print_c(const struct ctype *t, const char *name, const char *prefix, struct buf *out);

#endif
