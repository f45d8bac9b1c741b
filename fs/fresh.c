/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/fresh.h"

#include <errno.h>
#include <stdlib.h>

void fresh_init(struct fresh *f)
{
	*f = (struct fresh){.maps = NULL};
	pthread_mutex_init(&f->lock, NULL);
}

void fresh_free(struct fresh *f)
{
	free(f->maps);
	pthread_mutex_destroy(&f->lock);
}

/* The lock is held; count if it is not there. */
static size_t place_of(const struct fresh *f, uint32_t map_id)
{
	size_t i = 0;

	while (i < f->count && f->maps[i].id != map_id)
		i++;
	return i;
}

static void set_count(struct fresh *f, size_t count)
{
	__atomic_store_n(&f->count, count, __ATOMIC_RELEASE);
}

static int grow(struct fresh *f)
{
	size_t room = f->room ? f->room * 2 : 16;
	struct fresh_map *maps = realloc(f->maps, room * sizeof(*maps));

	if (!maps)
		return -ENOMEM;
	f->maps = maps;
	f->room = room;
	return 0;
}

int fresh_add(struct fresh *f, uint32_t map_id, bool has_map_file)
{
	int err = 0;

	pthread_mutex_lock(&f->lock);
	if (f->count == f->room)
		err = grow(f);
	if (!err) {
		f->maps[f->count] = (struct fresh_map){map_id, has_map_file};
		set_count(f, f->count + 1);
	}
	pthread_mutex_unlock(&f->lock);
	return err;
}

void fresh_remove(struct fresh *f, uint32_t map_id)
{
	size_t i;

	if (__atomic_load_n(&f->count, __ATOMIC_ACQUIRE) == 0)
		return;
	pthread_mutex_lock(&f->lock);
	i = place_of(f, map_id);
	if (i < f->count) {
		f->maps[i] = f->maps[f->count - 1];
		set_count(f, f->count - 1);
	}
	pthread_mutex_unlock(&f->lock);
}

bool fresh_has(struct fresh *f, uint32_t map_id)
{
	bool has;

	if (__atomic_load_n(&f->count, __ATOMIC_ACQUIRE) == 0)
		return false;
	pthread_mutex_lock(&f->lock);
	has = place_of(f, map_id) < f->count;
	pthread_mutex_unlock(&f->lock);
	return has;
}

bool fresh_lacks_map_file(struct fresh *f, uint32_t map_id)
{
	bool lacks;
	size_t i;

	if (__atomic_load_n(&f->count, __ATOMIC_ACQUIRE) == 0)
		return false;
	pthread_mutex_lock(&f->lock);
	i = place_of(f, map_id);
	lacks = i < f->count && !f->maps[i].has_map_file;
	pthread_mutex_unlock(&f->lock);
	return lacks;
}
