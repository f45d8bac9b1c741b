/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Types in specs: their words, the exact BTF in btf=, and what .types takes. */
#include "tests/unit/spec_fixture.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/record.h"
#include "tests/unit/random_type.h"

static void test_words(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{"type=hash,key=ipv4,value=struct{u64 packets;u64 bytes;}",
		 "type=hash,key=ipv4,value=struct{u64 packets;u64 bytes;},max_entries=8"},
		{"type=lpm_trie,key=ipv4_prefix,value=u8,flags=no_prealloc",
		 "type=lpm_trie,key=ipv4_prefix,value=u8,max_entries=8,map_flags=no_prealloc"},
		{"type=hash,key=u8[6],value=char[16]",
		 "type=hash,key=mac,value=char[16],max_entries=8"},
		{"type=percpu_hash,key=struct{be32 a;be16 p;},value=u32[2][3]",
		 "type=percpu_hash,key=struct{be32 a;be16 p;},value=u32[2][3],max_entries=8"},
		{"type=hash,key= struct { u8 a } ,value=bool",
		 "type=hash,key=struct{u8 a;},value=bool,max_entries=8"},
		{"type=hash,key=4,value=struct{union{u8 a;u32 b;};}",
		 "type=hash,key=4,value=struct{union{u8 a;u32 b;};},max_entries=8"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec s = spec_of("max_entries=8");
		struct buf out = BUF_INIT(10000);
		struct diag d;

		if (parse_spec(&s, cases[i].text, ',', &d))
			fail_msg("'%s': at %zu, %s", cases[i].text, d.offset, d.why);
		assert_true(spec_has_types(&s));
		print_fields(&s, &out);
		assert_buf(&out, cases[i].printed);
		spec_free(&s);
	}
}

static void assert_same_type(const struct ctype *a, const struct ctype *b)
{
	assert_int_equal(a != NULL, b != NULL);
	if (!a)
		return;
	assert_int_equal(a->size, b->size);
	assert_int_equal(ctype_is_typed(a), ctype_is_typed(b));
	assert_true(layout_is_equal(a->layout, b->layout));
}

/* As .map shows it and takes it back, btf= and all. */
static void assert_round_trip(const struct spec *s)
{
	struct buf first = BUF_INIT(1 << 22), second = BUF_INIT(1 << 22);
	struct spec again = {0};
	struct diag d;

	spec_print(s, &first);
	assert_int_equal(buf_error(&first), 0);
	if (parse_spec(&again, first.data, '\n', &d))
		fail_msg("%s\nat %zu, %s", first.data, d.offset, d.why);
	assert_same_type(s->key, again.key);
	assert_same_type(s->value, again.value);
	assert_null(again.exact_key);
	assert_null(again.exact_value);
	assert_true(spec_is_as_asked(s, &again) && spec_is_as_asked(&again, s));
	spec_print(&again, &second);
	assert_string_equal(first.data, second.data);
	spec_free(&again);
	buf_free(&first);
	buf_free(&second);
}

static void test_round_trip(void **state)
{
	static const char *const types[] = {
		"u8",   "4",     "7",   "ipv6",   "char[9]",
		"bool", "float", "mac", "u16[3]", "struct{u8 a;u32 b;}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		for (size_t k = 0; k < ARRAY_SIZE(types); k++) {
			struct buf text = BUF_INIT(1000);
			struct spec s;

			buf_addf(&text, "type=hash,key=%s,value=%s,max_entries=3,name=x", types[i],
				 types[k]);
			s = spec_of(text.data);
			assert_round_trip(&s);
			spec_free(&s);
			buf_free(&text);
		}
}

/* Types that have no word come back by their BTF. */
static void test_round_trip_of_any_type(void **state)
{
	(void)state;
	for (int i = 0; i < 150; i++) {
		struct spec s = spec_of("type=hash,max_entries=5,name=any");
		struct btf *btf = random_type_base();
		uint32_t key = random_type(btf, 3), value = random_type(btf, 4);
		int64_t key_size = btf__resolve_size(btf, key);
		int64_t value_size = btf__resolve_size(btf, value);

		if (key_size > 0 && value_size > 0) {
			assert_int_equal(ctype_from_btf(btf, key, (uint32_t)key_size, &s.key), 0);
			assert_int_equal(ctype_from_btf(btf, value, (uint32_t)value_size, &s.value),
					 0);
			assert_round_trip(&s);
		}
		btf__free(btf);
		spec_free(&s);
	}
}

/* The line btf= of a spec. */
static void print_btf(const char *spec, struct buf *out)
{
	struct buf text = BUF_INIT(100000);
	struct spec s = spec_of(spec);
	const char *line;

	spec_print(&s, &text);
	line = strstr(text.data, "btf=");
	assert_non_null(line);
	buf_clear(out);
	buf_add(out, line, strcspn(line, "\n"));
	spec_free(&s);
	buf_free(&text);
}

static void assert_taken(struct spec *s, const char *fields, const struct buf *btf,
			 const char *printed)
{
	struct buf text = BUF_INIT(100000), out = BUF_INIT(10000);
	struct diag d;

	buf_addf(&text, "%s%s", fields, btf->data);
	if (parse_spec(s, text.data, ',', &d))
		fail_msg("%s: at %zu, %s", fields, d.offset, d.why);
	print_fields(s, &out);
	assert_buf(&out, printed);
	buf_free(&text);
	spec_free(s);
}

static void assert_refused(const char *fields, const struct buf *btf, const char *why)
{
	struct buf text = BUF_INIT(100000);
	struct spec s = spec_of(DEFAULT), before;
	struct diag d;

	spec_copy(&before, &s);
	buf_addf(&text, "%s%s", fields, btf->data);
	if (parse_spec(&s, text.data, ',', &d) != -EINVAL)
		fail_msg("%s is taken", fields);
	if (!strstr(d.why, why))
		fail_msg("%s: %s", fields, d.why);
	assert_memory_equal(&s, &before, sizeof(s));
	buf_free(&text);
	spec_free(&before);
	spec_free(&s);
}

/* btf= says what the words say, exactly; sizes must agree where both are given. */
static void test_btf_and_words(void **state)
{
	struct buf btf = BUF_INIT(100000);
	struct spec s;

	(void)state;
	print_btf("type=hash,key=be32,value=struct{u8 a;},max_entries=1", &btf);
	s = spec_of(DEFAULT);
	assert_taken(&s, "", &btf, "type=hash,key=be32,value=struct{u8 a;},max_entries=1024");
	s = spec_of(DEFAULT);
	assert_taken(&s, "key=4,value=1,", &btf,
		     "type=hash,key=be32,value=struct{u8 a;},max_entries=1024");
	s = spec_of(DEFAULT);
	assert_taken(&s, "key=u32,", &btf,
		     "type=hash,key=be32,value=struct{u8 a;},max_entries=1024");
	assert_refused("key=8,", &btf, "key and btf differ: 8 and 4 bytes");
	assert_refused("value=struct{u8 a;u8 b;},", &btf, "value and btf differ: 2 and 1 bytes");
	print_btf("type=hash,key=4,value=struct{u8 a;},max_entries=1", &btf);
	s = spec_of(DEFAULT);
	assert_taken(&s, "key=4,", &btf, "type=hash,key=4,value=struct{u8 a;},max_entries=1024");
	buf_addc(&btf, '0');
	assert_refused("", &btf, "");
	buf_clear(&btf);
	buf_adds(&btf, "btf=1:2:");
	assert_refused("", &btf, "");
	buf_clear(&btf);
	buf_adds(&btf, "btf=0:0:00");
	assert_refused("", &btf, "no BTF");
	buf_free(&btf);
}

/* Fields of a map that exists: "KEY VALUE" of what was said, '-' for nothing. */
static const struct {
	const char *text, *expected;
} types[] = {
	{"key=u8,value=u16", "u8 u16"},
	{"key=u8,value=u16\n", "u8 u16"},
	{"key=u8,value=u16\n\n", "u8 u16"},
	{"key=u8\nvalue=u16\n", "u8 u16"},
	{"# a comment\nkey=u8\n\n# another\nvalue=u16", "u8 u16"},
	{"value=struct{u8 a;u8 b;}", "- struct{u8 a;u8 b;}"},
	{"key=16\n", "16 -"},
	{"", "- -"},
	{"\n", "- -"},
	{"# nothing\n\n", "- -"},
};

static void test_parse_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		const char *text = types[i].text;
		struct buf out = BUF_INIT(1000);
		struct diag d = {0};
		struct spec s;

		if (spec_parse_types(&s, text, strlen(text), &d))
			fail_msg("'%s': at %zu, %s", text, d.offset, d.why);
		buf_adds(&out, s.key ? "" : "-");
		if (s.key)
			ctype_print_spec(s.key, &out);
		buf_adds(&out, s.value ? " " : " -");
		if (s.value)
			ctype_print_spec(s.value, &out);
		assert_buf(&out, types[i].expected);
		spec_free(&s);
	}
}

static void test_parse_types_refused(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
	} cases[] = {
		{"type=hash", 0},
		{"key=u8,max_entries=4", 7},
		{"key=u8,name=x", 7},
		{"key=u8,key=u8", 7},
		{"key=u33", 4},
		{"key=u8,", 7},
		{"key", 3},
		{"nosuch=1", 0},
		{"key=u8\nvalue=u1\n", 13},
		{"# comment\nkey=x", 14},
		{"key=struct{u8 a;u8 a;}", 19},
		{"btf=1:1:00", 8},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		struct diag d = {0};
		struct spec s;

		if (spec_parse_types(&s, text, strlen(text), &d) != -EINVAL)
			fail_msg("'%s' is taken", text);
		if (d.err != EINVAL || !d.placed || d.offset != cases[i].offset)
			fail_msg("'%s': at %zu, %s", text, d.offset, d.why);
		assert_true(!s.key && !s.value && !s.exact_key && !s.exact_value);
		assert_int_equal(spec_parse_types(&s, text, strlen(text), NULL), -EINVAL);
	}
}

/* The caret stands where the word goes wrong. */
static void test_refused_words(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
	} cases[] = {
		{"key=struct{u8 a;u9 b;}", 16},
		{"type=hash,key=u32[0]", 18},
		{"value=struct{u8 a", 17},
		{"value=char[2147483648]", 11},
		{"key=u8,value=struct{u8 a,u8 b}", 24},
		{"value=void", 6},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec s = spec_of(DEFAULT);
		struct diag d;

		if (parse_spec(&s, cases[i].text, ',', &d) != -EINVAL)
			fail_msg("'%s' is taken", cases[i].text);
		if (d.err != EINVAL || d.offset != cases[i].offset)
			fail_msg("'%s': at %zu, %s", cases[i].text, d.offset, d.why);
		spec_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_round_trip_of_any_type),
		cmocka_unit_test(test_btf_and_words),
		cmocka_unit_test(test_parse_types),
		cmocka_unit_test(test_parse_types_refused),
		cmocka_unit_test(test_refused_words),
	};

	libbpf_set_print(NULL);
	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
