/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The table of what waits. */
#include "fs/waitroom.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fs_clock.h"
#include "tests/unit/unit.h"

enum { USER = 1000, OTHER, MOST_LINKS = 4096, MOST_BYTES = 256 << 20, LINKS_OF_USER = 1024 };

static struct quota quota;

static int setup(void **state)
{
	static struct waitroom table;

	clock_ahead = 0;
	assert_int_equal(quota_init(&quota), 0);
	waitroom_init(&table, &quota);
	*state = &table;
	return 0;
}

/* All that was charged is given back, whatever a test has left there. */
static int teardown(void **state)
{
	waitroom_free(*state);
	for (int kind = 0; kind < QUOTA_KINDS; kind++) {
		assert_int_equal(quota_of_all(&quota, (enum quota_kind)kind), 0);
		assert_int_equal(quota_of_user(&quota, (enum quota_kind)kind, USER), 0);
	}
	quota_free(&quota);
	return 0;
}

static int put(struct waitroom *t, uint32_t map_id, enum waiter_kind kind, const char *name,
	       const char *text, uint32_t stored)
{
	const struct waiter w = {.map_id = map_id,
				 .kind = kind,
				 .stored = stored,
				 .name = (char *)name,
				 .text = (char *)text,
				 .len = text ? strlen(text) : 0};

	return waitroom_put(t, &w, NULL);
}

/* "map/name>text " of all, by map and in order, with what they are stored as. */
static void assert_all(struct waitroom *t, const char *expected)
{
	struct buf all = BUF_INIT(100000);
	struct waiter w;
	uint32_t map_id = 0;
	size_t count = 0;

	buf_adds(&all, "");
	while (waitroom_next_map(t, map_id, &map_id) == 0) {
		uint64_t before = 0;

		while (waitroom_next(t, map_id, before, &w) == 0) {
			assert_true(w.number > before);
			assert_int_equal(w.map_id, map_id);
			before = w.number;
			count++;
			buf_addf(&all, "%u/%s>%s", w.map_id, w.name, w.text);
			if (w.stored)
				buf_addf(&all, ":%u", w.stored);
			buf_addc(&all, ' ');
			waiter_release(&w);
		}
	}
	assert_buf(&all, expected);
	assert_int_equal(t->count, count);
	if (!count)
		assert_int_equal(t->map_count + quota_of_all(&quota, QUOTA_WAITING), 0);
}

static void test_table(void **state)
{
	struct waitroom *t = *state;
	struct waiter w;

	assert_int_equal(waitroom_find(t, 7, "1", &w), -ENOENT);
	assert_int_equal(waitroom_remove(t, 7, "1"), -ENOENT);
	assert_int_equal(put(t, 7, WAIT_LINK, "1", "../a", 0), 0);
	assert_int_equal(put(t, 8, WAIT_LINK, "1", "../b", 0), 0);
	assert_int_equal(put(t, 7, WAIT_LINK_TO_BE, "2", NULL, 0), 0);
	assert_int_equal(put(t, 7, WAIT_LINK, "3", "../c", 99), 0);
	assert_int_equal(put(t, 7, WAIT_FILE, "4", "5\n", 1), 0);
	assert_all(t, "7/1>../a 7/2> 7/3>../c:99 7/4>5\n:1 8/1>../b ");
	assert_int_equal(waitroom_count(t, 7), 2);
	assert_int_equal(waitroom_count(t, 8), 1);
	assert_int_equal(waitroom_count(t, 9), 0);

	assert_int_equal(waitroom_find(t, 8, "1", &w), 0);
	assert_string_equal(w.text, "../b");
	waiter_release(&w);
	assert_int_equal(waitroom_find(t, 7, "2", NULL), 0);
	assert_int_equal(waitroom_find(t, 7, "3", NULL), -ENOENT); /* it is an element */
	assert_int_equal(waitroom_find(t, 7, "4", NULL), 0);       /* it is both */
	assert_int_equal(waitroom_find(t, 9, "1", NULL), -ENOENT);

	assert_int_equal(put(t, 7, WAIT_FILE, "1", "long text", 0), 0); /* in its place */
	assert_all(t, "7/1>long text 7/2> 7/3>../c:99 7/4>5\n:1 8/1>../b ");
	assert_int_equal(quota_of_all(&quota, QUOTA_LINKS), 3);
	assert_int_equal(waitroom_remove(t, 7, "3"), 0);
	assert_int_equal(waitroom_remove(t, 7, "3"), -ENOENT);
	assert_all(t, "7/1>long text 7/2> 7/4>5\n:1 8/1>../b ");
	for (int i = 0; i < 3; i++)
		waitroom_remove(t, 7, (const char *[]){"1", "2", "4"}[i]);
	waitroom_remove(t, 8, "1");
	assert_all(t, "");
}

/* Bytes are bytes, and a copy has a NUL behind them. */
static void test_bytes(void **state)
{
	struct waitroom *t = *state;
	const struct waiter w = {.map_id = 1, .name = "n", .text = "a\0b", .len = 3};
	struct waiter copy;

	assert_int_equal(waitroom_put(t, &w, NULL), 0);
	assert_int_equal(waitroom_find(t, 1, "n", &copy), 0);
	assert_int_equal(copy.len, 3);
	assert_memory_equal(copy.text, "a\0b", 4);
	assert_true(copy.made > 0);
	waiter_release(&copy);
}

static bool is_8(void *arg, uint32_t map_id)
{
	(void)arg;
	return map_id == 8;
}

static void test_maps(void **state)
{
	struct waitroom *t = *state;
	struct waiter w;

	put(t, 7, WAIT_FILE, "1", "a", 1);
	put(t, 8, WAIT_LINK, "2", "b", 50);
	put(t, 7, WAIT_LINK, "3", "c", 50);
	put(t, 9, WAIT_FILE, "4", "d", 1);
	waitroom_move_map(t, 7, 70);
	assert_all(t, "8/2>b:50 9/4>d:1 70/1>a 70/3>c ");
	assert_int_equal(waitroom_count(t, 70), 2);
	assert_int_equal(waitroom_next(t, 70, 0, &w), 0);
	waitroom_set_stored(t, &w, 5);
	assert_all(t, "8/2>b:50 9/4>d:1 70/1>a:5 70/3>c ");
	assert_int_equal(waitroom_count(t, 70), 1);
	waitroom_set_stored(t, &w, 0);
	w.number++;
	waitroom_set_stored(t, &w, 6); /* another one */
	waiter_release(&w);
	assert_all(t, "8/2>b:50 9/4>d:1 70/1>a 70/3>c ");
	waitroom_prune(t, is_8, NULL);
	assert_all(t, "9/4>d:1 70/1>a 70/3>c ");
	waitroom_remove_map(t, 70);
	waitroom_remove_map(t, 70);
	waitroom_move_map(t, 70, 71);
	assert_all(t, "9/4>d:1 ");
}

static void test_bounded_links(void **state)
{
	struct waitroom *t = *state;
	char name[16];

	for (int i = 0; i < MOST_LINKS; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(put(t, 1, WAIT_LINK, name, "x", 0), 0);
	}
	assert_int_equal(put(t, 1, WAIT_LINK, "one more", "x", 0), -ENOSPC);
	assert_int_equal(put(t, 2, WAIT_LINK_TO_BE, "one more", NULL, 0), -ENOSPC);
	assert_int_equal(put(t, 1, WAIT_FILE, "one more", "x", 0), 0);
	assert_int_equal(put(t, 1, WAIT_LINK, "17", "y", 0), 0);
	assert_int_equal(waitroom_count(t, 1), MOST_LINKS + 1);
	assert_int_equal(waitroom_remove(t, 1, "18"), 0);
	assert_int_equal(put(t, 1, WAIT_LINK, "one more", "x", 0), 0);
}

static void test_bounded_bytes(void **state)
{
	struct waitroom *t = *state;
	size_t half = MOST_BYTES / 2 - 4096;
	char *text = malloc(MOST_BYTES);
	struct waiter w = {.map_id = 1, .text = text, .len = half};

	assert_non_null(text);
	memset(text, 'x', MOST_BYTES);
	w.name = "a";
	assert_int_equal(waitroom_put(t, &w, NULL), 0);
	w.name = "b";
	assert_int_equal(waitroom_put(t, &w, NULL), 0);
	w.map_id = 2;
	w.len = 16384;
	assert_int_equal(waitroom_put(t, &w, NULL), -ENOSPC);
	assert_int_equal(t->map_count, 1);
	w.map_id = 1;
	assert_int_equal(waitroom_put(t, &w, NULL), 0);
	w.len = half + 32768;
	assert_int_equal(waitroom_put(t, &w, NULL), -ENOSPC);
	free(text);
}

static int put_of(struct waitroom *t, uint32_t user, enum waiter_kind kind, int n, size_t len)
{
	static char text[1 << 20];
	char name[16];
	const struct waiter w = {
		.map_id = 1, .kind = kind, .name = name, .text = text, .len = len, .maker = user};

	snprintf(name, sizeof(name), "%d", n);
	return waitroom_put(t, &w, NULL);
}

/* Who has his most hinders no other; what is replaced is charged to who replaces it. */
static void test_users_are_bounded(void **state)
{
	struct waitroom *t = *state;
	int n;

	for (n = 0; n < LINKS_OF_USER; n++)
		assert_int_equal(put_of(t, USER, WAIT_LINK, n, 4), 0);
	assert_int_equal(put_of(t, USER, WAIT_LINK, n, 4), -ENOSPC);
	assert_int_equal(put_of(t, USER, WAIT_LINK, 5, 9), 0);
	assert_int_equal(put_of(t, OTHER, WAIT_LINK, n, 4), 0);
	assert_int_equal(put_of(t, OTHER, WAIT_LINK, 5, 9), 0);
	assert_int_equal(quota_of_user(&quota, QUOTA_LINKS, USER), LINKS_OF_USER - 1);
	assert_int_equal(quota_of_user(&quota, QUOTA_LINKS, OTHER), 2);
	assert_int_equal(put_of(t, USER, WAIT_FILE, 6, 9), 0);
	assert_int_equal(quota_of_user(&quota, QUOTA_LINKS, USER), LINKS_OF_USER - 2);
	for (n = 5000; put_of(t, USER, WAIT_FILE, n, 1 << 20) == 0; n++)
		;
	assert_in_range(n - 5000, 60, 63);
	assert_int_equal(put_of(t, USER, WAIT_FILE, 5000, 1 << 20), 0);
	assert_int_equal(put_of(t, OTHER, WAIT_FILE, n, 1 << 20), 0);
	assert_int_equal(put_of(t, 0, WAIT_FILE, n, 1 << 20), 0);
	assert_int_equal(put_of(t, USER, WAIT_FILE, 5000, 1 << 10), 0);
	assert_int_equal(put_of(t, USER, WAIT_FILE, n + 1, 1 << 19), 0);
}

static bool has(struct waitroom *t, const char *name)
{
	return waitroom_find(t, 1, name, NULL) == 0;
}

static void put_part(struct waitroom *t, const char *name)
{
	const struct waiter part = {
		.map_id = 1, .name = (char *)name, .text = "a\0b", .len = 3, .is_part = true};

	assert_int_equal(waitroom_put(t, &part, NULL), 0);
}

/* An hour without another part. */
static void test_unfinished_parts_go(void **state)
{
	struct waitroom *t = *state;

	put_part(t, "left");
	put_part(t, "used");
	assert_int_equal(put(t, 1, WAIT_FILE, "whole", "x", 0), 0);
	clock_ahead = 3590;
	waitroom_prune_parts(t);
	put_part(t, "used");
	assert_true(has(t, "left"));
	clock_ahead = 3610;
	waitroom_prune_parts(t);
	assert_false(has(t, "left"));
	assert_true(has(t, "used"));
	clock_ahead = 9999;
	waitroom_prune_parts(t);
	assert_false(has(t, "used"));
	assert_true(has(t, "whole"));
	assert_int_equal(waitroom_remove(t, 1, "whole"), 0);
	put_part(t, "last");
	clock_ahead = 19999;
	waitroom_prune_parts(t);
	assert_int_equal(t->map_count, 0);
}

enum { NAMES = 40 };

/* Against a plain table: names of two maps. The place of a name is that of its first
 * appearance. */
static void test_random(void **state)
{
	struct waitroom *t = *state;
	uint64_t numbers[2][NAMES] = {{0}}; /* 0: not there */

	for (int round = 0; round < 20000; round++) {
		uint32_t map = random_below(2), key = random_below(NAMES);
		struct waiter w = {.number = 0};
		size_t count = 0;
		char name[12];

		snprintf(name, sizeof(name), "%u", key);
		if (random_below(2)) {
			assert_int_equal(put(t, map + 1, WAIT_FILE, name, name, 0), 0);
			assert_int_equal(waitroom_find(t, map + 1, name, &w), 0);
			if (numbers[map][key])
				assert_int_equal(w.number, numbers[map][key]);
			else
				assert_int_equal(w.number, waitroom_last(t));
			numbers[map][key] = w.number;
			waiter_release(&w);
		} else {
			assert_int_equal(waitroom_remove(t, map + 1, name),
					 numbers[map][key] ? 0 : -ENOENT);
			numbers[map][key] = 0;
		}
		for (key = 0; key < NAMES; key++)
			count += numbers[map][key] != 0;
		assert_int_equal(waitroom_count(t, map + 1), count);
		for (w.number = 0; waitroom_next(t, map + 1, w.number, &w) == 0; count--) {
			assert_int_equal(numbers[map][atoi(w.name)], w.number);
			waiter_release(&w);
		}
		assert_int_equal(count, 0);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_table),
		TEST(test_bytes),
		TEST(test_maps),
		TEST(test_bounded_links),
		TEST(test_bounded_bytes),
		TEST(test_random),
		TEST(test_users_are_bounded),
		TEST(test_unfinished_parts_go),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
