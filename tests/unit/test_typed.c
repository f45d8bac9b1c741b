/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Random types and random bytes: what is printed reads back as the very same bytes,
 * in every format, and names are names. The kernel's own members are left alone.
 */
#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btflayout.h"
#include "lib/codec.h"
#include "lib/ctype.h"
#include "lib/keyname.h"
#include "lib/record.h"
#include "tests/unit/random_type.h"
#include "tests/unit/tidy.h"

enum { TYPES = 400, ROUNDS = 60 };

/* The bytes of kernel-owned members, and padding between CPUs, become zero. */
static void clear_owned(const struct layout *l, unsigned char *bytes)
{
	if (l->kind == LAYOUT_OWNED)
		memset(bytes, 0, l->size);
	if (l->kind == LAYOUT_RECORD)
		for (uint32_t i = 0; i < l->record.count; i++)
			if (!l->record.members[i].bit_size)
				clear_owned(l->record.members[i].type,
					    bytes + l->record.members[i].offset);
	if (l->kind == LAYOUT_ARRAY || l->kind == LAYOUT_PER_CPU)
		for (uint32_t i = 0; i < l->array.count; i++) {
			unsigned char *elem = bytes + (size_t)i * l->array.stride;

			clear_owned(l->array.elem, elem);
			memset(elem + l->array.elem->size, 0,
			       l->array.stride - l->array.elem->size);
		}
}

static void show(const char *what, const struct layout *l, const unsigned char *bytes,
		 const struct buf *text, const struct diag *d)
{
	print_error("%s: size %u, kind %d\n  bytes ", what, l->size, l->kind);
	for (uint32_t i = 0; i < l->size; i++)
		print_error("%02x", bytes[i]);
	print_error("\n  text  %s\n  diag  %zu: %s\n", text->data ? text->data : "", d->offset,
		    d->why);
}

/* present: what the value was before the text is written over it. */
static void check_format(enum codec_format format, const struct layout *l,
			 const unsigned char *bytes, const unsigned char *present)
{
	unsigned char *got = malloc(l->size + 1U);
	struct buf text = BUF_INIT(1 << 24);
	struct diag d = {0};
	int err;

	memcpy(got, present, l->size);
	assert_int_equal(codec_print(format, l, bytes, &text), 0);
	assert_true(text.len <= codec_print_max(format, l));
	err = codec_parse(format, l, text.data, text.len, got, &d);
	if (!err && memcmp(got, bytes, l->size) == 0)
		goto out;
	show(err ? "not read back" : "read back otherwise", l, bytes, &text, &d);
	fail();
out:
	buf_free(&text);
	free(got);
}

static void check_pieces(const char *name)
{
	const char *end;

	for (;; name = end + 1) {
		end = strchrnul(name, '/');
		assert_in_range(end - name, 1, NAME_MAX);
		assert_true(name[0] != '.');
		for (const char *c = name; c < end; c++)
			assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
		if (!*end)
			return;
	}
}

static void check_name(const struct layout *l, const unsigned char *bytes)
{
	unsigned char *got = calloc(1, l->size + 1U);
	struct buf name = BUF_INIT(1 << 24);
	struct diag d = {0};
	int err;

	assert_int_equal(keyname_print(l, bytes, &name), 0);
	check_pieces(name.data);
	err = keyname_parse(l, name.data, got, &d);
	if (err || memcmp(got, bytes, l->size) != 0) {
		show("name", l, bytes, &name, &d);
		fail();
	}
	buf_free(&name);
	free(got);
}

/* Every beginning of a text is a beginning: it may wait for the rest. */
static void check_beginnings(enum codec_format format, const struct layout *l,
			     const unsigned char *bytes)
{
	unsigned char *got = malloc(l->size + 1U);
	struct buf text = BUF_INIT(1 << 24);

	codec_print(format, l, bytes, &text);
	for (size_t len = 0; len < text.len && text.len < 2000; len++) {
		struct diag d = {0};
		int err;

		memset(got, 0, l->size);
		err = codec_parse(format, l, text.data, len, got, &d);
		if (err && err != -EAGAIN) {
			show("beginning refused", l, bytes, &text, &d);
			fail();
		}
	}
	buf_free(&text);
	free(got);
}

static void tidy_chars(unsigned char *bytes, uint32_t size)
{
	static const char letters[] = "abz09 .,/%\\\"'\n\t{}[]:\x7f\xc3\xa9";
	uint32_t len = random_below(size + 1);

	memset(bytes, 0, size);
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)letters[random_below(sizeof(letters))];
}

/* Makes of random bytes ones that mostly have a text: no padding, true or false, … */
static void tidy(const struct layout *l, unsigned char *bytes)
{
	if (l->kind == LAYOUT_BOOL && random_below(20))
		bytes[0] &= 1;
	else if (l->kind == LAYOUT_BOOL)
		bytes[0] = 2;
	if (l->kind == LAYOUT_CHARS && random_below(8))
		tidy_chars(bytes, l->size);
	tidy_parts(l, bytes, tidy);
}

static void make_bytes(const struct layout *l, int round, unsigned char *bytes)
{
	if (round == 0)
		memset(bytes, 0, l->size);
	else if (round == 1)
		memset(bytes, 0xff, l->size);
	else
		random_bytes(bytes, l->size);
	if (round % 4)
		tidy(l, bytes);
	clear_owned(l, bytes);
}

static void check_layout(const struct layout *l)
{
	unsigned char *bytes = malloc(l->size + 1U), *present = malloc(l->size + 1U);

	for (int round = 0; round < ROUNDS; round++) {
		make_bytes(l, 2, present);
		make_bytes(l, round, bytes);
		check_format(CODEC_TEXT, l, bytes, present);
		check_format(CODEC_JSON, l, bytes, present);
		check_format(CODEC_RAW, l, bytes, present);
		if (!l->has_owned && l->kind != LAYOUT_PER_CPU)
			check_name(l, bytes);
		if (round < 4) {
			check_beginnings(CODEC_TEXT, l, bytes);
			check_beginnings(CODEC_JSON, l, bytes);
		}
	}
	free(present);
	free(bytes);
}

static struct layout *layout_of_type(const struct btf *btf, uint32_t id)
{
	struct layout *l = NULL;
	int64_t size = btf__resolve_size(btf, id);

	if (size <= 0)
		return NULL;
	assert_int_equal(btflayout_read(btf, id, (uint32_t)size, &l), 0);
	assert_int_equal(l->size, size);
	return l;
}

static void test_random_types(void **state)
{
	(void)state;
	for (int i = 0; i < TYPES; i++) {
		struct btf *btf = random_type_base();
		struct layout *l = layout_of_type(btf, random_type(btf, 4)), *per_cpu;

		btf__free(btf);
		if (!l)
			continue;
		check_layout(l);
		per_cpu = layout_per_cpu(l, 3);
		check_layout(per_cpu);
		layout_unref(per_cpu);
		layout_unref(l);
	}
}

/* What is copied for one type alone means the same. */
static void test_copies_are_equal(void **state)
{
	(void)state;
	for (int i = 0; i < TYPES; i++) {
		struct btf *btf = random_type_base();
		uint32_t id = random_type(btf, 4);
		struct layout *l = layout_of_type(btf, id);
		struct ctype *type = NULL;

		if (l) {
			assert_int_equal(ctype_from_btf(btf, id, l->size, &type), 0);
			assert_true(layout_is_equal(l, type->layout));
		}
		ctype_unref(type);
		layout_unref(l);
		btf__free(btf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_types),
		cmocka_unit_test(test_copies_are_equal),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
