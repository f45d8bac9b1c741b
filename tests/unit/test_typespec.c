/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/typespec.h"
#include "tests/unit/btf_load.h"

static const struct btf_type *type(const struct btf *btf, uint32_t id)
{
	return btf__type_by_id(btf, id);
}

static uint32_t parse(struct btf *btf, const char *word)
{
	struct diag d = {0};
	uint32_t id = 0;
	int err = typespec_parse(word, strlen(word), btf, &id, &d);

	if (err)
		fail_msg("'%s': %d at %zu: %s", word, err, d.offset, d.why);
	return id;
}

static void assert_prints(const struct btf *btf, uint32_t id, const char *word)
{
	struct buf out = BUF_INIT(1 << 20);

	assert_int_equal(typespec_print(btf, id, &out), 0);
	assert_buf(&out, word);
}

static void assert_unsayable(const struct btf *btf, int id)
{
	struct buf out = BUF_INIT(1 << 20);

	assert_true(id > 0);
	buf_adds(&out, "before");
	assert_int_equal(typespec_print(btf, (uint32_t)id, &out), -EOPNOTSUPP);
	assert_buf(&out, "before");
}

/* The words. */

static const struct {
	const char *word;
	uint32_t size, align;
	unsigned int kind;
	const char *name; /* in BTF */
	unsigned int encoding;
} words[] = {
	{"u8", 1, 1, BTF_KIND_INT, "unsigned char", 0},
	{"u16", 2, 2, BTF_KIND_INT, "unsigned short", 0},
	{"u32", 4, 4, BTF_KIND_INT, "unsigned int", 0},
	{"u64", 8, 8, BTF_KIND_INT, "unsigned long long", 0},
	{"s8", 1, 1, BTF_KIND_INT, "signed char", BTF_INT_SIGNED},
	{"s16", 2, 2, BTF_KIND_INT, "short", BTF_INT_SIGNED},
	{"s32", 4, 4, BTF_KIND_INT, "int", BTF_INT_SIGNED},
	{"s64", 8, 8, BTF_KIND_INT, "long long", BTF_INT_SIGNED},
	{"bool", 1, 1, BTF_KIND_INT, "_Bool", BTF_INT_BOOL},
	{"char", 1, 1, BTF_KIND_INT, "char", BTF_INT_SIGNED},
	{"float", 4, 4, BTF_KIND_FLOAT, "float", 0},
	{"double", 8, 8, BTF_KIND_FLOAT, "double", 0},
	{"be16", 2, 2, BTF_KIND_TYPEDEF, "__be16", 0},
	{"be32", 4, 4, BTF_KIND_TYPEDEF, "__be32", 0},
	{"be64", 8, 8, BTF_KIND_TYPEDEF, "__be64", 0},
	{"ipv4", 4, 4, BTF_KIND_STRUCT, "in_addr", 0},
	{"ipv6", 16, 4, BTF_KIND_STRUCT, "in6_addr", 0},
	{"mac", 6, 1, BTF_KIND_ARRAY, "", 0},
	{"ipv4_prefix", 8, 4, BTF_KIND_STRUCT, "ipv4_prefix", 0},
	{"ipv6_prefix", 20, 4, BTF_KIND_STRUCT, "ipv6_prefix", 0},
};

static void test_words(void **state)
{
	struct btf *btf = btf__new_empty();

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		uint32_t id = parse(btf, words[i].word);
		const struct btf_type *t = type(btf, id);

		assert_int_equal(btf_kind(t), words[i].kind);
		assert_string_equal(btf__name_by_offset(btf, t->name_off), words[i].name);
		assert_int_equal(btf__resolve_size(btf, id), words[i].size);
		assert_int_equal(btf__align_of(btf, id), words[i].align);
		if (btf_is_int(t))
			assert_int_equal(btf_int_encoding(t), words[i].encoding);
		if (btf_is_int(t))
			assert_int_equal(btf_int_bits(t), words[i].size * 8);
		assert_prints(btf, id, words[i].word);
	}
	assert_loads(btf);
	btf__free(btf);
}

/* A second word finds what the first one has made. */
static void test_shared(void **state)
{
	struct btf *btf = btf__new_empty();
	uint32_t u32 = parse(btf, "u32"), be32 = parse(btf, "be32"), count;

	(void)state;
	count = btf__type_cnt(btf);
	assert_int_equal(parse(btf, "u32"), u32);
	assert_int_equal(parse(btf, " be32 "), be32);
	parse(btf, "struct{u32 a;be32 b;u32 c;}");
	assert_int_equal(btf__type_cnt(btf), count + 1);
	btf__free(btf);
}

/* Names that are taken by something else are not mistaken for a word's. */
static void test_not_shared(void **state)
{
	struct btf *btf = btf__new_empty();
	int wide = btf__add_int(btf, "unsigned int", 8, 0);

	(void)state;
	btf__add_typedef(btf, "__be32", wide);
	btf__add_struct(btf, "in_addr", 4);
	assert_prints(btf, parse(btf, "struct{be32 a;u32 b;ipv4 c;}"),
		      "struct{be32 a;u32 b;ipv4 c;}");
	assert_int_equal(btf__resolve_size(btf, parse(btf, "u32")), 4);
	btf__free(btf);
}

static void test_canonical(void **state)
{
	static const struct {
		const char *word, *canonical;
		uint32_t size;
	} cases[] = {
		{" u32 [ 2 ]\t[3]\n", "u32[2][3]", 24},
		{"u8[6]", "mac", 6},
		{"u8[4][6]", "mac[4]", 24},
		{"u8[6][4]", "u8[6][4]", 24},
		{"char[16]", "char[16]", 16},
		{"u8[0x10]", "u8[16]", 16},
		{"struct{u8 a}", "struct{u8 a;}", 1},
		{"struct { u8 a ; u64 b ; } ", "struct{u8 a;u64 b;}", 16},
		{"struct{u64 b;u8 a;}", "struct{u64 b;u8 a;}", 16},
		{"struct{u32 a;char comm[16];}", "struct{u32 a;char[16] comm;}", 20},
		{"struct{u32 x[2][3];}", "struct{u32[2][3] x;}", 24},
		{"struct{u32[3] x[2];}", "struct{u32[2][3] x;}", 24},
		{"struct{u32[2]x;}", "struct{u32[2] x;}", 8},
		{"union{u8 a;u32 b;u8[5] c;}", "union{u8 a;u32 b;u8[5] c;}", 8},
		{"struct{u8 a;union{u32 b;u64 c;};}", "struct{u8 a;union{u32 b;u64 c;};}", 16},
		{"struct{struct{u8 a;}[3] b;u16 c;}", "struct{struct{u8 a;}[3] b;u16 c;}", 6},
		{"struct{struct{u8 a;}a;}", "struct{struct{u8 a;} a;}", 1},
		{"struct{struct{u8 a;}b;struct{u8 a;}c;}",
		 "struct{struct{u8 a;} b;struct{u8 a;} c;}", 2},
		{"struct{u16 u16;ipv4 ipv4;}", "struct{u16 u16;ipv4 ipv4;}", 8},
		{"struct{u8 a;}[2]", "struct{u8 a;}[2]", 2},
		{"struct{mac m;ipv6 a;ipv4_prefix p;ipv6_prefix q;}",
		 "struct{mac m;ipv6 a;ipv4_prefix p;ipv6_prefix q;}", 52},
		{"struct{u8 _1;u8 structx;u8 Int;}", "struct{u8 _1;u8 structx;u8 Int;}", 3},
		{"u8[2147483647]", "u8[2147483647]", INT32_MAX},
		{"struct{u32 prefixlen;ipv4 addr;}", "struct{u32 prefixlen;ipv4 addr;}", 8},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct btf *btf = btf__new_empty();
		uint32_t id = parse(btf, cases[i].word);

		assert_int_equal(btf__resolve_size(btf, id), cases[i].size);
		assert_prints(btf, id, cases[i].canonical);
		assert_loads(btf);
		btf__free(btf);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *word;
		size_t at;
	} cases[] = {
		{"", 0},
		{"  ", 2},
		{"u33", 0},
		{" U8", 1},
		{"u8 u8", 3},
		{"u8;", 2},
		{"int", 0},
		{"void", 0},
		{"struct", 6},
		{"struct x{u8 a;}", 7},
		{"struct{", 7},
		{"struct{}", 7},
		{"struct{ }", 8},
		{"union{}", 6},
		{"struct{;}", 7},
		{"struct{u8 a;;}", 12},
		{"struct{u8", 9},
		{"struct{u8 ", 10},
		{"struct{u8;}", 9},
		{"struct{u8 1;}", 10},
		{"struct{u8 a", 11},
		{"struct{u8 a;", 12},
		{"struct{u8 a b;}", 12},
		{"struct{u8 a,u8 b;}", 11},
		{"struct{u8 a;u9 b;}", 12},
		{"struct{u8 a;}x", 13},
		{"struct{u8 a;} }", 14},
		{"struct{u8 a;u8 a;}", 15},
		{"struct{u8 a;struct{u8 a;};}", 22},
		{"struct{struct{u8 a;};u8 a;}", 24},
		{"struct{struct{u8 a;};union{u8 b;struct{u8 c;u8 a;};};}", 47},
		{"struct{struct{u8 b;u8 b;} a;}", 22},
		{"struct{struct{u8 b;}[2];}", 23},
		{"struct{ipv4;}", 11},
		{"struct{u8 int;}", 10},
		{"struct{u8 while;}", 10},
		{"u8[", 3},
		{"u8[]", 3},
		{"u8[0]", 3},
		{"u8[-1]", 3},
		{"u8[2", 4},
		{"u8[2 2]", 5},
		{"u8[2147483648]", 3},
		{"u16[1073741824]", 4},
		{"u8[65536][32768]", 10},
		{"struct{u8[2147483647] a;u8 b;}", 24},
		{"struct{u8[2147483646] a;u16 b;}", 24},
		{"struct{u8[536870912] a;u8 b;}", 23},
		{"struct{u32 a;u8[2147483643] b;}", 6},
		{"u8*", 2},
		{"u8\x80", 2},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct btf *btf = btf__new_empty();
		struct diag d = {0};
		uint32_t id;
		int err = typespec_parse(cases[i].word, strlen(cases[i].word), btf, &id, &d);

		if (err != -EINVAL || d.err != EINVAL || !d.placed || !d.why[0] ||
		    d.offset != cases[i].at)
			fail_msg("'%s': %d at %zu, not %zu: %s", cases[i].word, err, d.offset,
				 cases[i].at, d.why);
		assert_int_equal(
			typespec_parse(cases[i].word, strlen(cases[i].word), btf, &id, NULL),
			-EINVAL);
		btf__free(btf);
	}
}

/* A NUL byte is a byte like others, and len is the end. */
static void test_length(void **state)
{
	struct btf *btf = btf__new_empty();
	uint32_t id;

	(void)state;
	assert_int_equal(typespec_parse("u8\0", 3, btf, &id, NULL), -EINVAL);
	assert_int_equal(typespec_parse("u16", 2, btf, &id, NULL), -EINVAL);
	assert_int_equal(typespec_parse("u88", 2, btf, &id, NULL), 0);
	assert_prints(btf, id, "u8");
	btf__free(btf);
}

/* Limits. */

/* depth records in each other, with what in the innermost one. */
static void nest(int depth, const char *what, struct buf *out)
{
	for (int i = 0; i < depth; i++)
		buf_adds(out, "struct{");
	buf_adds(out, what);
	for (int i = 0; i < depth; i++)
		buf_adds(out, i ? " x;}" : "}");
}

static void assert_parses(struct buf *word, bool may)
{
	struct btf *btf = btf__new_empty();
	struct diag d = {0};
	uint32_t id;
	int err = typespec_parse(word->data, word->len, btf, &id, &d);

	if (err != (may ? 0 : -EINVAL))
		fail_msg("%.200s: %d, %s", word->data, err, d.why);
	if (may)
		assert_loads(btf);
	if (may)
		assert_prints(btf, id, word->data);
	btf__free(btf);
	buf_free(word);
}

static void test_depth(void **state)
{
	static const struct {
		int depth;
		const char *what;
		bool may;
	} cases[] = {
		{32, "u8 a;", true},     {33, "u8 a;", false},     {31, "u8[2] a;", true},
		{32, "u8[2] a;", false}, {31, "ipv6[2] a;", true}, {32, "ipv6_prefix a;", true},
	};
	struct buf word = BUF_INIT(1 << 20);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		nest(cases[i].depth, cases[i].what, &word);
		assert_parses(&word, cases[i].may);
	}
	for (int n = 32; n <= 33; n++) {
		buf_adds(&word, "u8");
		for (int i = 0; i < n; i++)
			buf_adds(&word, "[1]");
		assert_parses(&word, n == 32);
	}
}

static void test_members(void **state)
{
	struct buf word = BUF_INIT(1 << 20);

	(void)state;
	for (int n = 4096; n <= 4097; n++) {
		buf_adds(&word, "struct{");
		for (int i = 0; i < n; i++)
			buf_addf(&word, "%s m%d;", i == 4095 ? "ipv6_prefix" : "u8", i);
		buf_addc(&word, '}');
		assert_parses(&word, n == 4096);
	}
	buf_adds(&word, "u8");
	for (int i = 0; i < TYPESPEC_MAX - 1; i++)
		buf_addc(&word, ' ');
	assert_parses(&word, false);
}

static void test_long_name(void **state)
{
	struct buf word = BUF_INIT(1 << 20);

	(void)state;
	for (int n = 255; n <= 256; n++) {
		buf_adds(&word, "struct{u8 ");
		for (int i = 0; i < n; i++)
			buf_addc(&word, 'n');
		buf_adds(&word, ";}");
		assert_parses(&word, n == 255);
	}
}

/* BTF of others. */

struct foreign {
	struct btf *btf;
	int u8, u32, u64;
};

static int setup(void **state)
{
	struct foreign *f = calloc(1, sizeof(*f));

	f->btf = btf__new_empty();
	f->u8 = btf__add_int(f->btf, "__u8-ish", 1, 0);
	f->u32 = btf__add_int(f->btf, "long unsigned", 4, 0);
	f->u64 = btf__add_int(f->btf, "size", 8, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct foreign *f = *state;

	btf__free(f->btf);
	free(f);
	return 0;
}

static int wrap(struct foreign *f, int id)
{
	id = btf__add_typedef(f->btf, "outer_t", btf__add_const(f->btf, id));
	return btf__add_type_tag(f->btf, "tag", btf__add_volatile(f->btf, id));
}

static void assert_foreign(struct foreign *f, int id, const char *word)
{
	assert_true(id > 0);
	assert_prints(f->btf, (uint32_t)id, word);
	assert_prints(f->btf, (uint32_t)wrap(f, id), word);
}

static void test_foreign_scalars(void **state)
{
	struct foreign *f = *state;
	struct btf *btf = f->btf;

	assert_foreign(f, f->u32, "u32");
	assert_foreign(f, btf__add_int(btf, "any", 2, BTF_INT_SIGNED), "s16");
	assert_foreign(f, btf__add_int(btf, "char", 1, BTF_INT_SIGNED), "char");
	assert_unsayable(btf, btf__add_int(btf, "char", 1, 0));
	assert_unsayable(btf, btf__add_int(btf, "char", 1, BTF_INT_CHAR));
	assert_foreign(f, btf__add_int(btf, "char", 2, 0), "u16");
	assert_foreign(f, btf__add_int(btf, "bool", 1, BTF_INT_BOOL), "bool");
	assert_foreign(f, btf__add_float(btf, "real", 8), "double");
	assert_foreign(f, btf__add_typedef(btf, "__be32", f->u32), "be32");
	assert_foreign(f, btf__add_typedef(btf, "__be32", wrap(f, f->u32)), "be32");
	assert_foreign(f, btf__add_typedef(btf, "in_addr_t", f->u32), "be32");
	assert_foreign(f, btf__add_typedef(btf, "__be32", f->u64), "u64");
	assert_foreign(f, btf__add_typedef(btf, "__be64", f->u64), "be64");
	assert_unsayable(btf, btf__add_int(btf, "wide", 16, 0));
	assert_unsayable(btf, btf__add_int(btf, "letter", 1, BTF_INT_CHAR));
	assert_unsayable(btf, btf__add_int(btf, "truth", 4, BTF_INT_BOOL));
	assert_unsayable(btf, btf__add_float(btf, "long double", 16));
	assert_unsayable(btf, btf__add_ptr(btf, f->u32));
	assert_unsayable(btf, btf__add_fwd(btf, "x", BTF_FWD_STRUCT));
	assert_unsayable(btf, btf__add_func_proto(btf, 0));
	assert_unsayable(btf, btf__add_typedef(btf, "nothing", 0));
	assert_unsayable(btf, btf__add_enum(btf, "e", 4));
	assert_unsayable(btf, btf__add_enum64(btf, "e", 8, false));
	assert_unsayable(btf, btf__add_var(btf, "v", 0, f->u32));
	assert_unsayable(btf, btf__add_array(btf, f->u32, f->u32, 0));
	assert_unsayable(btf, btf__add_array(btf, f->u32, f->u64, UINT32_MAX));
}

static void test_foreign_arrays(void **state)
{
	struct foreign *f = *state;
	int six = btf__add_array(f->btf, f->u32, wrap(f, f->u8), 6);

	assert_foreign(f, six, "mac");
	assert_foreign(f, btf__add_array(f->btf, f->u32, wrap(f, six), 2), "mac[2]");
	assert_foreign(f, btf__add_array(f->btf, f->u32, f->u8, 7), "u8[7]");
	assert_foreign(f,
		       btf__add_array(f->btf, f->u32, btf__add_array(f->btf, f->u32, f->u32, 3), 2),
		       "u32[2][3]");
}

/* A struct of u8 a at 0 and a member b of that type at that bit. */
static int pair(struct foreign *f, const char *name, const char *b, int id, uint32_t at,
		uint32_t size)
{
	int s = btf__add_struct(f->btf, name, size);

	assert_int_equal(btf__add_field(f->btf, "a", f->u8, 0, 0), 0);
	assert_int_equal(btf__add_field(f->btf, b, id, at, 0), 0);
	return s;
}

static void test_foreign_structs(void **state)
{
	struct foreign *f = *state;
	struct btf *btf = f->btf;
	int addr = btf__add_struct(btf, "in_addr", 4), addr6, inner, s;

	btf__add_field(btf, "any", f->u32, 0, 0);
	addr6 = btf__add_struct(btf, "in6_addr", 16);
	assert_foreign(f, addr, "ipv4");
	assert_foreign(f, addr6, "ipv6");
	assert_foreign(f, pair(f, "x", "b", wrap(f, addr6), 32, 20), "struct{u8 a;ipv6 b;}");
	assert_unsayable(btf, pair(f, "x", "b", addr6, 8, 17));
	assert_foreign(f, pair(f, "x", "b", f->u64, 64, 16), "struct{u8 a;u64 b;}");
	assert_unsayable(btf, pair(f, "x", "b", f->u64, 8, 9));    /* packed */
	assert_unsayable(btf, pair(f, "x", "b", f->u64, 128, 24)); /* aligned by hand */
	assert_unsayable(btf, pair(f, "x", "b", f->u64, 64, 32));
	assert_unsayable(btf, pair(f, "x", "a", f->u64, 64, 16));
	assert_unsayable(btf, pair(f, "x", "", f->u64, 64, 16));
	assert_unsayable(btf, pair(f, "x", "b;u8 c", f->u64, 64, 16));
	assert_unsayable(btf, pair(f, "x", "int", f->u64, 64, 16));
	assert_unsayable(btf, pair(f, "x", "b.c", f->u64, 64, 16));
	assert_unsayable(btf, pair(f, "x", "b[2]", f->u64, 64, 16));
	assert_unsayable(btf, pair(f, "bpf_timer", "b", f->u64, 64, 16));
	assert_unsayable(btf, pair(f, "x", "", addr, 32, 8));
	assert_unsayable(btf, btf__add_struct(btf, "empty", 0));
	assert_unsayable(btf, btf__add_struct(btf, "bpf_spin_lock", 4));
	inner = pair(f, NULL, "c", f->u32, 32, 8);
	s = btf__add_struct(btf, "outer", 8);
	btf__add_field(btf, "", wrap(f, inner) - 4 /* inner itself */, 0, 0);
	assert_int_equal(btf__resolve_size(btf, (uint32_t)s), 8);
	assert_unsayable(btf, pair(f, "x", "", inner, 32, 12)); /* a is there already */
	s = btf__add_struct(btf, "bits", 4);
	btf__add_field(btf, "a", f->u32, 0, 3);
	assert_unsayable(btf, s);
}

static void test_foreign_prefixes(void **state)
{
	struct foreign *f = *state;
	int addr = btf__add_struct(f->btf, "in_addr", 4), p;

	p = btf__add_struct(f->btf, "ipv4_prefix", 8);
	btf__add_field(f->btf, "prefixlen", f->u32, 0, 0);
	btf__add_field(f->btf, "addr", addr, 32, 0);
	assert_foreign(f, p, "ipv4_prefix");
	p = btf__add_struct(f->btf, "ipv4_prefix", 8);
	btf__add_field(f->btf, "prefixlen", f->u32, 0, 0);
	btf__add_field(f->btf, "addr", f->u32, 32, 0);
	assert_foreign(f, p, "struct{u32 prefixlen;u32 addr;}");
	p = btf__add_struct(f->btf, "my_prefix", 8);
	btf__add_field(f->btf, "prefixlen", f->u32, 0, 0);
	btf__add_field(f->btf, "addr", addr, 32, 0);
	assert_foreign(f, p, "struct{u32 prefixlen;ipv4 addr;}");
}

static void assert_c(const struct btf *btf, int id, const char *expected)
{
	struct buf out = BUF_INIT(1 << 20);

	assert_int_equal(typespec_print_c(btf, (uint32_t)id, "key", &out), expected ? 0 : -EINVAL);
	buf_adds(&out, "");
	assert_buf(&out, expected ? expected : "");
}

/* Neither kernel nor compiler would give such BTF. */
static void test_hostile(void **state)
{
	struct foreign *f = *state;
	struct btf *btf = f->btf;
	int loop = btf__add_typedef(btf, "loop", f->u64 + 1), s, array, wide, flat;

	s = btf__add_struct(btf, "s", 4);
	btf__add_field(btf, "s", s, 0, 0);
	array = btf__add_array(btf, f->u32, s + 1, 2);
	assert_unsayable(btf, loop);
	assert_unsayable(btf, s);
	assert_unsayable(btf, array);
	assert_unsayable(btf, btf__add_array(btf, f->u32, 99999, 2));
	assert_unsayable(btf, 99999);
	assert_c(btf, loop, NULL);
	assert_c(btf, s, NULL);
	assert_c(btf, array, NULL);
	assert_c(btf, 0, NULL);
	assert_c(btf, 99999, NULL);
	wide = flat = f->u8;
	for (int i = 0; i < 60; i++) { /* 2^60 parts */
		int id = btf__add_union(btf, "wide", 1), other;

		btf__add_field(btf, "a", wide, 0, 0);
		btf__add_field(btf, "b", wide, 0, 0);
		other = btf__add_union(btf, NULL, 1);
		btf__add_field(btf, "a", flat, 0, 0);
		btf__add_field(btf, "b", flat, 0, 0);
		wide = id;
		flat = other;
	}
	assert_unsayable(btf, wide);
	assert_unsayable(btf, flat);
	assert_c(btf, wide, NULL);
	assert_c(btf, flat, NULL);
	s = btf__add_struct(btf, "gap", INT32_MAX / 8);
	btf__add_field(btf, "a", f->u8, 0, 0);
	assert_c(btf, s, NULL);
}

/* Raw BTF with bytes changed at random: any answer but a crash. */
static void test_noise(void **state)
{
	struct btf *btf = btf__new_empty();
	unsigned char *bytes;
	const void *raw;
	uint32_t size;

	(void)state;
	for (int i = 0; i < 5; i++)
		parse(btf, "struct{u32 a;struct{ipv6 b;mac[2] c;};union{bool d;char[9] e;} f[3];}");
	raw = btf__raw_data(btf, &size);
	bytes = malloc(size);
	for (int round = 0; round < 300; round++) {
		struct btf *bad;

		memcpy(bytes, raw, size);
		for (uint32_t i = random_below(8); i < 8; i++)
			bytes[24 + random_below(size - 24)] = (unsigned char)random_below(40);
		bad = btf__new(bytes, size);
		for (uint32_t id = 1; bad && id < btf__type_cnt(bad); id++) {
			struct buf out = BUF_INIT(1 << 11);

			typespec_print(bad, id, &out);
			typespec_print_c(bad, id, "x", &out);
			buf_free(&out);
		}
		btf__free(bad);
	}
	free(bytes);
	btf__free(btf);
}

/* C. */

static void test_c(void **state)
{
	struct foreign *f = *state;
	struct btf *btf = f->btf;
	int word = btf__add_typedef(btf, "word", f->u32), e, s, p, sec;
	struct buf out = BUF_INIT(30);

	assert_c(btf, f->u64, "size key;\n");
	assert_c(btf, (int)parse(btf, "char[16]"), "char key[16];\n");
	assert_c(btf, word, "typedef long unsigned word;\n\nword key;\n");
	assert_c(btf, (int)parse(btf, "struct{u32 a;}"), "struct {\n\tunsigned int a;\n} key;\n");
	e = btf__add_enum(btf, NULL, 4);
	btf__add_enum_value(btf, "RED", 1);
	assert_c(btf, e, "enum {\n\tRED = 1,\n} key;\n");
	p = btf__add_ptr(btf, btf__add_struct(btf, "gone", 400));
	s = btf__add_struct(btf, "flow", 16);
	btf__add_field(btf, "w", word, 0, 0);
	btf__add_field(btf, "p", p, 64, 0);
	assert_c(btf, s,
		 "typedef long unsigned word;\n\nstruct gone;\n\n"
		 "struct flow {\n\tword w;\n\tstruct gone *p;\n};\n\nstruct flow key;\n");
	btf__add_var(btf, "count", BTF_VAR_STATIC, word);
	btf__add_var(btf, "flows", BTF_VAR_STATIC, s);
	sec = btf__add_datasec(btf, ".data", 24);
	btf__add_datasec_var_info(btf, sec - 2, 0, 4);
	btf__add_datasec_var_info(btf, sec - 1, 8, 16);
	assert_c(btf, sec,
		 "typedef long unsigned word;\n\nstruct gone;\n\n"
		 "struct flow {\n\tword w;\n\tstruct gone *p;\n};\n\nword count;\nstruct flow "
		 "flows;\n");
	buf_adds(&out, "before");
	assert_int_equal(typespec_print_c(btf, (uint32_t)s, "key", &out), -EINVAL);
	assert_buf(&out, "before");
}

/* Random types, beside a model of C's rules. */

enum { NODES = 200, MEMBERS = 5 };

struct node {
	unsigned int word; /* of words[], if neither of the others */
	uint32_t count;    /* an array of members[0] */
	bool is_record, is_union;
	uint32_t member_count;
	struct node *members[MEMBERS];
	uint32_t offsets[MEMBERS];
	uint32_t names[MEMBERS]; /* 0: anonymous */
	uint32_t size, align;
};

struct model {
	struct node nodes[NODES];
	uint32_t node_count;
	uint32_t name_count;
};

static uint32_t round_up(uint32_t n, uint32_t align)
{
	return n % align ? n + align - n % align : n;
}

static struct node *random_node(struct model *m, int depth);

static void random_array(struct model *m, struct node *n, int depth)
{
	n->members[0] = random_node(m, depth + 1);
	n->count = 1 + random_below(5); /* not 6: a mac */
	n->size = n->count * n->members[0]->size;
	n->align = n->members[0]->align;
}

static void random_record(struct model *m, struct node *n, int depth)
{
	n->is_record = true;
	n->is_union = random_below(3) == 0;
	n->align = 1;
	n->member_count = 1 + random_below(MEMBERS);
	for (uint32_t i = 0; i < n->member_count; i++) {
		struct node *member = random_node(m, depth + 1);
		uint32_t end;

		n->members[i] = member;
		n->offsets[i] = n->is_union ? 0 : round_up(n->size, member->align);
		end = n->offsets[i] + member->size;
		n->size = end > n->size ? end : n->size;
		n->align = member->align > n->align ? member->align : n->align;
		n->names[i] = member->is_record && random_below(2) ? 0 : ++m->name_count;
	}
	n->size = round_up(n->size, n->align);
}

static struct node *random_node(struct model *m, int depth)
{
	struct node *n = &m->nodes[m->node_count++];
	bool leaf = depth == 4 || m->node_count > NODES - 50;

	*n = (struct node){.word = random_below(ARRAY_SIZE(words))};
	if (!leaf && random_below(4) == 0) {
		random_array(m, n, depth);
	} else if (!leaf && (depth == 0 || random_below(3) == 0)) {
		random_record(m, n, depth);
	} else {
		n->size = words[n->word].size;
		n->align = words[n->word].align;
	}
	return n;
}

/* Blanks, where they may be: in a canonical word never. */
static void blank(struct buf *out, bool canonical)
{
	static const char *const blanks[] = {"", "", "", " ", "\t", "\n ", "  "};

	if (!canonical)
		buf_adds(out, blanks[random_below(ARRAY_SIZE(blanks))]);
}

static void spell(const struct node *n, bool canonical, struct buf *out);

static void spell_counts(const struct node *const *arrays, uint32_t from, uint32_t to,
			 bool canonical, struct buf *out)
{
	for (uint32_t i = from; i < to; i++) {
		blank(out, canonical);
		buf_adds(out, "[");
		blank(out, canonical);
		buf_addf(out, canonical || random_below(2) ? "%u" : "0x%x", arrays[i]->count);
		blank(out, canonical);
		buf_adds(out, "]");
	}
}

/* With some of the dimensions behind the name, those on the left; 0: there is no name. */
static void spell_member(const struct node *n, uint32_t name, bool canonical, struct buf *out)
{
	const struct node *arrays[8];
	uint32_t count = 0, split;

	for (; n->count; n = n->members[0])
		arrays[count++] = n;
	split = canonical || !name ? 0 : random_below(count + 1);
	spell(n, canonical, out);
	spell_counts(arrays, split, count, canonical, out);
	if (name)
		buf_addf(out, " m%u", name);
	spell_counts(arrays, 0, split, canonical, out);
}

static void spell(const struct node *n, bool canonical, struct buf *out)
{
	if (n->count) {
		spell_member(n, 0, canonical, out);
		return;
	}
	if (!n->is_record) {
		buf_adds(out, words[n->word].word);
		return;
	}
	buf_adds(out, n->is_union ? "union" : "struct");
	blank(out, canonical);
	buf_adds(out, "{");
	for (uint32_t i = 0; i < n->member_count; i++) {
		blank(out, canonical);
		spell_member(n->members[i], n->names[i], canonical, out);
		blank(out, canonical);
		if (canonical || i < n->member_count - 1 || random_below(2))
			buf_adds(out, ";");
	}
	blank(out, canonical);
	buf_adds(out, "}");
}

static void assert_like(const struct btf *btf, uint32_t id, const struct node *n)
{
	const struct btf_type *t = type(btf, id);

	assert_int_equal(btf__resolve_size(btf, id), n->size);
	if (n->count) {
		assert_int_equal(btf_array(t)->nelems, n->count);
		assert_like(btf, btf_array(t)->type, n->members[0]);
	}
	if (!n->is_record)
		return;
	assert_int_equal(btf_kind(t), n->is_union ? BTF_KIND_UNION : BTF_KIND_STRUCT);
	assert_int_equal(btf_vlen(t), n->member_count);
	for (uint32_t i = 0; i < n->member_count; i++) {
		const char *name = btf__name_by_offset(btf, btf_members(t)[i].name_off);

		assert_int_equal(btf_member_bit_offset(t, i), n->offsets[i] * 8);
		assert_int_equal(name[0] ? strtoul(name + 1, NULL, 10) : 0, n->names[i]);
		assert_like(btf, btf_members(t)[i].type, n->members[i]);
	}
}

static void test_random(void **state)
{
	struct model *m = malloc(sizeof(*m));

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct buf loose = BUF_INIT(1 << 20), canonical = BUF_INIT(1 << 20);
		struct btf *btf = btf__new_empty();
		struct node *n;
		uint32_t id;

		m->node_count = m->name_count = 0;
		n = random_node(m, 0);
		spell(n, false, &loose);
		spell(n, true, &canonical);
		id = parse(btf, loose.data);
		assert_like(btf, id, n);
		assert_prints(btf, id, canonical.data);
		id = parse(btf, canonical.data);
		assert_like(btf, id, n);
		assert_prints(btf, id, canonical.data);
		assert_loads(btf);
		buf_free(&loose);
		buf_free(&canonical);
		btf__free(btf);
	}
	free(m);
}

/* Words cut short and words with a byte changed: refused in their bounds, or right. */
static void test_random_text(void **state)
{
	static const char word[] =
		"struct{u32 a;struct{ipv6 b;mac[2] c;};union{s8 d;char e[9];} f[3];}";
	static const char bytes[] = "{}[];u8 a0x3\t_s";

	(void)state;
	for (int round = 0; round < 5000; round++) {
		size_t len = random_below(2) ? sizeof(word) - 1 : random_below(sizeof(word));
		char *text = malloc(len + 1);
		struct btf *btf = btf__new_empty();
		struct diag d = {0};
		uint32_t id;
		int err;

		memcpy(text, word, len);
		for (uint32_t i = random_below(4); i && len; i--)
			text[random_below((uint32_t)len)] = bytes[random_below(sizeof(bytes))];
		text = realloc(text, len ? len : 1);
		err = typespec_parse(text, len, btf, &id, &d);
		if (err && (err != -EINVAL || d.err != EINVAL || d.offset > len))
			fail_msg("'%.*s': %d at %zu", (int)len, text, err, d.offset);
		if (!err) {
			struct buf out = BUF_INIT(1 << 16);

			assert_int_equal(typespec_print(btf, id, &out), 0);
			buf_free(&out);
		}
		btf__free(btf);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_not_shared),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test_setup_teardown(test_foreign_scalars, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_arrays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_structs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_prefixes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_c, setup, teardown),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_text),
	};

	libbpf_set_print(NULL);
	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
