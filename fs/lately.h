/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * lately: what was found of maps a moment ago: owner, mode, whether it is frozen. All keys of
 * a map share it, and asking the kernel costs more than the key itself.
 *
 * It is believed for a tenth of a second, and until something is changed through this mount
 * (catalog_changes()). Of maps that share a slot the last one is kept.
 */
#ifndef BPFMAPFS_FS_LATELY_H
#define BPFMAPFS_FS_LATELY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

enum { LATELY_MAPS = 64, LATELY_MS = 100 };

/* Owner and mode of a map; what they are is said in access.h. */
struct access {
	uid_t uid;
	gid_t gid;
	mode_t mode; /* of a key: bits of 0666 */
	struct timespec time;
};

struct lately_map {
	uint32_t id;
	int64_t at;       /* lately_now() before it was looked at */
	uint64_t changes; /* catalog_changes() before that */
	bool is_frozen;
	struct access access;
};

struct lately {
	pthread_rwlock_t lock;
	struct lately_map maps[LATELY_MAPS];
};

void lately_init(struct lately *l);
void lately_free(struct lately *l);

/* CLOCK_MONOTONIC, nanoseconds. */
int64_t lately_now(void);

/* Is something known of the map that is young enough, and from behind all changes? */
bool lately_find(struct lately *l, uint32_t map_id, uint64_t changes, struct lately_map *out);

/* Keeps it (copied). */
void lately_keep(struct lately *l, const struct lately_map *map);

#endif
