/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/known.h"

#include <string.h>

void known_init(struct known *k)
{
	memset(k, 0, sizeof(*k));
	pthread_rwlock_init(&k->lock, NULL);
}

void known_free(struct known *k)
{
	known_clear(k);
	pthread_rwlock_destroy(&k->lock);
}

static struct map_desc **place_of(struct known *k, uint32_t id)
{
	return &k->maps[id % KNOWN_MAPS];
}

struct map_desc *known_find(struct known *k, uint32_t id)
{
	struct map_desc *desc;

	pthread_rwlock_rdlock(&k->lock);
	desc = *place_of(k, id);
	desc = desc && desc->info.id == id ? map_desc_ref(desc) : NULL;
	pthread_rwlock_unlock(&k->lock);
	return desc;
}

void known_keep(struct known *k, struct map_desc *desc)
{
	struct map_desc **place = place_of(k, desc->info.id);

	pthread_rwlock_wrlock(&k->lock);
	map_desc_unref(*place);
	*place = map_desc_ref(desc);
	pthread_rwlock_unlock(&k->lock);
}

void known_clear(struct known *k)
{
	pthread_rwlock_wrlock(&k->lock);
	for (int i = 0; i < KNOWN_MAPS; i++) {
		map_desc_unref(k->maps[i]);
		k->maps[i] = NULL;
	}
	pthread_rwlock_unlock(&k->lock);
}
