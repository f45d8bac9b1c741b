// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Counts test frames (ethertype 88b5) by their first payload byte, in steps that user space sets:
 * with 0 in `step` it stands still.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum { HEADER = 14 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} step SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} kinds SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} frames SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
	const __u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 zero = 0, kind;
	__u64 *by = bpf_map_lookup_elem(&step, &zero), *counter;

	if (!by || !*by || data + HEADER + 1 > end || data[12] != 0x88 || data[13] != 0xb5)
		return XDP_DROP;
	kind = data[HEADER];
	counter = bpf_map_lookup_elem(&kinds, &kind);
	if (counter)
		__sync_fetch_and_add(counter, *by);
	else
		bpf_map_update_elem(&kinds, &kind, by, BPF_NOEXIST);
	counter = bpf_map_lookup_elem(&frames, &zero);
	if (counter)
		*counter += *by;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
