/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/spec_fixture.h"

#include <errno.h>
#include <string.h>

static void test_grammar(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{"type=array", "type=array,key=u32,value=u64,max_entries=1024"},
		{"key=s8,value=16", "type=hash,key=s8,value=16,max_entries=1024"},
		{"key=4", "type=hash,key=4,value=u64,max_entries=1024"},
		{"max_entries=0x10", "type=hash,key=u32,value=u64,max_entries=16"},
		{"entries=5", "type=hash,key=u32,value=u64,max_entries=5"},
		{"max_entries=4294967295", "type=hash,key=u32,value=u64,max_entries=4294967295"},
		{"map_flags=no_prealloc|zero_seed", DEFAULT ",map_flags=no_prealloc|zero_seed"},
		{"flags=1", DEFAULT ",map_flags=no_prealloc"},
		{"map_flags=0x41", DEFAULT ",map_flags=no_prealloc|zero_seed"},
		{"map_flags=zero_seed|1", DEFAULT ",map_flags=no_prealloc|zero_seed"},
		{"map_flags=0x80000000", DEFAULT ",map_flags=0x80000000"},
		{"map_flags=0x80000001", DEFAULT ",map_flags=no_prealloc|0x80000000"},
		{"map_flags=0", DEFAULT},
		{"map_extra=7", DEFAULT ",map_extra=7"},
		{"numa_node=1", DEFAULT ",map_flags=numa_node"},
		{"name=a.B_9", DEFAULT ",name=a.B_9"},
		{"name=fifteen_bytes15", DEFAULT ",name=fifteen_bytes15"},
		{"name=", DEFAULT},
		{"type=lpm_trie,key=8,value=1,max_entries=3,map_flags=1",
		 "type=lpm_trie,key=8,value=1,max_entries=3,map_flags=no_prealloc"},
		{"", DEFAULT},
	};
	struct spec s;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_INIT(1000);
		struct diag d;

		s = spec_of(DEFAULT);
		if (parse_spec(&s, cases[i].text, ',', &d))
			fail_msg("'%s': at %zu, %s", cases[i].text, d.offset, d.why);
		print_fields(&s, &out);
		assert_buf(&out, cases[i].printed);
		spec_free(&s);
	}
}

static void test_every_type_name(void **state)
{
	(void)state;
	for (uint32_t type = 1; type < 64; type++) {
		const char *name = maptype_find(type)->name;
		struct spec s = {0};
		char text[64] = "type=";
		struct diag d;

		if (maptype_find(type)->type != type)
			continue;
		strcat(text, name);
		assert_int_equal(parse_spec(&s, text, ',', &d), 0);
		assert_int_equal(s.type->type, type);
		spec_free(&s);
	}
}

static const struct refusal_case {
	const char *text;
	char separator;
	size_t offset;
} refusals[] = {
	{"type=nosuch", ',', 5},
	{"type=", ',', 5},
	{"type=hash2", ',', 5},
	{"type=has", ',', 5},
	{"type=HASH", ',', 5},
	{"nosuch=1", ',', 0},
	{"type=hash,nosuch=1", ',', 10},
	{"=1", ',', 0},
	{"type=hash,,key=4", ',', 10},
	{"type", ',', 4},
	{"type=hash,key", ',', 13},
	{"key=0", ',', 4},
	{"key=", ',', 4},
	{"key=u33", ',', 4},
	{"key=4x", ',', 5},
	{"key=-4", ',', 4},
	{"key=99999999999999999999", ',', 13},
	{"value=0", ',', 6},
	{"value= 4", ',', 7},
	{"max_entries=0", ',', 12},
	{"max_entries=", ',', 12},
	{"max_entries=4294967296", ',', 12},
	{"max_entries=12k", ',', 14},
	{"max_entries=-1", ',', 12},
	{"max_entries=1.5", ',', 13},
	{"map_flags=nosuch", ',', 10},
	{"map_flags=no_prealloc|nosuch", ',', 22},
	{"map_flags=no_prealloc|", ',', 22},
	{"map_flags=", ',', 10},
	{"map_flags=4294967296", ',', 10},
	{"map_flags=1|2z", ',', 13},
	{"map_extra=x", ',', 10},
	{"numa_node=-1", ',', 10},
	{"name=a-b", ',', 6},
	{"name=sixteen_bytes_16", ',', 20},
	{"type=hash,type=hash", ',', 10},
	{"max_entries=1,entries=2", ',', 14},
	{"flags=1,key=4,map_flags=1", ',', 14},
	{"type=hash\nkey=u33\n", '\n', 14},
	{"# comment\n\ntype=nosuch\n", '\n', 16},
	{"type=hash,key=4\n", '\n', 5},
	{" # no comment\n", '\n', 13},
};

/* *s is as it was, and the caret stands where it went wrong. */
static void test_refusals(void **state)
{
	struct spec s = spec_of(DEFAULT ",name=before"), before;

	(void)state;
	spec_copy(&before, &s);
	for (unsigned int i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal_case *r = &refusals[i];
		struct diag d;

		if (parse_spec(&s, r->text, r->separator, &d) != -EINVAL)
			fail_msg("'%s' is not refused", r->text);
		assert_memory_equal(&s, &before, sizeof(s));
		if (d.err != EINVAL || !d.placed || !d.why[0])
			fail_msg("'%s' is not explained", r->text);
		if (d.offset != r->offset)
			fail_msg("'%s': at %zu, not %zu (%s)", r->text, d.offset, r->offset, d.why);
		assert_int_equal(spec_parse(&s, r->text, strlen(r->text), r->separator, NULL),
				 -EINVAL);
	}
	spec_free(&before);
	spec_free(&s);
}

/* What is set before the failure does not stay either. */
static void test_untouched_on_late_failure(void **state)
{
	struct spec s = spec_of(DEFAULT);
	struct buf out = BUF_INIT(1000);
	struct diag d;

	(void)state;
	assert_int_equal(
		parse_spec(&s, "type=array,key=8,value=9,entries=7,name=x,map_flags=none", ',', &d),
		-EINVAL);
	print_fields(&s, &out);
	assert_buf(&out, DEFAULT);
	spec_free(&s);
}

static void test_lines(void **state)
{
	struct spec s = {0};
	struct diag d;
	struct buf out = BUF_INIT(1000);

	(void)state;
	assert_int_equal(
		parse_spec(&s, "# made by hand\n\ntype=array\nkey=4\n#\nvalue=u8\nmax_entries=2",
			   '\n', &d),
		0);
	print_fields(&s, &out);
	assert_buf(&out, "type=array,key=4,value=u8,max_entries=2");
	spec_free(&s);
}

static void test_print(void **state)
{
	struct spec s =
		spec_of("type=percpu_array,key=u32,value=s16,max_entries=2,flags=rdonly_prog");
	struct buf out = BUF_INIT(1000);
	char *line;

	(void)state;
	spec_print(&s, &out);
	line = strstr(out.data, "btf=1:2:");
	assert_non_null(line);
	buf_resize(&out, (size_t)(line - out.data));
	assert_buf(&out, "# unsigned int key;\n"
			 "# short value;\n"
			 "type=percpu_array\n"
			 "key=u32\n"
			 "value=s16\n"
			 "max_entries=2\n"
			 "map_flags=rdonly_prog\n");
	spec_free(&s);
}

static const char *pick(const char *const *words, unsigned int count)
{
	return words[random_below(count)];
}

/* Some text of the grammar. */
static void random_spec(struct buf *out)
{
	static const char *const types[] = {"hash", "array", "percpu_hash", "lpm_trie", "queue"};
	static const char *const layouts[] = {"u8", "s64", "u32", "1", "4", "7", "8", "300"};
	static const char *const flags[] = {"0", "no_prealloc", "numa_node|wronly_prog",
					    "mmapable|0x40000000", "65535"};

	buf_clear(out);
	buf_addf(out, "type=%s", pick(types, ARRAY_SIZE(types)));
	buf_addf(out, ",key=%s", pick(layouts, ARRAY_SIZE(layouts)));
	buf_addf(out, ",value=%s", pick(layouts, ARRAY_SIZE(layouts)));
	buf_addf(out, ",max_entries=%u", random_below(1000000) + 1);
	buf_addf(out, ",map_flags=%s", pick(flags, ARRAY_SIZE(flags)));
	buf_addf(out, ",map_extra=%u,name=%.*s", random_below(3), (int)random_below(6), "a_b.c");
}

static void test_round_trip(void **state)
{
	struct buf text = BUF_INIT(1000), first = BUF_INIT(5000), second = BUF_INIT(5000);

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct spec s, again = {0};
		struct diag d;

		random_spec(&text);
		s = spec_of(text.data);
		buf_clear(&first);
		spec_print(&s, &first);
		if (parse_spec(&again, first.data, '\n', &d))
			fail_msg("refuses its own\n%s: %s", first.data, d.why);
		buf_clear(&second);
		spec_print(&again, &second);
		assert_string_equal(first.data, second.data);
		assert_int_equal(s.map_flags, again.map_flags);
		spec_free(&s);
		spec_free(&again);
	}
	buf_free(&text);
	buf_free(&first);
	buf_free(&second);
}

/* Texts cut, joined and changed at random are refused or taken, no more. */
static void test_garbage(void **state)
{
	struct buf text = BUF_INIT(1000);

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct spec s = {0};
		struct diag d = {0};
		int err;

		random_spec(&text);
		text.data[random_below((uint32_t)text.len)] = (char)random_number();
		err = spec_parse(&s, text.data, random_below((uint32_t)text.len + 1),
				 random_below(2) ? ',' : '\n', &d);
		assert_true(err == 0 ||
			    (err == -EINVAL && d.err == EINVAL && d.offset <= text.len));
		spec_free(&s);
	}
	buf_free(&text);
}

static void test_flags(void **state)
{
	struct buf out = BUF_INIT(1000);

	(void)state;
	spec_print_flags(0, &out);
	assert_buf(&out, "0");
	spec_print_flags(BPF_F_NO_PREALLOC | BPF_F_MMAPABLE, &out);
	assert_buf(&out, "no_prealloc|mmapable");
	spec_print_flags(0xc0000000, &out);
	assert_buf(&out, "0xc0000000");
	spec_print_flags(BPF_F_RDONLY | 0x80000000, &out);
	assert_buf(&out, "rdonly|0x80000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),    cmocka_unit_test(test_every_type_name),
		cmocka_unit_test(test_refusals),   cmocka_unit_test(test_untouched_on_late_failure),
		cmocka_unit_test(test_lines),      cmocka_unit_test(test_print),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_flags),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
