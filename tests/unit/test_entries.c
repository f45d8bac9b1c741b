/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/entries.h"

static struct map_entry *add(struct entries *t, uint32_t id, const char *dir, const char *name)
{
	struct bpf_map_info info = {.id = id, .max_entries = id * 10};
	struct map_entry *e = entries_add(t, &info, dir, name);

	assert_non_null(e);
	assert_int_equal(e->id, id);
	return e;
}

static void test_find(void **state)
{
	struct entries t = {0};
	struct map_entry *b = add(&t, 20, "", "b"), *a = add(&t, 10, "", "a");
	struct map_entry *c = add(&t, 30, "dir", "b");

	(void)state;
	assert_ptr_equal(entries_by_id(&t, 10), a);
	assert_null(entries_by_id(&t, 11));
	assert_ptr_equal(entries_by_name(&t, "", "b"), b);
	assert_ptr_equal(entries_by_name(&t, "dir", "b"), c);
	assert_null(entries_by_name(&t, "dir", "a"));
	assert_null(entries_by_name(&t, "", "dir"));
	assert_null(entries_by_pin(&t, "/p"));
	assert_int_equal(a->info.max_entries, 100);
	assert_null(a->desc);
	assert_false(a->seen);
	entries_free(&t);
	assert_int_equal(t.count, 0);
}

static void test_place(void **state)
{
	struct entries t = {0};

	(void)state;
	assert_int_equal(entries_place(&t, 0), 0);
	add(&t, 10, "", "a");
	add(&t, 30, "", "c");
	add(&t, 20, "", "b");
	assert_int_equal(entries_place(&t, 0), 0);
	assert_int_equal(entries_place(&t, 10), 0);
	assert_int_equal(entries_place(&t, 11), 1);
	assert_int_equal(entries_place(&t, 20), 1);
	assert_int_equal(entries_place(&t, 30), 2);
	assert_int_equal(entries_place(&t, 31), 3);
	assert_int_equal(entries_place(&t, UINT32_MAX), 3);
	entries_free(&t);
}

static void test_rename(void **state)
{
	struct entries t = {0};
	struct map_entry *e = add(&t, 1, "", "old");

	(void)state;
	assert_int_equal(entries_rename(&t, e, "dir", "new"), 0);
	assert_null(entries_by_name(&t, "", "old"));
	assert_ptr_equal(entries_by_name(&t, "dir", "new"), e);
	assert_int_equal(entries_rename(&t, e, e->dir, e->name), 0);
	assert_ptr_equal(entries_by_name(&t, "dir", "new"), e);
	entries_free(&t);
}

static void test_pin(void **state)
{
	struct entries t = {0};
	struct map_entry *a = add(&t, 1, "", "a"), *b = add(&t, 2, "", "b");

	(void)state;
	assert_int_equal(entries_set_pin(&t, a, "/pin", 7), 0);
	assert_int_equal(entries_set_pin(&t, b, "/other", 8), 0);
	assert_ptr_equal(entries_by_pin(&t, "/pin"), a);
	assert_int_equal(a->pin_ino, 7);
	assert_int_equal(entries_set_pin(&t, a, "/moved", 7), 0);
	assert_null(entries_by_pin(&t, "/pin"));
	assert_ptr_equal(entries_by_pin(&t, "/moved"), a);
	assert_int_equal(entries_set_pin(&t, a, NULL, 0), 0);
	assert_int_equal(entries_set_pin(&t, a, NULL, 0), 0);
	assert_null(entries_by_pin(&t, "/moved"));
	assert_null(a->pin);
	entries_remove(&t, b);
	assert_null(entries_by_pin(&t, "/other"));
	entries_free(&t);
}

/* A pin may be set from the string that it is about to replace. */
static void test_pin_of_itself(void **state)
{
	struct entries t = {0};
	struct map_entry *a = add(&t, 1, "", "a");

	(void)state;
	assert_int_equal(entries_set_pin(&t, a, "/pin", 7), 0);
	assert_int_equal(entries_set_pin(&t, a, a->pin, 8), 0);
	assert_string_equal(a->pin, "/pin");
	assert_int_equal(a->pin_ino, 8);
	entries_free(&t);
}

enum { IDS = 300 };

static void assert_model(struct entries *t, const char names[IDS][16])
{
	size_t count = 0;

	for (uint32_t id = 1; id < IDS; id++) {
		struct map_entry *e = entries_by_id(t, id);

		assert_int_equal(e != NULL, names[id][0] != '\0');
		if (!e)
			continue;
		assert_string_equal(e->name, names[id]);
		assert_ptr_equal(entries_by_name(t, "", names[id]), e);
		assert_int_equal(entries_place(t, id), count);
		assert_ptr_equal(t->by_id[count], e);
		count++;
	}
	assert_int_equal(t->count, count);
}

/* Against an array of names. */
static void test_model(void **state)
{
	static char names[IDS][16];
	struct entries t = {0};

	(void)state;
	for (int step = 0; step < 4000; step++) {
		uint32_t id = random_below(IDS - 1) + 1;
		struct map_entry *e = entries_by_id(&t, id);

		if (e && random_below(2)) {
			entries_remove(&t, e);
			names[id][0] = '\0';
			continue;
		}
		snprintf(names[id], sizeof(names[id]), "%u.%d", id, step);
		if (e)
			assert_int_equal(entries_rename(&t, e, "", names[id]), 0);
		else
			add(&t, id, "", names[id]);
		if (step % 50 == 0)
			assert_model(&t, names);
	}
	assert_model(&t, names);
	entries_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),          cmocka_unit_test(test_place),
		cmocka_unit_test(test_rename),        cmocka_unit_test(test_pin),
		cmocka_unit_test(test_pin_of_itself), cmocka_unit_test(test_model),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
