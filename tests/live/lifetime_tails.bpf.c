/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A jump through slot 0 of a prog_array; 7 where nothing is there. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} tails SEC(".maps");

SEC("xdp")
int jump(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &tails, 0);
	return 7;
}

SEC("xdp")
int target(struct xdp_md *ctx)
{
	return 42;
}

SEC("xdp")
int another(struct xdp_md *ctx)
{
	return 43;
}

SEC("tc")
int stranger(struct __sk_buff *skb)
{
	return 44;
}

char LICENSE[] SEC("license") = "GPL";
