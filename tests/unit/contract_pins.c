/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/contract.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LONG_64 "0123456789012345678901234567890123456789012345678901234567890123"

/* A path below the directory of these tests; valid until the fourth next call. */
static const char *at(const char *name)
{
	static char paths[4][512];
	static unsigned int turn;
	char *path = paths[turn++ % ARRAY_SIZE(paths)];

	snprintf(path, sizeof(paths[0]), "/sys/fs/bpf/bpfmapfs-unit-%d%s%s", (int)getpid(),
		 *name ? "/" : "", name);
	return path;
}

static int prepare(void **state)
{
	(void)state;
	assert_int_equal(sys_pin_prepare(at("")), 0);
	return 0;
}

static int make_hash(void)
{
	return make_map(BPF_MAP_TYPE_HASH, 4, 4, 8, "pinned");
}

/* Removing what a listing gives while it runs would be too much to ask of it. */
struct leftover {
	char name[256];
	bool is_dir;
};

static int first_entry(void *arg, const char *name, bool is_dir)
{
	struct leftover *left = arg;

	snprintf(left->name, sizeof(left->name), "%s", name);
	left->is_dir = is_dir;
	return 1;
}

static void remove_all(const char *dir)
{
	struct leftover left;
	char path[1024];

	while (sys_pin_list(dir, first_entry, &left) == 1) {
		snprintf(path, sizeof(path), "%s/%s", dir, left.name);
		if (left.is_dir)
			remove_all(path);
		else if (sys_pin_unlink(path))
			return;
	}
	sys_pin_rmdir(dir);
}

int contract_pins_teardown(void **state)
{
	(void)state;
	remove_all(at(""));
	return 0;
}

static void test_prepare(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(sys_pin_prepare(at("a/b/c")), 0);
	assert_int_equal(sys_pin_prepare(at("a/b/c")), 0);
	assert_int_equal(sys_pin_stat(at("a/b"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(sys_pin_prepare("/proc"), -EMEDIUMTYPE);
	assert_int_equal(sys_pin_prepare(at("a.b")), -EPERM);
	assert_int_equal(sys_pin_rmdir(at("a/b")), -ENOTEMPTY);
	assert_int_equal(sys_pin_rmdir(at("a/b/c")), 0);
	assert_int_equal(sys_pin_rmdir(at("a/b/c")), -ENOENT);
	assert_int_equal(sys_pin_rmdir(at("a/b")), 0);
	assert_int_equal(sys_pin_rmdir(at("a")), 0);
}

static void test_pin_keeps_map(void **state)
{
	int fd = make_hash();
	uint32_t id = map_id(fd), key = 7, value = 9;

	(void)state;
	assert_int_equal(sys_map_update(fd, &key, &value, BPF_ANY), 0);
	assert_int_equal(sys_pin(fd, at("keep")), 0);
	sys_close(fd);
	fd = sys_pin_open(at("keep"), BPF_F_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(map_id(fd), id);
	value = 0;
	assert_int_equal(sys_map_lookup(fd, &key, &value, 0), 0);
	assert_int_equal(value, 9);
	assert_int_equal(sys_map_update(fd, &key, &value, BPF_ANY), -EPERM);
	sys_close(fd);
	assert_int_equal(sys_pin_unlink(at("keep")), 0);
	assert_int_equal(sys_map_open_id(id, 0), -ENOENT);
}

static void test_pin_names(void **state)
{
	static const struct {
		const char *name;
		int err;
	} cases[] = {
		{"plain", 0},
		{"@7 %2E:\n\xc3\xa4", 0},
		{LONG_64 LONG_64 LONG_64
		 "012345678901234567890123456789012345678901234567890123456789012",
		 0},
		{LONG_64 LONG_64 LONG_64 LONG_64, -ENAMETOOLONG},
		{"with.dot", -EPERM},
		{".dot", -EPERM},
		{"no/such/directory", -ENOENT},
		{"plain/below", -ENOTDIR},
	};
	int fd = make_hash();
	struct stat st;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(sys_pin(fd, at(cases[i].name)), cases[i].err);
		assert_int_equal(sys_pin_stat(at(cases[i].name), &st), cases[i].err);
	}
	assert_int_equal(sys_pin(fd, at("plain")), -EEXIST);
	assert_int_equal(sys_pin(-1, at("other")), -EINVAL);
	for (unsigned int i = ARRAY_SIZE(cases); i-- > 0;)
		assert_int_equal(sys_pin_unlink(at(cases[i].name)), cases[i].err);
	sys_close(fd);
}

static void test_pin_open(void **state)
{
	int fd = make_hash();

	(void)state;
	assert_int_equal(sys_pin_open(at("nothing"), 0), -ENOENT);
	assert_int_equal(sys_pin_open(at("with.dot"), 0), -EPERM);
	assert_int_equal(sys_pin_open(at(""), 0), -EACCES);
	assert_int_equal(sys_pin(fd, at("map")), 0);
	assert_int_equal(sys_pin_open(at("map"), BPF_F_RDONLY | BPF_F_WRONLY), -EINVAL);
	assert_int_equal(sys_pin_unlink(at("map")), 0);
	assert_int_equal(sys_pin_unlink(at("map")), -ENOENT);
	assert_int_equal(sys_pin_unlink(at("")), -EISDIR);
	sys_close(fd);
}

/* Two pins of one map are two files; a rename keeps which one it is. */
static void test_pin_rename(void **state)
{
	struct stat a, b, moved;
	int fd = make_hash();

	(void)state;
	assert_int_equal(sys_pin(fd, at("a")), 0);
	assert_int_equal(sys_pin(fd, at("b")), 0);
	assert_int_equal(sys_pin_stat(at("a"), &a), 0);
	assert_int_equal(sys_pin_stat(at("b"), &b), 0);
	assert_true(S_ISREG(a.st_mode));
	assert_true(a.st_ino != b.st_ino);
	assert_int_equal(sys_pin_rename(at("a"), at("b")), -EEXIST);
	assert_int_equal(sys_pin_rename(at("nothing"), at("c")), -ENOENT);
	assert_int_equal(sys_pin_rename(at("a"), at("no/such/dir")), -ENOENT);
	assert_int_equal(sys_pin_rename(at("a"), at("c.d")), -EPERM);
	assert_int_equal(sys_pin_rename(at("a"), at("c")), 0);
	assert_int_equal(sys_pin_stat(at("a"), &moved), -ENOENT);
	assert_int_equal(sys_pin_stat(at("c"), &moved), 0);
	assert_int_equal(moved.st_ino, a.st_ino);
	assert_int_equal(sys_pin_unlink(at("b")), 0);
	assert_int_equal(sys_pin_unlink(at("c")), 0);
	sys_close(fd);
}

/* What was there goes, if nobody else holds it. */
static void test_pin_replace(void **state)
{
	int fd = make_hash(), other = make_hash();
	uint32_t id = map_id(fd), other_id = map_id(other);
	struct stat a, moved;

	(void)state;
	assert_int_equal(sys_pin(fd, at("a")), 0);
	assert_int_equal(sys_pin(other, at("b")), 0);
	assert_int_equal(sys_pin_stat(at("a"), &a), 0);
	sys_close(fd);
	sys_close(other);
	assert_int_equal(sys_pin_replace(at("nothing"), at("b")), -ENOENT);
	assert_int_equal(sys_pin_replace(at("a"), at("c.d")), -EPERM);
	assert_int_equal(sys_pin_replace(at("a"), at("b")), 0);
	assert_int_equal(sys_pin_stat(at("a"), &moved), -ENOENT);
	assert_int_equal(sys_pin_stat(at("b"), &moved), 0);
	assert_int_equal(moved.st_ino, a.st_ino);
	fd = sys_pin_open(at("b"), 0);
	assert_int_equal(map_id(fd), id);
	sys_close(fd);
	assert_int_equal(sys_pin_replace(at("b"), at("c")), 0);
	assert_int_equal(sys_pin_unlink(at("c")), 0);
	for (int i = 0; i < 100 && (fd = sys_map_open_id(other_id, 0)) >= 0; i++) {
		sys_close(fd); /* the kernel takes a moment */
		usleep(10000);
	}
	assert_int_equal(fd, -ENOENT);
}

static void test_pin_mode(void **state)
{
	int fd = make_hash();
	struct stat st;

	(void)state;
	assert_int_equal(sys_pin(fd, at("mode")), 0);
	assert_int_equal(sys_pin_chmod(at("mode"), 0640), 0);
	assert_int_equal(sys_pin_chown(at("mode"), 12, 34), 0);
	assert_int_equal(sys_pin_chown(at("mode"), (uid_t)-1, 56), 0);
	assert_int_equal(sys_pin_stat(at("mode"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_uid, 12);
	assert_int_equal(st.st_gid, 56);
	assert_int_equal(sys_pin_chmod(at("nothing"), 0640), -ENOENT);
	assert_int_equal(sys_pin_chown(at("nothing"), 1, 2), -ENOENT);
	assert_int_equal(sys_pin_unlink(at("mode")), 0);
	sys_close(fd);
}

static int note_name(void *arg, const char *name, bool is_dir)
{
	struct buf *names = arg;

	buf_addf(names, "%s%s ", name, is_dir ? "/" : "");
	return 0;
}

static int stop_at_once(void *arg, const char *name, bool is_dir)
{
	(void)arg;
	(void)name;
	(void)is_dir;
	return -E2BIG;
}

static void test_pin_list(void **state)
{
	struct buf names = BUF_INIT(1000);
	int fd = make_hash();

	(void)state;
	assert_int_equal(sys_pin_prepare(at("list/dir")), 0);
	assert_int_equal(sys_pin(fd, at("list/pin")), 0);
	assert_int_equal(sys_pin(fd, at("list/dir/deep")), 0);
	assert_int_equal(sys_pin_list(at("list"), note_name, &names), 0);
	if (names.data[0] == 'p')
		assert_buf(&names, "pin dir/ ");
	else
		assert_buf(&names, "dir/ pin ");
	assert_int_equal(sys_pin_list(at("list"), stop_at_once, NULL), -E2BIG);
	assert_int_equal(sys_pin_list(at("list/pin"), note_name, &names), -ENOTDIR);
	assert_int_equal(sys_pin_list(at("nothing"), note_name, &names), -ENOENT);
	sys_close(fd);
}

/* BTF of an unsigned int key and an array of two of them. */
static struct btf *make_btf(int *key, int *value)
{
	struct btf *btf = btf__new_empty();

	*key = btf__add_int(btf, "unsigned int", 4, 0);
	*value = btf__add_array(btf, *key, *key, 2);
	return btf;
}

/* Where to go wrong: sizes that do not match, ids that are missing. */
static void test_btf(void **state)
{
	static const struct {
		uint32_t type, key_size, value_size, flags;
		bool no_key_id, no_value_id;
		int err;
	} cases[] = {
		{BPF_MAP_TYPE_HASH, 4, 8, 0, false, false, 0},
		{BPF_MAP_TYPE_ARRAY, 4, 8, 0, false, false, 0},
		{BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 0, false, false, 0},
		{BPF_MAP_TYPE_HASH, 8, 8, 0, false, false, -EINVAL},
		{BPF_MAP_TYPE_HASH, 4, 4, 0, false, false, -EINVAL},
		{BPF_MAP_TYPE_HASH, 4, 8, 0, true, false, -EINVAL},
		{BPF_MAP_TYPE_HASH, 4, 8, 0, false, true, -EINVAL},
		{BPF_MAP_TYPE_DEVMAP, 4, 8, 0, false, false, -EOPNOTSUPP},
	};
	int key, value, btf_fd;
	struct btf *btf = make_btf(&key, &value);

	(void)state;
	btf_fd = sys_btf_load(btf);
	assert_true(btf_fd >= 0);
	btf__free(btf);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct sys_map_attr attr = {
			.type = cases[i].type,
			.key_size = cases[i].key_size,
			.value_size = cases[i].value_size,
			.max_entries = 4,
			.map_flags = cases[i].flags,
			.name = "btf",
			.btf_fd = btf_fd,
			.btf_key_type_id = cases[i].no_key_id ? 0 : (uint32_t)key,
			.btf_value_type_id = cases[i].no_value_id ? 0 : (uint32_t)value,
		};
		int fd = sys_map_create(&attr);

		assert_int_equal(fd < 0 ? fd : 0, cases[i].err);
		if (fd >= 0)
			sys_close(fd);
	}
	sys_close(btf_fd);
}

/* The map keeps the BTF after its descriptor was closed; anybody can read it. */
static void test_btf_is_kept(void **state)
{
	struct sys_map_attr attr = {.type = BPF_MAP_TYPE_HASH,
				    .key_size = 4,
				    .value_size = 8,
				    .max_entries = 4,
				    .name = "btf"};
	struct btf *btf = make_btf((int *)&attr.btf_key_type_id, (int *)&attr.btf_value_type_id);
	struct bpf_map_info info;
	int fd;

	(void)state;
	attr.btf_fd = sys_btf_load(btf);
	btf__free(btf);
	fd = sys_map_create(&attr);
	assert_true(fd >= 0);
	sys_close(attr.btf_fd);
	assert_int_equal(sys_map_info(fd, &info), 0);
	assert_true(info.btf_id > 0);
	assert_int_equal(info.btf_key_type_id, attr.btf_key_type_id);
	assert_int_equal(info.btf_value_type_id, attr.btf_value_type_id);
	assert_int_equal(sys_btf_open_id(info.btf_id, &btf), 0);
	assert_int_equal(btf__resolve_size(btf, info.btf_key_type_id), 4);
	assert_true(btf_is_array(btf__type_by_id(btf, info.btf_value_type_id)));
	btf__free(btf);
	sys_close(fd);
	assert_int_equal(sys_btf_open_id(UINT32_MAX, &btf), -ENOENT);
}

static void test_create_refused(void **state)
{
	static const struct {
		struct sys_map_attr attr;
		int err;
	} cases[] = {
		{{BPF_MAP_TYPE_HASH, 0, 4, 4, .name = ""}, -EINVAL},
		{{BPF_MAP_TYPE_HASH, 4, 0, 4, .name = ""}, -EINVAL},
		{{BPF_MAP_TYPE_HASH, 4, 4, 0, .name = ""}, -EINVAL},
		{{BPF_MAP_TYPE_HASH, 4, 4, 4, .map_flags = BPF_F_MMAPABLE, .name = ""}, -EINVAL},
		{{BPF_MAP_TYPE_HASH, 4, 4, 4, .map_flags = BPF_F_NO_COMMON_LRU, .name = ""},
		 -EINVAL},
		{{BPF_MAP_TYPE_HASH, 4, 4, 4, .map_extra = 1, .name = ""}, -EINVAL},
		{{BPF_MAP_TYPE_HASH, 4, 4, 4, .name = "a-b"}, -EINVAL},
		{{BPF_MAP_TYPE_HASH, 4, 4, 4, .name = "\xd7"}, -EINVAL},
		{{BPF_MAP_TYPE_HASH, 4, 4, 4, .map_flags = BPF_F_RDONLY | BPF_F_WRONLY, .name = ""},
		 -EINVAL},
		{{BPF_MAP_TYPE_HASH, 4, 1U << 30, 4, .name = ""}, -E2BIG},
		{{BPF_MAP_TYPE_PERCPU_HASH, 4, 32769, 4, .name = ""}, -E2BIG},
		{{BPF_MAP_TYPE_PERCPU_HASH, 4, 4, 4, .map_flags = BPF_F_NUMA_NODE, .name = ""},
		 -EINVAL},
		{{BPF_MAP_TYPE_LRU_HASH, 4, 4, 4, .map_flags = BPF_F_NO_PREALLOC, .name = ""},
		 -EOPNOTSUPP},
		{{BPF_MAP_TYPE_ARRAY, 8, 4, 4, .name = ""}, -EINVAL},
		{{BPF_MAP_TYPE_ARRAY, 4, 4, 0, .name = ""}, -EINVAL},
		{{BPF_MAP_TYPE_ARRAY, 4, 4, 4, .map_flags = BPF_F_NO_PREALLOC, .name = ""},
		 -EINVAL},
		{{BPF_MAP_TYPE_PERCPU_ARRAY, 4, 32769, 4, .name = ""}, -E2BIG},
		{{BPF_MAP_TYPE_LPM_TRIE, 8, 4, 4, .name = ""}, -EINVAL},
		{{BPF_MAP_TYPE_LPM_TRIE, 4, 4, 4, .map_flags = BPF_F_NO_PREALLOC, .name = ""},
		 -EINVAL},
		{{BPF_MAP_TYPE_LPM_TRIE, 261, 4, 4, .map_flags = BPF_F_NO_PREALLOC, .name = ""},
		 -EINVAL},
		{{BPF_MAP_TYPE_UNSPEC, 4, 4, 4, .name = ""}, -EINVAL},
		{{200, 4, 4, 4, .name = ""}, -EINVAL},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		int err = sys_map_create(&cases[i].attr);

		if (err != cases[i].err)
			fail_msg("case %u: %d, not %d", i, err, cases[i].err);
	}
}

static void test_legal_names(void **state)
{
	static const char *const names[] = {"", ".", "..", "a.b_c", "fifteen_bytes15", "\xc0\xff"};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = make_map(BPF_MAP_TYPE_ARRAY, 4, 4, 1, names[i]);
		struct bpf_map_info info;

		assert_int_equal(sys_map_info(fd, &info), 0);
		assert_string_equal(info.name, names[i]);
		sys_close(fd);
	}
}

/* The access flags limit the first descriptor only and are no part of the map. */
static void test_create_read_only(void **state)
{
	const struct sys_map_attr attr = {BPF_MAP_TYPE_HASH, 4, 4, 4, .map_flags = BPF_F_RDONLY,
					  .name = "readonly"};
	uint32_t key = 0, value = 0;
	struct bpf_map_info info;
	int fd = sys_map_create(&attr), other;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sys_map_update(fd, &key, &value, BPF_ANY), -EPERM);
	assert_int_equal(sys_map_info(fd, &info), 0);
	assert_int_equal(info.map_flags, 0);
	other = sys_map_open_id(info.id, 0);
	assert_int_equal(sys_map_update(other, &key, &value, BPF_ANY), 0);
	sys_close(other);
	sys_close(fd);
}

static void test_no_elements(void **state)
{
	int fd = make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, 65536, "ring");
	uint32_t key = 0, value = 0, token, count = 1;

	(void)state;
	assert_int_equal(sys_map_lookup(fd, NULL, &value, 0), -EOPNOTSUPP);
	assert_int_equal(sys_map_update(fd, NULL, &value, 0), -EOPNOTSUPP);
	assert_int_equal(sys_map_delete(fd, NULL), -EOPNOTSUPP);
	assert_int_equal(sys_map_next_key(fd, NULL, &key), -EOPNOTSUPP);
	assert_int_equal(sys_map_lookup_batch(fd, NULL, &token, &key, &value, &count, 0),
			 -EOPNOTSUPP);
	sys_close(fd);
}

const struct CMUnitTest contract_pin_tests[] = {
	cmocka_unit_test_setup(test_prepare, prepare),
	cmocka_unit_test_setup(test_pin_keeps_map, prepare),
	cmocka_unit_test_setup(test_pin_names, prepare),
	cmocka_unit_test_setup(test_pin_open, prepare),
	cmocka_unit_test_setup(test_pin_rename, prepare),
	cmocka_unit_test_setup(test_pin_replace, prepare),
	cmocka_unit_test_setup(test_pin_mode, prepare),
	cmocka_unit_test_setup(test_pin_list, prepare),
	cmocka_unit_test(test_btf),
	cmocka_unit_test(test_btf_is_kept),
	cmocka_unit_test(test_create_refused),
	cmocka_unit_test(test_legal_names),
	cmocka_unit_test(test_create_read_only),
	cmocka_unit_test(test_no_elements),
};

const unsigned int contract_pin_tests_count = ARRAY_SIZE(contract_pin_tests);
