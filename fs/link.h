/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * link: the elements of maps of maps as symbolic links: where they lead, and which map
 * a target means.
 *
 * A link reads "../NAME", as the tree is from the directory that the link is in. A map
 * that this mount does not show is "../@ID". Errors are those of map.h; -ESTALE if the
 * map is gone.
 */
#ifndef BPFMAPFS_FS_LINK_H
#define BPFMAPFS_FS_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "fs/access.h"
#include "fs/context.h"

#define LINK_NO_FILES "keys of this map are symbolic links to maps: ln -s ../NAME KEY"

/* Are the map's keys links? False if the map is gone. */
bool link_is_of(struct fs *fs, uint32_t map_id);

/* The target of the element under key, whose value is value: appended. */
int link_print(struct fs *fs, const struct map_desc *desc, const void *key, const void *value,
	       struct buf *target);

/* The same, of what the map says now. -ENOENT */
int link_read(struct fs *fs, uint32_t map_id, const void *key, struct buf *target);

/* All of st but st_ino. link_fill() has the value and the target's length at hand. */
int link_stat(struct fs *fs, uint32_t map_id, const void *key, struct stat *st);
void link_fill(struct fs *fs, const struct access *access, const struct identity *id,
	       const void *value, size_t len, struct stat *st);

/* The id of the map that a target means, for a link called name (from the map's own
 * directory) in map_id. -ENOENT if there is none. */
int link_resolve(struct fs *fs, uint32_t map_id, const char *name, const char *target,
		 uint32_t *id);

/* Is path, of a map from the root of the mount, what such a target means? */
bool link_leads_to(struct fs *fs, uint32_t map_id, const char *name, const char *target,
		   const char *path);

/* The id of the map that is the element. -ENOENT */
int link_value(struct fs *fs, uint32_t map_id, const void *key, uint32_t *id);

/* May that map be stored in one of maps? 0, -ENOENT, -EOPNOTSUPP, explained. */
int link_check(struct fs *fs, uint32_t inner, struct diag *d);

/*
 * Stores the map inner under key. flags: BPF_ANY, BPF_NOEXIST, BPF_EXIST. -EINVAL explained
 * if it is not like the template, -EOPNOTSUPP if it must not be looked at.
 */
int link_store(struct fs *fs, uint32_t map_id, const void *key, uint32_t inner, uint64_t flags,
	       struct diag *d);

/* Stores the element of from under to, then removes from. */
int link_move(struct fs *fs, uint32_t map_id, const void *from, const void *to, uint64_t flags,
	      struct diag *d);

#endif
