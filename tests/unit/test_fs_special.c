/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The texts behind the names that are no keys, read and written as files. */
#include "fs/special.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/refusal.h"
#include "lib/host.h"
#include "lib/sys.h"
#include "tests/unit/fs_steps.h"

/* The BTF of "unsigned int" and "unsigned long long"; of "short" and three bytes. */
#define U32_U64                                                                            \
	"9feb0100180000000000000020000000200000002100000001000000000000010400000020000000" \
	"0e00000000000001080000004000000000756e7369676e656420696e7400756e7369676e6564206c" \
	"6f6e67206c6f6e6700"
#define S16_BYTES                                                                          \
	"9feb0100180000000000000054000000540000002a00000001000000000000010200000010000001" \
	"07000000000000010100000008000000150000000000000104000000200000000000000000000003" \
	"000000000200000003000000030000002200000000000008040000000073686f727400756e736967" \
	"6e6564206368617200756e7369676e656420696e7400756e747970656400"

static void test_map(void **state)
{
	static const struct {
		const char *map, *text;
	} cases[] = {
		{"a", "# unsigned int key;\n# unsigned long long value;\n"
		      "type=hash\nkey=u32\nvalue=u64\nmax_entries=1024\nname=a\n"
		      "btf=1:2:" U32_U64 "\n"},
		{"b,type=lru_percpu_hash,key=s16,value=3,max_entries=8,name=other",
		 "# short key;\n# unsigned char value[3];\n"
		 "type=lru_percpu_hash\nkey=s16\nvalue=3\nmax_entries=8\nname=other\nbtf=1:"
		 "5:" S16_BYTES "\n"},
		{"c,map_flags=no_prealloc|zero_seed",
		 "# unsigned int key;\n# unsigned long long value;\n"
		 "type=hash\nkey=u32\nvalue=u64\nmax_entries=1024\n"
		 "map_flags=no_prealloc|zero_seed\nname=c\nbtf=1:2:" U32_U64 "\n"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_file(f, fs_mkdir(f, cases[i].map), ".map", cases[i].text);
}

/* What .map says makes the same map again. */
static void test_map_makes_its_equal(void **state)
{
	static const char *const specs[] = {
		"a",
		"a,type=array,value=u8",
		"a,type=percpu_array,value=s32",
		"a,type=lpm_trie,key=20,value=u16",
		"a,type=lru_hash,key=7,value=300",
		"a,type=queue,value=8",
		"a,type=hash,key=s64,map_flags=no_prealloc",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		struct buf first = BUF_INIT(4096), again = BUF_INIT(4096), name = BUF_INIT(4096);
		uint32_t map = fs_mkdir(f, specs[i]);

		assert_int_equal(special_read_map(&f->fs, map, &first), 0);
		buf_adds(&name, "b");
		for (char *line = strtok(first.data, "\n"); line; line = strtok(NULL, "\n"))
			if (line[0] != '#')
				buf_addf(&name, ",%s", line);
		buf_clear(&first);
		assert_int_equal(special_read_map(&f->fs, map, &first), 0);
		assert_int_equal(special_read_map(&f->fs, fs_mkdir(f, name.data), &again), 0);
		assert_buf(&again, first.data);
		buf_free(&first);
		buf_free(&name);
		assert_int_equal(removal_rmdir(&f->fs, &fs_root, "a", NULL), 0);
		assert_int_equal(removal_rmdir(&f->fs, &fs_root, "b", NULL), 0);
	}
}

/* Its beginning: what comes after asks the real /proc. */
static void test_info(void **state)
{
	struct buf text = BUF_INIT(1 << 20), expected = BUF_INIT(4096);
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m,max_entries=8,map_flags=zero_seed");

	raw_freeze(map);
	assert_int_equal(special_read_info(&f->fs, map, &text), 0);
	buf_addf(&expected,
		 "id:\t%u\nname:\tm\ntype:\thash\nkey_size:\t4\nvalue_size:\t8\n"
		 "max_entries:\t8\nmap_flags:\tzero_seed\nmap_extra:\t0\nbtf_id:\t",
		 map);
	assert_memory_equal(text.data, expected.data, expected.len);
	assert_non_null(strstr(text.data, "\nmemlock:\t96\nfrozen:\t1\n"));
	assert_non_null(strstr(text.data, "\nkey:\n\tunsigned int key;\n"));
	assert_non_null(strstr(text.data, "\nvalue:\n\tunsigned long long value;\n"));
	assert_null(strstr(text.data, "\nkeys:\t"));
	buf_free(&text);
	buf_free(&expected);
}

/* Why there are no keys; and a name that would break lines. */
static void test_info_of_others(void **state)
{
	struct buf text = BUF_INIT(1 << 20);
	struct fixture *f = *state;

	assert_int_equal(special_read_info(&f->fs, fs_mkdir(f, "q,type=queue"), &text), 0);
	assert_non_null(strstr(text.data, "\nkeys:\t"));
	buf_free(&text);
}

static void test_count(void **state)
{
	static const char *const maps[] = {"a", "b,type=percpu_hash", "c,type=lru_hash"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		uint32_t map = fs_mkdir(f, maps[i]);

		assert_file(f, map, ".count", "0\n");
		for (uint32_t key = 0; key < 500; key++)
			raw_put(map, key, key);
		assert_file(f, map, ".count", "500\n");
	}
}

/* Of slots, those that are shown. */
static void test_count_of_slots(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m,type=array,max_entries=4");

	assert_file(f, map, ".count", "4\n");
	assert_int_equal(fs_unlink(f, map, "1"), 0);
	assert_int_equal(fs_unlink(f, map, "2"), 0);
	assert_file(f, map, ".count", "2\n");
	raw_put(map, 1, 7);
	assert_file(f, map, ".count", "3\n");
}

static void test_count_of_no_keys(void **state)
{
	struct buf text = BUF_INIT(100);
	struct fixture *f = *state;

	assert_int_equal(special_read_count(&f->fs, fs_mkdir(f, "q,type=queue"), &text),
			 -EOPNOTSUPP);
	buf_free(&text);
}

static const struct sequence frozen[] = {
	{"0 changes nothing", .steps = {OPEN(O_WRONLY | O_TRUNC), FLUSH, WRITE("0\n", 0), FLUSH,
					RELEASE, OPEN(O_RDONLY), READ("0\n", 0), RELEASE}},
	{"1 freezes", .steps = {OPEN(O_WRONLY | O_TRUNC), FLUSH, WRITE("1\n", 0), FLUSH, RELEASE,
				OPEN(O_RDONLY), READ("1\n", 0), RELEASE}},
	{"1 without a newline", .steps = {OPEN(O_WRONLY | O_TRUNC), WRITE("1", 0), WRITE("\n", 1),
					  FLUSH, RELEASE, OPEN(O_RDONLY), READ("1\n", 0), RELEASE}},
	{"1 of what is frozen",
	 .steps = {FREEZE, OPEN(O_WRONLY | O_TRUNC), WRITE("1\n", 0), FLUSH, RELEASE}},
	{"0 of what is frozen",
	 .steps = {FREEZE, OPEN(O_WRONLY | O_TRUNC), WRITE_ERR("0\n", 0, -EINVAL),
		   EXPLAINED("frozen"), FLUSH, RELEASE, OPEN(O_RDONLY), READ("1\n", 0), RELEASE}},
	{"garbage", .steps = {OPEN(O_WRONLY | O_TRUNC), WRITE_ERR("2\n", 0, -EINVAL),
			      WRITE_ERR("x\n", 0, -EINVAL), WRITE_ERR("1 1\n", 0, -EINVAL), FLUSH,
			      RELEASE, OPEN(O_RDONLY), READ("0\n", 0), RELEASE}},
	{"nothing", .steps = {OPEN(O_WRONLY | O_TRUNC), FLUSH, RELEASE, OPEN(O_RDONLY),
			      READ("0\n", 0), RELEASE}},
	{"touch and chmod", .steps = {OPEN(O_WRONLY), UTIMENS(0), CHMOD(0400, 0), FLUSH, RELEASE,
				      OPEN(O_RDONLY), READ("0\n", 0), RELEASE}},
	{"truncate(2)", .steps = {TRUNCATE(0, 0), OPEN(O_RDONLY), READ("0\n", 0), RELEASE}},
};

/* What only the daemon writes. */
static void test_read_only(void **state)
{
	static const char *const names[] = {".info", ".count"};
	static const int flags[] = {O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_WRONLY | O_APPEND};
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	struct file *file;

	for (size_t i = 0; i < ARRAY_SIZE(names) * ARRAY_SIZE(flags); i++) {
		int err = fs_open(f, map, names[i / ARRAY_SIZE(flags)],
				  flags[i % ARRAY_SIZE(flags)], 0, &file);

		assert_int_equal(err, -EACCES);
		assert_int_equal(f->diag.err, EACCES);
	}
}

static void test_freeze_refused(void **state)
{
	static const struct {
		int kernel, expected;
	} cases[] = {{-EPERM, -EROFS}, {-EBUSY, -EBUSY}, {-EOPNOTSUPP, -EOPNOTSUPP}};
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_fail(FAKE_MAP_FREEZE, 0, cases[i].kernel);
		assert_int_equal(special_write_frozen(&f->fs, map, "1\n", 2, &f->diag),
				 cases[i].expected);
		assert_int_equal(f->diag.err, -cases[i].expected);
	}
	assert_file(f, map, ".frozen", "0\n");
}

static void test_gone(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	struct buf text = BUF_INIT(4096);

	assert_int_equal(sys_pin_unlink(FS_PINDIR "/m"), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(special_read_info(&f->fs, map, &text), -ESTALE);
		assert_int_equal(special_read_count(&f->fs, map, &text), -ESTALE);
		assert_int_equal(special_read_frozen(&f->fs, map, &text), -ESTALE);
		assert_int_equal(special_write_frozen(&f->fs, map, "1\n", 2, NULL), -ESTALE);
		assert_int_equal(catalog_refresh(f->fs.catalog), 0);
	}
	assert_int_equal(special_read_map(&f->fs, map, &text), -ESTALE);
	buf_free(&text);
}

/* Opening and closing a program's prog_array would clear it, so nobody does to look. */
static void test_delicate_is_not_opened(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_stranger(f, BPF_MAP_TYPE_PROG_ARRAY, "calls");
	unsigned int before = fake_calls(FAKE_MAP_OPEN_ID);
	struct buf text = BUF_INIT(1 << 20);
	struct stat st;

	assert_int_equal(fs_kind(f, &fs_root, "calls"), NODE_MAP);
	assert_int_equal(fs_stat(f, map, ".map", &st), 0);
	assert_int_equal(special_read_map(&f->fs, map, &text), 0);
	assert_int_equal(fake_calls(FAKE_MAP_OPEN_ID), before);
	assert_int_equal(removal_rmdir(&f->fs, &fs_root, "calls", NULL), -EBUSY);
	assert_int_equal(fs_stat(f, map, "1", &st), -ENOENT);
	assert_int_equal(fake_calls(FAKE_MAP_OPEN_ID), before);
	special_read_info(&f->fs, map, &text);
	special_read_count(&f->fs, map, &text);
	buf_free(&text);
	assert_int_equal(fake_calls(FAKE_MAP_OPEN_ID), before);
}

/* .error_log. */

static char log_lines[4096];

static void to_log(const char *lines)
{
	snprintf(log_lines, sizeof(log_lines), "%s", lines);
}

static void refuse(struct fixture *f, const struct identity *id, const char *name)
{
	const struct refused_request r = {
		.operation = "write", .pid = 77, .uid = 5, .id = id, .name = name};
	struct diag d = {0};

	diag_at(&d, EINVAL, 1, "a digit is expected here");
	diag_quote(&d, "1x", 2);
	refusal_note(&f->fs, &r, EINVAL, &d);
}

/* The log without its times. */
static void assert_log(struct fixture *f, const char *expected)
{
	struct buf text = BUF_INIT(1 << 20), rest = BUF_INIT(1 << 20);

	assert_int_equal(special_read_error_log(&f->fs, 0, &text), 0);
	for (char *line = text.data ? strtok(text.data, "\n") : NULL; line;
	     line = strtok(NULL, "\n"))
		buf_addf(&rest, "%s\n", line[0] == ' ' ? line : strstr(line, "pid "));
	buf_free(&text);
	assert_buf(&rest, expected);
}

static void test_error_log(void **state)
{
	const uint32_t five = 5;
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "m");
	const struct identity dir = fs_map(map);
	const struct identity key = {NODE_KEY, map, 4, (const unsigned char *)&five};
	const struct identity info = {.kind = NODE_INFO, .map_id = map};
	const struct identity log = {.kind = NODE_ERROR_LOG};

	f->fs.log = to_log;
	assert_log(f, "");
	refuse(f, &key, NULL);
	assert_non_null(strstr(log_lines, "pid 77: write /m/5: EINVAL: a digit is expected here\n"
					  "    1x\n     ^\n"));
	refuse(f, &dir, "x");
	refuse(f, &info, NULL);
	refuse(f, &log, NULL);
	refuse(f, &fs_root, "new");
	assert_log(f,
		   "pid 77: write /m/5: EINVAL: a digit is expected here\n    1x\n     ^\n"
		   "pid 77: write /m/x: EINVAL: a digit is expected here\n    1x\n     ^\n"
		   "pid 77: write /m/.info: EINVAL: a digit is expected here\n    1x\n     ^\n"
		   "pid 77: write /.error_log: EINVAL: a digit is expected here\n    1x\n     ^\n"
		   "pid 77: write /new: EINVAL: a digit is expected here\n    1x\n     ^\n");
}

static void refuse_as(struct fixture *f, uid_t uid, const char *name)
{
	const struct refused_request r = {
		.operation = "write", .pid = 7, .uid = uid, .id = &fs_root, .name = name};
	struct diag d = {0};

	diag_set(&d, EINVAL, "no");
	refusal_note(&f->fs, &r, EINVAL, &d);
}

/* Of a user: his own. Of root, and of the owner of the mount: all. */
static void test_error_log_of_users(void **state)
{
	struct fixture *f = *state;

	f->fs.options.uid = 9;
	refuse_as(f, 5, "a");
	refuse_as(f, 0, "b");
	refuse_as(f, 6, "c");
	host_serve(5);
	assert_log(f, "pid 7: write /a: EINVAL: no\n");
	host_serve(7);
	assert_log(f, "");
	assert_int_equal(special_write_error_log(&f->fs, 0, "", 0, NULL), 0);
	host_serve(6);
	assert_log(f, "pid 7: write /c: EINVAL: no\n");
	assert_int_equal(special_write_error_log(&f->fs, 0, "", 0, NULL), 0);
	assert_log(f, "");
	host_serve(0);
	assert_log(f, "pid 7: write /a: EINVAL: no\npid 7: write /b: EINVAL: no\n");
	host_serve(9);
	assert_log(f, "pid 7: write /a: EINVAL: no\npid 7: write /b: EINVAL: no\n");
	assert_int_equal(special_write_error_log(&f->fs, 0, "", 0, NULL), 0);
	host_serve(0);
	assert_log(f, "");
}

/* What nobody explained is told in libc's words. */
static void test_error_log_without_words(void **state)
{
	const struct refused_request r = {
		.operation = "unlink", .pid = 7, .id = &fs_root, .name = "x"};
	const struct diag none = {0};
	struct fixture *f = *state;

	refusal_note(&f->fs, &r, EIO, &none);
	assert_log(f, "pid 7: unlink /x: EIO: Input/output error\n");
}

/* Whatever is written clears it; so does `: >`. */
static void test_error_log_is_cleared(void **state)
{
	static const char *const texts[] = {"", "0\n", "anything at all"};
	const struct identity id = {.kind = NODE_ERROR_LOG};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct node *node = node_get(&f->fs.nodes, &id);
		struct file *file;

		refuse(f, &fs_root, "x");
		assert_int_equal(file_open(&f->fs, node, O_WRONLY | O_TRUNC, false, &file, NULL),
				 0);
		assert_int_equal(file_flush(file, NULL), 0);
		if (*texts[i])
			assert_int_equal(file_write(file, texts[i], strlen(texts[i]), 0, NULL), 0);
		assert_int_equal(file_release(file, NULL), 0);
		assert_log(f, "");
		node_put(&f->fs.nodes, node, 1);
	}
}

static int run_frozen(void)
{
	struct sequence rows[ARRAY_SIZE(frozen)];

	memcpy(rows, frozen, sizeof(frozen));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		rows[i].key = ".frozen";
	return run_sequences(NULL, rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_map),
		FS_TEST(test_map_makes_its_equal),
		FS_TEST(test_info),
		FS_TEST(test_info_of_others),
		FS_TEST(test_count),
		FS_TEST(test_count_of_slots),
		FS_TEST(test_count_of_no_keys),
		FS_TEST(test_read_only),
		FS_TEST(test_freeze_refused),
		FS_TEST(test_gone),
		FS_TEST(test_delicate_is_not_opened),
		FS_TEST(test_error_log),
		FS_TEST(test_error_log_of_users),
		FS_TEST(test_error_log_without_words),
		FS_TEST(test_error_log_is_cleared),
	};

	return run_frozen() + cmocka_run_group_tests(tests, NULL, NULL);
}
