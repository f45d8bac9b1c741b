/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the tests of cgroups and perf events run: programs that count, in storage of a cgroup, what
 * its sockets send, in steps that user space sets; that say whether their caller is below the
 * cgroup in slot 1 of `groups`; that write to the perf event in slot 0 of `events`.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counter {
	__u64 packets;
	__u32 step;
};

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, struct counter);
} storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, __u64);
} percpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, __u64);
	__type(value, struct counter);
} shared SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
} groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

SEC("cgroup_skb/egress")
int count(struct __sk_buff *skb)
{
	struct counter *counter = bpf_get_local_storage(&storage, 0);
	__u64 *mine = bpf_get_local_storage(&percpu, 0);

	__sync_fetch_and_add(&counter->packets, counter->step);
	++*mine;
	return 1;
}

SEC("cgroup_skb/egress")
int count_shared(struct __sk_buff *skb)
{
	struct counter *counter = bpf_get_local_storage(&shared, 0);

	__sync_fetch_and_add(&counter->packets, counter->step);
	return 1;
}

SEC("raw_tp")
int is_below(void *ctx)
{
	return bpf_current_task_under_cgroup(&groups, 1);
}

SEC("raw_tp")
int emit(void *ctx)
{
	__u64 nothing = 0;

	return bpf_perf_event_output(ctx, &events, 0, &nothing, sizeof(nothing));
}

char LICENSE[] SEC("license") = "GPL";
