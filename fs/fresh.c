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

static time_t uptime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int fresh_add(struct fresh *f, uint32_t map_id, bool has_map_file)
{
	int err = 0;

	pthread_mutex_lock(&f->lock);
	if (f->count == f->room)
		err = grow(f);
	if (!err) {
		f->maps[f->count] =
			(struct fresh_map){map_id, has_map_file, uptime() + FRESH_SECONDS};
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
	lacks = i < f->count && !f->maps[i].has_map_file && uptime() < f->maps[i].awaited_until;
	pthread_mutex_unlock(&f->lock);
	return lacks;
}

void fresh_touch(struct fresh *f, uint32_t map_id)
{
	size_t i;

	pthread_mutex_lock(&f->lock);
	i = place_of(f, map_id);
	if (i < f->count)
		f->maps[i].awaited_until = uptime() + FRESH_SECONDS;
	pthread_mutex_unlock(&f->lock);
}

void fresh_set_map_file(struct fresh *f, uint32_t map_id)
{
	size_t i;

	pthread_mutex_lock(&f->lock);
	i = place_of(f, map_id);
	if (i < f->count)
		f->maps[i].has_map_file = true;
	pthread_mutex_unlock(&f->lock);
}

void fresh_note_remade(struct fresh *f, uint32_t from, uint32_t to)
{
	pthread_mutex_lock(&f->lock);
	f->remade[f->next_remade % FRESH_REMADE] = (struct fresh_remade){from, to};
	__atomic_store_n(&f->next_remade, f->next_remade + 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&f->lock);
}

void fresh_remake(struct fresh *f, uint32_t from, uint32_t to)
{
	fresh_remove(f, from);
	fresh_add(f, to, true); /* else it cannot be made again, that is all */
}

uint32_t fresh_now(struct fresh *f, uint32_t map_id)
{
	if (__atomic_load_n(&f->next_remade, __ATOMIC_ACQUIRE) == 0)
		return map_id;
	pthread_mutex_lock(&f->lock);
	for (unsigned int i = 0; i < FRESH_REMADE; i++) /* the oldest first */
		if (f->remade[(f->next_remade + i) % FRESH_REMADE].from == map_id)
			map_id = f->remade[(f->next_remade + i) % FRESH_REMADE].to;
	pthread_mutex_unlock(&f->lock);
	return map_id;
}

/* The lock is held. */
static bool has_written(const struct fresh *f, uint32_t map_id, uint32_t task)
{
	for (unsigned int i = 0; i < FRESH_WRITTEN; i++)
		if (f->written[i].map_id == map_id && f->written[i].task == task)
			return true;
	return false;
}

void fresh_set_written(struct fresh *f, uint32_t map_id, uint32_t task)
{
	if (!task)
		return;
	pthread_mutex_lock(&f->lock);
	if (!has_written(f, map_id, task))
		f->written[f->next_written++ % FRESH_WRITTEN] =
			(struct fresh_written){map_id, task};
	pthread_mutex_unlock(&f->lock);
}

bool fresh_was_written_by(struct fresh *f, uint32_t map_id, uint32_t task)
{
	bool was;

	pthread_mutex_lock(&f->lock);
	was = task && has_written(f, map_id, task);
	pthread_mutex_unlock(&f->lock);
	return was;
}
