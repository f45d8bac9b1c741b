/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* stats: what .stats in the root tells of the daemon: one "name:\tvalue" a line. */
#ifndef BPFMAPFS_FS_STATS_H
#define BPFMAPFS_FS_STATS_H

#include "fs/context.h"

/*
 * Appended: uptime in seconds; resident memory and its peak in bytes; inodes; what is kept for
 * users, each beside its bound (quota.h); the requests that came and those that failed, of all
 * kinds, then of each that came, in turn.
 */
int stats_print(const struct fs *fs, struct buf *out);

#endif
