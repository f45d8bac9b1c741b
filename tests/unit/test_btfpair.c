/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btfpair.h"
#include "lib/record.h"
#include "tests/unit/random_type.h"

static struct ctype *type_of(const char *word)
{
	struct ctype *type = NULL;
	struct diag d = {0};

	if (ctype_parse(word, strlen(word), &type, &d))
		fail_msg("'%s': %s", word, d.why);
	return type;
}

static void print(const struct ctype *key, const struct ctype *value, bool prefixes,
		  struct buf *out)
{
	buf_clear(out);
	btfpair_print(key, value, prefixes, out);
	assert_int_equal(buf_error(out), 0);
	assert_true(out->len > 4);
}

static void assert_same(const struct ctype *a, const struct ctype *b)
{
	assert_non_null(b);
	assert_int_equal(a->size, b->size);
	assert_int_equal(ctype_is_typed(a), ctype_is_typed(b));
	assert_true(layout_is_equal(a->layout, b->layout));
	assert_int_equal(a->layout->kind == LAYOUT_INT && a->layout->number.is_untyped,
			 b->layout->kind == LAYOUT_INT && b->layout->number.is_untyped);
}

static void test_round_trip(void **state)
{
	static const char *const words[] = {
		"u8",
		"s64",
		"bool",
		"char[16]",
		"ipv4",
		"ipv6",
		"mac",
		"float",
		"1",
		"2",
		"3",
		"4",
		"8",
		"16",
		"300",
		"be16",
		"u8[3]",
		"u32[2][3]",
		"ipv4_prefix",
		"ipv6_prefix",
		"struct{u32 a;char b[8];union{u8 c;u64 d;};}",
		"struct{struct{be32 a;be16 p;}e[2];bool q;}",
	};
	struct buf text = BUF_INIT(100000);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
			struct ctype *key = type_of(words[i]), *value = type_of(words[k]);
			struct ctype *got_key = NULL, *got_value = NULL;
			struct diag d = {0};

			print(key, value, k % 2, &text);
			if (btfpair_parse(text.data, text.len, &got_key, &got_value, &d))
				fail_msg("%s, %s: at %zu, %s", words[i], words[k], d.offset, d.why);
			assert_same(key, got_key);
			assert_same(value, got_value);
			ctype_unref(key);
			ctype_unref(value);
			ctype_unref(got_key);
			ctype_unref(got_value);
		}
	buf_free(&text);
}

static void test_random_types(void **state)
{
	struct buf text = BUF_INIT(1 << 22);

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct btf *btf = random_type_base();
		uint32_t id = random_type(btf, 4);
		int64_t size = btf__resolve_size(btf, id);
		struct ctype *type = NULL, *key = NULL, *value = NULL;

		if (size <= 0)
			goto next;
		assert_int_equal(ctype_from_btf(btf, id, (uint32_t)size, &type), 0);
		print(type, type, false, &text);
		assert_int_equal(btfpair_parse(text.data, text.len, &key, &value, NULL), 0);
		assert_same(type, key);
		assert_same(type, value);
	next:
		ctype_unref(type);
		ctype_unref(key);
		ctype_unref(value);
		btf__free(btf);
	}
	buf_free(&text);
}

/* One of the two alone: the other stays what it was. */
static void test_one_alone(void **state)
{
	struct ctype *type = type_of("struct{u8 a;}"), *key = NULL, *value = NULL, *before;
	struct buf text = BUF_INIT(10000);

	(void)state;
	print(NULL, type, false, &text);
	assert_int_equal(strncmp(text.data, "0:", 2), 0);
	before = key = type_of("u32");
	assert_int_equal(btfpair_parse(text.data, text.len, &key, &value, NULL), 0);
	assert_ptr_equal(key, before);
	assert_same(type, value);
	ctype_unref(value);
	value = NULL;
	print(type, NULL, false, &text);
	assert_non_null(strstr(text.data, ":0:"));
	assert_int_equal(btfpair_parse(text.data, text.len, &key, &value, NULL), 0);
	assert_null(value);
	assert_same(type, key);
	ctype_unref(key);
	ctype_unref(type);
	buf_free(&text);
}

/* As the kernel wants it. */
static void test_make(void **state)
{
	struct ctype *key = type_of("8"), *value = type_of("u32"), *section = NULL;
	struct btf *btf = btf__new_empty(), *made = NULL;
	uint32_t ids[2];
	int id;

	(void)state;
	assert_int_equal(btfpair_make(key, value, true, &made, ids), 0);
	assert_true(btf_is_struct(btf__type_by_id(made, ids[0])));
	assert_int_equal(btf__resolve_size(made, ids[0]), 8);
	btf__free(made);
	assert_int_equal(btfpair_make(key, value, false, &made, ids), 0);
	assert_true(btf_is_typedef(btf__type_by_id(made, ids[0])));
	btf__free(made);
	id = btf__add_var(btf, "n", BTF_VAR_GLOBAL_ALLOCATED, btf__add_int(btf, "int", 4, 1));
	id = btf__add_datasec(btf, ".bss", 4) + 0 * id;
	btf__add_datasec_var_info(btf, id - 1, 0, 4);
	assert_int_equal(ctype_from_btf(btf, (uint32_t)id, 4, &section), 0);
	assert_true(ctype_is_section(section));
	assert_int_equal(btfpair_make(value, section, false, &made, ids), 0);
	assert_int_equal(ids[0], 0);
	assert_true(btf_is_datasec(btf__type_by_id(made, ids[1])));
	btf__free(made);
	assert_int_equal(btfpair_make(NULL, NULL, false, &made, ids), 0);
	assert_true(ids[0] == 0 && ids[1] == 0);
	btf__free(made);
	btf__free(btf);
	ctype_unref(section);
	ctype_unref(key);
	ctype_unref(value);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
	} cases[] = {
		{"", 0},
		{"1", 1},
		{"1:", 2},
		{"1:2", 3},
		{"1:2:", 4},
		{"x:2:00", 0},
		{"1:x:00", 2},
		{"-1:2:00", 0},
		{"1,2,00", 1},
		{"1:2:zz", 4},
		{"1:2:0", 4},
		{"1:2:00", 4},
		{"1:2:0000000000000000", 4},
		{"1:2:9feb", 4},
		{"4294967296:1:00", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ctype *key = NULL, *value = NULL;
		struct diag d = {0};
		int err = btfpair_parse(cases[i].text, strlen(cases[i].text), &key, &value, &d);

		if (err != -EINVAL && err != -EAGAIN)
			fail_msg("'%s': %d", cases[i].text, err);
		if (!d.placed || d.offset != cases[i].offset)
			fail_msg("'%s': at %zu (%s)", cases[i].text, d.offset, d.why);
		assert_true(!key && !value);
	}
}

/* Our own text cut short, or with ids that it does not have. */
static void test_cut_short(void **state)
{
	struct ctype *type = type_of("struct{u32 a;u64 b;}"), *key = NULL, *value = NULL;
	struct buf text = BUF_INIT(10000);
	struct diag d = {0};

	(void)state;
	print(type, type, false, &text);
	for (size_t len = 0; len < text.len; len++) {
		int err = btfpair_parse(text.data, len, &key, &value, &d);

		assert_true(err == -EINVAL || err == -EAGAIN);
		assert_true(!key && !value && d.offset <= len);
	}
	text.data[0] = '9';
	assert_int_equal(btfpair_parse(text.data, text.len, &key, &value, &d), -EINVAL);
	assert_true(!key && !value && d.why[0]);
	buf_free(&text);
	ctype_unref(type);
}

static void test_spoilt(void **state)
{
	struct ctype *type = type_of("struct{u8 a;char b[3];ipv4 c;}");
	struct buf good = BUF_INIT(10000);

	(void)state;
	print(type, type, false, &good);
	for (int round = 0; round < 2000; round++) {
		struct ctype *key = NULL, *value = NULL;
		char *text = malloc(good.len);
		int err;

		memcpy(text, good.data, good.len);
		for (uint32_t i = random_below(3); i < 3; i++)
			text[random_below((uint32_t)good.len)] =
				"0123456789abcdef"[random_below(16)];
		err = btfpair_parse(text, good.len, &key, &value, NULL);
		assert_true(err == 0 || err == -EINVAL || err == -EAGAIN);
		ctype_unref(key);
		ctype_unref(value);
		free(text);
	}
	ctype_unref(type);
	buf_free(&good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_random_types),
		cmocka_unit_test(test_one_alone),  cmocka_unit_test(test_make),
		cmocka_unit_test(test_refused),    cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_spoilt),
	};

	libbpf_set_print(NULL);
	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
