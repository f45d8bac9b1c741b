/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A small firewall: it counts IPv4 packets by their source and protocol, and drops those whose
 * source is in the blocklist, alone or with its network. `make demo` shows its maps as files;
 * the types that keys and values have here are the ones that they are spelt by.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum protocol { ICMP = 1, TCP = 6, UDP = 17 }; /* others are shown as numbers */

struct source {
	__be32 address;
	enum protocol protocol;
};

struct counter {
	__u64 packets;
	__u64 bytes;
	__u64 dropped; /* of these packets */
};

struct prefix {
	__u32 length; /* in bits */
	__be32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct source);
	__type(value, struct counter);
} counters SEC(".maps");

/* What is in it is blocked, whatever its value. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct prefix);
	__type(value, __u8);
} blocked SEC(".maps");

static struct counter *counter_of(const struct source *source)
{
	struct counter zero = {}, *counter = bpf_map_lookup_elem(&counters, source);

	if (counter)
		return counter;
	bpf_map_update_elem(&counters, source, &zero, BPF_NOEXIST);
	return bpf_map_lookup_elem(&counters, source);
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = data;
	struct iphdr *ip = data + sizeof(*ethernet);
	struct counter *counter;
	int action = XDP_PASS;

	if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;

	struct source source = {ip->saddr, ip->protocol};
	struct prefix host = {32, ip->saddr};

	if (bpf_map_lookup_elem(&blocked, &host))
		action = XDP_DROP;
	counter = counter_of(&source);
	if (counter) {
		__sync_fetch_and_add(&counter->packets, 1);
		__sync_fetch_and_add(&counter->bytes, end - data);
		__sync_fetch_and_add(&counter->dropped, action == XDP_DROP);
	}
	return action;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
