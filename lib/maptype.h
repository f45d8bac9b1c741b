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

#include "lib/elements.h"

/* What a map has beside keys that are files: each is a special file of its directory. */
enum maptype_ends {
	MAPTYPE_PUSH = 1 << 0,   /* .push: one element more */
	MAPTYPE_PEEK = 1 << 1,   /* .peek: the next element */
	MAPTYPE_POP = 1 << 2,    /* .pop: the same, and it is gone */
	MAPTYPE_STREAM = 1 << 3, /* .stream: records as they come */
};

struct maptype {
	uint32_t type;    /* enum bpf_map_type */
	const char *name; /* as linux/bpf.h spells it, lower case, without prefix */

	const struct elements *elements; /* NULL: it has no keys that could be files */
	const char *why_not;             /* one sentence, if elements is NULL */
	unsigned int ends;               /* enum maptype_ends */
	const struct elem_ends *by_ends; /* how .push, .peek and .pop do it */

	bool per_cpu;  /* a value has one part per possible CPU */
	bool prefixes; /* the key is an LPM prefix */
	bool links;    /* values are maps: keys are symbolic links */

	/*
	 * Opening such a map by id and closing it again can disturb it if nobody else
	 * has a user reference (map-types findings 1 and 2), so it is then not opened.
	 * Of maps with timers that is so whatever their type is.
	 */
	bool delicate;

	/* What BPF_MAP_CREATE insists on. */
	bool keyless, valueless; /* sizes are 0 */
	bool unbounded;          /* max_entries is 0 */
	uint32_t key_size;       /* the only one, 0: any */
	uint32_t create_flags;   /* are to be given */
	uint32_t added_flags;    /* the kernel adds them, and takes them from nobody */
	const char *key, *value; /* words of a spec, where none is given; NULL: as mkdir= says */
	bool btf;                /* takes BTF (of prefixes: with a struct as key) */
	bool needs_btf;
	const char *why_no_mkdir; /* one sentence, if user space makes none by a spec */
};

/* Do all elements always exist? */
static inline bool maptype_is_fixed(const struct maptype *type)
{
	return type->elements && type->elements->fixed;
}

/* Never NULL: a type that is newer than this code gets a row without keys. */
const struct maptype *maptype_find(uint32_t type);

/* NULL if no row has this name (len bytes). */
const struct maptype *maptype_by_name(const char *name, uint32_t len);

#endif
