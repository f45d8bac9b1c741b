/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * typeword: the words of typespec's language that are one type: how each looks in BTF,
 * and which BTF of other people is one. To add a word: a row in typeword.c, and
 * TYPEWORDS.
 */
#ifndef BPFMAPFS_LIB_TYPEWORD_H
#define BPFMAPFS_LIB_TYPEWORD_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TYPEWORDS = 22 };

struct typeword {
	const char *word;
	const char *name; /* in BTF, "" if it has none */
	uint16_t kind;    /* BTF_KIND_INT, FLOAT, TYPEDEF, STRUCT or ARRAY */
	uint8_t encoding; /* of an INT */
	uint8_t size, align;
	const char *body; /* of the last three kinds: what it is made of, in the language */
};

extern const struct typeword typewords[TYPEWORDS];

/* The first row of that word of len bytes, or NULL. */
const struct typeword *typeword_find(const char *word, size_t len);

/*
 * What stands behind qualifiers and typedefs; if words is set, only up to a typedef
 * that is a word. NULL if there is no end, or no such type.
 */
const struct btf_type *typeword_peel(const struct btf *btf, uint32_t id, bool words);

/* Is a type what that row says? */
bool typeword_is(const struct btf *btf, const struct btf_type *t, const struct typeword *row);

/* The row of a type that typeword_peel() gave, or NULL. */
const struct typeword *typeword_of(const struct btf *btf, const struct btf_type *t);

#endif
