/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tree: what a name in a directory stands for, and the requests that make names: create,
 * mkdir, symlink (others are removal.h and rename.h).
 *
 * Errors are explained in d where a person can do something about them. On
 * success a struct found holds an identity and the bytes it points into; release
 * it with found_free() in any case.
 */
#ifndef BPFMAPFS_FS_TREE_H
#define BPFMAPFS_FS_TREE_H

#include <sys/stat.h>

#include "fs/context.h"

struct found {
	struct identity id;
	struct buf bytes;
};

#define FOUND_INIT ((struct found){.bytes = BUF_INIT(SIZE_MAX / 2)})

void found_free(struct found *f);

/*
 * Looks a name up by its spelling alone: a key that the map could have is found
 * whether or not it exists. -ENOENT if it stands for nothing; d then says why it
 * is no key.
 */
int tree_find(struct fs *fs, const struct identity *dir, const char *name, struct found *out,
	      struct diag *d);

/* Who makes something. */
struct maker {
	uid_t uid;
	gid_t gid;
	mode_t mode;  /* as asked for, */
	mode_t umask; /* less this */
};

/* open(2) with O_CREAT of a name that was not there. A key is only named here
 * and comes to be when something is stored. */
int tree_create(struct fs *fs, const struct identity *dir, const char *name, int flags,
		const struct maker *maker, struct found *out, struct diag *d);

/* A map becomes its maker's; its mode is 0700 whatever was asked for. */
int tree_mkdir(struct fs *fs, const struct identity *dir, const char *name,
	       const struct maker *maker, struct found *out, struct diag *d);
int tree_symlink(struct fs *fs, const struct identity *dir, const char *name, const char *target,
		 const struct maker *maker, struct found *out, struct diag *d);

/* The target of a symbolic link, appended. -EINVAL if it is none. */
int tree_readlink(struct fs *fs, const struct identity *id, struct buf *target);

/* The path of a directory of maps, as the catalogue calls it. */
const char *tree_dir_path(const struct identity *dir);

/* Is it a map's directory, or one of those in it that long names are cut into? */
bool tree_is_in_map(const struct identity *dir);

/* The pieces that such a directory is, joined by '/'; "" for the map's own. */
const char *tree_pieces(const struct identity *dir);

/* What a name in such a directory is called from the map's own: appended. */
int tree_full_name(const struct identity *dir, const char *name, struct buf *out);

#endif
