/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/waitroom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OVERHEAD = 64 /* bytes, of what malloc(3) and the tables take */ };

void waitroom_init(struct waitroom *t, struct quota *quota)
{
	*t = (struct waitroom){.quota = quota};
	pthread_mutex_init(&t->turn, NULL);
	pthread_mutex_init(&t->lock, NULL);
}

static bool is_link(const struct waiter *w)
{
	return w->kind == WAIT_LINK || w->kind == WAIT_LINK_TO_BE;
}

static size_t cost(const struct waiter *w)
{
	return sizeof(struct held) + sizeof(struct waitplace) + OVERHEAD + strlen(w->name) + w->len;
}

static bool has_none(const struct waitroom *t)
{
	return __atomic_load_n(&t->count, __ATOMIC_ACQUIRE) == 0;
}

/* The lock is held in all that follows. */

static void free_held(struct waitroom *t, struct held *h)
{
	quota_set(t->quota, QUOTA_WAITING, &h->bytes, 0, NULL);
	quota_set(t->quota, QUOTA_LINKS, &h->link, 0, NULL);
	waiter_release(&h->w);
	free(h);
}

static void take_out(struct waitroom *t, struct waitroom_map *m, struct held *h)
{
	waitmap_take_out(m, h);
	__atomic_store_n(&t->count, t->count - 1, __ATOMIC_RELEASE);
	free_held(t, h);
}

static void put_in(struct waitroom *t, struct waitroom_map *m, struct held *h)
{
	h->w.number = __atomic_add_fetch(&t->last_number, 1, __ATOMIC_RELEASE);
	waitmap_put_in(m, h);
	__atomic_store_n(&t->count, t->count + 1, __ATOMIC_RELEASE);
}

/* What has the name already keeps its place. Both are charged (charge()). */
static void exchange(struct waitroom *t, struct waitroom_map *m, struct held *old, struct held *h)
{
	struct held before = *old;

	m->waiting += (size_t)!h->w.stored - !before.w.stored;
	old->w = h->w;
	old->w.number = before.w.number;
	h->w = before.w;
	if (old->w.maker != before.w.maker) {
		old->bytes = h->bytes;
		old->link = h->link;
		h->bytes = before.bytes;
		h->link = before.link;
	}
	quota_set(t->quota, QUOTA_WAITING, &old->bytes, cost(&old->w), NULL);
	quota_set(t->quota, QUOTA_LINKS, &old->link, is_link(&old->w), NULL);
	free_held(t, h);
}

static void free_map(struct waitroom *t, struct waitroom_map *m)
{
	for (size_t i = 0; i < m->used; i++)
		if (m->places[i].held)
			take_out(t, m, m->places[i].held);
	waitmap_free(m);
}

/* All maps. */

/* The first one at or above an id. */
static size_t index_of(const struct waitroom *t, uint32_t map_id)
{
	size_t low = 0, high = t->map_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->maps[middle]->id < map_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct waitroom_map *find_map(const struct waitroom *t, uint32_t map_id)
{
	size_t i = index_of(t, map_id);

	return i < t->map_count && t->maps[i]->id == map_id ? t->maps[i] : NULL;
}

/* There is room for it. */
static void put_map(struct waitroom *t, struct waitroom_map *m)
{
	size_t i = index_of(t, m->id);

	memmove(t->maps + i + 1, t->maps + i, (t->map_count - i) * sizeof(struct waitroom_map *));
	t->maps[i] = m;
	t->map_count++;
}

static int insert_map(struct waitroom *t, struct waitroom_map *m)
{
	struct waitroom_map **maps;

	maps = realloc(t->maps, (t->map_count + 1) * sizeof(struct waitroom_map *));
	if (!maps)
		return -ENOMEM;
	t->maps = maps;
	put_map(t, m);
	return 0;
}

static void remove_index(struct waitroom *t, size_t i)
{
	memmove(t->maps + i, t->maps + i + 1,
		(t->map_count - i - 1) * sizeof(struct waitroom_map *));
	t->map_count--;
}

static struct waitroom_map *get_map(struct waitroom *t, uint32_t map_id)
{
	struct waitroom_map *m = find_map(t, map_id);

	if (m)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->id = map_id;
	if (insert_map(t, m)) {
		free(m);
		return NULL;
	}
	return m;
}

static void drop_map(struct waitroom *t, struct waitroom_map *m)
{
	remove_index(t, index_of(t, m->id));
	free_map(t, m);
}

static int find(struct waitroom *t, uint32_t map_id, const char *name, struct waitroom_map **map,
		struct held **held)
{
	*map = find_map(t, map_id);
	*held = *map ? waitmap_find(*map, name) : NULL;
	return *held ? 0 : -ENOENT;
}

/*
 * Charges h, which is to take the place of old: where that is of the same user, its charge is raised
 * as far as h needs more. On failure nothing has changed.
 */
static int charge(struct waitroom *t, struct held *h, struct held *old, struct diag *d)
{
	struct held *charged = old && old->w.maker == h->w.maker ? old : h;
	size_t bytes = charged->bytes.amount, need = cost(&h->w);
	int err =
		quota_set(t->quota, QUOTA_WAITING, &charged->bytes, need > bytes ? need : bytes, d);

	if (err)
		return err;
	err = quota_set(t->quota, QUOTA_LINKS, &charged->link,
			charged->link.amount || is_link(&h->w), d);
	if (err)
		quota_set(t->quota, QUOTA_WAITING, &charged->bytes, bytes, NULL);
	return err;
}

static int put(struct waitroom *t, struct held *h, struct diag *d)
{
	struct waitroom_map *m = get_map(t, h->w.map_id);
	struct held *old;
	int err;

	if (!m)
		return -ENOMEM;
	old = waitmap_find(m, h->w.name);
	err = charge(t, h, old, d);
	if (!err && !old)
		err = waitmap_make_place(m);
	if (!err && old)
		exchange(t, m, old, h);
	else if (!err)
		put_in(t, m, h);
	if (!m->count)
		drop_map(t, m);
	return err;
}

/* And now with the lock taken. */

void waitroom_free(struct waitroom *t)
{
	while (t->map_count)
		free_map(t, t->maps[--t->map_count]);
	free(t->maps);
	pthread_mutex_destroy(&t->turn);
	pthread_mutex_destroy(&t->lock);
}

int waitroom_put(struct waitroom *t, const struct waiter *w, struct diag *d)
{
	struct held *h = calloc(1, sizeof(*h));
	int err = h ? waiter_copy(w, &h->w) : -ENOMEM;

	if (err) {
		free(h);
		return err;
	}
	h->w.made = time(NULL);
	h->bytes.uid = h->link.uid = w->maker;
	pthread_mutex_lock(&t->lock);
	err = put(t, h, d);
	pthread_mutex_unlock(&t->lock);
	if (err)
		free_held(t, h);
	return err;
}

int waitroom_find(struct waitroom *t, uint32_t map_id, const char *name, struct waiter *out)
{
	struct waitroom_map *m;
	struct held *h;
	int err;

	if (has_none(t))
		return -ENOENT;
	pthread_mutex_lock(&t->lock);
	err = find(t, map_id, name, &m, &h);
	if (!err && h->w.kind == WAIT_LINK && h->w.stored)
		err = -ENOENT;
	if (!err && out)
		err = waiter_copy(&h->w, out);
	pthread_mutex_unlock(&t->lock);
	return err;
}

int waitroom_next(struct waitroom *t, uint32_t map_id, uint64_t after, struct waiter *out)
{
	struct waitroom_map *m;
	int err = -ENOENT;

	if (has_none(t))
		return err;
	pthread_mutex_lock(&t->lock);
	m = find_map(t, map_id);
	for (size_t i = m ? waitmap_place(m, after + 1) : 0; m && i < m->used; i++) {
		if (!m->places[i].held)
			continue;
		err = waiter_copy(&m->places[i].held->w, out);
		break;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

int waitroom_next_map(struct waitroom *t, uint32_t after, uint32_t *map_id)
{
	int err = -ENOENT;
	size_t i;

	if (has_none(t) || after == UINT32_MAX)
		return err;
	pthread_mutex_lock(&t->lock);
	i = index_of(t, after + 1);
	if (i < t->map_count) {
		*map_id = t->maps[i]->id;
		err = 0;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

size_t waitroom_count(struct waitroom *t, uint32_t map_id)
{
	struct waitroom_map *m;
	size_t count;

	if (has_none(t))
		return 0;
	pthread_mutex_lock(&t->lock);
	m = find_map(t, map_id);
	count = m ? m->waiting : 0;
	pthread_mutex_unlock(&t->lock);
	return count;
}

uint64_t waitroom_last(struct waitroom *t)
{
	return __atomic_load_n(&t->last_number, __ATOMIC_ACQUIRE);
}

void waitroom_set_stored(struct waitroom *t, const struct waiter *w, uint32_t stored)
{
	struct waitroom_map *m;
	struct held *h;

	pthread_mutex_lock(&t->lock);
	if (find(t, w->map_id, w->name, &m, &h) == 0 && h->w.number == w->number) {
		m->waiting += (size_t)!stored - !h->w.stored;
		h->w.stored = stored;
	}
	pthread_mutex_unlock(&t->lock);
}

int waitroom_remove(struct waitroom *t, uint32_t map_id, const char *name)
{
	struct waitroom_map *m;
	struct held *h;
	int err;

	if (has_none(t))
		return -ENOENT;
	pthread_mutex_lock(&t->lock);
	err = find(t, map_id, name, &m, &h);
	if (!err) {
		take_out(t, m, h);
		if (!m->count)
			drop_map(t, m);
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

void waitroom_remove_map(struct waitroom *t, uint32_t map_id)
{
	struct waitroom_map *m;

	if (has_none(t))
		return;
	pthread_mutex_lock(&t->lock);
	m = find_map(t, map_id);
	if (m)
		drop_map(t, m);
	pthread_mutex_unlock(&t->lock);
}

/* What is in a map has another id now, and is not stored. */
static void rename_map(struct waitroom_map *m, uint32_t to)
{
	m->id = to;
	for (size_t i = 0; i < m->used; i++) {
		if (!m->places[i].held)
			continue;
		m->places[i].held->w.map_id = to;
		m->places[i].held->w.stored = 0;
	}
	m->waiting = m->count;
}

void waitroom_move_map(struct waitroom *t, uint32_t from, uint32_t to)
{
	struct waitroom_map *m;

	if (has_none(t) || from == to)
		return;
	pthread_mutex_lock(&t->lock);
	m = find_map(t, from);
	if (m) {
		remove_index(t, index_of(t, from));
		rename_map(m, to);
		if (find_map(t, to))
			free_map(t, m);
		else
			put_map(t, m);
	}
	pthread_mutex_unlock(&t->lock);
}

/* The lock is held. */
static void prune_parts_of(struct waitroom *t, struct waitroom_map *m, time_t now)
{
	for (size_t i = 0; i < m->used; i++) {
		struct held *h = m->places[i].held;

		if (h && h->w.is_part && now - h->w.made > WAIT_PART_SECONDS)
			take_out(t, m, h);
	}
}

void waitroom_prune_parts(struct waitroom *t)
{
	time_t now = time(NULL);

	pthread_mutex_lock(&t->lock);
	if (t->parts_pruned != now)
		for (size_t i = t->map_count; i-- > 0;) {
			prune_parts_of(t, t->maps[i], now);
			if (!t->maps[i]->count)
				drop_map(t, t->maps[i]);
		}
	t->parts_pruned = now;
	pthread_mutex_unlock(&t->lock);
}

void waitroom_prune(struct waitroom *t, bool (*is_gone)(void *arg, uint32_t map_id), void *arg)
{
	uint32_t map_id = 0;

	while (waitroom_next_map(t, map_id, &map_id) == 0)
		if (is_gone(arg, map_id))
			waitroom_remove_map(t, map_id);
}
