/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Directories of bpffs below pindir. */
#include "tests/unit/catalog_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fake_sys.h"

static void test_subdirectories(void **state)
{
	struct catalog *c = *state;
	struct buf path = BUF_INIT(1000);
	uint32_t deep, top;

	assert_int_equal(sys_pin_prepare(PINDIR "/a/b"), 0);
	deep = pinned_map("k", "a/b/map");
	top = pinned_map("k", "map");
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "map ");
	assert_shown(c, "a", "");
	assert_shown(c, "a/b", "map ");
	assert_int_equal(found(c, "", "map"), top);
	assert_int_equal(found(c, "a/b", "map"), deep);
	assert_int_equal(found(c, "a", "map"), 0);
	assert_int_equal(catalog_path(c, deep, &path), 0);
	assert_buf(&path, "a/b/map");
	assert_int_equal(catalog_pin(c, deep, &path, NULL), 0);
	assert_buf(&path, PINDIR "/a/b/map");
}

/* No bottom, no overrun: what lies too deep is not shown here. */
static void test_very_deep(void **state)
{
	struct catalog *c = *state;
	char path[400] = PINDIR;

	for (int depth = 0; depth < 40; depth++)
		strcat(path, "/d");
	assert_int_equal(sys_pin_prepare(path), 0);
	strcat(path, "/map");
	pinned_map("k", path + strlen(PINDIR) + 1);
	assert_int_equal(catalog_refresh(c), 0);
}

/* A directory of bpffs takes its name as a map does. */
static void test_name_of_a_directory(void **state)
{
	struct catalog *c = *state;
	char name[40];
	int fd;
	uint32_t id = held_map("cilium", &fd);

	assert_int_equal(sys_pin_prepare(PINDIR "/cilium"), 0);
	assert_int_equal(catalog_refresh(c), 0);
	snprintf(name, sizeof(name), "cilium@%u ", id);
	assert_shown(c, "", name);
}

static int note_dir(void *arg, const char *name)
{
	buf_addf(arg, "%s ", name);
	return 0;
}

static int stop_at_once(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return 7;
}

static void test_directories(void **state)
{
	struct catalog *c = *state;
	struct buf out = BUF_INIT(1000);

	assert_int_equal(sys_pin_prepare(PINDIR "/a/b"), 0);
	assert_int_equal(sys_pin_prepare(PINDIR "/x%2Ey"), 0);
	pinned_map("k", "map");
	assert_int_equal(catalog_each_dir(c, "", note_dir, &out), 0);
	assert_buf(&out, "a x.y ");
	assert_int_equal(catalog_each_dir(c, "a", note_dir, &out), 0);
	assert_buf(&out, "b ");
	assert_int_equal(catalog_each_dir(c, "", stop_at_once, &out), 7);
	assert_int_equal(catalog_each_dir(c, "nothing", note_dir, &out), -ENOENT);
	assert_int_equal(catalog_find_dir(c, "", "a", &out), 0);
	assert_buf(&out, "a");
	assert_int_equal(catalog_find_dir(c, "a", "b", &out), 0);
	assert_buf(&out, "a/b");
	assert_int_equal(catalog_find_dir(c, "", "x.y", &out), 0);
	assert_buf(&out, "x%2Ey");
	assert_int_equal(catalog_find_dir(c, "", "map", &out), -ENOENT);
	assert_int_equal(catalog_find_dir(c, "", "nothing", &out), -ENOENT);
	catalog_dir_path(c, "a/b", &out);
	assert_buf(&out, PINDIR "/a/b");
	catalog_dir_path(c, "", &out);
	assert_buf(&out, PINDIR);
}

/* Every directory that is listed can be entered, whatever made its name. */
static int enter_dir(void *arg, const char *name)
{
	struct buf out = BUF_INIT(1000);

	if (catalog_find_dir(arg, "", name, &out))
		fail_msg("'%s' is listed and not found", name);
	buf_free(&out);
	return 0;
}

static void test_odd_directories(void **state)
{
	static const char *const names[] = {"plain", "a@b", "a,b", "%61", "100%", "%2e", "sp ace"};
	struct catalog *c = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(sys_pin_prepare(pin_path_of(names[i])), 0);
	assert_int_equal(catalog_each_dir(c, "", enter_dir, c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_subdirectories),      TEST(test_very_deep),
		TEST(test_name_of_a_directory), TEST(test_directories),
		TEST(test_odd_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
