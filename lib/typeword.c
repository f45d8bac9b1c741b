/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/typeword.h"

#include <string.h>

#include "lib/btfleaf.h"

enum { MAX_CHAIN = 32 };

/*
 * A type is recognised by the first row that fits, so char comes before s8; a type is
 * made by the first row of its word, so in_addr_t is read but never written.
 */
const struct typeword typewords[TYPEWORDS] = {
	{"char", "char", BTF_KIND_INT, BTF_INT_SIGNED, 1, 1, NULL},
	{"bool", "_Bool", BTF_KIND_INT, BTF_INT_BOOL, 1, 1, NULL},
	{"u8", "unsigned char", BTF_KIND_INT, 0, 1, 1, NULL},
	{"u16", "unsigned short", BTF_KIND_INT, 0, 2, 2, NULL},
	{"u32", "unsigned int", BTF_KIND_INT, 0, 4, 4, NULL},
	{"u64", "unsigned long long", BTF_KIND_INT, 0, 8, 8, NULL},
	{"s8", "signed char", BTF_KIND_INT, BTF_INT_SIGNED, 1, 1, NULL},
	{"s16", "short", BTF_KIND_INT, BTF_INT_SIGNED, 2, 2, NULL},
	{"s32", "int", BTF_KIND_INT, BTF_INT_SIGNED, 4, 4, NULL},
	{"s64", "long long", BTF_KIND_INT, BTF_INT_SIGNED, 8, 8, NULL},
	{"float", "float", BTF_KIND_FLOAT, 0, 4, 4, NULL},
	{"double", "double", BTF_KIND_FLOAT, 0, 8, 8, NULL},
	{"be16", "__be16", BTF_KIND_TYPEDEF, 0, 2, 2, "u16"},
	{"be32", "__be32", BTF_KIND_TYPEDEF, 0, 4, 4, "u32"},
	{"be64", "__be64", BTF_KIND_TYPEDEF, 0, 8, 8, "u64"},
	{"be16", "in_port_t", BTF_KIND_TYPEDEF, 0, 2, 2, "u16"},
	{"be32", "in_addr_t", BTF_KIND_TYPEDEF, 0, 4, 4, "u32"},
	{"ipv4", "in_addr", BTF_KIND_STRUCT, 0, 4, 4, "struct{be32 s_addr;}"},
	{"ipv6", "in6_addr", BTF_KIND_STRUCT, 0, 16, 4,
	 "struct{union{u8 u6_addr8[16];be16 u6_addr16[8];be32 u6_addr32[4];}in6_u;}"},
	{"mac", "", BTF_KIND_ARRAY, 0, 6, 1, "u8[6]"},
	{"ipv4_prefix", "ipv4_prefix", BTF_KIND_STRUCT, 0, 8, 4,
	 "struct{u32 prefixlen;ipv4 addr;}"},
	{"ipv6_prefix", "ipv6_prefix", BTF_KIND_STRUCT, 0, 20, 4,
	 "struct{u32 prefixlen;ipv6 addr;}"},
};

const struct typeword *typeword_find(const char *word, size_t len)
{
	for (size_t i = 0; i < TYPEWORDS; i++)
		if (strlen(typewords[i].word) == len && memcmp(typewords[i].word, word, len) == 0)
			return &typewords[i];
	return NULL;
}

/* Recognising them. */

static bool is_int_row(const struct btf *btf, const struct btf_type *t, const struct typeword *row)
{
	bool is_char = strcmp(btfleaf_name(btf, t->name_off), "char") == 0 && t->size == 1 &&
		       btf_int_encoding(t) != BTF_INT_BOOL;

	if (t->size != row->size || btf_int_offset(t) || btf_int_bits(t) != t->size * 8)
		return false;
	return is_char ? row == typewords
		       : row != typewords && btf_int_encoding(t) == row->encoding;
}

static bool is_word(const struct btf *btf, uint32_t id, const struct typeword *row);

/* Is it a prefix length and an address? */
static bool is_prefix(const struct btf *btf, const struct btf_type *t, const struct typeword *row)
{
	const struct btf_member *m = btf_members(t);

	return btf_vlen(t) == 2 && m[0].offset == 0 && m[1].offset == 32 &&
	       strcmp(btfleaf_name(btf, m[0].name_off), "prefixlen") == 0 &&
	       strcmp(btfleaf_name(btf, m[1].name_off), "addr") == 0 &&
	       is_word(btf, m[0].type, typeword_find("u32", 3)) &&
	       is_word(btf, m[1].type, typeword_find(row->word, strlen("ipv4")));
}

bool typeword_is(const struct btf *btf, const struct btf_type *t, const struct typeword *row)
{
	const struct btf_type *base;

	if (btf_kind(t) != row->kind)
		return false;
	if (row->kind == BTF_KIND_INT)
		return is_int_row(btf, t, row);
	if (row->kind == BTF_KIND_ARRAY)
		return btf_array(t)->nelems == row->size &&
		       is_word(btf, btf_array(t)->type, typeword_find("u8", 2));
	if (row->kind == BTF_KIND_FLOAT)
		return t->size == row->size;
	if (strcmp(btfleaf_name(btf, t->name_off), row->name) != 0)
		return false;
	if (row->kind == BTF_KIND_STRUCT)
		return t->size == row->size &&
		       (!strstr(row->word, "prefix") || is_prefix(btf, t, row));
	base = typeword_peel(btf, t->type, false);
	return base && typeword_is(btf, base, typeword_find(row->body, strlen(row->body)));
}

static bool is_word(const struct btf *btf, uint32_t id, const struct typeword *row)
{
	const struct btf_type *t = typeword_peel(btf, id, true);

	return t && typeword_is(btf, t, row);
}

const struct typeword *typeword_of(const struct btf *btf, const struct btf_type *t)
{
	for (size_t i = 0; i < TYPEWORDS; i++)
		if (typeword_is(btf, t, &typewords[i]))
			return &typewords[i];
	return NULL;
}

const struct btf_type *typeword_peel(const struct btf *btf, uint32_t id, bool words)
{
	for (int i = 0; i < MAX_CHAIN; i++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!t || !(btf_is_mod(t) || btf_is_typedef(t)))
			return t;
		if (words && btf_is_typedef(t) && typeword_of(btf, t))
			return t;
		id = t->type;
	}
	return NULL;
}
