/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Listings of what changes meanwhile. */
#include "tests/unit/fs_listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"

enum { STABLE = 150, ALL = 400 };

/* Keys from STABLE on come and go. */
static void churn(uint32_t map)
{
	for (int i = 0; i < 20; i++) {
		uint32_t key = STABLE + random_below(ALL - STABLE);

		if (random_below(2))
			raw_put(map, key, key + 1);
		else
			raw_delete(map, key);
	}
	raw_put(map, random_below(STABLE), random_number() | 1);
}

static void churn_hook(void *arg)
{
	churn(*(uint32_t *)arg);
}

/* As the kernel does: asks for more than its caller takes, and goes back to what was
 * not taken. Counts in times how often each key was taken. */
static void read_in_bites(struct dir *d, uint32_t map, struct listed *l, unsigned int *times)
{
	off_t off = 0;

	for (;;) {
		size_t taken;

		l->count = 0;
		l->room = 1 + random_below(60);
		assert_int_equal(dir_read(d, off, random_below(2), listed_take, l, NULL), 0);
		if (!l->count)
			return;
		taken = 1 + random_below((uint32_t)l->count);
		for (size_t i = 0; i < taken; i++)
			if (l->entries[i].kind == NODE_KEY && l->entries[i].has_id)
				times[strtoul(l->entries[i].name, NULL, 10)]++;
		off = l->entries[taken - 1].next;
		churn(map);
	}
}

static void check_changes(struct fixture *f, const char *type, bool with_hook)
{
	uint32_t map = large_map(f, type, ALL);
	struct listed *l = new_listed();

	if (with_hook)
		fake_hook(FAKE_MAP_LOOKUP_BATCH, churn_hook, &map);
	for (int round = 0; round < 10; round++) {
		unsigned int times[ALL] = {0};
		struct dir *d = open_map_dir(f, map);

		read_in_bites(d, map, l, times);
		dir_close(d);
		for (uint32_t key = 0; key < ALL; key++) {
			if (times[key] > 1 || (key < STABLE && !times[key]))
				print_error("%s: %u is listed %u times\n", type, key, times[key]);
			assert_true(times[key] <= 1);
			assert_true(key >= STABLE || times[key] == 1);
		}
	}
	fake_hook(FAKE_MAP_LOOKUP_BATCH, NULL, NULL);
	free(l);
}

static void test_changes(void **state)
{
	check_changes(*state, "hash", false);
}

static void test_changes_in_batches(void **state)
{
	check_changes(*state, "hash", true);
}

static void test_changes_per_cpu(void **state)
{
	check_changes(*state, "percpu_hash", true);
}

/* The last reply is answered again as it was, whatever happened to the map since. */
static void test_back_within_reply(void **state)
{
	struct listed *first = new_listed(), *again = new_listed();
	struct fixture *f = *state;
	uint32_t map = large_map(f, "hash", ALL);
	struct dir *d = open_map_dir(f, map);

	first->room = EVERYTHING;
	assert_int_equal(dir_read(d, 0, true, listed_take, first, NULL), 0);
	for (uint32_t key = 0; key < ALL; key++)
		raw_delete(map, key);
	for (size_t i = 2; i < first->count; i++) {
		again->count = 0;
		again->room = EVERYTHING;
		assert_int_equal(
			dir_read(d, first->entries[i].next, true, listed_take, again, NULL), 0);
		if (i + 1 == first->count)
			break;
		assert_rest(first, i + 1, again);
	}
	dir_close(d);
	free(first);
	free(again);
}

/* rewinddir(3) is a new look. */
static void test_rewind(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	struct dir *d = open_map_dir(f, map), *root = open_dir(f, &fs_root);

	raw_put(map, 1, 1);
	list_from(d, 0, false, EVERYTHING, l);
	assert_names(l, ". .. .map 1");
	raw_delete(map, 1);
	raw_put(map, 2, 1);
	list_from(d, 0, false, EVERYTHING, l);
	assert_names(l, ". .. .map 2");
	list_from(root, 0, false, EVERYTHING, l);
	assert_names(l, ". .. m");
	fs_mkdir(f, "n");
	assert_int_equal(sys_pin_prepare(FS_PINDIR "/d"), 0);
	list_from(root, 0, false, EVERYTHING, l);
	assert_names(l, ". .. d m n");
	dir_close(d);
	dir_close(root);
	free(l);
}

/* The root. */

static void test_root(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;
	struct found below = FOUND_INIT;
	struct dir *d = open_dir(f, &fs_root);

	fs_mkdir(f, "b");
	fs_mkdir(f, "a");
	fs_stranger(f, BPF_MAP_TYPE_HASH, "theirs");
	fs_stranger(f, BPF_MAP_TYPE_PROG_ARRAY, "b");
	assert_int_equal(sys_pin_prepare(FS_PINDIR "/d"), 0);
	assert_int_equal(tree_find(&f->fs, &fs_root, "d", &below, NULL), 0);
	assert_int_equal(fs_try_mkdir(f, &below.id, "deep"), 0);
	list_from(d, 0, true, EVERYTHING, l);
	dir_close(d);
	assert_int_equal(l->count, 7);
	assert_string_equal(l->entries[2].name, "d");
	assert_string_equal(l->entries[3].name, "b");
	assert_string_equal(l->entries[4].name, "a");
	assert_string_equal(l->entries[5].name, "theirs");
	assert_memory_equal(l->entries[6].name, "b@", 2);
	for (size_t i = 2; i < l->count; i++)
		assert_true(S_ISDIR(l->entries[i].st.st_mode));
	d = open_dir(f, &below.id);
	list_from(d, 0, true, EVERYTHING, l);
	assert_names(l, ". .. deep");
	dir_close(d);
	found_free(&below);
	free(l);
}

/* A map goes in the middle of the listing, before any call that might ask for it. */
static void remove_b(void *arg)
{
	struct stat st;

	(void)arg;
	if (sys_pin_stat(FS_PINDIR "/b", &st) == 0)
		assert_int_equal(sys_pin_unlink(FS_PINDIR "/b"), 0);
}

static void test_map_vanishes(void **state)
{
	static const enum fake_call calls[] = {FAKE_MAP_OPEN_ID,  FAKE_PIN_STAT,    FAKE_PIN_OPEN,
					       FAKE_PIN_LIST,     FAKE_MAP_NEXT_ID, FAKE_MAP_INFO,
					       FAKE_MAP_MAY_WRITE};
	struct listed *l = new_listed();
	struct fixture *f = *state;

	fs_mkdir(f, "a");
	fs_mkdir(f, "c");
	for (size_t i = 0; i < 2 * ARRAY_SIZE(calls); i++) {
		struct dir *d = open_dir(f, &fs_root);

		fs_mkdir(f, "b");
		fake_hook(calls[i / 2], remove_b, NULL);
		list_from(d, 0, i % 2, 2, l);
		fake_hook(calls[i / 2], NULL, NULL);
		assert_non_null(entry_of(l, "a"));
		assert_non_null(entry_of(l, "c"));
		dir_close(d);
		remove_b(NULL);
		assert_int_equal(catalog_refresh(f->fs.catalog), 0);
	}
	free(l);
}

/* The map whose directory is open goes. */
static void test_map_goes(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;
	uint32_t map = large_map(f, "hash", 200);
	struct dir *d = open_map_dir(f, map);
	off_t off;

	l->room = EVERYTHING;
	assert_int_equal(dir_read(d, 0, true, listed_take, l, NULL), 0);
	off = l->entries[l->count - 1].next;
	assert_int_equal(sys_pin_unlink(FS_PINDIR "/large"), 0);
	assert_int_equal(dir_read(d, off, true, listed_take, l, NULL), -ENOENT);
	assert_int_equal(dir_read(d, off, false, listed_take, l, NULL), -ENOENT);
	dir_close(d);
	free(l);
}

static void test_failures(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;
	uint32_t map = large_map(f, "hash", 200);
	struct dir *d = open_map_dir(f, map);
	size_t before;

	fake_fail(FAKE_MAP_LOOKUP_BATCH, 1, -ENOMEM);
	l->room = EVERYTHING;
	assert_int_equal(dir_read(d, 0, false, listed_take, l, NULL), 0);
	before = l->count;
	assert_true(before > 3);
	assert_int_equal(dir_read(d, l->entries[before - 1].next, false, listed_take, l, NULL),
			 -ENOMEM);
	assert_int_equal(l->count, before);
	list_from(d, l->entries[before - 1].next, false, EVERYTHING, l);
	assert_int_equal(before + l->count, 203);
	dir_close(d);
	free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_changes),         FS_TEST(test_changes_in_batches),
		FS_TEST(test_changes_per_cpu), FS_TEST(test_back_within_reply),
		FS_TEST(test_rewind),          FS_TEST(test_root),
		FS_TEST(test_map_vanishes),    FS_TEST(test_map_goes),
		FS_TEST(test_failures),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
