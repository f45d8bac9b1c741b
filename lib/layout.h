/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * layout: what the bytes of a key or a value mean.
 *
 * The waist of lib/: BTF (btflayout.h) and "n bytes" each produce a layout, and
 * codec turns a layout and bytes into text and back; so a source of types and a
 * format of text never meet. A layout is an immutable tree, counted by reference
 * and shared freely between threads; equal parts may be one node.
 *
 * Everything that C needs and text does not is gone: typedefs and qualifiers are
 * seen through, members of anonymous structs and unions stand in the record that
 * contains them, a byte array or an address is one leaf.
 *
 * To add a kind: a row in enum layout_kind, its members in the union, where it
 * comes from (btflayout.c), and one entry per format in codec.c.
 */
#ifndef BPFMAPFS_LIB_LAYOUT_H
#define BPFMAPFS_LIB_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum layout_kind {
	LAYOUT_INT,     /* an integer: number */
	LAYOUT_BOOL,    /* one byte, 0 or 1 */
	LAYOUT_FLOAT,   /* IEEE 754, 4 or 8 bytes in host order */
	LAYOUT_ENUM,    /* number, and names of some values: enumerators */
	LAYOUT_POINTER, /* number */
	LAYOUT_IPV4,    /* addresses, 4, 16 and 6 bytes in network order */
	LAYOUT_IPV6,
	LAYOUT_MAC,
	LAYOUT_CHARS,     /* char[size], text with NULs behind it */
	LAYOUT_BYTES,     /* bytes that nobody gave a meaning */
	LAYOUT_OCTETS,    /* bytes of a type: a byte array, or a type that has no text */
	LAYOUT_PREFIX,    /* key of an LPM trie: u32 prefix length, then network-order data */
	LAYOUT_ARRAY,     /* count elements, stride bytes apart */
	LAYOUT_PER_CPU,   /* the same, one element per possible CPU */
	LAYOUT_RECORD,    /* a struct, a union, or the variables of a section */
	LAYOUT_OWNED,     /* the kernel's own: never shown, never written */
	LAYOUT_IFINDEX,   /* a network interface: number, or its name */
	LAYOUT_PROG,      /* a program: its id; a path of bpffs is read too */
	LAYOUT_PID_FD,    /* a descriptor of a process: two u32 */
	LAYOUT_FRAMES,    /* addresses of a stack trace, to be looked at */
	LAYOUT_BUILD_IDS, /* the same as build ids and offsets: struct bpf_stack_build_id */
	LAYOUT_NOTHING,   /* no text, whatever the bytes */
	LAYOUT_KINDS,
};

struct layout_member {
	char *name;   /* owned; no escapes needed in JSON beyond its own */
	uint32_t len; /* of name */
	char *label;  /* owned: ',"name":' as JSON spells it */
	uint32_t label_len;
	struct layout *type; /* one reference */
	uint32_t offset;     /* bytes from the start of the record */
	uint8_t bit_offset;  /* of a bit-field: bits from there, below 8 */
	uint8_t bit_size;    /* 0: no bit-field; at most 64 */
	bool printed;        /* not: all but the largest member of a union, the kernel's own */
};

/* Bytes of a record that no printed member covers. */
struct layout_hole {
	uint32_t offset;
	uint32_t len;
	uint8_t mask; /* the bits that are free; 0xff unless len is 1 */
	bool shared;  /* a member that is not printed may use them */
};

struct layout_enumerator {
	char *name;     /* owned */
	uint64_t value; /* sign-extended if the enum is signed */
};

struct layout {
	unsigned int refs;
	enum layout_kind kind;
	uint32_t size; /* bytes of the whole */

	/* Of the whole tree; sums stop at UINT32_MAX. */
	uint32_t nodes;  /* repeated parts counted each time, those that are not printed too */
	uint32_t leaves; /* that a name would list */
	bool is_checked; /* some bytes have no text of their own: holes, bools, floats, chars */
	bool has_union;
	bool has_owned;
	bool has_timer; /* the kernel stops it with the last user reference of the map */
	bool has_lock;  /* a bpf_spin_lock where the kernel looks for it: BPF_F_LOCK works */

	union {
		struct {
			uint8_t bits; /* of the value, at most size * 8 */
			bool is_signed;
			bool is_big_endian;
			bool is_untyped; /* 1, 2, 4 or 8 bytes that nobody gave a meaning */
		} number;                /* INT, POINTER, and the value of an ENUM */
		struct {
			uint8_t bits;
			bool is_signed;
			uint32_t count;
			struct layout_enumerator
				*by_value; /* ascending, names of a value in order */
			uint32_t *by_name; /* places in by_value, in strcmp order */
		} enums;
		struct {
			struct layout *elem;
			uint32_t count;
			uint32_t stride;
		} array;               /* ARRAY, PER_CPU */
		struct layout *prefix; /* of the data: IPV4, IPV6 or BYTES */
		struct {
			struct layout_member *members;
			uint32_t count;
			uint32_t *by_name; /* places in members, in order of names */
			struct layout_hole *holes;
			uint32_t hole_count;
			uint32_t printed; /* how many members are */
			bool overlaps;    /* some members share bytes */
		} record;
	};
};

/*
 * Each constructor returns a layout with one reference, or NULL with errno:
 * ENOMEM, or EINVAL for sizes that the kind cannot have.
 */

/* Bytes without a type: of size 1, 2, 4 and 8 an unsigned number (section 4). */
struct layout *layout_bytes(uint32_t size);

/* bits: of the value, 1 to 8 * size; size 1, 2, 4, 8 or 16. Fewer bits than bytes hold
 * are for members of bit_size bits, which are handed over sign-extended. */
struct layout *layout_int(uint32_t size, uint32_t bits, bool is_signed, bool is_big_endian);

/* The kinds that are told by their size: BOOL, FLOAT, POINTER, IPV4, IPV6, MAC, CHARS,
 * OCTETS, OWNED, and those behind. */
struct layout *layout_plain(enum layout_kind kind, uint32_t size);

/* The names are copied. size 1, 2, 4 or 8. */
struct layout *layout_enum(uint32_t size, uint32_t bits, bool is_signed,
			   const struct layout_enumerator *values, uint32_t count);

/* Take new references of elem. stride is at least elem->size. */
struct layout *layout_array(struct layout *elem, uint32_t count, uint32_t stride);

/* One elem per CPU, 8-byte stride (kernel: bpf_percpu_hash_copy). */
struct layout *layout_per_cpu(struct layout *elem, uint32_t cpus);

/* The most bytes of data behind the prefix length (kernel: LPM_DATA_SIZE_MAX). */
#define LAYOUT_PREFIX_DATA 256

/*
 * The key of an LPM trie of key_size bytes; NULL also if the kernel allows none of
 * that size. is_typed: 4 and 16 bytes of data are addresses.
 */
struct layout *layout_prefix(uint32_t key_size, bool is_typed);

struct layout *layout_ref(struct layout *l);
void layout_unref(struct layout *l); /* NULL is fine */

/* The first name of an enum's value, or NULL. */
const char *layout_enum_name(const struct layout *l, uint64_t value);

/* The value of a name of len bytes. false: no such name. */
bool layout_enum_value(const struct layout *l, const char *name, size_t len, uint64_t *value);

/*
 * Makes keys that name the same element the same bytes: clears the host bits of
 * a prefix, which the kernel stores as they were written and then ignores.
 */
void layout_canonical(const struct layout *l, void *bytes);

/* For constructors elsewhere (record.h): a layout without parts, and what it takes over
 * from a part that it has times times. */
struct layout *layout_new(enum layout_kind kind, uint32_t size);
void layout_inherit(struct layout *l, const struct layout *part, uint32_t times);

#endif
