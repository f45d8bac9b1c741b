/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Keys whose names are cut into directories (keyname.h, longdir.h). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/rename.h"
#include "tests/unit/fs_clock.h"
#include "tests/unit/fs_paths.h"

#define TEXT "m,key=char[400],value=u64"
#define LONGER "m,key=char[600],value=u64"
#define HEX "m,key=200,value=u64"

static int setup(void **state)
{
	clock_ahead = 0;
	return fs_setup(state);
}

#define LONG_TEST(f) cmocka_unit_test_setup_teardown(f, setup, fs_teardown)

/* Looking. */

static void test_look_up(void **state)
{
	struct fixture *f = *state;

	f->map = fs_mkdir(f, TEXT);
	assert_int_equal(kind_at(f, path_of("a240")), -ENOENT);
	assert_int_equal(kind_at(f, path_of("a240/a20")), -ENOENT);
	put_at(f, path_of("a255"), 7); /* one name */
	assert_int_equal(kind_at(f, path_of("a255")), NODE_KEY);
	assert_int_equal(kind_at(f, path_of("a240")), -ENOENT);
	put_at(f, path_of("a240/a16"), 8); /* two */
	assert_int_equal(kind_at(f, path_of("a240")), NODE_LONG_DIR);
	assert_int_equal(kind_at(f, path_of("a240/a16")), NODE_KEY);
	assert_int_equal(kind_at(f, path_of("a240/a17")), -ENOENT);
	assert_int_equal(kind_at(f, path_of("a240/b16")), -ENOENT);
	assert_int_equal(kind_at(f, path_of("a240/a200")), -ENOENT); /* longer than a key */
	assert_int_equal(kind_at(f, path_of("a255/a16")), -ENOTDIR);
	assert_int_equal(kind_at(f, path_of("a239")), -ENOENT);
	assert_int_equal(kind_at(f, path_of("b240")), -ENOENT);
	assert_int_equal(kind_at(f, path_of("a240/.map")), -ENOENT);
	assert_int_equal(kind_at(f, path_of("a240/.count")), -ENOENT);
	assert_text_at(f, path_of("a255"), "7\n");
	assert_text_at(f, path_of("a240/a16"), "8\n");
}

static void test_two_levels(void **state)
{
	struct fixture *f = *state;

	f->map = fs_mkdir(f, LONGER);
	put_at(f, path_of("a240/b240/c100"), 7);
	assert_int_equal(kind_at(f, path_of("a240")), NODE_LONG_DIR);
	assert_int_equal(kind_at(f, path_of("a240/b240")), NODE_LONG_DIR);
	assert_int_equal(kind_at(f, path_of("b240")), -ENOENT);
	assert_int_equal(kind_at(f, path_of("a240/a240")), -ENOENT);
	assert_text_at(f, path_of("a240/b240/c100"), "7\n");
	assert_text_at(f, path_of("a240/b240/c99"), NULL);
	assert_int_equal(rmdir_at(f, path_of("a240")), -ENOTEMPTY);
	assert_int_equal(rmdir_at(f, path_of("a240/b240")), -ENOTEMPTY);
	assert_int_equal(unlink_at(f, path_of("a240/b240/c100")), 0);
	assert_int_equal(rmdir_at(f, path_of("a240/b240")), 0);
	assert_int_equal(rmdir_at(f, path_of("a240")), 0);
	assert_int_equal(kind_at(f, path_of("a240")), -ENOENT);
}

static void test_without_type(void **state)
{
	struct fixture *f = *state;

	f->map = fs_mkdir(f, HEX);
	assert_int_equal(mkdir_at(f, path_of("a240")), 0);
	assert_int_equal(store_at(f, path_of("a240/b160"), "7\n"), 0);
	assert_text_at(f, path_of("a240/b160"), "7\n");
	assert_int_equal(store_at(f, path_of("a240/b159"), "7\n"), -EINVAL);
	assert_int_equal(store_at(f, path_of("a240/g160"), "7\n"), -EINVAL);
	assert_int_equal(store_at(f, path_of("a160"), "7\n"), -EINVAL);
	assert_file(f, f->map, ".count", "1\n");
}

/* A name of a directory's length is never a file's. */
static void test_lengths(void **state)
{
	char name[16];
	struct fixture *f = *state;

	f->map = fs_mkdir(f, TEXT);
	for (int len = 234; len <= 243; len++) {
		bool is_piece = len >= 237 && len <= 240;
		const char *path;

		snprintf(name, sizeof(name), "a%d", len);
		path = path_of(name);
		put_at(f, path, 7);
		assert_int_equal(kind_at(f, path), is_piece ? -ENOENT : NODE_KEY);
		assert_int_equal(store_at(f, path, "8\n"), is_piece ? -EINVAL : 0);
		if (is_piece)
			assert_true(f->diag.why[0]);
		assert_int_equal(value_at(f, path), is_piece ? 7 : 8);
		assert_int_equal(stage_at(f, path, "9\n"), is_piece ? -EINVAL : -EEXIST);
		delete_at(f, path);
	}
}

/* Changing. */

static void make_parents(struct fixture *f, const char *path)
{
	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		char *parent = strndup(path, (size_t)(slash - path));

		assert_int_equal(mkdir_at(f, parent), 0);
		free(parent);
	}
}

static void test_mkdir(void **state)
{
	static const struct {
		const char *map, *path;
		int expected;
	} cases[] = {
		{TEXT, "a240", 0},
		{TEXT, "a237", 0},
		{TEXT, "a236", -EPERM},
		{TEXT, "a241", -EPERM},
		{TEXT, "abc", -EPERM},
		{TEXT, "12", -EPERM},
		{TEXT, ".abc", -EPERM},
		{TEXT, "b240/c240", -EPERM}, /* no key is that long */
		{LONGER, "b240/c240", 0},
		{LONGER, "b240/c240/d240", -EPERM},
		{LONGER, "b240/abc", -EPERM},
		{HEX, "a240", 0},
		{HEX, "g240", -EPERM},
		{HEX, "b240/a240", -EPERM},
		{"m", "a240", -EPERM},
		{"m", "12", -EPERM},
		{"m,key=char[80]", "a240", -EPERM},
		{"m,key=char[100]", "a240", -EPERM}, /* names may be long, if escaped */
		{"m,key=struct{char a[300];u32 b;}", "a240", 0},
		{"m,key=struct{u32 b;char a[300];}", "a240", -EPERM},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *path = path_of(cases[i].path);
		int err;

		f->map = fs_mkdir(f, cases[i].map);
		make_parents(f, path);
		err = mkdir_at(f, path);
		if (err != cases[i].expected)
			print_error("%s in %s: %d\n", cases[i].path, cases[i].map, err);
		assert_int_equal(err, cases[i].expected);
		assert_int_equal(kind_at(f, path), err ? -ENOENT : NODE_LONG_DIR);
		if (err)
			assert_true(f->diag.err == EPERM && f->diag.why[0]);
		assert_int_equal(removal_rmdir(&f->fs, &fs_root, "m", NULL), 0);
	}
}

static void test_mkdir_and_rmdir(void **state)
{
	struct fixture *f = *state;

	f->map = fs_mkdir(f, TEXT);
	assert_int_equal(mkdir_at(f, path_of("a240")), 0);
	assert_int_equal(mkdir_at(f, path_of("a240")), -EEXIST);
	assert_int_equal(unlink_at(f, path_of("a240")), -EISDIR);
	assert_int_equal(rmdir_at(f, path_of("a240")), 0);
	assert_int_equal(kind_at(f, path_of("a240")), -ENOENT);
	put_at(f, path_of("a240/a20"), 7);
	put_at(f, path_of("s20"), 7);
	assert_int_equal(mkdir_at(f, path_of("a240")), -EEXIST);
	assert_int_equal(rmdir_at(f, path_of("a240")), -ENOTEMPTY);
	assert_int_equal(rmdir_at(f, path_of("a240/a20")), -ENOTDIR);
	assert_int_equal(rmdir_at(f, path_of("s20")), -ENOTDIR);
	assert_int_equal(value_at(f, path_of("a240/a20")), 7);
}

/* Of another map it is none. */
static void test_dirs_belong_to_their_map(void **state)
{
	struct fixture *f = *state;
	uint32_t other = fs_mkdir(f, "other,key=char[400]");

	f->map = fs_mkdir(f, TEXT);
	assert_int_equal(mkdir_at(f, path_of("a240")), 0);
	f->map = other;
	assert_int_equal(kind_at(f, path_of("a240")), -ENOENT);
}

static void test_life_of_a_key(void **state)
{
	struct fixture *f = *state;
	const char *path = path_of("a240/a60");

	f->map = fs_mkdir(f, TEXT);
	assert_int_equal(store_at(f, path, "7\n"), -ENOENT);
	assert_int_equal(mkdir_at(f, path_of("a240")), 0);
	assert_text_at(f, path, NULL);
	assert_int_equal(store_at(f, path, "7\n"), 0);
	assert_int_equal(value_at(f, path), 7);
	assert_int_equal(write_at(f, path, O_EXCL, 0644, "8\n"), -EEXIST);
	assert_int_equal(store_at(f, path, "x\n"), -EINVAL);
	assert_text_at(f, path, "7\n");
	assert_int_equal(store_at(f, path, "8\n"), 0);
	assert_text_at(f, path, "8\n");
	assert_int_equal(unlink_at(f, path), 0);
	assert_int_equal(unlink_at(f, path), -ENOENT);
	assert_int_equal(value_at(f, path), 0);
}

/* It is there as long as a key is, and then until rmdir. */
static void test_life_of_a_dir(void **state)
{
	struct fixture *f = *state;

	f->map = fs_mkdir(f, TEXT);
	put_at(f, path_of("a240/a60"), 7);
	put_at(f, path_of("a240/b60"), 7);
	assert_int_equal(unlink_at(f, path_of("a240/a60")), 0);
	assert_int_equal(kind_at(f, path_of("a240")), NODE_LONG_DIR);
	assert_int_equal(unlink_at(f, path_of("a240/b60")), 0);
	assert_int_equal(kind_at(f, path_of("a240")), NODE_LONG_DIR);
	assert_int_equal(rmdir_at(f, path_of("a240")), 0);
	assert_int_equal(kind_at(f, path_of("a240")), -ENOENT);
	assert_int_equal(mkdir_at(f, path_of("a240")), 0);
}

/* What is neither used nor removed is forgotten in the end. */
static void test_dirs_are_forgotten(void **state)
{
	struct fixture *f = *state;

	f->map = fs_mkdir(f, TEXT);
	put_at(f, path_of("k240/a60"), 7);
	assert_int_equal(mkdir_at(f, path_of("a240")), 0);
	assert_int_equal(kind_at(f, path_of("k240")), NODE_LONG_DIR);
	clock_ahead = 500;
	assert_int_equal(kind_at(f, path_of("a240")), NODE_LONG_DIR);
	clock_ahead = 1200;
	assert_int_equal(kind_at(f, path_of("a240")), -ENOENT);
	assert_int_equal(kind_at(f, path_of("k240")), NODE_LONG_DIR);
	assert_int_equal(mkdir_at(f, path_of("b240")), 0);
	fs_remount(f, false);
	assert_int_equal(kind_at(f, path_of("b240")), -ENOENT);
	assert_int_equal(kind_at(f, path_of("k240")), NODE_LONG_DIR);
}

static void test_rename(void **state)
{
	struct fixture *f = *state;

	f->map = fs_mkdir(f, TEXT);
	put_at(f, path_of("a240/a60"), 7);
	put_at(f, path_of("b240/b60"), 8);
	assert_int_equal(rename_at(f, path_of("a240/a60"), path_of("a240/c60"), 0), 0);
	assert_int_equal(value_at(f, path_of("a240/a60")), 0);
	assert_int_equal(value_at(f, path_of("a240/c60")), 7);
	assert_int_equal(rename_at(f, path_of("a240/c60"), path_of("b240/c60"), 0), 0);
	assert_int_equal(value_at(f, path_of("b240/c60")), 7);
	assert_int_equal(rename_at(f, path_of("b240/c60"), path_of("b240/b60"), RENAME_NOREPLACE),
			 -EEXIST);
	assert_text_at(f, path_of("b240/b60"), "8\n");
	assert_int_equal(rename_at(f, path_of("b240/c60"), path_of("b240/b60"), 0), 0);
	assert_text_at(f, path_of("b240/b60"), "7\n");
	assert_int_equal(rename_at(f, path_of("b240/b60"), path_of("s20"), 0), 0);
	assert_text_at(f, path_of("s20"), "7\n");
	assert_int_equal(rename_at(f, path_of("s20"), path_of("a240/a60"), 0), 0);
	assert_text_at(f, path_of("a240/a60"), "7\n");
	assert_int_equal(rename_at(f, path_of("a240/a60"), path_of("a240/a200"), 0), -EINVAL);
	assert_text_at(f, path_of("a240/a60"), "7\n");
	assert_file(f, f->map, ".count", "1\n");
}

/* mv then goes key by key. */
static void test_rename_of_dirs(void **state)
{
	struct fixture *f = *state;

	f->map = fs_mkdir(f, TEXT);
	put_at(f, path_of("a240/a60"), 7);
	put_at(f, path_of("s20"), 7);
	assert_int_equal(rename_at(f, path_of("a240"), path_of("b240"), 0), -EXDEV);
	assert_int_equal(rename_at(f, path_of("a240"), path_of("abc"), 0), -EXDEV);
	assert_int_equal(kind_at(f, path_of("b240")), -ENOENT);
	assert_true(rename_at(f, path_of("s20"), path_of("a240"), 0) < 0);
	assert_true(rename_at(f, path_of("s20"), path_of("b240"), 0) < 0);
	assert_int_equal(value_at(f, path_of("s20")), 7);
	assert_int_equal(value_at(f, path_of("a240/a60")), 7);
}

static void test_staging(void **state)
{
	struct fixture *f = *state;
	const char *stage = path_of("a240/.aa.AbCdEf"), *key = path_of("a240/a60");

	f->map = fs_mkdir(f, TEXT);
	assert_int_equal(mkdir_at(f, path_of("a240")), 0);
	assert_int_equal(stage_at(f, stage, "7\n"), 0);
	assert_int_equal(kind_at(f, stage), NODE_SCRATCH);
	assert_int_equal(kind_at(f, ".aa.AbCdEf"), -ENOENT);
	assert_file(f, f->map, ".count", "0\n");
	assert_text_at(f, stage, "7\n");
	assert_int_equal(rename_at(f, stage, key, 0), 0);
	assert_int_equal(kind_at(f, stage), -ENOENT);
	assert_text_at(f, key, "7\n");
	assert_int_equal(stage_at(f, stage, "x"), 0);
	assert_int_equal(rename_at(f, stage, key, 0), -EINVAL);
	assert_text_at(f, stage, "x");
	assert_int_equal(unlink_at(f, stage), 0);
	assert_text_at(f, key, "7\n");
	assert_file(f, f->map, ".count", "1\n");
}

/* rsync makes these names out of those of keys: a few have a directory's length. */
static void test_staging_of_any_length(void **state)
{
	static const char *const dirs[] = {"", "a240/"};
	struct fixture *f = *state;

	f->map = fs_mkdir(f, TEXT);
	assert_int_equal(mkdir_at(f, path_of("a240")), 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		for (size_t len = 2; len <= 255; len += len < 234 ? 58 : 1) {
			char path[600], key[600];

			snprintf(path, sizeof(path), "%s", path_of(dirs[i]));
			snprintf(key, sizeof(key), "%s%s", path, path_of("k16"));
			snprintf(path + strlen(path), 256, ".%s", path_of("s254"));
			path[strlen(path_of(dirs[i])) + len] = '\0';
			if (stage_at(f, path, "7\n"))
				print_error("in '%s', %zu bytes: %s\n", dirs[i], len, f->diag.why);
			assert_int_equal(kind_at(f, path), NODE_SCRATCH);
			assert_int_equal(rename_at(f, path, key, 0), 0);
			assert_text_at(f, key, "7\n");
			assert_int_equal(unlink_at(f, key), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LONG_TEST(test_look_up),
		LONG_TEST(test_two_levels),
		LONG_TEST(test_without_type),
		LONG_TEST(test_lengths),
		LONG_TEST(test_mkdir),
		LONG_TEST(test_mkdir_and_rmdir),
		LONG_TEST(test_dirs_belong_to_their_map),
		LONG_TEST(test_life_of_a_key),
		LONG_TEST(test_life_of_a_dir),
		LONG_TEST(test_dirs_are_forgotten),
		LONG_TEST(test_rename),
		LONG_TEST(test_rename_of_dirs),
		LONG_TEST(test_staging),
		LONG_TEST(test_staging_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
