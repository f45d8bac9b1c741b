/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A congestion control of TCP that does next to nothing, as struct_ops. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Of the kernel's structure, the members that are set; libbpf finds them by name. */
struct tcp_congestion_ops {
	__u32 (*ssthresh)(void *sk);
	void (*cong_avoid)(void *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(void *sk);
	char name[16];
};

SEC("struct_ops/ops_ssthresh")
__u32 ops_ssthresh(__u64 *ctx)
{
	return 2;
}

SEC("struct_ops/ops_cong_avoid")
void ops_cong_avoid(__u64 *ctx)
{
}

SEC("struct_ops/ops_undo_cwnd")
__u32 ops_undo_cwnd(__u64 *ctx)
{
	return 10;
}

/* The test puts a name of its own here, of the same length. */
SEC(".struct_ops")
struct tcp_congestion_ops bpfmapfs_ops = {
	.ssthresh = (void *)ops_ssthresh,
	.cong_avoid = (void *)ops_cong_avoid,
	.undo_cwnd = (void *)ops_undo_cwnd,
	.name = "bpfmapfs_noname",
};

char LICENSE[] SEC("license") = "GPL";
