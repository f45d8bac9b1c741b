/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* BTF that is small and says a lot: it is read in bounded time and space. */
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

static void test_huge_arrays(void **state)
{
	int empty = add_struct("empty", 0), many = btf__add_array(btf, U32, empty, 0x80000000);

	(void)state;
	assert_raw_type(add_holder(many, 0), 4, "{n@0=u32 x@4=octets0}");
	many = btf__add_array(btf, U32, many, 0x80000000);
	assert_raw_type(add_holder(many, 0), 4, "{n@0=u32 x@4=octets0}");
	many = btf__add_array(btf, U32, U64, 0x80000000);
	assert_raw_type(many, 8, "u64?");
	assert_raw_type(add_holder(many, 8), 12, "octets12");
	many = btf__add_array(btf, U32, btf__add_array(btf, U32, U8, 65536), 65536);
	assert_raw_type(many, 16, "bytes16");
	assert_raw_type(add_holder(many, 0), 4, "octets4");
}

/* What is printed for octets that are none reads back too. */
static void test_text_of_nothing(void **state)
{
	int empty = add_struct("empty", 0), many = btf__add_array(btf, U32, empty, 0x80000000);

	(void)state;
	assert_raw_type(add_holder(many, 0), 4, "{n@0=u32 x@4=octets0}");
}

/* Each struct has the one before twice: 2^60 members as printed, of no bytes. */
static void test_doubling(void **state)
{
	int previous = add_struct("s", 0), leaf = previous;

	(void)state;
	for (int i = 0; i < 60; i++) {
		int s = add_struct("s", 0);

		add_field("a", previous, 0);
		add_field("b", previous, 0);
		previous = s;
	}
	layout_unref(read_layout(add_holder(previous, 0), 4));
	previous = leaf;
	for (int i = 0; i < 60; i++)
		previous = btf__add_array(btf, U32, previous, 4);
	layout_unref(read_layout(add_holder(previous, 0), 4));
}

/* The same behind a typedef whose name says something of integers. */
static void test_doubling_by_name(void **state)
{
	int previous = add_struct("s", 0);

	(void)state;
	for (int i = 0; i < 60; i++) {
		int alias = btf__add_typedef(btf, "__be32", previous);

		previous = add_struct("s", 0);
		add_field("a", alias, 0);
		add_field("b", alias, 0);
	}
	layout_unref(read_layout(add_holder(previous, 0), 4));
}

static void test_deep(void **state)
{
	int previous = U32, id = U32;
	struct layout *l;

	(void)state;
	for (int i = 0; i < 200; i++) {
		int s = add_struct("s", 4);

		add_field("x", previous, 0);
		previous = s;
	}
	l = read_layout(previous, 4);
	check_text(l);
	layout_unref(l);
	for (int i = 0; i < 200; i++)
		id = btf__add_array(btf, U32, id, 1);
	l = read_layout(id, 4);
	check_text(l);
	layout_unref(l);
}

/* A union of many members that each cover all of it. */
static void test_wide_unions(void **state)
{
	int all = btf__add_array(btf, U32, CHAR, 1 << 26), u = btf__add_union(btf, "u", 1 << 26);

	(void)state;
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "m%d", i);
		add_field(name, all, 0);
	}
	layout_unref(read_layout(u, 1 << 26));
}

/* The members of a large anonymous struct, in many others. */
/* Eight members each, 14 deep: printed once, but 8^14 ways through it. */
static void test_nested_unions(void **state)
{
	struct layout *l;
	int u = U32;

	(void)state;
	for (int depth = 0; depth < 14; depth++) {
		int inner = u;

		u = btf__add_union(btf, NULL, 4);
		for (int i = 0; i < 8; i++) {
			char name[16];

			snprintf(name, sizeof(name), "m%d", i);
			add_field(name, inner, 0);
		}
	}
	l = read_layout(u, 4);
	check_text(l);
	layout_unref(l);
}

/* What is the kernel's own elsewhere is anybody's in a union: no byte of it is lost. */
static void test_nothing_owned_in_unions(void **state)
{
	int opaque = btf__add_array(btf, U32, U64, 2), timer = add_struct("bpf_timer", 16);
	int u, outer;
	struct layout *l;

	(void)state;
	add_field("opaque", opaque, 0);
	u = btf__add_union(btf, "u", 16);
	add_field("t", timer, 0);
	add_field("x", U64, 0);
	outer = add_struct("outer", 40);
	add_field("own", timer, 0);
	add_field("u", u, 128);
	l = read_layout(outer, 40);
	assert_true(l->record.members[0].type->kind == LAYOUT_OWNED);
	assert_true(l->record.members[1].type->record.members[0].type->kind == LAYOUT_OCTETS);
	layout_unref(l);
}

/* The kernel looks for no lock in unions and arrays, and refuses BPF_F_LOCK then. */
static void test_locks(void **state)
{
	int lock = add_struct("bpf_spin_lock", 4), u, in, plain;
	struct layout *l;

	(void)state;
	add_field("val", U32, 0);
	u = btf__add_union(btf, "u", 4);
	add_field("l", lock, 0);
	add_field("x", U32, 0);
	in = btf__add_array(btf, U32, lock, 2);
	plain = add_holder(lock, 4);
	l = read_layout(u, 4);
	assert_false(l->has_lock);
	layout_unref(l);
	l = read_layout(in, 8);
	assert_false(l->has_lock);
	layout_unref(l);
	l = read_layout(plain, 8);
	assert_true(l->has_lock);
	layout_unref(l);
}

static void test_many_copies(void **state)
{
	int inner = add_struct(NULL, 0), empty = inner + 1, first = inner + 2, s;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "m%d", i);
		add_field(name, empty, 0);
	}
	assert_int_equal(add_struct("empty", 0), empty);
	for (int i = 0; i < 200; i++) {
		s = add_struct("s", 0);
		add_field(NULL, inner, 0);
	}
	s = add_struct("all", 4);
	for (int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "m%d", i);
		add_field(name, first + i, 0);
	}
	layout_unref(read_layout(s, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BTF_TEST(test_huge_arrays),
		BTF_TEST(test_text_of_nothing),
		BTF_TEST(test_doubling),
		BTF_TEST(test_doubling_by_name),
		BTF_TEST(test_deep),
		BTF_TEST(test_wide_unions),
		BTF_TEST(test_many_copies),
		BTF_TEST(test_nested_unions),
		BTF_TEST(test_nothing_owned_in_unions),
		BTF_TEST(test_locks),
	};

	libbpf_set_print(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
