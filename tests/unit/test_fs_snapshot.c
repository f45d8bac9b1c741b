/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A mount that shows a snapshot: what stands still while maps change, go and come. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/access.h"
#include "fs/kind.h"
#include "lib/sys.h"
#include "tests/unit/fs_clock.h"
#include "tests/unit/fs_listing.h"

static struct snapshot *snapshot;

/* The mount of the fixture goes, and one that shows a snapshot comes. */
static void show_snapshot_of(struct fixture *f, uint64_t max_bytes)
{
	struct fs_options options = {.max_map_bytes = max_bytes, .read_only = true, .umask = 077};

	fs_free(&f->fs);
	assert_int_equal(snapshot_new(options.max_map_bytes, &snapshot), 0);
	options.survey = (struct survey_options){.pindir = FS_PINDIR,
						 .open_flags = BPF_F_RDONLY,
						 .read_only = true,
						 .snapshot = snapshot};
	assert_int_equal(fs_init(&f->fs, &options), 0);
	assert_int_equal(catalog_refresh(f->fs.catalog), 0);
}

static void show_snapshot(struct fixture *f)
{
	show_snapshot_of(f, 64 << 20);
}

static int setup(void **state)
{
	clock_ahead = 0;
	return fs_setup(state);
}

static int teardown(void **state)
{
	int err = fs_teardown(state);

	snapshot_free(snapshot);
	snapshot = NULL;
	return err;
}

static void unpin(const char *name)
{
	struct buf path = BUF_INIT(256);

	buf_addf(&path, "%s/%s", FS_PINDIR, name);
	assert_int_equal(sys_pin_unlink(path.data), 0);
	buf_free(&path);
}

/* All that stat(2) tells of a name, and what ls shows. */
static struct stat look(struct fixture *f, uint32_t map, const char *name)
{
	struct stat st;

	assert_int_equal(fs_stat(f, map, name, &st), 0);
	return st;
}

static void assert_same(const struct stat *a, const struct stat *b)
{
	assert_int_equal(a->st_ino, b->st_ino);
	assert_int_equal(a->st_mode, b->st_mode);
	assert_int_equal(a->st_uid, b->st_uid);
	assert_int_equal(a->st_size, b->st_size);
	assert_int_equal(a->st_blocks, b->st_blocks);
	assert_int_equal(a->st_mtim.tv_sec, b->st_mtim.tv_sec);
	assert_int_equal(a->st_ctim.tv_sec, b->st_ctim.tv_sec);
}

static void assert_listed(struct fixture *f, const struct identity *dir, const char *expected)
{
	struct listed *l = new_listed();
	struct dir *d = open_dir(f, dir);

	list_from(d, 0, true, EVERYTHING, l);
	assert_sorted(l, expected);
	dir_close(d);
	free(l);
}

static void test_elements_stand_still(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	const struct identity dir = fs_map(map);
	struct stat before, after;

	raw_put(map, 1, 10);
	raw_put(map, 2, 20);
	show_snapshot(f);
	raw_put(map, 2, 21);
	assert_file(f, map, "1", "10\n"); /* the first look */
	before = look(f, map, "2");
	raw_put(map, 1, 11000);
	raw_put(map, 3, 30);
	raw_delete(map, 2);
	clock_ahead = 100;
	assert_file(f, map, "1", "10\n");
	assert_file(f, map, "2", "21\n");
	assert_file(f, map, "3", NULL);
	assert_file(f, map, ".count", "2\n");
	assert_listed(f, &dir, ". .. .map 1 2");
	after = look(f, map, "2");
	assert_same(&before, &after);
}

static void test_looks_that_copy_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	struct map_desc *desc;
	struct stat st;

	raw_put(map, 1, 10);
	show_snapshot(f);
	assert_listed(f, &fs_root, ". .. m");
	assert_int_equal(access_look(&f->fs, map, &(struct access){.uid = 0}), 0);
	st = look(f, map, ".map");
	assert_true(st.st_size > 0);
	assert_file(f, map, ".frozen", "0\n");
	assert_file(f, map, ".types", "key=u32\nvalue=u64\n");
	st = look(f, map, ".info");
	assert_int_equal(catalog_desc(f->fs.catalog, map, &desc), 0);
	assert_false(snapshot_has(desc, NULL));
	st = look(f, map, "1");
	assert_true(snapshot_has(desc, NULL));
	map_desc_unref(desc);
}

static void test_a_map_goes_after_the_look(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	const struct identity dir = fs_map(map);
	struct buf spec = BUF_INIT(4096);
	struct stat before, after;
	struct file *file;

	raw_put(map, 1, 10);
	show_snapshot(f);
	assert_listed(f, &dir, ". .. .map 1");
	before = look(f, map, ".map");
	assert_int_equal(fs_open(f, map, ".map", O_RDONLY, 0, &file), 0);
	assert_int_equal(file_read(file, 4096, 0, &spec, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	unpin("m");
	assert_int_equal(fake_live_maps(), 0);
	assert_listed(f, &fs_root, ". .. m");
	assert_listed(f, &dir, ". .. .map 1");
	assert_file(f, map, ".map", spec.data);
	assert_file(f, map, "1", "10\n");
	assert_file(f, map, ".count", "1\n");
	after = look(f, map, ".map");
	assert_same(&before, &after);
	assert_int_equal(fs_kind(f, &fs_root, "m"), NODE_MAP);
	buf_free(&spec);
}

static void test_a_map_goes_before_the_look(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m"), other = fs_mkdir(f, "other");
	struct stat st;

	show_snapshot(f);
	unpin("m");
	assert_int_equal(fs_stat(f, map, "1", &st), -ENOENT);
	assert_int_equal(fs_kind(f, &fs_root, "m"), -ENOENT);
	assert_listed(f, &fs_root, ". .. other");
	assert_true(catalog_is_alive(f->fs.catalog, other));
}

/* Of those whose elements nobody lists, only .map is read; with that they are known. */
static void test_a_queue_goes(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "q,type=queue,value=u64,max_entries=4");
	const struct identity dir = fs_map(map);

	show_snapshot(f);
	assert_listed(f, &dir, ". .. .map");
	unpin("q");
	assert_listed(f, &fs_root, ". .. q");
	assert_listed(f, &dir, ". .. .map");
}

static void test_names_stand_still(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;
	uint32_t map, strange;

	assert_int_equal(fake_calls(FAKE_PIN_CHMOD), 0);
	map = fs_mkdir(f, "m");
	strange = fs_stranger(f, BPF_MAP_TYPE_ARRAY, "strange");
	show_snapshot(f);
	assert_int_equal(kind_stat(&f->fs, &(struct identity){NODE_MAP, map, 0, NULL}, &before), 0);
	assert_int_equal(sys_pin_chmod(FS_PINDIR "/m", 0644), 0);
	assert_int_equal(sys_pin_chown(FS_PINDIR "/m", 7, 8), 0);
	assert_int_equal(sys_pin_rename(FS_PINDIR "/m", FS_PINDIR "/renamed"), 0);
	map_id(make_map(BPF_MAP_TYPE_HASH, 4, 8, 4, "new"));
	assert_listed(f, &fs_root, ". .. m strange");
	assert_int_equal(fs_kind(f, &fs_root, "renamed"), NODE_MAP); /* as a second pin of m */
	assert_int_equal(fs_kind(f, &fs_root, "new"), -ENOENT);
	assert_int_equal(kind_stat(&f->fs, &(struct identity){NODE_MAP, map, 0, NULL}, &after), 0);
	assert_same(&before, &after);
	assert_true(catalog_is_alive(f->fs.catalog, strange));
}

static void test_a_frozen_map(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	struct stat before, after;

	raw_put(map, 1, 10);
	show_snapshot(f);
	before = look(f, map, "1");
	raw_freeze(map);
	after = look(f, map, "1");
	assert_same(&before, &after);
	assert_int_equal(before.st_mode, S_IFREG | 0600); /* as a backup is to have it */
}

static void test_nothing_is_written(void **state)
{
	static const char *const names[] = {"1", ".map", ".types", ".frozen"};
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	struct file *file;
	uint64_t value;

	raw_put(map, 1, 10);
	show_snapshot(f);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int err = fs_open(f, map, names[i], O_WRONLY | O_TRUNC, 0, &file);

		if (!err) {
			err = file_write(file, "1\n", 2, 0, &f->diag);
			file_release(file, NULL);
		}
		assert_true(err < 0);
	}
	assert_int_equal(fs_unlink(f, map, "1"), -EROFS);
	assert_int_equal(fs_try_mkdir(f, &fs_root, "n,type=hash,key=4,value=4,max_entries=1"),
			 -EROFS);
	assert_int_equal(raw_get(map, 1, &value), 0);
	assert_int_equal(value, 10);
	assert_int_equal(fake_calls(FAKE_MAP_FREEZE), 0);
}

/* Kept open, read again from its start: the text of a snapshot is that of before. */
static void test_an_open_file(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	struct buf text = BUF_INIT(100);
	struct file *file;

	raw_put(map, 1, 10);
	show_snapshot(f);
	assert_int_equal(fs_open(f, map, "1", O_RDONLY, 0, &file), 0);
	raw_put(map, 1, 12345);
	assert_int_equal(file_read(file, 100, 0, &text, NULL), 0);
	assert_int_equal(file_read(file, 100, 0, &text, NULL), 0);
	assert_buf(&text, "10\n10\n");
	assert_int_equal(file_release(file, NULL), 0);
}

/* Offsets of a listing lead to the same entries, whatever happened to the map. */
static void test_offsets_stand_still(void **state)
{
	struct fixture *f = *state;
	uint32_t map = large_map(f, "hash", 3000);
	struct listed *all = new_listed(), *rest = new_listed();
	struct dir *d;

	show_snapshot(f);
	d = open_map_dir(f, map);
	list_from(d, 0, false, EVERYTHING, all);
	assert_int_equal(all->count, 3003);
	for (uint32_t key = 0; key < 3000; key += 2)
		raw_delete(map, key);
	for (size_t i = 3; i < all->count; i += 500) {
		list_from(d, all->entries[i].next, false, EVERYTHING, rest);
		assert_rest(all, i + 1, rest);
	}
	dir_close(d);
	free(all);
	free(rest);
}

static void test_more_than_may_be_copied(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m,type=array,key=u32,value=u64,max_entries=200000");
	const struct identity dir = fs_map(map);
	struct listed *l = new_listed();
	struct dir *d;

	show_snapshot_of(f, 1 << 20);
	d = open_dir(f, &dir);
	l->room = EVERYTHING;
	assert_int_equal(dir_read(d, 0, true, listed_take, l, NULL), 0);
	assert_names(l, ". .. .map");
	assert_int_equal(dir_read(d, l->entries[l->count - 1].next, true, listed_take, l, NULL),
			 -ENOMEM);
	dir_close(d);
	free(l);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_elements_stand_still),
		TEST(test_looks_that_copy_nothing),
		TEST(test_a_map_goes_after_the_look),
		TEST(test_a_map_goes_before_the_look),
		TEST(test_a_queue_goes),
		TEST(test_names_stand_still),
		TEST(test_a_frozen_map),
		TEST(test_nothing_is_written),
		TEST(test_an_open_file),
		TEST(test_offsets_stand_still),
		TEST(test_more_than_may_be_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
