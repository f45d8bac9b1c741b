/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/real.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every float is a double, so only rounding needs to know the size. */
static double load(const void *bytes, size_t size)
{
	double wide;
	float narrow;

	if (size == sizeof(narrow)) {
		memcpy(&narrow, bytes, sizeof(narrow));
		return (double)narrow;
	}
	memcpy(&wide, bytes, sizeof(wide));
	return wide;
}

static void store(double number, void *bytes, size_t size)
{
	float narrow = (float)number;

	memcpy(bytes, size == sizeof(narrow) ? (void *)&narrow : (void *)&number, size);
}

/* Rounded once, to that size. */
static double round_text(const char *s, size_t size)
{
	return size == sizeof(float) ? (double)strtof(s, NULL) : strtod(s, NULL);
}

bool real_is_finite(const void *bytes, size_t size)
{
	return isfinite(load(bytes, size));
}

enum { PRINT_ROOM = 32 };

/*
 * So many digits, if they give number back. The nearest decimal does it if any
 * does, but at a power of two: below it the floats are twice as dense as above,
 * and the next decimal above may do it where the nearest, below, does not. (If
 * that one ends in 0, it has fewer digits and was no good.)
 */
static bool print_digits(double number, size_t size, int digits, char room[PRINT_ROOM])
{
	char *last;

	snprintf(room, PRINT_ROOM, "%.*g", digits, number);
	if (round_text(room, size) == number)
		return true;
	if (frexp(fabs(number), &(int){0}) != 0.5)
		return false;
	snprintf(room, PRINT_ROOM, "%.*e", digits - 1, number);
	last = strchr(room, 'e') - 1;
	if (*last == '9')
		return false;
	++*last;
	return round_text(room, size) == number;
}

/*
 * A decimal of DIG digits comes back from a normal number as it was, so that no
 * search below DIG is needed; "%g" drops its zeros. Denormal ones carry less.
 */
void real_print(const void *bytes, size_t size, struct buf *out)
{
	bool narrow = size == sizeof(float);
	double number = load(bytes, size);
	bool normal = number == 0 || fabs(number) >= (narrow ? (double)FLT_MIN : DBL_MIN);
	int digits = !normal ? 1 : narrow ? FLT_DIG : DBL_DIG;
	char room[PRINT_ROOM];

	while (!print_digits(number, size, digits, room) && digits < DBL_DECIMAL_DIG)
		digits++;
	buf_adds(out, room);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One or more. */
static int skip_digits(struct text *t)
{
	size_t start = t->pos;

	while (is_digit(text_peek(t)))
		t->pos++;
	if (t->pos > start)
		return 0;
	if (text_done(t))
		return text_missing(t, "a digit");
	return diag_at(t->diag, EINVAL, t->pos, "a digit is expected here");
}

static int skip_integer(struct text *t)
{
	if (!text_take(t, '0'))
		return skip_digits(t);
	if (is_digit(text_peek(t)))
		return diag_at(t->diag, EINVAL, t->pos - 1, "no zero may lead");
	return 0;
}

static int skip_exponent(struct text *t)
{
	if (!text_take(t, '+'))
		text_take(t, '-');
	return skip_digits(t);
}

/* The grammar of RFC 8259, section 6. */
static int skip_number(struct text *t)
{
	int err;

	text_take(t, '-');
	err = skip_integer(t);
	if (!err && text_take(t, '.'))
		err = skip_digits(t);
	if (!err && (text_take(t, 'e') || text_take(t, 'E')))
		err = skip_exponent(t);
	if (!err && text_is_word(text_peek(t)))
		err = diag_at(t->diag, EINVAL, t->pos, "the number ends here");
	return err;
}

enum { PARSE_MAX = 1100 };

/* An exponent below zero, which may be still to come, would bring it back. */
static int refuse_range(struct text *t, size_t start, const char *s, size_t size)
{
	const char *e = strpbrk(s, "eE");
	bool hope = text_done(t) && (!e || e[1] == '-');

	return diag_at(t->diag, hope ? EAGAIN : EINVAL, start, "beyond the range of a %s",
		       size == sizeof(float) ? "float" : "double");
}

int real_parse(struct text *t, void *bytes, size_t size)
{
	size_t start = t->pos, len;
	char s[PARSE_MAX + 1];
	double number;
	int err = skip_number(t);

	len = t->pos - start;
	if (len > PARSE_MAX)
		return diag_at(t->diag, EINVAL, start + PARSE_MAX,
			       "too long: at most %d characters", PARSE_MAX);
	if (err)
		return err;
	memcpy(s, t->s + start, len);
	s[len] = '\0';
	number = round_text(s, size);
	if (isinf(number))
		return refuse_range(t, start, s, size);
	store(number, bytes, size);
	return 0;
}
