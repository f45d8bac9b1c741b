/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A trace that somebody else is reading is not in the map for a moment. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/bpf.h>

#include "lib/elemstack.h"
#include "lib/maptype.h"
#include "lib/sys.h"
#include "tests/unit/fake_sys.h"

/* What the fake has no traces for: a hash with the id 5 in it. */
static const struct bpf_map_info info = {
	.type = BPF_MAP_TYPE_STACK_TRACE, .key_size = 4, .value_size = 8, .max_entries = 8};
static const uint32_t id = 5, other = 6;
static struct elem_map map = {.fd = -1, .info = &info};

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	map.fd = make_map(BPF_MAP_TYPE_HASH, 4, 8, 8, "traces");
	return sys_map_update(map.fd, &id, &(uint64_t){77}, BPF_ANY);
}

static int tear_down(void **state)
{
	(void)state;
	sys_close(map.fd);
	return fake_open_fds() != 0;
}

static void test_get(void **state)
{
	uint64_t value = 0;

	(void)state;
	assert_int_equal(elem_stack.get(&map, &id, &value, 0), 0);
	assert_int_equal(value, 77);
	value = 0;
	fake_fail(FAKE_MAP_LOOKUP, 0, -ENOENT);
	assert_int_equal(elem_stack.get(&map, &id, &value, 0), 0);
	assert_true(fake_failed());
	assert_int_equal(value, 77);
	fake_fail(FAKE_MAP_LOOKUP, 0, -EPERM);
	assert_int_equal(elem_stack.get(&map, &id, &value, 0), -EPERM);
	assert_int_equal(elem_stack.get(&map, &other, &value, 0), -ENOENT);
}

static void test_del(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(elem_stack.del(&map, &other), -ENOENT);
	fake_fail(FAKE_MAP_DELETE, 0, -ENOENT);
	assert_int_equal(elem_stack.del(&map, &id), 0);
	assert_true(fake_failed());
	assert_int_equal(elem_stack.get(&map, &id, &value, 0), -ENOENT);
	fake_fail(FAKE_MAP_DELETE, 0, -E2BIG);
	assert_int_equal(elem_stack.del(&map, &(uint32_t){UINT32_MAX}), -ENOENT);
	fake_fail(FAKE_MAP_DELETE, 0, -EPERM);
	assert_int_equal(elem_stack.del(&map, &id), -EPERM);
}

static void test_next(void **state)
{
	uint32_t next = 0;

	(void)state;
	assert_int_equal(elem_stack.next(&map, NULL, &next), 0);
	assert_int_equal(next, 5);
	assert_int_equal(elem_stack.next(&map, &next, &next), -ENOENT);
}

/* Behind a trace that was removed the kernel begins with the first one again. */
static void test_order(void **state)
{
	static const uint32_t ids[] = {0, 1, 255, 256, 0x7fffffff, 0x80000000, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		for (size_t k = 0; k < ARRAY_SIZE(ids); k++) {
			int order = elem_stack.compare(&ids[i], &ids[k], sizeof(ids[i]));

			assert_int_equal(order < 0, i < k);
			assert_int_equal(order > 0, i > k);
		}
}

static void test_layouts(void **state)
{
	static const struct {
		uint32_t flags;
		enum layout_kind kind;
	} cases[] = {{0, LAYOUT_FRAMES},
		     {BPF_F_RDONLY_PROG, LAYOUT_FRAMES},
		     {BPF_F_STACK_BUILD_ID, LAYOUT_BUILD_IDS},
		     {BPF_F_STACK_BUILD_ID | BPF_F_RDONLY_PROG, LAYOUT_BUILD_IDS}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bpf_map_info this = {.value_size = 64, .map_flags = cases[i].flags};
		struct layout *l = elem_stack.value(&this);

		assert_non_null(l);
		assert_int_equal(l->kind, cases[i].kind);
		assert_int_equal(l->size, 64);
		layout_unref(l);
	}
}

static void test_row(void **state)
{
	(void)state;
	assert_ptr_equal(maptype_find(BPF_MAP_TYPE_STACK_TRACE)->elements, &elem_stack);
	assert_null(elem_stack.put);
	assert_non_null(elem_stack.no_put);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(get), CASE(del), CASE(next), CASE(order), CASE(layouts), CASE(row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
