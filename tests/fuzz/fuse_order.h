/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuse_order: an input is two bytes for the world and then orders: a request of the kernel each,
 * or a deed of somebody else. An order is this struct as it is in memory, and len bytes
 * behind it: names, a text, whatever the request takes. A name that is one byte from 1 to 8
 * stands for one of those that were listed last.
 */
#ifndef BPFMAPFS_TESTS_FUSE_ORDER_H
#define BPFMAPFS_TESTS_FUSE_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct order {
	uint8_t op;
	uint8_t node;  /* below 128 the n-th that is known, else the n-th from the last, 255 */
	uint8_t other; /* the same of what is open, or of a second node */
	uint8_t who;
	uint32_t flags;
	uint16_t mode;
	uint16_t size;
	uint16_t off; /* the upper ones stand for large ones */
	uint16_t len;
};

enum order_op {
	ORDER_LOOKUP,
	ORDER_GETATTR,
	ORDER_SETATTR,
	ORDER_READLINK,
	ORDER_SYMLINK,
	ORDER_MKNOD,
	ORDER_MKDIR,
	ORDER_UNLINK,
	ORDER_RMDIR,
	ORDER_RENAME,
	ORDER_LINK,
	ORDER_OPEN,
	ORDER_READ,
	ORDER_WRITE,
	ORDER_FLUSH,
	ORDER_RELEASE,
	ORDER_FSYNC,
	ORDER_FALLOCATE,
	ORDER_LIST,
	ORDER_CREATE,
	ORDER_FORGET,
	ORDER_BATCH_FORGET,
	ORDER_STORE, /* fuse_check.h */
	ORDER_DEED,  /* of another process */
	ORDER_PASS,  /* of time */
	ORDER_FAULT, /* a call of the kernel will fail */
	ORDER_WALK,
	ORDER_OPS,
};

enum { WORLD_BYTES = 2, ORDERS_MAX = 96 };

/* The order at data, whose bytes follow in *bytes; 0 if there is none, else how long it is. */
size_t order_read(const uint8_t *data, size_t size, struct order *o, const uint8_t **bytes);

#endif
