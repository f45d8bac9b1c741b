/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Maps of every type, made with bpf(2) alone: no row of lib/maptype.c has a say here. What no
 * table of ours knows is found by trying: sizes, flags, BTF, an inner map. Nothing here
 * returns when it fails: the reason goes to stderr, the exit status is 1.
 */
#ifndef BPFMAPFS_TESTS_LIVE_MAPTYPES_MAKE_H
#define BPFMAPFS_TESTS_LIVE_MAPTYPES_MAKE_H

#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* More than the kernel has, so that a newer one shows what it makes. */
enum { TYPES = 64 };

/* Types that linux/bpf.h of Debian 12 does not name yet. */
enum { TYPE_CGRP_STORAGE = 32, TYPE_ARENA = 33, TYPE_INSN_ARRAY = 34 };

static inline void __attribute__((format(printf, 2, 3))) must(int good, const char *format, ...)
{
	va_list args;

	if (good)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (%s)\n", strerror(errno));
	exit(1);
}

static inline struct bpf_map_info info_of(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	must(!bpf_obj_get_info_by_fd(fd, &info, &len), "info");
	return info;
}

/* --- BTF */

enum types {
	NO_TYPES,
	PLAIN_KEY,  /* an integer, or an array, as key */
	RECORD_KEY, /* a struct */
	VALUE_ONLY,
	KERNELS, /* a type of vmlinux as value */
};

static inline const struct btf *vmlinux(void)
{
	static struct btf *btf;

	if (!btf)
		btf = btf__load_vmlinux_btf();
	must(btf != NULL, "the kernel's BTF");
	return btf;
}

/* The struct_ops that every kernel has that has any. */
static inline int32_t kernels_type(uint32_t *size)
{
	int32_t id = btf__find_by_name_kind(vmlinux(), "bpf_struct_ops_tcp_congestion_ops",
					    BTF_KIND_STRUCT);

	*size = id > 0 ? btf__type_by_id(vmlinux(), (uint32_t)id)->size : 0;
	return id;
}

static inline uint32_t plain_type(struct btf *btf, uint32_t size)
{
	int byte, id;

	if (size == 4 || size == 8)
		id = btf__add_int(btf, size == 4 ? "u32" : "u64", size, 0);
	else {
		byte = btf__add_int(btf, "u8", 1, 0);
		id = btf__add_array(btf, byte, byte, size);
	}
	must(id > 0, "BTF");
	return (uint32_t)id;
}

static inline uint32_t record_type(struct btf *btf, uint32_t size)
{
	int word = btf__add_int(btf, "unsigned int", 4, 0), rest = 0, id;

	if (size > 4)
		rest = (int)plain_type(btf, size - 4);
	id = btf__add_struct(btf, "record", size);
	must(!btf__add_field(btf, "first", word, 0, 0), "BTF");
	must(!rest || !btf__add_field(btf, "rest", rest, 32, 0), "BTF");
	return (uint32_t)id;
}

/* --- making */

struct recipe {
	uint32_t key, value, entries, flags;
	bool inner;
	enum types types;
};

static inline int inner_map(uint32_t n)
{
	static int fds[4];

	if (!fds[n])
		fds[n] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "mt_inner", 4, 8, 1, NULL);
	must(fds[n] > 0, "an inner map");
	return fds[n];
}

static inline void add_types(const struct recipe *r, struct btf *btf,
			     struct bpf_map_create_opts *opts)
{
	uint32_t size, value = plain_type(btf, r->value);

	if (r->types == KERNELS) {
		opts->btf_vmlinux_value_type_id = (uint32_t)kernels_type(&size);
	} else {
		opts->btf_value_type_id = value;
		if (r->types != VALUE_ONLY)
			opts->btf_key_type_id = r->types == PLAIN_KEY ? plain_type(btf, r->key)
								      : record_type(btf, r->key);
	}
	must(!btf__load_into_kernel(btf), "load BTF");
	opts->btf_fd = (uint32_t)btf__fd(btf);
}

/* A descriptor or -errno. */
static inline int create(uint32_t type, const char *name, const struct recipe *r)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = r->flags);
	struct btf *btf = NULL;
	int fd;

	if (r->types) {
		btf = btf__new_empty();
		must(btf != NULL, "BTF");
		add_types(r, btf, &opts);
	}
	if (r->inner)
		opts.inner_map_fd = (uint32_t)inner_map(0);
	fd = bpf_map_create((enum bpf_map_type)type, name, r->key, r->value, r->entries, &opts);
	btf__free(btf);
	return fd;
}

/* --- what it takes to make one: tried, not known */

struct making {
	unsigned int ways;
	struct recipe first; /* one of them */
	bool by_spec;        /* without a type of the kernel's */
	bool key[20];        /* by size */
	bool valueless, valued;
	bool bounded, unbounded;
	bool untyped, typed, plainly; /* plainly: with a key that is no struct */
	uint32_t flags;               /* in all ways */
	uint32_t added, refused;      /* added: by the kernel; refused: those, from us */
};

static inline void note(uint32_t type, struct making *m, const struct recipe *r, int fd)
{
	struct recipe again = *r;
	uint32_t added = info_of(fd).map_flags & ~r->flags;

	if (!m->ways++) {
		m->first = *r;
		m->flags = ~0U;
	}
	m->by_spec |= r->types != KERNELS;
	m->key[r->key] = true;
	*(r->value ? &m->valued : &m->valueless) = true;
	*(r->entries ? &m->bounded : &m->unbounded) = true;
	m->untyped |= r->types == NO_TYPES;
	m->typed |= r->types == PLAIN_KEY || r->types == RECORD_KEY || r->types == VALUE_ONLY;
	m->plainly |= r->types == PLAIN_KEY;
	m->flags &= r->flags;
	m->added |= added;
	close(fd);
	again.flags |= added;
	fd = added ? create(type, "mt_again", &again) : -1;
	if (added && fd < 0)
		m->refused |= added;
	if (fd >= 0)
		close(fd);
}

static inline bool makes_sense(const struct recipe *r)
{
	switch (r->types) {
	case NO_TYPES:
		return true;
	case PLAIN_KEY:
	case RECORD_KEY:
		return r->key >= 4 && r->value;
	case VALUE_ONLY:
		return !r->key && r->value;
	default:
		return r->key == 4 && r->value > 16;
	}
}

static inline void try_one(uint32_t type, struct making *m, const struct recipe *r)
{
	int fd = makes_sense(r) ? create(type, "mt_try", r) : -1;

	if (fd >= 0)
		note(type, m, r, fd);
}

static inline void try_sizes(uint32_t type, struct making *m, struct recipe r)
{
	static const uint32_t keys[] = {0, 1, 4, 5, 8, 16};
	static const uint32_t all_flags[] = {0, BPF_F_NO_PREALLOC, BPF_F_MMAPABLE};
	uint32_t values[] = {0, 4, 8, 0};

	kernels_type(&values[3]);
	for (size_t k = 0; k < COUNT(keys); k++)
		for (size_t v = 0; v < COUNT(values); v++)
			for (size_t f = 0; f < COUNT(all_flags); f++)
				for (r.types = NO_TYPES; r.types <= KERNELS; r.types++) {
					r.key = keys[k];
					r.value = values[v];
					r.flags = all_flags[f];
					try_one(type, m, &r);
				}
}

/* Plain entries first; whole pages and inner maps for those that are not made otherwise. */
static inline const struct making *making_of(uint32_t type)
{
	static struct making known[TYPES];
	static bool tried[TYPES];
	struct making *m = &known[type];

	if (tried[type])
		return m;
	tried[type] = true;
	for (int inner = 0; inner < 2 && !m->ways; inner++) {
		try_sizes(type, m, (struct recipe){.inner = inner});
		try_sizes(type, m, (struct recipe){.entries = 1, .inner = inner});
		if (!m->ways)
			try_sizes(type, m,
				  (struct recipe){.entries = (uint32_t)getpagesize(),
						  .inner = inner});
	}
	return m;
}

/* The number of sizes that a key may have, of those that were tried. */
static inline int key_sizes(const struct making *m, uint32_t *last)
{
	int count = 0;

	for (uint32_t size = 0; size < COUNT(m->key); size++)
		if (m->key[size]) {
			*last = size;
			count++;
		}
	return count;
}

#endif
