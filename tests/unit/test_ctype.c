/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "lib/ctype.h"
#include "lib/record.h"
#include "tests/unit/layout_text.h"

static struct ctype *type_of(const char *word)
{
	struct ctype *type = NULL;
	struct diag d = {0};

	if (ctype_parse(word, strlen(word), &type, &d))
		fail_msg("'%s': at %zu, %s", word, d.offset, d.why);
	return type;
}

/* Words, what they mean, how they are spelt again and declared. */
static const struct {
	const char *word, *layout, *spec, *c;
} words[] = {
	{"u8", "u8", "u8", "unsigned char x;\n"},
	{"s64", "s64", "s64", "long long x;\n"},
	{"bool", "bool1", "bool", "_Bool x;\n"},
	{"char[16]", "chars16", "char[16]", "char x[16];\n"},
	{"u8[6]", "mac6", "mac", "unsigned char x[6];\n"},
	{"mac", "mac6", "mac", "unsigned char x[6];\n"},
	{"double", "float8", "double", "double x;\n"},
	{"1", "u8?", "1", "unsigned char x[1];\n"},
	{"2", "u16?", "2", "unsigned char x[2];\n"},
	{"3", "bytes3", "3", "unsigned char x[3];\n"},
	{"4", "u32?", "4", "unsigned char x[4];\n"},
	{"0008", "u64?", "8", "unsigned char x[8];\n"},
	{"16", "bytes16", "16", "unsigned char x[16];\n"},
	{"2147483647", "bytes2147483647", "2147483647", "unsigned char x[2147483647];\n"},
	{"u32[2][3]", "2*3*u32", "u32[2][3]", "unsigned int x[2][3];\n"},
	{" u32 [ 4 ]", "4*u32", "u32[4]", "unsigned int x[4];\n"},
	{"struct { u8 a ; u32 b ; }", "{a@0=u8 b@4=u32}", "struct{u8 a;u32 b;}", NULL},
	{"union{u8 a;u32 b}", "{-a@0=u8 b@0=u32}", "union{u8 a;u32 b;}", NULL},
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct ctype *t = type_of(words[i].word);
		struct buf out = BUF_INIT(10000);
		char first = words[i].spec[0];

		assert_layout(t->layout, words[i].layout);
		assert_int_equal(t->size, t->layout->size);
		assert_int_equal(ctype_is_typed(t), first < '0' || first > '9');
		ctype_print_spec(t, &out);
		assert_buf(&out, words[i].spec);
		ctype_print_c(t, "x", "", &out);
		if (words[i].c)
			assert_buf(&out, words[i].c);
		buf_free(&out);
		ctype_unref(t);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *word;
		size_t offset;
	} cases[] = {
		{"", 0},
		{"u", 0},
		{"u7", 0},
		{"U32", 0},
		{"0", 0},
		{"00", 0},
		{"4x", 1},
		{"0x4", 1},
		{"-1", 0},
		{"2147483648", 9},
		{"4 ", 1},
		{"99999999999999999999999", 9},
		{"int", 0},
		{"4.5", 1},
		{"u32[0]", 4},
		{"u32[", 4},
		{"u32[4", 5},
		{"u32]", 3},
		{"u32[2147483647]", 4},
		{"struct{}", 7},
		{"struct{u8}", 9},
		{"struct{u8 a", 11},
		{"struct{u8 a;u8 a;}", 15},
		{"u32,", 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = strlen(cases[i].word);
		struct ctype *t = NULL;
		struct diag d = {0};

		if (ctype_parse(cases[i].word, len, &t, &d) != -EINVAL)
			print_error("'%s' is taken\n", cases[i].word);
		if (d.err != EINVAL || !d.placed || d.offset != cases[i].offset)
			print_error("'%s': at %zu (%s)\n", cases[i].word, d.offset, d.why);
		assert_null(t);
		assert_int_equal(ctype_parse(cases[i].word, len, &t, NULL), -EINVAL);
	}
}

/* The word is len bytes of a longer text. */
static void test_part_of_a_text(void **state)
{
	struct ctype *t;

	(void)state;
	assert_int_equal(ctype_parse("u32,rest", 3, &t, NULL), 0);
	assert_int_equal(t->size, 4);
	ctype_unref(t);
	assert_int_equal(ctype_parse("1234", 2, &t, NULL), 0);
	assert_int_equal(t->size, 12);
	ctype_unref(t);
}

static void test_bytes(void **state)
{
	struct ctype *t = NULL;

	(void)state;
	assert_int_equal(ctype_bytes(0, &t), -EINVAL);
	assert_null(t);
	assert_int_equal(ctype_bytes(5, &t), 0);
	assert_false(ctype_is_typed(t) || ctype_is_struct(t) || ctype_is_section(t));
	assert_ptr_equal(ctype_ref(t), t);
	ctype_unref(t);
	assert_layout(t->layout, "bytes5");
	ctype_unref(t);
	ctype_unref(NULL);
}

/* A type that does not fit is bytes; what is taken is cut out of its BTF. */
static void test_from_btf(void **state)
{
	struct btf *btf = btf__new_empty();
	int u32 = btf__add_int(btf, "unsigned int", 4, 0), alias, s;
	struct ctype *t = NULL;

	(void)state;
	for (int i = 0; i < 100; i++)
		btf__add_int(btf, "unused", 8, 0);
	alias = btf__add_typedef(btf, "counter", u32);
	s = btf__add_struct(btf, "pair", 8);
	btf__add_field(btf, "a", alias, 0, 0);
	btf__add_field(btf, "b", u32, 32, 0);
	assert_int_equal(ctype_from_btf(btf, (uint32_t)s, 8, &t), 0);
	btf__free(btf);
	assert_layout(t->layout, "{a@0=u32 b@4=u32}");
	assert_true(ctype_is_typed(t) && ctype_is_struct(t) && btf__type_cnt(t->btf) == 4);
	ctype_unref(t);
}

/* A char without a sign, as some machines have it: no word says that, but one for text. */
static void test_unsigned_char(void **state)
{
	static const char *const said[] = {"1", "char[4]"};
	struct btf *btf = btf__new_empty();
	uint32_t ids[2];

	(void)state;
	ids[0] = (uint32_t)btf__add_int(btf, "char", 1, 0);
	ids[1] = (uint32_t)btf__add_array(btf, (int)ids[0], (int)ids[0], 4);
	for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
		struct buf out = BUF_INIT(100);
		struct ctype *t;

		assert_int_equal(ctype_from_btf(btf, ids[i], i ? 4 : 1, &t), 0);
		ctype_print_spec(t, &out);
		assert_buf(&out, said[i]);
		ctype_unref(t);
		buf_free(&out);
	}
	btf__free(btf);
}

static void test_sizes_that_do_not_fit(void **state)
{
	struct btf *btf = btf__new_empty();
	int u32 = btf__add_int(btf, "unsigned int", 4, 0), proto = btf__add_func_proto(btf, u32);
	int ids[] = {u32, proto, 0, 99, btf__add_fwd(btf, "f", BTF_FWD_STRUCT)};
	struct ctype *t = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		assert_int_equal(ctype_from_btf(btf, (uint32_t)ids[i], 3, &t), 0);
		assert_false(ctype_is_typed(t));
		assert_layout(t->layout, "bytes3");
		ctype_unref(t);
	}
	assert_int_equal(ctype_from_btf(btf, (uint32_t)u32, 0, &t), -EINVAL);
	btf__free(btf);
}

/* Bytes without a type, put into BTF because the other one of the pair has one, come back. */
static void test_bytes_in_btf(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 7, 8, 16, 300};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		struct btf *btf = btf__new_empty();
		struct ctype *t = NULL, *back = NULL;
		uint32_t size = sizes[i / 2];
		int id;

		assert_int_equal(ctype_bytes(size, &t), 0);
		id = ctype_add_btf(t, i % 2, btf);
		assert_true(id > 0);
		assert_int_equal(btf__resolve_size(btf, (uint32_t)id), size);
		assert_int_equal(btf_is_struct(btf__type_by_id(btf, (uint32_t)id)), i % 2);
		assert_int_equal(ctype_from_btf(btf, (uint32_t)id, size, &back), 0);
		assert_false(ctype_is_typed(back));
		assert_true(layout_is_equal(t->layout, back->layout));
		ctype_unref(t);
		ctype_unref(back);
		btf__free(btf);
	}
}

static void test_alike(void **state)
{
	static const struct {
		const char *a, *b;
		bool alike;
	} cases[] = {
		{"u32", "u32", true},
		{"u32", "4", true},
		{"4", "u32", true},
		{"4", "4", true},
		{"4", "8", false},
		{"u32", "s32", false},
		{"u32", "be32", false},
		{"ipv4", "be32", true},
		{"u8[6]", "mac", true},
		{"8", "struct{u32 a;u32 b;}", true},
		{"struct{u32 a;u32 b;}", "struct{u32 a;u32 c;}", false},
		{"struct{u32 a;u32 b;}", "u64", false},
		{"char[4]", "u8[4]", false},
		{"u64", "u32", false},
	};
	struct ctype *t = type_of("u32");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ctype *a = type_of(cases[i].a), *b = type_of(cases[i].b);

		if (ctype_is_alike(a, b) != cases[i].alike)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
		ctype_unref(a);
		ctype_unref(b);
	}
	assert_true(ctype_is_alike(NULL, NULL));
	assert_false(ctype_is_alike(t, NULL) || ctype_is_alike(NULL, t));
	ctype_unref(t);
}

static void test_c_lines(void **state)
{
	struct ctype *t = type_of("struct{u32 a;char b[4];}");
	struct buf out = BUF_INIT(10000);

	(void)state;
	ctype_print_c(t, "key", "# ", &out);
	for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n"))
		assert_int_equal(strncmp(line, "# ", 2), 0);
	buf_free(&out);
	ctype_unref(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),          cmocka_unit_test(test_refused),
		cmocka_unit_test(test_part_of_a_text), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_from_btf),       cmocka_unit_test(test_sizes_that_do_not_fit),
		cmocka_unit_test(test_unsigned_char),  cmocka_unit_test(test_bytes_in_btf),
		cmocka_unit_test(test_alike),          cmocka_unit_test(test_c_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
