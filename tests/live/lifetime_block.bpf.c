/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Drops IPv4 that comes from a prefix of the block list. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct prefix {
	__u32 len;
	__be32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u8);
} blocked SEC(".maps");

SEC("xdp")
int block(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct prefix from = {.len = 32};

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	from.address = ip->saddr;
	return bpf_map_lookup_elem(&blocked, &from) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
