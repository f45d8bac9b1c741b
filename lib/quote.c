/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/quote.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

bool quote_is_utf8(const void *bytes, size_t len)
{
	const unsigned char *s = bytes;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = text_utf8_length(s + i, len - i);
		if (!n)
			return false;
	}
	return true;
}

/*
 * Printing. Bytes that are not special go out in runs. escape() looks at a
 * special one and returns how many bytes it has dealt with; it appends their
 * escape to e, or nothing if they may stand as they are.
 */

struct escape {
	char s[8];
	size_t len;
};

struct spelling {
	bool special[256];
	size_t (*escape)(const unsigned char *s, size_t len, struct escape *e);
};

static void print(const struct spelling *spelling, const unsigned char *s, size_t len,
		  struct buf *out)
{
	size_t run = 0, n = 1;

	for (size_t i = 0; i < len; i += n) {
		struct escape e = {.len = 0};

		n = spelling->special[s[i]] ? spelling->escape(s + i, len - i, &e) : 1;
		if (!e.len)
			continue;
		buf_add(out, s + run, i - run);
		buf_add(out, e.s, e.len);
		run = i + n;
	}
	buf_add(out, s + run, len - run);
}

static void put_hex(struct escape *e, const char *prefix, const char *digits, unsigned char c)
{
	e->len = strlen(prefix);
	memcpy(e->s, prefix, e->len);
	e->s[e->len++] = digits[c >> 4];
	e->s[e->len++] = digits[c & 15];
}

static void put_short(struct escape *e, char c)
{
	e->s[e->len++] = '\\';
	e->s[e->len++] = c;
}

static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";

/* U+0080 to U+009F: controls as well, of two bytes. */
static bool is_c1(const unsigned char *s, size_t len)
{
	return len > 1 && s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f;
}

static const char json_names[] = "\"\\/bfnrt", json_bytes[] = "\"\\/\b\f\n\r\t";

static size_t escape_json(const unsigned char *s, size_t len, struct escape *e)
{
	const char *known = memchr(json_bytes, s[0], sizeof(json_bytes) - 1);

	if (known)
		put_short(e, json_names[known - json_bytes]);
	else if (is_c1(s, len))
		put_hex(e, "\\u00", lower, s[1]);
	else if (s[0] < 0x80)
		put_hex(e, "\\u00", lower, s[0]);
	return is_c1(s, len) ? 2 : 1;
}

void quote_print_json(const void *bytes, size_t len, struct buf *out)
{
	static const struct spelling json = {
		.special = {[0 ... 0x1f] = true,
			    ['"'] = true,
			    ['\\'] = true,
			    [0x7f] = true,
			    [0xc2] = true},
		.escape = escape_json,
	};

	buf_addc(out, '"');
	print(&json, bytes, len, out);
	buf_addc(out, '"');
}

static size_t escape_text(const unsigned char *s, size_t len, struct escape *e)
{
	size_t n = text_utf8_length(s, len);

	if (s[0] == '\\')
		put_short(e, '\\');
	else if (s[0] == '\n')
		put_short(e, 'n');
	else if (n < 2)
		put_hex(e, "\\x", lower, s[0]);
	else if (is_c1(s, len))
		put_hex(e, "\\xc2\\x", lower, s[1]);
	return n ? n : 1;
}

void quote_print_text(const void *bytes, size_t len, struct buf *out)
{
	static const struct spelling text = {
		.special = {[0 ... 0x1f] = true, ['\\'] = true, [0x7f ... 0xff] = true},
		.escape = escape_text,
	};

	print(&text, bytes, len, out);
}

static size_t escape_name(const unsigned char *s, size_t len, struct escape *e)
{
	size_t n = text_utf8_length(s, len);

	if (n < 2)
		put_hex(e, "%", upper, s[0]);
	return n ? n : 1;
}

void quote_print_name(const void *bytes, size_t len, bool first, struct buf *out)
{
	static const struct spelling name = {
		.special = {[0 ... 0x1f] = true,
			    ['/'] = true,
			    ['%'] = true,
			    [','] = true,
			    [0x7f ... 0xff] = true},
		.escape = escape_name,
	};
	const unsigned char *s = bytes;
	size_t dot = first && len && s[0] == '.';

	if (!len)
		buf_adds(out, "%00");
	if (dot)
		buf_adds(out, "%2E");
	print(&name, s + dot, len - dot, out);
}

/* Parsing. */

struct room {
	char *bytes;
	size_t max, len;
};

static int too_long(struct text *t, size_t at, const struct room *room)
{
	return diag_at(t->diag, EINVAL, at, "too long: at most %zu bytes", room->max);
}

/* n bytes as they are in the text. */
static int take_run(struct text *t, size_t n, struct room *room)
{
	size_t left = room->max - room->len;

	if (n > left)
		return too_long(t, t->pos + left, room);
	memcpy(room->bytes + room->len, t->s + t->pos, n);
	room->len += n;
	t->pos += n;
	return 0;
}

/* What the escape that starts there stands for. */
static int put(struct text *t, size_t start, struct room *room, const void *bytes, size_t n)
{
	if (n > room->max - room->len)
		return too_long(t, start, room);
	memcpy(room->bytes + room->len, bytes, n);
	room->len += n;
	return 0;
}

/* An escape begins, of one byte at least. */
static int take_mark(struct text *t, char mark, const struct room *room)
{
	if (room->len == room->max)
		return too_long(t, t->pos, room);
	return text_expect(t, mark);
}

static int hex_digits(struct text *t, int count, unsigned int *out)
{
	*out = 0;
	for (; count; count--, t->pos++) {
		int digit = text_hex_digit(text_peek(t));

		if (text_done(t))
			return text_missing(t, "a hex digit");
		if (digit < 0)
			return diag_at(t->diag, EINVAL, t->pos, "a hex digit is expected here");
		*out = *out << 4 | (unsigned int)digit;
	}
	return 0;
}

static int hex_escape(struct text *t, size_t start, struct room *room)
{
	unsigned int code;
	int err = hex_digits(t, 2, &code);

	return err ? err : put(t, start, room, &(unsigned char){(unsigned char)code}, 1);
}

static size_t encode_utf8(uint32_t code, unsigned char out[4])
{
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i-- > 1; code >>= 6)
		out[i] = (unsigned char)(0x80 | (code & 0x3f));
	out[0] = (unsigned char)(marks[n] | code);
	return n;
}

static int half_a_pair(struct text *t, size_t start)
{
	return diag_at(t->diag, EINVAL, start, "half of a surrogate pair");
}

/* The \uXXXX after a high surrogate; start is where that began. */
static int low_surrogate(struct text *t, size_t start, unsigned int *code)
{
	unsigned int low;
	int err;

	if (!text_take(t, '\\') || !text_take(t, 'u'))
		return text_done(t) ? text_missing(t, "the other half of a surrogate pair")
				    : half_a_pair(t, start);
	err = hex_digits(t, 4, &low);
	if (err)
		return err;
	if (low < 0xdc00 || low > 0xdfff)
		return half_a_pair(t, start);
	*code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
	return 0;
}

/* Behind "\u". */
static int unicode_escape(struct text *t, size_t start, struct room *room)
{
	unsigned char utf8[4] = {0};
	unsigned int code;
	int err = hex_digits(t, 4, &code);

	if (!err && code >= 0xd800 && code <= 0xdbff)
		err = low_surrogate(t, start, &code);
	else if (!err && code >= 0xdc00 && code <= 0xdfff)
		err = half_a_pair(t, start);
	return err ? err : put(t, start, room, utf8, encode_utf8(code, utf8));
}

/* A backslash and one of names, which stands for the byte of the same place. */
static int short_escape(struct text *t, size_t start, const char *names, const char *bytes,
			struct room *room)
{
	const char *name;

	if (text_done(t))
		return text_missing(t, "the rest of an escape");
	name = memchr(names, text_peek(t), strlen(names));
	if (!name)
		return diag_at(t->diag, EINVAL, t->pos, "no such escape; a backslash is \\\\");
	t->pos++;
	return put(t, start, room, &bytes[name - names], 1);
}

static int json_escape(struct text *t, struct room *room)
{
	size_t start = t->pos;
	int err = take_mark(t, '\\', room);

	if (err)
		return err;
	if (text_take(t, 'u'))
		return unicode_escape(t, start, room);
	return short_escape(t, start, json_names, json_bytes, room);
}

/* May more bytes make a UTF-8 sequence of these? */
static bool is_cut(const unsigned char *s, size_t len)
{
	static const unsigned char continuations[] = {0x80, 0xbf};

	for (size_t i = 0; i < sizeof(continuations); i++) {
		unsigned char whole[4];

		if (len >= sizeof(whole))
			return false;
		memset(whole, continuations[i], sizeof(whole));
		memcpy(whole, s, len);
		if (text_utf8_length(whole, sizeof(whole)) > len)
			return true;
	}
	return false;
}

/* The byte at the cursor cannot stand there as it is. */
static int refuse_raw(struct text *t, const struct room *room)
{
	const unsigned char *s = (const unsigned char *)t->s + t->pos;
	size_t left = t->len - t->pos;

	if (s[0] < ' ')
		return diag_at(t->diag, EINVAL, t->pos, "a control character is written \\u%04x",
			       s[0]);
	if (!is_cut(s, left))
		return diag_at(t->diag, EINVAL, t->pos, "this is not UTF-8");
	if (left > room->max - room->len)
		return too_long(t, t->pos + room->max - room->len, room);
	t->pos = t->len;
	return text_missing(t, "the rest of a character");
}

/* How many bytes can stand in a JSON string as they are, from the cursor on. */
static size_t json_run(const struct text *t)
{
	const unsigned char *s = (const unsigned char *)t->s;
	size_t at = t->pos, n;

	for (; at < t->len; at += n) {
		if (s[at] < ' ' || s[at] == '"' || s[at] == '\\')
			break;
		n = text_utf8_length(s + at, t->len - at);
		if (!n)
			break;
	}
	return at - t->pos;
}

static int json_part(struct text *t, struct room *room)
{
	size_t run = json_run(t);

	if (run)
		return take_run(t, run, room);
	if (text_done(t))
		return text_expect(t, '"');
	return text_peek(t) == '\\' ? json_escape(t, room) : refuse_raw(t, room);
}

int quote_parse_json(struct text *t, void *bytes, size_t max, size_t *len)
{
	struct room room = {.bytes = bytes, .max = max};
	int err = text_expect(t, '"');

	while (!err && !text_take(t, '"'))
		err = json_part(t, &room);
	if (!err)
		*len = room.len;
	return err;
}

static int text_escape_sequence(struct text *t, struct room *room)
{
	size_t start = t->pos;
	int err = take_mark(t, '\\', room);

	if (err)
		return err;
	if (text_take(t, 'x'))
		return hex_escape(t, start, room);
	return short_escape(t, start, "\\ntr", "\\\n\t\r", room);
}

static size_t text_run(const struct text *t)
{
	size_t at = t->pos;

	while (at < t->len && t->s[at] != '\\' && t->s[at] != '\n')
		at++;
	return at - t->pos;
}

static int text_part(struct text *t, struct room *room)
{
	size_t run = text_run(t);

	if (run)
		return take_run(t, run, room);
	if (text_peek(t) == '\\')
		return text_escape_sequence(t, room);
	if (t->pos + 1 < t->len)
		return diag_at(t->diag, EINVAL, t->pos, "only one line; a newline is written \\n");
	return text_expect(t, '\n');
}

int quote_parse_text(struct text *t, void *bytes, size_t max, size_t *len)
{
	struct room room = {.bytes = bytes, .max = max};
	int err = 0;

	while (!err && !text_done(t))
		err = text_part(t, &room);
	if (!err)
		*len = room.len;
	return err;
}

static int name_escape(struct text *t, struct room *room)
{
	size_t start = t->pos;
	int err = take_mark(t, '%', room);

	return err ? err : hex_escape(t, start, room);
}

/* Can the byte stand in a name as it is, there? */
static bool is_name_byte(unsigned char c, size_t at)
{
	return c != '/' && c != '%' && c != ',' && !text_is_control(c, at) && (c != '.' || at);
}

static int name_part(struct text *t, struct room *room)
{
	size_t at = t->pos;
	unsigned char c = (unsigned char)t->s[at];

	while (at < t->len && is_name_byte((unsigned char)t->s[at], at))
		at++;
	if (at > t->pos)
		return take_run(t, at - t->pos, room);
	if (c == '%')
		return name_escape(t, room);
	return diag_at(t->diag, EINVAL, at, "%s is written %%%02X",
		       c == '.'   ? "a leading dot"
		       : c == '/' ? "a slash"
				  : "a control character",
		       c);
}

int quote_parse_name(struct text *t, void *bytes, size_t max, size_t *len)
{
	struct room room = {.bytes = bytes, .max = max};
	int err = 0;

	if (text_done(t) || text_peek(t) == ',')
		return diag_at(t->diag, text_done(t) ? EAGAIN : EINVAL, t->pos,
			       "the empty text is written %%00");
	while (!err && !text_done(t) && text_peek(t) != ',')
		err = name_part(t, &room);
	if (!err)
		*len = room.len;
	return err;
}
