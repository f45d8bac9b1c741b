/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * record: layouts with members: structs, unions, the variables of a section.
 *
 * Holes. Bytes and bits that no printed member covers have no text. Some are
 * padding: every text that names members clears them, because it cannot mean
 * anything else. Others belong to a member that is not printed (a union shows only
 * its largest): these are shared, and cleared only by a text that names all members
 * that are printed, as what was printed does. So a partial write loses nothing, and
 * a whole one leaves exactly the bytes that it was printed from.
 */
#ifndef BPFMAPFS_LIB_RECORD_H
#define BPFMAPFS_LIB_RECORD_H

#include "lib/layout.h"

/*
 * A record of size bytes. Members are given by name, type, offset, bit_offset,
 * bit_size and printed; names are copied and new references of the types taken.
 * 0 and *out, or -EINVAL if a name is used twice, a member does not lie in the record,
 * or two that are printed share bits; or -ENOMEM.
 */
int record_new(uint32_t size, const struct layout_member *members, uint32_t count,
	       struct layout **out);

/* The member of that name, or NULL. */
const struct layout_member *record_find(const struct layout *record, const char *name, size_t len);

/* Are all bits of the record's own holes zero? (not those of its members) */
bool record_holes_are_zero(const struct layout *record, const unsigned char *bytes);

/* Clears the holes; those that a member may use only if shared is set. */
void record_clear_holes(const struct layout *record, unsigned char *bytes, bool shared);

/*
 * Clears the bytes of a value that are the kernel's own: it may show addresses of its
 * own buffers there (list heads), which differ each time.
 */
void layout_clear_owned(const struct layout *l, unsigned char *bytes);

/* Do both layouts, of whatever kind, give the same bytes the same text? */
bool layout_is_equal(const struct layout *a, const struct layout *b);

#endif
