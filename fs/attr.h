/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * attr: stat, chmod, chown and utimens of whatever node (section 7 of the
 * design). Keys follow their map and have nothing of their own; a map's owner
 * and mode are its pin's, a directory of bpffs has its own; staging files take anything.
 */
#ifndef BPFMAPFS_FS_ATTR_H
#define BPFMAPFS_FS_ATTR_H

#include <sys/stat.h>

#include "fs/context.h"

/* Of an inode, perhaps an open file's. -ENOENT if what it stands for is gone and
 * no file of it is open. */
int attr_get(struct fs *fs, struct node *node, struct stat *st);

/* Of a name, as a look-up finds it: -ENOENT also while the removed key's file is
 * open, but not for a key that an open file is about to create. */
int attr_of_name(struct fs *fs, struct node *node, struct stat *st);

/* Which members of a struct stat to set. */
struct attr_change {
	bool set_mode, set_uid, set_gid, set_mtime;
	bool mtime_is_now; /* rather than st_mtim */
	pid_t caller;
	struct stat st;
};

/*
 * -EPERM where the caller asks for less access than there will be, so that
 * nobody believes protected what is not. Also brings out a refusal that close(2)
 * could not report (openfile.h), and stores what touch(1) has just created.
 */
int attr_set(struct fs *fs, struct node *node, const struct attr_change *change, struct diag *d);

#endif
