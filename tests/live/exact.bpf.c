/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A map of types that the words of a spec cannot say. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum color { RED, GREEN, BLUE };

struct odd {
	int few : 3;
	_Bool more : 1;
	void *where;
	enum color next;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, enum color);
	__type(value, struct odd);
} odd SEC(".maps");

SEC("xdp")
int look(struct xdp_md *ctx)
{
	enum color key = RED;

	return bpf_map_lookup_elem(&odd, &key) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
