/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/maptype.h"

#include <errno.h>
#include <string.h>

#include "lib/sys.h"

/* Types that linux/bpf.h of Debian 12 does not name yet. */
enum { MAP_TYPE_CGRP_STORAGE = 32, MAP_TYPE_ARENA = 33, MAP_TYPE_INSN_ARRAY = 34 };

static int get_plain(int fd, const void *key, void *value, uint64_t flags)
{
	return sys_map_lookup(fd, key, value, flags);
}

/* LPM keys: a u32 prefix length in host order, then data, high bit first. */

static uint32_t prefix_len(const void *key)
{
	uint32_t len;

	memcpy(&len, key, sizeof(len));
	return len;
}

static bool prefix_bit(const void *key, uint32_t bit)
{
	const unsigned char *data = (const unsigned char *)key + sizeof(uint32_t);

	return data[bit / 8] & (0x80 >> (bit % 8));
}

/* The number of leading bits that two prefixes share. */
static uint32_t prefix_common(const void *a, const void *b)
{
	uint32_t len = prefix_len(a) < prefix_len(b) ? prefix_len(a) : prefix_len(b);
	uint32_t bit = 0;

	while (bit < len && prefix_bit(a, bit) == prefix_bit(b, bit))
		bit++;
	return bit;
}

static bool prefix_equal(const void *a, const void *b)
{
	return prefix_len(a) == prefix_len(b) && prefix_common(a, b) == prefix_len(a);
}

/* Post-order (kernel: trie_get_next_key): more specific prefixes come before the
 * one that covers them, 0 before 1. */
static int compare_prefix(const void *a, const void *b, uint32_t key_size)
{
	uint32_t common = prefix_common(a, b);

	(void)key_size;
	if (common < prefix_len(a) && common < prefix_len(b))
		return prefix_bit(a, common) ? 1 : -1;
	if (prefix_len(a) == prefix_len(b))
		return 0;
	return prefix_len(a) > prefix_len(b) ? -1 : 1;
}

/*
 * A look-up in an LPM trie answers for covering prefixes too. Whether this very
 * prefix is stored follows from the walk: the key behind an absent key is the
 * first key of all (finding 6). first is read again at the end, because another
 * process may have changed it between the calls.
 */
static int get_prefix_once(int fd, const void *key, void *value, bool *settled)
{
	unsigned char first[260], next[260], again[260];
	int err, next_err;

	*settled = true;
	err = sys_map_lookup(fd, key, value, 0);
	if (!err)
		err = sys_map_next_key(fd, NULL, first);
	if (err || prefix_equal(first, key))
		return err;
	next_err = sys_map_next_key(fd, key, next);
	err = sys_map_next_key(fd, NULL, again);
	if (err || !prefix_equal(first, again)) {
		*settled = false;
		return -ENOENT;
	}
	if (next_err == -ENOENT)
		return 0;
	if (next_err)
		return next_err;
	return prefix_equal(next, first) ? -ENOENT : 0;
}

/* Values of tries have no spin lock. */
static int get_prefix(int fd, const void *key, void *value, uint64_t flags)
{
	bool settled = false;
	int err = -ENOENT;

	(void)flags;
	for (int tries = 0; !settled && tries < 16; tries++)
		err = get_prefix_once(fd, key, value, &settled);
	return err;
}

#define NOT_YET "the elements of this map type are not shown by this version, use bpftool map dump"

/*
 * To add a type: a row here, by its number, with the name that linux/bpf.h
 * gives it. A row without keys shows .map and .info only and says why in
 * why_not; a row with keys needs get, and whatever else is not the default.
 * tests/unit/test_contract.c runs every row with keys against the fake and the
 * kernel.
 */
static const struct maptype rows[] = {
	{BPF_MAP_TYPE_HASH, "hash", .keys = true, .btf = true, .get = get_plain},
	{BPF_MAP_TYPE_ARRAY, "array", .keys = true, .fixed = true, .btf = true, .key_size = 4,
	 .get = get_plain},
	{BPF_MAP_TYPE_PROG_ARRAY, "prog_array", .delicate = true, .key_size = 4,
	 .why_not = NOT_YET},
	{BPF_MAP_TYPE_PERF_EVENT_ARRAY, "perf_event_array", .key_size = 4, .why_not = NOT_YET},
	{BPF_MAP_TYPE_PERCPU_HASH, "percpu_hash", .keys = true, .per_cpu = true, .btf = true,
	 .get = get_plain},
	{BPF_MAP_TYPE_PERCPU_ARRAY, "percpu_array", .keys = true, .per_cpu = true, .fixed = true,
	 .btf = true, .key_size = 4, .get = get_plain},
	{BPF_MAP_TYPE_STACK_TRACE, "stack_trace", .key_size = 4, .why_not = NOT_YET},
	{BPF_MAP_TYPE_CGROUP_ARRAY, "cgroup_array", .key_size = 4, .why_not = NOT_YET},
	{BPF_MAP_TYPE_LRU_HASH, "lru_hash", .keys = true, .btf = true, .get = get_plain},
	{BPF_MAP_TYPE_LRU_PERCPU_HASH, "lru_percpu_hash", .keys = true, .per_cpu = true,
	 .btf = true, .get = get_plain},
	{BPF_MAP_TYPE_LPM_TRIE, "lpm_trie", .keys = true, .prefixes = true, .btf = true,
	 .create_flags = BPF_F_NO_PREALLOC, .get = get_prefix, .compare = compare_prefix},
	{BPF_MAP_TYPE_ARRAY_OF_MAPS, "array_of_maps", .key_size = 4, .why_not = NOT_YET},
	{BPF_MAP_TYPE_HASH_OF_MAPS, "hash_of_maps", .why_not = NOT_YET},
	{BPF_MAP_TYPE_DEVMAP, "devmap", .key_size = 4, .why_not = NOT_YET},
	{BPF_MAP_TYPE_SOCKMAP, "sockmap", .delicate = true, .key_size = 4, .why_not = NOT_YET},
	{BPF_MAP_TYPE_CPUMAP, "cpumap", .key_size = 4, .why_not = NOT_YET},
	{BPF_MAP_TYPE_XSKMAP, "xskmap", .key_size = 4, .why_not = NOT_YET},
	{BPF_MAP_TYPE_SOCKHASH, "sockhash", .delicate = true, .why_not = NOT_YET},
	{BPF_MAP_TYPE_CGROUP_STORAGE, "cgroup_storage", .why_not = NOT_YET},
	{BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, "reuseport_sockarray", .key_size = 4,
	 .why_not = NOT_YET},
	{BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, "percpu_cgroup_storage", .why_not = NOT_YET},
	{BPF_MAP_TYPE_QUEUE, "queue", .why_not = NOT_YET},
	{BPF_MAP_TYPE_STACK, "stack", .why_not = NOT_YET},
	{BPF_MAP_TYPE_SK_STORAGE, "sk_storage", .why_not = NOT_YET},
	{BPF_MAP_TYPE_DEVMAP_HASH, "devmap_hash", .key_size = 4, .why_not = NOT_YET},
	{BPF_MAP_TYPE_STRUCT_OPS, "struct_ops", .why_not = NOT_YET},
	{BPF_MAP_TYPE_RINGBUF, "ringbuf", .why_not = NOT_YET},
	{BPF_MAP_TYPE_INODE_STORAGE, "inode_storage", .why_not = NOT_YET},
	{BPF_MAP_TYPE_TASK_STORAGE, "task_storage", .why_not = NOT_YET},
	{BPF_MAP_TYPE_BLOOM_FILTER, "bloom_filter", .why_not = NOT_YET},
	{BPF_MAP_TYPE_USER_RINGBUF, "user_ringbuf", .why_not = NOT_YET},
	{MAP_TYPE_CGRP_STORAGE, "cgrp_storage", .why_not = NOT_YET},
	{MAP_TYPE_ARENA, "arena", .why_not = "an arena has no elements, only pages"},
	{MAP_TYPE_INSN_ARRAY, "insn_array", .why_not = NOT_YET},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct maptype unknown = {
	.name = "unknown",
	.delicate = true,
	.why_not = "this map type is newer than this program",
};

const struct maptype *maptype_find(uint32_t type)
{
	for (int i = 0; i < ROWS; i++)
		if (rows[i].type == type)
			return &rows[i];
	return &unknown;
}

const struct maptype *maptype_by_name(const char *name, uint32_t len)
{
	for (int i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
			return &rows[i];
	return NULL;
}
