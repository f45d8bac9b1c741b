/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What arrives at a socket of the map leaves through the one in slot 1. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} sockmap SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} sockhash SEC(".maps");

SEC("sk_skb/stream_verdict")
int verdict_map(struct __sk_buff *skb)
{
	return bpf_sk_redirect_map(skb, &sockmap, 1, 0);
}

SEC("sk_skb/stream_verdict")
int verdict_hash(struct __sk_buff *skb)
{
	__u32 key = 1;

	return bpf_sk_redirect_hash(skb, &sockhash, &key, 0);
}

char LICENSE[] SEC("license") = "GPL";
