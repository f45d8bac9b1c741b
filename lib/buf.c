/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 4096 }; /* bytes, which are never given back */

void buf_free(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->error = 0;
	if (b->data)
		b->data[0] = '\0';
}

int buf_error(const struct buf *b)
{
	return b->error;
}

/* Makes room for a content of len bytes and its NUL. */
static int buf_reserve(struct buf *b, size_t len)
{
	size_t cap = b->cap ? b->cap : 64;
	char *data;

	if (len > b->max)
		return -EFBIG;
	if (len < b->cap)
		return 0;
	while (cap <= len)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

/* Printers append small pieces to a buffer that has grown already. */
static bool has_room(const struct buf *b, size_t len)
{
	return !b->error && b->len < b->cap && len < b->cap - b->len && len <= b->max - b->len;
}

void buf_fail(struct buf *b, int err)
{
	if (!b->error)
		b->error = err;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (has_room(b, len) && len) {
		memcpy(b->data + b->len, bytes, len);
		b->len += len;
		b->data[b->len] = '\0';
	} else if (!b->error) {
		b->error = buf_put(b, b->len, bytes, len);
	}
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	if (has_room(b, 1)) {
		b->data[b->len++] = c;
		b->data[b->len] = '\0';
	} else {
		buf_add(b, &c, 1);
	}
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	int len;

	if (b->error)
		return;
	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	b->error = len < 0 ? -EINVAL : buf_reserve(b, b->len + (size_t)len);
	if (b->error)
		return;
	va_start(args, fmt);
	vsnprintf(b->data + b->len, (size_t)len + 1, fmt, args);
	va_end(args);
	b->len += (size_t)len;
}

int buf_resize(struct buf *b, size_t len)
{
	int err = buf_reserve(b, len);

	if (err)
		return err;
	if (len > b->len)
		memset(b->data + b->len, 0, len - b->len);
	b->len = len;
	b->data[len] = '\0';
	return 0;
}

int buf_put(struct buf *b, size_t off, const void *bytes, size_t len)
{
	size_t end;
	int err = 0;

	if (__builtin_add_overflow(off, len, &end))
		return -EFBIG;
	if (end > b->len)
		err = buf_resize(b, end);
	if (!err && len)
		memcpy(b->data + off, bytes, len);
	return err;
}

void buf_trim(struct buf *b)
{
	struct buf shorter = BUF_INIT(b->max);

	if (b->cap <= KEPT || b->len >= b->cap / 4)
		return;
	buf_add(&shorter, b->data ? b->data : "", b->len);
	if (buf_error(&shorter))
		return;
	buf_swap(b, &shorter);
	buf_free(&shorter);
}

void buf_swap(struct buf *a, struct buf *b)
{
	struct buf held = *a;

	*a = *b;
	*b = held;
}

bool buf_is_zero(const void *bytes, size_t len)
{
	const unsigned char *first = bytes;

	return len == 0 || (*first == 0 && memcmp(first, first + 1, len - 1) == 0);
}
