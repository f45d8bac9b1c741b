/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/sys.h"

struct ring {
	struct ring *next;
	unsigned int users;
	struct map map;        /* its desc is ours */
	pthread_mutex_t lock;  /* for what follows */
	unsigned long *passed; /* the consumer's position */
	const unsigned long *produced;
	const unsigned char *data;
	unsigned long size; /* a power of two */
	struct buf record;
};

/* The rings that are open, by map; ids are the kernel's, the same for all mounts. */
static pthread_mutex_t rings_lock = PTHREAD_MUTEX_INITIALIZER;
static struct ring *rings;

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t produced_size(const struct ring *ring)
{
	return page_size() + 2 * (size_t)ring->size;
}

static int map_pages(struct ring *ring)
{
	void *consumer, *producer;
	int err;

	err = sys_map_mmap(ring->map.fd, 0, page_size(), true, &consumer);
	if (err)
		return err;
	ring->passed = consumer;
	err = sys_map_mmap(ring->map.fd, page_size(), produced_size(ring), false, &producer);
	if (err)
		return err;
	ring->produced = producer;
	ring->data = (const unsigned char *)producer + page_size();
	return 0;
}

static void ring_free(struct ring *ring)
{
	if (ring->passed)
		sys_munmap(ring->passed, page_size());
	if (ring->produced)
		sys_munmap((void *)ring->produced, produced_size(ring));
	map_close(&ring->map);
	map_desc_unref(ring->map.desc);
	buf_free(&ring->record);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

static int ring_new(struct map_desc *desc, struct ring **out, struct diag *d)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int err;

	if (!ring)
		return -ENOMEM;
	pthread_mutex_init(&ring->lock, NULL);
	ring->size = desc->info.max_entries;
	ring->record = BUF_INIT(ring->size);
	err = map_open(&ring->map, desc, 0);
	ring->map.desc = map_desc_ref(desc);
	if (!err)
		err = map_pages(ring);
	if (err) {
		ring_free(ring);
		return err == -EPERM ? diag_set(d, EROFS, "the map is frozen") : err;
	}
	*out = ring;
	return 0;
}

static struct ring *find(uint32_t map_id)
{
	struct ring *ring = rings;

	while (ring && ring->map.desc->info.id != map_id)
		ring = ring->next;
	return ring;
}

int ring_open(struct map_desc *desc, struct ring **out, struct diag *d)
{
	int err = 0;

	pthread_mutex_lock(&rings_lock);
	*out = find(desc->info.id);
	if (!*out) {
		err = ring_new(desc, out, d);
		if (!err) {
			(*out)->next = rings;
			rings = *out;
		}
	}
	if (!err)
		(*out)->users++;
	pthread_mutex_unlock(&rings_lock);
	return err;
}

void ring_close(struct ring *ring)
{
	struct ring **link = &rings;

	if (!ring)
		return;
	pthread_mutex_lock(&rings_lock);
	if (--ring->users == 0) {
		while (*link != ring)
			link = &(*link)->next;
		*link = ring->next;
		ring_free(ring);
	}
	pthread_mutex_unlock(&rings_lock);
}

int ring_fd(const struct ring *ring)
{
	return ring->map.fd;
}

/* A record in the ring. */
struct place {
	unsigned long at, end; /* positions: of its header, behind it */
	uint32_t len;
	bool discarded;
};

static unsigned long load(const unsigned long *position)
{
	return __atomic_load_n(position, __ATOMIC_ACQUIRE);
}

static uint32_t load_header(const struct ring *ring, unsigned long at)
{
	const void *header = ring->data + (at & (ring->size - 1));

	return __atomic_load_n((const uint32_t *)header, __ATOMIC_ACQUIRE);
}

/* Did somebody else consume what was just looked at, or is it nonsense? */
static int doubt(const struct ring *ring, unsigned long at)
{
	return load(ring->passed) == at ? -EIO : 0;
}

/*
 * The record at the consumer's position: 1, or 0 if there is none before position last,
 * or none that its producer has finished. Whoever has the map may write any position,
 * so nothing is believed that would lead out of the data.
 */
static int look(const struct ring *ring, unsigned long last, struct place *place)
{
	unsigned long at = load(ring->passed), ready = last - at;
	uint32_t header;

	if (ready == 0)
		return 0;
	if (ready > ring->size || ready % 8 || at % 8)
		return doubt(ring, at);
	header = load_header(ring, at);
	if (header & BPF_RINGBUF_BUSY_BIT)
		return 0;
	place->at = at;
	place->len = header & ~BPF_RINGBUF_DISCARD_BIT;
	place->discarded = header & BPF_RINGBUF_DISCARD_BIT;
	if (place->len > ready - BPF_RINGBUF_HDR_SZ)
		return doubt(ring, at);
	place->end = at + (place->len + BPF_RINGBUF_HDR_SZ + 7UL) / 8 * 8;
	return 1;
}

static int copy(struct ring *ring, const struct place *place)
{
	buf_clear(&ring->record);
	buf_add(&ring->record, ring->data + (place->at & (ring->size - 1)) + BPF_RINGBUF_HDR_SZ,
		place->len);
	return buf_error(&ring->record);
}

int ring_read(struct ring *ring, int (*take)(void *arg, const void *bytes, uint32_t len), void *arg)
{
	struct place place;
	unsigned long last;
	int err;

	pthread_mutex_lock(&ring->lock);
	last = load(ring->produced); /* later ones wait, so that this ends */
	while ((err = look(ring, last, &place)) == 1) {
		err = place.discarded ? 0 : copy(ring, &place);
		if (!err && !place.discarded)
			err = take(arg, ring->record.data, place.len);
		if (err)
			break;
		__atomic_store_n(ring->passed, place.end, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&ring->lock);
	return err;
}
