/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

static struct text text_of(const char *s, struct diag *d)
{
	*d = (struct diag){0};
	return (struct text){.s = s, .len = strlen(s), .diag = d};
}

/* The failure is explained, at the byte where it is expected. */
static void assert_explained(const char *s, int err, const struct diag *d, size_t offset)
{
	if (!err)
		return;
	if (d->err != -err || !d->placed || !d->why[0] || strchr(d->why, '\n'))
		fail_msg("'%s': %d is not explained", s, err);
	if (d->offset != offset)
		fail_msg("'%s': at %zu, not %zu (%s)", s, d->offset, offset, d->why);
}

static void test_unsigned(void **state)
{
	static const struct {
		const char *s;
		uint64_t max, number;
		int err;
		size_t at; /* where the cursor stands, or where it went wrong */
	} cases[] = {
		{"0", 255, 0, 0, 1},
		{"255", 255, 255, 0, 3},
		{"256", 255, 0, -EINVAL, 0},
		{"000000000000000000000000007", 7, 7, 0, 27},
		{"010", 255, 10, 0, 3},
		{"0x10", 255, 16, 0, 4},
		{"0XfF", 255, 255, 0, 4},
		{"0x100", 255, 0, -EINVAL, 0},
		{"0x0000000000000000000000ff", 255, 255, 0, 26},
		{"4294967295", UINT32_MAX, UINT32_MAX, 0, 10},
		{"4294967296", UINT32_MAX, 0, -EINVAL, 0},
		{"18446744073709551615", UINT64_MAX, UINT64_MAX, 0, 20},
		{"18446744073709551616", UINT64_MAX, 0, -EINVAL, 0},
		{"99999999999999999999999999", UINT64_MAX, 0, -EINVAL, 0},
		{"0xffffffffffffffff", UINT64_MAX, UINT64_MAX, 0, 18},
		{"0x10000000000000000", UINT64_MAX, 0, -EINVAL, 0},
		{"7,8", 255, 7, 0, 1},
		{"7 ", 255, 7, 0, 1},
		{"7]", 255, 7, 0, 1},
		{"", 255, 0, -EAGAIN, 0},
		{"0x", 255, 0, -EAGAIN, 2},
		{"0xg", 255, 0, -EINVAL, 2},
		{"0x,", 255, 0, -EINVAL, 2},
		{"-1", 255, 0, -EINVAL, 0},
		{"-0", 255, 0, -EINVAL, 0},
		{"+1", 255, 0, -EINVAL, 0},
		{" 1", 255, 0, -EINVAL, 0},
		{"1a", 255, 0, -EINVAL, 1},
		{"1_0", 255, 0, -EINVAL, 1},
		{"1.0", 255, 0, -EINVAL, 1},
		{"1e3", 5000, 0, -EINVAL, 1},
		{"999z", 255, 0, -EINVAL, 3},
		{"x10", 255, 0, -EINVAL, 0},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d;
		struct text t = text_of(cases[i].s, &d);
		uint64_t number;
		int err = text_unsigned(&t, cases[i].max, &number);

		if (err != cases[i].err || (!err && number != cases[i].number))
			fail_msg("'%s': %d, %" PRIu64, cases[i].s, err, number);
		assert_explained(cases[i].s, err, &d, cases[i].at);
		if (!err)
			assert_int_equal(t.pos, cases[i].at);
	}
}

static void test_signed(void **state)
{
	static const struct {
		const char *s;
		int64_t min, max, number;
		int err;
		size_t at;
	} cases[] = {
		{"-128", INT8_MIN, INT8_MAX, -128, 0, 4},
		{"127", INT8_MIN, INT8_MAX, 127, 0, 3},
		{"-129", INT8_MIN, INT8_MAX, 0, -EINVAL, 0},
		{"128", INT8_MIN, INT8_MAX, 0, -EINVAL, 0},
		{"-0", INT8_MIN, INT8_MAX, 0, 0, 2},
		{"-007", INT8_MIN, INT8_MAX, -7, 0, 4},
		{"0x7f", INT8_MIN, INT8_MAX, 127, 0, 4},
		{"0x80", INT8_MIN, INT8_MAX, 0, -EINVAL, 0},
		{"9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, 0, 19},
		{"9223372036854775808", INT64_MIN, INT64_MAX, 0, -EINVAL, 0},
		{"-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, 0, 20},
		{"-9223372036854775809", INT64_MIN, INT64_MAX, 0, -EINVAL, 0},
		{"-99999999999999999999", INT64_MIN, INT64_MAX, 0, -EINVAL, 0},
		{"-5", 0, 10, 0, -EINVAL, 0},
		{"-", INT8_MIN, INT8_MAX, 0, -EAGAIN, 1},
		{"--1", INT8_MIN, INT8_MAX, 0, -EINVAL, 1},
		{"- 1", INT8_MIN, INT8_MAX, 0, -EINVAL, 1},
		{"", INT8_MIN, INT8_MAX, 0, -EAGAIN, 0},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d;
		struct text t = text_of(cases[i].s, &d);
		int64_t number;
		int err = text_signed(&t, cases[i].min, cases[i].max, &number);

		if (err != cases[i].err || (!err && number != cases[i].number))
			fail_msg("'%s': %d, %" PRId64, cases[i].s, err, number);
		assert_explained(cases[i].s, err, &d, cases[i].at);
		if (!err)
			assert_int_equal(t.pos, cases[i].at);
	}
}

/* "an integer, decimal or 0x hex, '-' in front of a decimal one" */
static void test_negative_hex(void **state)
{
	struct diag d;
	struct text t = text_of("-0x5", &d);
	int64_t number;

	(void)state;
	assert_int_equal(text_signed(&t, -128, 127, &number), -EINVAL);
}

/* The value is that of the text in base 10, with its sign, or of "0x" in 16. */
static text_wide wide_of(const char *s)
{
	bool negative = *s == '-', is_hex = strncmp(s, "0x", 2) == 0;
	text_wide number = 0;

	for (s += is_hex ? 2 : negative; *s; s++)
		number = number * (is_hex ? 16 : 10) + (text_wide)text_hex_digit(*s);
	return negative ? 0 - number : number;
}

#define MAX_U128 "340282366920938463463374607431768211455"
#define MAX_S128 "170141183460469231731687303715884105727"
#define MIN_S128 "-170141183460469231731687303715884105728"

static void test_integer(void **state)
{
	static const struct {
		bool is_signed;
		unsigned int bits;
		const char *s;
		int err;
		size_t at;
		const char *why; /* if it matters */
	} cases[] = {
		{false, 1, "0", 0, 1, NULL},
		{false, 1, "1", 0, 1, NULL},
		{false, 1, "2", -EINVAL, 0, "out of range: 0 to 1"},
		{true, 1, "0", 0, 1, NULL},
		{true, 1, "-1", 0, 2, NULL},
		{true, 1, "1", -EINVAL, 0, "out of range: -1 to 0"},
		{true, 3, "-4", 0, 2, NULL},
		{true, 3, "-5", -EINVAL, 0, "out of range: -4 to 3"},
		{true, 3, "4", -EINVAL, 0, "out of range: -4 to 3"},
		{true, 3, "0x3", 0, 3, NULL},
		{true, 3, "0x4", -EINVAL, 0, "out of range: -4 to 3"},
		{true, 3, "-0", 0, 2, NULL},
		{true, 3, "-0x1", -EINVAL, 2, "a digit is expected here"},
		{false, 3, "-0", -EINVAL, 0, "the number is unsigned: 0 to 7"},
		{false, 7, "0127", 0, 4, NULL},
		{false, 7, "128", -EINVAL, 0, "out of range: 0 to 127"},
		{false, 33, "8589934591", 0, 10, NULL},
		{false, 64, "18446744073709551615", 0, 20, NULL},
		{false, 64, "18446744073709551616", -EINVAL, 0,
		 "out of range: 0 to 18446744073709551615"},
		{true, 64, "-9223372036854775808", 0, 20, NULL},
		{true, 64, "9223372036854775808", -EINVAL, 0,
		 "out of range: -9223372036854775808 to 9223372036854775807"},
		{false, 65, "36893488147419103231", 0, 20, NULL},
		{false, 65, "36893488147419103232", -EINVAL, 0,
		 "out of range: 0 to 36893488147419103231"},
		{false, 128, MAX_U128, 0, 39, NULL},
		{false, 128, "0xffffffffffffffffffffffffffffffff", 0, 34, NULL},
		{false, 128, "0x0ffffffffffffffffffffffffffffffff", 0, 35, NULL},
		{false, 128, "0x100000000000000000000000000000000", -EINVAL, 0,
		 "out of range: 0 to " MAX_U128},
		{false, 128, "340282366920938463463374607431768211456", -EINVAL, 0, NULL},
		{false, 128, "999999999999999999999999999999999999999", -EINVAL, 0, NULL},
		{true, 128, MAX_S128, 0, 39, NULL},
		{true, 128, MIN_S128, 0, 40, NULL},
		{true, 128, "170141183460469231731687303715884105728", -EINVAL, 0,
		 "out of range: " MIN_S128 " to " MAX_S128},
		{true, 128, "-170141183460469231731687303715884105729", -EINVAL, 0, NULL},
		{true, 128, "", -EAGAIN, 0, NULL},
		{true, 128, "-", -EAGAIN, 1, NULL},
		{true, 128, "0x", -EAGAIN, 2, NULL},
		{true, 128, "5z", -EINVAL, 1, NULL},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d;
		struct text t = text_of(cases[i].s, &d);
		text_wide number = 77;
		int err = text_integer(&t, cases[i].is_signed, cases[i].bits, &number);

		if (err != cases[i].err || number != (err ? 77 : wide_of(cases[i].s)))
			fail_msg("'%s': %d (%s)", cases[i].s, err, d.why);
		assert_explained(cases[i].s, err, &d, cases[i].at);
		if (cases[i].why)
			assert_string_equal(d.why, cases[i].why);
		if (!err)
			assert_int_equal(t.pos, cases[i].at);
	}
}

/* The limits of every width, and one beyond: what is printed is what is read. */
static void test_integer_limits(void **state)
{
	(void)state;
	for (unsigned int bits = 1; bits <= 128; bits++) {
		text_wide top = (text_wide)1 << (bits - 1);
		const struct {
			text_wide number;
			bool is_signed, fits;
		} cases[] = {
			{top - 1 + top, false, true}, {top, false, true},
			{top - 1, true, true},        {0 - top, true, true},
			{top, true, false},           {0 - top - 1, true, false},
			{top * 2, false, false},
		};

		for (unsigned int i = 0; i < ARRAY_SIZE(cases) - 3 * (bits == 128); i++) {
			struct buf out = BUF_INIT(100);
			text_wide number;
			struct text t;
			int err;

			text_print_integer(cases[i].number, cases[i].is_signed, &out);
			t = (struct text){.s = out.data, .len = out.len};
			err = text_integer(&t, cases[i].is_signed, bits, &number);
			if (err != (cases[i].fits ? 0 : -EINVAL) ||
			    (!err && number != cases[i].number))
				fail_msg("%u bits: '%s': %d", bits, out.data, err);
			buf_free(&out);
		}
	}
}

static void test_print_integer(void **state)
{
	static const char *const cases[] = {
		"0",
		"1",
		"9",
		"10",
		"99",
		"100",
		"101",
		"999",
		"1000",
		"65535",
		"4294967296",
		"9999999999999999999",
		"10000000000000000000",
		"18446744073709551615",
		"18446744073709551616",
		"100000000000000000000000000000000000000",
		"100000000000000000010000000000000000009",
		MAX_U128,
		"-1",
		"-10",
		"-128",
		"-9223372036854775808",
		"-18446744073709551616",
		MIN_S128,
	};
	struct buf out = BUF_INIT(100);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		text_print_integer(wide_of(cases[i]), cases[i][0] == '-', &out);
		assert_buf(&out, cases[i]);
	}
	text_print_integer((text_wide)-1, false, &out);
	assert_buf(&out, MAX_U128);
}

/* Any number of any width, against libc where it can, and its beginnings. */
static void test_integer_round_trip(void **state)
{
	(void)state;
	for (int round = 0; round < 100000; round++) {
		unsigned int bits = 1 + random_below(128);
		text_wide any = (text_wide)random_number() << 64 | random_number(), back;
		bool is_signed = random_below(2);
		struct buf out = BUF_INIT(100);
		struct text t;
		char expected[32];

		any >>= 128 - bits;
		if (is_signed && any >> (bits - 1))
			any |= ~(text_wide)0 << (bits - 1);
		text_print_integer(any, is_signed, &out);
		snprintf(expected, sizeof(expected), is_signed ? "%" PRId64 : "%" PRIu64,
			 (uint64_t)any);
		if (bits <= 64)
			assert_string_equal(out.data, expected);
		t = (struct text){.s = out.data, .len = out.len};
		assert_int_equal(text_integer(&t, is_signed, bits, &back), 0);
		assert_true(back == any && text_done(&t));
		for (size_t n = 0; n < out.len; n++) {
			t = (struct text){.s = out.data, .len = n};
			assert_int_not_equal(text_integer(&t, is_signed, bits, &back), -EINVAL);
		}
		buf_free(&out);
	}
}

/* Read to its end, so that what follows is judged as well. */
static void test_many_digits(void **state)
{
	static char s[10002];
	struct diag d;
	struct text t;
	text_wide number;
	uint64_t narrow;

	(void)state;
	memset(s, '9', 10000);
	t = text_of(s, &d);
	assert_int_equal(text_integer(&t, true, 128, &number), -EINVAL);
	assert_explained("9...", -EINVAL, &d, 0);
	s[10000] = 'z';
	t = text_of(s, &d);
	assert_int_equal(text_unsigned(&t, UINT64_MAX, &narrow), -EINVAL);
	assert_explained("9...z", -EINVAL, &d, 10000);
	memset(s, '0', 9999);
	s[10000] = '\0';
	t = text_of(s, &d);
	assert_int_equal(text_integer(&t, false, 4, &number), 0);
	assert_true(number == 9);
}

static void test_utf8_length(void **state)
{
	const unsigned char s[] = "\xf0\x9f\x98\x80";

	(void)state;
	assert_int_equal(text_utf8_length(s, 4), 4);
	assert_int_equal(text_utf8_length(s, 3), 0);
	assert_int_equal(text_utf8_length(s + 1, 3), 0);
	assert_int_equal(text_utf8_length(s, 0), 0);
	assert_int_equal(text_utf8_length(s + 4, 1), 1); /* NUL */
}

static void test_digits_and_words(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		const char *found = c ? strchr("0123456789abcdefABCDEF", c) : NULL;
		int expected = found ? (int)strtol((char[]){(char)c, '\0'}, NULL, 16) : -1;
		bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			    (c >= 'a' && c <= 'z') || c == '_' || c == '.';

		assert_int_equal(text_hex_digit((char)c), expected);
		assert_int_equal(text_is_word((char)c), word);
	}
}

static void test_hex(void **state)
{
	static const struct {
		const char *s;
		bool blanks;
		const char *bytes; /* three of them */
		int err;
		size_t at;
	} cases[] = {
		{"0102ff", false, "\x01\x02\xff", 0, 6},
		{"0102FF", false, "\x01\x02\xff", 0, 6},
		{"0x0102ff", false, "\x01\x02\xff", 0, 8},
		{"0X0102ff", false, "\x01\x02\xff", 0, 8},
		{"0102ff33", false, "\x01\x02\xff", 0, 6},
		{"01 02 ff", false, NULL, -EINVAL, 2},
		{"01 02 ff", true, "\x01\x02\xff", 0, 8},
		{"01\t02\n\r ff", true, "\x01\x02\xff", 0, 10},
		{"  01 02ff", true, "\x01\x02\xff", 0, 9},
		{"0x01 0x02 0xff", true, "\x01\x02\xff", 0, 14},
		{"0x0102 ff", true, "\x01\x02\xff", 0, 9},
		{"010x02ff", true, NULL, -EINVAL, 3},
		{"", false, NULL, -EAGAIN, 0},
		{"0", false, NULL, -EAGAIN, 1},
		{"0x", false, NULL, -EAGAIN, 2},
		{"01", false, NULL, -EAGAIN, 2},
		{"01020", false, NULL, -EAGAIN, 5},
		{"01 02 ", true, NULL, -EAGAIN, 6},
		{"0g", false, NULL, -EINVAL, 1},
		{"g", false, NULL, -EINVAL, 0},
		{"0 1 02 ff", true, NULL, -EINVAL, 1},
		{"0x0x0102ff", false, NULL, -EINVAL, 3},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned char bytes[4] = {0, 0, 0, 0xee};
		struct diag d;
		struct text t = text_of(cases[i].s, &d);
		int err = text_hex(&t, cases[i].blanks, bytes, 3);

		if (err != cases[i].err)
			fail_msg("'%s': %d, not %d (%s)", cases[i].s, err, cases[i].err, d.why);
		assert_explained(cases[i].s, err, &d, cases[i].at);
		if (!err)
			assert_int_equal(t.pos, cases[i].at);
		if (!err)
			assert_memory_equal(bytes, cases[i].bytes, 3);
		assert_int_equal(bytes[3], 0xee);
	}
}

static void test_print_hex(void **state)
{
	struct buf out = BUF_INIT(100);

	(void)state;
	text_print_hex("\x00\x7f\xff", 3, "", &out);
	assert_buf(&out, "007fff");
	text_print_hex("\x00\x7f\xff", 3, " ", &out);
	assert_buf(&out, "00 7f ff");
	text_print_hex("", 0, " ", &out);
	assert_buf(&out, "");
}

static void test_cursor(void **state)
{
	struct diag d;
	struct text t = text_of(" \t\r\n[1\v", &d);

	(void)state;
	assert_false(text_done(&t));
	text_skip_blanks(&t);
	assert_int_equal(t.pos, 4);
	assert_false(text_take(&t, ']'));
	assert_int_equal(text_expect(&t, ']'), -EINVAL);
	assert_explained("expect", -EINVAL, &d, 4);
	assert_true(text_take(&t, '['));
	assert_int_equal(text_expect(&t, '1'), 0);
	text_skip_blanks(&t);
	assert_int_equal(text_peek(&t), '\v');
	assert_int_equal(text_end(&t), -EINVAL);
	assert_explained("end", -EINVAL, &d, 6);
	assert_true(text_take(&t, '\v'));
	assert_true(text_done(&t));
	assert_int_equal(text_peek(&t), '\0');
	assert_int_equal(text_end(&t), 0);
	assert_false(text_take(&t, '\0'));
	assert_int_equal(text_expect(&t, 'x'), -EAGAIN);
	assert_explained("expect", -EAGAIN, &d, 7);
	assert_int_equal(text_missing(&t, "more"), -EAGAIN);
	assert_explained("missing", -EAGAIN, &d, 7);
}

/* A NUL byte is a byte like others: neither a blank nor an end. */
static void test_nul_bytes(void **state)
{
	struct text t = {.s = "\0\0", .len = 2};

	(void)state;
	text_skip_blanks(&t);
	assert_int_equal(t.pos, 0);
	assert_false(text_done(&t));
	assert_int_equal(text_end(&t), -EINVAL);
	assert_true(text_take(&t, '\0'));
	assert_int_equal(text_unsigned(&t, 9, &(uint64_t){0}), -EINVAL);
}

static bool escape_percent(unsigned char c, size_t at)
{
	return c == '%' || (c == '.' && at == 0);
}

static void test_escape(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{".a.b", "%2Ea.b"},
		{"100%", "100%25"},
		{"\x7f\x01", "\x7f\x01"},
		{"\xc3\xa4", "\xc3\xa4"},
		{"\xc3", "%C3"},
		{"\xc3\xc3\xa4", "%C3\xc3\xa4"},
		{"\xa4", "%A4"},
		{"\xc0\x80", "%C0%80"},                   /* overlong NUL */
		{"\xc1\xbf", "%C1%BF"},                   /* overlong 7f */
		{"\xc2\x80", "\xc2\x80"},                 /* U+0080, the first of 2 bytes */
		{"\xdf\xbf", "\xdf\xbf"},                 /* U+07FF */
		{"\xe0\x9f\xbf", "%E0%9F%BF"},            /* overlong U+07FF */
		{"\xe0\xa0\x80", "\xe0\xa0\x80"},         /* U+0800 */
		{"\xed\x9f\xbf", "\xed\x9f\xbf"},         /* U+D7FF */
		{"\xed\xa0\x80", "%ED%A0%80"},            /* a surrogate */
		{"\xee\x80\x80", "\xee\x80\x80"},         /* U+E000 */
		{"\xef\xbf\xbf", "\xef\xbf\xbf"},         /* U+FFFF */
		{"\xf0\x8f\xbf\xbf", "%F0%8F%BF%BF"},     /* overlong U+FFFF */
		{"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"}, /* U+10000 */
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"}, /* U+10FFFF */
		{"\xf4\x90\x80\x80", "%F4%90%80%80"},     /* beyond Unicode */
		{"\xf5\x80\x80\x80", "%F5%80%80%80"},
		{"\xff\xfe", "%FF%FE"},
		{"\xe2\x82", "%E2%82"}, /* cut short */
		{"\xe2\x82\x41", "%E2%82\x41"},
		{"\xf0\x9f\x98", "%F0%9F%98"},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_INIT(100), back = BUF_INIT(100);

		text_escape(cases[i].bytes, strlen(cases[i].bytes), escape_percent, &out);
		buf_adds(&out, "");
		text_unescape(out.data ? out.data : "", out.len, &back);
		buf_adds(&back, "");
		assert_buf(&back, cases[i].bytes);
		assert_buf(&out, cases[i].text);
	}
}

static void test_unescape(void **state)
{
	static const struct {
		const char *text, *bytes;
	} cases[] = {
		{"%41", "A"},         {"%2e%2E", ".."}, {"%", "%"},     {"%4", "%4"},
		{"%4g", "%4g"},       {"%%41", "%A"},   {"%g1", "%g1"}, {"a%41b", "aAb"},
		{"%25%34%31", "%41"}, {"100%", "100%"},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_INIT(100);

		text_unescape(cases[i].text, strlen(cases[i].text), &out);
		assert_buf(&out, cases[i].bytes);
	}
}

/* unescape(escape(bytes)) == bytes, for all bytes. */
static void test_escape_round_trip(void **state)
{
	unsigned char bytes[40];

	(void)state;
	for (int round = 0; round < 5000; round++) {
		struct buf out = BUF_INIT(200), back = BUF_INIT(200);
		size_t len = random_below(sizeof(bytes)) + 1;

		random_bytes(bytes, len);
		text_escape(bytes, len, escape_percent, &out);
		text_unescape(out.data, out.len, &back);
		assert_int_equal(back.len, len);
		assert_memory_equal(back.data, bytes, len);
		buf_free(&out);
		buf_free(&back);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unsigned),         cmocka_unit_test(test_signed),
		cmocka_unit_test(test_negative_hex),     cmocka_unit_test(test_hex),
		cmocka_unit_test(test_print_hex),        cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_nul_bytes),        cmocka_unit_test(test_escape),
		cmocka_unit_test(test_unescape),         cmocka_unit_test(test_escape_round_trip),
		cmocka_unit_test(test_integer),          cmocka_unit_test(test_integer_limits),
		cmocka_unit_test(test_print_integer),    cmocka_unit_test(test_integer_round_trip),
		cmocka_unit_test(test_many_digits),      cmocka_unit_test(test_utf8_length),
		cmocka_unit_test(test_digits_and_words),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
