/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/bulkout.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/batch.h"
#include "lib/handoff.h"
#include "lib/host.h"

enum { BATCHES = 3 };

struct bulkout {
	const struct bulk_view *view;
	uint32_t served; /* whom the reader serves, for the thread (host.h) */
	struct batch_source source;
	struct batch batches[BATCHES];
	int results[BATCHES]; /* of fetching them */
	bool is_begun;        /* the first one was asked for */
	struct handoff handoff;
	bool is_ahead; /* a thread fetches */
	bool is_alone; /* there was none to be had */

	/* What is being printed. */
	unsigned int slot;
	uint32_t at;
	int end; /* why nothing follows: -ENOENT, or what went wrong; 0: something does */
	struct buf scratch;
};

int bulkout_new(const struct bulk_view *view, struct bulkout **out)
{
	struct bulkout *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	b->view = view;
	b->served = host_served();
	b->slot = BATCHES - 1;
	b->scratch = BUF_INIT(SIZE_MAX / 2);
	handoff_init(&b->handoff, BATCHES);
	err = batch_source_init(&b->source, view->desc);
	for (int i = 0; !err && i < BATCHES; i++)
		err = batch_init(&b->batches[i], view->desc);
	if (err) {
		bulkout_free(b);
		return err;
	}
	*out = b;
	return 0;
}

size_t bulkout_bytes(const struct bulk_view *view)
{
	return BATCHES * batch_bytes_at_first(view->desc);
}

void bulkout_free(struct bulkout *b)
{
	if (!b)
		return;
	handoff_finish(&b->handoff);
	for (int i = 0; i < BATCHES; i++)
		batch_free(&b->batches[i]);
	batch_source_free(&b->source);
	buf_free(&b->scratch);
	free(b);
}

/* A map that nobody holds has no entries: the kernel has cleared it, or would. */
static int fetch(struct bulkout *b, unsigned int slot, const void *behind)
{
	struct batch *batch = &b->batches[slot];
	struct map map;
	int err = map_open(&map, b->view->desc, BPF_F_RDONLY);

	batch->count = 0;
	if (err)
		return err == -EOPNOTSUPP ? -ENOENT : err;
	err = batch_fetch(&b->source, &map, behind, 0, batch);
	if (err && err != -ENOENT)
		batch->count = 0;
	map_close(&map);
	return err;
}

static int fetch_behind(struct bulkout *b, unsigned int slot)
{
	return fetch(b, slot, b->batches[(slot + BATCHES - 1) % BATCHES].token);
}

static void *fetch_ahead(void *arg)
{
	struct bulkout *b = arg;
	int slot;

	host_serve(b->served);
	while ((slot = handoff_free_slot(&b->handoff)) >= 0) {
		int err = b->results[slot] = fetch_behind(b, (unsigned int)slot);

		handoff_fill(&b->handoff);
		if (err)
			break;
	}
	handoff_end(&b->handoff);
	return NULL;
}

/* The first batch is fetched here: often it is all. */
static void first_batch(struct bulkout *b)
{
	b->is_begun = true;
	b->results[b->slot] = fetch(b, b->slot, NULL);
}

static void next_batch_here(struct bulkout *b)
{
	b->slot = (b->slot + 1) % BATCHES;
	b->results[b->slot] = fetch_behind(b, b->slot);
}

static void next_batch_from_thread(struct bulkout *b)
{
	int slot = handoff_full_slot(&b->handoff);

	if (slot >= 0)
		b->slot = (unsigned int)slot;
}

static void next_batch(struct bulkout *b)
{
	if (!b->is_begun) {
		first_batch(b);
		return;
	}
	b->end = b->results[b->slot];
	if (b->is_ahead)
		handoff_empty(&b->handoff);
	if (b->end)
		return;
	if (!b->is_ahead && !b->is_alone)
		b->is_ahead = handoff_start(&b->handoff, fetch_ahead, b) == 0;
	b->is_alone = !b->is_ahead;
	if (b->is_ahead)
		next_batch_from_thread(b);
	else
		next_batch_here(b);
	b->at = 0;
}

static int print_next(struct bulkout *b, struct buf *out)
{
	const struct batch *batch = &b->batches[b->slot];
	const struct bulk_view *view = b->view;
	unsigned char *key = batch_key(batch, b->at);
	const void *value = batch_value(batch, b->at);
	size_t start = out->len;
	int err;

	b->at++;
	layout_canonical(view->desc->key, key);
	if (view->is_shown && !view->is_shown(view->arg, key, value))
		return 0;
	err = bulkline_print(view, key, value, &b->scratch, out);
	if (err)
		buf_resize(out, start);
	return err == -ENOENT ? -ESTALE : err; /* it is not the end */
}

int bulkout_read(struct bulkout *b, size_t size, struct buf *out)
{
	size_t start = out->len;
	int err = 0;

	while (!err && !b->end && out->len < size) {
		if (b->is_begun && b->at < b->batches[b->slot].count)
			err = print_next(b, out);
		else
			next_batch(b);
	}
	if (err)
		b->end = err;
	return b->end == -ENOENT || out->len > start ? 0 : b->end;
}
