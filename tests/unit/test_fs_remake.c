/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Writing .map: fresh maps are made again by it, others only agree with it. */
#include "tests/unit/fs_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/access.h"
#include "fs/attr.h"
#include "fs/awaited.h"
#include "fs/rename.h"
#include "fs/special.h"
#include "tests/unit/fs_clock.h"
#include "tests/unit/fs_listing.h"
#include "tests/unit/fs_paths.h"

#define SPEC "type=lru_hash\nkey=s16\nvalue=struct{u32 a;u8 b;}\nmax_entries=5\nname=given\n"

/* mkdir without a spec: a fresh map. */
static uint32_t make_fresh(struct fixture *f, const char *name)
{
	struct found found = FOUND_INIT;
	uint32_t id;

	assert_int_equal(tree_mkdir(&f->fs, &fs_root, name, &fs_maker, &found, NULL), 0);
	id = found.id.map_id;
	found_free(&found);
	return id;
}

static uint32_t id_of(struct fixture *f, const char *name)
{
	uint32_t id = 0;

	assert_int_equal(catalog_find(f->fs.catalog, "", name, &id), 0);
	return id;
}

static int write_map(struct fixture *f, uint32_t map, const char *text)
{
	f->diag = (struct diag){0};
	return special_write_map(&f->fs, map, text, strlen(text), &f->diag);
}

static void assert_spec(struct fixture *f, const char *name, const char *lines)
{
	struct buf text = BUF_INIT(10000);

	assert_int_equal(special_read_map(&f->fs, id_of(f, name), &text), 0);
	if (!strstr(text.data, lines))
		fail_msg("%s\n is not in\n%s", lines, text.data);
	buf_free(&text);
}

/* No .map until it is written, or a key is stored. */
static void test_fresh_has_no_map_file(void **state)
{
	struct fixture *f = *state;
	struct listed *l = new_listed();
	uint32_t map = make_fresh(f, "m");
	struct stat st;

	assert_int_equal(fs_stat(f, map, ".map", &st), -ENOENT);
	list_all(f, map, false, l);
	assert_names(l, ". ..");
	assert_int_equal(fs_stat(f, map, ".info", &st), 0);
	f->map = map;
	assert_int_equal(store_at(f, "1", "7"), 0);
	assert_int_equal(fs_stat(f, map, ".map", &st), 0);
	assert_int_equal(write_map(f, map, SPEC), -EEXIST);
	free(l);
}

/* A program fills it, or an hour goes by in which nothing was made in it. */
static void test_meant_as_it_is(void **state)
{
	struct fixture *f = *state;
	uint32_t filled = make_fresh(f, "filled"), old = make_fresh(f, "old"), id;
	struct stat st;

	assert_int_equal(fs_stat(f, filled, ".map", &st), -ENOENT);
	raw_put(filled, 5, 7);
	assert_int_equal(fs_stat(f, filled, ".map", &st), 0);
	assert_int_equal(write_map(f, filled, SPEC), -EEXIST);

	clock_ahead = FRESH_SECONDS - 1;
	assert_int_equal(fs_stat(f, old, ".map", &st), -ENOENT);
	fresh_touch(&f->fs.fresh, old);
	clock_ahead += FRESH_SECONDS - 1;
	assert_int_equal(fs_stat(f, old, ".map", &st), -ENOENT);
	clock_ahead += 2;
	assert_int_equal(fs_stat(f, old, ".map", &st), 0);
	assert_int_equal(write_map(f, old, SPEC), 0);
	id = id_of(f, "old");
	assert_int_not_equal(id, old);
	clock_ahead = 0;
}

/* What a program has put into a map that has its .map, and no key by a write, is not lost. */
static void test_filled_by_programs(void **state)
{
	static const char *const specs[] = {"type=hash\nkey=4\nvalue=8\nmax_entries=9\n",
					    "type=array\nkey=4\nvalue=8\nmax_entries=9\n"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		const char *name = i ? "array" : "hash";
		uint32_t map = make_fresh(f, name);
		uint64_t value;

		assert_int_equal(write_map(f, map, specs[i]), 0);
		map = id_of(f, name);
		raw_put(map, 1, 7);
		assert_int_equal(write_map(f, map, SPEC), -EEXIST);
		assert_int_equal(id_of(f, name), map);
		assert_int_equal(raw_get(map, 1, &value), 0);
		assert_int_equal(value, 7);
		raw_put(map, 1, 0);
	}
}

/* Another mount has stored a key, and so ended that .map is awaited. */
static void test_ended_by_another_mount(void **state)
{
	struct fixture *f = *state;
	uint32_t map = make_fresh(f, "m");
	struct stat st;

	assert_int_equal(fs_stat(f, map, ".map", &st), -ENOENT);
	assert_int_equal(sys_pin_set_mtime(FS_PINDIR "/m", (struct timespec){.tv_sec = 1}), 0);
	assert_int_equal(fs_stat(f, map, ".map", &st), 0);
}

/* rsync over a map that has no keys. */
static void test_staged_in_a_queue(void **state)
{
	static const char spec[] = "type=queue\nvalue=8\nmax_entries=3\n";
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "q,type=queue,value=8,max_entries=3");
	const struct identity dir = fs_map(map);

	fs_stage(f, map, ".map.AbCdEf", spec);
	assert_int_equal(rename_name(&f->fs, &dir, ".map.AbCdEf", &dir, ".map", 0, &f->diag), 0);
}

/* The daemon ends between mkdir and .map. */
static void test_awaited_over_restarts(void **state)
{
	struct fixture *f = *state;
	uint32_t map = make_fresh(f, "m"), used = make_fresh(f, "used");
	struct stat st;

	assert_int_equal(sys_pin_stat(FS_PINDIR "/m", &st), 0);
	assert_int_equal(st.st_mtim.tv_nsec, AWAITED_NSEC);
	assert_int_equal(access_chmod(&f->fs, map, 0644, NULL), 0);
	f->map = used;
	assert_int_equal(store_at(f, "1", "7"), 0);
	assert_int_equal(sys_pin_stat(FS_PINDIR "/used", &st), 0);
	assert_int_not_equal(st.st_mtim.tv_nsec, AWAITED_NSEC);

	fs_remount(f, false);
	awaited_find(&f->fs);
	assert_int_equal(fs_stat(f, map, ".map", &st), -ENOENT);
	assert_int_equal(fs_stat(f, used, ".map", &st), 0);
	assert_int_equal(write_map(f, map, SPEC), 0);
	assert_spec(f, "m", "type=lru_hash\n");
	assert_int_equal(sys_pin_stat(FS_PINDIR "/m", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_not_equal(st.st_mtim.tv_nsec, AWAITED_NSEC);

	fs_remount(f, false);
	awaited_find(&f->fs);
	assert_int_equal(write_map(f, id_of(f, "m"), "type=hash\n"), -EEXIST);
}

static void test_made_again(void **state)
{
	struct fixture *f = *state;
	uint32_t old = make_fresh(f, "m"), id;
	struct stat st;

	assert_int_equal(write_map(f, old, SPEC), 0);
	id = id_of(f, "m");
	assert_int_not_equal(id, old);
	assert_spec(f, "m",
		    "type=lru_hash\nkey=s16\nvalue=struct{u32 a;u8 b;}\nmax_entries=5\n"
		    "name=given\nbtf=");
	assert_int_equal(fs_stat(f, id, ".map", &st), 0);
	assert_false(catalog_is_alive(f->fs.catalog, old));
	assert_int_equal(catalog_find(f->fs.catalog, "", "m~new", &old), -ENOENT);

	assert_int_equal(write_map(f, id, SPEC), 0);
	assert_int_equal(id_of(f, "m"), id);
}

/* Lines may come one by one, as long as no key is stored. */
static void test_in_pieces(void **state)
{
	struct fixture *f = *state;
	uint32_t map = make_fresh(f, "m");

	assert_int_equal(write_map(f, map, "type=array\n"), -EAGAIN);
	assert_int_equal(write_map(f, map, "type=array\nkey=4\nvalue=1\nmax_ent"), -EAGAIN);
	assert_int_equal(write_map(f, map, "type=array\nkey=4\nvalue=1\nmax_entries=2\n"), 0);
	assert_int_equal(
		write_map(f, id_of(f, "m"), "type=array\nkey=4\nvalue=1\nmax_entries=2\nname=x\n"),
		0);
	assert_spec(f, "m", "type=array\nkey=4\nvalue=1\nmax_entries=2\nname=x\n");
}

/* Who made a map by a spec, or long ago, is told what it is. */
static void test_not_fresh(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m,type=hash,key=u16,value=u8,max_entries=3");

	assert_int_equal(write_map(f, map, "type=hash\nkey=u16\nvalue=u8\nmax_entries=3\n"), 0);
	assert_int_equal(write_map(f, map, "type=hash\n"), 0);
	assert_int_equal(write_map(f, map, "type=array\n"), -EEXIST);
	assert_int_equal(f->diag.err, EEXIST);
	assert_int_equal(write_map(f, map, "key=u32\n"), -EEXIST);
	assert_int_equal(write_map(f, map, "nonsense\n"), -EINVAL);
	assert_int_equal(id_of(f, "m"), map);
}

/* A spec that the kernel refuses leaves the fresh map as it was. */
static void test_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t map = make_fresh(f, "m");

	assert_int_equal(write_map(f, map, "type=array\nkey=8\nvalue=1\nmax_entries=2\n"), -EINVAL);
	fake_fail(FAKE_PIN, 0, -EIO);
	assert_int_equal(write_map(f, map, SPEC), -EIO);
	assert_int_equal(id_of(f, "m"), map);
	assert_int_equal(write_map(f, map, SPEC), 0);
	fs_remount(f, true);
	assert_int_equal(write_map(f, id_of(f, "m"), "type=hash\n"), -EEXIST);
}

/* rsync: a staging file renamed onto .map. */
static void test_renamed_onto(void **state)
{
	struct fixture *f = *state;
	uint32_t map = make_fresh(f, "m");
	const struct identity dir = fs_map(map);

	fs_stage(f, map, ".map.AbCdEf", SPEC);
	assert_int_equal(rename_name(&f->fs, &dir, ".map.AbCdEf", &dir, ".map", 0, &f->diag), 0);
	assert_spec(f, "m", "type=lru_hash\n");
}

/* The directory's inode stands for the new map, for those who have it. */
static void test_inode_moves(void **state)
{
	struct fixture *f = *state;
	uint32_t map = make_fresh(f, "m");
	const struct identity dir = fs_map(map);
	struct node *node = node_get(&f->fs.nodes, &dir);
	struct stat st;

	assert_int_equal(write_map(f, map, SPEC), 0);
	assert_int_equal(attr_get(&f->fs, node, &st), 0);
	assert_int_equal(node_identity(node)->map_id, id_of(f, "m"));
	node_put(&f->fs.nodes, node, 1);
}

/* A directory that is made in a fresh map says that it was to be a directory of maps. */
static void test_made_a_directory(void **state)
{
	struct fixture *f = *state;
	uint32_t map = make_fresh(f, "a.b"), id;
	const struct identity dir = fs_map(map);
	struct node *node = node_get(&f->fs.nodes, &dir);
	struct found found = FOUND_INIT;

	assert_int_equal(tree_mkdir(&f->fs, &dir, "c", &fs_maker, &found, &f->diag), 0);
	assert_int_equal(node_identity(node)->kind, NODE_DIR);
	assert_string_equal(tree_dir_path(node_identity(node)), "a%2Eb");
	assert_false(catalog_is_alive(f->fs.catalog, map));
	assert_int_equal(catalog_find(f->fs.catalog, "a%2Eb", "c", &id), 0);
	assert_int_equal(found.id.map_id, id);
	found_free(&found);

	found = FOUND_INIT;
	assert_int_equal(fs_kind(f, &fs_root, "a.b"), NODE_DIR);
	assert_int_equal(fs_try_mkdir(f, node_identity(node), "d,type=array,key=u32"), 0);
	assert_int_equal(fs_try_mkdir(f, node_identity(node), "c"), -EEXIST);
	node_put(&f->fs.nodes, node, 1);
	found_free(&found);
}

/* Any other map is one. */
static void test_made_no_directory(void **state)
{
	struct fixture *f = *state;
	uint32_t made = fs_mkdir(f, "made,type=hash"), holds = make_fresh(f, "holds"),
		 waits = make_fresh(f, "waits"), written = make_fresh(f, "written");
	struct identity dir = fs_map(made);

	assert_int_equal(fs_try_mkdir(f, &dir, "c"), -EPERM);
	assert_string_equal(f->diag.why, LONGDIR_NO_OTHERS);
	raw_put(holds, 5, 7);
	dir = fs_map(holds);
	assert_int_equal(fs_try_mkdir(f, &dir, "c"), -EPERM);
	f->map = waits;
	assert_int_equal(write_at(f, "no key", O_EXCL, 0600, "7\n"), 0);
	dir = fs_map(waits);
	assert_int_equal(fs_try_mkdir(f, &dir, "c"), -EPERM);
	assert_int_equal(write_map(f, written, SPEC), 0);
	dir = fs_map(id_of(f, "written"));
	assert_int_equal(fs_try_mkdir(f, &dir, "c"), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_fresh_has_no_map_file),
		FS_TEST(test_meant_as_it_is),
		FS_TEST(test_filled_by_programs),
		FS_TEST(test_ended_by_another_mount),
		FS_TEST(test_staged_in_a_queue),
		FS_TEST(test_awaited_over_restarts),
		FS_TEST(test_made_again),
		FS_TEST(test_in_pieces),
		FS_TEST(test_not_fresh),
		FS_TEST(test_refused),
		FS_TEST(test_renamed_onto),
		FS_TEST(test_inode_moves),
		FS_TEST(test_made_a_directory),
		FS_TEST(test_made_no_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
