/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * newdir: directories that are made in a map before its .map is, and that long names will be
 * cut into (longdir.h). They wait as files do (newfile.h). path: pieces joined by '/'.
 */
#ifndef BPFMAPFS_FS_NEWDIR_H
#define BPFMAPFS_FS_NEWDIR_H

#include <stdbool.h>

#include "fs/context.h"

/* -EEXIST */
int newdir_make(struct fs *fs, uint32_t map_id, const char *path);

/* -ENOENT, -ENOTEMPTY */
int newdir_remove(struct fs *fs, uint32_t map_id, const char *path);

bool newdir_is(struct fs *fs, uint32_t map_id, const char *path);

/* Does anything wait in it? files: other than directories. */
bool newdir_has_below(struct fs *fs, uint32_t map_id, const char *path, bool files);

#endif
