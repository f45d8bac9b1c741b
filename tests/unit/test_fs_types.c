/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Types for maps that have none: .types, and the file of -o types= (design, section 6). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"
#include "lib/typerules.h"
#include "tests/unit/fs_listing.h"

#define OWN "key=16\nvalue=8\n"
#define LAID "key=char[16]\nvalue=s64\n"

static struct typerules *rules;

static int teardown(void **state)
{
	int err = fs_teardown(state);

	typerules_free(rules);
	rules = NULL;
	return err;
}

#define TYPES_TEST(f) cmocka_unit_test_setup_teardown(f, fs_setup, teardown)

/* A map of others, without BTF, which lives as long as its descriptor. */
static uint32_t untyped(struct fixture *f, uint32_t type, uint32_t key_size, uint32_t value_size,
			const char *name)
{
	uint32_t id = map_id(make_map(type, key_size, value_size, 4, name));

	assert_int_equal(catalog_refresh(f->fs.catalog), 0);
	return id;
}

static uint32_t calls(struct fixture *f)
{
	return untyped(f, BPF_MAP_TYPE_HASH, 16, 8, "AT_calls");
}

static void put(uint32_t map, const char *key, int64_t value)
{
	char bytes[16] = {0};
	int fd = sys_map_open_id(map, 0);

	memcpy(bytes, key, strlen(key));
	assert_int_equal(sys_map_update(fd, bytes, &value, BPF_ANY), 0);
	sys_close(fd);
}

static void put_bytes(uint32_t map, const void *key, const void *value)
{
	int fd = sys_map_open_id(map, 0);

	assert_int_equal(sys_map_update(fd, key, value, BPF_ANY), 0);
	sys_close(fd);
}

/* As echo does it; blank: as `: >` does. */
static int write_types(struct fixture *f, uint32_t map, const char *text)
{
	struct file *file;
	int err, closed;

	assert_int_equal(fs_open(f, map, ".types", O_WRONLY | O_TRUNC, 0, &file), 0);
	err = *text ? file_write(file, text, strlen(text), 0, &f->diag) : 0;
	closed = file_flush(file, err ? NULL : &f->diag);
	file_release(file, NULL);
	return err ? err : closed;
}

static void lay(struct fixture *f, uint32_t map, const char *text)
{
	int err = write_types(f, map, text);

	if (err)
		print_error("%s: %s\n", text, f->diag.why);
	assert_int_equal(err, 0);
}

static void assert_names_of(struct fixture *f, uint32_t map, const char *expected)
{
	struct listed *l = new_listed();

	list_all(f, map, true, l);
	assert_sorted(l, expected);
	free(l);
}

/* .types */

static void test_texts(void **state)
{
	static const struct {
		const char *text, *after;
	} cases[] = {
		{"key=char[16],value=s64\n", LAID},
		{"key=char[16],value=s64", LAID},
		{"key=char[16]\nvalue=s64\n", LAID},
		{"value=s64\nkey=char[16]\n", LAID},
		{"# a comment\nkey=char[16]\n\nvalue=s64\n", LAID},
		{"key=char[16]\n", "key=char[16]\nvalue=8\n"},
		{"value=s64\n", "key=16\nvalue=s64\n"},
		{"key=u64[2]\n", "key=u64[2]\nvalue=8\n"},
		{"key=16,value=8\n", OWN},
		{"key=u8[16],value=struct{u32 a; u32 b;}\n",
		 "key=u8[16]\nvalue=struct{u32 a;u32 b;}\n"},
		{"key=struct{ipv4 from; ipv4 to; u64 count;}\n",
		 "key=struct{ipv4 from;ipv4 to;u64 count;}\nvalue=8\n"},
	};
	struct fixture *f = *state;
	uint32_t map = calls(f);

	assert_file(f, map, ".types", OWN);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		lay(f, map, cases[i].text);
		assert_file(f, map, ".types", cases[i].after);
		lay(f, map, cases[i].after); /* what it says can be said again */
		assert_file(f, map, ".types", cases[i].after);
		lay(f, map, "");
		assert_file(f, map, ".types", OWN);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"key=char[15],value=u64\n", "the key of this map has 16 bytes, and the type 15"},
		{"key=char[17],value=u64\n", "16"},
		{"key=char[16],value=u32\n", "the value of this map has 8 bytes, and the type 4"},
		{"value=char[16]\n", "8"},
		{"key=15\n", "16"},
		{"key=char[16],value=u65\n", ""},
		{"nonsense\n", "="},
		{"key\n", "="},
		{"key=\n", ""},
		{"key=char[16],\n", ""},
		{"key=char[16],key=char[16]\n", "twice"},
		{"key=char[16] value=u64\n", ""},
		{"type=hash\n", "only"},
		{"key=char[16],max_entries=5\n", "only"},
		{"keys=char[16]\n", ""},
		{"btf=00\n", ""},
	};
	struct fixture *f = *state;
	uint32_t map = calls(f);

	put(map, "bash", -1);
	lay(f, map, "key=char[16],value=s64\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int err = write_types(f, map, cases[i].text);

		if (err != -EINVAL || !strstr(f->diag.why, cases[i].why))
			print_error("%s: %d %s\n", cases[i].text, err, f->diag.why);
		assert_int_equal(err, -EINVAL);
		assert_int_equal(f->diag.err, EINVAL);
		assert_true(f->diag.why[0] && strstr(f->diag.why, cases[i].why));
		assert_file(f, map, ".types", LAID);
		assert_file(f, map, "bash", "-1\n");
	}
}

/* What is not named stays as it was laid before. */
static void test_one_after_the_other(void **state)
{
	struct fixture *f = *state;
	uint32_t map = calls(f);

	lay(f, map, "key=char[16]\n");
	lay(f, map, "value=s64\n");
	assert_file(f, map, ".types", LAID);
	assert_int_equal(write_types(f, map, "key=u32\n"), -EINVAL);
	lay(f, map, "value=u8[8]\n");
	assert_file(f, map, ".types", "key=char[16]\nvalue=u8[8]\n");
	lay(f, map, "\n");
	assert_file(f, map, ".types", OWN);
}

static void test_names_and_values(void **state)
{
	struct fixture *f = *state;
	uint32_t map = calls(f), other = untyped(f, BPF_MAP_TYPE_HASH, 16, 8, "AT_other");
	struct file *file;

	put(map, "bash", -1);
	put(map, "..", 5);
	put(other, "bash", -1);
	assert_names_of(f, map,
			". .. .map 2e2e0000000000000000000000000000 "
			"62617368000000000000000000000000");
	lay(f, map, "key=char[16],value=s64\n");
	assert_names_of(f, map, "%2E. . .. .map bash");
	assert_file(f, map, "bash", "-1\n");
	assert_file(f, map, "%2E.", "5\n");
	assert_file(f, map, "0x62617368000000000000000000000000", "-1\n");
	assert_file(f, map, "62617368000000000000000000000000", NULL);
	assert_file(f, map, ".count", "2\n");

	assert_int_equal(fs_open(f, map, "cat", O_WRONLY | O_CREAT | O_EXCL, 0644, &file), 0);
	assert_int_equal(file_write(file, "-7\n", 3, 0, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_int_equal(fs_unlink(f, map, "bash"), 0);
	assert_names_of(f, map, "%2E. . .. .map cat");

	assert_names_of(f, other, ". .. .map 62617368000000000000000000000000");
	assert_file(f, other, "62617368000000000000000000000000", "18446744073709551615\n");
	assert_file(f, other, ".types", OWN);

	lay(f, map, "");
	assert_file(f, map, "63617400000000000000000000000000", "18446744073709551609\n");
	assert_file(f, map, "cat", NULL);
}

/* The new types count at the next look, also for what is open. */
static void test_open_files(void **state)
{
	struct fixture *f = *state;
	struct listed *l = new_listed();
	struct buf text = BUF_INIT(100);
	uint32_t map = calls(f);
	struct file *file;
	struct dir *d;

	put(map, "bash", -1);
	put(map, "cat", 2);
	assert_int_equal(fs_open(f, map, "62617368000000000000000000000000", O_RDWR, 0, &file), 0);
	assert_int_equal(file_read(file, 100, 0, &text, NULL), 0);
	assert_buf(&text, "18446744073709551615\n");
	d = open_map_dir(f, map);
	list_from(d, 0, true, 2, l);
	assert_int_equal(l->count, 5);

	lay(f, map, "key=char[16],value=s64\n");
	text = BUF_INIT(100);
	assert_int_equal(file_read(file, 100, 0, &text, NULL), 0);
	assert_buf(&text, "-1\n");
	assert_int_equal(file_write(file, "-2\n", 3, 0, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_file(f, map, "bash", "-2\n");
	list_from(d, l->entries[3].next, true, 1, l);
	assert_int_equal(l->count, 1);
	dir_close(d);
	free(l);
}

static void test_per_cpu(void **state)
{
	struct fixture *f = *state;
	uint32_t map = untyped(f, BPF_MAP_TYPE_PERCPU_HASH, 4, 4, "cpus"), key = 7;
	static const int32_t value[] = {-1, 0, 3, 0};

	put_bytes(map, &key, value);
	assert_file(f, map, "7", "[4294967295,3]\n");
	lay(f, map, "key=be32,value=s32\n");
	assert_file(f, map, ".types", "key=be32\nvalue=s32\n");
	assert_file(f, map, "7.0.0.0", "[-1,3]\n");
	assert_int_equal(write_types(f, map, "value=u64\n"), -EINVAL);
}

static void test_slots(void **state)
{
	struct fixture *f = *state;
	uint32_t map = untyped(f, BPF_MAP_TYPE_ARRAY, 4, 8, "slots");

	lay(f, map, "value=struct{s32 a; s32 b;}\n");
	assert_names_of(f, map, ". .. .map 0 1 2 3");
	assert_file(f, map, "3", "{\"a\":0,\"b\":0}\n");
	assert_file(f, map, ".types", "key=4\nvalue=struct{s32 a;s32 b;}\n");
}

static void test_prefixes(void **state)
{
	static const unsigned char key[8] = {8, 0, 0, 0, 10};
	struct fixture *f = *state;
	const uint64_t value = 1;
	uint32_t map = untyped(f, BPF_MAP_TYPE_LPM_TRIE, 8, 8, "trie");

	put_bytes(map, key, &value);
	assert_names_of(f, map, ". .. .map 0a000000_8");
	lay(f, map, "key=ipv4_prefix\n");
	assert_file(f, map, ".types", "key=ipv4_prefix\nvalue=8\n");
	assert_names_of(f, map, ". .. .map 10.0.0.0_8");
	assert_int_equal(write_types(f, map, "key=u64\n"), -EINVAL);
	assert_non_null(strstr(f->diag.why, "ipv4_prefix"));
	assert_int_equal(write_types(f, map, "key=ipv6_prefix\n"), -EINVAL);
	assert_names_of(f, map, ". .. .map 10.0.0.0_8");
	lay(f, map, "key=8\n");
	assert_names_of(f, map, ". .. .map 0a000000_8");
}

/* A map without keys has no bytes of one. */
static void test_without_keys(void **state)
{
	struct fixture *f = *state;
	uint32_t map = untyped(f, BPF_MAP_TYPE_QUEUE, 0, 8, "queue");

	assert_file(f, map, ".types", "value=8\n");
	assert_int_equal(write_types(f, map, "key=u32\n"), -EINVAL);
	lay(f, map, "value=s64\n");
	assert_file(f, map, ".types", "value=s64\n");
	assert_names_of(f, map, ". .. .map");
}

/* A map's own types come back. */
static void test_own_types(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m,value=s64");

	raw_put(map, 1, (uint64_t)-1);
	assert_file(f, map, ".types", "key=u32\nvalue=s64\n");
	lay(f, map, "");
	assert_file(f, map, "1", "-1\n");
	assert_file(f, map, ".types", "key=u32\nvalue=s64\n");
}

static void test_forgotten(void **state)
{
	struct fixture *f = *state;
	uint32_t map = calls(f);

	lay(f, map, "key=char[16],value=s64\n");
	fs_remount(f, false);
	assert_file(f, map, ".types", OWN);
}

/* Nothing of the map changes. */
static void test_frozen(void **state)
{
	struct fixture *f = *state;
	uint32_t map = calls(f);

	put(map, "bash", -1);
	raw_freeze(map);
	lay(f, map, "key=char[16],value=s64\n");
	assert_file(f, map, "bash", "-1\n");
}

static void test_info(void **state)
{
	struct buf text = BUF_INIT(1 << 20);
	struct fixture *f = *state;
	uint32_t map = calls(f);
	struct file *file;

	lay(f, map, "key=char[16],value=s64\n");
	assert_int_equal(fs_open(f, map, ".info", O_RDONLY, 0, &file), 0);
	assert_int_equal(file_read(file, 1 << 20, 0, &text, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_non_null(strstr(text.data, "char key[16]"));
	buf_free(&text);
}

/* The file. */

static void remount_with(struct fixture *f, const char *text)
{
	struct fs_options options = {
		.survey = {.pindir = FS_PINDIR},
		.max_map_bytes = 64 << 20,
		.umask = 077,
	};
	struct diag diag = {0};
	unsigned int line;
	int err;

	spec_copy(&options.mkdir_spec, &f->fs.options.mkdir_spec);
	fs_free(&f->fs);
	typerules_free(rules);
	rules = NULL;
	err = typerules_parse(text, strlen(text), &rules, &line, &diag);
	if (err)
		print_error("%u: %s\n", line, diag.why);
	assert_int_equal(err, 0);
	options.survey.rules = rules;
	assert_int_equal(fs_init(&f->fs, &options), 0);
	assert_int_equal(catalog_refresh(f->fs.catalog), 0);
}

static void test_rules(void **state)
{
	struct fixture *f = *state;
	uint32_t calls_map = calls(f), bytes = untyped(f, BPF_MAP_TYPE_HASH, 16, 8, "AT_bytes");
	uint32_t other = untyped(f, BPF_MAP_TYPE_HASH, 16, 8, "BT_bytes");
	uint32_t short_one = untyped(f, BPF_MAP_TYPE_HASH, 4, 8, "AT_short");

	put(calls_map, "bash", -1);
	remount_with(f, "# of bpftrace\n"
			"\n"
			"AT_calls\tkey=char[16],value=s64\n"
			"AT_*   key=char[16],value=u8[8]  \n"
			"?T_bytes key=u64[2]");
	assert_file(f, calls_map, ".types", LAID);
	assert_file(f, calls_map, "bash", "-1\n");
	assert_file(f, bytes, ".types", "key=char[16]\nvalue=u8[8]\n");
	assert_file(f, other, ".types", "key=u64[2]\nvalue=8\n");
	assert_file(f, short_one, ".types", "key=4\nvalue=8\n"); /* it does not fit */

	lay(f, calls_map, "value=u8[8]\n"); /* over what the rule says */
	assert_file(f, calls_map, ".types", "key=char[16]\nvalue=u8[8]\n");
	remount_with(f, "");
	assert_file(f, calls_map, ".types", OWN);
}

/* Maps of one name: NAME and NAME@ID, which the kernel calls the same. */
static void test_rules_of_one_name(void **state)
{
	struct fixture *f = *state;
	uint32_t first = calls(f), second = calls(f);

	remount_with(f, "AT_calls key=char[16],value=s64\n");
	assert_file(f, first, ".types", LAID);
	assert_file(f, second, ".types", LAID);
}

/* Maps that come later, and maps that have their own types. */
static void test_rules_of_new_maps(void **state)
{
	struct fixture *f = *state;
	uint32_t map;

	remount_with(f, "* value=s64\n");
	map = fs_mkdir(f, "typed");
	assert_file(f, map, ".types", "key=u32\nvalue=u64\n");
	map = fs_mkdir(f, "half,key=4,value=u64");
	assert_file(f, map, ".types", "key=4\nvalue=u64\n");
	map = fs_mkdir(f, "bare,key=4,value=8");
	assert_file(f, map, ".types", "key=4\nvalue=s64\n");
	map = calls(f);
	assert_file(f, map, ".types", "key=16\nvalue=s64\n");
}

static void test_bad_rules(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		size_t offset;
	} cases[] = {
		{"a key=u32\nb key=u33\n", 2, 6}, {"# x\n\na\n", 3, 1},
		{"a key=u32,type=hash\n", 1, 10}, {" a key=u32\n", 1, 0},
		{"a key=u32 value=u32\n", 1, 10}, {"a key=u32,key=u32\n", 1, 10},
	};
	struct typerules *r;
	unsigned int line;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d = {0};
		int err = typerules_parse(cases[i].text, strlen(cases[i].text), &r, &line, &d);

		if (line != cases[i].line || d.offset != cases[i].offset)
			print_error("%s: line %u, byte %zu: %s\n", cases[i].text, line, d.offset,
				    d.why);
		assert_int_equal(err, -EINVAL);
		assert_int_equal(d.err, EINVAL);
		assert_true(d.why[0] && d.placed);
		assert_int_equal(line, cases[i].line);
		assert_int_equal(d.offset, cases[i].offset);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TYPES_TEST(test_texts),
		TYPES_TEST(test_refused),
		TYPES_TEST(test_one_after_the_other),
		TYPES_TEST(test_names_and_values),
		TYPES_TEST(test_open_files),
		TYPES_TEST(test_per_cpu),
		TYPES_TEST(test_slots),
		TYPES_TEST(test_prefixes),
		TYPES_TEST(test_without_keys),
		TYPES_TEST(test_own_types),
		TYPES_TEST(test_forgotten),
		TYPES_TEST(test_frozen),
		TYPES_TEST(test_info),
		TYPES_TEST(test_rules),
		TYPES_TEST(test_rules_of_one_name),
		TYPES_TEST(test_rules_of_new_maps),
		cmocka_unit_test(test_bad_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
