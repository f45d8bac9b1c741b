/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ends: the elements of maps without keys as texts: what .push, .peek and .pop do
 * (section 3 of the design).
 *
 * A call opens the map by its id and closes it before it returns. -ESTALE if the map is
 * gone.
 */
#ifndef BPFMAPFS_FS_ENDS_H
#define BPFMAPFS_FS_ENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/context.h"

/* Appends the text of the next element, as a key's value would read; nothing if the map is
 * empty. Whoever pops has it alone, and it is gone. */
int ends_peek(struct fs *fs, uint32_t map_id, struct buf *text);
int ends_pop(struct fs *fs, uint32_t map_id, struct buf *text, struct diag *d);

/* -EACCES: .push is not read; explained by where elements of this map come out. */
int ends_refuse_read(struct fs *fs, uint32_t map_id, struct diag *d);

/* 0 if something can be pushed at all; -EROFS explained. */
int ends_may_push(struct fs *fs, uint32_t map_id, struct diag *d);

/* How much of a text is done with: bytes, and the lines that they are. */
struct ends_pushed {
	size_t bytes;
	uint64_t lines;
};

/*
 * Pushes the elements that a text has whole, one after the other, and counts them into
 * *done, which starts from zeroes. An element is a line. Of raw values it is as many bytes
 * as the value has; where records have any size and no type, the whole text, which is -EFBIG
 * if it is so long that a write(2) may have been cut into several of it.
 *
 * What is left behind *done is no whole element yet. It is an error already if no element
 * begins like that. An error is about the first element that is refused (the line behind
 * done->lines); those before it are pushed.
 */
int ends_push(struct fs *fs, uint32_t map_id, const char *text, size_t len,
	      struct ends_pushed *done, struct diag *d);

#endif
