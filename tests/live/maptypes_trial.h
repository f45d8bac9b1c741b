/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The functions of a row of lib/maptype.c, tried on a map of its type: what they store, bpf(2)
 * reads, and the other way round. Part of maptypes.c.
 */
#ifndef BPFMAPFS_TESTS_LIVE_MAPTYPES_TRIAL_H
#define BPFMAPFS_TESTS_LIVE_MAPTYPES_TRIAL_H

#include "lib/hostfd.h"
#include "lib/layout.h"
#include "lib/maptype.h"
#include "tests/live/maptypes_facts.h"

/* A row under examination, which may differ from that of the table. */
struct copy {
	struct maptype row;
	struct elements elements;
	struct elem_ends ends;
};

static const char *row_name;
static unsigned int wrong_members, compared;
static bool quiet;

static void __attribute__((format(printf, 3, 4)))
good(bool is_good, const char *member, const char *format, ...)
{
	va_list args;

	compared++;
	if (is_good)
		return;
	wrong_members++;
	if (quiet)
		return;
	printf("WRONG %s.%s: ", row_name, member);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void same(const char *member, uint64_t row, uint64_t kernel)
{
	good(row == kernel, member, "the row has %#llx, the kernel %#llx", (unsigned long long)row,
	     (unsigned long long)kernel);
}

static void sentence(const char *member, const char *text, bool is_needed)
{
	good((text != NULL) == is_needed, member, "%s",
	     is_needed ? "a sentence is missing" : "a sentence about what the type can do");
}

/* --- the row's functions, beside bpf(2) */

struct trial {
	struct subject s;
	const struct elements *e;
	struct facts facts;
	const struct facts *f;
	struct elem_map map;
	uint32_t key_size, value_size; /* in the tree */
	struct value value;
	unsigned char key[HOSTFD_PATH], tree[BLOCK], got[BLOCK];
};

static struct trial t;

/* Key n as the tree has it. */
static void tree_key(uint32_t n)
{
	uint32_t words[2] = {(uint32_t)getpid(), 0};

	memset(t.key, 0, sizeof(t.key));
	t.key_size = t.s.recipe.key;
	if (t.e->keys_are_values) {
		value_of(&t.s, n, &t.value);
		t.key_size = t.s.recipe.value;
		memcpy(t.key, t.value.told, t.key_size);
	} else if (t.s.sample->key == SOCKET) {
		words[1] = (uint32_t)plain_socket(n);
		t.key_size = sizeof(words);
		memcpy(t.key, words, sizeof(words));
	} else if (t.s.sample->key == TASK) {
		words[0] = task(n);
		memcpy(t.key, words, sizeof(words[0]));
	} else if (t.s.sample->key == INODE || t.s.sample->key == CGROUP) {
		t.key_size = HOSTFD_PATH;
		file_fd(n);
		strcpy((char *)t.key, t.s.sample->key == INODE
					      ? files[n]
					      : cgroup_path(n) + strlen(cgroup_root()));
	} else {
		key_of(&t.s, n, t.key);
	}
}

/* Value n as the tree has it, in t.tree, and t.value beside it. */
static void tree_value(uint32_t n)
{
	value_of(&t.s, n, &t.value);
	memcpy(t.tree, t.value.told, sizeof(t.tree));
	t.value_size = t.e->keys_are_values ? 0 : t.s.recipe.value;
	if (t.f->per_cpu)
		t.value_size = (t.s.recipe.value + 7) / 8 * 8 * (uint32_t)cpu_count();
	if (t.s.sample->value != CGROUP)
		return;
	memset(t.tree, 0, sizeof(t.tree));
	strcpy((char *)t.tree, cgroup_path(n));
	t.value_size = HOSTFD_PATH;
}

static void must_have_size(const char *member, struct layout *(*make)(const struct bpf_map_info *),
			   uint32_t size, uint32_t kernels)
{
	struct layout *layout = make ? make(&t.s.info) : NULL;

	good((layout ? layout->size : kernels) == size, member, "%u bytes, not %u",
	     layout ? layout->size : kernels, size);
	layout_unref(layout);
}

static int get(uint32_t n)
{
	tree_key(n);
	memset(t.got, 0, sizeof(t.got));
	return t.e->get(&t.map, t.key, t.got, 0);
}

static int put(uint32_t n, uint32_t value, uint64_t flags)
{
	struct diag d = {.err = 0};

	tree_key(n);
	tree_value(value);
	return t.e->put(&t.map, t.key, t.tree, flags, &d);
}

/* Does bpf(2) tell of key n what stands in told? */
static bool is_stored(uint32_t n, const unsigned char *told, uint32_t size)
{
	static unsigned char raw[BLOCK];

	memset(raw, 0, sizeof(raw));
	if (t.e->keys_are_values) {
		memcpy(raw, t.key, t.key_size);
		return !bpf_map_lookup_elem(t.s.fd, NULL, raw);
	}
	return !raw_get(&t.s, n, raw) && !memcmp(raw, told, size);
}

static void try_put(void)
{
	int err = put(0, 1, BPF_ANY);

	good(!err, "put", "%d", err);
	if (!err && !cannot(t.f->get))
		good(is_stored(0, t.value.told, t.value_size), "put",
		     "bpf(2) does not read what was stored");
	if (err || t.e->by_hand || cannot(t.f->get))
		return;
	err = put(0, 1, BPF_NOEXIST);
	good(err == -EEXIST, "put", "BPF_NOEXIST on a key that is there: %d", err);
	err = put(3, 1, BPF_EXIST);
	good(t.e->fixed || err == -ENOENT, "put", "BPF_EXIST on no key: %d", err);
}

/* Two elements at once, of which bpf(2) reads both. */
static void try_put_batch(void)
{
	static unsigned char keys[2 * HOSTFD_PATH], values[2 * BLOCK];
	uint32_t stored, size;

	for (uint32_t n = 0; n < 2; n++) {
		tree_key(n);
		tree_value(1 - n);
		size = t.value_size;
		memcpy(keys + n * t.key_size, t.key, t.key_size);
		memcpy(values + n * size, t.tree, size);
	}
	stored = t.e->put_batch(&t.map, keys, values, 2, 0);
	good(stored == 2, "put_batch", "%u of 2 stored", stored);
	for (uint32_t n = 0; n < 2; n++)
		good(cannot(t.f->get) || is_stored(n, values + n * size, size), "put_batch",
		     "bpf(2) does not read what was stored");
}

/* Is it right that the row does not store? */
static void try_no_put(void)
{
	tree_value(0);
	good(t.f->put || t.value.foreign, "put", "the kernel does, for anybody");
}

static void try_get(void)
{
	int err = get(0);

	if (cannot(t.f->get)) {
		good(cannot(err), "get", "%d, of what the kernel does not tell", err);
		return;
	}
	good(!err, "get", "%d", err);
	if (!t.e->keys_are_values)
		good(is_stored(0, t.got, t.value_size), "get", "bpf(2) reads something else");
	if (t.e->fixed || t.s.sample->key == OPS)
		return;
	err = get(3);
	good(err == -ENOENT, "get", "%d, of what is not there", err);
}

/* An address is not there because its network is. */
static void try_exactness(void)
{
	const unsigned char network[16] = {8, 0, 0, 0, 9}, in[16] = {32, 0, 0, 0, 9, 1, 2, 3};
	int err;

	if (!t.f->prefixes)
		return;
	must(!bpf_map_update_elem(t.s.fd, network, t.value.put, BPF_ANY), "a network");
	err = t.e->get(&t.map, in, t.got, 0);
	good(err == -ENOENT, "get", "%d, of an address in a network that is there", err);
	must(!bpf_map_delete_elem(t.s.fd, network), "delete the network");
}

static int find_key(void *arg, const void *key)
{
	*(unsigned int *)arg += !memcmp(key, t.key, t.key_size);
	return 0;
}

static void try_next(void)
{
	unsigned char key[HOSTFD_PATH], next[HOSTFD_PATH];
	unsigned int found = 0, steps = 0;
	int err;

	tree_key(0);
	if (t.e->walk) {
		err = t.e->walk(&t.map, find_key, &found);
		good(!err && found == 1, "walk", "%d, the key came %u times", err, found);
	}
	if (!t.e->next)
		return;
	for (err = t.e->next(&t.map, NULL, next); !err && steps < 100; steps++) {
		find_key(&found, next);
		memcpy(key, next, t.key_size);
		err = t.e->next(&t.map, key, next);
	}
	good(found == 1 && err == -ENOENT, "next", "%d, the key came %u times in %u", err, found,
	     steps);
}

static void try_del(void)
{
	int err;

	tree_key(0);
	err = t.e->del(&t.map, t.key);
	good(!err, "del", "%d", err);
	if (cannot(t.f->get)) {
		good(!raw_put(&t.s, 0, 0, BPF_NOEXIST) || raw_delete(&t.s, 0) == -ENOENT, "del",
		     "it is still there");
		return;
	}
	good(raw_get(&t.s, 0, t.got) == -ENOENT, "del", "it is still there");
	err = t.e->del(&t.map, t.key);
	good(err == -ENOENT, "del", "%d, of what is not there", err);
}

/* Keys come in the order of compare, whatever order they were stored in. */
static void try_compare(void)
{
	unsigned char key[16], next[16];
	struct subject s;
	int err;

	make_subject(&s, t.s.type, "mt_order");
	good(scramble(&s), "compare", "there is nothing to be ordered");
	err = bpf_map_get_next_key(s.fd, NULL, key);
	while (!err && !(err = bpf_map_get_next_key(s.fd, key, next))) {
		good(t.e->compare(key, next, s.recipe.key) < 0 &&
			     t.e->compare(next, key, s.recipe.key) > 0 &&
			     t.e->compare(key, key, s.recipe.key) == 0,
		     "compare", "it is not the kernel's order");
		memcpy(key, next, sizeof(key));
	}
	end_subject(&s);
}

/* Values of some sizes the kernel does not tell: ENOSPC, which is told as -EOPNOTSUPP. */
static int readable(uint32_t type)
{
	struct subject s;
	int err;

	make_subject(&s, type, "mt_readable");
	err = fill(&s, 0);
	if (!err)
		err = raw_get(&s, 0, t.got);
	end_subject(&s);
	return err == -ENOSPC ? -EOPNOTSUPP : err;
}

static void start_trial(const struct copy *copy)
{
	const struct variant *these = variant;

	variant = NULL;
	t.facts = *facts_of(copy->row.type);
	variant = these;
	if (variant)
		t.facts.get = readable(copy->row.type);
	t.f = &t.facts;
	make_subject(&t.s, copy->row.type, "mt_trial");
	t.e = copy->row.elements;
	t.map = (struct elem_map){.fd = t.s.fd, .info = &t.s.info};
}

static void try_elements(const struct copy *copy)
{
	start_trial(copy);
	tree_key(0);
	tree_value(0);
	if (t.e->keys_are_values)
		good(!t.e->key, "key", "it is the value's type");
	else
		must_have_size("key", t.e->key, t.key_size, t.s.recipe.key);
	must_have_size("value", t.e->value, t.value_size,
		       t.f->per_cpu ? t.value_size : t.s.recipe.value);
	if (is_made_elsewhere(&t.s) || !t.e->put)
		must(!fill(&t.s, 0), "type %u: fill", t.s.type);
	if (t.e->put)
		try_put();
	else
		try_no_put();
	if (t.e->put_batch)
		try_put_batch();
	try_get();
	try_exactness();
	try_next();
	if (t.e->compare)
		try_compare();
	if (t.e->del)
		try_del();
	else if (!t.e->fixed)
		good(t.f->del || t.s.sample->key == OPS, "del", "the kernel does it");
	end_subject(&t.s);
}

/* --- and those of its ends */

static void must_hold(const char *member, uint32_t word)
{
	uint32_t got = 0;

	good(!bpf_map_lookup_elem(t.s.fd, NULL, &got) && got == word, member,
	     "bpf(2) sees %u at the end, not %u", got, word);
}

static void try_queue(const struct elem_ends *ends)
{
	uint32_t words[] = {7, 23}, got = 0, first;
	struct diag d = {.err = 0};

	for (int i = 0; i < 2; i++)
		good(!ends->push(&t.map, &words[i], sizeof(words[i]), &d), "push", "refused");
	bpf_map_lookup_elem(t.s.fd, NULL, &first);
	good(first == words[0] || first == words[1], "push", "bpf(2) does not see it");
	good(!ends->peek(&t.map, &got) && got == first, "peek", "not what bpf(2) sees");
	must_hold("peek", first);
	good(!ends->pop(&t.map, &got) && got == first, "pop", "not what bpf(2) saw");
	must_hold("pop", first == words[0] ? words[1] : words[0]);
	bpf_map_lookup_and_delete_elem(t.s.fd, NULL, &got);
	good(ends->pop(&t.map, &got) == -ENOENT, "pop", "of an empty map");
	good(ends->peek(&t.map, &got) == -ENOENT, "peek", "of an empty map");
}

static uint64_t produced(int fd)
{
	size_t page = (size_t)getpagesize();
	const uint64_t *at = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (long)page);
	uint64_t position = at != MAP_FAILED ? *at : 0;

	if (at != MAP_FAILED)
		munmap((void *)at, page);
	return position;
}

static void try_user_ring(const struct elem_ends *ends)
{
	struct diag d = {.err = 0};
	uint64_t before = produced(t.s.fd);

	good(!ends->push(&t.map, "record", 6, &d), "push", "refused");
	good(produced(t.s.fd) == before + 16, "push", "the producer has gone on by %llu",
	     (unsigned long long)(produced(t.s.fd) - before));
}

static void try_ends(const struct copy *copy)
{
	const struct elem_ends *ends = copy->row.by_ends;
	unsigned int bits = copy->row.ends;

	start_trial(copy);
	same("push", ends->push != NULL, (bits & MAPTYPE_PUSH) != 0);
	same("peek", ends->peek != NULL, (bits & MAPTYPE_PEEK) != 0);
	same("pop", ends->pop != NULL, (bits & MAPTYPE_POP) != 0);
	if (ends->push && ends->peek && ends->pop && !t.f->pop)
		try_queue(ends);
	else if (ends->push && t.f->produced)
		try_user_ring(ends);
	end_subject(&t.s);
}

#endif
