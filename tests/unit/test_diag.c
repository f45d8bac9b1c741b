/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void test_set(void **state)
{
	struct diag d;

	(void)state;
	assert_int_equal(diag_at(&d, EINVAL, 7, "number %d", 5), -EINVAL);
	assert_int_equal(d.err, EINVAL);
	assert_true(d.placed);
	assert_int_equal(d.offset, 7);
	assert_string_equal(d.why, "number 5");
	assert_int_equal(diag_set(&d, ENOENT, "%s", "gone"), -ENOENT);
	assert_int_equal(d.err, ENOENT);
	assert_false(d.placed);
	assert_string_equal(d.why, "gone");
	assert_int_equal(diag_set(NULL, EBUSY, "x"), -EBUSY);
	assert_int_equal(diag_at(NULL, EBUSY, 3, "x"), -EBUSY);
}

static void test_long_sentence(void **state)
{
	struct diag d;
	char text[1000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	diag_set(&d, EINVAL, "%s", text);
	assert_int_equal(strlen(d.why), sizeof(d.why) - 1);
}

/* A refusal of len bytes of text, which may be NULL. */
static struct refusal refusal_of(const char *text, size_t len, size_t offset)
{
	struct refusal r = {
		.when = {.tv_sec = 1000000000},
		.pid = 42,
		.operation = "write",
		.path = "map/key",
	};

	diag_at(&r.diag, EINVAL, offset, "because");
	if (text)
		diag_quote(&r.diag, text, len);
	return r;
}

static struct refusal refusal_of_string(const char *text, size_t offset)
{
	return refusal_of(text, text ? strlen(text) : 0, offset);
}

/* Behind the time: dates depend on where the test runs. */
static const char *without_date(const struct buf *b)
{
	assert_non_null(b->data);
	assert_non_null(strstr(b->data, " pid "));
	return strstr(b->data, " pid ") + 1;
}

#define LINE "pid 42: write map/key: EINVAL: because\n"
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

static void test_print(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *shown;
	} cases[] = {
		{NULL, 0, LINE},
		{"300", 0, LINE "    300\n    ^\n"},
		{"key=u33", 4, LINE "    key=u33\n        ^\n"},
		{"300", 3, LINE "    300\n       ^\n"},
		{"300", 99, LINE "    300\n       ^\n"},
		{"", 0, LINE},
		{"a\tb\x1b[31m\x7f", 3, LINE "    a?b?[31m?\n       ^\n"},
		{"a\xc2\x9b\x33\xc3\x9b", 3,
		 LINE "    a\xc2?3\xc3\x9b\n       ^\n"}, /* U+009B, U+00DB */
		{"\xc3\xa4", 0, LINE "    \xc3\xa4\n    ^\n"},
		{"one\ntwo\nthree", 5, LINE "    two\n     ^\n"},
		{"one\ntwo\n", 3, LINE "    one\n       ^\n"},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct refusal r = refusal_of_string(cases[i].text, cases[i].offset);
		struct buf out = BUF_INIT(10000);

		diag_print(&r, &out);
		assert_string_equal(without_date(&out), cases[i].shown);
		buf_free(&out);
	}
}

static void test_print_bare(void **state)
{
	struct refusal r = {.operation = "mkdir", .diag = {.err = ENOSPC, .why = "full"}};
	struct buf out = BUF_INIT(10000);

	(void)state;
	diag_print(&r, &out);
	assert_string_equal(without_date(&out), "pid 0: mkdir : ENOSPC: full\n");
	diag_quote(&r.diag, "no place", 8);
	r.path = "a\nb\x1b";
	buf_clear(&out);
	diag_print(&r, &out);
	assert_string_equal(without_date(&out), "pid 0: mkdir a?b?: ENOSPC: full\n    no place\n");
	r.diag.err = 100000;
	buf_clear(&out);
	diag_print(&r, &out);
	assert_non_null(strstr(out.data, "error: full\n"));
	buf_free(&out);
}

/* A NUL byte in the text is a control byte. */
static void test_nul_byte(void **state)
{
	struct refusal r = refusal_of("a\0b", 3, 1);
	struct buf out = BUF_INIT(10000);

	(void)state;
	diag_print(&r, &out);
	assert_string_equal(without_date(&out), LINE "    a?b\n     ^\n");
	buf_free(&out);
}

/* What is shown of a long text is short, and the caret stands under its byte. */
static void assert_cut(const char *text, size_t offset)
{
	struct refusal r = refusal_of_string(text, offset);
	struct buf out = BUF_INIT(10000);
	char *shown, *caret;

	diag_print(&r, &out);
	shown = strchr(out.data, '\n') + 1;
	caret = strchr(shown, '\n') + 1;
	assert_true(caret - shown <= 100);
	assert_true(strlen(caret) <= 101);
	assert_string_equal(strchr(caret, '^'), "^\n");
	assert_memory_equal(shown, "    ", 4);
	assert_int_equal(shown[strchr(caret, '^') - caret], text[offset]);
	buf_free(&out);
}

static void test_long_texts(void **state)
{
	char text[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('!' + i % 90);
	text[sizeof(text) - 1] = '\0';
	for (size_t offset = 0; offset < sizeof(text) - 1; offset += 13)
		assert_cut(text, offset);
	assert_cut(text, sizeof(text) - 2);
	assert_cut("short\n" FIFTY FIFTY FIFTY, 6 + 140);
}

/* Only the first quote counts, and only of what was refused. */
static void test_quote(void **state)
{
	struct diag d = {0};

	(void)state;
	diag_quote(NULL, "text", 4);
	diag_quote(&d, "text", 4);
	assert_int_equal(d.quote_len, 0);
	diag_at(&d, EINVAL, 6, "because");
	diag_quote(&d, NULL, 0); /* an empty buf */
	assert_int_equal(d.quote_len, 0);
	diag_at(&d, EINVAL, 6, "because");
	diag_quote(&d, "one\ntwo\nthree", 13);
	assert_int_equal(d.quote_len, 3);
	assert_memory_equal(d.quote, "two", 3);
	assert_int_equal(d.offset, 2);
	diag_quote(&d, "another text", 12);
	assert_memory_equal(d.quote, "two", 3);
	assert_int_equal(d.offset, 2);
	diag_set(&d, EINVAL, "anew");
	assert_int_equal(d.quote_len, 0);
	diag_quote(&d, "one\ntwo", 7);
	assert_memory_equal(d.quote, "one", 3);
	assert_int_equal(d.quote_len, 3);
}

/* What ends too early: the caret stands behind the end, in the line that is shown. */
/* Which of many it was, and where in it; nothing of what was not refused. */
static void test_number_and_place(void **state)
{
	struct diag d = {.err = 0};

	(void)state;
	diag_place(NULL, 3);
	diag_number(NULL, "line", 3);
	diag_place(&d, 3);
	diag_number(&d, "line", 3);
	assert_false(d.placed);
	assert_string_equal(d.why, "");
	diag_set(&d, EINVAL, "no such thing");
	diag_place(&d, 7);
	diag_place(&d, 9);
	assert_true(d.placed);
	assert_int_equal(d.offset, 7);
	diag_number(&d, "line", UINT64_MAX);
	assert_string_equal(d.why, "line 18446744073709551615: no such thing");
	memset(d.why, 'x', sizeof(d.why) - 1);
	diag_number(&d, "element", 12);
	assert_memory_equal(d.why, "element 12: xxx", 15);
	assert_true(strlen(d.why) < sizeof(d.why));
}

static void test_quote_at_the_end(void **state)
{
	static const struct {
		const char *text, *quote;
		size_t offset;
	} cases[] = {
		{"300", "300", 3},
		{"[1,2", "[1,2", 4},
		{"", "", 0},
		{"key=4\n", "key=4", 5},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct refusal r = refusal_of_string(cases[i].text, strlen(cases[i].text));

		assert_int_equal(r.diag.quote_len, strlen(cases[i].quote));
		assert_memory_equal(r.diag.quote, cases[i].quote, r.diag.quote_len);
		assert_in_range(r.diag.offset, cases[i].offset, cases[i].offset + 1);
	}
}

static unsigned int count_lines(const char *s)
{
	unsigned int lines = 0;

	for (; *s; s++)
		lines += *s == '\n';
	return lines;
}

static void test_ring(void **state)
{
	struct diag_ring ring;
	struct buf out = BUF_INIT(100000);

	(void)state;
	diag_ring_init(&ring);
	diag_ring_print(&ring, &out);
	assert_int_equal(out.len, 0);
	for (int i = 0; i < 100; i++) {
		struct refusal r = {.pid = i, .operation = "write", .diag = {.err = EINVAL}};

		diag_ring_add(&ring, &r);
		buf_clear(&out);
		diag_ring_print(&ring, &out);
		assert_int_equal(count_lines(out.data), i < 64 ? i + 1 : 64);
	}
	assert_memory_equal(without_date(&out), "pid 36: ", 8);
	assert_null(strstr(out.data, "pid 35: "));
	assert_true(strstr(out.data, "pid 98: ") < strstr(out.data, "pid 99: "));
	diag_ring_clear(&ring);
	buf_clear(&out);
	diag_ring_print(&ring, &out);
	assert_int_equal(out.len, 0);
	diag_ring_free(&ring);
	buf_free(&out);
}

static void add_of(struct diag_ring *ring, uid_t uid, int count)
{
	for (int i = 0; i < count; i++) {
		struct refusal r = {.pid = (pid_t)(uid * 1000) + i,
				    .uid = uid,
				    .operation = "write",
				    .diag = {.err = EINVAL}};

		diag_ring_add(ring, &r);
	}
}

/* How many lines one user sees; what he sees is his, and the last ones, in order. */
static unsigned int lines_of(struct diag_ring *ring, uid_t uid, int added)
{
	struct buf out = BUF_INIT(100000);
	unsigned int count, i = 0;

	diag_ring_print_of(ring, uid, &out);
	count = out.data ? count_lines(out.data) : 0;
	for (char *at = out.data; at && (at = strstr(at, " pid ")) != NULL; at++, i++)
		assert_int_equal(atoi(at + 5), (int)uid * 1000 + added - (int)(count - i));
	assert_int_equal(i, count);
	buf_free(&out);
	return count;
}

/* Each user sees and clears his own. */
static void test_ring_of_users(void **state)
{
	struct diag_ring ring;
	struct buf out = BUF_INIT(100000);

	(void)state;
	diag_ring_init(&ring);
	assert_int_equal(lines_of(&ring, 5, 0), 0);
	for (int i = 0; i < 3; i++) {
		add_of(&ring, 5, 2);
		add_of(&ring, 6, 1);
	}
	add_of(&ring, 0, 4);
	diag_ring_print_of(&ring, 6, &out);
	assert_int_equal(count_lines(out.data), 3);
	assert_null(strstr(out.data, "pid 5"));
	diag_ring_clear_of(&ring, 5);
	assert_int_equal(lines_of(&ring, 5, 0), 0);
	assert_int_equal(lines_of(&ring, 0, 4), 4);
	diag_ring_clear_of(&ring, 7);
	buf_clear(&out);
	diag_ring_print(&ring, &out);
	assert_int_equal(count_lines(out.data), 7);
	diag_ring_clear(&ring);
	assert_int_equal(lines_of(&ring, 0, 0), 0);
	diag_ring_free(&ring);
	buf_free(&out);
}

/* A full ring: the oldest goes of who has the most. */
static void test_ring_is_shared(void **state)
{
	static const struct {
		int counts[3];         /* added by the users 1, 2, 3, in this order */
		unsigned int lines[3]; /* that are kept */
	} cases[] = {
		{{64, 0, 0}, {64, 0, 0}},     {{200, 0, 0}, {64, 0, 0}},
		{{10, 200, 0}, {10, 54, 0}},  {{200, 10, 0}, {54, 10, 0}},
		{{200, 200, 0}, {32, 32, 0}}, {{1, 200, 200}, {1, 31, 32}},
		{{5, 5, 200}, {5, 5, 54}},    {{64, 64, 64}, {21, 21, 22}},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag_ring ring;

		diag_ring_init(&ring);
		for (unsigned int u = 0; u < 3; u++)
			add_of(&ring, u + 1, cases[i].counts[u]);
		for (unsigned int u = 0; u < 3; u++)
			assert_int_equal(lines_of(&ring, u + 1, cases[i].counts[u]),
					 cases[i].lines[u]);
		diag_ring_free(&ring);
	}
}

/* Strings are copied: they may go, and change, once they were added. */
static void test_ring_copies(void **state)
{
	struct diag_ring ring;
	struct buf out = BUF_INIT(10000);
	char *path = strdup("map/key"), *text = strdup("300");
	struct refusal r = refusal_of_string(text, 1);

	(void)state;
	diag_ring_init(&ring);
	r.path = path;
	diag_ring_add(&ring, &r);
	memset(path, 'x', strlen(path));
	memset(text, 'x', strlen(text));
	free(path);
	free(text);
	diag_ring_print(&ring, &out);
	assert_string_equal(without_date(&out), LINE "    300\n     ^\n");
	diag_ring_free(&ring);
	buf_free(&out);
}

static void *add_many(void *arg)
{
	struct refusal r = refusal_of_string("text", 2);

	for (int i = 0; i < 1000; i++)
		diag_ring_add(arg, &r);
	return NULL;
}

static void test_threads(void **state)
{
	struct diag_ring ring;
	struct buf out = BUF_INIT(100000);
	pthread_t threads[4];

	(void)state;
	diag_ring_init(&ring);
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, &ring), 0);
	for (int i = 0; i < 50; i++) {
		buf_clear(&out);
		diag_ring_print(&ring, &out);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	buf_clear(&out);
	diag_ring_print(&ring, &out);
	assert_int_equal(count_lines(out.data), 3 * DIAG_RING_SIZE);
	diag_ring_free(&ring);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_long_sentence),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_print_bare),
		cmocka_unit_test(test_nul_byte),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_quote_at_the_end),
		cmocka_unit_test(test_number_and_place),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_ring_of_users),
		cmocka_unit_test(test_ring_is_shared),
		cmocka_unit_test(test_ring_copies),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
