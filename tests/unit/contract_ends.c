/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Maps without keys: what the fake and the kernel have in common (contract.h). */
#include <errno.h>

#include "tests/unit/contract.h"

static int make(uint32_t type, uint32_t key_size, uint32_t max_entries, uint64_t map_extra)
{
	const struct sys_map_attr attr = {.type = type,
					  .key_size = key_size,
					  .value_size = 4,
					  .max_entries = max_entries,
					  .map_extra = map_extra,
					  .name = "contract"};

	return sys_map_create(&attr);
}

static int push(int fd, uint32_t number)
{
	return sys_map_update(fd, NULL, &number, BPF_ANY);
}

static void assert_next(int fd, uint32_t expected)
{
	uint32_t number = 0;

	assert_int_equal(sys_map_lookup(fd, NULL, &number, 0), 0);
	assert_int_equal(number, expected);
}

static void assert_pops(int fd, uint32_t expected)
{
	uint32_t number = 0;

	assert_next(fd, expected);
	assert_int_equal(sys_map_pop(fd, NULL, &number), 0);
	assert_int_equal(number, expected);
}

static void test_queue(void **state)
{
	int fd = make(BPF_MAP_TYPE_QUEUE, 0, 3, 0);

	(void)state;
	for (uint32_t n = 1; n <= 3; n++)
		assert_int_equal(push(fd, n), 0);
	assert_int_equal(push(fd, 4), -E2BIG);
	assert_pops(fd, 1);
	assert_int_equal(push(fd, 5), 0);
	assert_pops(fd, 2);
	assert_pops(fd, 3);
	assert_pops(fd, 5);
	assert_int_equal(sys_close(fd), 0);
}

static void test_stack(void **state)
{
	int fd = make(BPF_MAP_TYPE_STACK, 0, 3, 0);

	(void)state;
	for (uint32_t n = 1; n <= 3; n++)
		assert_int_equal(push(fd, n), 0);
	assert_int_equal(push(fd, 4), -E2BIG);
	assert_pops(fd, 3);
	assert_int_equal(push(fd, 5), 0);
	assert_pops(fd, 5);
	assert_pops(fd, 2);
	assert_pops(fd, 1);
	assert_int_equal(sys_close(fd), 0);
}

/* What is refused, of both. */
static void test_refusals(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK};
	uint32_t number = 7;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		int fd = make(types[i], 0, 2, 0);

		assert_int_equal(make(types[i], 4, 2, 0), -EINVAL);
		assert_int_equal(make(types[i], 0, 0, 0), -EINVAL);
		assert_int_equal(make(types[i], 0, 2, 1), -EINVAL);
		assert_int_equal(sys_map_lookup(fd, NULL, &number, 0), -ENOENT);
		assert_int_equal(sys_map_pop(fd, NULL, &number), -ENOENT);
		assert_int_equal(push(fd, 7), 0);
		assert_int_equal(sys_map_lookup(fd, &number, &number, 0), -EINVAL);
		assert_int_equal(sys_map_pop(fd, &number, &number), -EINVAL);
		assert_int_equal(sys_map_update(fd, &number, &number, BPF_ANY), -EINVAL);
		assert_int_equal(sys_map_update(fd, NULL, &number, BPF_NOEXIST), -EINVAL);
		assert_int_equal(sys_map_delete(fd, NULL), -EINVAL);
		assert_int_equal(sys_map_next_key(fd, NULL, &number), -EINVAL);
		assert_int_equal(sys_map_freeze(fd), 0);
		assert_int_equal(sys_map_pop(fd, NULL, &number), -EPERM);
		assert_int_equal(push(fd, 7), -EPERM);
		assert_next(fd, 7);
		assert_int_equal(sys_close(fd), 0);
	}
}

/* BPF_EXIST drops what is oldest. */
static void test_replacing(void **state)
{
	int queue = make(BPF_MAP_TYPE_QUEUE, 0, 2, 0), stack = make(BPF_MAP_TYPE_STACK, 0, 2, 0);

	(void)state;
	for (uint32_t n = 1; n <= 3; n++) {
		assert_int_equal(sys_map_update(queue, NULL, &n, BPF_EXIST), 0);
		assert_int_equal(sys_map_update(stack, NULL, &n, BPF_EXIST), 0);
	}
	assert_pops(queue, 2);
	assert_pops(queue, 3);
	assert_pops(stack, 3);
	assert_int_equal(sys_close(queue), 0);
	assert_int_equal(sys_close(stack), 0);
}

/* So few numbers in so large a filter: 15 hashes are never all wrong. */
static void test_bloom_filter(void **state)
{
	int fd = make(BPF_MAP_TYPE_BLOOM_FILTER, 0, 10000, 15);
	struct bpf_map_info info;
	uint32_t number;

	(void)state;
	assert_int_equal(make(BPF_MAP_TYPE_BLOOM_FILTER, 4, 8, 0), -EINVAL);
	assert_int_equal(make(BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 16), -EINVAL);
	assert_int_equal(sys_map_info(fd, &info), 0);
	assert_int_equal(info.map_extra, 15);
	for (number = 0; number < 20; number += 2) {
		assert_int_equal(sys_map_update(fd, NULL, &number, BPF_NOEXIST), -EINVAL);
		assert_int_equal(sys_map_update(fd, NULL, &number, BPF_EXIST), -EINVAL);
		assert_int_equal(push(fd, number), 0);
		assert_int_equal(push(fd, number), 0);
	}
	for (number = 0; number < 20; number++)
		assert_int_equal(sys_map_lookup(fd, NULL, &number, 0), number % 2 ? -ENOENT : 0);
	assert_int_equal(sys_map_delete(fd, NULL), -EOPNOTSUPP);
	assert_int_equal(sys_map_next_key(fd, NULL, &number), -EOPNOTSUPP);
	assert_int_equal(sys_map_pop(fd, NULL, &number), -EOPNOTSUPP);
	assert_int_equal(sys_close(fd), 0);
}

const struct CMUnitTest contract_end_tests[] = {
	cmocka_unit_test(test_queue),        cmocka_unit_test(test_stack),
	cmocka_unit_test(test_refusals),     cmocka_unit_test(test_replacing),
	cmocka_unit_test(test_bloom_filter),
};

const unsigned int contract_end_tests_count = ARRAY_SIZE(contract_end_tests);
