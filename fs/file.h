/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * file: opening, using and closing files of whatever type. One request at a
 * time works on one open file.
 */
#ifndef BPFMAPFS_FS_FILE_H
#define BPFMAPFS_FS_FILE_H

#include "fs/openfile.h"

/*
 * Opens a node; flags as open(2). created: the name was not there, and O_CREAT
 * was set. *out is owned until file_release(). Errors of the kind's read, -EEXIST
 * (O_EXCL), -EROFS, -EACCES; explained in d where there is something to explain.
 */
int file_open(struct fs *fs, struct node *node, int flags, bool created, struct file **out,
	      struct diag *d);

/* Appends up to size bytes from off to out. */
int file_read(struct file *f, size_t size, off_t off, struct buf *out, struct diag *d);

/* A descriptor to wait with for what file_read() has not yet, -EAGAIN. -1: it is no
 * stream, and is not waited for. */
int file_wait_fd(const struct file *f);

/* All bytes are taken, or none. */
int file_write(struct file *f, const char *bytes, size_t size, off_t off, struct diag *d);
int file_truncate(struct file *f, off_t size, struct diag *d);

/* fallocate(2): so long it will be. -EOPNOTSUPP */
int file_reserve(struct file *f, off_t size, struct diag *d);
int file_flush(struct file *f, struct diag *d);
int file_sync(struct file *f, struct diag *d);

/* Stores what is left to store, and frees f. */
int file_release(struct file *f, struct diag *d);

/* The mount has ended: frees the files that are still open, and stores nothing of them. */
void file_abandon_all(struct fs *fs);

/* truncate(2): of a file that need not be open. */
int file_truncate_node(struct fs *fs, struct node *node, off_t size, struct diag *d);

#endif
