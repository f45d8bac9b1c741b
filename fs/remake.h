/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * remake: writing .map, which makes a fresh map again by the spec that it is given.
 *
 * What restores a backup makes a directory first, and that says nothing about the
 * map: `mkdir NAME` made it by -o mkdir=. So while that map is fresh (fresh.h), a
 * spec written into its .map makes a map by that spec in its place, with the same
 * name and pin (section 8 of the design), and may do so until a key is stored. Of any
 * other map nothing can be said but what it is.
 */
#ifndef BPFMAPFS_FS_REMAKE_H
#define BPFMAPFS_FS_REMAKE_H

#include "fs/context.h"

/*
 * Judges and obeys the text of a .map, as kind->write: 0 (also for a part of what the
 * map is), -EAGAIN (its last line may go on, or it says too little of a fresh map), -EINVAL
 * explained, -EEXIST (the map is another, and not fresh), or what making a map says. The
 * directory's inode and that of .map then stand for the new map.
 */
int remake_map(struct fs *fs, uint32_t map_id, const char *text, size_t len, struct diag *d);

/*
 * A fresh map in which nothing was made yet is no map, but a directory of bpffs: so that
 * what restores a backup can make directories in it, of maps. *id is what it became, its
 * path in *bytes (replaced). -EPERM explained if the map is not so fresh.
 */
int remake_as_dir(struct fs *fs, uint32_t map_id, struct identity *id, struct buf *bytes,
		  struct diag *d);

/* Is there no .map to be seen: unlinked a moment ago, or not written yet? */
bool remake_lacks_map_file(struct fs *fs, uint32_t map_id);

#endif
