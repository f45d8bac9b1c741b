/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A map of a type that this program is too old to know: .map and .info, and no keys. */
#include "fs/special.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fake_map.h"
#include "tests/unit/fake_store.h"
#include "tests/unit/fs_fixture.h"
#include "tests/unit/fs_listing.h"

enum { TYPE_OF_TOMORROW = 999 };

static uint32_t stranger(struct fixture *f)
{
	int fd = make_map(BPF_MAP_TYPE_QUEUE, 0, 8, 4, "tomorrow");
	uint32_t id = map_id(fd);

	fake_store_next_map(id - 1)->info.type = TYPE_OF_TOMORROW;
	assert_int_equal(sys_pin(fd, FS_PINDIR "/tomorrow"), 0);
	sys_close(fd);
	assert_int_equal(catalog_refresh(f->fs.catalog), 0);
	return id;
}

static void test_listing(void **state)
{
	struct fixture *f = *state;
	struct listed *l = new_listed();

	list_all(f, stranger(f), true, l);
	assert_names(l, ". .. .map");
	free(l);
}

static void test_files(void **state)
{
	struct buf text = BUF_INIT(1 << 20);
	struct fixture *f = *state;
	uint32_t map = stranger(f);

	assert_file(f, map, ".map",
		    "# unsigned char value[8];\ntype=unknown\nvalue=8\n"
		    "max_entries=4\nname=tomorrow\n");
	assert_int_equal(special_read_info(&f->fs, map, &text), 0);
	assert_non_null(strstr(text.data, "\ntype:\tunknown\n"));
	assert_non_null(strstr(text.data, "\nkeys:\tthis map type is newer than this program\n"));
	buf_free(&text);
	assert_file(f, map, ".types", "value=8\n");
}

static void test_no_keys(void **state)
{
	struct fixture *f = *state;
	uint32_t map = stranger(f);
	struct file *file;

	assert_file(f, map, "1", NULL);
	assert_int_equal(fs_open(f, map, "1", O_WRONLY | O_CREAT, 0666, &file), -EOPNOTSUPP);
	assert_string_equal(f->diag.why, "this map type is newer than this program");
	assert_int_equal(fs_unlink(f, map, "1"), -ENOENT);
}

/* Nobody knows what closing it would do. */
static void test_is_not_opened(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;
	uint32_t map = stranger(f);
	unsigned int before = fake_calls(FAKE_MAP_OPEN_ID);
	struct stat st;

	list_all(f, map, true, l);
	assert_int_equal(fs_stat(f, map, ".map", &st), 0);
	assert_int_equal(fs_stat(f, map, ".info", &st), 0);
	assert_file(f, map, "1", NULL);
	assert_int_equal(fake_calls(FAKE_MAP_OPEN_ID), before);
	free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_listing),
		FS_TEST(test_files),
		FS_TEST(test_no_keys),
		FS_TEST(test_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
