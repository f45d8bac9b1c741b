/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The real table of operations, asked as the kernel asks, and its replies. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fs_wire.h"

enum { ROOT = FUSE_ROOT_ID };

static void test_init(void **state)
{
	struct wire *w = *state;

	assert_int_equal(w->init.major, FUSE_KERNEL_VERSION);
	assert_true(w->init.flags & FUSE_ATOMIC_O_TRUNC);
	assert_true(w->init.flags & FUSE_DO_READDIRPLUS);
	assert_false(w->init.flags & FUSE_WRITEBACK_CACHE);
	assert_int_equal(w->init.time_gran, 1000000000);
}

/* Nodes. */

static void test_lookup(void **state)
{
	static const struct {
		const char *name;
		uint32_t mode;
		uint64_t size, entry_valid;
	} cases[] = {
		{"1", S_IFREG | 0600, 3, 0},       {"2", S_IFREG | 0600, 8, 0},
		{"0x2", S_IFREG | 0600, 8, 0},     {".info", S_IFREG | 0400, 0, 1},
		{".frozen", S_IFREG | 0600, 0, 1},
	};
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map);

	assert_int_equal(dir, (uint64_t)map << 8 | NODE_MAP);
	assert_int_equal(w->out.entry.attr.mode, S_IFDIR | 0700);
	assert_int_equal(w->out.entry.entry_valid, 1);
	assert_int_equal(w->len, sizeof(struct fuse_entry_out));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t node = wire_lookup(w, dir, cases[i].name, NULL);
		const struct fuse_entry_out *e = &w->out.entry;

		assert_int_not_equal(node, 0);
		assert_int_equal(e->attr.ino, node);
		assert_int_equal(e->attr.mode, cases[i].mode);
		assert_int_equal(e->attr.size, cases[i].size);
		assert_int_equal(e->attr.blocks, (cases[i].size + 511) / 512);
		assert_int_equal(e->entry_valid, cases[i].entry_valid);
		assert_int_equal(e->entry_valid_nsec, 0);
		assert_true(e->attr_valid * 1000 + e->attr_valid_nsec / 1000000 <=
			    1000 - LATELY_MS);
	}
}

static void test_lookup_of_nothing(void **state)
{
	static const char *const names[] = {"9", "x", ".git", ".other", "4294967296", ""};
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map);
	struct buf text = BUF_INIT(1000);
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(wire_lookup(w, dir, names[i], &err), 0);
		assert_int_equal(err, -ENOENT);
	}
	assert_int_equal(w->fs->nodes.count, 2);
	diag_ring_print(&w->fs->refusals, &text);
	assert_buf(&text, "");
}

static void test_counts(void **state)
{
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), node = wire_lookup(w, dir, "1", NULL), fh, other;

	assert_int_equal(refs_of(w, dir), 1);
	assert_int_equal(wire_lookup(w, dir, "0x1", NULL), node);
	assert_int_equal(refs_of(w, node), 2);
	assert_int_equal(wire_open(w, FUSE_OPEN, node, O_RDONLY, &fh), 0);
	wire_forget(w, node, 1);
	assert_int_equal(wire_getattr(w, node), 0);
	wire_forget(w, node, 1);
	assert_int_equal(wire_read(w, FUSE_READ, node, fh, 0, 100), 0);
	assert_memory_equal(w->out.bytes, "10\n", 3);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
	assert_int_equal(refs_of(w, node), 0);
	node = wire_lookup(w, dir, "1", NULL);
	other = wire_lookup(w, dir, "2", NULL);
	wire_forget_two(w, node, other);
	assert_int_equal(w->fs->nodes.count, 2);
	wire_forget(w, node, 5);
	wire_forget(w, ROOT, 100);
	assert_int_equal(wire_getattr(w, ROOT), 0);
	assert_int_equal(wire_getattr(w, dir), 0);
}

/* A nodeid that nobody gave out, or that was forgotten. */
static void test_unknown_node(void **state)
{
	static const uint64_t nodes[] = {0, 2, 77, 1ULL << 62, UINT64_MAX};
	static const struct fuse_setattr_in size = {.valid = FATTR_SIZE};
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), fh;

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		uint64_t node = nodes[i];

		assert_int_equal(wire_getattr(w, node), -ESTALE);
		assert_int_equal(wire_setattr(w, node, &size), -ESTALE);
		assert_int_equal(wire_name(w, FUSE_LOOKUP, node, "1"), -ESTALE);
		assert_int_equal(wire_name(w, FUSE_UNLINK, node, "1"), -ESTALE);
		assert_int_equal(wire_name(w, FUSE_RMDIR, node, "1"), -ESTALE);
		assert_int_equal(wire_mkdir(w, node, "x"), -ESTALE);
		assert_int_equal(wire_rename(w, node, "1", dir, "2", 0), -ESTALE);
		assert_int_equal(wire_rename(w, dir, "1", node, "2", 0), -ESTALE);
		assert_int_equal(wire_open(w, FUSE_OPEN, node, O_RDWR, &fh), -ESTALE);
		assert_int_equal(wire_open(w, FUSE_OPENDIR, node, O_RDONLY, &fh), -ESTALE);
		assert_int_equal(wire_create(w, node, "5", O_EXCL, 0600, &fh), -ESTALE);
		assert_int_equal(wire_ask(w, FUSE_READLINK, node, NULL, 0), -ESTALE);
		wire_forget(w, node, 1);
	}
	assert_int_equal(refs_of(w, dir), 1);
}

/* Files. */

static void test_read(void **state)
{
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), node = wire_lookup(w, dir, "2", NULL), fh;

	assert_int_equal(wire_open(w, FUSE_OPEN, node, O_RDONLY, &fh), 0);
	assert_true(w->out.open.open_flags & FOPEN_DIRECT_IO);
	assert_true(w->out.open.open_flags & FOPEN_NOFLUSH);
	assert_int_equal(wire_read(w, FUSE_READ, node, fh, 0, 4), 0);
	assert_int_equal(w->len, 4);
	assert_memory_equal(w->out.bytes, "1234", 4);
	assert_int_equal(wire_read(w, FUSE_READ, node, fh, 4, 100000), 0);
	assert_int_equal(w->len, 4);
	assert_memory_equal(w->out.bytes, "567\n", 4);
	assert_int_equal(wire_read(w, FUSE_READ, node, fh, 8, 100), 0);
	assert_int_equal(w->len, 0);
	assert_int_equal(wire_read(w, FUSE_READ, node, fh, INT64_MAX, 100), 0);
	assert_int_equal(w->len, 0);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
}

/* open drops a size that has changed, and only then. */
static void test_open_corrects_size(void **state)
{
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), node = wire_lookup(w, dir, "1", NULL), fh;

	assert_int_equal(wire_open(w, FUSE_OPEN, node, O_RDONLY, &fh), 0);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
	assert_int_equal(w->invalidated, 0);
	raw_put(map, 1, 12345);
	assert_int_equal(wire_open(w, FUSE_OPEN, node, O_RDONLY, &fh), 0);
	assert_int_equal(w->invalidated, 1);
	assert_int_equal(wire_getattr(w, node), 0);
	assert_int_equal(w->out.attr.attr.size, 6);
	assert_int_equal(w->out.attr.attr_valid, 0);
	assert_int_equal(w->out.attr.attr_valid_nsec, 900000000);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
	assert_int_equal(wire_open(w, FUSE_OPEN, node, O_RDONLY, &fh), 0);
	assert_int_equal(w->invalidated, 1);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
}

/* Sizes of files that tell theirs only when they are open. */
static void test_open_of_special(void **state)
{
	static const char *const names[] = {".frozen", ".count", ".info"};
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), fh;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint64_t node = wire_lookup(w, dir, names[i], NULL);

		assert_int_equal(wire_open(w, FUSE_OPEN, node, O_RDONLY, &fh), 0);
		assert_int_equal(w->invalidated, i + 1);
		assert_int_equal(wire_read(w, FUSE_READ, node, fh, 0, 100000), 0);
		assert_true(w->len > 0);
		assert_int_equal(wire_getattr(w, node), 0);
		assert_true(w->out.attr.attr.size > 0);
		assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
	}
}

static void test_create_write_close(void **state)
{
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), fh, node;

	assert_int_equal(wire_create(w, dir, "7", O_WRONLY | O_TRUNC, 0644, &fh), 0);
	node = w->out.created.entry.nodeid;
	assert_int_equal(w->len, sizeof(w->out.created));
	assert_int_equal(w->out.created.entry.attr.size, 0);
	assert_int_equal(w->out.created.entry.entry_valid, 0);
	assert_true(w->out.created.open.open_flags & FOPEN_DIRECT_IO);
	assert_false(w->out.created.open.open_flags & FOPEN_NOFLUSH);
	assert_int_equal(refs_of(w, node), 2);
	assert_int_equal(wire_flush(w, node, fh), 0);
	assert_int_equal(wire_write(w, node, fh, "99\n", 0), 0);
	assert_int_equal(w->out.written.size, 3);
	assert_int_equal(wire_flush(w, node, fh), 0);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
	assert_int_equal(refs_of(w, node), 1);
	assert_file(w->fixture, map, "7", "99\n");
	assert_int_equal(wire_getattr(w, node), 0);
	assert_int_equal(w->out.attr.attr.size, 3);
}

static void test_create_refused(void **state)
{
	static const struct {
		const char *name;
		int flags;
		mode_t mode;
		int expected;
	} cases[] = {
		{"x", O_TRUNC, 0666, -EINVAL},
		{"4294967296", 0, 0600, -EINVAL},
		{".map", O_EXCL, 0600, -EEXIST},
		{"1", O_EXCL, 0600, -EEXIST},
	};
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), fh;
	size_t nodes = w->fs->nodes.count;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(wire_create(w, dir, cases[i].name, cases[i].flags | O_WRONLY,
					     cases[i].mode, &fh),
				 cases[i].expected);
	assert_int_equal(wire_create(w, ROOT, "file", O_WRONLY, 0644, &fh), -EPERM);
	raw_freeze(map);
	assert_int_equal(wire_create(w, dir, "5", O_WRONLY, 0644, &fh), -EROFS);
	assert_int_equal(w->fs->nodes.count, nodes);
	assert_int_equal(w->fs->files_blank, 0);
}

static void test_write_refused(void **state)
{
	struct wire *w = *state;
	struct buf log = BUF_INIT(10000);
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), node = wire_lookup(w, dir, "1", NULL), fh;

	assert_int_equal(wire_open(w, FUSE_OPEN, node, O_WRONLY | O_TRUNC, &fh), 0);
	assert_int_equal(wire_write(w, node, fh, "65536x\n", 0), -EINVAL);
	assert_int_equal(wire_write(w, node, fh, "65536x\n", 0), -EINVAL);
	assert_int_equal(wire_flush(w, node, fh), 0);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
	assert_file(w->fixture, map, "1", "10\n");
	diag_ring_print(&w->fs->refusals, &log);
	assert_non_null(strstr(log.data, " pid 99: write /m/1: EINVAL: "));
	assert_non_null(strstr(log.data, "\n    65536x\n         ^\n"));
	buf_free(&log);
}

/* fstat and ftruncate by the file, truncate(2) and utimens by the node. */
static void test_setattr(void **state)
{
	struct fuse_setattr_in in = {.valid = FATTR_SIZE | FATTR_FH, .size = 0};
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), node = wire_lookup(w, dir, "2", NULL);

	assert_int_equal(wire_open(w, FUSE_OPEN, node, O_WRONLY, &in.fh), 0);
	assert_int_equal(wire_write(w, node, in.fh, "77\n", 0), 0);
	in.size = 3;
	assert_int_equal(wire_setattr(w, node, &in), 0);
	assert_int_equal(w->out.attr.attr.size, 3);
	assert_int_equal(wire_flush(w, node, in.fh), 0);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, in.fh), 0);
	assert_file(w->fixture, map, "2", "77\n");
	in = (struct fuse_setattr_in){.valid = FATTR_SIZE};
	assert_int_equal(wire_setattr(w, node, &in), 0);
	assert_int_equal(w->out.attr.attr.size, 2);
	in = (struct fuse_setattr_in){.valid = FATTR_MTIME | FATTR_ATIME, .mtime = 1};
	assert_int_equal(wire_setattr(w, node, &in), 0);
	assert_int_not_equal(w->out.attr.attr.mtime, 1);
	in = (struct fuse_setattr_in){.valid = FATTR_MODE, .mode = S_IFREG | 0666};
	assert_int_equal(wire_setattr(w, node, &in), 0);
	assert_int_equal(w->out.attr.attr.mode, S_IFREG | 0600);
	in = (struct fuse_setattr_in){.valid = FATTR_MODE, .mode = 0750};
	assert_int_equal(wire_setattr(w, dir, &in), 0);
	assert_int_equal(w->out.attr.attr.mode, S_IFDIR | 0750);
	in = (struct fuse_setattr_in){.valid = FATTR_MODE, .mode = 0600};
	assert_int_equal(wire_setattr(w, node, &in), -EPERM);
}

/* touch NEW */
static void test_touch(void **state)
{
	const struct fuse_setattr_in in = {.valid = FATTR_MTIME | FATTR_MTIME_NOW | FATTR_ATIME |
						    FATTR_ATIME_NOW};
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), node, fh;

	assert_int_equal(wire_create(w, dir, "5", O_WRONLY, 0666, &fh), 0);
	node = w->out.created.entry.nodeid;
	assert_int_equal(wire_setattr(w, node, &in), 0);
	assert_int_equal(w->out.attr.attr.size, 2);
	assert_int_equal(wire_flush(w, node, fh), 0);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
	assert_file(w->fixture, map, "5", "0\n");
}

/* Names. */

static void test_mkdir_and_rmdir(void **state)
{
	struct wire *w = *state;
	uint64_t node, again;

	assert_int_equal(wire_mkdir(w, ROOT, "new,type=array,max_entries=4"), 0);
	node = w->out.entry.nodeid;
	assert_int_equal(w->out.entry.attr.mode, S_IFDIR | 0700);
	assert_int_equal(refs_of(w, node), 1);
	again = wire_lookup(w, ROOT, "new", NULL);
	assert_int_equal(again, node);
	assert_int_equal(wire_lookup(w, ROOT, "new,type=array", NULL), node);
	assert_int_equal(wire_mkdir(w, ROOT, "new"), -EEXIST);
	assert_int_equal(wire_mkdir(w, ROOT, "new,type=x"), -EINVAL);
	assert_int_equal(wire_mkdir(w, node, "5"), -EPERM);
	assert_int_equal(wire_name(w, FUSE_RMDIR, ROOT, "new"), 0);
	assert_int_equal(wire_getattr(w, node),
			 -ESTALE); /* so the kernel asks for the name again */
	assert_int_equal(wire_lookup(w, ROOT, "new", NULL), 0);
	wire_forget(w, node, 3);
	assert_int_equal(refs_of(w, node), 0);
}

static void test_rename_and_unlink(void **state)
{
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), node = wire_lookup(w, dir, "1", NULL), other, fh;

	assert_int_equal(wire_rename(w, dir, "1", dir, "3", 0), 0);
	assert_int_equal(wire_getattr(w, node), 0);
	assert_int_equal(w->out.attr.attr.size, 3);
	assert_int_equal(wire_rename(w, dir, "3", dir, "2", 1), -EEXIST);
	assert_int_equal(wire_mkdir(w, ROOT, "other"), 0);
	other = w->out.entry.nodeid;
	assert_int_equal(wire_rename(w, dir, "3", other, "3", 0), -EXDEV);
	assert_int_equal(wire_create(w, dir, ".3.AbCdEf", O_RDWR | O_EXCL, 0600, &fh), 0);
	node = w->out.created.entry.nodeid;
	assert_int_equal(wire_write(w, node, fh, "8\n", 0), 0);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
	assert_int_equal(wire_rename(w, dir, ".3.AbCdEf", dir, "3", 0), 0);
	assert_int_equal(wire_getattr(w, node), 0);
	assert_int_equal(w->out.attr.attr.size, 2);
	assert_int_equal(wire_name(w, FUSE_UNLINK, dir, "3"), 0);
	assert_int_equal(wire_name(w, FUSE_UNLINK, dir, "3"), -ENOENT);
	assert_int_equal(wire_lookup(w, dir, "3", NULL), 0);
	assert_int_equal(wire_rename(w, ROOT, "m", ROOT, "n", 0), 0);
	assert_int_equal(wire_lookup(w, ROOT, "n", NULL), dir);
}

static void test_symlink(void **state)
{
	static const char names[] = ".link\0target";
	const struct part part = {names, sizeof(names)};
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), node;

	assert_int_equal(wire_ask(w, FUSE_SYMLINK, dir, &part, 1), 0);
	node = w->out.entry.nodeid;
	assert_int_equal(w->out.entry.attr.mode, S_IFLNK | 0777);
	assert_int_equal(w->out.entry.attr.uid, 7);
	assert_int_equal(wire_ask(w, FUSE_READLINK, node, NULL, 0), 0);
	assert_int_equal(w->len, 6);
	assert_memory_equal(w->out.bytes, "target", 6);
	assert_int_equal(wire_ask(w, FUSE_READLINK, dir, NULL, 0), -EINVAL);
}

/* What there is none of. */
static void test_not_here(void **state)
{
	const struct fuse_mknod_in mknod = {.mode = S_IFIFO | 0644};
	const struct part fifo[] = {{&mknod, sizeof(mknod)}, {"5", 2}};
	const struct fuse_getxattr_in xattr = {.size = 100};
	const struct part get[] = {{&xattr, sizeof(xattr)}, {"user.x", 7}};
	struct fuse_link_in link = {0};
	struct part hard[] = {{&link, sizeof(link)}, {"5", 2}};
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map);

	assert_int_equal(wire_ask(w, FUSE_MKNOD, dir, fifo, 2), -EPERM);
	assert_int_equal(wire_ask(w, FUSE_MKNOD, ROOT, fifo, 2), -EPERM);
	link.oldnodeid = wire_lookup(w, dir, "1", NULL);
	assert_int_equal(wire_ask(w, FUSE_LINK, dir, hard, 2), -EPERM);
	assert_int_equal(wire_ask(w, FUSE_GETXATTR, dir, get, 2), -ENOSYS);
	assert_int_equal(wire_ask(w, FUSE_LISTXATTR, dir, get, 1), -ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_init),
		WIRE_TEST(test_lookup),
		WIRE_TEST(test_lookup_of_nothing),
		WIRE_TEST(test_counts),
		WIRE_TEST(test_unknown_node),
		WIRE_TEST(test_read),
		WIRE_TEST(test_open_corrects_size),
		WIRE_TEST(test_open_of_special),
		WIRE_TEST(test_create_write_close),
		WIRE_TEST(test_create_refused),
		WIRE_TEST(test_write_refused),
		WIRE_TEST(test_setattr),
		WIRE_TEST(test_touch),
		WIRE_TEST(test_mkdir_and_rmdir),
		WIRE_TEST(test_rename_and_unlink),
		WIRE_TEST(test_symlink),
		WIRE_TEST(test_not_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
