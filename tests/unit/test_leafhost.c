/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Interfaces, programs, descriptors of processes, and nothing, as texts and back. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "lib/codec.h"
#include "lib/host.h"
#include "tests/unit/fake_sys.h"

/* Paths are the machine's: this file is said to be a program's pin, and the other one is not. */
#define PIN "/dev/null"
#define OTHER "/dev/zero"
#define PROG 7

enum { UNTOUCHED = 0x5a5a5a5a };

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	fake_pin_prog(PROG, PIN);
	return 0;
}

static int parse(enum codec_format format, enum layout_kind kind, uint32_t size, const char *text,
		 void *bytes, struct diag *d)
{
	struct layout *l = layout_plain(kind, size);
	int err;

	assert_non_null(l);
	err = codec_parse(format, l, text, strlen(text), bytes, d);
	layout_unref(l);
	return err;
}

static void assert_print(enum codec_format format, enum layout_kind kind, uint32_t size,
			 const void *bytes, const char *expected)
{
	struct layout *l = layout_plain(kind, size);
	struct buf out = BUF_INIT(SIZE_MAX / 2);

	assert_non_null(l);
	assert_int_equal(codec_print(format, l, bytes, &out), 0);
	assert_true(out.len <= codec_print_max(format, l));
	layout_unref(l);
	assert_buf(&out, expected);
}

/* What a text means, and how that is written. */
static const struct {
	enum layout_kind kind;
	enum codec_format format;
	const char *text;
	uint32_t number;
	const char *written;
} numbers[] = {
	{LAYOUT_IFINDEX, CODEC_TEXT, "lo\n", 1, "lo\n"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "lo", 1, "lo\n"},
	{LAYOUT_IFINDEX, CODEC_TEXT, " lo ", 1, "lo\n"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "1", 1, "lo\n"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "0x1\n", 1, "lo\n"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "0", 0, "0\n"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "4294967295", UINT32_MAX, "4294967295\n"},
	{LAYOUT_IFINDEX, CODEC_NAME, "lo", 1, "lo"},
	{LAYOUT_IFINDEX, CODEC_JSON, "\"lo\"", 1, "\"lo\""},
	{LAYOUT_IFINDEX, CODEC_JSON, "1", 1, "\"lo\""},
	{LAYOUT_IFINDEX, CODEC_JSON, "4294967295", UINT32_MAX, "4294967295"},
	{LAYOUT_PROG, CODEC_TEXT, "12\n", 12, "12\n"},
	{LAYOUT_PROG, CODEC_TEXT, "4294967295", UINT32_MAX, "4294967295\n"},
	{LAYOUT_PROG, CODEC_TEXT, PIN "\n", PROG, "7\n"},
	{LAYOUT_PROG, CODEC_TEXT, PIN, PROG, "7\n"},
	{LAYOUT_PROG, CODEC_JSON, "0", 0, "0"},
	{LAYOUT_PROG, CODEC_JSON, "\"" PIN "\"", PROG, "7"},
};

static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(if_nametoindex("lo"), 1);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint32_t number = UNTOUCHED;
		int err = parse(numbers[i].format, numbers[i].kind, sizeof(number), numbers[i].text,
				&number, NULL);

		if (err || number != numbers[i].number)
			fail_msg("'%s': error %d, number %u", numbers[i].text, err, number);
		assert_print(numbers[i].format, numbers[i].kind, sizeof(number), &number,
			     numbers[i].written);
	}
}

/* Texts that are refused, where, and with a word of why; those that wait for the rest. */
static const struct {
	enum layout_kind kind;
	enum codec_format format;
	const char *text;
	int err;
	size_t offset;
	const char *why;
} refusals[] = {
	{LAYOUT_IFINDEX, CODEC_TEXT, "", EAGAIN, 0, ""},
	{LAYOUT_IFINDEX, CODEC_TEXT, "l", EAGAIN, 1, "the name of an interface"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "l\n", EINVAL, 0, "no interface of this name"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "l x", EINVAL, 0, "no interface of this name"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "no-such-name-has", EINVAL, 0, "no interface of this name"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "lo lo", EINVAL, 3, "nothing may follow"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "{", EINVAL, 0, "no interface of this name"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "\"lo\"", EINVAL, 0, "no interface of this name"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "-1\n", EINVAL, 0, "no interface of this name"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "1lo", EAGAIN, 3, "the name of an interface"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "1lo\n", EINVAL, 0, "no interface of this name"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "1-2\n", EINVAL, 0, "no interface of this name"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "0x1lo", EINVAL, 3, "a digit"},
	{LAYOUT_IFINDEX, CODEC_TEXT, "4294967296", EINVAL, 0, "out of range"},
	{LAYOUT_IFINDEX, CODEC_JSON, "lo", EINVAL, 0, ""},
	{LAYOUT_IFINDEX, CODEC_JSON, "\"l", EAGAIN, 2, ""},
	{LAYOUT_IFINDEX, CODEC_JSON, "\"lo", EAGAIN, 3, ""},
	{LAYOUT_IFINDEX, CODEC_JSON, "\"l\"", EINVAL, 1, "no interface of this name"},
	{LAYOUT_IFINDEX, CODEC_JSON, "\"\"", EINVAL, 1, "no interface of this name"},
	{LAYOUT_PROG, CODEC_TEXT, "", EAGAIN, 0, ""},
	{LAYOUT_PROG, CODEC_TEXT, "x", EINVAL, 0, "its id, or by the absolute path"},
	{LAYOUT_PROG, CODEC_TEXT, "prog\n", EINVAL, 0, "its id, or by the absolute path"},
	{LAYOUT_PROG, CODEC_TEXT, "-1", EINVAL, 0, "its id, or by the absolute path"},
	{LAYOUT_PROG, CODEC_TEXT, "4294967296", EINVAL, 0, "out of range"},
	{LAYOUT_PROG, CODEC_TEXT, "7x", EINVAL, 1, "a digit"},
	{LAYOUT_PROG, CODEC_TEXT, "/dev/nul", EAGAIN, 8, "the rest of the path"},
	{LAYOUT_PROG, CODEC_TEXT, "/dev/nul\n", EINVAL, 0, "no program is pinned there"},
	{LAYOUT_PROG, CODEC_TEXT, OTHER "\n", EINVAL, 0, "no program is pinned there"},
	{LAYOUT_PROG, CODEC_TEXT, "/dev\n", EINVAL, 0, "no program is pinned there"},
	{LAYOUT_PROG, CODEC_TEXT, "/dev//null\n", EINVAL, 0, "empty, '.' or '..'"},
	{LAYOUT_PROG, CODEC_TEXT, "/proc/self/root\n", EINVAL, 0, "through a symbolic link"},
	{LAYOUT_PROG, CODEC_TEXT, "/proc/self/root", EAGAIN, 15, "the rest of the path"},
	{LAYOUT_PROG, CODEC_TEXT, PIN " \n", EINVAL, 0, "no program is pinned there"},
	{LAYOUT_PROG, CODEC_JSON, PIN, EINVAL, 0, ""},
	{LAYOUT_PROG, CODEC_JSON, "\"", EAGAIN, 1, "a program"},
	{LAYOUT_PROG, CODEC_JSON, "\"\"", EINVAL, 1, "its id, or by the absolute path"},
	{LAYOUT_PROG, CODEC_JSON, "\"prog\"", EINVAL, 1, "its id, or by the absolute path"},
	{LAYOUT_PROG, CODEC_JSON, "\"/dev", EAGAIN, 5, "the rest of the path"},
	{LAYOUT_PROG, CODEC_JSON, "\"" PIN, EAGAIN, 10, ""},
	{LAYOUT_PROG, CODEC_JSON, "\"" OTHER "\"", EINVAL, 1, "no program is pinned there"},
	{LAYOUT_PID_FD, CODEC_TEXT, "", EAGAIN, 0, ""},
	{LAYOUT_PID_FD, CODEC_TEXT, "1", EAGAIN, 1, ""},
	{LAYOUT_PID_FD, CODEC_TEXT, "1:", EAGAIN, 2, ""},
	{LAYOUT_PID_FD, CODEC_TEXT, ":2", EINVAL, 0, "a process is a number"},
	{LAYOUT_PID_FD, CODEC_TEXT, "x:2", EINVAL, 0, ""},
	{LAYOUT_PID_FD, CODEC_TEXT, "1:x", EINVAL, 2, ""},
	{LAYOUT_PID_FD, CODEC_TEXT, "1x:2", EINVAL, 1, ""},
	{LAYOUT_PID_FD, CODEC_TEXT, "1,x:2", EINVAL, 1, "a process is a number"},
	{LAYOUT_PID_FD, CODEC_TEXT, "1 :2", EINVAL, 1, "a process is a number"},
	{LAYOUT_PID_FD, CODEC_TEXT, "1,2", EINVAL, 1, "a process is a number"},
	{LAYOUT_PID_FD, CODEC_TEXT, "1:2:3", EINVAL, 3, "nothing may follow"},
	{LAYOUT_PID_FD, CODEC_TEXT, "4294967296:2", EINVAL, 0, "out of range"},
	{LAYOUT_PID_FD, CODEC_TEXT, "1:4294967296", EINVAL, 2, "out of range"},
	{LAYOUT_PID_FD, CODEC_JSON, "1:2", EINVAL, 0, ""},
	{LAYOUT_PID_FD, CODEC_JSON, "\"1:2", EAGAIN, 4, ""},
	{LAYOUT_NOTHING, CODEC_TEXT, "", EAGAIN, 0, ""},
	{LAYOUT_NOTHING, CODEC_TEXT, "0", EINVAL, 0, "no value to be written"},
	{LAYOUT_NOTHING, CODEC_JSON, "null", EINVAL, 0, "no value to be written"},
	{LAYOUT_NOTHING, CODEC_RAW, "1234", EINVAL, 0, "no value to be written"},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		uint32_t size = refusals[i].kind == LAYOUT_PID_FD ? 8 : 4;
		struct diag d = {.err = 0};
		uint64_t bytes;
		int err = parse(refusals[i].format, refusals[i].kind, size, refusals[i].text,
				&bytes, &d);

		if (err != -refusals[i].err || d.offset != refusals[i].offset ||
		    !strstr(d.why, refusals[i].why))
			fail_msg("'%s': error %d at %zu: %s", refusals[i].text, err,
				 (size_t)d.offset, d.why);
	}
}

/* What only root may name, he is not asked the rest of. */
static void test_others_name_no_programs(void **state)
{
	static const char *const paths[] = {PIN "\n", PIN, OTHER "\n", "/", "/none/such"};
	struct diag d = {.err = 0};
	uint32_t id = UNTOUCHED;

	(void)state;
	host_serve(65534);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_int_equal(parse(CODEC_TEXT, LAYOUT_PROG, sizeof(id), paths[i], &id, &d),
				 -EPERM);
		assert_string_equal(d.why, "only root may name programs here");
	}
	assert_int_equal(parse(CODEC_TEXT, LAYOUT_PROG, sizeof(id), "7", &id, NULL), 0);
	assert_int_equal(fake_calls(FAKE_PROG_PIN_ID), 0);
	host_serve(0);
	assert_int_equal(parse(CODEC_TEXT, LAYOUT_PROG, sizeof(id), PIN, &id, NULL), 0);
	assert_int_equal(id, PROG);
}

static void test_path_too_long(void **state)
{
	char text[PATH_MAX + 2];
	uint32_t id;
	struct diag d = {.err = 0};

	(void)state;
	memset(text, '/', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(parse(CODEC_TEXT, LAYOUT_PROG, sizeof(id), text, &id, &d), -EINVAL);
	assert_string_equal(d.why, "the path is too long");
	assert_int_equal(fake_calls(FAKE_PROG_PIN_ID), 0);
}

static const struct {
	enum codec_format format;
	const char *text, *written;
	uint32_t pid, fd;
} descriptors[] = {
	{CODEC_NAME, "1:2", "1:2", 1, 2},
	{CODEC_TEXT, "0x10:0\n", "16:0\n", 16, 0},
	{CODEC_NAME, "4294967295:4294967295", "4294967295:4294967295", UINT32_MAX, UINT32_MAX},
	{CODEC_JSON, "\"300:4\"", "\"300:4\"", 300, 4},
	{CODEC_JSON, "\"4294967295:4294967295\"", "\"4294967295:4294967295\"", UINT32_MAX,
	 UINT32_MAX},
};

static void test_descriptors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(descriptors); i++) {
		uint32_t words[2] = {UNTOUCHED, UNTOUCHED};

		assert_int_equal(parse(descriptors[i].format, LAYOUT_PID_FD, sizeof(words),
				       descriptors[i].text, words, NULL),
				 0);
		assert_int_equal(words[0], descriptors[i].pid);
		assert_int_equal(words[1], descriptors[i].fd);
		assert_print(descriptors[i].format, LAYOUT_PID_FD, sizeof(words), words,
			     descriptors[i].written);
	}
}

static void test_nothing_is_written(void **state)
{
	const uint32_t bytes = UNTOUCHED;

	(void)state;
	for (enum codec_format format = 0; format < CODEC_FORMATS; format++)
		assert_print(format, LAYOUT_NOTHING, sizeof(bytes), &bytes, "");
}

/* Raw bytes are the tree's: the number, whatever it stands for. */
static void test_raw(void **state)
{
	uint32_t number = UNTOUCHED;

	(void)state;
	assert_int_equal(parse(CODEC_RAW, LAYOUT_IFINDEX, 4, "abcd", &number, NULL), 0);
	assert_memory_equal(&number, "abcd", 4);
	assert_print(CODEC_RAW, LAYOUT_IFINDEX, 4, "abcd", "abcd");
	assert_print(CODEC_RAW, LAYOUT_PROG, 4, "abcd", "abcd");
	assert_print(CODEC_RAW, LAYOUT_PID_FD, 8, "abcdefgh", "abcdefgh");
	assert_int_equal(parse(CODEC_RAW, LAYOUT_PROG, 4, "abc", &number, NULL), -EAGAIN);
	assert_int_equal(parse(CODEC_RAW, LAYOUT_PROG, 4, "abcde", &number, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_numbers, set_up),
		cmocka_unit_test_setup(test_refusals, set_up),
		cmocka_unit_test_setup(test_others_name_no_programs, set_up),
		cmocka_unit_test_setup(test_path_too_long, set_up),
		cmocka_unit_test_setup(test_descriptors, set_up),
		cmocka_unit_test_setup(test_nothing_is_written, set_up),
		cmocka_unit_test_setup(test_raw, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
