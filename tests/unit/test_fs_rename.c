/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/rename.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fs/attr.h"
#include "lib/sys.h"
#include "tests/unit/fs_fixture.h"

/*
 * In a map with the keys 1 and 2 (10 and 20), the staging files .s (7), .bad (which
 * says no number), .empty and tmp (9), and the symlink .l. What both names say
 * afterwards; NULL: there is none.
 */
struct row {
	const char *from, *to;
	bool no_replace;
	int expected;
	const char *from_after, *to_after;
};

static const struct row rows[] = {
	/* key to key */
	{"1", "3", false, 0, NULL, "10\n"},
	{"1", "2", false, 0, NULL, "10\n"},
	{"1", "3", true, 0, NULL, "10\n"},
	{"1", "2", true, -EEXIST, "10\n", "20\n"},
	{"1", "0x1", false, 0, "10\n", "10\n"},
	{"0x1", "0x3", false, 0, NULL, "10\n"},
	{"9", "3", false, -ENOENT, NULL, NULL},
	{"9", "2", false, -ENOENT, NULL, "20\n"},
	{"x", "3", false, -ENOENT, NULL, NULL},
	{"1", "4294967296", false, -EINVAL, "10\n", NULL},
	{"1", "x", false, -EINVAL, "10\n", NULL},
	/* staging file to key */
	{".s", "3", false, 0, NULL, "7\n"},
	{".s", "1", false, 0, NULL, "7\n"},
	{".s", "3", true, 0, NULL, "7\n"},
	{".s", "1", true, -EEXIST, "7\n", "10\n"},
	{"tmp", "1", false, 0, NULL, "9\n"},
	{".bad", "1", false, -EINVAL, "hello", "10\n"},
	{".bad", "3", false, -EINVAL, "hello", NULL},
	{".empty", "1", false, -EINVAL, "", "10\n"},
	{".l", "1", false, -EOPNOTSUPP, NULL, "10\n"},
	/* key to staging name */
	{"1", "1~", false, 0, NULL, "10\n"},
	{"1", ".1.bak", false, 0, NULL, "10\n"},
	{"1", ".1.bak", true, 0, NULL, "10\n"},
	{"1", ".s", false, 0, NULL, "10\n"},
	{"1", ".s", true, -EEXIST, "10\n", "7\n"},
	{"1", "tmp", false, 0, NULL, "10\n"},
	{"9", "9~", false, -ENOENT, NULL, NULL},
	/* staging file to staging name */
	{".s", ".t", false, 0, NULL, "7\n"},
	{".s", "5~", false, 0, NULL, "7\n"},
	{".s", ".bad", false, 0, NULL, "7\n"},
	{".s", ".bad", true, -EEXIST, "7\n", "hello"},
	{".s", "tmp", false, 0, NULL, "7\n"},
	{".s", "other", false, -EINVAL, "7\n", NULL},
	{".none", ".t", false, -ENOENT, NULL, NULL},
	{".none", "3", false, -ENOENT, NULL, NULL},
	/* special files */
	{".info", ".s", false, -EPERM, NULL, "7\n"},
	{".map", "3", false, -EPERM, NULL, NULL},
	{"1", ".map", false, -EOPNOTSUPP, "10\n", NULL},
	{"1", ".info", false, -EOPNOTSUPP, "10\n", NULL},
	{".s", ".map", false, -EINVAL, "7\n", NULL},
	{".s", ".map", true, -EEXIST, "7\n", NULL},
	{".s", ".count", true, -EOPNOTSUPP, "7\n", NULL},
};

static int rename_in(struct fixture *f, uint32_t map, const char *from, const char *to,
		     unsigned int flags)
{
	const struct identity dir = fs_map(map);

	f->diag = (struct diag){0};
	return rename_name(&f->fs, &dir, from, &dir, to, flags, &f->diag);
}

static int rename_in_root(struct fixture *f, const char *from, const char *to)
{
	f->diag = (struct diag){0};
	return rename_name(&f->fs, &fs_root, from, &fs_root, to, 0, &f->diag);
}

static void fill(struct fixture *f, const char *map)
{
	const struct maker maker = {.mode = 0777};
	struct found found = FOUND_INIT;
	struct identity dir;

	f->map = fs_mkdir(f, map);
	dir = fs_map(f->map);
	raw_put(f->map, 1, 10);
	raw_put(f->map, 2, 20);
	fs_stage(f, f->map, ".s", "7\n");
	fs_stage(f, f->map, ".bad", "hello");
	fs_stage(f, f->map, ".empty", "");
	fs_stage(f, f->map, "tmp", "9");
	assert_int_equal(tree_symlink(&f->fs, &dir, ".l", "target", &maker, &found, NULL), 0);
	found_free(&found);
}

/* Special files and symlinks are left out. */
static void assert_after(struct fixture *f, const char *name, const char *expected)
{
	const struct identity dir = fs_map(f->map);
	int kind = fs_kind(f, &dir, name);

	if (kind < 0 || kind == NODE_KEY || (kind == NODE_SCRATCH && strcmp(name, ".l") != 0))
		assert_file(f, f->map, name, expected);
}

static void run(struct fixture *f, const struct row *r, const char *map)
{
	int err;

	fill(f, map);
	fs_unlink(f, f->map, "3"); /* what is always there in an array */
	fs_unlink(f, f->map, "9");
	err = rename_in(f, f->map, r->from, r->to, r->no_replace ? RENAME_NOREPLACE : 0);
	if (err != r->expected)
		print_error("%d\n", err);
	assert_int_equal(err, r->expected);
	if (err && err != -ENOENT && err != -EEXIST)
		assert_true(f->diag.err == -err && f->diag.why[0]);
	assert_after(f, r->from, r->from_after);
	assert_after(f, r->to, r->to_after);
}

static void test_row(void **state)
{
	struct fixture *f = *state;

	run(f, f->row, "m");
}

static void test_row_of_array(void **state)
{
	struct fixture *f = *state;

	run(f, f->row, "m,type=array,max_entries=10");
}

/* What is refused leaves the staging file for another try. */
static void test_full(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "full,max_entries=1");

	raw_put(map, 1, 10);
	fs_stage(f, map, ".s", "7\n");
	assert_int_equal(rename_in(f, map, ".s", "2", 0), -ENOSPC);
	assert_file(f, map, ".s", "7\n");
	assert_int_equal(rename_in(f, map, "1", "2", 0), -ENOSPC);
	assert_file(f, map, "1", "10\n");
	assert_int_equal(rename_in(f, map, ".s", "1", 0), 0);
	assert_file(f, map, "1", "7\n");
}

static void test_frozen(void **state)
{
	struct fixture *f = *state;

	fill(f, "m");
	raw_freeze(f->map);
	assert_int_equal(rename_in(f, f->map, ".s", "1", 0), -EROFS);
	assert_int_equal(rename_in(f, f->map, "1", "3", 0), -EROFS);
	assert_int_equal(rename_in(f, f->map, "1", ".b", 0), -EROFS);
	assert_int_equal(rename_in(f, f->map, "1", ".s", 0), -EROFS);
	assert_file(f, f->map, "1", "10\n");
	assert_file(f, f->map, ".b", NULL);
	assert_file(f, f->map, ".s", "7\n");
}

/* The text that is refused is quoted. */
static void test_quotes(void **state)
{
	struct fixture *f = *state;

	fill(f, "m");
	assert_int_equal(rename_in(f, f->map, ".bad", "1", 0), -EINVAL);
	assert_string_equal(f->diag.quote, "hello");
	assert_int_equal(rename_in(f, f->map, "1", "2x", 0), -EINVAL);
	assert_string_equal(f->diag.quote, "2x");
	assert_int_equal(f->diag.offset, 1);
}

/* .map was unlinked, and is hidden for a second: its name is still the spec's. */
static void test_onto_hidden_map_file(void **state)
{
	struct fixture *f = *state;

	fill(f, "m");
	assert_int_equal(fs_unlink(f, f->map, ".map"), 0);
	assert_int_equal(rename_in(f, f->map, ".s", ".map", 0), -EINVAL);
	assert_file(f, f->map, ".s", "7\n");
	assert_int_equal(rename_in(f, f->map, "1", ".map", 0), -EOPNOTSUPP);
	assert_file(f, f->map, "1", "10\n");
}

static void test_flags(void **state)
{
	struct fixture *f = *state;

	fill(f, "m");
	assert_int_equal(rename_in(f, f->map, "1", "2", RENAME_EXCHANGE), -EINVAL);
	assert_int_equal(rename_in(f, f->map, "1", "3", RENAME_WHITEOUT), -EINVAL);
	assert_int_equal(rename_in(f, f->map, "1", "3", RENAME_NOREPLACE | RENAME_WHITEOUT),
			 -EINVAL);
	assert_file(f, f->map, "1", "10\n");
}

static void test_between_maps(void **state)
{
	struct fixture *f = *state;
	struct identity dir, other;

	fill(f, "m");
	dir = fs_map(f->map);
	other = fs_map(fs_mkdir(f, "other"));
	assert_int_equal(rename_name(&f->fs, &dir, "1", &other, "1", 0, NULL), -EXDEV);
	assert_int_equal(rename_name(&f->fs, &dir, ".s", &other, ".s", 0, NULL), -EXDEV);
	assert_int_equal(rename_name(&f->fs, &dir, "1", &fs_root, "x", 0, NULL), -EXDEV);
	assert_int_equal(rename_name(&f->fs, &fs_root, "m", &dir, "x", 0, NULL), -EINVAL);
}

/* Maps. */

static void test_maps(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "a");
	struct stat st;

	fs_mkdir(f, "b");
	fs_stranger(f, BPF_MAP_TYPE_HASH, "theirs");
	assert_int_equal(rename_in_root(f, "a", "c"), 0);
	assert_int_equal(fs_kind(f, &fs_root, "a"), -ENOENT);
	assert_int_equal(fs_kind(f, &fs_root, "c"), NODE_MAP);
	assert_int_equal(sys_pin_stat(FS_PINDIR "/c", &st), 0);
	assert_true(catalog_is_alive(f->fs.catalog, map));
	assert_int_equal(rename_in_root(f, "c", "b"), -EEXIST);
	assert_int_equal(rename_in_root(f, "c", "theirs"), -EEXIST);
	assert_int_equal(rename_in_root(f, "c", ".x"), -EINVAL);
	assert_int_equal(rename_in_root(f, "c", "@7"), -EINVAL);
	assert_int_equal(rename_in_root(f, "theirs", "ours"), -EBUSY);
	assert_int_equal(rename_in_root(f, "nothing", "c"), -ENOENT);
	assert_int_equal(rename_in_root(f, ".error_log", "c"), -EPERM);
	assert_int_equal(fs_kind(f, &fs_root, "c"), NODE_MAP);
}

static void test_directories(void **state)
{
	struct fixture *f = *state;
	struct found dir = FOUND_INIT;

	fs_mkdir(f, "a");
	assert_int_equal(sys_pin_prepare(FS_PINDIR "/d"), 0);
	assert_int_equal(rename_in_root(f, "d", "e"), -EOPNOTSUPP);
	assert_int_equal(rename_in_root(f, "a", "d"), -EEXIST);
	assert_int_equal(tree_find(&f->fs, &fs_root, "d", &dir, NULL), 0);
	assert_int_equal(rename_name(&f->fs, &fs_root, "a", &dir.id, "a", 0, NULL), 0);
	assert_int_equal(fs_kind(f, &dir.id, "a"), NODE_MAP);
	assert_int_equal(fs_kind(f, &fs_root, "a"), -ENOENT);
	found_free(&dir);
}

/* Inodes. */

/* The kernel goes on with the old name's inode. */
static void test_inode_moves(void **state)
{
	static const struct {
		const char *from, *to;
		enum node_kind kind;
	} cases[] = {
		{"1", "3", NODE_KEY},
		{".s", "2", NODE_KEY},
		{"3", "3~", NODE_SCRATCH},
		{"tmp", ".tmp", NODE_SCRATCH},
	};
	struct fixture *f = *state;

	fill(f, "m");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct stat st, now;
		struct node *node;

		assert_int_equal(fs_lookup(f, f->map, cases[i].from, &node, &st), 0);
		assert_int_equal(rename_in(f, f->map, cases[i].from, cases[i].to, 0), 0);
		assert_int_equal(node_identity(node)->kind, cases[i].kind);
		assert_int_equal(attr_get(&f->fs, node, &now), 0);
		assert_int_equal(fs_stat(f, f->map, cases[i].to, &st), 0);
		assert_int_equal(now.st_size, st.st_size);
		node_put(&f->fs.nodes, node, 1);
	}
}

/* An open staging file is still itself after it became a key's value. */
static void test_open_stage(void **state)
{
	struct fixture *f = *state;
	struct file *file;

	fill(f, "m");
	assert_int_equal(fs_open(f, f->map, ".s", O_RDWR, 0, &file), 0);
	assert_int_equal(rename_in(f, f->map, ".s", "1", 0), 0);
	assert_int_equal(file_write(file, "8\n", 2, 0, NULL), 0);
	assert_file(f, f->map, "1", "7\n");
	assert_int_equal(file_release(file, NULL), 0);
	assert_file(f, f->map, "1", "7\n");
}

/* A text that is being read goes on after its key was called otherwise. */
static void test_open_key(void **state)
{
	struct buf out = BUF_INIT(100);
	struct fixture *f = *state;
	struct file *file;

	fill(f, "m");
	assert_int_equal(fs_open(f, f->map, "1", O_RDWR, 0, &file), 0);
	assert_int_equal(rename_in(f, f->map, "1", "3", 0), 0);
	assert_int_equal(file_read(file, 100, 0, &out, NULL), 0);
	assert_buf(&out, "10\n");
	assert_int_equal(file_write(file, "7", 1, 0, NULL), 0);
	assert_int_equal(file_flush(file, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_file(f, f->map, "1", NULL);
	assert_file(f, f->map, "3", "70\n");
}

/* Something fails half way: nothing is lost. */
static void test_failures(void **state)
{
	struct fixture *f = *state;

	fill(f, "m");
	fake_fail(FAKE_MAP_DELETE, 0, -EBUSY);
	assert_int_equal(rename_in(f, f->map, "1", ".b", 0), -EBUSY);
	assert_file(f, f->map, "1", "10\n");
	assert_file(f, f->map, ".b", NULL);
	fake_fail(FAKE_MAP_UPDATE, 0, -ENOMEM);
	assert_int_equal(rename_in(f, f->map, ".s", "1", 0), -ENOMEM);
	assert_file(f, f->map, ".s", "7\n");
	fake_fail(FAKE_MAP_UPDATE, 0, -ENOMEM);
	assert_int_equal(rename_in(f, f->map, "1", "2", 0), -ENOMEM);
	assert_file(f, f->map, "1", "10\n");
	assert_file(f, f->map, "2", "20\n");
}

/* The backup that is to be replaced stays, should the key not be had. */
static void test_failure_keeps_backup(void **state)
{
	struct fixture *f = *state;

	fill(f, "m");
	fake_fail(FAKE_MAP_DELETE, 0, -EBUSY);
	assert_int_equal(rename_in(f, f->map, "1", ".s", 0), -EBUSY);
	assert_file(f, f->map, "1", "10\n");
	assert_file(f, f->map, ".s", "7\n");
}

static int run_rows(const char *group, void (*test)(void **state))
{
	static char names[ARRAY_SIZE(rows)][100];
	struct CMUnitTest tests[ARRAY_SIZE(rows)];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(names[i], sizeof(names[i]), "%s to %s%s", rows[i].from, rows[i].to,
			 rows[i].no_replace ? ", no replace" : "");
		tests[i] = (struct CMUnitTest){names[i], test, fs_setup, fs_teardown,
					       (void *)(uintptr_t)&rows[i]};
	}
	return _cmocka_run_group_tests(group, tests, ARRAY_SIZE(rows), NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_full),
		FS_TEST(test_frozen),
		FS_TEST(test_quotes),
		FS_TEST(test_onto_hidden_map_file),
		FS_TEST(test_flags),
		FS_TEST(test_between_maps),
		FS_TEST(test_maps),
		FS_TEST(test_directories),
		FS_TEST(test_inode_moves),
		FS_TEST(test_open_stage),
		FS_TEST(test_open_key),
		FS_TEST(test_failures),
		FS_TEST(test_failure_keeps_backup),
	};

	return run_rows("hash", test_row) + run_rows("array", test_row_of_array) +
	       cmocka_run_group_tests(tests, NULL, NULL);
}
