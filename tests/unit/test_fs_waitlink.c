/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The table of links that wait. */
#include "fs/waitlink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

static int setup(void **state)
{
	static struct waitlinks table;

	waitlinks_init(&table);
	*state = &table;
	return 0;
}

static int teardown(void **state)
{
	waitlinks_free(*state);
	return 0;
}

/* "map/name>target " of all, in order; those that are stored end in the map. */
static void assert_all(struct waitlinks *t, const char *expected)
{
	struct buf all = BUF_INIT(100000);
	struct waitlink l = {.number = 0};
	uint64_t before = 0;

	buf_adds(&all, "");
	while (waitlinks_next(t, before, &l) == 0) {
		assert_true(l.number > before);
		before = l.number;
		buf_addf(&all, "%u/%s>%s", l.map_id, l.name, l.target ? l.target : "");
		if (l.stored)
			buf_addf(&all, ":%u", l.stored);
		buf_addc(&all, ' ');
		waitlink_release(&l);
	}
	assert_buf(&all, expected);
}

static void test_table(void **state)
{
	struct waitlinks *t = *state;
	struct waitlink l;

	assert_int_equal(waitlinks_find(t, 7, "1", &l), -ENOENT);
	assert_int_equal(waitlinks_remove(t, 7, "1"), -ENOENT);
	assert_int_equal(waitlinks_put(t, 7, "1", "../a", 0), 0);
	assert_int_equal(waitlinks_put(t, 8, "1", "../b", 0), 0);
	assert_int_equal(waitlinks_put(t, 7, "2", NULL, 0), 0);
	assert_int_equal(waitlinks_put(t, 7, "3", "../c", 99), 0);
	assert_all(t, "7/1>../a 8/1>../b 7/2> 7/3>../c:99 ");
	assert_int_equal(waitlinks_count(t, 7), 2);
	assert_int_equal(waitlinks_count(t, 8), 1);
	assert_int_equal(waitlinks_count(t, 9), 0);

	assert_int_equal(waitlinks_find(t, 8, "1", &l), 0);
	assert_string_equal(l.target, "../b");
	waitlink_release(&l);
	assert_int_equal(waitlinks_find(t, 7, "2", NULL), 0);
	assert_int_equal(waitlinks_find(t, 7, "3", NULL), -ENOENT); /* it is an element */
	assert_int_equal(waitlinks_find(t, 9, "1", NULL), -ENOENT);

	assert_int_equal(waitlinks_put(t, 7, "1", "../d", 0), 0); /* replaced, and the last */
	assert_all(t, "8/1>../b 7/2> 7/3>../c:99 7/1>../d ");
	assert_int_equal(waitlinks_remove(t, 7, "3"), 0);
	assert_int_equal(waitlinks_remove(t, 7, "3"), -ENOENT);
	assert_all(t, "8/1>../b 7/2> 7/1>../d ");
}

static void test_maps(void **state)
{
	struct waitlinks *t = *state;
	struct waitlink l;

	waitlinks_put(t, 7, "1", "a", 0);
	waitlinks_put(t, 8, "2", "b", 50);
	waitlinks_put(t, 7, "3", "c", 50);
	waitlinks_move_map(t, 7, 70);
	assert_all(t, "70/1>a 8/2>b:50 70/3>c ");
	assert_int_equal(waitlinks_next(t, 0, &l), 0);
	waitlinks_set_stored(t, l.number, 5);
	waitlink_release(&l);
	assert_all(t, "70/1>a:5 8/2>b:50 70/3>c ");
	waitlinks_set_stored(t, l.number, 0);
	waitlinks_set_stored(t, 1000, 5);
	waitlinks_remove_number(t, 1000);
	waitlinks_remove_number(t, l.number);
	assert_all(t, "8/2>b:50 70/3>c ");
	waitlinks_remove_map(t, 8);
	assert_all(t, "70/3>c ");
	waitlinks_remove_map(t, 70);
	assert_all(t, "");
	waitlinks_remove_map(t, 70);
	waitlinks_move_map(t, 70, 71);
}

static void test_bounded(void **state)
{
	struct waitlinks *t = *state;
	char name[16];

	for (int i = 0; i < WAITLINKS_MOST; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(waitlinks_put(t, 1, name, "x", 0), 0);
	}
	assert_int_equal(waitlinks_put(t, 1, "one more", "x", 0), -ENOSPC);
	assert_int_equal(waitlinks_put(t, 1, "17", "y", 0), 0);
	assert_int_equal(waitlinks_count(t, 1), WAITLINKS_MOST);
	assert_int_equal(waitlinks_remove(t, 1, "18"), 0);
	assert_int_equal(waitlinks_put(t, 1, "one more", "x", 0), 0);
}

/* Against a plain table: names 0 to 9 of maps 1 and 2. */
static void test_random(void **state)
{
	struct waitlinks *t = *state;
	bool there[2][10] = {{false}};

	for (int round = 0; round < 5000; round++) {
		uint32_t map = random_below(2), key = random_below(10);
		char name[4];

		snprintf(name, sizeof(name), "%u", key);
		if (random_below(3)) {
			assert_int_equal(waitlinks_put(t, map + 1, name, "x", 0), 0);
			there[map][key] = true;
		} else {
			assert_int_equal(waitlinks_remove(t, map + 1, name),
					 there[map][key] ? 0 : -ENOENT);
			there[map][key] = false;
		}
		for (key = 0; key < 10; key++) {
			snprintf(name, sizeof(name), "%u", key);
			assert_int_equal(waitlinks_find(t, map + 1, name, NULL),
					 there[map][key] ? 0 : -ENOENT);
		}
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_table),
		TEST(test_maps),
		TEST(test_bounded),
		TEST(test_random),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
