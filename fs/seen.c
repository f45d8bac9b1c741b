/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/seen.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { SHARDS = 64, FIRST_ROOM = 64 };

struct slot {
	uint64_t key; /* 0: free */
	uint64_t hash : 36;
	uint64_t seconds : 28; /* since the start, plus one */
};

/* Open addressing, at most three quarters full. */
struct shard {
	pthread_mutex_t lock;
	struct slot *slots;
	size_t room; /* a power of two */
	size_t used;
};

struct seen {
	struct shard shards[SHARDS];
	size_t max_room; /* of one shard */
	time_t start;
};

struct seen *seen_new(size_t max_keys)
{
	struct seen *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->start = time(NULL);
	s->max_room = FIRST_ROOM;
	while (s->max_room * SHARDS / 4 * 3 < max_keys)
		s->max_room *= 2;
	for (int i = 0; i < SHARDS; i++)
		pthread_mutex_init(&s->shards[i].lock, NULL);
	return s;
}

void seen_free(struct seen *s)
{
	if (!s)
		return;
	for (int i = 0; i < SHARDS; i++) {
		free(s->shards[i].slots);
		pthread_mutex_destroy(&s->shards[i].lock);
	}
	free(s);
}

/* The slot of key, or the free one where it belongs. */
static struct slot *slot_of(const struct shard *shard, uint64_t key)
{
	size_t i = (key / SHARDS) & (shard->room - 1);

	while (shard->slots[i].key && shard->slots[i].key != key)
		i = (i + 1) & (shard->room - 1);
	return &shard->slots[i];
}

/* Doubles the room; at its limit, or without memory, forgets everything. */
static bool make_room(struct shard *shard, size_t max_room)
{
	struct shard larger = {.room = shard->room ? shard->room * 2 : FIRST_ROOM};

	if (larger.room <= max_room)
		larger.slots = calloc(larger.room, sizeof(struct slot));
	if (!larger.slots) {
		if (shard->slots)
			memset(shard->slots, 0, shard->room * sizeof(struct slot));
		shard->used = 0;
		return shard->slots != NULL;
	}
	for (size_t i = 0; i < shard->room; i++)
		if (shard->slots[i].key)
			*slot_of(&larger, shard->slots[i].key) = shard->slots[i];
	free(shard->slots);
	shard->slots = larger.slots;
	shard->room = larger.room;
	return true;
}

static time_t note(struct seen *s, struct shard *shard, uint64_t key, uint64_t hash, time_t now)
{
	uint64_t seconds = now > s->start ? (uint64_t)(now - s->start) + 1 : 1;
	struct slot *slot;

	if (shard->used >= shard->room / 4 * 3 && !make_room(shard, s->max_room))
		return now;
	slot = slot_of(shard, key);
	if (slot->key && slot->hash == hash)
		return s->start + (time_t)slot->seconds - 1;
	if (slot->key && seconds <= slot->seconds)
		seconds = slot->seconds + 1;
	shard->used += !slot->key;
	slot->key = key;
	slot->hash = hash;
	slot->seconds = seconds & ((1U << 28) - 1);
	return s->start + (time_t)slot->seconds - 1;
}

time_t seen_value(struct seen *s, uint64_t key, const void *value, size_t len, time_t now)
{
	uint64_t hash = XXH3_64bits(value, len) >> 28;
	struct shard *shard = &s->shards[key % SHARDS];
	time_t when;

	pthread_mutex_lock(&shard->lock);
	when = note(s, shard, key ? key : 1, hash, now);
	pthread_mutex_unlock(&shard->lock);
	return when;
}
