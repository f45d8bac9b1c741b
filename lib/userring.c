/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/userring.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lib/sys.h"

/* Processes take turns by it: see userring.h. */
#define TURNS "/run/bpfmapfs.lock"

/* What the kernel takes, whatever the ring's size: two bits of the length say other things. */
#define MOST_BYTES (BPF_RINGBUF_DISCARD_BIT - 1)

/* Data may go on at the beginning of the ring. */
static void copy_in(const struct userring *ring, unsigned long pos, const void *bytes,
		    unsigned long len)
{
	unsigned long at = pos & (ring->size - 1);
	unsigned long first = len < ring->size - at ? len : ring->size - at;

	memcpy(ring->data + at, bytes, first);
	memcpy(ring->data, (const unsigned char *)bytes + first, len - first);
}

int userring_put(const struct userring *ring, const void *record, uint32_t len)
{
	unsigned long consumed = __atomic_load_n(ring->consumed, __ATOMIC_ACQUIRE);
	unsigned long produced = __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE);
	const uint32_t header[2] = {len, 0};
	unsigned long total = (len + sizeof(header) + 7UL) / 8 * 8;

	if (len > MOST_BYTES || total > ring->size)
		return -EFBIG;
	if (produced - consumed > ring->size || produced % 8)
		return -EIO;
	if (total > ring->size - (produced - consumed))
		return -ENOSPC;
	copy_in(ring, produced + sizeof(header), record, len);
	copy_in(ring, produced, header, sizeof(header));
	__atomic_store_n(ring->produced, produced + total, __ATOMIC_RELEASE);
	return 0;
}

static int explain(const struct bpf_map_info *info, int err, struct diag *d)
{
	switch (err) {
	case -EFBIG:
		return diag_set(d, EFBIG,
				"a record of this length never fits: the ring has %u bytes",
				info->max_entries);
	case -ENOSPC:
		return diag_set(d, ENOSPC, "the ring is full: the program has not drained it yet");
	case -EIO:
		return diag_set(d, EIO, "another producer has destroyed the ring's position");
	default:
		return err;
	}
}

static int push_into(int fd, uint32_t ring_size, const void *record, uint32_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct userring ring = {.size = ring_size};
	void *consumer, *producer;
	int err = sys_map_mmap(fd, 0, page, false, &consumer);

	if (err)
		return err;
	err = sys_map_mmap(fd, page, page + ring_size, true, &producer);
	if (!err) {
		ring.consumed = consumer;
		ring.produced = producer;
		ring.data = (unsigned char *)producer + page;
		err = userring_put(&ring, record, len);
		sys_munmap(producer, page + ring_size);
	}
	sys_munmap(consumer, page);
	return err;
}

/* The turn of this process: closing the descriptor ends it. -1: there is no such file. */
static int begin_turn(uint32_t map_id)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = map_id, .l_len = 1};
	int fd = open(TURNS, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	while (fd >= 0 && fcntl(fd, F_OFD_SETLKW, &lock) && errno == EINTR)
		;
	return fd;
}

static void end_turn(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int push(const struct elem_map *m, const void *element, uint32_t size, struct diag *d)
{
	static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
	int err, fd;

	pthread_mutex_lock(&turn);
	fd = begin_turn(m->info->id);
	err = push_into(m->fd, m->info->max_entries, element, size);
	end_turn(fd);
	pthread_mutex_unlock(&turn);
	return explain(m->info, err, d);
}

const struct elem_ends elem_user_ring = {.push = push};
