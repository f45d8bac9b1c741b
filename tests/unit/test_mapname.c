/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/mapname.h"

#define LONG_64 "0123456789012345678901234567890123456789012345678901234567890123"

static void test_display(void **state)
{
	static const struct {
		const char *raw, *display, *pin;
	} cases[] = {
		{"plain", "plain", "plain"},
		{"flows.rodata", "flows.rodata", "flows%2Erodata"},
		{".", "%2E", "%2E"},
		{"..", "%2E.", "%2E%2E"},
		{".bss", "%2Ebss", "%2Ebss"},
		{"a@b,c/d%", "a%40b%2Cc%2Fd%25", "a%40b%2Cc%2Fd%25"},
		{"\xc0\xff", "%C0%FF", "%C0%FF"},
		{"\xc3\xa4", "\xc3\xa4", "\xc3\xa4"},
		{"a\nb\x7f", "a%0Ab%7F", "a%0Ab%7F"},
		{"a b:c-d=e", "a b:c-d=e", "a b:c-d=e"},
		{"", "", ""},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf display = BUF_INIT(1000), pin = BUF_INIT(1000);
		struct buf raw = BUF_INIT(1000), of_pin = BUF_INIT(1000), of_raw = BUF_INIT(1000);

		mapname_display(cases[i].raw, strlen(cases[i].raw), &display);
		mapname_pin(cases[i].display, &pin);
		mapname_raw(cases[i].display, &raw);
		mapname_of_pin(cases[i].pin, &of_pin);
		mapname_pin_of_raw(cases[i].raw, strlen(cases[i].raw), &of_raw);
		assert_buf(&of_raw, cases[i].pin);
		assert_buf(&display, cases[i].display);
		assert_buf(&pin, cases[i].pin);
		assert_buf(&raw, cases[i].raw);
		assert_buf(&of_pin, cases[i].raw);
	}
}

static void test_spellings(void **state)
{
	static const struct {
		const char *typed, *canonical, *pin;
	} cases[] = {
		{"%61bc", "abc", "abc"},      {"a%2eb", "a.b", "a%2Eb"},
		{"a%2Cb", "a%2Cb", "a%2Cb"},  {"a,b", "a%2Cb", "a%2Cb"},
		{"100%", "100%25", "100%25"}, {"%", "%25", "%25"},
		{"%zz", "%25zz", "%25zz"},    {"%2E", "%2E", "%2E"},
		{"\xff", "%FF", "%FF"},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf canonical = BUF_INIT(1000), pin = BUF_INIT(1000);

		mapname_canonical(cases[i].typed, &canonical);
		mapname_pin(cases[i].typed, &pin);
		assert_buf(&canonical, cases[i].canonical);
		assert_buf(&pin, cases[i].pin);
	}
}

/* Pins that somebody else made stand for themselves. */
static void test_foreign_pins(void **state)
{
	static const struct {
		const char *pin, *raw;
	} cases[] = {
		{"plain", "plain"}, {"a@b", "a@b"},
		{"%61", "%61"},     {"a%2eb", "a%2eb"},
		{"a%2Eb", "a.b"},   {"100%", "100%"},
		{"%2E", "."},       {"a%40%61", "a%40%61"},
		{"a,b", "a,b"},     {"\xc3\xa4", "\xc3\xa4"},
		{"\xff", "\xff"},   {"%FF", "\xff"},
		{"%00", "%00"},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf raw = BUF_INIT(1000);

		mapname_of_pin(cases[i].pin, &raw);
		if (raw.len != strlen(cases[i].raw) || strcmp(raw.data, cases[i].raw) != 0)
			fail_msg("'%s' is '%s', not '%s'", cases[i].pin, raw.data, cases[i].raw);
		buf_free(&raw);
	}
}

/* Any bytes but NUL; with many of those that names are about. */
static size_t random_name(char *raw, size_t room)
{
	static const char special[] = "%@,/..a2E\xc3\xa4\xff\n";
	size_t len = random_below((uint32_t)room) + 1;

	for (size_t i = 0; i < len; i++) {
		raw[i] = random_below(2) ? special[random_below(sizeof(special) - 1)]
					 : (char)random_number();
		raw[i] += !raw[i];
	}
	return len;
}

static void assert_safe(const struct buf *name)
{
	assert_true(name->data[0] != '.' && name->data[0] != '@');
	for (size_t i = 0; i < name->len; i++)
		assert_null(name->data[i] > 0 && iscntrl(name->data[i])
				    ? ""
				    : strchr("@,/", name->data[i]));
}

static void test_round_trip(void **state)
{
	char raw[20];

	(void)state;
	for (int round = 0; round < 5000; round++) {
		struct buf display = BUF_INIT(1000), pin = BUF_INIT(1000), back = BUF_INIT(1000);
		size_t len = random_name(raw, sizeof(raw));

		mapname_display(raw, len, &display);
		assert_safe(&display);
		mapname_raw(display.data, &back);
		assert_int_equal(back.len, len);
		assert_memory_equal(back.data, raw, len);
		buf_clear(&back);
		mapname_canonical(display.data, &back);
		assert_string_equal(back.data, display.data);
		mapname_pin(display.data, &pin);
		assert_safe(&pin);
		assert_null(strchr(pin.data, '.'));
		buf_clear(&back);
		mapname_of_pin(pin.data, &back);
		assert_int_equal(back.len, len);
		assert_memory_equal(back.data, raw, len);
		buf_free(&display);
		buf_free(&pin);
		buf_free(&back);
	}
}

/* Two different pins in a directory never stand for the same name. */
static void test_pins_are_injective(void **state)
{
	char a[5] = {0}, b[5] = {0};

	(void)state;
	for (int round = 0; round < 20000; round++) {
		static const char alphabet[] = "%26E1a";
		struct buf x = BUF_INIT(100), y = BUF_INIT(100);

		for (size_t i = 0; i < sizeof(a) - 1; i++) {
			a[i] = alphabet[random_below(sizeof(alphabet) - 1)];
			b[i] = random_below(3) ? a[i]
					       : alphabet[random_below(sizeof(alphabet) - 1)];
		}
		mapname_of_pin(a, &x);
		mapname_of_pin(b, &y);
		if (strcmp(a, b) != 0 && strcmp(x.data, y.data) == 0)
			fail_msg("'%s' and '%s' are both '%s'", a, b, x.data);
		buf_free(&x);
		buf_free(&y);
	}
}

static void test_check(void **state)
{
	static const struct {
		const char *name;
		int err;
	} cases[] = {
		{"plain", 0},
		{"a.b", 0},
		{"%2Ebss", 0},
		{"%40x", 0},
		{"a@b", 0},
		{"100%", 0},
		{"", -EINVAL},
		{".", -EINVAL},
		{"..", -EINVAL},
		{".map", -EINVAL},
		{"@5", -EINVAL},
		{"@", -EINVAL},
		{"%00", -EINVAL},
		{"a%00b", -EINVAL},
		{LONG_64 LONG_64 LONG_64
		 "012345678901234567890123456789012345678901234567890123456789012",
		 0},
		{LONG_64 LONG_64 LONG_64 LONG_64, -ENAMETOOLONG},
		{LONG_64 LONG_64 LONG_64 "................................", -ENAMETOOLONG},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d = {0};
		int err = mapname_check(cases[i].name, &d);

		if (err != cases[i].err || d.err != -err || (err && !d.why[0]))
			fail_msg("'%s': %d (%s)", cases[i].name, err, d.why);
		assert_int_equal(mapname_check(cases[i].name, NULL), cases[i].err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_display),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_foreign_pins),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_pins_are_injective),
		cmocka_unit_test(test_check),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
