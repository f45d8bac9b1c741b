/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * BTF that cannot be trusted: made with libbpf, then spoilt in its bytes, and read from
 * those. No crash, no endless reading; a part that is not understood is octets.
 */
#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btflayout.h"
#include "lib/codec.h"
#include "tests/unit/btf_fixture.h"
#include "tests/unit/layout_text.h"

static void test_cycles(void **state)
{
	int a = btf__add_typedef(btf, "a", BASE_END + 1), b = btf__add_const(btf, a), s, t;

	(void)state;
	assert_raw_type(a, 4, "u32?");
	assert_raw_type(b, 3, "bytes3");
	s = btf__add_typedef(btf, "self", b + 1);
	assert_int_equal(s, b + 1);
	assert_raw_type(s, 8, "u64?");
	assert_raw_type(add_holder(s, 4), 8, "octets8");
	/* structs within themselves, and within each other */
	s = add_struct("self", 8);
	add_field("n", U32, 0);
	add_field("self", s, 32);
	assert_raw_type(s, 8, "octets8");
	s = add_struct("left", 8);
	add_field("n", U32, 0);
	add_field("right", s + 1, 32);
	t = add_struct("right", 4);
	add_field("left", s, 0);
	assert_raw_type(s, 8, "{n@0=u32 right@4=octets4}");
	assert_raw_type(t, 4, "octets4");
	t = btf__add_array(btf, U32, s + 3, 2);
	s = add_struct("with_array", 8);
	add_field("self", t, 0);
	assert_raw_type(s, 8, "octets8");
	/* arrays of themselves, a pointer that closes a circle */
	a = btf__add_array(btf, U32, s + 1, 3);
	assert_raw_type(a, 12, "bytes12");
	assert_raw_type(add_holder(a, 4), 8, "octets8");
	s = add_struct("node", 16);
	add_field("value", U64, 0);
	add_field("next", s + 1, 64);
	btf__add_ptr(btf, s);
	assert_raw_type(s, 16, "{value@0=u64 next@8=pointer8}");
}

static void test_long_chains(void **state)
{
	int id = U32;

	(void)state;
	for (int i = 0; i < 20000; i++)
		id = btf__add_typedef(btf, "t", id);
	assert_raw_type(id, 4, "u32?");
	assert_raw_type(add_holder(id, 4), 8, "octets8");
}

static void test_missing_ids(void **state)
{
	int s;

	(void)state;
	assert_raw_type(1000, 4, "u32?");
	assert_raw_type(add_holder(1000, 8), 12, "octets12");
	assert_raw_type(add_holder(0, 8), 12, "octets12");
	assert_raw_type(btf__add_array(btf, U32, 1000, 2), 8, "u64?");
	assert_raw_type(btf__add_array(btf, U32, 0, 2), 8, "u64?");
	assert_raw_type(btf__add_typedef(btf, "t", 1000), 8, "u64?");
	assert_raw_type(btf__add_ptr(btf, 1000), 8, "pointer8");
	assert_raw_type(btf__add_func_proto(btf, U32), 8, "u64?");
	assert_raw_type(btf__add_fwd(btf, "fwd", BTF_FWD_STRUCT), 4, "u32?");
	s = add_struct("outer", 24);
	add_field("bad", s + 1, 0);
	add_field("good", U32, 128);
	add_holder(1000, 12);
	assert_raw_type(s, 24, "{bad@0=octets16 good@16=u32}");
	s = btf__add_datasec(btf, ".data", 8);
	btf__add_datasec_var_info(btf, 1000, 0, 4);
	assert_raw_type(s, 8, "octets8");
	s = btf__add_datasec(btf, ".bss", 8);
	btf__add_datasec_var_info(btf, U32, 0, 4);
	assert_raw_type(s, 8, "octets8");
}

static void test_members_outside(void **state)
{
	int s = add_struct("beyond", 8);

	(void)state;
	add_field("n", U64, 8);
	assert_raw_type(s, 8, "octets8");
	s = add_struct("far", 8);
	add_field("n", U64, 0xfffffff8);
	assert_raw_type(s, 8, "octets8");
	s = add_struct("fits", 8);
	add_field("n", U32, 32);
	assert_raw_type(s, 8, "{n@4=u32}");
	s = add_struct("small", 4);
	add_field("n", U64, 0);
	assert_raw_type(s, 4, "octets4");
}

/* What is larger than the map says is not even looked at. */
static void test_large_sizes(void **state)
{
	int text = btf__add_array(btf, U32, CHAR, 0x20000000), s = add_struct("large", 0x20000000);

	(void)state;
	add_field("text", text, 0);
	assert_raw_type(s, 4, "u32?");
	assert_raw_type(add_holder(s, 8), 12, "octets12");
}

/* As in a union: no text names two members that share bytes. */
static void test_members_that_overlap(void **state)
{
	int s = add_struct("overlap", 12);
	struct layout *l;

	(void)state;
	add_field("a", U64, 0);
	add_field("b", U64, 32);
	l = read_layout(s, 12);
	check_text(l);
	layout_unref(l);
}

static void test_members_at_bits(void **state)
{
	int s = add_struct("bits", 8);

	(void)state;
	add_field("n", U32, 0);
	btf_members(writable_type(s))[0].offset = 3;
	assert_raw_type(s, 8, "octets8");
	s = add_struct("too_wide", 16);
	assert_int_equal(btf__add_field(btf, "n", U64, 0, 64), 0);
	btf_members(writable_type(s))[0].offset = 70U << 24;
	assert_raw_type(s, 16, "octets16");
	btf_members(writable_type(s))[0].offset = 33U << 24;
	btf_members(writable_type(s))[0].type = U32;
	assert_raw_type(s, 16, "octets16");
	btf_members(writable_type(s))[0].offset = 4U << 24 | 126;
	assert_raw_type(s, 16, "octets16");
	btf_members(writable_type(s))[0].offset = 2U << 24 | 126;
	assert_raw_type(s, 16, "{n@15.6:2=u32/2}");
}

static void test_enum_sizes(void **state)
{
	static const struct {
		uint32_t size;
		const char *expected;
	} cases[] = {
		{3, "{n@0=u32 x@4=octets3}"},
		{5, "{n@0=u32 x@4=octets5}"},
		{6, "{n@0=u32 x@4=octets6}"},
		{7, "{n@0=u32 x@4=octets7}"},
		{9, "{n@0=u32 x@4=octets9}"},
		{16, "{n@0=u32 x@4=octets16}"},
		{21, "octets24"},
		{UINT32_MAX, "octets24"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_raw_type(add_holder(add_one_enum(cases[i].size), 20), 24, cases[i].expected);
}

static void test_enum_bits(void **state)
{
	int e = add_one_enum(1), s = add_struct("s", 8);

	(void)state;
	assert_int_equal(btf__add_field(btf, "e", e, 0, 20), 0);
	assert_raw_type(s, 8, "octets8");
}

static void test_strange_numbers(void **state)
{
	static const uint32_t sizes[] = {3, 5, 12, 17};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int n = btf__add_int(btf, "n", 4, 0);
		char expected[64];

		writable_type(n)->size = sizes[i];
		*(uint32_t *)(writable_type(n) + 1) = BTF_INT_BITS(sizes[i] * 8);
		snprintf(expected, sizeof(expected), "{n@0=u32 x@4=octets%u}", sizes[i]);
		assert_raw_type(add_holder(n, 300), 304, expected);
	}
}

/* Names are offsets: without a string there, a member has none. */
static void test_names_out_of_range(void **state)
{
	int s = add_holder(U64, 8), e = add_one_enum(4);

	(void)state;
	btf_members(writable_type(s))[0].name_off = 0x7fffffff;
	assert_raw_type(s, 12, "{x@4=u64}");
	btf_members(writable_type(s))[1].name_off = UINT32_MAX;
	assert_raw_type(s, 12, "{}");
	btf_enum(writable_type(e))[0].name_off = 0x10000000;
	writable_type(e)->name_off = 0x10000000;
	assert_raw_type(e, 4, "enum32()");
	s = btf__add_typedef(btf, "__be32", U32);
	writable_type(s)->name_off = 12345678;
	assert_raw_type(s, 4, "u32");
	writable_type(U8)->name_off = 12345678;
	assert_raw_type(btf__add_array(btf, U32, U8, 6), 6, "mac6");
}

static void test_strange_names(void **state)
{
	static const char *const names[] = {"a\"b", "a\\b", "\n", " ", "\xc3\xa9", "}", "\x7f"};
	int s = add_struct("strange", ARRAY_SIZE(names));

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++)
		add_field(names[i], U8, i * 8);
	assert_raw_type(s, 7,
			"{a\"b@0=u8 a\\b@1=u8 \n@2=u8  @3=u8 \xc3\xa9@4=u8 }@5=u8 \x7f@6=u8}");
	s = add_struct("no_utf8", 4);
	add_field("a\xff", U32, 0);
	assert_raw_type(s, 4, "octets4");
}

/* A struct of 12 bytes that has a bit of everything. */
static int add_everything(void)
{
	int text = btf__add_array(btf, U32, CHAR, 4),
	    address = btf__add_typedef(btf, "__be32", U32);
	int e = add_one_enum(4), u = btf__add_union(btf, "u", 4), s;

	add_field("text", text, 0);
	add_field("address", address, 0);
	s = add_struct("s", 12);
	add_field("e", e, 0);
	add_field("u", u, 32);
	assert_int_equal(btf__add_field(btf, "bits", U32, 64, 5), 0);
	assert_int_equal(btf__add_field(btf, "more", U32, 69, 5), 0);
	return s;
}

static void read_all(const struct btf *spoilt)
{
	for (uint32_t id = 0; id < btf__type_cnt(spoilt); id++) {
		struct layout *l = NULL;

		assert_int_equal(btflayout_read(spoilt, id, 12, &l), 0);
		assert_int_equal(l->size, 12);
		check_text(l);
		layout_unref(l);
	}
}

/* Some bytes of good BTF changed: refused by libbpf, or read. */
static void test_spoilt_bytes(void **state)
{
	int s = add_everything();
	const void *good;
	uint32_t len;

	(void)state;
	assert_raw_type(s, 12,
			"{e@0=enum32(A=1) u@4={text@0=chars4 -address@0=ipv44} bits@8.0:5=u32/5 "
			"more@8.5:5=u32/5}");
	good = btf__raw_data(btf, &len);
	for (int round = 0; round < 2000; round++) {
		unsigned char *raw = malloc(len);
		struct btf *spoilt;

		memcpy(raw, good, len);
		for (uint32_t i = random_below(4) + 1; i; i--)
			raw[random_below(len)] = (unsigned char)random_number();
		spoilt = btf__new(raw, len);
		if (spoilt)
			read_all(spoilt);
		btf__free(spoilt);
		free(raw);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BTF_TEST(test_cycles),
		BTF_TEST(test_long_chains),
		BTF_TEST(test_missing_ids),
		BTF_TEST(test_members_outside),
		BTF_TEST(test_large_sizes),
		BTF_TEST(test_members_that_overlap),
		BTF_TEST(test_members_at_bits),
		BTF_TEST(test_enum_sizes),
		BTF_TEST(test_enum_bits),
		BTF_TEST(test_strange_numbers),
		BTF_TEST(test_names_out_of_range),
		BTF_TEST(test_strange_names),
		BTF_TEST(test_spoilt_bytes),
	};

	libbpf_set_print(NULL);
	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
