/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
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
	bool last;         /* no batch follows */
	bool by_next_key;  /* this kernel has no batches for the type */
	struct buf tokens; /* token i leads to batch i + 1 */
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

/* Memory for room entries; the content is lost. */
static int make_room(struct scan *s, uint32_t room)
{
	free(s->keys);
	free(s->values);
	s->keys = calloc(room, s->key_size);
	s->values = calloc(room, s->value_size);
	s->room = s->keys && s->values ? room : 0;
	return s->room ? 0 : -ENOMEM;
}

int scan_new(struct map_desc *desc, struct scan **out)
{
	struct scan *s = calloc(1, sizeof(*s));
	uint64_t room;

	if (!s)
		return -ENOMEM;
	s->desc = map_desc_ref(desc);
	s->key_size = desc->info.key_size;
	s->value_size = desc->value->size;
	s->token_size = s->key_size > 4 ? s->key_size : 4;
	s->tokens = BUF_INIT(SIZE_MAX / 2);
	room = BATCH_BYTES / ((uint64_t)s->key_size + s->value_size);
	if (room > BATCH_MAX)
		room = BATCH_MAX;
	if (make_room(s, room ? (uint32_t)room : 1)) {
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
	buf_free(&s->tokens);
	free(s->keys);
	free(s->values);
	free(s);
}

static uint64_t tokens_known(const struct scan *s)
{
	return s->tokens.len / s->token_size;
}

/* The token that leads to a batch; NULL: the start. */
static const void *token_to(const struct scan *s, uint64_t batch)
{
	return batch ? s->tokens.data + (batch - 1) * s->token_size : NULL;
}

/* Key by key, where the kernel has no batches. out is the last key. */
static int fetch_by_next_key(struct scan *s, const struct map *map, const void *in, void *out)
{
	const void *key = in;
	int err = 0;

	s->count = 0;
	while (s->count < s->room) {
		unsigned char *next = s->keys + (size_t)s->count * s->key_size;

		err = sys_map_next_key(map->fd, key, next);
		if (err)
			break;
		memcpy(out, next, s->key_size);
		key = out;
		err = map_get(map, next, s->values + (size_t)s->count * s->value_size);
		if (!err)
			s->count++;
		else if (err != -ENOENT)
			break;
	}
	return err;
}

/* One call for one batch, with more room if a bucket is larger than it was. */
static int fetch_batch(struct scan *s, const struct map *map, const void *in, void *out)
{
	int err = -ENOSPC;

	while (err == -ENOSPC) {
		s->count = s->room;
		err = sys_map_lookup_batch(map->fd, in, out, s->keys, s->values, &s->count);
		if (err == -ENOSPC && s->room > UINT32_MAX / 2)
			return -ENOMEM;
		if (err == -ENOSPC && make_room(s, s->room * 2))
			return -ENOMEM;
	}
	return err;
}

/* A kernel that cannot do batches says EOPNOTSUPP, one that does not know them
 * EINVAL; only the very first call can tell. */
static int fetch_entries(struct scan *s, const struct map *map, const void *in, void *out)
{
	int err;

	if (s->by_next_key)
		return fetch_by_next_key(s, map, in, out);
	err = fetch_batch(s, map, in, out);
	if (in || (err != -EOPNOTSUPP && err != -EINVAL))
		return err;
	s->by_next_key = true;
	return fetch_by_next_key(s, map, in, out);
}

/* Drops what comes at or before the token: the kernel has started over. */
static void drop_passed(struct scan *s, const void *token)
{
	int (*compare)(const void *, const void *, uint32_t) = s->desc->type->compare;
	uint32_t kept = 0;

	if (!compare || !token)
		return;
	for (uint32_t i = 0; i < s->count; i++) {
		if (compare(s->keys + (size_t)i * s->key_size, token, s->key_size) <= 0)
			continue;
		memmove(s->keys + (size_t)kept * s->key_size, s->keys + (size_t)i * s->key_size,
			s->key_size);
		memmove(s->values + (size_t)kept * s->value_size,
			s->values + (size_t)i * s->value_size, s->value_size);
		kept++;
	}
	s->count = kept;
}

/* Reads a batch to which the token is known, and learns the token to the next. */
static int load_batch(struct scan *s, const struct map *map, uint64_t batch)
{
	unsigned char *out = calloc(1, s->token_size);
	int err;

	if (!out)
		return -ENOMEM;
	s->loaded = false;
	err = fetch_entries(s, map, token_to(s, batch), out);
	if (err == -ENOENT || !err) {
		s->last = err == -ENOENT;
		s->loaded = true;
		s->batch = batch;
		drop_passed(s, token_to(s, batch));
		err = 0;
	}
	if (!err && !s->last && tokens_known(s) == batch) {
		buf_add(&s->tokens, out, s->token_size);
		err = buf_error(&s->tokens);
	}
	free(out);
	return err;
}

/* Loads a batch, or the last one if there are not that many. */
static int go_to_batch(struct scan *s, const struct map *map, uint64_t batch)
{
	int err = 0;

	if (s->loaded && s->batch == batch)
		return 0;
	while (!err && tokens_known(s) < batch) {
		err = load_batch(s, map, tokens_known(s));
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
		if (index < s->count) {
			*key = s->keys + index * s->key_size;
			*value = s->values + index * s->value_size;
			return 1;
		}
		if (s->last)
			return 0;
		*pos = (s->batch + 1) << INDEX_BITS;
	}
}
