/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btfcopy.h"
#include "tests/unit/btf_load.h"

struct fixture {
	struct btf *src, *dst;
	struct btfcopy *copy;
	int u32; /* the first type of src */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->src = btf__new_empty();
	f->dst = btf__new_empty();
	f->u32 = btf__add_int(f->src, "unsigned int", 4, 0);
	*state = f;
	return f->u32 == 1 ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	btfcopy_free(f->copy);
	btf__free(f->src);
	btf__free(f->dst);
	free(f);
	return 0;
}

/* src is complete; copies one of its types. */
static int copy(struct fixture *f, int id)
{
	if (!f->copy)
		assert_int_equal(btfcopy_new(f->dst, f->src, &f->copy), 0);
	return btfcopy_add(f->copy, (uint32_t)id);
}

static const struct btf_type *type(const struct btf *btf, int id)
{
	return btf__type_by_id(btf, (uint32_t)id);
}

static const char *name(const struct btf *btf, const struct btf_type *t)
{
	return btf__name_by_offset(btf, t->name_off);
}

/* What member i of the struct id is, in dst. */
static const struct btf_type *member(struct fixture *f, int id, int i)
{
	return btf__type_by_id(f->dst, btf_members(type(f->dst, id))[i].type);
}

static int count_kind(const struct btf *btf, unsigned int kind)
{
	int found = 0;

	for (uint32_t id = 1; id < btf__type_cnt(btf); id++)
		found += btf_kind(btf__type_by_id(btf, id)) == kind;
	return found;
}

/* The raw bytes of both types are the same but for names and references. */
static void assert_same(const struct fixture *f, int id, int copied)
{
	const struct btf_type *a = type(f->src, id), *b = type(f->dst, copied);

	assert_non_null(b);
	assert_int_equal(a->info, b->info);
	assert_string_equal(name(f->src, a), name(f->dst, b));
	if (!btf_is_mod(a) && !btf_is_typedef(a) && !btf_is_ptr(a) && !btf_is_var(a))
		assert_int_equal(a->size, b->size);
}

static void test_scalars(void **state)
{
	struct fixture *f = *state;
	struct btf *src = f->src;
	int ids[] = {
		btf__add_int(src, "long long", 8, BTF_INT_SIGNED),
		btf__add_int(src, "_Bool", 1, BTF_INT_BOOL),
		btf__add_int(src, "c", 1, BTF_INT_CHAR),
		btf__add_float(src, "double", 8),
		btf__add_fwd(src, "gone", BTF_FWD_UNION),
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		int id = copy(f, ids[i]);

		assert_same(f, ids[i], id);
		assert_int_equal(copy(f, ids[i]), id);
		if (btf_is_int(type(src, ids[i])))
			assert_int_equal(btf_int_encoding(type(src, ids[i])),
					 btf_int_encoding(type(f->dst, id)));
	}
	assert_int_equal(copy(f, 0), 0);
	assert_int_equal(btf__type_cnt(f->dst), 1 + ARRAY_SIZE(ids));
	assert_loads(f->dst);
}

static void test_enums(void **state)
{
	struct fixture *f = *state;
	int e = btf__add_enum(f->src, "color", 4), e64, id;

	btf__add_enum_value(f->src, "RED", -1);
	btf__add_enum_value(f->src, "BLUE", 7);
	e64 = btf__add_enum64(f->src, "wide", 8, true);
	btf__add_enum64_value(f->src, "WIDE", 1ULL << 40);
	id = copy(f, e);
	assert_same(f, e, id);
	assert_int_equal(btf_enum(type(f->dst, id))[0].val, -1);
	assert_string_equal(btf__name_by_offset(f->dst, btf_enum(type(f->dst, id))[1].name_off),
			    "BLUE");
	id = copy(f, e64);
	assert_same(f, e64, id);
	assert_int_equal(btf_enum64_value(btf_enum64(type(f->dst, id))), 1ULL << 40);
	assert_loads(f->dst);
}

/* Bit-fields, a union, an array, qualifiers: exact; shared types stay shared. */
static void test_struct(void **state)
{
	struct fixture *f = *state;
	struct btf *src = f->src;
	int array = btf__add_array(src, f->u32, f->u32, 3);
	int word = btf__add_typedef(src, "word", btf__add_const(src, f->u32));
	int loose = btf__add_volatile(src, f->u32);
	int both = btf__add_union(src, NULL, 4), s, id;
	const struct btf_type *t;

	btf__add_field(src, "x", f->u32, 0, 0);
	s = btf__add_struct(src, "all", 28);
	btf__add_field(src, "a", f->u32, 0, 3);
	btf__add_field(src, "b", f->u32, 3, 7);
	btf__add_field(src, NULL, both, 32, 0);
	btf__add_field(src, "many", array, 64, 0);
	btf__add_field(src, "w", word, 160, 0);
	btf__add_field(src, "v", loose, 192, 0);
	id = copy(f, s);
	t = type(f->dst, id);
	assert_same(f, s, id);
	assert_true(btf_kflag(t));
	for (unsigned int i = 0; i < btf_vlen(t); i++)
		assert_int_equal(btf_members(t)[i].offset, btf_members(type(src, s))[i].offset);
	assert_int_equal(count_kind(f->dst, BTF_KIND_INT), 1);
	assert_int_equal(btf_array(member(f, id, 3))->nelems, 3);
	assert_string_equal(name(f->dst, member(f, id, 4)), "word");
	assert_loads(f->dst);
}

/* What a pointer reaches: "struct s *", through a typedef, a const, a tag, nothing. */
static void test_pointers(void **state)
{
	struct fixture *f = *state;
	struct btf *src = f->src;
	int big = btf__add_struct(src, "big", 4), nameless, u, array, proto, p[9], s, id;
	const struct btf_type *t[ARRAY_SIZE(p)];

	btf__add_field(src, "a", f->u32, 0, 0);
	nameless = btf__add_struct(src, NULL, 4);
	btf__add_field(src, "a", f->u32, 0, 0);
	u = btf__add_union(src, "either", 4);
	btf__add_field(src, "a", f->u32, 0, 0);
	array = btf__add_array(src, f->u32, big, 3);
	proto = btf__add_func_proto(src, f->u32);
	p[0] = btf__add_ptr(src, big);
	p[1] = btf__add_ptr(src, btf__add_typedef(src, "big_t", btf__add_const(src, big)));
	p[2] = btf__add_ptr(src, btf__add_type_tag(src, "kptr", big));
	p[3] = btf__add_ptr(src, nameless);
	p[4] = btf__add_ptr(src, u);
	p[5] = btf__add_ptr(src, array);
	p[6] = btf__add_ptr(src, proto);
	p[7] = btf__add_ptr(src, 0);
	p[8] = btf__add_ptr(src, btf__add_ptr(src, f->u32));
	s = btf__add_struct(src, "pointers", 8 * ARRAY_SIZE(p));
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++)
		btf__add_field(src, "p", p[i], i * 64, 0);
	id = copy(f, s);
	assert_true(id > 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++) {
		assert_true(btf_is_ptr(member(f, id, (int)i)));
		t[i] = btf__type_by_id(f->dst, member(f, id, (int)i)->type);
	}
	assert_true(btf_is_fwd(t[0]) && !btf_kflag(t[0]));
	assert_string_equal(name(f->dst, t[0]), "big");
	assert_true(btf_is_typedef(t[1]));
	assert_string_equal(name(f->dst, t[1]), "big_t");
	t[1] = btf__type_by_id(f->dst, btf__type_by_id(f->dst, t[1]->type)->type);
	assert_ptr_equal(t[1], t[0]);
	assert_true(btf_is_type_tag(t[2]));
	t[2] = btf__type_by_id(f->dst, t[2]->type);
	assert_true(btf_is_struct(t[2]) && btf_vlen(t[2]) == 0 && t[2]->size == 4);
	assert_string_equal(name(f->dst, t[2]), "big");
	assert_true(btf_is_fwd(t[4]) && btf_kflag(t[4]));
	for (unsigned int i = 3; i < 8; i++)
		assert_true(i == 4 || btf_is_void(t[i]));
	assert_true(btf_is_ptr(t[8]));
	assert_true(btf_is_int(btf__type_by_id(f->dst, t[8]->type)));
	assert_loads(f->dst);
}

/* A struct that is there by value as well is no FWD, whichever comes first. */
static void test_pointer_to_copied(void **state)
{
	struct fixture *f = *state;
	struct btf *src = f->src;
	int inner = btf__add_struct(src, "inner", 4), p, t, s, id;

	btf__add_field(src, "a", f->u32, 0, 0);
	t = btf__add_typedef(src, "inner_t", inner);
	p = btf__add_ptr(src, t);
	s = btf__add_struct(src, "node", 24);
	btf__add_field(src, "inner", p, 0, 0);
	btf__add_field(src, "next", p + 2, 64, 0);
	btf__add_field(src, "value", t, 128, 0);
	assert_int_equal(btf__add_ptr(src, s), p + 2);
	id = copy(f, s);
	assert_int_equal(member(f, id, 0)->type, btf_members(type(f->dst, id))[2].type);
	assert_int_equal(member(f, id, 1)->type, id);
	assert_int_equal(count_kind(f->dst, BTF_KIND_FWD), 0);
	assert_int_equal(count_kind(f->dst, BTF_KIND_STRUCT), 2);
	assert_loads(f->dst);
}

static void test_datasec(void **state)
{
	struct fixture *f = *state;
	struct btf *src = f->src;
	int array = btf__add_array(src, f->u32, f->u32, 2);
	int a = btf__add_var(src, "a", BTF_VAR_STATIC, f->u32);
	int b = btf__add_var(src, "b", BTF_VAR_GLOBAL_ALLOCATED, array);
	int sec = btf__add_datasec(src, ".data", 16), id;
	const struct btf_var_secinfo *vars;

	btf__add_datasec_var_info(src, a, 0, 4);
	btf__add_datasec_var_info(src, b, 8, 8);
	btf__add_decl_tag(src, "mine", b, -1);
	id = copy(f, sec);
	assert_same(f, sec, id);
	vars = btf_var_secinfos(type(f->dst, id));
	assert_int_equal(vars[1].offset, 8);
	assert_int_equal(vars[1].size, 8);
	assert_same(f, a, (int)vars[0].type);
	assert_same(f, b, (int)vars[1].type);
	assert_int_equal(btf_var(type(f->dst, (int)vars[1].type))->linkage,
			 BTF_VAR_GLOBAL_ALLOCATED);
	assert_int_equal(count_kind(f->dst, BTF_KIND_DECL_TAG), 1);
	assert_loads(f->dst);
}

/* Tags follow what is copied whole, and "contains:" brings the struct that it names. */
static void test_decl_tags(void **state)
{
	struct fixture *f = *state;
	struct btf *src = f->src;
	int list = btf__add_struct(src, "bpf_list_head", 16), node, lock, elem, s, p, other;
	int found = 0;

	node = btf__add_struct(src, "bpf_list_node", 24);
	lock = btf__add_struct(src, "bpf_spin_lock", 4);
	elem = btf__add_struct(src, "elem", 32);
	btf__add_field(src, "node", node, 0, 0);
	btf__add_field(src, "data", f->u32, 192, 0);
	other = btf__add_struct(src, "other", 4);
	btf__add_field(src, "a", f->u32, 0, 0);
	btf__add_decl_tag(src, "unwanted", other, 0);
	p = btf__add_ptr(src, other);
	s = btf__add_struct(src, "value", 32);
	btf__add_field(src, "head", list, 0, 0);
	btf__add_field(src, "lock", lock, 128, 0);
	btf__add_field(src, "p", p, 192, 0);
	btf__add_decl_tag(src, "contains:elem:node", s, 0);
	btf__add_decl_tag(src, "whole", s, -1);
	btf__add_decl_tag(src, "data", elem, 1);
	s = copy(f, s);
	assert_true(s > 0);
	for (uint32_t id = 1; id < btf__type_cnt(f->dst); id++) {
		const struct btf_type *t = btf__type_by_id(f->dst, id);

		if (!btf_is_decl_tag(t))
			continue;
		found++;
		if (strcmp(name(f->dst, t), "contains:elem:node") == 0)
			assert_true(t->type == (uint32_t)s && btf_decl_tag(t)->component_idx == 0);
		else if (strcmp(name(f->dst, t), "whole") == 0)
			assert_true(t->type == (uint32_t)s && btf_decl_tag(t)->component_idx == -1);
		else
			assert_string_equal(name(f->dst, t), "data");
	}
	assert_int_equal(found, 3);
	assert_true(btf__find_by_name_kind(f->dst, "elem", BTF_KIND_STRUCT) > 0);
	assert_int_equal(btf__find_by_name_kind(f->dst, "other", BTF_KIND_STRUCT), -ENOENT);
	assert_loads(f->dst);
}

/* Sources that no kernel has accepted. */

static int copy_fresh(struct fixture *f, int id)
{
	btfcopy_free(f->copy);
	f->copy = NULL;
	return copy(f, id);
}

static void test_missing(void **state)
{
	struct fixture *f = *state;
	struct btf *src = f->src;
	int s = btf__add_struct(src, "s", 4), array, p;

	btf__add_field(src, "a", 77777, 0, 0);
	array = btf__add_array(src, f->u32, 77777, 3);
	p = btf__add_ptr(src, 77777);
	assert_int_equal(copy_fresh(f, s), -EINVAL);
	assert_int_equal(copy_fresh(f, array), -EINVAL);
	assert_int_equal(copy_fresh(f, p), -EINVAL);
	assert_int_equal(copy_fresh(f, 77777), -EINVAL);
	assert_int_equal(copy_fresh(f, -1), -EINVAL);
	assert_int_equal(copy_fresh(f, btf__add_func_proto(src, 0)), -EINVAL);
	assert_int_equal(copy_fresh(f, btf__add_decl_tag(src, "x", s, -1)), -EINVAL);
}

static void test_cycles(void **state)
{
	struct fixture *f = *state;
	struct btf *src = f->src;
	int t = btf__add_typedef(src, "t", f->u32 + 1), s, a, p;

	s = btf__add_struct(src, "s", 4);
	btf__add_field(src, "s", s, 0, 0);
	a = btf__add_array(src, f->u32, s + 1, 3);
	p = btf__add_ptr(src, s + 2);
	assert_int_equal(copy_fresh(f, t), -EINVAL);
	assert_int_equal(copy_fresh(f, s), -EINVAL);
	assert_int_equal(a, s + 1);
	assert_int_equal(copy_fresh(f, a), -EINVAL);
	copy_fresh(f, p); /* to itself: any answer */
	copy_fresh(f, btf__add_ptr(src, t));
	copy_fresh(f, btf__add_ptr(src, a));
}

/* Deep is refused, but long chains of pointers become void. */
static void test_depth(void **state)
{
	struct fixture *f = *state;
	int s = f->u32, p = f->u32, wide = f->u32;

	for (int i = 0; i < 1000; i++) {
		int id = btf__add_struct(f->src, "s", 4);

		btf__add_field(f->src, "s", s, 0, 0);
		s = id;
		wide = i < 100 ? id : wide;
		p = btf__add_ptr(f->src, p);
	}
	assert_int_equal(copy_fresh(f, s), -EINVAL);
	assert_true(copy_fresh(f, p) > 0);
	assert_true(copy_fresh(f, wide) > 0);
}

static void test_depth_loads(void **state)
{
	struct fixture *f = *state;
	int s = f->u32, p = f->u32;

	for (int i = 0; i < 100; i++) {
		int id = btf__add_struct(f->src, "s", 4);

		btf__add_field(f->src, "s", s, 0, 0);
		s = id;
		p = btf__add_ptr(f->src, p);
	}
	assert_true(copy(f, s) > 0);
	assert_true(copy(f, p) > 0);
	assert_loads(f->dst);
}

/* Raw BTF with bytes changed at random: any answer but a crash. */
static void test_noise(void **state)
{
	struct fixture *f = *state;
	struct btf *src = f->src;
	uint32_t size;
	const void *raw;
	unsigned char *bytes;

	for (int i = 0; i < 20; i++) {
		int s = btf__add_struct(src, "s", 24);

		btf__add_field(src, "a", f->u32, 0, 0);
		btf__add_field(src, "b", s + 1, 64, 0);
		btf__add_field(src, "c", s + 2, 128, 0);
		btf__add_ptr(src, s + 3);
		btf__add_typedef(src, "t", f->u32);
		btf__add_type_tag(src, "kptr", s);
		btf__add_array(src, f->u32, s, 2);
		btf__add_enum(src, "e", 4);
		btf__add_enum_value(src, "E", i);
		btf__add_decl_tag(src, "contains:s:a", s, 1);
	}
	raw = btf__raw_data(src, &size);
	bytes = malloc(size);
	for (int round = 0; round < 3000; round++) {
		struct btf *bad, *dst = btf__new_empty();
		struct btfcopy *c;

		memcpy(bytes, raw, size);
		for (uint32_t i = random_below(8); i < 8; i++)
			random_bytes(bytes + 24 + random_below(size - 28), 1 + random_below(4));
		bad = btf__new(bytes, size);
		if (bad) {
			assert_int_equal(btfcopy_new(dst, bad, &c), 0);
			for (uint32_t id = 1; id < btf__type_cnt(bad); id++)
				btfcopy_add(c, id);
			btfcopy_free(c);
		}
		btf__free(bad);
		btf__free(dst);
	}
	free(bytes);
}

/* Random types: the C of a struct and of its copy are the same. */

enum { TYPES = 40 };

struct pool {
	struct btf *btf;
	int by_value[TYPES]; /* may be members */
	uint32_t sizes[TYPES];
	uint32_t count;
};

static void keep(struct pool *p, int id, uint32_t size)
{
	assert_true(id > 0);
	p->by_value[p->count] = id;
	p->sizes[p->count++] = size;
}

static const char *fresh_name(const struct pool *p)
{
	static char text[32];

	snprintf(text, sizeof(text), "n%u", btf__type_cnt(p->btf));
	return text;
}

/* A name that no type has: where one does, libbpf renames what it prints later. */
static void add_enumerator(const struct pool *p)
{
	char name[32];

	snprintf(name, sizeof(name), "E%u", btf__type_cnt(p->btf));
	btf__add_enum_value(p->btf, name, random_below(9));
}

static void random_struct(struct pool *p)
{
	uint32_t picks[5], count = 1 + random_below(ARRAY_SIZE(picks)), offset = 0, size = 0;
	bool is_union = random_below(3) == 0;
	int id;

	for (uint32_t i = 0; i < count; i++) {
		picks[i] = random_below(p->count);
		offset = (offset + 7) & ~7U;
		offset += p->sizes[picks[i]];
		size = p->sizes[picks[i]] > size ? p->sizes[picks[i]] : size;
	}
	size = ((is_union ? size : offset) + 7) & ~7U;
	id = is_union ? btf__add_union(p->btf, fresh_name(p), size)
		      : btf__add_struct(p->btf, fresh_name(p), size);
	offset = 0;
	for (uint32_t i = 0; i < count; i++) {
		char member_name[16];

		snprintf(member_name, sizeof(member_name), "m%u", i);
		offset = is_union ? 0 : (offset + 7) & ~7U;
		assert_int_equal(
			btf__add_field(p->btf, member_name, p->by_value[picks[i]], offset * 8, 0),
			0);
		offset += p->sizes[picks[i]];
	}
	keep(p, id, size);
}

static bool is_array(const struct btf *btf, int id)
{
	const struct btf_type *t = type(btf, id);

	while (btf_is_mod(t) || btf_is_typedef(t))
		t = btf__type_by_id(btf, t->type);
	return btf_is_array(t);
}

static void random_type(struct pool *p)
{
	uint32_t pick = random_below(p->count);
	int of = p->by_value[pick];
	uint32_t size = p->sizes[pick], n = 1 + random_below(3);

	switch (random_below(7)) {
	case 0:
		keep(p, btf__add_typedef(p->btf, fresh_name(p), of), size);
		break;
	case 1:
		keep(p, btf__add_const(p->btf, of), size);
		break;
	case 2:
		if (size < 1000)
			keep(p, btf__add_array(p->btf, 1, of, n), size * n);
		break;
	case 3:
		if (!is_array(p->btf, of)) /* which may be cut */
			keep(p, btf__add_ptr(p->btf, of), 8);
		break;
	case 4:
		keep(p, btf__add_enum(p->btf, fresh_name(p), 4), 4);
		add_enumerator(p);
		break;
	default:
		if (size < 1000)
			random_struct(p);
	}
}

static void print_to_buf(void *ctx, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

static void print_to_buf(void *ctx, const char *fmt, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	buf_adds(ctx, text);
}

static int compare_blocks(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_forward(const char *block)
{
	return strchr(block, ' ') == strrchr(block, ' ') && !strchr(block, '{');
}

/* The definitions, which libbpf orders as it likes, in another order; no "struct x;". */
static void sort_blocks(struct buf *b)
{
	struct buf sorted = BUF_INIT(b->max);
	char *blocks[200], *rest = b->data, *end;
	size_t count = 0;

	for (; (end = strstr(rest, "\n\n")); rest = end + 2) {
		*end = '\0';
		assert_true(count < ARRAY_SIZE(blocks));
		if (!is_forward(rest))
			blocks[count++] = rest;
	}
	qsort(blocks, count, sizeof(*blocks), compare_blocks);
	for (size_t i = 0; i < count; i++)
		buf_addf(&sorted, "%s\n", blocks[i]);
	buf_adds(&sorted, rest);
	buf_free(b);
	*b = sorted;
}

static void dump(const struct btf *btf, int id, struct buf *out)
{
	struct btf_dump_emit_type_decl_opts opts = {.sz = sizeof(opts), .field_name = "x"};
	struct btf_dump *d = btf_dump__new(btf, print_to_buf, out, NULL);

	*out = BUF_INIT(1 << 20);
	assert_non_null(d);
	assert_int_equal(btf_dump__dump_type(d, (uint32_t)id), 0);
	assert_int_equal(btf_dump__emit_type_decl(d, (uint32_t)id, &opts), 0);
	btf_dump__free(d);
	sort_blocks(out);
}

/* Into a BTF of its own: an earlier copy's pointers stay cut. */
static void compare_copy(const struct btf *src, int id)
{
	struct btf *dst = btf__new_empty();
	struct buf before, after;
	struct btfcopy *c;
	int copied;

	assert_int_equal(btfcopy_new(dst, src, &c), 0);
	copied = btfcopy_add(c, (uint32_t)id);
	assert_true(copied > 0);
	dump(src, id, &before);
	dump(dst, copied, &after);
	assert_string_equal(after.data, before.data);
	assert_loads(dst);
	buf_free(&before);
	buf_free(&after);
	btfcopy_free(c);
	btf__free(dst);
}

/* All into one BTF, with what is no struct. */
static void load_copies(const struct pool *p)
{
	struct btf *dst = btf__new_empty();
	struct btfcopy *c;

	assert_int_equal(btfcopy_new(dst, p->btf, &c), 0);
	for (int i = 0; i < 10; i++)
		assert_true(btfcopy_add(c, (uint32_t)p->by_value[random_below(p->count)]) > 0);
	assert_loads(dst);
	btfcopy_free(c);
	btf__free(dst);
}

static void random_round(void)
{
	struct pool p = {.btf = btf__new_empty()};

	keep(&p, btf__add_int(p.btf, "unsigned int", 4, 0), 4);
	keep(&p, btf__add_int(p.btf, "char", 1, BTF_INT_SIGNED), 1);
	keep(&p, btf__add_float(p.btf, "double", 8), 8);
	for (uint32_t tries = 0; tries < 60 && p.count < TYPES; tries++)
		random_type(&p);
	for (uint32_t i = 0; i < p.count; i++)
		if (btf_is_composite(type(p.btf, p.by_value[i])))
			compare_copy(p.btf, p.by_value[i]);
	load_copies(&p);
	btf__free(p.btf);
}

static void test_random(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		random_round();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_scalars, setup, teardown),
		cmocka_unit_test_setup_teardown(test_enums, setup, teardown),
		cmocka_unit_test_setup_teardown(test_struct, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pointers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pointer_to_copied, setup, teardown),
		cmocka_unit_test_setup_teardown(test_datasec, setup, teardown),
		cmocka_unit_test_setup_teardown(test_decl_tags, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cycles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
		cmocka_unit_test_setup_teardown(test_depth_loads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_noise, setup, teardown),
		cmocka_unit_test(test_random),
	};

	libbpf_set_print(NULL);
	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
