/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec.h"

/* Every kind of layout, in sizes that matter. cpus 0: not per CPU. */
static const struct shape {
	const char *word; /* NULL: an LPM key of prefix bytes */
	uint32_t prefix;
	uint32_t cpus;
} shapes[] = {
	{"u8", 0, 0},  {"u16", 0, 0},  {"u32", 0, 0}, {"u64", 0, 0},  {"s8", 0, 0},  {"s16", 0, 0},
	{"s32", 0, 0}, {"s64", 0, 0},  {"1", 0, 0},   {"2", 0, 0},    {"3", 0, 0},   {"4", 0, 0},
	{"5", 0, 0},   {"8", 0, 0},    {"16", 0, 0},  {"33", 0, 0},   {"120", 0, 0}, {NULL, 5, 0},
	{NULL, 8, 0},  {NULL, 20, 0},  {NULL, 7, 0},  {NULL, 100, 0}, {"u64", 0, 1}, {"u64", 0, 2},
	{"u8", 0, 3},  {"s32", 0, 64}, {"3", 0, 2},   {"12", 0, 2},   {"s64", 0, 2},
};

static struct layout *make_layout(const struct shape *shape)
{
	struct layout *one, *all;

	one = shape->word ? layout_of(shape->word) : layout_prefix(shape->prefix, false);
	if (!shape->cpus)
		return one;
	all = layout_per_cpu(one, shape->cpus);
	layout_unref(one);
	return all;
}

/* Bytes that a map can hold: no gaps filled between CPUs, no prefix beyond its address. */
static void random_value(const struct layout *l, unsigned char *bytes)
{
	uint32_t bits;

	memset(bytes, 0, l->size);
	if (l->kind == LAYOUT_PER_CPU) {
		for (uint32_t i = 0; i < l->array.count; i++)
			random_bytes(bytes + (size_t)i * l->array.stride, l->array.elem->size);
		return;
	}
	random_bytes(bytes, l->size);
	if (l->kind != LAYOUT_PREFIX)
		return;
	bits = random_below((l->size - 4) * 8 + 1);
	memcpy(bytes, &bits, sizeof(bits));
	layout_canonical(l, bytes);
}

/* Names are made of keys, and no map has per-CPU keys. */
static bool fits(enum codec_format format, const struct layout *l)
{
	return format != CODEC_NAME || l->kind != LAYOUT_PER_CPU;
}

static void print(enum codec_format format, const struct layout *l, const void *bytes,
		  struct buf *out)
{
	buf_clear(out);
	assert_int_equal(codec_print(format, l, bytes, out), 0);
	assert_true(out->len <= codec_print_max(format, l));
}

static void assert_round_trip(enum codec_format format, const struct layout *l)
{
	unsigned char *bytes = malloc(l->size), *back = malloc(l->size);
	struct buf text = BUF_INIT(100000);
	struct diag d = {0};

	for (int round = 0; round < 200; round++) {
		random_value(l, bytes);
		memset(back, 0, l->size);
		print(format, l, bytes, &text);
		if (codec_parse(format, l, text.data, text.len, back, &d))
			fail_msg("format %d refuses its own '%s': %s", format, text.data, d.why);
		assert_memory_equal(back, bytes, l->size);
	}
	buf_free(&text);
	free(bytes);
	free(back);
}

static void each_shape(void (*test)(enum codec_format format, const struct layout *l))
{
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct layout *l = make_layout(&shapes[i]);

		for (int format = 0; format < CODEC_FORMATS; format++)
			if (fits((enum codec_format)format, l))
				test((enum codec_format)format, l);
		layout_unref(l);
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	each_shape(assert_round_trip);
}

/* Names of different keys are different, safe and at most 255 bytes long. */
static void assert_names(enum codec_format format, const struct layout *l)
{
	unsigned char *a = malloc(l->size), *b = malloc(l->size);
	struct buf x = BUF_INIT(10000), y = BUF_INIT(10000);

	for (int round = 0; format == CODEC_NAME && round < 300; round++) {
		random_value(l, a);
		random_value(l, b);
		if (random_below(2)) {
			memcpy(b, a, l->size);
			b[l->size - 1 -
			  random_below(l->kind == LAYOUT_PREFIX ? l->size - 4 : l->size)] ^=
				(unsigned char)(1 << random_below(8));
			layout_canonical(l, b);
		}
		print(format, l, a, &x);
		print(format, l, b, &y);
		assert_int_equal(strcmp(x.data, y.data) == 0, memcmp(a, b, l->size) == 0);
		assert_in_range(x.len, 1, 255);
		assert_true(x.data[0] != '.' && x.data[0] != '~');
		for (size_t i = 0; i < x.len; i++)
			assert_true(isalnum(x.data[i]) || strchr("-_,.:", x.data[i]));
	}
	buf_free(&x);
	buf_free(&y);
	free(a);
	free(b);
}

static void test_names(void **state)
{
	(void)state;
	each_shape(assert_names);
}

/* What begins like a text of ours can become one: write(2) must wait for the rest. */
static void assert_prefixes(enum codec_format format, const struct layout *l)
{
	unsigned char *bytes = malloc(l->size), *back = malloc(l->size);
	struct buf text = BUF_INIT(100000);
	struct diag d = {0};

	for (int round = 0; round < 5; round++) {
		random_value(l, bytes);
		print(format, l, bytes, &text);
		for (size_t len = 0; len < text.len; len++) {
			int err = codec_parse(format, l, text.data, len, back, &d);

			if (err && err != -EAGAIN)
				fail_msg("format %d: %zu bytes of '%s': %d, %s", format, len,
					 text.data, err, d.why);
			if (err)
				assert_int_equal(d.err, EAGAIN);
			if (err)
				assert_true(d.placed && d.offset <= len && d.why[0]);
		}
	}
	buf_free(&text);
	free(bytes);
	free(back);
}

static void test_prefixes(void **state)
{
	(void)state;
	each_shape(assert_prefixes);
}

static size_t make_garbage(char *text, size_t room)
{
	static const char alphabet[] = "0123456789abcdefx-_,[]\" \n\t.+eE%/{}:zX";
	size_t len = random_below((uint32_t)room + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = random_below(16) ? alphabet[random_below(sizeof(alphabet))]
					   : (char)random_number();
	return len;
}

/* Whatever it says, it says why, and what it accepts it prints in a way that it
 * takes back to the same bytes. The text ends where its memory does. */
static void assert_garbage(enum codec_format format, const struct layout *l)
{
	unsigned char *bytes = malloc(l->size), *back = malloc(l->size);
	struct buf text = BUF_INIT(100000);

	for (int round = 0; round < 2000; round++) {
		char garbage[40], *exact;
		size_t len = make_garbage(garbage, sizeof(garbage));
		struct diag d = {0};
		int err;

		exact = malloc(len + !len);
		memcpy(exact, garbage, len);
		memset(bytes, 0, l->size);
		err = codec_parse(format, l, exact, len, bytes, &d);
		assert_true(err == 0 || err == -EAGAIN || err == -EINVAL);
		if (err) {
			assert_int_equal(d.err, -err);
			assert_true(d.why[0] && (!d.placed || d.offset <= len));
		} else {
			print(format, l, bytes, &text);
			memset(back, 0, l->size);
			assert_int_equal(codec_parse(format, l, text.data, text.len, back, &d), 0);
			assert_memory_equal(back, bytes, l->size);
		}
		free(exact);
	}
	buf_free(&text);
	free(bytes);
	free(back);
}

static void test_garbage(void **state)
{
	(void)state;
	each_shape(assert_garbage);
}

/* Our own texts with one byte changed, dropped or doubled. */
static void assert_mutants(enum codec_format format, const struct layout *l)
{
	unsigned char *bytes = malloc(l->size);
	struct buf text = BUF_INIT(100000);

	for (int round = 0; round < 500; round++) {
		struct diag d = {0};
		size_t at, len;
		int err;

		random_value(l, bytes);
		print(format, l, bytes, &text);
		at = random_below((uint32_t)text.len);
		len = random_below(2) ? text.len : text.len - 1;
		if (len < text.len)
			memmove(text.data + at, text.data + at + 1, len - at);
		else
			text.data[at] = (char)random_number();
		err = codec_parse(format, l, text.data, len, bytes, &d);
		assert_true(err == 0 || err == -EAGAIN || err == -EINVAL);
		if (err)
			assert_true(d.err == -err && d.offset <= len);
	}
	buf_free(&text);
	free(bytes);
}

static void test_mutants(void **state)
{
	(void)state;
	each_shape(assert_mutants);
}

/* Texts and the bytes that they stand for, in hex; or the errno and its place. */
static const struct reading {
	enum codec_format format;
	struct shape shape;
	const char *text, *bytes;
	int err;
	size_t offset;
} readings[] = {
	{CODEC_NAME, {"u8", 0, 0}, "42", "2a", 0, 0},
	{CODEC_NAME, {"u8", 0, 0}, "0x2a", "2a", 0, 0},
	{CODEC_NAME, {"u8", 0, 0}, "042", "2a", 0, 0},
	{CODEC_NAME, {"u8", 0, 0}, "300", NULL, EINVAL, 0},
	{CODEC_NAME, {"u8", 0, 0}, "-1", NULL, EINVAL, 0},
	{CODEC_NAME, {"u8", 0, 0}, " 42", NULL, EINVAL, 0},
	{CODEC_NAME, {"u8", 0, 0}, "42\n", NULL, EINVAL, 2},
	{CODEC_NAME, {"u8", 0, 0}, "abc", NULL, EINVAL, 0},
	{CODEC_NAME, {"u8", 0, 0}, "", NULL, EAGAIN, 0},
	{CODEC_NAME, {"s8", 0, 0}, "-128", "80", 0, 0},
	{CODEC_NAME, {"s8", 0, 0}, "128", NULL, EINVAL, 0},
	{CODEC_NAME, {"s8", 0, 0}, "-129", NULL, EINVAL, 0},
	{CODEC_NAME, {"u64", 0, 0}, "18446744073709551615", "ffffffffffffffff", 0, 0},
	{CODEC_NAME, {"u64", 0, 0}, "18446744073709551616", NULL, EINVAL, 0},
	{CODEC_NAME, {"3", 0, 0}, "0aff00", "0aff00", 0, 0},
	{CODEC_NAME, {"3", 0, 0}, "0x0AFF00", "0aff00", 0, 0},
	{CODEC_NAME, {"3", 0, 0}, "0a ff 00", NULL, EINVAL, 2},
	{CODEC_NAME, {"3", 0, 0}, "0aff", NULL, EAGAIN, 4},
	{CODEC_NAME, {"3", 0, 0}, "0aff0000", NULL, EINVAL, 6},
	{CODEC_NAME, {NULL, 8, 0}, "0a000000_8", "080000000a000000", 0, 0},
	{CODEC_NAME, {NULL, 8, 0}, "0a010203_8", "080000000a000000", 0, 0},
	{CODEC_NAME, {NULL, 8, 0}, "0a000000_33", NULL, EINVAL, 9},
	{CODEC_NAME, {NULL, 8, 0}, "0a000000", NULL, EAGAIN, 8},
	{CODEC_NAME, {NULL, 8, 0}, "0a000000/8", NULL, EINVAL, 8},
	{CODEC_NAME, {NULL, 8, 0}, "00000000_0", "0000000000000000", 0, 0},
	{CODEC_TEXT, {"u32", 0, 0}, "42\n", "2a000000", 0, 0},
	{CODEC_TEXT, {"u32", 0, 0}, " 42\r\n", "2a000000", 0, 0},
	{CODEC_TEXT, {"u32", 0, 0}, "42", "2a000000", 0, 0},
	{CODEC_TEXT, {"u32", 0, 0}, "42 43", NULL, EINVAL, 3},
	{CODEC_TEXT, {"u32", 0, 0}, "\n", NULL, EINVAL, 0},
	{CODEC_TEXT, {"u32", 0, 0}, " ", NULL, EAGAIN, 1},
	{CODEC_TEXT, {"3", 0, 0}, "01 02\n", NULL, EINVAL, 6},
	{CODEC_TEXT, {"3", 0, 0}, "01\n02\n", NULL, EAGAIN, 6},
	{CODEC_TEXT, {"3", 0, 0}, "01 02\n03\n", "010203", 0, 0},
	{CODEC_TEXT, {"u8", 0, 2}, "[1,\n", NULL, EINVAL, 3},
	{CODEC_TEXT, {"u32", 0, 0}, "4a", NULL, EINVAL, 1},
	{CODEC_TEXT, {"u32", 0, 0}, "0x", NULL, EAGAIN, 2},
	{CODEC_TEXT, {"u32", 0, 0}, "0xg", NULL, EINVAL, 2},
	{CODEC_TEXT, {"u32", 0, 0}, "1.5", NULL, EINVAL, 1},
	{CODEC_TEXT, {"s32", 0, 0}, "-", NULL, EAGAIN, 1},
	{CODEC_TEXT, {"s32", 0, 0}, "--1", NULL, EINVAL, 1},
	{CODEC_TEXT, {"3", 0, 0}, "0a ff 00\n", "0aff00", 0, 0},
	{CODEC_TEXT, {"3", 0, 0}, "0aff00", "0aff00", 0, 0},
	{CODEC_TEXT, {"3", 0, 0}, "0x0aff00", "0aff00", 0, 0},
	{CODEC_TEXT, {"3", 0, 0}, "0x0a 0xff 0x00", "0aff00", 0, 0},
	{CODEC_TEXT, {"3", 0, 0}, "0aff000", NULL, EINVAL, 6},
	{CODEC_TEXT, {"3", 0, 0}, "0aff0", NULL, EAGAIN, 5},
	{CODEC_TEXT, {"3", 0, 0}, "0a f", NULL, EAGAIN, 4},
	{CODEC_TEXT, {"3", 0, 0}, "0a f f", NULL, EINVAL, 4},
	{CODEC_TEXT,
	 {"u32", 0, 2},
	 "[1,2]\n",
	 "0100000000000000"
	 "0200000000000000",
	 0,
	 0},
	{CODEC_TEXT,
	 {"u32", 0, 2},
	 "[ 1 , 2 ]",
	 "0100000000000000"
	 "0200000000000000",
	 0,
	 0},
	{CODEC_TEXT,
	 {"u32", 0, 2},
	 "7\n",
	 "0700000000000000"
	 "0700000000000000",
	 0,
	 0},
	{CODEC_TEXT, {"u32", 0, 2}, "[1]", NULL, EINVAL, 2},
	{CODEC_TEXT, {"u32", 0, 2}, "[]", NULL, EINVAL, 1},
	{CODEC_TEXT, {"u32", 0, 2}, "[1,]", NULL, EINVAL, 3},
	{CODEC_TEXT, {"u32", 0, 2}, "[1,2,3]", NULL, EINVAL, 4},
	{CODEC_TEXT, {"u32", 0, 2}, "[1,2", NULL, EAGAIN, 4},
	{CODEC_TEXT, {"u32", 0, 2}, "[1,2]]", NULL, EINVAL, 5},
	{CODEC_TEXT, {"u32", 0, 2}, "[1,4294967296]", NULL, EINVAL, 3},
	{CODEC_TEXT,
	 {"3", 0, 2},
	 "[\"0x010203\",\"0x040506\"]",
	 "0102030000000000"
	 "0405060000000000",
	 0,
	 0},
	{CODEC_TEXT,
	 {"3", 0, 2},
	 "01 02 03",
	 "0102030000000000"
	 "0102030000000000",
	 0,
	 0},
	{CODEC_JSON, {"3", 0, 0}, "\"0x010203\"", "010203", 0, 0},
	{CODEC_JSON, {"3", 0, 0}, "\"010203\"", "010203", 0, 0},
	{CODEC_JSON, {"3", 0, 0}, "010203", NULL, EINVAL, 0},
	{CODEC_JSON, {"3", 0, 0}, "\"0x01020304\"", NULL, EINVAL, 9},
};

static void assert_reading(const struct reading *r)
{
	struct layout *l = make_layout(&r->shape);
	unsigned char *bytes = calloc(1, l->size);
	struct buf hex = BUF_INIT(1000);
	struct diag d = {0};
	int err = codec_parse(r->format, l, r->text, strlen(r->text), bytes, &d);

	if (err != -r->err)
		fail_msg("'%s': %d, not %d (%s)", r->text, err, -r->err, d.why);
	if (err && (!d.placed || d.offset != r->offset))
		fail_msg("'%s': at %zu, not %zu (%s)", r->text, d.offset, r->offset, d.why);
	for (uint32_t i = 0; !err && i < l->size; i++)
		buf_addf(&hex, "%02x", bytes[i]);
	if (!err)
		assert_string_equal(hex.data, r->bytes);
	buf_free(&hex);
	free(bytes);
	layout_unref(l);
}

static void test_readings(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(readings); i++)
		assert_reading(&readings[i]);
}

static void test_spellings(void **state)
{
	static const struct {
		enum codec_format format;
		struct shape shape;
		const char *text;
	} cases[] = {
		{CODEC_NAME, {"u32", 0, 0}, "67305985"},
		{CODEC_TEXT, {"u32", 0, 0}, "67305985\n"},
		{CODEC_NAME, {"s8", 0, 0}, "1"},
		{CODEC_NAME, {"4", 0, 0}, "67305985"},
		{CODEC_NAME, {"5", 0, 0}, "0102030405"},
		{CODEC_TEXT, {"5", 0, 0}, "01 02 03 04 05\n"},
		{CODEC_JSON, {"5", 0, 0}, "\"0x0102030405\""},
		{CODEC_TEXT, {"u8", 0, 2}, "[1,9]\n"},
		{CODEC_TEXT, {"3", 0, 2}, "[\"0x010203\",\"0x090a0b\"]\n"},
	};
	const unsigned char bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *l = make_layout(&cases[i].shape);
		struct buf text = BUF_INIT(1000);

		assert_int_equal(codec_print(cases[i].format, l, bytes, &text), 0);
		assert_buf(&text, cases[i].text);
		layout_unref(l);
	}
}

static void test_full_buffer(void **state)
{
	struct layout *l = layout_of("100");
	struct buf text = BUF_INIT(50);
	unsigned char bytes[100] = {0};

	(void)state;
	assert_int_equal(codec_print(CODEC_TEXT, l, bytes, &text), -EFBIG);
	buf_free(&text);
	layout_unref(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_names),
		cmocka_unit_test(test_prefixes),   cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_mutants),    cmocka_unit_test(test_readings),
		cmocka_unit_test(test_spellings),  cmocka_unit_test(test_full_buffer),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
