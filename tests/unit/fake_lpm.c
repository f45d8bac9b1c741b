/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One list in post-order: what a prefix covers stands before it, lower
 * addresses before higher ones (finding 6).
 */
#include "tests/unit/fake_map.h"

#include <errno.h>
#include <string.h>

static uint32_t length(const void *key)
{
	uint32_t len;

	memcpy(&len, key, sizeof(len));
	return len;
}

static uint32_t length_max(const struct fake_map *m)
{
	return (m->info.key_size - 4) * 8;
}

static int bit(const unsigned char *key, uint32_t i)
{
	return key[4 + i / 8] >> (7 - i % 8) & 1;
}

/* Is every address of b one of a? */
static bool covers(const void *a, const void *b)
{
	if (length(a) > length(b))
		return false;
	for (uint32_t i = 0; i < length(a); i++)
		if (bit(a, i) != bit(b, i))
			return false;
	return true;
}

static bool equal(const void *a, const void *b)
{
	return length(a) == length(b) && covers(a, b);
}

/* Does the walk meet a before b? They are not equal. */
static bool before(const void *a, const void *b)
{
	uint32_t i = 0;

	if (covers(a, b) || covers(b, a))
		return covers(b, a);
	while (bit(a, i) == bit(b, i))
		i++;
	return bit(a, i) < bit(b, i);
}

static struct fake_elem **find(const struct fake_map *m, const void *key)
{
	struct fake_elem **place = &m->lists[0];

	while (*place && !equal((*place)->data, key))
		place = &(*place)->next;
	return place;
}

int fake_lpm_lookup(struct fake_map *m, const void *key, void *value)
{
	struct fake_elem *best = NULL;

	if (length(key) > length_max(m))
		return -ENOENT;
	for (struct fake_elem *e = m->lists[0]; e; e = e->next)
		if (covers(e->data, key) && (!best || length(e->data) > length(best->data)))
			best = e;
	if (!best)
		return -ENOENT;
	memcpy(value, fake_elem_value(m, best), m->value_size);
	return 0;
}

int fake_lpm_update(struct fake_map *m, const void *key, const void *value, uint64_t flags)
{
	struct fake_elem **place;
	int err;

	if (length(key) > length_max(m))
		return -EINVAL;
	place = find(m, key);
	err = fake_check_flags(*place, flags);
	if (err)
		return err;
	if (*place)
		fake_elem_remove(m, place);
	else if (m->count >= m->info.max_entries)
		return -ENOSPC;
	for (place = &m->lists[0]; *place && before((*place)->data, key);)
		place = &(*place)->next;
	return fake_elem_add(m, place, key, value) ? 0 : -ENOMEM;
}

int fake_lpm_remove(struct fake_map *m, const void *key)
{
	struct fake_elem **place;

	if (length(key) > length_max(m))
		return -EINVAL;
	place = find(m, key);
	if (!*place)
		return -ENOENT;
	fake_elem_remove(m, place);
	return 0;
}

int fake_lpm_next_key(struct fake_map *m, const void *key, void *next)
{
	bool present = key && length(key) <= length_max(m) && *find(m, key);
	const struct fake_elem *e = present ? (*find(m, key))->next : m->lists[0];

	if (!e)
		return -ENOENT;
	memcpy(next, e->data, m->info.key_size);
	return 0;
}
