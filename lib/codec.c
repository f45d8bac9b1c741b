/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/codec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/text.h"

/* How one kind of layout is spelt in one format. */
struct codec {
	void (*print)(const struct layout *l, const unsigned char *bytes, struct buf *out);
	int (*parse)(const struct layout *l, struct text *t, unsigned char *bytes);
	size_t (*print_max)(const struct layout *l);
};

static const struct codec *codec_of(enum codec_format format, const struct layout *l);

/* Integers: the same in every format. */

static uint64_t load_unsigned(const unsigned char *bytes, uint32_t size)
{
	uint64_t number = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&number, bytes, size);
#else
	memcpy((unsigned char *)&number + sizeof(number) - size, bytes, size);
#endif
	return number;
}

static void store_unsigned(uint64_t number, unsigned char *bytes, uint32_t size)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(bytes, &number, size);
#else
	memcpy(bytes, (unsigned char *)&number + sizeof(number) - size, size);
#endif
}

/* The largest number of an unsigned integer of size bytes. */
static uint64_t unsigned_max(uint32_t size)
{
	return UINT64_MAX >> (64 - 8 * size);
}

static void print_int(const struct layout *l, const unsigned char *bytes, struct buf *out)
{
	uint64_t number = load_unsigned(bytes, l->size);
	uint64_t sign = unsigned_max(l->size) / 2 + 1;
	char digits[24];
	int len;

	if (l->is_signed && (number & sign))
		len = snprintf(digits, sizeof(digits), "%" PRId64,
			       (int64_t)(number | ~unsigned_max(l->size)));
	else
		len = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	buf_add(out, digits, (size_t)len);
}

static int parse_int(const struct layout *l, struct text *t, unsigned char *bytes)
{
	int64_t max = (int64_t)(unsigned_max(l->size) / 2);
	uint64_t number = 0;
	int err;

	if (l->is_signed)
		err = text_signed(t, -max - 1, max, (int64_t *)&number);
	else
		err = text_unsigned(t, unsigned_max(l->size), &number);
	if (!err)
		store_unsigned(number, bytes, l->size);
	return err;
}

static size_t int_max(const struct layout *l)
{
	(void)l;
	return sizeof("-9223372036854775808") - 1;
}

/* Bytes without a type. */

static void print_bytes_name(const struct layout *l, const unsigned char *bytes, struct buf *out)
{
	text_print_hex(bytes, l->size, "", out);
}

static int parse_bytes_name(const struct layout *l, struct text *t, unsigned char *bytes)
{
	return text_hex(t, false, bytes, l->size);
}

static size_t bytes_name_max(const struct layout *l)
{
	return (size_t)l->size * 2;
}

static void print_bytes_text(const struct layout *l, const unsigned char *bytes, struct buf *out)
{
	text_print_hex(bytes, l->size, " ", out);
}

static int parse_bytes_text(const struct layout *l, struct text *t, unsigned char *bytes)
{
	return text_hex(t, true, bytes, l->size);
}

static void print_bytes_json(const struct layout *l, const unsigned char *bytes, struct buf *out)
{
	buf_adds(out, "\"0x");
	text_print_hex(bytes, l->size, "", out);
	buf_addc(out, '"');
}

static int parse_bytes_json(const struct layout *l, struct text *t, unsigned char *bytes)
{
	int err = text_expect(t, '"');

	if (!err)
		err = text_hex(t, true, bytes, l->size);
	return err ? err : text_expect(t, '"');
}

static size_t bytes_max(const struct layout *l)
{
	return (size_t)l->size * 3 + 4;
}

/* Prefixes: hex of the data, '_', the length in bits; host bits are no part of
 * either (layout_canonical). */

static void print_prefix(const struct layout *l, const unsigned char *bytes, struct buf *out)
{
	unsigned char key[sizeof(uint32_t) + LAYOUT_PREFIX_DATA];
	uint32_t prefix_len;

	memcpy(key, bytes, l->size);
	layout_canonical(l, key);
	memcpy(&prefix_len, key, sizeof(prefix_len));
	text_print_hex(key + sizeof(prefix_len), l->size - sizeof(prefix_len), "", out);
	buf_addf(out, "_%" PRIu32, prefix_len);
}

static int parse_prefix(const struct layout *l, struct text *t, unsigned char *bytes)
{
	uint32_t size = l->size - (uint32_t)sizeof(uint32_t), prefix_len;
	uint64_t number;
	int err;

	err = text_hex(t, false, bytes + sizeof(prefix_len), size);
	if (!err)
		err = text_expect(t, '_');
	if (!err)
		err = text_unsigned(t, (uint64_t)size * 8, &number);
	if (err)
		return err;
	prefix_len = (uint32_t)number;
	memcpy(bytes, &prefix_len, sizeof(prefix_len));
	layout_canonical(l, bytes);
	return 0;
}

static size_t prefix_max(const struct layout *l)
{
	return ((size_t)l->size - sizeof(uint32_t)) * 2 + sizeof("_2048") - 1;
}

/* Arrays. */

static void print_array(const struct layout *l, const unsigned char *bytes, struct buf *out)
{
	const struct layout *elem = l->array.elem;

	buf_addc(out, '[');
	for (uint32_t i = 0; i < l->array.count; i++) {
		if (i)
			buf_addc(out, ',');
		codec_of(CODEC_JSON, elem)->print(elem, bytes + (size_t)i * l->array.stride, out);
	}
	buf_addc(out, ']');
}

static int wrong_count(const struct layout *l, struct text *t)
{
	return diag_at(t->diag, EINVAL, t->pos,
		       "the array has %" PRIu32 " elements, no more, no less", l->array.count);
}

static int parse_array(const struct layout *l, struct text *t, unsigned char *bytes)
{
	const struct layout *elem = l->array.elem;
	int err = text_expect(t, '[');

	for (uint32_t i = 0; !err && i < l->array.count; i++) {
		text_skip_blanks(t);
		if (text_peek(t) == ']')
			return wrong_count(l, t);
		if (i)
			err = text_expect(t, ',');
		text_skip_blanks(t);
		if (!err)
			err = codec_of(CODEC_JSON, elem)
				      ->parse(elem, t, bytes + (size_t)i * l->array.stride);
	}
	text_skip_blanks(t);
	if (!err && text_peek(t) == ',')
		return wrong_count(l, t);
	return err ? err : text_expect(t, ']');
}

/* A per-CPU value as a file: one bare value stands for every CPU. */
static int parse_array_text(const struct layout *l, struct text *t, unsigned char *bytes)
{
	const struct layout *elem = l->array.elem;
	int err;

	if (text_peek(t) == '[')
		return parse_array(l, t, bytes);
	err = codec_of(CODEC_TEXT, elem)->parse(elem, t, bytes);
	for (uint32_t i = 1; !err && i < l->array.count; i++)
		memcpy(bytes + (size_t)i * l->array.stride, bytes, elem->size);
	return err;
}

static size_t array_max(const struct layout *l)
{
	const struct layout *elem = l->array.elem;

	return 2 + (codec_of(CODEC_JSON, elem)->print_max(elem) + 1) * l->array.count;
}

/*
 * The formats. To add one: a row with an entry for each kind of layout; the
 * printer and the parser of an entry are inverse. To add a kind: an entry in
 * each row.
 */
static const struct format {
	bool blanks;         /* blanks may stand around the text */
	const char *closing; /* what the printer adds at the end */
	struct codec kinds[LAYOUT_KINDS];
} formats[CODEC_FORMATS] = {
	[CODEC_NAME] = {false,
			"",
			{
				[LAYOUT_INT] = {print_int, parse_int, int_max},
				[LAYOUT_BYTES] = {print_bytes_name, parse_bytes_name,
						  bytes_name_max},
				[LAYOUT_PREFIX] = {print_prefix, parse_prefix, prefix_max},
				[LAYOUT_ARRAY] = {print_array, parse_array, array_max},
			}},
	[CODEC_TEXT] = {true,
			"\n",
			{
				[LAYOUT_INT] = {print_int, parse_int, int_max},
				[LAYOUT_BYTES] = {print_bytes_text, parse_bytes_text, bytes_max},
				[LAYOUT_PREFIX] = {print_prefix, parse_prefix, prefix_max},
				[LAYOUT_ARRAY] = {print_array, parse_array_text, array_max},
			}},
	[CODEC_JSON] = {true,
			"",
			{
				[LAYOUT_INT] = {print_int, parse_int, int_max},
				[LAYOUT_BYTES] = {print_bytes_json, parse_bytes_json, bytes_max},
				[LAYOUT_PREFIX] = {print_prefix, parse_prefix, prefix_max},
				[LAYOUT_ARRAY] = {print_array, parse_array, array_max},
			}},
};

static const struct codec *codec_of(enum codec_format format, const struct layout *l)
{
	return &formats[format].kinds[l->kind];
}

int codec_print(enum codec_format format, const struct layout *layout, const void *bytes,
		struct buf *out)
{
	codec_of(format, layout)->print(layout, bytes, out);
	buf_adds(out, formats[format].closing);
	return buf_error(out);
}

/* A newline finishes a text of one line: who typed half of it and pressed return
 * wants to know. Where lines came before, more may come. */
static bool is_finished(const struct text *t)
{
	return t->len && memchr(t->s, '\n', t->len) == t->s + t->len - 1;
}

static int parse_whole(const struct format *format, const struct layout *layout, struct text *t,
		       void *bytes)
{
	int err;

	if (text_done(t))
		return text_missing(t, "the value");
	err = format->kinds[layout->kind].parse(layout, t, bytes);
	if (err)
		return err;
	if (format->blanks)
		text_skip_blanks(t);
	return text_end(t);
}

int codec_parse(enum codec_format format, const struct layout *layout, const char *text, size_t len,
		void *bytes, struct diag *d)
{
	struct text t = {.s = text, .len = len, .diag = d};
	bool finished;
	int err;

	if (formats[format].blanks)
		text_skip_blanks(&t);
	finished = is_finished(&t);
	err = parse_whole(&formats[format], layout, &t, bytes);
	if (err != -EAGAIN || !finished)
		return err;
	if (d)
		d->err = EINVAL;
	return -EINVAL;
}

size_t codec_print_max(enum codec_format format, const struct layout *layout)
{
	return codec_of(format, layout)->print_max(layout) + strlen(formats[format].closing);
}
