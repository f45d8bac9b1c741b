/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * longdir: the directories in a map that names of more than 255 bytes are cut into
 * (keyname.h).
 *
 * A map has no directories, only keys; so one is there if a key's name begins with
 * it, or if it was made or seen in the last ten minutes: cp and tar make a directory
 * before they make the key, and rm -r removes it after the last one is gone. What was
 * made or seen is remembered by its hash, in a table of fixed size.
 */
#ifndef BPFMAPFS_FS_LONGDIR_H
#define BPFMAPFS_FS_LONGDIR_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "lib/map.h"

#define LONGDIR_NO_OTHERS                                                                     \
	"a map has keys, and no directories but those that names of more than 255 bytes are " \
	"cut into"

enum { LONGDIR_SLOTS = 1 << 16 };

struct longdirs {
	pthread_mutex_t lock;
	struct longdir_slot {
		uint64_t hash; /* of map and path; 0: free */
		time_t until;  /* CLOCK_MONOTONIC */
	} * slots;             /* LONGDIR_SLOTS, once there is one */
};

void longdirs_init(struct longdirs *t);
void longdirs_free(struct longdirs *t);

/* path: pieces joined by '/'. -ENOMEM */
int longdirs_remember(struct longdirs *t, uint32_t map_id, const char *path);
void longdirs_forget(struct longdirs *t, uint32_t map_id, const char *path);

/*
 * 1 if the directory is there, 0 if not, or -errno. longdirs_has_keys() asks the map
 * alone; both may walk over all its keys.
 */
int longdirs_exists(struct longdirs *t, struct map_desc *desc, const char *path);
int longdirs_has_keys(struct map_desc *desc, const char *path);

/* The part of a name behind the directory path, or NULL if it is not in it. "" is the
 * map's own directory. */
const char *longdir_rest(const char *path, const char *name);

/* The names of directories that one listing gave, so that it gives each once. */
struct longdir_set {
	struct longdir_seen {
		uint64_t hash;
		uint64_t pos; /* of the scan, where it was first given */
	} * seen;
	size_t count, room;
};

/* Is this the place where a listing gives this name? The first place that asks is.
 * -ENOMEM, else 0 or 1. */
int longdir_set_gives(struct longdir_set *set, const char *name, size_t len, uint64_t pos);
void longdir_set_free(struct longdir_set *set);

#endif
