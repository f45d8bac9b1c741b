/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What restic and borg do: texts that come in parts, fallocate(2) and then one open file after
 * the other; directories that are removed when they are full. */
#include <errno.h>
#include <string.h>

#include "fs/newpart.h"
#include "lib/host.h"
#include "tests/unit/fs_paths.h"

static int setup(void **state)
{
	struct fixture *f;

	fs_setup(state);
	f = *state;
	f->map = fs_mkdir(f, "m,key=u32,value=u64,max_entries=8");
	return 0;
}

static int setup_raw(void **state)
{
	setup(state);
	((struct fixture *)*state)->fs.options.raw_values = true;
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fs_teardown)
#define TEST_RAW(f) cmocka_unit_test_setup_teardown(f, setup_raw, fs_teardown)

/* Bytes at off of a file that is opened and closed for them; size: what is announced, 0 if
 * nothing is. */
static int part_at(struct fixture *f, const char *path, off_t size, const char *bytes, off_t off)
{
	int flags = size ? O_CREAT | O_TRUNC | O_WRONLY : O_WRONLY;
	struct file *file;
	int err = open_at(f, path, flags, 0600, &file), flushed;

	if (err)
		return err;
	if (size)
		assert_int_equal(file_reserve(file, size, &f->diag), 0);
	err = file_write(file, bytes, strlen(bytes), off, &f->diag);
	flushed = file_flush(file, &f->diag);
	file_release(file, NULL);
	return err ? err : flushed;
}

static void assert_waiting(struct fixture *f, size_t count)
{
	assert_int_equal(waitroom_count(&f->fs.waitroom, f->map), count);
}

static void assert_value(struct fixture *f, uint32_t key, uint64_t expected)
{
	uint64_t value = 0;

	assert_int_equal(raw_get(f->map, key, &value), 0);
	assert_true(value == expected);
}

static void test_new_key(void **state)
{
	struct fixture *f = *state;
	uint64_t value;

	assert_int_equal(part_at(f, "7", 7, "456\n", 3), 0);
	assert_waiting(f, 1);
	assert_int_equal(raw_get(f->map, 7, &value), -ENOENT);
	assert_int_equal(kind_at(f, "7"), NODE_WAIT_FILE);
	assert_int_equal(part_at(f, "7", 0, "12", 0), 0);
	assert_waiting(f, 1);
	assert_int_equal(part_at(f, "7", 0, "3", 2), 0);
	assert_waiting(f, 0);
	assert_value(f, 7, 123456);
	assert_int_equal(kind_at(f, "7"), NODE_KEY);
}

static void test_present_key(void **state)
{
	struct fixture *f = *state;

	raw_put(f->map, 7, 5);
	assert_int_equal(part_at(f, "7", 4, "12", 0), 0);
	assert_value(f, 7, 5);
	assert_waiting(f, 1);
	assert_int_equal(part_at(f, "7", 0, "3\n", 2), 0);
	assert_value(f, 7, 123);
	assert_waiting(f, 0);
	assert_file(f, f->map, "7", "123\n");
}

/* Another text comes instead of the rest. */
static void test_given_up(void **state)
{
	struct fixture *f = *state;
	uint64_t value;

	raw_put(f->map, 7, 5);
	assert_int_equal(part_at(f, "7", 4, "12", 0), 0);
	assert_int_equal(write_at(f, "7", O_TRUNC, 0666, "8\n"), 0);
	assert_value(f, 7, 8);
	assert_waiting(f, 0);
	assert_int_equal(part_at(f, "9", 4, "12", 0), 0);
	assert_int_equal(unlink_at(f, "9"), 0);
	assert_waiting(f, 0);
	assert_int_equal(raw_get(f->map, 9, &value), -ENOENT);
	assert_int_equal(part_at(f, "9", 4, "12", 0), 0);
	assert_int_equal(part_at(f, "9", 3, "34\n", 0), 0);
	assert_value(f, 9, 34);
	assert_waiting(f, 0);
}

static void test_whole_and_wrong(void **state)
{
	struct fixture *f = *state;

	raw_put(f->map, 7, 5);
	assert_int_equal(part_at(f, "7", 4, "12", 0), 0);
	assert_int_equal(part_at(f, "7", 0, "x\n", 2), -EINVAL);
	assert_value(f, 7, 5);
}

/* What is whole at once is judged by the write, as ever. */
static void test_judged_when_whole(void **state)
{
	struct fixture *f = *state;
	struct file *file;

	assert_int_equal(open_at(f, "7", O_CREAT | O_TRUNC | O_WRONLY, 0600, &file), 0);
	assert_int_equal(file_reserve(file, 4, &f->diag), 0);
	assert_int_equal(file_write(file, "3\n", 2, 2, &f->diag), 0);
	assert_int_equal(file_write(file, "1x", 2, 0, &f->diag), -EINVAL);
	assert_int_equal(file_write(file, "12", 2, 0, &f->diag), 0);
	assert_value(f, 7, 123);
	assert_int_equal(file_flush(file, &f->diag), 0);
	file_release(file, NULL);
	assert_waiting(f, 0);
}

static void test_no_parts(void **state)
{
	struct fixture *f = *state;
	struct file *file;

	assert_int_equal(open_at(f, "7", O_CREAT | O_TRUNC | O_WRONLY, 0600, &file), 0);
	assert_int_equal(file_write(file, "1\0", 2, 0, &f->diag), -EINVAL);
	file_release(file, NULL);
	raw_put(f->map, 7, 5);
	assert_int_equal(open_at(f, "7", O_WRONLY, 0600, &file), 0);
	assert_int_equal(file_reserve(file, 4, &f->diag), -EOPNOTSUPP);
	file_release(file, NULL);
	assert_int_equal(open_at(f, "7", O_WRONLY | O_TRUNC, 0600, &file), 0);
	assert_int_equal(file_reserve(file, 1 << 30, &f->diag), -EFBIG);
	assert_int_equal(file_write(file, "6\n", 2, 0, &f->diag), 0);
	assert_int_equal(file_flush(file, &f->diag), 0);
	file_release(file, NULL);
	assert_value(f, 7, 6);
	assert_waiting(f, 0);
}

/* In a map that awaits its .map, before and behind that. */
static void test_awaited(void **state)
{
	struct fixture *f = *state;

	for (int last = 0; last < 2; last++) {
		assert_int_equal(fs_try_mkdir(f, &fs_root, "a"), 0);
		assert_int_equal(catalog_find(f->fs.catalog, "", "a", &f->map), 0);
		assert_int_equal(stage_at(f, "1", "9\n"), 0);
		assert_int_equal(part_at(f, "1", 4, "3\n", 2), 0);
		if (last)
			assert_int_equal(part_at(f, "1", 0, "12", 0), 0);
		assert_int_equal(write_at(f, ".map", O_TRUNC, 0600,
					  "type=hash\nkey=u32\nvalue=u64\nmax_entries=3\n"),
				 0);
		assert_int_equal(catalog_find(f->fs.catalog, "", "a", &f->map), 0);
		assert_waiting(f, !last);
		if (!last)
			assert_int_equal(part_at(f, "1", 0, "12", 0), 0);
		assert_value(f, 1, 123);
		assert_waiting(f, 0);
		assert_int_equal(unlink_at(f, "1"), 0);
		assert_int_equal(removal_rmdir(&f->fs, &fs_root, "a", &f->diag), 0);
	}
}

/* No byte says whether it is still to come: each close stores what is there. */
static void test_raw(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(part_at(f, "7", 8, "\1", 7), 0);
	assert_value(f, 7, 1ULL << 56);
	assert_int_equal(part_at(f, "7", 0, "\2\3", 0), 0);
	assert_value(f, 7, 1ULL << 56 | 0x302);
	assert_waiting(f, 0);
}

/* Nothing but NULs is no part: what the key has would be hidden by nothing. */
static void test_what_is_a_part(void **state)
{
	(void)state;
	assert_true(newpart_is("a\0b", 3));
	assert_true(newpart_is("\0b", 2));
	assert_false(newpart_is("ab", 2));
	assert_false(newpart_is("\0\0", 2));
	assert_false(newpart_is("\0", 1));
	assert_false(newpart_is("", 0));
}

/* Borg removes what it has filled, and makes it again: a map with .map in it stays. */
static void test_rmdir_by_who_restored(void **state)
{
	static const char spec[] = "type=array\nkey=u32\nvalue=u64\nmax_entries=3\n";
	struct fixture *f = *state;

	host_serve_task(5);
	assert_int_equal(fs_try_mkdir(f, &fs_root, "a"), 0);
	assert_int_equal(catalog_find(f->fs.catalog, "", "a", &f->map), 0);
	assert_int_equal(write_at(f, ".map", O_TRUNC, 0666, spec), 0);
	assert_int_equal(catalog_find(f->fs.catalog, "", "a", &f->map), 0);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "a", &f->diag), -ENOTEMPTY);
	assert_int_equal(unlink_at(f, ".map"), 0);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "a", &f->diag), 0);
	assert_int_equal(fs_try_mkdir(f, &fs_root, "a"), 0);
	assert_int_equal(catalog_find(f->fs.catalog, "", "a", &f->map), 0);
	assert_int_equal(write_at(f, ".map", O_TRUNC, 0666, spec), 0);
	host_serve_task(6);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "a", &f->diag), 0);
	host_serve_task(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_new_key),
		TEST(test_present_key),
		TEST(test_given_up),
		TEST(test_whole_and_wrong),
		TEST(test_judged_when_whole),
		TEST(test_no_parts),
		TEST(test_awaited),
		TEST_RAW(test_raw),
		cmocka_unit_test(test_what_is_a_part),
		TEST(test_rmdir_by_who_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
