/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/bulkin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bulkstore.h"

enum { LONG_TAIL = 64 * 1024 }; /* a line without its end is not judged again and again */

struct bulkin {
	const struct bulk_view *view;
	uint32_t open_flags;
	size_t longest; /* line */
	struct bulkstore *store;

	struct buf tail;     /* a line that lacks its end */
	struct buf joined;   /* the same with it */
	uint64_t lines;      /* before that */
	bool tail_is_stored; /* it says all that a line says */
	bool is_refused;     /* what came last was: who wrote it has been told */
	bool lacks_newline;  /* what came last was the end of a line, but for that */

	unsigned char *key, *value; /* of the line that is being read */
};

int bulkin_new(const struct bulk_view *view, uint32_t open_flags, struct bulkin **out)
{
	struct bulkin *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	b->view = view;
	b->open_flags = open_flags;
	b->longest = bulkline_max(view);
	b->tail = b->joined = BUF_INIT(SIZE_MAX / 2);
	b->key = calloc(1, view->desc->key->size + 1U);
	b->value = calloc(1, view->desc->value->size + 1U);
	err = b->key && b->value ? bulkstore_new(view, open_flags, &b->store) : -ENOMEM;
	if (err) {
		bulkin_free(b);
		return err;
	}
	*out = b;
	return 0;
}

void bulkin_free(struct bulkin *b)
{
	if (!b)
		return;
	bulkstore_free(b->store);
	buf_free(&b->tail);
	buf_free(&b->joined);
	free(b->key);
	free(b->value);
	free(b);
}

static int parse(struct bulkin *b, struct bulkstore_line *line, enum bulkline_says *says,
		 struct diag *d)
{
	int err = bulkline_parse(b->view, line->text, line->len, b->key, b->value, says, d);

	line->removes = *says == BULKLINE_REMOVE;
	return err;
}

/* The value that the entry has now; the lines before may have stored it. */
static int take_present(struct bulkin *b, struct diag *d)
{
	struct map map;
	int err;

	if (!bulkstore_flush(b->store))
		return -ECANCELED;
	err = map_open_to_write(&map, b->view->desc, b->open_flags, d);
	if (err)
		return err;
	err = map_get(&map, b->key, b->value);
	map_close(&map);
	if (err != -ENOENT && err != -EPERM)
		return err;
	memset(b->value, 0, b->view->desc->value->size);
	return 0;
}

static int parse_anew(struct bulkin *b, struct bulkstore_line *line, enum bulkline_says *says,
		      struct diag *d)
{
	memset(b->key, 0, b->view->desc->key->size);
	memset(b->value, 0, b->view->desc->value->size);
	return parse(b, line, says, d);
}

/* Judges a line, and adds its entry, unless is_stored says that it was. -EAGAIN: it is a prefix;
 * -ECANCELED: what was added before was refused. */
static int take_line(struct bulkin *b, struct bulkstore_line *line, bool is_stored,
		     enum bulkline_says *says, struct diag *d)
{
	int err = parse_anew(b, line, says, d);

	if (err || *says == BULKLINE_NOTHING || is_stored)
		return err;
	if (*says == BULKLINE_COMPLETE) {
		err = take_present(b, d);
		if (!err)
			err = parse(b, line, says, d);
	}
	if (!err && !bulkstore_add(b->store, b->key, b->value, line))
		return -ECANCELED;
	return err;
}

/* The same of a line that has its end. */
static int take_whole_line(struct bulkin *b, struct bulkstore_line *line, bool is_stored,
			   struct diag *d)
{
	enum bulkline_says says;
	int err = take_line(b, line, is_stored, &says, d);

	if (err != -EAGAIN)
		return err;
	if (d)
		d->err = EINVAL;
	return -EINVAL;
}

static int check_length(const struct bulkin *b, const struct bulkstore_line *line, struct diag *d)
{
	if (line->len <= b->longest)
		return 0;
	return diag_set(d, EINVAL, "no line of this map has more than %zu bytes", b->longest);
}

/* What is left behind the last newline. *is_stored: its entry is. */
static int take_tail(struct bulkin *b, struct bulkstore_line *line, bool *is_stored, struct diag *d)
{
	enum bulkline_says says;
	int err;

	if (*is_stored || line->len > LONG_TAIL)
		return 0;
	err = take_line(b, line, false, &says, d);
	*is_stored = !err && says != BULKLINE_NOTHING;
	if (err != -EAGAIN)
		return err;
	if (d)
		d->err = 0;
	return 0;
}

static int join_tail(struct bulkin *b, struct bulkstore_line *line)
{
	if (!b->tail.len)
		return 0;
	buf_clear(&b->joined);
	buf_add(&b->joined, b->tail.data, b->tail.len);
	buf_add(&b->joined, line->text, line->len);
	line->text = b->joined.data;
	line->len = b->joined.len;
	return buf_error(&b->joined);
}

/* One call's lines: to their end, or to the one that was refused. */
struct progress {
	const char *bytes, *end;    /* not read yet */
	struct bulkstore_line line; /* the one at hand; at the end what is left */
	bool is_stored;             /* its entry is */
	bool at_end;
};

static int next_line(struct bulkin *b, struct progress *p, struct diag *d)
{
	const char *newline = memchr(p->bytes, '\n', (size_t)(p->end - p->bytes));
	int err;

	p->line.text = p->bytes;
	p->bytes = newline ? newline + 1 : p->end;
	p->line.len = (size_t)(p->bytes - p->line.text);
	p->at_end = !newline;
	err = p->line.number == b->lines + 1 ? join_tail(b, &p->line) : 0;
	return err ? err : check_length(b, &p->line, d);
}

static int take_lines(struct bulkin *b, struct progress *p, struct diag *d)
{
	int err = next_line(b, p, d);

	while (!err && !p->at_end) {
		err = take_whole_line(b, &p->line, p->is_stored, d);
		if (err)
			break;
		p->is_stored = false;
		p->line.number++;
		err = next_line(b, p, d);
	}
	if (!err)
		err = take_tail(b, &p->line, &p->is_stored, d);
	return err;
}

/* Of a refusal to store and one to read, that to store is of an earlier line. */
static int settle_behind(struct bulkin *b, int err, const struct bulkstore_line *line,
			 struct diag *d)
{
	struct diag stored = {.err = 0};
	int store_err;

	if (err && d) {
		bulkstore_explain(err, d);
		diag_number(d, "line", line->number);
		diag_quote(d, line->text, line->len);
	}
	store_err = bulkstore_settle(b->store, &stored);
	if (store_err && d)
		*d = stored;
	return store_err ? store_err : err;
}

static int keep_tail(struct bulkin *b, const struct progress *p)
{
	if (p->line.text != b->joined.data) {
		buf_clear(&b->joined);
		buf_add(&b->joined, p->line.text, p->line.len);
	}
	if (buf_error(&b->joined))
		return buf_error(&b->joined);
	buf_swap(&b->joined, &b->tail);
	b->lines = p->line.number - 1;
	b->tail_is_stored = p->is_stored;
	return 0;
}

/* Behind bulkin_pause() the newline may come that the last line had not. */
static bool takes_newline(struct bulkin *b, const char *bytes, size_t size)
{
	bool takes = b->lacks_newline && size && *bytes == '\n';

	if (size)
		b->lacks_newline = false;
	return takes;
}

int bulkin_write(struct bulkin *b, const char *bytes, size_t size, struct diag *d)
{
	bool skips = takes_newline(b, bytes, size);
	struct progress p = {.bytes = bytes + skips,
			     .end = bytes + size,
			     .line = {.number = b->lines + 1},
			     .is_stored = b->tail_is_stored};
	int err = take_lines(b, &p, d);

	err = settle_behind(b, err, &p.line, d);
	if (!err)
		err = keep_tail(b, &p);
	b->is_refused = err != 0;
	return err;
}

static int take_last_line(struct bulkin *b, struct diag *d)
{
	struct bulkstore_line line = {
		.text = b->tail.data, .len = b->tail.len, .number = b->lines + 1};
	int err = 0;

	if (line.len)
		err = take_whole_line(b, &line, b->tail_is_stored, d);
	return settle_behind(b, err, &line, d);
}

static void forget_tail(struct bulkin *b)
{
	b->lacks_newline = b->tail.len > 0;
	b->lines += b->tail.len > 0;
	b->tail_is_stored = false;
	buf_clear(&b->tail);
}

int bulkin_pause(struct bulkin *b, struct diag *d)
{
	int err;

	if (b->is_refused)
		return 0;
	err = take_last_line(b, d);
	if (!err)
		forget_tail(b);
	return err;
}

int bulkin_finish(struct bulkin *b, struct diag *d)
{
	int err = b->is_refused ? 0 : take_last_line(b, d);

	forget_tail(b);
	b->is_refused = false;
	return err;
}
