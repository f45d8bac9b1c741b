/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Keys that stand for descriptors. To the fake a descriptor is a number like another: what
 * was stored under one is found again while the next one opened has the same number.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/elemstore.h"
#include "lib/host.h"
#include "lib/hostfd.h"
#include "lib/keyname.h"
#include "tests/unit/fake_sys.h"

static struct bpf_map_info info;
static struct elem_map map;

static int make(void **state)
{
	(void)state;
	fake_reset();
	map = (struct elem_map){.fd = make_map(BPF_MAP_TYPE_HASH, 4, 8, 16, "values"),
				.info = &info};
	return sys_map_info(map.fd, &info);
}

static int drop(void **state)
{
	(void)state;
	return sys_close(map.fd);
}

static void path_key(const char *path, char key[HOSTFD_PATH])
{
	memset(key, 0, HOSTFD_PATH);
	memcpy(key, path, strlen(path));
}

static int next_descriptor(void)
{
	int fd = open("/", O_PATH);

	close(fd);
	return fd;
}

static void check_round_trip(const struct elements *e, const void *key)
{
	uint64_t value = 7, got = 0, direct = 0;
	int number = next_descriptor(), stored;

	assert_int_equal(e->get(&map, key, &got, 0), -ENOENT);
	assert_int_equal(e->put(&map, key, &value, BPF_EXIST, NULL), -ENOENT);
	assert_int_equal(e->put(&map, key, &value, BPF_NOEXIST, NULL), 0);
	assert_int_equal(sys_map_next_key(map.fd, NULL, &stored), 0);
	assert_in_range(stored, number, number + 1); /* on a path there are two for a moment */
	assert_int_equal(sys_map_lookup(map.fd, &stored, &direct, 0), 0);
	assert_int_equal(direct, 7);
	assert_int_equal(e->put(&map, key, &value, BPF_NOEXIST, NULL), -EEXIST);
	assert_int_equal(e->get(&map, key, &got, 0), 0);
	assert_int_equal(got, 7);
	assert_int_equal(e->del(&map, key), 0);
	assert_int_equal(e->del(&map, key), -ENOENT);
	assert_int_equal(next_descriptor(), number); /* all others are closed again */
}

static void test_round_trip(void **state)
{
	uint32_t self = (uint32_t)getpid();
	char key[HOSTFD_PATH];

	(void)state;
	check_round_trip(&elem_of_task, &self);
	path_key("/tmp", key);
	check_round_trip(&elem_of_inode, key);
	path_key("/", key);
	check_round_trip(&elem_of_inode, key);
}

/* Without something to carry it the kernel is not asked. */
static void check_nothing(const struct elements *e, const void *key, int want, const char *why)
{
	uint64_t value = 7;
	struct diag d = {0};

	assert_int_equal(e->get(&map, key, &value, 0), -ENOENT);
	assert_int_equal(e->del(&map, key), -ENOENT);
	assert_int_equal(e->put(&map, key, &value, BPF_ANY, &d), want);
	assert_int_equal(d.err, -want);
	if (!strstr(d.why, why))
		fail_msg("says %s", d.why);
	assert_int_equal(e->put(&map, key, &value, BPF_ANY, NULL), want);
	assert_int_equal(fake_calls(FAKE_MAP_LOOKUP), 0);
	assert_int_equal(fake_calls(FAKE_MAP_UPDATE), 0);
	assert_int_equal(fake_calls(FAKE_MAP_DELETE), 0);
}

static void test_nothing_there(void **state)
{
	const uint32_t none = 0, socket[2] = {UINT32_MAX, 0};
	char key[HOSTFD_PATH];

	(void)state;
	check_nothing(&elem_of_task, &none, -ENOENT, "no task 0");
	check_nothing(&elem_of_socket, socket, -ENOENT, "no such process");
	path_key("/there is none", key);
	check_nothing(&elem_of_inode, key, -ENOENT, "no such file");
	check_nothing(&elem_of_cgroup, key, -ENOENT, "cgroup");
	path_key("tmp", key);
	check_nothing(&elem_of_inode, key, -EINVAL, "begins with %2F");
	check_nothing(&elem_of_cgroup, key, -EINVAL, "begins with %2F");
}

static void test_paths_in_bytes(void **state)
{
	char key[HOSTFD_PATH];

	(void)state;
	path_key("/tmp", key);
	key[HOSTFD_PATH - 1] = 'x';
	check_nothing(&elem_of_inode, key, -EINVAL, "NUL");
	check_nothing(&elem_of_cgroup, key, -EINVAL, "NUL");
	memset(key, '/', sizeof(key)); /* no NUL in it at all */
	check_nothing(&elem_of_inode, key, -EINVAL, "empty");
	memset(key + 1, 'x', sizeof(key) - 1);
	check_nothing(&elem_of_inode, key, -ENOENT, "no such file");
	memset(key, 0, sizeof(key));
	check_nothing(&elem_of_inode, key, -EINVAL, "begins with");
}

/* What the kernel says of a descriptor that is of the wrong kind, and other errors. */
static void test_errors(void **state)
{
	static const struct {
		int kernel, get, put;
		bool explained;
	} cases[] = {
		{-EBADF, -ENOENT, -EINVAL, true},   {-ENOTSOCK, -ENOENT, -EINVAL, true},
		{-ENOENT, -ENOENT, -ENOENT, false}, {-ENOMEM, -ENOMEM, -ENOMEM, false},
		{-EPERM, -EPERM, -EPERM, false},    {-EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP, false},
	};
	uint32_t self = (uint32_t)getpid();
	uint64_t value = 7;
	int number = next_descriptor();

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d = {0};

		fake_fail(FAKE_MAP_LOOKUP, 0, cases[i].kernel);
		assert_int_equal(elem_of_task.get(&map, &self, &value, 0), cases[i].get);
		fake_fail(FAKE_MAP_DELETE, 0, cases[i].kernel);
		assert_int_equal(elem_of_task.del(&map, &self), cases[i].get);
		fake_fail(FAKE_MAP_UPDATE, 0, cases[i].kernel);
		assert_int_equal(elem_of_task.put(&map, &self, &value, BPF_ANY, &d), cases[i].put);
		assert_int_equal(d.why[0] != '\0', cases[i].explained);
	}
	assert_int_equal(next_descriptor(), number);
}

/* Others than root may name tasks and cgroups; of the rest they learn nothing. */
static void test_others(void **state)
{
	uint32_t self = (uint32_t)getpid();
	const uint32_t socket[2] = {self, 0};
	char key[HOSTFD_PATH];

	(void)state;
	host_serve(1);
	check_nothing(&elem_of_socket, socket, -EPERM, "only root may name sockets");
	path_key("/tmp", key);
	check_nothing(&elem_of_inode, key, -EPERM, "only root may name files");
	check_round_trip(&elem_of_task, &self);
	host_serve(0);
}

/* Names. */

static void assert_name(const struct elements *e, const void *key, const char *name)
{
	struct layout *layout = e->key(&info);
	struct buf out = BUF_INIT(8192);
	char back[HOSTFD_PATH] = {0};

	assert_non_null(layout);
	assert_true(layout->size <= sizeof(back));
	assert_int_equal(keyname_print(layout, key, &out), 0);
	assert_buf(&out, name);
	assert_int_equal(keyname_parse(layout, name, back, NULL), 0);
	assert_memory_equal(back, key, layout->size);
	layout_unref(layout);
}

static void test_names(void **state)
{
	const uint32_t task = 42, socket[2] = {4711, 3};
	char key[HOSTFD_PATH];

	(void)state;
	assert_name(&elem_of_task, &task, "42");
	assert_name(&elem_of_socket, socket, "4711:3");
	path_key("/", key);
	assert_name(&elem_of_inode, key, "%2F");
	path_key("/a b/.c,d/%", key);
	assert_name(&elem_of_inode, key, "%2Fa b%2F.c%2Cd%2F%25");
	path_key("/system.slice/x@1.service", key);
	assert_name(&elem_of_cgroup, key, "%2Fsystem.slice%2Fx@1.service");
}

/* Listing. */

struct tally {
	const void *wanted;
	size_t size;
	unsigned int times;
};

static int tally(void *arg, const void *key)
{
	struct tally *t = arg;

	t->times += memcmp(key, t->wanted, t->size) == 0;
	return 0;
}

static int stop(void *arg, const void *key)
{
	(void)arg, (void)key;
	return -EINTR;
}

static void test_walks(void **state)
{
	uint32_t self = (uint32_t)getpid();
	struct tally of_self = {&self, sizeof(self), 0}, of_root;
	char root[HOSTFD_PATH];
	int fd = hostfd_cgroup("/", NULL);

	(void)state;
	assert_int_equal(elem_of_task.walk(&map, tally, &of_self), 0);
	assert_int_equal(of_self.times, 1);
	assert_int_equal(elem_of_task.walk(&map, stop, NULL), -EINTR);
	path_key("/", root);
	of_root = (struct tally){root, sizeof(root), 0};
	assert_int_equal(elem_of_cgroup.walk(&map, tally, &of_root), 0);
	assert_int_equal(of_root.times, fd >= 0);
	if (fd >= 0)
		close(fd);
	assert_true(elem_of_inode.unlisted && elem_of_socket.unlisted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, make, drop),
		cmocka_unit_test_setup_teardown(test_nothing_there, make, drop),
		cmocka_unit_test_setup_teardown(test_paths_in_bytes, make, drop),
		cmocka_unit_test_setup_teardown(test_errors, make, drop),
		cmocka_unit_test_setup_teardown(test_others, make, drop),
		cmocka_unit_test_setup_teardown(test_names, make, drop),
		cmocka_unit_test_setup_teardown(test_walks, make, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
