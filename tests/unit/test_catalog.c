/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Making, renaming and unpinning maps; what is looked up is in test_survey.c. */
#include "tests/unit/catalog_fixture.h"

#include <errno.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fake_sys.h"

#define SPEC "type=hash,key=u32,value=u64,max_entries=16"
#define LONG_64 "0123456789012345678901234567890123456789012345678901234567890123"
#define LONG_256 LONG_64 LONG_64 LONG_64 LONG_64

/* The id of the new map, or -errno, which is explained. */
static int64_t create(struct catalog *c, const char *dir, const char *name, const char *text)
{
	struct diag d = {0};
	struct spec s = {0};
	uint32_t id = 0;
	int err;

	assert_int_equal(spec_parse(&s, text, strlen(text), ',', &d), 0);
	err = catalog_create(c, dir, name, &s, &id, &d);
	spec_free(&s);
	assert_int_equal(d.err, -err);
	assert_int_equal(d.why[0] != '\0', err != 0);
	return err ? err : (int64_t)id;
}

static void assert_path(struct catalog *c, uint32_t id, const char *path, const char *pin)
{
	struct buf out = BUF_INIT(4096);

	assert_int_equal(catalog_path(c, id, &out), 0);
	assert_buf(&out, path);
	assert_int_equal(catalog_pin(c, id, &out, NULL), pin ? 0 : -ENOENT);
	assert_buf(&out, pin ? pin : "");
}

static void test_create(void **state)
{
	static const struct {
		const char *name, *shown, *pin, *kernel;
	} cases[] = {
		{"plain", "plain", PINDIR "/plain", "plain"},
		{"flows.rodata", "flows.rodata", PINDIR "/flows%2Erodata", "flows.rodata"},
		{"a b-c", "a b-c", PINDIR "/a b-c", "a_b_c"},
		{"%2Ebss", "%2Ebss", PINDIR "/%2Ebss", ".bss"},
		{"%61", "a", PINDIR "/a", "a"},
		{"x@y", "x%40y", PINDIR "/x%40y", "x_y"},
		{"a%2Cb", "a%2Cb", PINDIR "/a%2Cb", "a_b"},
		{"a name beyond 15", "a name beyond 15", PINDIR "/a name beyond 15",
		 "a_name_beyond_1"},
		{"\xc3\xa4", "\xc3\xa4", PINDIR "/\xc3\xa4", "__"},
	};
	struct catalog *c = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t id = (uint32_t)create(c, "", cases[i].name, SPEC);
		struct map_desc *desc;
		struct stat st;

		assert_path(c, id, cases[i].shown, cases[i].pin);
		assert_int_equal(sys_pin_stat(cases[i].pin, &st), 0);
		assert_int_equal(found(c, "", cases[i].name), id);
		assert_int_equal(found(c, "", cases[i].shown), id);
		assert_int_equal(catalog_desc(c, id, &desc), 0);
		assert_string_equal(desc->info.name, cases[i].kernel);
		assert_int_equal(desc->info.id, id);
		map_desc_unref(desc);
	}
	assert_int_equal(fake_open_fds(), 0);
	assert_int_equal(catalog_refresh(c), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_not_equal(found(c, "", cases[i].shown), 0);
}

/* After a restart of the daemon each map is back under its name. */
static void test_created_come_back(void **state)
{
	static const char *const names[] = {"plain", "a.b",    "%2Ebss", "x%40y",
					    "a%2Cb", "100%25", "%FF",    "sp ace"};
	struct catalog *c = *state, *again = new_catalog(true, 0);
	uint32_t ids[ARRAY_SIZE(names)];

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		ids[i] = (uint32_t)create(c, "", names[i], SPEC);
	assert_int_equal(catalog_refresh(again), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		struct buf path = BUF_INIT(1000);

		assert_int_equal(found(again, "", names[i]), ids[i]);
		assert_int_equal(catalog_path(again, ids[i], &path), 0);
		assert_buf(&path, names[i]);
	}
	catalog_free(again);
}

static void test_create_refused(void **state)
{
	static const struct {
		const char *dir, *name, *spec;
		int err;
	} cases[] = {
		{"", "map", SPEC, -EEXIST},
		{"", "%6Dap", SPEC, -EEXIST},
		{"", "held", SPEC, -EEXIST},
		{"", "program", SPEC, -EEXIST},
		{"", "dir", SPEC, -EEXIST},
		{"dir", "deep", SPEC, -EEXIST},
		{"", "", SPEC, -EINVAL},
		{"", ".hidden", SPEC, -EINVAL},
		{"", "..", SPEC, -EINVAL},
		{"", "@5", SPEC, -EINVAL},
		{"", "a%00b", SPEC, -EINVAL},
		{"", LONG_256, SPEC, -ENAMETOOLONG},
		{"no/such", "x", SPEC, -ENOENT},
		{"", "x", "type=hash", -EINVAL},
		{"", "x", "type=array,key=8,value=4,max_entries=1", -EINVAL},
		{"", "x", "type=array,key=4,value=1048576,max_entries=1000000", -EFBIG},
	};
	struct catalog *c = *state;
	unsigned int maps;
	int fd;

	held_map("held", &fd);
	pinned_map("k", "map");
	assert_int_equal(fake_pin_other(PINDIR "/program"), 0);
	assert_int_equal(sys_pin_prepare(PINDIR "/dir"), 0);
	pinned_map("k", "dir/deep");
	maps = fake_live_maps();
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t err = create(c, cases[i].dir, cases[i].name, cases[i].spec);

		if (err != cases[i].err)
			fail_msg("'%s': %d", cases[i].name, (int)err);
		assert_int_equal(fake_live_maps(), maps);
		assert_int_equal(fake_open_fds(), 1);
	}
}

/* The same name may be in another directory, and two directories are two. */
static void test_create_in_directory(void **state)
{
	struct catalog *c = *state;
	uint32_t deep, top;

	assert_int_equal(sys_pin_prepare(PINDIR "/dir/sub"), 0);
	top = (uint32_t)create(c, "", "map", SPEC);
	deep = (uint32_t)create(c, "dir/sub", "map", SPEC);
	assert_path(c, top, "map", PINDIR "/map");
	assert_path(c, deep, "dir/sub/map", PINDIR "/dir/sub/map");
	assert_shown(c, "dir/sub", "map ");
	assert_shown(c, "", "map ");
}

static void test_unpin(void **state)
{
	struct catalog *c = *state;
	uint32_t id = (uint32_t)create(c, "", "map", SPEC), held;
	struct diag d = {0};
	struct stat st;
	int fd;

	assert_int_equal(catalog_unpin(c, id, NULL, NULL, &d), 0);
	assert_int_equal(found(c, "", "map"), 0);
	assert_int_equal(sys_pin_stat(PINDIR "/map", &st), -ENOENT);
	assert_int_equal(catalog_unpin(c, id, NULL, NULL, &d), -ENOENT);
	held = held_map("held", &fd);
	assert_int_equal(found(c, "", "held"), held);
	assert_int_equal(catalog_unpin(c, held, NULL, NULL, &d), -EBUSY);
	assert_int_equal(d.err, EBUSY);
	assert_true(d.why[0]);
	assert_int_equal(catalog_unpin(c, held, NULL, NULL, NULL), -EBUSY);
	assert_int_equal(found(c, "", "held"), held);
}

/* Others keep the map: it stays what it was called, but is no longer ours. */
static void test_unpin_what_others_hold(void **state)
{
	struct catalog *c = *state;
	uint32_t id = (uint32_t)create(c, "", "map", SPEC);
	int fd = sys_pin_open(PINDIR "/map", 0);

	assert_true(fd >= 0);
	assert_int_equal(catalog_unpin(c, id, NULL, NULL, NULL), 0);
	assert_int_equal(catalog_refresh(c), 0);
	assert_path(c, id, "map", NULL);
	assert_int_equal(catalog_unpin(c, id, NULL, NULL, NULL), -EBUSY);
	sys_close(fd);
	assert_int_equal(found(c, "", "map"), 0);
}

static void test_unpin_second_pin(void **state)
{
	struct catalog *c = *state;
	int fd;
	uint32_t id = held_map("k", &fd);

	assert_int_equal(sys_pin(fd, PINDIR "/one"), 0);
	assert_int_equal(sys_pin(fd, PINDIR "/two"), 0);
	sys_close(fd);
	assert_int_equal(found(c, "", "one"), id);
	assert_int_equal(catalog_unpin(c, id, NULL, NULL, NULL), 0);
	assert_int_equal(catalog_refresh(c), 0);
	assert_path(c, id, "one", PINDIR "/two");
	assert_int_equal(catalog_unpin(c, id, NULL, NULL, NULL), 0);
	assert_int_equal(found(c, "", "one"), 0);
	assert_int_equal(fake_live_maps(), 0);
}

static void test_rename(void **state)
{
	struct catalog *c = *state;
	uint32_t id = (uint32_t)create(c, "", "old", SPEC);
	unsigned int opened;

	assert_int_equal(sys_pin_prepare(PINDIR "/dir"), 0);
	assert_int_equal(catalog_rename(c, id, NULL, NULL, "", "new.name", NULL), 0);
	assert_path(c, id, "new.name", PINDIR "/new%2Ename");
	assert_int_equal(found(c, "", "old"), 0);
	assert_int_equal(found(c, "", "new.name"), id);
	assert_int_equal(catalog_rename(c, id, NULL, NULL, "dir", "%6Doved", NULL), 0);
	assert_path(c, id, "dir/moved", PINDIR "/dir/moved");
	assert_shown(c, "", "");
	opened = fake_calls(FAKE_PIN_OPEN);
	assert_int_equal(catalog_refresh(c), 0);
	assert_int_equal(fake_calls(FAKE_PIN_OPEN), opened);
	assert_path(c, id, "dir/moved", PINDIR "/dir/moved");
}

static void test_rename_refused(void **state)
{
	static const struct {
		const char *from, *dir, *name;
		int err;
	} cases[] = {
		{"map", "", "other", -EEXIST},
		{"map", "", "held", -EEXIST},
		{"map", "", "program", -EEXIST},
		{"map", "", "dir", -EEXIST},
		{"map", "", "%6Fther", -EEXIST},
		{"map", "", ".x", -EINVAL},
		{"map", "", "@3", -EINVAL},
		{"map", "", "", -EINVAL},
		{"map", "", LONG_256, -ENAMETOOLONG},
		{"map", "nodir", "x", -ENOENT},
		{"held", "", "x", -EBUSY},
	};
	struct catalog *c = *state;
	int fd;

	held_map("held", &fd);
	create(c, "", "map", SPEC);
	create(c, "", "other", SPEC);
	assert_int_equal(fake_pin_other(PINDIR "/program"), 0);
	assert_int_equal(sys_pin_prepare(PINDIR "/dir"), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t id = found(c, "", cases[i].from);
		struct diag d = {0};
		int err = catalog_rename(c, id, NULL, NULL, cases[i].dir, cases[i].name, &d);

		if (err != cases[i].err)
			fail_msg("'%s' to '%s': %d", cases[i].from, cases[i].name, err);
		assert_int_equal(found(c, "", cases[i].from), id);
		if (err != -ENOENT)
			assert_true(d.err == -err && d.why[0]);
	}
	assert_int_equal(catalog_rename(c, 999999, NULL, NULL, "", "x", NULL), -ENOENT);
	assert_shown(c, "", "held map other ");
}

/* Somebody else has removed the pin, and perhaps the map, since we looked. */
static void test_pin_gone_behind_us(void **state)
{
	struct catalog *c = *state;
	uint32_t id = (uint32_t)create(c, "", "map", SPEC);
	int fd = sys_pin_open(PINDIR "/map", 0);

	assert_int_equal(sys_pin_unlink(PINDIR "/map"), 0);
	assert_true(catalog_unpin(c, id, NULL, NULL, NULL) < 0);
	assert_true(catalog_rename(c, id, NULL, NULL, "", "new", NULL) < 0);
	assert_int_equal(found(c, "", "map"), id);
	sys_close(fd);
}

static void test_map_gone_behind_us(void **state)
{
	struct catalog *c = *state;
	uint32_t id = (uint32_t)create(c, "", "map", SPEC);

	assert_int_equal(sys_pin_unlink(PINDIR "/map"), 0);
	assert_true(catalog_rename(c, id, NULL, NULL, "", "new", NULL) < 0);
	id = (uint32_t)create(c, "", "map", SPEC);
	assert_int_equal(sys_pin_unlink(PINDIR "/map"), 0);
	assert_true(catalog_unpin(c, id, NULL, NULL, NULL) < 0);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "");
}

/* Another map is pinned where ours was: it is not the one to unpin or to move. */
static void test_pin_replaced_behind_us(void **state)
{
	struct catalog *c = *state;
	uint32_t id = (uint32_t)create(c, "", "map", SPEC), other;
	int fd = sys_pin_open(PINDIR "/map", 0);

	assert_int_equal(sys_pin_unlink(PINDIR "/map"), 0);
	other = pinned_map("k", "map");
	assert_true(catalog_rename(c, id, NULL, NULL, "", "new", NULL) < 0);
	assert_true(catalog_unpin(c, id, NULL, NULL, NULL) < 0);
	assert_int_equal(catalog_refresh(c), 0);
	assert_int_equal(found(c, "", "map"), id);
	assert_int_equal(catalog_unpin(c, other, NULL, NULL, NULL), 0);
	sys_close(fd);
}

static void test_unpin_spares_another_map(void **state)
{
	struct catalog *c = *state;
	uint32_t id = (uint32_t)create(c, "", "map", SPEC);

	assert_int_equal(sys_pin_unlink(PINDIR "/map"), 0);
	pinned_map("k", "map");
	assert_true(catalog_unpin(c, id, NULL, NULL, NULL) < 0);
	assert_int_equal(fake_live_maps(), 1);
}

static void test_desc(void **state)
{
	struct catalog *c = *state;
	uint32_t id = (uint32_t)create(c, "", "map", SPEC);
	struct map_desc *first, *second;

	assert_int_equal(catalog_desc(c, id, &first), 0);
	assert_int_equal(catalog_desc(c, id, &second), 0);
	assert_ptr_equal(first, second);
	assert_int_equal(first->info.max_entries, 16);
	assert_true(ctype_is_typed(first->key_type));
	map_desc_unref(second);
	assert_int_equal(catalog_unpin(c, id, NULL, NULL, NULL), 0);
	assert_int_equal(catalog_desc(c, id, &second), -ENOENT);
	assert_int_equal(first->info.id, id);
	map_desc_unref(first);
}

static void test_alive(void **state)
{
	struct catalog *c = *state;
	int fd;
	uint32_t id = held_map("map", &fd);

	assert_int_equal(catalog_refresh(c), 0);
	assert_true(catalog_is_alive(c, id));
	assert_false(catalog_is_alive(c, id + 1));
	assert_false(catalog_is_alive(c, 0));
	sys_close(fd);
	assert_false(catalog_is_alive(c, id));
	assert_false(catalog_is_alive(c, id));
	assert_int_equal(fake_calls(FAKE_MAP_OPEN_ID), 1);
}

/* Any call may fail in the middle of it: then there is no map, or one that is found. */
/* Names that stand for nothing cost no look at all maps; new ones are there at once. */
static void test_names_that_are_new(void **state)
{
	struct catalog *c = *state;
	unsigned int looks;
	int fd;

	pinned_map("first", "first");
	assert_true(found(c, "", "first"));
	looks = fake_calls(FAKE_PIN_LIST);
	for (int i = 0; i < 50; i++)
		assert_int_equal(found(c, "", "nothing"), 0);
	assert_true(fake_calls(FAKE_PIN_LIST) < looks + 10); /* on a slow day some */
	assert_true(found(c, "", "first"));
	assert_true(pinned_map("other", "second") == found(c, "", "second"));
	assert_true(held_map("third", &fd) == found(c, "", "third"));
	assert_int_equal(sys_pin(fd, pin_path_of("fourth")), 0);
	assert_true(found(c, "", "fourth") == found(c, "", "third"));
	sys_close(fd);
}

static void test_create_fails_anywhere(void **state)
{
	struct catalog *c = *state;
	bool failed = true;

	for (unsigned int n = 0; failed; n++) {
		struct spec s = {0};
		struct diag d = {0};
		uint32_t id;
		int err;

		assert_int_equal(spec_parse(&s, SPEC, strlen(SPEC), ',', &d), 0);
		fake_fail(FAKE_ANY, n, -EIO);
		err = catalog_create(c, "", "map", &s, &id, &d);
		failed = fake_failed();
		fake_fail(FAKE_ANY, 0, 0);
		spec_free(&s);
		assert_int_equal(fake_open_fds(), 0);
		assert_int_equal(catalog_refresh(c), 0);
		assert_int_equal(fake_live_maps(), err == 0);
		assert_shown(c, "", err ? "" : "map ");
		if (!err) {
			assert_int_equal(catalog_unpin(c, id, NULL, NULL, NULL), 0);
			assert_int_equal(catalog_refresh(c), 0);
		}
	}
}

static void test_rename_fails_anywhere(void **state)
{
	struct catalog *c = *state;
	uint32_t id = (uint32_t)create(c, "", "old", SPEC);
	bool failed = true;

	for (unsigned int n = 0; failed; n++) {
		int err;

		fake_fail(FAKE_ANY, n, -EIO);
		err = catalog_rename(c, id, NULL, NULL, "", "new", NULL);
		failed = fake_failed();
		fake_fail(FAKE_ANY, 0, 0);
		assert_path(c, id, err ? "old" : "new", err ? PINDIR "/old" : PINDIR "/new");
		assert_int_equal(catalog_refresh(c), 0);
		assert_path(c, id, err ? "old" : "new", err ? PINDIR "/old" : PINDIR "/new");
		if (!err)
			assert_int_equal(catalog_rename(c, id, NULL, NULL, "", "old", NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_created_come_back),
		TEST(test_create_refused),
		TEST(test_create_in_directory),
		TEST(test_unpin),
		TEST(test_unpin_what_others_hold),
		TEST(test_unpin_second_pin),
		TEST(test_rename),
		TEST(test_rename_refused),
		TEST(test_pin_gone_behind_us),
		TEST(test_map_gone_behind_us),
		TEST(test_pin_replaced_behind_us),
		TEST(test_unpin_spares_another_map),
		TEST(test_desc),
		TEST(test_alive),
		TEST(test_names_that_are_new),
		TEST(test_create_fails_anywhere),
		TEST(test_rename_fails_anywhere),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
