/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/seen.h"

#include <pthread.h>
#include <string.h>

#include "tests/unit/unit.h"

static int setup(void **state)
{
	*state = seen_new(1000);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	seen_free(*state);
	return 0;
}

static time_t ask(struct seen *s, uint64_t key, uint64_t value, time_t now)
{
	return seen_value(s, key, &value, sizeof(value), now * SEEN_SECOND) / SEEN_SECOND;
}

/* One key: its values, when each is asked for, and the time that it then has, both in
 * seconds from the start. */
static void test_times(void **state)
{
	static const struct {
		uint64_t value;
		time_t now, expected;
	} cases[] = {
		{1, 10, 10},   {1, 10, 10},   {1, 99, 10},   {2, 100, 100}, {2, 200, 100},
		{1, 201, 201}, {2, 201, 202}, {3, 201, 203}, {3, 202, 203}, {4, 203, 204},
		{4, 500, 204}, {5, 500, 500}, {6, 400, 501}, {6, 600, 501}, {7, 600, 600},
	};
	time_t start = time(NULL);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(ask(*state, 7, cases[i].value, start + cases[i].now) - start,
				 cases[i].expected);
}

/* A first look has a whole second in the past, a change the time of its own, a little later than
 * it was, by half a millisecond at most: tar tells of files from the future. */
static void test_parts_of_seconds(void **state)
{
	static const struct {
		uint64_t value;
		int64_t now, expected; /* in 4000ths of a second */
	} cases[] = {
		{1, 40000 + 5, 40000},
		{1, 40000 + 2000, 40000},
		{2, 40000 + 2001, 44000},
		{3, 44000 + 2001, 48000},
		{3, 99999, 48000},
		{4, 400000, 400002},
		{5, 800000 + 3, 800004},
		{6, 1200000 + 3999, 1204000},
		{7, 1200000 + 3999, 1208000},
		{8, 1600000 + 2001, 1602002},
	};
	int64_t start = time(NULL) * SEEN_SECOND, part = SEEN_SECOND / 4000;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			seen_value(*state, 7, &cases[i].value, 8, start + cases[i].now * part) -
				start,
			cases[i].expected * part);
}

static void test_keys_are_apart(void **state)
{
	time_t start = time(NULL);

	for (uint64_t key = 0; key < 500; key++)
		assert_int_equal(ask(*state, key * 64 + 3, 1, start + 10 + (time_t)key),
				 start + 10 + (time_t)key);
}

/* 0 marks what is free inside, and is a key like any other. */
static void test_key_zero(void **state)
{
	time_t start = time(NULL);

	assert_int_equal(ask(*state, 0, 1, start + 10), start + 10);
	assert_int_equal(ask(*state, 0, 1, start + 20), start + 10);
	assert_int_equal(ask(*state, 0, 2, start + 20), start + 20);
}

static void test_lengths_differ(void **state)
{
	static const char zeroes[8];
	time_t start = time(NULL);

	assert_int_equal(seen_value(*state, 1, zeroes, 4, (start + 10) * SEEN_SECOND) / SEEN_SECOND,
			 start + 10);
	assert_int_equal(seen_value(*state, 1, zeroes, 8, (start + 20) * SEEN_SECOND) / SEEN_SECOND,
			 start + 20);
	assert_int_equal(seen_value(*state, 1, zeroes, 0, (start + 30) * SEEN_SECOND) / SEEN_SECOND,
			 start + 30);
}

/* A clock that was set back, to before the mount even. */
static void test_clock_goes_back(void **state)
{
	time_t start = time(NULL), first = ask(*state, 1, 1, start - 1000);

	assert_int_equal(ask(*state, 1, 1, start + 5), first);
	assert_true(ask(*state, 1, 2, start - 1000) > first);
}

/* What fits stands still, in whatever order it is asked for. */
static void test_all_stand_still(void **state)
{
	time_t start = time(NULL);
	uint64_t key;

	for (int round = 0; round < 5; round++)
		for (key = 0; key < 1000; key++)
			assert_int_equal(ask(*state, key * 0x9e3779b97f4a7c15, key,
					     start + 10 + round * 100),
					 start + 10);
}

/* More than fits: each has the time it had or the present one, and few are
 * remembered. */
static void test_bounded(void **state)
{
	enum { KEYS = 200000 };
	time_t start = time(NULL);
	unsigned int remembered = 0;

	for (uint64_t key = 1; key <= KEYS; key++)
		assert_int_equal(ask(*state, key * 0x9e3779b97f4a7c15, 1, start + 10), start + 10);
	for (uint64_t key = KEYS; key >= 1; key--) {
		time_t when = ask(*state, key * 0x9e3779b97f4a7c15, 1, start + 20);

		assert_true(when == start + 10 || when == start + 20);
		remembered += when == start + 10;
	}
	assert_in_range(remembered, 1, 10000);
}

/* Nothing that changes is missed, whatever is forgotten. */
static void test_changes_are_not_missed(void **state)
{
	static time_t last[20000];
	time_t start = time(NULL);

	for (time_t now = 10; now < 20; now++)
		for (uint64_t key = 0; key < ARRAY_SIZE(last); key++) {
			time_t when = ask(*state, key * 0x9e3779b97f4a7c15 + 1, (uint64_t)now,
					  start + now);

			assert_true(when > last[key]);
			last[key] = when;
		}
}

struct worker {
	struct seen *seen;
	uint64_t first;
	time_t start;
	unsigned int wrong;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	for (time_t now = 1; now < 200; now++)
		for (uint64_t key = w->first; key < w->first + 50; key++)
			w->wrong +=
				ask(w->seen, key, (uint64_t)now, w->start + now) != w->start + now;
	return NULL;
}

static void test_threads(void **state)
{
	struct worker workers[4];
	pthread_t threads[4];

	for (unsigned int i = 0; i < 4; i++) {
		workers[i] = (struct worker){*state, i * 50, time(NULL), 0};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(workers[i].wrong, 0);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Without room nothing is ever seen to change. */
static void test_nothing_changes(void **state)
{
	time_t start = time(NULL);
	struct seen *s = seen_new(0);

	(void)state;
	assert_non_null(s);
	for (uint64_t i = 0; i < 1000; i++)
		assert_in_range(ask(s, i % 10, i, start + 10 + (time_t)i), start, start + 2);
	assert_int_equal(ask(s, 1, 1, start + 1), ask(s, 2, 2, start + 2000));
	seen_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_times),
		TEST(test_parts_of_seconds),
		TEST(test_keys_are_apart),
		TEST(test_key_zero),
		TEST(test_lengths_differ),
		TEST(test_clock_goes_back),
		TEST(test_all_stand_still),
		TEST(test_bounded),
		TEST(test_changes_are_not_missed),
		TEST(test_threads),
		cmocka_unit_test(test_nothing_changes),
	};

	seen_free(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
