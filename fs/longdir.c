/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/longdir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lib/keyname.h"
#include "lib/scan.h"

enum {
	REMEMBERED_SECONDS = 600,
	PROBES = 16, /* slots that a hash may be in */
};

void longdirs_init(struct longdirs *t)
{
	pthread_mutex_init(&t->lock, NULL);
	t->slots = NULL;
}

void longdirs_free(struct longdirs *t)
{
	free(t->slots);
	pthread_mutex_destroy(&t->lock);
}

static time_t uptime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static uint64_t hash_of(uint32_t map_id, const char *path)
{
	uint64_t hash = XXH3_64bits_withSeed(path, strlen(path), map_id);

	return hash ? hash : 1;
}

/* The slot of a hash, or the one that it may take: a free one, else the oldest of those
 * it may be in. The lock is held. */
static struct longdir_slot *find_slot(struct longdirs *t, uint64_t hash)
{
	struct longdir_slot *best = &t->slots[hash % LONGDIR_SLOTS];

	for (uint64_t i = 0; i < PROBES; i++) {
		struct longdir_slot *slot = &t->slots[(hash + i) % LONGDIR_SLOTS];

		if (slot->hash == hash)
			return slot;
		if (best->hash && (!slot->hash || slot->until < best->until))
			best = slot;
	}
	return best;
}

int longdirs_remember(struct longdirs *t, uint32_t map_id, const char *path)
{
	uint64_t hash = hash_of(map_id, path);
	int err = 0;

	pthread_mutex_lock(&t->lock);
	if (!t->slots)
		t->slots = calloc(LONGDIR_SLOTS, sizeof(*t->slots));
	if (t->slots)
		*find_slot(t, hash) = (struct longdir_slot){hash, uptime() + REMEMBERED_SECONDS};
	else
		err = -ENOMEM;
	pthread_mutex_unlock(&t->lock);
	return err;
}

void longdirs_forget(struct longdirs *t, uint32_t map_id, const char *path)
{
	uint64_t hash = hash_of(map_id, path);
	struct longdir_slot *slot;

	pthread_mutex_lock(&t->lock);
	slot = t->slots ? find_slot(t, hash) : NULL;
	if (slot && slot->hash == hash)
		slot->hash = 0;
	pthread_mutex_unlock(&t->lock);
}

static bool is_remembered(struct longdirs *t, uint32_t map_id, const char *path)
{
	uint64_t hash = hash_of(map_id, path);
	struct longdir_slot *slot;
	bool found;

	pthread_mutex_lock(&t->lock);
	slot = t->slots ? find_slot(t, hash) : NULL;
	found = slot && slot->hash == hash && slot->until >= uptime();
	pthread_mutex_unlock(&t->lock);
	return found;
}

const char *longdir_rest(const char *path, const char *name)
{
	size_t len = strlen(path);

	if (!len)
		return name;
	return strncmp(name, path, len) == 0 && name[len] == '/' ? name + len + 1 : NULL;
}

static int find_key(struct map_desc *desc, const struct map *map, const char *path)
{
	struct buf name = BUF_INIT(SIZE_MAX / 2);
	const void *key, *value;
	struct scan *scan;
	uint64_t pos = 0;
	int err = scan_new(desc, &scan);

	if (err)
		return err;
	while ((err = scan_at(scan, map, &pos, &key, &value)) == 1) {
		pos++;
		buf_clear(&name);
		err = keyname_print(desc->key, key, &name);
		if (err || longdir_rest(path, name.data)) {
			err = err ? err : 1;
			break;
		}
	}
	buf_free(&name);
	scan_free(scan);
	return err;
}

int longdirs_has_keys(struct map_desc *desc, const char *path)
{
	struct map map;
	int err;

	if (desc->type->elements->unlisted)
		return 0;
	err = map_open(&map, desc, BPF_F_RDONLY);
	if (err)
		return err == -EOPNOTSUPP ? 0 : err;
	err = find_key(desc, &map, path);
	map_close(&map);
	return err;
}

int longdirs_exists(struct longdirs *t, struct map_desc *desc, const char *path)
{
	int found;

	if (desc->type->elements->unlisted || is_remembered(t, desc->info.id, path))
		return 1;
	found = longdirs_has_keys(desc, path);
	if (found == 1)
		longdirs_remember(t, desc->info.id, path);
	return found;
}

/* One listing's names: open addressing, at most half full. */

static struct longdir_seen *find_seen(const struct longdir_set *set, uint64_t hash)
{
	size_t i = hash & (set->room - 1);

	while (set->seen[i].hash && set->seen[i].hash != hash)
		i = (i + 1) & (set->room - 1);
	return &set->seen[i];
}

static int grow(struct longdir_set *set)
{
	struct longdir_set larger = {.count = set->count, .room = set->room ? set->room * 2 : 64};

	larger.seen = calloc(larger.room, sizeof(*larger.seen));
	if (!larger.seen)
		return -ENOMEM;
	for (size_t i = 0; i < set->room; i++)
		if (set->seen[i].hash)
			*find_seen(&larger, set->seen[i].hash) = set->seen[i];
	free(set->seen);
	*set = larger;
	return 0;
}

int longdir_set_gives(struct longdir_set *set, const char *name, size_t len, uint64_t pos)
{
	uint64_t hash = XXH3_64bits(name, len);
	struct longdir_seen *seen;

	if (set->count * 2 >= set->room && grow(set))
		return -ENOMEM;
	seen = find_seen(set, hash ? hash : 1);
	if (seen->hash)
		return seen->pos == pos;
	*seen = (struct longdir_seen){hash ? hash : 1, pos};
	set->count++;
	return 1;
}

void longdir_set_free(struct longdir_set *set)
{
	free(set->seen);
	*set = (struct longdir_set){.seen = NULL};
}
