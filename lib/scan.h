/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * scan: a cursor over a map's entries, in batches.
 *
 * A position is the number of a batch in its upper bits, and the place in that
 * batch in the lower 24. The scan keeps one batch in memory as the kernel
 * delivered it, and of every batch that it has passed how it was read and the
 * token to the next (4 bytes, or a key), so any earlier position can be visited
 * again. As long as positions are asked for in
 * the batch at hand, the answer is what the kernel said when the batch was read,
 * whatever happened to the map since. So a caller that never returns to an
 * earlier batch lists every entry that stays in the map exactly once (batch.h).
 */
#ifndef BPFMAPFS_LIB_SCAN_H
#define BPFMAPFS_LIB_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/map.h"

struct scan;

/* -ENOMEM. Takes a reference of desc, whose type must have elements that are listed. Free with
 * scan_free(). */
int scan_new(struct map_desc *desc, struct scan **out);
void scan_free(struct scan *s);

/* Bytes that scan_new() takes, and that s has now: scan_at() may need more. */
size_t scan_bytes_at_first(const struct map_desc *desc);
size_t scan_bytes(const struct scan *s);

/*
 * The entry at *pos, or the first one behind it: *pos is moved there, and
 * *key and *value point into the scan until the next call. Add 1 for the next.
 * Returns 1, 0 behind the last entry, or -errno. Positions start at 0. map is
 * the scan's map, open for reading during the call.
 */
int scan_at(struct scan *s, const struct map *map, uint64_t *pos, const void **key,
	    const void **value);

/*
 * The next position was not given by the batch at hand, but by an earlier reading:
 * read its batch anew. If any batch has changed since it was first read, places
 * in batches say no more what they said, and it is given from its first entry:
 * twice rather than never.
 */
void scan_forget(struct scan *s);

/* 1 if no element could be listed, 0 if one could, -errno. Types whose elements cannot be
 * removed count as empty. */
int scan_is_empty(const struct map *map);

/* Would scan_at() at pos leave the batch at hand? */
bool scan_would_move(const struct scan *s, uint64_t pos);

#endif
