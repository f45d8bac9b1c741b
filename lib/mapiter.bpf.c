/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The side of mapiter that runs in the kernel: one struct mapiter_map for each map.
 *
 * The kernel's structures are declared with the members that are read; where they
 * really lie is found when the program is loaded (CO-RE). What only some kernels
 * have is asked for first. No global data: it would be a map, to be listed.
 */
#include "lib/mapiter.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

struct btf {
	__u32 id;
};

struct btf_record {
	__u32 cnt;
};

struct bpf_map {
	enum bpf_map_type map_type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u64 map_extra;
	__u32 map_flags;
	__u32 id;
	__u32 btf_key_type_id;
	__u32 btf_value_type_id;
	__u32 btf_vmlinux_value_type_id;
	struct btf *btf;
	char name[BPF_OBJ_NAME_LEN];
	atomic64_t refcnt;
	atomic64_t usercnt;
	_Bool frozen;
	__s64 *elem_count;
	struct bpf_map *inner_map_meta;
	struct btf_record *record;
};

struct lpm_trie {
	unsigned long n_entries;
};

struct bpf_queue_stack {
	__u32 head;
	__u32 tail;
	__u32 size;
};

struct bpf_dtab {
	unsigned int items;
};

struct bpf_shtab {
	atomic_t count;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
};

#pragma clang attribute pop

extern __s64 bpf_map_sum_elem_count(const struct bpf_map *map) __ksym __weak;

/*
 * A number of what the map is a part of, or -1 where the kernel has none of that
 * name. The map is the first member there, so the addresses are the same.
 */
#define OF_WHOLE(map, type, member)                                   \
	(bpf_core_field_exists(struct type, member)                   \
		 ? (__s64)BPF_CORE_READ((struct type *)(map), member) \
		 : -1)

/* The hash types. The function came with the member (Linux 6.6). */
static __always_inline __s64 count_hash(struct bpf_map *map)
{
	if (!bpf_core_field_exists(map->elem_count) || !map->elem_count)
		return -1;
	return bpf_map_sum_elem_count(map);
}

/* A ring that has one slot more than elements may be in it. */
static __always_inline __s64 count_queue(struct bpf_map *map)
{
	__s64 head = OF_WHOLE(map, bpf_queue_stack, head);
	__s64 tail = OF_WHOLE(map, bpf_queue_stack, tail);
	__s64 size = OF_WHOLE(map, bpf_queue_stack, size);

	if (size < 0)
		return -1;
	return head < tail ? head + size - tail : head - tail;
}

static __always_inline __s64 count(struct bpf_map *map)
{
	switch (map->map_type) {
	case BPF_MAP_TYPE_LPM_TRIE:
		return OF_WHOLE(map, lpm_trie, n_entries);
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
		return count_queue(map);
	case BPF_MAP_TYPE_DEVMAP_HASH:
		return OF_WHOLE(map, bpf_dtab, items);
	case BPF_MAP_TYPE_SOCKHASH:
		return OF_WHOLE(map, bpf_shtab, count.counter);
	default:
		return count_hash(map);
	}
}

static __always_inline void describe(struct bpf_map *map, struct bpf_map_info *info)
{
	info->type = map->map_type;
	info->id = map->id;
	info->key_size = map->key_size;
	info->value_size = map->value_size;
	info->max_entries = map->max_entries;
	info->map_flags = map->map_flags;
	if (bpf_core_field_exists(map->map_extra))
		info->map_extra = map->map_extra;
	bpf_core_read(info->name, sizeof(info->name), &map->name);
}

static __always_inline void describe_btf(struct bpf_map *map, struct bpf_map_info *info)
{
	if (map->btf) {
		info->btf_id = map->btf->id;
		info->btf_key_type_id = map->btf_key_type_id;
		info->btf_value_type_id = map->btf_value_type_id;
	}
	info->btf_vmlinux_value_type_id = map->btf_vmlinux_value_type_id;
}

static __always_inline void describe_inner(struct bpf_map *map, struct mapiter_template *inner)
{
	struct bpf_map *meta;

	if (!bpf_core_field_exists(map->inner_map_meta))
		return;
	meta = map->inner_map_meta;
	if (!meta)
		return;
	inner->type = meta->map_type;
	inner->key_size = meta->key_size;
	inner->value_size = meta->value_size;
	inner->max_entries = meta->max_entries;
	inner->map_flags = meta->map_flags;
	if (bpf_core_field_exists(meta->record) && meta->record && meta->btf)
		inner->btf_id = meta->btf->id;
}

SEC("iter/bpf_map")
int mapiter(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;
	struct mapiter_map out;

	if (!map)
		return 0;
	__builtin_memset(&out, 0, sizeof(out));
	describe(map, &out.info);
	describe_btf(map, &out.info);
	out.frozen = map->frozen;
	out.usercnt = map->usercnt.counter;
	out.refcnt = map->refcnt.counter - 1; /* the walk itself holds it */
	out.count = count(map);
	describe_inner(map, &out.inner);
	bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
