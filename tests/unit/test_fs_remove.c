/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* mkdir, rmdir and unlink. */
#include "fs/tree.h"

#include <errno.h>

#include "tests/unit/fs_clock.h"
#include "tests/unit/fs_fixture.h"

static int setup(void **state)
{
	int err;

	clock_ahead = 0;
	err = fs_setup(state);
	if (!err)
		((struct fixture *)*state)->map = fs_mkdir(*state, "m");
	return err;
}

static void test_mkdir(void **state)
{
	static const struct {
		const char *name;
		int expected;
		size_t offset; /* of the mistake, 0: nowhere */
	} cases[] = {
		{"a", 0, 0},
		{"a", -EEXIST, 0},
		{"a,type=array", -EEXIST, 0},
		{"b,key=u16,value=4,max_entries=8,map_flags=no_prealloc,name=other", 0, 0},
		{"c%2cd,key=u8", 0, 0},
		{"", -EINVAL, 0},
		{",type=hash", -EINVAL, 0},
		{"e,type=nonsense", -EINVAL, 7},
		{"e,key=u32,key=u32", -EINVAL, 10},
		{"e,nonsense=1", -EINVAL, 2},
		{"e,key=u99", -EINVAL, 6},
		{"e,max_entries=0", -EINVAL, 14},
		{"e,type=array,key=u64", -EINVAL, 0},
		{"e,value=999,max_entries=99999999", -EFBIG, 0},
		{".e", -EINVAL, 0},
		{"@7", -EINVAL, 0},
	};
	struct fixture *f = *state;
	unsigned int maps = fake_live_maps();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(fs_try_mkdir(f, &fs_root, cases[i].name), cases[i].expected);
		maps += cases[i].expected == 0;
		assert_int_equal(fake_live_maps(), maps);
		assert_int_equal(f->diag.err, -cases[i].expected);
		assert_int_equal(f->diag.placed ? f->diag.offset : 0, cases[i].offset);
	}
	assert_int_equal(fs_kind(f, &fs_root, "c%2Cd"), NODE_MAP);
	assert_int_equal(fs_kind(f, &fs_root, "b,key=u16"), NODE_MAP);
	assert_int_equal(fs_kind(f, &fs_root, "e"), -ENOENT);
}

static void test_mkdir_in_map(void **state)
{
	struct fixture *f = *state;
	const struct identity dir = fs_map(f->map);

	assert_int_equal(fs_try_mkdir(f, &dir, "5"), -EPERM);
	assert_true(f->diag.why[0]);
}

/* The kernel refuses; nothing is left behind. */
static void test_mkdir_fails(void **state)
{
	static const enum fake_call calls[] = {FAKE_MAP_CREATE, FAKE_BTF_LOAD, FAKE_PIN};
	struct fixture *f = *state;
	unsigned int maps = fake_live_maps();

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		fake_fail(calls[i], 0, -ENOMEM);
		assert_int_equal(fs_try_mkdir(f, &fs_root, "new"), -ENOMEM);
		assert_true(fake_failed());
		assert_int_equal(f->diag.err, ENOMEM);
		assert_int_equal(fake_live_maps(), maps);
		assert_int_equal(fake_open_fds(), 0);
		assert_int_equal(fs_kind(f, &fs_root, "new"), -ENOENT);
	}
}

/* Removing. */

static void test_unlink(void **state)
{
	static const struct {
		const char *name;
		int expected;
	} cases[] = {
		{"5", 0},           {"5", -ENOENT},      {"0x6", 0},
		{"6", -ENOENT},     {"x", -ENOENT},      {".info", -EPERM},
		{".count", -EPERM}, {".frozen", -EPERM}, {".git", -ENOENT},
	};
	struct fixture *f = *state;

	raw_put(f->map, 5, 1);
	raw_put(f->map, 6, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(fs_unlink(f, f->map, cases[i].name), cases[i].expected);
	assert_int_equal(removal_unlink(&f->fs, &fs_root, ".error_log", NULL), -EPERM);
	assert_true(removal_unlink(&f->fs, &fs_root, "m", NULL) < 0);
	assert_int_equal(removal_unlink(&f->fs, &fs_root, "nothing", NULL), -ENOENT);
}

/* .map is gone for a second, and comes back by itself. */
static void test_unlink_map_file(void **state)
{
	struct fixture *f = *state;
	const struct identity dir = fs_map(f->map);

	assert_int_equal(fs_unlink(f, f->map, ".map"), 0);
	assert_int_equal(fs_kind(f, &dir, ".map"), -ENOENT);
	assert_int_equal(fs_unlink(f, f->map, ".map"), -ENOENT);
	clock_ahead = 2;
	assert_int_equal(fs_kind(f, &dir, ".map"), NODE_MAP_FILE);
	assert_int_equal(fs_unlink(f, f->map, ".map"), 0);
}

static void test_unlink_slots(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "arr,type=array,max_entries=4");
	uint64_t value;

	raw_put(map, 2, 77);
	assert_int_equal(fs_unlink(f, map, "2"), 0);
	assert_int_equal(raw_get(map, 2, &value), 0);
	assert_int_equal(value, 0);
	assert_file(f, map, "2", NULL);
	assert_file(f, map, "3", "0\n");
	assert_int_equal(fs_unlink(f, map, "2"), -ENOENT);
	assert_int_equal(fs_unlink(f, map, "3"), 0);
	raw_put(map, 3, 1);
	assert_file(f, map, "3", "1\n");
	raw_put(map, 3, 0);
	assert_file(f, map, "3", "0\n");
}

/* What the kernel refuses to forget is not hidden. */
static void test_unlink_fails(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "arr,type=array,max_entries=4");

	raw_put(map, 2, 77);
	raw_freeze(map);
	assert_int_equal(fs_unlink(f, map, "2"), -EROFS);
	assert_int_equal(f->diag.err, EROFS);
	assert_file(f, map, "2", "77\n");
	fake_fail(FAKE_MAP_OPEN_ID, 0, -ENOENT);
	assert_int_equal(fs_unlink(f, f->map, "5"), -ESTALE);
}

static void test_rmdir(void **state)
{
	struct fixture *f = *state;
	uint32_t arr = fs_mkdir(f, "arr,type=array"), stranger;
	const struct identity dir = fs_map(f->map);

	raw_put(f->map, 5, 1);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "m", &f->diag), -ENOTEMPTY);
	assert_int_equal(f->diag.err, ENOTEMPTY);
	raw_delete(f->map, 5);
	assert_int_equal(removal_rmdir(&f->fs, &dir, "5", NULL), -ENOTDIR);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, ".error_log", NULL), -ENOTDIR);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "nothing", NULL), -ENOENT);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "m,type=hash", NULL), 0);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "m", NULL), -ENOENT);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "arr", NULL), 0);
	assert_false(catalog_is_alive(f->fs.catalog, arr));
	stranger = fs_stranger(f, BPF_MAP_TYPE_HASH, "theirs");
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "theirs", &f->diag), -EBUSY);
	assert_int_equal(f->diag.err, EBUSY);
	raw_put(stranger, 5, 1);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "theirs", NULL), -EBUSY);
}

/* A map that goes takes along what was hidden in it. */
static void test_rmdir_forgets_hidden(void **state)
{
	struct fixture *f = *state;
	uint32_t arr = fs_mkdir(f, "arr,type=array,max_entries=4");

	assert_int_equal(fs_unlink(f, arr, "1"), 0);
	assert_int_equal(hide_count(&f->fs.hidden, arr), 1);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "arr", NULL), 0);
	assert_int_equal(hide_count(&f->fs.hidden, arr), 0);
}

#define TREE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, fs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_mkdir),
		TREE_TEST(test_mkdir_in_map),
		TREE_TEST(test_mkdir_fails),
		TREE_TEST(test_unlink),
		TREE_TEST(test_unlink_map_file),
		TREE_TEST(test_unlink_slots),
		TREE_TEST(test_unlink_fails),
		TREE_TEST(test_rmdir),
		TREE_TEST(test_rmdir_forgets_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
