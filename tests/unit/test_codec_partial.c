/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What stays in a value when a text names only a part of it: members, padding, unions,
 * bit-fields, the kernel's own, and the values of several CPUs.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec.h"
#include "lib/record.h"
#include "tests/unit/layout_text.h"

/* The text over the value before gives after; NULL: refused. */
struct step {
	const char *text, *before, *after;
};

static void check_step(const struct layout *l, const struct step *step)
{
	unsigned char *bytes = calloc(1, l->size);
	struct diag d = {0};
	int err;

	bytes_of_hex(step->before, bytes, l->size);
	err = codec_parse(CODEC_TEXT, l, step->text, strlen(step->text), bytes, &d);
	if (err != (step->after ? 0 : -EINVAL))
		fail_msg("'%s': %d at %zu, %s", step->text, err, d.offset, d.why);
	if (!err)
		assert_hex(step->text, bytes, l->size, step->after);
	free(bytes);
}

static void check_steps(struct layout *l, const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_step(l, &steps[i]);
	layout_unref(l);
}

static void check_word(const char *word, const struct step *steps, size_t count)
{
	check_steps(layout_of(word), steps, count);
}

static void test_members(void **state)
{
	static const struct step steps[] = {
		{"{\"a\":9}", "01020304", "09020304"},
		{"{\"d\":9,\"b\":8}", "01020304", "01080309"},
		{"{}", "01020304", "01020304"},
		{"{\"in\":{}}", "01020304", NULL},
		{"{\"a\":5,\"d\":6,\"c\":7,\"b\":8}", "01020304", "05080706"},
	};
	static const struct step nested[] = {
		{"{\"s\":{\"y\":9}}", "0102030405", "0102090405"},
		{"{\"s\":{}}", "0102030405", "0102030405"},
	};
	static const struct step array[] = {
		{"{\"e\":[{\"y\":8},{}]}", "0102030405", "0108030405"},
		{"{\"e\":[{},{\"x\":9}]}", "0102030405", "0102090405"},
		{"{\"e\":[{\"x\":9}]}", "0102030405", NULL},
		{"{\"e\":[]}", "0102030405", NULL},
	};

	(void)state;
	check_word("struct{u8 a;u8 b;u8 c;u8 d;}", steps, ARRAY_SIZE(steps));
	check_word("struct{u8 a;struct{u8 x;u8 y;}s;u8 b[2];}", nested, ARRAY_SIZE(nested));
	check_word("struct{struct{u8 x;u8 y;}e[2];u8 z;}", array, ARRAY_SIZE(array));
}

/* Text of an array of chars replaces all of it. */
static void test_chars(void **state)
{
	static const struct step steps[] = {
		{"{\"t\":\"a\"}", "7878787801", "6100000001"},
		{"{\"t\":\"\"}", "7878787801", "0000000001"},
		{"{\"n\":2}", "7878787801", "7878787802"},
	};

	(void)state;
	check_word("struct{char t[4];u8 n;}", steps, ARRAY_SIZE(steps));
}

static void test_padding(void **state)
{
	static const struct step steps[] = {
		{"{\"a\":9}", "01ffffff02000000", "0900000002000000"},
		{"{\"b\":9}", "01ffffff02000000", "0100000009000000"},
		{"{}", "01ffffff02000000", "0100000002000000"},
		{"\"0x01ffffff02000000\"", "0000000000000000", "01ffffff02000000"},
	};
	static const struct step inner[] = {
		{"{\"k\":3}", "01ffffff02ffffffffffffff", "0300000002ffffffffffffff"},
		{"{\"s\":{\"y\":1}}", "01ffffff02ffffffffffffff", "0100000002ff000001000000"},
		{"{\"s\":{}}", "01ffffff02ffffffffffffff", "0100000002ff0000ffffffff"},
	};

	(void)state;
	check_word("struct{u8 a;u32 b;}", steps, ARRAY_SIZE(steps));
	check_word("struct{u8 k;struct{u16 x;u32 y;}s;}", inner, ARRAY_SIZE(inner));
}

/* The bytes of members that are not shown stay until all that are shown are named. */
static void test_unions(void **state)
{
	static const struct step plain[] = {
		{"{\"b\":1}", "ffffffff", "01000000"},      {"{\"a\":1}", "ffffffff", "01ffffff"},
		{"{\"a\":1,\"b\":2}", "ffffffff", NULL},    {"{\"b\":1,\"a\":2}", "ffffffff", NULL},
		{"{\"b\":1,\"b\":2}", "ffffffff", NULL},    {"{}", "ffffffff", "ffffffff"},
		{"\"0x01020304\"", "ffffffff", "01020304"},
	};
	static const struct step shared[] = {
		{"{\"k\":2}", "01ffffff0a0b0c0d", "020000000a0b0c0d"},
		{"{\"x\":2}", "01ffffff0a0b0c0d", "01000000020b0c0d"},
		{"{\"w\":2}", "01ffffff0a0b0c0d", "0100000002000000"},
		{"{\"k\":7,\"w\":2}", "01ffffff0a0b0c0d", "0700000002000000"},
		{"{\"x\":1,\"y\":2}", "01ffffff0a0b0c0d", "0100000001020c0d"},
		{"{\"x\":1,\"w\":2}", "01ffffff0a0b0c0d", NULL},
		{"{\"w\":1,\"y\":2}", "01ffffff0a0b0c0d", NULL},
	};

	(void)state;
	check_word("union{u8 a;u32 b;}", plain, ARRAY_SIZE(plain));
	check_word("struct{u8 k;union{struct{u8 x;u8 y;};u32 w;};}", shared, ARRAY_SIZE(shared));
}

/* union { struct { u8 a; u16 b; } s (shown); u32 w; }: the byte behind a is padding of s
 * and part of w. */
static void test_shared_holes(void **state)
{
	struct layout *u8 = layout_of("u8"), *u16 = layout_of("u16"), *u32 = layout_of("u32"), *l;
	const struct layout_member members[] = {
		{.name = (char *)"k", .type = u16, .printed = true},
		{.name = (char *)"a", .type = u8, .offset = 2, .printed = true},
		{.name = (char *)"b", .type = u8, .offset = 3, .printed = true},
		{.name = (char *)"w", .type = u32, .offset = 2},
	};

	(void)state;
	assert_int_equal(record_new(6, members, ARRAY_SIZE(members), &l), 0);
	check_step(l, &(struct step){"{\"k\":1,\"a\":2,\"b\":3}", "ffffffffffff", "010002030000"});
	check_step(l, &(struct step){"{\"a\":2}", "aabbffffccdd", "aabb02ffccdd"});
	check_step(l, &(struct step){"{\"k\":1,\"a\":2}", "aabbffffccdd", "010002ffccdd"});
	check_step(l, &(struct step){"{\"w\":1}", "aabbffffccdd", "aabb01000000"});
	check_step(l, &(struct step){"{\"w\":1,\"a\":1}", "aabbffffccdd", NULL});
	layout_unref(l);
	layout_unref(u8);
	layout_unref(u16);
	layout_unref(u32);
}

static struct layout *make_bits(void)
{
	struct layout *three = layout_int(1, 3, false, false),
		      *four = layout_int(4, 4, true, false);
	struct layout *one = layout_plain(LAYOUT_BOOL, 1), *wide = layout_int(8, 60, false, false),
		      *l;
	const struct layout_member members[] = {
		{.name = (char *)"a", .type = three, .bit_size = 3, .printed = true},
		{.name = (char *)"b",
		 .type = four,
		 .bit_offset = 3,
		 .bit_size = 4,
		 .printed = true},
		{.name = (char *)"f", .type = one, .bit_offset = 7, .bit_size = 1, .printed = true},
		{.name = (char *)"w",
		 .type = wide,
		 .offset = 1,
		 .bit_offset = 1,
		 .bit_size = 60,
		 .printed = true},
	};

	assert_int_equal(record_new(10, members, ARRAY_SIZE(members), &l), 0);
	layout_unref(three);
	layout_unref(four);
	layout_unref(one);
	layout_unref(wide);
	return l;
}

static void test_bit_fields(void **state)
{
	static const struct step steps[] = {
		{"{\"a\":5}", "00000000000000000000", "05000000000000000000"},
		{"{\"b\":-1}", "00000000000000000000", "78000000000000000000"},
		{"{\"b\":-8,\"f\":true}", "00000000000000000000", "c0000000000000000000"},
		{"{\"a\":8}", "00000000000000000000", NULL},
		{"{\"b\":8}", "00000000000000000000", NULL},
		{"{\"b\":-9}", "00000000000000000000", NULL},
		{"{\"f\":2}", "00000000000000000000", NULL},
		{"{\"a\":0}", "ffffffffffffffffffff", "f8feffffffffffff1f00"},
		{"{\"w\":1}", "00000000000000000000", "00020000000000000000"},
		{"{\"w\":1152921504606846975}", "00000000000000000000", "00feffffffffffff1f00"},
		{"{\"w\":1152921504606846976}", "00000000000000000000", NULL},
		{"{\"f\":false}", "ff000000000000000000", "7f000000000000000000"},
	};

	(void)state;
	check_steps(make_bits(), steps, ARRAY_SIZE(steps));
}

/* A name whose value the bits cannot hold is out of range, as its number is. */
static void test_enum_in_few_bits(void **state)
{
	static const struct layout_enumerator values[] = {{(char *)"ONE", 1},
							  {(char *)"MANY", 300}};
	struct layout *e = layout_enum(4, 4, false, values, 2), *l;
	const struct layout_member member = {
		.name = (char *)"e", .type = e, .bit_size = 4, .printed = true};

	(void)state;
	assert_int_equal(record_new(1, &member, 1, &l), 0);
	check_step(l, &(struct step){"{\"e\":\"ONE\"}", "00", "01"});
	check_step(l, &(struct step){"{\"e\":15}", "00", "0f"});
	check_step(l, &(struct step){"{\"e\":300}", "00", NULL});
	check_step(l, &(struct step){"{\"e\":\"MANY\"}", "00", NULL});
	layout_unref(l);
	layout_unref(e);
}

/* The kernel's own is in no text, and no text writes it. */
static void test_owned(void **state)
{
	static const struct step steps[] = {
		{"{\"n\":9}", "0102030405000000", "0102030409000000"},
		{"{}", "0102030405000000", "0102030405000000"},
		{"{\"lock\":{}}", "0102030405000000", NULL},
		{"{\"lock\":1}", "0102030405000000", NULL},
		{"\"0xffffffffaabbccdd\"", "0102030405000000", "01020304aabbccdd"},
	};
	struct layout *lock = layout_plain(LAYOUT_OWNED, 4), *n = layout_of("u32"), *l, *all;
	const struct layout_member members[] = {
		{.name = (char *)"lock", .type = lock, .printed = true},
		{.name = (char *)"n", .type = n, .offset = 4, .printed = true},
	};
	const unsigned char bytes[8] = {1, 2, 3, 4, 5, 0, 0, 0};
	struct buf text = BUF_INIT(100);

	(void)state;
	assert_int_equal(record_new(8, members, 2, &l), 0);
	codec_print(CODEC_TEXT, l, bytes, &text);
	assert_buf(&text, "{\"n\":5}\n");
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		check_step(l, &steps[i]);
	all = layout_array(l, 2, 8);
	check_step(all, &(struct step){"\"0xffffffff00000000ffffffff00000000\"",
				       "01020304050607080a0b0c0d05060708",
				       "01020304000000000a0b0c0d00000000"});
	layout_unref(all);
	all = layout_per_cpu(l, 2);
	check_step(all, &(struct step){"[\"0xffffffff00000000\",{\"n\":1}]",
				       "01020304050607080a0b0c0d05060708",
				       "01020304000000000a0b0c0d01000000"});
	layout_unref(all);
	layout_unref(l);
	layout_unref(lock);
	layout_unref(n);
}

static void check_per_cpu(const char *word, const struct step *steps, size_t count)
{
	struct layout *one = layout_of(word), *all = layout_per_cpu(one, 2);

	layout_unref(one);
	check_steps(all, steps, count);
}

#define A "0100000000000000"
#define B "0200000000000000"
#define CHECK_PER_CPU(word, ...)                                   \
	do {                                                       \
		static const struct step steps_[] = {__VA_ARGS__}; \
		check_per_cpu(word, steps_, ARRAY_SIZE(steps_));   \
	} while (0)

static void test_per_cpu(void **state)
{
	(void)state;
	CHECK_PER_CPU("u64", {"[1,2]", A B, A B}, {"2\n", A A, B B}, {"[1]", A A, NULL},
		      {"[1,2,3]", A A, NULL}, {"[[1,2],[1,2]]", A A, NULL});
	CHECK_PER_CPU("bool", {"true", A B, A A}, {"[true,1]", B B, A A},
		      {"[\"0x02\",true]", A A, B A}, {"\"0x02\"", A A, B B});
	CHECK_PER_CPU("u8[2]", {"\"0x0102\"", A A, "01020000000000000102000000000000"},
		      {"[\"0x0102\",\"0x0304\"]", A A, "01020000000000000304000000000000"},
		      {"01 02", A A, "01020000000000000102000000000000"});
	CHECK_PER_CPU("ipv4", {"10.0.0.1", A A, "0a000001000000000a00000100000000"},
		      {"[\"10.0.0.1\",\"10.0.0.2\"]", A A, "0a000001000000000a00000200000000"});
}

/* Each CPU's value keeps what is not named, also where one text is for all. */
static void test_per_cpu_records(void **state)
{
	(void)state;
	CHECK_PER_CPU(
		"struct{u32 a;u32 b;}",
		{"{\"a\":9}", "01000000020000000300000004000000",
		 "09000000020000000900000004000000"},
		{"[{\"a\":9},{\"b\":8}]", "01000000020000000300000004000000",
		 "09000000020000000300000008000000"},
		{"[{},{}]", "01000000020000000300000004000000", "01000000020000000300000004000000"},
		{"[\"0x0500000006000000\",{}]", "01000000020000000300000004000000",
		 "05000000060000000300000004000000"},
		{"\"0x0500000006000000\"", "01000000020000000300000004000000",
		 "05000000060000000500000006000000"},
		{"[{\"a\":1}]", "01000000020000000300000004000000", NULL});
}

/* Where a value is itself an array, or any text, what fits decides. */
static void test_per_cpu_arrays(void **state)
{
	(void)state;
	CHECK_PER_CPU("u32[2]", {"[[1,2],[3,4]]", A A, "01000000020000000300000004000000"},
		      {"[5,6]", A A, "05000000060000000500000006000000"}, {"[5,6,7]", A A, NULL},
		      {"[[1,2]]", A A, NULL}, {"[[1,2],[3]]", A A, NULL});
	CHECK_PER_CPU("u32[2][2]",
		      {"[[[1,2],[3,4]],[[5,6],[7,8]]]", A A A A,
		       "0100000002000000030000000400000005000000060000000700000008000000"},
		      {"[[1,2],[3,4]]", A A A A,
		       "0100000002000000030000000400000001000000020000000300000004000000"});
	CHECK_PER_CPU("char[8]", {"ab\n", A B, "61620000000000006162000000000000"},
		      {"[\"a\",\"b\"]\n", A B, "61000000000000006200000000000000"},
		      {"[a]", A B, "5b615d00000000005b615d0000000000"},
		      {"[\"a\"]", A B, "5b2261225d0000005b2261225d000000"},
		      {"[\"abcdefghi\",\"b\"]", A B, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),          cmocka_unit_test(test_chars),
		cmocka_unit_test(test_padding),          cmocka_unit_test(test_unions),
		cmocka_unit_test(test_shared_holes),     cmocka_unit_test(test_bit_fields),
		cmocka_unit_test(test_enum_in_few_bits), cmocka_unit_test(test_owned),
		cmocka_unit_test(test_per_cpu),          cmocka_unit_test(test_per_cpu_records),
		cmocka_unit_test(test_per_cpu_arrays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
