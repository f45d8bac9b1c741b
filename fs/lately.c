/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/lately.h"

#include <string.h>

void lately_init(struct lately *l)
{
	memset(l, 0, sizeof(*l));
	pthread_rwlock_init(&l->lock, NULL);
}

void lately_free(struct lately *l)
{
	pthread_rwlock_destroy(&l->lock);
}

int64_t lately_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static struct lately_map *slot_of(struct lately *l, uint32_t map_id)
{
	return &l->maps[map_id % LATELY_MAPS];
}

bool lately_find(struct lately *l, uint32_t map_id, uint64_t changes, struct lately_map *out)
{
	pthread_rwlock_rdlock(&l->lock);
	*out = *slot_of(l, map_id);
	pthread_rwlock_unlock(&l->lock);
	return out->id == map_id && out->changes == changes &&
	       lately_now() - out->at < LATELY_MS * INT64_C(1000000);
}

void lately_keep(struct lately *l, const struct lately_map *map)
{
	pthread_rwlock_wrlock(&l->lock);
	*slot_of(l, map->id) = *map;
	pthread_rwlock_unlock(&l->lock);
}
