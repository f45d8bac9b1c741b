// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Drains a user ring buffer: what comes out is kept in an array, length and first bytes. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum { MOST = 4096, BYTES = 56 };

struct record {
	__u64 len;
	__u8 bytes[BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MOST);
	__type(key, __u32);
	__type(value, struct record);
} records SEC(".maps");

__u32 drained;

static long take(struct bpf_dynptr *dynptr, void *unused)
{
	__u32 at = drained;
	struct record *record = bpf_map_lookup_elem(&records, &at);

	if (!record)
		return 1;
	record->len = 0;
	__builtin_memset(record->bytes, 0, BYTES);
#pragma unroll
	for (__u32 i = 0; i < BYTES; i++) {
		if (bpf_dynptr_read(&record->bytes[i], 1, dynptr, i, 0))
			break;
		record->len = i + 1;
	}
	drained = at + 1;
	return 0;
}

SEC("syscall")
int drain(void *ctx)
{
	return bpf_user_ringbuf_drain(&ring, take, NULL, 0);
}

char LICENSE[] SEC("license") = "GPL";
