/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * newpart: texts that come in parts, with a close(2) after each.
 *
 * restic writes what is long in parts of about a MiB, in any order: it makes the file,
 * announces its length by fallocate(2), and opens it anew for each part. As on any other
 * filesystem the bytes that are still to come are NULs, of which a text has none. So while
 * there are some the text waits (waitroom.h), in whatever map, under its name, where the
 * next part finds it. What the key has in the map stays until it is whole.
 */
#ifndef BPFMAPFS_FS_NEWPART_H
#define BPFMAPFS_FS_NEWPART_H

#include "fs/context.h"

/* Are parts of a text missing, and others there? */
bool newpart_is(const char *text, size_t len);

/* Lets such a text of a key or of a file that waits (newfile.h) wait for the next part: the
 * node is that file's from now on. -ENOSPC explained, -ESTALE. */
int newpart_keep(struct fs *fs, const struct identity *id, const char *text, size_t len,
		 struct diag *d);

/* As newfile_write(), but a file that waits for its parts does so until it is whole. */
int newpart_write(struct fs *fs, const struct identity *id, const char *text, size_t len,
		  uint64_t flags, struct diag *d);

#endif
