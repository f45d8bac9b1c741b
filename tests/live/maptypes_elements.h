/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Elements of maps of every type, in the forms that bpf(2) takes, and tells. What they are
 * is said here once more, in a table that knows nothing of lib/maptype.c.
 */
#ifndef BPFMAPFS_TESTS_LIVE_MAPTYPES_ELEMENTS_H
#define BPFMAPFS_TESTS_LIVE_MAPTYPES_ELEMENTS_H

#include "tests/live/maptypes_things.h"

enum form {
	NUMBER, /* small ones */
	BYTES,  /* and others, that are no token of a batch by chance */
	PREFIX,
	TRACE,    /* a program makes it */
	ATTACHED, /* a link makes it */
	OPS,      /* it is always there */
	PROGRAM,
	EVENT,
	CGROUP,
	MAP,
	DEVICE,
	SOCKET,
	PORT,
	XDP,
	TASK,
	INODE,
};

/* Of a type that has no row here elements are numbers of 4 bytes. */
static const struct sample {
	uint32_t key_size, value_size; /* 0: 4, or what the kernel insists on */
	enum form key, value;
} samples[TYPES] = {
	[BPF_MAP_TYPE_HASH] = {.key = BYTES},
	[BPF_MAP_TYPE_PERCPU_HASH] = {.key = BYTES},
	[BPF_MAP_TYPE_LRU_HASH] = {.key = BYTES},
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = {.key = BYTES},
	[BPF_MAP_TYPE_LPM_TRIE] = {.key_size = 8, .key = PREFIX},
	[BPF_MAP_TYPE_PROG_ARRAY] = {.value = PROGRAM},
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = {.value = EVENT},
	[BPF_MAP_TYPE_STACK_TRACE] = {.value_size = 128, .key = TRACE, .value = TRACE},
	[BPF_MAP_TYPE_CGROUP_ARRAY] = {.value = CGROUP},
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = {.value = MAP},
	[BPF_MAP_TYPE_HASH_OF_MAPS] = {.key = BYTES, .value = MAP},
	[BPF_MAP_TYPE_DEVMAP] = {.value = DEVICE},
	[BPF_MAP_TYPE_DEVMAP_HASH] = {.value = DEVICE},
	[BPF_MAP_TYPE_SOCKMAP] = {.value_size = 8, .value = SOCKET},
	[BPF_MAP_TYPE_SOCKHASH] = {.value_size = 8, .key = BYTES, .value = SOCKET},
	[BPF_MAP_TYPE_XSKMAP] = {.value = XDP},
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = {.value_size = 8, .value = PORT},
	[BPF_MAP_TYPE_CGROUP_STORAGE] = {.key_size = 16, .key = ATTACHED},
	/* Of smaller ones the kernel copies 8 bytes all the same, out of and into what is
	 * not theirs. */
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = {.key_size = 16, .value_size = 8, .key = ATTACHED},
	[BPF_MAP_TYPE_SK_STORAGE] = {.key = SOCKET},
	[BPF_MAP_TYPE_INODE_STORAGE] = {.key = INODE},
	[BPF_MAP_TYPE_TASK_STORAGE] = {.key = TASK},
	[TYPE_CGRP_STORAGE] = {.key = CGROUP},
	[BPF_MAP_TYPE_STRUCT_OPS] = {.key = OPS, .value = OPS},
};

enum { ENTRIES = 4, BLOCK = 64 * 1024 };

/* Other sizes and flags than those of the sample, from here on; 0: the sample's. */
struct variant {
	uint32_t type, key_size, value_size, flags;
};

static const struct variant *variant;

/* A map and what holds its elements in place. */
struct subject {
	uint32_t type;
	const struct sample *sample;
	struct recipe recipe;
	int fd;
	struct bpf_map_info info;
	int held[8]; /* descriptors that end with it */
	int held_count;
	uint32_t trace;
};

static inline int cpu_count(void)
{
	return libbpf_num_possible_cpus();
}

/* Room for an element: four of them where the kernel lets us choose. */
static inline void make_subject(struct subject *s, uint32_t type, const char *name)
{
	const struct making *m = making_of(type);

	*s = (struct subject){.type = type, .sample = &samples[type], .recipe = m->first};
	if (m->key[4] && !s->sample->key_size)
		s->recipe.key = 4;
	else if (s->sample->key_size)
		s->recipe.key = s->sample->key_size;
	if (s->sample->value_size)
		s->recipe.value = s->sample->value_size;
	if (m->first.entries == 1 && s->sample->key != OPS)
		s->recipe.entries = ENTRIES;
	s->recipe.types = m->untyped ? NO_TYPES : m->first.types;
	if (variant && variant->type == type) {
		s->recipe.key = variant->key_size ? variant->key_size : s->recipe.key;
		s->recipe.value = variant->value_size ? variant->value_size : s->recipe.value;
		s->recipe.flags |= variant->flags;
	}
	s->fd = create(type, name, &s->recipe);
	must(s->fd >= 0, "type %u: create", type);
	s->info = info_of(s->fd);
}

static inline void hold(struct subject *s, int fd)
{
	must(s->held_count < (int)COUNT(s->held), "too much to hold");
	s->held[s->held_count++] = fd;
}

static inline void end_subject(struct subject *s)
{
	while (s->held_count)
		close(s->held[--s->held_count]);
	if (s->fd >= 0)
		close(s->fd);
}

/* --- keys, as bpf(2) takes them; n below 4, 3 is never stored */

static inline int thing_of(enum form form, uint32_t n)
{
	switch (form) {
	case PROGRAM:
		return program(n);
	case EVENT:
		return perf_event();
	case CGROUP:
		return cgroup_fd(n);
	case MAP:
		return inner_map(n);
	case DEVICE:
		return (int)if_nametoindex("lo");
	case TASK:
		return task_fd(n);
	case INODE:
		return file_fd(n);
	default:
		return -1;
	}
}

static inline void key_of(const struct subject *s, uint32_t n, unsigned char *key)
{
	uint32_t words[4] = {n, 0, 0, 0};
	uint64_t id;

	switch (s->sample->key) {
	case BYTES:
		words[0] += 0xa5a5a500;
		break;
	case PREFIX:
		words[0] = 32;
		words[1] = 10 | n << 24;
		break;
	case TRACE:
		words[0] = n == 3 ? s->trace ^ 1 : s->trace;
		break;
	case ATTACHED:
		id = cgroup_id(n);
		memcpy(words, &id, sizeof(id));
		words[2] = BPF_CGROUP_INET_EGRESS;
		break;
	case SOCKET:
		words[0] = (uint32_t)plain_socket(n);
		break;
	case CGROUP:
	case TASK:
	case INODE:
		words[0] = (uint32_t)thing_of(s->sample->key, n);
		break;
	default:
		break;
	}
	memset(key, 0, 16);
	memcpy(key, words, s->recipe.key < sizeof(words) ? s->recipe.key : sizeof(words));
}

/* --- values: as stored (put), and as told; both have BLOCK bytes */

struct value {
	unsigned char put[BLOCK], told[BLOCK];
	bool foreign; /* put is a descriptor, told is not, and nobody else could have it */
};

static inline void words_of(unsigned char *block, uint64_t word)
{
	memset(block, 0, BLOCK);
	for (int cpu = 0; cpu < cpu_count(); cpu++, word += word < 256)
		memcpy(block + (size_t)cpu * 8, &word, sizeof(word));
}

static inline void value_of(struct subject *s, uint32_t n, struct value *v)
{
	uint64_t put = 7 + n * 16, told = put;
	int fd;

	switch (s->sample->value) {
	case PROGRAM:
		put = (uint64_t)program(n);
		told = program_id(program(n));
		break;
	case MAP:
		put = (uint64_t)inner_map(n);
		told = info_of(inner_map(n)).id;
		break;
	case SOCKET:
	case PORT:
	case XDP:
		fd = s->sample->value == SOCKET ? listener()
		     : s->sample->value == PORT ? shared_port()
						: xdp_socket();
		if (s->sample->value != SOCKET)
			hold(s, fd);
		put = (uint64_t)fd;
		told = cookie_of(fd);
		break;
	case EVENT:
	case CGROUP:
	case DEVICE:
		put = told = (uint64_t)thing_of(s->sample->value, n);
		break;
	default:
		break;
	}
	v->foreign = s->sample->value == SOCKET || s->sample->value == PORT ||
		     s->sample->value == XDP || s->sample->value == EVENT;
	words_of(v->put, put);
	words_of(v->told, told);
}

/* --- bpf(2), where a map without keys takes none; -errno */

static inline const void *key_pointer(const struct subject *s, const void *key)
{
	return s->recipe.key ? key : NULL;
}

static inline int raw_get(const struct subject *s, uint32_t n, void *value)
{
	unsigned char key[16];

	key_of(s, n, key);
	return bpf_map_lookup_elem(s->fd, key_pointer(s, key), value);
}

static inline int raw_put(struct subject *s, uint32_t n, uint32_t version, uint64_t flags)
{
	static struct value v;
	unsigned char key[16];

	key_of(s, n, key);
	value_of(s, version, &v);
	return bpf_map_update_elem(s->fd, key_pointer(s, key), v.put, flags);
}

static inline int raw_delete(const struct subject *s, uint32_t n)
{
	unsigned char key[16];

	key_of(s, n, key);
	return bpf_map_delete_elem(s->fd, key_pointer(s, key));
}

/* Elements that come from elsewhere than from bpf(2). */
static inline bool is_made_elsewhere(const struct subject *s)
{
	return s->sample->key == TRACE || s->sample->key == ATTACHED || s->sample->key == OPS;
}

/* Puts element n into its place, by whatever means: 0 or -errno. */
static inline int fill(struct subject *s, uint32_t n)
{
	if (s->sample->key == TRACE && n == 0) /* a second one may want the place of the first */
		s->trace = take_trace(s->fd, 0);
	else if (s->sample->key == ATTACHED)
		hold(s, attach_storage(s->fd, n));
	if (s->sample->key == ATTACHED || !is_made_elsewhere(s))
		return raw_put(s, n, n, BPF_ANY);
	return 0;
}

/*
 * Several elements, in an order that is not that of their keys, where somebody can do that;
 * false if not. The map of s is another one then.
 */
static inline bool scramble(struct subject *s)
{
	static const unsigned char order[] = {8, 3, 29, 16, 11, 24, 1, 30};
	static struct value v;
	unsigned char key[16];
	bool is_prefix = s->sample->key == PREFIX;

	close(s->fd);
	if (s->recipe.entries > 1) /* traces must not meet in one place */
		s->recipe.entries = s->sample->key == TRACE ? 1 << 16 : 64;
	s->fd = create(s->type, "mt_order", &s->recipe);
	must(s->fd >= 0, "type %u: create", s->type);
	if (s->sample->key == TRACE)
		return take_trace(s->fd, 0) != take_trace(s->fd, BPF_F_TEST_RUN_ON_CPU);
	if (is_made_elsewhere(s))
		return false;
	for (size_t i = 0; i < sizeof(order); i++) {
		key_of(s, 0, key);
		value_of(s, i % 4, &v);
		key[0] = order[i];
		key[is_prefix ? 5 : 1] = (unsigned char)(order[i] * 151);
		if (bpf_map_update_elem(s->fd, key, v.put, BPF_ANY))
			return false;
	}
	return true;
}

#endif
