/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * kind: the table of what a node can be: its name, whether it is listed, how it
 * looks, reads and is written. A special file is one row; how to add one stands
 * above the table in kind.c.
 */
#ifndef BPFMAPFS_FS_KIND_H
#define BPFMAPFS_FS_KIND_H

#include <stdbool.h>
#include <sys/stat.h>

#include "fs/context.h"

struct kind {
	const char *name;         /* NULL: it has no fixed name */
	enum node_kind directory; /* the kind of directory that the name is in */
	bool listed;
	unsigned int end; /* which of enum maptype_ends it is; only maps of such types have it */
	bool consumes;    /* reading takes from the map: it needs the right to write as well */
	bool personal;    /* its text depends on who reads it: its size is nobody's to see */
	mode_t type;      /* S_IFDIR, S_IFREG */
	mode_t mode;      /* permissions it has at most */

	/* Fills in *st but for st_ino. -ENOENT or -ESTALE if there is nothing. */
	int (*stat)(struct fs *fs, const struct identity *id, struct stat *st);

	/* The whole text, appended; *mtime as seen.h. NULL: cannot be read. */
	int (*read)(struct fs *fs, const struct identity *id, struct buf *text, int64_t *mtime);

	/* Judges and stores a whole text: 0, -EAGAIN (a prefix), or what it was
	 * refused for. NULL: read-only. */
	int (*write)(struct fs *fs, const struct identity *id, const char *text, size_t len,
		     uint64_t flags, struct diag *d);

	/* Can it be written now? NULL: whenever write is there. */
	int (*may_write)(struct fs *fs, const struct identity *id, struct diag *d);

	/* What closing a truncated file does to which nothing was written. NULL:
	 * nothing. */
	int (*blank)(struct fs *fs, const struct identity *id, uint64_t flags, struct diag *d);

	/* Lets a text of which parts are missing wait for them (newpart.h). NULL: it is refused. */
	int (*keep_part)(struct fs *fs, const struct identity *id, const char *text, size_t len,
			 struct diag *d);

	/* A descriptor through which it may have been written was closed. NULL: nothing. */
	void (*closed)(struct fs *fs, const struct identity *id);
};

const struct kind *kind_of(enum node_kind kind);

/* The kind called name in a directory of that kind; NODE_KINDS if it is none. */
enum node_kind kind_by_name(enum node_kind directory, const char *name);

/* All of st for an identity. */
int kind_stat(struct fs *fs, const struct identity *id, struct stat *st);

/* st of a key that was created and is not stored yet, or is gone while its file
 * is open: an empty file. -ENOENT if the map is gone too. */
int kind_stat_empty(struct fs *fs, const struct identity *id, struct stat *st);

/* 0 if a file of this kind may be written at all. -EACCES, -EROFS explained. */
int kind_may_write(struct fs *fs, const struct identity *id, struct diag *d);

/* 0 if what a file of this kind reads may be taken from the map. -EROFS explained. */
int kind_may_consume(struct fs *fs, const struct identity *id, struct diag *d);

/* The most bytes that the text of a file may be written in. */
size_t kind_text_limit(struct fs *fs, const struct identity *id);

/* The number of a scratch file's node. */
uint64_t kind_scratch_number(const struct identity *id);

/* st of a regular file of size bytes in a map, its last change at mtime (as seen.h). */
struct access;
void kind_fill_file(const struct access *access, mode_t mode, size_t size, int64_t mtime,
		    struct stat *st);

#endif
