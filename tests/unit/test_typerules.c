/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/typerules.h"

static struct typerules *rules_of(const char *text)
{
	struct typerules *r = NULL;
	unsigned int line = 99;
	struct diag d = {0};

	if (typerules_parse(text, strlen(text), &r, &line, &d))
		fail_msg("line %u, at %zu: %s", line, d.offset, d.why);
	return r;
}

/* The rule for a map of that name is that: "KEY VALUE", '-' for nothing said. */
static void assert_rule(const struct typerules *r, const char *name, const char *expected)
{
	const struct map_types *types = typerules_find(r, name);
	struct buf out = BUF_INIT(1000);

	if (!types) {
		if (expected)
			fail_msg("nothing is said of '%s'", name);
		return;
	}
	if (types->key)
		ctype_print_spec(types->key, &out);
	else
		buf_addc(&out, '-');
	buf_addc(&out, ' ');
	if (types->value)
		ctype_print_spec(types->value, &out);
	else
		buf_addc(&out, '-');
	if (!expected || strcmp(out.data, expected) != 0)
		fail_msg("'%s': %s", name, out.data);
	buf_free(&out);
}

static void test_lines(void **state)
{
	struct typerules *r = rules_of("# types for bpftrace\n"
				       "\n"
				       "AT_calls key=char[16],value=u64\n"
				       "only_key\tkey=u32\n"
				       "only_value   value=struct{u32 a;u64 b;}   \n"
				       "   \n"
				       "#AT_other key=u8\n"
				       "windows key=u8,value=u16\r\n"
				       "last key=ipv4,value=s64");

	(void)state;
	assert_rule(r, "AT_calls", "char[16] u64");
	assert_rule(r, "only_key", "u32 -");
	assert_rule(r, "only_value", "- struct{u32 a;u64 b;}");
	assert_rule(r, "windows", "u8 u16");
	assert_rule(r, "last", "ipv4 s64");
	assert_rule(r, "AT_other", NULL);
	assert_rule(r, "#AT_other", NULL);
	assert_rule(r, "AT_call", NULL);
	assert_rule(r, "AT_calls2", NULL);
	assert_rule(r, "", NULL);
	typerules_free(r);
}

static void test_globs(void **state)
{
	struct typerules *r = rules_of("AT_special key=u8\n"
				       "AT_* key=u16\n"
				       "m[0-9] key=u32\n"
				       "q? key=u64\n"
				       "a\\*b key=s8\n"
				       "*.bss value=s16\n"
				       "dir/* key=s32\n");

	(void)state;
	assert_rule(r, "AT_special", "u8 -");
	assert_rule(r, "AT_", "u16 -");
	assert_rule(r, "AT_x", "u16 -");
	assert_rule(r, "m7", "u32 -");
	assert_rule(r, "m77", NULL);
	assert_rule(r, "mx", NULL);
	assert_rule(r, "qq", "u64 -");
	assert_rule(r, "q", NULL);
	assert_rule(r, "a*b", "s8 -");
	assert_rule(r, "axb", NULL);
	assert_rule(r, ".bss", "- s16");
	assert_rule(r, "flows.bss", "- s16");
	assert_rule(r, "dir/map", "s32 -");
	assert_rule(r, "dir/a/b", "s32 -");
	typerules_free(r);
}

static void test_first_line_counts(void **state)
{
	struct typerules *r = rules_of("a* key=u8\na key=u16\n* value=u32\n");

	(void)state;
	assert_rule(r, "a", "u8 -");
	assert_rule(r, "b", "- u32");
	typerules_free(r);
}

static void test_nothing(void **state)
{
	struct typerules *r = rules_of("");

	(void)state;
	assert_rule(r, "a", NULL);
	typerules_free(r);
	r = rules_of("\n\n# nothing\n");
	assert_rule(r, "a", NULL);
	typerules_free(r);
	assert_null(typerules_find(NULL, "a"));
	typerules_free(NULL);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		size_t offset; /* in the line */
	} cases[] = {
		{"name", 1, 4},
		{"name  \n", 1, 4},
		{"a key=u8\n\n# c\nb key=u33\n", 4, 6},
		{"a key=u8\nb  key=u8,value=\n", 2, 16},
		{"a type=hash", 1, 2},
		{"a key=u8,max_entries=1", 1, 9},
		{"a key=u8,key=u8", 1, 9},
		{"a key", 1, 5},
		{"a b key=u8", 1, 2},
		{" a key=u8", 1, 0},
		{"a key=struct{u8 a;u8 a;}", 1, 21},
		{"a key=u8 # no comment", 1, 9},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		struct typerules *r = NULL;
		unsigned int line = 0;
		struct diag d = {0};

		if (typerules_parse(text, strlen(text), &r, &line, &d) != -EINVAL)
			fail_msg("'%s' is taken", text);
		assert_true(d.err == EINVAL && d.placed && d.why[0]);
		if (line != cases[i].line || d.offset != cases[i].offset)
			fail_msg("'%s': line %u, at %zu (%s)", text, line, d.offset, d.why);
		assert_null(r);
		assert_int_equal(typerules_parse(text, strlen(text), &r, &line, NULL), -EINVAL);
	}
}

/* Some text of the alphabet of rules: taken or refused, in a line that is there. */
static void test_garbage(void **state)
{
	static const char alphabet[] = "ab*?[]\\ \t\n\r#=,key=value=u8u32;{}struct";

	(void)state;
	for (int round = 0; round < 5000; round++) {
		char text[60];
		uint32_t len = random_below(sizeof(text));
		struct typerules *r = NULL;
		unsigned int line = 0;
		struct diag d = {0};
		int err;

		for (uint32_t i = 0; i < len; i++)
			text[i] = alphabet[random_below(sizeof(alphabet))];
		err = typerules_parse(text, len, &r, &line, &d);
		assert_true(err == 0 || (err == -EINVAL && line && d.offset <= len));
		typerules_find(err ? NULL : r, "ab");
		typerules_free(err ? NULL : r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_first_line_counts),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_garbage),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
