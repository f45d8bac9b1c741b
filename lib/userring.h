/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * userring: putting records into a user ring buffer, which a BPF program drains.
 *
 * It has one producer, user space, whose position is a number in a page that it writes
 * (kernel: kernel/bpf/ringbuf.c, __bpf_user_ringbuf_peek): behind the consumer's page,
 * which can only be read, come the producer's and the data. A record is a header of 8
 * bytes, with its length, and its bytes, rounded up to 8; the program sees it when the
 * position has passed it.
 *
 * There is nothing in a map that processes could wait for each other with: those who push
 * as we do take turns by a lock on a file of the machine's, /run/bpfmapfs.lock, on the
 * byte whose number is the map's id. The kernel ends it with its process, so nothing is
 * ever left to clean up. Where that file cannot be made (by another user than root, in
 * another mount namespace), only the threads of a process take turns.
 *
 * With a program that pushes by itself nothing is agreed: who pushes into a ring that a
 * process already feeds may destroy a record of both.
 */
#ifndef BPFMAPFS_LIB_USERRING_H
#define BPFMAPFS_LIB_USERRING_H

#include "lib/elements.h"

/* It has one end, to push. Records have any size; one that is too long is EFBIG, a ring
 * without room ENOSPC, both explained. */
extern const struct elem_ends elem_user_ring;

/* What is mapped. */
struct userring {
	const unsigned long *consumed;
	unsigned long *produced;
	unsigned char *data;
	unsigned long size; /* of data in bytes, a power of two */
};

/* Puts a record behind the others. -EFBIG if none of its length ever fits, -ENOSPC, -EIO if
 * what is mapped is no ring. */
int userring_put(const struct userring *ring, const void *record, uint32_t len);

#endif
