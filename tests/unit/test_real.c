/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/real.h"

/* The text is on the heap, exactly as long as it is, for the sanitizer. */
static int parse(const char *s, size_t len, void *bytes, size_t size, size_t *pos, struct diag *d)
{
	char *text = malloc(len + !len);
	struct text t = {.s = text, .len = len, .diag = d};
	int err;

	memcpy(text, s, len);
	*d = (struct diag){0};
	err = real_parse(&t, bytes, size);
	*pos = t.pos;
	if (err && (d->err != -err || !d->placed || !d->why[0] || d->offset > len))
		fail_msg("'%.*s': %d is not explained", (int)len, s, err);
	free(text);
	return err;
}

/* No beginning of a text that is complete is refused for good. */
static void check_prefixes(const char *s, size_t len, size_t size)
{
	for (size_t n = 0; n < len; n++) {
		struct diag d;
		double bytes;
		size_t pos;
		int err = parse(s, n, &bytes, size, &pos, &d);

		if (err && err != -EAGAIN)
			fail_msg("'%.*s': %s", (int)n, s, d.why);
	}
}

struct parse_case {
	const char *s;
	int err;
	size_t at; /* where the cursor stands, or where it went wrong */
	double number;
};

static void check_case(const struct parse_case *c, size_t size)
{
	struct diag d;
	double wide = 7;
	float narrow = 7, expected = (float)c->number;
	size_t pos;
	int err = parse(c->s, strlen(c->s), size == 4 ? (void *)&narrow : &wide, size, &pos, &d);

	if (err != c->err || (err ? d.offset : pos) != c->at)
		fail_msg("'%s': %d at %zu (%s)", c->s, err, err ? d.offset : pos, d.why);
	if (size == 4 && memcmp(&narrow, err ? &(float){7} : &expected, 4))
		fail_msg("'%s': %.9g", c->s, (double)narrow);
	if (size == 8 && memcmp(&wide, err ? &(double){7} : &c->number, 8))
		fail_msg("'%s': %.17g", c->s, wide);
	if (!err)
		check_prefixes(c->s, c->at, size);
}

static void test_parse(void **state)
{
	static const struct parse_case cases[] = {
		{"0", 0, 1, 0.0},
		{"-0", 0, 2, -0.0},
		{"-0.0e0", 0, 6, -0.0},
		{"1.5", 0, 3, 1.5},
		{"-12", 0, 3, -12},
		{"1e3", 0, 3, 1000},
		{"1E+3", 0, 4, 1000},
		{"125e-3", 0, 6, 0.125},
		{"0.5,1", 0, 3, 0.5},
		{"3]", 0, 1, 3},
		{"3\n", 0, 1, 3},
		{"1e-999", 0, 6, 0.0},
		{"-1e-99999999999999999999", 0, 24, -0.0},
		{"0e99999999999999999999", 0, 22, 0.0},
		{"", -EAGAIN, 0, 0},
		{"-", -EAGAIN, 1, 0},
		{"1.", -EAGAIN, 2, 0},
		{"1e", -EAGAIN, 2, 0},
		{"1.5e-", -EAGAIN, 5, 0},
		{"01", -EINVAL, 0, 0},
		{"-00", -EINVAL, 1, 0},
		{"00.5", -EINVAL, 0, 0},
		{".5", -EINVAL, 0, 0},
		{"1.,", -EINVAL, 2, 0},
		{"1.e5", -EINVAL, 2, 0},
		{"1e,", -EINVAL, 2, 0},
		{"1e+-5", -EINVAL, 3, 0},
		{"+1", -EINVAL, 0, 0},
		{"--1", -EINVAL, 1, 0},
		{" 1", -EINVAL, 0, 0},
		{"0x10", -EINVAL, 1, 0},
		{"1.5f", -EINVAL, 3, 0},
		{"1.5.5", -EINVAL, 3, 0},
		{"1_0", -EINVAL, 1, 0},
		{"inf", -EINVAL, 0, 0},
		{"-inf", -EINVAL, 1, 0},
		{"nan", -EINVAL, 0, 0},
		{"1e999", -EINVAL, 0, 0},
		{"-1e999", -EINVAL, 0, 0},
		{"1e99999999999999999999", -EINVAL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		check_case(&cases[i], 4);
		check_case(&cases[i], 8);
	}
}

/* Rounded once: over a double, the first two would be ties and go down. */
static void test_rounding(void **state)
{
	static const struct {
		const char *s;
		int err;
		float number;
	} cases[] = {
		{"1.00000005960464477539062500000000001", 0, 0x1.000002p0F},
		{"16777217.000000000000000000000000001", 0, 16777218},
		{"16777217", 0, 16777216},
		{"3.4028235677973367e38", -EINVAL, 0},
		{"3.40282356e38", 0, FLT_MAX},
		{"1e39", -EINVAL, 0},
		{"1e-45", 0, 0x1p-149F},
		{"7e-46", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d;
		float number = 0;
		size_t pos;
		int err = parse(cases[i].s, strlen(cases[i].s), &number, 4, &pos, &d);

		if (err != cases[i].err || memcmp(&number, &cases[i].number, 4))
			fail_msg("'%s': %d, %.9g", cases[i].s, err, (double)number);
	}
}

/* 1, zeros, and what follows; the digits alone are too large for any number. */
static int parse_zeros(size_t zeros, const char *behind, struct diag *d)
{
	size_t len = 1 + zeros + strlen(behind), pos;
	char *s = malloc(len + 1);
	double number;
	int err;

	snprintf(s, len + 1, "1%0*d%s", (int)zeros, 0, behind);
	err = parse(s, len, &number, 8, &pos, d);
	if (!err)
		check_prefixes(s, len, 8);
	free(s);
	return err;
}

static void test_long(void **state)
{
	static const struct {
		size_t zeros;
		const char *behind;
		int err;
		size_t at;
	} cases[] = {
		{308, "", 0, 0},
		{400, "e-300", 0, 0},
		{400, "", -EAGAIN, 0},
		{400, "e", -EAGAIN, 402},
		{400, "e-3", -EAGAIN, 0},
		{400, "e-3,", -EINVAL, 0},
		{400, ",", -EINVAL, 0},
		{400, "e3", -EINVAL, 0},
		{1094, "e-900", 0, 0},
		{1095, "e-900", -EINVAL, 1100},
		{1100, "", -EINVAL, 1100},
		{100000, "", -EINVAL, 1100},
		{2000, ".", -EINVAL, 1100},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d;
		int err = parse_zeros(cases[i].zeros, cases[i].behind, &d);

		if (err != cases[i].err || (err && d.offset != cases[i].at))
			fail_msg("%zu zeros%s: %d at %zu", cases[i].zeros, cases[i].behind, err,
				 d.offset);
	}
}

static void test_finite(void **state)
{
	static const double no[] = {INFINITY, -INFINITY, NAN, -NAN};
	static const double yes[] = {0, -0.0, 1, DBL_MAX, DBL_TRUE_MIN};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		assert_false(real_is_finite(&no[i], 8));
		assert_false(real_is_finite(&(float){(float)no[i]}, 4));
	}
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(real_is_finite(&yes[i], 8));
	assert_true(real_is_finite(&(float){FLT_MAX}, 4));
}

static void test_print(void **state)
{
	static const struct {
		double number;
		const char *narrow, *wide; /* NULL: no float */
	} cases[] = {
		{0, "0", "0"},
		{-0.0, "-0", "-0"},
		{1, "1", "1"},
		{-2.5, "-2.5", "-2.5"},
		{0.1, "0.1", "0.1"},
		{1.0 / 3, "0.33333334", "0.3333333333333333"},
		{100000, "100000", "100000"},
		{1e21, "1e+21", "1e+21"},
		{16777216, "16777216", "16777216"},
		{1.5e-7, "1.5e-07", "1.5e-07"},
		{0x1p-149, "1e-45", "1.401298464324817e-45"},
		{DBL_TRUE_MIN, NULL, "5e-324"},
		{DBL_MIN, NULL, "2.2250738585072014e-308"},
		{DBL_MAX, NULL, "1.7976931348623157e+308"},
		{FLT_MAX, "3.4028235e+38", "3.4028234663852886e+38"},
		/* powers of two whose shortest decimal is not the nearest */
		{0x1p-24, "5.9604645e-08", "5.960464477539063e-08"},
		{-0x1p-44, "-5.684342e-14", "-5.684341886080802e-14"},
		{0x1p+976, NULL, "6.386688990511104e+293"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_INIT(100);

		real_print(&cases[i].number, 8, &out);
		assert_buf(&out, cases[i].wide);
		if (!cases[i].narrow)
			continue;
		real_print(&(float){(float)cases[i].number}, 4, &out);
		assert_buf(&out, cases[i].narrow);
	}
}

static void check_back(const void *bytes, size_t size, struct buf *out)
{
	struct text t;
	double back;

	buf_clear(out);
	real_print(bytes, size, out);
	t = (struct text){.s = out->data, .len = out->len};
	if (real_parse(&t, &back, size) || !text_done(&t) || memcmp(&back, bytes, size))
		fail_msg("'%s' does not come back", out->data);
}

static void test_floats(void **state)
{
	static const uint32_t lower[] = {0, 1, 0x7fff, 0x8000, 0xffff};
	struct buf out = BUF_INIT(100);

	(void)state;
	for (uint32_t upper = 0; upper < 65536; upper++)
		for (size_t i = 0; i <= ARRAY_SIZE(lower); i++) {
			uint32_t low = i < ARRAY_SIZE(lower) ? lower[i] : random_below(65536);
			uint32_t bits = upper << 16 | low;

			if (real_is_finite(&bits, 4))
				check_back(&bits, 4, &out);
		}
	buf_free(&out);
}

static void test_doubles(void **state)
{
	struct buf out = BUF_INIT(100);

	(void)state;
	for (int round = 0; round < 1000000; round++) {
		uint64_t bits = random_number();
		double small = (double)random_below(1000000) / 1000;

		if (real_is_finite(&bits, 8))
			check_back(&bits, 8, &out);
		if (round % 4 == 0)
			check_back(&small, 8, &out);
	}
	for (int exponent = -1074; exponent < 1024; exponent++)
		check_back(&(double){ldexp(1, exponent)}, 8, &out);
	buf_free(&out);
}

/* No decimal of fewer digits is the same number, neither the nearest nor its neighbours. */
static void test_shortest(void **state)
{
	struct buf out = BUF_INIT(100);

	(void)state;
	for (int exponent = -149; exponent < 128; exponent++) {
		float number = ldexpf(1, exponent);
		int digits = 0;
		char s[32];

		buf_clear(&out);
		real_print(&number, 4, &out);
		for (const char *c = out.data; *c && *c != 'e'; c++)
			digits += *c >= '0' && *c <= '9' && (digits || *c != '0');
		for (int step = -1; digits > 1 && step <= 1; step++) {
			snprintf(s, sizeof(s), "%.*e", digits - 2, (double)number);
			*(strchr(s, 'e') - 1) = (char)(*(strchr(s, 'e') - 1) + step);
			if (strtof(s, NULL) == number)
				fail_msg("'%s' is longer than '%s'", out.data, s);
		}
	}
	buf_free(&out);
}

/* Bytes need not be aligned. */
static void test_unaligned(void **state)
{
	unsigned char bytes[9] = {0};
	struct text t = {.s = "1.5", .len = 3};
	struct buf out = BUF_INIT(100);

	(void)state;
	assert_int_equal(real_parse(&t, bytes + 1, 8), 0);
	assert_true(real_is_finite(bytes + 1, 8));
	real_print(bytes + 1, 8, &out);
	assert_buf(&out, "1.5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),     cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_long),      cmocka_unit_test(test_finite),
		cmocka_unit_test(test_print),     cmocka_unit_test(test_floats),
		cmocka_unit_test(test_doubles),   cmocka_unit_test(test_shortest),
		cmocka_unit_test(test_unaligned),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
