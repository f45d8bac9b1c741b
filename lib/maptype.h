/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * maptype: the table of map types.
 *
 * One const row per type says what the type can do and how its elements are
 * read, stored and removed. Nothing else in the project spells a
 * BPF_MAP_TYPE_: what differs by type is a member of the row. How to add a row
 * stands above the table in maptype.c.
 */
#ifndef BPFMAPFS_LIB_MAPTYPE_H
#define BPFMAPFS_LIB_MAPTYPE_H

#include <stdbool.h>
#include <stdint.h>

struct maptype {
	uint32_t type;    /* enum bpf_map_type */
	const char *name; /* as linux/bpf.h spells it, lower case, without prefix */

	bool keys;     /* elements are listed, read and stored as files */
	bool per_cpu;  /* a value has one part per possible CPU */
	bool fixed;    /* indexes 0..max_entries-1 always exist; removing stores zeroes */
	bool prefixes; /* the key is an LPM prefix */
	bool btf;      /* BPF_MAP_CREATE takes BTF (of prefixes: with a struct as key) */

	/*
	 * Opening such a map by id and closing it again can disturb it (map-types
	 * findings 1 and 2), so nobody opens it only to look.
	 */
	bool delicate;

	uint32_t key_size;     /* the only key size that the kernel takes, 0: any */
	uint32_t create_flags; /* what BPF_MAP_CREATE insists on */
	const char *why_not;   /* one sentence, if keys is false */

	/* 0 and value_size bytes (all CPUs) in value, -ENOENT, or -errno. flags: 0 or
	 * BPF_F_LOCK. */
	int (*get)(int fd, const void *key, void *value, uint64_t flags);

	/*
	 * The order in which the kernel hands keys out, where a cursor needs it to
	 * recover from the removal of the key it stands on; below, at or above 0.
	 * NULL: the kernel's cursor is exact without (finding 3).
	 */
	int (*compare)(const void *a, const void *b, uint32_t key_size);
};

/* Never NULL: a type that is newer than this code gets a row without keys. */
const struct maptype *maptype_find(uint32_t type);

/* NULL if no row has this name (len bytes). */
const struct maptype *maptype_by_name(const char *name, uint32_t len);

#endif
