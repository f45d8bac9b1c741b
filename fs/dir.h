/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dir: one open directory: fixed names, then the cursor.
 *
 * Offsets. An entry's offset says where the next one is. In a map: 0 ".", 1
 * "..", 2 + kind a special file that is listed, KEYS + the position of a scan. In
 * the root and in directories of bpffs: the same, DIRS + the index of a
 * directory below, MAPS + the id of a map, below which all maps were shown. Links that
 * wait (waitroom.h) come behind the keys, WAITING + the number of one. An
 * offset leads to the same entry as long as the directory is open, or to one
 * before it if keys were removed meanwhile (scan.h); a map's for ever.
 *
 * A reply never goes past the end of a batch of the scan. The kernel asks again
 * for what did not fit into its caller's buffer, so it goes back within the last
 * reply and never further; so it is always answered from the batch at hand.
 */
#ifndef BPFMAPFS_FS_DIR_H
#define BPFMAPFS_FS_DIR_H

#include <stdbool.h>
#include <sys/stat.h>

#include "fs/context.h"

struct dir;

struct dir_entry {
	const char *name;
	const struct identity *id; /* NULL: "." or "..", which are not looked up */
	struct stat st;            /* st_ino and the type; all, if it was asked for */
	off_t next;                /* where the listing goes on behind it */
};

/* -EMFILE, -ENFILE: explained. dir_close() in the end. */
int dir_open(struct fs *fs, const struct identity *id, struct dir **out, struct diag *d);
void dir_close(struct dir *d);

/*
 * Calls emit for the entries from off on, until it returns other than 0 or a
 * reply's worth is done. None emitted: the end. -ENOENT if the map is gone; -ENOMEM, explained, if
 * who opened it may not have as much as is read at once of elements as large as the map's.
 */
int dir_read(struct dir *d, off_t off, bool with_stat,
	     int (*emit)(void *arg, const struct dir_entry *entry), void *arg, struct diag *diag);

#endif
