/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/leaf.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/address.h"
#include "lib/quote.h"

/* Addresses. */

#define ADDRESS(name, length)                                                                      \
	static void print_##name(FORMAT_PRINT_ARGS)                                                \
	{                                                                                          \
		address_print_##name(bytes, out);                                                  \
	}                                                                                          \
	static int parse_##name(FORMAT_PARSE_ARGS)                                                 \
	{                                                                                          \
		return address_parse_##name(t, bytes);                                             \
	}                                                                                          \
	FORMAT_FIXED_MAX(max_##name, length)                                                       \
	FORMAT_QUOTED(name)                                                                        \
	const struct spelling leaf_##name##_bare = {print_##name, parse_##name, max_##name, NULL}; \
	const struct spelling leaf_##name##_json = {print_quoted_##name, parse_quoted_##name,      \
						    max_##name, NULL};

ADDRESS(ipv4, 17)
ADDRESS(ipv6, 47)
ADDRESS(mac, 19)

/* Text: char[size], the NULs behind it dropped. */

static size_t chars_len(const struct layout *l, const unsigned char *bytes)
{
	size_t len = l->size;

	while (len && !bytes[len - 1])
		len--;
	return len;
}

static int fill_chars(const struct layout *l, unsigned char *bytes, size_t len, int err)
{
	if (!err && len < l->size)
		memset(bytes + len, 0, l->size - len);
	return err;
}

static void print_chars_name(FORMAT_PRINT_ARGS)
{
	quote_print_name(bytes, chars_len(l, bytes), false, out);
}

static int parse_chars_name(FORMAT_PARSE_ARGS)
{
	size_t len = 0;
	int err = quote_parse_name(t, bytes, l->size, &len);

	return fill_chars(l, bytes, len, err);
}

static void print_chars_text(FORMAT_PRINT_ARGS)
{
	quote_print_text(bytes, chars_len(l, bytes), out);
}

static int parse_chars_text(FORMAT_PARSE_ARGS)
{
	size_t len = 0;
	int err = quote_parse_text(t, bytes, l->size, &len);

	return fill_chars(l, bytes, len, err);
}

static void print_chars_json(FORMAT_PRINT_ARGS)
{
	quote_print_json(bytes, chars_len(l, bytes), out);
}

static int parse_chars_json(FORMAT_PARSE_ARGS)
{
	size_t len = 0;
	int err = quote_parse_json(t, bytes, l->size, &len);

	return fill_chars(l, bytes, len, err);
}

static bool carries_chars(FORMAT_CARRIES_ARGS)
{
	return quote_is_utf8(bytes, chars_len(l, bytes));
}

/* %XX or \xHH at most; \u00XX in JSON, and quotes. */
static size_t max_chars(FORMAT_MAX_ARGS)
{
	return format_add(format_mul(l->size, 4), 3);
}

static size_t max_chars_json(FORMAT_MAX_ARGS)
{
	return format_add(format_mul(l->size, 6), 2);
}

const struct spelling leaf_chars_name = {print_chars_name, parse_chars_name, max_chars, NULL};
const struct spelling leaf_chars_text = {print_chars_text, parse_chars_text, max_chars, NULL};
const struct spelling leaf_chars_json = {print_chars_json, parse_chars_json, max_chars_json,
					 carries_chars};

/* Bytes. */

static void print_bytes_name(FORMAT_PRINT_ARGS)
{
	text_print_hex(bytes, l->size, "", out);
}

static int parse_bytes_name(FORMAT_PARSE_ARGS)
{
	return text_hex(t, false, bytes, l->size);
}

static size_t max_bytes_name(FORMAT_MAX_ARGS)
{
	return format_mul(l->size, 2);
}

static void print_bytes_text(FORMAT_PRINT_ARGS)
{
	text_print_hex(bytes, l->size, " ", out);
}

static int parse_bytes_text(FORMAT_PARSE_ARGS)
{
	return text_hex(t, true, bytes, l->size);
}

static size_t max_bytes(FORMAT_MAX_ARGS)
{
	return format_add(format_mul(l->size, 3), 4);
}

static void print_bytes_json(FORMAT_PRINT_ARGS)
{
	if (l->size)
		leaf_print_hex(bytes, l->size, true, out);
	else
		buf_adds(out, "\"\"");
}

/* In quotes; as a file's content they may be left out. */
static int parse_bytes_json(FORMAT_PARSE_ARGS)
{
	bool quoted = text_take(t, '"');
	int err;

	if (!quoted && f->inner == f)
		return text_expect(t, '"');
	err = text_hex(t, true, bytes, l->size);
	return err || !quoted ? err : text_expect(t, '"');
}

const struct spelling leaf_bytes_name = {print_bytes_name, parse_bytes_name, max_bytes_name, NULL};
const struct spelling leaf_bytes_text = {print_bytes_text, parse_bytes_text, max_bytes, NULL};
const struct spelling leaf_bytes_json = {print_bytes_json, parse_bytes_json, max_bytes, NULL};

/* Hex of a whole. */

void leaf_print_hex(const unsigned char *bytes, uint32_t size, bool quoted, struct buf *out)
{
	buf_adds(out, quoted ? "\"0x" : "0x");
	text_print_hex(bytes, size, "", out);
	if (quoted)
		buf_addc(out, '"');
}

int leaf_parse_hex(struct text *t, bool quoted, unsigned char *bytes, uint32_t size)
{
	int err = quoted ? text_expect(t, '"') : 0;

	if (!err)
		err = text_hex(t, false, bytes, size);
	return err || !quoted ? err : text_expect(t, '"');
}

int leaf_is_hex(const struct text *t, bool quoted, uint32_t size)
{
	const char *start = quoted ? "\"0x" : "0x", *s = t->s + t->pos;
	size_t left = t->len - t->pos, head = strlen(start), digits = 0;

	if (memcmp(s, start, left < head ? left : head) != 0)
		return 0;
	if (left < head)
		return left ? -EAGAIN : 0;
	while (head + digits < left && text_hex_digit(s[head + digits]) >= 0)
		digits++;
	if (head + digits == left)
		return digits < (size_t)size * 2 ? -EAGAIN : digits == (size_t)size * 2;
	return digits == (size_t)size * 2 && (!quoted || s[head + digits] == '"');
}

/* Prefixes: the data, '_', the length in bits; host bits are no part of either
 * (layout_canonical). */

static void print_prefix(FORMAT_PRINT_ARGS)
{
	unsigned char key[sizeof(uint32_t) + LAYOUT_PREFIX_DATA];
	const struct layout *data = l->prefix;
	uint32_t prefix_len;

	memcpy(key, bytes, l->size);
	layout_canonical(l, key);
	memcpy(&prefix_len, key, sizeof(prefix_len));
	format_spelling(f->bare, data)->print(f->bare, data, key + sizeof(prefix_len), out);
	buf_addf(out, "_%" PRIu32, prefix_len);
}

/* An address may be written as one even if it is shown as hex, and the other way. */
static const struct spelling *find_prefix_spelling(const struct layout *data, const struct text *t)
{
	const char *end = memchr(t->s + t->pos, '_', t->len - t->pos);
	size_t len = (end ? (size_t)(end - t->s) : t->len) - t->pos;

	if (data->size == 4 && memchr(t->s + t->pos, '.', len))
		return &leaf_ipv4_bare;
	if (data->size == 16 && memchr(t->s + t->pos, ':', len))
		return &leaf_ipv6_bare;
	return len == (size_t)data->size * 2 ? &leaf_bytes_name : NULL;
}

static int parse_prefix(FORMAT_PARSE_ARGS)
{
	const struct spelling *spelling = find_prefix_spelling(l->prefix, t);
	uint32_t size = l->prefix->size, prefix_len;
	uint64_t number = 0;
	int err;

	if (!spelling)
		spelling = format_spelling(f->bare, l->prefix);
	err = spelling->parse(f, l->prefix, t, bytes + sizeof(prefix_len));
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

/* In quotes where text stands in quotes. */
static void print_prefix_json(FORMAT_PRINT_ARGS)
{
	buf_addc(out, '"');
	print_prefix(f, l, bytes, out);
	buf_addc(out, '"');
}

static int parse_prefix_json(FORMAT_PARSE_ARGS)
{
	int err = text_expect(t, '"');

	if (!err)
		err = parse_prefix(f, l, t, bytes);
	return err ? err : text_expect(t, '"');
}

static size_t max_prefix(FORMAT_MAX_ARGS)
{
	size_t data = format_spelling(f->bare, l->prefix)->print_max(f->bare, l->prefix);

	return format_add(data, sizeof("\"_2048\"") - 1);
}

/* A length beyond the data, or host bits, would come back otherwise; the kernel has no
 * such length, and takes no notice of host bits. */
const struct spelling leaf_prefix_bare = {print_prefix, parse_prefix, max_prefix, NULL};
const struct spelling leaf_prefix_json = {print_prefix_json, parse_prefix_json, max_prefix, NULL};

/* The kernel's own: as an object without members. */

static void print_owned(FORMAT_PRINT_ARGS)
{
	(void)bytes;
	buf_adds(out, "{}");
}

static int parse_owned(FORMAT_PARSE_ARGS)
{
	int err = text_expect(t, '{');

	(void)bytes;
	text_skip_blanks(t);
	return err ? err : text_expect(t, '}');
}

FORMAT_FIXED_MAX(max_owned, 2)

const struct spelling leaf_owned = {print_owned, parse_owned, max_owned, NULL};

/* Raw. */

static void print_raw(FORMAT_PRINT_ARGS)
{
	buf_add(out, bytes, l->size);
}

static int parse_raw(FORMAT_PARSE_ARGS)
{
	size_t left = t->len - t->pos;

	if (left < l->size)
		return diag_at(t->diag, EAGAIN, t->len, "%zu bytes of %" PRIu32, left, l->size);
	memcpy(bytes, t->s + t->pos, l->size);
	t->pos += l->size;
	return 0;
}

static size_t max_raw(FORMAT_MAX_ARGS)
{
	return l->size;
}

const struct spelling leaf_raw = {print_raw, parse_raw, max_raw, NULL};
