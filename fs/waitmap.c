/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/waitmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { LEAST_ROOM = 16 };

void waiter_release(struct waiter *copy)
{
	free(copy->name);
	free(copy->text);
	copy->name = copy->text = NULL;
}

int waiter_copy(const struct waiter *from, struct waiter *out)
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

static uint64_t hash_of(const char *name)
{
	return XXH3_64bits(name, strlen(name));
}

static struct held **bucket_of(const struct waitroom_map *m, uint64_t hash)
{
	return &m->buckets[hash & (m->room - 1)];
}

struct held *waitmap_find(const struct waitroom_map *m, const char *name)
{
	uint64_t hash = hash_of(name);
	struct held *h = m->room ? *bucket_of(m, hash) : NULL;

	while (h && (h->hash != hash || strcmp(h->w.name, name) != 0))
		h = h->next;
	return h;
}

size_t waitmap_place(const struct waitroom_map *m, uint64_t number)
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

int waitmap_make_place(struct waitroom_map *m)
{
	size_t room = m->room ? m->room : LEAST_ROOM, used = 0;
	struct waitplace *places;
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

void waitmap_put_in(struct waitroom_map *m, struct held *h)
{
	struct held **bucket;

	h->hash = hash_of(h->w.name);
	bucket = bucket_of(m, h->hash);
	h->next = *bucket;
	*bucket = h;
	m->places[m->used++] = (struct waitplace){h->w.number, h};
	m->count++;
	m->waiting += !h->w.stored;
}

void waitmap_take_out(struct waitroom_map *m, struct held *h)
{
	struct held **link = bucket_of(m, h->hash);

	while (*link != h)
		link = &(*link)->next;
	*link = h->next;
	m->places[waitmap_place(m, h->w.number)].held = NULL;
	m->count--;
	m->waiting -= !h->w.stored;
}

void waitmap_free(struct waitroom_map *m)
{
	free(m->places);
	free(m->buckets);
	free(m);
}
