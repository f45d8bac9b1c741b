/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* findmap: which map a name stands for. */
#ifndef BPFMAPFS_FS_FINDMAP_H
#define BPFMAPFS_FS_FINDMAP_H

#include "fs/context.h"

/*
 * The id of the map called name in dir ("" or a path below pindir). "NAME,SPEC" is another
 * spelling of NAME, as mkdir was told it, if the map is what that spec asks for. -ENOENT.
 */
int findmap(struct fs *fs, const char *dir, const char *name, uint32_t *id);

#endif
