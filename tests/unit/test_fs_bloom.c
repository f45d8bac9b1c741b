/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Bloom filters: files that are there or not, and have nothing in them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fs/rename.h"
#include "lib/sys.h"
#include "tests/unit/fs_listing.h"

#define FILTER "b,type=bloom_filter,value=u32,max_entries=8,map_extra=3"

/* As a program asks. */
static bool has(uint32_t map, uint32_t number)
{
	int fd = sys_map_open_id(map, BPF_F_RDONLY);
	int err = sys_map_lookup(fd, NULL, &number, 0);

	sys_close(fd);
	return !err;
}

static int touch(struct fixture *f, uint32_t map, const char *name, int flags)
{
	struct file *file;
	int err = fs_open(f, map, name, O_WRONLY | O_CREAT | flags, 0644, &file);

	if (err)
		return err;
	err = file_flush(file, &f->diag);
	if (err)
		file_release(file, NULL);
	else
		err = file_release(file, &f->diag);
	return err;
}

static int put_text(struct fixture *f, uint32_t map, const char *name, const char *text)
{
	struct file *file;
	int err = fs_open(f, map, name, O_WRONLY | O_CREAT | O_TRUNC, 0644, &file);

	if (err)
		return err;
	err = file_write(file, text, strlen(text), 0, &f->diag);
	file_release(file, NULL);
	return err;
}

static void test_ask_and_add(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, FILTER);
	struct stat st;

	assert_int_equal(fs_stat(f, map, "5", &st), -ENOENT);
	assert_int_equal(touch(f, map, "5", 0), 0);
	assert_true(has(map, 5));
	assert_false(has(map, 6));
	assert_int_equal(fs_stat(f, map, "5", &st), 0);
	assert_int_equal(fs_stat(f, map, "0x5", &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_file(f, map, "5", "");
	assert_file(f, map, "6", NULL);
	assert_int_equal(touch(f, map, "6", O_TRUNC), 0);
	assert_true(has(map, 6));
	assert_int_equal(touch(f, map, "6", 0), 0);
	assert_int_equal(touch(f, map, "6", O_EXCL), -EEXIST);
	assert_int_equal(touch(f, map, "7", O_EXCL), 0);
	assert_true(has(map, 7));
}

static void test_nothing_is_written(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, FILTER);

	assert_int_equal(put_text(f, map, "5", "1\n"), -EINVAL);
	assert_non_null(strstr(f->diag.why, "there is no value"));
	assert_false(has(map, 5));
	assert_int_equal(touch(f, map, "4294967296", 0), -EINVAL);
	assert_int_equal(touch(f, map, "x", 0), -EINVAL);
}

static void test_nothing_is_forgotten(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, FILTER);
	const struct identity dir = fs_map(map);

	assert_int_equal(touch(f, map, "5", 0), 0);
	assert_int_equal(fs_unlink(f, map, "5"), -EOPNOTSUPP);
	assert_non_null(strstr(f->diag.why, "forgets nothing"));
	assert_int_equal(rename_name(&f->fs, &dir, "5", &dir, "6", 0, NULL), -EOPNOTSUPP);
	assert_true(has(map, 5));
	assert_false(has(map, 6));
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "b", NULL), 0);
}

/* Nobody knows what is in it. */
static void test_nothing_is_listed(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, FILTER);
	struct listed *l = new_listed();

	assert_int_equal(touch(f, map, "5", 0), 0);
	list_all(f, map, true, l);
	assert_names(l, ". .. .map");
	free(l);
}

/* Types that are laid over it are those of the keys. */
static void test_typed(void **state)
{
	static const char type[] = "value=struct{be16 port;char name[2];}\n";
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "b,type=bloom_filter,value=4,max_entries=8");
	struct stat st;

	assert_int_equal(put_text(f, map, ".types", type), 0);
	assert_int_equal(touch(f, map, "80,x", 0), 0);
	assert_int_equal(fs_stat(f, map, "80,x", &st), 0);
	assert_int_equal(fs_stat(f, map, "81,x", &st), -ENOENT);
	assert_int_equal(touch(f, map, "5", 0), -EINVAL);
	assert_true(has(map, 'x' << 16 | 80 << 8));
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, FILTER);
	struct stat st;

	fake_fail(FAKE_MAP_LOOKUP, 0, -EIO);
	assert_int_equal(fs_stat(f, map, "5", &st), -EIO);
	fake_fail(FAKE_MAP_UPDATE, 0, -ENOMEM);
	assert_int_equal(touch(f, map, "5", 0), -ENOMEM);
	raw_freeze(map);
	assert_int_equal(touch(f, map, "5", 0), -EROFS);
	assert_false(has(map, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_ask_and_add),
		FS_TEST(test_nothing_is_written),
		FS_TEST(test_nothing_is_forgotten),
		FS_TEST(test_nothing_is_listed),
		FS_TEST(test_typed),
		FS_TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
