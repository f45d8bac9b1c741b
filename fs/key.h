/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * key: the elements of a map as texts: what opening, writing, removing and
 * renaming a key's file do (section 7 of the design).
 *
 * A call opens the map by its id and closes it before it returns. Errors are
 * those of map.h; -ESTALE if the map is gone. A hidden slot of an array
 * (hide.h) is a key that does not exist, until it is stored or the kernel's
 * value is no longer zero.
 */
#ifndef BPFMAPFS_FS_KEY_H
#define BPFMAPFS_FS_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "fs/access.h"
#include "fs/context.h"

/*
 * A name as the key's bytes, which replace out. -EINVAL explained if it is no
 * key of this map, or none that it could ever have.
 */
int key_parse(struct map_desc *desc, const char *name, struct buf *out, struct diag *d);

/* Is path, whose last piece is name, spelt like a directory that long names are cut
 * into? 1, 0, -ENOMEM. */
int key_may_be_long_dir(const struct map_desc *desc, const char *path, const char *name);

/* The canonical name, appended; the pieces of a long one are joined by '/'. */
int key_print(const struct map_desc *desc, const void *key, struct buf *out);

/* The most bytes that the text of a value of this map may be written in. */
size_t key_text_limit(const struct map_desc *desc);

/* Can this map's elements be files? If not, a sentence says why. */
const char *key_why_not(const struct map_desc *desc);

/* Does the map's directory list them? */
bool key_is_listed(const struct map_desc *desc);

/* How an element looks: length of its text, when its value was last seen to
 * change, and its map's access. */
struct key_look {
	size_t size;
	int64_t mtime; /* as seen.h */
	struct access access;
};

/* Is the element there to be seen, given its value? Which may be older than its removal. */
bool key_is_shown(struct fs *fs, const struct map_desc *desc, const void *key, const void *value);

/* An element was stored, or removed, by somebody else than the calls below: its slot, if slots
 * always exist, is to be seen, or not. */
void key_show(struct fs *fs, const struct map_desc *desc, const void *key);
int key_hide(struct fs *fs, const struct map_desc *desc, const void *key);

/* Text (appended) and time of a value that is at hand. */
int key_text(struct fs *fs, const struct map_desc *desc, const void *key, const void *value,
	     struct buf *text, int64_t *mtime);

/* Reads an element: its text replaces text. look may be NULL. -EOPNOTSUPP if the kernel
 * tells nothing of it; look says then how it looks all the same. */
int key_read(struct fs *fs, uint32_t map_id, const void *key, struct buf *text,
	     struct key_look *look);

/*
 * Stores what a text says. flags: BPF_ANY, BPF_NOEXIST, BPF_EXIST. -EAGAIN if the
 * text is a prefix of something complete; nothing is stored then or on errors.
 */
int key_store(struct fs *fs, uint32_t map_id, const void *key, const char *text, size_t len,
	      uint64_t flags, struct diag *d);

/* Stores zeroes. */
int key_zero(struct fs *fs, uint32_t map_id, const void *key, uint64_t flags, struct diag *d);

int key_remove(struct fs *fs, uint32_t map_id, const void *key, struct diag *d);

/* Stores the value of from under to, then removes from. flags as key_store(). */
int key_move(struct fs *fs, uint32_t map_id, const void *from, const void *to, uint64_t flags,
	     struct diag *d);

/* -EROFS if nothing can be stored in this map. */
int key_may_store(struct fs *fs, uint32_t map_id, struct diag *d);

#endif
