/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * elemcopy: the elements of a map, copied into memory, and a struct elements that reads
 * them there.
 *
 * A copy is an array of keys, each with its value behind it. It is filled in any order,
 * then settled: put into an order, each key once. From then on it never changes, so any
 * number of threads may read it without a lock.
 */
#ifndef BPFMAPFS_LIB_ELEMCOPY_H
#define BPFMAPFS_LIB_ELEMCOPY_H

#include <stddef.h>

#include "lib/elements.h"

struct elemcopy {
	uint32_t key_size, value_size; /* in the tree's form */
	int (*compare)(const void *a, const void *b, uint32_t key_size);
	unsigned char *rows;
	size_t count, room; /* rows */
};

/* An empty copy of elements that e reads; indexes are put in order by their number, what
 * has an order of its own by that, everything else by its bytes. */
void elemcopy_init(struct elemcopy *c, const struct elements *e, uint32_t key_size,
		   uint32_t value_size);
void elemcopy_free(struct elemcopy *c);

/* What the copy has in memory, in bytes, and would have with one element more. */
size_t elemcopy_bytes(const struct elemcopy *c);
size_t elemcopy_bytes_for_more(const struct elemcopy *c);

/* -ENOMEM, nothing is added then. */
int elemcopy_add(struct elemcopy *c, const void *key, const void *value);

/* Behind the last elemcopy_add(). */
void elemcopy_settle(struct elemcopy *c);

/*
 * Elements like those of another table, but read from the copy that an open map has
 * (struct elem_map). Nothing can be stored or removed: -EPERM, as of a map that is
 * opened read-only.
 */
struct elements elemcopy_elements(const struct elements *like);

#endif
