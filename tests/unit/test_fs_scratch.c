/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fs_clock.h"
#include "tests/unit/unit.h"

enum { MAP = 7, LIMIT = 1000, SCRATCH_BYTES = 64 << 20, USER = 1000, FILES_OF_USER = 64 };

static struct scratch scratch;
static struct quota quota;

static int setup(void **state)
{
	(void)state;
	clock_ahead = 0;
	assert_int_equal(quota_init(&quota), 0);
	scratch_init(&scratch, &quota);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_free(&scratch);
	assert_int_equal(quota_of_all(&quota, QUOTA_STAGES), 0);
	assert_int_equal(quota_of_all(&quota, QUOTA_STAGED), 0);
	assert_int_equal(quota_of_user(&quota, QUOTA_STAGED, USER), 0);
	quota_free(&quota);
	return 0;
}

static int try_make(const char *name, uint64_t *number)
{
	return scratch_create(&scratch, MAP, name, 0600, 0, 2, LIMIT, number, NULL);
}

static uint64_t make(const char *name)
{
	uint64_t number;

	assert_int_equal(try_make(name, &number), 0);
	return number;
}

static uint64_t make_nth(int n)
{
	char name[32];

	snprintf(name, sizeof(name), "file%d", n);
	return make(name);
}

/* The number of the file called name; 0: there is none. */
static uint64_t find(const char *name)
{
	uint64_t number = 0;
	int err = scratch_find(&scratch, MAP, name, &number);

	assert_int_equal(err, number ? 0 : -ENOENT);
	return number;
}

static void write_at(uint64_t number, size_t off, const char *text)
{
	assert_int_equal(scratch_write(&scratch, number, off, text, strlen(text)), 0);
}

static void assert_content(uint64_t number, const char *expected)
{
	struct buf text = BUF_INIT(1 << 20);
	struct stat st;

	assert_int_equal(scratch_read(&scratch, number, 0, SIZE_MAX, &text), 0);
	assert_int_equal(scratch_stat(&scratch, number, &st), 0);
	assert_int_equal(st.st_size, text.len);
	assert_buf(&text, expected);
}

static void test_names(void **state)
{
	uint64_t a = make("a"), b = make("b"), number;

	(void)state;
	assert_int_not_equal(a, b);
	assert_int_equal(find("a"), a);
	assert_int_equal(find("b"), b);
	assert_int_equal(find("c"), 0);
	assert_int_equal(try_make("a", &number), -EEXIST);
	assert_int_equal(scratch_find(&scratch, MAP + 1, "a", &number), -ENOENT);
	assert_int_equal(scratch_create(&scratch, MAP + 1, "a", 0600, 0, 0, LIMIT, &number, NULL),
			 0);
	assert_int_equal(find("a"), a);
}

static void test_read_and_write(void **state)
{
	struct buf part = BUF_INIT(100);
	uint64_t a = make("a");

	(void)state;
	assert_content(a, "");
	write_at(a, 0, "hello");
	write_at(a, 1, "E");
	assert_content(a, "hEllo");
	assert_int_equal(scratch_append(&scratch, a, "!!", 2), 0);
	assert_int_equal(scratch_read(&scratch, a, 3, 3, &part), 0);
	assert_int_equal(scratch_read(&scratch, a, 7, 3, &part), 0);
	assert_int_equal(scratch_read(&scratch, a, SIZE_MAX, 3, &part), 0);
	assert_buf(&part, "lo!");
	assert_int_equal(scratch_truncate(&scratch, a, 2), 0);
	assert_content(a, "hE");
	assert_int_equal(scratch_truncate(&scratch, a, 0), 0);
	write_at(a, 0, "x");
	assert_content(a, "x");
}

static void test_hole(void **state)
{
	struct buf text = BUF_INIT(100);
	uint64_t a = make("a");

	(void)state;
	write_at(a, 3, "x");
	assert_int_equal(scratch_truncate(&scratch, a, 6), 0);
	assert_int_equal(scratch_read(&scratch, a, 0, 100, &text), 0);
	assert_int_equal(text.len, 6);
	assert_memory_equal(text.data, "\0\0\0x\0\0", 6);
	buf_free(&text);
}

static void test_attributes(void **state)
{
	const struct timespec then = {1234567890, 987654321};
	uint64_t a = make("a");
	struct stat st;

	(void)state;
	assert_int_equal(scratch_stat(&scratch, a, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, 2);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(scratch_chmod(&scratch, a, 06755), 0);
	assert_int_equal(scratch_chown(&scratch, a, 1000, (gid_t)-1), 0);
	assert_int_equal(scratch_chown(&scratch, a, (uid_t)-1, 2000), 0);
	write_at(a, 0, "x");
	assert_int_equal(scratch_utime(&scratch, a, &then), 0);
	assert_int_equal(scratch_stat(&scratch, a, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 06755);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(st.st_gid, 2000);
	assert_int_equal(st.st_blocks, 1);
	assert_memory_equal(&st.st_mtim, &then, sizeof(then));
	write_at(a, 1, "y");
	assert_int_equal(scratch_stat(&scratch, a, &st), 0);
	assert_true(st.st_mtim.tv_sec > then.tv_sec);
}

static void test_symlink(void **state)
{
	struct stat st;
	uint64_t a;

	(void)state;
	assert_int_equal(scratch_create(&scratch, MAP, "l", S_IFLNK | 0777, 0, 0, LIMIT, &a, NULL),
			 0);
	assert_int_equal(scratch_stat(&scratch, a, &st), 0);
	assert_int_equal(st.st_mode, S_IFLNK | 0777);
	assert_int_equal(scratch_chmod(&scratch, a, 0600), 0);
	assert_int_equal(scratch_stat(&scratch, a, &st), 0);
	assert_int_equal(st.st_mode, S_IFLNK | 0600);
}

/* Every call of a file that is gone. */
static void test_gone(void **state)
{
	const struct timespec now = {0};
	struct buf text = BUF_INIT(100);
	uint64_t a = make("a");
	struct stat st;

	(void)state;
	assert_int_equal(scratch_unlink(&scratch, a), 0);
	assert_int_equal(find("a"), 0);
	assert_int_equal(scratch_stat(&scratch, a, &st), -ENOENT);
	assert_int_equal(scratch_chmod(&scratch, a, 0600), -ENOENT);
	assert_int_equal(scratch_chown(&scratch, a, 0, 0), -ENOENT);
	assert_int_equal(scratch_utime(&scratch, a, &now), -ENOENT);
	assert_int_equal(scratch_read(&scratch, a, 0, 1, &text), -ENOENT);
	assert_int_equal(scratch_write(&scratch, a, 0, "x", 1), -ENOENT);
	assert_int_equal(scratch_append(&scratch, a, "x", 1), -ENOENT);
	assert_int_equal(scratch_truncate(&scratch, a, 1), -ENOENT);
	assert_int_equal(scratch_open(&scratch, a), -ENOENT);
	assert_int_equal(scratch_unlink(&scratch, a), -ENOENT);
	assert_int_equal(scratch_rename(&scratch, a, "b"), -ENOENT);
	scratch_close(&scratch, a);
	assert_int_not_equal(make("a"), a);
}

static void test_open_after_unlink(void **state)
{
	uint64_t a = make("a"), again;
	struct stat st;

	(void)state;
	assert_int_equal(scratch_open(&scratch, a), 0);
	assert_int_equal(scratch_open(&scratch, a), 0);
	write_at(a, 0, "old");
	assert_int_equal(scratch_unlink(&scratch, a), 0);
	again = make("a");
	write_at(again, 0, "new");
	assert_content(a, "old");
	assert_int_equal(scratch_stat(&scratch, a, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	scratch_close(&scratch, a);
	write_at(a, 0, "OLD");
	assert_content(a, "OLD");
	assert_int_equal(scratch_unlink(&scratch, a), 0);
	scratch_close(&scratch, a);
	assert_int_equal(scratch_stat(&scratch, a, &st), -ENOENT);
	assert_content(again, "new");
}

static void test_rename(void **state)
{
	uint64_t a = make("a"), b = make("b"), c = make("c");

	(void)state;
	write_at(a, 0, "text");
	assert_int_equal(scratch_rename(&scratch, a, "x"), 0);
	assert_int_equal(find("a"), 0);
	assert_int_equal(find("x"), a);
	assert_int_equal(scratch_rename(&scratch, a, "x"), 0);
	assert_int_equal(find("x"), a);
	assert_int_equal(scratch_rename(&scratch, a, "b"), 0);
	assert_int_equal(find("b"), a);
	assert_content(a, "text");
	assert_int_equal(scratch_unlink(&scratch, b), -ENOENT);
	assert_int_equal(find("c"), c);
}

/* Replacing a file that is open leaves it to who has it open. */
static void test_rename_over_open(void **state)
{
	uint64_t a = make("a"), b = make("b");

	(void)state;
	write_at(a, 0, "a");
	write_at(b, 0, "b");
	assert_int_equal(scratch_open(&scratch, b), 0);
	assert_int_equal(scratch_rename(&scratch, a, "b"), 0);
	assert_content(b, "b");
	assert_int_equal(find("b"), a);
	scratch_close(&scratch, b);
	assert_content(a, "a");
}

/* Over the limit of one file. */
static void test_file_is_bounded(void **state)
{
	uint64_t a = make("a");

	(void)state;
	write_at(a, LIMIT - 1, "x");
	assert_int_equal(scratch_write(&scratch, a, LIMIT, "x", 1), -EFBIG);
	assert_int_equal(scratch_write(&scratch, a, SIZE_MAX, "x", 1), -EFBIG);
	assert_int_equal(scratch_append(&scratch, a, "x", 1), -EFBIG);
	assert_int_equal(scratch_truncate(&scratch, a, LIMIT + 1), -EFBIG);
	assert_true(scratch_truncate(&scratch, a, SIZE_MAX) < 0);
	assert_int_equal(scratch_truncate(&scratch, a, LIMIT), 0);
	assert_int_equal(quota_of_all(&quota, QUOTA_STAGED), LIMIT);
}

/* Over the limit of all together. What is removed makes room again. */
static void test_bytes_are_bounded(void **state)
{
	enum { HALF = SCRATCH_BYTES / 2 };
	uint64_t a, b;

	(void)state;
	assert_int_equal(scratch_create(&scratch, MAP, "a", 0600, 0, 0, SIZE_MAX / 2, &a, NULL), 0);
	assert_int_equal(scratch_create(&scratch, MAP, "b", 0600, 0, 0, SIZE_MAX / 2, &b, NULL), 0);
	assert_int_equal(scratch_truncate(&scratch, a, HALF), 0);
	assert_int_equal(scratch_truncate(&scratch, b, HALF), 0);
	assert_int_equal(scratch_append(&scratch, b, "x", 1), -ENOSPC);
	assert_int_equal(scratch_write(&scratch, a, HALF, "x", 1), -ENOSPC);
	assert_int_equal(scratch_truncate(&scratch, a, HALF + 1), -ENOSPC);
	assert_int_equal(scratch_truncate(&scratch, a, SIZE_MAX / 2), -ENOSPC);
	assert_int_equal(scratch_write(&scratch, a, HALF - 1, "x", 1), 0);
	assert_int_equal(scratch_truncate(&scratch, b, HALF - 1), 0);
	assert_int_equal(scratch_append(&scratch, a, "x", 1), 0);
	assert_int_equal(scratch_unlink(&scratch, a), 0);
	assert_int_equal(scratch_truncate(&scratch, b, SCRATCH_BYTES), 0);
	assert_int_equal(quota_of_all(&quota, QUOTA_STAGED), SCRATCH_BYTES);
}

/* One more than fits: the one that was left alone longest goes. */
static void test_files_are_bounded(void **state)
{
	uint64_t numbers[SCRATCH_FILES], one_more;
	struct stat st;

	(void)state;
	for (int i = 0; i < SCRATCH_FILES; i++) {
		clock_ahead++;
		numbers[i] = make_nth(i);
	}
	clock_ahead++;
	assert_int_equal(scratch_stat(&scratch, numbers[0], &st), 0);
	assert_int_equal(scratch_open(&scratch, numbers[1]), 0);
	clock_ahead++;
	one_more = make("one more");
	assert_int_equal(scratch_stat(&scratch, numbers[2], &st), -ENOENT);
	for (int i = 0; i < SCRATCH_FILES; i++)
		if (i != 2)
			assert_int_equal(scratch_stat(&scratch, numbers[i], &st), 0);
	assert_int_equal(scratch_stat(&scratch, one_more, &st), 0);
}

static void test_all_are_open(void **state)
{
	uint64_t numbers[SCRATCH_FILES], one_more;

	(void)state;
	for (int i = 0; i < SCRATCH_FILES; i++) {
		numbers[i] = make_nth(i);
		assert_int_equal(scratch_open(&scratch, numbers[i]), 0);
	}
	assert_int_equal(try_make("one more", &one_more), -ENOSPC);
	scratch_close(&scratch, numbers[100]);
	one_more = make("one more");
	assert_int_equal(scratch_open(&scratch, numbers[100]), -ENOENT);
	assert_int_equal(find("one more"), one_more);
}

static int make_of(uid_t user, int n, uint64_t *number)
{
	char name[32];

	snprintf(name, sizeof(name), "%u-%d", user, n);
	return scratch_create(&scratch, MAP, name, 0600, user, 0, SIZE_MAX / 2, number, NULL);
}

/* Who makes many loses his own, and nobody else's. */
static void test_users_are_bounded(void **state)
{
	uint64_t mine[FILES_OF_USER], root, other, number;
	struct stat st;

	(void)state;
	root = make("root's");
	assert_int_equal(make_of(USER + 1, 0, &other), 0);
	for (int i = 0; i < FILES_OF_USER; i++) {
		clock_ahead++;
		assert_int_equal(make_of(USER, i, &mine[i]), 0);
	}
	assert_int_equal(make_of(USER, FILES_OF_USER, &number), 0);
	assert_int_equal(scratch_stat(&scratch, mine[0], &st), -ENOENT);
	assert_int_equal(scratch_stat(&scratch, root, &st), 0);
	assert_int_equal(scratch_stat(&scratch, other, &st), 0);
	assert_int_equal(scratch_open(&scratch, number), 0);
	for (int i = 1; i < FILES_OF_USER; i++)
		assert_int_equal(scratch_open(&scratch, mine[i]), 0);
	assert_int_equal(make_of(USER, FILES_OF_USER + 1, &number), -ENOSPC);
	assert_int_equal(make_of(USER + 1, 1, &number), 0);
	assert_int_equal(make_of(0, 1, &number), 0);
	assert_int_equal(scratch_truncate(&scratch, mine[1], SCRATCH_BYTES / 4), 0);
	assert_int_equal(scratch_append(&scratch, mine[2], "x", 1), -ENOSPC);
	assert_int_equal(scratch_append(&scratch, number, "x", 1), 0);
	assert_int_equal(scratch_append(&scratch, other, "x", 1), 0);
	assert_int_equal(scratch_chown(&scratch, mine[1], 0, 0),
			 0); /* still charged to its maker */
	assert_int_equal(scratch_append(&scratch, mine[2], "x", 1), -ENOSPC);
	assert_int_equal(scratch_truncate(&scratch, mine[1], 1), 0);
	assert_int_equal(scratch_append(&scratch, mine[2], "x", 1), 0);
}

/* Four users fill what is for users; a quarter is root's. */
static void test_root_has_his_part(void **state)
{
	uint64_t number;
	int made = 0;

	(void)state;
	for (uid_t user = USER; user < USER + 4; user++)
		for (int i = 0; i < FILES_OF_USER; i++)
			if (make_of(user, i, &number) == 0) {
				assert_int_equal(scratch_open(&scratch, number), 0);
				made++;
			}
	assert_int_equal(made, SCRATCH_FILES / 4 * 3);
	for (int i = 0; i < SCRATCH_FILES / 4; i++) {
		assert_int_equal(make_of(0, i, &number), 0);
		assert_int_equal(scratch_open(&scratch, number), 0);
	}
	assert_int_equal(make_of(0, SCRATCH_FILES, &number), -ENOSPC);
}

/* Ten minutes alone, and the next one that is made takes it away. */
static void test_idle_ones_go(void **state)
{
	uint64_t idle = make("idle"), open = make("open"), used = make("used");
	struct stat st;

	(void)state;
	assert_int_equal(scratch_open(&scratch, open), 0);
	write_at(idle, 0, "text");
	clock_ahead = 590;
	write_at(used, 0, "text");
	clock_ahead = 610;
	make("new");
	assert_int_equal(scratch_stat(&scratch, idle, &st), -ENOENT);
	assert_int_equal(scratch_stat(&scratch, open, &st), 0);
	assert_int_equal(scratch_stat(&scratch, used, &st), 0);
	assert_int_equal(quota_of_all(&quota, QUOTA_STAGED), 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_read_and_write),
		TEST(test_hole),
		TEST(test_attributes),
		TEST(test_symlink),
		TEST(test_gone),
		TEST(test_open_after_unlink),
		TEST(test_rename),
		TEST(test_rename_over_open),
		TEST(test_file_is_bounded),
		TEST(test_bytes_are_bounded),
		TEST(test_files_are_bounded),
		TEST(test_all_are_open),
		TEST(test_users_are_bounded),
		TEST(test_root_has_his_part),
		TEST(test_idle_ones_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
