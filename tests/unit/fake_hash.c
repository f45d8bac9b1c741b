/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fake_map.h"

#include <errno.h>
#include <string.h>

static uint32_t bucket_of(const struct fake_map *m, const void *key)
{
	const unsigned char *bytes = key;
	uint64_t hash = 0xcbf29ce484222325;

	for (uint32_t i = 0; i < m->info.key_size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return (uint32_t)((hash ^ hash >> 32) % m->buckets);
}

/* The link that points to the element; it points to NULL if there is none. */
static struct fake_elem **find(const struct fake_map *m, const void *key)
{
	struct fake_elem **place = &m->lists[bucket_of(m, key)];

	while (*place && memcmp((*place)->data, key, m->info.key_size) != 0)
		place = &(*place)->next;
	return place;
}

int fake_hash_lookup(struct fake_map *m, const void *key, void *value)
{
	struct fake_elem *e = *find(m, key);

	if (!e)
		return -ENOENT;
	memcpy(value, fake_elem_value(m, e), m->value_size);
	return 0;
}

static void evict_oldest(struct fake_map *m)
{
	struct fake_elem **oldest = NULL;

	for (uint32_t b = 0; b < m->buckets; b++)
		for (struct fake_elem **place = &m->lists[b]; *place; place = &(*place)->next)
			if (!oldest || (*place)->used < (*oldest)->used)
				oldest = place;
	fake_elem_remove(m, oldest);
}

/* Per-CPU values are overwritten in place; others are replaced by a new element at
 * the head of the bucket, behind a next_key cursor (finding 3). */
int fake_hash_update(struct fake_map *m, const void *key, const void *value, uint64_t flags)
{
	struct fake_elem **place = find(m, key);
	int err = fake_check_flags(*place, flags);

	if (err)
		return err;
	if (*place && m->kind->per_cpu) {
		memcpy(fake_elem_value(m, *place), value, m->value_size);
		(*place)->used = ++m->clock;
		return 0;
	}
	if (*place)
		fake_elem_remove(m, place);
	else if (m->count >= m->info.max_entries && !m->kind->lru)
		return -E2BIG;
	else if (m->count >= m->info.max_entries)
		evict_oldest(m);
	return fake_elem_add(m, &m->lists[bucket_of(m, key)], key, value) ? 0 : -ENOMEM;
}

int fake_hash_remove(struct fake_map *m, const void *key)
{
	struct fake_elem **place = find(m, key);

	if (!*place)
		return -ENOENT;
	fake_elem_remove(m, place);
	return 0;
}

int fake_hash_next_key(struct fake_map *m, const void *key, void *next)
{
	struct fake_elem *e = key ? *find(m, key) : NULL;
	uint32_t b = e ? bucket_of(m, key) + 1 : 0;

	e = e ? e->next : NULL;
	while (!e && b < m->buckets)
		e = m->lists[b++];
	if (!e)
		return -ENOENT;
	memcpy(next, e->data, m->info.key_size);
	return 0;
}

static uint32_t bucket_length(const struct fake_map *m, uint32_t b)
{
	uint32_t n = 0;

	for (const struct fake_elem *e = m->lists[b]; e; e = e->next)
		n++;
	return n;
}

static void copy_bucket(struct fake_map *m, uint32_t b, unsigned char *keys, unsigned char *values,
			uint32_t at)
{
	for (struct fake_elem *e = m->lists[b]; e; e = e->next, at++) {
		memcpy(keys + (size_t)at * m->info.key_size, e->data, m->info.key_size);
		memcpy(values + (size_t)at * m->value_size, fake_elem_value(m, e), m->value_size);
	}
}

/* Whole buckets; the token is the number of the next one, 4 bytes whatever the key
 * has (finding 4). */
int fake_hash_batch(struct fake_map *m, const void *in, void *out, void *keys, void *values,
		    uint32_t *count)
{
	uint32_t room = *count, b = 0, n;
	int err = 0;

	*count = 0;
	if (in)
		memcpy(&b, in, sizeof(b));
	if (!room || b >= m->buckets)
		return room ? -ENOENT : 0;
	for (; !err; b++) {
		n = bucket_length(m, b);
		if (n > room - *count) {
			err = *count ? 0 : -ENOSPC;
			break;
		}
		copy_bucket(m, b, keys, values, *count);
		*count += n;
		err = b + 1 < m->buckets ? 0 : -ENOENT;
	}
	memcpy(out, &b, sizeof(b));
	return err;
}
