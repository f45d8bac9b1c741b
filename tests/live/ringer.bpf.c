/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* ringer: one record of a ring buffer each time it runs, by what the map `state` says. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* Places in state. */
enum { SEQUENCE, LIMIT, KIND, READY, CONSUMED, PLACES };

/* Kinds of record: a number; a struct; more than a page; a number behind one that is
 * discarded; a number that wakes nobody. */
enum { NUMBER, STRUCT, LONG, DISCARDED, QUIET };

struct record {
	__u64 sequence;
	__s32 minus;
	char name[12];
};

struct long_record {
	__u64 sequence;
	unsigned char bytes[5000];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, PLACES);
} state SEC(".maps");

static __u64 get(__u32 key)
{
	__u64 *value = bpf_map_lookup_elem(&state, &key);

	return value ? *value : 0;
}

static void set(__u32 key, __u64 value)
{
	bpf_map_update_elem(&state, &key, &value, BPF_ANY);
}

static int put_number(__u64 sequence, __u64 flags)
{
	__u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record)
		return 0;
	*record = sequence;
	bpf_ringbuf_submit(record, flags);
	return 1;
}

static int put_struct(__u64 sequence)
{
	struct record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record)
		return 0;
	__builtin_memset(record, 0, sizeof(*record));
	record->sequence = sequence;
	record->minus = -(__s32)sequence;
	record->name[0] = 'n';
	record->name[1] = 'o';
	bpf_ringbuf_submit(record, 0);
	return 1;
}

static int put_long(__u64 sequence)
{
	struct long_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record)
		return 0;
	record->sequence = sequence;
	bpf_ringbuf_submit(record, 0);
	return 1;
}

static void put_discarded(void)
{
	__u64 *record = bpf_ringbuf_reserve(&ring, 100, 0);

	if (record)
		bpf_ringbuf_discard(record, 0);
}

static int put(__u64 kind, __u64 sequence)
{
	switch (kind) {
	case STRUCT:
		return put_struct(sequence);
	case LONG:
		return put_long(sequence);
	case DISCARDED:
		put_discarded();
		return put_number(sequence, 0);
	case QUIET:
		return put_number(sequence, BPF_RB_NO_WAKEUP);
	default:
		return put_number(sequence, 0);
	}
}

SEC("xdp")
int produce(struct xdp_md *ctx)
{
	__u64 sequence = get(SEQUENCE);

	if (sequence < get(LIMIT) && put(get(KIND), sequence))
		set(SEQUENCE, sequence + 1);
	set(READY, bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA));
	set(CONSUMED, bpf_ringbuf_query(&ring, BPF_RB_CONS_POS));
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
