/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/record.h"
#include "tests/unit/layout_text.h"

enum { MOST = 8 };

/* A member by a word for its type; bits 0: no bit-field. name NULL: no more. */
struct plan {
	const char *name, *word;
	uint32_t offset;
	uint8_t bit_offset, bits;
	bool hidden; /* not printed */
};

static int make(uint32_t size, const struct plan plan[MOST], struct layout **out)
{
	struct layout_member members[MOST] = {0};
	uint32_t count = 0;
	int err;

	for (; count < MOST && plan[count].name; count++) {
		const struct plan *p = &plan[count];

		members[count].name = (char *)p->name;
		members[count].type = strcmp(p->word, "owned") ? layout_of(p->word)
							       : layout_plain(LAYOUT_OWNED, 4);
		members[count].offset = p->offset;
		members[count].bit_offset = p->bit_offset;
		members[count].bit_size = p->bits;
		members[count].printed = !p->hidden;
	}
	err = record_new(size, members, count, out);
	while (count--)
		layout_unref(members[count].type);
	return err;
}

static struct layout *make_good(uint32_t size, const struct plan plan[MOST])
{
	struct layout *l = NULL;

	assert_int_equal(make(size, plan, &l), 0);
	assert_int_equal(l->size, size);
	return l;
}

/* Holes as text: "4+2" bytes, "1/f0" bits; '*' behind those that a member may use. */
static void assert_holes(const struct layout *l, const char *expected)
{
	struct buf out = BUF_INIT(1000);

	for (uint32_t i = 0; i < l->record.hole_count; i++) {
		const struct layout_hole *h = &l->record.holes[i];

		buf_addf(&out, "%s%u", i ? " " : "", h->offset);
		if (h->mask == 0xff)
			buf_addf(&out, "+%u", h->len);
		else
			buf_addf(&out, "/%02x", h->mask);
		if (h->shared)
			buf_addc(&out, '*');
	}
	assert_buf(&out, expected);
	assert_true(!l->record.hole_count || l->is_checked);
}

static const struct {
	uint32_t size;
	struct plan plan[MOST];
	const char *holes;
	bool overlaps;
} holes[] = {
	{0, {{0}}, "", false},
	{4, {{0}}, "0+4", false},
	{4, {{.name = "a", .word = "u32"}}, "", false},
	{8, {{.name = "a", .word = "u8"}, {.name = "b", .word = "u32", .offset = 4}}, "1+3", false},
	{8, {{.name = "a", .word = "u16", .offset = 2}}, "0+2 4+4", false},
	{1, {{.name = "a", .word = "u8", .bits = 3}}, "0/f8", false},
	{1, {{.name = "a", .word = "u8", .bit_offset = 7, .bits = 1}}, "0/7f", false},
	{3, {{.name = "a", .word = "u32", .bit_offset = 4, .bits = 10}}, "0/0f 1/c0 2+1", false},
	{2,
	 {{.name = "a", .word = "u8", .bits = 4},
	  {.name = "b", .word = "u8", .bit_offset = 4, .bits = 4},
	  {.name = "c", .word = "u8", .offset = 1}},
	 "",
	 false},
	/* unions: what a hidden member covers is shared */
	{4, {{.name = "a", .word = "u8", .hidden = true}, {.name = "b", .word = "u32"}}, "", true},
	{8,
	 {{.name = "a", .word = "u8"}, {.name = "b", .word = "u32", .hidden = true}},
	 "1+3* 4+4",
	 true},
	{1,
	 {{.name = "a", .word = "u8", .bits = 2},
	  {.name = "b", .word = "u8", .bits = 5, .hidden = true}},
	 "0/1c* 0/e0",
	 true},
	{8,
	 {{.name = "a", .word = "owned"}, {.name = "b", .word = "u16", .offset = 4}},
	 "6+2",
	 false},
};

static void test_holes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(holes); i++) {
		struct layout *l = make_good(holes[i].size, holes[i].plan);

		assert_holes(l, holes[i].holes);
		assert_int_equal(l->record.overlaps, holes[i].overlaps);
		assert_int_equal(l->has_union, holes[i].overlaps);
		layout_unref(l);
	}
}

static void test_clearing(void **state)
{
	struct layout *l = make_good(
		8, (struct plan[MOST]){{.name = "a", .word = "u8", .bits = 3},
				       {.name = "b", .word = "u16", .offset = 2},
				       {.name = "c", .word = "u32", .offset = 2, .hidden = true}});
	unsigned char bytes[8];

	(void)state;
	bytes_of_hex("ffffffffffffffff", bytes, 8);
	assert_false(record_holes_are_zero(l, bytes));
	record_clear_holes(l, bytes, false);
	assert_hex("padding", bytes, 8, "0700ffffffff0000");
	assert_false(record_holes_are_zero(l, bytes));
	record_clear_holes(l, bytes, true);
	assert_hex("all", bytes, 8, "0700ffff00000000");
	assert_true(record_holes_are_zero(l, bytes));
	bytes[0] = 0x08;
	assert_false(record_holes_are_zero(l, bytes));
	layout_unref(l);
}

static const struct {
	uint32_t size;
	struct plan plan[MOST];
} refusals[] = {
	{4, {{.name = "a", .word = "u8"}, {.name = "a", .word = "u8", .offset = 1}}},
	{4,
	 {{.name = "a", .word = "u8"}, {.name = "b", .word = "u8"}, {.name = "a", .word = "u8"}}},
	{3, {{.name = "a", .word = "u32"}}},
	{4, {{.name = "a", .word = "u32", .offset = 1}}},
	{4, {{.name = "a", .word = "u8", .offset = 4}}},
	{4, {{.name = "a", .word = "u32", .offset = UINT32_MAX}}},
	{4, {{.name = "a", .word = "u32", .offset = UINT32_MAX - 3}}},
	{0, {{.name = "a", .word = "u8"}}},
	{1, {{.name = "a", .word = "u8", .bit_offset = 1, .bits = 8}}},
	{8, {{.name = "a", .word = "u64", .bit_offset = 1, .bits = 64}}},
	{4, {{.name = "a", .word = "u8", .bit_offset = 8, .bits = 1}}},
	{32, {{.name = "a", .word = "u64", .bits = 65}}},
	{4, {{.name = "a\xff", .word = "u8"}}},
	{4, {{.name = "\xc3", .word = "u8"}}},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct layout *l = NULL;

		if (make(refusals[i].size, refusals[i].plan, &l) != -EINVAL)
			fail_msg("case %zu is taken", i);
		assert_null(l);
	}
}

static void test_find(void **state)
{
	static const char *const names[] = {"b", "a", "aa", "ab", "", "\xc3\xa9", "Z"};
	struct plan plan[MOST] = {{0}};
	struct layout *l;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++)
		plan[i] = (struct plan){.name = names[i], .word = "u8", .offset = i};
	l = make_good(7, plan);
	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct layout_member *m = record_find(l, names[i], strlen(names[i]));

		assert_non_null(m);
		assert_int_equal(m->offset, i);
	}
	assert_null(record_find(l, "c", 1));
	assert_null(record_find(l, "aaa", 3));
	assert_null(record_find(l, "A", 1));
	assert_null(record_find(l, "a\0", 2));
	assert_int_equal(record_find(l, "abc", 2)->offset, 3);
	assert_int_equal(record_find(l, "abc", 1)->offset, 1);
	layout_unref(l);
	l = make_good(0, (struct plan[MOST]){{0}});
	assert_null(record_find(l, "a", 1));
	layout_unref(l);
}

/* Names are copied, types referenced; what is said of the whole adds up. */
static void test_sums(void **state)
{
	struct layout *text = layout_of("char[4]"), *owned = layout_plain(LAYOUT_OWNED, 4), *l;
	char name[] = "name";
	const struct layout_member members[] = {
		{.name = name, .type = text, .printed = true},
		{.name = (char *)"again", .type = text, .offset = 4, .printed = true},
		{.name = (char *)"lock", .type = owned, .offset = 8, .printed = true},
	};

	(void)state;
	assert_int_equal(record_new(12, members, 3, &l), 0);
	name[0] = 'x';
	assert_int_equal(text->refs, 3);
	assert_layout(l, "{name@0=chars4 again@4=chars4 -lock@8=owned4}");
	assert_string_equal(l->record.members[0].label, ",\"name\":");
	assert_true(l->nodes == 4 && l->leaves == 2 && l->record.printed == 2);
	assert_true(l->is_checked && l->has_owned && !l->has_lock && !l->has_union);
	layout_unref(l);
	assert_int_equal(text->refs, 1);
	layout_unref(text);
	layout_unref(owned);
}

/* Words of layouts that differ in one thing from those beside them. */
static void test_equal(void **state)
{
	static const char *const words[] = {
		"u8",
		"s8",
		"u16",
		"be16",
		"u32",
		"be32",
		"3",
		"u8[3]",
		"char[3]",
		"char[4]",
		"bool",
		"float",
		"double",
		"mac",
		"ipv6",
		"u64",
		"u16[2]",
		"u16[3]",
		"u16[2][3]",
		"s16[2]",
		"struct{u8 a;}",
		"struct{u8 b;}",
		"struct{s8 a;}",
		"struct{u8 a;u8 b;}",
		"struct{u8 b;u8 a;}",
		"struct{u8 a;u16 b;}",
		"union{u8 a;u8 b;}",
		"struct{struct{u8 a;}a;}",
		"struct{u8 a[1];}",
		"struct{u32 a;u32 b;}",
		"struct{u64 a;}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
			struct layout *a = layout_of(words[i]), *b = layout_of(words[k]);

			if (layout_is_equal(a, b) != (i == k))
				fail_msg("%s and %s", words[i], words[k]);
			layout_unref(a);
			layout_unref(b);
		}
}

static void test_equal_kinds(void **state)
{
	static const struct layout_enumerator one[] = {{(char *)"A", 1}, {(char *)"B", 2}},
					      other[] = {{(char *)"A", 1}, {(char *)"C", 2}},
					      third[] = {{(char *)"A", 1}, {(char *)"B", 3}};
	struct layout *made[] = {
		layout_enum(4, 32, false, one, 2),
		layout_enum(4, 32, false, other, 2),
		layout_enum(4, 32, false, third, 2),
		layout_enum(4, 32, true, one, 2),
		layout_enum(4, 31, false, one, 2),
		layout_enum(4, 32, false, one, 1),
		layout_enum(8, 64, false, one, 2),
		layout_prefix(8, true),
		layout_prefix(8, false),
		layout_prefix(9, true),
		layout_plain(LAYOUT_OWNED, 4),
		layout_int(4, 3, false, false),
	};
	struct layout *untyped = layout_bytes(4), *typed = layout_of("u32"), *per_cpu, *array;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		for (size_t k = 0; k < ARRAY_SIZE(made); k++)
			assert_int_equal(layout_is_equal(made[i], made[k]), i == k);
	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		layout_unref(made[i]);
	assert_true(layout_is_equal(untyped, typed));
	assert_false(layout_is_equal(typed, NULL));
	assert_true(layout_is_equal(NULL, NULL));
	per_cpu = layout_per_cpu(typed, 2);
	array = layout_array(typed, 2, 8);
	assert_false(layout_is_equal(per_cpu, array));
	layout_unref(per_cpu);
	layout_unref(array);
	layout_unref(untyped);
	layout_unref(typed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holes),       cmocka_unit_test(test_clearing),
		cmocka_unit_test(test_refused),     cmocka_unit_test(test_find),
		cmocka_unit_test(test_sums),        cmocka_unit_test(test_equal),
		cmocka_unit_test(test_equal_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
