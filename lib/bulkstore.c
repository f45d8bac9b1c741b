/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/bulkstore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/handoff.h"
#include "lib/host.h"

enum {
	BATCHES = 3,
	BATCH_MAX = 512,          /* more brings nothing (finding 14), and fewer can overlap */
	BATCH_BYTES = 256 * 1024, /* keys and values of one batch, where that is enough */
};

struct puts {
	unsigned char *keys, *values;
	struct bulkstore_line *lines;
	uint32_t count;
};

struct bulkstore {
	const struct bulk_view *view;
	uint32_t open_flags;
	uint32_t served; /* whom the writer serves, for the thread (host.h) */
	uint32_t room;   /* of each batch */
	struct puts batches[BATCHES];
	unsigned int slot; /* the batch that is being filled */
	struct handoff handoff;
	bool has_thread;
	bool is_refused; /* something was: */
	int err;         /* of the thread, until it has stopped */
	struct diag diag;
};

static size_t entry_size(const struct bulk_view *view)
{
	return (size_t)view->desc->key->size + view->desc->value->size;
}

static uint32_t room_of(const struct bulk_view *view)
{
	size_t room = BATCH_BYTES / entry_size(view);

	return room > BATCH_MAX ? BATCH_MAX : room ? (uint32_t)room : 1;
}

size_t bulkstore_bytes(const struct bulk_view *view)
{
	return BATCHES * room_of(view) * (entry_size(view) + sizeof(struct bulkstore_line));
}

static uint32_t key_size(const struct bulkstore *s)
{
	return s->view->desc->key->size;
}

static uint32_t value_size(const struct bulkstore *s)
{
	return s->view->desc->value->size;
}

static unsigned char *key_at(const struct bulkstore *s, const struct puts *p, uint32_t i)
{
	return p->keys + (size_t)i * key_size(s);
}

static unsigned char *value_at(const struct bulkstore *s, const struct puts *p, uint32_t i)
{
	return p->values + (size_t)i * value_size(s);
}

static int init_puts(const struct bulkstore *s, struct puts *p)
{
	p->keys = calloc(s->room, key_size(s));
	p->values = calloc(s->room, value_size(s));
	p->lines = calloc(s->room, sizeof(*p->lines));
	return p->keys && p->values && p->lines ? 0 : -ENOMEM;
}

int bulkstore_new(const struct bulk_view *view, uint32_t open_flags, struct bulkstore **out)
{
	struct bulkstore *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->view = view;
	s->open_flags = open_flags;
	s->served = host_served();
	s->room = room_of(view);
	handoff_init(&s->handoff, BATCHES);
	for (int i = 0; !err && i < BATCHES; i++)
		err = init_puts(s, &s->batches[i]);
	if (err) {
		bulkstore_free(s);
		return err;
	}
	*out = s;
	return 0;
}

void bulkstore_free(struct bulkstore *s)
{
	if (!s)
		return;
	handoff_finish(&s->handoff);
	for (int i = 0; i < BATCHES; i++) {
		free(s->batches[i].keys);
		free(s->batches[i].values);
		free(s->batches[i].lines);
	}
	free(s);
}

/* Storing: in the thread, or without one. */

static int store_one(struct bulkstore *s, const struct map *map, const struct puts *p, uint32_t i,
		     struct diag *d)
{
	const struct bulk_view *view = s->view;
	const void *key = key_at(s, p, i);
	int err;

	if (!p->lines[i].removes)
		err = map_put(map, key, value_at(s, p, i), BPF_ANY, d);
	else
		err = map_delete(map, key, d);
	if (p->lines[i].removes && err == -ENOENT) {
		d->err = 0;
		return 0; /* that is what was asked for */
	}
	if (!err && !p->lines[i].removes && view->stored)
		view->stored(view->arg, key);
	if (!err && p->lines[i].removes && view->removed)
		return view->removed(view->arg, key);
	return err;
}

/* How many entries from i on are to be stored. */
static uint32_t run_length(const struct puts *p, uint32_t i)
{
	uint32_t end = i;

	while (end < p->count && !p->lines[end].removes)
		end++;
	return end - i;
}

/* As many entries from i on as the kernel takes at once: their number. */
static uint32_t store_run(struct bulkstore *s, const struct map *map, const struct puts *p,
			  uint32_t i)
{
	const struct elements *elements = map->desc->type->elements;
	const struct bulk_view *view = s->view;
	const struct elem_map m = map_elem(map);
	uint32_t count = run_length(p, i);

	if (!elements->put_batch || count < 2)
		return 0;
	count = elements->put_batch(&m, key_at(s, p, i), value_at(s, p, i), count,
				    map->desc->elem_flags);
	for (uint32_t end = i + count; view->stored && i < end; i++)
		view->stored(view->arg, key_at(s, p, i));
	return count;
}

/*
 * What the kernel refuses of a batch is tried alone, which also says why; as does the kernel
 * that has no batches for this type, or no memory for one.
 */
static int store_all(struct bulkstore *s, const struct map *map, const struct puts *p,
		     uint32_t *failed)
{
	struct diag *d = &s->diag;
	uint32_t i = 0;
	int err = 0;

	while (!err && i < p->count) {
		i += store_run(s, map, p, i);
		if (i == p->count)
			break;
		*failed = i;
		err = store_one(s, map, p, i++, d);
	}
	return err;
}

void bulkstore_explain(int err, struct diag *d)
{
	if (!d->err)
		diag_set(d, -err, "%s", err == -ESTALE ? "the map is gone" : strerrordesc_np(-err));
}

static int store(struct bulkstore *s, struct puts *p)
{
	uint32_t failed = 0;
	struct map map;
	int err = map_open_to_write(&map, s->view->desc, s->open_flags, &s->diag);

	if (!err) {
		err = store_all(s, &map, p, &failed);
		map_close(&map);
	}
	if (err) {
		bulkstore_explain(err, &s->diag);
		diag_number(&s->diag, "line", p->lines[failed].number);
		diag_quote(&s->diag, p->lines[failed].text, p->lines[failed].len);
	}
	p->count = 0;
	return err;
}

static void *store_along(void *arg)
{
	struct bulkstore *s = arg;
	int slot;

	host_serve(s->served);
	while (!s->err && (slot = handoff_full_slot(&s->handoff)) >= 0) {
		s->err = store(s, &s->batches[slot]);
		if (!s->err)
			handoff_empty(&s->handoff);
	}
	handoff_stop(&s->handoff);
	return NULL;
}

/* The batch at hand is to be stored. more: another one follows at once. */
static void hand_over(struct bulkstore *s, bool more)
{
	struct puts *p = &s->batches[s->slot];
	int slot;

	if (more && !s->has_thread)
		s->has_thread = handoff_start(&s->handoff, store_along, s) == 0;
	if (!s->has_thread) {
		s->err = store(s, p);
		s->is_refused = s->err != 0;
		return;
	}
	handoff_fill(&s->handoff);
	slot = handoff_free_slot(&s->handoff);
	s->is_refused = slot < 0;
	if (slot >= 0)
		s->slot = (unsigned int)slot;
}

/* After a refusal all begins anew, with nothing to be stored. */
static int take_refusal(struct bulkstore *s, struct diag *d)
{
	int err;

	handoff_finish(&s->handoff);
	handoff_init(&s->handoff, BATCHES);
	err = s->err;
	s->has_thread = s->is_refused = false;
	for (int i = 0; i < BATCHES; i++)
		s->batches[i].count = 0;
	s->slot = 0;
	if (d)
		*d = s->diag;
	s->diag = (struct diag){.err = 0};
	s->err = 0;
	return err;
}

bool bulkstore_flush(struct bulkstore *s)
{
	if (s->batches[s->slot].count && !s->is_refused)
		hand_over(s, false);
	if (s->has_thread && !handoff_wait(&s->handoff))
		s->is_refused = true;
	return !s->is_refused;
}

int bulkstore_settle(struct bulkstore *s, struct diag *d)
{
	return bulkstore_flush(s) ? 0 : take_refusal(s, d);
}

bool bulkstore_add(struct bulkstore *s, const void *key, const void *value,
		   const struct bulkstore_line *line)
{
	struct puts *p = &s->batches[s->slot];

	memcpy(key_at(s, p, p->count), key, key_size(s));
	memcpy(value_at(s, p, p->count), value, value_size(s));
	p->lines[p->count++] = *line;
	if (p->count == s->room)
		hand_over(s, true);
	return !s->is_refused;
}
