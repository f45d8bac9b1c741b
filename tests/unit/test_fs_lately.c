/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is believed of a map for a tenth of a second, and what ends that at once. */
#include "tests/unit/fs_fixture.h"

#include <errno.h>
#include <string.h>

#include "fs/access.h"
#include "fs/attr.h"
#include "fs/special.h"
#include "lib/sys.h"

static int setup(void **state)
{
	int err = fs_setup(state);
	struct fixture *f = *state;

	if (err)
		return err;
	f->map = fs_mkdir(f, "m");
	return raw_put(f->map, 1, 10);
}

/* Of key 1, as it is found by name. */
static struct stat stat_of(struct fixture *f)
{
	struct stat st;

	assert_int_equal(fs_stat(f, f->map, "1", &st), 0);
	return st;
}

static mode_t mode_of(struct fixture *f)
{
	return stat_of(f).st_mode & 0777;
}

static void set_map(struct fixture *f, const struct attr_change *change)
{
	const struct identity id = fs_map(f->map);
	struct node *node = node_get(&f->fs.nodes, &id);

	assert_int_equal(attr_set(&f->fs, node, change, &f->diag), 0);
	node_put(&f->fs.nodes, node, 1);
}

static void chmod_map(struct fixture *f, mode_t mode)
{
	set_map(f, &(struct attr_change){.set_mode = true, .st.st_mode = mode});
}

/* Keys of one map cost no more than themselves. */
static void test_asked_once(void **state)
{
	struct fixture *f = *state;
	unsigned int pins, fdinfos;

	fs_wait_lately();
	assert_int_equal(mode_of(f), 0600);
	pins = fake_calls(FAKE_PIN_STAT);
	fdinfos = fake_calls(FAKE_MAP_FDINFO);
	assert_int_equal(mode_of(f), 0600);
	assert_file(f, f->map, "1", "10\n");
	assert_true(fake_calls(FAKE_PIN_STAT) - pins + fake_calls(FAKE_MAP_FDINFO) - fdinfos <= 1);
}

/* What is changed through the mount is seen by the next request. */
static void test_changed_here(void **state)
{
	struct fixture *f = *state;

	for (mode_t mode = 0600; mode <= 0660; mode += 020) {
		chmod_map(f, mode);
		assert_int_equal(mode_of(f), mode);
	}
	set_map(f, &(struct attr_change){.set_gid = true, .st.st_gid = 7});
	assert_int_equal(stat_of(f).st_gid, 7);
	set_map(f, &(struct attr_change){.set_uid = true, .st.st_uid = 8});
	assert_int_equal(stat_of(f).st_uid, 8);
	assert_int_equal(special_write_frozen(&f->fs, f->map, "1\n", 2, &f->diag), 0);
	assert_int_equal(mode_of(f), 0440);
}

static void test_pin_changed_here(void **state)
{
	struct fixture *f = *state;
	int fd = sys_map_open_id(f->map, 0);

	chmod_map(f, 0640);
	assert_int_equal(mode_of(f), 0640);
	assert_int_equal(catalog_rename(f->fs.catalog, f->map, "", "m", "", "n", &f->diag), 0);
	assert_int_equal(mode_of(f), 0640);
	assert_int_equal(catalog_unpin(f->fs.catalog, f->map, "", "n", &f->diag), 0);
	assert_int_equal(mode_of(f), 0666 & ~f->fs.options.umask);
	sys_close(fd);
}

/* What others change is seen within a tenth of a second. */
static void test_changed_elsewhere(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mode_of(f), 0600);
	assert_int_equal(sys_pin_chmod(FS_PINDIR "/m", 0644), 0);
	fs_wait_lately();
	assert_int_equal(mode_of(f), 0644);
	raw_freeze(f->map);
	assert_int_equal(mode_of(f), 0444);
}

static void test_other_map(void **state)
{
	struct fixture *f = *state;
	struct lately_map found, one = {.id = 1, .changes = 5, .at = lately_now()};
	struct lately *l = &f->fs.lately;

	lately_keep(l, &one);
	assert_true(lately_find(l, 1, 5, &found));
	assert_false(lately_find(l, 1, 6, &found));
	assert_false(lately_find(l, 1 + LATELY_MAPS, 5, &found));
	assert_false(lately_find(l, 2, 5, &found));
	one.at -= LATELY_MS * INT64_C(1000000);
	lately_keep(l, &one);
	assert_false(lately_find(l, 1, 5, &found));
}

/* That a map has gone is never late. */
static void test_map_gone(void **state)
{
	struct fixture *f = *state;
	struct access access;

	assert_int_equal(access_look(&f->fs, f->map, &access), 0);
	assert_int_equal(sys_pin_unlink(FS_PINDIR "/m"), 0);
	assert_int_equal(access_look(&f->fs, f->map, &access), -ENOENT);
}

/* fstat of a file that is open asks for no element: it shows the text that is served. */
static void test_served(void **state)
{
	struct fixture *f = *state;
	unsigned int looks;
	struct file *file;
	struct stat st;

	assert_int_equal(fs_open(f, f->map, "1", O_RDONLY, 0, &file), 0);
	assert_int_equal(raw_put(f->map, 1, 1234), 0);
	looks = fake_calls(FAKE_MAP_LOOKUP);
	assert_int_equal(attr_get(&f->fs, file->node, &st), 0);
	assert_int_equal(fake_calls(FAKE_MAP_LOOKUP), looks);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	chmod_map(f, 0640);
	assert_int_equal(attr_get(&f->fs, file->node, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(stat_of(f).st_size, 3);
	file_release(file, NULL);
	assert_int_equal(stat_of(f).st_size, 5);
}

/* Types that are laid over a map are in force for the next request. */
static void test_types(void **state)
{
	struct fixture *f = *state;
	int fd;
	uint32_t map = fs_mkdir(f, "t,key=4,value=8");

	fd = sys_map_open_id(map, 0);
	assert_int_equal(raw_put(map, 1, UINT64_MAX), 0);
	assert_file(f, map, "1", "18446744073709551615\n");
	assert_int_equal(special_write_types(&f->fs, map, "value=s64\n", 10, &f->diag), 0);
	assert_file(f, map, "1", "-1\n");
	sys_close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_asked_once),       TEST(test_changed_here),
		TEST(test_pin_changed_here), TEST(test_changed_elsewhere),
		TEST(test_other_map),        TEST(test_map_gone),
		TEST(test_served),           TEST(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
