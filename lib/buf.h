/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * buf: bytes that grow, with a hard limit.
 *
 * Invariants: data is NUL-terminated whenever it is not NULL (the NUL is not
 * counted in len), and len never passes max. Errors stick: once an append
 * failed, the later ones do nothing, so that a printer appends freely and its
 * caller asks buf_error() once.
 */
#ifndef BPFMAPFS_LIB_BUF_H
#define BPFMAPFS_LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	int error; /* 0, -ENOMEM or -EFBIG */
};

/* An empty buffer that may grow to max bytes; it owns nothing yet. */
#define BUF_INIT(limit) ((struct buf){.max = (limit)})

/* Frees the bytes; the buffer is then empty, as new, and usable. */
void buf_free(struct buf *b);

/* Forgets content and error, keeps the memory. */
void buf_clear(struct buf *b);

/* 0, or the first error that an append met since buf_clear(). */
int buf_error(const struct buf *b);

/* What was to be appended could not be made: that is the error, if it is the first. */
void buf_fail(struct buf *b, int err);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Makes the length exactly len; bytes that appear are zero. Returns 0, -EFBIG
 * or -ENOMEM; on failure nothing has changed and no error sticks.
 */
int buf_resize(struct buf *b, size_t len);

/*
 * Puts len bytes at offset off, as pwrite(2) does: a gap before off is filled
 * with zero bytes, bytes after off + len stay. Returns and fails as
 * buf_resize().
 */
int buf_put(struct buf *b, size_t off, const void *bytes, size_t len);

/* Gives memory back where much more was used than is now. Without memory for a copy it stays. */
void buf_trim(struct buf *b);

/* What one holds the other holds then. */
void buf_swap(struct buf *a, struct buf *b);

/* Are len bytes zero, all of them? */
bool buf_is_zero(const void *bytes, size_t len);

#endif
