/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Listing maps whose keys have names that are cut into directories. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fs_listing.h"
#include "tests/unit/fs_paths.h"

/* Each directory once, though many keys share it. */

static const char *const dirs[] = {"a240", "b240", "c240"};

/* 40 keys in each of the directories, and 8 short ones. */
static void fill(struct fixture *f)
{
	char path[16];

	for (int i = 1; i <= 128; i++) {
		if (i <= 8)
			snprintf(path, sizeof(path), "s%d", i);
		else
			snprintf(path, sizeof(path), "%s/a%d", dirs[i % 3], i / 3 + 100);
		put_at(f, path_of(path), (uint64_t)i);
	}
}

static void assert_complete(const struct listed *l)
{
	assert_int_equal(l->count, 3 + ARRAY_SIZE(dirs) + 8);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		const struct entry *e = entry_of(l, path_of(dirs[i]));

		assert_non_null(e);
		assert_int_equal(e->kind, NODE_LONG_DIR);
		assert_true(S_ISDIR(e->st.st_mode));
	}
	for (size_t i = 0; i < l->count; i++)
		assert_ptr_equal(entry_of(l, l->entries[i].name), &l->entries[i]);
}

static void test_listing(void **state)
{
	struct listed *all = new_listed(), *rest = new_listed();
	struct fixture *f = *state;
	struct dir *d;

	f->map = fs_mkdir(f, "m,key=char[400],value=u64");
	fill(f);
	d = open_map_dir(f, f->map);
	for (size_t room = 1; room < 32; room += 1 + room / 4) {
		list_from(d, 0, room & 1, room, all);
		assert_complete(all);
	}
	list_from(d, 0, false, EVERYTHING, all);
	assert_complete(all);
	for (size_t i = all->count; i-- > 0;) { /* going back */
		list_from(d, all->entries[i].next, true, EVERYTHING, rest);
		assert_rest(all, i + 1, rest);
	}
	dir_close(d);
	free(all);
	free(rest);
}

/* The kernel asks again for what found no room in its caller's buffer. */
static void test_going_back_within_a_reply(void **state)
{
	struct listed *all = new_listed(), *one = new_listed();
	struct fixture *f = *state;
	struct dir *d;
	off_t off = 0;

	f->map = fs_mkdir(f, "m,key=char[400],value=u64");
	fill(f);
	d = open_map_dir(f, f->map);
	do {
		one->count = 0;
		one->room = 5;
		assert_int_equal(dir_read(d, off, true, listed_take, one, NULL), 0);
		for (size_t i = 0; i < one->count && i < 2; i++) {
			all->entries[all->count++] = one->entries[i];
			off = one->entries[i].next;
		}
	} while (one->count);
	assert_complete(all);
	dir_close(d);
	free(all);
	free(one);
}

static struct dir *open_dir_at(struct fixture *f, const char *path)
{
	struct found dir = FOUND_INIT, found = FOUND_INIT;
	const char *name;
	struct dir *d;

	assert_int_equal(walk_to(f, path, &dir, &name), 0);
	assert_int_equal(look_up_name(f, &dir.id, name, &found), 0);
	d = open_dir(f, &found.id);
	found_free(&dir);
	found_free(&found);
	return d;
}

static void assert_listed_at(struct fixture *f, const char *path, size_t room, const char *expected)
{
	struct dir *d = open_dir_at(f, path);
	struct listed *l = new_listed();

	list_from(d, 0, room & 1, room, l);
	assert_sorted(l, expected);
	dir_close(d);
	free(l);
}

static void test_listing_inside(void **state)
{
	struct fixture *f = *state;

	f->map = fs_mkdir(f, "m,key=char[600],value=u64");
	put_at(f, path_of("a240/b20"), 7);
	put_at(f, path_of("a240/a20"), 7);
	put_at(f, path_of("a240/c240/x"), 7);
	put_at(f, path_of("a240/c240/y"), 7);
	put_at(f, path_of("b240/a240/z"), 7);
	put_at(f, "short", 7);
	for (size_t room = 1; room < 5; room++) {
		char expected[1024];

		snprintf(expected, sizeof(expected), ". .. %s %s %s", path_of("a20"),
			 path_of("b20"), path_of("c240"));
		assert_listed_at(f, path_of("a240"), room, expected);
		assert_listed_at(f, path_of("a240/c240"), room, ". .. x y");
		assert_listed_at(f, path_of("b240/a240"), room, ". .. z");
	}
	assert_int_equal(stage_at(f, path_of("a240/c240/.x.AbCdEf"), "7"), 0);
	assert_listed_at(f, path_of("a240/c240"), 1, ". .. x y");
	assert_int_equal(unlink_at(f, path_of("a240/c240/x")), 0);
	assert_int_equal(unlink_at(f, path_of("a240/c240/y")), 0);
	assert_listed_at(f, path_of("a240/c240"), 1, ". ..");
}

/* Several batches, of which keys go while they are listed: what stays is listed once. */
static void test_removal_while_listing(void **state)
{
	enum { KEYS = 3000, MANY_DIRS = 20 };
	struct listed *l = new_listed();
	struct fixture *f = *state;
	char path[64];
	size_t before;
	off_t off = 0;
	struct dir *d;

	f->map = fs_mkdir(f, "m,key=char[400],value=u64,max_entries=4000");
	for (int i = 0; i < KEYS; i++) {
		snprintf(path, sizeof(path), "%c240/%020d", 'a' + i % MANY_DIRS, i);
		put_at(f, path_of(path), 1);
	}
	d = open_map_dir(f, f->map);
	for (int i = 0; before = l->count, i < KEYS; i++) {
		l->room = 1 + random_below(4);
		assert_int_equal(dir_read(d, off, i & 1, listed_take, l, NULL), 0);
		if (l->count == before)
			break;
		off = l->entries[l->count - 1].next;
		for (int k = i * 60; k < (i + 1) * 60 && k < KEYS - MANY_DIRS; k++) {
			snprintf(path, sizeof(path), "%c240/%020d", 'a' + k % MANY_DIRS, k);
			delete_at(f, path_of(path));
		}
	}
	assert_int_equal(l->count, 3 + MANY_DIRS);
	for (int i = 0; i < MANY_DIRS; i++) {
		snprintf(path, sizeof(path), "%c240", 'a' + i);
		assert_non_null(entry_of(l, path_of(path)));
	}
	dir_close(d);
	free(l);
}

/* find, cp -r, rm -r. */

enum { FOUND = 400 };

struct tree {
	char *files[FOUND], *dirs[FOUND]; /* what is in a directory comes before it */
	size_t file_count, dir_count;
};

static void find(struct fixture *f, const char *path, struct tree *t)
{
	struct dir *d = *path ? open_dir_at(f, path) : open_map_dir(f, f->map);
	struct listed *l = new_listed();

	list_from(d, 0, random_below(2), 1 + random_below(50), l);
	dir_close(d);
	for (size_t i = 0; i < l->count; i++) {
		char *below;

		if (!l->entries[i].has_id || l->entries[i].kind == NODE_MAP_FILE)
			continue;
		assert_true(asprintf(&below, "%s%s%s", path, *path ? "/" : "", l->entries[i].name) >
			    0);
		if (kind_at(f, below) != (int)l->entries[i].kind)
			print_error("%s: %d\n", below, kind_at(f, below));
		assert_int_equal(kind_at(f, below), l->entries[i].kind);
		if (l->entries[i].kind == NODE_LONG_DIR) {
			find(f, below, t);
			t->dirs[t->dir_count++] = below;
		} else {
			t->files[t->file_count++] = below;
		}
	}
	free(l);
}

static void forget(struct tree *t)
{
	while (t->file_count)
		free(t->files[--t->file_count]);
	while (t->dir_count)
		free(t->dirs[--t->dir_count]);
}

/* The value is the path's number. */
static void copy(struct fixture *f, uint32_t to, const struct tree *t)
{
	f->map = to;
	for (size_t i = t->dir_count; i-- > 0;)
		assert_int_equal(mkdir_at(f, t->dirs[i]), 0);
	for (size_t i = 0; i < t->file_count; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%zu\n", i + 1);
		assert_int_equal(store_at(f, t->files[i], text), 0);
		assert_text_at(f, t->files[i], text);
	}
}

static void remove_all(struct fixture *f, const struct tree *t)
{
	for (size_t i = 0; i < t->file_count; i++)
		assert_int_equal(unlink_at(f, t->files[i]), 0);
	for (size_t i = 0; i < t->dir_count; i++)
		assert_int_equal(rmdir_at(f, t->dirs[i]), 0);
	for (size_t i = 0; i < t->dir_count; i++)
		assert_int_equal(kind_at(f, t->dirs[i]), -ENOENT);
}

static void random_key(char *key, size_t size)
{
	static const char *const parts[] = {"a",
					    "a",
					    "b",
					    "-",
					    ".",
					    ".",
					    "%",
					    ",",
					    "/",
					    "\n",
					    "%2E",
					    "\xc3\xa9",
					    "a",
					    "aa",
					    "\xe2\x82\xac",
					    "\xf0\x9d\x84\x9e",
					    " "};
	size_t kinds = random_below(3) ? 4 : ARRAY_SIZE(parts), len = 0, end;

	memset(key, 0, size);
	if (random_below(8) == 0) {
		random_bytes(key, size);
		return;
	}
	end = random_below(2) ? size : 232 + random_below(12) + 240 * random_below(2);
	if (random_below(4) == 0)
		kinds = ARRAY_SIZE(parts);
	while (len < end && len < size) {
		const char *part = parts[random_below((uint32_t)kinds)];

		if (len % 240 > 230 && random_below(2))
			part = parts[4 + random_below(ARRAY_SIZE(parts) - 4)];
		if (len + strlen(part) > end || len + strlen(part) > size)
			part = "z";
		memcpy(key + len, part, strlen(part));
		len += strlen(part);
	}
}

static void copy_random(struct fixture *f, const char *type)
{
	enum { KEYS = 40 };
	struct tree tree = {.file_count = 0}, again = {.file_count = 0};
	struct bpf_map_info info;
	char name[100], key[1024];
	uint32_t from, to;
	int fd;

	snprintf(name, sizeof(name), "from,key=%s", type);
	from = fs_mkdir(f, name);
	snprintf(name, sizeof(name), "to,key=%s", type);
	to = fs_mkdir(f, name);
	fd = sys_map_open_id(from, 0);
	assert_int_equal(sys_map_info(fd, &info), 0);
	for (uint64_t i = 0; i < KEYS; i++) {
		random_key(key, info.key_size);
		assert_int_equal(sys_map_update(fd, key, &i, BPF_ANY), 0);
	}
	sys_close(fd);

	f->map = from;
	find(f, "", &tree);
	snprintf(name, sizeof(name), "%zu\n", tree.file_count);
	assert_file(f, from, ".count", name);
	copy(f, to, &tree);
	assert_file(f, to, ".count", name);
	f->map = from;
	for (size_t i = 0; i < tree.file_count; i++)
		assert_int_equal(store_at(f, tree.files[i], "0\n"), 0);
	assert_file(f, from, ".count", name); /* the same keys */
	remove_all(f, &tree);
	assert_file(f, from, ".count", "0\n");
	f->map = to;
	find(f, "", &again);
	assert_int_equal(again.file_count, tree.file_count);
	assert_int_equal(again.dir_count, tree.dir_count);
	remove_all(f, &again);
	assert_file(f, to, ".count", "0\n");
	forget(&tree);
	forget(&again);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "from", NULL), 0);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "to", NULL), 0);
}

static void test_copy(void **state)
{
	struct fixture *f = *state;

	copy_random(f, f->row);
}

#define COPY_TEST(type)                                                   \
	{                                                                 \
		"copies of " type, test_copy, fs_setup, fs_teardown, type \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_listing),
		FS_TEST(test_going_back_within_a_reply),
		FS_TEST(test_listing_inside),
		FS_TEST(test_removal_while_listing),
		COPY_TEST("char[400]"),
		COPY_TEST("char[600]"),
		COPY_TEST("char[100]"),
		COPY_TEST("struct{char a[300];u32 b;}"),
		COPY_TEST("struct{u64 a;char b[250];}"),
		COPY_TEST("struct{char a[200];char b[200];}"),
		COPY_TEST("200"),
		COPY_TEST("u8[130]"),
		/* whose hex has the length of directories */
		COPY_TEST("119"),
		COPY_TEST("120"),
		COPY_TEST("239"),
		COPY_TEST("240"),
		COPY_TEST("u8[240]"),
		COPY_TEST("char[118]"),
		COPY_TEST("char[119]"),
		COPY_TEST("char[238]"),
		COPY_TEST("char[239]"),
		COPY_TEST("char[240]"),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
