/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the tree adds to the kernel's words on elements that stand for something else. The
 * maps here are hashes: no fake map has sockets or devices. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/elemplain.h"
#include "lib/elemslot.h"
#include "lib/host.h"
#include "lib/hostfd.h"
#include "lib/sys.h"
#include "tests/unit/fake_sys.h"

static struct bpf_map_info info;

static struct elem_map map_of(uint32_t key_size, uint32_t value_size)
{
	int fd;

	fake_reset();
	fd = make_map(BPF_MAP_TYPE_HASH, key_size, value_size, 16, "m");
	assert_int_equal(sys_map_info(fd, &info), 0);
	return (struct elem_map){.fd = fd, .info = &info};
}

/* Keys that are there, of those below 100. */
static void assert_sockets(const struct elem_map *m, const uint32_t *keys, size_t count)
{
	for (uint32_t key = 0; key < 100; key++) {
		uint64_t value = 0;
		bool there = false;

		for (size_t i = 0; i < count; i++)
			there |= keys[i] == key;
		fake_fail(FAKE_MAP_LOOKUP, 0, -ENOSPC); /* it tells no cookies */
		assert_int_equal(elem_sock_hash.get(m, &key, &value, 0),
				 there ? -EOPNOTSUPP : -ENOENT);
		assert_true(fake_failed());
	}
}

static void test_which_sockets_are_there(void **state)
{
	static const uint32_t keys[] = {7, 0, 99, 41, 42};
	struct elem_map m = map_of(4, 4);

	(void)state;
	for (size_t count = 0;; count++) {
		assert_sockets(&m, keys, count);
		if (count == ARRAY_SIZE(keys))
			break;
		fill_map(m.fd, keys[count], 1);
	}
}

static void test_cookies_are_told(void **state)
{
	struct elem_map m = map_of(4, 8);
	uint64_t value = 0;
	uint32_t key = 5;

	(void)state;
	fill_map(m.fd, key, 1);
	assert_int_equal(elem_sock_hash.get(&m, &key, &value, 0), 0);
	assert_int_equal(value, 5);
	key = 6;
	assert_int_equal(elem_sock_hash.get(&m, &key, &value, 0), -ENOENT);
}

static void test_failures_are_passed_on(void **state)
{
	struct elem_map m = map_of(4, 4);
	uint64_t value;
	uint32_t key = 5;

	(void)state;
	fill_map(m.fd, key, 2);
	for (unsigned int after = 0; after < 2; after++) {
		fake_fail_always(FAKE_MAP_LOOKUP, -ENOSPC);
		fake_fail(FAKE_MAP_NEXT_KEY, after, -EPERM);
		assert_int_equal(elem_sock_hash.get(&m, &key, &value, 0), -EPERM);
	}
}

static void test_slots_without_a_zero(void **state)
{
	static const struct {
		const struct elements *elements;
		uint32_t words[2];
		const char *why;
	} cases[] = {
		{&elem_dev, {0, 0}, "0 is no interface; rm empties a slot"},
		{&elem_dev_hash, {0, 3}, "0 is no interface; rm empties a slot"},
		{&elem_dev,
		 {UINT32_MAX, 0},
		 "there is no interface 4294967295 in the network namespace of this mount"},
		{&elem_dev, {1, UINT32_MAX}, "there is no program 4294967295"},
		{&elem_cpu, {0, 0}, "a queue has 1 to 16384 places; rm empties a slot"},
		{&elem_cpu, {1, 9}, "there is no program 9"},
	};
	struct elem_map m = map_of(4, 8);
	uint32_t key = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d = {.err = 0};

		assert_int_equal(cases[i].elements->put(&m, &key, cases[i].words, BPF_ANY, &d),
				 -EINVAL);
		assert_string_equal(d.why, cases[i].why);
	}
	assert_int_equal(fake_calls(FAKE_MAP_UPDATE), 0);
}

static void test_what_the_kernel_says_is_explained(void **state)
{
	static const struct {
		const struct elements *elements;
		int said, err;
		const char *why;
	} cases[] = {
		{&elem_cpu, -EOVERFLOW, -EINVAL, "a queue has at most 16384 places"},
		{&elem_cpu, -ENODEV, -EINVAL, "this machine has no such CPU"},
		{&elem_cpu, -ENOMEM, -ENOMEM, ""},
		{&elem_dev, -ENOMEM, -ENOMEM, ""},
		{&elem_attached, -ENOENT, -EOPNOTSUPP,
		 "an element appears when a program that uses the map is attached to its cgroup"},
		{&elem_attached, -EPERM, -EPERM, ""},
	};
	static const uint32_t words[2] = {1, 0};
	struct elem_map m = map_of(4, 8);
	uint32_t key = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d = {.err = 0};

		fake_fail(FAKE_MAP_UPDATE, 0, cases[i].said);
		assert_int_equal(cases[i].elements->put(&m, &key, words, BPF_ANY, &d),
				 cases[i].err);
		assert_string_equal(d.why, cases[i].why);
	}
}

/* 0 is no program, which anybody may name. */
static void test_only_root_names_programs_and_cgroups(void **state)
{
	static const struct {
		const struct elements *elements;
		uint32_t words[2];
		const char *why;
	} cases[] = {
		{&elem_prog, {9, 0}, "only root may name programs here"},
		{&elem_dev, {1, 9}, "only root may name programs here"},
		{&elem_dev_hash, {1, 9}, "only root may name programs here"},
		{&elem_cpu, {1, 9}, "only root may name programs here"},
	};
	char path[HOSTFD_PATH] = "/";
	struct elem_map m = map_of(4, 8);
	uint32_t key = 1;
	struct diag d;

	(void)state;
	host_serve(1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		d.err = 0;
		assert_int_equal(cases[i].elements->put(&m, &key, cases[i].words, BPF_ANY, &d),
				 -EPERM);
		assert_string_equal(d.why, cases[i].why);
	}
	assert_int_equal(elem_cgroup.put(&m, &key, path, BPF_ANY, &d), -EPERM);
	assert_string_equal(d.why, "only root may name cgroups here");
	assert_int_equal(fake_calls(FAKE_PROG_OPEN_ID), 0);
	assert_int_equal(fake_calls(FAKE_MAP_UPDATE), 0);
	assert_int_equal(elem_dev.put(&m, &key, &(const uint32_t[2]){1, 0}, BPF_ANY, &d), 0);
	host_serve(0);
}

static void test_values_are_numbers_or_pairs(void **state)
{
	static const struct {
		const struct elements *elements;
		uint32_t size;
		enum layout_kind kind;
	} cases[] = {
		{&elem_dev, 4, LAYOUT_IFINDEX},  {&elem_dev, 8, LAYOUT_RECORD},
		{&elem_cpu, 4, LAYOUT_INT},      {&elem_cpu, 8, LAYOUT_RECORD},
		{&elem_sock, 4, LAYOUT_NOTHING}, {&elem_sock, 8, LAYOUT_INT},
		{&elem_xsk, 4, LAYOUT_NOTHING},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct bpf_map_info map = {.key_size = 4, .value_size = cases[i].size};
		struct layout *l = cases[i].elements->value(&map);

		assert_non_null(l);
		assert_int_equal(l->kind, cases[i].kind);
		assert_int_equal(l->size, cases[i].size);
		layout_unref(l);
	}
}

/* Behind the members of a key of cgroup_storage the kernel tells what happens to be there. */
static void test_padding_of_keys(void **state)
{
	struct bpf_cgroup_storage_key key = {.cgroup_inode_id = 1, .attach_type = 2}, next;
	struct elem_map m = map_of(sizeof(key), 4);
	uint32_t value = 0;

	(void)state;
	memset((char *)&key + 12, 0xa5, 4);
	assert_int_equal(sys_map_update(m.fd, &key, &value, BPF_ANY), 0);
	assert_int_equal(elem_attached.next(&m, NULL, &next), 0);
	memset((char *)&key + 12, 0, 4);
	assert_memory_equal(&key, &next, sizeof(key));
	m = map_of(8, 4);
	assert_int_equal(sys_map_update(m.fd, &key, &value, BPF_ANY), 0);
	assert_int_equal(elem_attached.next(&m, NULL, &next), 0);
	assert_int_equal(next.cgroup_inode_id, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_sockets_are_there),
		cmocka_unit_test(test_cookies_are_told),
		cmocka_unit_test(test_failures_are_passed_on),
		cmocka_unit_test(test_slots_without_a_zero),
		cmocka_unit_test(test_what_the_kernel_says_is_explained),
		cmocka_unit_test(test_only_root_names_programs_and_cgroups),
		cmocka_unit_test(test_values_are_numbers_or_pairs),
		cmocka_unit_test(test_padding_of_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
