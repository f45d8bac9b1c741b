/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the kernel does with elements of each type, measured with bpf(2) and mmap(2). Errors
 * are -errno; 524, which has no name, is what the kernel says for "this type cannot".
 */
#ifndef BPFMAPFS_TESTS_LIVE_MAPTYPES_FACTS_H
#define BPFMAPFS_TESTS_LIVE_MAPTYPES_FACTS_H

#include <sys/mman.h>

#include "tests/live/maptypes_elements.h"

struct facts {
	int put, get, del;       /* of an element that nothing stands in the way of */
	int next;                /* the first key */
	int batch;               /* BPF_MAP_LOOKUP_BATCH */
	int put_batch;           /* BPF_MAP_UPDATE_BATCH of two elements */
	bool token_is_key;       /* and where it goes on is a key */
	bool indexes, fixed;     /* as in struct elements */
	bool restarts;           /* behind a key that is gone comes the first one */
	bool ascending;          /* keys come as numbers of 4 bytes, each above the one before */
	bool heeds;              /* BPF_NOEXIST and BPF_EXIST */
	bool prefixes, per_cpu;  /* as in struct maptype */
	int push, peek, pop;     /* without a key */
	bool asks;               /* a look-up takes a value and answers whether it is there */
	bool produced, consumed; /* user space writes the position of that end of a ring */
	bool holds_known;
	int lost; /* what is lost with the last user reference, as a number of elements */
};

static inline bool cannot(int err)
{
	return err == -524 || err == -EOPNOTSUPP;
}

static inline void learn_element(uint32_t type, struct facts *f)
{
	static unsigned char got[BLOCK];
	unsigned char key[16];
	struct subject s;

	make_subject(&s, type, "mt_element");
	f->put = fill(&s, 0);
	if (is_made_elsewhere(&s) && s.sample->key != ATTACHED)
		f->put = raw_put(&s, 0, 0, BPF_ANY);
	f->get = raw_get(&s, 0, got);
	f->next = bpf_map_get_next_key(s.fd, NULL, key);
	f->del = raw_delete(&s, 0);
	end_subject(&s);
}

static inline bool is_made_with(const struct subject *s, uint32_t value_size)
{
	struct recipe r = s->recipe;
	int fd;

	r.value = value_size;
	fd = create(s->type, "mt_large", &r);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A value has its size, rounded up to 8, for each CPU; and 32 KiB are the most that the
 * kernel has for a CPU, which tells them apart where there is one CPU only. */
static inline void learn_parts(uint32_t type, struct facts *f)
{
	static unsigned char got[BLOCK], again[BLOCK];
	struct subject s;
	size_t written = 0, block;

	make_subject(&s, type, "mt_parts");
	f->per_cpu = is_made_with(&s, 32768) && !is_made_with(&s, 40000);
	block = (s.recipe.value + 7U) / 8 * 8 * (size_t)cpu_count();
	memset(got, 0xee, sizeof(got));
	memset(again, 0x11, sizeof(again));
	if (!f->get && s.recipe.key && !fill(&s, 0) && !raw_get(&s, 0, got) &&
	    !raw_get(&s, 0, again)) {
		while (written < BLOCK && got[written] == again[written])
			written++;
		must(written == (f->per_cpu ? block : s.recipe.value),
		     "type %u: a value of %zu bytes", type, written);
	}
	end_subject(&s);
}

/* One element, and yet GET_NEXT_KEY counts from 0 to the end. */
static inline void learn_indexes(uint32_t type, struct facts *f)
{
	static unsigned char value[BLOCK];
	uint32_t word = 0, expected = 0, next[4];
	struct subject s;

	make_subject(&s, type, "mt_indexes");
	if (s.recipe.key == 4 && !f->next && !fill(&s, 0)) {
		while (!bpf_map_get_next_key(s.fd, expected ? &word : NULL, next) &&
		       next[0] == expected && expected < s.recipe.entries) {
			word = next[0];
			expected++;
		}
		f->indexes = expected == s.recipe.entries &&
			     bpf_map_get_next_key(s.fd, &word, next) == -ENOENT;
		word = s.recipe.entries;
		if (f->indexes)
			must(bpf_map_update_elem(s.fd, &word, value, BPF_ANY) < 0,
			     "type %u takes an index beyond its end", type);
	}
	end_subject(&s);
}

static inline void learn_flags(uint32_t type, struct facts *f)
{
	struct subject s;
	int absent[2], present[2];

	make_subject(&s, type, "mt_flags");
	if (s.sample->key == ATTACHED)
		must(!fill(&s, 0), "type %u: attach", type);
	absent[1] = raw_put(&s, s.sample->key == ATTACHED ? 3 : 0, 0, BPF_EXIST);
	absent[0] = raw_put(&s, s.sample->key == ATTACHED ? 3 : 0, 0, BPF_NOEXIST);
	present[0] = raw_put(&s, 0, 1, BPF_NOEXIST);
	present[1] = raw_put(&s, 0, 1, BPF_EXIST);
	f->fixed = f->indexes && f->del == -EINVAL && absent[0] == -EEXIST && !absent[1];
	f->heeds = f->fixed ||
		   (absent[1] == -ENOENT && !absent[0] && present[0] == -EEXIST && !present[1]);
	end_subject(&s);
}

static inline void learn_batches(uint32_t type, struct facts *f)
{
	static unsigned char token[256], keys[64], values[BLOCK];
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t count = 1;
	struct subject s;

	make_subject(&s, type, "mt_batches");
	f->batch = -524;
	if (!f->put && !fill(&s, 0) && !fill(&s, 1)) {
		f->batch = bpf_map_lookup_batch(s.fd, NULL, token, keys, values, &count, &opts);
		for (uint32_t room = 2; f->batch == -ENOSPC && room < 16; room *= 2) {
			count = room;
			f->batch = bpf_map_lookup_batch(s.fd, NULL, token, keys, values, &count,
							&opts);
		}
		f->token_is_key = !cannot(f->batch) && count == 1 && s.recipe.key &&
				  !memcmp(token, keys, s.recipe.key);
	}
	end_subject(&s);
}

/* Of two elements: all of them, where the type has it. */
static inline void learn_put_batch(uint32_t type, struct facts *f)
{
	static unsigned char keys[2 * 16], values[2 * BLOCK];
	static struct value v;
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t count = 2, size;
	struct subject s;

	make_subject(&s, type, "mt_put_batch");
	f->put_batch = -524;
	size = f->per_cpu ? (s.recipe.value + 7) / 8 * 8 * (uint32_t)cpu_count() : s.recipe.value;
	if (!f->put && s.recipe.key && !is_made_elsewhere(&s)) {
		for (uint32_t n = 0; n < count; n++) {
			key_of(&s, n, keys + n * s.recipe.key);
			value_of(&s, n, &v);
			memcpy(values + n * size, v.put, size);
		}
		f->put_batch = bpf_map_update_batch(s.fd, keys, values, &count, &opts);
		must(cannot(f->put_batch) || (!f->put_batch && count == 2),
		     "type %u: a batch of updates: %d after %u", type, f->put_batch, count);
	}
	end_subject(&s);
}

static inline void learn_order(uint32_t type, struct facts *f)
{
	uint32_t key = 0, next = 0, gone;
	struct subject s;

	make_subject(&s, type, "mt_order");
	if (s.recipe.key == 4 && !f->next && !f->indexes && scramble(&s)) {
		must(!bpf_map_get_next_key(s.fd, NULL, &gone), "type %u: first key", type);
		f->ascending = true;
		for (key = gone; !bpf_map_get_next_key(s.fd, &key, &next); key = next)
			f->ascending &= next > key;
		f->restarts = !bpf_map_delete_elem(s.fd, &gone) &&
			      !bpf_map_get_next_key(s.fd, NULL, &key) &&
			      !bpf_map_get_next_key(s.fd, &gone, &next) && key == next;
	}
	end_subject(&s);
}

/* A look-up of an address, where only a network is stored that has it. */
static inline void learn_prefixes(uint32_t type, struct facts *f)
{
	static unsigned char value[BLOCK];
	const unsigned char network[16] = {8, 0, 0, 0, 10}, in[16] = {32, 0, 0, 0, 10, 1, 2, 3},
			    out[16] = {32, 0, 0, 0, 11, 1, 2, 3};
	struct subject s;

	make_subject(&s, type, "mt_prefixes");
	if (s.recipe.key == 8 && !bpf_map_update_elem(s.fd, network, value, BPF_ANY))
		f->prefixes = !bpf_map_lookup_elem(s.fd, in, value) &&
			      bpf_map_lookup_elem(s.fd, out, value) == -ENOENT;
	end_subject(&s);
}

/* Without a key. */
static inline void learn_ends(uint32_t type, struct facts *f)
{
	static unsigned char value[BLOCK], other[BLOCK];
	struct subject s;

	make_subject(&s, type, "mt_ends");
	f->push = f->peek = f->pop = -524;
	if (!s.recipe.key && s.recipe.value) {
		words_of(value, 7);
		words_of(other, 23);
		f->push = bpf_map_update_elem(s.fd, NULL, value, BPF_ANY);
		f->peek = bpf_map_lookup_elem(s.fd, NULL, value);
		f->asks = !f->push && !f->peek && bpf_map_lookup_elem(s.fd, NULL, other) == -ENOENT;
		f->pop = bpf_map_lookup_and_delete_elem(s.fd, NULL, value);
	}
	end_subject(&s);
}

static inline bool is_mapped(int fd, int protection, long page)
{
	size_t size = (size_t)getpagesize();
	void *at = mmap(NULL, size, protection, MAP_SHARED, fd, page * (long)size);

	return at != MAP_FAILED && !munmap(at, size);
}

/* The first page of a ring has the consumer's position, the second the producer's. */
static inline void learn_ring(uint32_t type, struct facts *f)
{
	struct subject s;

	make_subject(&s, type, "mt_ring");
	if (!s.recipe.key && !s.recipe.value && is_mapped(s.fd, PROT_READ, 1)) {
		f->consumed = is_mapped(s.fd, PROT_READ | PROT_WRITE, 0);
		f->produced = is_mapped(s.fd, PROT_READ | PROT_WRITE, 1);
	}
	end_subject(&s);
}

/* --- the last user reference (map-types.md, findings 1 and 2) */

static inline uint32_t verdicts(int fd)
{
	uint32_t ids[4], count = COUNT(ids), flags;

	return bpf_prog_query(fd, BPF_SK_SKB_STREAM_VERDICT, 0, &flags, ids, &count) ? 0 : count;
}

static inline int elements_left(struct subject *s)
{
	static unsigned char value[BLOCK];
	int left = 0;

	for (uint32_t n = 0; n < 3; n++)
		left += raw_get(s, n, value) == 0;
	return left + (int)verdicts(s->fd);
}

static inline int elements_left_by_id(struct subject *s)
{
	int left;

	s->fd = bpf_map_get_fd_by_id(s->info.id);
	must(s->fd >= 0, "type %u: the program does not hold the map", s->type);
	left = elements_left(s);
	close(s->fd);
	s->fd = -1;
	return left;
}

/* Opened again too early, the map may stay for ever: so seldom, not often. */
static inline void learn_loss(uint32_t type, struct facts *f, int tries)
{
	struct subject s;
	int before, holder;

	make_subject(&s, type, "mt_loss");
	holder = holder_of(s.fd);
	f->holds_known = holder >= 0 && !fill(&s, 0);
	if (f->holds_known) {
		attach_verdict(s.fd);
		before = elements_left(&s);
		close(s.fd);
		while (tries-- && !f->lost) {
			usleep(30000);
			f->lost = before - elements_left_by_id(&s);
		}
	}
	if (holder >= 0)
		close(holder);
	end_subject(&s);
}

static inline const struct facts *facts_of(uint32_t type)
{
	static struct facts known[TYPES];
	static bool learnt[TYPES];
	struct facts *f = &known[type];

	if (learnt[type])
		return f;
	learnt[type] = true;
	learn_element(type, f);
	learn_parts(type, f);
	learn_indexes(type, f);
	learn_flags(type, f);
	learn_batches(type, f);
	learn_put_batch(type, f);
	learn_order(type, f);
	learn_prefixes(type, f);
	learn_ends(type, f);
	learn_ring(type, f);
	learn_loss(type, f, 2);
	return f;
}

#endif
