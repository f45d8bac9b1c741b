/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * awaited: which maps await their .map (fresh.h), should the daemon end meanwhile.
 *
 * The sticky bit of the map's pin says so, which nothing else uses, and which a mount does
 * not show. So a restore that was cut off can be run again after a new start.
 */
#ifndef BPFMAPFS_FS_AWAITED_H
#define BPFMAPFS_FS_AWAITED_H

#include "fs/context.h"

/* A bare mkdir made the map: it is fresh, and has no .map. */
void awaited_begin(struct fs *fs, uint32_t map_id);

/* It has one, or is meant as it is. */
void awaited_end(struct fs *fs, uint32_t map_id);

/* What a daemon before this one has begun. */
void awaited_find(struct fs *fs);

#endif
