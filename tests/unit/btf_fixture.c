/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/btf_fixture.h"

#include "tests/unit/unit.h"

struct btf *btf;

int btf_setup(void **state)
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
		{"long", 8, BTF_INT_SIGNED},  {"char", 1, BTF_INT_SIGNED},
		{"letter", 1, BTF_INT_CHAR},  {"_Bool", 1, BTF_INT_BOOL},
	};

	(void)state;
	btf = btf__new_empty();
	for (size_t i = 0; i < ARRAY_SIZE(ints); i++)
		btf__add_int(btf, ints[i].name, ints[i].size, ints[i].encoding);
	btf__add_float(btf, "float", 4);
	assert_int_equal(btf__add_float(btf, "double", 8), DOUBLE);
	return 0;
}

int btf_teardown(void **state)
{
	(void)state;
	btf__free(btf);
	return 0;
}

int add_struct(const char *name, uint32_t size)
{
	return btf__add_struct(btf, name, size);
}

void add_field(const char *name, int type, uint32_t bit)
{
	assert_int_equal(btf__add_field(btf, name, type, bit, 0), 0);
}

void add_bits(const char *name, int type, uint32_t bit, uint32_t bits)
{
	assert_int_equal(btf__add_field(btf, name, type, bit, bits), 0);
}

int add_holder(int type, uint32_t size)
{
	int id = add_struct("holder", size + 4);

	add_field("n", U32, 0);
	add_field("x", type, 32);
	return id;
}

int add_one_enum(uint32_t size)
{
	int e = btf__add_enum(btf, "e", 4);

	btf__add_enum_value(btf, "A", 1);
	writable_type(e)->size = size;
	return e;
}

/* Adding a string makes libbpf drop the bytes that it has given out before. */
struct btf_type *writable_type(int id)
{
	assert_true(btf__add_str(btf, "changed") > 0);
	return (struct btf_type *)(uintptr_t)btf__type_by_id(btf, (uint32_t)id);
}
