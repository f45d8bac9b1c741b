/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Who opens which map by its id, told by neither of them: counts the calls of
 * BPF_MAP_GET_FD_BY_ID by process and map.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

enum { BPF_ON_X86_64 = 321, BPF_ON_OTHERS = 280 }; /* bpf(2) */

/* Where a system call's arguments are. */
struct pt_regs___x86_64 {
	unsigned long di, si;
} __attribute__((preserve_access_index));

struct pt_regs___arm64 {
	__u64 regs[31];
} __attribute__((preserve_access_index));

struct call {
	__u64 number, command, attr;
};

struct opening {
	__u32 process;
	__u32 map;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct opening);
	__type(value, __u64);
} openings SEC(".maps");

static __always_inline struct call decode(const struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs___x86_64 *x86 = (void *)ctx->args[0];
	struct pt_regs___arm64 *arm = (void *)ctx->args[0];
	struct call call = {.number = ctx->args[1]};

	if (bpf_core_field_exists(x86->di)) {
		call.number -= BPF_ON_X86_64;
		call.command = BPF_CORE_READ(x86, di);
		call.attr = BPF_CORE_READ(x86, si);
	} else {
		call.number -= BPF_ON_OTHERS;
		call.command = BPF_CORE_READ(arm, regs[0]);
		call.attr = BPF_CORE_READ(arm, regs[1]);
	}
	return call;
}

SEC("raw_tp/sys_enter")
int witness(struct bpf_raw_tracepoint_args *ctx)
{
	struct call call = decode(ctx);
	struct opening by = {.process = bpf_get_current_pid_tgid() >> 32};
	__u64 one = 1, *count;

	if (call.number != 0 || (__u32)call.command != BPF_MAP_GET_FD_BY_ID)
		return 0;
	bpf_probe_read_user(&by.map, sizeof(by.map), (void *)call.attr);
	count = bpf_map_lookup_elem(&openings, &by);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&openings, &by, &one, BPF_NOEXIST);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
