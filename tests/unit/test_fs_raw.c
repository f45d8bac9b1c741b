/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* -o values=raw: key files hold the bytes of the value and nothing else (design,
 * section 5, last line). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/rename.h"
#include "lib/sys.h"
#include "tests/unit/fs_listing.h"
#include "tests/unit/fs_steps.h"

#define CHARS "m,value=char[8]"
#define CPUS "m,type=percpu_hash,value=u32"
#define NEW (O_WRONLY | O_CREAT | O_EXCL)
#define TRUNC (O_WRONLY | O_TRUNC)

/* Steps. What is stored before and compared after a sequence is text, so the mount is
 * raw in between only. */

static int do_raw(struct fixture *f, const struct step *s)
{
	f->fs.options.raw_values = s->flags;
	return 0;
}

/* flags: the length, as there are NULs in it */
static int do_write_bytes(struct fixture *f, const struct step *s)
{
	return file_write(f->files[s->fd], s->text, (size_t)s->flags, s->at, &f->diag);
}

static int do_read_bytes(struct fixture *f, const struct step *s)
{
	struct buf out = BUF_INIT(1 << 20);
	int err = file_read(f->files[s->fd], 1 << 20, s->at, &out, NULL);

	if (!err) {
		assert_int_equal(out.len, s->flags);
		if (out.len)
			assert_memory_equal(out.data, s->text, out.len);
	}
	buf_free(&out);
	return err;
}

#define RAW(...) .steps = {STEP(.act = do_raw, .flags = true), __VA_ARGS__, STEP(.act = do_raw)}
#define LENGTH(t) (sizeof(t) - 1)
#define WRITE_BYTES(t, off) \
	STEP(.act = do_write_bytes, .text = (t), .flags = LENGTH(t), .at = (off))
#define WRITE_BYTES_ERR(t, off, err) \
	STEP(.act = do_write_bytes, .text = (t), .flags = LENGTH(t), .at = (off), .want = (err))
#define READ_BYTES(t, off) STEP(.act = do_read_bytes, .text = (t), .flags = LENGTH(t), .at = (off))

static const struct sequence reading[] = {
	{"exactly the value", .before = "513",
	 RAW(SIZE(8), OPEN(O_RDONLY), READ_BYTES("\1\2\0\0\0\0\0\0", 0), READ_BYTES("\0\0", 6),
	     READ_BYTES("", 8), READ_BYTES("", 9), RELEASE),
	 .after = "513\n"},
	{"as it is now at offset 0", .before = "1",
	 RAW(OPEN(O_RDONLY), READ_BYTES("\1\0\0\0\0\0\0\0", 0), PUT(2),
	     READ_BYTES("\0\0\0\0\0\0\0", 1), READ_BYTES("\2\0\0\0\0\0\0\0", 0), RELEASE),
	 .after = "2\n"},
	{"a record, with what is between its members", .map = "m,value=struct{u8 a; u32 b;}",
	 .before = "{\"a\":1,\"b\":2}",
	 RAW(SIZE(8), OPEN(O_RDONLY), READ_BYTES("\1\0\0\0\2\0\0\0", 0), RELEASE),
	 .after = "{\"a\":1,\"b\":2}\n"},
	{"bytes without a type", .map = "m,value=3", .before = "0a 0b 00",
	 RAW(SIZE(3), OPEN(O_RDONLY), READ_BYTES("\n\v\0", 0), RELEASE), .after = "0a 0b 00\n"},
	{"nothing of what is not there", RAW(NO_FILE, OPEN_ERR(O_RDONLY, -ENOENT))},
};

static const struct sequence writing[] = {
	{"exactly the value is stored at once", .before = "7",
	 RAW(OPEN(TRUNC), VALUE("7\n"), WRITE_BYTES("\1\2\0\0\0\0\0\0", 0), VALUE("513\n"), FLUSH,
	     RELEASE, SIZE(8)),
	 .after = "513\n"},
	{"less waits for the rest", .before = "7",
	 RAW(OPEN(TRUNC), WRITE_BYTES("\1\0\0\0", 0), VALUE("7\n"), WRITE_BYTES("\1\0\0", 4),
	     VALUE("7\n"), WRITE_BYTES("\0", 7), VALUE("4294967297\n"), FLUSH, RELEASE),
	 .after = "4294967297\n"},
	{"less is refused at close", .before = "7",
	 RAW(OPEN(TRUNC), WRITE_BYTES("\1\0\0\0\0\0\0", 0), FLUSH_ERR(-EINVAL), RELEASE, SIZE(8)),
	 .after = "7\n"},
	{"less is refused at fsync, and can be completed", .before = "7",
	 RAW(OPEN(TRUNC), WRITE_BYTES("\1\0\0\0", 0), FSYNC(-EINVAL), VALUE("7\n"),
	     WRITE_BYTES("\0\0\0\0", 4), FSYNC(0), FLUSH, RELEASE),
	 .after = "1\n"},
	{"less makes no key",
	 RAW(OPEN(NEW), WRITE_BYTES("\1", 0), NO_VALUE, FLUSH_ERR(-EINVAL), RELEASE, NO_FILE)},
	{"more is refused now", .before = "7",
	 RAW(OPEN(TRUNC), WRITE_BYTES_ERR("\1\0\0\0\0\0\0\0\n", 0, -EINVAL),
	     EXPLAINED("nothing may follow"), VALUE("7\n"), FLUSH, RELEASE),
	 .after = "7\n"},
	{"more makes no key", RAW(OPEN(NEW), WRITE_BYTES_ERR("123456789", 0, -EINVAL), NO_VALUE,
				  FLUSH, RELEASE, NO_FILE)},
	{"more in a second write", .before = "7",
	 RAW(OPEN(TRUNC), WRITE_BYTES("\1\0\0\0\0\0\0\0", 0), WRITE_BYTES_ERR("\n", 8, -EINVAL),
	     VALUE("1\n"), FLUSH, RELEASE),
	 .after = "1\n"},
	{"more after less", .before = "7",
	 RAW(OPEN(TRUNC), WRITE_BYTES("\1\0\0\0\0\0\0", 0), WRITE_BYTES_ERR("\0\0", 7, -EINVAL),
	     VALUE("7\n"), WRITE_BYTES("\0", 7), VALUE("1\n"), FLUSH, RELEASE),
	 .after = "1\n"},
	{"far behind the end", .before = "7",
	 RAW(OPEN(TRUNC), WRITE_BYTES_ERR("\1", 1 << 20, -EFBIG), FLUSH, RELEASE, SIZE(8)),
	 .after = "7\n"},
	{"a new key", RAW(OPEN(NEW), WRITE_BYTES("\1\0\0\0\0\0\0\0", 0), SIZE(8), FLUSH, RELEASE),
	 .after = "1\n"},
	{"a write at 0 starts anew", .before = "7",
	 RAW(OPEN(TRUNC), WRITE_BYTES("\1\1\1\1\1", 0), WRITE_BYTES("\2\0\0\0", 0),
	     WRITE_BYTES("\0\0\0\0", 4), VALUE("2\n"), WRITE_BYTES("\3\0\0\0\0\0\0\0", 0),
	     VALUE("3\n"), FLUSH, RELEASE),
	 .after = "3\n"},
	{"text is no value", .before = "7",
	 RAW(OPEN(TRUNC), WRITE("8\n", 0), VALUE("7\n"), FLUSH_ERR(-EINVAL), RELEASE),
	 .after = "7\n"},
	{"appending finds no room", .before = "7",
	 RAW(OPEN(O_WRONLY | O_APPEND), WRITE_BYTES_ERR("\1", 0, -EINVAL), FLUSH, RELEASE),
	 .after = "7\n"},
	{"truncated and closed is zero", .before = "7", RAW(OPEN(TRUNC), FLUSH, RELEASE, SIZE(8)),
	 .after = "0\n"},
	{"created and closed is zero", RAW(OPEN(NEW), FLUSH, RELEASE, SIZE(8)), .after = "0\n"},
	{"truncated by its path is zero", .before = "7", RAW(TRUNCATE(0, 0), SIZE(8)),
	 .after = "0\n"},
	{"cut by its path", .before = "7", RAW(TRUNCATE(4, -EINVAL), SIZE(8), TRUNCATE(8, 0)),
	 .after = "7\n"},
};

/* Blanks and newlines are bytes like others. */
static const struct sequence blanks[] = {
	{"a value of blanks", .map = CHARS, .before = "abc",
	 RAW(OPEN(TRUNC), WRITE(" \t\r\n\n \n ", 0), SIZE(8), FLUSH, RELEASE, OPEN(O_RDONLY),
	     READ(" \t\r\n\n \n ", 0), RELEASE),
	 .after = " \\x09\\x0d\\n\\n \\n \n"},
	{"blanks first", .map = CHARS, .before = "abc",
	 RAW(OPEN(TRUNC), WRITE("\n", 0), VALUE("abc\n"), WRITE("   ", 1), WRITE("\n\n\n\n", 4),
	     VALUE("\\n   \\n\\n\\n\\n\n"), FLUSH, RELEASE),
	 .after = "\\n   \\n\\n\\n\\n\n"},
	{"blanks complete it", .map = CHARS, .before = "abc",
	 RAW(OPEN(TRUNC), WRITE("1234567", 0), VALUE("abc\n"), WRITE("\n", 7),
	     VALUE("1234567\\n\n"), FLUSH, RELEASE),
	 .after = "1234567\\n\n"},
	{"blanks over blanks that are stored", .map = CHARS, .before = "abc",
	 RAW(OPEN(TRUNC), WRITE("1234    ", 0), VALUE("1234    \n"), WRITE("\n\n\n\n", 4),
	     VALUE("1234\\n\\n\\n\\n\n"), FLUSH, RELEASE),
	 .after = "1234\\n\\n\\n\\n\n"},
	{"blanks behind what is stored are refused", .map = CHARS, .before = "abc",
	 RAW(OPEN(TRUNC), WRITE("12345678", 0), WRITE_ERR(" ", 8, -EINVAL), FLUSH, RELEASE),
	 .after = "12345678\n"},
	{"blanks alone are too short", .map = CHARS, .before = "abc",
	 RAW(OPEN(TRUNC), WRITE(" \n", 0), FLUSH_ERR(-EINVAL), RELEASE), .after = "abc\n"},
};

/* dd conv=notrunc and rsync --inplace: judged at close. */
static const struct sequence in_place[] = {
	{"a part is replaced", .map = CHARS, .before = "abcdefgh",
	 RAW(OPEN(O_WRONLY), WRITE("XY", 2), VALUE("abcdefgh\n"), FLUSH, VALUE("abXYefgh\n"),
	     RELEASE),
	 .after = "abXYefgh\n"},
	{"the beginning is replaced", .map = CHARS, .before = "abcdefgh",
	 RAW(OPEN(O_RDWR), READ("abcdefgh", 0), WRITE("X", 0), FSYNC(0), VALUE("Xbcdefgh\n"), FLUSH,
	     RELEASE),
	 .after = "Xbcdefgh\n"},
	{"a byte of a number", .before = "7",
	 RAW(OPEN(O_WRONLY), WRITE_BYTES("\1", 1), FLUSH, RELEASE), .after = "263\n"},
	{"blanks in the middle", .map = CHARS, .before = "abcdefgh",
	 RAW(OPEN(O_WRONLY), WRITE("\n ", 6), FLUSH, RELEASE), .after = "abcdef\\n \n"},
	{"past the end is refused", .map = CHARS, .before = "abcdefgh",
	 RAW(OPEN(O_WRONLY), WRITE("XY", 7), FLUSH_ERR(-EINVAL), RELEASE), .after = "abcdefgh\n"},
	{"cut and written on", .map = CHARS, .before = "abcdefgh",
	 RAW(OPEN(O_WRONLY), FTRUNCATE(4, 0), VALUE("abcdefgh\n"), WRITE("WXYZ", 4), FLUSH,
	     RELEASE),
	 .after = "abcdWXYZ\n"},
	{"cut and left so", .map = CHARS, .before = "abcdefgh",
	 RAW(OPEN(O_WRONLY), FTRUNCATE(4, 0), FLUSH_ERR(-EINVAL), RELEASE), .after = "abcdefgh\n"},
	{"grown", .map = CHARS, .before = "abcdefgh",
	 RAW(OPEN(O_WRONLY), FTRUNCATE(9, -EINVAL), FLUSH, RELEASE), .after = "abcdefgh\n"},
	{"its own size", .map = CHARS, .before = "abcdefgh",
	 RAW(OPEN(O_WRONLY), FTRUNCATE(8, 0), FLUSH, RELEASE), .after = "abcdefgh\n"},
};

/* All CPUs, each with 8 bytes. The fake has two. */
static const struct sequence per_cpu[] = {
	{"all CPUs are read", .map = CPUS, .before = "[1,2]",
	 RAW(SIZE(16), OPEN(O_RDONLY), READ_BYTES("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 0), RELEASE),
	 .after = "[1,2]\n"},
	{"all CPUs are written", .map = CPUS, .before = "[1,2]",
	 RAW(OPEN(TRUNC), WRITE_BYTES("\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0", 0), VALUE("[3,4]\n"),
	     FLUSH, RELEASE, SIZE(16)),
	 .after = "[3,4]\n"},
	{"one CPU is not all", .map = CPUS, .before = "[1,2]",
	 RAW(OPEN(TRUNC), WRITE_BYTES("\3\0\0\0\0\0\0\0", 0), FLUSH_ERR(-EINVAL), RELEASE),
	 .after = "[1,2]\n"},
	{"one by one", .map = CPUS, .before = "[1,2]",
	 RAW(OPEN(TRUNC), WRITE_BYTES("\3\0\0\0\0\0\0\0", 0), VALUE("[1,2]\n"),
	     WRITE_BYTES("\4\0\0\0\0\0\0\0", 8), VALUE("[3,4]\n"), FLUSH, RELEASE),
	 .after = "[3,4]\n"},
	{"without the stride", .map = CPUS, .before = "[1,2]",
	 RAW(OPEN(TRUNC), WRITE_BYTES("\3\0\0\0\4\0\0\0", 0), FLUSH_ERR(-EINVAL), RELEASE),
	 .after = "[1,2]\n"},
	{"a CPU too many", .map = CPUS, .before = "[1,2]",
	 RAW(OPEN(TRUNC), WRITE_BYTES_ERR("\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\5", 0, -EINVAL), FLUSH,
	     RELEASE),
	 .after = "[1,2]\n"},
	{"the second CPU in place", .map = CPUS, .before = "[1,2]",
	 RAW(OPEN(O_WRONLY), WRITE_BYTES("\4", 8), FLUSH, RELEASE), .after = "[1,4]\n"},
	{"zero on all", .map = CPUS, .before = "[1,2]", RAW(OPEN(TRUNC), FLUSH, RELEASE),
	 .after = "[0,0]\n"},
};

/* The rest of the mount. */

static int setup(void **state)
{
	struct fixture *f;
	int err = fs_setup(state);

	if (err)
		return err;
	f = *state;
	f->fs.options.raw_values = true;
	f->map = fs_mkdir(f, CHARS);
	return 0;
}

static void store(struct fixture *f, const char *name, const char *bytes)
{
	struct file *file;

	assert_int_equal(fs_open(f, f->map, name, O_WRONLY | O_CREAT | O_TRUNC, 0644, &file), 0);
	assert_int_equal(file_write(file, bytes, strlen(bytes), 0, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
}

static int rename_key(struct fixture *f, const char *from, const char *to)
{
	const struct identity dir = fs_map(f->map);

	return rename_name(&f->fs, &dir, from, &dir, to, 0, &f->diag);
}

static void test_staging(void **state)
{
	static const char *const wrong[] = {"", "abc", "1234567", "12345678\n", "12345678 "};
	struct fixture *f = *state;

	store(f, "5", "abcdefgh");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		fs_stage(f, f->map, ".5.AbCdEf", wrong[i]);
		assert_int_equal(rename_key(f, ".5.AbCdEf", "5"), -EINVAL);
		assert_int_equal(rename_key(f, ".5.AbCdEf", "6"), -EINVAL);
		assert_file(f, f->map, ".5.AbCdEf", wrong[i]);
		assert_file(f, f->map, "5", "abcdefgh");
		assert_file(f, f->map, "6", NULL);
		assert_int_equal(fs_unlink(f, f->map, ".5.AbCdEf"), 0);
	}
	fs_stage(f, f->map, ".5.AbCdEf", "1 \n\t 6 \n");
	assert_int_equal(rename_key(f, ".5.AbCdEf", "5"), 0);
	assert_file(f, f->map, "5", "1 \n\t 6 \n");
}

/* vim's backup */
static void test_taken_out_and_back(void **state)
{
	struct fixture *f = *state;

	store(f, "5", "abc def\n");
	assert_int_equal(rename_key(f, "5", "5~"), 0);
	assert_file(f, f->map, "5", NULL);
	assert_file(f, f->map, "5~", "abc def\n");
	assert_int_equal(rename_key(f, "5~", "6"), 0);
	assert_file(f, f->map, "6", "abc def\n");
	assert_int_equal(rename_key(f, "6", "7"), 0);
	assert_file(f, f->map, "7", "abc def\n");
}

static void test_listing(void **state)
{
	struct listed *l = new_listed();
	struct fixture *f = *state;

	store(f, "5", "abc def\n");
	list_all(f, f->map, true, l);
	assert_sorted(l, ". .. .map 5");
	assert_int_equal(entry_of(l, "5")->st.st_size, 8);
	free(l);
}

static void test_special_files_are_text(void **state)
{
	struct fixture *f = *state;

	store(f, "5", "abc def\n");
	assert_file(f, f->map, ".count", "1\n");
	assert_file(f, f->map, ".frozen", "0\n");
	assert_file(f, f->map, ".types", "key=u32\nvalue=char[8]\n");
}

/* A value of many pieces: stored when all is there, at close at the latest. */
static void test_large(void **state)
{
	enum { SIZE = 200000, PIECE = 4096 };
	char *bytes = malloc(SIZE + 1), *got = calloc(1, SIZE);
	struct fixture *f = *state;
	struct file *file;
	uint32_t map = fs_mkdir(f, "large,value=200000,max_entries=4"), key = 5;
	int fd = sys_map_open_id(map, 0);

	random_bytes(bytes, SIZE + 1);
	assert_int_equal(fs_open(f, map, "5", O_WRONLY | O_CREAT | O_TRUNC, 0644, &file), 0);
	for (size_t at = 0; at < SIZE; at += PIECE)
		assert_int_equal(file_write(file, bytes + at, SIZE - at < PIECE ? SIZE - at : PIECE,
					    (off_t)at, NULL),
				 0);
	assert_int_equal(file_flush(file, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_int_equal(sys_map_lookup(fd, &key, got, 0), 0);
	assert_memory_equal(got, bytes, SIZE);

	assert_int_equal(fs_open(f, map, "5", TRUNC, 0, &file), 0);
	assert_int_equal(file_write(file, bytes, SIZE + 1, 0, NULL), -EINVAL);
	assert_int_equal(file_write(file, bytes + 1, SIZE - 1, 0, NULL), 0);
	assert_int_equal(file_flush(file, NULL), -EINVAL);
	assert_int_equal(file_release(file, NULL), 0);
	assert_int_equal(sys_map_lookup(fd, &key, got, 0), 0);
	assert_memory_equal(got, bytes, SIZE);
	sys_close(fd);
	free(bytes);
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_staging, setup, fs_teardown),
		cmocka_unit_test_setup_teardown(test_taken_out_and_back, setup, fs_teardown),
		cmocka_unit_test_setup_teardown(test_listing, setup, fs_teardown),
		cmocka_unit_test_setup_teardown(test_special_files_are_text, setup, fs_teardown),
		cmocka_unit_test_setup_teardown(test_large, setup, fs_teardown),
	};
	int failed;

	random_start();
	failed = run_sequences(NULL, reading, ARRAY_SIZE(reading));
	failed += run_sequences(NULL, writing, ARRAY_SIZE(writing));
	failed += run_sequences("m,type=lru_hash", writing, ARRAY_SIZE(writing));
	failed += run_sequences("m,type=array,max_entries=8", writing, ARRAY_SIZE(writing));
	failed += run_sequences(NULL, blanks, ARRAY_SIZE(blanks));
	failed += run_sequences(NULL, in_place, ARRAY_SIZE(in_place));
	failed += run_sequences(NULL, per_cpu, ARRAY_SIZE(per_cpu));
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	return failed;
}
