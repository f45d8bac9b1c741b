/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

static void test_parse(void **state)
{
	static const struct {
		const char *word;
		enum layout_kind kind;
		uint32_t size;
		bool typed, is_signed;
		const char *c;
	} cases[] = {
		{"u8", LAYOUT_INT, 1, true, false, "unsigned char x"},
		{"u16", LAYOUT_INT, 2, true, false, "unsigned short x"},
		{"u32", LAYOUT_INT, 4, true, false, "unsigned int x"},
		{"u64", LAYOUT_INT, 8, true, false, "unsigned long long x"},
		{"s8", LAYOUT_INT, 1, true, true, "signed char x"},
		{"s16", LAYOUT_INT, 2, true, true, "short x"},
		{"s32", LAYOUT_INT, 4, true, true, "int x"},
		{"s64", LAYOUT_INT, 8, true, true, "long long x"},
		{"1", LAYOUT_INT, 1, false, false, "unsigned char x[1]"},
		{"3", LAYOUT_BYTES, 3, false, false, "unsigned char x[3]"},
		{"4", LAYOUT_INT, 4, false, false, "unsigned char x[4]"},
		{"8", LAYOUT_INT, 8, false, false, "unsigned char x[8]"},
		{"4096", LAYOUT_BYTES, 4096, false, false, "unsigned char x[4096]"},
		{"2147483647", LAYOUT_BYTES, INT32_MAX, false, false,
		 "unsigned char x[2147483647]"},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *l = layout_of(cases[i].word);
		struct buf out = BUF_INIT(100);

		assert_int_equal(l->kind, cases[i].kind);
		assert_int_equal(l->size, cases[i].size);
		assert_int_equal(layout_is_typed(l), cases[i].typed);
		if (l->kind == LAYOUT_INT)
			assert_int_equal(l->is_signed, cases[i].is_signed);
		layout_print_spec(l, &out);
		assert_buf(&out, cases[i].word);
		layout_print_c(l, "x", &out);
		assert_buf(&out, cases[i].c);
		layout_unref(l);
	}
}

static void test_parse_refused(void **state)
{
	static const struct {
		const char *word;
		size_t offset;
	} cases[] = {
		{"", 0},           {"u", 0},
		{"u7", 0},         {"u128", 0},
		{"U32", 0},        {"u32 ", 0},
		{" 4", 0},         {"0", 0},
		{"00", 0},         {"4x", 1},
		{"0x4", 1},        {"-1", 0},
		{"2147483648", 9}, {"99999999999999999999999", 9},
		{"int", 0},        {"4.5", 1},
	};
	struct layout *none = NULL;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d = {0};
		size_t len = strlen(cases[i].word);
		struct layout *l = none;

		if (layout_parse(cases[i].word, len, &l, &d) != -EINVAL)
			fail_msg("'%s' is taken", cases[i].word);
		if (d.err != EINVAL || !d.placed || d.offset != cases[i].offset)
			fail_msg("'%s': at %zu (%s)", cases[i].word, d.offset, d.why);
		assert_null(l);
		assert_int_equal(layout_parse(cases[i].word, len, &l, NULL), -EINVAL);
	}
}

/* The word is len bytes of a longer text. */
static void test_parse_part(void **state)
{
	struct layout *l;

	(void)state;
	assert_int_equal(layout_parse("u32,rest", 3, &l, NULL), 0);
	assert_int_equal(l->size, 4);
	layout_unref(l);
	assert_int_equal(layout_parse("1234", 2, &l, NULL), 0);
	assert_int_equal(l->size, 12);
	layout_unref(l);
}

static void test_sizes(void **state)
{
	struct layout *one = layout_of("u32"), *l;

	(void)state;
	assert_null(layout_bytes(0));
	for (uint32_t size = 0; size < 300; size++) {
		l = layout_prefix(size);
		assert_int_equal(l != NULL, size >= 5 && size <= 260);
		layout_unref(l);
	}
	assert_null(layout_per_cpu(one, 0));
	assert_null(layout_per_cpu(one, UINT32_MAX));
	layout_unref(one);
	one = layout_bytes(UINT32_MAX);
	assert_non_null(one);
	assert_null(layout_per_cpu(one, 2));
	layout_unref(one);
	layout_unref(NULL);
}

static void test_per_cpu(void **state)
{
	static const struct {
		const char *word;
		uint32_t cpus, stride;
	} cases[] = {{"u8", 1, 8}, {"u64", 2, 8}, {"9", 3, 16}, {"16", 64, 16}, {"3", 2, 8}};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *one = layout_of(cases[i].word);
		struct layout *all = layout_per_cpu(one, cases[i].cpus);
		struct buf out = BUF_INIT(100);

		assert_int_equal(one->refs, 2);
		layout_unref(one);
		assert_int_equal(all->kind, LAYOUT_ARRAY);
		assert_int_equal(all->array.count, cases[i].cpus);
		assert_int_equal(all->array.stride, cases[i].stride);
		assert_int_equal(all->size, cases[i].cpus * cases[i].stride);
		layout_print_spec(all, &out);
		assert_buf(&out, cases[i].word);
		assert_ptr_equal(layout_ref(all), all);
		layout_unref(all);
		layout_unref(all);
	}
}

static void test_canonical(void **state)
{
	static const struct {
		uint32_t bits;
		const char *bytes, *canonical;
	} cases[] = {
		{0, "\xff\xff\xff\xff", "\x00\x00\x00\x00"},
		{1, "\xff\xff\xff\xff", "\x80\x00\x00\x00"},
		{7, "\xff\xff\xff\xff", "\xfe\x00\x00\x00"},
		{8, "\xff\xff\xff\xff", "\xff\x00\x00\x00"},
		{9, "\xff\xff\xff\xff", "\xff\x80\x00\x00"},
		{31, "\xff\xff\xff\xff", "\xff\xff\xff\xfe"},
		{32, "\xff\xff\xff\xff", "\xff\xff\xff\xff"},
		{33, "\xff\xff\xff\xff", "\xff\xff\xff\xff"},
		{UINT32_MAX, "\xff\xff\xff\xff", "\xff\xff\xff\xff"},
	};
	struct layout *l = layout_prefix(8), *plain = layout_of("8");

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned char key[8];

		memcpy(key, &cases[i].bits, 4);
		memcpy(key + 4, cases[i].bytes, 4);
		layout_canonical(plain, key);
		assert_memory_equal(key + 4, cases[i].bytes, 4);
		layout_canonical(l, key);
		assert_memory_equal(key, &cases[i].bits, 4);
		assert_memory_equal(key + 4, cases[i].canonical, 4);
	}
	layout_unref(l);
	layout_unref(plain);
}

/* What was made into BTF comes back as the same layout. */
static void test_btf_round_trip(void **state)
{
	static const char *const words[] = {"u8",  "u16", "u32", "u64", "s8", "s16",
					    "s32", "s64", "3",   "4",   "100"};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		struct btf *btf = btf__new_empty();
		struct layout *l = layout_of(words[i]), *back;
		int id = layout_add_btf(l, btf);
		struct buf out = BUF_INIT(100);

		assert_true(id > 0);
		assert_int_equal(btf__resolve_size(btf, (uint32_t)id), l->size);
		back = layout_from_btf(btf, (uint32_t)id, l->size);
		assert_int_equal(back->size, l->size);
		if (layout_is_typed(l))
			assert_int_equal(back->kind, l->kind);
		if (layout_is_typed(l)) {
			layout_print_spec(back, &out);
			assert_buf(&out, words[i]);
		}
		layout_unref(back);
		layout_unref(l);
		btf__free(btf);
	}
}

/* BTF that no layout expresses is so many bytes; none is trusted over the size. */
static void test_from_btf(void **state)
{
	struct btf *btf = btf__new_empty();
	int u32 = btf__add_int(btf, "unsigned int", 4, 0);
	int s16 = btf__add_int(btf, "short", 2, BTF_INT_SIGNED);
	int character = btf__add_int(btf, "char", 1, BTF_INT_CHAR);
	int boolean = btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL);
	int u128 = btf__add_int(btf, "unsigned __int128", 16, 0);
	int alias = btf__add_typedef(btf, "port_t", btf__add_const(btf, s16));
	int pointer = btf__add_ptr(btf, u32);
	int array = btf__add_array(btf, u32, u32, 3);
	int record = btf__add_struct(btf, "pair", 8);
	const struct {
		int id;
		uint32_t size;
		const char *spec;
	} cases[] = {
		{u32, 4, "u32"},      {u32, 8, "8"},      {u32, 3, "3"},    {alias, 2, "s16"},
		{character, 1, "u8"}, {boolean, 1, "u8"}, {u128, 16, "16"}, {pointer, 8, "8"},
		{array, 12, "12"},    {record, 8, "8"},   {0, 4, "4"},      {9999, 4, "4"},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *l = layout_from_btf(btf, (uint32_t)cases[i].id, cases[i].size);
		struct buf out = BUF_INIT(100);

		assert_int_equal(l->size, cases[i].size);
		layout_print_spec(l, &out);
		assert_buf(&out, cases[i].spec);
		layout_unref(l);
	}
	assert_null(layout_from_btf(btf, (uint32_t)u32, 0));
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),          cmocka_unit_test(test_parse_refused),
		cmocka_unit_test(test_parse_part),     cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_per_cpu),        cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_btf_round_trip), cmocka_unit_test(test_from_btf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
