/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/batch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/record.h"
#include "lib/sys.h"

enum {
	BATCH_BYTES = 256 * 1024, /* keys and values of one batch, where that is enough */
	BATCH_MAX = 4096,         /* more brings nothing (finding 14) */
};

static uint32_t token_size_of(const struct map_desc *desc)
{
	return desc->key->size > 4 ? desc->key->size : 4;
}

int batch_source_init(struct batch_source *s, struct map_desc *desc)
{
	*s = (struct batch_source){.desc = map_desc_ref(desc)};
	s->by_next_key = !desc->type->elements->batches;
	s->token = calloc(1, token_size_of(desc));
	return s->token ? 0 : -ENOMEM;
}

void batch_source_free(struct batch_source *s)
{
	map_desc_unref(s->desc);
	free(s->token);
	*s = (struct batch_source){.desc = NULL};
}

/* Memory for at least room entries; the content is lost. */
static int make_room(struct batch *b, uint32_t room)
{
	unsigned char *keys, *values;

	if (room <= b->room)
		return 0;
	keys = calloc(room, b->key_size);
	values = calloc(room, b->value_size);
	if (!keys || !values) {
		free(keys);
		free(values);
		return -ENOMEM;
	}
	free(b->keys);
	free(b->values);
	b->keys = keys;
	b->values = values;
	b->room = room;
	return 0;
}

/* Twice the room; the content is kept. */
static int grow_room(struct batch *b)
{
	unsigned char *keys = reallocarray(b->keys, b->room, (size_t)b->key_size * 2);
	unsigned char *values;

	if (!keys)
		return -ENOMEM;
	b->keys = keys;
	values = reallocarray(b->values, b->room, (size_t)b->value_size * 2);
	if (!values && b->value_size)
		return -ENOMEM;
	b->values = values;
	b->room *= 2;
	return 0;
}

static size_t entry_size(const struct map_desc *desc)
{
	return (size_t)desc->key->size + desc->value->size;
}

static uint32_t first_room(const struct map_desc *desc)
{
	size_t room = BATCH_BYTES / entry_size(desc);

	return room > BATCH_MAX ? BATCH_MAX : room ? (uint32_t)room : 1;
}

size_t batch_bytes_at_first(const struct map_desc *desc)
{
	return first_room(desc) * entry_size(desc) + token_size_of(desc);
}

size_t batch_bytes(const struct batch *b)
{
	return b->room * ((size_t)b->key_size + b->value_size) + b->token_size;
}

int batch_init(struct batch *b, const struct map_desc *desc)
{
	*b = (struct batch){.key_size = desc->key->size,
			    .value_size = desc->value->size,
			    .token_size = token_size_of(desc)};
	b->token = calloc(1, b->token_size);
	return b->token ? make_room(b, first_room(desc)) : -ENOMEM;
}

void batch_free(struct batch *b)
{
	free(b->keys);
	free(b->values);
	free(b->token);
	*b = (struct batch){.keys = NULL};
}

/* Takes the value of the key at the end, which then counts if an element is there. What
 * has no value to be told is there, if keys are more than indexes. */
static int take_value(struct batch *b, const struct map *map)
{
	int err = map_get(map, batch_key(b, b->count), batch_value(b, b->count));

	if (!err || (err == -EOPNOTSUPP && !map->desc->type->elements->indexes))
		b->count++;
	return err == -ENOENT || err == -EOPNOTSUPP ? 0 : err;
}

/* Key by key, where the kernel has no batches and a cursor is never lost (indexes), or that can be
 * seen (drop_passed). The token is the last key. */
static int fetch_by_next_key(struct batch *b, const struct map *map, const void *behind)
{
	const struct elements *elements = map->desc->type->elements;
	const struct elem_map m = map_elem(map);
	const void *key = behind;
	int err = 0;

	b->count = 0;
	while (!err && b->count < b->asked) {
		err = elements->next(&m, key, batch_key(b, b->count));
		if (err)
			break;
		memcpy(b->token, batch_key(b, b->count), b->key_size);
		key = b->token;
		err = take_value(b, map);
	}
	return err;
}

/*
 * Keys that come one after the other and in no order: a cursor is lost when its key goes. The
 * kernel starts over then, or says that nothing follows. So all of them are gathered, in as many
 * passes as it takes to get behind a key that stays, and are the only batch.
 */

enum { MOST_PASSES = 100 };

static int compare_keys(const void *a, const void *b, void *key_size)
{
	return memcmp(a, b, *(const uint32_t *)key_size);
}

static void drop_doubles(struct batch *b)
{
	uint32_t kept = 0;

	qsort_r(b->keys, b->count, b->key_size, compare_keys, &b->key_size);
	for (uint32_t i = 0; i < b->count; i++) {
		if (kept && memcmp(batch_key(b, kept - 1), batch_key(b, i), b->key_size) == 0)
			continue;
		memmove(batch_key(b, kept++), batch_key(b, i), b->key_size);
	}
	b->count = kept;
}

static int room_for_one(struct batch *b)
{
	if (b->count == b->room)
		drop_doubles(b);
	return b->count > b->room / 4 * 3 ? grow_room(b) : 0;
}

/* From the first key to the end, if that is what -ENOENT says. The token is the last key. */
static int gather_once(struct batch *b, const struct map *map)
{
	const struct elements *elements = map->desc->type->elements;
	const struct elem_map m = map_elem(map);
	const void *key = NULL;
	int err;

	for (;;) {
		err = room_for_one(b);
		if (!err)
			err = elements->next(&m, key, batch_key(b, b->count));
		if (err)
			return err;
		memcpy(b->token, batch_key(b, b->count++), b->key_size);
		key = b->token;
	}
}

static bool is_there(const struct batch *b, const struct map *map, const void *key)
{
	return map_get(map, key, batch_value(b, 0)) != -ENOENT;
}

static int take_values(struct batch *b, const struct map *map)
{
	uint32_t count = b->count;
	int err = 0;

	b->count = 0;
	for (uint32_t i = 0; !err && i < count; i++) {
		memmove(batch_key(b, b->count), batch_key(b, i), b->key_size);
		err = take_value(b, map);
	}
	return err;
}

static int gather(struct batch *b, const struct map *map)
{
	int err = -EBUSY;

	b->count = 0;
	for (int passes = 0; passes < MOST_PASSES; passes++) {
		err = gather_once(b, map);
		if (err != -ENOENT || !b->count || is_there(b, map, b->token))
			break;
		err = -EBUSY;
	}
	if (err != -ENOENT)
		return err;
	drop_doubles(b);
	err = take_values(b, map);
	return err ? err : -ENOENT;
}

static int fetch_one_by_one(struct batch *b, const struct map *map, const void *behind)
{
	const struct elements *elements = map->desc->type->elements;

	if (elements->compare || elements->indexes)
		return fetch_by_next_key(b, map, behind);
	return gather(b, map);
}

/* Where somebody else knows the keys: all at once, as the only batch. */
struct walk {
	struct batch *b;
	const struct map *map;
};

static int add_walked(void *arg, const void *key)
{
	struct walk *w = arg;
	struct batch *b = w->b;
	int err = 0;

	if (b->count == b->room)
		err = grow_room(b);
	if (err)
		return err;
	memcpy(batch_key(b, b->count), key, b->key_size);
	return take_value(b, w->map);
}

static int fetch_by_walk(struct batch *b, const struct map *map)
{
	const struct elem_map m = map_elem(map);
	struct walk w = {b, map};
	int err;

	b->count = 0;
	err = map->desc->type->elements->walk(&m, add_walked, &w);
	return err ? err : -ENOENT;
}

/* One call for one batch, with more room if a bucket is larger than it was. */
static int fetch_at_once(struct batch *b, const struct map *map, const void *behind)
{
	int err;

	for (;;) {
		b->count = b->asked;
		err = sys_map_lookup_batch(map->fd, behind, b->token, b->keys, b->values, &b->count,
					   map->desc->elem_flags);
		if (err != -ENOSPC)
			return err;
		if (b->asked > UINT32_MAX / 2 || make_room(b, b->asked * 2))
			return -ENOMEM;
		b->asked *= 2;
	}
}

/* A kernel that cannot do batches says EOPNOTSUPP, one that does not know them
 * EINVAL; only the very first call can tell. */
static int fetch(struct batch_source *s, const struct map *map, const void *behind, struct batch *b)
{
	const struct layout *value = map->desc->value;
	int err;

	if (map->desc->type->elements->walk)
		return fetch_by_walk(b, map);
	if (s->by_next_key)
		return fetch_one_by_one(b, map, behind);
	err = fetch_at_once(b, map, behind);
	for (uint32_t i = 0; value->has_owned && i < b->count; i++)
		layout_clear_owned(value, batch_value(b, i));
	if (behind || (err != -EOPNOTSUPP && err != -EINVAL))
		return err;
	s->by_next_key = true;
	return fetch_one_by_one(b, map, behind);
}

/*
 * Where keys come in an order, drops each that does not come after the last one
 * kept, or after passed (the last of the batch before, or NULL): the kernel
 * starts over when the key that its cursor stands on is removed.
 */
static void drop_passed(struct batch *b, const struct elements *elements, const void *passed)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		unsigned char *key = batch_key(b, i);
		unsigned char *place = batch_key(b, kept);

		if (passed && elements->compare(key, passed, b->key_size) <= 0)
			continue;
		memmove(place, key, b->key_size);
		memmove(batch_value(b, kept), batch_value(b, i), b->value_size);
		passed = place;
		kept++;
	}
	b->count = kept;
	if (kept) /* the kernel may stand further back, where it started over */
		memcpy(b->token, batch_key(b, kept - 1), b->key_size);
}

/* Reads on until something is there that was not passed. */
int batch_fetch(struct batch_source *s, const struct map *map, const void *behind, uint32_t asked,
		struct batch *b)
{
	const struct elements *elements = s->desc->type->elements;
	const void *passed = behind;
	int err;

	b->asked = asked && asked < b->room ? asked : b->room;
	for (;;) {
		err = fetch(s, map, behind, b);
		if ((err && err != -ENOENT) || !elements->compare)
			return err;
		drop_passed(b, elements, passed);
		if (err || b->count)
			return err;
		memcpy(s->token, b->token, b->token_size);
		behind = s->token;
	}
}
