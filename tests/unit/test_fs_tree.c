/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What names stand for, and what open(2) may make of them. */
#include "fs/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fs_clock.h"
#include "tests/unit/fs_fixture.h"

static int setup(void **state)
{
	int err;

	clock_ahead = 0;
	err = fs_setup(state);
	if (!err)
		((struct fixture *)*state)->map = fs_mkdir(*state, "m");
	return err;
}

static uint32_t map_at(struct fixture *f, const char *name)
{
	struct found found = FOUND_INIT;
	uint32_t id = 0;

	if (tree_find(&f->fs, &fs_root, name, &found, NULL) == 0)
		id = found.id.map_id;
	found_free(&found);
	return id;
}

static int try_create(struct fixture *f, const struct identity *dir, const char *name, int flags,
		      mode_t mode)
{
	const struct maker maker = {.uid = 1, .gid = 2, .mode = mode};
	struct found found = FOUND_INIT;
	int err, kind;

	f->diag = (struct diag){0};
	err = tree_create(&f->fs, dir, name, flags, &maker, &found, &f->diag);
	kind = (int)found.id.kind;
	found_free(&found);
	return err ? err : kind;
}

static int try_symlink(struct fixture *f, const struct identity *dir, const char *name)
{
	const struct maker maker = {.uid = 1, .gid = 2, .mode = 0777};
	struct found found = FOUND_INIT;
	int err;

	f->diag = (struct diag){0};
	err = tree_symlink(&f->fs, dir, name, "target", &maker, &found, &f->diag);
	found_free(&found);
	return err;
}

/* Finding. */

static void test_find_in_map(void **state)
{
	static const struct {
		const char *map, *name;
		int expected;
	} cases[] = {
		{"a1", "5", NODE_KEY},
		{"a1", "0x5", NODE_KEY},
		{"a1", "4294967295", NODE_KEY},
		{"a1", "4294967296", -ENOENT},
		{"a1", "-1", -ENOENT},
		{"a1", " 5", -ENOENT},
		{"a1", "5 ", -ENOENT},
		{"a1", "", -ENOENT},
		{"a1", "x", -ENOENT},
		{"a1", ".git", -ENOENT},
		{"a1", ".#f", -ENOENT},
		{"a1", "RCS", -ENOENT},
		{"a1", "..", -ENOENT},
		{"a1", ".map", NODE_MAP_FILE},
		{"a1", ".info", NODE_INFO},
		{"a1", ".count", NODE_COUNT},
		{"a1", ".frozen", NODE_FROZEN},
		{"a1", ".error_log", -ENOENT},
		{"a1", ".dump", NODE_DUMP},
		{"a2,key=s8", "-128", NODE_KEY},
		{"a2,key=s8", "128", -ENOENT},
		{"a3,key=u8", "300", -ENOENT},
		{"a4,key=3", "0a0b0c", NODE_KEY},
		{"a4,key=3", "0A0B0C", NODE_KEY},
		{"a4,key=3", "0a0b", -ENOENT},
		{"a5,type=array,max_entries=4", "3", NODE_KEY},
		{"a5,type=array,max_entries=4", "4", -ENOENT},
		{"a6,type=lpm_trie,key=8", "0a000000_8", NODE_KEY},
		{"a6,type=lpm_trie,key=8", "0a000000_33", -ENOENT},
		{"a7,type=queue", "5", -ENOENT},
		{"a7,type=queue", ".map", NODE_MAP_FILE},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t id = map_at(f, cases[i].map);
		struct identity dir;

		dir = fs_map(id ? id : fs_mkdir(f, cases[i].map));
		assert_int_equal(fs_kind(f, &dir, cases[i].name), cases[i].expected);
	}
}

/* Two spellings of a key are one. */
static void test_spellings(void **state)
{
	static const char *const names[] = {"42", "0x2a", "0x2A", "042", "0x000000000000002a"};
	struct fixture *f = *state;
	const struct identity dir = fs_map(f->map);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct found found = FOUND_INIT;
		uint32_t key = 42;

		assert_int_equal(tree_find(&f->fs, &dir, names[i], &found, NULL), 0);
		assert_int_equal(found.id.len, 4);
		assert_memory_equal(found.id.bytes, &key, 4);
		found_free(&found);
	}
}

static void test_find_explains(void **state)
{
	struct fixture *f = *state;
	const struct identity dir = fs_map(f->map);
	struct found found = FOUND_INIT;

	assert_int_equal(tree_find(&f->fs, &dir, "4x", &found, &f->diag), -ENOENT);
	assert_true(f->diag.placed);
	assert_int_equal(f->diag.offset, 1);
	found_free(&found);
}

static void test_find_in_root(void **state)
{
	static const struct {
		const char *name;
		int expected;
	} cases[] = {
		{"m", NODE_MAP},
		{"m,type=hash", NODE_MAP},
		{"m,key=u16,value=u8", -ENOENT},
		{"m,type=array", -ENOENT},
		{"m,key=4,value=8", NODE_MAP},
		{"m,", NODE_MAP},
		{"m,type=nonsense", -ENOENT},
		{"m,nonsense", -ENOENT},
		{",type=hash", -ENOENT},
		{"nothing", -ENOENT},
		{"nothing,type=hash", -ENOENT},
		{".error_log", NODE_ERROR_LOG},
		{".map", -ENOENT},
		{".info", -ENOENT},
		{"@0", -ENOENT},
		{"@4294967295", -ENOENT},
		{"5", -ENOENT},
		{"d", NODE_DIR},
		{".", -ENOENT},
		{"..", -ENOENT},
	};
	struct fixture *f = *state;
	char by_id[32];

	assert_int_equal(sys_pin_prepare(FS_PINDIR "/d"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int kind = fs_kind(f, &fs_root, cases[i].name);

		if (kind != cases[i].expected)
			print_error("%s: %d\n", cases[i].name, kind);
		assert_int_equal(kind, cases[i].expected);
	}
	snprintf(by_id, sizeof(by_id), "@%u", f->map);
	assert_int_equal(map_at(f, by_id), f->map);
	assert_int_equal(map_at(f, "m,value=8"), f->map);
}

static void test_directories(void **state)
{
	struct fixture *f = *state;
	struct found dir = FOUND_INIT, below = FOUND_INIT;

	assert_int_equal(sys_pin_prepare(FS_PINDIR "/d/e"), 0);
	assert_int_equal(tree_find(&f->fs, &fs_root, "d", &dir, NULL), 0);
	assert_string_equal(tree_dir_path(&dir.id), "d");
	assert_int_equal(dir.id.len, 2);
	assert_int_equal(tree_find(&f->fs, &dir.id, "e", &below, NULL), 0);
	assert_string_equal(tree_dir_path(&below.id), "d/e");
	assert_string_equal(tree_dir_path(&fs_root), "");
	assert_int_equal(fs_try_mkdir(f, &below.id, "deep,key=u8"), 0);
	assert_int_equal(fs_kind(f, &below.id, "deep"), NODE_MAP);
	assert_int_equal(fs_kind(f, &dir.id, "deep"), -ENOENT);
	assert_int_equal(removal_rmdir(&f->fs, &dir.id, "e", NULL), -ENOTEMPTY);
	assert_int_equal(removal_rmdir(&f->fs, &below.id, "deep", NULL), 0);
	assert_int_equal(removal_rmdir(&f->fs, &dir.id, "e", NULL), 0);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "d", NULL), 0);
	assert_int_equal(fs_kind(f, &fs_root, "d"), -ENOENT);
	found_free(&dir);
	found_free(&below);
}

/* Names of any length are keys; what has the length of a directory is one. */
static void test_long_keys(void **state)
{
	static const struct {
		const char *map;
		uint32_t bytes;
		const char *tail;
		int expected;
	} cases[] = {
		{"k80,key=80", 80, "", NODE_KEY},
		{"k100,key=100", 100, "", NODE_KEY},
		{"k127,key=127", 127, "", NODE_KEY},
		{"k127,key=127", 120, "", -ENOENT},
		{"k128,key=128", 128, "", NODE_KEY},
		{"k128,key=128", 120, "", NODE_LONG_DIR},
		{"k128,key=128", 118, "a", NODE_LONG_DIR},
		{"k128,key=128", 118, "", -ENOENT},
		{"k128,key=128", 121, "", -ENOENT},
		{"k128,key=128", 119, "_a", -ENOENT},
		{"l100,type=lpm_trie,key=104", 100, "_800", NODE_KEY},
		{"l125,type=lpm_trie,key=129", 125, "_1000", NODE_KEY},
		{"l126,type=lpm_trie,key=130", 126, "_1000", NODE_KEY},
	};
	struct fixture *f = *state;
	uint32_t map = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct identity dir;
		char name[300];

		if (!i || strcmp(cases[i].map, cases[i - 1].map) != 0)
			map = fs_mkdir(f, cases[i].map);
		dir = fs_map(map);
		memset(name, 'a', sizeof(name));
		strcpy(name + (size_t)2 * cases[i].bytes, cases[i].tail);
		if (fs_kind(f, &dir, name) != cases[i].expected)
			print_error("%s: %s\n", cases[i].map, name);
		assert_int_equal(fs_kind(f, &dir, name), cases[i].expected);
	}
}

/* Making. */

static void test_create(void **state)
{
	static const struct {
		const char *name;
		int flags;
		mode_t mode;
		int expected;
	} cases[] = {
		{"5", O_CREAT, 0666, NODE_KEY},
		{"5", O_CREAT | O_EXCL, 0600, NODE_KEY},
		{"0x2a", O_CREAT, 0644, NODE_KEY},
		{"4913", O_CREAT | O_EXCL, 0644, NODE_KEY},
		{"abc", O_CREAT, 0600, -EINVAL},
		{"abc", O_CREAT, 0666, -EINVAL},
		{"abc", O_CREAT | O_EXCL, 0644, -EINVAL},
		{"4294967296", O_CREAT | O_TRUNC, 0600, -EINVAL},
		{"sedAbCdEf", O_CREAT | O_EXCL, 0600, NODE_SCRATCH},
		{"4294967296", O_CREAT | O_EXCL, 0600, NODE_SCRATCH},
		{".5.AbCdEf", O_CREAT | O_EXCL, S_IFREG | 0600, NODE_SCRATCH},
		{".5.swp", O_CREAT, 0644, NODE_SCRATCH},
		{"5~", O_CREAT | O_EXCL, 0660, NODE_SCRATCH},
		{"5~", O_CREAT, 0660, -EINVAL},
		{".map.AbCdEf", O_CREAT | O_EXCL, 0600, NODE_SCRATCH},
		{".map", O_CREAT | O_EXCL, 0600, NODE_MAP_FILE},
		{".info", O_CREAT, 0644, -EOPNOTSUPP},
		{".count", O_CREAT, 0644, -EOPNOTSUPP},
		{".frozen", O_CREAT | O_EXCL, 0600, -EOPNOTSUPP},
	};
	struct fixture *f = *state;
	const struct identity dir = fs_map(f->map);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int kind = try_create(f, &dir, cases[i].name, cases[i].flags, cases[i].mode);

		if (kind != cases[i].expected)
			print_error("%s\n", cases[i].name);
		assert_int_equal(kind, cases[i].expected);
		assert_int_equal(f->diag.err, kind < 0 ? -kind : f->diag.err);
	}
	assert_file(f, f->map, "5", NULL);
	assert_file(f, f->map, "sedAbCdEf", "");
}

/* It looks whether a file can be moved aside, and is told that it cannot, with no word in
 * .error_log; whoever else makes such a key has it. */
static void test_vims_question(void **state)
{
	static const struct {
		const char *name;
		int flags, expected;
	} cases[] = {
		{"4913", O_EXCL | O_NOFOLLOW, -ENOENT},
		{"5036", O_EXCL | O_NOFOLLOW, NODE_KEY},
		{"4913", O_EXCL, NODE_KEY},
		{"4913", O_NOFOLLOW, NODE_KEY},
		{"4914", O_EXCL | O_NOFOLLOW, NODE_KEY},
		{"4790", O_EXCL | O_NOFOLLOW, NODE_KEY},
	};
	struct fixture *f = *state;
	const struct identity dir = fs_map(f->map);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(try_create(f, &dir, cases[i].name, O_CREAT | cases[i].flags, 0644),
				 cases[i].expected);
		assert_int_equal(f->diag.err, 0);
	}
	raw_put(f->map, 4913, 1); /* then it asks for the next */
	assert_int_equal(try_create(f, &dir, "5036", O_CREAT | O_EXCL | O_NOFOLLOW, 0644), -ENOENT);
}

static void test_create_elsewhere(void **state)
{
	static const struct {
		const char *map, *name;
		int expected;
	} cases[] = {
		{"u8,key=u8", "300", -EINVAL},
		{"arr,type=array,max_entries=4", "4", -EINVAL},
		{"arr,type=array,max_entries=4", "3", NODE_KEY},
		{"q,type=queue", "1", -EOPNOTSUPP},
		{"q,type=queue", "x", -EOPNOTSUPP},
	};
	struct fixture *f = *state;

	assert_int_equal(try_create(f, &fs_root, "file", O_CREAT, 0644), -EPERM);
	assert_int_equal(try_create(f, &fs_root, ".file", O_CREAT | O_EXCL, 0600), -EPERM);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t id = map_at(f, cases[i].map);
		struct identity dir;

		dir = fs_map(id ? id : fs_mkdir(f, cases[i].map));
		assert_int_equal(try_create(f, &dir, cases[i].name, O_CREAT, 0644),
				 cases[i].expected);
		assert_true(cases[i].expected > 0 || f->diag.why[0]);
	}
}

/* A staging file has its maker's owner and mode, and its map's alone. */
static void test_staging(void **state)
{
	struct fixture *f = *state;
	const struct identity dir = fs_map(f->map), other = fs_map(fs_mkdir(f, "other"));
	struct stat st;

	assert_int_equal(try_create(f, &dir, ".tmp", O_CREAT | O_EXCL, 0640), NODE_SCRATCH);
	assert_int_equal(try_create(f, &dir, ".tmp", O_CREAT | O_EXCL, 0640), -EEXIST);
	assert_int_equal(fs_kind(f, &dir, ".tmp"), NODE_SCRATCH);
	assert_int_equal(fs_kind(f, &other, ".tmp"), -ENOENT);
	assert_int_equal(fs_stat(f, f->map, ".tmp", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_uid, 1);
	assert_int_equal(st.st_gid, 2);
	assert_int_equal(fs_unlink(f, f->map, ".tmp"), 0);
	assert_int_equal(fs_kind(f, &dir, ".tmp"), -ENOENT);
	assert_int_equal(fs_unlink(f, f->map, ".tmp"), -ENOENT);
}

static void test_symlink(void **state)
{
	struct fixture *f = *state;
	const struct identity dir = fs_map(f->map);
	struct stat st;

	assert_int_equal(try_symlink(f, &dir, ".link"), 0);
	assert_int_equal(try_symlink(f, &dir, ".link"), -EEXIST);
	assert_int_equal(fs_stat(f, f->map, ".link", &st), 0);
	assert_int_equal(st.st_mode, S_IFLNK | 0777);
	assert_int_equal(st.st_size, 6);
	assert_int_equal(try_symlink(f, &dir, "5"), -EPERM);
	assert_int_equal(try_symlink(f, &dir, "x"), -EPERM);
	assert_int_equal(try_symlink(f, &fs_root, ".x"), -EPERM);
	assert_int_equal(fs_unlink(f, f->map, ".link"), 0);
}

static void test_symlink_of_special_name(void **state)
{
	struct fixture *f = *state;
	const struct identity dir = fs_map(f->map);

	assert_true(try_symlink(f, &dir, ".map") < 0);
	assert_int_equal(fs_unlink(f, f->map, ".map"), 0);
	assert_true(try_symlink(f, &dir, ".map") < 0);
}

#define TREE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, fs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_find_in_map),      TREE_TEST(test_spellings),
		TREE_TEST(test_find_explains),    TREE_TEST(test_find_in_root),
		TREE_TEST(test_directories),      TREE_TEST(test_long_keys),
		TREE_TEST(test_create),           TREE_TEST(test_vims_question),
		TREE_TEST(test_create_elsewhere), TREE_TEST(test_staging),
		TREE_TEST(test_symlink),          TREE_TEST(test_symlink_of_special_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
