/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a socket of `senders` or `hash` sends arrives at the one of `target` instead of its peer;
 * where that is not possible, at its peer. Connections to a group of sockets go to the one of slot
 * 0 of `group`, or to nobody.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAP_OF_SOCKETS(name, map_type, size) \
	struct {                             \
		__uint(type, map_type);      \
		__uint(max_entries, 4);      \
		__uint(key_size, 4);         \
		__uint(value_size, size);    \
	} name SEC(".maps")

MAP_OF_SOCKETS(senders, BPF_MAP_TYPE_SOCKMAP, 8);
MAP_OF_SOCKETS(senders4, BPF_MAP_TYPE_SOCKMAP, 4);
MAP_OF_SOCKETS(hash, BPF_MAP_TYPE_SOCKHASH, 8);
MAP_OF_SOCKETS(hash4, BPF_MAP_TYPE_SOCKHASH, 4);
MAP_OF_SOCKETS(target, BPF_MAP_TYPE_SOCKMAP, 8);
MAP_OF_SOCKETS(group, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 8);
MAP_OF_SOCKETS(group4, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4);

SEC("sk_msg")
int divert(struct sk_msg_md *msg)
{
	bpf_msg_redirect_map(msg, &target, 0, BPF_F_INGRESS);
	return SK_PASS;
}

SEC("sk_reuseport")
int choose(struct sk_reuseport_md *md)
{
	__u32 zero = 0;

	return bpf_sk_select_reuseport(md, &group, &zero, 0) ? SK_DROP : SK_PASS;
}

char LICENSE[] SEC("license") = "GPL";
