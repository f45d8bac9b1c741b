/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lib/batch.h"
#include "lib/buf.h"

enum { INDEX_BITS = 24 };

struct scan {
	struct batch_source source;
	struct batch at_hand;
	uint64_t batch; /* number of the batch at hand */
	bool loaded;
	bool fresh; /* it was just read */

	bool mixed; /* a batch held other keys when it was read again, see scan_forget() */

	bool end_known; /* the last batch was read once: */
	uint64_t end_batch;
	uint64_t end_digest;
	bool last;        /* no batch follows */
	struct buf steps; /* of batches that were passed, see struct step */
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
	return s->batch != batch_of(pos) || (!s->last && index_of(pos) >= s->at_hand.count);
}

void scan_forget(struct scan *s)
{
	s->loaded = false;
}

/*
 * What is kept of batch i once batch i + 1 is known: how much was asked
 * for, so that it can be read again alike, what it held, and the token to the
 * next.
 */
struct step {
	uint64_t digest; /* of the keys */
	uint32_t asked;
	unsigned char token[];
};

static size_t step_size(const struct scan *s)
{
	return (sizeof(struct step) + s->at_hand.token_size + 7) & ~(size_t)7;
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

int scan_new(struct map_desc *desc, struct scan **out)
{
	struct scan *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->steps = BUF_INIT(SIZE_MAX / 2);
	err = batch_source_init(&s->source, desc);
	if (!err)
		err = batch_init(&s->at_hand, desc);
	if (err) {
		scan_free(s);
		return err;
	}
	*out = s;
	return 0;
}

void scan_free(struct scan *s)
{
	if (!s)
		return;
	buf_free(&s->steps);
	batch_free(&s->at_hand);
	batch_source_free(&s->source);
	free(s);
}

size_t scan_bytes_at_first(const struct map_desc *desc)
{
	return batch_bytes_at_first(desc);
}

size_t scan_bytes(const struct scan *s)
{
	return batch_bytes(&s->at_hand) + s->steps.cap;
}

/* Of the keys of the batch at hand. */
static uint64_t digest_of(const struct scan *s)
{
	return XXH3_64bits(s->at_hand.keys, (size_t)s->at_hand.count * s->at_hand.key_size);
}

/* Does the token lead further than the one before? Keys without an order, where a
 * kernel has no batches, do not tell. */
static bool is_further(const struct scan *s, const void *token, const void *before)
{
	const struct elements *elements = s->source.desc->type->elements;
	uint32_t a, b;

	if (elements->compare)
		return elements->compare(token, before, s->at_hand.key_size) >= 0;
	memcpy(&a, token, sizeof(a));
	memcpy(&b, before, sizeof(b));
	return !s->source.by_next_key && a >= b;
}

/*
 * Keeps how a batch was read. One that was read before keeps its end, even if it
 * reaches further now: what follows is then listed again, but nothing is missed.
 * If it ends earlier, what was known of the batches behind it is void.
 */
static int note_step(struct scan *s, uint64_t batch)
{
	const void *token = s->at_hand.token;
	size_t at = batch * step_size(s);
	int err;

	if (steps_known(s) > batch && is_further(s, token, step_of(s, batch)->token))
		return 0;
	err = buf_resize(&s->steps, at);
	if (!err)
		err = buf_resize(&s->steps, at + step_size(s));
	if (err)
		return err;
	step_of(s, batch)->asked = s->at_hand.asked;
	step_of(s, batch)->digest = digest_of(s);
	memcpy(step_of(s, batch)->token, token, s->at_hand.token_size);
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
	uint32_t asked = steps_known(s) > batch ? step_of(s, batch)->asked : 0;
	int err;

	s->loaded = false;
	err = batch_fetch(&s->source, map, token_to(s, batch), asked, &s->at_hand);
	s->last = err == -ENOENT;
	if (!err || s->last)
		s->mixed |= has_changed(s, batch);
	if (!err)
		err = note_step(s, batch);
	else if (s->last)
		note_end(s, batch);
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
		if (index < s->at_hand.count) {
			*key = batch_key(&s->at_hand, (uint32_t)index);
			*value = batch_value(&s->at_hand, (uint32_t)index);
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
