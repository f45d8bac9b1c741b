/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Sends test frames (ethertype 88b5) to where a map says, by their first payload byte; whatever
 * the map does not know is dropped. Programs of entries put a mark into the second payload byte.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum { HEADER = 14, KINDS = 8, MARKER = 7 };

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, KINDS);
	__uint(key_size, 4);
	__uint(value_size, 4);
} devs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, KINDS);
	__uint(key_size, 4);
	__uint(value_size, sizeof(struct bpf_devmap_val));
} devprogs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, KINDS);
	__uint(key_size, 4);
	__uint(value_size, 4);
} devhash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, KINDS);
	__uint(key_size, 4);
	__uint(value_size, 4);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, KINDS);
	__uint(key_size, 4);
	__uint(value_size, sizeof(struct bpf_cpumap_val));
} cpuprogs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, KINDS);
	__uint(key_size, 4);
	__uint(value_size, 4);
} xsks SEC(".maps");

static __always_inline int kind_of(const struct xdp_md *ctx)
{
	const __u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + HEADER + 2 > end || data[12] != 0x88 || data[13] != 0xb5)
		return -1;
	return data[HEADER];
}

static __always_inline int mark(const struct xdp_md *ctx, __u8 with)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + HEADER + 2 <= end)
		data[HEADER + 1] = with;
	return XDP_PASS;
}

/* marker: the slot of the kind that the tests send last. */
#define REDIRECT(map, marker)                                                            \
	SEC("xdp")                                                                       \
	int to_##map(struct xdp_md *ctx)                                                 \
	{                                                                                \
		int kind = kind_of(ctx);                                                 \
                                                                                         \
		if (kind < 0)                                                            \
			return XDP_DROP;                                                 \
		return bpf_redirect_map(&map, kind == MARKER ? marker : kind, XDP_DROP); \
	}

REDIRECT(devs, MARKER)
REDIRECT(devprogs, MARKER)
REDIRECT(devhash, MARKER)
REDIRECT(cpus, 0)
REDIRECT(cpuprogs, 0)
REDIRECT(xsks, MARKER)

SEC("xdp/devmap")
int dev_entry(struct xdp_md *ctx)
{
	return mark(ctx, 0xd);
}

SEC("xdp/cpumap")
int cpu_entry(struct xdp_md *ctx)
{
	return mark(ctx, 0xc);
}

char LICENSE[] SEC("license") = "GPL";
