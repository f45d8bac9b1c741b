/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/text.h"

#include <errno.h>
#include <string.h>

bool text_done(const struct text *t)
{
	return t->pos >= t->len;
}

char text_peek(const struct text *t)
{
	return text_done(t) ? '\0' : t->s[t->pos];
}

bool text_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void text_skip_blanks(struct text *t)
{
	while (t->pos < t->len && text_is_blank(t->s[t->pos]))
		t->pos++;
}

bool text_take(struct text *t, char c)
{
	if (text_done(t) || t->s[t->pos] != c)
		return false;
	t->pos++;
	return true;
}

/* Where a person sees the end of the text: before the newline that ends its line. */
static size_t end_of_line(const struct text *t)
{
	size_t at = t->pos;

	if (at < t->len)
		return at;
	while (at && t->s[at - 1] == '\n')
		at--;
	return at;
}

int text_expect(struct text *t, char c)
{
	if (text_take(t, c))
		return 0;
	if (text_done(t))
		return diag_at(t->diag, EAGAIN, end_of_line(t),
			       "the text ends where '%c' is missing", c);
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
	return diag_at(t->diag, EAGAIN, end_of_line(t), "the text ends where %s is missing", what);
}

bool text_is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '.';
}

int text_hex_digit(char c)
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

static bool take_digit(struct text *t, unsigned int base, unsigned int *digit)
{
	int value = text_done(t) ? -1 : text_hex_digit(t->s[t->pos]);

	if (value < 0 || value >= (int)base)
		return false;
	*digit = (unsigned int)value;
	t->pos++;
	return true;
}

/*
 * Digits, without a look at what follows. So many as fit 64 bits for sure are
 * read there, since 128 bits are slow. Returns false if 128 bits are too few;
 * the digits are read to their end all the same.
 */
static bool take_digits(struct text *t, unsigned int base, text_wide *out)
{
	size_t narrow = t->pos + (base == 16 ? 16 : 19);
	unsigned int digit;
	uint64_t low = 0;
	bool fits = true;

	while (t->pos < narrow && take_digit(t, base, &digit))
		low = low * base + digit;
	*out = low;
	while (take_digit(t, base, &digit)) {
		fits = fits && !__builtin_mul_overflow(*out, (text_wide)base, out) &&
		       !__builtin_add_overflow(*out, (text_wide)digit, out);
	}
	return fits;
}

/* A number up to the end of the word: "no digit" wins over "too large". */
static int digits(struct text *t, unsigned int base, text_wide *out, bool *overflow)
{
	size_t start = t->pos;

	*overflow = !take_digits(t, base, out);
	if (t->pos == start && text_done(t))
		return text_missing(t, "a number");
	if (t->pos == start || text_is_word(text_peek(t)))
		return diag_at(t->diag, EINVAL, t->pos, "a digit is expected here");
	return 0;
}

enum { DECIMAL_ROOM = 40 }; /* of 128 bits, with the sign */

static const char two_digits[] = "00010203040506070809101112131415161718192021222324"
				 "25262728293031323334353637383940414243444546474849"
				 "50515253545556575859606162636465666768697071727374"
				 "75767778798081828384858687888990919293949596979899";

/* Writes number so that it ends before end. Returns where it begins. */
static char *put_narrow(uint64_t number, char *end)
{
	for (; number >= 100; number /= 100) {
		end -= 2;
		memcpy(end, &two_digits[number % 100 * 2], 2);
	}
	if (number < 10) {
		*--end = (char)('0' + number);
		return end;
	}
	return memcpy(end - 2, &two_digits[number * 2], 2);
}

static char *put_wide(text_wide number, char *end)
{
	const uint64_t part = 10000000000000000000U; /* 19 digits */

	while (number >> 64) {
		char *begin = put_narrow((uint64_t)(number % part), end);

		end -= 19;
		memset(end, '0', (size_t)(begin - end));
		number /= part;
	}
	return put_narrow((uint64_t)number, end);
}

static char *put_signed(bool negative, text_wide magnitude, char *end)
{
	end = put_wide(magnitude, end);
	if (negative && magnitude)
		*--end = '-';
	return end;
}

void text_print_integer(text_wide number, bool is_signed, struct buf *out)
{
	bool negative = is_signed && number >> 127;
	char room[DECIMAL_ROOM], *end = room + sizeof(room);
	char *begin = put_signed(negative, negative ? 0 - number : number, end);

	buf_add(out, begin, (size_t)(end - begin));
}

struct range {
	bool is_signed;
	text_wide below; /* how far it goes below zero */
	text_wide max;
};

static int refuse_range(struct text *t, size_t at, const struct range *r, const char *why)
{
	char min[DECIMAL_ROOM + 1] = "", max[DECIMAL_ROOM + 1] = "";

	return diag_at(t->diag, EINVAL, at, "%s: %s to %s", why,
		       put_signed(true, r->below, min + DECIMAL_ROOM),
		       put_signed(false, r->max, max + DECIMAL_ROOM));
}

/* In two's complement of 128 bits. */
static int integer(struct text *t, const struct range *r, text_wide *out)
{
	size_t start = t->pos;
	bool negative = text_take(t, '-'), overflow;
	text_wide number;
	int err;

	if (negative && !r->is_signed)
		return refuse_range(t, start, r, "the number is unsigned");
	err = digits(t, !negative && take_0x(t) ? 16 : 10, &number, &overflow);
	if (err)
		return err;
	if (overflow || number > (negative ? r->below : r->max))
		return refuse_range(t, start, r, "out of range");
	*out = negative ? 0 - number : number;
	return 0;
}

int text_integer(struct text *t, bool is_signed, unsigned int bits, text_wide *out)
{
	const text_wide top = (text_wide)1 << (bits - 1);
	const struct range range = {
		.is_signed = is_signed,
		.below = is_signed ? top : 0,
		.max = is_signed ? top - 1 : top - 1 + top,
	};

	return integer(t, &range, out);
}

int text_unsigned(struct text *t, uint64_t max, uint64_t *out)
{
	const struct range range = {.max = max};
	text_wide number;
	int err = integer(t, &range, &number);

	if (!err)
		*out = (uint64_t)number;
	return err;
}

int text_signed(struct text *t, int64_t min, int64_t max, int64_t *out)
{
	const struct range range = {
		.is_signed = true,
		.below = 0 - (uint64_t)min,
		.max = (uint64_t)max,
	};
	text_wide number;
	int err = integer(t, &range, &number);

	if (!err)
		*out = (int64_t)number;
	return err;
}

static int hex_byte(struct text *t, unsigned char *byte)
{
	*byte = 0;
	for (int i = 0; i < 2; i++, t->pos++) {
		int digit = text_done(t) ? -1 : text_hex_digit(t->s[t->pos]);

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

size_t text_utf8_length(const unsigned char *s, size_t len)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high;
		size_t len;
	} rows[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	if (!len || s[0] < 0x80)
		return len > 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = rows[i].len;

		if (s[0] < rows[i].first_low || s[0] > rows[i].first_high)
			continue;
		if (n > len || s[1] < rows[i].second_low || s[1] > rows[i].second_high)
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
		n = text_utf8_length(s + i, len - i);
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
		if (s[i] == '%' && len - i > 2 && text_hex_digit(s[i + 1]) >= 0 &&
		    text_hex_digit(s[i + 2]) >= 0) {
			buf_addc(out,
				 (char)(text_hex_digit(s[i + 1]) << 4 | text_hex_digit(s[i + 2])));
			i += 2;
		} else {
			buf_addc(out, s[i]);
		}
	}
}
