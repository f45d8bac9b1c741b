/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/hide.h"

#include "tests/unit/fs_clock.h"
#include "tests/unit/unit.h"

static struct hide hide;

static int setup(void **state)
{
	(void)state;
	clock_ahead = 0;
	hide_init(&hide);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	hide_free(&hide);
	return 0;
}

static void test_slots(void **state)
{
	static const uint32_t slots[] = {0, 7, 8, 9, 100, 3, 65535, 64};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(slots); i++) {
		assert_false(hide_has_slot(&hide, 1, slots[i]));
		assert_int_equal(hide_slot(&hide, 1, slots[i]), 0);
		assert_true(hide_has_slot(&hide, 1, slots[i]));
		assert_int_equal(hide_count(&hide, 1), i + 1);
	}
	assert_false(hide_has_slot(&hide, 1, 1));
	assert_false(hide_has_slot(&hide, 1, UINT32_MAX));
	for (uint32_t i = 0; i < ARRAY_SIZE(slots); i++) {
		assert_true(hide_has_slot(&hide, 1, slots[i]));
		hide_show_slot(&hide, 1, slots[i]);
		assert_false(hide_has_slot(&hide, 1, slots[i]));
	}
	assert_int_equal(hide_count(&hide, 1), 0);
}

static void test_twice(void **state)
{
	(void)state;
	assert_int_equal(hide_slot(&hide, 1, 5), 0);
	assert_int_equal(hide_slot(&hide, 1, 5), 0);
	assert_int_equal(hide_count(&hide, 1), 1);
	hide_show_slot(&hide, 1, 5);
	hide_show_slot(&hide, 1, 5);
	hide_show_slot(&hide, 1, 500000);
	hide_show_slot(&hide, 2, 5);
	assert_int_equal(hide_count(&hide, 1), 0);
	assert_int_equal(hide_count(&hide, 2), 0);
}

static void test_maps_are_apart(void **state)
{
	(void)state;
	for (uint32_t map = 1; map <= 100; map++)
		assert_int_equal(hide_slot(&hide, map, map), 0);
	for (uint32_t map = 1; map <= 100; map++)
		for (uint32_t slot = 0; slot <= 100; slot++)
			assert_int_equal(hide_has_slot(&hide, map, slot), map == slot);
}

/* Against an array of what is hidden. */
static void test_random(void **state)
{
	static bool hidden[3][2000];
	uint32_t count[3] = {0};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint32_t map = random_below(3), slot = random_below(2000);
		bool *now = &hidden[map][slot];

		assert_int_equal(hide_has_slot(&hide, map, slot), *now);
		if (random_below(2)) {
			assert_int_equal(hide_slot(&hide, map, slot), 0);
			count[map] += !*now;
			*now = true;
		} else {
			hide_show_slot(&hide, map, slot);
			count[map] -= *now;
			*now = false;
		}
		assert_int_equal(hide_count(&hide, map), count[map]);
	}
}

static void test_map_file_for_a_second(void **state)
{
	(void)state;
	assert_false(hide_has_map_file(&hide, 1));
	assert_int_equal(hide_map_file(&hide, 1), 0);
	assert_true(hide_has_map_file(&hide, 1));
	assert_false(hide_has_map_file(&hide, 2));
	assert_int_equal(hide_count(&hide, 1), 0);
	clock_ahead = 2;
	assert_false(hide_has_map_file(&hide, 1));
	assert_int_equal(hide_map_file(&hide, 1), 0);
	assert_true(hide_has_map_file(&hide, 1));
}

static bool is_even(void *arg, uint32_t map_id)
{
	++*(unsigned int *)arg;
	return map_id % 2 == 0;
}

static void test_prune(void **state)
{
	unsigned int asked = 0;

	(void)state;
	hide_prune(&hide, is_even, &asked);
	assert_int_equal(asked, 0);
	for (uint32_t map = 1; map <= 9; map++) {
		assert_int_equal(hide_slot(&hide, map, 3), 0);
		assert_int_equal(hide_map_file(&hide, map), 0);
	}
	hide_prune(&hide, is_even, &asked);
	assert_int_equal(asked, 9);
	for (uint32_t map = 1; map <= 9; map++) {
		assert_int_equal(hide_has_slot(&hide, map, 3), map % 2);
		assert_int_equal(hide_has_map_file(&hide, map), map % 2);
	}
	assert_int_equal(hide_slot(&hide, 4, 1), 0);
	assert_int_equal(hide_count(&hide, 4), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_slots),
		TEST(test_twice),
		TEST(test_maps_are_apart),
		TEST(test_random),
		TEST(test_map_file_for_a_second),
		TEST(test_prune),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
