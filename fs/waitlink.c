/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/waitlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void waitlinks_init(struct waitlinks *t)
{
	*t = (struct waitlinks){.links = NULL};
	pthread_mutex_init(&t->lock, NULL);
}

static void link_free(struct waitlink *l)
{
	if (!l)
		return;
	waitlink_release(l);
	free(l);
}

void waitlinks_free(struct waitlinks *t)
{
	for (size_t i = 0; i < t->count; i++)
		link_free(t->links[i]);
	free(t->links);
	pthread_mutex_destroy(&t->lock);
}

void waitlink_release(struct waitlink *copy)
{
	free(copy->name);
	free(copy->target);
	copy->name = copy->target = NULL;
}

static void set_count(struct waitlinks *t, size_t count)
{
	__atomic_store_n(&t->count, count, __ATOMIC_RELEASE);
}

static bool has_none(const struct waitlinks *t)
{
	return __atomic_load_n(&t->count, __ATOMIC_ACQUIRE) == 0;
}

/* The lock is held in all that follows; count if it is not there. */

static size_t place_of_name(const struct waitlinks *t, uint32_t map_id, const char *name)
{
	size_t i = 0;

	while (i < t->count &&
	       (t->links[i]->map_id != map_id || strcmp(t->links[i]->name, name) != 0))
		i++;
	return i;
}

/* The first one at or above a number. */
static size_t place_of_number(const struct waitlinks *t, uint64_t number)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->links[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct waitlink *by_number(const struct waitlinks *t, uint64_t number)
{
	size_t i = place_of_number(t, number);

	return i < t->count && t->links[i]->number == number ? t->links[i] : NULL;
}

static void remove_at(struct waitlinks *t, size_t i)
{
	link_free(t->links[i]);
	memmove(t->links + i, t->links + i + 1, (t->count - i - 1) * sizeof(struct waitlink *));
	set_count(t, t->count - 1);
}

static int copy_link(const struct waitlink *from, struct waitlink *out)
{
	*out = *from;
	out->name = strdup(from->name);
	out->target = from->target ? strdup(from->target) : NULL;
	if (out->name && (out->target || !from->target))
		return 0;
	waitlink_release(out);
	return -ENOMEM;
}

static int grow(struct waitlinks *t)
{
	size_t room = t->room ? t->room * 2 : 16;
	struct waitlink **links = realloc(t->links, room * sizeof(struct waitlink *));

	if (!links)
		return -ENOMEM;
	t->links = links;
	t->room = room;
	return 0;
}

static int add(struct waitlinks *t, struct waitlink *l)
{
	size_t i = place_of_name(t, l->map_id, l->name);
	int err = 0;

	if (i < t->count)
		remove_at(t, i);
	else if (t->count == WAITLINKS_MOST)
		err = -ENOSPC;
	if (!err && t->count == t->room)
		err = grow(t);
	if (err)
		return err;
	l->number = ++t->last_number;
	t->links[t->count] = l;
	set_count(t, t->count + 1);
	return 0;
}

/* And now with the lock taken. */

int waitlinks_put(struct waitlinks *t, uint32_t map_id, const char *name, const char *target,
		  uint32_t stored)
{
	const struct waitlink wanted = {
		.map_id = map_id,
		.stored = stored,
		.name = (char *)name,
		.target = (char *)target,
		.made = time(NULL),
	};
	struct waitlink *l = malloc(sizeof(*l));
	int err = l ? copy_link(&wanted, l) : -ENOMEM;

	if (err) {
		free(l);
		return err;
	}
	pthread_mutex_lock(&t->lock);
	err = add(t, l);
	pthread_mutex_unlock(&t->lock);
	if (err)
		link_free(l);
	return err;
}

int waitlinks_find(struct waitlinks *t, uint32_t map_id, const char *name, struct waitlink *out)
{
	int err = -ENOENT;
	size_t i;

	if (has_none(t))
		return err;
	pthread_mutex_lock(&t->lock);
	i = place_of_name(t, map_id, name);
	if (i < t->count && !t->links[i]->stored)
		err = out ? copy_link(t->links[i], out) : 0;
	pthread_mutex_unlock(&t->lock);
	return err;
}

int waitlinks_next(struct waitlinks *t, uint64_t after, struct waitlink *out)
{
	int err = -ENOENT;
	size_t i;

	if (has_none(t))
		return err;
	pthread_mutex_lock(&t->lock);
	i = place_of_number(t, after + 1);
	if (i < t->count)
		err = copy_link(t->links[i], out);
	pthread_mutex_unlock(&t->lock);
	return err;
}

size_t waitlinks_count(struct waitlinks *t, uint32_t map_id)
{
	size_t count = 0;

	if (has_none(t))
		return 0;
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->count; i++)
		count += t->links[i]->map_id == map_id && !t->links[i]->stored;
	pthread_mutex_unlock(&t->lock);
	return count;
}

void waitlinks_set_stored(struct waitlinks *t, uint64_t number, uint32_t stored)
{
	struct waitlink *l;

	pthread_mutex_lock(&t->lock);
	l = by_number(t, number);
	if (l)
		l->stored = stored;
	pthread_mutex_unlock(&t->lock);
}

int waitlinks_remove(struct waitlinks *t, uint32_t map_id, const char *name)
{
	int err = -ENOENT;
	size_t i;

	if (has_none(t))
		return err;
	pthread_mutex_lock(&t->lock);
	i = place_of_name(t, map_id, name);
	if (i < t->count) {
		remove_at(t, i);
		err = 0;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

void waitlinks_remove_number(struct waitlinks *t, uint64_t number)
{
	pthread_mutex_lock(&t->lock);
	if (by_number(t, number))
		remove_at(t, place_of_number(t, number));
	pthread_mutex_unlock(&t->lock);
}

void waitlinks_remove_map(struct waitlinks *t, uint32_t map_id)
{
	if (has_none(t))
		return;
	pthread_mutex_lock(&t->lock);
	for (size_t i = t->count; i-- > 0;)
		if (t->links[i]->map_id == map_id)
			remove_at(t, i);
	pthread_mutex_unlock(&t->lock);
}

void waitlinks_move_map(struct waitlinks *t, uint32_t from, uint32_t to)
{
	if (has_none(t))
		return;
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->count; i++) {
		if (t->links[i]->map_id != from)
			continue;
		t->links[i]->map_id = to;
		t->links[i]->stored = 0;
	}
	pthread_mutex_unlock(&t->lock);
}
