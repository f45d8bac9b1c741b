/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fake_ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { RINGS = 32 };

static struct fake_ring rings[RINGS];
static unsigned int rings_count, mappings;

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* The producer's page and the data, twice. */
static int map_behind(const struct fake_ring *ring, size_t len, int prot, void **pages)
{
	size_t once = page_size() + ring->size;
	unsigned char *p;

	if (len > once + ring->size)
		return -EINVAL;
	p = mmap(NULL, once + ring->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_ptr_equal(
		mmap(p, once, prot, MAP_SHARED | MAP_FIXED, ring->memory, (off_t)page_size()), p);
	assert_ptr_equal(mmap(p + once, ring->size, prot, MAP_SHARED | MAP_FIXED, ring->memory,
			      (off_t)page_size() * 2),
			 p + once);
	*pages = p;
	return 0;
}

static int map_consumer(const struct fake_ring *ring, size_t len, int prot, void **pages)
{
	if (len != page_size())
		return -EINVAL;
	*pages = mmap(NULL, len, prot, MAP_SHARED, ring->memory, 0);
	assert_ptr_not_equal(*pages, MAP_FAILED);
	return 0;
}

int fake_ring_map(const struct fake_ring *ring, size_t offset, size_t len, bool writable,
		  void **pages)
{
	int err = -EINVAL;

	if (offset == 0)
		err = map_consumer(ring, len, writable ? PROT_READ | PROT_WRITE : PROT_READ, pages);
	else if (offset == page_size() && !writable)
		err = map_behind(ring, len, PROT_READ, pages);
	mappings += !err;
	return err;
}

void fake_ring_unmap(void *pages, size_t len)
{
	assert_int_equal(munmap(pages, len), 0);
	mappings--;
}

unsigned int fake_ring_mappings(void)
{
	return mappings;
}

static void make(struct fake_ring *ring)
{
	void *consumer = NULL, *behind = NULL;

	ring->memory = memfd_create("ring", MFD_CLOEXEC);
	assert_true(ring->memory >= 0);
	assert_int_equal(ftruncate(ring->memory, (off_t)(2 * page_size() + ring->size)), 0);
	assert_int_equal(map_consumer(ring, page_size(), PROT_READ | PROT_WRITE, &consumer), 0);
	assert_int_equal(
		map_behind(ring, page_size() + 2 * ring->size, PROT_READ | PROT_WRITE, &behind), 0);
	ring->passed = consumer;
	ring->produced = behind;
	ring->data = (unsigned char *)behind + page_size();
}

struct fake_ring *fake_ring_of(uint32_t map_id, size_t size)
{
	for (unsigned int i = 0; i < rings_count; i++)
		if (rings[i].map_id == map_id)
			return &rings[i];
	assert_true(rings_count < RINGS);
	rings[rings_count] = (struct fake_ring){.map_id = map_id, .size = size};
	make(&rings[rings_count]);
	return &rings[rings_count++];
}

void fake_ring_reset(void)
{
	for (unsigned int i = 0; i < rings_count; i++) {
		munmap(rings[i].passed, page_size());
		munmap(rings[i].produced, page_size() + 2 * rings[i].size);
		close(rings[i].memory);
	}
	rings_count = 0;
}

int fake_ring_reserve(struct fake_ring *ring, const void *bytes, uint32_t len, uint32_t **header)
{
	unsigned long at = *ring->produced, end = at + (len + BPF_RINGBUF_HDR_SZ + 7UL) / 8 * 8;

	if (end - __atomic_load_n(ring->passed, __ATOMIC_ACQUIRE) > ring->size - 1)
		return -EAGAIN;
	*header = (void *)(ring->data + at % ring->size);
	**header = len | BPF_RINGBUF_BUSY_BIT;
	memcpy((unsigned char *)*header + BPF_RINGBUF_HDR_SZ, bytes, len);
	__atomic_store_n(ring->produced, end, __ATOMIC_RELEASE);
	return 0;
}

void fake_ring_submit(uint32_t *header, uint32_t bits)
{
	__atomic_store_n(header, (*header & ~BPF_RINGBUF_BUSY_BIT) | bits, __ATOMIC_RELEASE);
}

void fake_ring_output(struct fake_ring *ring, const void *bytes, uint32_t len)
{
	uint32_t *header;

	assert_int_equal(fake_ring_reserve(ring, bytes, len, &header), 0);
	fake_ring_submit(header, 0);
}
