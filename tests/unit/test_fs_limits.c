/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is open is charged to who opened it, until it is closed. The teardown of all tests of fs/
 * looks whether everything was given back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/dir.h"
#include "lib/host.h"
#include "tests/unit/fs_fixture.h"

enum { USER = 1000, MIB = 1 << 20, MANY = 8192 };

static struct file *files[MANY];

static size_t charged(struct fixture *f, enum quota_kind kind, uint32_t uid)
{
	return uid ? quota_of_user(&f->fs.quota, kind, uid) : quota_of_all(&f->fs.quota, kind);
}

/* Opens until it is refused with err; how many there are. */
static size_t open_all(struct fixture *f, const char *name, int flags, int err)
{
	size_t count = 0;
	int result;

	while (count < MANY && (result = fs_open(f, f->map, name, flags, 0600, &files[count])) == 0)
		count++;
	assert_in_range(count, 1, MANY - 1);
	assert_int_equal(result, err);
	return count;
}

static void close_all(size_t count)
{
	host_serve(0); /* RELEASE comes from nobody */
	while (count)
		file_release(files[--count], NULL);
}

static struct file *open_as(struct fixture *f, uint32_t uid, int flags)
{
	struct file *file;

	host_serve(uid);
	assert_int_equal(fs_open(f, f->map, "1", flags, 0600, &file), 0);
	host_serve(0);
	return file;
}

static void test_files(void **state)
{
	struct fixture *f = *state;
	struct file *other;
	size_t count;

	f->map = fs_mkdir(f, "m");
	raw_put(f->map, 1, 5);
	host_serve(USER);
	count = open_all(f, "1", O_RDONLY, -EMFILE);
	assert_int_equal(count, 4096);
	assert_non_null(strstr(f->diag.why, "open files: close some"));
	other = open_as(f, USER + 1, O_RDONLY);
	assert_int_equal(charged(f, QUOTA_FILES, 0), 4097);
	close_all(count);
	assert_int_equal(charged(f, QUOTA_FILES, USER), 0);
	file_release(other, NULL);
}

static void test_dumps(void **state)
{
	struct fixture *f = *state;
	size_t count;

	f->map = fs_mkdir(f, "m");
	host_serve(USER);
	count = open_all(f, ".dump", O_RDONLY, -EMFILE);
	assert_int_equal(count, 16);
	close_all(count);
}

static void test_dirs(void **state)
{
	struct fixture *f = *state;
	struct dir *dirs[300], *other;
	struct identity id;
	int count = 0;

	f->map = fs_mkdir(f, "m");
	id = fs_map(f->map);
	host_serve(USER);
	while (count < 300 && dir_open(&f->fs, &id, &dirs[count], NULL) == 0)
		count++;
	assert_int_equal(count, 256);
	host_serve(USER + 1);
	assert_int_equal(dir_open(&f->fs, &id, &other, NULL), 0);
	host_serve(0);
	dir_close(other);
	while (count)
		dir_close(dirs[--count]);
	assert_int_equal(charged(f, QUOTA_DIRS, USER), 0);
}

/* Of a text only what is there is charged, to who opened the file, whoever writes through it. */
static void test_texts(void **state)
{
	static char blanks[65536];
	struct fixture *f = *state;
	struct file *file;

	memset(blanks, ' ', sizeof(blanks));
	f->map = fs_mkdir(f, "m");
	raw_put(f->map, 1, 5);
	file = open_as(f, USER, O_WRONLY | O_TRUNC);
	assert_int_equal(charged(f, QUOTA_TEXTS, USER), 0);
	assert_int_equal(file_write(file, blanks, 60000, 0, NULL), 0);
	assert_int_equal(charged(f, QUOTA_TEXTS, USER), 60000);
	assert_int_equal(file_write(file, blanks, 65536, 60000, NULL), -EFBIG);
	assert_int_equal(file_write(file, "x", 1, 60000, NULL), -EINVAL);
	assert_int_equal(charged(f, QUOTA_TEXTS, USER), 60000);
	assert_int_equal(file_write(file, blanks, 100, 0, NULL), 0);
	assert_int_equal(charged(f, QUOTA_TEXTS, USER), 0);
	assert_int_equal(file_write(file, blanks, 60000, 0, NULL), 0);
	assert_int_equal(file_truncate(file, 0, NULL), 0);
	assert_int_equal(charged(f, QUOTA_TEXTS, USER), 0);
	assert_int_equal(file_truncate(file, 5000, NULL), -EINVAL);
	assert_int_equal(file_write(file, blanks, 5000, 0, NULL), 0);
	assert_int_equal(charged(f, QUOTA_TEXTS, USER), 5000);
	file_release(file, NULL);
	assert_int_equal(charged(f, QUOTA_TEXTS, USER), 0);
}

/* What a user writes in halves ends at his bound, and goes on when he closes something. */
static void test_halves(void **state)
{
	static char blanks[60000];
	struct fixture *f = *state;
	size_t count = 0, most = quota_row(QUOTA_TEXTS)->most_of_user / sizeof(blanks);
	struct diag d = {.err = 0};
	struct file *other;

	memset(blanks, ' ', sizeof(blanks));
	f->map = fs_mkdir(f, "m");
	raw_put(f->map, 1, 5);
	for (; count <= most; count++) {
		files[count] = open_as(f, USER, O_WRONLY | O_TRUNC);
		assert_int_equal(file_write(files[count], blanks, sizeof(blanks), 0, &d),
				 count < most ? 0 : -ENOMEM);
	}
	assert_non_null(strstr(d.why, "close some files"));
	other = open_as(f, USER + 1, O_WRONLY | O_TRUNC);
	assert_int_equal(file_write(other, blanks, sizeof(blanks), 0, NULL), 0);
	file_release(files[0], NULL);
	assert_int_equal(file_write(files[most], blanks, sizeof(blanks), 0, NULL), 0);
	file_release(other, NULL);
	for (size_t i = 1; i <= most; i++)
		file_release(files[i], NULL);
	assert_int_equal(charged(f, QUOTA_TEXTS, 0), 0);
}

static int note_next(void *next, const struct dir_entry *entry)
{
	*(off_t *)next = entry->next;
	return 0;
}

/* To its end, as ls(1) does. */
static int read_dir(struct dir *d, struct diag *diag)
{
	off_t off, next = 0;
	int err;

	do {
		off = next;
		err = dir_read(d, off, false, note_next, &next, diag);
	} while (!err && next != off);
	return err;
}

/* What a listing has in memory of large values is a user's as texts are; of others his place is. */
static void test_listings(void **state)
{
	enum { DIRS = 256, FIT = 4 };
	struct fixture *f = *state;
	struct dir *dirs[DIRS], *other;
	struct identity large, small;
	struct diag d = {.err = 0};
	size_t one = 0;
	int i;

	f->map = fs_mkdir(f, "small");
	small = fs_map(f->map);
	large = fs_map(fs_mkdir(f, "large,type=array,key=u32,value=16000000,max_entries=2"));
	host_serve(USER);
	for (i = 0; i <= FIT; i++) {
		assert_int_equal(dir_open(&f->fs, &large, &dirs[i], NULL), 0);
		assert_int_equal(charged(f, QUOTA_TEXTS, USER), (size_t)i * one);
		assert_int_equal(read_dir(dirs[i], &d), i < FIT ? 0 : -ENOMEM);
		one = charged(f, QUOTA_TEXTS, USER) / (size_t)(i < FIT ? i + 1 : i);
		assert_in_range(one, 14 * MIB, 16 * MIB);
	}
	assert_non_null(strstr(d.why, "texts that are being read and written: close some"));
	assert_int_equal(read_dir(dirs[0], &d), 0);
	dir_close(dirs[0]);
	assert_int_equal(charged(f, QUOTA_TEXTS, USER), (FIT - 1) * one);
	assert_int_equal(read_dir(dirs[FIT], &d), 0);
	for (i = 1; i <= FIT; i++)
		dir_close(dirs[i]);
	for (i = 0; i < DIRS; i++) {
		assert_int_equal(dir_open(&f->fs, &small, &dirs[i], NULL), 0);
		assert_int_equal(read_dir(dirs[i], NULL), 0);
	}
	assert_int_equal(charged(f, QUOTA_TEXTS, USER), 0);
	assert_int_equal(dir_open(&f->fs, &small, &other, &d), -EMFILE);
	assert_non_null(strstr(d.why, "open directories: close some"));
	while (i)
		dir_close(dirs[--i]);
	host_serve(0);
}

static struct file *open_dump(struct fixture *f, int flags, int err)
{
	struct file *file = NULL;

	assert_int_equal(fs_open(f, f->map, ".dump", flags, 0600, &file), err);
	return file;
}

/* The same of what dumps have under way, out and in. */
static void test_large_dumps(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	struct file *first, *second;
	struct diag d = {.err = 0};

	f->map = fs_mkdir(f, "large,type=array,key=u32,value=8000000,max_entries=2");
	host_serve(USER);
	for (int i = 0; i < 2; i++)
		files[i] = open_dump(f, O_WRONLY, 0);
	assert_in_range(charged(f, QUOTA_TEXTS, USER), 45 * MIB, 46 * MIB);
	assert_null(open_dump(f, O_WRONLY, -ENOMEM));
	assert_non_null(strstr(f->diag.why, "texts that are being read and written: close some"));
	first = open_dump(f, O_RDONLY, 0);
	assert_int_equal(file_read(first, 10, 0, &text, &d), -ENOMEM);
	assert_non_null(strstr(d.why, "texts that are being read and written: close some"));
	close_all(1);
	host_serve(USER);
	assert_int_equal(file_read(first, 10, 0, &text, NULL), 0);
	assert_int_equal(file_read(first, 10, 0, &text, NULL), 0);
	assert_in_range(charged(f, QUOTA_TEXTS, USER), 45 * MIB, 46 * MIB);
	second = files[1];
	file_release(first, NULL);
	file_release(second, NULL);
	assert_int_equal(charged(f, QUOTA_TEXTS, USER), 0);
	host_serve(0);
	buf_free(&text);
}

/* There are as many nodes as may be: what is there is found, and root has a part for himself. */
static void test_nodes(void **state)
{
	enum { NODES = 30 };
	struct fixture *f = *state;
	struct node *nodes[NODES];
	struct identity id = {.kind = NODE_MAP};
	uint32_t user, root;

	f->fs.nodes.bound = f->fs.nodes.count + 20;
	for (user = 0, host_serve(USER);; user++) {
		id.map_id = 100 + user;
		nodes[user] = node_get(&f->fs.nodes, &id);
		if (!nodes[user])
			break;
	}
	assert_in_range(user, 10, 16);
	id.map_id = 100;
	assert_ptr_equal(node_get(&f->fs.nodes, &id), nodes[0]);
	for (root = user, host_serve(0);; root++) {
		id.map_id = 100 + root;
		nodes[root] = node_get(&f->fs.nodes, &id);
		if (!nodes[root])
			break;
	}
	assert_int_equal(root, 20);
	node_put(&f->fs.nodes, nodes[0], 2);
	while (--root)
		node_put(&f->fs.nodes, nodes[root], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_files),    FS_TEST(test_dumps),       FS_TEST(test_dirs),
		FS_TEST(test_texts),    FS_TEST(test_halves),      FS_TEST(test_nodes),
		FS_TEST(test_listings), FS_TEST(test_large_dumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
