/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Typed texts that are refused, and where; and those that wait for the rest. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec.h"
#include "lib/record.h"

#define PAIR "struct{u8 a;u8 b;}"

static const struct {
	enum codec_format format;
	const char *layout, *text;
	int err;
	size_t offset;
} refusals[] = {
	{CODEC_TEXT, "be16", "65536", EINVAL, 0},
	{CODEC_TEXT, "be64", "-1", EINVAL, 0},
	{CODEC_TEXT, "bool", "2", EINVAL, 0},
	{CODEC_TEXT, "bool", "tru", EAGAIN, 0},
	{CODEC_TEXT, "bool", "tru\n", EINVAL, 0},
	{CODEC_TEXT, "bool", "True", EINVAL, 0},
	{CODEC_TEXT, "bool", "10", EINVAL, 1},
	{CODEC_TEXT, "bool", "truex", EINVAL, 4},
	{CODEC_TEXT, "float", "nan", EINVAL, 0},
	{CODEC_TEXT, "float", "1e39", EINVAL, 0},
	{CODEC_TEXT, "float", "0x1", EINVAL, 1},
	{CODEC_TEXT, "ipv4", "10.0.0.256", EINVAL, 7},
	{CODEC_TEXT, "ipv4", "10.0.0", EAGAIN, 6},
	{CODEC_TEXT, "ipv4", "10.0.0\n", EINVAL, 6},
	{CODEC_TEXT, "ipv4", "10.0.0.01", EINVAL, 7},
	{CODEC_JSON, "ipv4", "10.0.0.1", EINVAL, 0},
	{CODEC_JSON, "ipv4", "\"10.0.0.1", EAGAIN, 9},
	{CODEC_TEXT, "ipv4", "\"10.0.0.1\"", EINVAL, 0},
	{CODEC_TEXT, "mac", "aa:bb:cc:dd:ee", EAGAIN, 14},
	{CODEC_TEXT, "mac", "aa:bb-cc:dd:ee:ff", EINVAL, 5},
	{CODEC_TEXT, "char[4]", "abcde", EINVAL, 4},
	{CODEC_TEXT, "char[4]", "abcde\n", EINVAL, 4},
	{CODEC_TEXT, "char[4]", "a\nb", EINVAL, 1},
	{CODEC_TEXT, "char[4]", "\\q", EINVAL, 1},
	{CODEC_TEXT, "char[4]", "\\x4", EAGAIN, 3},
	{CODEC_TEXT, "char[4]", "\\", EAGAIN, 1},
	{CODEC_JSON, "char[4]", "\"abcde\"", EINVAL, 5},
	{CODEC_JSON, "char[4]", "abc", EINVAL, 0},
	{CODEC_JSON, "char[4]", "\"\xff\"", EINVAL, 1},
	{CODEC_JSON, "char[4]", "\"\xc3", EAGAIN, 2},
	{CODEC_JSON, "char[4]", "\"\xc3\"", EINVAL, 1},
	{CODEC_JSON, "char[4]", "\"\xed\xa0\x80\"", EINVAL, 1},
	{CODEC_JSON, "char[4]", "\"\xc0\x80\"", EINVAL, 1},
	{CODEC_JSON, "char[4]", "\"\\ud83d\"", EINVAL, 1},
	{CODEC_JSON, "char[4]", "\"\x01\"", EINVAL, 1},
	{CODEC_NAME, "char[4]", "a,b", EINVAL, 1},
	{CODEC_NAME, "char[4]", "a%4", EAGAIN, 3},
	{CODEC_NAME, "char[4]", "a%zz", EINVAL, 2},
	{CODEC_NAME, "char[4]", "abcde", EINVAL, 4},
	{CODEC_NAME, "char[4]", ".a", EINVAL, 0},
	{CODEC_NAME, "char[4]", "a/b", EINVAL, 1},
	{CODEC_NAME, "char[4]", "a\x01", EINVAL, 1},
	{CODEC_TEXT, "u8[3]", "\"0x0aff\"", EINVAL, 7},
	{CODEC_TEXT, "u8[3]", "\"0x0aff0000\"", EINVAL, 9},
	{CODEC_TEXT, "u8[3]", "[10,255,0]", EINVAL, 0},
	{CODEC_TEXT, "u16[2]", "[1]", EINVAL, 2},
	{CODEC_TEXT, "u16[2]", "[1,2,3]", EINVAL, 4},
	{CODEC_TEXT, "u16[2]", "[1 2]", EINVAL, 3},
	{CODEC_TEXT, "u16[2]", "[1,65536]", EINVAL, 3},
	{CODEC_TEXT, "u16[2]", "[1,[2]]", EINVAL, 3},
	{CODEC_TEXT, "u16[2]", "1", EINVAL, 0},
	{CODEC_TEXT, "u16[2]", "[1,", EAGAIN, 3},
	{CODEC_TEXT, "u16[2]", "[1,2] 3", EINVAL, 6},
	{CODEC_TEXT, "u16[2]", "\"0x010002\"", EINVAL, 0},
	{CODEC_NAME, "u16[2]", "1", EAGAIN, 1},
	{CODEC_NAME, "u16[2]", "1,2,3", EINVAL, 3},
	{CODEC_NAME, "u16[2]", "1, 2", EINVAL, 2},
	{CODEC_TEXT, PAIR, "{\"c\":1}", EINVAL, 1},
	{CODEC_TEXT, PAIR, "{\"a\":1,\"a\":1}", EINVAL, 7},
	{CODEC_TEXT, PAIR, "{\"a\":1,\"b\":256}", EINVAL, 11},
	{CODEC_TEXT, PAIR, "{\"a\":1 \"b\":2}", EINVAL, 7},
	{CODEC_TEXT, PAIR, "{\"a\":1,}", EINVAL, 7},
	{CODEC_TEXT, PAIR, "{\"a\":}", EINVAL, 5},
	{CODEC_TEXT, PAIR, "{\"a\"}", EINVAL, 4},
	{CODEC_TEXT, PAIR, "{a:1}", EINVAL, 1},
	{CODEC_TEXT, PAIR, "{\"a\":1]", EINVAL, 6},
	{CODEC_TEXT, PAIR, "{\"a\":{\"b\":1}}", EINVAL, 5},
	{CODEC_TEXT, PAIR, "{\"a\":[1]}", EINVAL, 5},
	{CODEC_TEXT, PAIR, "{\"a\":\"1\"}", EINVAL, 5},
	{CODEC_TEXT, PAIR, "{\"a\":true}", EINVAL, 5},
	{CODEC_TEXT, PAIR, "{\"a\":null}", EINVAL, 5},
	{CODEC_TEXT, PAIR, "{\"a\":1.5}", EINVAL, 6},
	{CODEC_TEXT, PAIR, "{\"a\":1}{", EINVAL, 7},
	{CODEC_TEXT, PAIR, "1", EINVAL, 0},
	{CODEC_TEXT, PAIR, "[1,2]", EINVAL, 0},
	{CODEC_TEXT, PAIR, "0x0102", EINVAL, 0},
	{CODEC_TEXT, PAIR, "\"0x010203\"", EINVAL, 0},
	{CODEC_TEXT, PAIR, "{\"a\xff\":1}", EINVAL, 3},
	{CODEC_TEXT, PAIR, "{\"a\":1", EAGAIN, 6},
	{CODEC_TEXT, PAIR, "{\"a\":1,\n", EINVAL, 7},
	{CODEC_TEXT, PAIR, "{\n\"a\":1,\n", EAGAIN, 8},
	{CODEC_TEXT, "union{u8 a;u32 b;}", "{\"a\":1,\"b\":2}", EINVAL, 7},
	{CODEC_TEXT, "struct{u8 k;union{u8 a;struct{u8 x;u8 y;};};}",
	 "{\"k\":1,\"y\":2,\"x\":1,\"a\":1}", EINVAL, 19},
	{CODEC_NAME, PAIR, "1,256", EINVAL, 2},
	{CODEC_NAME, PAIR, "1,2,", EINVAL, 3},
	{CODEC_NAME, PAIR, "0x01020", EINVAL, 0},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct layout *l = layout_of(refusals[i].layout);
		const char *text = refusals[i].text;
		unsigned char bytes[64] = {0};
		struct diag d = {0};
		int err = codec_parse(refusals[i].format, l, text, strlen(text), bytes, &d);

		if (err != -refusals[i].err || d.err != refusals[i].err)
			fail_msg("%d %s '%s': %d, %d (%s)", refusals[i].format, refusals[i].layout,
				 text, err, d.err, d.why);
		if (!d.placed || d.offset != refusals[i].offset)
			fail_msg("%d %s '%s': at %zu, not %zu (%s)", refusals[i].format,
				 refusals[i].layout, text, d.offset, refusals[i].offset, d.why);
		layout_unref(l);
	}
}

/* An enum's names: some begin alike. */
static void test_refused_enums(void **state)
{
	static const struct layout_enumerator values[] = {
		{(char *)"ONE", 1}, {(char *)"ONE_MORE", 2}, {(char *)"TWO", 2}};
	static const struct {
		enum codec_format format;
		const char *text;
		int err;
		size_t offset;
	} cases[] = {
		{CODEC_TEXT, "TW", EAGAIN, 0},         {CODEC_TEXT, "TW\n", EINVAL, 0},
		{CODEC_TEXT, "ONE_", EAGAIN, 0},       {CODEC_TEXT, "one", EINVAL, 0},
		{CODEC_TEXT, "THREE", EINVAL, 0},      {CODEC_TEXT, "-1", EINVAL, 0},
		{CODEC_TEXT, "4294967296", EINVAL, 0}, {CODEC_TEXT, "\"ONE\"", EINVAL, 0},
		{CODEC_TEXT, "ONE ONE", EINVAL, 4},    {CODEC_JSON, "ONE", EINVAL, 0},
		{CODEC_JSON, "\"ONE", EAGAIN, 4},      {CODEC_JSON, "\"TW\"", EINVAL, 1},
		{CODEC_JSON, "\"TW", EAGAIN, 1},       {CODEC_JSON, "\"1\"", EINVAL, 1},
		{CODEC_NAME, "", EAGAIN, 0},           {CODEC_NAME, "ONE,", EINVAL, 3},
	};
	struct layout *l = layout_enum(4, 32, false, values, ARRAY_SIZE(values));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		unsigned char bytes[4] = {0};
		struct diag d = {0};
		int err = codec_parse(cases[i].format, l, text, strlen(text), bytes, &d);

		if (err != -cases[i].err || d.err != cases[i].err || d.offset != cases[i].offset)
			fail_msg("'%s': %d at %zu (%s)", text, err, d.offset, d.why);
	}
	layout_unref(l);
}

/* Numbers and nestings far beyond what any type has. */
static void test_endless_texts(void **state)
{
	static const struct {
		const char *layout, *before, *again, *after;
		int err;
	} cases[] = {
		{"u64", "", "9", "", EINVAL},      {"u64", "", "0", "7", 0},
		{"u64", "0x", "0", "7", 0},        {"u64", "0x", "f", "", EINVAL},
		{"double", "", "9", "", EINVAL},   {"double", "0.", "3", "", EINVAL},
		{PAIR, "", "{\"a\":", "", EINVAL}, {PAIR, "", "[", "", EINVAL},
		{PAIR, "{", " ", "\"a\":1}", 0},   {PAIR, "{\"", "a", "\":1}", EINVAL},
		{"u16[2]", "", "[", "", EINVAL},   {"u16[2]", "[", "1,", "", EINVAL},
		{"char[4]", "", "a", "", EINVAL},  {"8", "", "00 ", "", EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *l = layout_of(cases[i].layout);
		struct buf text = BUF_INIT(1 << 20);
		unsigned char bytes[16] = {0};
		struct diag d = {0};

		buf_adds(&text, cases[i].before);
		for (int k = 0; k < 10000; k++)
			buf_adds(&text, cases[i].again);
		buf_adds(&text, cases[i].after);
		if (codec_parse(CODEC_TEXT, l, text.data, text.len, bytes, &d) != -cases[i].err)
			fail_msg("%s '%s'...: %s", cases[i].layout, cases[i].again, d.why);
		buf_free(&text);
		layout_unref(l);
	}
}

/* Each beginning waits; with a newline behind it, it is refused. */
static void test_beginnings(void **state)
{
	static const struct {
		const char *layout, *text;
		size_t complete; /* so many bytes are a text of their own */
	} cases[] = {
		{"struct{u8 a;char b[5];ipv4 c;bool d;}",
		 "{\"a\":12,\"b\":\"x\\u00e9\xc3\xa9\",\"c\":\"10.0.0.1\",\"d\":true}", 1000},
		{"struct{u8 a;struct{u8 x[3];mac m;}s[2];}",
		 "{\"a\":1,\"s\":[{\"x\":\"0x010203\",\"m\":\"aa:bb:cc:dd:ee:ff\"},{}]}", 1000},
		{PAIR, "\"0x0102\"", 1000},
		{"float[2]", "[1.5e10,-2]", 1000},
		{"ipv6", "2001:db8::1:2:3.4.5.6", 10},
		{"mac", "aa:bb:cc:dd:ee:ff", 17},
		{"5", "01 02 03 04 05", 14},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *l = layout_of(cases[i].layout);
		size_t len = strlen(cases[i].text);

		for (size_t cut = 1; cut < len && cut < cases[i].complete; cut++) {
			unsigned char bytes[64] = {0};
			char text[200], *exact = malloc(cut);
			struct diag d = {0};
			int err;

			memcpy(exact, cases[i].text, cut);
			err = codec_parse(CODEC_TEXT, l, exact, cut, bytes, &d);
			if (err != -EAGAIN || d.err != EAGAIN || d.offset > cut)
				fail_msg("'%s': %d after %zu bytes (%s)", cases[i].text, err, cut,
					 d.why);
			memcpy(text, exact, cut);
			text[cut] = '\n';
			err = codec_parse(CODEC_TEXT, l, text, cut + 1, bytes, &d);
			if (err != -EINVAL || d.err != EINVAL)
				fail_msg("'%s': %d after %zu bytes and a newline", cases[i].text,
					 err, cut);
			free(exact);
		}
		layout_unref(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_enums),
		cmocka_unit_test(test_endless_texts),
		cmocka_unit_test(test_beginnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
