/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/symbols.h"
#include "tests/unit/fs_clock.h"

#define TEMPLATE "/tmp/test_symbols.XXXXXX"

/* The kernel's functions, and where they are; those of modules. */
#define K(offset) "ffffffff8100" offset
#define M(offset) "ffffffffc000" offset
#define KERNEL 0xffffffff81000000
#define MODULES 0xffffffffc0000000

static char path[sizeof(TEMPLATE)];
static struct symbols symbols = SYMBOLS_INIT(path);

static int set_up(void **state)
{
	int fd;

	(void)state;
	memcpy(path, TEMPLATE, sizeof(path));
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	symbols_forget(&symbols);
	return unlink(path) && access(path, F_OK) == 0;
}

static void write_file(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void give(const char *text)
{
	write_file(text, strlen(text));
}

/* expected: what is appended, NULL: nothing. */
static void assert_symbol(uint64_t address, const char *expected)
{
	struct buf out = BUF_INIT(10000);
	bool found;

	buf_addf(&out, "%016" PRIx64, address);
	found = symbols_print(&symbols, address, &out);
	assert_int_equal(buf_error(&out), 0);
	if (found != (expected != NULL) || strcmp(out.data + 16, expected ? expected : "") != 0)
		fail_msg("'%s', not '%s'", out.data, expected ? expected : "");
	buf_free(&out);
}

static void test_places(void **state)
{
	(void)state;
	give(K("1000") " T first\n" K("1010") " t second\n" K("3000") " W last\n");
	assert_symbol(KERNEL + 0xfff, NULL);
	assert_symbol(KERNEL + 0x1000, " first+0x0");
	assert_symbol(KERNEL + 0x100f, " first+0xf");
	assert_symbol(KERNEL + 0x1010, " second+0x0");
	assert_symbol(KERNEL + 0x2fff, " second+0x1fef");
	assert_symbol(KERNEL + 0x3000, " last+0x0");
	assert_symbol(KERNEL + 0x4fff, " last+0x1fff");
	assert_symbol(KERNEL + 0x5000, NULL);
	assert_symbol(UINT64_MAX, NULL);
	assert_symbol(1ULL << 63, NULL);
}

/* Whatever the file says of them. */
static void test_user_addresses(void **state)
{
	(void)state;
	give("0000000000001000 T low\n00007fffffffffff T high\n" K("1000") " T f\n");
	assert_symbol(0, NULL);
	assert_symbol(0x1000, NULL);
	assert_symbol(0x00007fffffffffff, NULL);
	assert_symbol(INT64_MAX, NULL);
	assert_symbol(KERNEL + 0x1000, " f+0x0");
}

static void test_order_of_the_file(void **state)
{
	(void)state;
	give(K("3000") " T c\n" K("1000") " T a\n" K("2000") " T b\n");
	assert_symbol(KERNEL + 0x1001, " a+0x1");
	assert_symbol(KERNEL + 0x2002, " b+0x2");
	assert_symbol(KERNEL + 0x3003, " c+0x3");
}

/* Global names before local ones, then by the alphabet. */
static void test_names_of_one_place(void **state)
{
	static const char *const files[] = {
		K("1000") " t aaa\n" K("1000") " T zed\n" K("1000") " W bee\n" K("2000") " T x\n",
		K("1000") " W bee\n" K("1000") " T zed\n" K("1000") " t aaa\n" K("2000") " T x\n",
		K("1000") " T zed\n" K("2000") " T x\n" K("1000") " w aaa\n" K("1000") " W bee\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		symbols_forget(&symbols);
		give(files[i]);
		assert_symbol(KERNEL + 0x1005, " bee+0x5");
		assert_symbol(KERNEL + 0x2000, " x+0x0");
	}
	symbols_forget(&symbols);
	give(K("1000") " t b\n" K("1000") " t a\n");
	assert_symbol(KERNEL + 0x1000, " a+0x0");
}

static void test_kinds_of_symbols(void **state)
{
	(void)state;
	give(K("1000") " T text\n" K("1100") " D data\n" K("1200") " b bss\n" K("1300") " R ro\n" K(
		"1400") " A absolute\n" K("1500") " v object\n" K("1600") " w weak\n");
	assert_symbol(KERNEL + 0x15ff, " text+0x5ff");
	assert_symbol(KERNEL + 0x1600, " weak+0x0");
}

static void test_modules(void **state)
{
	(void)state;
	give(K("1000") " T kernel\n" M("0000") " t first\t[one]\n" M("4000") " t second\t[one]\n" M(
		"5000") " t other\t[two]\n" M("9000") " t bpf_prog_01_x\t[bpf]\n" M("f000") " t "
											    "withou"
											    "t\n");
	assert_symbol(KERNEL + 0x1004, " kernel+0x4");
	assert_symbol(KERNEL + 0x3000, NULL);
	assert_symbol(MODULES + 0x3fff, " first+0x3fff [one]");
	assert_symbol(MODULES + 0x4001, " second+0x1 [one]");
	assert_symbol(MODULES + 0x4fff, " second+0xfff [one]");
	assert_symbol(MODULES + 0x6fff, " other+0x1fff [two]");
	assert_symbol(MODULES + 0x7000, NULL);
	assert_symbol(MODULES + 0x9020, " bpf_prog_01_x+0x20 [bpf]");
	assert_symbol(MODULES + 0xb000, NULL);
	assert_symbol(MODULES + 0xf000, " without+0x0");
}

/* What it shows to whom the kernel does not trust. */
static void test_zero_addresses(void **state)
{
	(void)state;
	give("0000000000000000 T a\n0000000000000000 T b\n0000000000000000 t c\t[m]\n");
	assert_symbol(0, NULL);
	assert_symbol(KERNEL, NULL);
	assert_symbol(UINT64_MAX, NULL);
}

static void test_garbage(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"\n",
		"\n\n",
		"garbage\n",
		K("1800"),
		K("1800") " ",
		K("1800") " T",
		K("1800") " T ",
		K("1800") " T \n",
		K("1800") " TT two\n",
		K("1800") "  T two\n",
		K("1800") " T \t[m]\n",
		K("1800") "0 T long\n",
		"-1 T minus\n",
		"+1 T plus\n",
		"0x" K("1800") " T x\n",
		"xyz T word\n",
		" " K("1800") " T blank\n",
		K("1800") " T quo\"te\n",
		K("1800") " T back\\slash\n",
		K("1800") " T two words\n",
		K("1800") " T \x80\xff\n",
		K("1800") " T bell\a\n",
		K("1800") " T f\t[m\"]\n",
		K("1800") " T f\t[m] more\n",
		"\t\t\t\n",
		"T T T\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct buf text = BUF_INIT(10000);

		symbols_forget(&symbols);
		buf_addf(&text, "%s%s", lines[i], strchr(lines[i], '\n') ? "" : "\n");
		buf_adds(&text, K("1000") " T good\n");
		buf_adds(&text, lines[i]);
		give(text.data);
		assert_symbol(KERNEL + 0x1800, " good+0x800");
		buf_free(&text);
	}
}

static void test_bytes_of_zero(void **state)
{
	static const char text[] = "\0\n" K("1000") " T good\n" K("1800") " T \0bad\n\0";

	(void)state;
	write_file(text, sizeof(text) - 1);
	assert_symbol(KERNEL + 0x1800, " good+0x800");
}

static void test_no_newline_at_the_end(void **state)
{
	(void)state;
	give(K("1000") " T first\n" M("1000") " T last\t[m]");
	assert_symbol(MODULES + 0x1001, " last+0x1 [m]");
	symbols_forget(&symbols);
	give(K("1000") " T only");
	assert_symbol(KERNEL + 0x1001, " only+0x1");
}

static void test_no_file(void **state)
{
	(void)state;
	give("");
	assert_symbol(KERNEL, NULL);
	symbols_forget(&symbols);
	assert_int_equal(unlink(path), 0);
	assert_symbol(KERNEL, NULL);
}

/* A text with name and module of such lengths, and whether it is shown. */
static void test_long_names(void **state)
{
	static const struct {
		size_t name, module;
		bool shown;
	} cases[] = {
		{SYMBOLS_NAME, SYMBOLS_MODULE, true},
		{SYMBOLS_NAME + 1, 3, false},
		{1, SYMBOLS_MODULE + 1, false},
		{100000, 100000, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf text = BUF_INIT(1 << 20), out = BUF_INIT(10000);

		symbols_forget(&symbols);
		buf_adds(&text, "8000000000000000 T ");
		for (size_t k = 0; k < cases[i].name; k++)
			buf_addc(&text, 'n');
		buf_addc(&text, '\t');
		for (size_t k = 0; k < cases[i].module; k++)
			buf_addc(&text, 'm');
		buf_adds(&text, "\nffffffffffffffff T next\tm\n");
		give(text.data);
		assert_int_equal(symbols_print(&symbols, (1ULL << 63) + 1, &out), cases[i].shown);
		assert_true(out.len <= SYMBOLS_TEXT);
		buf_free(&text);
		buf_free(&out);
	}
}

/* The most that an offset can take: the kernel's own reach to the next, however far. */
static void test_longest_offset(void **state)
{
	(void)state;
	give("8000000000000000 T low\nffffffffffffffff T high\n");
	assert_symbol(UINT64_MAX - 1, " low+0x7ffffffffffffffe");
	assert_symbol(UINT64_MAX, " high+0x0");
}

/* Programs come and go: an address outside of the kernel's own functions is looked for
 * anew, but not at once. */
static void test_changes(void **state)
{
	(void)state;
	give(K("1000") " T a\n" K("2000") " T b\n");
	assert_symbol(MODULES + 0x1000, NULL);
	give(K("1000") " T changed\n" K("2000") " T b\n" M("1000") " t f\t[bpf]\n");
	assert_symbol(MODULES + 0x1000, NULL);
	clock_ahead += SYMBOLS_AGE;
	assert_symbol(KERNEL + 0x1000, " a+0x0");
	assert_symbol(MODULES + 0x1000, " f+0x0 [bpf]");
	assert_symbol(KERNEL + 0x1000, " changed+0x0");
	give(K("1000") " T a\n" M("0ff0") " t g\t[bpf]\n");
	assert_symbol(MODULES + 0x1000, " f+0x0 [bpf]");
	clock_ahead += SYMBOLS_AGE;
	assert_symbol(0x7fffffffffff, NULL);
	assert_symbol(MODULES + 0x1000, " g+0x10 [bpf]");
	assert_int_equal(unlink(path), 0);
	clock_ahead += SYMBOLS_AGE;
	assert_symbol(MODULES + 0x1000, NULL);
	give(K("1000") " T back\n");
	clock_ahead += SYMBOLS_AGE;
	assert_symbol(KERNEL + 0x1000, " back+0x0");
}

/* A buffer that is full stays as it is, with its error. */
static void test_full_buffer(void **state)
{
	struct buf out = BUF_INIT(4);

	(void)state;
	give(K("1000") " T function\n");
	assert_true(symbols_print(&symbols, KERNEL + 0x1000, &out));
	assert_int_not_equal(buf_error(&out), 0);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

/* Thousands in any order, against a search through all of them. */
static void test_random(void **state)
{
	enum { COUNT = 3000 };
	struct buf text = BUF_INIT(1 << 20);
	uint64_t *places = calloc(COUNT, sizeof(*places));

	(void)state;
	assert_non_null(places);
	for (int i = 0; i < COUNT; i++) {
		places[i] = KERNEL + random_below(1 << 16);
		buf_addf(&text, "%" PRIx64 " T f%" PRIx64 "\n", places[i], places[i]);
	}
	give(text.data);
	for (int k = 0; k < COUNT; k++) {
		uint64_t address = KERNEL + random_below(1 << 16), best = 0;
		char expected[64];

		for (int i = 0; i < COUNT; i++)
			if (places[i] <= address && places[i] > best)
				best = places[i];
		snprintf(expected, sizeof(expected), " f%" PRIx64 "+0x%" PRIx64, best,
			 address - best);
		assert_symbol(address, best ? expected : NULL);
	}
	free(places);
	buf_free(&text);
}

static void *ask(void *wrong)
{
	for (int i = 0; i < 2000; i++) {
		struct buf out = BUF_INIT(1000);

		symbols_print(&symbols, MODULES + 0x1002, &out);
		if (!out.data || strcmp(out.data, " f+0x2 [bpf]") != 0)
			*(bool *)wrong = true;
		buf_free(&out);
		if (i % 50 == 0)
			__atomic_add_fetch(&clock_ahead, SYMBOLS_AGE, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[4];
	bool wrong[4] = {false};

	(void)state;
	give(K("1000") " T a\n" M("1000") " t f\t[bpf]\n");
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &wrong[i]), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_false(wrong[i]);
}

/* What a module's function was called at first, it is called for ever. */
static void test_kept(void **state)
{
	(void)state;
	give(K("1000") " T a\n" M("1000") " t f\t[bpf]\n");
	symbols_keep(&symbols);
	assert_symbol(MODULES + 0x1000, " f+0x0 [bpf]");
	give(K("1000") " T a\n" M("1000") " t other\t[bpf]\n" M("9000") " t new\t[bpf]\n");
	clock_ahead += 100;
	assert_symbol(MODULES + 0x1000, " f+0x0 [bpf]");
	assert_symbol(MODULES + 0x9000, NULL);
	symbols.keep = false;
	assert_symbol(MODULES + 0x9000, " new+0x0 [bpf]");
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(places),
		CASE(user_addresses),
		CASE(order_of_the_file),
		CASE(names_of_one_place),
		CASE(kinds_of_symbols),
		CASE(modules),
		CASE(zero_addresses),
		CASE(garbage),
		CASE(bytes_of_zero),
		CASE(no_newline_at_the_end),
		CASE(no_file),
		CASE(long_names),
		CASE(longest_offset),
		CASE(changes),
		CASE(full_buffer),
		CASE(random),
		CASE(threads),
		CASE(kept),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
