/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/quote.h"

/* Bytes that may hold NULs, and how many. */
#define BYTES(s) s, sizeof(s) - 1

typedef int parse_fn(struct text *t, void *bytes, size_t max, size_t *len);

struct parsed {
	unsigned char bytes[256];
	size_t len;
	size_t pos;
	struct diag diag;
};

/* Text and room are on the heap, exactly as large as they are, for the sanitizer. */
static int parse(parse_fn *fn, const void *s, size_t len, size_t max, struct parsed *out)
{
	char *text = malloc(len + !len), *bytes = malloc(max + !max);
	struct text t = {.s = text, .len = len, .diag = &out->diag};
	int err;

	memcpy(text, s, len);
	*out = (struct parsed){.len = SIZE_MAX};
	err = fn(&t, bytes, max, &out->len);
	out->pos = t.pos;
	if (!err)
		memcpy(out->bytes, bytes, out->len);
	else if (out->len != SIZE_MAX)
		fail_msg("'%.*s': a length without bytes", (int)len, text);
	free(text);
	free(bytes);
	return err;
}

struct parse_case {
	const char *s;
	size_t len;
	size_t max;
	const char *bytes; /* NULL: an error */
	size_t bytes_len;  /* or a positive errno */
	size_t at;         /* where the cursor stands, or where it went wrong */
};

#define REFUSED NULL, EINVAL
#define TOO_EARLY NULL, EAGAIN

static void check_case(parse_fn *fn, const struct parse_case *c)
{
	struct parsed p;
	int err = parse(fn, c->s, c->len, c->max, &p), expected = c->bytes ? 0 : (int)c->bytes_len;

	if (err != -expected)
		fail_msg("'%s': %d, not %d (%s)", c->s, err, -expected, p.diag.why);
	if (err && (p.diag.err != expected || !p.diag.placed || p.diag.offset != c->at))
		fail_msg("'%s': at %zu, not %zu (%s)", c->s, p.diag.offset, c->at, p.diag.why);
	if (err)
		return;
	if (p.pos != c->at || p.len != c->bytes_len || memcmp(p.bytes, c->bytes, p.len))
		fail_msg("'%s': %zu bytes up to %zu: '%.*s'", c->s, p.len, p.pos, (int)p.len,
			 (char *)p.bytes);
}

/* No beginning of a text that is complete is refused for good. */
static void check_prefixes(parse_fn *fn, const void *s, size_t len, size_t max)
{
	for (size_t n = 0; n < len; n++) {
		struct parsed p;
		int err = parse(fn, s, n, max, &p);

		if (err && err != -EAGAIN)
			fail_msg("'%.*s': %s", (int)n, (const char *)s, p.diag.why);
		if (err && (p.diag.err != EAGAIN || !p.diag.placed || p.diag.offset > n))
			fail_msg("'%.*s' is not explained", (int)n, (const char *)s);
	}
}

static void check_cases(parse_fn *fn, const struct parse_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		check_case(fn, &cases[i]);
		if (cases[i].bytes)
			check_prefixes(fn, cases[i].s, cases[i].at, cases[i].max);
	}
}

static void test_parse_json(void **state)
{
	static const struct parse_case cases[] = {
		{BYTES("\"\""), 0, BYTES(""), 2},
		{BYTES("\"abc\""), 3, BYTES("abc"), 5},
		{BYTES("\"abc\",1"), 9, BYTES("abc"), 5},
		{BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), 8, BYTES("\"\\/\b\f\n\r\t"), 18},
		{BYTES("\"\\u0000x\\u0000\""), 3, BYTES("\0x\0"), 15},
		{BYTES("\"\\u007f\\u0080\""), 3, BYTES("\x7f\xc2\x80"), 14},
		{BYTES("\"\\u07ff\\u0800\""), 5, BYTES("\xdf\xbf\xe0\xa0\x80"), 14},
		{BYTES("\"\\uD7FF\\ue000\\uffff\""), 9,
		 BYTES("\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), 20},
		{BYTES("\"\\ud83d\\uDE00\""), 4, BYTES("\xf0\x9f\x98\x80"), 14},
		{BYTES("\"\\ud800\\udc00\\udbff\\udfff\""), 8,
		 BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), 26},
		{BYTES("\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f\""), 10,
		 BYTES("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f"), 12},
		/* too early */
		{BYTES(""), 9, TOO_EARLY, 0},
		{BYTES("\""), 9, TOO_EARLY, 1},
		{BYTES("\"\\"), 9, TOO_EARLY, 2},
		{BYTES("\"\\u00e"), 9, TOO_EARLY, 6},
		{BYTES("\"\\ud83d"), 9, TOO_EARLY, 7},
		{BYTES("\"\\ud83d\\"), 9, TOO_EARLY, 8},
		{BYTES("\"\\ud83d\\ude"), 9, TOO_EARLY, 11},
		{BYTES("\"a\xc3"), 9, TOO_EARLY, 3},
		{BYTES("\"\xe0"), 9, TOO_EARLY, 2},
		{BYTES("\"\xed\x9f"), 9, TOO_EARLY, 3},
		{BYTES("\"\xf4\x8f\xbf"), 9, TOO_EARLY, 4},
		{BYTES("\"\xf0"), 9, TOO_EARLY, 2},
		/* wrong */
		{BYTES("abc"), 9, REFUSED, 0},
		{BYTES("'abc'"), 9, REFUSED, 0},
		{BYTES("\"\\x41\""), 9, REFUSED, 2},
		{BYTES("\"\\0\""), 9, REFUSED, 2},
		{BYTES("\"\\\0\""), 9, REFUSED, 2},
		{BYTES("\"\\u00g0\""), 9, REFUSED, 5},
		{BYTES("\"\\u12\""), 9, REFUSED, 5},
		{BYTES("\"a\\udc00\""), 9, REFUSED, 2},
		{BYTES("\"a\\ud800\""), 9, REFUSED, 2},
		{BYTES("\"a\\ud800x\""), 9, REFUSED, 2},
		{BYTES("\"a\\ud800\\n\""), 9, REFUSED, 2},
		{BYTES("\"a\\ud800\\u0041\""), 9, REFUSED, 2},
		{BYTES("\"a\\ud800\\ud800\""), 9, REFUSED, 2},
		{BYTES("\"a\nb\""), 9, REFUSED, 2},
		{BYTES("\"a\tb\""), 9, REFUSED, 2},
		{BYTES("\"a\0b\""), 9, REFUSED, 2},
		{BYTES("\"\xff\""), 9, REFUSED, 1},
		{BYTES("\"a\xc3\""), 9, REFUSED, 2},
		{BYTES("\"\xc0\x80\""), 9, REFUSED, 1},
		{BYTES("\"\xc0"), 9, REFUSED, 1},
		{BYTES("\"\xed\xa0"), 9, REFUSED, 1},
		{BYTES("\"\xed\xa0\x80\""), 9, REFUSED, 1},
		{BYTES("\"\xf4\x90"), 9, REFUSED, 1},
		/* too long */
		{BYTES("\"abcd\""), 3, REFUSED, 4},
		{BYTES("\"abc\\u0000\""), 3, REFUSED, 4},
		{BYTES("\"abc\\"), 3, REFUSED, 4},
		{BYTES("\"ab\\u0800\""), 3, REFUSED, 3},
		{BYTES("\"ab\xe2\x82\xac\""), 4, REFUSED, 5},
		{BYTES("\"ab\xe2\x82"), 3, REFUSED, 4},
		{BYTES("\"a\""), 0, REFUSED, 1},
	};

	(void)state;
	check_cases(quote_parse_json, cases, ARRAY_SIZE(cases));
}

static void test_parse_text(void **state)
{
	static const struct parse_case cases[] = {
		{BYTES(""), 0, BYTES(""), 0},
		{BYTES("\n"), 0, BYTES(""), 1},
		{BYTES("abc"), 3, BYTES("abc"), 3},
		{BYTES("abc\n"), 3, BYTES("abc"), 4},
		{BYTES(" a,\"b/ \n"), 7, BYTES(" a,\"b/ "), 8},
		{BYTES("\\\\n\\n\\t\\r"), 5, BYTES("\\n\n\t\r"), 9},
		{BYTES("\\x00\\xfF\\x0A\n"), 3, BYTES("\0\xff\n"), 13},
		{BYTES("\xff\t\0\x7f\r\n"), 5, BYTES("\xff\t\0\x7f\r"), 6},
		/* too early */
		{BYTES("a\\"), 9, TOO_EARLY, 2},
		{BYTES("a\\x"), 9, TOO_EARLY, 3},
		{BYTES("a\\x4"), 9, TOO_EARLY, 4},
		/* wrong */
		{BYTES("a\nb"), 9, REFUSED, 1},
		{BYTES("a\n\n"), 9, REFUSED, 1},
		{BYTES("a\\\n"), 9, REFUSED, 2},
		{BYTES("a\\x\n"), 9, REFUSED, 3},
		{BYTES("a\\x4\n"), 9, REFUSED, 4},
		{BYTES("a\\xg0"), 9, REFUSED, 3},
		{BYTES("a\\x0g"), 9, REFUSED, 4},
		{BYTES("\\0"), 9, REFUSED, 1},
		{BYTES("\\\""), 9, REFUSED, 1},
		{BYTES("\\u0041"), 9, REFUSED, 1},
		{BYTES("\\N"), 9, REFUSED, 1},
		/* too long */
		{BYTES("abcd\n"), 3, REFUSED, 3},
		{BYTES("abc\\n"), 3, REFUSED, 3},
		{BYTES("abc\\"), 3, REFUSED, 3},
		{BYTES("a"), 0, REFUSED, 0},
	};

	(void)state;
	check_cases(quote_parse_text, cases, ARRAY_SIZE(cases));
}

static void test_parse_name(void **state)
{
	static const struct parse_case cases[] = {
		{BYTES("a"), 1, BYTES("a"), 1},
		{BYTES("ab,cd"), 2, BYTES("ab"), 2},
		{BYTES("a.b \\\""), 6, BYTES("a.b \\\""), 6},
		{BYTES("%2Ea%2f%2C%25%0a"), 6, BYTES(".a/,%\n"), 16},
		{BYTES("%00"), 1, BYTES("\0"), 3},
		{BYTES("%00a%00"), 3, BYTES("\0a\0"), 7},
		{BYTES("\xff\xc3\xa4%fF"), 4, BYTES("\xff\xc3\xa4\xff"), 6},
		{BYTES("a."), 2, BYTES("a."), 2},
		/* too early */
		{BYTES(""), 9, TOO_EARLY, 0},
		{BYTES("a%"), 9, TOO_EARLY, 2},
		{BYTES("a%2"), 9, TOO_EARLY, 3},
		/* wrong */
		{BYTES(","), 9, REFUSED, 0},
		{BYTES(".a"), 9, REFUSED, 0},
		{BYTES("."), 9, REFUSED, 0},
		{BYTES("a/b"), 9, REFUSED, 1},
		{BYTES("a\nb"), 9, REFUSED, 1},
		{BYTES("a\0b"), 9, REFUSED, 1},
		{BYTES("a\x7f"), 9, REFUSED, 1},
		{BYTES("a%,"), 9, REFUSED, 2},
		{BYTES("a%2,"), 9, REFUSED, 3},
		{BYTES("a%g0"), 9, REFUSED, 2},
		{BYTES("a%%25"), 9, REFUSED, 2},
		/* too long */
		{BYTES("abcd"), 3, REFUSED, 3},
		{BYTES("abc%00"), 3, REFUSED, 3},
		{BYTES("abc%"), 3, REFUSED, 3},
	};

	(void)state;
	check_cases(quote_parse_name, cases, ARRAY_SIZE(cases));
}

/* A dot is raw in the second field, and an empty field is wrong, not cut short. */
static void test_second_field(void **state)
{
	struct text t = {.s = "a,.b,,c", .len = 7};
	char bytes[4];
	size_t len = 0;

	(void)state;
	assert_int_equal(quote_parse_name(&t, bytes, 4, &len), 0);
	assert_true(text_take(&t, ','));
	assert_int_equal(quote_parse_name(&t, bytes, 4, &len), 0);
	assert_int_equal(len, 2);
	assert_memory_equal(bytes, ".b", 2);
	assert_true(text_take(&t, ','));
	assert_int_equal(quote_parse_name(&t, bytes, 4, &len), -EINVAL);
	t = (struct text){.s = "a,", .len = 2, .pos = 2};
	assert_int_equal(quote_parse_name(&t, bytes, 4, &len), -EAGAIN);
}

static void test_reasons(void **state)
{
	static const struct {
		parse_fn *fn;
		const char *s, *why;
	} cases[] = {
		{quote_parse_name, ".a", "a leading dot is written %2E"},
		{quote_parse_name, "a/", "a slash is written %2F"},
		{quote_parse_name, "a\n", "a control character is written %0A"},
		{quote_parse_name, ",", "the empty text is written %00"},
		{quote_parse_name, "abcdefghi", "too long: at most 8 bytes"},
		{quote_parse_text, "a\nb", "only one line; a newline is written \\n"},
		{quote_parse_json, "\"a\nb", "a control character is written \\u000a"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct parsed p;

		parse(cases[i].fn, cases[i].s, strlen(cases[i].s), 8, &p);
		assert_string_equal(p.diag.why, cases[i].why);
	}
}

static void test_print(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *json, *text, *name; /* json is NULL if it is no UTF-8 */
	} cases[] = {
		{BYTES(""), "\"\"", "", "%00"},
		{BYTES("abc"), "\"abc\"", "abc", "abc"},
		{BYTES("a/b,c%d"), "\"a/b,c%d\"", "a/b,c%d", "a%2Fb%2Cc%25d"},
		{BYTES("..a"), "\"..a\"", "..a", "%2E.a"},
		{BYTES("\"\\"), "\"\\\"\\\\\"", "\"\\\\", "\"\\"},
		{BYTES("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"", "\\x08\\x0c\\n\\x0d\\x09",
		 "%08%0C%0A%0D%09"},
		{BYTES("\0\x1b\x1f \x7f"), "\"\\u0000\\u001b\\u001f \\u007f\"",
		 "\\x00\\x1b\\x1f \\x7f", "%00%1B%1F %7F"},
		{BYTES("\xc2\x80\xc2\x9f\xc2\xa0"), "\"\\u0080\\u009f\xc2\xa0\"",
		 "\\xc2\\x80\\xc2\\x9f\xc2\xa0", "\xc2\x80\xc2\x9f\xc2\xa0"},
		{BYTES("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
		 "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		 "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{BYTES("a\xff\xc3"), NULL, "a\\xff\\xc3", "a%FF%C3"},
		{BYTES("\xc2"), NULL, "\\xc2", "%C2"},
		{BYTES("\xed\xa0\x80"), NULL, "\\xed\\xa0\\x80", "%ED%A0%80"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *bytes = cases[i].bytes;
		struct buf out = BUF_INIT(100);

		assert_int_equal(quote_is_utf8(bytes, cases[i].len), cases[i].json != NULL);
		if (cases[i].json) {
			quote_print_json(bytes, cases[i].len, &out);
			assert_buf(&out, cases[i].json);
		}
		quote_print_text(bytes, cases[i].len, &out);
		assert_buf(&out, cases[i].text);
		quote_print_name(bytes, cases[i].len, true, &out);
		assert_buf(&out, cases[i].name);
	}
}

static void test_print_later_field(void **state)
{
	struct buf out = BUF_INIT(100);

	(void)state;
	quote_print_name(".a", 2, false, &out);
	assert_buf(&out, ".a");
}

/* Any bytes; often UTF-8 in great part, or what escapes are made of. */
static size_t random_text(unsigned char *bytes, size_t max)
{
	static const char *const parts[] = {
		"\xc3\xa4", "\xc2\x9b", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\\u00",    "\\x4",     "%2",           ".",
		",",        "/",        "\"",           "\n",
		"abc",      "\xe2\x82", "%00"};
	size_t len = random_below((uint32_t)max + 1);

	if (random_below(2)) {
		random_bytes(bytes, len);
		return len;
	}
	for (size_t i = 0; i < len;) {
		const char *part = parts[random_below(ARRAY_SIZE(parts))];

		for (; *part && i < len; part++)
			bytes[i++] = (unsigned char)*part;
	}
	return len;
}

/* What is printed is one line, valid, and gives the bytes back. */
static void check_back(parse_fn *fn, struct buf *out, const void *bytes, size_t len,
		       size_t expected)
{
	struct parsed p;

	buf_adds(out, "");
	assert_int_equal(buf_error(out), 0);
	assert_null(out->len ? memchr(out->data, '\n', out->len) : NULL);
	assert_true(quote_is_utf8(out->data ? out->data : "", out->len));
	if (parse(fn, out->data ? out->data : "", out->len, expected, &p) || p.len != expected ||
	    memcmp(p.bytes, bytes, len))
		fail_msg("'%s': %s", out->data, p.diag.why);
	assert_int_equal(p.pos, out->len);
	check_prefixes(fn, out->data ? out->data : "", out->len, expected);
	buf_free(out);
}

static void test_round_trip(void **state)
{
	unsigned char bytes[24];
	struct buf out = BUF_INIT(1000);

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = random_text(bytes, sizeof(bytes));

		if (quote_is_utf8(bytes, len)) {
			quote_print_json(bytes, len, &out);
			check_back(quote_parse_json, &out, bytes, len, len);
		}
		quote_print_text(bytes, len, &out);
		check_back(quote_parse_text, &out, bytes, len, len);
		quote_print_name(bytes, len, true, &out);
		check_back(quote_parse_name, &out, bytes, len, len ? len : 1);
	}
}

/* Whatever is accepted means what its printed form means. */
static void test_any_text(void **state)
{
	unsigned char s[24];

	(void)state;
	for (int round = 0; round < 100000; round++) {
		size_t len = random_text(s + 1, sizeof(s) - 2) + 1;
		struct buf out = BUF_INIT(1000);
		struct parsed p;

		s[0] = '"';
		s[len] = '"';
		if (parse(quote_parse_json, s, len + 1, 20, &p) == 0) {
			quote_print_json(p.bytes, p.len, &out);
			check_back(quote_parse_json, &out, p.bytes, p.len, p.len);
		}
		if (parse(quote_parse_text, s + 1, len - 1, 20, &p) == 0) {
			quote_print_text(p.bytes, p.len, &out);
			check_back(quote_parse_text, &out, p.bytes, p.len, p.len);
		}
		if (parse(quote_parse_name, s + 1, len - 1, 20, &p) == 0) {
			quote_print_name(p.bytes, p.len, true, &out);
			check_back(quote_parse_name, &out, p.bytes, p.len, p.len);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_json), cmocka_unit_test(test_parse_text),
		cmocka_unit_test(test_parse_name), cmocka_unit_test(test_second_field),
		cmocka_unit_test(test_reasons),    cmocka_unit_test(test_print),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_print_later_field),
		cmocka_unit_test(test_any_text),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
