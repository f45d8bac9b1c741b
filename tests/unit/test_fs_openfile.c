/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What requests may learn of the open files of a node, and how long they wait. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fs/attr.h"
#include "fs/openfile.h"
#include "tests/unit/fs_clock.h"
#include "tests/unit/fs_fixture.h"

enum { AN_HOUR = 3600 };

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
	return raw_put(f->map, 5, 7);
}

static void set_clock_ahead(time_t seconds)
{
	__atomic_store_n(&clock_ahead, seconds, __ATOMIC_RELAXED);
}

static struct file *open_key(struct fixture *f, const char *name, int flags)
{
	struct file *file;

	assert_int_equal(fs_open(f, f->map, name, flags, 0644, &file), 0);
	return file;
}

static off_t size_of(struct fixture *f, struct node *node)
{
	struct stat st;

	assert_int_equal(attr_get(&f->fs, node, &st), 0);
	return st.st_size;
}

/* A request that asks for the key while its RELEASE is under way. Only it, and then
 * only the RELEASE, call the fake. */
struct asker {
	struct fixture *f;
	struct node *node;
	struct stat st;
	int err;
	bool done;
};

static void *ask(void *arg)
{
	struct asker *a = arg;

	a->err = attr_get(&a->f->fs, a->node, &a->st);
	__atomic_store_n(&a->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* The clock is ahead when the asker reads it, so that it waits as long as it takes. */
static void ask_during_release(struct fixture *f, struct file *file, struct asker *a)
{
	const struct timespec moment = {.tv_nsec = 20 * 1000000};
	pthread_t thread;

	*a = (struct asker){.f = f, .node = file->node};
	node_ref(&f->fs.nodes, a->node);
	set_clock_ahead(AN_HOUR);
	assert_int_equal(pthread_create(&thread, NULL, ask, a), 0);
	nanosleep(&moment, NULL);
	assert_false(__atomic_load_n(&a->done, __ATOMIC_ACQUIRE));
	assert_int_equal(file_release(file, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	node_put(&f->fs.nodes, a->node, 1);
}

static void test_settle_waits_for_release(void **state)
{
	struct fixture *f = *state;
	struct file *file;
	struct asker a;

	raw_put(f->map, 5, 12345);
	file = open_key(f, "5", O_WRONLY | O_TRUNC);
	assert_int_equal(file_flush(file, NULL), 0);
	ask_during_release(f, file, &a);
	assert_int_equal(a.err, 0);
	assert_int_equal(a.st.st_size, 2);
}

static void test_settle_waits_for_new_key(void **state)
{
	struct fixture *f = *state;
	struct file *file = open_key(f, "6", O_WRONLY | O_CREAT);
	struct asker a;

	assert_int_equal(file_flush(file, NULL), 0);
	ask_during_release(f, file, &a);
	assert_int_equal(a.err, 0);
	assert_int_equal(a.st.st_size, 2);
	assert_file(f, f->map, "6", "0\n");
}

/* The zeroing fails: whoever waits is let go, and finds what is there. */
static void test_settle_after_failure(void **state)
{
	struct fixture *f = *state;
	struct file *file = open_key(f, "5", O_WRONLY | O_TRUNC);
	struct node *node = file->node;

	node_ref(&f->fs.nodes, node);
	assert_int_equal(file_flush(file, NULL), 0);
	fake_fail(FAKE_MAP_UPDATE, 0, -ENOMEM);
	assert_int_equal(file_release(file, NULL), -ENOMEM);
	set_clock_ahead(AN_HOUR);
	assert_int_equal(size_of(f, node), 2);
	assert_int_equal(f->fs.files_blank, 0);
	node_put(&f->fs.nodes, node, 1);
}

/* A shell that keeps the file open after a child's flush is waited for once a flush. */
static void test_settle_gives_up(void **state)
{
	struct fixture *f = *state;
	struct file *file = open_key(f, "5", O_WRONLY | O_TRUNC);

	assert_int_equal(file_flush(file, NULL), 0);
	set_clock_ahead(-AN_HOUR);
	assert_int_equal(size_of(f, file->node), 2);
	set_clock_ahead(AN_HOUR);
	assert_int_equal(size_of(f, file->node), 2);
	assert_int_equal(file_flush(file, NULL), 0);
	set_clock_ahead(-AN_HOUR);
	assert_int_equal(size_of(f, file->node), 2);
	assert_int_equal(file_write(file, "123\n", 4, 0, NULL), 0);
	assert_int_equal(size_of(f, file->node), 4);
	assert_int_equal(file_release(file, NULL), 0);
}

/* Nobody waits for a file that is open and was not closed by anyone, for one that
 * has a text, for other keys, or for what was unlinked. */
static void test_settle_need_not_wait(void **state)
{
	struct fixture *f = *state;
	struct file *file = open_key(f, "5", O_WRONLY | O_TRUNC), *other;

	set_clock_ahead(AN_HOUR);
	assert_int_equal(size_of(f, file->node), 2);
	assert_int_equal(file_flush(file, NULL), 0);
	raw_put(f->map, 6, 100);
	other = open_key(f, "6", O_RDONLY);
	assert_int_equal(size_of(f, other->node), 4);
	assert_int_equal(file_release(other, NULL), 0);
	assert_int_equal(file_write(file, "x", 1, 0, NULL), -EINVAL);
	assert_int_equal(size_of(f, file->node), 2);
	assert_int_equal(file_release(file, NULL), 0);
	file = open_key(f, "5", O_WRONLY | O_TRUNC);
	openfile_forget(&f->fs, file->node);
	assert_int_equal(file_flush(file, NULL), 0);
	assert_int_equal(size_of(f, file->node), 2);
	assert_int_equal(file_release(file, NULL), 0);
	assert_file(f, f->map, "5", "7\n");
}

/* Attributes are those of the text served, as long as somebody asks for it. */
static void test_served_for_a_while(void **state)
{
	struct fixture *f = *state;
	struct file *file = open_key(f, "5", O_RDONLY);
	struct buf out = BUF_INIT(100);
	struct stat before, st;

	assert_int_equal(attr_get(&f->fs, file->node, &before), 0);
	raw_put(f->map, 5, 12345);
	assert_int_equal(attr_get(&f->fs, file->node, &st), 0);
	assert_int_equal(st.st_size, before.st_size);
	assert_memory_equal(&st.st_mtim, &before.st_mtim, sizeof(st.st_mtim));
	assert_memory_equal(&st.st_ctim, &before.st_ctim, sizeof(st.st_ctim));
	set_clock_ahead(4);
	assert_int_equal(size_of(f, file->node), 2);
	assert_int_equal(file_read(file, 100, 0, &out, NULL), 0);
	assert_buf(&out, "7\n");
	set_clock_ahead(8);
	assert_int_equal(size_of(f, file->node), 2);
	set_clock_ahead(20);
	assert_int_equal(size_of(f, file->node), 2);
	assert_int_equal(attr_of_name(&f->fs, file->node, &st), 0);
	assert_int_equal(st.st_size, 6);
	assert_true(st.st_mtim.tv_sec > before.st_mtim.tv_sec);
	assert_int_equal(file_release(file, NULL), 0);
}

/* Of several texts that are served, the latest counts; of a draft, none. */
static void test_served_by_several(void **state)
{
	struct fixture *f = *state;
	struct file *first = open_key(f, "5", O_RDONLY), *second, *writer;
	struct node *node = first->node;

	raw_put(f->map, 5, 123);
	second = open_key(f, "5", O_RDONLY);
	raw_put(f->map, 5, 12345);
	assert_int_equal(size_of(f, node), 4);
	assert_int_equal(file_release(second, NULL), 0);
	assert_int_equal(size_of(f, node), 2);
	assert_int_equal(file_release(first, NULL), 0);
	writer = open_key(f, "5", O_RDWR | O_TRUNC);
	assert_int_equal(file_write(writer, "99\n", 3, 0, NULL), 0);
	assert_int_equal(size_of(f, writer->node), 3);
	assert_int_equal(file_release(writer, NULL), 0);
}

static struct node *refuse_at_close(struct fixture *f)
{
	struct file *file = open_key(f, "5", O_WRONLY);
	struct node *node = file->node;

	node_ref(&f->fs.nodes, node);
	assert_int_equal(file_write(file, "x", 1, 0, NULL), 0);
	assert_int_equal(file_flush(file, NULL), -EINVAL);
	assert_int_equal(file_release(file, NULL), 0);
	return node;
}

static void test_refusal_is_kept_for_a_while(void **state)
{
	struct fixture *f = *state;
	struct node *node = refuse_at_close(f);

	set_clock_ahead(4);
	assert_int_equal(openfile_take_refusal(&f->fs, node, 0), -EINVAL);
	assert_int_equal(openfile_take_refusal(&f->fs, node, 0), 0);
	node_put(&f->fs.nodes, node, 1);
	node = refuse_at_close(f);
	set_clock_ahead(20);
	assert_int_equal(openfile_take_refusal(&f->fs, node, 0), 0);
	node_put(&f->fs.nodes, node, 1);
}

/* A refusal is over once somebody stored a text. */
static void test_refusal_ends(void **state)
{
	struct fixture *f = *state;
	struct node *node = refuse_at_close(f);
	struct file *file = open_key(f, "5", O_WRONLY | O_TRUNC);

	assert_int_equal(file_write(file, "8\n", 2, 0, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_int_equal(openfile_take_refusal(&f->fs, node, 0), 0);
	node_put(&f->fs.nodes, node, 1);
}

static void test_creating(void **state)
{
	struct fixture *f = *state;
	struct file *file = open_key(f, "6", O_WRONLY | O_CREAT);

	assert_true(openfile_is_creating(&f->fs, file->node));
	assert_int_equal(openfile_sync_new(&f->fs, file->node, NULL), 0);
	assert_false(openfile_is_creating(&f->fs, file->node));
	assert_false(openfile_is_blank(file));
	raw_put(f->map, 6, 9);
	assert_int_equal(openfile_sync_new(&f->fs, file->node, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_file(f, f->map, "6", "9\n");
}

/* touch NEW that fails does not fail again, nor store, at close. */
static void test_sync_new_fails(void **state)
{
	struct fixture *f = *state;
	struct file *file = open_key(f, "6", O_WRONLY | O_CREAT);

	fake_fail(FAKE_MAP_UPDATE, 0, -E2BIG);
	assert_int_equal(openfile_sync_new(&f->fs, file->node, &f->diag), -ENOSPC);
	assert_int_equal(f->diag.err, ENOSPC);
	assert_int_equal(file_flush(file, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_file(f, f->map, "6", NULL);
}

/* A text that no value could have is not kept in memory to its end. */
static void test_too_long(void **state)
{
	enum { CHUNK = 4096 };
	struct fixture *f = *state;
	struct file *file = open_key(f, "5", O_WRONLY | O_TRUNC);
	char blanks[CHUNK];
	off_t off = 0;
	int err = 0;

	memset(blanks, ' ', sizeof(blanks));
	for (; !err && off < 1 << 20; off += CHUNK)
		err = file_write(file, blanks, CHUNK, off, &f->diag);
	assert_int_equal(err, -EFBIG);
	assert_int_equal(f->diag.err, EFBIG);
	assert_int_equal(file_write(file, "1", 1, (off_t)1 << 62, NULL), -EFBIG);
	assert_int_equal(file_truncate(file, (off_t)1 << 62, NULL), -EFBIG);
	assert_int_equal(file_write(file, "8\n", 2, 0, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_file(f, f->map, "5", "8\n");
}

/* A large text in small pieces is not parsed as often as there are pieces, and yet
 * stored once, at close at the latest; or refused there. */
static void check_large_text(struct fixture *f, uint32_t map, const char *end, int expected)
{
	enum { BYTES = 100000, PIECES = BYTES / 100 };
	struct file *file;
	char piece[201];
	unsigned int updates, opens, i;

	memset(piece, '7', sizeof(piece) - 1);
	piece[sizeof(piece) - 1] = '\0';
	assert_int_equal(fs_open(f, map, "1", O_WRONLY | O_CREAT | O_TRUNC, 0644, &file), 0);
	updates = fake_calls(FAKE_MAP_UPDATE);
	opens = fake_calls(FAKE_MAP_OPEN_ID);
	for (i = 0; i < PIECES - 1; i++)
		assert_int_equal(file_write(file, piece, 200, (off_t)i * 200, NULL), 0);
	assert_int_equal(file_write(file, piece, 198, (off_t)i * 200, NULL), 0);
	assert_int_equal(file_write(file, end, 2, (off_t)i * 200 + 198, NULL), 0);
	assert_int_equal(file_flush(file, &f->diag), expected);
	assert_int_equal(file_release(file, NULL), 0);
	assert_int_equal(fake_calls(FAKE_MAP_UPDATE), updates + !expected);
	assert_true(fake_calls(FAKE_MAP_OPEN_ID) - opens < PIECES / 2);
}

static void test_large_text(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "large,value=100000,max_entries=4");
	struct stat st;

	check_large_text(f, map, "7x", -EINVAL);
	assert_file(f, map, "1", NULL);
	check_large_text(f, map, "77", 0);
	assert_int_equal(fs_stat(f, map, "1", &st), 0);
	assert_int_equal(st.st_size, 300000);
}

#define CLOCK_TEST(test) cmocka_unit_test_setup_teardown(test, setup, fs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLOCK_TEST(test_settle_waits_for_release),
		CLOCK_TEST(test_settle_waits_for_new_key),
		CLOCK_TEST(test_settle_after_failure),
		CLOCK_TEST(test_settle_gives_up),
		CLOCK_TEST(test_settle_need_not_wait),
		CLOCK_TEST(test_served_for_a_while),
		CLOCK_TEST(test_served_by_several),
		CLOCK_TEST(test_refusal_is_kept_for_a_while),
		CLOCK_TEST(test_refusal_ends),
		CLOCK_TEST(test_creating),
		CLOCK_TEST(test_sync_new_fails),
		CLOCK_TEST(test_too_long),
		CLOCK_TEST(test_large_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
