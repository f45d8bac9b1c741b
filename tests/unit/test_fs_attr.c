/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/attr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/kind.h"
#include "lib/sys.h"
#include "tests/unit/fs_clock.h"
#include "tests/unit/fs_fixture.h"

#define UNSET ((uid_t)-1)
#define NO_MODE ((mode_t)-1)

/* A map m with the key 1 and the staging file .s, whose pin has mode 0640 and belongs
 * to 7, group 8. */
static int setup(void **state)
{
	struct fixture *f;
	int err;

	clock_ahead = 0;
	err = fs_setup(state);
	if (err)
		return err;
	f = *state;
	f->map = fs_mkdir(f, "m");
	raw_put(f->map, 1, 10);
	fs_stage(f, f->map, ".s", "text");
	sys_pin_chown(FS_PINDIR "/m", 7, 8);
	return sys_pin_chmod(FS_PINDIR "/m", 0640);
}

static struct node *node_in(struct fixture *f, const char *name)
{
	struct node *node;
	struct stat st;

	assert_int_equal(fs_lookup(f, f->map, name, &node, &st), 0);
	return node;
}

static struct node *map_node(struct fixture *f, uint32_t map)
{
	const struct identity id = fs_map(map);

	return node_get(&f->fs.nodes, &id);
}

static struct stat stat_node(struct fixture *f, struct node *node)
{
	struct stat st;

	assert_int_equal(attr_get(&f->fs, node, &st), 0);
	return st;
}

static int try_set(struct fixture *f, struct node *node, mode_t mode, uid_t uid, gid_t gid)
{
	const struct attr_change change = {
		.set_mode = mode != NO_MODE,
		.set_uid = uid != UNSET,
		.set_gid = gid != UNSET,
		.st = {.st_mode = mode, .st_uid = uid, .st_gid = gid},
	};

	f->diag = (struct diag){0};
	return attr_set(&f->fs, node, &change, &f->diag);
}

static int try_utimens(struct fixture *f, struct node *node, time_t seconds)
{
	const struct attr_change change = {.set_mtime = true, .st.st_mtim.tv_sec = seconds};

	return attr_set(&f->fs, node, &change, &f->diag);
}

/* What there is to see. */

static void test_types_and_modes(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
	} cases[] = {
		{"1", S_IFREG | 0640},      {".map", S_IFREG | 0640},    {".info", S_IFREG | 0440},
		{".count", S_IFREG | 0440}, {".frozen", S_IFREG | 0640},
	};
	struct fixture *f = *state;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(fs_stat(f, f->map, cases[i].name, &st), 0);
		assert_int_equal(st.st_mode, cases[i].mode);
		assert_int_equal(st.st_uid, 7);
		assert_int_equal(st.st_gid, 8);
		assert_int_equal(st.st_nlink, 1);
	}
}

static void test_directories(void **state)
{
	struct fixture *f = *state;
	struct node *map = map_node(f, f->map), *theirs;
	struct stat st = stat_node(f, map);

	assert_int_equal(st.st_mode, S_IFDIR | 0750);
	assert_int_equal(st.st_uid, 7);
	theirs = map_node(f, fs_stranger(f, BPF_MAP_TYPE_HASH, "theirs"));
	st = stat_node(f, theirs);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(st.st_uid, 0);
	st = stat_node(f, f->fs.nodes.root);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	assert_int_equal(st.st_ino, 1);
	node_put(&f->fs.nodes, map, 1);
	node_put(&f->fs.nodes, theirs, 1);
}

/* w goes when the map is frozen, or the mount read-only. */
static void test_read_only(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	raw_freeze(f->map);
	assert_int_equal(fs_stat(f, f->map, "1", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0440);
	assert_int_equal(fs_stat(f, f->map, ".frozen", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0440);
	f->map = fs_mkdir(f, "other");
	raw_put(f->map, 1, 10);
	fs_remount(f, true);
	assert_int_equal(fs_stat(f, f->map, "1", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0400);
	assert_file(f, f->map, "1", "10\n");
	assert_int_equal(fs_unlink(f, f->map, "1"), -EROFS);
}

/* Sizes are exact, and blocks follow them. */
static void test_sizes(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "wide,value=300");
	struct buf text = BUF_INIT(10000);
	struct stat st;

	raw_put(map, 1, 10);
	assert_int_equal(fs_stat(f, map, "1", &st), 0);
	assert_int_equal(st.st_size, 300 * 3);
	assert_int_equal(st.st_blocks, 2);
	assert_int_equal(fs_stat(f, map, ".map", &st), 0);
	assert_int_equal(kind_of(NODE_MAP_FILE)
				 ->read(&f->fs,
					&(struct identity){.kind = NODE_MAP_FILE, .map_id = map},
					&text, &st.st_mtim.tv_sec),
			 0);
	assert_int_equal(st.st_size, text.len);
	assert_int_equal(st.st_blocks, 1);
	buf_free(&text);
	assert_int_equal(fs_stat(f, f->map, ".s", &st), 0);
	assert_int_equal(st.st_size, 4);
}

static void test_times(void **state)
{
	struct fixture *f = *state;
	struct stat first, st;

	assert_int_equal(fs_stat(f, f->map, "1", &first), 0);
	clock_ahead = 100;
	assert_int_equal(fs_stat(f, f->map, "1", &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, first.st_mtim.tv_sec);
	assert_int_equal(st.st_mtim.tv_nsec, 0);
	raw_put(f->map, 1, 11);
	assert_int_equal(fs_stat(f, f->map, "1", &st), 0);
	assert_true(st.st_mtim.tv_sec >= first.st_mtim.tv_sec + 99);
	assert_memory_equal(&st.st_mtim, &st.st_ctim, sizeof(st.st_mtim));
}

/* The same key has the same number, at every mount. */
static void test_numbers(void **state)
{
	struct fixture *f = *state;
	struct stat st, again;

	assert_int_equal(fs_stat(f, f->map, "1", &st), 0);
	fs_remount(f, false);
	assert_int_equal(fs_stat(f, f->map, "0x1", &again), 0);
	assert_int_equal(st.st_ino, again.st_ino);
	assert_int_equal(fs_stat(f, f->map, ".map", &again), 0);
	assert_true(again.st_ino < st.st_ino);
}

static void test_gone(void **state)
{
	struct fixture *f = *state;
	struct node *node = node_in(f, "1"), *map = map_node(f, f->map), *file = node_in(f, ".map");
	struct stat st;
	int err;

	raw_delete(f->map, 1);
	assert_int_equal(attr_get(&f->fs, node, &st), -ENOENT);
	assert_int_equal(sys_pin_unlink(FS_PINDIR "/m"), 0);
	err = attr_get(&f->fs, node, &st);
	assert_true(err == -ENOENT || err == -ESTALE);
	err = attr_get(&f->fs, file, &st);
	assert_true(err == -ENOENT || err == -ESTALE);
	assert_int_equal(attr_get(&f->fs, map, &st), -ENOENT);
	assert_int_equal(catalog_refresh(f->fs.catalog), 0);
	err = attr_get(&f->fs, node, &st);
	assert_true(err == -ENOENT || err == -ESTALE);
	assert_int_equal(attr_get(&f->fs, map, &st), -ENOENT);
	node_put(&f->fs.nodes, node, 1);
	node_put(&f->fs.nodes, file, 1);
	node_put(&f->fs.nodes, map, 1);
}

/* A key that is gone while it is open is an empty file; without the map it is none. */
static void test_gone_while_open(void **state)
{
	struct fixture *f = *state;
	struct node *node = node_in(f, "1");
	struct file *file;
	struct stat st;

	assert_int_equal(fs_open(f, f->map, "1", O_WRONLY | O_TRUNC, 0, &file), 0);
	raw_delete(f->map, 1);
	st = stat_node(f, node);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(sys_pin_unlink(FS_PINDIR "/m"), 0);
	assert_true(attr_get(&f->fs, node, &st) < 0);
	assert_int_equal(file_write(file, "1", 1, 0, NULL), -ESTALE);
	assert_int_equal(file_release(file, NULL), 0);
	node_put(&f->fs.nodes, node, 1);
}

/* Changing it. */

/* The map gives its owner 6, its group 4, and others nothing. */
static void test_chmod_of_key(void **state)
{
	static const struct {
		mode_t mode;
		int expected;
	} cases[] = {
		{0640, 0},   {0644, 0},      {0666, 0},      {0777, 0},
		{0440, 0},   {0040, 0},      {0600, -EPERM}, {0620, -EPERM},
		{0, -EPERM}, {0604, -EPERM}, {0660, 0},      {S_IFREG | 0640, 0},
	};
	static const char *const names[] = {"1", ".map", ".info", ".frozen"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases) * ARRAY_SIZE(names); i++) {
		struct node *node = node_in(f, names[i % ARRAY_SIZE(names)]);
		struct stat before = stat_node(f, node);

		assert_int_equal(try_set(f, node, cases[i / ARRAY_SIZE(names)].mode, UNSET, UNSET),
				 cases[i / ARRAY_SIZE(names)].expected);
		assert_int_equal(f->diag.err, -cases[i / ARRAY_SIZE(names)].expected);
		assert_int_equal(stat_node(f, node).st_mode, before.st_mode);
		node_put(&f->fs.nodes, node, 1);
	}
}

/* chown and utimens succeed, and change nothing. chmod never freezes. */
static void test_chown_of_key(void **state)
{
	struct fixture *f = *state;
	struct node *node = node_in(f, "1");
	struct stat before = stat_node(f, node), st;

	assert_int_equal(try_set(f, node, NO_MODE, 7, 8), 0);
	assert_int_equal(try_set(f, node, NO_MODE, 1000, UNSET), 0);
	assert_int_equal(try_set(f, node, 0440, UNSET, 1000), 0);
	assert_int_equal(try_utimens(f, node, 1), 0);
	st = stat_node(f, node);
	assert_memory_equal(&st, &before, sizeof(st));
	assert_file(f, f->map, ".frozen", "0\n");
	node_put(&f->fs.nodes, node, 1);
}

/* The root's mode lasts as long as the mount, and never gives others more. */
static void test_change_of_root(void **state)
{
	struct fixture *f = *state;
	struct node *node = node_get(&f->fs.nodes, &fs_root);

	assert_int_equal(stat_node(f, node).st_mode, S_IFDIR | 0755);
	assert_int_equal(try_set(f, node, S_IFDIR | 0700, 70, 80), 0);
	assert_int_equal(stat_node(f, node).st_mode, S_IFDIR | 0700);
	assert_int_equal(stat_node(f, node).st_uid, 0);
	assert_int_equal(try_set(f, node, 0777, UNSET, UNSET), 0);
	assert_int_equal(stat_node(f, node).st_mode, S_IFDIR | 0755);
	assert_int_equal(try_utimens(f, node, 1), 0);
	node_put(&f->fs.nodes, node, 1);
}

/* A directory of bpffs has its own. */
static void test_change_of_directory(void **state)
{
	struct fixture *f = *state;
	struct identity id = {NODE_DIR, 0, 2, (const unsigned char *)"d"};
	struct node *node;
	struct stat st;

	assert_int_equal(sys_pin_prepare(FS_PINDIR "/d"), 0);
	node = node_get(&f->fs.nodes, &id);
	assert_int_equal(try_set(f, node, 0750, UNSET, 80), 0);
	assert_int_equal(try_set(f, node, NO_MODE, 70, UNSET), 0);
	assert_int_equal(try_set(f, node, S_IFDIR | 0700, UNSET, UNSET), 0);
	assert_int_equal(sys_pin_stat(FS_PINDIR "/d", &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(st.st_uid, 70);
	assert_int_equal(st.st_gid, 80);
	assert_int_equal(try_utimens(f, node, 1), 0);
	f->fs.options.read_only = true;
	assert_int_equal(try_set(f, node, 0755, UNSET, UNSET), -EROFS);
	node_put(&f->fs.nodes, node, 1);
}

static void test_change_of_map(void **state)
{
	struct fixture *f = *state;
	struct node *map = map_node(f, f->map);
	struct stat st;

	assert_int_equal(try_set(f, map, 0700, UNSET, UNSET), 0);
	assert_int_equal(sys_pin_stat(FS_PINDIR "/m", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(try_set(f, map, S_IFDIR | 0755, 70, UNSET), 0);
	assert_int_equal(try_set(f, map, NO_MODE, UNSET, 80), 0);
	assert_int_equal(sys_pin_stat(FS_PINDIR "/m", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(st.st_uid, 70);
	assert_int_equal(st.st_gid, 80);
	assert_int_equal(fs_stat(f, f->map, "1", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(st.st_uid, 70);
	assert_int_equal(try_utimens(f, map, 1), 0);
	node_put(&f->fs.nodes, map, 1);
}

/* A map without a pin of ours: what it has is granted, nothing else. */
static void test_change_of_stranger(void **state)
{
	struct fixture *f = *state;
	struct node *map = map_node(f, fs_stranger(f, BPF_MAP_TYPE_HASH, "theirs"));

	assert_int_equal(try_set(f, map, 0700, 0, 0), 0);
	assert_int_equal(try_set(f, map, 0755, UNSET, UNSET), -EPERM);
	assert_int_equal(f->diag.err, EPERM);
	assert_int_equal(try_set(f, map, NO_MODE, 7, UNSET), -EPERM);
	assert_int_equal(try_set(f, map, NO_MODE, UNSET, 7), -EPERM);
	assert_int_equal(try_utimens(f, map, 1), 0);
	node_put(&f->fs.nodes, map, 1);
}

static void test_change_refused_by_kernel(void **state)
{
	struct fixture *f = *state;
	struct node *map = map_node(f, f->map);

	fake_fail(FAKE_PIN_CHMOD, 0, -EROFS);
	assert_int_equal(try_set(f, map, 0700, UNSET, UNSET), -EROFS);
	fake_fail(FAKE_PIN_CHOWN, 0, -EPERM);
	assert_int_equal(try_set(f, map, NO_MODE, 1, 1), -EPERM);
	node_put(&f->fs.nodes, map, 1);
}

static void test_change_of_stage(void **state)
{
	struct fixture *f = *state;
	struct node *node = node_in(f, ".s");
	struct stat st;

	assert_int_equal(try_set(f, node, 0, UNSET, UNSET), 0);
	assert_int_equal(try_set(f, node, S_IFREG | 0604, 70, UNSET), 0);
	assert_int_equal(try_set(f, node, NO_MODE, UNSET, 80), 0);
	assert_int_equal(try_utimens(f, node, 1234567), 0);
	st = stat_node(f, node);
	assert_int_equal(st.st_mode, S_IFREG | 0604);
	assert_int_equal(st.st_uid, 70);
	assert_int_equal(st.st_gid, 80);
	assert_int_equal(st.st_mtim.tv_sec, 1234567);
	assert_int_equal(fs_unlink(f, f->map, ".s"), 0);
	assert_int_equal(try_set(f, node, 0600, UNSET, UNSET), -ENOENT);
	assert_int_equal(attr_get(&f->fs, node, &st), -ENOENT);
	node_put(&f->fs.nodes, node, 1);
}

/* What copies a file gives it a time, and its name was to be a key's. */
static void test_copy_to_no_key(void **state)
{
	static const struct {
		const char *name;
		int expected;
	} cases[] = {{"copy", -EINVAL}, {"co.py", -EINVAL}, {".copy", 0}, {"copy~", 0}};
	const struct attr_change now = {.set_mtime = true, .mtime_is_now = true};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct node *node;

		fs_stage(f, f->map, cases[i].name, "7");
		node = node_in(f, cases[i].name);
		assert_int_equal(try_utimens(f, node, 1), cases[i].expected);
		assert_int_equal(attr_set(&f->fs, node, &now, &f->diag), 0);
		node_put(&f->fs.nodes, node, 1);
	}
}

/* bsdtar ignores close's error, but not that of the SETATTR behind it: of whatever
 * kind, once. */
static void test_refusal_comes_out(void **state)
{
	struct fixture *f = *state;
	struct node *node = node_in(f, "1");
	struct file *file;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(fs_open(f, f->map, "1", O_WRONLY, 0, &file), 0);
		assert_int_equal(file_write(file, "x", 1, 0, NULL), 0);
		assert_int_equal(file_flush(file, NULL), -EINVAL);
		assert_int_equal(file_release(file, NULL), 0);
		assert_int_equal(i == 0   ? try_utimens(f, node, 1)
				 : i == 1 ? try_set(f, node, 0640, UNSET, UNSET)
					  : try_set(f, node, NO_MODE, 7, 8),
				 -EINVAL);
		assert_int_equal(f->diag.err, EINVAL);
		assert_int_equal(try_utimens(f, node, 1), 0);
	}
	node_put(&f->fs.nodes, node, 1);
}

#define ATTR_TEST(f) cmocka_unit_test_setup_teardown(f, setup, fs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ATTR_TEST(test_types_and_modes),
		ATTR_TEST(test_directories),
		ATTR_TEST(test_read_only),
		ATTR_TEST(test_sizes),
		ATTR_TEST(test_times),
		ATTR_TEST(test_numbers),
		ATTR_TEST(test_gone),
		ATTR_TEST(test_gone_while_open),
		ATTR_TEST(test_chmod_of_key),
		ATTR_TEST(test_copy_to_no_key),
		ATTR_TEST(test_change_of_root),
		ATTR_TEST(test_change_of_directory),
		ATTR_TEST(test_chown_of_key),
		ATTR_TEST(test_change_of_map),
		ATTR_TEST(test_change_of_stranger),
		ATTR_TEST(test_change_refused_by_kernel),
		ATTR_TEST(test_change_of_stage),
		ATTR_TEST(test_refusal_comes_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
