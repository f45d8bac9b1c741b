/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * newlink: symbolic links that are made in maps of maps: stored, or kept until they can
 * be (waitroom.h).
 *
 * A link is stored at once if its map is there and fits. It is kept if that map is not
 * there yet, and also while that map, or the one that it is in, is fresh (fresh.h): made
 * again by its .map, it is another one. When a map appears under a name or is made again,
 * the links that it concerns are stored, then and there. What is refused then is told
 * in .error_log, and goes on waiting.
 */
#ifndef BPFMAPFS_FS_NEWLINK_H
#define BPFMAPFS_FS_NEWLINK_H

#include "fs/context.h"

/* May symbolic links be made in this map? Also in one that has no .map yet. */
bool newlink_may_be(struct fs *fs, uint32_t map_id);

/*
 * Makes the link called name, from the map's own directory. flags: BPF_NOEXIST, BPF_ANY
 * (what is there is replaced). *id is what it became, its bytes in *bytes (replaced).
 * -EINVAL explained if the name is no key, or the map that it leads to is not like the
 * template; -ENOSPC if too many wait.
 */
int newlink_make(struct fs *fs, uint32_t map_id, const char *name, const char *target,
		 uint64_t flags, struct identity *id, struct buf *bytes, struct diag *d);

/* The empty file that GNU tar makes for a link. */
int newlink_make_file(struct fs *fs, uint32_t map_id, const char *name, struct identity *id,
		      struct buf *bytes, struct diag *d);

/* The identity of a link that waits. */
int newlink_identity(uint32_t map_id, const char *name, struct identity *id, struct buf *bytes);

/* Its target (-EINVAL if it is tar's file) or attributes. name: of the identity. */
int newlink_read(struct fs *fs, const struct identity *id, struct buf *target);
int newlink_stat(struct fs *fs, const struct identity *id, struct stat *st);

/* Removes the element that a link is. */
int newlink_remove_key(struct fs *fs, const struct identity *id, struct diag *d);

/* A map has got the name that it is shown by. */
void newlink_map_came(struct fs *fs, uint32_t map_id);

/*
 * A fresh map is made again. Elements that stand for the old one stand for the new one, or
 * wait: so nothing but its pin keeps the old one. Once the new one has its name,
 * newlink_map_came() stores what waits in it, or for it.
 */
void newlink_map_replaced(struct fs *fs, uint32_t old_id, uint32_t map_id);

#endif
