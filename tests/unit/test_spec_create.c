/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Maps made by a spec, and the spec of a map. */
#include "tests/unit/spec_fixture.h"

#include <errno.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fake_sys.h"

#define NO_LIMIT UINT64_MAX

static int reset(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static int check_leaks(void **state)
{
	(void)state;
	assert_int_equal(fake_open_fds(), 0);
	fake_reset();
	assert_int_equal(fake_live_maps(), 0);
	return 0;
}

/* text, made into a map; its descriptor, or the error. */
static int create(const char *text, const char *name, uint64_t max_bytes, struct diag *d)
{
	struct spec s = spec_of(text);
	int fd;

	*d = (struct diag){0};
	fd = spec_create(&s, name, strlen(name), max_bytes, d);
	assert_int_equal(d->err, fd < 0 ? -fd : 0);
	spec_free(&s);
	return fd;
}

static void test_names(void **state)
{
	static const struct {
		const char *raw, *field, *name;
	} cases[] = {
		{"plain", "", "plain"},
		{"a-b c", "", "a_b_c"},
		{"fifteen_bytes15", "", "fifteen_bytes15"},
		{"sixteen_bytes_16", "", "sixteen_bytes_1"},
		{"this name is longer", "", "this_name_is_lo"},
		{"\xc3\xa4.x", "", "__.x"},
		{"raw", ",name=chosen", "chosen"},
		{"", "", ""},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf text = BUF_INIT(10000);
		struct bpf_map_info info;
		struct diag d;
		int fd;

		buf_addf(&text, "%s%s", DEFAULT, cases[i].field);
		fd = create(text.data, cases[i].raw, NO_LIMIT, &d);
		assert_true(fd >= 0);
		assert_int_equal(sys_map_info(fd, &info), 0);
		assert_string_equal(info.name, cases[i].name);
		sys_close(fd);
		buf_free(&text);
	}
}

/* What a map was made by is what it shows, with its typed and untyped sizes. */
static void test_spec_of_map(void **state)
{
	static const struct {
		const char *text, *shown; /* NULL: the same */
	} cases[] = {
		{"type=hash,key=u32,value=u64,max_entries=1024,name=m", NULL},
		{"type=array,key=u32,value=s16,max_entries=3,name=m", NULL},
		{"type=percpu_hash,key=s64,value=u8,max_entries=3,name=m", NULL},
		{"type=percpu_array,key=4,value=12,max_entries=3,name=m", NULL},
		{"type=lru_hash,key=7,value=9,max_entries=3,name=m", NULL},
		{"type=hash,key=u8,value=100,max_entries=3,name=m", NULL},
		{"type=hash,key=4,value=8,max_entries=3,map_flags=no_prealloc|rdonly_prog,name=m",
		 NULL},
		{"type=lpm_trie,key=8,value=8,max_entries=3,name=m",
		 "type=lpm_trie,key=8,value=8,max_entries=3,map_flags=no_prealloc,name=m"},
		{"type=queue,value=8,max_entries=3,name=m", NULL},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_INIT(10000);
		struct map_desc *desc;
		struct spec s;
		struct diag d;
		int fd = create(cases[i].text, "raw", NO_LIMIT, &d);

		if (fd < 0)
			fail_msg("%s: %d %s", cases[i].text, fd, d.why);
		desc = describe_map(fd);
		spec_of_map(&s, desc);
		print_fields(&s, &out);
		assert_buf(&out, cases[i].shown ? cases[i].shown : cases[i].text);
		spec_free(&s);
		map_desc_unref(desc);
		sys_close(fd);
	}
}

static void test_typed_maps_have_btf(void **state)
{
	static const struct {
		const char *text;
		bool btf;
	} cases[] = {
		{"type=hash,key=u32,value=u64,max_entries=1", true},
		{"type=hash,key=4,value=u64,max_entries=1", true},
		{"type=hash,key=u8,value=100,max_entries=1", true},
		{"type=hash,key=4,value=8,max_entries=1", false},
		{"type=array,key=u32,value=8,max_entries=1", true},
		{"type=array,key=4,value=s8,max_entries=1", true},
		{"type=lpm_trie,key=8,value=u32,max_entries=1", true},
		{"type=lpm_trie,key=ipv4_prefix,value=4,max_entries=1", true},
		{"type=lpm_trie,key=8,value=4,max_entries=1", false},
		{"type=queue,value=u32,max_entries=1", false},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bpf_map_info info;
		struct diag d;
		int fd = create(cases[i].text, "typed", NO_LIMIT, &d);

		if (fd < 0)
			fail_msg("%s: %d %s", cases[i].text, fd, d.why);
		assert_int_equal(sys_map_info(fd, &info), 0);
		assert_int_equal(info.btf_id != 0, cases[i].btf);
		sys_close(fd);
	}
}

static void test_create_refusals(void **state)
{
	static const struct {
		const char *text;
		uint64_t max_bytes;
		int err;
	} cases[] = {
		{"type=hash,key=u32,value=u64", NO_LIMIT, -EINVAL},
		{"key=u32,value=u64,max_entries=1", NO_LIMIT, -EINVAL},
		{"type=hash,value=u64,max_entries=1", NO_LIMIT, -EINVAL},
		{"type=hash,key=u32,max_entries=1", NO_LIMIT, -EINVAL},
		{"type=array,key=u64,value=u64,max_entries=1", NO_LIMIT, -EINVAL},
		{"type=lpm_trie,key=4,value=u64,max_entries=1", NO_LIMIT, -EINVAL},
		{"type=lpm_trie,key=u64,value=u64,max_entries=1", NO_LIMIT, -EINVAL},
		{"type=hash,key=4,value=8,max_entries=1,map_flags=mmapable", NO_LIMIT, -EINVAL},
		{"type=hash,key=4,value=8,max_entries=1,map_extra=1", NO_LIMIT, -EINVAL},
		{"type=hash,key=4,value=1073741824,max_entries=1", NO_LIMIT, -EFBIG},
		{DEFAULT, 1024, -EFBIG},
		{"type=array,key=4,value=2147483647,max_entries=4294967295", UINT64_MAX / 2,
		 -EFBIG},
		{"type=array,key=4,value=2147483647,max_entries=4294967295", 1U << 30, -EFBIG},
		{"type=array,key=4,value=8,max_entries=134217728", 1U << 30, -EFBIG},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d;
		int err = create(cases[i].text, "refused", cases[i].max_bytes, &d);

		if (err != cases[i].err)
			fail_msg("%s: %d, not %d", cases[i].text, err, cases[i].err);
		assert_true(d.why[0]);
		assert_int_equal(fake_live_maps(), 0);
	}
}

/* No call may fail without an explanation, and none leaves anything behind. */
static void test_failing_calls(void **state)
{
	static const int errors[] = {-EPERM, -ENOMEM, -E2BIG, -EINVAL, -EMFILE};
	struct diag d;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++) {
		fake_fail(FAKE_MAP_CREATE, 0, errors[i]);
		assert_int_equal(create(DEFAULT, "x", NO_LIMIT, &d),
				 errors[i] == -E2BIG ? -EFBIG : errors[i]);
		assert_int_equal(fake_open_fds(), 0);
		fake_fail(FAKE_BTF_LOAD, 0, errors[i]);
		assert_true(create(DEFAULT, "x", NO_LIMIT, &d) < 0);
		assert_true(d.why[0]);
		assert_int_equal(fake_open_fds(), 0);
	}
}

/* The size of a ring buffer is what it is mostly refused for, and not the only reason. */
static void test_ring_sizes(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"type=ringbuf,max_entries=1000", "max_entries of a ringbuf is its size in bytes"},
		{"type=user_ringbuf,max_entries=12288",
		 "max_entries of a user_ringbuf is its size"},
		{"type=ringbuf,max_entries=2048", "a power of two, 4096 (a page) or more"},
		{"type=ringbuf,max_entries=8192", "the kernel makes no ringbuf of these sizes"},
		{"type=arena,max_entries=3", "the kernel makes no arena of these sizes"},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d;

		fake_fail(FAKE_MAP_CREATE, 0, -EINVAL);
		assert_int_equal(create(cases[i].text, "ring", NO_LIMIT, &d), -EINVAL);
		if (!strstr(d.why, cases[i].why))
			fail_msg("%s: %s", cases[i].text, d.why);
	}
}

/* As a map it must take at least what its elements do. */
static void test_bytes(void **state)
{
	static const struct {
		const char *text;
		uint64_t least, most;
	} cases[] = {
		{"type=hash,key=u32,value=u64,max_entries=1000", 12000, 200000},
		{"type=array,key=u32,value=u64,max_entries=1000", 8000, 200000},
		{"type=array,key=u32,value=u8,max_entries=1000", 8000, 200000},
		{"type=percpu_hash,key=u32,value=u8,max_entries=1000", 16000, 300000},
		{"type=array,key=u32,value=2147483647,max_entries=4294967295", 1ULL << 62,
		 UINT64_MAX},
		{"type=percpu_array,key=u32,value=2147483647,max_entries=4294967295", 1ULL << 63,
		 UINT64_MAX},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec s = spec_of(cases[i].text);

		assert_in_range(spec_bytes(&s), cases[i].least, cases[i].most);
		spec_free(&s);
	}
}

/* Any number of CPUs that the kernel may tell; -errno is no number of them. */
static void test_bytes_without_cpus(void **state)
{
	struct spec s = spec_of("type=percpu_hash,key=u32,value=u64,max_entries=1000");
	struct diag d = {0};
	int err;

	(void)state;
	fake_set_cpus(8192);
	assert_in_range(spec_bytes(&s), 1000ULL * 8 * 8192, UINT64_MAX);
	fake_fail_always(FAKE_POSSIBLE_CPUS, -ENOENT);
	err = spec_create(&s, "x", 1, 1U << 30, &d);
	assert_true(err < 0 && d.err);
	spec_free(&s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, reset, check_leaks)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_spec_of_map),
		TEST(test_typed_maps_have_btf),
		TEST(test_create_refusals),
		TEST(test_failing_calls),
		TEST(test_ring_sizes),
		TEST(test_bytes),
		TEST(test_bytes_without_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
