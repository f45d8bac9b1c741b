// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Maps that libbpf pins by their names, and takes again from there, of each type that a loader has
 * there. Each run of a program counts one further in each of those that can count, and says which.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct flow {
	__be32 source;
	__be16 port;
	__u8 proto;
	__u8 zero;
};

struct tally {
	__u64 packets;
	__u64 bytes;
};

struct locked {
	struct bpf_spin_lock lock;
	__u32 limit;
	__u64 packets;
};

struct timed {
	__u64 packets;
	struct bpf_timer timer;
};

struct prefix {
	__u32 prefixlen;
	__be32 address;
};

enum { ENTRIES = 16, PAGE = 4096, LARGEST = 4 /* value, in words */ };

#define PINNED(TYPE, ENTRIES)                \
	__uint(type, BPF_MAP_TYPE_##TYPE);   \
	__uint(pinning, LIBBPF_PIN_BY_NAME); \
	__uint(max_entries, ENTRIES)
#define OF(KEY, VALUE)    \
	__type(key, KEY); \
	__type(value, VALUE)
#define BYTES(KEY, VALUE)      \
	__uint(key_size, KEY); \
	__uint(value_size, VALUE)
#define FLAGS(FLAGS) __uint(map_flags, FLAGS)
#define MAP(NAME, ...)       \
	struct {             \
		__VA_ARGS__; \
	} NAME SEC(".maps")

/* Those that a program counts in. */
MAP(flows, PINNED(HASH, ENTRIES); OF(struct flow, struct tally));
MAP(recent, PINNED(LRU_HASH, ENTRIES); OF(__u32, struct tally));
MAP(flow_cpus, PINNED(PERCPU_HASH, ENTRIES); OF(struct flow, struct tally));
MAP(recent_cpus, PINNED(LRU_PERCPU_HASH, ENTRIES); OF(__u32, __u64); FLAGS(BPF_F_NO_COMMON_LRU));
MAP(slots, PINNED(ARRAY, 4); OF(__u32, struct tally));
MAP(slot_cpus, PINNED(PERCPU_ARRAY, 4); OF(__u32, __u64));
MAP(blocked, PINNED(LPM_TRIE, ENTRIES); OF(struct prefix, __u64); FLAGS(BPF_F_NO_PREALLOC));
MAP(sparse, PINNED(HASH, ENTRIES); OF(__u64, __u64); FLAGS(BPF_F_NO_PREALLOC | BPF_F_ZERO_SEED));
MAP(mapped, PINNED(ARRAY, 4); OF(__u32, __u64); FLAGS(BPF_F_MMAPABLE));
MAP(untyped, PINNED(HASH, ENTRIES); BYTES(4, 8));
MAP(locks, PINNED(HASH, ENTRIES); OF(__u32, struct locked));
MAP(timers, PINNED(ARRAY, 4); OF(__u32, struct timed));
MAP(limits, PINNED(HASH, ENTRIES); OF(__u32, __u32); FLAGS(BPF_F_RDONLY_PROG));
MAP(inner, PINNED(HASH, ENTRIES); OF(__u32, __u64));

/* What is in maps of maps is like `inner`, but libbpf takes no pinned map as their template. */
struct inside {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, __u64);
};

MAP(outer, PINNED(HASH_OF_MAPS, ENTRIES); __type(key, struct flow); __array(values, struct inside));
MAP(outer_slots, PINNED(ARRAY_OF_MAPS, 4); __type(key, __u32); __array(values, struct inside));

/* Those that list nothing, or nothing that lasts. */
MAP(records, PINNED(RINGBUF, PAGE));
MAP(todo, PINNED(QUEUE, ENTRIES); __type(value, struct tally));
MAP(undo, PINNED(STACK, ENTRIES); __type(value, __u64));
MAP(known, PINNED(BLOOM_FILTER, 100); __type(value, __u32); __uint(map_extra, 3));
MAP(traces, PINNED(STACK_TRACE, ENTRIES); BYTES(4, 80));
MAP(jumps, PINNED(PROG_ARRAY, 4); BYTES(4, 4));
MAP(events, PINNED(PERF_EVENT_ARRAY, 2); BYTES(4, 4));
MAP(cgroups, PINNED(CGROUP_ARRAY, 2); BYTES(4, 4));
MAP(queues, PINNED(CPUMAP, 1); BYTES(4, 8));
MAP(sockets, PINNED(SOCKMAP, 4); BYTES(4, 8));
MAP(tasks, PINNED(TASK_STORAGE, 0); OF(int, struct tally); FLAGS(BPF_F_NO_PREALLOC));
MAP(owners, PINNED(SK_STORAGE, 0); OF(int, __u64); FLAGS(BPF_F_NO_PREALLOC));
MAP(orders, PINNED(USER_RINGBUF, PAGE));

/* Variables, which the loader pins, too. */
__u64 runs;
__u64 step = 1;
const volatile __u32 wanted = 5;

static __always_inline void *found(void *map, const void *key, const void *fresh)
{
	void *value = bpf_map_lookup_elem(map, key);

	if (value)
		return value;
	bpf_map_update_elem(map, key, fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

static __always_inline __u32 count_in(void *map, const void *key, __u32 bit)
{
	__u64 fresh[LARGEST] = {}, *packets = found(map, key, fresh);

	if (!packets)
		return 0;
	*packets += step;
	return bit;
}

static __always_inline __u32 count_locked(__u32 key, __u32 bit)
{
	struct locked fresh = {}, *value = found(&locks, &key, &fresh);

	if (!value)
		return 0;
	bpf_spin_lock(&value->lock);
	value->packets += step;
	bpf_spin_unlock(&value->lock);
	return bit;
}

static __always_inline __u32 count_inside(void *map, const void *key, __u32 bit)
{
	void *inside = bpf_map_lookup_elem(map, key);
	__u32 two = 2;

	return inside ? count_in(inside, &two, bit) : 0;
}

/* What this machine has as addresses and ports of 10.0.0.1:443. */
#define SOURCE __builtin_bswap32(0x0a000001)
#define PORT __builtin_bswap16(443)

SEC("xdp")
int count(struct xdp_md *ctx)
{
	struct flow flow = {.source = SOURCE, .port = PORT, .proto = 6};
	struct prefix prefix = {.prefixlen = 32, .address = SOURCE};
	__u64 wide = 1ULL << 40;
	__u32 two = 2, done = 0;

	done |= count_in(&flows, &flow, 1 << 0);
	done |= count_in(&recent, &two, 1 << 1);
	done |= count_in(&flow_cpus, &flow, 1 << 2);
	done |= count_in(&recent_cpus, &two, 1 << 3);
	done |= count_in(&slots, &two, 1 << 4);
	done |= count_in(&slot_cpus, &two, 1 << 5);
	done |= count_in(&blocked, &prefix, 1 << 6);
	done |= count_in(&sparse, &wide, 1 << 7);
	done |= count_in(&mapped, &two, 1 << 8);
	done |= count_in(&untyped, &two, 1 << 9);
	done |= count_in(&timers, &two, 1 << 10);
	done |= count_locked(two, 1 << 11);
	done |= count_inside(&outer, &flow, 1 << 12);
	done |= count_inside(&outer_slots, &two, 1 << 13);
	runs += step;
	return done;
}

/* Hands out what it was told to: one record, one element each, and a limit that user space sets. */
SEC("xdp")
int tell(struct xdp_md *ctx)
{
	struct tally tally = {.packets = runs, .bytes = wanted};
	__u32 two = 2, *limit = bpf_map_lookup_elem(&limits, &two);

	bpf_ringbuf_output(&records, &tally, sizeof tally, 0);
	bpf_map_push_elem(&todo, &tally, BPF_EXIST);
	bpf_map_push_elem(&undo, &tally.packets, BPF_EXIST);
	bpf_tail_call(ctx, &jumps, 0);
	return limit ? *limit : 0;
}

char LICENSE[] SEC("license") = "GPL";
