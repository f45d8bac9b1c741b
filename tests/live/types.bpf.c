// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A map for each row of what keys and values can be (contract, sections 4 and 5): k_* by its key,
 * with a u32 as value; lpm_*; v_* by its value, under a u32; p_* per CPU; a_* in arrays. Variables.
 * Two programs read what was written from outside, as C has it, into `out`.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#define MAP(name, maptype, keytype, valuetype) \
	struct {                               \
		__uint(type, maptype);         \
		__uint(max_entries, 16);       \
		__type(key, keytype);          \
		__type(value, valuetype);      \
	} name SEC(".maps")

#define KEY(name, type) MAP(k_##name, BPF_MAP_TYPE_HASH, type, __u32)
#define VALUE(name, type) MAP(v_##name, BPF_MAP_TYPE_HASH, __u32, type)
#define PER_CPU(name, type) MAP(p_##name, BPF_MAP_TYPE_PERCPU_HASH, __u32, type)

#define PREFIX(name, keytype)                         \
	struct {                                      \
		__uint(type, BPF_MAP_TYPE_LPM_TRIE);  \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__uint(max_entries, 16);              \
		__type(key, keytype);                 \
		__type(value, __u32);                 \
	} lpm_##name SEC(".maps")

/* Numbers. */

enum color { RED, GREEN = 5, BLUE = 1000 };
enum verdict { DROP = -1, PASS, REDIRECT = 7 };
enum wide { WIDE_NONE, WIDE_ONE, WIDE_MOST = 1ULL << 40 };

KEY(u8, __u8);
KEY(u16, __u16);
KEY(u32, __u32);
KEY(u64, __u64);
KEY(s8, __s8);
KEY(s16, __s16);
KEY(s32, __s32);
KEY(s64, __s64);
KEY(u128, unsigned __int128);
KEY(bool, bool);
KEY(enum, enum color);
KEY(verdict, enum verdict);
KEY(wide, enum wide);
KEY(be16, __be16);
KEY(be64, __be64);
KEY(float, float);
KEY(double, double);

VALUE(u8, __u8);
VALUE(u16, __u16);
VALUE(u32, __u32);
VALUE(u64, __u64);
VALUE(s8, __s8);
VALUE(s16, __s16);
VALUE(s32, __s32);
VALUE(s64, __s64);
VALUE(u128, unsigned __int128);
VALUE(s128, __int128);
VALUE(bool, bool);
VALUE(enum, enum color);
VALUE(verdict, enum verdict);
VALUE(wide, enum wide);
VALUE(be16, __be16);
VALUE(be64, __be64);
VALUE(float, float);
VALUE(double, double);
VALUE(ptr, void *);

typedef volatile const __u16 port_t;
typedef const port_t service_t;
VALUE(alias, service_t);

/* Addresses, text, bytes, arrays. */

struct in_addr {
	__be32 s_addr;
};

struct in6_addr {
	__u8 s6_addr[16];
};

KEY(be32, __be32);
KEY(in_addr, struct in_addr);
KEY(in6_addr, struct in6_addr);
KEY(mac, unsigned char[6]);
KEY(char16, char[16]);
KEY(char300, char[300]);
KEY(bytes20, unsigned char[20]);
KEY(u16x3, __u16[3]);

VALUE(be32, __be32);
VALUE(in_addr, struct in_addr);
VALUE(in6_addr, struct in6_addr);
VALUE(mac, __u8[6]);
VALUE(char32, char[32]);
VALUE(u8x5, __u8[5]);
VALUE(u32x4, __u32[4]);
VALUE(u32x2x3, __u32[2][3]);
VALUE(char8x2, char[2][8]);

/* Structs and unions. */

struct tuple { /* 13 bytes, no padding */
	__be32 saddr, daddr;
	__be16 sport, dport;
	__u8 proto;
} __attribute__((packed));

struct padded { /* 3 bytes of it */
	__u8 kind;
	__u32 number;
};

struct range {
	__u16 low, high;
};

struct nested {
	__be32 addr;
	struct range ports;
	struct {
		__s8 priority;
		bool strict;
		__u16 zone;
	};
};

struct either {
	__u32 kind;
	union {
		__be32 addr;
		__u8 half[2];
	};
};

struct task_id {
	char comm[8];
	__u32 pid;
	__s32 nice;
};

struct mark {
	__u8 low : 3;
	__s8 high : 5;
	bool last : 1;
};

KEY(tuple, struct tuple);
KEY(mark, struct mark);
KEY(padded, struct padded);
KEY(nested, struct nested);
KEY(either, struct either);
KEY(task, struct task_id);

struct flow {
	__u64 packets, bytes;
};

struct host {
	struct in_addr addr;
	struct in6_addr addr6;
	__u8 daddr[16];
	__u8 hw[6];
	__be16 port;
	__u8 digest[4];
	char name[12];
};

struct tree {
	__u8 kind;
	struct padded leaves[2];
	struct {
		double weight;
		float share;
		enum color color;
	} mix;
	const struct tree *next;
};

struct anon {
	__u32 id;
	struct {
		__u16 left, right;
	};
	union {
		__u64 whole;
		__u8 first;
		struct {
			__u32 low, high;
		};
	};
};

union word {
	__u8 byte;
	__u32 number;
	__u16 half[2];
};

struct choice {
	__u32 tag;
	union word word;
};

struct bits {
	__u32 three : 3;
	__u32 crossing : 17;
	__s32 five : 5;
	__u32 : 0;
	bool on : 1;
	bool off : 1;
	__u64 forty : 40;
	__s64 signed33 : 33;
	enum color color : 10;
};

struct tail {
	__u32 len;
	__u16 flags;
	__u16 items[0];
};

VALUE(flow, struct flow);
VALUE(padded, struct padded);
VALUE(host, struct host);
VALUE(tree, struct tree);
VALUE(anon, struct anon);
VALUE(choice, struct choice);
VALUE(word, union word);
VALUE(bits, struct bits);
VALUE(tail, struct tail);

struct big { /* 64 KiB */
	__u64 first;
	__u8 raw[32768];
	char text[16384];
	__s32 numbers[2048];
	struct flow flows[511];
	__u64 last;
};
_Static_assert(sizeof(struct big) == 65536, "struct big");

VALUE(big, struct big);

/* The kernel's own. */

struct locked {
	struct bpf_spin_lock lock;
	__u32 hits;
	__u64 bytes;
};

struct timed {
	__u64 before;
	struct bpf_timer timer;
	__u64 after;
};

struct task_struct {
	int pid;
};

typedef struct task_struct task_t; /* without it, clang 14 forgets the tag */

struct holder {
	task_t __attribute__((btf_type_tag("kptr"))) * task;
	__u64 uses;
};

struct bpf_list_head { /* as the kernel has them since 6.2, where headers do not */
	__u64 opaque[2];
} __attribute__((aligned(8)));

struct bpf_list_node {
	__u64 opaque[3];
} __attribute__((aligned(8)));

struct item {
	struct bpf_list_node node;
	__u64 number;
};

struct queue {
	struct bpf_spin_lock lock;
	struct bpf_list_head head __attribute__((btf_decl_tag("contains:item:node")));
	__u64 length;
};

/* So that BTF has what the kernel asks for by name. */
int known(struct item *item, struct task_struct *task)
{
	return item && task;
}

VALUE(locked, struct locked);
VALUE(timed, struct timed);
VALUE(holder, struct holder);
MAP(a_locked, BPF_MAP_TYPE_ARRAY, __u32, struct locked);
MAP(a_queue, BPF_MAP_TYPE_ARRAY, __u32, struct queue);

/* Per CPU. */

PER_CPU(u64, __u64);
PER_CPU(u8, __u8);
PER_CPU(flow, struct flow);
PER_CPU(padded, struct padded);
PER_CPU(char8, char[8]);
PER_CPU(u32x2, __u32[2]);

/* Prefixes. */

struct prefix4 {
	__u32 prefixlen;
	__be32 addr;
};

struct prefix6 {
	__u32 prefixlen;
	struct in6_addr addr;
};

struct prefix_bytes {
	__u32 prefixlen;
	__u8 data[3];
	__u8 more;
	__u8 last;
};

PREFIX(v4, struct prefix4);
PREFIX(v6, struct prefix6);
PREFIX(bytes, struct prefix_bytes);

/* Variables. */

__u64 limit = 1000;
__s32 offset = -5;
bool enabled = true;
char label[16] = "hello";
enum color mode = GREEN;
struct range ports = {1024, 65535};
unsigned char gateway[6] = {2, 0, 0, 0, 0, 1};

__u64 hits;
struct nested state;

const volatile __u32 version = 7;
const volatile char tag[8] = "v7";

/* What the programs see. */

MAP(out, BPF_MAP_TYPE_ARRAY, __u32, __s64[8]);

enum { UNDER = 7 }; /* the key of the values that are looked at */

static __always_inline void tell(__s64 a, __s64 b, __s64 c, __s64 d, __s64 e, __s64 f, __s64 g)
{
	__s64 seen[8] = {a, b, c, d, e, f, g, 1};
	__u32 zero = 0;

	bpf_map_update_elem(&out, &zero, seen, BPF_ANY);
}

SEC("xdp")
int see_variables(struct xdp_md *ctx)
{
	hits++;
	state.ports.high = ports.high;
	tell(limit, offset, enabled, label[0], mode, ports.low, gateway[5] + version);
	return XDP_PASS;
}

SEC("xdp")
int see_bits(struct xdp_md *ctx)
{
	__u32 key = UNDER;
	struct bits *b = bpf_map_lookup_elem(&v_bits, &key);

	if (b)
		tell(b->three, b->crossing, b->five, b->on, b->forty, b->signed33, b->color);
	return XDP_PASS;
}

SEC("xdp")
int see_structs(struct xdp_md *ctx)
{
	struct task_id task;
	__u32 key = UNDER;
	struct tree *t = bpf_map_lookup_elem(&v_tree, &key);
	struct choice *c = bpf_map_lookup_elem(&v_choice, &key);
	struct host *h = bpf_map_lookup_elem(&v_host, &key);
	struct anon *a = bpf_map_lookup_elem(&v_anon, &key);
	__u32 *number;

	__builtin_memset(&task, 0, sizeof(task));
	task.pid = 42;
	task.nice = -3;
	task.comm[0] = 'a';
	task.comm[1] = ',';
	number = bpf_map_lookup_elem(&k_task, &task);
	if (t && c && h && a && number)
		tell(t->leaves[1].number, t->mix.color, c->word.half[1], h->addr6.s6_addr[15],
		     h->name[2], a->high, *number);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
