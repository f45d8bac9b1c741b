/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * layout: what the bytes of a key or a value mean.
 *
 * The waist of lib/: BTF, the words of a spec and "n bytes" each produce a
 * layout, and codec turns a layout and bytes into text and back; so a source of
 * types and a format of text never meet. A layout is an immutable tree, counted
 * by reference and shared freely between threads.
 *
 * To add a kind: a row in enum layout_kind, its members in the union, where it
 * comes from (layout_from_btf, layout_parse), its BTF (layout_add_btf), and one
 * row per format in codec.c.
 */
#ifndef BPFMAPFS_LIB_LAYOUT_H
#define BPFMAPFS_LIB_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/diag.h"

struct btf;

enum layout_kind {
	LAYOUT_INT,    /* 1, 2, 4 or 8 bytes in host order */
	LAYOUT_BYTES,  /* bytes that nobody gave a meaning */
	LAYOUT_PREFIX, /* key of an LPM trie: u32 prefix length, then network-order data */
	LAYOUT_ARRAY,  /* count elements, stride bytes apart (per-CPU values) */
	LAYOUT_KINDS,
};

struct layout {
	unsigned int refs;
	enum layout_kind kind;
	uint32_t size;        /* bytes of the whole */
	const char *spelling; /* as a spec spells it, static; NULL: a number of bytes, no type */
	const char *c_name;   /* as C spells it, static; NULL: unsigned char[size] */
	union {
		bool is_signed; /* LAYOUT_INT */
		struct {
			struct layout *elem;
			uint32_t count;
			uint32_t stride;
		} array; /* LAYOUT_ARRAY */
	};
};

/*
 * Each constructor returns a layout with one reference, or NULL: no memory, or
 * a size of 0. Bytes of size 1, 2, 4 and 8 are unsigned integers without a
 * type, as section 4 of the design wants them shown.
 */
struct layout *layout_bytes(uint32_t size);

/* The most bytes of data behind the prefix length (kernel: LPM_DATA_SIZE_MAX). */
#define LAYOUT_PREFIX_DATA 256

/* The key of an LPM trie of key_size bytes; NULL also if the kernel allows none
 * of that size. */
struct layout *layout_prefix(uint32_t key_size);

/* One elem per CPU, 8-byte stride (kernel: bpf_percpu_hash_copy). Takes a new
 * reference of elem. */
struct layout *layout_per_cpu(struct layout *elem, uint32_t cpus);

/*
 * The type type_id of btf, seen through typedefs and qualifiers, if a layout
 * can express it in exactly size bytes; else that many bytes without a type.
 */
struct layout *layout_from_btf(const struct btf *btf, uint32_t type_id, uint32_t size);

/*
 * The word of a spec: a type's name, or a number of bytes. 0 and *out, or
 * -EINVAL explained in d, or -ENOMEM.
 */
int layout_parse(const char *word, size_t len, struct layout **out, struct diag *d);

struct layout *layout_ref(struct layout *l);
void layout_unref(struct layout *l); /* NULL is fine */

/*
 * Makes keys that name the same element the same bytes: clears the host bits of
 * a prefix, which the kernel stores as they were written and then ignores.
 */
void layout_canonical(const struct layout *l, void *bytes);

/* Do both have the same size and, where both have a type, the same one? */
bool layout_is_alike(const struct layout *a, const struct layout *b);

/* A type rather than a number of bytes? */
bool layout_is_typed(const struct layout *l);

/*
 * Adds the types of l to btf and returns the id of the outermost, or -errno.
 * Untyped bytes become an array of unsigned char.
 */
int layout_add_btf(const struct layout *l, struct btf *btf);

/* As a spec spells it: "u32", "16". */
void layout_print_spec(const struct layout *l, struct buf *out);

/* As C declares it: "unsigned int key". */
void layout_print_c(const struct layout *l, const char *name, struct buf *out);

#endif
