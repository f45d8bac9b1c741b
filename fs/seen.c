/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/seen.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { SHARDS = 64, FIRST_ROOM = 64, PARTS = 2000, PART_BITS = 11, KEY_BITS = 64 - PART_BITS };

static const uint64_t KEY_MASK = (1ULL << KEY_BITS) - 1;

struct slot {
	uint64_t key : KEY_BITS;   /* of those that its shard does not say; 0: free */
	uint64_t part : PART_BITS; /* of the second, in 2000ths */
	uint64_t hash : 36;
	uint64_t seconds : 28; /* since the start, plus one */
};

/* Open addressing. It is never more than seven eighths full, and seldom less than two thirds:
 * this outlives all else that is kept of a key. */
struct shard {
	pthread_mutex_t lock;
	struct slot *slots;
	uint32_t room, used;
};

struct seen {
	struct shard shards[SHARDS];
	uint32_t max_room; /* of one shard */
	time_t start;
};

struct seen *seen_new(size_t max_keys)
{
	struct seen *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->start = time(NULL);
	if (max_keys)
		s->max_room = FIRST_ROOM + (uint32_t)(max_keys / SHARDS / 7 * 8);
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
	uint64_t hash = key * 0x9e3779b97f4a7c15 >> 32;
	uint32_t i = (uint32_t)(hash * shard->room >> 32);

	while (shard->slots[i].key && shard->slots[i].key != key)
		i = i + 1 < shard->room ? i + 1 : 0;
	return &shard->slots[i];
}

/* A quarter more room; at its limit, or without memory, forgets everything. */
static bool make_room(struct shard *shard, uint32_t max_room)
{
	struct shard larger = {.room = shard->room ? shard->room / 4 * 5 : FIRST_ROOM};

	if (shard->room < max_room && larger.room > max_room)
		larger.room = max_room;
	if (larger.room <= max_room)
		larger.slots = calloc(larger.room, sizeof(struct slot));
	if (!larger.slots) {
		if (shard->slots)
			memset(shard->slots, 0, shard->room * sizeof(struct slot));
		shard->used = 0;
		return shard->slots != NULL;
	}
	for (uint32_t i = 0; i < shard->room; i++)
		if (shard->slots[i].key)
			*slot_of(&larger, shard->slots[i].key) = shard->slots[i];
	free(shard->slots);
	shard->slots = larger.slots;
	shard->room = larger.room;
	return true;
}

static int64_t time_of(const struct seen *s, const struct slot *slot)
{
	return (s->start + (int64_t)slot->seconds - 1) * SEEN_SECOND +
	       (int64_t)slot->part * (SEEN_SECOND / PARTS);
}

/* A value that was not there before, in the second since the start that now is in. */
static void set_slot(struct slot *slot, uint64_t key, uint64_t hash, uint64_t seconds, int64_t now)
{
	uint64_t part = (uint64_t)(now % SEEN_SECOND) / (SEEN_SECOND / PARTS) + 1;

	if (!slot->key) {
		part = 0;
	} else if (seconds <= slot->seconds) {
		seconds = slot->seconds + 1;
		part = 0;
	} else if (part == PARTS) {
		seconds++;
		part = 0;
	}
	slot->key = key & KEY_MASK;
	slot->hash = hash & ((1ULL << 36) - 1);
	slot->seconds = seconds & ((1U << 28) - 1);
	slot->part = part & ((1U << PART_BITS) - 1);
}

static int64_t note(struct seen *s, struct shard *shard, uint64_t key, uint64_t hash, int64_t now)
{
	int64_t second = now / SEEN_SECOND;
	uint64_t seconds = second > s->start ? (uint64_t)(second - s->start) + 1 : 1;
	struct slot *slot;

	if (shard->used >= shard->room / 8 * 7 && !make_room(shard, s->max_room))
		return second * SEEN_SECOND;
	slot = slot_of(shard, key);
	if (slot->key && slot->hash == hash)
		return time_of(s, slot);
	shard->used += !slot->key;
	set_slot(slot, key, hash, seconds, now);
	return time_of(s, slot);
}

int64_t seen_value(struct seen *s, uint64_t key, const void *value, size_t len, int64_t now)
{
	uint64_t hash = XXH3_64bits(value, len) >> 28;
	struct shard *shard = &s->shards[key % SHARDS];
	int64_t when;

	if (!s->max_room)
		return s->start * SEEN_SECOND;
	pthread_mutex_lock(&shard->lock);
	when = note(s, shard, key / SHARDS % KEY_MASK + 1, hash, now);
	pthread_mutex_unlock(&shard->lock);
	return when;
}

int64_t seen_time(struct timespec time)
{
	return time.tv_sec * SEEN_SECOND + time.tv_nsec;
}

int64_t seen_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return seen_time(now);
}

struct timespec seen_timespec(int64_t time)
{
	return (struct timespec){.tv_sec = time / SEEN_SECOND, .tv_nsec = time % SEEN_SECOND};
}
