/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/waitroom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { LEAST_ROOM = 16, OVERHEAD = 64 /* bytes, of what malloc(3) and the tables take */ };

struct held {
	struct held *next; /* in its bucket */
	uint64_t hash;
	struct waiter w;
};

/* What waits in one map: by name, and by number. A place in the order that was left is
 * NULL, until a half of them are. */
struct waitroom_map {
	uint32_t id;
	struct held **buckets; /* room of them */
	struct place {
		uint64_t number;
		struct held *held;
	} * places;
	size_t room, used; /* places, a power of two; how many of them are in the order */
	size_t count;      /* of what is there */
	size_t waiting;    /* of that, not stored */
};

void waitroom_init(struct waitroom *t)
{
	*t = (struct waitroom){.maps = NULL};
	pthread_mutex_init(&t->turn, NULL);
	pthread_mutex_init(&t->lock, NULL);
}

void waiter_release(struct waiter *copy)
{
	free(copy->name);
	free(copy->text);
	copy->name = copy->text = NULL;
}

static bool is_link(const struct waiter *w)
{
	return w->kind == WAIT_LINK || w->kind == WAIT_LINK_TO_BE;
}

static size_t cost(const struct waiter *w)
{
	return sizeof(struct held) + sizeof(struct place) + OVERHEAD + strlen(w->name) + w->len;
}

static bool has_none(const struct waitroom *t)
{
	return __atomic_load_n(&t->count, __ATOMIC_ACQUIRE) == 0;
}

static int copy_waiter(const struct waiter *from, struct waiter *out)
{
	*out = *from;
	out->name = strdup(from->name);
	out->text = malloc(from->len + 1);
	if (!out->name || !out->text) {
		waiter_release(out);
		return -ENOMEM;
	}
	if (from->len)
		memcpy(out->text, from->text, from->len);
	out->text[from->len] = '\0';
	return 0;
}

/* One map. The lock is held in all that follows. */

static uint64_t hash_of(const char *name)
{
	return XXH3_64bits(name, strlen(name));
}

static struct held **bucket_of(const struct waitroom_map *m, uint64_t hash)
{
	return &m->buckets[hash & (m->room - 1)];
}

static struct held *find_name(const struct waitroom_map *m, const char *name)
{
	uint64_t hash = hash_of(name);
	struct held *h = m->room ? *bucket_of(m, hash) : NULL;

	while (h && (h->hash != hash || strcmp(h->w.name, name) != 0))
		h = h->next;
	return h;
}

/* The first place at or above a number. */
static size_t place_of(const struct waitroom_map *m, uint64_t number)
{
	size_t low = 0, high = m->used;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->places[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Gives up places that were left, and makes room for one more. */
static int make_place(struct waitroom_map *m)
{
	size_t room = m->room ? m->room : LEAST_ROOM, used = 0;
	struct place *places;
	struct held **buckets;

	if (m->used < m->room)
		return 0;
	while (room < m->count * 2)
		room *= 2;
	places = calloc(room, sizeof(*places));
	buckets = calloc(room, sizeof(*buckets));
	if (!places || !buckets) {
		free(places);
		free(buckets);
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->used; i++)
		if (m->places[i].held)
			places[used++] = m->places[i];
	free(m->places);
	free(m->buckets);
	*m = (struct waitroom_map){m->id, buckets, places, room, used, m->count, m->waiting};
	for (size_t i = 0; i < used; i++) {
		struct held **bucket = bucket_of(m, places[i].held->hash);

		places[i].held->next = *bucket;
		*bucket = places[i].held;
	}
	return 0;
}

static void take_out(struct waitroom *t, struct waitroom_map *m, struct held *h)
{
	struct held **link = bucket_of(m, h->hash);

	while (*link != h)
		link = &(*link)->next;
	*link = h->next;
	m->places[place_of(m, h->w.number)].held = NULL;
	m->count--;
	m->waiting -= !h->w.stored;
	t->links -= is_link(&h->w);
	t->bytes -= cost(&h->w);
	__atomic_store_n(&t->count, t->count - 1, __ATOMIC_RELEASE);
	waiter_release(&h->w);
	free(h);
}

static void put_in(struct waitroom *t, struct waitroom_map *m, struct held *h)
{
	struct held **bucket = bucket_of(m, h->hash);

	h->next = *bucket;
	*bucket = h;
	h->w.number = __atomic_add_fetch(&t->last_number, 1, __ATOMIC_RELEASE);
	m->places[m->used++] = (struct place){h->w.number, h};
	m->count++;
	m->waiting += !h->w.stored;
	t->links += is_link(&h->w);
	t->bytes += cost(&h->w);
	__atomic_store_n(&t->count, t->count + 1, __ATOMIC_RELEASE);
}

/* What has the name already keeps its place. */
static void exchange(struct waitroom *t, struct waitroom_map *m, struct held *old, struct held *h)
{
	struct waiter before = old->w;

	m->waiting += (size_t)!h->w.stored - !before.stored;
	t->links += (size_t)is_link(&h->w) - is_link(&before);
	t->bytes += cost(&h->w) - cost(&before);
	old->w = h->w;
	old->w.number = before.number;
	waiter_release(&before);
	free(h);
}

static void free_map(struct waitroom *t, struct waitroom_map *m)
{
	for (size_t i = 0; i < m->used; i++)
		if (m->places[i].held)
			take_out(t, m, m->places[i].held);
	free(m->places);
	free(m->buckets);
	free(m);
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

static int insert_map(struct waitroom *t, struct waitroom_map *m)
{
	size_t i = index_of(t, m->id);
	struct waitroom_map **maps;

	maps = realloc(t->maps, (t->map_count + 1) * sizeof(struct waitroom_map *));
	if (!maps)
		return -ENOMEM;
	t->maps = maps;
	memmove(maps + i + 1, maps + i, (t->map_count - i) * sizeof(struct waitroom_map *));
	maps[i] = m;
	t->map_count++;
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
	*held = *map ? find_name(*map, name) : NULL;
	return *held ? 0 : -ENOENT;
}

static bool is_bounded(const struct waitroom *t, const struct held *h, const struct held *old)
{
	size_t bytes = t->bytes + cost(&h->w) - (old ? cost(&old->w) : 0);
	size_t links = t->links + is_link(&h->w) - (old ? is_link(&old->w) : 0);

	return bytes <= WAITROOM_BYTES && (!is_link(&h->w) || links <= WAITROOM_LINKS);
}

static int put(struct waitroom *t, struct held *h)
{
	struct waitroom_map *m = get_map(t, h->w.map_id);
	struct held *old;
	int err = 0;

	if (!m)
		return -ENOMEM;
	old = find_name(m, h->w.name);
	if (!is_bounded(t, h, old))
		err = -ENOSPC;
	else if (!old)
		err = make_place(m);
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

int waitroom_put(struct waitroom *t, const struct waiter *w)
{
	struct held *h = calloc(1, sizeof(*h));
	int err = h ? copy_waiter(w, &h->w) : -ENOMEM;

	if (err) {
		free(h);
		return err;
	}
	h->hash = hash_of(w->name);
	h->w.made = time(NULL);
	pthread_mutex_lock(&t->lock);
	err = put(t, h);
	pthread_mutex_unlock(&t->lock);
	if (!err)
		return 0;
	waiter_release(&h->w);
	free(h);
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
		err = copy_waiter(&h->w, out);
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
	for (size_t i = m ? place_of(m, after + 1) : 0; m && i < m->used; i++) {
		if (!m->places[i].held)
			continue;
		err = copy_waiter(&m->places[i].held->w, out);
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
		if (find_map(t, to) || insert_map(t, m))
			free_map(t, m);
	}
	pthread_mutex_unlock(&t->lock);
}

void waitroom_prune(struct waitroom *t, bool (*is_gone)(void *arg, uint32_t map_id), void *arg)
{
	uint32_t map_id = 0;

	while (waitroom_next_map(t, map_id, &map_id) == 0)
		if (is_gone(arg, map_id))
			waitroom_remove_map(t, map_id);
}
