/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * entries: the table of maps that the catalogue keeps, found by id, by name and
 * by pin. No lock of its own and no system call.
 */
#ifndef BPFMAPFS_LIB_ENTRIES_H
#define BPFMAPFS_LIB_ENTRIES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/map.h"

struct map_entry {
	uint32_t id;
	bool seen, pin_seen;   /* by the refresh under way: the map, and its pin */
	bool frozen;           /* when the iterator told last */
	char *dir;             /* from pindir, "" for the root */
	char *name;            /* display name, unique in dir */
	char *pin;             /* absolute path, or NULL */
	ino_t pin_ino;         /* the file that pin was when it was looked into */
	struct stat pin_stat;  /* and all of it, where the survey is the only one (snapshot.h) */
	struct map_desc *desc; /* made when first needed, or NULL */
	struct bpf_map_info info;
};

struct entries {
	struct map_entry **by_id; /* ascending */
	size_t count, room;
	void *by_name, *by_pin; /* trees of tsearch(3) */
};

/* Where a map is pinned and what it is called, made before it is: all owned. dir and name may be
 * NULL: they stay. entry_place_free() in any case. */
struct entry_place {
	char *pin, *dir, *name;
};
int entry_place_make(struct entry_place *p, const char *pin, const char *dir, const char *name);
void entry_place_free(struct entry_place *p);

/* entries_rename() and entries_set_pin() at once, which cannot fail, of an entry that has a pin: takes
 * *to over. */
void entries_move(struct entries *t, struct map_entry *e, struct entry_place *to, ino_t ino);

void entries_free(struct entries *t);

/* The place of the first entry whose id is at or above id; count if none is. */
size_t entries_place(const struct entries *t, uint32_t id);

/* Each returns NULL if there is none. */
struct map_entry *entries_by_id(const struct entries *t, uint32_t id);
struct map_entry *entries_by_name(const struct entries *t, const char *dir, const char *name);
struct map_entry *entries_by_pin(const struct entries *t, const char *pin);

/* A new entry for a map that has none. Name and dir are copied. NULL: no memory. */
struct map_entry *entries_add(struct entries *t, const struct bpf_map_info *info, const char *dir,
			      const char *name);
void entries_remove(struct entries *t, struct map_entry *e);

/* Changes where an entry is found. 0 or -ENOMEM, then nothing has changed. */
int entries_rename(struct entries *t, struct map_entry *e, const char *dir, const char *name);

/* pin NULL: it has none. Always 0 then. */
int entries_set_pin(struct entries *t, struct map_entry *e, const char *pin, ino_t ino);

#endif
