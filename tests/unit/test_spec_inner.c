/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Maps of maps in a spec: the template. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/catalog_fixture.h"
#include "tests/unit/fake_sys.h"
#include "tests/unit/spec_fixture.h"

#define INNER "inner_type=hash,inner_key=u32,inner_value=u64,inner_max_entries=8"
#define OUTER "type=hash_of_maps,key=u16,value=4,max_entries=5"

/* print_fields() leaves the exact types out; of the template too. */
static void print_words(const struct spec *s, struct buf *out)
{
	struct buf all = BUF_INIT(100000);
	char *field, *rest;

	print_fields(s, &all);
	for (field = strtok_r(all.data, ",", &rest); field; field = strtok_r(NULL, ",", &rest))
		if (strncmp(field, "inner_btf=", 10) != 0)
			buf_addf(out, "%s%s", out->len ? "," : "", field);
	buf_free(&all);
}

static void test_grammar(void **state)
{
	static const struct {
		const char *text, *printed; /* NULL: the same */
	} cases[] = {
		{OUTER "," INNER, NULL},
		{"type=array_of_maps,max_entries=5," INNER,
		 "type=array_of_maps,key=4,value=4,max_entries=5," INNER},
		{INNER "," OUTER, OUTER "," INNER},
		{OUTER ",inner_type=array,inner_value=3,inner_entries=2,inner_flags=mmapable",
		 OUTER ",inner_type=array,inner_key=u32,inner_value=3,inner_max_entries=2,"
		       "inner_map_flags=mmapable"},
		{OUTER ",inner_type=ringbuf,inner_max_entries=4096", NULL},
		{OUTER
		 ",inner_type=bloom_filter,inner_value=u32,inner_max_entries=9,inner_map_extra=3",
		 NULL},
		{OUTER ",inner_type=queue,inner_key=4,inner_value=u8,inner_max_entries=1", NULL},
		{OUTER ",inner=counters", OUTER},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec s = spec_of(cases[i].text);
		struct buf out = BUF_INIT(10000);

		print_words(&s, &out);
		assert_buf(&out, cases[i].printed ? cases[i].printed : cases[i].text);
		spec_free(&s);
	}
}

/* What .map shows is read back as the same, exact types and all. */
static void test_round_trip(void **state)
{
	struct spec s = spec_of(OUTER ",inner_type=array,inner_value=struct{u8 a;u32 b;},"
				      "inner_max_entries=3"),
		    again = {0};
	struct buf first = BUF_INIT(10000), second = BUF_INIT(10000);
	struct diag d;

	(void)state;
	spec_print(&s, &first);
	assert_non_null(strstr(first.data, "\ninner_btf="));
	assert_non_null(strstr(first.data, "# "));
	assert_int_equal(parse_spec(&again, first.data, '\n', &d), 0);
	spec_print(&again, &second);
	assert_buf(&second, first.data);
	assert_true(spec_is_as_asked(&s, &again));
	buf_free(&first);
	spec_free(&s);
	spec_free(&again);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
	} cases[] = {
		{OUTER ",inner_type=nosuch", sizeof(OUTER) + 11},
		{OUTER ",inner_nosuch=1", sizeof(OUTER) + 6},
		{OUTER ",inner_name=x", sizeof(OUTER) + 6},
		{OUTER ",inner_numa_node=0", sizeof(OUTER) + 6},
		{OUTER ",inner_inner=x", sizeof(OUTER) + 6},
		{OUTER ",inner_inner_type=hash", sizeof(OUTER) + 6},
		{OUTER ",inner_=1", sizeof(OUTER)},
		{OUTER ",inner_key=u32,inner_key=u32", sizeof(OUTER) + 20},
		{OUTER ",inner_max_entries=0", sizeof(OUTER) + 18},
		{OUTER ",inner_key", sizeof(OUTER) + 9},
		{OUTER ",inner=", sizeof(OUTER) + 6},
		{OUTER ",inner=a,inner=b", sizeof(OUTER) + 8},
	};
	struct spec s = spec_of(OUTER ",inner=x"), types;
	struct diag d;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse_spec(&s, cases[i].text, ',', &d), -EINVAL);
		if (!d.placed || d.offset != cases[i].offset || d.err != EINVAL)
			fail_msg("'%s': at %zu, not %zu (%s)", cases[i].text, d.offset,
				 cases[i].offset, d.why);
		assert_string_equal(s.inner_name, "x");
	}
	assert_int_equal(parse_spec(&s, "inner=a," INNER, ',', &d), -EINVAL);
	assert_non_null(strstr(d.why, "inner=NAME"));
	assert_int_equal(spec_parse_types(&types, "inner_key=4", 11, &d), -EINVAL);
	spec_free(&s);
}

/* A default's template goes where another type or template is said. */
static void test_defaults(void **state)
{
	static const struct {
		const char *text, *printed, *name;
	} cases[] = {
		{"max_entries=7", "type=hash_of_maps,key=u16,value=4,max_entries=7," INNER, NULL},
		{"type=array_of_maps", "type=array_of_maps,key=4,value=4,max_entries=5," INNER,
		 NULL},
		{"type=hash", "type=hash,key=u16,value=4,max_entries=5", NULL},
		{"inner=other", OUTER, "other"},
		{"inner_max_entries=3",
		 OUTER ",inner_type=hash,inner_key=u32,inner_value=u64,inner_max_entries=3", NULL},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec s = spec_of(OUTER "," INNER);
		struct buf out = BUF_INIT(10000);
		struct diag d;

		assert_int_equal(parse_spec(&s, cases[i].text, ',', &d), 0);
		print_words(&s, &out);
		assert_buf(&out, cases[i].printed);
		if (cases[i].name)
			assert_string_equal(s.inner_name, cases[i].name);
		else
			assert_null(s.inner_name);
		spec_free(&s);
	}
}

static void test_likeness(void **state)
{
	static const struct {
		const char *a, *b;
		bool like;
	} cases[] = {
		{INNER, INNER, true},
		{INNER, "key=u16", true}, /* not known */
		{INNER, "inner_type=hash,inner_key=4,inner_value=8,inner_max_entries=8", true},
		{INNER, "inner_type=lru_hash,inner_key=4,inner_value=8,inner_max_entries=8", false},
		{INNER, "inner_type=hash,inner_key=3,inner_value=8,inner_max_entries=8", false},
		{INNER, "inner_type=hash,inner_key=4,inner_value=7,inner_max_entries=8", false},
		{INNER, "inner_type=hash,inner_key=4,inner_value=8,inner_max_entries=9", false},
		{INNER, INNER ",inner_map_flags=no_prealloc", false},
		{"inner_type=lpm_trie,inner_key=8,inner_value=4,inner_max_entries=9",
		 "inner_type=lpm_trie,inner_key=8,inner_value=4,inner_max_entries=9,"
		 "inner_map_flags=no_prealloc",
		 true},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec a = spec_of(cases[i].a), b = spec_of(cases[i].b);

		assert_int_equal(spec_has_like_template(&a, &b), cases[i].like);
		assert_int_equal(spec_has_like_template(&b, &a), cases[i].like);
		spec_free(&a);
		spec_free(&b);
	}
}

/* Making. */

static int create(struct catalog *c, const char *dir, const char *name, const char *text,
		  uint32_t *id, struct diag *d)
{
	struct spec s = spec_of(text);
	int err;

	*d = (struct diag){0};
	err = catalog_create(c, dir, name, &s, id, d);
	if (err && (d->err != -err || !d->why[0]))
		fail_msg("%s: %d is not explained: %s", text, err, d->why);
	spec_free(&s);
	return err;
}

/* Can a map of this spec be put into the map of maps? */
static int put(struct catalog *c, uint32_t outer, const char *text)
{
	int fd = sys_map_open_id(outer, 0), inner, err;
	static unsigned int count;
	uint32_t key = 0, id;
	char name[32];
	struct diag d;

	snprintf(name, sizeof(name), "inside%u", count++); /* what is inside keeps its name */
	if (create(c, "", name, text, &id, &d))
		fail_msg("%s: %s", text, d.why);
	inner = sys_map_open_id(id, 0);
	err = sys_map_update(fd, &key, &inner, BPF_ANY);
	assert_int_equal(catalog_unpin(c, id, "", name, NULL), 0);
	sys_close(inner);
	sys_close(fd);
	return err;
}

static void test_created(void **state)
{
	struct catalog *c = *state;
	struct diag d;
	uint32_t id;

	assert_int_equal(create(c, "", "outer", OUTER "," INNER, &id, &d), 0);
	assert_int_equal(fake_live_maps(), 1); /* nothing is left of the template */
	assert_int_equal(fake_open_fds(), 0);
	assert_int_equal(put(c, id, "type=hash,key=4,value=8,max_entries=77"), 0);
	assert_int_equal(put(c, id, "type=hash,key=4,value=9,max_entries=8"), -EINVAL);
	assert_int_equal(put(c, id, "type=array,key=4,value=8,max_entries=8"), -EINVAL);
}

/* inner=NAME: of the same directory, else of the root; names as anywhere. */
static void test_by_name(void **state)
{
	static const struct {
		const char *dir, *name;
		int fits_u16; /* what a map of u16 is to it */
	} cases[] = {
		{"", "model", -EINVAL}, {"", "@", -EINVAL},       {"d", "model", 0},
		{"", "d/model", 0},     {"d", "rooted", -EINVAL}, {"", "rooted", -EINVAL},
	};
	struct catalog *c = *state;
	uint32_t model, id;
	struct diag d;

	assert_int_equal(sys_pin_prepare(PINDIR "/d"), 0);
	assert_int_equal(create(c, "", "model", DEFAULT, &model, &d), 0);
	assert_int_equal(create(c, "", "rooted", DEFAULT, &id, &d), 0);
	assert_int_equal(
		create(c, "d", "model", "type=hash,key=u16,value=u64,max_entries=1", &id, &d), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf text = BUF_INIT(1000);

		buf_addf(&text, OUTER ",inner=%s", cases[i].name);
		if (cases[i].name[0] == '@')
			buf_addf(&text, "%u", model);
		if (create(c, cases[i].dir, "outer", text.data, &id, &d))
			fail_msg("%s: %s", text.data, d.why);
		assert_int_equal(put(c, id, "type=hash,key=u16,value=8,max_entries=5"),
				 cases[i].fits_u16);
		assert_int_equal(catalog_unpin(c, id, cases[i].dir, "outer", NULL), 0);
		buf_free(&text);
	}
}

static void test_not_created(void **state)
{
	static const struct {
		const char *text, *why;
		int err;
	} cases[] = {
		{OUTER, "needs inner=NAME", -EINVAL},
		{OUTER ",inner=nosuch", "there is no map nosuch", -EINVAL},
		{OUTER ",inner=d/nosuch", "there is no map d/nosuch", -EINVAL},
		{OUTER ",inner=maps", "no maps of maps in it", -EINVAL},
		{OUTER ",inner=programs", "no maps of maps of type prog_array", -EINVAL},
		{DEFAULT "," INNER, "only a map of maps", -EINVAL},
		{DEFAULT ",inner=model", "only a map of maps", -EINVAL},
		{OUTER ",inner_type=hash", "the template (inner): a map of this type needs key",
		 -EINVAL},
		{OUTER ",inner_key=4", "the template (inner): a map needs type", -EINVAL},
		{OUTER ",inner_type=array,inner_key=8,inner_value=4,inner_max_entries=1",
		 "the template (inner): the key of this map type has 4 bytes", -EINVAL},
		{OUTER ",inner_type=array,inner_value=2147483647,inner_max_entries=100",
		 "the template (inner): up to", -EFBIG},
		{"type=hash_of_maps,key=4,value=8,max_entries=1," INNER, "sizes and flags",
		 -EINVAL},
	};
	struct catalog *c = *state;
	unsigned int before;
	uint32_t id;
	struct diag d;

	assert_int_equal(create(c, "", "model", DEFAULT, &id, &d), 0);
	assert_int_equal(create(c, "", "maps", OUTER ",inner=model", &id, &d), 0);
	assert_int_equal(create(c, "", "programs", "type=prog_array,max_entries=2", &id, &d), 0);
	before = fake_live_maps();
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		int err = create(c, "", "outer", cases[i].text, &id, &d);

		if (err != cases[i].err || !strstr(d.why, cases[i].why))
			fail_msg("%s: %d %s", cases[i].text, err, d.why);
		assert_int_equal(fake_live_maps(), before);
		assert_int_equal(fake_open_fds(), 0);
	}
}

static void test_failing_calls(void **state)
{
	struct catalog *c = *state;
	unsigned int after = 0;
	struct diag d;
	uint32_t id;

	for (; after < 50; after++) {
		struct spec s = spec_of(OUTER "," INNER);
		int err;

		d = (struct diag){0};
		fake_fail(FAKE_ANY, after, -EMFILE);
		err = catalog_create(c, "", "outer", &s, &id, &d);
		spec_free(&s);
		assert_int_equal(fake_open_fds(), 0);
		if (!fake_failed())
			break;
		if (!err)
			assert_int_equal(catalog_unpin(c, id, "", "outer", NULL), 0);
		assert_int_equal(fake_live_maps(), 0);
	}
	assert_in_range(after, 3, 49);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_grammar),  TEST(test_round_trip),  TEST(test_refusals),
		TEST(test_defaults), TEST(test_likeness),    TEST(test_created),
		TEST(test_by_name),  TEST(test_not_created), TEST(test_failing_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
