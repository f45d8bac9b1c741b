// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Maps whose values say themselves whether they are whole, and a program that changes one of each
 * map at every run: by an update where the map replaces elements, else in place, with the lock
 * that the value has. backup_live.c runs it, and is the other writer.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "tests/live/backup_live.h"

/* Alike but for the first member. */
#define VALUE(name, first, bytes)             \
	struct name {                         \
		first;                        \
		__u32 key;                    \
		__u64 n;                      \
		__u64 not_n;                  \
		char text[bytes - LIVE_TEXT]; \
	}

VALUE(small, __u32 spare, LIVE_SMALL);
VALUE(large, __u32 spare, LIVE_LARGE);
VALUE(small_locked, struct bpf_spin_lock lock, LIVE_SMALL);
VALUE(large_locked, struct bpf_spin_lock lock, LIVE_LARGE);

#define MAP(name, kind, of, flags)              \
	struct {                                \
		__uint(type, kind);             \
		__uint(max_entries, LIVE_ROOM); \
		__uint(map_flags, flags);       \
		__type(key, __u32);             \
		__type(value, struct of);       \
	} name SEC(".maps")

MAP(hash_small, BPF_MAP_TYPE_HASH, small, 0);
MAP(hash_large, BPF_MAP_TYPE_HASH, large, 0);
MAP(lazy_small, BPF_MAP_TYPE_HASH, small, BPF_F_NO_PREALLOC);
MAP(lazy_large, BPF_MAP_TYPE_HASH, large, BPF_F_NO_PREALLOC);
MAP(lru_small, BPF_MAP_TYPE_LRU_HASH, small, 0);
MAP(lru_large, BPF_MAP_TYPE_LRU_HASH, large, 0);
MAP(array_small, BPF_MAP_TYPE_ARRAY, small, 0);
MAP(array_large, BPF_MAP_TYPE_ARRAY, large, 0);
MAP(cpuhash_small, BPF_MAP_TYPE_PERCPU_HASH, small, 0);
MAP(cpuhash_large, BPF_MAP_TYPE_PERCPU_HASH, large, 0);
MAP(cpuarray_small, BPF_MAP_TYPE_PERCPU_ARRAY, small, 0);
MAP(cpuarray_large, BPF_MAP_TYPE_PERCPU_ARRAY, large, 0);
MAP(lockhash_small, BPF_MAP_TYPE_HASH, small_locked, 0);
MAP(lockhash_large, BPF_MAP_TYPE_HASH, large_locked, 0);
MAP(lockarray_small, BPF_MAP_TYPE_ARRAY, small_locked, 0);
MAP(lockarray_large, BPF_MAP_TYPE_ARRAY, large_locked, 0);

#define COUNTERS(name, room)                     \
	struct {                                 \
		__uint(type, BPF_MAP_TYPE_HASH); \
		__uint(max_entries, room);       \
		__type(key, __u32);              \
		__type(value, __u64);            \
	} name SEC(".maps")

COUNTERS(lengths, LIVE_ROOM); /* texts of changing lengths */
COUNTERS(growing, LIVE_MANY); /* keys are added */
COUNTERS(passing, LIVE_MANY); /* keys come and go */

/* Room for one value, as a program has it nowhere else. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct large);
} scratch SEC(".maps");

static __always_inline void fill(void *value, __u32 key, __u64 n, __u32 bytes)
{
	struct large *v = value;
	__u64 *text = (__u64 *)v->text;

	v->key = key;
	v->n = n;
	v->not_n = ~n;
	for (__u32 i = 0; i < (bytes - LIVE_TEXT) / 8; i++)
		text[i] = LIVE_LETTERS(n);
}

#define REPLACE(map) bpf_map_update_elem(&map, &key, value, BPF_ANY)

#define CHANGE(map, of, lock, unlock)                               \
	do {                                                        \
		struct of *there = bpf_map_lookup_elem(&map, &key); \
                                                                    \
		if (there) {                                        \
			lock;                                       \
			fill(there, key, n, sizeof(*there));        \
			unlock;                                     \
		}                                                   \
	} while (0)

#define CHANGE_LOCKED(map, of) \
	CHANGE(map, of, bpf_spin_lock(&there->lock), bpf_spin_unlock(&there->lock))

SEC("tc")
int change(struct __sk_buff *skb)
{
	__u32 zero = 0, key = bpf_get_prandom_u32() % LIVE_KEYS;
	__u64 n = LIVE_NUMBER(bpf_get_prandom_u32(), bpf_get_prandom_u32());
	struct large *value = bpf_map_lookup_elem(&scratch, &zero);

	if (!value)
		return 1;
	value->spare = 0;
	fill(value, key, n, sizeof(*value));
	REPLACE(hash_small);
	REPLACE(hash_large);
	REPLACE(lazy_small);
	REPLACE(lazy_large);
	REPLACE(lru_small);
	REPLACE(lru_large);
	CHANGE(array_small, small, , );
	CHANGE(array_large, large, , );
	CHANGE(cpuhash_small, small, , );
	CHANGE(cpuhash_large, large, , );
	CHANGE(cpuarray_small, small, , );
	CHANGE(cpuarray_large, large, , );
	CHANGE_LOCKED(lockhash_small, small_locked);
	CHANGE_LOCKED(lockhash_large, large_locked);
	CHANGE_LOCKED(lockarray_small, small_locked);
	CHANGE_LOCKED(lockarray_large, large_locked);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
