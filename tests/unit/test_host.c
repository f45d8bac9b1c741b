/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Interfaces of the machine; lo is everywhere, and the same. Whom a thread serves. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <sys/wait.h>
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

static void *other_thread(void *arg)
{
	*(uint32_t *)arg = host_served();
	host_serve(7);
	return NULL;
}

/* Each thread serves somebody of its own, and root at first. */
static void test_served(void **state)
{
	struct diag d = {.err = 0};
	uint32_t by_other = 1;
	pthread_t thread;

	(void)state;
	assert_int_equal(host_served(), 0);
	assert_int_equal(host_root_only("files", &d), 0);
	assert_int_equal(d.err, 0);
	host_serve(UINT32_MAX);
	assert_int_equal(pthread_create(&thread, NULL, other_thread, &by_other), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(by_other, 0);
	assert_int_equal(host_served(), UINT32_MAX);
	assert_int_equal(host_root_only("files", NULL), -EPERM);
	assert_int_equal(host_root_only("files", &d), -EPERM);
	assert_int_equal(d.err, EPERM);
	assert_string_equal(d.why, "only root may name files here");
	host_serve(0);
	assert_int_equal(host_root_only("files", NULL), 0);
}

/* In a process of its own, which has those groups: is it in this one? */
static int child_is_in(uid_t uid, const gid_t *groups, size_t count, gid_t gid, uid_t for_whom)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		if (setgroups(count, groups) || setresgid(5, 5, 5) || setresuid(uid, uid, uid))
			_exit(2);
		host_serve(for_whom);
		host_serve_task((uint32_t)getpid());
		_exit(host_is_in_group(gid));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

/* His first group, the others, and none of those that have such a number in them. */
static void test_groups(void **state)
{
	static const gid_t groups[] = {12, 345};
	static const struct {
		size_t count;
		gid_t gid;
		int is;
	} cases[] = {
		{2, 5, 1},   {2, 12, 1}, {2, 345, 1}, {0, 5, 1}, {0, 12, 0}, {0, 0, 0},
		{1, 345, 0}, {2, 34, 0}, {2, 1, 0},   {2, 0, 0}, {2, 2, 0},  {1, 512, 0},
	};

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(child_is_in(7, groups, cases[i].count, cases[i].gid, 7),
				 cases[i].is);
	assert_int_equal(child_is_in(7, groups, 2, 12, 8), 0); /* another's task */
	host_serve_task(0);
	assert_false(host_is_in_group(getegid()));
	host_serve_task(UINT32_MAX);
	assert_false(host_is_in_group(getegid()));
	host_serve_task(0);
}

/* The last one: it is for good. How an interface goes is seen in tests/live. */
static void test_kept(void **state)
{
	host_keep_ifnames();
	for (int i = 0; i < 2; i++)
		test_names(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),  cmocka_unit_test(test_indexes),
		cmocka_unit_test(test_served), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
