/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * known: descriptions of maps that were asked for lately, so that whoever reads keys of one map
 * need not wait until a look at all maps is over.
 *
 * Only a copy of what the catalogue knows: it fills this with its lock held, and clears it
 * before it lets go of a lock under which anything has changed. Any thread may look.
 */
#ifndef BPFMAPFS_LIB_KNOWN_H
#define BPFMAPFS_LIB_KNOWN_H

#include <pthread.h>
#include <stdint.h>

#include "lib/map.h"

enum { KNOWN_MAPS = 64 };

struct known {
	pthread_rwlock_t lock;
	struct map_desc
		*maps[KNOWN_MAPS]; /* a reference each; of maps that share a place the last */
};

void known_init(struct known *k);
void known_free(struct known *k);

/* One reference for the caller; NULL: ask the catalogue. */
struct map_desc *known_find(struct known *k, uint32_t id);

void known_keep(struct known *k, struct map_desc *desc);
void known_clear(struct known *k);

#endif
