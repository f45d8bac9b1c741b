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

/* What is at the consumer's position. */
enum finding {
	NOTHING, /* or nothing that its producer has finished */
	RECORD,
	NO_RECORD, /* what its producer has discarded */
	NONSENSE,
};

struct place {
	unsigned long at, end; /* positions: of the header, behind the bytes */
	uint32_t len;
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

/*
 * Whoever has the map may write any position, so nothing is believed that would lead out
 * of the data. The producers' position is read last: it is not behind the consumers'.
 */
static enum finding look_at(const struct ring *ring, struct place *place)
{
	unsigned long at = load(ring->passed), ready = load(ring->produced) - at;
	uint32_t header;

	place->at = at;
	if (ready == 0)
		return NOTHING;
	if (ready > ring->size || ready % 8 || at % 8)
		return NONSENSE;
	header = load_header(ring, at);
	if (header & BPF_RINGBUF_BUSY_BIT)
		return NOTHING;
	place->len = header & ~BPF_RINGBUF_DISCARD_BIT;
	if (place->len > ready - BPF_RINGBUF_HDR_SZ)
		return NONSENSE;
	place->end = at + (place->len + BPF_RINGBUF_HDR_SZ + 7UL) / 8 * 8;
	return header & BPF_RINGBUF_DISCARD_BIT ? NO_RECORD : RECORD;
}

/* False if somebody else has moved the position since: what was found there may have
 * been written over meanwhile. */
static bool pass(struct ring *ring, const struct place *place)
{
	unsigned long at = place->at;

	return __atomic_compare_exchange_n(ring->passed, &at, place->end, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static int copy(struct ring *ring, const struct place *place)
{
	buf_clear(&ring->record);
	buf_add(&ring->record, ring->data + (place->at & (ring->size - 1)) + BPF_RINGBUF_HDR_SZ,
		place->len);
	return buf_error(&ring->record);
}

static int offer(struct ring *ring, const struct place *place, const struct ring_taker *taker,
		 void *arg)
{
	int err = copy(ring, place);

	if (!err)
		err = taker->look(arg, ring->record.data, place->len);
	if (!err && pass(ring, place))
		taker->take(arg);
	return err;
}

static bool has_moved(const struct ring *ring, const struct place *place)
{
	return load(ring->passed) != place->at;
}

static int refuse(struct diag *d)
{
	return diag_set(d, EIO,
			"the positions of this ring buffer contradict each other: another process "
			"has written them, and only a new map helps");
}

/* *more: there may be another one. What was found where the position is no longer may
 * be anything. */
static int read_one(struct ring *ring, const struct ring_taker *taker, void *arg, bool *more,
		    struct diag *d)
{
	struct place place;

	switch (look_at(ring, &place)) {
	case RECORD:
		return offer(ring, &place, taker, arg);
	case NO_RECORD:
		pass(ring, &place);
		return 0;
	case NONSENSE:
		return has_moved(ring, &place) ? 0 : refuse(d);
	default:
		*more = has_moved(ring, &place);
		return 0;
	}
}

int ring_read(struct ring *ring, const struct ring_taker *taker, void *arg, struct diag *d)
{
	/* No ring has more records: this ends, whatever others do meanwhile. */
	unsigned long most = ring->size / BPF_RINGBUF_HDR_SZ;
	bool more = true;
	int err = 0;

	pthread_mutex_lock(&ring->lock);
	while (!err && more && most--)
		err = read_one(ring, taker, arg, &more, d);
	pthread_mutex_unlock(&ring->lock);
	return err;
}
