/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of keys, those in particular that are too long for one name. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keyname.h"
#include "tests/unit/layout_text.h"

enum { KEYS = 1000 };

/* count times s */
static void repeat(struct buf *out, const char *s, size_t count)
{
	while (count--)
		buf_adds(out, s);
}

static void print(const struct layout *key, const void *bytes, struct buf *out)
{
	buf_clear(out);
	assert_int_equal(keyname_print(key, bytes, out), 0);
}

static void assert_reads_back(const struct layout *key, const unsigned char *bytes,
			      const char *name)
{
	unsigned char *got = calloc(1, key->size);
	struct diag d = {0};

	if (keyname_parse(key, name, got, &d))
		fail_msg("'%s': at %zu, %s", name, d.offset, d.why);
	assert_memory_equal(got, bytes, key->size);
	free(got);
}

/* The text as a key char[size] has that name, and reads back. */
static void assert_name(uint32_t size, const struct buf *text, const struct buf *name)
{
	struct layout *key = layout_plain(LAYOUT_CHARS, size);
	unsigned char *bytes = calloc(1, size);
	struct buf got = BUF_INIT(10000);

	assert_true(text->len <= size);
	memcpy(bytes, text->data, text->len);
	print(key, bytes, &got);
	assert_string_equal(got.data, name->data);
	assert_reads_back(key, bytes, got.data);
	buf_free(&got);
	free(bytes);
	layout_unref(key);
}

/*
 * A case: "before" n times, then "middle" once and "after" m times, as text; and the
 * pieces of the name in the same way, or NULL where the name is hex.
 */
static const struct {
	const char *before;
	size_t n;
	const char *middle, *after;
	size_t m;
	size_t first; /* how many times before stands in the first piece */
	const char *end, *start;
	size_t rest; /* how many times after stands in the second piece */
} cuts[] = {
	{"a", 250, "", "", 0, 250, "", NULL, 0},
	{"a", 255, "", "", 0, 255, "", NULL, 0},
	{"a", 240, "", "b", 16, 240, "", "", 16},
	{"a", 239, "\xc3\xa9", "b", 20, 239, "", "\xc3\xa9", 20},
	{"a", 238, "\xc3\xa9", "b", 20, 238, "\xc3\xa9", "", 20},
	{"a", 238, "\xe2\x82\xac", "b", 20, 238, "", "\xe2\x82\xac", 20},
	{"a", 237, "\xe2\x82\xac", "b", 20, 237, "\xe2\x82\xac", "", 20},
	{"a", 237, "\xf0\x9f\x90\x9d", "b", 20, 237, "", "\xf0\x9f\x90\x9d", 20},
	{"a", 236, "\xf0\x9f\x90\x9d", "b", 20, 236, "\xf0\x9f\x90\x9d", "", 20},
	{"a", 240, "\xf0\x9f\x90\x9d", "b", 20, 240, "", "\xf0\x9f\x90\x9d", 20},
	{"a", 239, "\x01", "b", 20, 239, "", "%01", 20},
	{"a", 238, "/", "b", 20, 238, "", "%2F", 20},
	{"a", 237, "%", "b", 20, 237, "%25", "", 20},
	{"a", 239, "\xff", "b", 20, 239, "", "%FF", 20},
	{"a", 240, ".", "b", 20, 240, "", "%2E", 20},
	{"a", 239, ".", "b", 20, 239, ".", "", 20},
	{"a", 240, "..", "b", 20, 240, "", "%2E.", 20},
};

static void test_cuts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		struct buf text = BUF_INIT(10000), name = BUF_INIT(10000);

		repeat(&text, cuts[i].before, cuts[i].n);
		buf_adds(&text, cuts[i].middle);
		repeat(&text, cuts[i].after, cuts[i].m);
		repeat(&name, cuts[i].before, cuts[i].first);
		buf_adds(&name, cuts[i].end);
		if (cuts[i].start)
			buf_addf(&name, "/%s", cuts[i].start);
		repeat(&name, cuts[i].after, cuts[i].rest);
		assert_name(300, &text, &name);
		buf_free(&text);
		buf_free(&name);
	}
}

/* Where a last piece could be a directory, the name is hex of the whole key. */
static void test_lengths(void **state)
{
	struct layout *key = layout_plain(LAYOUT_CHARS, 800);
	unsigned char bytes[800];
	struct buf name = BUF_INIT(10000);

	(void)state;
	for (size_t len = 1; len <= sizeof(bytes); len++) {
		size_t last = len <= NAME_MAX ? len : (len - 1) % 240 + 1;
		bool hex = last >= 237 && last <= 240;

		memset(bytes, 0, sizeof(bytes));
		memset(bytes, 'a', len);
		print(key, bytes, &name);
		assert_int_equal(strncmp(name.data, "0x6161", 6) == 0, hex);
		if (!hex)
			assert_int_equal(strlen(strrchr(name.data, '/')
							? strrchr(name.data, '/') + 1
							: name.data),
					 last);
		assert_reads_back(key, bytes, name.data);
	}
	buf_free(&name);
	layout_unref(key);
}

static void test_dots(void **state)
{
	struct buf text = BUF_INIT(1000), name = BUF_INIT(1000);

	(void)state;
	repeat(&text, ".", 300);
	buf_adds(&name, "%2E");
	repeat(&name, ".", 237);
	buf_adds(&name, "/%2E");
	repeat(&name, ".", 61);
	assert_name(300, &text, &name);
	buf_clear(&text);
	buf_clear(&name);
	repeat(&text, ".", 253);
	buf_adds(&name, "%2E");
	repeat(&name, ".", 252);
	assert_name(300, &text, &name);
	buf_free(&text);
	buf_free(&name);
}

/* As the tree decides it: is the path, whose last piece is that, a directory? */
static bool is_directory(const struct layout *key, const char *path, const char *piece)
{
	return keyname_is_piece(key, piece) && keyname_may_begin(key, path);
}

/* Every piece is a name, and all but the last are directories. */
static void check_pieces(const struct layout *key, const char *name)
{
	char *path = strdup(name);

	for (char *piece = path, *end; piece; piece = end) {
		end = strchr(piece, '/');
		if (end)
			*end = '\0';
		assert_in_range(strlen(piece), 1, NAME_MAX);
		assert_true(piece[0] != '.');
		if (is_directory(key, path, piece) != (end != NULL))
			fail_msg("%zu bytes, key of %u: %s directory: '%s'", strlen(piece),
				 key->size, end ? "no" : "a", path);
		if (end)
			*end++ = '/';
	}
	free(path);
}

static void fill_char(unsigned char *bytes, uint32_t size)
{
	static const char *const units[] = {
		"a", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x9d", ".", "/", "\xff"};
	uint32_t at = 0, end = random_below(4) ? size : random_below(size + 1);
	const char *unit = units[random_below(ARRAY_SIZE(units))];

	memset(bytes, 0, size);
	while (at + strlen(unit) <= end) {
		memcpy(bytes + at, unit, strlen(unit));
		at += (uint32_t)strlen(unit);
		if (random_below(20) == 0)
			unit = units[random_below(ARRAY_SIZE(units))];
	}
}

static void each_size(enum layout_kind kind, void (*fill)(unsigned char *bytes, uint32_t size))
{
	struct buf name = BUF_INIT(10000);

	for (uint32_t size = 50; size <= 500; size++) {
		struct layout *key =
			kind == LAYOUT_BYTES ? layout_bytes(size) : layout_plain(kind, size);
		unsigned char *bytes = malloc(size);

		for (int round = 0; round < 10; round++) {
			fill(bytes, size);
			print(key, bytes, &name);
			check_pieces(key, name.data);
			assert_reads_back(key, bytes, name.data);
		}
		free(bytes);
		layout_unref(key);
	}
	buf_free(&name);
}

static void fill_random(unsigned char *bytes, uint32_t size)
{
	random_bytes(bytes, size);
}

static void test_every_size_of_text(void **state)
{
	(void)state;
	each_size(LAYOUT_CHARS, fill_char);
}

static void test_every_size_of_bytes(void **state)
{
	(void)state;
	each_size(LAYOUT_BYTES, fill_random);
}

/* Names of a set of keys, and the directories that they are in, sorted. */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char **list;
	size_t count;
};

static void names_add(struct names *n, const char *name, size_t len)
{
	n->list = realloc(n->list, (n->count + 1) * sizeof(*n->list));
	n->list[n->count++] = strndup(name, len);
}

static void names_add_directories(struct names *n, const char *name)
{
	for (const char *c = strchr(name, '/'); c; c = strchr(c + 1, '/'))
		names_add(n, name, (size_t)(c - name));
}

static void names_free(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->list[i]);
	free(n->list);
}

/* In one directory no name is both. */
static void assert_disjoint(const struct names *files, const struct names *dirs)
{
	qsort(files->list, files->count, sizeof(char *), compare);
	for (size_t i = 0; i < dirs->count; i++)
		if (bsearch(&dirs->list[i], files->list, files->count, sizeof(char *), compare))
			fail_msg("file and directory: '%s'", dirs->list[i]);
}

static void check_set(const struct layout *key, void (*fill)(unsigned char *bytes, uint32_t size))
{
	struct names files = {0}, dirs = {0};
	struct buf name = BUF_INIT(10000);
	unsigned char *bytes = malloc(key->size);

	for (uint32_t i = 0; i < KEYS; i++) {
		fill(bytes, key->size);
		print(key, bytes, &name);
		assert_reads_back(key, bytes, name.data);
		check_pieces(key, name.data);
		names_add_directories(&dirs, name.data);
		names_add(&files, name.data, name.len);
	}
	assert_disjoint(&files, &dirs);
	names_free(&files);
	names_free(&dirs);
	buf_free(&name);
	free(bytes);
}

/* Few letters and lengths around the cut, so that beginnings meet. */
static void fill_alike(unsigned char *bytes, uint32_t size)
{
	uint32_t len = 230 + random_below(40), at = random_below(size);

	if (random_below(4) == 0)
		len = 470 + random_below(20);
	memset(bytes, 0, size);
	memset(bytes, 'a', len < size ? len : size);
	if (random_below(4) == 0)
		bytes[at] = (unsigned char)"b./\xff%\xc3"[random_below(6)];
}

static void test_no_name_is_both(void **state)
{
	static const uint32_t sizes[] = {118, 119, 120, 240, 256, 300, 500, 720};
	static const char *const records[] = {
		"struct{u8 a;char b[300];}",
		"struct{char a[300];u8 b;}",
		"struct{char a[120];char b[120];u16 c;}",
		"struct{char a[236];u8 b[2];bool c;}",
		"char[16][20]",
		"struct{u32 a[60];char b[8];}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct layout *key = layout_plain(LAYOUT_CHARS, sizes[i]);

		check_set(key, fill_alike);
		check_set(key, fill_char);
		layout_unref(key);
	}
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		struct layout *key = layout_of(records[i]);

		check_set(key, fill_alike);
		check_set(key, fill_char);
		check_set(key, fill_random);
		layout_unref(key);
	}
}

/* Other spellings, pieces that were cut elsewhere, and no names at all. */
static void test_parse(void **state)
{
	static const struct {
		const char *word, *name, *hex; /* NULL: refused */
	} cases[] = {
		{"u32", "42", "2a000000"},
		{"u32", "0x2a", "2a000000"},
		{"u32", "4/2", NULL},
		{"u32", "", NULL},
		{"u32", "-1", NULL},
		{"u32", "4294967296", NULL},
		{"char[8]", "%2Eab", "2e61620000000000"},
		{"char[8]", ".ab", NULL},
		{"char[8]", "a/b", NULL},
		{"char[8]", "a/%2Eb", NULL},
		{"char[8]", "a//b", NULL},
		{"char[8]", "%00", "0000000000000000"},
		{"char[8]", "", NULL},
		{"char[8]", "/", NULL},
		{"char[8]", "abcdefghi", NULL},
		{"char[8]", "abc%", NULL},
		{"char[8]", "abc%4", NULL},
		{"char[8]", "0x6162000000000001", "6162000000000001"},
		{"struct{u8 a;u8 b;}", "1,2", "0102"},
		{"struct{u8 a;u8 b;}", "0x0102", "0102"},
		{"struct{u8 a;u8 b;}", "1", NULL},
		{"struct{u8 a;u8 b;}", "1,", NULL},
		{"struct{u8 a;u8 b;}", "1,2,3", NULL},
		{"struct{u8 a;u8 b;}", "0x010203", NULL},
		{"struct{u8 a;u32 b;}", "1,2", "0100000002000000"},
		{"struct{u8 a;u32 b;}", "0x01ff000002000000", "01ff000002000000"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *key = layout_of(cases[i].word);
		unsigned char bytes[16] = {0};
		struct diag d = {0};
		int err = keyname_parse(key, cases[i].name, bytes, &d);

		if (err != (cases[i].hex ? 0 : -EINVAL))
			fail_msg("'%s' of %s: %d, %s", cases[i].name, cases[i].word, err, d.why);
		if (err)
			assert_true(d.err == EINVAL && d.why[0]);
		else
			assert_hex(cases[i].name, bytes, key->size, cases[i].hex);
		layout_unref(key);
	}
}

static void test_may_be_long(void **state)
{
	static const struct {
		const char *word;
		bool may;
	} cases[] = {
		{"u64", false},     {"16", false},       {"127", false},
		{"128", true},      {"char[63]", false}, {"char[64]", true},
		{"ipv6[5]", false}, {"ipv6[6]", true},   {"struct{u64 a;char b[300];}", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout *key = layout_of(cases[i].word);

		if (keyname_may_be_long(key) != cases[i].may)
			fail_msg("%s", cases[i].word);
		layout_unref(key);
	}
}

static void test_may_begin(void **state)
{
	struct layout *key = layout_plain(LAYOUT_CHARS, 300), *number = layout_of("u32");
	struct layout *both = layout_of("struct{u32 a;char b[300];}");
	struct buf piece = BUF_INIT(1000);

	(void)state;
	repeat(&piece, "a", 240);
	assert_true(keyname_may_begin(key, piece.data));
	assert_true(keyname_is_piece(key, piece.data));
	assert_false(keyname_is_piece(number, piece.data));
	assert_false(keyname_may_begin(number, piece.data));
	assert_false(keyname_may_begin(both, piece.data));
	memcpy(piece.data, "4294967295,", 11);
	assert_true(keyname_may_begin(both, piece.data));
	memcpy(piece.data, "4294967296,", 11);
	assert_false(keyname_may_begin(both, piece.data));
	buf_addc(&piece, 'a');
	assert_false(keyname_is_piece(key, piece.data));
	buf_resize(&piece, 237);
	assert_true(keyname_is_piece(key, piece.data));
	buf_resize(&piece, 236);
	assert_false(keyname_is_piece(key, piece.data));
	assert_false(keyname_may_begin(key, ""));
	assert_true(keyname_may_begin(key, "0x"));
	buf_clear(&piece);
	buf_adds(&piece, "0x");
	repeat(&piece, "f", 238);
	assert_true(keyname_may_begin(both, piece.data));
	repeat(&piece, "f", 1000);
	buf_free(&piece);
	layout_unref(both);
	layout_unref(number);
	layout_unref(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_dots),
		cmocka_unit_test(test_every_size_of_text),
		cmocka_unit_test(test_every_size_of_bytes),
		cmocka_unit_test(test_no_name_is_both),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_may_be_long),
		cmocka_unit_test(test_may_begin),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
