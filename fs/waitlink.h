/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * waitlink: symbolic links in maps of maps that are not in the map yet, or not for good.
 *
 * A restore makes links before the maps that they lead to, or before the .map of the map
 * that they are in (section 8 of the design). Such a link waits, listed and readable,
 * until it can be stored (newlink.h). One that was stored although it leads to a fresh
 * map, which may be made again and then is another, is kept beside its element. And GNU
 * tar makes an empty file for each link and replaces it at the end: it waits without a
 * target, and is not listed. In memory, and bounded.
 */
#ifndef BPFMAPFS_FS_WAITLINK_H
#define BPFMAPFS_FS_WAITLINK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { WAITLINKS_MOST = 4096, WAITLINK_TARGET = 4096 };

struct waitlink {
	uint64_t number; /* never used twice, ascending */
	uint32_t map_id; /* the map that it is in */
	uint32_t stored; /* the fresh map that is its element; 0: it waits */
	char *name;      /* from the map's own directory */
	char *target;    /* NULL: tar's empty file */
	time_t made;     /* CLOCK_REALTIME */
};

struct waitlinks {
	pthread_mutex_t lock;
	struct waitlink **links; /* by ascending number */
	size_t count, room;      /* count is also read without the lock */
	uint64_t last_number;
};

void waitlinks_init(struct waitlinks *t);
void waitlinks_free(struct waitlinks *t);

/* Replaces a link of that name. target NULL: an empty file. -ENOSPC, -ENOMEM. */
int waitlinks_put(struct waitlinks *t, uint32_t map_id, const char *name, const char *target,
		  uint32_t stored);

/* A copy of the link of that name which waits, or -ENOENT, -ENOMEM; release it with
 * waitlink_release(). out may be NULL. Cheap while there are none. */
int waitlinks_find(struct waitlinks *t, uint32_t map_id, const char *name, struct waitlink *out);

/* The same of the first link, waiting or stored, with a number above after. */
int waitlinks_next(struct waitlinks *t, uint64_t after, struct waitlink *out);
void waitlink_release(struct waitlink *copy);

/* How many of a map wait. */
size_t waitlinks_count(struct waitlinks *t, uint32_t map_id);

/* The link became the element that stands for map stored; 0: it is none any more. */
void waitlinks_set_stored(struct waitlinks *t, uint64_t number, uint32_t stored);

/* -ENOENT */
int waitlinks_remove(struct waitlinks *t, uint32_t map_id, const char *name);
void waitlinks_remove_number(struct waitlinks *t, uint64_t number);
void waitlinks_remove_map(struct waitlinks *t, uint32_t map_id);

/* A map was made again: its links wait in the new one. */
void waitlinks_move_map(struct waitlinks *t, uint32_t from, uint32_t to);

#endif
