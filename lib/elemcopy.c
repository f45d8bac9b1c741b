/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/elemcopy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

typedef int key_order(const void *a, const void *b, uint32_t key_size);

static int compare_bytes(const void *a, const void *b, uint32_t key_size)
{
	return memcmp(a, b, key_size);
}

static int compare_indexes(const void *a, const void *b, uint32_t key_size)
{
	uint32_t one, other;

	(void)key_size;
	memcpy(&one, a, sizeof(one));
	memcpy(&other, b, sizeof(other));
	return one < other ? -1 : one > other;
}

static key_order *order_of(const struct elements *e)
{
	if (e->compare)
		return e->compare;
	return e->indexes ? compare_indexes : compare_bytes;
}

void elemcopy_init(struct elemcopy *c, const struct elements *e, uint32_t key_size,
		   uint32_t value_size)
{
	*c = (struct elemcopy){.key_size = key_size, .value_size = value_size};
	c->compare = order_of(e);
}

void elemcopy_free(struct elemcopy *c)
{
	free(c->rows);
	c->rows = NULL;
	c->count = c->room = 0;
}

static size_t row_size(const struct elemcopy *c)
{
	return (size_t)c->key_size + c->value_size;
}

static unsigned char *row_at(const struct elemcopy *c, size_t i)
{
	return c->rows + i * row_size(c);
}

/* A quarter more: what is too much at the end is given back, and until then counts. */
static size_t next_room(const struct elemcopy *c)
{
	if (c->count < c->room)
		return c->room;
	return c->room < FIRST_ROOM ? FIRST_ROOM : c->room + c->room / 4;
}

size_t elemcopy_bytes(const struct elemcopy *c)
{
	return c->room * row_size(c);
}

size_t elemcopy_bytes_for_more(const struct elemcopy *c)
{
	return next_room(c) * row_size(c);
}

static int set_room(struct elemcopy *c, size_t room)
{
	unsigned char *rows = reallocarray(c->rows, room, row_size(c));

	if (!rows)
		return -ENOMEM;
	c->rows = rows;
	c->room = room;
	return 0;
}

int elemcopy_add(struct elemcopy *c, const void *key, const void *value)
{
	size_t room = next_room(c);
	int err = room > c->room ? set_room(c, room) : 0;

	if (err)
		return err;
	memcpy(row_at(c, c->count), key, c->key_size);
	memcpy(row_at(c, c->count) + c->key_size, value, c->value_size);
	c->count++;
	return 0;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct elemcopy *c = arg;

	return c->compare(a, b, c->key_size);
}

/* Does each row come behind the one before? */
static bool is_settled(const struct elemcopy *c)
{
	for (size_t i = 1; i < c->count; i++)
		if (c->compare(row_at(c, i - 1), row_at(c, i), c->key_size) >= 0)
			return false;
	return true;
}

/* Of rows of one key, which come where the kernel has no batches and starts over, one stays. */
static void drop_doubles(struct elemcopy *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (kept && c->compare(row_at(c, kept - 1), row_at(c, i), c->key_size) == 0)
			continue;
		if (kept != i)
			memcpy(row_at(c, kept), row_at(c, i), row_size(c));
		kept++;
	}
	c->count = kept;
}

void elemcopy_settle(struct elemcopy *c)
{
	if (!is_settled(c)) {
		qsort_r(c->rows, c->count, row_size(c), compare_rows, c);
		drop_doubles(c);
	}
	if (c->count)
		set_room(c, c->count); /* if that fails it stays as large as it is */
	else
		elemcopy_free(c);
}

/* The place of key, or that of the first one behind it. */
static size_t place_of(const struct elemcopy *c, const void *key, bool *found)
{
	size_t low = 0, high = c->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = c->compare(row_at(c, middle), key, c->key_size);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int get(const struct elem_map *m, const void *key, void *value, uint64_t flags)
{
	bool found;
	size_t place = place_of(m->copy, key, &found);

	(void)flags;
	if (!found)
		return -ENOENT;
	memcpy(value, row_at(m->copy, place) + m->copy->key_size, m->copy->value_size);
	return 0;
}

static int next(const struct elem_map *m, const void *key, void *out)
{
	bool found = false;
	size_t place = key ? place_of(m->copy, key, &found) : 0;

	place += found;
	if (place >= m->copy->count)
		return -ENOENT;
	memcpy(out, row_at(m->copy, place), m->copy->key_size);
	return 0;
}

static int put(const struct elem_map *m, const void *key, const void *value, uint64_t flags,
	       struct diag *d)
{
	(void)m, (void)key, (void)value, (void)flags, (void)d;
	return -EPERM;
}

static int del(const struct elem_map *m, const void *key)
{
	(void)m, (void)key;
	return -EPERM;
}

struct elements elemcopy_elements(const struct elements *like)
{
	struct elements copied = *like;

	copied.get = get;
	copied.put = like->put ? put : NULL;
	copied.del = like->del ? del : NULL;
	copied.next = next;
	copied.walk = NULL;
	copied.compare = order_of(like);
	copied.batches = false;
	return copied;
}
