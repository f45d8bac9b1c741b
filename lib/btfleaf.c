/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/btfleaf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_CHAIN = 64,           /* typedefs and qualifiers before a type */
	LONGEST_ENUMERATOR = 200, /* bytes of a name that is used */
};

/* What a name says that the kind does not. */
struct meaning {
	const char *name;
	enum layout_kind kind; /* LAYOUT_INT: in network order */
	uint32_t size;         /* 0: any */
};

/* To add a typedef: a row here. */
static const struct meaning typedefs[] = {
	{"__be16", LAYOUT_INT, 2},     {"__be32", LAYOUT_IPV4, 4},   {"__be64", LAYOUT_INT, 8},
	{"in_addr_t", LAYOUT_IPV4, 4}, {"in_port_t", LAYOUT_INT, 2}, {NULL, 0, 0},
};

/* To add a struct: a row here. Those of the kernel are in kernel/bpf/btf.c (field_types). */
static const struct meaning structs[] = {
	{"in_addr", LAYOUT_IPV4, 4},
	{"in6_addr", LAYOUT_IPV6, 16},
	{"bpf_spin_lock", LAYOUT_OWNED, 0},
	{"bpf_res_spin_lock", LAYOUT_OWNED, 0},
	{"bpf_timer", LAYOUT_OWNED, 0},
	{"bpf_wq", LAYOUT_OWNED, 0},
	{"bpf_task_work", LAYOUT_OWNED, 0},
	{"bpf_list_head", LAYOUT_OWNED, 0},
	{"bpf_list_node", LAYOUT_OWNED, 0},
	{"bpf_rb_root", LAYOUT_OWNED, 0},
	{"bpf_rb_node", LAYOUT_OWNED, 0},
	{"bpf_refcount", LAYOUT_OWNED, 0},
	{NULL, 0, 0},
};

/* Tags of pointers that the kernel owns. */
static const char *const owned_pointers[] = {"kptr", "kptr_untrusted", "percpu_kptr", "uptr"};

const char *btfleaf_name(const struct btf *btf, uint32_t offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return name ? name : "";
}

static const struct meaning *meaning_of(const struct meaning *table, const char *name,
					uint32_t size)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0 && (!table->size || table->size == size))
			return table;
	return NULL;
}

/* The sizes of the typedefs in the table are those of their integers. */
static const struct meaning *typedef_meaning(const char *name)
{
	for (const struct meaning *m = typedefs; m->name; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

int btfleaf_resolve(const struct btf *btf, uint32_t id, struct btfleaf *out)
{
	*out = (struct btfleaf){.id = id};
	for (int i = 0; i < MAX_CHAIN; i++) {
		const struct btf_type *t = out->id ? btf__type_by_id(btf, out->id) : NULL;

		if (!t)
			return -EINVAL;
		if (!btf_is_mod(t) && !btf_is_typedef(t) && !btf_is_type_tag(t)) {
			out->type = t;
			return 0;
		}
		if (btf_is_typedef(t) && !out->meaning)
			out->meaning = typedef_meaning(btfleaf_name(btf, t->name_off));
		out->id = t->type;
	}
	return -EINVAL;
}

static int made(struct layout *l, struct layout **out)
{
	*out = l;
	return l ? 0 : -ENOMEM;
}

/* Leaves. */

static int read_int(const struct btfleaf *t, struct layout **out)
{
	uint32_t size = t->type->size, encoding = btf_int_encoding(t->type);
	const struct meaning *m = t->meaning && t->meaning->size == size ? t->meaning : NULL;

	if (btf_int_offset(t->type) || btf_int_bits(t->type) != size * 8)
		return -EINVAL;
	if (m && m->kind != LAYOUT_INT)
		return made(layout_plain(m->kind, size), out);
	if (encoding & BTF_INT_BOOL && size == 1)
		return made(layout_plain(LAYOUT_BOOL, 1), out);
	*out = layout_int(size, size * 8, encoding & BTF_INT_SIGNED && !m, m != NULL);
	return *out ? 0 : -errno;
}

static uint64_t extend(uint64_t value, uint32_t size, bool is_signed)
{
	unsigned int spare = 64 - size * 8;

	if (is_signed)
		return (uint64_t)((int64_t)(value << spare) >> spare);
	return value << spare >> spare;
}

static bool is_enum_size(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* A word of C, and short enough for a file's name. Other values are numbers. */
static bool is_enumerator_name(const char *name)
{
	size_t len = strlen(name);

	return len && len <= LONGEST_ENUMERATOR && (name[0] < '0' || name[0] > '9') &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
		       len;
}

/* Values as BTF has them: of 4 bytes in a plain enum, of 8 in an enum64. */
static int read_enum_of_bits(const struct btf *btf, const struct btf_type *t, uint32_t bits,
			     struct layout **out)
{
	bool is_signed = btf_kflag(t), wide = btf_is_enum64(t);
	struct layout_enumerator *values;
	uint32_t count = 0;

	if (!is_enum_size(t->size) || !bits || bits > t->size * 8)
		return -EINVAL;
	values = calloc(btf_vlen(t) + 1U, sizeof(*values));
	if (!values)
		return -ENOMEM;
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		uint32_t name = wide ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;
		uint64_t value = wide ? btf_enum64_value(&btf_enum64(t)[i])
				      : (uint64_t)(int64_t)btf_enum(t)[i].val;

		values[count].name = (char *)btfleaf_name(btf, name);
		values[count].value = extend(value, t->size, is_signed);
		count += is_enumerator_name(values[count].name);
	}
	*out = layout_enum(t->size, bits, is_signed, values, count);
	free(values);
	return *out ? 0 : -ENOMEM;
}

static bool is_owned_pointer(const struct btf *btf, const struct btf_type *pointer)
{
	const struct btf_type *t = btf__type_by_id(btf, pointer->type);

	if (!pointer->type || !t || !btf_is_type_tag(t))
		return false;
	for (size_t i = 0; i < sizeof(owned_pointers) / sizeof(owned_pointers[0]); i++)
		if (strcmp(btfleaf_name(btf, t->name_off), owned_pointers[i]) == 0)
			return true;
	return false;
}

/* Programs of the kernel's BPF machine have pointers of 8 bytes. */
static int read_pointer(const struct btf *btf, const struct btf_type *t, struct layout **out)
{
	enum layout_kind kind = is_owned_pointer(btf, t) ? LAYOUT_OWNED : LAYOUT_POINTER;

	return made(layout_plain(kind, 8), out);
}

static int read_float(const struct btf_type *t, struct layout **out)
{
	*out = layout_plain(LAYOUT_FLOAT, t->size);
	return *out ? 0 : -errno;
}

/* Arrays of bytes. */

static bool is_address_name(const char *member)
{
	return member &&
	       (strstr(member, "addr") || strstr(member, "ip6") || strstr(member, "ipv6"));
}

/* Arrays of bytes are one leaf: which kind? LAYOUT_KINDS: they are arrays. */
static enum layout_kind byte_array_kind(const struct btf *btf, const struct btf_type *elem,
					uint32_t count, const char *member)
{
	uint32_t encoding;

	if (!btf_is_int(elem) || elem->size != 1 || !count || btf_int_bits(elem) != 8)
		return LAYOUT_KINDS;
	encoding = btf_int_encoding(elem);
	if (encoding & BTF_INT_CHAR || strcmp(btfleaf_name(btf, elem->name_off), "char") == 0)
		return LAYOUT_CHARS;
	if (encoding & (BTF_INT_SIGNED | BTF_INT_BOOL))
		return LAYOUT_KINDS;
	if (count == 6)
		return LAYOUT_MAC;
	return count == 16 && is_address_name(member) ? LAYOUT_IPV6 : LAYOUT_OCTETS;
}

int btfleaf_read_array(const struct btfleaf *elem, const struct btf *btf, uint32_t count,
		       const char *member, struct layout **out)
{
	enum layout_kind kind = byte_array_kind(btf, elem->type, count, member);

	return kind == LAYOUT_KINDS ? -ENOTSUP : made(layout_plain(kind, count), out);
}

/* Structs that are one leaf. */

bool btfleaf_is_owned(const struct btf *btf, const struct btf_type *t)
{
	const struct meaning *m;

	if (!btf_is_struct(t))
		return false;
	m = meaning_of(structs, btfleaf_name(btf, t->name_off), t->size);
	return m && m->kind == LAYOUT_OWNED;
}

static int read_owned(const struct btf *btf, const struct btf_type *t, struct layout **out)
{
	const char *name = btfleaf_name(btf, t->name_off);

	*out = layout_plain(LAYOUT_OWNED, t->size);
	if (!*out)
		return -ENOMEM;
	(*out)->has_lock = strcmp(name, "bpf_spin_lock") == 0;
	(*out)->has_timer = strcmp(name, "bpf_timer") == 0 || strcmp(name, "bpf_wq") == 0 ||
			    strcmp(name, "bpf_task_work") == 0;
	return 0;
}

static int read_struct(const struct btf *btf, const struct btf_type *t, struct layout **out)
{
	const struct meaning *m = meaning_of(structs, btfleaf_name(btf, t->name_off), t->size);

	if (!m)
		return -ENOTSUP;
	if (m->kind == LAYOUT_OWNED)
		return read_owned(btf, t, out);
	return made(layout_plain(m->kind, t->size), out);
}

int btfleaf_read(const struct btf *btf, const struct btfleaf *t, struct layout **out)
{
	switch (btf_kind(t->type)) {
	case BTF_KIND_INT:
		return read_int(t, out);
	case BTF_KIND_FLOAT:
		return read_float(t->type, out);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return read_enum_of_bits(btf, t->type, t->type->size * 8, out);
	case BTF_KIND_PTR:
		return read_pointer(btf, t->type, out);
	case BTF_KIND_STRUCT:
		return read_struct(btf, t->type, out);
	case BTF_KIND_ARRAY:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
		return -ENOTSUP;
	default:
		return -EINVAL;
	}
}

/* Bit-fields. */

int btfleaf_read_bits(const struct btf *btf, uint32_t id, uint32_t bits, struct layout **out)
{
	struct btfleaf t;
	int err = btfleaf_resolve(btf, id, &t);

	if (err)
		return err;
	if (btf_is_any_enum(t.type))
		return read_enum_of_bits(btf, t.type, bits, out);
	if (!btf_is_int(t.type))
		return -EINVAL;
	if (btf_int_encoding(t.type) & BTF_INT_BOOL && bits == 1)
		return made(layout_plain(LAYOUT_BOOL, 1), out);
	*out = layout_int(t.type->size > 8 ? 8 : t.type->size, bits,
			  btf_int_encoding(t.type) & BTF_INT_SIGNED, false);
	return *out ? 0 : -errno;
}

void btfleaf_find_bits(const struct btf *btf, const struct btf_type *record, uint32_t i,
		       uint32_t *offset, uint32_t *bits)
{
	struct btfleaf t;

	*offset = btf_member_bit_offset(record, i);
	*bits = btf_member_bitfield_size(record, i);
	if (btfleaf_resolve(btf, btf_members(record)[i].type, &t) || !btf_is_int(t.type))
		return;
	if (!*bits && btf_int_bits(t.type) != t.type->size * 8) {
		*bits = btf_int_bits(t.type);
		*offset += btf_int_offset(t.type);
	}
	if (*bits == t.type->size * 8 && *offset % 8 == 0)
		*bits = 0;
}
