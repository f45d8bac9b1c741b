/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Making layouts, records apart: test_record.c; from BTF: test_btflayout.c. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/layout_text.h"

static void test_bytes(void **state)
{
	static const struct {
		uint32_t size;
		const char *expected;
	} cases[] = {
		{1, "u8?"},  {2, "u16?"},     {3, "bytes3"},       {4, "u32?"},
		{8, "u64?"}, {16, "bytes16"}, {4096, "bytes4096"}, {UINT32_MAX, "bytes4294967295"},
	};

	(void)state;
	assert_null(layout_bytes(0));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *l = layout_bytes(cases[i].size);

		assert_layout(l, cases[i].expected);
		assert_int_equal(l->size, cases[i].size);
		assert_true(l->nodes == 1 && l->leaves == 1 && !l->is_checked);
		layout_unref(l);
	}
}

static void test_ints(void **state)
{
	static const struct {
		uint32_t size, bits;
		const char *expected; /* NULL: no such integer */
	} cases[] = {
		{1, 8, "u8"},      {2, 16, "u16"},  {4, 32, "u32"},        {8, 64, "u64"},
		{16, 128, "u128"}, {4, 1, "u32/1"}, {8, 63, "u64/63"},     {1, 9, NULL},
		{4, 0, NULL},      {4, 33, NULL},   {0, 0, NULL},          {0, 8, NULL},
		{3, 24, NULL},     {5, 40, NULL},   {7, 56, NULL},         {12, 96, NULL},
		{32, 256, NULL},   {16, 129, NULL}, {UINT32_MAX, 8, NULL}, {0x20000000, 8, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *l = layout_int(cases[i].size, cases[i].bits, false, false);

		if ((l != NULL) != (cases[i].expected != NULL))
			fail_msg("%u bytes of %u bits", cases[i].size, cases[i].bits);
		if (l)
			assert_layout(l, cases[i].expected);
		layout_unref(l);
	}
}

/* The sizes from 0 to 17 that a kind can have. */
static void test_plain_sizes(void **state)
{
	static const struct {
		enum layout_kind kind;
		uint32_t sizes; /* a bit for each; 0: all */
	} cases[] = {
		{LAYOUT_BOOL, 1U << 1},  {LAYOUT_FLOAT, 1U << 4 | 1U << 8},
		{LAYOUT_IPV4, 1U << 4},  {LAYOUT_POINTER, 1U << 4 | 1U << 8},
		{LAYOUT_IPV6, 1U << 16}, {LAYOUT_MAC, 1U << 6},
		{LAYOUT_CHARS, 0},       {LAYOUT_OCTETS, 0},
		{LAYOUT_OWNED, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (uint32_t size = 0; size < 18; size++) {
			struct layout *l = layout_plain(cases[i].kind, size);

			if ((l != NULL) != (!cases[i].sizes || cases[i].sizes >> size & 1))
				fail_msg("kind %d of %u bytes", cases[i].kind, size);
			if (l)
				assert_true(l->kind == cases[i].kind && l->size == size &&
					    l->refs == 1);
			layout_unref(l);
		}
}

static void test_what_is_checked(void **state)
{
	static const struct {
		const char *word;
		bool is_checked;
		uint32_t leaves;
	} cases[] = {
		{"u32", false, 1},
		{"bool", true, 1},
		{"float", true, 1},
		{"char[4]", true, 1},
		{"ipv4", false, 1},
		{"u8[4]", false, 1},
		{"u32[4]", false, 4},
		{"bool[4]", true, 4},
		{"struct{u32 a;u32 b;}", false, 2},
		{"struct{u8 a;u32 b;}", true, 2},
		{"struct{u32 a;bool b[4];}", true, 5},
		{"union{u32 a;bool b;}", false, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *l = layout_of(cases[i].word);

		if (l->is_checked != cases[i].is_checked || l->leaves != cases[i].leaves)
			fail_msg("%s: %d, %u leaves", cases[i].word, l->is_checked, l->leaves);
		layout_unref(l);
	}
}

static const struct layout_enumerator values[] = {
	{(char *)"FIVE", 5}, {(char *)"MINUS", UINT64_MAX},
	{(char *)"ONE", 1},  {(char *)"CINQ", 5},
	{(char *)"F", 2},    {(char *)"FIVE_MORE", 6},
	{(char *)"ZERO", 0},
};

static void test_enum_names(void **state)
{
	struct layout *l = layout_enum(8, 64, true, values, ARRAY_SIZE(values));

	(void)state;
	assert_layout(l, "senum64(ZERO=0 ONE=1 F=2 FIVE=5 CINQ=5 FIVE_MORE=6 MINUS=-1)");
	assert_string_equal(layout_enum_name(l, 5), "FIVE");
	assert_string_equal(layout_enum_name(l, 0), "ZERO");
	assert_string_equal(layout_enum_name(l, UINT64_MAX), "MINUS");
	assert_null(layout_enum_name(l, 3));
	assert_null(layout_enum_name(l, 7));
	assert_null(layout_enum_name(l, UINT32_MAX));
	layout_unref(l);
}

static void test_enum_values(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		bool found;
		uint64_t value;
	} cases[] = {
		{"FIVE", 4, true, 5},
		{"CINQ", 4, true, 5},
		{"MINUS", 5, true, UINT64_MAX},
		{"F", 1, true, 2},
		{"FI", 2, false, 0},
		{"FIVE_", 5, false, 0},
		{"FIVE_MORE", 9, true, 6},
		{"FIVE_MORE", 4, true, 5},
		{"FIVE_MORE", 1, true, 2},
		{"", 0, false, 0},
		{"ZEROS", 5, false, 0},
		{"five", 4, false, 0},
		{"F\0", 2, false, 0},
		{"A", 1, false, 0},
		{"~", 1, false, 0},
	};
	struct layout *l = layout_enum(4, 32, true, values, ARRAY_SIZE(values));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 0;

		if (layout_enum_value(l, cases[i].name, cases[i].len, &value) != cases[i].found)
			fail_msg("'%s' of %zu", cases[i].name, cases[i].len);
		assert_int_equal(value, cases[i].value);
	}
	layout_unref(l);
}

static void test_enum_sizes(void **state)
{
	struct layout *l;

	(void)state;
	for (uint32_t size = 0; size < 18; size++) {
		l = layout_enum(size, size * 8, false, values, 1);
		assert_int_equal(l != NULL, size == 1 || size == 2 || size == 4 || size == 8);
		layout_unref(l);
	}
	assert_null(layout_enum(4, 33, false, values, 1));
	assert_null(layout_enum(4, 0, false, values, 1));
	l = layout_enum(4, 3, false, NULL, 0);
	assert_layout(l, "enum3()");
	assert_null(layout_enum_name(l, 0));
	layout_unref(l);
}

static void test_arrays(void **state)
{
	struct layout *elem = layout_of("u32"), *empty = layout_plain(LAYOUT_OCTETS, 0), *l;

	(void)state;
	l = layout_array(elem, 3, 4);
	assert_int_equal(elem->refs, 2);
	assert_layout(l, "3*u32");
	assert_true(l->size == 12 && l->nodes == 4 && l->leaves == 3);
	layout_unref(l);
	l = layout_array(elem, 0, 4);
	assert_true(l->size == 0 && l->nodes == 1 && l->leaves == 0);
	layout_unref(l);
	l = layout_array(elem, 2, 16);
	assert_true(l->size == 32);
	layout_unref(l);
	assert_null(layout_array(elem, 2, 3));
	assert_null(layout_array(elem, 0x40000000, 4));
	l = layout_array(empty, UINT32_MAX, 0);
	assert_true(l->size == 0 && l->nodes == UINT32_MAX && l->leaves == 0);
	layout_unref(l);
	assert_int_equal(elem->refs, 1);
	layout_unref(empty);
	layout_unref(elem);
}

/* Sums of parts that repeat stop where they would pass 32 bits. */
static void test_sums(void **state)
{
	struct layout *l = layout_of("u8");

	(void)state;
	for (int i = 0; i < 7; i++) {
		struct layout *outer = layout_array(l, 16, l->size);

		layout_unref(l);
		l = outer;
	}
	assert_int_equal(l->size, 0x10000000);
	assert_int_equal(l->leaves, 0x10000000);
	for (int i = 0; i < 2; i++) {
		struct layout *outer = layout_array(l, i ? 1 : 15, l->size);

		layout_unref(l);
		l = outer;
	}
	assert_int_equal(l->nodes, UINT32_MAX);
	layout_unref(l);
}

static void test_per_cpu(void **state)
{
	static const struct {
		const char *word;
		uint32_t cpus, stride;
	} cases[] = {{"u8", 1, 8},       {"u64", 2, 8}, {"9", 3, 16},
		     {"16", 64, 16},     {"3", 2, 8},   {"struct{u64 a;u8 b;}", 2, 16},
		     {"char[17]", 2, 24}};
	struct layout *large = layout_bytes(UINT32_MAX);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *one = layout_of(cases[i].word);
		struct layout *all = layout_per_cpu(one, cases[i].cpus);

		layout_unref(one);
		assert_int_equal(all->kind, LAYOUT_PER_CPU);
		assert_int_equal(all->array.count, cases[i].cpus);
		assert_int_equal(all->array.stride, cases[i].stride);
		assert_int_equal(all->size, cases[i].cpus * cases[i].stride);
		layout_unref(all);
	}
	assert_null(layout_per_cpu(large, 1));
	layout_unref(large);
	large = layout_bytes(0x40000000);
	assert_null(layout_per_cpu(large, 4));
	layout_unref(large);
}

static void test_prefix_sizes(void **state)
{
	(void)state;
	for (uint32_t size = 0; size < 300; size++) {
		struct layout *l = layout_prefix(size, true);

		assert_int_equal(l != NULL, size >= 5 && size <= 260);
		if (l && size == 8)
			assert_int_equal(l->prefix->kind, LAYOUT_IPV4);
		else if (l && size == 20)
			assert_int_equal(l->prefix->kind, LAYOUT_IPV6);
		else if (l)
			assert_int_equal(l->prefix->kind, LAYOUT_BYTES);
		layout_unref(l);
		l = layout_prefix(size, false);
		if (l)
			assert_int_equal(l->prefix->kind, LAYOUT_BYTES);
		layout_unref(l);
	}
	assert_null(layout_prefix(UINT32_MAX, false));
}

static void test_canonical(void **state)
{
	static const struct {
		uint32_t bits;
		const char *canonical;
	} cases[] = {
		{0, "00000000"},  {1, "80000000"},  {7, "fe000000"},
		{8, "ff000000"},  {9, "ff800000"},  {31, "fffffffe"},
		{32, "ffffffff"}, {33, "ffffffff"}, {UINT32_MAX, "ffffffff"},
	};
	struct layout *l = layout_prefix(8, true), *plain = layout_of("8");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned char key[8];

		memset(key, 0xff, sizeof(key));
		memcpy(key, &cases[i].bits, 4);
		layout_canonical(plain, key);
		assert_hex("plain", key + 4, 4, "ffffffff");
		layout_canonical(l, key);
		assert_memory_equal(key, &cases[i].bits, 4);
		assert_hex("prefix", key + 4, 4, cases[i].canonical);
	}
	layout_unref(l);
	layout_unref(plain);
}

static void test_references(void **state)
{
	struct layout *l = layout_bytes(3);

	(void)state;
	assert_ptr_equal(layout_ref(l), l);
	assert_int_equal(l->refs, 2);
	layout_unref(l);
	assert_int_equal(l->refs, 1);
	layout_unref(l);
	layout_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),        cmocka_unit_test(test_ints),
		cmocka_unit_test(test_plain_sizes),  cmocka_unit_test(test_what_is_checked),
		cmocka_unit_test(test_enum_names),   cmocka_unit_test(test_enum_values),
		cmocka_unit_test(test_enum_sizes),   cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_sums),         cmocka_unit_test(test_per_cpu),
		cmocka_unit_test(test_prefix_sizes), cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
