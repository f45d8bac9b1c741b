/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Maps of maps: keys are symbolic links. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/attr.h"
#include "fs/key.h"
#include "fs/link.h"
#include "fs/newlink.h"
#include "fs/rename.h"
#include "fs/special.h"
#include "tests/unit/fs_fixture.h"
#include "tests/unit/fs_listing.h"

#define INNER "type=hash,key=u32,value=u64,max_entries=1024"    /* what a bare mkdir makes */
#define OUTER ",type=hash_of_maps,key=u32,max_entries=8,inner=" /* and a name */

static const struct maker maker = {.mode = 0777};

static int link_in(struct fixture *f, const struct identity *dir, const char *target,
		   const char *name)
{
	struct found found = FOUND_INIT;
	int err;

	f->diag = (struct diag){0};
	err = tree_symlink(&f->fs, dir, name, target, &maker, &found, &f->diag);
	found_free(&found);
	return err;
}

static int make_link(struct fixture *f, uint32_t map, const char *target, const char *name)
{
	const struct identity dir = fs_map(map);

	return link_in(f, &dir, target, name);
}

static int move_link(struct fixture *f, uint32_t map, const char *from, const char *to,
		     unsigned int flags)
{
	const struct identity dir = fs_map(map);

	f->diag = (struct diag){0};
	return rename_name(&f->fs, &dir, from, &dir, to, flags, &f->diag);
}

/* What readlink(1) says; "-" if there is no such link. What stat says fits to it. */
static void assert_link(struct fixture *f, uint32_t map, const char *name, const char *expected)
{
	struct buf target = BUF_INIT(10000);
	struct node *node;
	struct stat st;
	int err = fs_lookup(f, map, name, &node, &st);

	if (err) {
		assert_int_equal(err, -ENOENT);
		assert_string_equal("-", expected);
		return;
	}
	assert_int_equal(tree_readlink(&f->fs, node_identity(node), &target), 0);
	assert_int_equal(st.st_mode, S_IFLNK | 0777);
	assert_int_equal(st.st_size, strlen(expected));
	node_put(&f->fs.nodes, node, 1);
	assert_buf(&target, expected);
}

/* The id that the kernel has under a number, 0: none. */
static uint32_t element(uint32_t map, uint32_t key)
{
	int fd = sys_map_open_id(map, 0);
	uint32_t id = 0;

	assert_true(fd >= 0);
	if (sys_map_lookup(fd, &key, &id, 0))
		id = 0;
	sys_close(fd);
	return id;
}

static uint32_t id_of(struct fixture *f, const char *dir, const char *name)
{
	uint32_t id = 0;

	assert_int_equal(catalog_find(f->fs.catalog, dir, name, &id), 0);
	return id;
}

static uint32_t mkdir_in(struct fixture *f, const char *dir, const char *name)
{
	const struct identity id = {NODE_DIR, 0, (uint32_t)strlen(dir) + 1,
				    (const unsigned char *)dir};
	char plain[64];

	if (fs_try_mkdir(f, &id, name))
		fail_msg("mkdir %s/%s: %s", dir, name, f->diag.why);
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(name, ","), name);
	return id_of(f, dir, plain);
}

/* A map that is fresh. */
static uint32_t bare(struct fixture *f, const char *name)
{
	assert_int_equal(fs_try_mkdir(f, &fs_root, name), 0);
	return id_of(f, "", name);
}

static void write_map(struct fixture *f, const char *name, const char *text)
{
	if (special_write_map(&f->fs, id_of(f, "", name), text, strlen(text), &f->diag))
		fail_msg(".map of %s: %s", name, f->diag.why);
}

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

static void assert_listed(struct fixture *f, uint32_t map, const char *expected)
{
	struct listed *plain = new_listed(), *full = new_listed();

	list_all(f, map, false, plain);
	list_all(f, map, true, full);
	for (size_t i = 0; i < full->count; i++) {
		const struct entry *e = &full->entries[i];

		assert_int_equal(plain->entries[i].st.st_ino, e->st.st_ino);
		assert_int_equal(plain->entries[i].st.st_mode & S_IFMT, e->st.st_mode & S_IFMT);
		if (e->name[0] != '.') {
			struct stat st;

			assert_int_equal(e->st.st_mode, S_IFLNK | 0777);
			assert_int_equal(fs_stat(f, map, e->name, &st), 0);
			assert_int_equal(st.st_size, e->st.st_size);
			assert_int_equal(st.st_ino ? st.st_ino : e->st.st_ino, e->st.st_ino);
		}
	}
	assert_sorted(full, expected);
	free(plain);
	free(full);
}

/* Links as elements. */

static void test_link(void **state)
{
	struct fixture *f = *state;
	uint32_t inner = fs_mkdir(f, "inner," INNER), outer = fs_mkdir(f, "outer" OUTER "inner");
	struct stat st;

	assert_link(f, outer, "5", "-");
	assert_int_equal(make_link(f, outer, "../inner", "5"), 0);
	assert_link(f, outer, "5", "../inner");
	assert_link(f, outer, "0x5", "../inner");
	assert_int_equal(element(outer, 5), inner);
	assert_int_equal(make_link(f, outer, "../inner", "5"), -EEXIST);
	assert_listed(f, outer, ". .. .map 5");
	assert_int_equal(fs_stat(f, outer, "6", &st), -ENOENT);

	assert_int_equal(fs_unlink(f, outer, "5"), 0);
	assert_int_equal(fs_unlink(f, outer, "5"), -ENOENT);
	assert_int_equal(element(outer, 5), 0);
	assert_listed(f, outer, ". .. .map");
	assert_told(f, NULL);
}

static void test_array(void **state)
{
	struct fixture *f = *state;
	uint32_t inner = fs_mkdir(f, "inner," INNER);
	uint32_t outer = fs_mkdir(f, "outer,type=array_of_maps,max_entries=4,inner=inner");

	assert_listed(f, outer, ". .. .map");
	assert_int_equal(make_link(f, outer, "../inner", "4"), -EINVAL);
	assert_int_equal(make_link(f, outer, "../inner", "3"), 0);
	assert_int_equal(make_link(f, outer, "../inner", "3"), -EEXIST);
	assert_int_equal(make_link(f, outer, "../inner", "0"), 0);
	assert_int_equal(element(outer, 0), inner);
	assert_listed(f, outer, ". .. .map 0 3");
	assert_int_equal(fs_unlink(f, outer, "0"), 0);
	assert_int_equal(fs_unlink(f, outer, "0"), -ENOENT);
	assert_listed(f, outer, ". .. .map 3");
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "outer", &f->diag), -ENOTEMPTY);
	assert_int_equal(fs_unlink(f, outer, "3"), 0);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "outer", &f->diag), 0);
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t inner = fs_mkdir(f, "inner," INNER), outer = fs_mkdir(f, "outer" OUTER "inner");
	struct file *file;

	fs_mkdir(f, "other,type=hash,key=u32,value=u32,max_entries=4");
	assert_int_equal(make_link(f, outer, "../other", "5"), -EINVAL);
	assert_non_null(strstr(f->diag.why, "differ from those of the template: see .map"));
	assert_int_equal(make_link(f, outer, "../outer", "5"), -EINVAL);
	assert_int_equal(make_link(f, outer, "../inner", "five"), -EINVAL);
	assert_int_equal(make_link(f, inner, "../inner", "5"), -EPERM);
	assert_int_equal(link_in(f, &fs_root, "inner", "5"), -EPERM);
	assert_int_equal(make_link(f, outer, "../inner", ".info"), -EPERM);
	assert_int_equal(fs_open(f, outer, "5", O_CREAT | O_WRONLY, 0666, &file), -EINVAL);
	assert_string_equal(f->diag.why, LINK_NO_FILES);
	assert_int_equal(fs_open(f, outer, "5", O_CREAT | O_EXCL | O_WRONLY, 0600, &file), -EINVAL);
	assert_listed(f, outer, ". .. .map");
	for (uint32_t i = 0; i < 8; i++) {
		char name[8];

		snprintf(name, sizeof(name), "%u", i);
		assert_int_equal(make_link(f, outer, "../inner", name), 0);
	}
	assert_int_equal(make_link(f, outer, "../inner", "8"), -ENOSPC);
	raw_freeze(outer);
	assert_int_equal(make_link(f, outer, "../nothing", "9"), -EROFS);
	assert_int_equal(fs_unlink(f, outer, "1"), -EROFS);
	fs_remount(f, true);
	assert_int_equal(make_link(f, outer, "../inner", "9"), -EROFS);
	assert_link(f, outer, "1", "../inner");
}

/* What a map of the directory d is from links of the root and of other directories. */
static void test_targets(void **state)
{
	static const struct {
		const char *outer_dir, *target, *shown; /* NULL: the link waits */
	} cases[] = {
		{"", "../inner", "../inner"},
		{"", "inner", "../inner"},
		{"", "./..//inner/.", "../inner"},
		{"", "../d/../inner", "../inner"},
		{"", "/mnt/maps/inner", "../inner"},
		{"", "/mnt/maps/d/deep", "../d/deep"},
		{"", FS_PINDIR "/inner", "../inner"},
		{"", FS_PINDIR "/d/deep", "../d/deep"},
		{"", "/elsewhere/inner", "../inner"},
		{"", "../../../inner", "../inner"},
		{"", "../d/deep", "../d/deep"},
		{"", "../d/inner", "../inner"},
		{"", "../dee", NULL},
		{"", "../deep", NULL},
		{"", "..", NULL},
		{"", "/mnt/maps", NULL},
		{"d", "../deep", "../deep"},
		{"d", "../../inner", "../../inner"},
		{"d", "../inner", "../../inner"},
		{"d", "../../d/deep", "../deep"},
		{"d", "deep", "../deep"},
		{"e", "../../d/deep", "../../d/deep"},
		{"e", "/mnt/maps/d/deep", "../../d/deep"},
		{"e", "../deep", NULL},
	};
	struct fixture *f = *state;

	f->fs.mountpoint = "/mnt/maps";
	assert_int_equal(sys_pin_prepare(FS_PINDIR "/d"), 0);
	assert_int_equal(sys_pin_prepare(FS_PINDIR "/e"), 0);
	fs_mkdir(f, "inner," INNER);
	mkdir_in(f, "d", "deep," INNER);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *name = "outer,type=array_of_maps,max_entries=4,inner=inner";
		uint32_t outer = *cases[i].outer_dir ? mkdir_in(f, cases[i].outer_dir, name)
						     : fs_mkdir(f, name);

		if (make_link(f, outer, cases[i].target, "1"))
			fail_msg("%s: %s", cases[i].target, f->diag.why);
		if (!!element(outer, 1) != !!cases[i].shown)
			fail_msg("%s: %s", cases[i].target, cases[i].shown ? "waits" : "is stored");
		assert_link(f, outer, "1", cases[i].shown ? cases[i].shown : cases[i].target);
		assert_int_equal(fs_unlink(f, outer, "1"), 0);
		assert_int_equal(catalog_unpin(f->fs.catalog, outer, NULL, NULL, NULL), 0);
	}
}

/* By id, and maps that are shown nowhere. */
static void test_ids(void **state)
{
	struct fixture *f = *state;
	uint32_t inner = fs_mkdir(f, "inner," INNER), outer = fs_mkdir(f, "outer" OUTER "inner");
	char id[32];

	snprintf(id, sizeof(id), "../@%u", inner);
	assert_int_equal(make_link(f, outer, id, "1"), 0);
	assert_link(f, outer, "1", "../inner");
	assert_int_equal(make_link(f, outer, "../@4000000000", "2"), 0);
	assert_link(f, outer, "2", "../@4000000000");
	assert_int_equal(element(outer, 2), 0);
	f->fs.options.survey.pinned_only = true;
	fs_remount(f, false);
	assert_link(f, id_of(f, "", "outer"), "1", "../inner");
}

/* Names that are cut into directories lead further up. */
static void test_long_name(void **state)
{
	struct fixture *f = *state;
	struct buf target = BUF_INIT(1000);
	unsigned char key[300];
	uint32_t inner = fs_mkdir(f, "inner," INNER);
	uint32_t outer = fs_mkdir(f, "outer,type=hash_of_maps,key=300,inner=inner");

	memset(key, 0xab, sizeof(key));
	assert_int_equal(link_store(&f->fs, outer, key, inner, BPF_ANY, &f->diag), 0);
	assert_int_equal(link_read(&f->fs, outer, key, &target), 0);
	assert_buf(&target, "../../../inner");
}

/* Renames, and what ln -sfn and rsync do. */

static void test_rename(void **state)
{
	struct fixture *f = *state;
	uint32_t one = fs_mkdir(f, "one," INNER), two = fs_mkdir(f, "two," INNER);
	uint32_t outer = fs_mkdir(f, "outer" OUTER "one");
	const struct identity key = {NODE_LINK, outer, 4, (const unsigned char *)"\x05\0\0\0"};
	struct node *node;
	struct stat st;

	assert_int_equal(make_link(f, outer, "../one", "1"), 0);
	assert_int_equal(make_link(f, outer, "../two", "2"), 0);
	assert_int_equal(move_link(f, outer, "1", "5", 0), 0);
	assert_link(f, outer, "1", "-");
	assert_link(f, outer, "5", "../one");
	assert_int_equal(element(outer, 5), one);
	assert_int_equal(move_link(f, outer, "5", "5", 0), 0);
	assert_int_equal(move_link(f, outer, "1", "6", 0), -ENOENT);
	assert_int_equal(move_link(f, outer, "5", "2", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(move_link(f, outer, "5", "x", 0), -EINVAL);

	node = node_get(&f->fs.nodes, &key);
	assert_int_equal(move_link(f, outer, "5", "2", 0), 0);
	assert_link(f, outer, "2", "../one");
	assert_int_equal(element(outer, 2), one);
	assert_int_equal(attr_get(&f->fs, node, &st), 0); /* it is 2 now */
	node_put(&f->fs.nodes, node, 1);

	assert_int_equal(make_link(f, outer, "../two", "CuAbCdEf"), 0);
	assert_listed(f, outer, ". .. .map 2");
	assert_link(f, outer, "CuAbCdEf", "../two");
	assert_int_equal(move_link(f, outer, "CuAbCdEf", "2", 0), 0);
	assert_int_equal(element(outer, 2), two);
	assert_link(f, outer, "CuAbCdEf", "-");

	assert_int_equal(make_link(f, outer, "../one", ".7.AbCdEf"), 0);
	assert_int_equal(move_link(f, outer, ".7.AbCdEf", ".8.AbCdEf", 0), 0);
	assert_int_equal(move_link(f, outer, ".8.AbCdEf", "2", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(move_link(f, outer, ".8.AbCdEf", "7", RENAME_NOREPLACE), 0);
	assert_listed(f, outer, ". .. .map 2 7");
	fs_stage(f, outer, ".9.AbCdEf", "text");
	assert_int_equal(move_link(f, outer, ".9.AbCdEf", "7", 0), -EINVAL);
	assert_string_equal(f->diag.why, LINK_NO_FILES);
	assert_int_equal(move_link(f, outer, "7", ".map", 0), -EOPNOTSUPP);
	assert_int_equal(element(outer, 7), one);
}

/* Waiting. */

static void test_waits(void **state)
{
	struct fixture *f = *state;
	uint32_t one = fs_mkdir(f, "one," INNER), outer = fs_mkdir(f, "outer" OUTER "one"), late;

	assert_int_equal(make_link(f, outer, "../late", "1"), 0);
	assert_int_equal(make_link(f, outer, "../one", "2"), 0);
	assert_int_equal(make_link(f, outer, "../later", "3"), 0);
	assert_link(f, outer, "1", "../late");
	assert_int_equal(element(outer, 1), 0);
	assert_listed(f, outer, ". .. .map 1 2 3");
	assert_int_equal(make_link(f, outer, "../late", "1"), -EEXIST);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "outer", &f->diag), -ENOTEMPTY);

	late = fs_mkdir(f, "late," INNER);
	assert_int_equal(element(outer, 1), late);
	assert_link(f, outer, "1", "../late");
	assert_listed(f, outer, ". .. .map 1 2 3");
	assert_int_equal(catalog_find(f->fs.catalog, "", "one", &one), 0);
	assert_int_equal(rename_name(&f->fs, &fs_root, "one", &fs_root, "later", 0, &f->diag), 0);
	assert_int_equal(element(outer, 3), one);
	assert_int_equal(waitroom_count(&f->fs.waitroom, outer), 0);
	assert_told(f, NULL);
}

static void test_waiting_is_renamed_and_removed(void **state)
{
	struct fixture *f = *state;
	uint32_t one = fs_mkdir(f, "one," INNER), outer = fs_mkdir(f, "outer" OUTER "one");

	assert_int_equal(make_link(f, outer, "../a", "1"), 0);
	assert_int_equal(move_link(f, outer, "1", "2", 0), 0);
	assert_link(f, outer, "1", "-");
	assert_link(f, outer, "2", "../a");
	assert_int_equal(make_link(f, outer, "../one", "3"), 0);
	assert_int_equal(move_link(f, outer, "2", "3", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(move_link(f, outer, "2", "3", 0), 0); /* what is there is what is seen */
	assert_link(f, outer, "3", "../a");
	assert_int_equal(element(outer, 3), 0);
	assert_listed(f, outer, ". .. .map 3");
	assert_int_equal(move_link(f, outer, "3", "x", 0), -EINVAL);
	assert_int_equal(make_link(f, outer, "../one", "4"), 0);
	assert_int_equal(move_link(f, outer, "4", "3", 0), 0);
	assert_int_equal(element(outer, 3), one);
	assert_link(f, outer, "3", "../one");
	assert_int_equal(make_link(f, outer, "../b", "5"), 0);
	assert_int_equal(fs_unlink(f, outer, "5"), 0);
	assert_int_equal(fs_unlink(f, outer, "5"), -ENOENT);
	fs_mkdir(f, "b," INNER);
	assert_int_equal(element(outer, 5), 0);
	assert_int_equal(fs_unlink(f, outer, "3"), 0);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "outer", &f->diag), 0);
}

/* What does not fit when it comes is told, and goes on waiting. */
static void test_waits_in_vain(void **state)
{
	struct fixture *f = *state;
	uint32_t outer, id;

	fs_mkdir(f, "one," INNER);
	outer = fs_mkdir(f, "outer" OUTER "one");
	assert_int_equal(make_link(f, outer, "../late", "1"), 0);
	id = fs_mkdir(f, "late,type=array,key=u32,value=u8,max_entries=1");
	assert_link(f, outer, "1", "../late");
	assert_int_equal(element(outer, 1), 0);
	assert_told(f, "symlink /outer/1: EINVAL: the map's type, sizes or flags differ");
	assert_int_equal(catalog_unpin(f->fs.catalog, id, NULL, NULL, NULL), 0);
	id = fs_mkdir(f, "late," INNER);
	assert_int_equal(element(outer, 1), id);
}

static void make_late(void *arg)
{
	fake_hook(FAKE_MAP_FDINFO, NULL, NULL);
	fs_mkdir(arg, "late," INNER);
}

/* The map is made when it was already looked for in vain. */
static void test_map_comes_meanwhile(void **state)
{
	struct fixture *f = *state;
	uint32_t outer;

	fs_mkdir(f, "one," INNER);
	outer = fs_mkdir(f, "outer" OUTER "one");
	fake_hook(FAKE_MAP_FDINFO, make_late, f);
	assert_int_equal(make_link(f, outer, "../late", "1"), 0);
	assert_int_equal(element(outer, 1), id_of(f, "", "late"));
	assert_int_equal(waitroom_count(&f->fs.waitroom, outer), 0);
}

/* A link's inode, which the kernel has, is the element's when it becomes one. */
static void test_inode_moves(void **state)
{
	struct fixture *f = *state;
	struct buf target = BUF_INIT(100);
	struct node *node;
	struct stat st;
	uint32_t outer;

	fs_mkdir(f, "one," INNER);
	outer = fs_mkdir(f, "outer" OUTER "one");
	assert_int_equal(make_link(f, outer, "../late", "1"), 0);
	assert_int_equal(fs_lookup(f, outer, "1", &node, &st), 0);
	fs_mkdir(f, "late," INNER);
	assert_int_equal(node_identity(node)->kind, NODE_LINK);
	assert_int_equal(tree_readlink(&f->fs, node_identity(node), &target), 0);
	node_put(&f->fs.nodes, node, 1);
	assert_buf(&target, "../late");
}

/* Fresh maps. */

/* A link to a map that is made again leads to the new one, or waits. */
static void test_inner_made_again(void **state)
{
	struct fixture *f = *state;
	uint32_t outer, inner;

	fs_mkdir(f, "model," INNER);
	outer = fs_mkdir(f, "outer" OUTER "model");
	inner = bare(f, "inner");
	assert_int_equal(make_link(f, outer, "../inner", "1"), 0);
	assert_int_equal(element(outer, 1), inner); /* it fits as it is */
	write_map(f, "inner", "type=hash\nkey=u32\nvalue=u64\nmax_entries=7\n");
	assert_int_not_equal(id_of(f, "", "inner"), inner);
	assert_int_equal(element(outer, 1), id_of(f, "", "inner"));
	assert_false(catalog_is_alive(f->fs.catalog, inner));

	write_map(f, "inner", "type=array\nkey=u32\nvalue=u8\nmax_entries=7\n");
	assert_int_equal(element(outer, 1), 0);
	assert_link(f, outer, "1", "../inner");
	assert_told(f, "symlink /outer/1: EINVAL");
	write_map(f, "inner", "type=hash\nkey=u32\nvalue=u64\nmax_entries=8\n");
	assert_int_equal(element(outer, 1), id_of(f, "", "inner"));
	assert_listed(f, outer, ". .. .map 1");
}

/* If the new one cannot take its place after all, the old one stays in it. */
static void test_inner_not_made_again(void **state)
{
	static const char text[] = "type=hash\nkey=u32\nvalue=u64\nmax_entries=7\n";
	struct fixture *f = *state;
	uint32_t outer, inner;

	fs_mkdir(f, "model," INNER);
	outer = fs_mkdir(f, "outer" OUTER "model");
	inner = bare(f, "inner");
	assert_int_equal(make_link(f, outer, "../inner", "1"), 0);
	fake_fail(FAKE_PIN_REPLACE, 0, -EIO);
	assert_int_equal(special_write_map(&f->fs, inner, text, strlen(text), &f->diag), -EIO);
	assert_int_equal(element(outer, 1), inner);
	assert_link(f, outer, "1", "../inner");
	write_map(f, "inner", text);
	assert_int_equal(element(outer, 1), id_of(f, "", "inner"));
}

/* And what was changed in the map meanwhile is left alone. */
static void test_inner_made_again_too_late(void **state)
{
	struct fixture *f = *state;
	uint32_t model = fs_mkdir(f, "model," INNER), outer = fs_mkdir(f, "outer" OUTER "model");

	bare(f, "inner");
	assert_int_equal(make_link(f, outer, "../inner", "1"), 0);
	assert_int_equal(make_link(f, outer, "../inner", "2"), 0);
	assert_int_equal(link_store(&f->fs, outer, "\1\0\0\0", model, BPF_ANY, NULL), 0);
	assert_int_equal(fs_unlink(f, outer, "2"), 0);
	write_map(f, "inner", "type=hash\nkey=u32\nvalue=u64\nmax_entries=7\n");
	assert_int_equal(element(outer, 1), model);
	assert_int_equal(element(outer, 2), 0);
	assert_link(f, outer, "2", "-");
}

/* A link to a fresh map that does not fit yet: not refused. */
static void test_inner_comes_later(void **state)
{
	struct fixture *f = *state;
	uint32_t outer;

	fs_mkdir(f, "model,type=array,key=u32,value=u8,max_entries=3");
	outer = fs_mkdir(f, "outer" OUTER "model");
	bare(f, "inner");
	assert_int_equal(make_link(f, outer, "../inner", "1"), 0);
	assert_link(f, outer, "1", "../inner");
	assert_told(f, NULL);
	write_map(f, "inner", "type=array\nkey=u32\nvalue=u8\nmax_entries=3\n");
	assert_int_equal(element(outer, 1), id_of(f, "", "inner"));
}

/* Links come before .map of the map that they are in. */
static void test_outer_made_again(void **state)
{
	struct fixture *f = *state;
	uint32_t model = fs_mkdir(f, "model," INNER), outer = bare(f, "outer");

	assert_int_equal(make_link(f, outer, "../model", "1"), 0);
	assert_int_equal(make_link(f, outer, "../model", "0x2"), 0);
	assert_int_equal(make_link(f, outer, "../model", "no key"), 0);
	assert_int_equal(make_link(f, outer, "../late", "-5"), 0);
	assert_listed(f, outer, "-5 . .. 0x2 1 no key");
	assert_link(f, outer, "no key", "../model");
	assert_int_equal(make_link(f, outer, "../model", ".3.AbCdEf"), 0);
	assert_int_equal(move_link(f, outer, ".3.AbCdEf", "3", 0), 0);

	write_map(f, "outer",
		  "type=hash_of_maps\nkey=s32\nvalue=4\nmax_entries=9\ninner_type=hash\n"
		  "inner_key=4\ninner_value=8\ninner_max_entries=1024\n");
	outer = id_of(f, "", "outer");
	assert_int_equal(element(outer, 1), model);
	assert_int_equal(element(outer, 2), model);
	assert_int_equal(element(outer, 3), model);
	assert_told(f, "symlink /outer/no key: EINVAL");
	assert_int_equal(waitroom_count(&f->fs.waitroom, outer), 2);
}

/* .map with inner=NAME: not what it shows, but what a person may write. */
static void test_map_file_by_name(void **state)
{
	struct fixture *f = *state;

	fs_mkdir(f, "model," INNER);
	bare(f, "outer");
	write_map(f, "outer", "type=hash_of_maps\nkey=u32\nmax_entries=9\ninner=model\n");
	assert_int_equal(make_link(f, id_of(f, "", "outer"), "../model", "1"), 0);
	write_map(f, "outer", "type=hash_of_maps\nkey=4\nmax_entries=9\ninner=model\n");
	write_map(f, "outer", "type=hash_of_maps\nkey=u32\nmax_entries=9\ninner=model\n");
	assert_int_equal(special_write_map(&f->fs, id_of(f, "", "outer"), "inner=gone\n", 11, NULL),
			 -EINVAL);
	bare(f, "pieces");
	assert_int_equal(special_write_map(&f->fs, id_of(f, "", "pieces"),
					   "type=hash_of_maps\nkey=4\nvalue=4\nmax_entries=9\n", 47,
					   NULL),
			 -EAGAIN);
}

/* GNU tar: an empty file of mode 0 first, in place of which the link comes. */
static void test_placeholder(void **state)
{
	struct fixture *f = *state;
	uint32_t model = fs_mkdir(f, "model," INNER), outer = fs_mkdir(f, "outer" OUTER "model");
	struct file *file;
	struct stat before, after;

	assert_int_equal(fs_open(f, outer, "1", O_CREAT | O_EXCL | O_WRONLY, 0, &file), 0);
	assert_int_equal(fs_stat(f, outer, "1", &before), 0);
	assert_int_equal(file_flush(file, &f->diag), 0);
	assert_int_equal(file_release(file, &f->diag), 0);
	assert_int_equal(fs_stat(f, outer, "1", &after), 0);
	assert_int_equal(after.st_mode, S_IFREG);
	assert_int_equal(after.st_size, 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
	assert_int_equal(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
	assert_listed(f, outer, ". .. .map");
	assert_int_equal(fs_open(f, outer, "1", O_CREAT | O_EXCL | O_WRONLY, 0, &file), -EEXIST);
	assert_int_equal(make_link(f, outer, "../model", "1"), -EEXIST);
	assert_int_equal(fs_unlink(f, outer, "1"), 0);
	assert_int_equal(make_link(f, outer, "../model", "1"), 0);
	assert_int_equal(element(outer, 1), model);

	assert_int_equal(fs_open(f, outer, "2", O_CREAT | O_EXCL | O_WRONLY, 0, &file), 0);
	assert_int_equal(file_write(file, "5\n", 2, 0, &f->diag), -EINVAL);
	assert_string_equal(f->diag.why, LINK_NO_FILES);
	assert_int_equal(file_release(file, NULL), 0);
	assert_int_equal(fs_open(f, outer, "x", O_CREAT | O_EXCL | O_WRONLY, 0, &file), -EINVAL);
}

static int put_link(struct waitroom *t, uint32_t map_id, const char *name, const char *target,
		    uint32_t stored)
{
	const struct waiter link = {.map_id = map_id,
				    .kind = WAIT_LINK,
				    .stored = stored,
				    .name = (char *)name,
				    .text = (char *)target,
				    .len = strlen(target)};

	return waitroom_put(t, &link, NULL);
}

static void test_bounded(void **state)
{
	struct fixture *f = *state;
	uint32_t outer;
	char name[16];

	fs_mkdir(f, "model," INNER);
	outer = fs_mkdir(f, "outer,type=hash_of_maps,key=u32,max_entries=9,inner=model");
	for (int i = 0; i < (int)quota_row(QUOTA_LINKS)->most; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(put_link(&f->fs.waitroom, outer, name, "../no", 0), 0);
	}
	assert_int_equal(make_link(f, outer, "../no", "5000"), -ENOSPC);
	assert_non_null(strstr(f->diag.why, "links that wait for their maps"));
	assert_int_equal(make_link(f, outer, "../model", "5000"), 0);
	put_link(&f->fs.waitroom, outer, "17", "../model", 1); /* no longer fresh: not needed */
	assert_int_equal(make_link(f, outer, "../no", "5001"), 0);
	assert_int_equal(waitroom_find(&f->fs.waitroom, outer, "17", NULL), -ENOENT);
}

/* Whatever fails, a link is there or not, and nothing is left open. */
static void test_failing_calls(void **state)
{
	struct fixture *f = *state;
	uint32_t inner = fs_mkdir(f, "inner," INNER), outer = fs_mkdir(f, "outer" OUTER "inner");
	unsigned int after;

	for (after = 0; after < 100; after++) {
		int err;

		fake_fail(FAKE_ANY, after, -EMFILE);
		err = make_link(f, outer, "../inner", "1");
		assert_int_equal(fake_open_fds(), 0);
		if (!fake_failed())
			break;
		assert_true(!err || !element(outer, 1) || element(outer, 1) == inner);
		fs_unlink(f, outer, "1");
		waitroom_remove(&f->fs.waitroom, outer, "1");
	}
	assert_in_range(after, 3, 99);
	for (after = 0; after < 100; after++) {
		fake_fail(FAKE_ANY, after, -EMFILE);
		move_link(f, outer, "1", "2", 0);
		assert_int_equal(fake_open_fds(), 0);
		if (!fake_failed())
			break;
		fs_unlink(f, outer, "2");
		make_link(f, outer, "../inner", "1");
	}
	assert_in_range(after, 3, 99);
	fake_fail(FAKE_ANY, 1000, -EMFILE); /* what is left of it */
	assert_int_equal(element(outer, 2), inner);
}

static void test_info(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT(10000);
	uint32_t outer;

	fs_mkdir(f, "model," INNER);
	outer = fs_mkdir(f, "outer" OUTER "model");
	assert_int_equal(make_link(f, outer, "../no", "1"), 0);
	assert_int_equal(special_read_info(&f->fs, outer, &text), 0);
	assert_non_null(strstr(text.data, "waiting:\t1\n"));
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_link),
		FS_TEST(test_array),
		FS_TEST(test_refused),
		FS_TEST(test_targets),
		FS_TEST(test_ids),
		FS_TEST(test_long_name),
		FS_TEST(test_rename),
		FS_TEST(test_waits),
		FS_TEST(test_waiting_is_renamed_and_removed),
		FS_TEST(test_waits_in_vain),
		FS_TEST(test_map_comes_meanwhile),
		FS_TEST(test_inode_moves),
		FS_TEST(test_inner_made_again),
		FS_TEST(test_inner_not_made_again),
		FS_TEST(test_inner_made_again_too_late),
		FS_TEST(test_inner_comes_later),
		FS_TEST(test_outer_made_again),
		FS_TEST(test_map_file_by_name),
		FS_TEST(test_placeholder),
		FS_TEST(test_bounded),
		FS_TEST(test_failing_calls),
		FS_TEST(test_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
