/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/layout.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The integer types that a spec can name. */
static const struct int_type {
	const char *spelling;
	const char *c_name;
	uint32_t size;
	bool is_signed;
} int_types[] = {
	{"u8", "unsigned char", 1, false}, {"u16", "unsigned short", 2, false},
	{"u32", "unsigned int", 4, false}, {"u64", "unsigned long long", 8, false},
	{"s8", "signed char", 1, true},    {"s16", "short", 2, true},
	{"s32", "int", 4, true},           {"s64", "long long", 8, true},
};

enum { INT_TYPES = sizeof(int_types) / sizeof(int_types[0]) };

static struct layout *layout_new(enum layout_kind kind, uint32_t size)
{
	struct layout *l;

	if (size == 0)
		return NULL;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->refs = 1;
	l->kind = kind;
	l->size = size;
	return l;
}

static struct layout *layout_int(const struct int_type *type)
{
	struct layout *l = layout_new(LAYOUT_INT, type->size);

	if (l) {
		l->spelling = type->spelling;
		l->c_name = type->c_name;
		l->is_signed = type->is_signed;
	}
	return l;
}

static const struct int_type *int_type_find(uint32_t size, bool is_signed)
{
	for (int i = 0; i < INT_TYPES; i++)
		if (int_types[i].size == size && int_types[i].is_signed == is_signed)
			return &int_types[i];
	return NULL;
}

struct layout *layout_bytes(uint32_t size)
{
	return layout_new(int_type_find(size, false) ? LAYOUT_INT : LAYOUT_BYTES, size);
}

struct layout *layout_prefix(uint32_t key_size)
{
	if (key_size <= sizeof(uint32_t) || key_size > sizeof(uint32_t) + LAYOUT_PREFIX_DATA)
		return NULL;
	return layout_new(LAYOUT_PREFIX, key_size);
}

struct layout *layout_per_cpu(struct layout *elem, uint32_t cpus)
{
	uint32_t stride, size;
	struct layout *l;

	if (__builtin_add_overflow(elem->size, 7, &stride))
		return NULL;
	stride &= ~7U;
	if (__builtin_mul_overflow(stride, cpus, &size))
		return NULL;
	l = layout_new(LAYOUT_ARRAY, size);
	if (!l)
		return NULL;
	l->array.elem = layout_ref(elem);
	l->array.count = cpus;
	l->array.stride = stride;
	return l;
}

struct layout *layout_from_btf(const struct btf *btf, uint32_t type_id, uint32_t size)
{
	int id = btf__resolve_type(btf, type_id);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	const struct int_type *type;

	if (!t || !btf_is_int(t) || btf_int_bits(t) != size * 8 || btf_int_offset(t) != 0)
		return layout_bytes(size);
	type = int_type_find(size, (btf_int_encoding(t) & BTF_INT_SIGNED) != 0);
	return type ? layout_int(type) : layout_bytes(size);
}

/* A number of bytes, all digits. */
static int parse_size(const char *word, size_t len, struct layout **out, struct diag *d)
{
	uint64_t size = 0;

	for (size_t i = 0; i < len; i++) {
		if (word[i] < '0' || word[i] > '9')
			return diag_at(d, EINVAL, i, "a size in bytes is a decimal number");
		size = size * 10 + (uint64_t)(word[i] - '0');
		if (size > INT32_MAX)
			return diag_at(d, EINVAL, i, "no key or value is that large");
	}
	if (size == 0)
		return diag_at(d, EINVAL, 0, "a size of 0 bytes is no key or value");
	*out = layout_bytes((uint32_t)size);
	return *out ? 0 : -ENOMEM;
}

int layout_parse(const char *word, size_t len, struct layout **out, struct diag *d)
{
	if (len && word[0] >= '0' && word[0] <= '9')
		return parse_size(word, len, out, d);
	for (int i = 0; i < INT_TYPES; i++) {
		if (strlen(int_types[i].spelling) != len ||
		    memcmp(int_types[i].spelling, word, len) != 0)
			continue;
		*out = layout_int(&int_types[i]);
		return *out ? 0 : -ENOMEM;
	}
	return diag_at(d, EINVAL, 0, "no such type: use u8 to u64, s8 to s64 or a size in bytes");
}

struct layout *layout_ref(struct layout *l)
{
	__atomic_add_fetch(&l->refs, 1, __ATOMIC_RELAXED);
	return l;
}

void layout_unref(struct layout *l)
{
	if (!l || __atomic_sub_fetch(&l->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (l->kind == LAYOUT_ARRAY)
		layout_unref(l->array.elem);
	free(l);
}

void layout_canonical(const struct layout *l, void *bytes)
{
	unsigned char *data = (unsigned char *)bytes + sizeof(uint32_t);
	uint32_t prefix_len;

	if (l->kind != LAYOUT_PREFIX)
		return;
	memcpy(&prefix_len, bytes, sizeof(prefix_len));
	for (uint32_t i = 0; i < l->size - sizeof(uint32_t); i++) {
		uint32_t kept = prefix_len > i * 8 ? prefix_len - i * 8 : 0;

		if (kept < 8)
			data[i] &= (unsigned char)(0xff00 >> kept);
	}
}

bool layout_is_alike(const struct layout *a, const struct layout *b)
{
	if (!a || !b)
		return a == b;
	return a->size == b->size && (!a->spelling || !b->spelling || a->spelling == b->spelling);
}

bool layout_is_typed(const struct layout *l)
{
	return l->spelling != NULL;
}

/* unsigned char[size], with the two integer types that an array needs. */
static int add_byte_array(uint32_t size, struct btf *btf)
{
	int byte = btf__add_int(btf, "unsigned char", 1, 0);
	int index = byte < 0 ? byte : btf__add_int(btf, "unsigned int", 4, 0);

	return index < 0 ? index : btf__add_array(btf, index, byte, size);
}

int layout_add_btf(const struct layout *l, struct btf *btf)
{
	if (l->kind != LAYOUT_INT)
		return add_byte_array(l->size, btf);
	return btf__add_int(btf, int_type_find(l->size, l->is_signed)->c_name, l->size,
			    l->is_signed ? BTF_INT_SIGNED : 0);
}

void layout_print_spec(const struct layout *l, struct buf *out)
{
	if (l->kind == LAYOUT_ARRAY)
		layout_print_spec(l->array.elem, out);
	else if (l->spelling)
		buf_adds(out, l->spelling);
	else
		buf_addf(out, "%u", l->size);
}

void layout_print_c(const struct layout *l, const char *name, struct buf *out)
{
	if (l->kind == LAYOUT_ARRAY)
		layout_print_c(l->array.elem, name, out);
	else if (l->c_name)
		buf_addf(out, "%s %s", l->c_name, name);
	else
		buf_addf(out, "unsigned char %s[%u]", name, l->size);
}
