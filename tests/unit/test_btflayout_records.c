/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What records, sections and keys of LPM tries become. */
#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btflayout.h"
#include "lib/codec.h"
#include "tests/unit/btf_fixture.h"
#include "tests/unit/layout_text.h"

static void test_records(void **state)
{
	int s = add_struct("s", 16), empty, outer;

	(void)state;
	add_field("a", U8, 0);
	add_field("b", S32, 32);
	add_field("c", U64, 64);
	assert_type(s, 0, "{a@0=u8 b@4=s32 c@8=u64}");
	empty = add_struct("empty", 0);
	outer = add_struct("outer", 24);
	add_field("in", s, 0);
	add_field("none", empty, 128);
	add_field("last", U32, 160);
	assert_type(outer, 0, "{in@0={a@0=u8 b@4=s32 c@8=u64} none@16={} last@20=u32}");
}

static void test_bit_fields(void **state)
{
	int e = btf__add_enum(btf, "e", 4), s;

	(void)state;
	btf__add_enum_value(btf, "A", 1);
	s = add_struct("bits", 24);
	add_bits("a", U32, 0, 3);
	add_bits("b", S32, 3, 7);
	add_bits(NULL, U32, 10, 2);
	add_bits("e", e, 12, 2);
	add_bits("f", BOOL, 14, 1);
	add_bits("two", BOOL, 15, 2);
	add_bits("whole", U32, 32, 32);
	add_bits("off", U32, 65, 32);
	add_bits("wide", U64, 97, 63);
	assert_type(s, 0,
		    "{a@0.0:3=u32/3 b@0.3:7=s32/7 e@1.4:2=enum2(A=1) f@1.6:1=bool1 "
		    "two@1.7:2=u8/2 whole@4=u32 off@8.1:32=u32 wide@12.1:63=u64/63}");
	s = add_struct("wide", 16);
	add_bits("a", U128, 1, 60);
	assert_type(s, 0, "{a@0.1:60=u64/60}");
}

static int add_old_int(int encoding, uint32_t offset, uint32_t bits)
{
	int id = btf__add_int(btf, "old", 4, 0);

	*(uint32_t *)(writable_type(id) + 1) = (uint32_t)encoding << 24 | offset << 16 | bits;
	return id;
}

/* As compilers said it before kind_flag: an INT of fewer bits than its bytes. */
static void test_old_bit_fields(void **state)
{
	int three = add_old_int(0, 0, 3), five = add_old_int(BTF_INT_SIGNED, 2, 5), s;

	(void)state;
	s = add_struct("old", 8);
	add_field("a", three, 0);
	add_field("b", three, 0);
	add_field("c", five, 0);
	add_field("d", U32, 32);
	btf_members(writable_type(s))[1].offset = 3;
	btf_members(writable_type(s))[2].offset = 6;
	assert_type(s, 0, "{a@0.0:3=u32/3 b@0.3:3=u32/3 c@1.0:5=s32/5 d@4=u32}");
	/* elsewhere there are no such integers */
	assert_type(btf__add_array(btf, U32, three, 2), 0, "2*octets4");
}

static void test_anonymous_members(void **state)
{
	int inner = add_struct(NULL, 8), pair, s, choice;

	(void)state;
	add_field("x", U32, 0);
	add_field("y", U32, 32);
	pair = add_struct(NULL, 12);
	add_field("before", U32, 0);
	add_field(NULL, inner, 32);
	s = add_struct("s", 20);
	add_field("a", U32, 0);
	add_field(NULL, pair, 32);
	add_field("z", U32, 128);
	assert_type(s, 0, "{a@0=u32 before@4=u32 x@8=u32 y@12=u32 z@16=u32}");
	choice = btf__add_union(btf, NULL, 8);
	add_field("small", U8, 0);
	add_field(NULL, inner, 0);
	add_field("same", U64, 0);
	s = add_struct("t", 12);
	add_field("kind", U32, 0);
	add_field(NULL, choice, 32);
	assert_type(s, 0, "{kind@0=u32 -small@4=u8 x@4=u32 y@8=u32 -same@4=u64}");
	s = add_struct("twice", 16);
	add_field("x", U32, 0);
	add_field(NULL, inner, 64);
	pair = add_struct("holder", 20);
	add_field("n", U32, 0);
	add_field("t", s, 32);
	assert_type(pair, 0, "{n@0=u32 t@4=octets16}");
	assert_type(s, 0, "octets16");
}

static void test_unions(void **state)
{
	int s = btf__add_union(btf, "u", 16), holder;

	(void)state;
	add_field("a", U32, 0);
	add_field("wide", U128, 0);
	add_field("b", U64, 0);
	assert_type(s, 0, "{-a@0=u32 wide@0=u128 -b@0=u64}");
	holder = btf__add_union(btf, "first", 8);
	add_field("a", S64, 0);
	add_field("b", U64, 0);
	assert_type(holder, 0, "{a@0=s64 -b@0=u64}");
	assert_type(btf__add_union(btf, "none", 4), 0, "{}");
}

static void test_sections(void **state)
{
	int counter = btf__add_var(btf, "counter", BTF_VAR_GLOBAL_ALLOCATED, U64);
	int name = btf__add_array(btf, U32, CHAR, 8), var, sec;

	(void)state;
	var = btf__add_var(btf, "name", BTF_VAR_STATIC, name);
	sec = btf__add_datasec(btf, ".bss", 24);
	btf__add_datasec_var_info(btf, counter, 0, 8);
	btf__add_datasec_var_info(btf, var, 16, 8);
	assert_type(sec, 0, "{counter@0=u64 name@16=chars8}");
}

static void assert_prefix(int id, uint32_t size, const char *expected)
{
	struct layout *l = NULL;

	assert_int_equal(btflayout_read_prefix(btf, (uint32_t)id, size, &l), 0);
	assert_int_equal(l->kind, LAYOUT_PREFIX);
	assert_int_equal(l->size, size);
	assert_layout(l, expected);
	layout_unref(l);
}

static int add_prefix(uint32_t size, int data)
{
	int id = add_struct("prefix", size);

	add_field("prefixlen", U32, 0);
	add_field("data", data, 32);
	return id;
}

static void test_prefixes(void **state)
{
	int four = btf__add_array(btf, U32, U8, 4), sixteen = btf__add_array(btf, U32, U8, 16);
	int none = btf__add_array(btf, U32, U8, 0), lpm, port;

	(void)state;
	assert_prefix(add_prefix(8, four), 8, "ipv44");
	assert_prefix(add_prefix(8, U32), 8, "ipv44");
	assert_prefix(add_prefix(8, btf__add_typedef(btf, "__be32", U32)), 8, "ipv44");
	assert_prefix(add_prefix(20, sixteen), 20, "ipv616");
	assert_prefix(add_prefix(20, btf__add_array(btf, U32, U32, 4)), 20, "ipv616");
	assert_prefix(add_prefix(8, btf__add_array(btf, U32, CHAR, 4)), 8, "bytes4");
	assert_prefix(add_prefix(12, U64), 12, "bytes8");
	lpm = add_struct("bpf_lpm_trie_key", 4);
	add_field("prefixlen", U32, 0);
	add_field("data", none, 32);
	port = add_struct("with_port", 12);
	add_field("lpm", lpm, 0);
	add_field("port", U32, 32);
	add_field("addr", U32, 64);
	assert_prefix(port, 12, "bytes8");
	lpm = add_struct("bpf_lpm_trie_key_u8", 4);
	add_field("prefixlen", U32, 0);
	port = add_struct("nested", 8);
	add_field("lpm", lpm, 0);
	add_field("addr", four, 32);
	assert_prefix(port, 8, "ipv44");
	assert_prefix(U64, 8, "bytes4");
	assert_prefix(0, 8, "bytes4");
	assert_prefix(port, 20, "bytes16");
}

/* A key of zeroes of every struct of this kernel, there and back. */
static void test_kernel(void **state)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	uint32_t step = 1 + 0;

	(void)state;
	for (uint32_t id = step; kernel && id < btf__type_cnt(kernel); id += 16) {
		const struct btf_type *t = btf__type_by_id(kernel, id);
		struct buf text = BUF_INIT(1 << 26);
		unsigned char *bytes;
		struct layout *l;

		if (!btf_is_struct(t) || !t->size || t->size > 65536)
			continue;
		assert_int_equal(btflayout_read(kernel, id, t->size, &l), 0);
		bytes = calloc(1, l->size);
		assert_int_equal(codec_print(CODEC_TEXT, l, bytes, &text), 0);
		assert_int_equal(codec_parse(CODEC_TEXT, l, text.data, text.len, bytes, NULL), 0);
		for (uint32_t i = 0; i < l->size; i++)
			assert_int_equal(bytes[i], 0);
		buf_free(&text);
		free(bytes);
		layout_unref(l);
	}
	btf__free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BTF_TEST(test_records),        BTF_TEST(test_bit_fields),
		BTF_TEST(test_old_bit_fields), BTF_TEST(test_anonymous_members),
		BTF_TEST(test_unions),         BTF_TEST(test_sections),
		BTF_TEST(test_prefixes),       cmocka_unit_test(test_kernel),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
