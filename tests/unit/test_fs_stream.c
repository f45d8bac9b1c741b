/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* .stream: records as text, and reads that wait for them. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fs/park.h"
#include "tests/unit/fake_ring.h"
#include "tests/unit/fs_wire.h"

enum { SIZE = 64 * 1024, MANY = 1 << 17 };

static uint32_t ring_map(struct fixture *f)
{
	uint32_t id = map_id(make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, SIZE, "ring"));

	assert_int_equal(catalog_refresh(f->fs.catalog), 0);
	return id;
}

static void put_number(uint32_t map, uint64_t number)
{
	fake_ring_output(fake_ring_of(map, SIZE), &number, sizeof(number));
}

/* One read, of what is expected, or that error. */
static void assert_reads(struct file *file, size_t size, int want, const char *expected)
{
	struct buf out = BUF_INIT(1 << 20);
	struct diag d = {.err = 0};

	assert_int_equal(file_read(file, size, 0, &out, &d), want);
	assert_int_equal(d.err, want == -EIO ? EIO : 0);
	if (want)
		assert_int_equal(out.len, 0);
	else
		assert_buf(&out, expected);
	buf_free(&out);
}

static struct file *open_stream(struct fixture *f, uint32_t map)
{
	struct file *file;

	assert_int_equal(fs_open(f, map, ".stream", O_RDONLY, 0, &file), 0);
	return file;
}

static void close_stream(struct file *file)
{
	assert_int_equal(file_release(file, NULL), 0);
	assert_int_equal(fake_ring_mappings(), 0);
}

static void lay(struct fixture *f, uint32_t map, const char *text)
{
	struct file *file;

	assert_int_equal(fs_open(f, map, ".types", O_WRONLY | O_TRUNC, 0, &file), 0);
	assert_int_equal(file_write(file, text, strlen(text), 0, &f->diag), 0);
	assert_int_equal(file_release(file, NULL), 0);
}

static void test_untyped(void **state)
{
	static const struct {
		uint32_t len;
		const char *bytes, *text;
	} cases[] = {
		{0, "", "\n"},
		{1, "\xff", "255\n"},
		{2, "\x01\x02", "513\n"},
		{3, "\x01\x02\xff", "01 02 ff\n"},
		{4, "\x01\0\0\0", "1\n"},
		{5, "abcde", "61 62 63 64 65\n"},
		{8, "\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615\n"},
		{9, "\n\0\0\0\0\0\0\0\n", "0a 00 00 00 00 00 00 00 0a\n"},
	};
	struct fixture *f = *state;
	uint32_t map = ring_map(f);
	struct file *file = open_stream(f, map);

	assert_reads(file, MANY, -EAGAIN, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_ring_output(fake_ring_of(map, SIZE), cases[i].bytes, cases[i].len);
		assert_reads(file, MANY, 0, cases[i].text);
	}
	assert_reads(file, MANY, -EAGAIN, NULL);
	close_stream(file);
}

static void test_typed(void **state)
{
	struct fixture *f = *state;
	uint32_t map = ring_map(f);
	struct file *file = open_stream(f, map);

	assert_file(f, map, ".types", "");
	lay(f, map, "value=struct{s32 a;char[4] b;}\n");
	assert_file(f, map, ".types", "value=struct{s32 a;char[4] b;}\n");
	put_number(map, 0x6968ffffffffUL);
	assert_reads(file, MANY, 0, "{\"a\":-1,\"b\":\"hi\"}\n");
	fake_ring_output(fake_ring_of(map, SIZE), "abc", 3);
	assert_reads(file, MANY, 0, "61 62 63\n");
	lay(f, map, "value=s64\n");
	put_number(map, UINT64_MAX);
	assert_reads(file, MANY, 0, "-1\n");
	close_stream(file);
}

/* The spec of the map, and what it takes, are as before. */
static void test_type_is_of_records_only(void **state)
{
	struct fixture *f = *state;
	uint32_t map = ring_map(f);
	const char *spec = "type=ringbuf\nmax_entries=65536\nname=ring\n";
	struct map_types types = {NULL, NULL};
	struct diag d = {.err = 0};

	assert_file(f, map, ".map", spec);
	lay(f, map, "value=u64\n");
	assert_file(f, map, ".map", spec);
	assert_int_equal(ctype_parse("u32", 3, &types.key, NULL), 0);
	assert_int_equal(catalog_set_types(f->fs.catalog, map, &types, &d), -EINVAL);
	ctype_unref(types.key);
}

static void test_reads_of_some_size(void **state)
{
	struct fixture *f = *state;
	uint32_t map = ring_map(f);
	struct file *file = open_stream(f, map), *other = open_stream(f, map);

	for (uint64_t i = 0; i < 10; i++)
		put_number(map, 1000 + i);
	assert_reads(file, 14, 0, "1000\n1001\n");
	assert_reads(file, 15, 0, "1002\n1003\n1004\n");
	assert_reads(file, 3, 0, "100");
	assert_reads(other, 5, 0, "1006\n");
	assert_reads(file, 1, 0, "5");
	assert_reads(file, 7, 0, "\n1007\n");
	assert_reads(file, 0, 0, "");
	assert_reads(other, MANY, 0, "1008\n1009\n");
	assert_reads(file, MANY, -EAGAIN, NULL);
	assert_int_equal(file_release(other, NULL), 0);
	close_stream(file);
}

static void test_long_record(void **state)
{
	struct fixture *f = *state;
	uint32_t map = ring_map(f);
	struct file *file = open_stream(f, map);
	char bytes[2000] = {0}, text[6001] = "";

	for (int i = 0; i < 2000; i++)
		memcpy(text + (size_t)3 * i, i < 1999 ? "00 " : "00\n", 4);
	for (int i = 0; i < 2; i++)
		fake_ring_output(fake_ring_of(map, SIZE), bytes, sizeof(bytes));
	for (int i = 0; i < 2; i++) {
		struct buf all = BUF_INIT(1 << 20);

		for (size_t left = 6000; left; left -= left < 7 ? left : 7)
			assert_int_equal(file_read(file, left < 7 ? left : 7, 0, &all, NULL), 0);
		assert_buf(&all, text);
	}
	close_stream(file);
}

static void test_who_may_open(void **state)
{
	struct fixture *f = *state;
	uint32_t map = ring_map(f), hash = fs_mkdir(f, "hash");
	static const int flags[] = {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC};
	struct file *file;
	struct stat st;

	assert_int_equal(fs_stat(f, map, ".stream", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0400);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(fs_stat(f, hash, ".stream", &st), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		assert_int_equal(fs_open(f, map, ".stream", flags[i], 0, &file), -EACCES);
		assert_string_equal(f->diag.why, "this file cannot be written");
	}
	assert_int_equal(fake_ring_mappings(), 0);
	fs_remount(f, true);
	assert_int_equal(catalog_refresh(f->fs.catalog), 0);
	assert_int_equal(fs_stat(f, map, ".stream", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG);
	assert_int_equal(fs_open(f, map, ".stream", O_RDONLY, 0, &file), -EROFS);
	assert_true(f->diag.err);
}

static void test_failures(void **state)
{
	struct fixture *f = *state;
	uint32_t map = ring_map(f);
	struct file *file;

	for (unsigned int i = 0; i < 2; i++) {
		fake_fail(FAKE_MAP_MMAP, i, -ENOMEM);
		assert_int_equal(fs_open(f, map, ".stream", O_RDONLY, 0, &file), -ENOMEM);
		assert_int_equal(fake_ring_mappings(), 0);
	}
	raw_freeze(map);
	assert_int_equal(fs_open(f, map, ".stream", O_RDONLY, 0, &file), -EROFS);
	assert_int_equal(fake_ring_mappings(), 0);
}

/* What is open when the mount ends holds nothing any more. */
static void test_abandoned(void **state)
{
	struct fixture *f = *state;
	uint32_t map = ring_map(f), hash = fs_mkdir(f, "hash");
	struct file *file;
	uint64_t value;

	for (int i = 0; i < 3; i++)
		open_stream(f, map);
	raw_put(hash, 1, 10);
	assert_int_equal(fs_open(f, hash, "1", O_WRONLY | O_TRUNC, 0, &file), 0);
	assert_int_equal(fs_open(f, hash, "1", O_WRONLY, 0, &file), 0);
	assert_int_equal(file_write(file, "5", 1, 0, NULL), 0);
	file_abandon_all(&f->fs);
	assert_int_equal(fake_ring_mappings(), 0);
	assert_int_equal(f->fs.files_open, 0);
	assert_int_equal(raw_get(hash, 1, &value), 0);
	assert_int_equal(value, 10);
}

static void test_nonsense(void **state)
{
	struct fixture *f = *state;
	uint32_t map = ring_map(f);
	struct file *file = open_stream(f, map);

	put_number(map, 1);
	*fake_ring_of(map, SIZE)->produced += 4;
	assert_reads(file, MANY, -EIO, NULL);
	close_stream(file);
}

/* Reads that wait, as FUSE asks them. */

struct waiting_reader {
	struct wire *w;
	uint32_t map;
	uint64_t node, fh;
};

static struct waiting_reader start_waiting(void **state)
{
	struct waiting_reader p = {.w = *state};
	uint64_t dir;

	p.map = ring_map(p.w->fixture);
	assert_int_equal(park_new(&p.w->fs->park), 0);
	dir = wire_lookup(p.w, FUSE_ROOT_ID, "ring", NULL);
	p.node = wire_lookup(p.w, dir, ".stream", NULL);
	assert_int_equal(wire_open(p.w, FUSE_OPEN, p.node, O_RDONLY, &p.fh), 0);
	assert_true(p.w->out.open.open_flags & FOPEN_STREAM);
	assert_true(p.w->out.open.open_flags & FOPEN_DIRECT_IO);
	return p;
}

static void end_waiting(struct waiting_reader *p)
{
	park_free(p->w->fs->park);
	p->w->fs->park = NULL;
}

static void stop_waiting(struct waiting_reader *p)
{
	end_waiting(p);
	assert_int_equal(wire_release(p->w, FUSE_RELEASE, p->node, p->fh), 0);
	assert_int_equal(fake_ring_mappings(), 0);
}

static uint64_t send_read(struct waiting_reader *p, int flags)
{
	const struct fuse_read_in in = {.fh = p->fh, .size = MANY, .flags = (uint32_t)flags};
	const struct part part = {&in, sizeof(in)};

	return wire_send(p->w, FUSE_READ, p->node, &part, 1);
}

static void assert_answer(struct waiting_reader *p, uint64_t unique, int want, const char *text)
{
	assert_int_equal(wire_answer(p->w, unique), want);
	assert_int_equal(p->w->len, strlen(text));
	assert_memory_equal(p->w->out.bytes, text, strlen(text));
}

/* One of the reads that wait is answered with this; which one, as a record may come
 * after the first was asked and before the second is. */
static uint64_t assert_one_gets(struct waiting_reader *p, const char *text)
{
	uint64_t unique;

	assert_int_equal(wire_next_answer(p->w, &unique), 0);
	assert_int_equal(p->w->len, strlen(text));
	assert_memory_equal(p->w->out.bytes, text, strlen(text));
	return unique;
}

static void assert_logged(struct waiting_reader *p, const char *text)
{
	struct buf log = BUF_INIT(1 << 16);

	diag_ring_print(&p->w->fs->refusals, &log);
	assert_non_null(log.data);
	assert_non_null(strstr(log.data, text));
	buf_free(&log);
}

static void test_wait(void **state)
{
	struct waiting_reader p = start_waiting(state);
	uint64_t first, second;

	put_number(p.map, 1);
	assert_answer(&p, send_read(&p, 0), 0, "1\n");
	first = send_read(&p, 0);
	second = send_read(&p, 0);
	assert_int_equal(wire_getattr(p.w, p.node), 0);
	put_number(p.map, 2);
	if (assert_one_gets(&p, "2\n") == second)
		second = first;
	assert_false(wire_is_answered(p.w));
	put_number(p.map, 3);
	assert_answer(&p, second, 0, "3\n");
	stop_waiting(&p);
}

/* What is refused after it has waited is explained too. */
static void test_wait_in_vain(void **state)
{
	struct waiting_reader p = start_waiting(state);
	uint64_t unique = send_read(&p, 0);

	*fake_ring_of(p.map, SIZE)->produced += 4;
	assert_answer(&p, unique, -EIO, "");
	assert_logged(&p, "the positions of this ring buffer contradict each other");
	stop_waiting(&p);
}

static void test_wait_not(void **state)
{
	struct waiting_reader p = start_waiting(state);
	struct buf log = BUF_INIT(1 << 16);

	assert_answer(&p, send_read(&p, O_NONBLOCK), -EAGAIN, "");
	diag_ring_print(&p.w->fs->refusals, &log);
	assert_int_equal(log.len, 0);
	stop_waiting(&p);
}

static void test_wait_interrupted(void **state)
{
	struct waiting_reader p = start_waiting(state);
	uint64_t first = send_read(&p, 0), second = send_read(&p, 0);

	wire_interrupt(p.w, second);
	assert_answer(&p, second, -EINTR, "");
	assert_false(wire_is_answered(p.w));
	wire_interrupt(p.w, first);
	assert_answer(&p, first, -EINTR, "");
	wire_interrupt(p.w, p.w->unique + 2); /* overtakes its request */
	assert_answer(&p, send_read(&p, 0), -EINTR, "");
	put_number(p.map, 5);
	assert_answer(&p, send_read(&p, 0), 0, "5\n");
	stop_waiting(&p);
}

static void test_wait_released(void **state)
{
	struct waiting_reader p = start_waiting(state);
	const struct fuse_release_in in = {.fh = p.fh};
	const struct part part = {&in, sizeof(in)};
	uint64_t unique = send_read(&p, 0), release;

	release = wire_send(p.w, FUSE_RELEASE, p.node, &part, 1);
	assert_answer(&p, unique, -EBADF, "");
	assert_answer(&p, release, 0, "");
	assert_int_equal(fake_ring_mappings(), 0);
	end_waiting(&p);
}

static void test_wait_until_the_end(void **state)
{
	struct waiting_reader p = start_waiting(state);
	uint64_t unique[20];

	for (size_t i = 0; i < ARRAY_SIZE(unique); i++)
		unique[i] = send_read(&p, 0);
	end_waiting(&p);
	for (size_t i = 0; i < ARRAY_SIZE(unique); i++)
		assert_answer(&p, unique[i], -ENODEV, "");
	stop_waiting(&p);
}

enum { MOST_OF_USER = 64, MOST_OF_USERS = 256, MOST_WITH_ROOT = 320 };

/* So many reads of a user that wait. */
static void fill_up(struct waiting_reader *p, uint32_t uid, unsigned int count)
{
	p->w->uid = uid;
	for (unsigned int i = 0; i < count; i++)
		send_read(p, 0);
	assert_false(wire_is_answered(p->w));
}

static void assert_no_room(struct waiting_reader *p, uint32_t uid, const char *why)
{
	p->w->uid = uid;
	assert_answer(p, send_read(p, 0), -EAGAIN, "");
	assert_logged(p, why);
}

static void assert_all_end(struct waiting_reader *p, unsigned int count)
{
	uint64_t unique;

	end_waiting(p);
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(wire_next_answer(p->w, &unique), -ENODEV);
	assert_false(wire_is_answered(p->w));
}

/* A user, then all users, then root. */
static void test_wait_bounded(void **state)
{
	struct waiting_reader p = start_waiting(state);
	uint32_t uid = 1000;

	for (unsigned int all = 0; all < MOST_OF_USERS; all += MOST_OF_USER) {
		fill_up(&p, ++uid, MOST_OF_USER);
		assert_no_room(&p, uid, "64 reads of yours wait already: end some");
	}
	assert_no_room(&p, uid + 1, "256 reads wait already: end some");
	fill_up(&p, 0, MOST_WITH_ROOT - MOST_OF_USERS);
	assert_no_room(&p, 0, "320 reads wait already: end some");
	put_number(p.map, 1);
	assert_one_gets(&p, "1\n");
	fill_up(&p, 0, 1);
	assert_all_end(&p, MOST_WITH_ROOT);
	stop_waiting(&p);
}

/* Root may have them all; a read that ended makes room for another of its user. */
static void test_wait_bounded_room(void **state)
{
	struct waiting_reader p = start_waiting(state);

	fill_up(&p, 1000, MOST_OF_USER);
	put_number(p.map, 1);
	assert_one_gets(&p, "1\n");
	fill_up(&p, 1000, 1);
	assert_no_room(&p, 1000, "64 reads of yours");
	fill_up(&p, 0, MOST_WITH_ROOT - MOST_OF_USER);
	assert_no_room(&p, 1001, "320 reads wait already");
	assert_all_end(&p, MOST_WITH_ROOT);
	stop_waiting(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_untyped),
		FS_TEST(test_typed),
		FS_TEST(test_type_is_of_records_only),
		FS_TEST(test_reads_of_some_size),
		FS_TEST(test_long_record),
		FS_TEST(test_who_may_open),
		FS_TEST(test_failures),
		FS_TEST(test_nonsense),
		FS_TEST(test_abandoned),
		WIRE_TEST(test_wait),
		WIRE_TEST(test_wait_in_vain),
		WIRE_TEST(test_wait_not),
		WIRE_TEST(test_wait_interrupted),
		WIRE_TEST(test_wait_released),
		WIRE_TEST(test_wait_until_the_end),
		WIRE_TEST(test_wait_bounded),
		WIRE_TEST(test_wait_bounded_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
