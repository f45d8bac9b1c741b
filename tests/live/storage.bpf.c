// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Counts system calls of one process, in steps that user space sets (0: it stands still): each
 * thread's in `tasks`, those of its cgroup in `cgroups`. Which process, and the step of
 * those that have none yet, are in `watched`. `locked` is there to have a spin lock.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum { CGRP_STORAGE = 32 }; /* of a later linux/bpf.h than Debian 12 has */

struct cgroup;

struct css_set {
	struct cgroup *dfl_cgrp;
} __attribute__((preserve_access_index));

struct task_struct {
	struct css_set *cgroups;
} __attribute__((preserve_access_index));

struct calls {
	__u64 count;
	__u32 step;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(
		value, struct {
			__u32 pid;
			__u32 step;
		});
} watched SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct calls);
} tasks SEC(".maps");

struct {
	__uint(type, CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct calls);
} cgroups SEC(".maps");

struct {
	__uint(type, CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(
		value, struct {
			struct bpf_spin_lock lock;
			__u32 number;
		});
} locked SEC(".maps");

SEC("tp_btf/sys_enter")
int count(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0, *watch = bpf_map_lookup_elem(&watched, &zero);
	struct calls fresh = {0}, *calls;

	if (!watch || !watch[0] || bpf_get_current_pid_tgid() >> 32 != watch[0])
		return 0;
	fresh.step = watch[1];
	calls = bpf_task_storage_get(&tasks, task, &fresh, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (calls)
		__sync_fetch_and_add(&calls->count, calls->step);
	calls = bpf_cgrp_storage_get(&cgroups, task->cgroups->dfl_cgrp, &fresh,
				     BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (calls)
		__sync_fetch_and_add(&calls->count, calls->step);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
