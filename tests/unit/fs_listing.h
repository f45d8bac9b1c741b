/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* fs_listing: what tests of directories share: a listing kept as a table. */
#ifndef BPFMAPFS_TESTS_FS_LISTING_H
#define BPFMAPFS_TESTS_FS_LISTING_H

#include "fs/dir.h"
#include "tests/unit/fs_fixture.h"

enum { NAMES = 4096, EVERYTHING = INT32_MAX };

/* What was listed; room says how many entries the next reply takes. */
struct listed {
	size_t count, room;
	struct entry {
		char name[300];
		struct stat st;
		off_t next;
		bool has_id;
		enum node_kind kind;
	} entries[NAMES];
};

/* Owned by the caller, free() it. */
struct listed *new_listed(void);

/* For dir_read(): adds an entry. */
int listed_take(void *arg, const struct dir_entry *entry);

/* All from off on, in replies of at most room entries. */
void list_from(struct dir *d, off_t off, bool with_stat, size_t room, struct listed *l);

struct dir *open_dir(struct fixture *f, const struct identity *id);
struct dir *open_map_dir(struct fixture *f, uint32_t map);
void list_all(struct fixture *f, uint32_t map, bool with_stat, struct listed *l);

/* NULL: not listed. */
const struct entry *entry_of(const struct listed *l, const char *name);

/* The names joined by blanks, as ls -f shows them; or in the order of names. */
void assert_names(const struct listed *l, const char *expected);
void assert_sorted(struct listed *l, const char *expected);

/* rest is what all has from there on. */
void assert_rest(const struct listed *all, size_t from, const struct listed *rest);

/* Makes a map called "large" of several batches: keys from 0, each one less than its
 * value. */
uint32_t large_map(struct fixture *f, const char *type, uint32_t count);

#endif
