/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Lines of .dump: random ones that read back, what is not whole yet, and what never will be. */
#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btflayout.h"
#include "lib/bulkline.h"
#include "lib/record.h"
#include "tests/unit/layout_text.h"
#include "tests/unit/random_type.h"
#include "tests/unit/tidy.h"

enum { TYPES = 300, ROUNDS = 12, LINE_MAX_TRIED = 700 };

/* A view of a map that has no more than layouts. */
struct lines {
	struct map_desc desc;
	struct bulk_view view;
	unsigned char *key, *value;
	enum bulkline_says says;
	struct diag diag;
};

static void lines_of(struct lines *l, struct layout *key, struct layout *value)
{
	*l = (struct lines){.desc = {.key = key, .value = value}};
	l->view.desc = &l->desc;
	l->key = calloc(1, key->size + 1U);
	l->value = calloc(1, value->size + 1U);
}

static void lines_of_words(struct lines *l, const char *key, const char *value)
{
	lines_of(l, layout_of(key), layout_of(value));
}

static void lines_end(struct lines *l)
{
	layout_unref(l->desc.key);
	layout_unref(l->desc.value);
	free(l->key);
	free(l->value);
}

/* From memory that ends where the line does, so that a sanitizer sees who reads on. value is what
 * it was. */
static int parse(struct lines *l, const char *line, size_t len)
{
	char *exact = malloc(len ? len : 1);
	int err;

	memcpy(exact, line, len);
	memset(l->key, 0, l->desc.key->size);
	l->diag = (struct diag){.err = 0};
	err = bulkline_parse(&l->view, exact, len, l->key, l->value, &l->says, &l->diag);
	free(exact);
	return err;
}

static int parse_onto(struct lines *l, const char *line, size_t len, int before)
{
	memset(l->value, before, l->desc.value->size);
	return parse(l, line, len);
}

static void show(const struct lines *l, const char *what, const char *line, size_t len)
{
	fail_msg("%s: '%.*s': says %d, at %zu: %s", what, (int)len, line, l->says, l->diag.offset,
		 l->diag.why);
}

static void print(const struct lines *l, const void *key, const void *value, struct buf *out)
{
	struct buf scratch = BUF_INIT(SIZE_MAX / 2);

	*out = BUF_INIT(1 << 26);
	assert_int_equal(bulkline_print(&l->view, key, value, &scratch, out), 0);
	buf_free(&scratch);
	assert_true(out->len <= bulkline_max(&l->view));
	assert_ptr_equal(memchr(out->data, '\n', out->len), out->data + out->len - 1);
}

/* Random layouts and bytes. */

static void tidy(const struct layout *l, unsigned char *bytes)
{
	if (l->kind == LAYOUT_BOOL)
		bytes[0] &= 1;
	tidy_parts(l, bytes, tidy);
}

/* As the kernel gives them: what is between the CPUs is zero. */
static void kernels_bytes(const struct layout *l, int round, unsigned char *bytes)
{
	random_bytes(bytes, l->size);
	if (round == 0)
		memset(bytes, 0, l->size);
	if (round == 1)
		memset(bytes, 0xff, l->size);
	if (round % 3)
		tidy(l, bytes);
	if (l->kind == LAYOUT_PER_CPU)
		for (uint32_t i = 0; i < l->array.count; i++)
			memset(bytes + (size_t)i * l->array.stride + l->array.elem->size, 0,
			       l->array.stride - l->array.elem->size);
	layout_clear_owned(l, bytes);
	if (l->kind == LAYOUT_PREFIX) {
		bytes[0] = (unsigned char)(bytes[0] % (l->prefix->size * 8 + 1));
		memset(bytes + 1, 0, 3);
		layout_canonical(l, bytes);
	}
}

static void assert_reads_back(struct lines *l, const void *key, const void *value, const char *line,
			      size_t len)
{
	if (parse_onto(l, line, len, 0) || l->says != BULKLINE_STORE)
		show(l, "not read back", line, len);
	if (memcmp(l->key, key, l->desc.key->size) != 0)
		show(l, "another key", line, len);
	if (memcmp(l->value, value, l->desc.value->size) != 0)
		show(l, "another value", line, len);
}

/* The line is whole once its last brace is there. */
static void assert_beginnings(struct lines *l, const struct buf *line)
{
	assert_int_equal(parse_onto(l, line->data, 0, 0), 0);
	assert_int_equal(l->says, BULKLINE_NOTHING);
	for (size_t len = 1; len < line->len - 1; len++)
		if (parse_onto(l, line->data, len, 0) != -EAGAIN || !l->diag.why[0] ||
		    !l->diag.placed || l->diag.offset > len)
			show(l, "no beginning", line->data, len);
}

static void add_blanks(struct buf *out)
{
	while (random_below(2))
		buf_addc(out, " \t\r\n"[random_below(4)]);
}

/* Blanks may stand wherever a token ends. */
static void assert_with_blanks(struct lines *l, const void *key, const void *value,
			       const struct buf *line)
{
	struct buf wide = BUF_INIT(1 << 26);
	bool in_string = false;

	for (size_t i = 0; i < line->len; i++) {
		char c = line->data[i];
		bool is_mark = !in_string && strchr("{}[]:,", c);

		if (is_mark)
			add_blanks(&wide);
		buf_addc(&wide, c);
		if (is_mark)
			add_blanks(&wide);
		if (in_string && c == '\\')
			buf_addc(&wide, line->data[++i]);
		else if (c == '"')
			in_string = !in_string;
	}
	assert_reads_back(l, key, value, wide.data, wide.len);
	buf_free(&wide);
}

static void assert_removes(struct lines *l, const void *key, const struct buf *line)
{
	const char *start = strstr(line->data, ",\"value\":");
	struct buf removal = BUF_INIT(1 << 26);

	buf_add(&removal, line->data, (size_t)(start - line->data));
	buf_adds(&removal, ",\"value\": null }");
	if (parse_onto(l, removal.data, removal.len, 0) || l->says != BULKLINE_REMOVE ||
	    memcmp(l->key, key, l->desc.key->size) != 0)
		show(l, "no removal", removal.data, removal.len);
	for (size_t len = line->len; len < removal.len - 1; len++)
		assert_int_equal(parse_onto(l, removal.data, len, 0), -EAGAIN);
	buf_free(&removal);
}

static void check_entry(struct lines *l, const void *key, const void *value, bool thorough)
{
	struct buf line;

	print(l, key, value, &line);
	assert_reads_back(l, key, value, line.data, line.len);
	assert_reads_back(l, key, value, line.data, line.len - 1);
	assert_with_blanks(l, key, value, &line);
	if (thorough && l->desc.key->kind == LAYOUT_INT)
		assert_removes(l, key, &line);
	if (thorough && line.len < LINE_MAX_TRIED)
		assert_beginnings(l, &line);
	buf_free(&line);
}

static void check_layouts(struct layout *key, struct layout *value)
{
	unsigned char *k = malloc(key->size + 1U), *v = malloc(value->size + 1U);
	struct lines l;

	lines_of(&l, layout_ref(key), layout_ref(value));
	for (int round = 0; round < ROUNDS; round++) {
		kernels_bytes(key, round, k);
		kernels_bytes(value, round, v);
		check_entry(&l, k, v, round < 4);
	}
	lines_end(&l);
	free(k);
	free(v);
}

/* Never of size 0. */
static struct layout *random_layout(int depth)
{
	struct layout *l = NULL;

	while (!l) {
		struct btf *btf = random_type_base();
		uint32_t id = random_type(btf, depth);
		int64_t size = btf__resolve_size(btf, id);

		if (size > 0)
			assert_int_equal(btflayout_read(btf, id, (uint32_t)size, &l), 0);
		btf__free(btf);
	}
	return l;
}

static struct layout *random_key(void)
{
	static const char *const words[] = {"u32", "s64", "4", "16", "be16", "char[300]", "3"};
	struct layout *l = NULL;

	if (random_below(3) == 0)
		return layout_prefix(random_below(2) ? 8 : 5 + random_below(20), random_below(2));
	if (random_below(2))
		return layout_of(words[random_below(ARRAY_SIZE(words))]);
	do {
		layout_unref(l);
		l = random_layout(2);
	} while (l->has_owned);
	return l;
}

static void test_random(void **state)
{
	(void)state;
	for (int i = 0; i < TYPES; i++) {
		struct layout *key = random_key(), *value = random_layout(3), *cpus;

		check_layouts(key, value);
		cpus = layout_per_cpu(value, 3);
		check_layouts(key, cpus);
		layout_unref(cpus);
		layout_unref(value);
		layout_unref(key);
	}
}

/* How lines look. */

static void assert_line(const char *key_word, const char *value_word, const char *key,
			const char *value, const char *expected)
{
	struct lines l;
	struct buf line;
	unsigned char k[512] = {0}, v[512] = {0};

	lines_of_words(&l, key_word, value_word);
	bytes_of_hex(key, k, l.desc.key->size);
	bytes_of_hex(value, v, l.desc.value->size);
	print(&l, k, v, &line);
	assert_string_equal(line.data, expected);
	check_entry(&l, k, v, true);
	buf_free(&line);
	lines_end(&l);
}

static void test_spelling(void **state)
{
	(void)state;
	assert_line("u32", "u8", "2a000000", "01", "{\"key\":42,\"value\":1}\n");
	assert_line("s32", "u8", "ffffffff", "01", "{\"key\":-1,\"value\":1}\n");
	assert_line("4", "u8", "2a000000", "01", "{\"key\":42,\"value\":1}\n");
	assert_line("be16", "u8", "0050", "01", "{\"key\":80,\"value\":1}\n");
	assert_line("ipv4", "u8", "0a000001", "01", "{\"key\":\"10.0.0.1\",\"value\":1}\n");
	assert_line("3", "bool", "010203", "01", "{\"key\":\"010203\",\"value\":true}\n");
	assert_line("char[8]", "char[4]", "61222f5c00000000", "62000000",
		    "{\"key\":\"a\\\"%2F\\\\\",\"value\":\"b\"}\n");
	assert_line("struct{u16 a;u16 b}", "struct{u8 a;u8 b}", "01000200", "0304",
		    "{\"key\":\"1,2\",\"value\":{\"a\":3,\"b\":4}}\n");
}

/* A name in pieces is joined by '/'; one that is not cut reads as well. */
static void test_long_names(void **state)
{
	struct lines l;
	unsigned char key[301] = {0};
	struct buf line, whole = BUF_INIT(1 << 20);

	(void)state;
	memset(key, 'n', 300);
	key[120] = '"';
	lines_of_words(&l, "char[300]", "u8");
	print(&l, key, "\x05", &line);
	assert_non_null(strchr(line.data, '/'));
	assert_reads_back(&l, key, "\x05", line.data, line.len);
	assert_beginnings(&l, &line);
	for (const char *c = line.data; *c; c++)
		if (*c != '/')
			buf_addc(&whole, *c);
	assert_reads_back(&l, key, "\x05", whole.data, whole.len);
	buf_free(&whole);
	buf_free(&line);
	lines_end(&l);
}

struct reading {
	const char *line;
	enum bulkline_says says;
	const char *key, *value; /* in hex; NULL: not looked at */
};

/* Over a value of ff. */
static void check_readings(struct lines *l, const struct reading *readings, size_t count)
{
	for (const struct reading *r = readings; r < readings + count; r++) {
		if (parse_onto(l, r->line, strlen(r->line), 0xff) || l->says != r->says)
			show(l, "reading", r->line, strlen(r->line));
		if (r->key)
			assert_hex(r->line, l->key, l->desc.key->size, r->key);
		if (r->value)
			assert_hex(r->line, l->value, l->desc.value->size, r->value);
	}
	lines_end(l);
}

static void test_keys_in_other_spellings(void **state)
{
	static const struct reading numbers[] = {
		{"{\"key\":42,\"value\":1}", BULKLINE_STORE, "2a000000", "01"},
		{"{\"key\":\"42\",\"value\":1}", BULKLINE_STORE, "2a000000", "01"},
		{"{\"key\":\"0x2a\",\"value\":1}", BULKLINE_STORE, "2a000000", "01"},
		{"{\"key\":\"\\u0034\\u0032\",\"value\":1}", BULKLINE_STORE, "2a000000", "01"},
		{"{\"key\":42,\"value\":null}", BULKLINE_REMOVE, "2a000000", NULL},
		{" \t{ \"key\" : 42 , \"value\" : null } \r\n", BULKLINE_REMOVE, "2a000000", NULL},
		{"", BULKLINE_NOTHING, NULL, "ff"},
		{"\n", BULKLINE_NOTHING, NULL, "ff"},
		{" \t \r\n", BULKLINE_NOTHING, NULL, "ff"},
	};
	static const struct reading texts[] = {
		{"{\"key\":\"a%2Fb\",\"value\":1}", BULKLINE_STORE, "612f6200", "01"},
		{"{\"key\":\"\\u0061%2fb\",\"value\":1}", BULKLINE_STORE, "612f6200", "01"},
		{"{\"key\":\"\\\"\\\\\",\"value\":1}", BULKLINE_STORE, "225c0000", "01"},
		{"{\"key\":\"\\u00e9\",\"value\":1}", BULKLINE_STORE, "c3a90000", "01"},
		{"{\"key\":\"%00\",\"value\":1}", BULKLINE_STORE, "00000000", "01"},
	};
	struct lines l;

	(void)state;
	lines_of_words(&l, "u32", "u8");
	check_readings(&l, numbers, ARRAY_SIZE(numbers));
	lines_of_words(&l, "char[4]", "u8");
	check_readings(&l, texts, ARRAY_SIZE(texts));
}

/* Host bits name no other key. */
static void test_keys_are_canonical(void **state)
{
	static const struct reading prefixes[] = {
		{"{\"key\":\"10.1.2.3_8\",\"value\":1}", BULKLINE_STORE, "080000000a000000", "01"},
		{"{\"key\":\"10.0.0.0_8\",\"value\":1}", BULKLINE_STORE, "080000000a000000", "01"},
	};
	struct lines l;

	(void)state;
	lines_of(&l, layout_prefix(8, true), layout_of("u8"));
	check_readings(&l, prefixes, ARRAY_SIZE(prefixes));
}

/* Which values are whole, and which go on from what is there. */

static void check_values(struct layout *value, const struct reading *readings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct reading r = readings[i];
		struct lines l;
		char line[256];

		snprintf(line, sizeof(line), "{\"key\":1,\"value\":%s}\n", r.line);
		r.line = line;
		lines_of(&l, layout_of("u32"), layout_ref(value));
		check_readings(&l, &r, 1);
	}
	layout_unref(value);
}

static void check_word(const char *word, const struct reading *readings, size_t count)
{
	check_values(layout_of(word), readings, count);
}

static void test_partial_records(void **state)
{
	static const struct reading plain[] = {
		{"{\"a\":1,\"b\":2}", BULKLINE_STORE, NULL, "0102"},
		{"{\"b\":2,\"a\":1}", BULKLINE_STORE, NULL, "0102"},
		{"{\"a\":1}", BULKLINE_COMPLETE, NULL, "01ff"},
		{"{\"b\":1}", BULKLINE_COMPLETE, NULL, "ff01"},
		{"{}", BULKLINE_COMPLETE, NULL, "ffff"},
		{"\"0x0304\"", BULKLINE_STORE, NULL, "0304"},
	};
	static const struct reading nested[] = {
		{"{\"k\":1,\"s\":{\"x\":2,\"y\":3}}", BULKLINE_STORE, NULL, "010203"},
		{"{\"k\":1,\"s\":{\"x\":2}}", BULKLINE_COMPLETE, NULL, "0102ff"},
		{"{\"k\":1,\"s\":{}}", BULKLINE_COMPLETE, NULL, "01ffff"},
		{"{\"s\":{\"y\":3,\"x\":2}}", BULKLINE_COMPLETE, NULL, "ff0203"},
	};
	static const struct reading array[] = {
		{"{\"e\":[{\"x\":1,\"y\":2},{\"x\":3,\"y\":4}]}", BULKLINE_STORE, NULL, "01020304"},
		{"{\"e\":[{\"x\":1},{\"x\":3,\"y\":4}]}", BULKLINE_COMPLETE, NULL, "01ff0304"},
		{"{\"e\":[{\"x\":1,\"y\":2},{}]}", BULKLINE_COMPLETE, NULL, "0102ffff"},
	};
	static const struct reading holes[] = {
		{"{\"a\":1,\"b\":2}", BULKLINE_STORE, NULL, "0100000002000000"},
		{"{\"b\":2}", BULKLINE_COMPLETE, NULL, "ff00000002000000"},
	};

	(void)state;
	check_word("struct{u8 a;u8 b}", plain, ARRAY_SIZE(plain));
	check_word("struct{u8 k;struct{u8 x;u8 y}s}", nested, ARRAY_SIZE(nested));
	check_word("struct{struct{u8 x;u8 y}e[2]}", array, ARRAY_SIZE(array));
	check_word("struct{u8 a;u32 b}", holes, ARRAY_SIZE(holes));
}

static void test_partial_unions(void **state)
{
	static const struct reading readings[] = {
		{"{\"all\":1}", BULKLINE_STORE, NULL, "01000000"},
		{"{\"low\":1}", BULKLINE_COMPLETE, NULL, "01ffffff"},
		{"{}", BULKLINE_COMPLETE, NULL, "ffffffff"},
		{"\"0x01020304\"", BULKLINE_STORE, NULL, "01020304"},
	};

	(void)state;
	check_word("union{u8 low;u32 all}", readings, ARRAY_SIZE(readings));
}

static struct layout *record(const struct layout_member *members, uint32_t count, uint32_t size)
{
	struct layout *l = NULL;

	assert_int_equal(record_new(size, members, count, &l), 0);
	for (uint32_t i = 0; i < count; i++)
		layout_unref(members[i].type);
	return l;
}

static void test_partial_bits(void **state)
{
	static const struct reading readings[] = {
		{"{\"low\":1,\"high\":2}", BULKLINE_STORE, NULL, "11000000"},
		{"{\"low\":1}", BULKLINE_COMPLETE, NULL, "79000000"},
		{"{\"high\":2}", BULKLINE_COMPLETE, NULL, "17000000"},
	};
	const struct layout_member members[] = {
		{.name = "low",
		 .type = layout_int(4, 3, false, false),
		 .bit_size = 3,
		 .printed = true},
		{.name = "high",
		 .type = layout_int(4, 4, false, false),
		 .bit_offset = 3,
		 .bit_size = 4,
		 .printed = true},
	};

	(void)state;
	check_values(record(members, 2, 4), readings, ARRAY_SIZE(readings));
}

/* What is the kernel's own no line names, and none of it is missing. */
static void test_partial_owned(void **state)
{
	static const struct reading readings[] = {
		{"{\"n\":1,\"m\":2}", BULKLINE_STORE, NULL, "ffffffff0102"},
		{"{\"n\":1}", BULKLINE_COMPLETE, NULL, "ffffffff01ff"},
		{"\"0x0000000000000102\"", BULKLINE_STORE, NULL, NULL},
	};
	static const struct reading nothing[] = {
		{"{}", BULKLINE_STORE, NULL, "ffffffff"},
	};
	const struct layout_member members[] = {
		{.name = "lock", .type = layout_plain(LAYOUT_OWNED, 4)},
		{.name = "n", .type = layout_int(1, 8, false, false), .offset = 4, .printed = true},
		{.name = "m", .type = layout_int(1, 8, false, false), .offset = 5, .printed = true},
	};
	const struct layout_member lock = {.name = "lock", .type = layout_plain(LAYOUT_OWNED, 4)};

	(void)state;
	check_values(record(members, 3, 6), readings, 2);
	check_values(record(&lock, 1, 4), nothing, ARRAY_SIZE(nothing));
}

static struct layout *of_cpus(const char *word)
{
	struct layout *one = layout_of(word), *all = layout_per_cpu(one, 2);

	layout_unref(one);
	return all;
}

static void test_partial_cpus(void **state)
{
	static const struct reading numbers[] = {
		{"[1,2]", BULKLINE_STORE, NULL, "01ffffffffffffff02ffffffffffffff"},
		{"3", BULKLINE_STORE, NULL, "03ffffffffffffff03ffffffffffffff"},
	};
	static const struct reading records[] = {
		{"[{\"a\":1,\"b\":2},{\"a\":3,\"b\":4}]", BULKLINE_STORE, NULL,
		 "0102ffffffffffff0304ffffffffffff"},
		{"[{\"a\":1},{\"a\":3,\"b\":4}]", BULKLINE_COMPLETE, NULL,
		 "01ffffffffffffff0304ffffffffffff"},
		{"[{},{}]", BULKLINE_COMPLETE, NULL, "ffffffffffffffffffffffffffffffff"},
		{"{\"b\":5,\"a\":6}", BULKLINE_STORE, NULL, "0605ffffffffffff0605ffffffffffff"},
		{"{\"b\":5}", BULKLINE_COMPLETE, NULL, "ff05ffffffffffffff05ffffffffffff"},
	};

	(void)state;
	check_values(of_cpus("u8"), numbers, ARRAY_SIZE(numbers));
	check_values(of_cpus("struct{u8 a;u8 b}"), records, ARRAY_SIZE(records));
}

/* Refusals. '@' stands before the byte that is meant. */

struct bad {
	const char *line, *why;
};

static void check_bad_bytes(struct lines *l, const char *line, size_t len, const char *why)
{
	const char *mark = memchr(line, '@', len);
	char *text = malloc(len);
	size_t at = (size_t)(mark - line);
	int err;

	assert_non_null(mark);
	memcpy(text, line, at);
	memcpy(text + at, mark + 1, len - at - 1);
	err = parse_onto(l, text, len - 1, 0);
	if (err != -EINVAL || !strstr(l->diag.why, why) || !l->diag.placed || l->diag.offset != at)
		show(l, why, text, len - 1);
	assert_int_equal(l->diag.err, EINVAL);
	assert_int_equal(bulkline_parse(&l->view, text, len - 1, l->key, l->value, &l->says, NULL),
			 -EINVAL);
	free(text);
}

static void check_bad(const char *key, const char *value, const struct bad *bad, size_t count)
{
	struct lines l;

	lines_of_words(&l, key, value);
	for (size_t i = 0; i < count; i++)
		check_bad_bytes(&l, bad[i].line, strlen(bad[i].line), bad[i].why);
	lines_end(&l);
}

static void test_refused_lines(void **state)
{
	static const struct bad bad[] = {
		{"@x", "'{' is expected"},
		{"@[1]", "'{' is expected"},
		{"@42 1", "'{' is expected"},
		{"{@}", "\"key\" is expected"},
		{"{@\"value\":{\"a\":1},\"key\":1}", "\"key\" is expected"},
		{"{@\"kex\":1,\"value\":{\"a\":1}}", "\"key\" is expected"},
		{"{@key:1,\"value\":{\"a\":1}}", "\"key\" is expected"},
		{"{\"key\"@1,\"value\":{\"a\":1}}", "':' is expected"},
		{"{\"key\":1@\"value\":{\"a\":1}}", "',' is expected"},
		{"{\"key\":1@}", "',' is expected"},
		{"{\"key\":1,@\"key\":1,\"value\":{\"a\":1}}", "\"value\" is expected"},
		{"{\"key\":1,@\"valuf\":1}", "\"value\" is expected"},
		{"{\"key\":1,\"value\"@{\"a\":1}}", "':' is expected"},
		{"{\"key\":1,\"value\":{\"a\":1}@,\"more\":1}", "'}' is expected"},
		{"{\"key\":1,\"value\":{\"a\":1}@]", "'}' is expected"},
		{"{\"key\":1,\"value\":{\"a\":1}} @x", "nothing may follow"},
		{"{\"key\":1,\"value\":{\"a\":1}}@}", "nothing may follow"},
		{"{\"key\":1,\"value\":{\"a\":1}}\n@{\"key\":2,\"value\":{\"a\":1}}\n",
		 "nothing may follow"},
		{"{\"key\":1,\"value\":{@\"c\":1}}", "no member of this name"},
		{"{\"key\":1,\"value\":{\"a\":1,@\"a\":2}}", "given twice"},
		{"{\"key\":1,\"value\":{\"a\":@256}}", "255"},
		{"{\"key\":1,\"value\":{\"a\":@-1}}", "0"},
		{"{\"key\":1,\"value\":@nulx}", "'{' is expected"},
		{"{\"key\":1,\"value\":null@x}", "'}' is expected"},
		{"{\"key\":1,\"value\":@true}", "'{' is expected"},
	};

	(void)state;
	check_bad("u32", "struct{u8 a;u8 b;char[4] t}", bad, ARRAY_SIZE(bad));
}

static void test_refused_keys(void **state)
{
	static const struct bad numbers[] = {
		{"{\"key\":@4294967296,\"value\":1}", "4294967295"},
		{"{\"key\":@-1,\"value\":1}", "0"},
		{"{\"key\":\"@4294967296\",\"value\":1}", "4294967295"},
		{"{\"key\":\"12@x\",\"value\":1}", ""},
		{"{\"key\":@true,\"value\":1}", ""},
		{"{\"key\":1@.5,\"value\":1}", ""},
		{"{\"key\":\"@\",\"value\":1}", ""},
		{"{\"key\":@\"\\u0031x\",\"value\":1}", ""},
	};
	static const struct bad addresses[] = {
		{"{\"key\":@1,\"value\":1}", "are strings"},
		{"{\"key\":@null,\"value\":1}", "are strings"},
		{"{\"key\":\"10.0.0.@\",\"value\":1}", ""},
	};
	static const struct bad texts[] = {
		{"{\"key\":@\"a\\u0000b\",\"value\":1}", "NUL"},
		{"{\"key\":\"a\\@q\",\"value\":1}", "escape"},
		{"{\"key\":\"a@\x01\",\"value\":1}", "control"},
		{"{\"key\":\"a@\xff\",\"value\":1}", "UTF-8"},
		{"{\"key\":\"@\\ud800x\",\"value\":1}", "surrogate"},
		{"{\"key\":\"abcd@e\",\"value\":1}", ""},
	};

	(void)state;
	check_bad("u32", "u8", numbers, ARRAY_SIZE(numbers));
	check_bad("ipv4", "u8", addresses, ARRAY_SIZE(addresses));
	check_bad("char[4]", "u8", texts, ARRAY_SIZE(texts));
}

static void test_refused_bytes(void **state)
{
	static const char in_blanks[] = "{\"key\":1, @\0\"value\":1}";
	static const char behind[] = "{\"key\":1,\"value\":1}@\0";
	struct lines l;

	(void)state;
	lines_of_words(&l, "u32", "u8");
	check_bad_bytes(&l, in_blanks, sizeof(in_blanks) - 1, "\"value\" is expected");
	check_bad_bytes(&l, behind, sizeof(behind) - 1, "nothing may follow");
	lines_end(&l);
}

/* Values in a spelling of their own. */

static int print_word(void *arg, const void *key, const void *value, struct buf *out)
{
	const unsigned char *v = value, *k = key;

	assert_non_null(arg);
	if (v[0] == 0xff)
		return -ESTALE;
	buf_addf(out, "../%c\"%u", k[0], v[0]);
	return buf_error(out);
}

static int parse_word(void *arg, const void *key, const char *text, void *value, struct diag *d)
{
	const unsigned char *k = key;
	unsigned char *v = value;

	assert_non_null(arg);
	if (!strcmp(text, "gone"))
		return -ESTALE;
	if (strlen(text) < 5 || text[3] != k[0])
		return diag_set(d, EINVAL, "this leads nowhere");
	v[0] = (unsigned char)(text[5] - '0');
	return 0;
}

static void lines_of_links(struct lines *l)
{
	lines_of_words(l, "char[4]", "u8");
	l->view.arg = l;
	l->view.print_value = print_word;
	l->view.parse_value = parse_word;
}

static void test_own_spelling(void **state)
{
	struct buf line, scratch = BUF_INIT(1 << 20);
	struct lines l;

	(void)state;
	lines_of_links(&l);
	print(&l, "k\0\0", "\x07", &line);
	assert_string_equal(line.data, "{\"key\":\"k\",\"value\":\"../k\\\"7\"}\n");
	assert_reads_back(&l, "k\0\0", "\x07", line.data, line.len);
	assert_beginnings(&l, &line);
	assert_int_equal(parse_onto(&l, "{\"key\":\"k\",\"value\":null}", 24, 0), 0);
	assert_int_equal(l.says, BULKLINE_REMOVE);
	buf_clear(&line);
	assert_int_equal(bulkline_print(&l.view, "k\0\0", "\xff", &scratch, &line), -ESTALE);
	check_bad_bytes(&l, "{\"key\":\"k\",\"value\": @\"../q\\\"7\"}", 32, "leads nowhere");
	check_bad_bytes(&l, "{\"key\":\"k\",\"value\":@7}", 22, "");
	assert_int_equal(parse_onto(&l, "{\"key\":\"k\",\"value\":\"gone\"}", 26, 0), -ESTALE);
	buf_free(&scratch);
	buf_free(&line);
	lines_end(&l);
}

/* What the kernel tells no value of has none here, and a line of it stores nothing. */
static void test_no_value(void **state)
{
	struct buf line;
	struct lines l;

	(void)state;
	lines_of(&l, layout_of("u32"), layout_plain(LAYOUT_NOTHING, 4));
	print(&l, "\x01\0\0", "\0\0\0", &line);
	assert_string_equal(line.data, "{\"key\":1}\n");
	assert_int_equal(parse_onto(&l, line.data, line.len, 0), -EINVAL);
	assert_non_null(strstr(l.diag.why, "','"));
	buf_free(&line);
	lines_end(&l);
}

/* An error of the buffer stays, whichever part of the line it comes in. */
static void test_no_room(void **state)
{
	struct buf scratch = BUF_INIT(1 << 20);
	struct lines l;

	(void)state;
	for (int words = 0; words < 2; words++) {
		struct buf failed = {.max = 1 << 20, .error = -ENOMEM};

		lines_of_words(&l, words ? "char[4]" : "u32", "u8");
		for (size_t room = 0; room < strlen("{\"key\":1,\"value\":1}\n"); room++) {
			struct buf out = BUF_INIT(room);

			assert_int_equal(bulkline_print(&l.view, "a\0\0", "\x01", &scratch, &out),
					 -EFBIG);
			buf_free(&out);
		}
		assert_int_equal(bulkline_print(&l.view, "a\0\0", "\x01", &scratch, &failed),
				 -ENOMEM);
		buf_free(&failed);
		lines_end(&l);
	}
	buf_free(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_spelling),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_keys_in_other_spellings),
		cmocka_unit_test(test_keys_are_canonical),
		cmocka_unit_test(test_partial_records),
		cmocka_unit_test(test_partial_unions),
		cmocka_unit_test(test_partial_bits),
		cmocka_unit_test(test_partial_owned),
		cmocka_unit_test(test_partial_cpus),
		cmocka_unit_test(test_refused_lines),
		cmocka_unit_test(test_refused_keys),
		cmocka_unit_test(test_refused_bytes),
		cmocka_unit_test(test_own_spelling),
		cmocka_unit_test(test_no_value),
		cmocka_unit_test(test_no_room),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
