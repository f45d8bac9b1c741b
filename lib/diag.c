/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/diag.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static int diag_vset(struct diag *d, int err, const char *fmt,
							   va_list args)
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

void diag_place(struct diag *d, size_t offset)
{
	if (!d || !d->err || d->placed)
		return;
	d->placed = true;
	d->offset = offset;
}

void diag_number(struct diag *d, const char *what, uint64_t number)
{
	char why[sizeof(d->why)];

	if (!d || !d->err)
		return;
	memcpy(why, d->why, sizeof(why));
	snprintf(d->why, sizeof(d->why), "%.16s %" PRIu64 ": %.*s", what, number,
		 (int)sizeof(why) - 40, why);
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

/* Where the quote begins: at the line that the place is in, or near the place. */
static size_t quote_start(const struct diag *d, const char *text, size_t len)
{
	size_t start = 0;

	for (size_t i = 0; d->placed && i < d->offset; i++)
		if (text[i] == '\n' && d->offset < len)
			start = i + 1;
	if (d->placed && d->offset - start > DIAG_QUOTE / 2)
		start = d->offset - DIAG_QUOTE / 2;
	return start;
}

void diag_quote(struct diag *d, const char *text, size_t len)
{
	size_t start;

	if (!d || !d->err || d->quote_len)
		return;
	if (d->offset > len)
		d->offset = len;
	start = quote_start(d, text, len);
	while (d->quote_len < DIAG_QUOTE && start + d->quote_len < len &&
	       text[start + d->quote_len] != '\n')
		d->quote_len++;
	if (d->quote_len)
		memcpy(d->quote, text + start, d->quote_len);
	d->offset -= d->placed ? start : 0;
}

/* A copy in one block of memory: the record, then its path. */
static struct refusal *refusal_copy(const struct refusal *r)
{
	size_t path_len = r->path ? strlen(r->path) : 0;
	struct refusal *copy = malloc(sizeof(*copy) + path_len + 1);

	if (!copy)
		return NULL;
	*copy = *r;
	copy->path = memcpy(copy + 1, r->path ? r->path : "", path_len + 1);
	return copy;
}

static void forget(struct diag_ring *ring, unsigned int slot)
{
	free(ring->slots[slot]);
	ring->count--;
	memmove(&ring->slots[slot], &ring->slots[slot + 1],
		(ring->count - slot) * sizeof(ring->slots[0]));
}

static unsigned int count_of(const struct diag_ring *ring, uid_t uid)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < ring->count; i++)
		count += ring->slots[i]->uid == uid;
	return count;
}

/* The slot that one more refusal of a user takes from a full ring: the oldest of whoever then has
 * the most. */
static unsigned int slot_to_take(const struct diag_ring *ring, uid_t uid)
{
	unsigned int most = 0, slot = 0;

	for (unsigned int i = 0; i < ring->count; i++) {
		uid_t other = ring->slots[i]->uid;
		unsigned int count = count_of(ring, other) + (other == uid);

		if (count > most) {
			most = count;
			slot = i;
		}
	}
	return slot;
}

void diag_ring_add(struct diag_ring *ring, const struct refusal *r)
{
	struct refusal *copy = refusal_copy(r);

	if (!copy)
		return;
	pthread_mutex_lock(&ring->lock);
	if (ring->count == DIAG_RING_SIZE)
		forget(ring, slot_to_take(ring, r->uid));
	ring->slots[ring->count++] = copy;
	pthread_mutex_unlock(&ring->lock);
}

/* uid NULL: of all users. */
static bool is_of(const struct refusal *r, const uid_t *uid)
{
	return !uid || r->uid == *uid;
}

static void clear(struct diag_ring *ring, const uid_t *uid)
{
	pthread_mutex_lock(&ring->lock);
	for (unsigned int i = ring->count; i--;)
		if (is_of(ring->slots[i], uid))
			forget(ring, i);
	pthread_mutex_unlock(&ring->lock);
}

void diag_ring_clear(struct diag_ring *ring)
{
	clear(ring, NULL);
}

void diag_ring_clear_of(struct diag_ring *ring, uid_t uid)
{
	clear(ring, &uid);
}

static void print(struct diag_ring *ring, const uid_t *uid, struct buf *out)
{
	pthread_mutex_lock(&ring->lock);
	for (unsigned int i = 0; i < ring->count; i++)
		if (is_of(ring->slots[i], uid))
			diag_print(ring->slots[i], out);
	pthread_mutex_unlock(&ring->lock);
}

void diag_ring_print(struct diag_ring *ring, struct buf *out)
{
	print(ring, NULL, out);
}

void diag_ring_print_of(struct diag_ring *ring, uid_t uid, struct buf *out)
{
	print(ring, &uid, out);
}

/* Terminals obey U+0080 to U+009F, too. */
static bool is_control(unsigned char byte, unsigned char before)
{
	return byte < ' ' || byte == 0x7f || (before == 0xc2 && byte >= 0x80 && byte < 0xa0);
}

void diag_print_visible(const char *s, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++)
		buf_addc(out, is_control((unsigned char)s[i], i ? (unsigned char)s[i - 1] : 0)
				      ? '?'
				      : s[i]);
}

static void print_quote(const struct diag *d, struct buf *out)
{
	if (!d->quote_len)
		return;
	buf_adds(out, "    ");
	diag_print_visible(d->quote, d->quote_len, out);
	buf_addc(out, '\n');
	if (d->placed)
		buf_addf(out, "    %*s^\n", (int)d->offset, "");
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
	diag_print_visible(path, strlen(path), out);
	buf_addf(out, ": %s: ", name ? name : "error");
	diag_print_visible(r->diag.why, strlen(r->diag.why), out);
	buf_addc(out, '\n');
	print_quote(&r->diag, out);
}
