/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * removal: the requests that take names away: rmdir and unlink (section 2, 7 and 8 of the
 * design). Errors are explained in d where a person can do something about them.
 */
#ifndef BPFMAPFS_FS_REMOVAL_H
#define BPFMAPFS_FS_REMOVAL_H

#include "fs/context.h"

/* Of a map: unpins it. -ENOTEMPTY if a key would be lost, or something waits in it, or the
 * same task has written its .map, which is still there; -EBUSY if it is not ours to unpin. */
int removal_rmdir(struct fs *fs, const struct identity *dir, const char *name, struct diag *d);

/* Of a key: deletes the element. Of .map: hides it for a moment. */
int removal_unlink(struct fs *fs, const struct identity *dir, const char *name, struct diag *d);

#endif
