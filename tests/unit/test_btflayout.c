/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What single types of C and arrays become. Records: test_btflayout_records.c. */
#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btflayout.h"
#include "lib/codec.h"
#include "tests/unit/btf_fixture.h"
#include "tests/unit/layout_text.h"

static void test_numbers(void **state)
{
	(void)state;
	assert_type(U8, 0, "u8");
	assert_type(U16, 0, "u16");
	assert_type(U32, 0, "u32");
	assert_type(U64, 0, "u64");
	assert_type(U128, 0, "u128");
	assert_type(S8, 0, "s8");
	assert_type(S16, 0, "s16");
	assert_type(S32, 0, "s32");
	assert_type(S64, 0, "s64");
	assert_type(CHAR, 0, "s8");
	assert_type(CHAR_FLAG, 0, "u8");
	assert_type(BOOL, 0, "bool1");
	assert_type(FLOAT, 0, "float4");
	assert_type(DOUBLE, 0, "float8");
	assert_type(btf__add_float(btf, "long double", 16), 0, "octets16");
	assert_type(btf__add_float(btf, "half", 2), 0, "octets2");
	assert_type(btf__add_int(btf, "bool32", 4, BTF_INT_BOOL), 0, "u32");
	assert_type(btf__add_ptr(btf, 0), 0, "pointer8");
}

/* A size that is not the type's, no type, no such type: bytes. */
static void test_other_sizes(void **state)
{
	struct layout *l = NULL;

	(void)state;
	assert_type(U32, 8, "u64?");
	assert_type(U32, 3, "bytes3");
	assert_type(U64, 4, "u32?");
	assert_type(99, 1, "u8?");
	assert_int_equal(btflayout_read(btf, 0, 4, &l), 0);
	assert_layout(l, "u32?");
	layout_unref(l);
	assert_int_equal(btflayout_read(btf, UINT32_MAX, 7, &l), 0);
	assert_layout(l, "bytes7");
	layout_unref(l);
	assert_int_equal(btflayout_read(btf, U32, 0, &l), -EINVAL);
	assert_int_equal(btflayout_read(btf, 0, 0, &l), -EINVAL);
	assert_int_equal(btflayout_read_prefix(btf, U32, 0, &l), -EINVAL);
}

static void test_chains(void **state)
{
	int id = U16;

	(void)state;
	id = btf__add_typedef(btf, "a", id);
	id = btf__add_const(btf, id);
	id = btf__add_volatile(btf, id);
	id = btf__add_restrict(btf, id);
	id = btf__add_type_tag(btf, "user", id);
	assert_type(btf__add_typedef(btf, "b", id), 0, "u16");
	for (int i = 0; i < 20; i++)
		id = btf__add_const(btf, id);
	assert_type(id, 0, "u16");
	assert_type(btf__add_typedef(btf, "w", btf__add_ptr(btf, id)), 0, "pointer8");
}

static void test_names_that_say_more(void **state)
{
	int be32, alias;

	(void)state;
	assert_type(btf__add_typedef(btf, "__be16", U16), 0, "be16");
	be32 = btf__add_typedef(btf, "__be32", btf__add_typedef(btf, "__u32", U32));
	assert_type(be32, 0, "ipv44");
	assert_type(btf__add_typedef(btf, "__be64", U64), 0, "be64");
	assert_type(btf__add_typedef(btf, "in_addr_t", U32), 0, "ipv44");
	assert_type(btf__add_typedef(btf, "in_port_t", U16), 0, "be16");
	alias = btf__add_typedef(btf, "address", btf__add_const(btf, be32));
	assert_type(alias, 0, "ipv44");
	/* of another size, or of another kind, they say nothing */
	assert_type(btf__add_typedef(btf, "__be16", U32), 0, "u32");
	assert_type(btf__add_typedef(btf, "__be32", U64), 0, "u64");
	assert_type(btf__add_typedef(btf, "__be32", FLOAT), 0, "float4");
	assert_type(btf__add_typedef(btf, "__be16", S16), 0, "be16");
	assert_type(btf__add_typedef(btf, "__le32", U32), 0, "u32");
	assert_type(btf__add_typedef(btf, "__be32", btf__add_typedef(btf, "__be64", U32)), 0,
		    "ipv44");
	assert_type(btf__add_array(btf, U32, be32, 2), 0, "2*ipv44");
}

static void test_structs_that_are_leaves(void **state)
{
	static const char *const owned[] = {
		"bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer",   "bpf_wq",
		"bpf_task_work", "bpf_list_head",     "bpf_rb_root", "bpf_rb_node",
		"bpf_list_node", "bpf_refcount",
	};

	(void)state;
	assert_type(add_struct("in_addr", 4), 0, "ipv44");
	assert_type(add_struct("in6_addr", 16), 0, "ipv616");
	assert_type(add_struct("in_addr", 8), 0, "{}");
	assert_type(add_struct("in6_addr", 4), 0, "{}");
	for (size_t i = 0; i < ARRAY_SIZE(owned); i++) {
		int id = add_struct(owned[i], 4);
		struct layout *l = NULL;

		assert_int_equal(btflayout_read(btf, (uint32_t)id, 4, &l), 0);
		assert_layout(l, "owned4");
		assert_int_equal(l->has_lock, i == 0);
		assert_true(l->has_owned);
		layout_unref(l);
	}
}

static void test_kptrs(void **state)
{
	static const char *const tags[] = {"kptr", "kptr_untrusted", "percpu_kptr", "uptr"};
	int task = add_struct("task", 8), s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		assert_type(btf__add_ptr(btf, btf__add_type_tag(btf, tags[i], task)), 0, "owned8");
	assert_type(btf__add_ptr(btf, btf__add_type_tag(btf, "rcu", task)), 0, "pointer8");
	assert_type(btf__add_ptr(btf, btf__add_const(btf, task)), 0, "pointer8");
	s = btf__add_ptr(btf, btf__add_type_tag(btf, "kptr", task));
	assert_type(btf__add_typedef(btf, "task_ptr", s), 0, "owned8");
	task = add_struct("s", 16);
	add_field("task", s, 0);
	add_field("n", U64, 64);
	assert_type(task, 0, "{-task@0=owned8 n@8=u64}");
}

static void test_byte_arrays(void **state)
{
	int mac = btf__add_array(btf, U32, U8, 6), sixteen = btf__add_array(btf, U32, U8, 16);

	(void)state;
	assert_type(btf__add_array(btf, U32, CHAR, 16), 0, "chars16");
	assert_type(btf__add_array(btf, U32, CHAR, 6), 0, "chars6");
	assert_type(btf__add_array(btf, U32, CHAR, 1), 0, "chars1");
	assert_type(btf__add_array(btf, U32, CHAR_FLAG, 4), 0, "chars4");
	assert_type(btf__add_array(btf, U32, btf__add_typedef(btf, "c", CHAR), 4), 0, "chars4");
	assert_type(mac, 0, "mac6");
	assert_type(btf__add_array(btf, U32, btf__add_typedef(btf, "__u8", U8), 6), 0, "mac6");
	assert_type(btf__add_array(btf, U32, U8, 5), 0, "octets5");
	assert_type(btf__add_array(btf, U32, U8, 4), 0, "octets4");
	assert_type(sixteen, 0, "octets16");
	assert_type(btf__add_array(btf, U32, S8, 6), 0, "6*s8");
	assert_type(btf__add_array(btf, U32, BOOL, 3), 0, "3*bool1");
	assert_type(btf__add_array(btf, U32, U16, 3), 0, "3*u16");
	assert_type(btf__add_array(btf, U32, mac, 2), 0, "2*mac6");
}

static void test_addresses_by_member(void **state)
{
	int sixteen = btf__add_array(btf, U32, U8, 16), list = btf__add_array(btf, U32, sixteen, 2);
	int eight = btf__add_array(btf, U32, U8, 8), s = add_struct("flow", 136);

	(void)state;
	add_field("saddr", sixteen, 0);
	add_field("my_ip6", sixteen, 128);
	add_field("ipv6_dst", sixteen, 256);
	add_field("key", sixteen, 384);
	add_field("addr8", eight, 512);
	add_field("addrs", list, 576);
	add_field("keys", list, 832);
	assert_type(s, 0,
		    "{saddr@0=ipv616 my_ip6@16=ipv616 ipv6_dst@32=ipv616 key@48=octets16 "
		    "addr8@64=octets8 addrs@72=2*ipv616 keys@104=2*octets16}");
}

static void test_arrays(void **state)
{
	int row = btf__add_array(btf, U32, U32, 3);

	(void)state;
	assert_type(row, 0, "3*u32");
	assert_type(btf__add_array(btf, U32, row, 2), 0, "2*3*u32");
	assert_type(btf__add_array(btf, U32, btf__add_const(btf, S64), 1), 0, "1*s64");
	assert_type(btf__add_array(btf, U32, btf__add_ptr(btf, 0), 2), 0, "2*pointer8");
}

static void test_enums(void **state)
{
	int e = btf__add_enum(btf, "plain", 4), bad;

	(void)state;
	btf__add_enum_value(btf, "TWO", 2);
	btf__add_enum_value(btf, "ONE", 1);
	btf__add_enum_value(btf, "DEUX", 2);
	assert_type(e, 0, "enum32(ONE=1 TWO=2 DEUX=2)");
	e = btf__add_enum(btf, "negative", 4);
	btf__add_enum_value(btf, "MINUS", -1);
	btf__add_enum_value(btf, "LEAST", INT32_MIN);
	btf__add_enum_value(btf, "ONE", 1);
	assert_type(e, 0, "senum32(ONE=1 LEAST=-2147483648 MINUS=-1)");
	e = btf__add_enum(btf, "tiny", 1);
	btf__add_enum_value(btf, "MOST", 255);
	assert_type(e, 0, "enum8(MOST=255)");
	e = btf__add_enum64(btf, "wide", 8, false);
	btf__add_enum64_value(btf, "MOST", UINT64_MAX);
	btf__add_enum64_value(btf, "BIT40", 1ULL << 40);
	assert_type(e, 0, "enum64(BIT40=1099511627776 MOST=-1)");
	assert_type(btf__add_enum(btf, "empty", 2), 0, "enum16()");
	/* no words of C, or too long for a file's name: numbers */
	bad = btf__add_enum(btf, "bad", 4);
	btf__add_enum_value(btf, "OK", 3);
	e = btf__add_enum_value(
		btf,
		"LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_"
		"LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_"
		"LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG_LONG",
		4);
	btf__add_enum_value(btf, "a-b", 5);
	btf__add_enum_value(btf, "7up", 7);
	assert_int_equal(e, 0);
	assert_type(bad, 0, "enum32(OK=3)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BTF_TEST(test_numbers),
		BTF_TEST(test_other_sizes),
		BTF_TEST(test_chains),
		BTF_TEST(test_names_that_say_more),
		BTF_TEST(test_structs_that_are_leaves),
		BTF_TEST(test_kptrs),
		BTF_TEST(test_byte_arrays),
		BTF_TEST(test_addresses_by_member),
		BTF_TEST(test_arrays),
		BTF_TEST(test_enums),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
