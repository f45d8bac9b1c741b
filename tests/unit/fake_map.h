/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fake_map: one map in memory. A type is a row of the table in fake_map.c.
 *
 * Elements of hashes and tries are links of lists, one list per bucket (tries
 * have one, in the order of the kernel's walk); those of arrays are slots.
 */
#ifndef BPFMAPFS_TESTS_FAKE_MAP_H
#define BPFMAPFS_TESTS_FAKE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/sys.h"

struct fake_elem {
	struct fake_elem *next;
	uint64_t used;        /* when it was last written */
	unsigned char data[]; /* key, then value */
};

struct fake_kind;
struct fake_btf;

struct fake_map {
	struct bpf_map_info info;
	const struct fake_kind *kind;
	struct fake_btf *btf;
	unsigned int refs; /* descriptors and pins */
	bool frozen;
	uint32_t value_size; /* as user space sees it: all CPUs */
	uint32_t count;
	uint64_t clock;
	uint32_t buckets;
	struct fake_elem **lists;
	unsigned char *slots;
	struct bpf_map_info inner; /* of a map of maps: its template */
};

struct fake_kind {
	uint32_t type;
	bool per_cpu, lru;
	bool no_btf; /* BPF_MAP_CREATE refuses BTF */
	bool extra;  /* and takes map_extra */
	int (*check)(const struct fake_kind *kind, const struct sys_map_attr *attr);
	int (*lookup)(struct fake_map *m, const void *key, void *value);
	int (*update)(struct fake_map *m, const void *key, const void *value, uint64_t flags);
	int (*remove)(struct fake_map *m, const void *key);
	int (*next_key)(struct fake_map *m, const void *key, void *next);
	int (*batch)(struct fake_map *m, const void *in, void *out, void *keys, void *values,
		     uint32_t *count);
	void (*gone)(struct fake_map *m); /* before its elements go with it; may be NULL */
	int (*pop)(struct fake_map *m, const void *key, void *value);
};

/* What BPF_MAP_CREATE checks; then the map, without id, with no reference. */
int fake_map_check(const struct sys_map_attr *attr);
struct fake_map *fake_map_new(const struct sys_map_attr *attr, int cpus, uint32_t buckets);
void fake_map_free(struct fake_map *m);

/* Links of lists. */
unsigned char *fake_elem_value(const struct fake_map *m, struct fake_elem *e);
struct fake_elem *fake_elem_add(struct fake_map *m, struct fake_elem **place, const void *key,
				const void *value);
void fake_elem_remove(struct fake_map *m, struct fake_elem **place);

/* 0, or what the flags say of an element that is there, or not. */
int fake_check_flags(bool present, uint64_t flags);

/* The batch that the kernel makes out of next_key and lookup. */
int fake_generic_batch(struct fake_map *m, const void *in, void *out, void *keys, void *values,
		       uint32_t *count);

int fake_hash_lookup(struct fake_map *m, const void *key, void *value);
int fake_hash_update(struct fake_map *m, const void *key, const void *value, uint64_t flags);
int fake_hash_remove(struct fake_map *m, const void *key);
int fake_hash_next_key(struct fake_map *m, const void *key, void *next);
int fake_hash_batch(struct fake_map *m, const void *in, void *out, void *keys, void *values,
		    uint32_t *count);

int fake_lpm_lookup(struct fake_map *m, const void *key, void *value);
int fake_lpm_update(struct fake_map *m, const void *key, const void *value, uint64_t flags);
int fake_lpm_remove(struct fake_map *m, const void *key);
int fake_lpm_next_key(struct fake_map *m, const void *key, void *next);

int fake_queue_lookup(struct fake_map *m, const void *key, void *value);
int fake_queue_update(struct fake_map *m, const void *key, const void *value, uint64_t flags);
int fake_stack_update(struct fake_map *m, const void *key, const void *value, uint64_t flags);
int fake_queue_remove(struct fake_map *m, const void *key);
int fake_queue_next_key(struct fake_map *m, const void *key, void *next);
int fake_queue_pop(struct fake_map *m, const void *key, void *value);

int fake_bloom_lookup(struct fake_map *m, const void *key, void *value);
int fake_bloom_update(struct fake_map *m, const void *key, const void *value, uint64_t flags);

int fake_maps_check(const struct fake_kind *kind, const struct sys_map_attr *attr);
int fake_hash_of_maps_update(struct fake_map *m, const void *key, const void *value,
			     uint64_t flags);
int fake_hash_of_maps_remove(struct fake_map *m, const void *key);
int fake_array_of_maps_update(struct fake_map *m, const void *key, const void *value,
			      uint64_t flags);
int fake_array_of_maps_next_key(struct fake_map *m, const void *key, void *next);
int fake_array_of_maps_batch(struct fake_map *m, const void *in, void *out, void *keys,
			     void *values, uint32_t *count);
void fake_maps_gone(struct fake_map *m);

#endif
