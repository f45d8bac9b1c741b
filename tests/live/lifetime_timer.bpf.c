/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A timer in a map, which fires every five milliseconds once it is started. */
#include <linux/bpf.h>
#include <linux/time.h>
#include <bpf/bpf_helpers.h>

enum { EVERY_NS = 5000000 };

struct ticking {
	struct bpf_timer timer;
	__u64 mark;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct ticking);
} timers SEC(".maps");

__u32 fired;

static int fire(void *map, __u32 *key, struct ticking *value)
{
	__sync_fetch_and_add(&fired, 1);
	bpf_timer_start(&value->timer, EVERY_NS, 0);
	return 0;
}

/* 0, or the step that failed. */
SEC("xdp")
int start(struct xdp_md *ctx)
{
	struct ticking fresh = {.mark = 5}, *value;
	__u32 key = 1;

	bpf_map_update_elem(&timers, &key, &fresh, BPF_NOEXIST);
	value = bpf_map_lookup_elem(&timers, &key);
	if (!value)
		return 1;
	if (bpf_timer_init(&value->timer, &timers, CLOCK_MONOTONIC))
		return 2;
	if (bpf_timer_set_callback(&value->timer, fire))
		return 3;
	return bpf_timer_start(&value->timer, EVERY_NS, 0) ? 4 : 0;
}

SEC("xdp")
int ticks(struct xdp_md *ctx)
{
	return fired;
}

char LICENSE[] SEC("license") = "GPL";
