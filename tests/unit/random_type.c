/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/random_type.h"

#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <stdio.h>

enum { LARGEST = 3000, MEMBERS = 9 };

static uint32_t checked(int id)
{
	assert_true(id > 0);
	return (uint32_t)id;
}

static void add_numbers(struct btf *btf)
{
	static const struct {
		const char *name;
		size_t size;
		int encoding;
	} ints[] = {
		{"unsigned char", 1, 0},      {"unsigned short", 2, 0},
		{"unsigned int", 4, 0},       {"unsigned long", 8, 0},
		{"unsigned __int128", 16, 0}, {"signed char", 1, BTF_INT_SIGNED},
		{"short", 2, BTF_INT_SIGNED}, {"int", 4, BTF_INT_SIGNED},
		{"long", 8, BTF_INT_SIGNED},  {"__int128", 16, BTF_INT_SIGNED},
		{"_Bool", 1, BTF_INT_BOOL},   {"char", 1, BTF_INT_SIGNED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ints); i++)
		checked(btf__add_int(btf, ints[i].name, ints[i].size, ints[i].encoding));
	checked(btf__add_float(btf, "float", 4));
	checked(btf__add_float(btf, "double", 8));
	checked(btf__add_float(btf, "long double", 16));
	checked(btf__add_ptr(btf, 0));
	checked(btf__add_typedef(btf, "__be16", 2));
	checked(btf__add_typedef(btf, "__be32", 3));
	checked(btf__add_typedef(btf, "__be64", 4));
}

static void add_enums(struct btf *btf)
{
	checked(btf__add_enum(btf, "small", 1));
	btf__add_enum_value(btf, "SMALL_ZERO", 0);
	btf__add_enum_value(btf, "SMALL_TWO", 2);
	btf__add_enum_value(btf, "SMALL_PAIR", 2);
	checked(btf__add_enum(btf, "plain", 4));
	btf__add_enum_value(btf, "MINUS", -1);
	btf__add_enum_value(btf, "ONE", 1);
	btf__add_enum_value(btf, "LARGE", 0x7fffffff);
	checked(btf__add_enum64(btf, "wide", 8, true));
	btf__add_enum64_value(btf, "LEAST", 1ULL << 63);
	btf__add_enum64_value(btf, "NONE", 0);
	checked(btf__add_enum64(btf, "unsigned_wide", 8, false));
	btf__add_enum64_value(btf, "MOST", UINT64_MAX);
}

static void add_structs(struct btf *btf)
{
	uint32_t in_addr = checked(btf__add_struct(btf, "in_addr", 4)), array;

	btf__add_field(btf, "s_addr", (int)in_addr - 6, 0, 0);
	array = checked(btf__add_array(btf, 3, 1, 16));
	checked(btf__add_struct(btf, "in6_addr", 16));
	btf__add_field(btf, "u6_addr8", (int)array, 0, 0);
	checked(btf__add_struct(btf, "bpf_spin_lock", 4));
	btf__add_field(btf, "val", 3, 0, 0);
	checked(btf__add_struct(btf, "empty", 0));
	for (uint32_t len = 1; len <= 17; len += 5) {
		checked(btf__add_array(btf, 3, 12, len)); /* char */
		checked(btf__add_array(btf, 3, 1, len));  /* unsigned char: 6 is a MAC */
	}
	checked(btf__add_array(btf, 3, 3, 0));
}

struct btf *random_type_base(void)
{
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	add_numbers(btf);
	add_enums(btf);
	add_structs(btf);
	return btf;
}

static uint32_t size_of(const struct btf *btf, uint32_t id)
{
	int64_t size = btf__resolve_size(btf, id);

	assert_true(size >= 0);
	return (uint32_t)size;
}

static bool is_bit_type(const struct btf *btf, uint32_t id, uint32_t *bits)
{
	int resolved = btf__resolve_type(btf, id);
	const struct btf_type *t = resolved > 0 ? btf__type_by_id(btf, (uint32_t)resolved) : NULL;

	if (!t || (!btf_is_int(t) && !btf_is_any_enum(t)) || t->size > 8)
		return false;
	*bits = t->size * 8;
	if (btf_is_int(t) && btf_int_encoding(t) & BTF_INT_BOOL)
		*bits = 1;
	return true;
}

/* A member at a bit of the record that is free; returns the bit behind it. */
static uint32_t random_member(struct btf *btf, uint32_t type, uint32_t at, uint32_t *bits)
{
	uint32_t most;

	*bits = 0;
	if (is_bit_type(btf, type, &most) && random_below(3) == 0) {
		*bits = 1 + random_below(most);
		return at + random_below(4);
	}
	at = (at + 7) / 8 * 8;
	if (random_below(2))
		at = (at + 63) / 64 * 64;
	return at;
}

/* The record is added last, so its members are planned first. */
struct plan {
	uint32_t type, at, bits;
};

static uint32_t add_record(struct btf *btf, const struct plan *plan, uint32_t count, bool is_union,
			   uint32_t size)
{
	uint32_t id;
	char name[16];

	id = checked(is_union ? btf__add_union(btf, random_below(2) ? NULL : "u", size)
			      : btf__add_struct(btf, random_below(2) ? NULL : "s", size));
	for (uint32_t i = 0; i < count; i++) {
		const struct btf_type *t = btf__type_by_id(btf, plan[i].type);
		bool anonymous = btf_is_composite(t) && !t->name_off && random_below(4) == 0;

		snprintf(name, sizeof(name), "m%u_%u", id, i);
		assert_int_equal(btf__add_field(btf, anonymous ? NULL : name, (int)plan[i].type,
						plan[i].at, plan[i].bits),
				 0);
	}
	return id;
}

static uint32_t random_record(struct btf *btf, int depth)
{
	uint32_t count = 1 + random_below(MEMBERS), end = 8, used = 0;
	bool is_union = random_below(4) == 0;
	struct plan plan[MEMBERS];

	for (uint32_t i = 0; i < count; i++) {
		uint32_t type = random_type(btf, depth - 1), bits;
		uint32_t at = random_member(btf, type, is_union ? 0 : used, &bits);

		if (is_union)
			at = 0;
		plan[i] = (struct plan){type, at, bits};
		used = at + (bits ? bits : size_of(btf, type) * 8);
		if (used > end)
			end = used;
	}
	return add_record(btf, plan, count, is_union, (end + 7) / 8 + random_below(3));
}

static uint32_t random_modifier(struct btf *btf, uint32_t id)
{
	switch (random_below(8)) {
	case 0:
		return checked(btf__add_typedef(btf, "alias", (int)id));
	case 1:
		return checked(btf__add_const(btf, (int)id));
	case 2:
		return checked(btf__add_volatile(btf, (int)id));
	case 3:
		return checked(btf__add_type_tag(btf, "tag", (int)id));
	default:
		return id;
	}
}

static uint32_t random_base(const struct btf *btf)
{
	const struct btf_type *t;
	uint32_t id;

	do {
		id = 1 + random_below(btf__type_cnt(btf) - 1);
		t = btf__type_by_id(btf, id);
	} while (btf__resolve_size(btf, id) > LARGEST || btf__resolve_size(btf, id) < 0 || !t);
	return id;
}

uint32_t random_type(struct btf *btf, int depth)
{
	uint32_t id, count;

	switch (depth > 0 ? random_below(4) : 0) {
	case 1:
		id = random_record(btf, depth);
		break;
	case 2:
		id = random_type(btf, depth - 1);
		count = random_below(4) + !size_of(btf, id);
		if (size_of(btf, id) * count <= LARGEST)
			id = checked(btf__add_array(btf, 3, (int)id, count ? count : 1));
		break;
	default:
		id = random_base(btf);
	}
	return random_modifier(btf, id);
}
