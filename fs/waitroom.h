/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * waitroom: what a restore has made in a map and the kernel cannot have yet.
 *
 * What restores a backup makes files and links before the .map of the map that they are
 * in, or links before the maps that they lead to (section 8 of the design). Such a thing
 * waits here under the name that it was given, listed and readable, until it can be
 * stored (newlink.h, newfile.h). In memory, and charged to its maker (quota.h).
 *
 *   file         the text of a key. It is stored at once if the map as it is takes it,
 *                and waits all the same, since by its .map the map becomes another. One
 *                that comes in parts waits for the rest, in whatever map.
 *   directory    what long names are cut into.
 *   link         of a map of maps. One that leads to a fresh map, which may be made again
 *                and then is another, is stored and kept beside its element.
 *   link to be   the empty file that GNU tar makes for a link and replaces at the end. It
 *                is not listed.
 */
#ifndef BPFMAPFS_FS_WAITROOM_H
#define BPFMAPFS_FS_WAITROOM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "fs/waitmap.h"

enum { WAIT_TARGET = 4096, WAIT_PART_SECONDS = 3600 };

struct waitroom {
	pthread_mutex_t turn; /* held while a map is made again, or a file that waits changes */
	pthread_mutex_t lock; /* guards what follows */
	struct waitroom_map **maps; /* by ascending id */
	size_t map_count;
	size_t count; /* of all; also read without the lock */
	uint64_t last_number;
	time_t parts_pruned; /* when unfinished parts were looked for, CLOCK_REALTIME */
	struct quota *quota;
};

/* quota is borrowed. */
void waitroom_init(struct waitroom *t, struct quota *quota);
void waitroom_free(struct waitroom *t);

/* Puts a copy of w there, in place of what has its name; number and made are given. -ENOSPC
 * explained, -ENOMEM. */
int waitroom_put(struct waitroom *t, const struct waiter *w, struct diag *d);

/*
 * A copy of what has that name, or -ENOENT, -ENOMEM; release it with waiter_release(). A
 * link that is stored is the map's, and not found here. out may be NULL. Cheap while
 * nothing waits.
 */
int waitroom_find(struct waitroom *t, uint32_t map_id, const char *name, struct waiter *out);

/* The same of the first in a map with a number above after, links that are stored
 * included. */
int waitroom_next(struct waitroom *t, uint32_t map_id, uint64_t after, struct waiter *out);

/* The first map above after in which something is. -ENOENT */
int waitroom_next_map(struct waitroom *t, uint32_t after, uint32_t *map_id);

/* Is there something in a map, stored or not? */
static inline bool waitroom_has(struct waitroom *t, uint32_t map_id)
{
	uint32_t next;

	return waitroom_next_map(t, map_id - 1, &next) == 0 && next == map_id;
}

/* How many in a map wait and are not stored. */
size_t waitroom_count(struct waitroom *t, uint32_t map_id);

/* The number that was given last. */
uint64_t waitroom_last(struct waitroom *t);

void waitroom_set_stored(struct waitroom *t, const struct waiter *w, uint32_t stored);

/* -ENOENT */
int waitroom_remove(struct waitroom *t, uint32_t map_id, const char *name);
void waitroom_remove_map(struct waitroom *t, uint32_t map_id);

/* A map was made again: what is in the old one is in the new one, and nothing stored. */
void waitroom_move_map(struct waitroom *t, uint32_t from, uint32_t to);

/* Removes files of which no part has come for WAIT_PART_SECONDS: nobody goes on with them. It looks
 * once a second at most, however often it is called. */
void waitroom_prune_parts(struct waitroom *t);

/* Removes what is in maps that are gone. */
void waitroom_prune(struct waitroom *t, bool (*is_gone)(void *arg, uint32_t map_id), void *arg);

#endif
