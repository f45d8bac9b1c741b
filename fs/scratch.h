/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * scratch: temporary names until a rename makes them a key's value.
 *
 * rsync, sed -i, perl -pi, mktemp and editors write a file beside the one they
 * mean and rename it. Such a staging file (section 7 of the design) lives in
 * memory, belongs to one map's directory, is not listed, and takes any owner and
 * mode. It goes when it is unlinked or renamed onto a key, when nobody has had it
 * open for ten minutes, or when its maker makes another one than he may have (quota.h) and it
 * is the one of his that was left alone longest.
 */
#ifndef BPFMAPFS_FS_SCRATCH_H
#define BPFMAPFS_FS_SCRATCH_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "fs/quota.h"
#include "lib/buf.h"

enum { SCRATCH_FILES = 256 }; /* places, for all that the quota allows */

struct scratch_file;

struct scratch {
	pthread_mutex_t lock;
	struct scratch_file *files[SCRATCH_FILES];
	uint64_t last_number;
	struct quota *quota; /* to which files and their bytes are charged */
};

/* quota is borrowed. */
void scratch_init(struct scratch *s, struct quota *quota);
void scratch_free(struct scratch *s);

/*
 * Makes a file or, with S_IFLNK in mode, a symlink; its text may grow to limit
 * bytes. With name NULL it has none until scratch_rename() gives it one. Numbers are
 * never used twice, and it is charged to uid. -EEXIST, -ENOSPC (as many as he may have are open:
 * explained),
 * -ENOMEM.
 */
int scratch_create(struct scratch *s, uint32_t map_id, const char *name, mode_t mode, uid_t uid,
		   gid_t gid, size_t limit, uint64_t *number, struct diag *d);

/* -ENOENT if the map's directory has no such file. */
int scratch_find(struct scratch *s, uint32_t map_id, const char *name, uint64_t *number);

/* Moves one of a map's files into another map's directory; its number. -ENOENT: none is left. */
int scratch_move(struct scratch *s, uint32_t from, uint32_t to, uint64_t *number);

/* All that follow: -ENOENT if the number is gone. */

/* Its name from the map's own directory, appended. -ENOENT also if it has none. */
int scratch_name(struct scratch *s, uint64_t number, struct buf *out);

/* Type, mode, owner, size, times and link count; not st_ino. */
int scratch_stat(struct scratch *s, uint64_t number, struct stat *st);
int scratch_chmod(struct scratch *s, uint64_t number, mode_t mode);
int scratch_chown(struct scratch *s, uint64_t number, uid_t uid, gid_t gid);
int scratch_utime(struct scratch *s, uint64_t number, const struct timespec *mtime);

/* Appends the text, or len bytes of it from off. */
int scratch_read(struct scratch *s, uint64_t number, size_t off, size_t len, struct buf *out);

/* -EFBIG, -ENOSPC (staging files have more bytes than may be), -ENOMEM. */
int scratch_write(struct scratch *s, uint64_t number, size_t off, const void *bytes, size_t len);
int scratch_append(struct scratch *s, uint64_t number, const void *bytes, size_t len);
int scratch_truncate(struct scratch *s, uint64_t number, size_t len);

/* Opened files stay, even unlinked, until they are closed. */
int scratch_open(struct scratch *s, uint64_t number);
void scratch_close(struct scratch *s, uint64_t number);

int scratch_unlink(struct scratch *s, uint64_t number);

/* Gives it another name, replacing a file of that name. */
int scratch_rename(struct scratch *s, uint64_t number, const char *name);

#endif
