/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * access: owner and mode of a map, which its keys follow (section 12 of the
 * design). They are those of its pin in pindir; a map without one has the
 * mount's uid, gid and umask. Nobody may write what is frozen or read-only. A snapshot
 * shows the modes as they are, for backups.
 */
#ifndef BPFMAPFS_FS_ACCESS_H
#define BPFMAPFS_FS_ACCESS_H

#include <sys/stat.h>
#include <time.h>

#include "fs/context.h"
#include "lib/map.h"

/* What the map's pin says, less what freezing took away: at this moment, kept for nobody. */
void access_of(struct fs *fs, uint32_t map_id, bool is_frozen, struct access *out);

/*
 * The same of a map that is open, and of one that need not be: this one asks whether it is
 * frozen without disturbing the map, and says -ENOENT if it is gone. Both believe what was
 * found lately (lately.h), or keep what they find.
 */
void access_of_open(struct fs *fs, const struct map *map, struct access *out);
int access_look(struct fs *fs, uint32_t map_id, struct access *out);

/* Is a map that is open frozen? As above. */
bool access_is_frozen(struct fs *fs, const struct map *map);

/* The mode that a directory has where its files have this: whoever may read may
 * search. */
mode_t access_dir_mode(mode_t mode);

/*
 * What the kernel does not ask for: has the user whom this thread serves (lib/host.h) this right,
 * of 4 to read, 2 to write and 1 to search, in what has such an owner and mode?
 */
bool access_has(uid_t uid, gid_t gid, mode_t mode, mode_t right);

/* May he read a map, by the path that it is shown at? -EACCES explained, -ENOENT if it is gone. */
int access_may_read(struct fs *fs, uint32_t map_id, struct diag *d);

/* May he use the map, if there is one, that a spec for a map in dir names as its template? As
 * above. */
int access_may_copy(struct fs *fs, const char *dir, const struct spec *spec, struct diag *d);

/* Makes a map that was just pinned in dir its maker's: the group is the directory's where that says
 * so (S_ISGID). */
int access_give(struct fs *fs, const char *dir, uint32_t map_id, uid_t uid, gid_t gid);

/* chmod and chown of a map: they go to its pin. -EPERM explained if it has none, and of the
 * sticky bit. */
int access_chmod(struct fs *fs, uint32_t map_id, mode_t mode, struct diag *d);
int access_chown(struct fs *fs, uint32_t map_id, uid_t uid, gid_t gid, struct diag *d);

#endif
