/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Takes the stacks of one process at one system call, as it begins and as it ends. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#define TRACES(name, size, flags)                       \
	struct {                                        \
		__uint(type, BPF_MAP_TYPE_STACK_TRACE); \
		__uint(max_entries, 50);                \
		__uint(key_size, 4);                    \
		__uint(value_size, size);               \
		__uint(map_flags, flags);               \
	} name SEC(".maps")

TRACES(kernel, 127 * 8, 0);
TRACES(user, 16 * 8, 0);
TRACES(build_ids, 16 * sizeof(struct bpf_stack_build_id), BPF_F_STACK_BUILD_ID);

struct target {
	__u32 pid, number;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct target);
} target SEC(".maps");

/* What bpf_get_stackid() said: at the end of the call; at its beginning, of each map. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 5);
	__type(key, __u32);
	__type(value, __s32);
} taken SEC(".maps");

static volatile bool inside;

static struct target *wanted(void)
{
	struct target *t = bpf_map_lookup_elem(&target, &(__u32){0});

	return t && t->pid == bpf_get_current_pid_tgid() >> 32 ? t : NULL;
}

static void note(__u32 place, __s32 id)
{
	bpf_map_update_elem(&taken, &place, &id, BPF_ANY);
}

SEC("raw_tp/sys_enter")
int take_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct target *t = wanted();

	if (!t || t->number != ctx->args[1])
		return 0;
	inside = true;
	note(1, bpf_get_stackid(ctx, &kernel, 0));
	note(2, bpf_get_stackid(ctx, &user, BPF_F_USER_STACK));
	note(3, bpf_get_stackid(ctx, &build_ids, BPF_F_USER_STACK));
	note(4, bpf_get_stackid(ctx, &build_ids, 0));
	return 0;
}

SEC("raw_tp/sys_exit")
int take_exit(struct bpf_raw_tracepoint_args *ctx)
{
	if (!wanted() || !inside)
		return 0;
	inside = false;
	note(0, bpf_get_stackid(ctx, &kernel, 0));
	return 0;
}

char _license[] SEC("license") = "GPL";
