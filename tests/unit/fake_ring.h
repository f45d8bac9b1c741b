/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fake_ring: the pages of ring buffers, and a program that produces records.
 */
#ifndef BPFMAPFS_TESTS_FAKE_RING_H
#define BPFMAPFS_TESTS_FAKE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_ring {
	uint32_t map_id;
	size_t size; /* of the data */
	int memory;  /* a memfd: the consumer's page, the producer's, the data */
	unsigned long *passed, *produced;
	unsigned char *data; /* twice in a row */
};

/* The pages of a ring buffer, which are made when they are first asked for. */
struct fake_ring *fake_ring_of(uint32_t map_id, size_t size);
void fake_ring_reset(void);

/* mmap(2) of them, as the kernel has it; -EINVAL. */
int fake_ring_map(const struct fake_ring *ring, size_t offset, size_t len, bool writable,
		  void **pages);
void fake_ring_unmap(void *pages, size_t len);

/* How many mappings there are that nobody has unmapped. */
unsigned int fake_ring_mappings(void);

/*
 * The producer. A record is reserved with its bytes, and submitted with bits 0, or
 * BPF_RINGBUF_DISCARD_BIT. -EAGAIN: no room.
 */
int fake_ring_reserve(struct fake_ring *ring, const void *bytes, uint32_t len, uint32_t **header);
void fake_ring_submit(uint32_t *header, uint32_t bits);

/* Both, of a record that must have room. */
void fake_ring_output(struct fake_ring *ring, const void *bytes, uint32_t len);

#endif
