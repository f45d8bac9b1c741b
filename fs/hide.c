/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/hide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct hidden {
	uint32_t map_id;
	uint32_t count;       /* slots that are hidden */
	uint8_t *bits;        /* one per slot, up to the highest that was hidden */
	size_t bytes;         /* of bits */
	int64_t map_file_end; /* .map is hidden until then, CLOCK_MONOTONIC in ms */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void hide_init(struct hide *h)
{
	memset(h, 0, sizeof(*h));
	pthread_mutex_init(&h->lock, NULL);
}

void hide_free(struct hide *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->maps[i].bits);
	free(h->maps);
	pthread_mutex_destroy(&h->lock);
}

static struct hidden *find(struct hide *h, uint32_t map_id)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->maps[i].map_id == map_id)
			return &h->maps[i];
	return NULL;
}

static struct hidden *find_or_add(struct hide *h, uint32_t map_id)
{
	struct hidden *m = find(h, map_id), *maps;
	size_t count;

	if (m)
		return m;
	maps = realloc(h->maps, (h->count + 1) * sizeof(*maps));
	if (!maps)
		return NULL;
	h->maps = maps;
	count = h->count++;
	maps[count] = (struct hidden){.map_id = map_id};
	return &maps[count];
}

static int make_bits(struct hidden *m, uint32_t index)
{
	size_t bytes = index / 8 + 1;
	uint8_t *bits;

	if (bytes <= m->bytes)
		return 0;
	if (bytes < m->bytes * 2)
		bytes = m->bytes * 2;
	bits = realloc(m->bits, bytes);
	if (!bits)
		return -ENOMEM;
	memset(bits + m->bytes, 0, bytes - m->bytes);
	m->bits = bits;
	m->bytes = bytes;
	return 0;
}

static bool has_bit(const struct hidden *m, uint32_t index)
{
	return m && index / 8 < m->bytes && (m->bits[index / 8] & 1U << index % 8);
}

int hide_slot(struct hide *h, uint32_t map_id, uint32_t index)
{
	struct hidden *m;
	int err = -ENOMEM;

	pthread_mutex_lock(&h->lock);
	m = find_or_add(h, map_id);
	if (m)
		err = make_bits(m, index);
	if (!err && !has_bit(m, index)) {
		m->bits[index / 8] |= (uint8_t)(1U << index % 8);
		m->count++;
	}
	pthread_mutex_unlock(&h->lock);
	return err;
}

int hide_all_slots(struct hide *h, uint32_t map_id, uint32_t count)
{
	struct hidden *m;
	int err = -ENOMEM;

	pthread_mutex_lock(&h->lock);
	m = find_or_add(h, map_id);
	if (m && count)
		err = make_bits(m, count - 1);
	if (!err) {
		memset(m->bits, 0xff, count / 8);
		if (count % 8)
			m->bits[count / 8] |= (uint8_t)((1U << count % 8) - 1);
		m->count = count;
	}
	pthread_mutex_unlock(&h->lock);
	return err;
}

void hide_show_slot(struct hide *h, uint32_t map_id, uint32_t index)
{
	struct hidden *m;

	pthread_mutex_lock(&h->lock);
	m = find(h, map_id);
	if (has_bit(m, index)) {
		m->bits[index / 8] &= (uint8_t) ~(1U << index % 8);
		m->count--;
	}
	pthread_mutex_unlock(&h->lock);
}

bool hide_has_slot(struct hide *h, uint32_t map_id, uint32_t index)
{
	bool has;

	pthread_mutex_lock(&h->lock);
	has = has_bit(find(h, map_id), index);
	pthread_mutex_unlock(&h->lock);
	return has;
}

uint32_t hide_count(struct hide *h, uint32_t map_id)
{
	struct hidden *m;
	uint32_t count;

	pthread_mutex_lock(&h->lock);
	m = find(h, map_id);
	count = m ? m->count : 0;
	pthread_mutex_unlock(&h->lock);
	return count;
}

int hide_map_file(struct hide *h, uint32_t map_id)
{
	struct hidden *m;

	pthread_mutex_lock(&h->lock);
	m = find_or_add(h, map_id);
	if (m)
		m->map_file_end = now_ms() + 1000;
	pthread_mutex_unlock(&h->lock);
	return m ? 0 : -ENOMEM;
}

void hide_show_map_file(struct hide *h, uint32_t map_id)
{
	struct hidden *m;

	pthread_mutex_lock(&h->lock);
	m = find(h, map_id);
	if (m)
		m->map_file_end = 0;
	pthread_mutex_unlock(&h->lock);
}

bool hide_has_map_file(struct hide *h, uint32_t map_id)
{
	struct hidden *m;
	bool has;

	pthread_mutex_lock(&h->lock);
	m = find(h, map_id);
	has = m && m->map_file_end > now_ms();
	pthread_mutex_unlock(&h->lock);
	return has;
}

void hide_prune(struct hide *h, bool (*gone)(void *arg, uint32_t map_id), void *arg)
{
	size_t kept = 0;

	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->count; i++) {
		if (gone(arg, h->maps[i].map_id))
			free(h->maps[i].bits);
		else
			h->maps[kept++] = h->maps[i];
	}
	h->count = kept;
	pthread_mutex_unlock(&h->lock);
}
