/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ring: taking records out of a ring buffer.
 *
 * The kernel's ring buffer has many producers and one consumer, whose position is a
 * number in a page that user space writes: what it has passed is gone. So all who read
 * a map here share one struct ring, and each record goes to one of them.
 *
 * In other processes there may be consumers too. A record is copied, and then the
 * position is moved behind it by a compare-and-exchange, which succeeds for one of all
 * who do the same, as every daemon of ours does: so each record goes to one of them, and
 * the position never goes back. A consumer that just stores the position, as libbpf's
 * does, may still move it back, or get what we got: who reads a program's own ring buffer
 * takes records away from that program.
 *
 * What is mapped (kernel: kernel/bpf/ringbuf.c): the consumer's page; behind it, for
 * reading, the page of the producers' position and the data, which are there twice in
 * a row, so that each record is in one piece. A record is a header of 8 bytes, with its
 * length and two bits, and its bytes, rounded up to 8.
 *
 * A struct ring holds a descriptor: the map lives as long as somebody has it open.
 */
#ifndef BPFMAPFS_LIB_RING_H
#define BPFMAPFS_LIB_RING_H

#include <stdint.h>

#include "lib/diag.h"
#include "lib/map.h"

struct ring;

/*
 * The ring of a map, which all who open it share; ring_close() for each of them.
 * -EROFS explained if the map is frozen, -ESTALE if it is gone, -ENOMEM.
 */
int ring_open(struct map_desc *desc, struct ring **out, struct diag *d);
void ring_close(struct ring *ring); /* NULL is fine */

/* A descriptor that becomes readable when there may be a record. Borrowed. */
int ring_fd(const struct ring *ring);

struct ring_taker {
	/* Would it take this record, of which bytes are a copy? 0; at any other result the
	 * record stays and ring_read() ends with it. */
	int (*look)(void *arg, const void *bytes, uint32_t len);

	/* What it looked at last is its own. Not called if somebody else was faster. */
	void (*take)(void *arg);
};

/*
 * Offers each record that is ready now, the oldest first. -EIO explained if what is
 * mapped is no ring buffer's, -ENOMEM.
 */
int ring_read(struct ring *ring, const struct ring_taker *taker, void *arg, struct diag *d);

#endif
