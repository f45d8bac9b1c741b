/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Files that are made in a map before its .map is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/awaited.h"
#include "fs/attr.h"
#include "fs/newfile.h"
#include "fs/rename.h"
#include "fs/special.h"
#include "tests/unit/fs_listing.h"
#include "tests/unit/fs_paths.h"

#define SPEC(key, value, entries) \
	"type=hash\nkey=" key "\nvalue=" value "\nmax_entries=" entries "\n"

static uint32_t id_of(struct fixture *f, const char *name)
{
	uint32_t id = 0;

	assert_int_equal(catalog_find(f->fs.catalog, "", name, &id), 0);
	return id;
}

/* mkdir without a spec: f->map is the map. */
static int setup(void **state)
{
	struct fixture *f;

	fs_setup(state);
	f = *state;
	assert_int_equal(fs_try_mkdir(f, &fs_root, "m"), 0);
	f->map = id_of(f, "m");
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fs_teardown)

/* What restores a backup makes files 0600. */
static void make(struct fixture *f, const char *path, const char *text)
{
	if (stage_at(f, path, text))
		fail_msg("%s: %s", path, f->diag.why);
}

/* It writes .map in the same way, and closes it whatever happens. */
static int write_map_at(struct fixture *f, const char *text)
{
	struct file *file;
	int err = open_at(f, ".map", O_CREAT | O_TRUNC | O_WRONLY, 0600, &file), flushed;

	if (err)
		return err;
	err = file_write(file, text, strlen(text), 0, &f->diag);
	flushed = file_flush(file, &f->diag);
	file_release(file, NULL);
	return err ? err : flushed;
}

/* f->map is then the map that it has made. */
static int write_map(struct fixture *f, const char *text)
{
	int err = write_map_at(f, text);

	f->map = id_of(f, "m");
	return err;
}

static void assert_kind(struct fixture *f, const char *path, int kind)
{
	if (kind_at(f, path) != kind)
		fail_msg("%s: %d", path, kind_at(f, path));
}

static int by_name(const void *a, const void *b)
{
	const struct entry *first = a, *second = b;

	return strcmp(first->name, second->name);
}

/* In the order of names, without . and ..; each by both ways to list, and each is found. */
static void assert_listed(struct fixture *f, const char *expected)
{
	struct listed *plain = new_listed(), *full = new_listed();
	struct buf names = BUF_INIT(1 << 20);

	list_all(f, f->map, false, plain);
	list_all(f, f->map, true, full);
	assert_int_equal(plain->count, full->count);
	for (size_t i = 0; i < full->count; i++) {
		assert_string_equal(plain->entries[i].name, full->entries[i].name);
		assert_int_equal(plain->entries[i].st.st_ino, full->entries[i].st.st_ino);
		if (full->entries[i].has_id)
			assert_kind(f, full->entries[i].name, full->entries[i].kind);
	}
	qsort(full->entries, full->count, sizeof(full->entries[0]), by_name);
	for (size_t i = 0; i < full->count; i++)
		if (full->entries[i].has_id)
			buf_addf(&names, "%s%s", names.len ? " " : "", full->entries[i].name);
	buf_adds(&names, "");
	assert_buf(&names, expected);
	free(plain);
	free(full);
}

/* How many wait, as .info tells it. */
static void assert_waiting(struct fixture *f, unsigned int count)
{
	struct buf text = BUF_INIT(10000);
	const char *line;

	assert_int_equal(special_read_info(&f->fs, f->map, &text), 0);
	line = strstr(text.data, "waiting:\t");
	assert_int_equal(line ? strtoul(line + 9, NULL, 10) : 0, count);
	buf_free(&text);
}

/* NULL: nothing. */
static void assert_told(struct fixture *f, const char *what)
{
	struct buf text = BUF_INIT(100000);

	diag_ring_print(&f->fs.refusals, &text);
	if (!what)
		assert_int_equal(text.len, 0);
	else if (!text.data || !strstr(text.data, what))
		fail_msg("'%s' is not in '%s'", what, text.data ? text.data : "");
	buf_free(&text);
}

/* An element of a map of u32 to u64, as others see it; NONE: there is none. */
enum { NONE = 999999 };

static void assert_element(struct fixture *f, uint32_t key, uint64_t expected)
{
	uint64_t value;
	int err = raw_get(f->map, key, &value);

	assert_int_equal(err, expected == NONE ? -ENOENT : 0);
	if (!err)
		assert_int_equal(value, expected);
}

static struct file *open_new(struct fixture *f, const char *path)
{
	struct file *file;

	assert_int_equal(open_at(f, path, O_CREAT | O_EXCL | O_WRONLY, 0600, &file), 0);
	return file;
}

static void close_file(struct fixture *f, struct file *file)
{
	assert_int_equal(file_flush(file, &f->diag), 0);
	assert_int_equal(file_release(file, &f->diag), 0);
}

/* Before .map. */

static void test_waits(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_true(awaited_is(&f->fs, f->map));
	assert_listed(f, "");
	make(f, "any name", "any\ntext");
	assert_kind(f, "any name", NODE_WAIT_FILE);
	assert_text_at(f, "any name", "any\ntext");
	assert_int_equal(fs_stat(f, f->map, "any name", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_size, 8);
	assert_int_equal(st.st_blocks, 1);
	assert_int_equal(st.st_nlink, 1);
	assert_in_range(time(NULL) - st.st_mtim.tv_sec, 0, 60);
	assert_listed(f, "any name");
	assert_kind(f, ".map", -ENOENT);
	assert_waiting(f, 1);
	assert_told(f, NULL);
}

/* Other names of a 4-byte key, and modes other than 0600, are refused as ever. */
static void test_what_waits(void **state)
{
	static const char *const staging[] = {".7.AbCdEf", ".7"};
	struct fixture *f = *state;

	assert_int_equal(write_at(f, "no key", 0, 0644, "1\n"), -EINVAL);
	assert_int_equal(write_at(f, "no key", 0, 0666, "1\n"), -EINVAL);
	assert_int_equal(write_at(f, "no key", O_EXCL, 0644, "1\n"), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(staging); i++) {
		make(f, staging[i], "text");
		assert_kind(f, staging[i], NODE_SCRATCH);
	}
	assert_int_equal(write_at(f, "with O_TRUNC", O_TRUNC, 0600, "1\n"), 0); /* restic */
	assert_int_equal(write_at(f, "with nothing", 0, 0600, "1\n"), 0);       /* cpio */
	assert_listed(f, "with O_TRUNC with nothing");
	assert_true(awaited_is(&f->fs, f->map));
}

static void test_stored_at_once(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	make(f, "7", "  0x46 \n");
	assert_kind(f, "7", NODE_WAIT_FILE);
	assert_element(f, 7, 70);
	assert_waiting(f, 0);
	assert_text_at(f, "7", "70\n");
	assert_int_equal(raw_put(f->map, 7, 12345), 0); /* the map is in use */
	assert_text_at(f, "7", "12345\n");
	assert_int_equal(fs_stat(f, f->map, "7", &st), 0);
	assert_int_equal(st.st_size, 6);
	assert_listed(f, "7");
	assert_int_equal(raw_put(f->map, 8, 5), 0);
	assert_text_at(f, "8", "5\n");
	assert_kind(f, "8", NODE_KEY);
	assert_listed(f, "7 8");
	assert_true(awaited_is(&f->fs, f->map));
	assert_int_equal(raw_delete(f->map, 7), 0);
	assert_text_at(f, "7", NULL);
}

/* The element of a text that was is no more. */
static void test_rewritten(void **state)
{
	struct fixture *f = *state;

	make(f, "7", "1\n");
	assert_int_equal(write_at(f, "7", O_TRUNC, 0600, "no number"), 0);
	assert_element(f, 7, NONE);
	assert_text_at(f, "7", "no number");
	assert_waiting(f, 1);
	assert_int_equal(write_at(f, "7", O_TRUNC, 0600, "2"), 0);
	assert_element(f, 7, 2);
	assert_text_at(f, "7", "2\n");
	assert_waiting(f, 0);
	assert_listed(f, "7");
}

/* Names are what was written: they may be three keys, or one. */
static void make_spellings(struct fixture *f)
{
	make(f, "0x7", "1\n");
	make(f, "7", "2\n");
	make(f, "007", "3\n");
	assert_element(f, 7, 2);
	assert_text_at(f, "007", "3\n");
	assert_text_at(f, "7", "2\n");
	assert_text_at(f, "0x7", "1\n");
	assert_kind(f, "0x07", -ENOENT);
	assert_listed(f, "007 0x7 7");
	assert_waiting(f, 2);
}

static void test_spellings(void **state)
{
	struct fixture *f = *state;

	make_spellings(f);
	assert_int_equal(write_map(f, SPEC("char[8]", "u64", "9")), 0);
	assert_text_at(f, "007", "3\n");
	assert_text_at(f, "7", "2\n");
	assert_text_at(f, "0x7", "1\n");
	assert_listed(f, ".map 007 0x7 7");
	assert_kind(f, "007", NODE_KEY);
}

/* The first that was made has the key, and no text is lost. */
static void test_spellings_of_one_key(void **state)
{
	struct fixture *f = *state;

	make_spellings(f);
	assert_int_equal(write_map(f, SPEC("u32", "u64", "9")), -EEXIST);
	assert_element(f, 7, 1);
	assert_waiting(f, 2);
	assert_text_at(f, "007", "3\n");
	assert_told(f, "create /m/007: EEXIST");
	assert_int_equal(unlink_at(f, "007"), 0);
	assert_element(f, 7, 1);
}

static void test_not_twice(void **state)
{
	struct fixture *f = *state;
	struct file *file, *other;

	make(f, "7", "1\n");
	make(f, "text", "1\n");
	assert_int_equal(stage_at(f, "7", "2\n"), -EEXIST);
	assert_int_equal(stage_at(f, "text", "2\n"), -EEXIST);
	assert_text_at(f, "7", "1\n");
	file = open_new(f, "8");
	other = open_new(f, "8");
	assert_int_equal(file_write(file, "1\n", 2, 0, &f->diag), 0);
	assert_int_equal(file_write(other, "2\n", 2, 0, &f->diag), -EEXIST);
	assert_string_equal(f->diag.why, "a file of this name waits already");
	close_file(f, file);
	file_release(other, NULL);
	assert_text_at(f, "8", "1\n");
}

/* touch(1) stores zero. */
static void test_touched(void **state)
{
	struct fixture *f = *state;

	close_file(f, open_new(f, "9"));
	close_file(f, open_new(f, "nine"));
	assert_element(f, 9, 0);
	assert_text_at(f, "9", "0\n");
	assert_text_at(f, "nine", "");
	assert_waiting(f, 1);
	assert_int_equal(write_map(f, SPEC("char[8]", "u64", "9")), 0);
	assert_text_at(f, "9", "0\n");
	assert_text_at(f, "nine", "0\n");
}

static void truncate_at(struct fixture *f, const char *name, off_t size)
{
	struct node *node;
	struct stat st;

	assert_int_equal(fs_lookup(f, f->map, name, &node, &st), 0);
	assert_int_equal(file_truncate_node(&f->fs, node, size, &f->diag), 0);
	node_put(&f->fs.nodes, node, 1);
}

static void test_truncated(void **state)
{
	struct fixture *f = *state;

	make(f, "7", "1234\n");
	truncate_at(f, "7", 2);
	assert_text_at(f, "7", "12\n");
	assert_element(f, 7, 12);
	truncate_at(f, "7", 0);
	assert_element(f, 7, 0);
	make(f, "text", "long text");
	truncate_at(f, "text", 4);
	assert_text_at(f, "text", "long");
	truncate_at(f, "text", 0);
	assert_text_at(f, "text", "");
	assert_int_equal(write_at(f, "text", O_TRUNC, 0600, "another"), 0);
	assert_text_at(f, "text", "another");
}

static void test_removed(void **state)
{
	struct fixture *f = *state;
	struct file *file;

	make(f, "7", "1\n");
	make(f, "text", "text");
	assert_int_equal(unlink_at(f, "7"), 0);
	assert_element(f, 7, NONE);
	assert_int_equal(unlink_at(f, "7"), -ENOENT);
	assert_int_equal(unlink_at(f, "text"), 0);
	assert_int_equal(unlink_at(f, "text"), -ENOENT);
	assert_listed(f, "");
	file = open_new(f, "half");
	assert_int_equal(file_write(file, "one ", 4, 0, &f->diag), 0);
	assert_int_equal(unlink_at(f, "half"), 0);
	assert_int_equal(file_write(file, "two", 3, 4, &f->diag), -ENOENT);
	file_release(file, NULL);
	assert_listed(f, "");
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "m", &f->diag), 0);
}

/* Nobody removes what waits by removing the map. */
static void test_rmdir_of_the_map(void **state)
{
	struct fixture *f = *state;

	make(f, "text", "text");
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "m", &f->diag), -ENOTEMPTY);
	assert_non_null(strstr(f->diag.why, "wait for its .map"));
	assert_int_equal(unlink_at(f, "text"), 0);
	make(f, "7", "1\n");
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "m", &f->diag), -ENOTEMPTY);
	assert_int_equal(unlink_at(f, "7"), 0);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "m", &f->diag), 0);
	assert_int_equal(f->fs.waitroom.count, 0);
}

static void test_renamed(void **state)
{
	struct fixture *f = *state;

	make(f, "7", "1\n");
	make(f, "text", "words");
	assert_int_equal(rename_at(f, "7", "8", 0), 0);
	assert_element(f, 7, NONE);
	assert_element(f, 8, 1);
	assert_int_equal(rename_at(f, "8", "text", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(rename_at(f, "text", "8", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(rename_at(f, "8", "8", 0), 0);
	assert_int_equal(raw_put(f->map, 9, 9), 0);
	assert_int_equal(rename_at(f, "9", "8", 0), -EXDEV); /* a key of others: mv copies */
	assert_int_equal(raw_delete(f->map, 9), 0);
	assert_element(f, 8, 1);
	assert_int_equal(rename_at(f, "text", "8", 0), 0); /* what fitted is replaced */
	assert_element(f, 8, NONE);
	assert_text_at(f, "8", "words");
	assert_listed(f, "8");
	make(f, "9", "2\n");
	assert_int_equal(rename_at(f, "9", "name", 0), 0); /* and so is what did not */
	assert_element(f, 9, NONE);
	assert_text_at(f, "name", "2\n");
	assert_int_equal(rename_at(f, "name", "8", 0), 0);
	assert_element(f, 8, 2);
	assert_listed(f, "8");
	assert_waiting(f, 0);
	assert_true(awaited_is(&f->fs, f->map));
}

/* rsync. */
static void test_staged(void **state)
{
	struct fixture *f = *state;

	make(f, ".7.AbCdEf", "1\n");
	assert_int_equal(rename_at(f, ".7.AbCdEf", "7", 0), 0);
	assert_kind(f, "7", NODE_WAIT_FILE);
	assert_kind(f, ".7.AbCdEf", -ENOENT);
	assert_element(f, 7, 1);
	make(f, ".name.AbCdEf", "text");
	assert_int_equal(rename_at(f, ".name.AbCdEf", "name", 0), 0);
	make(f, ".name.AbCdEf", "other text");
	assert_int_equal(rename_at(f, ".name.AbCdEf", "name", RENAME_NOREPLACE), -EEXIST);
	assert_text_at(f, "name", "text");
	assert_int_equal(rename_at(f, ".name.AbCdEf", "name", 0), 0);
	assert_text_at(f, "name", "other text");
	assert_listed(f, "7 name");
	make(f, ".map.AbCdEf", SPEC("char[8]", "char[16]", "5"));
	assert_int_equal(rename_at(f, ".map.AbCdEf", ".map", 0), 0);
	f->map = id_of(f, "m");
	assert_listed(f, ".map 7 name");
	assert_kind(f, "name", NODE_KEY);
	assert_text_at(f, "7", "1\n");
	assert_waiting(f, 0);
}

/* Nor is anything renamed where .map does not take what is there. */
static void test_staged_map_refused(void **state)
{
	struct fixture *f = *state;

	make(f, "name", "1\n");
	make(f, ".map.AbCdEf", SPEC("u32", "u32", "5"));
	assert_int_equal(rename_at(f, ".map.AbCdEf", ".map", 0), -EINVAL);
	f->map = id_of(f, "m");
	assert_text_at(f, "name", "1\n");
	assert_waiting(f, 1);
	assert_kind(f, ".map.AbCdEf", NODE_SCRATCH);
	assert_int_equal(unlink_at(f, ".map.AbCdEf"), 0);
	assert_int_equal(rename_at(f, "name", "5", 0), 0);
	assert_kind(f, "5", NODE_KEY);
	assert_waiting(f, 0);
	assert_listed(f, ".map 5");
}

/* .map comes. */

static void test_map_comes(void **state)
{
	struct fixture *f = *state;
	uint32_t before = f->map;

	make(f, "-5", "{\"a\":1,\"b\":\"x\"}\n");
	make(f, "7", "{\"a\":2}\n");
	make(f, "8", "");
	make(f, "9", "3\n");
	assert_int_equal(write_at(f, "9", O_TRUNC, 0600, "{\"b\":\"y\"}\n"), 0);
	assert_int_equal(write_map(f, SPEC("s32", "struct{u32 a;char[4] b;}", "16")), 0);
	assert_int_not_equal(f->map, before);
	assert_false(catalog_is_alive(f->fs.catalog, before));
	assert_listed(f, "-5 .map 7 8 9");
	assert_text_at(f, "-5", "{\"a\":1,\"b\":\"x\"}\n");
	assert_text_at(f, "7", "{\"a\":2,\"b\":\"\"}\n");
	assert_text_at(f, "8", "{\"a\":0,\"b\":\"\"}\n");
	assert_text_at(f, "9", "{\"a\":0,\"b\":\"y\"}\n");
	assert_waiting(f, 0);
	assert_false(fresh_has(&f->fs.fresh, f->map));
	assert_int_equal(f->fs.waitroom.count, 0);
	assert_told(f, NULL);
	assert_int_equal(write_map(f, SPEC("u32", "u64", "16")), -EEXIST);
}

/* By .map the map is what it was: the same one. */
static void test_same_map_comes(void **state)
{
	struct fixture *f = *state;
	uint32_t before = f->map;

	make(f, "7", "1\n");
	make(f, "0x8", "2\n");
	assert_int_equal(write_map(f, SPEC("u32", "u64", "1024") "name=m\n"), 0);
	assert_int_equal(f->map, before);
	assert_element(f, 7, 1);
	assert_element(f, 8, 2);
	assert_listed(f, ".map 7 8");
	assert_kind(f, "0x8", NODE_KEY);
}

static void assert_fit(struct fixture *f, const char *listed, unsigned int waiting)
{
	assert_listed(f, listed);
	assert_waiting(f, waiting);
}

/* What does not fit is told and waits on, until it is mended or removed. */
static void test_not_all_fit(void **state)
{
	struct fixture *f = *state;

	make(f, "-5", "1\n");
	make(f, "70000", "2\n");
	make(f, "6", "300\n");
	make(f, "7", "7\n");
	make(f, "8", "{");
	make(f, "%", "5\n");
	assert_int_equal(write_map(f, SPEC("s16", "u8", "9")), -EINVAL);
	assert_string_equal(f->diag.why,
			    "4 of 6 files that waited for .map are no elements of this map; each "
			    "is told before, and they wait on");
	assert_told(f, "create /m/70000: EINVAL");
	assert_told(f, "create /m/6: EINVAL");
	assert_told(f, "    300");
	assert_told(f, "create /m/8: EINVAL");
	assert_told(f, "create /m/%: EINVAL");
	assert_fit(f, "% -5 .map 6 7 70000 8", 4);
	assert_text_at(f, "70000", "2\n");
	assert_text_at(f, "6", "300\n");
	assert_kind(f, "6", NODE_WAIT_FILE);
	assert_kind(f, "7", NODE_KEY);
	assert_text_at(f, "-5", "1\n");

	assert_int_equal(write_at(f, "6", O_TRUNC, 0600, "301\n"), -EINVAL);
	assert_text_at(f, "6", "300\n");
	assert_int_equal(write_at(f, "6", O_TRUNC, 0600, "30\n"), 0);
	assert_kind(f, "6", NODE_KEY);
	assert_text_at(f, "6", "30\n");
	assert_int_equal(rename_at(f, "70000", "700", RENAME_NOREPLACE), 0);
	assert_kind(f, "700", NODE_KEY);
	assert_int_equal(rename_at(f, "%", "7", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(rename_at(f, "%", "7", 0), 0);
	assert_text_at(f, "7", "5\n");
	assert_int_equal(unlink_at(f, "8"), 0);
	assert_fit(f, "-5 .map 6 7 700", 0);
}

/* Then .map says what the map is, and tries them again. */
static void test_map_again(void **state)
{
	struct fixture *f = *state;

	make(f, "1", "1\n");
	make(f, "2", "2\n");
	make(f, "3", "3\n");
	assert_int_equal(write_map(f, SPEC("u32", "u32", "2")), -ENOSPC);
	assert_told(f, "create /m/3: ENOSPC");
	assert_fit(f, ".map 1 2 3", 1);
	assert_text_at(f, "3", "3\n");
	assert_int_equal(write_map(f, SPEC("u32", "u32", "2")), -ENOSPC);
	assert_int_equal(write_map(f, SPEC("u32", "u32", "3")), -EEXIST);
	assert_int_equal(unlink_at(f, "1"), 0);
	assert_int_equal(write_map(f, SPEC("u32", "u32", "2")), 0);
	assert_fit(f, ".map 2 3", 0);
	assert_kind(f, "3", NODE_KEY);
}

/* A spec that makes no map changes nothing. */
static void test_bad_map(void **state)
{
	struct fixture *f = *state;
	uint32_t before = f->map;

	make(f, "7", "1\n");
	make(f, "name", "2\n");
	assert_int_equal(write_map(f, "nonsense\n"), -EINVAL);
	assert_int_equal(write_map(f, "type=hash\nkey=u32\n"), -EINVAL); /* at close */
	assert_int_equal(write_map(f, "type=array\nkey=u64\nvalue=4\nmax_entries=4\n"), -EINVAL);
	assert_int_equal(f->map, before);
	assert_true(awaited_is(&f->fs, f->map));
	assert_fit(f, "7 name", 1);
	assert_element(f, 7, 1);
	assert_int_equal(write_map(f, SPEC("char[8]", "u16", "4")), 0);
	assert_fit(f, ".map 7 name", 0);
}

/* bash's printf: a line at a time, and each may make the map once more. */
static void test_line_by_line(void **state)
{
	static const char *const lines[] = {"type=array\n",         "key=u32\n",
					    "value=u16\n",          "max_entries=9\n",
					    "map_flags=mmapable\n", "name=n\n"};
	struct fixture *f = *state;
	struct file *file;
	off_t at = 0;

	make(f, "7", "1\n");
	make(f, "8", "300\n");
	assert_int_equal(open_at(f, ".map", O_CREAT | O_TRUNC | O_WRONLY, 0666, &file), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		f->diag = (struct diag){0};
		if (file_write(file, lines[i], strlen(lines[i]), at, &f->diag))
			fail_msg("%s: %s", lines[i], f->diag.why);
		at += (off_t)strlen(lines[i]);
		f->map = id_of(f, "m");
		assert_text_at(f, "7", "1\n");
		assert_text_at(f, "8", "300\n");
	}
	close_file(f, file);
	assert_fit(f, ".map 7 8", 0);
	assert_kind(f, "7", NODE_KEY);
	assert_false(fresh_has(&f->fs.fresh, f->map));
}

/* The text comes in two pieces, and .map between them. */
static void test_open_while_map_comes(void **state)
{
	struct fixture *f = *state;
	struct file *file = open_new(f, "name"), *untouched = open_new(f, "other");

	assert_int_equal(file_write(file, "{\"a\":1,", 7, 0, &f->diag), 0);
	write_map(f, SPEC("char[8]", "struct{u8 a;u8 b;}", "4"));
	assert_int_equal(file_write(file, "\"b\":2}\n", 7, 7, &f->diag), 0);
	close_file(f, file);
	assert_int_equal(file_write(untouched, "{\"b\":3}\n", 8, 0, &f->diag), 0);
	close_file(f, untouched);
	assert_text_at(f, "name", "{\"a\":1,\"b\":2}\n");
	assert_text_at(f, "other", "{\"a\":0,\"b\":3}\n");
	assert_kind(f, "name", NODE_KEY);
	assert_fit(f, ".map name other", 0);
}

/* What is refused then is the error of that write, and nothing is there. */
static void test_open_and_does_not_fit(void **state)
{
	struct fixture *f = *state;
	struct file *file = open_new(f, "name");

	assert_int_equal(write_map(f, SPEC("u16", "u8", "4")), 0);
	assert_int_equal(file_write(file, "1\n", 2, 0, &f->diag), -EINVAL);
	file_release(file, NULL);
	file = open_new(f, "7");
	assert_int_equal(file_write(file, "300\n", 4, 0, &f->diag), -EINVAL);
	file_release(file, NULL);
	assert_fit(f, ".map", 0);
}

/* An inode keeps its number, and whoever has it has the key then. */
static void test_inodes_stay(void **state)
{
	static const char *const names[] = {"7", "name", "012345678901"};
	struct node *before[3], *after;
	struct fixture *f = *state;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		make(f, names[i], "1\n");
		assert_int_equal(fs_lookup(f, f->map, names[i], &before[i], &st), 0);
	}
	assert_int_equal(write_map(f, SPEC("char[8]", "u8", "9")), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(fs_lookup(f, f->map, names[i], &after, &st), 0);
		assert_ptr_equal(after, before[i]);
		assert_int_equal(attr_get(&f->fs, before[i], &st), 0);
		assert_int_equal(st.st_size, 2);
		node_put(&f->fs.nodes, after, 1);
		node_put(&f->fs.nodes, before[i], 1);
	}
}

/* chmod and chown of the map count, whenever they came. */
static void test_access_stays(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(access_chmod(&f->fs, f->map, 0640, NULL), 0);
	assert_int_equal(access_chown(&f->fs, f->map, 12, 34, NULL), 0);
	make(f, "7", "1\n");
	assert_int_equal(write_map(f, SPEC("u16", "u8", "4")), 0);
	assert_int_equal(fs_stat(f, f->map, "7", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_uid, 12);
	assert_int_equal(st.st_gid, 34);
}

/* A plain write. */

static void test_plain_write_ends_it(void **state)
{
	struct fixture *f = *state;

	make(f, "7", "1\n");
	make(f, "name", "2\n");
	assert_int_equal(write_at(f, "8", O_TRUNC, 0666, "3\n"), 0);
	assert_false(awaited_is(&f->fs, f->map));
	assert_kind(f, "7", NODE_KEY);
	assert_kind(f, "8", NODE_KEY);
	assert_kind(f, "name", NODE_WAIT_FILE);
	assert_fit(f, ".map 7 8 name", 1);
	assert_text_at(f, "0x7", "1\n");
	assert_int_equal(write_map(f, SPEC("char[8]", "u64", "9")), -EEXIST);
	assert_text_at(f, "name", "2\n");
	assert_int_equal(write_at(f, "name", O_TRUNC, 0600, "4\n"), -EINVAL);
	assert_text_at(f, "name", "2\n");
	assert_int_equal(rename_at(f, "name", "9", 0), 0);
	assert_element(f, 9, 2);
	assert_fit(f, ".map 7 8 9", 0);
}

/* One that is refused does not. */
static void test_refused_plain_write(void **state)
{
	struct fixture *f = *state;

	make(f, "name", "2\n");
	assert_int_equal(write_at(f, "8", O_TRUNC, 0666, "text\n"), -EINVAL);
	assert_true(awaited_is(&f->fs, f->map));
	assert_fit(f, "name", 1);
}

/* Other maps. */

static void test_array(void **state)
{
	struct fixture *f = *state;

	make(f, "1", "1\n");
	make(f, "3", "3\n");
	assert_int_equal(write_map(f, "type=array\nkey=u32\nvalue=u64\nmax_entries=5\n"), 0);
	assert_fit(f, ".map 1 3", 0); /* the other slots are hidden */
	make(f, "0", "5\n");
	assert_int_equal(stage_at(f, "3", "1\n"), -EEXIST);
	assert_element(f, 0, 5);
	assert_element(f, 3, 3);
	assert_fit(f, ".map 0 1 3", 0);
}

/* What -o mkdir= makes decides what is stored at once, and no more. */
static void with_mkdir(struct fixture *f, const char *spec, const char *name)
{
	spec_free(&f->fs.options.mkdir_spec);
	f->fs.options.mkdir_spec = (struct spec){.type = NULL};
	assert_int_equal(spec_parse(&f->fs.options.mkdir_spec, spec, strlen(spec), ',', &f->diag),
			 0);
	assert_int_equal(fs_try_mkdir(f, &fs_root, name), 0);
	f->map = id_of(f, name);
}

static void test_mkdir_option(void **state)
{
	static const struct {
		const char *spec, *name;
		size_t waiting;
	} cases[] = {
		{"type=array,value=u64,max_entries=4", "array", 2},
		{"type=lpm_trie,key=ipv4_prefix,value=u64,max_entries=4", "trie", 2},
		{"type=percpu_hash,key=u32,value=u64,max_entries=1", "percpu", 2},
		{"type=queue,value=u64,max_entries=4", "queue", 3},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		with_mkdir(f, cases[i].spec, cases[i].name);
		assert_listed(f, "");
		make(f, "3", "1\n");
		make(f, "10.0.0.0_8", "2\n");
		make(f, "name", "3\n");
		assert_int_equal(waitroom_count(&f->fs.waitroom, f->map), cases[i].waiting);
		assert_listed(f, "10.0.0.0_8 3 name");
		assert_text_at(f, "name", "3\n");
		assert_int_equal(write_map_at(f, SPEC("char[12]", "u8", "3")), 0);
		f->map = id_of(f, cases[i].name);
		assert_fit(f, ".map 10.0.0.0_8 3 name", 0);
		assert_text_at(f, "3", "1\n");
	}
}

/* tar's placeholder for a link, links, and a file in a map that becomes one of maps. */
static void test_links_beside_files(void **state)
{
	const struct maker maker = {.mode = 0777};
	struct fixture *f = *state;
	const struct identity dir = fs_map(f->map);
	struct found found = FOUND_INIT;
	struct file *file;

	fs_mkdir(f, "inner,type=hash,key=u32,value=u64,max_entries=4");
	make(f, "2", "5\n");
	assert_int_equal(open_at(f, "1", O_CREAT | O_EXCL | O_WRONLY, 0, &file), 0);
	close_file(f, file);
	assert_int_equal(tree_symlink(&f->fs, &dir, "3", "../inner", &maker, &found, &f->diag), 0);
	found_free(&found);
	assert_fit(f, "2 3", 2);
	assert_int_equal(write_map(f, "type=hash_of_maps\nkey=u32\nvalue=4\nmax_entries=9\n"
				      "inner_type=hash\ninner_key=4\ninner_value=8\n"
				      "inner_max_entries=4\n"),
			 -EINVAL);
	assert_told(f, "create /m/2: EINVAL: keys of this map are symbolic links to maps");
	assert_kind(f, "1", NODE_WAIT_LINK);
	assert_kind(f, "2", NODE_WAIT_FILE);
	assert_kind(f, "3", NODE_LINK);
	assert_fit(f, ".map 2 3", 2);
	assert_int_equal(unlink_at(f, "2"), 0);
	assert_fit(f, ".map 3", 1);
}

/* Directories that long names are cut into. */

static void test_directories(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir_at(f, path_of("a240")), 0);
	assert_int_equal(mkdir_at(f, path_of("a240")), -EEXIST);
	assert_int_equal(mkdir_at(f, path_of("a240/b240")), 0);
	assert_int_equal(mkdir_at(f, path_of("c240")), 0);
	assert_kind(f, path_of("a240"), NODE_LONG_DIR);
	assert_int_equal(stage_at(f, path_of("a240/x"), "1\n"), 0);
	assert_int_equal(stage_at(f, path_of("a240/b240/y"), "2\n"), 0);
	assert_int_equal(stage_at(f, path_of("d240/y"), "2\n"), -ENOENT);
	assert_text_at(f, path_of("a240/b240/y"), "2\n");
	assert_int_equal(rmdir_at(f, path_of("a240")), -ENOTEMPTY);
	assert_int_equal(rename_at(f, path_of("a240"), path_of("e240"), 0), -EXDEV);
	assert_int_equal(write_map(f, SPEC("char[600]", "u64", "9")), 0);
	assert_waiting(f, 0);
	assert_kind(f, path_of("a240"), NODE_LONG_DIR);
	assert_kind(f, path_of("c240"), NODE_LONG_DIR); /* which is still empty */
	assert_int_equal(value_at(f, path_of("a240/x")), 1);
	assert_int_equal(value_at(f, path_of("a240/b240/y")), 2);
	assert_int_equal(rmdir_at(f, path_of("c240")), 0);
	assert_kind(f, path_of("c240"), -ENOENT);
	assert_int_equal(rmdir_at(f, path_of("a240/b240")), -ENOTEMPTY);
	assert_int_equal(unlink_at(f, path_of("a240/b240/y")), 0);
	assert_int_equal(rmdir_at(f, path_of("a240/b240")), 0);
	assert_int_equal(f->fs.waitroom.count, 0);
}

static void test_directories_removed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir_at(f, path_of("a240")), 0);
	assert_int_equal(stage_at(f, path_of("a240/x"), "1\n"), 0);
	assert_int_equal(unlink_at(f, path_of("a240/x")), 0);
	assert_int_equal(rmdir_at(f, path_of("a240")), 0);
	assert_int_equal(rmdir_at(f, path_of("a240")), -ENOENT);
	assert_kind(f, path_of("a240"), -ENOENT);
	assert_listed(f, "");
}

/* Of a map that has no such names they wait on, as long as files in them do. */
static void test_directories_do_not_fit(void **state)
{
	struct fixture *f = *state;
	char told[300];

	assert_int_equal(mkdir_at(f, path_of("a240")), 0);
	assert_int_equal(stage_at(f, path_of("a240/x"), "1\n"), 0);
	assert_int_equal(write_map(f, SPEC("u32", "u64", "9")), -EINVAL);
	snprintf(told, sizeof(told), "create /m/%s/x: EINVAL", path_of("a240"));
	assert_told(f, told);
	assert_text_at(f, path_of("a240/x"), "1\n");
	assert_int_equal(rmdir_at(f, path_of("a240")), -ENOTEMPTY);
	assert_int_equal(rename_at(f, path_of("a240/x"), "5", 0), 0);
	assert_element(f, 5, 1);
	assert_int_equal(rmdir_at(f, path_of("a240")), 0);
	assert_fit(f, ".map 5", 0);
}

/* The room is bounded. */

static void fill_room(struct fixture *f, uint32_t map_id)
{
	char *text = calloc(1, quota_row(QUOTA_WAITING)->most);
	const struct waiter w = {.map_id = map_id,
				 .name = "large",
				 .text = text,
				 .len = quota_row(QUOTA_WAITING)->most - 1024};

	assert_non_null(text);
	assert_int_equal(waitroom_put(&f->fs.waitroom, &w, NULL), 0);
	free(text);
}

static void test_no_room(void **state)
{
	struct fixture *f = *state;
	uint32_t other = fs_mkdir(f, "other");
	char text[1024] = "1";

	make(f, "name", "x");
	fill_room(f, other);
	memset(text + 1, ' ', sizeof(text) - 2);
	assert_int_equal(stage_at(f, "second", text), -ENOSPC);
	assert_non_null(strstr(f->diag.why, "files that wait for the .map of their maps"));
	assert_int_equal(stage_at(f, "7", text), -ENOSPC); /* .map may still come */
	assert_element(f, 7, NONE);
	assert_fit(f, "name", 1);
	assert_int_equal(catalog_unpin(f->fs.catalog, other, NULL, NULL, NULL), 0);
	make(f, "7", text); /* what waited in maps that are gone gives way */
	assert_element(f, 7, 1);
	assert_true(awaited_is(&f->fs, f->map));
}

/* A map in which all has fitted so far is taken as it is. */
static void test_no_room_but_all_fits(void **state)
{
	struct fixture *f = *state;
	char text[1024] = "1";

	make(f, "6", "5\n");
	fill_room(f, fs_mkdir(f, "other"));
	memset(text + 1, ' ', sizeof(text) - 2);
	make(f, "7", text);
	assert_false(awaited_is(&f->fs, f->map));
	assert_kind(f, "6", NODE_KEY);
	assert_kind(f, "7", NODE_KEY);
	assert_fit(f, ".map 6 7", 0);
	assert_element(f, 7, 1);
}

/* The map goes. */
static void test_map_goes(void **state)
{
	struct fixture *f = *state;
	struct file *file = open_new(f, "open");
	struct node *node;
	struct stat st;

	make(f, "7", "1\n");
	make(f, "name", "2\n");
	assert_int_equal(fs_lookup(f, f->map, "name", &node, &st), 0);
	assert_int_equal(sys_pin_unlink(FS_PINDIR "/m"), 0);
	assert_int_equal(catalog_refresh(f->fs.catalog), 0);
	assert_true(fs_lacks_map(&f->fs, f->map));
	assert_true(attr_get(&f->fs, node, &st) < 0);
	assert_true(file_write(file, "1\n", 2, 0, &f->diag) < 0);
	file_release(file, NULL);
	node_put(&f->fs.nodes, node, 1);
	waitroom_prune(&f->fs.waitroom, fs_lacks_map, &f->fs);
	assert_int_equal(f->fs.waitroom.count, 0);
	assert_int_equal(fake_open_fds(), 0);
}

/* Whatever fails, no text is lost and nothing left open. */

static void assert_kept(struct fixture *f, const char *name, const char *text)
{
	fake_fail(FAKE_ANY, 0, 0); /* not now */
	assert_text_at(f, name, text);
	assert_int_equal(fake_open_fds(), 0);
}

static void test_failing_create(void **state)
{
	struct fixture *f = *state;
	unsigned int after;

	for (after = 0; after < 100; after++) {
		int err;

		fake_fail(FAKE_ANY, after, -EMFILE);
		err = stage_at(f, "7", "1\n");
		if (!fake_failed())
			break;
		if (!err)
			assert_kept(f, "7", "1\n");
		assert_int_equal(fake_open_fds(), 0);
		fake_fail(FAKE_ANY, 0, 0);
		unlink_at(f, "7");
		assert_element(f, 7, NONE);
	}
	assert_in_range(after, 3, 99);
}

static void test_failing_rewrite(void **state)
{
	struct fixture *f = *state;
	unsigned int after;

	make(f, "7", "1\n");
	for (after = 0; after < 200; after++) {
		char text[16], was[16];
		int err;

		snprintf(was, sizeof(was), "%u\n", after + 1);
		snprintf(text, sizeof(text), "%u\n", after + 2);
		fake_fail(FAKE_ANY, after, -EMFILE);
		err = write_at(f, "7", O_TRUNC, 0600, text);
		if (!fake_failed())
			break;
		assert_kept(f, "7", err ? was : text);
		make(f, ".stage", text);
		assert_int_equal(rename_at(f, ".stage", "7", 0), 0);
	}
	assert_in_range(after, 3, 199);
}

static int name_is_m(void *arg, const char *name, bool is_dir)
{
	(void)is_dir;
	if (strcmp(name, "m") != 0)
		fail_msg("%u: %s was left", *(unsigned int *)arg, name);
	return 0;
}

/* No map by the name that a new one has for a moment. */
static void assert_nothing_left(unsigned int after)
{
	assert_int_equal(sys_pin_list(FS_PINDIR, name_is_m, &after), 0);
	assert_int_equal(fake_live_maps(), 1);
}

static void test_failing_map(void **state)
{
	struct fixture *f = *state;
	unsigned int after;

	for (after = 0; after < 400; after++) {
		make(f, "7", "1\n");
		make(f, "name", "2\n");
		fake_fail(FAKE_ANY, after, -EMFILE);
		write_map_at(f, SPEC("char[8]", "u8", "3"));
		if (!fake_failed())
			break;
		fake_fail(FAKE_ANY, 0, 0);
		f->map = id_of(f, "m");
		assert_kept(f, "7", "1\n");
		assert_kept(f, "name", "2\n");
		assert_nothing_left(after);
		assert_int_equal(unlink_at(f, "7"), 0);
		assert_int_equal(unlink_at(f, "name"), 0);
		assert_int_equal(removal_rmdir(&f->fs, &fs_root, "m", &f->diag), 0);
		assert_int_equal(fs_try_mkdir(f, &fs_root, "m"), 0);
		f->map = id_of(f, "m");
	}
	assert_in_range(after, 20, 399);
	f->map = id_of(f, "m");
	assert_kept(f, "7", "1\n");
	assert_kept(f, "name", "2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_waits),
		TEST(test_what_waits),
		TEST(test_stored_at_once),
		TEST(test_rewritten),
		TEST(test_spellings),
		TEST(test_spellings_of_one_key),
		TEST(test_not_twice),
		TEST(test_touched),
		TEST(test_truncated),
		TEST(test_removed),
		TEST(test_rmdir_of_the_map),
		TEST(test_renamed),
		TEST(test_staged),
		TEST(test_staged_map_refused),
		TEST(test_map_comes),
		TEST(test_same_map_comes),
		TEST(test_not_all_fit),
		TEST(test_map_again),
		TEST(test_bad_map),
		TEST(test_line_by_line),
		TEST(test_open_while_map_comes),
		TEST(test_open_and_does_not_fit),
		TEST(test_inodes_stay),
		TEST(test_access_stays),
		TEST(test_plain_write_ends_it),
		TEST(test_refused_plain_write),
		TEST(test_array),
		TEST(test_mkdir_option),
		TEST(test_links_beside_files),
		TEST(test_directories),
		TEST(test_directories_removed),
		TEST(test_directories_do_not_fit),
		TEST(test_no_room),
		TEST(test_no_room_but_all_fits),
		TEST(test_map_goes),
		TEST(test_failing_create),
		TEST(test_failing_rewrite),
		TEST(test_failing_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
