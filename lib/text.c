/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

bool text_done(const struct text *t)
{
	return t->pos >= t->len;
}

char text_peek(const struct text *t)
{
	return text_done(t) ? '\0' : t->s[t->pos];
}

void text_skip_blanks(struct text *t)
{
	while (text_peek(t) && strchr(" \t\r\n", text_peek(t)))
		t->pos++;
}

bool text_take(struct text *t, char c)
{
	if (text_done(t) || t->s[t->pos] != c)
		return false;
	t->pos++;
	return true;
}

int text_expect(struct text *t, char c)
{
	if (text_take(t, c))
		return 0;
	if (text_done(t))
		return diag_at(t->diag, EAGAIN, t->pos, "the text ends where '%c' is missing", c);
	return diag_at(t->diag, EINVAL, t->pos, "'%c' is expected here", c);
}

int text_end(struct text *t)
{
	if (text_done(t))
		return 0;
	return diag_at(t->diag, EINVAL, t->pos, "nothing may follow the value");
}

int text_missing(struct text *t, const char *what)
{
	return diag_at(t->diag, EAGAIN, t->pos, "the text ends where %s is missing", what);
}

/* 0 to 15, or -1. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool take_0x(struct text *t)
{
	if (t->len - t->pos < 2 || t->s[t->pos] != '0' || (t->s[t->pos + 1] | 0x20) != 'x')
		return false;
	t->pos += 2;
	return true;
}

static bool is_word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '.';
}

/*
 * Digits up to the end of the word. A number too large for 64 bits is read to
 * its end all the same, so that "no digit" wins over "too large".
 */
static int digits(struct text *t, unsigned int base, uint64_t *out, bool *overflow)
{
	size_t start = t->pos;

	*out = 0;
	*overflow = false;
	for (; !text_done(t); t->pos++) {
		int digit = hex_digit(t->s[t->pos]);

		if (digit < 0 || digit >= (int)base)
			break;
		*overflow |= __builtin_mul_overflow(*out, base, out);
		*overflow |= __builtin_add_overflow(*out, (unsigned int)digit, out);
	}
	if (t->pos == start && text_done(t))
		return text_missing(t, "a number");
	if (t->pos == start || (!text_done(t) && is_word_byte(t->s[t->pos])))
		return diag_at(t->diag, EINVAL, t->pos, "a digit is expected here");
	return 0;
}

int text_unsigned(struct text *t, uint64_t max, uint64_t *out)
{
	size_t start = t->pos;
	bool overflow;
	int err;

	if (text_peek(t) == '-')
		return diag_at(t->diag, EINVAL, start, "the number is unsigned: 0 to %" PRIu64,
			       max);
	err = digits(t, take_0x(t) ? 16 : 10, out, &overflow);
	if (err)
		return err;
	if (overflow || *out > max)
		return diag_at(t->diag, EINVAL, start, "out of range: 0 to %" PRIu64, max);
	return 0;
}

int text_signed(struct text *t, int64_t min, int64_t max, int64_t *out)
{
	size_t start = t->pos;
	bool negative = text_take(t, '-');
	uint64_t number, limit;
	bool overflow;
	int err;

	err = digits(t, !negative && take_0x(t) ? 16 : 10, &number, &overflow);
	if (err)
		return err;
	limit = negative ? 0 - (uint64_t)min : (uint64_t)max;
	if (overflow || number > limit)
		return diag_at(t->diag, EINVAL, start, "out of range: %" PRId64 " to %" PRId64, min,
			       max);
	*out = (int64_t)(negative ? 0 - number : number);
	return 0;
}

static int hex_byte(struct text *t, unsigned char *byte)
{
	*byte = 0;
	for (int i = 0; i < 2; i++, t->pos++) {
		int digit = text_done(t) ? -1 : hex_digit(t->s[t->pos]);

		if (text_done(t))
			return text_missing(t, "a hex digit");
		if (digit < 0)
			return diag_at(t->diag, EINVAL, t->pos, "two hex digits make a byte");
		*byte = (unsigned char)(*byte << 4 | digit);
	}
	return 0;
}

int text_hex(struct text *t, bool blanks, void *bytes, size_t len)
{
	unsigned char *out = bytes;
	bool at_word = true;
	int err;

	for (size_t i = 0; i < len; i++) {
		if (blanks) {
			size_t before = t->pos;

			text_skip_blanks(t);
			at_word |= t->pos > before;
		}
		if (at_word)
			take_0x(t);
		at_word = false;
		if (i && text_done(t))
			return diag_at(t->diag, EAGAIN, t->pos, "%zu bytes of %zu", i, len);
		err = hex_byte(t, &out[i]);
		if (err)
			return err;
	}
	return 0;
}

static const char digits_of_hex[] = "0123456789abcdef";

void text_print_hex(const void *bytes, size_t len, const char *separator, struct buf *out)
{
	const unsigned char *in = bytes;

	for (size_t i = 0; i < len; i++) {
		if (i)
			buf_adds(out, separator);
		buf_addc(out, digits_of_hex[in[i] >> 4]);
		buf_addc(out, digits_of_hex[in[i] & 15]);
	}
}

/* The length of the UTF-8 sequence at s, 1 to 4; 0 if there is none (RFC 3629). */
static size_t utf8_length(const unsigned char *s, size_t len)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high;
		size_t len;
	} rows[] = {
		{0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = rows[i].len;

		if (s[0] < rows[i].first_low || s[0] > rows[i].first_high)
			continue;
		if (n > len || (n > 1 && (s[1] < rows[i].second_low || s[1] > rows[i].second_high)))
			return 0;
		for (size_t k = 2; k < n; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return n;
	}
	return 0;
}

bool text_is_control(unsigned char c, size_t at)
{
	(void)at;
	return c < ' ' || c == 0x7f;
}

void text_escape(const void *bytes, size_t len, bool (*must_escape)(unsigned char c, size_t at),
		 struct buf *out)
{
	const unsigned char *s = bytes;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_length(s + i, len - i);
		if (n > 1 || (n == 1 && !must_escape(s[i], i))) {
			buf_add(out, s + i, n);
			continue;
		}
		n = 1;
		buf_addf(out, "%%%02X", s[i]);
	}
}

void text_unescape(const char *s, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '%' && len - i > 2 && hex_digit(s[i + 1]) >= 0 &&
		    hex_digit(s[i + 2]) >= 0) {
			buf_addc(out, (char)(hex_digit(s[i + 1]) << 4 | hex_digit(s[i + 2])));
			i += 2;
		} else {
			buf_addc(out, s[i]);
		}
	}
}
