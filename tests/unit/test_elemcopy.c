/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Copies of elements: their order, what is found in them, and that nothing changes them. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/elemcopy.h"
#include "lib/elemmaps.h"
#include "lib/elemplain.h"
#include "lib/elemslot.h"
#include "tests/unit/fake_sys.h"

/* Keys of 4 bytes, each its own value, added in the order given. */
static void fill(struct elemcopy *c, const struct elements *e, const uint32_t *keys, size_t count)
{
	elemcopy_init(c, e, sizeof(*keys), sizeof(*keys));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(elemcopy_add(c, &keys[i], &keys[i]), 0);
	elemcopy_settle(c);
}

/* The keys from the first to the last, as next tells them. */
static void assert_order(const struct elemcopy *c, const struct elements *e,
			 const uint32_t *expected, size_t count)
{
	const struct elem_map map = {.fd = -1, .copy = c};
	uint32_t key = 0, value;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(e->next(&map, i ? &key : NULL, &key), 0);
		assert_int_equal(key, expected[i]);
		assert_int_equal(e->get(&map, &key, &value, BPF_F_LOCK), 0);
		assert_int_equal(value, key);
	}
	assert_int_equal(e->next(&map, count ? &key : NULL, &key), -ENOENT);
}

static void test_order(void **state)
{
	static const struct {
		const struct elements *elements;
		size_t count, kept;
		uint32_t added[6], expected[6];
	} cases[] = {
		{&elem_hash, 0, 0, {0}, {0}},
		{&elem_hash, 1, 1, {7}, {7}},
		{&elem_hash, 3, 3, {3, 1, 2}, {1, 2, 3}},
		{&elem_hash, 2, 2, {1, 256}, {256, 1}}, /* by bytes */
		{&elem_array, 3, 3, {256, 1, 3}, {1, 3, 256}},
		{&elem_dev, 3, 3, {256, 1, 3}, {1, 3, 256}},
		{&elem_hash, 6, 3, {2, 1, 2, 3, 1, 2}, {1, 2, 3}},
		{&elem_hash, 4, 1, {9, 9, 9, 9}, {9}},
	};
	struct elemcopy c;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct elements e = elemcopy_elements(cases[i].elements);

		fill(&c, cases[i].elements, cases[i].added, cases[i].count);
		assert_order(&c, &e, cases[i].expected, cases[i].kept);
		assert_int_equal(elemcopy_bytes(&c), cases[i].kept * 8);
		elemcopy_free(&c);
	}
}

/* A prefix is found by its length and its bits, never by one that covers it. */
static void test_prefixes(void **state)
{
	static const unsigned char keys[][8] = {{8, 0, 0, 0, 10, 0, 0, 0},
						{16, 0, 0, 0, 10, 1, 0, 0},
						{0},
						{32, 0, 0, 0, 9, 9, 9, 9}};
	static const unsigned char absent[][8] = {
		{9, 0, 0, 0, 10, 0, 0, 0}, {16, 0, 0, 0, 10, 2, 0, 0}, {24, 0, 0, 0, 10, 1, 0, 0}};
	static const unsigned char host_bits[8] = {16, 0, 0, 0, 10, 1, 77, 88};
	const struct elements e = elemcopy_elements(&elem_prefix);
	struct elemcopy c;
	const struct elem_map map = {.fd = -1, .copy = &c};
	unsigned char value;

	(void)state;
	elemcopy_init(&c, &elem_prefix, 8, 1);
	for (unsigned char i = 0; i < ARRAY_SIZE(keys); i++)
		assert_int_equal(elemcopy_add(&c, keys[i], &i), 0);
	elemcopy_settle(&c);
	for (unsigned char i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_int_equal(e.get(&map, keys[i], &value, 0), 0);
		assert_int_equal(value, i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		assert_int_equal(e.get(&map, absent[i], &value, 0), -ENOENT);
	assert_int_equal(e.get(&map, host_bits, &value, 0), 0);
	assert_int_equal(value, 1);
	elemcopy_free(&c);
}

/* Behind a key that is not there comes the next one in order. */
static void test_next_of_absent(void **state)
{
	static const uint32_t keys[] = {10, 20, 30};
	static const struct {
		uint32_t key;
		int err;
		uint32_t next;
	} cases[] = {{5, 0, 10},  {10, 0, 20},      {11, 0, 20},
		     {25, 0, 30}, {30, -ENOENT, 0}, {31, -ENOENT, 0}};
	const struct elements e = elemcopy_elements(&elem_array);
	struct elemcopy c;
	const struct elem_map map = {.fd = -1, .copy = &c};
	uint32_t next;

	(void)state;
	fill(&c, &elem_array, keys, ARRAY_SIZE(keys));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(e.next(&map, &cases[i].key, &next), cases[i].err);
		if (!cases[i].err)
			assert_int_equal(next, cases[i].next);
	}
	elemcopy_free(&c);
}

/* Against a table that always tells the truth. */
static void test_random(void **state)
{
	const struct elements e = elemcopy_elements(&elem_hash);
	bool present[512] = {false};
	struct elemcopy c;
	const struct elem_map map = {.fd = -1, .copy = &c};
	size_t count = 0;

	(void)state;
	elemcopy_init(&c, &elem_hash, 4, 4);
	for (int i = 0; i < 2000; i++) {
		uint32_t key = random_below(ARRAY_SIZE(present) / 2) * 2;

		count += !present[key];
		present[key] = true;
		assert_int_equal(elemcopy_add(&c, &key, &key), 0);
	}
	elemcopy_settle(&c);
	assert_int_equal(c.count, count);
	for (uint32_t key = 0; key < ARRAY_SIZE(present); key++) {
		uint32_t value = 0;

		assert_int_equal(e.get(&map, &key, &value, 0), present[key] ? 0 : -ENOENT);
		assert_int_equal(value, present[key] ? key : 0);
	}
	elemcopy_free(&c);
}

static void test_nothing_changes_it(void **state)
{
	static const uint32_t keys[] = {1, 2};
	struct elements e = elemcopy_elements(&elem_hash);
	struct elemcopy c;
	const struct elem_map map = {.fd = -1, .copy = &c};
	uint32_t value = 77;

	(void)state;
	fill(&c, &elem_hash, keys, ARRAY_SIZE(keys));
	assert_int_equal(e.put(&map, &keys[0], &value, BPF_ANY, NULL), -EPERM);
	assert_int_equal(e.del(&map, &keys[0]), -EPERM);
	assert_order(&c, &e, keys, ARRAY_SIZE(keys));
	elemcopy_free(&c);
	e = elemcopy_elements(&elem_array);
	assert_null(e.del);
	assert_true(e.fixed);
	assert_int_equal(fake_calls(FAKE_ANY), 0);
}

/* What is asked for before is what there will be. */
static void test_bytes_are_known_before(void **state)
{
	struct elemcopy c;

	(void)state;
	elemcopy_init(&c, &elem_hash, 4, 4);
	assert_int_equal(elemcopy_bytes(&c), 0);
	for (uint32_t key = 0; key < 1000; key++) {
		size_t expected = elemcopy_bytes_for_more(&c);

		assert_int_equal(elemcopy_add(&c, &key, &key), 0);
		assert_int_equal(elemcopy_bytes(&c), expected);
		assert_true(expected >= (key + 1) * 8UL);
	}
	elemcopy_free(&c);
	assert_int_equal(elemcopy_bytes(&c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_next_of_absent),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_nothing_changes_it),
		cmocka_unit_test(test_bytes_are_known_before),
	};

	random_start();
	fake_reset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
