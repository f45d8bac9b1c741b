/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 72 }; /* bytes of an offending text that are kept, around the caret */

static int diag_vset(struct diag *d, int err, const char *fmt, va_list args)
{
	if (d) {
		*d = (struct diag){.err = err};
		vsnprintf(d->why, sizeof(d->why), fmt, args);
	}
	return -err;
}

int diag_set(struct diag *d, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	err = diag_vset(d, err, fmt, args);
	va_end(args);
	return err;
}

int diag_at(struct diag *d, int err, size_t offset, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	err = diag_vset(d, err, fmt, args);
	va_end(args);
	if (d) {
		d->placed = true;
		d->offset = offset;
	}
	return err;
}

void diag_ring_init(struct diag_ring *ring)
{
	memset(ring, 0, sizeof(*ring));
	pthread_mutex_init(&ring->lock, NULL);
}

void diag_ring_free(struct diag_ring *ring)
{
	diag_ring_clear(ring);
	pthread_mutex_destroy(&ring->lock);
}

/*
 * The part of the text that is worth showing: one line, and of a long line
 * what stands around the caret. Moves the caret along with it.
 */
static const char *shown_part(struct refusal *r)
{
	size_t start = 0, end;

	if (!r->text)
		return NULL;
	if (r->diag.placed) {
		if (r->diag.offset > r->text_len)
			r->diag.offset = r->text_len;
		for (size_t i = 0; i < r->diag.offset; i++)
			if (r->text[i] == '\n')
				start = i + 1;
		if (r->diag.offset - start > SHOWN / 2)
			start = r->diag.offset - SHOWN / 2;
		r->diag.offset -= start;
	}
	for (end = start; end < r->text_len && end - start < SHOWN; end++)
		if (r->text[end] == '\n')
			break;
	r->text_len = end - start;
	return r->text + start;
}

/* A copy in one block of memory: the record, then its strings. */
static struct refusal *refusal_copy(const struct refusal *original)
{
	struct refusal r = *original, *copy;
	const char *text = shown_part(&r);
	size_t path_len = r.path ? strlen(r.path) : 0;
	char *strings;

	if (!text)
		r.text_len = 0;
	copy = malloc(sizeof(*copy) + path_len + 1 + r.text_len + 1);
	if (!copy)
		return NULL;
	*copy = r;
	strings = (char *)(copy + 1);
	memcpy(strings, r.path ? r.path : "", path_len + 1);
	copy->path = strings;
	if (text) {
		copy->text = memcpy(strings + path_len + 1, text, r.text_len);
		strings[path_len + 1 + r.text_len] = '\0';
	}
	return copy;
}

void diag_ring_add(struct diag_ring *ring, const struct refusal *r)
{
	struct refusal *copy = refusal_copy(r);

	if (!copy)
		return;
	pthread_mutex_lock(&ring->lock);
	free(ring->slots[ring->next]);
	ring->slots[ring->next] = copy;
	ring->next = (ring->next + 1) % DIAG_RING_SIZE;
	pthread_mutex_unlock(&ring->lock);
}

void diag_ring_clear(struct diag_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	for (int i = 0; i < DIAG_RING_SIZE; i++) {
		free(ring->slots[i]);
		ring->slots[i] = NULL;
	}
	ring->next = 0;
	pthread_mutex_unlock(&ring->lock);
}

void diag_ring_print(struct diag_ring *ring, struct buf *out)
{
	pthread_mutex_lock(&ring->lock);
	for (unsigned int i = 0; i < DIAG_RING_SIZE; i++) {
		const struct refusal *r = ring->slots[(ring->next + i) % DIAG_RING_SIZE];

		if (r)
			diag_print(r, out);
	}
	pthread_mutex_unlock(&ring->lock);
}

static void print_visible(const char *s, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++)
		buf_addc(out, (unsigned char)s[i] < ' ' || s[i] == 0x7f ? '?' : s[i]);
}

static void print_text(const struct refusal *original, struct buf *out)
{
	struct refusal r = *original;
	const char *text = shown_part(&r);

	if (!text)
		return;
	buf_adds(out, "    ");
	print_visible(text, r.text_len, out);
	buf_addc(out, '\n');
	if (r.diag.placed)
		buf_addf(out, "    %*s^\n", (int)r.diag.offset, "");
}

void diag_print(const struct refusal *r, struct buf *out)
{
	const char *path = r->path ? r->path : "";
	const char *name = strerrorname_np(r->diag.err);
	char when[32];
	struct tm tm;

	localtime_r(&r->when.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	buf_addf(out, "%s pid %d: %s ", when, (int)r->pid, r->operation);
	print_visible(path, strlen(path), out);
	buf_addf(out, ": %s: ", name ? name : "error");
	print_visible(r->diag.why, strlen(r->diag.why), out);
	buf_addc(out, '\n');
	print_text(r, out);
}
