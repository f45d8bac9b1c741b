/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/record.h"
#include "lib/sys.h"

enum {
	INDEX_BITS = 24,
	BATCH_BYTES = 256 * 1024, /* keys and values of one batch, where that is enough */
	BATCH_MAX = 4096,         /* more brings nothing (finding 14) */
};

struct scan {
	struct map_desc *desc;
	uint32_t key_size, value_size, token_size;
	unsigned char *keys, *values;
	uint32_t room;  /* entries that keys and values can hold */
	uint32_t count; /* entries that they hold */
	uint64_t batch; /* number of the batch that they hold */
	bool loaded;
	bool fresh; /* it was just read */

	bool mixed; /* a batch held other keys when it was read again, see scan_forget() */

	bool end_known; /* the last batch was read once: */
	uint64_t end_batch;
	uint64_t end_digest;
	bool last;            /* no batch follows */
	unsigned char *token; /* room for one */
	bool by_next_key;     /* this kernel has no batches for the type */
	struct buf steps;     /* of batches that were passed, see struct step */
};

static uint64_t batch_of(uint64_t pos)
{
	return pos >> INDEX_BITS;
}

static uint64_t index_of(uint64_t pos)
{
	return pos & ((1U << INDEX_BITS) - 1);
}

bool scan_would_move(const struct scan *s, uint64_t pos)
{
	if (!s->loaded)
		return false;
	return s->batch != batch_of(pos) || (!s->last && index_of(pos) >= s->count);
}

void scan_forget(struct scan *s)
{
	s->loaded = false;
}

/*
 * What is kept of batch i once batch i + 1 is known: the room that it was read
 * with, so that it can be read again alike, what it held, and the token to the
 * next.
 */
struct step {
	uint64_t digest; /* of the keys */
	uint32_t room;
	unsigned char token[];
};

static size_t step_size(const struct scan *s)
{
	return (sizeof(struct step) + s->token_size + 7) & ~(size_t)7;
}

static uint64_t steps_known(const struct scan *s)
{
	return s->steps.len / step_size(s);
}

static struct step *step_of(const struct scan *s, uint64_t batch)
{
	return (struct step *)(s->steps.data + batch * step_size(s));
}

/* The token that leads to a batch; NULL: the start. */
static const void *token_to(const struct scan *s, uint64_t batch)
{
	return batch ? step_of(s, batch - 1)->token : NULL;
}

/* Memory for at least room entries; the content is lost. */
static int make_room(struct scan *s, uint32_t room)
{
	unsigned char *keys, *values;

	if (room <= s->room)
		return 0;
	keys = calloc(room, s->key_size);
	values = calloc(room, s->value_size);
	if (!keys || !values) {
		free(keys);
		free(values);
		return -ENOMEM;
	}
	free(s->keys);
	free(s->values);
	s->keys = keys;
	s->values = values;
	s->room = room;
	return 0;
}

/* Twice the room; the content is kept. */
static int grow_room(struct scan *s)
{
	unsigned char *keys = reallocarray(s->keys, s->room, (size_t)s->key_size * 2);
	unsigned char *values;

	if (!keys)
		return -ENOMEM;
	s->keys = keys;
	values = reallocarray(s->values, s->room, (size_t)s->value_size * 2);
	if (!values && s->value_size)
		return -ENOMEM;
	s->values = values;
	s->room *= 2;
	return 0;
}

int scan_new(struct map_desc *desc, struct scan **out)
{
	struct scan *s = calloc(1, sizeof(*s));
	uint64_t room;

	if (!s)
		return -ENOMEM;
	s->desc = map_desc_ref(desc);
	s->key_size = desc->key->size;
	s->by_next_key = !desc->type->elements->batches;
	s->value_size = desc->value->size;
	s->token_size = s->key_size > 4 ? s->key_size : 4;
	s->steps = BUF_INIT(SIZE_MAX / 2);
	room = BATCH_BYTES / ((uint64_t)s->key_size + s->value_size);
	if (room > BATCH_MAX)
		room = BATCH_MAX;
	s->token = calloc(1, s->token_size);
	if (!s->token || make_room(s, room ? (uint32_t)room : 1)) {
		scan_free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void scan_free(struct scan *s)
{
	if (!s)
		return;
	map_desc_unref(s->desc);
	buf_free(&s->steps);
	free(s->token);
	free(s->keys);
	free(s->values);
	free(s);
}

static unsigned char *key_at(const struct scan *s, uint32_t i)
{
	return s->keys + (size_t)i * s->key_size;
}

static unsigned char *value_at(const struct scan *s, uint32_t i)
{
	return s->values + (size_t)i * s->value_size;
}

/* Takes the value of the key at the end, which then counts if an element is there. What
 * has no value to be told is there, if keys are more than indexes. */
static int take_value(struct scan *s, const struct map *map)
{
	int err = map_get(map, key_at(s, s->count), value_at(s, s->count));

	if (!err || (err == -EOPNOTSUPP && !s->desc->type->elements->indexes))
		s->count++;
	return err == -ENOENT || err == -EOPNOTSUPP ? 0 : err;
}

/* Key by key, where the kernel has no batches. out is the last key. */
static int fetch_by_next_key(struct scan *s, const struct map *map, const void *in, void *out,
			     uint32_t room)
{
	const struct elem_map m = map_elem(map);
	const void *key = in;
	int err = 0;

	s->count = 0;
	while (!err && s->count < room) {
		err = s->desc->type->elements->next(&m, key, key_at(s, s->count));
		if (err)
			break;
		memcpy(out, key_at(s, s->count), s->key_size);
		key = out;
		err = take_value(s, map);
	}
	return err;
}

/* Where somebody else knows the keys: all at once, as the only batch. */
struct walk {
	struct scan *s;
	const struct map *map;
};

static int add_walked(void *arg, const void *key)
{
	struct walk *w = arg;
	struct scan *s = w->s;
	int err = 0;

	if (s->count == s->room)
		err = grow_room(s);
	if (err)
		return err;
	memcpy(key_at(s, s->count), key, s->key_size);
	return take_value(s, w->map);
}

static int fetch_by_walk(struct scan *s, const struct map *map)
{
	const struct elem_map m = map_elem(map);
	struct walk w = {s, map};
	int err;

	s->count = 0;
	err = s->desc->type->elements->walk(&m, add_walked, &w);
	return err ? err : -ENOENT;
}

/* One call for one batch, with more room if a bucket is larger than it was. */
static int fetch_batch(struct scan *s, const struct map *map, const void *in, void *out,
		       uint32_t *room)
{
	int err;

	for (;;) {
		s->count = *room;
		err = sys_map_lookup_batch(map->fd, in, out, s->keys, s->values, &s->count,
					   s->desc->elem_flags);
		if (err != -ENOSPC)
			return err;
		if (*room > UINT32_MAX / 2 || make_room(s, *room * 2))
			return -ENOMEM;
		*room *= 2;
	}
}

/* A kernel that cannot do batches says EOPNOTSUPP, one that does not know them
 * EINVAL; only the very first call can tell. */
static int fetch(struct scan *s, const struct map *map, const void *in, void *out, uint32_t *room)
{
	int err;

	if (s->desc->type->elements->walk)
		return fetch_by_walk(s, map);
	if (s->by_next_key)
		return fetch_by_next_key(s, map, in, out, *room);
	err = fetch_batch(s, map, in, out, room);
	for (uint32_t i = 0; s->desc->value->has_owned && i < s->count; i++)
		layout_clear_owned(s->desc->value, value_at(s, i));
	if (in || (err != -EOPNOTSUPP && err != -EINVAL))
		return err;
	s->by_next_key = true;
	return fetch_by_next_key(s, map, in, out, *room);
}

/*
 * Where keys come in an order, drops each that does not come after the last one
 * kept, or after passed (the last of the batch before, or NULL): the kernel
 * starts over when the key that its cursor stands on is removed.
 */
static void drop_passed(struct scan *s, const void *passed)
{
	int (*compare)(const void *, const void *, uint32_t) = s->desc->type->elements->compare;
	uint32_t kept = 0;

	for (uint32_t i = 0; compare && i < s->count; i++) {
		unsigned char *key = key_at(s, i);
		unsigned char *place = key_at(s, kept);

		if (passed && compare(key, passed, s->key_size) <= 0)
			continue;
		memmove(place, key, s->key_size);
		memmove(value_at(s, kept), value_at(s, i), s->value_size);
		passed = place;
		kept++;
	}
	if (compare)
		s->count = kept;
}

/* Reads on from the token in, until something is there that was not passed. */
static int fetch_new(struct scan *s, const struct map *map, const void *in, void *out,
		     uint32_t *room)
{
	const void *passed = in;
	int err;

	for (;;) {
		err = fetch(s, map, in, out, room);
		if (err && err != -ENOENT)
			return err;
		drop_passed(s, passed);
		if (err || s->count || !s->desc->type->elements->compare)
			return err;
		memcpy(s->token, out, s->token_size);
		in = s->token;
	}
}

/* FNV-1a over the keys of the batch at hand. */
static uint64_t digest_of(const struct scan *s)
{
	uint64_t digest = 0xcbf29ce484222325;

	for (size_t i = 0; i < (size_t)s->count * s->key_size; i++)
		digest = (digest ^ s->keys[i]) * 0x100000001b3;
	return digest;
}

/* Does the token lead further than the one before? Keys without an order, where a
 * kernel has no batches, do not tell. */
static bool is_further(const struct scan *s, const void *token, const void *before)
{
	uint32_t a, b;

	if (s->desc->type->elements->compare)
		return s->desc->type->elements->compare(token, before, s->key_size) >= 0;
	memcpy(&a, token, sizeof(a));
	memcpy(&b, before, sizeof(b));
	return !s->by_next_key && a >= b;
}

/*
 * Keeps how a batch was read. One that was read before keeps its end, even if it
 * reaches further now: what follows is then listed again, but nothing is missed.
 * If it ends earlier, what was known of the batches behind it is void.
 */
static int note_step(struct scan *s, uint64_t batch, uint32_t room, const void *token)
{
	size_t at = batch * step_size(s);
	int err;

	if (steps_known(s) > batch && is_further(s, token, step_of(s, batch)->token))
		return 0;
	err = buf_resize(&s->steps, at);
	if (!err)
		err = buf_resize(&s->steps, at + step_size(s));
	if (err)
		return err;
	step_of(s, batch)->room = room;
	step_of(s, batch)->digest = digest_of(s);
	memcpy(step_of(s, batch)->token, token, s->token_size);
	return 0;
}

/* Was the batch at hand read before, and held other keys then? */
static bool has_changed(const struct scan *s, uint64_t batch)
{
	if (steps_known(s) > batch)
		return digest_of(s) != step_of(s, batch)->digest;
	return s->end_known && (s->end_batch != batch || digest_of(s) != s->end_digest);
}

static void note_end(struct scan *s, uint64_t batch)
{
	if (s->end_known)
		return;
	s->end_known = true;
	s->end_batch = batch;
	s->end_digest = digest_of(s);
}

/* Reads a batch to which the token is known. */
static int load_batch(struct scan *s, const struct map *map, uint64_t batch)
{
	uint32_t room = steps_known(s) > batch ? step_of(s, batch)->room : s->room;
	unsigned char *out = calloc(1, s->token_size);
	int err;

	if (!out)
		return -ENOMEM;
	s->loaded = false;
	err = fetch_new(s, map, token_to(s, batch), out, &room);
	s->last = err == -ENOENT;
	if (!err || s->last)
		s->mixed |= has_changed(s, batch);
	if (!err)
		err = note_step(s, batch, room, out);
	else if (s->last)
		note_end(s, batch);
	free(out);
	if (err && !s->last)
		return err;
	s->loaded = true;
	s->fresh = true;
	s->batch = batch;
	return 0;
}

/* Loads a batch, or the last one if there are not that many. */
static int go_to_batch(struct scan *s, const struct map *map, uint64_t batch)
{
	int err = 0;

	if (s->loaded && s->batch == batch)
		return 0;
	while (!err && steps_known(s) < batch) {
		err = load_batch(s, map, steps_known(s));
		if (!err && s->last)
			return 0;
	}
	return err ? err : load_batch(s, map, batch);
}

int scan_at(struct scan *s, const struct map *map, uint64_t *pos, const void **key,
	    const void **value)
{
	for (;;) {
		uint64_t index = index_of(*pos);
		int err = go_to_batch(s, map, batch_of(*pos));

		if (err)
			return err;
		if (s->batch != batch_of(*pos))
			return 0;
		if (s->mixed && s->fresh) {
			*pos = s->batch << INDEX_BITS;
			index = 0;
		}
		s->fresh = false;
		if (index < s->count) {
			*key = key_at(s, (uint32_t)index);
			*value = value_at(s, (uint32_t)index);
			return 1;
		}
		if (s->last)
			return 0;
		*pos = (s->batch + 1) << INDEX_BITS;
	}
}

int scan_is_empty(const struct map *map)
{
	const struct elements *elements = map->desc->type->elements;
	const void *key, *value;
	struct scan *scan;
	uint64_t pos = 0;
	int err;

	if (!elements || elements->unlisted || elements->fixed || !elements->del)
		return 1;
	err = scan_new(map->desc, &scan);
	if (err)
		return err;
	err = scan_at(scan, map, &pos, &key, &value);
	scan_free(scan);
	return err < 0 ? err : !err;
}
