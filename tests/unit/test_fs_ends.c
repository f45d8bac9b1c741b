/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The ends of queues and stacks: .push, .peek and .pop, as files. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fs_steps.h"

#define QUEUE "m,type=queue,value=8,max_entries=3"
#define STACK "m,type=stack,value=8,max_entries=3"
#define USER_RING "m,type=user_ringbuf,max_entries=1048576"

/* One byte more than a raw record may have. */
static const char long_record[128 * 1024 + 1];

/* Another process. */

static int add_raw(uint32_t map, uint64_t number)
{
	int fd = sys_map_open_id(map, 0);
	int err = sys_map_update(fd, NULL, &number, BPF_ANY);

	sys_close(fd);
	return err;
}

/* All that is in the map, taken out: numbers with a blank behind each. */
static void take_all(uint32_t map, struct buf *out)
{
	int fd = sys_map_open_id(map, 0);
	uint64_t number;

	buf_adds(out, "");
	while (sys_map_pop(fd, NULL, &number) == 0)
		buf_addf(out, "%" PRIu64 " ", number);
	sys_close(fd);
}

static int do_add(struct fixture *f, const struct step *s)
{
	return add_raw(f->map, (uint64_t)s->at);
}

static int do_left(struct fixture *f, const struct step *s)
{
	struct buf left = BUF_INIT(4096);

	take_all(f->map, &left);
	assert_buf(&left, s->text);
	return 0;
}

static int do_raw_values(struct fixture *f, const struct step *s)
{
	f->fs.options.raw_values = s->flags;
	return 0;
}

static int do_read_only(struct fixture *f, const struct step *s)
{
	f->fs.options.read_only = s->flags;
	return 0;
}

/* flags: the length */
static int do_write_bytes(struct fixture *f, const struct step *s)
{
	return file_write(f->files[0], s->text, (size_t)s->flags, s->at, &f->diag);
}

/* flags: the most bytes */
static int do_read_some(struct fixture *f, const struct step *s)
{
	struct buf out = BUF_INIT(4096);
	int err = file_read(f->files[s->fd], (size_t)s->flags, s->at, &out, NULL);

	assert_int_equal(err, 0);
	buf_adds(&out, "");
	assert_buf(&out, s->text);
	return 0;
}

static int do_fail(struct fixture *f, const struct step *s)
{
	(void)f;
	fake_fail((enum fake_call)s->flags, 0, (int)s->at);
	return 0;
}

#define ADD(n) STEP(.act = do_add, .at = (n))
#define LEFT(t) STEP(.act = do_left, .text = (t))
#define RAW STEP(.act = do_raw_values, .flags = true)
#define READ_ONLY STEP(.act = do_read_only, .flags = true)
#define WRITE_BYTES(t, n) STEP(.act = do_write_bytes, .text = (t), .flags = (n))
#define WRITE_BYTES_ERR(t, n, err) \
	STEP(.act = do_write_bytes, .text = (t), .flags = (n), .want = (err))
#define READ_SOME(t, at_, n) STEP(.act = do_read_some, .text = (t), .at = (at_), .flags = (n))
#define EMPTY(off) READ_SOME("", off, 4096)
#define FAIL(call, err) STEP(.act = do_fail, .flags = (call), .at = (err))
#define OUT O_RDONLY
#define IN (O_WRONLY | O_TRUNC)

static const struct sequence popping[] = {
	{"the first read takes one, the rest of cat none", .key = ".pop",
	 .steps = {ADD(7), ADD(8), OPEN(OUT), READ("7\n", 0), EMPTY(2), RELEASE, LEFT("8 ")}},
	{"opening takes nothing", .key = ".pop",
	 .steps = {ADD(7), OPEN(OUT), SIZE(0), FLUSH, RELEASE, LEFT("7 ")}},
	{"small reads are of one", .key = ".pop",
	 .steps = {ADD(123), ADD(8), OPEN(OUT), READ_SOME("1", 0, 1), READ_SOME("2", 1, 1),
		   READ_SOME("3", 2, 1), READ_SOME("\n", 3, 1), READ_SOME("", 4, 1), RELEASE,
		   LEFT("8 ")}},
	{"its beginning again, before its end", .key = ".pop",
	 .steps = {ADD(123), ADD(8), OPEN(OUT), READ_SOME("12", 0, 2), READ_SOME("12", 0, 2),
		   READ_SOME("3\n", 2, 9), RELEASE, LEFT("8 ")}},
	{"the beginning behind the end is the next one", .key = ".pop",
	 .steps = {ADD(7), ADD(8), ADD(9), OPEN(OUT), READ("7\n", 0), READ("8\n", 0), EMPTY(2),
		   RELEASE, LEFT("9 ")}},
	{"a read elsewhere takes nothing", .key = ".pop",
	 .steps = {ADD(7), OPEN(OUT), EMPTY(1), EMPTY(100), RELEASE, LEFT("7 ")}},
	{"a read of no bytes takes nothing", .key = ".pop",
	 .steps = {ADD(7), OPEN(OUT), READ_SOME("", 0, 0), RELEASE, LEFT("7 ")}},
	{"none is an empty file", .key = ".pop",
	 .steps = {OPEN(OUT), EMPTY(0), EMPTY(0), ADD(7), READ("7\n", 0), RELEASE, LEFT("")}},
	{"two readers get two", .key = ".pop",
	 .steps = {ADD(7), ADD(8), OPEN_FD(0, OUT, 0), OPEN_FD(1, OUT, 0), READ_FD(1, "7\n", 0),
		   READ_FD(0, "8\n", 0), RELEASE_FD(0), RELEASE_FD(1), LEFT("")}},
	{"raw", .key = ".pop",
	 .steps = {ADD(0x0807060504030201), RAW, OPEN(OUT), READ("\1\2\3\4\5\6\7\10", 0), RELEASE}},
	{"it is not written", .key = ".pop",
	 .steps = {ADD(7), OPEN_ERR(IN, -EACCES),
		   EXPLAINED("elements come out here: they go in by "
			     ".push"),
		   OPEN_ERR(O_RDWR, -EACCES), TRUNCATE(0, -EACCES), LEFT("7 ")}},
	{"a read-only mount", .key = ".pop",
	 .steps = {ADD(7), READ_ONLY, OPEN_ERR(OUT, -EROFS), EXPLAINED("taken from the map"),
		   LEFT("7 ")}},
	{"frozen while it is open", .key = ".pop",
	 .steps = {ADD(7), OPEN(OUT), FREEZE, READ_ERR(0, -EROFS),
		   EXPLAINED("the map is frozen, or opened read-only"), RELEASE}},
	{"what fails takes nothing, and is tried again", .key = ".pop",
	 .steps = {ADD(7), OPEN(OUT), FAIL(FAKE_MAP_POP, -EBUSY), READ_ERR(0, -EBUSY),
		   FAIL(FAKE_MAP_OPEN_ID, -ENOENT), READ_ERR(0, -ESTALE), READ("7\n", 0), RELEASE,
		   LEFT("")}},
};

static const struct sequence peeking[] = {
	{"the next one", .key = ".peek",
	 .steps = {ADD(7), ADD(8), OPEN(OUT), READ("7\n", 0), READ("7\n", 0), EMPTY(2), RELEASE,
		   LEFT("7 8 ")}},
	{"none is an empty file", .key = ".peek", .steps = {OPEN(OUT), EMPTY(0), RELEASE}},
	{"it may be read where nothing may be taken", .key = ".peek",
	 .steps = {ADD(7), READ_ONLY, FREEZE, OPEN(OUT), READ("7\n", 0), RELEASE}},
	{"raw", .key = ".peek",
	 .steps = {ADD(0x0807060504030201), RAW, OPEN(OUT), READ("\1\2\3\4\5\6\7\10", 0), RELEASE}},
	{"it is not written", .key = ".peek", .steps = {OPEN_ERR(IN, -EACCES)}},
	{"what fails is told", .key = ".peek",
	 .steps = {FAIL(FAKE_MAP_LOOKUP, -EIO), OPEN_ERR(OUT, -EIO)}},
};

static const struct sequence pushing[] = {
	{"a line", .key = ".push",
	 .steps = {OPEN(IN), WRITE("5\n", 0), FLUSH, RELEASE, LEFT("5 ")}},
	{"at once", .key = ".push", .steps = {OPEN(IN), WRITE("5\n", 0), LEFT("5 "), RELEASE}},
	{"lines", .key = ".push",
	 .steps = {OPEN(O_WRONLY | O_APPEND), WRITE("5\n6\n0x7\n", 0), RELEASE, LEFT("5 6 7 ")}},
	{"wherever they are written", .key = ".push",
	 .steps = {OPEN(IN), WRITE("5\n", 0), WRITE("6\n", 0), WRITE("7\n", 999), RELEASE,
		   LEFT("5 6 7 ")}},
	{"a line in pieces", .key = ".push",
	 .steps = {OPEN(IN), WRITE("1", 0), FSYNC(0), WRITE("2", 1), WRITE("\n3", 2),
		   WRITE("4\n", 4), RELEASE, LEFT("12 34 ")}},
	{"the last line lacks its end", .key = ".push",
	 .steps = {OPEN(IN), WRITE("5\n6", 0), FLUSH, LEFT("5 6 "), FLUSH, RELEASE, LEFT("")}},
	{"nothing", .key = ".push",
	 .steps = {OPEN(IN), FLUSH, WRITE("", 0), FLUSH, RELEASE, TRUNCATE(0, 0), LEFT("")}},
	{"the first that is refused ends it", .key = ".push",
	 .steps = {OPEN(IN), WRITE_ERR("5\nx\n6\n", 0, -EINVAL), EXPLAINED("line 2: "), FLUSH,
		   RELEASE, LEFT("5 ")}},
	{"and is quoted", .key = ".push",
	 .steps = {OPEN(IN), WRITE("5\n", 0), WRITE_ERR("6\n7 8\n", 0, -EINVAL),
		   EXPLAINED("line 3: "), RELEASE, LEFT("5 6 ")}},
	{"what was refused does not wait", .key = ".push",
	 .steps = {OPEN(IN), WRITE("5", 0), WRITE_ERR("6x\n7", 1, -EINVAL), FLUSH, RELEASE,
		   LEFT("")}},
	{"what can be none is refused before its end", .key = ".push",
	 .steps = {OPEN(IN), WRITE_ERR("5x", 0, -EINVAL), EXPLAINED("5x"), FLUSH, RELEASE,
		   LEFT("")}},
	{"others go on behind it", .key = ".push",
	 .steps = {OPEN(IN), WRITE_ERR("x\n", 0, -EINVAL), WRITE("6\n", 2), RELEASE, LEFT("6 ")}},
	{"an empty line is none", .key = ".push",
	 .steps = {OPEN(IN), WRITE_ERR("\n", 0, -EINVAL), RELEASE, LEFT("")}},
	{"a number too large", .key = ".push",
	 .steps = {OPEN(IN), WRITE_ERR("18446744073709551616\n", 0, -EINVAL), RELEASE, LEFT("")}},
	{"full", .key = ".push",
	 .steps = {ADD(1), OPEN(IN), WRITE_ERR("2\n3\n4\n", 0, -ENOSPC),
		   EXPLAINED("line 3: the map is full: max_entries is 3"), RELEASE,
		   LEFT("1 2 3 ")}},
	{"full at close", .key = ".push",
	 .steps = {ADD(1), ADD(2), ADD(3), OPEN(IN), WRITE("4", 0), FLUSH_ERR(-ENOSPC), FLUSH,
		   RELEASE, LEFT("1 2 3 ")}},
	{"a value, raw", .key = ".push",
	 .steps = {RAW, OPEN(IN), WRITE_BYTES("\1\0\0\0\0\0\0\0", 8), RELEASE, LEFT("1 ")}},
	{"values in pieces, raw", .key = ".push",
	 .steps = {RAW, OPEN(IN), WRITE_BYTES("\1\0\0\0\0\0\0\0\2", 9),
		   WRITE_BYTES("\0\0\0\0\0\0", 6), WRITE_BYTES("\0", 1), RELEASE, LEFT("1 2 ")}},
	{"half a value, raw", .key = ".push",
	 .steps = {RAW, OPEN(IN), WRITE_BYTES("\1\0\0\0\0\0\0\0\2", 9), FLUSH_ERR(-EINVAL),
		   EXPLAINED("the last 1 bytes are no whole element"), FLUSH, RELEASE, LEFT("1 ")}},
	{"full, raw", .key = ".push",
	 .steps = {ADD(1), ADD(2), RAW, OPEN(IN),
		   WRITE_BYTES_ERR("\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0", 16, -ENOSPC),
		   EXPLAINED("element 2: "), RELEASE, LEFT("1 2 3 ")}},
	{"it is not read", .key = ".push",
	 .steps = {OPEN_ERR(OUT, -EACCES), EXPLAINED("what comes out next is in .peek"),
		   OPEN(O_RDWR), READ_ERR(0, -EACCES), EXPLAINED("what comes out next is in .peek"),
		   RELEASE}},
	{"it has no length", .key = ".push",
	 .steps = {TRUNCATE(5, -EINVAL), OPEN(IN), FTRUNCATE(0, 0), FTRUNCATE(1, -EINVAL), RELEASE,
		   SIZE(0), LEFT("")}},
	{"frozen", .key = ".push",
	 .steps = {FREEZE, OPEN_ERR(IN, -EROFS), EXPLAINED("frozen, or the mount read-only")}},
	{"frozen while it is open", .key = ".push",
	 .steps = {OPEN(IN), FREEZE, WRITE_ERR("5\n", 0, -EROFS), RELEASE}},
	{"a read-only mount", .key = ".push", .steps = {READ_ONLY, OPEN_ERR(IN, -EROFS), LEFT("")}},
	{"the map is gone", .key = ".push",
	 .steps = {OPEN(IN), FAIL(FAKE_MAP_OPEN_ID, -ENOENT), WRITE_ERR("5\n", 0, -ESTALE), RELEASE,
		   LEFT("")}},
	{"the kernel's refusal", .key = ".push",
	 .steps = {OPEN(IN), FAIL(FAKE_MAP_UPDATE, -EBUSY), WRITE_ERR("5\n6\n", 0, -EBUSY),
		   EXPLAINED("line 1: the kernel refused it"), RELEASE, LEFT("")}},
};

static const struct sequence records[] = {
	{"nobody reads them here", .key = ".push",
	 .steps = {OPEN_ERR(OUT, -EACCES), EXPLAINED("only BPF programs take them out")}},
	{"raw, of more than may come in one piece", .key = ".push",
	 .steps = {RAW, OPEN(IN), WRITE_BYTES_ERR(long_record, sizeof(long_record), -EFBIG),
		   EXPLAINED("what one write(2) brings"), FLUSH, RELEASE}},
	{"raw, of just as much, which is the ring's business", .key = ".push",
	 .steps = {RAW, OPEN(IN), FAIL(FAKE_MAP_MMAP, -ENOMEM),
		   WRITE_BYTES_ERR(long_record, sizeof(long_record) - 1, -ENOMEM), RELEASE}},
};

static const struct sequence stacked[] = {
	{"the last is the next", .map = STACK, .key = ".pop",
	 .steps = {ADD(7), ADD(8), OPEN(OUT), READ("8\n", 0), RELEASE, LEFT("7 ")}},
	{"peek sees it", .map = STACK, .key = ".peek",
	 .steps = {ADD(7), ADD(8), OPEN(OUT), READ("8\n", 0), RELEASE, LEFT("8 7 ")}},
	{"push puts on top", .map = STACK, .key = ".push",
	 .steps = {OPEN(IN), WRITE("1\n2\n3\n", 0), RELEASE, LEFT("3 2 1 ")}},
	{"full", .map = STACK, .key = ".push",
	 .steps = {OPEN(IN), WRITE_ERR("1\n2\n3\n4\n", 0, -ENOSPC), RELEASE, LEFT("3 2 1 ")}},
};

/* Which maps have which ends, who may use them, and that none is listed. */
static void test_names(void **state)
{
	static const struct {
		const char *map;
		int push, peek, pop;
	} cases[] = {
		{"q,type=queue,value=8", 0200, 0400, 0400},
		{"s,type=stack,value=8", 0200, 0400, 0400},
		{"u,type=user_ringbuf,max_entries=4096", 0200, 0, 0},
		{"b,type=bloom_filter,value=8", 0, 0, 0},
		{"h", 0, 0, 0},
	};
	static const char *const names[] = {".push", ".peek", ".pop"};
	struct fixture *f = *state;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const int modes[] = {cases[i].push, cases[i].peek, cases[i].pop};
		uint32_t map = fs_mkdir(f, cases[i].map);

		for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
			int err = fs_stat(f, map, names[n], &st);

			assert_int_equal(err, modes[n] ? 0 : -ENOENT);
			if (!err)
				assert_int_equal(st.st_mode & 0777, modes[n]);
		}
	}
}

/* Who may read but not write may peek and not pop. */
static void test_modes(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "q,type=queue,value=8");
	struct stat st;

	assert_int_equal(sys_pin_chmod(FS_PINDIR "/q", 0644), 0);
	fs_wait_lately();
	assert_int_equal(fs_stat(f, map, ".push", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0200);
	assert_int_equal(fs_stat(f, map, ".peek", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0444);
	assert_int_equal(fs_stat(f, map, ".pop", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0400);
	raw_freeze(map);
	assert_int_equal(fs_stat(f, map, ".push", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0);
	assert_int_equal(fs_stat(f, map, ".pop", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0);
}

/* A line that goes on and on is not kept for ever. */
static void test_endless_line(void **state)
{
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, QUEUE);
	char blanks[65536];
	struct file *file;
	int err = 0, writes;

	memset(blanks, ' ', sizeof(blanks));
	assert_int_equal(fs_open(f, map, ".push", IN, 0, &file), 0);
	for (writes = 0; !err && writes < 100; writes++)
		err = file_write(file, blanks, sizeof(blanks), 0, &f->diag);
	assert_int_equal(err, -EFBIG);
	assert_int_equal(file_write(file, "5\n", 2, 0, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_file(f, map, ".pop", "5\n");
}

/* Types that are laid over it say what elements are. */
static void test_typed(void **state)
{
	static const char text[] = "{\"a\":5,\"b\":\"x\"}\n{\"a\":6}\n";
	static const char type[] = "value=struct{u32 a;char b[4];}\n";
	struct fixture *f = *state;
	uint32_t map = fs_mkdir(f, "q,type=queue,value=8");
	struct file *file;

	assert_int_equal(fs_open(f, map, ".types", IN, 0, &file), 0);
	assert_int_equal(file_write(file, type, strlen(type), 0, &f->diag), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_int_equal(fs_open(f, map, ".push", IN, 0, &file), 0);
	assert_int_equal(file_write(file, text, strlen(text), 0, &f->diag), 0);
	assert_int_equal(file_write(file, "{\"a\":7,", 7, 0, &f->diag), 0);
	assert_int_equal(file_write(file, "\"c\":7}\n", 7, 0, &f->diag), -EINVAL);
	assert_int_equal(file_release(file, NULL), 0);
	assert_file(f, map, ".peek", "{\"a\":5,\"b\":\"x\"}\n");
	assert_file(f, map, ".pop", "{\"a\":5,\"b\":\"x\"}\n");
	assert_file(f, map, ".pop", "{\"a\":6,\"b\":\"\"}\n");
	assert_file(f, map, ".pop", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_names),
		FS_TEST(test_modes),
		FS_TEST(test_endless_line),
		FS_TEST(test_typed),
	};
	int failed = run_sequences(QUEUE, popping, ARRAY_SIZE(popping)) +
		     run_sequences(QUEUE, peeking, ARRAY_SIZE(peeking)) +
		     run_sequences(QUEUE, pushing, ARRAY_SIZE(pushing)) +
		     run_sequences(USER_RING, records, ARRAY_SIZE(records)) +
		     run_sequences(NULL, stacked, ARRAY_SIZE(stacked));

	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
