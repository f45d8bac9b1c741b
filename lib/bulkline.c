/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/bulkline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec.h"
#include "lib/keyname.h"
#include "lib/quote.h"

static const char key_label[] = "\"key\"", value_label[] = "\"value\"";

enum {
	TYPING_ROOM = 4096,    /* for blanks, and for spellings that are longer than ours */
	MOST_TEXT = 256 << 20, /* bytes, whatever the types are */
	ESCAPED = 6,           /* bytes, at most, that a byte becomes in a JSON string */
	LONGEST_TARGET = 4096, /* of values in a spelling of their own */
};

/* Printing. */

static int print_key(const struct layout *layout, const void *key, struct buf *scratch,
		     struct buf *out)
{
	int err;

	if (layout->kind == LAYOUT_INT)
		return codec_print(CODEC_JSON, layout, key, out);
	buf_clear(scratch);
	err = keyname_print(layout, key, scratch);
	if (!err)
		quote_print_json(scratch->data, scratch->len, out);
	return err;
}

static int print_value(const struct bulk_view *view, const void *key, const void *value,
		       struct buf *scratch, struct buf *out)
{
	int err;

	if (!view->print_value)
		return codec_print(CODEC_JSON, view->desc->value, value, out);
	buf_clear(scratch);
	err = view->print_value(view->arg, key, value, scratch);
	if (!err)
		quote_print_json(scratch->data, scratch->len, out);
	return err;
}

int bulkline_print(const struct bulk_view *view, const void *key, const void *value,
		   struct buf *scratch, struct buf *out)
{
	int err;

	buf_adds(out, "{\"key\":");
	err = print_key(view->desc->key, key, scratch, out);
	if (!err && view->desc->value->kind != LAYOUT_NOTHING) {
		buf_adds(out, ",\"value\":");
		err = print_value(view, key, value, scratch, out);
	}
	buf_adds(out, "}\n");
	return err ? err : buf_error(out);
}

size_t bulkline_max(const struct bulk_view *view)
{
	size_t key = codec_print_max(CODEC_NAME, view->desc->key);
	size_t value = codec_print_max(CODEC_JSON, view->desc->value);

	if (key > MOST_TEXT / ESCAPED || value > MOST_TEXT)
		return MOST_TEXT;
	return key * ESCAPED + value * 2 + LONGEST_TARGET + TYPING_ROOM;
}

/* Parsing. */

/* "key" or "value", and the ':' behind it. */
static int expect_label(struct text *t, const char *label)
{
	size_t start = t->pos, left = t->len - t->pos, len = strlen(label);

	if (memcmp(t->s + start, label, left < len ? left : len) != 0)
		return diag_at(t->diag, EINVAL, start, "%s is expected here", label);
	if (left < len)
		return text_missing(t, label);
	t->pos += len;
	text_skip_blanks(t);
	return text_expect(t, ':');
}

/* A JSON string, whose text replaces scratch. */
static int parse_string(struct text *t, size_t max, struct buf *scratch)
{
	size_t len;
	int err = buf_resize(scratch, max);

	if (!err)
		err = quote_parse_json(t, scratch->data, max, &len);
	if (!err)
		err = buf_resize(scratch, len);
	return err;
}

/* Where in the line what is refused of a name is: the escapes of a string hide it. */
static void place_in_line(const struct text *t, size_t start, size_t len)
{
	bool has_escapes = t->pos - start != len + 2;

	if (t->diag && t->diag->placed)
		t->diag->offset = has_escapes ? start : t->diag->offset + start + 1;
}

static int parse_name(const struct bulk_view *view, struct text *t, void *key, struct buf *scratch)
{
	const struct layout *layout = view->desc->key;
	size_t start = t->pos;
	int err;

	if (!text_done(t) && text_peek(t) != '"')
		return diag_at(t->diag, EINVAL, start, "keys of this map are strings");
	err = parse_string(t, codec_print_max(CODEC_NAME, layout) + TYPING_ROOM, scratch);
	if (err)
		return err;
	if (strlen(scratch->data) != scratch->len)
		return diag_at(t->diag, EINVAL, start, "no key has a NUL in its name");
	err = keyname_parse(layout, scratch->data, key, t->diag);
	if (err)
		place_in_line(t, start, scratch->len);
	return err;
}

static int parse_key(const struct bulk_view *view, struct text *t, void *key, struct buf *scratch)
{
	const struct layout *layout = view->desc->key;

	if (layout->kind == LAYOUT_INT && text_peek(t) != '"')
		return codec_parse_part(CODEC_JSON, layout, t, key);
	return parse_name(view, t, key, scratch);
}

static int parse_value(const struct bulk_view *view, struct text *t, const void *key, void *value,
		       struct buf *scratch)
{
	size_t start = t->pos;
	int err;

	if (!view->parse_value)
		return codec_parse_part(CODEC_JSON, view->desc->value, t, value);
	err = parse_string(t, LONGEST_TARGET, scratch);
	if (err)
		return err;
	err = view->parse_value(view->arg, key, scratch->data, value, t->diag);
	if (err == -EINVAL)
		diag_place(t->diag, start);
	return err;
}

/* null, which no value is spelt like. */
static int parse_null(struct text *t)
{
	static const char null[] = "null";
	size_t left = t->len - t->pos, len = sizeof(null) - 1;

	if (memcmp(t->s + t->pos, null, left < len ? left : len) != 0)
		return -EINVAL;
	if (left < len)
		return text_missing(t, null);
	t->pos += len;
	return 0;
}

static int parse_value_or_null(const struct bulk_view *view, struct text *t, const void *key,
			       void *value, enum bulkline_says *says, struct buf *scratch)
{
	int err;

	if (text_peek(t) == 'n') {
		err = parse_null(t);
		if (err != -EINVAL) {
			*says = BULKLINE_REMOVE;
			return err;
		}
	}
	err = parse_value(view, t, key, value, scratch);
	*says = t->is_partial ? BULKLINE_COMPLETE : BULKLINE_STORE;
	return err;
}

static int parse_entry(const struct bulk_view *view, struct text *t, void *key, void *value,
		       enum bulkline_says *says, struct buf *scratch)
{
	int err = text_expect(t, '{');

	text_skip_blanks(t);
	if (!err)
		err = expect_label(t, key_label);
	text_skip_blanks(t);
	if (!err)
		err = parse_key(view, t, key, scratch);
	text_skip_blanks(t);
	if (!err)
		err = text_expect(t, ',');
	text_skip_blanks(t);
	if (!err)
		err = expect_label(t, value_label);
	text_skip_blanks(t);
	if (!err)
		err = parse_value_or_null(view, t, key, value, says, scratch);
	text_skip_blanks(t);
	return err ? err : text_expect(t, '}');
}

int bulkline_parse(const struct bulk_view *view, const char *line, size_t len, void *key,
		   void *value, enum bulkline_says *says, struct diag *d)
{
	struct text t = {.s = line, .len = len, .diag = d};
	struct buf scratch = BUF_INIT(SIZE_MAX / 2);
	int err;

	*says = BULKLINE_NOTHING;
	text_skip_blanks(&t);
	if (text_done(&t))
		return 0;
	err = parse_entry(view, &t, key, value, says, &scratch);
	text_skip_blanks(&t);
	if (!err && !text_done(&t))
		err = diag_at(d, EINVAL, t.pos, "nothing may follow the entry");
	buf_free(&scratch);
	return err;
}
