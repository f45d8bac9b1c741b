/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bulkout: a whole map as text, streaming: what reading .dump gives (section 9 of the design).
 *
 * While one batch is printed, a thread fetches the next ones into buffers that go round
 * (handoff.h); a map of one batch needs none. Whatever the map holds, no more of it is in
 * memory than these. The map is opened for each batch and closed behind it, so a reader who
 * stops keeps nothing alive.
 */
#ifndef BPFMAPFS_LIB_BULKOUT_H
#define BPFMAPFS_LIB_BULKOUT_H

#include "lib/bulkline.h"

struct bulkout;

/* Whose entries can be listed. view is borrowed, and keeps its desc. -ENOMEM */
int bulkout_new(const struct bulk_view *view, struct bulkout **out);
void bulkout_free(struct bulkout *b); /* NULL is fine */

/* Bytes that bulkout_new() takes. */
size_t bulkout_bytes(const struct bulk_view *view);

/*
 * Appends lines until out is size bytes long, or longer by a part of a line. Nothing is
 * appended behind the last entry, in this call and all later ones. -ESTALE if the map is gone
 * before, and what else map_open() says; lines that were printed come first.
 */
int bulkout_read(struct bulkout *b, size_t size, struct buf *out);

#endif
