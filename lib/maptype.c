/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/maptype.h"

#include <string.h>

#include "lib/elembloom.h"
#include "lib/elemmaps.h"
#include "lib/elemops.h"
#include "lib/elemplain.h"
#include "lib/elemqueue.h"
#include "lib/elemslot.h"
#include "lib/elemstack.h"
#include "lib/elemstore.h"
#include "lib/userring.h"

/* Types that linux/bpf.h of Debian 12 does not name yet. */
enum { MAP_TYPE_CGRP_STORAGE = 32, MAP_TYPE_ARENA = 33, MAP_TYPE_INSN_ARRAY = 34 };

#define NOT_YET "the elements of this map type are not shown by this version, use bpftool map dump"
#define ATTACHED_KEY "struct{u64 cgroup_inode_id;u32 attach_type;}"
#define AS_QUEUE "the elements have no keys: .push, .peek and .pop"

/*
 * To add a type: a row here, by its number, with the name that linux/bpf.h
 * gives it. A row without elements shows .map and .info only and says why in why_not;
 * how elements are reached is a struct elements of its own (elements.h), or one that
 * others have too. tests/unit/test_contract.c runs rows with plain elements against the
 * fake and the kernel; tests/live/maptypes.bats compares every row with the kernel.
 */
static const struct maptype rows[] = {
	{BPF_MAP_TYPE_HASH, "hash", &elem_hash, .btf = true},
	{BPF_MAP_TYPE_ARRAY, "array", &elem_array, .key_size = 4, .key = "u32", .btf = true},
	{BPF_MAP_TYPE_PROG_ARRAY, "prog_array", &elem_prog, .delicate = true, .key_size = 4,
	 .key = "u32", .value = "u32", .btf = true},
	{BPF_MAP_TYPE_PERF_EVENT_ARRAY, "perf_event_array", &elem_perf_event, .key_size = 4,
	 .key = "4", .value = "4"},
	{BPF_MAP_TYPE_PERCPU_HASH, "percpu_hash", &elem_hash, .per_cpu = true, .btf = true},
	{BPF_MAP_TYPE_PERCPU_ARRAY, "percpu_array", &elem_array, .per_cpu = true, .key_size = 4,
	 .key = "u32", .btf = true},
	{BPF_MAP_TYPE_STACK_TRACE, "stack_trace", &elem_stack, .key_size = 4, .key = "4",
	 .value = "1016"},
	{BPF_MAP_TYPE_CGROUP_ARRAY, "cgroup_array", &elem_cgroup, .key_size = 4, .key = "4",
	 .value = "4"},
	{BPF_MAP_TYPE_LRU_HASH, "lru_hash", &elem_hash, .btf = true},
	{BPF_MAP_TYPE_LRU_PERCPU_HASH, "lru_percpu_hash", &elem_hash, .per_cpu = true, .btf = true},
	{BPF_MAP_TYPE_LPM_TRIE, "lpm_trie", &elem_prefix, .prefixes = true,
	 .create_flags = BPF_F_NO_PREALLOC, .btf = true},
	{BPF_MAP_TYPE_ARRAY_OF_MAPS, "array_of_maps", &elem_map_array, .links = true, .key_size = 4,
	 .key = "4", .value = "4"},
	{BPF_MAP_TYPE_HASH_OF_MAPS, "hash_of_maps", &elem_map_hash, .links = true, .value = "4"},
	{BPF_MAP_TYPE_DEVMAP, "devmap", &elem_dev, .key_size = 4, .key = "4", .value = "4",
	 .added_flags = BPF_F_RDONLY_PROG},
	{BPF_MAP_TYPE_SOCKMAP, "sockmap", &elem_sock, .delicate = true, .key_size = 4, .key = "4",
	 .value = "8"},
	{BPF_MAP_TYPE_CPUMAP, "cpumap", &elem_cpu, .key_size = 4, .key = "4", .value = "4"},
	{BPF_MAP_TYPE_XSKMAP, "xskmap", &elem_xsk, .key_size = 4, .key = "4", .value = "4"},
	{BPF_MAP_TYPE_SOCKHASH, "sockhash", &elem_sock_hash, .delicate = true, .value = "8"},
	{BPF_MAP_TYPE_CGROUP_STORAGE, "cgroup_storage", &elem_attached, .unbounded = true,
	 .key = ATTACHED_KEY, .btf = true},
	{BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, "reuseport_sockarray", &elem_sock_port, .key_size = 4,
	 .key = "u32", .value = "u64", .btf = true},
	{BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, "percpu_cgroup_storage", &elem_attached_percpu,
	 .per_cpu = true, .unbounded = true, .key = ATTACHED_KEY, .btf = true},
	{BPF_MAP_TYPE_QUEUE, "queue", .why_not = AS_QUEUE, .keyless = true,
	 .ends = MAPTYPE_PUSH | MAPTYPE_PEEK | MAPTYPE_POP, .by_ends = &elem_queue},
	{BPF_MAP_TYPE_STACK, "stack", .why_not = AS_QUEUE, .keyless = true,
	 .ends = MAPTYPE_PUSH | MAPTYPE_PEEK | MAPTYPE_POP, .by_ends = &elem_queue},
	{BPF_MAP_TYPE_SK_STORAGE, "sk_storage", &elem_of_socket, .key_size = 4, .key = "s32",
	 .unbounded = true, .create_flags = BPF_F_NO_PREALLOC, .btf = true, .needs_btf = true},
	{BPF_MAP_TYPE_DEVMAP_HASH, "devmap_hash", &elem_dev_hash, .key_size = 4, .key = "4",
	 .value = "4", .added_flags = BPF_F_RDONLY_PROG},
	{BPF_MAP_TYPE_STRUCT_OPS, "struct_ops", &elem_ops, .key_size = 4,
	 .why_no_mkdir = "a struct_ops belongs to the program that implements it"},
	{BPF_MAP_TYPE_RINGBUF, "ringbuf", .why_not = "records have no keys: .stream",
	 .keyless = true, .valueless = true, .ends = MAPTYPE_STREAM},
	{BPF_MAP_TYPE_INODE_STORAGE, "inode_storage", &elem_of_inode, .key_size = 4, .key = "s32",
	 .unbounded = true, .create_flags = BPF_F_NO_PREALLOC, .btf = true, .needs_btf = true},
	{BPF_MAP_TYPE_TASK_STORAGE, "task_storage", &elem_of_task, .key_size = 4, .key = "s32",
	 .unbounded = true, .create_flags = BPF_F_NO_PREALLOC, .btf = true, .needs_btf = true},
	{BPF_MAP_TYPE_BLOOM_FILTER, "bloom_filter", &elem_bloom, .keyless = true, .btf = true},
	{BPF_MAP_TYPE_USER_RINGBUF, "user_ringbuf", .why_not = "records have no keys: .push",
	 .keyless = true, .valueless = true, .ends = MAPTYPE_PUSH, .by_ends = &elem_user_ring},
	{MAP_TYPE_CGRP_STORAGE, "cgrp_storage", &elem_of_cgroup, .key_size = 4, .key = "s32",
	 .unbounded = true, .create_flags = BPF_F_NO_PREALLOC, .btf = true, .needs_btf = true},
	{MAP_TYPE_ARENA, "arena", .why_not = "an arena has no elements, only pages",
	 .keyless = true, .valueless = true, .create_flags = BPF_F_MMAPABLE},
	{MAP_TYPE_INSN_ARRAY, "insn_array", .why_not = NOT_YET,
	 .why_no_mkdir = "an insn_array belongs to the program whose instructions it has"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct maptype unknown = {
	.name = "unknown",
	.delicate = true,
	.why_not = "this map type is newer than this program",
	.why_no_mkdir = "this map type is newer than this program",
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
