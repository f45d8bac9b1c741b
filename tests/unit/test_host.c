/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Interfaces and cgroups of the machine; lo is everywhere, and the same. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/host.h"

static void test_names(void **state)
{
	char name[HOST_IFNAME] = "";

	(void)state;
	assert_true(host_ifname(1, name));
	assert_string_equal(name, "lo");
	assert_false(host_ifname(0, name));
	assert_false(host_ifname(UINT32_MAX, name));
}

static void test_indexes(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		uint32_t index;
	} cases[] = {
		{"lo", 2, 1},
		{"lo and more", 2, 1},
		{"l", 1, 0},
		{"", 0, 0},
		{"lo\0", 3, 0},
		{"a-name-of-16-byt", HOST_IFNAME, 0},
		{"a-name-of-15-by", HOST_IFNAME - 1, 0},
		{"../lo", 5, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(host_ifindex(cases[i].name, cases[i].len), cases[i].index);
}

static void test_cgroup(void **state)
{
	struct diag d = {.err = 0};
	int fd = host_open_cgroup("/", &d);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(d.err, 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	host_close(fd);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void assert_refused(const char *path, int err, const char *why)
{
	struct diag d = {.err = 0};

	assert_int_equal(host_open_cgroup(path, NULL), -err);
	assert_int_equal(host_open_cgroup(path, &d), -err);
	assert_int_equal(d.err, err);
	assert_string_equal(d.why, why);
}

static void test_no_cgroup(void **state)
{
	char long_path[5000];

	(void)state;
	memset(long_path, '/', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	assert_refused("", EINVAL, "a cgroup is told by its absolute path");
	assert_refused("dev", EINVAL, "a cgroup is told by its absolute path");
	assert_refused("/no such path", EINVAL, "there is no such cgroup");
	assert_refused("/dev/null", EINVAL, "there is no such cgroup");
	assert_refused("/dev/null/below", EINVAL, "there is no such cgroup");
	assert_refused(long_path, EINVAL, "there is no such cgroup");
}

static void test_no_descriptor_left(void **state)
{
	struct rlimit before, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_refused("/", EMFILE, "the cgroup cannot be opened");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_indexes),
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_no_cgroup),
		cmocka_unit_test(test_no_descriptor_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
