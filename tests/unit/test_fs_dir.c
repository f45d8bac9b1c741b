/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What directories list, and where a listing goes on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fs_clock.h"
#include "tests/unit/fs_listing.h"

static int setup(void **state)
{
	clock_ahead = 0;
	return fs_setup(state);
}

/* What is listed. */

static void test_fixed_names(void **state)
{
	struct fixture *f = *state;
	struct listed *l = new_listed();
	const struct entry *e;

	list_all(f, fs_mkdir(f, "m"), true, l);
	assert_names(l, ". .. .map");
	e = entry_of(l, ".map");
	assert_int_equal(e->kind, NODE_MAP_FILE);
	assert_true(S_ISREG(e->st.st_mode));
	assert_true(e->st.st_size > 0);
	assert_false(l->entries[0].has_id);
	assert_false(l->entries[1].has_id);
	assert_true(S_ISDIR(l->entries[1].st.st_mode));
	free(l);
}

static void test_types(void **state)
{
	static const struct {
		const char *map, *names;
	} cases[] = {
		{"hash", ". .. .map 1 2"},
		{"lru,type=lru_hash", ". .. .map 1 2"},
		{"cpus,type=percpu_hash", ". .. .map 1 2"},
		{"slots,type=array,max_entries=4", ". .. .map 0 1 2 3"},
		{"cpu_slots,type=percpu_array,max_entries=3", ". .. .map 0 1 2"},
	};
	struct listed *l = new_listed();
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t map = fs_mkdir(f, cases[i].map);

		raw_put(map, 2, 20);
		raw_put(map, 1, 10);
		list_all(f, map, true, l);
		assert_sorted(l, cases[i].names);
		for (size_t k = 3; k < l->count; k++) {
			assert_int_equal(l->entries[k].kind, NODE_KEY);
			assert_true(S_ISREG(l->entries[k].st.st_mode));
		}
	}
	free(l);
}

static void test_array_is_in_order(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;

	list_all(f, fs_mkdir(f, "slots,type=array,max_entries=12"), false, l);
	assert_names(l, ". .. .map 0 1 2 3 4 5 6 7 8 9 10 11");
	free(l);
}

/* Host bits are no part of a name. */
static void test_trie(void **state)
{
	static const unsigned char keys[][8] = {{8, 0, 0, 0, 10, 1, 2, 3},
						{24, 0, 0, 0, 10, 0, 0, 9}};
	const uint64_t value = 7;
	struct listed *l = new_listed();
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "trie,type=lpm_trie,key=8");
	int fd = sys_map_open_id(map, 0);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_int_equal(sys_map_update(fd, keys[i], &value, BPF_ANY), 0);
	sys_close(fd);
	list_all(f, map, true, l);
	assert_sorted(l, ". .. .map 0a000000_24 0a000000_8");
	assert_file(f, map, "0a000000_8", "7\n");
	free(l);
}

static void test_without_keys(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;

	list_all(f, fs_mkdir(f, "queue,type=queue"), true, l);
	assert_names(l, ". .. .map");
	free(l);
}

/* What a listing has fetched before a slot is unlinked does not bring the slot back. */
static void test_hidden_meanwhile(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "slots,type=array,max_entries=8");
	struct dir *d;

	for (uint32_t slot = 0; slot < 8; slot++)
		raw_put(map, slot, 7);
	assert_int_equal(fs_unlink(f, map, "0"), 0);
	d = open_map_dir(f, map);
	l->room = 4; /* the first key is the last */
	assert_int_equal(dir_read(d, 0, false, listed_take, l, NULL), 0);
	assert_names(l, ". .. .map 1");
	assert_int_equal(fs_unlink(f, map, "5"), 0);
	list_from(d, l->entries[3].next, false, EVERYTHING, l);
	dir_close(d);
	assert_file(f, map, "5", NULL);
	list_all(f, map, false, l);
	assert_names(l, ". .. .map 1 2 3 4 6 7");
	free(l);
}

/* What was unlinked is not listed, nor are staging files. */
static void test_hidden(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "slots,type=array,max_entries=4");

	fs_stage(f, map, ".tmp", "7");
	fs_stage(f, map, "tmpAbCdEf", "7");
	assert_int_equal(fs_unlink(f, map, "0"), 0);
	assert_int_equal(fs_unlink(f, map, "3"), 0);
	assert_int_equal(fs_unlink(f, map, ".map"), 0);
	list_all(f, map, true, l);
	assert_names(l, ". .. 1 2");
	raw_put(map, 3, 9);
	clock_ahead = 2;
	list_all(f, map, false, l);
	assert_names(l, ". .. .map 1 2 3");
	for (int i = 1; i < 4; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(fs_unlink(f, map, name), 0);
	}
	list_all(f, map, true, l);
	assert_names(l, ". .. .map");
	free(l);
}

/* With attributes, they are those that a look-up gives. */
static void test_attributes(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	struct stat st;

	raw_put(map, 1, 10);
	raw_put(map, 2, 1234567);
	assert_int_equal(sys_pin_chmod(FS_PINDIR "/m", 0640), 0);
	list_all(f, map, true, l);
	assert_int_equal(l->count, 5);
	for (size_t i = 2; i < l->count; i++) {
		assert_int_equal(fs_stat(f, map, l->entries[i].name, &st), 0);
		assert_memory_equal(&l->entries[i].st, &st, sizeof(st));
	}
	assert_int_equal(entry_of(l, "2")->st.st_size, 8);
	free(l);
}

/* Those of a text that is being served stay as they are in listings as well. */
static void test_attributes_while_served(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	struct file *file;

	raw_put(map, 1, 10);
	assert_int_equal(fs_open(f, map, "1", O_RDONLY, 0, &file), 0);
	raw_put(map, 1, 1234567);
	list_all(f, map, true, l);
	assert_int_equal(file_release(file, NULL), 0);
	assert_int_equal(entry_of(l, "1")->st.st_size, 3);
	free(l);
}

/* Offsets. */

/* From every offset the same rest, in replies of any size, forwards and backwards. */
static void check_offsets(struct dir *d, bool with_stat)
{
	static const size_t rooms[] = {EVERYTHING, 1, 7};
	struct listed *all = new_listed(), *rest = new_listed();

	for (size_t r = 0; r < ARRAY_SIZE(rooms); r++) {
		list_from(d, 0, with_stat, rooms[r], all);
		for (size_t i = 0; i < all->count; i++) {
			list_from(d, all->entries[i].next, with_stat, rooms[r], rest);
			assert_rest(all, i + 1, rest);
		}
		for (size_t i = all->count; i-- > 0;) {
			list_from(d, all->entries[i].next, with_stat, rooms[0], rest);
			assert_rest(all, i + 1, rest);
		}
	}
	free(all);
	free(rest);
}

static void test_offsets(void **state)
{
	static const char *const types[] = {"hash", "array", "percpu_hash"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		uint32_t map = large_map(f, types[i], 200);
		struct dir *d = open_map_dir(f, map);

		check_offsets(d, false);
		dir_close(d);
		for (uint32_t key = 0; key < 200 && i != 1; key++)
			raw_delete(map, key);
		assert_int_equal(removal_rmdir(&f->fs, &fs_root, "large", NULL), 0);
	}
}

static void test_offsets_of_root(void **state)
{
	struct fixture *f = *state;
	struct dir *d = open_dir(f, &fs_root);

	for (int i = 0; i < 5; i++) {
		char name[64];

		snprintf(name, sizeof(name), "m%d", i);
		fs_mkdir(f, name);
		snprintf(name, sizeof(name), FS_PINDIR "/d%d", i);
		assert_int_equal(sys_pin_prepare(name), 0);
	}
	check_offsets(d, true);
	dir_close(d);
}

/* A reply that takes nothing is no end. */
static void test_no_room(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;
	struct dir *d = open_map_dir(f, large_map(f, "hash", 10));

	l->room = 0;
	assert_int_equal(dir_read(d, 0, true, listed_take, l, NULL), 0);
	assert_int_equal(l->count, 0);
	list_from(d, 0, true, 3, l);
	assert_int_equal(l->count, 13);
	dir_close(d);
	free(l);
}

#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, setup, fs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIR_TEST(test_fixed_names),
		DIR_TEST(test_types),
		DIR_TEST(test_array_is_in_order),
		DIR_TEST(test_trie),
		DIR_TEST(test_without_keys),
		DIR_TEST(test_hidden),
		DIR_TEST(test_hidden_meanwhile),
		DIR_TEST(test_attributes),
		DIR_TEST(test_attributes_while_served),
		DIR_TEST(test_offsets),
		DIR_TEST(test_offsets_of_root),
		DIR_TEST(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
