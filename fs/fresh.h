/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fresh: the maps that a bare mkdir through this mount made, and in which no key was
 * stored yet. Their spec may still be written into .map (remake.h); until that
 * happened, they have no .map, so that what restores a backup can create it.
 */
#ifndef BPFMAPFS_FS_FRESH_H
#define BPFMAPFS_FS_FRESH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fresh {
	pthread_mutex_t lock;
	struct fresh_map {
		uint32_t id;
		bool has_map_file;
	} * maps;
	size_t count, room; /* count is also read without the lock */
};

void fresh_init(struct fresh *f);
void fresh_free(struct fresh *f);

/* -ENOMEM: then it is not. */
int fresh_add(struct fresh *f, uint32_t map_id, bool has_map_file);

/* Cheap where no map is fresh. */
void fresh_remove(struct fresh *f, uint32_t map_id);
bool fresh_has(struct fresh *f, uint32_t map_id);
bool fresh_lacks_map_file(struct fresh *f, uint32_t map_id);

#endif
