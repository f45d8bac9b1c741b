/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * openfile: what all open files share: their place in their node's list, and
 * what other requests may learn of them there.
 *
 * A type of file (a text that is judged, a staging file, …) is a const table of
 * struct file_type and a struct that begins with struct file.
 *
 * Blank. A file to which nothing was written yet, although it was truncated or
 * created, zeroes its key when the last descriptor is gone (RELEASE), not
 * before: bash sends an empty FLUSH ahead of each echo, and a refused write must
 * leave the old value. But RELEASE comes after close(2) returned, so the closer's
 * next request may overtake it in another thread. Whoever asks for that key then
 * waits for the RELEASE that is on its way, for a tenth of a second at most:
 * openfile_settle(). While no file is blank that costs one read of a counter.
 */
#ifndef BPFMAPFS_FS_OPENFILE_H
#define BPFMAPFS_FS_OPENFILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "fs/context.h"

struct file;

struct file_type {
	size_t size; /* of the struct that begins with struct file */
	int (*open)(struct file *f, bool created, struct diag *d);
	int (*read)(struct file *f, size_t size, off_t off, struct buf *out, struct diag *d);
	int (*write)(struct file *f, const char *bytes, size_t size, off_t off, struct diag *d);
	int (*truncate)(struct file *f, off_t size, struct diag *d);
	int (*reserve)(struct file *f, off_t size, struct diag *d); /* NULL: -EOPNOTSUPP */
	int (*flush)(struct file *f, struct diag *d);               /* a descriptor was closed */
	int (*sync)(struct file *f, struct diag *d);
	int (*close)(struct file *f, struct diag *d); /* the last one was; frees its members */

	/* Of a stream, which has no offsets: a descriptor that becomes readable when a read
	 * that said -EAGAIN may be asked again. NULL: it is none, and nobody waits. */
	int (*wait_fd)(const struct file *f);

	enum quota_kind place; /* as what an open one counts */
};

struct file {
	const struct file_type *type;
	struct fs *fs;
	struct node *node;         /* one reference, once it is in the list */
	const struct identity *id; /* of the node when it was opened; it may have moved */
	int flags;                 /* of open(2) */
	uint32_t opener;           /* the user who opened it, who is served through it */
	struct quota_hold place;   /* charged to him, */
	struct quota_hold bytes;   /* as is what it keeps in memory */
	pthread_mutex_t lock;      /* for the type's own members, and asker */
	uint32_t asker;            /* whom the thread that has the lock served before */

	/* guarded by fs->files_lock */
	struct file *next;  /* in node->files, the latest first */
	unsigned int users; /* other requests that look at it */
	bool blank;         /* see above */
	bool flushed;       /* a descriptor was closed since it became blank */
	bool waited;        /* its RELEASE was waited for in vain */
	bool dead; /* its key was removed: nothing is stored through it; read without the lock */
	uint64_t writer;     /* lock owner of the process that wrote last, 0: nobody */
	pid_t closer;        /* who closed a descriptor last */
	bool creating;       /* O_CREAT made the name, and nothing is stored yet */
	off_t shown_size;    /* of the text that is being served, -1: none is */
	int64_t shown_mtime; /* as seen.h */
	time_t active;       /* CLOCK_MONOTONIC seconds of the last request */
};

/*
 * Before and after a call of its type: locks f, and serves who opened it (host.h). What comes
 * through a descriptor counts as his: others only inherit it, and RELEASE comes from nobody.
 */
void openfile_take(struct file *f);
void openfile_leave(struct file *f);

/*
 * f keeps so many bytes from now on: asked before they are more. -ENOMEM explained. What is short
 * costs nothing: the place of an open file allows for it, and for 4 KiB of a buffer
 * that holds less.
 */
int openfile_hold(struct file *f, size_t bytes, struct diag *d);

/* Forgets what is in a buffer of f, which then keeps nothing. */
void openfile_clear(struct file *f, struct buf *b);

/* Puts f into its node's list, or takes it out again and waits until nobody
 * looks at it any more. */
void openfile_enlist(struct file *f);
void openfile_delist(struct file *f);

void openfile_set_blank(struct file *f, bool blank);
void openfile_set_flushed(struct file *f);
bool openfile_is_blank(struct file *f);

/* The file's text is in the map: it is no longer blank, nor creating; and what was
 * stored later than others were truncated, they do not zero. */
void openfile_set_stored(struct file *f);

/* Was its key removed? */
bool openfile_is_dead(struct file *f);

/* owner writes. */
void openfile_set_writer(struct file *f, uint64_t owner);

/*
 * owner, the process pid, closes a descriptor. False if another process wrote
 * last: what waits is not for this one to settle, it may be a child that just
 * inherited the descriptor.
 */
bool openfile_may_settle(struct file *f, uint64_t owner, pid_t pid);

/* Attributes stay those of this text while it is being served; size -1: none. */
void openfile_show(struct file *f, off_t size, int64_t mtime);

/* A text was refused where only close(2) could say so. */
void openfile_keep_refusal(struct file *f, int err);

/* What other requests for the node ask: */

/* Waits until no closed file is about to zero this key. */
void openfile_settle(struct fs *fs, struct node *node);

/* Has an open file created this key without having stored it yet? */
bool openfile_is_creating(struct fs *fs, const struct node *node);

/* The key is gone by unlink or rename: its open files are dead. */
void openfile_forget(struct fs *fs, struct node *node);

/*
 * Puts size and time of the text that is being served into st, if one is. Else tar
 * says "file changed as we read it". Who comes by name is only shown what was
 * asked for in the last five seconds: a reader that sleeps hides no change. False if
 * there is no such text.
 */
bool openfile_show_served(struct fs *fs, const struct node *node, bool by_name, struct stat *st);

/* The same of a key that is gone, as its files serve it that were opened before. */
void openfile_show_dead(struct fs *fs, const struct node *node, struct stat *st);

/* Is a file of this node open? */
bool openfile_is_open(struct fs *fs, const struct node *node);

/* The refusal that openfile_keep_refusal() kept for pid in the last five seconds,
 * once: bsdtar ignores close's error, but not that of the SETATTR behind it. */
int openfile_take_refusal(struct fs *fs, struct node *node, pid_t pid);

/* Calls type->sync of a file that has created this key and is blank: touch(1)
 * sends utimens and wants the error. */
int openfile_sync_new(struct fs *fs, struct node *node, struct diag *d);

#endif
