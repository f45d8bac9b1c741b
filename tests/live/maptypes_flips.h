/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Wrong rows, made on purpose: each member of a row that is right is changed in a copy, which
 * must then differ from the kernel. Part of maptypes.c.
 */
#ifndef BPFMAPFS_TESTS_LIVE_MAPTYPES_FLIPS_H
#define BPFMAPFS_TESTS_LIVE_MAPTYPES_FLIPS_H

/* Functions that lie. */

static struct layout *wrong_layout(const struct bpf_map_info *info)
{
	return layout_plain(LAYOUT_BYTES, info->key_size + info->value_size + 3);
}

static int wrong_get(const struct elem_map *m, const void *key, void *value, uint64_t flags)
{
	(void)m, (void)key, (void)flags;
	memset(value, 0x5e, 4);
	return 0;
}

static int wrong_put(const struct elem_map *m, const void *key, const void *value, uint64_t flags,
		     struct diag *d)
{
	(void)m, (void)key, (void)value, (void)flags, (void)d;
	return 0;
}

static uint32_t wrong_put_batch(const struct elem_map *m, const void *keys, const void *values,
				uint32_t count, uint64_t flags)
{
	(void)m, (void)keys, (void)values, (void)flags;
	return count;
}

static int wrong_del(const struct elem_map *m, const void *key)
{
	(void)m, (void)key;
	return 0;
}

static int wrong_next(const struct elem_map *m, const void *key, void *next)
{
	(void)m, (void)key, (void)next;
	return -ENOENT;
}

static int wrong_walk(const struct elem_map *m, int (*each)(void *arg, const void *key), void *arg)
{
	(void)m, (void)each, (void)arg;
	return 0;
}

static int wrong_compare(const void *a, const void *b, uint32_t size)
{
	(void)a, (void)b, (void)size;
	return 1;
}

static int wrong_push(const struct elem_map *m, const void *element, uint32_t size, struct diag *d)
{
	(void)m, (void)element, (void)size, (void)d;
	return 0;
}

static int wrong_peek(const struct elem_map *m, void *element)
{
	(void)m, (void)element;
	return 0;
}

/* Every change: of a member of the row, of its elements (E), of its ends (N). _NONE: something
 * there is not there, or the other way round; _LIES: it is there and wrong. */
#define R_FLAGS(F) \
	F(per_cpu) \
	F(prefixes) F(links) F(delicate) F(keyless) F(valueless) F(unbounded) F(btf) F(needs_btf)
#define E_FLAGS(F) F(batches) F(indexes) F(fixed) F(unlisted) F(by_hand) F(keys_are_values)
#define R_TEXTS(F) F(why_not) F(key) F(value) F(why_no_mkdir)
#define E_TEXTS(F) F(no_put) F(no_del)
#define E_CALLS(F)  \
	F(get, get) \
	F(put, put) \
	F(put_batch, put_batch) F(del, del) F(next, next) F(walk, walk) F(compare, compare)
#define E_LAYOUTS(F) F(key) F(value)
#define N_CALLS(F) F(push, push) F(peek, peek) F(pop, peek)

#define FLIP_R_FLAG(m)                       \
	static bool flip_##m(struct copy *c) \
	{                                    \
		c->row.m = !c->row.m;        \
		return true;                 \
	}
#define FLIP_E_FLAG(m)                          \
	static bool flip_e_##m(struct copy *c)  \
	{                                       \
		c->elements.m = !c->elements.m; \
		return c->row.elements;         \
	}
#define FLIP_R_TEXT(m)                            \
	static bool flip_##m(struct copy *c)      \
	{                                         \
		c->row.m = c->row.m ? NULL : "?"; \
		return true;                      \
	}
#define FLIP_E_TEXT(m)                                      \
	static bool flip_e_##m(struct copy *c)              \
	{                                                   \
		c->elements.m = c->elements.m ? NULL : "?"; \
		return c->row.elements;                     \
	}
#define FLIP_E_CALL(m, wrong)                                         \
	static bool flip_e_##m(struct copy *c)                        \
	{                                                             \
		c->elements.m = c->elements.m ? NULL : wrong_##wrong; \
		return c->row.elements;                               \
	}                                                             \
	static bool lie_e_##m(struct copy *c)                         \
	{                                                             \
		bool there = c->elements.m;                           \
		c->elements.m = wrong_##wrong;                        \
		return c->row.elements && there;                      \
	}
#define FLIP_E_LAYOUT(m)                      \
	static bool lie_e_##m(struct copy *c) \
	{                                     \
		c->elements.m = wrong_layout; \
		return c->row.elements;       \
	}
#define FLIP_N_CALL(m, wrong)                                 \
	static bool flip_n_##m(struct copy *c)                \
	{                                                     \
		c->ends.m = c->ends.m ? NULL : wrong_##wrong; \
		return c->row.by_ends;                        \
	}                                                     \
	static bool lie_n_##m(struct copy *c)                 \
	{                                                     \
		bool there = c->ends.m;                       \
		c->ends.m = wrong_##wrong;                    \
		return c->row.by_ends && there;               \
	}

/* clang-format off */
R_FLAGS(FLIP_R_FLAG)
E_FLAGS(FLIP_E_FLAG)
R_TEXTS(FLIP_R_TEXT)
E_TEXTS(FLIP_E_TEXT)
E_CALLS(FLIP_E_CALL)
E_LAYOUTS(FLIP_E_LAYOUT)
N_CALLS(FLIP_N_CALL)
/* clang-format on */

static bool flip_type(struct copy *c)
{
	c->row.type++;
	return true;
}

static bool flip_name(struct copy *c)
{
	c->row.name = "hash_of_things";
	return true;
}

static bool flip_elements(struct copy *c)
{
	c->elements.get = wrong_get;
	c->row.elements = c->row.elements ? NULL : &c->elements;
	return true;
}

static bool flip_by_ends(struct copy *c)
{
	c->row.by_ends = c->row.by_ends ? NULL : &c->ends;
	return true;
}

static bool flip_key_size(struct copy *c)
{
	c->row.key_size = c->row.key_size ? 0 : 4;
	return true;
}

static bool flip_create_flags(struct copy *c)
{
	c->row.create_flags = c->row.create_flags ? 0 : BPF_F_NO_PREALLOC;
	return true;
}

static bool flip_added_flags(struct copy *c)
{
	c->row.added_flags = c->row.added_flags ? 0 : BPF_F_RDONLY_PROG;
	return true;
}

#define FLIP_ENDS(bit)                              \
	static bool flip_ends_##bit(struct copy *c) \
	{                                           \
		c->row.ends ^= MAPTYPE_##bit;       \
		return true;                        \
	}
FLIP_ENDS(PUSH)
FLIP_ENDS(PEEK)
FLIP_ENDS(POP)
FLIP_ENDS(STREAM)

#define R_NAME(m) {#m, flip_##m},
#define E_NAME(m) {"elements." #m, flip_e_##m},
#define E_BOTH(m, wrong) {"elements." #m, flip_e_##m}, {"elements." #m " that lies", lie_e_##m},
#define E_LIE(m) {"elements." #m " of a wrong size", lie_e_##m},
#define N_BOTH(m, wrong) {"by_ends." #m, flip_n_##m}, {"by_ends." #m " that lies", lie_n_##m},

static const struct {
	const char *name;
	bool (*flip)(struct copy *c); /* false: there is nothing to be changed */
} flips[] = {R_NAME(type) R_NAME(name) R_NAME(elements) R_NAME(by_ends) R_NAME(key_size)
		     R_NAME(create_flags) R_NAME(added_flags) R_NAME(ends_PUSH) R_NAME(ends_PEEK)
			     R_NAME(ends_POP) R_NAME(ends_STREAM) R_FLAGS(R_NAME) R_TEXTS(R_NAME)
				     E_FLAGS(E_NAME) E_TEXTS(E_NAME) E_CALLS(E_BOTH)
					     E_LAYOUTS(E_LIE) N_CALLS(N_BOTH)};

static unsigned int flip_row(uint32_t type, unsigned int *made)
{
	unsigned int unnoticed = 0;
	struct copy copy;

	for (size_t i = 0; i < COUNT(flips); i++) {
		copy_row(type, &copy);
		if (!flips[i].flip(&copy))
			continue;
		(*made)++;
		compare(type, &copy);
		if (wrong_members)
			continue;
		printf("NOT NOTICED %s: %s\n", row_name, flips[i].name);
		unnoticed++;
	}
	return unnoticed;
}

/* Rows that are wrong to begin with prove nothing, and are left to the other test. */
static int flip_all(void)
{
	unsigned int made = 0, unnoticed = 0, rows = 0;
	struct copy copy;

	quiet = true;
	for (uint32_t type = 1; type < TYPES; type++) {
		if (!is_comparable(type))
			continue;
		copy_row(type, &copy);
		compare(type, &copy);
		if (wrong_members)
			continue;
		rows++;
		unnoticed += flip_row(type, &made);
	}
	printf("%u rows, %u wrong ones made of them, %u not noticed\n", rows, made, unnoticed);
	return unnoticed > 0 || rows < 10;
}

#endif
