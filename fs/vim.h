/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* vim: what vim asks of a directory before it writes a file. */
#ifndef BPFMAPFS_FS_VIM_H
#define BPFMAPFS_FS_VIM_H

#include <stdbool.h>

#include "fs/context.h"

/*
 * vim asks whether it may move a file aside and write another in its place: it makes
 * "4913", or 123 more while that is there. It may not, as the element would be gone, or
 * zero, for a while; then it writes into the file itself, which is one update. It is told
 * ENOENT, which nobody notes as a refusal. rsync -T makes keys with the same flags: of
 * those that vim may mean, only the first that is not there is refused.
 */
bool vim_is_asking(struct fs *fs, uint32_t map_id, const char *name, int flags);

#endif
