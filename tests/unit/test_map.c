/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Describing and opening maps, and the errno of the contract for each of the kernel's. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/scan.h"
#include "lib/speccreate.h"
#include "lib/sys.h"
#include "tests/unit/fake_sys.h"

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
	return 0;
}

/* A map of 3 entries at most, open for reading and writing. */
static struct map open_map(uint32_t type, uint32_t key_size, uint32_t value_size)
{
	struct map map = {.fd = make_map(type, key_size, value_size, 3, "map")};

	map.desc = describe_map(map.fd);
	return map;
}

static void close_map(struct map *map)
{
	map_close(map);
	map_close(map);
	map_desc_unref(map->desc);
}

static int put(const struct map *map, uint32_t key, uint64_t number, uint64_t flags, struct diag *d)
{
	return map_put(map, &key, &number, flags, d);
}

static void assert_said(int err, int expected, const struct diag *d)
{
	assert_int_equal(err, -expected);
	assert_int_equal(d->err, expected);
	if (expected)
		assert_true(d->why[0] && !strchr(d->why, '\n'));
}

/* While its element is replaced, the kernel may say that a key is not there. */
static void test_get_while_replaced(void **state)
{
	struct map map = open_map(BPF_MAP_TYPE_HASH, 4, 8);
	uint32_t key = 1;
	uint64_t value = 0;

	(void)state;
	assert_int_equal(put(&map, 1, 5, BPF_ANY, NULL), 0);
	fake_fail(FAKE_MAP_LOOKUP, 0, -ENOENT);
	assert_int_equal(map_get(&map, &key, &value), 0);
	assert_true(fake_failed());
	assert_int_equal(value, 5);
	assert_int_equal(map_delete(&map, &key, NULL), 0);
	assert_int_equal(map_get(&map, &key, &value), -ENOENT);
	close_map(&map);
}

static void test_hash(void **state)
{
	struct map map = open_map(BPF_MAP_TYPE_HASH, 4, 8);
	uint32_t key = 1;
	uint64_t value = 0;
	struct diag d = {0};

	(void)state;
	assert_int_equal(scan_is_empty(&map), 1);
	assert_int_equal(map_get(&map, &key, &value), -ENOENT);
	assert_said(put(&map, 1, 5, BPF_EXIST, &d), ENOENT, &d);
	assert_said(map_delete(&map, &key, &d), ENOENT, &d);
	assert_int_equal(put(&map, 1, 5, BPF_NOEXIST, NULL), 0);
	assert_said(put(&map, 1, 6, BPF_NOEXIST, &d), EEXIST, &d);
	assert_int_equal(scan_is_empty(&map), 0);
	assert_int_equal(map_get(&map, &key, &value), 0);
	assert_int_equal(value, 5);
	assert_int_equal(put(&map, 2, 5, BPF_ANY, NULL), 0);
	assert_int_equal(put(&map, 3, 5, BPF_ANY, NULL), 0);
	assert_said(put(&map, 4, 5, BPF_ANY, &d), ENOSPC, &d);
	assert_non_null(strstr(d.why, "3"));
	assert_int_equal(put(&map, 4, 5, BPF_ANY, NULL), -ENOSPC);
	assert_int_equal(map_delete(&map, &key, NULL), 0);
	assert_int_equal(map_get(&map, &key, &value), -ENOENT);
	close_map(&map);
}

static void test_lpm_is_full(void **state)
{
	struct map map = open_map(BPF_MAP_TYPE_LPM_TRIE, 8, 8);
	uint32_t key[2] = {32, 0};
	uint64_t value = 1;
	struct diag d = {0};

	(void)state;
	for (key[1] = 0; key[1] < 3; key[1]++)
		assert_int_equal(map_put(&map, key, &value, BPF_ANY, NULL), 0);
	assert_said(map_put(&map, key, &value, BPF_ANY, &d), ENOSPC, &d);
	close_map(&map);
}

/* Elements of arrays cannot be removed: zeroes are stored, and all count as absent. */
static void test_array(void **state)
{
	struct map map = open_map(BPF_MAP_TYPE_ARRAY, 4, 8);
	uint32_t last = 2, behind = 3;
	uint64_t value = 1;
	struct diag d = {0};

	(void)state;
	assert_int_equal(scan_is_empty(&map), 1);
	assert_int_equal(put(&map, 2, 7, BPF_ANY, NULL), 0);
	assert_int_equal(map_delete(&map, &last, NULL), 0);
	assert_int_equal(map_get(&map, &last, &value), 0);
	assert_int_equal(value, 0);
	assert_said(put(&map, 3, 7, BPF_ANY, &d), EINVAL, &d);
	assert_non_null(strstr(d.why, "2"));
	assert_said(map_delete(&map, &behind, &d), ENOENT, &d);
	assert_int_equal(map_get(&map, &behind, &value), -ENOENT);
	assert_true(map_desc_has_room_for(map.desc, &last));
	assert_false(map_desc_has_room_for(map.desc, &behind));
	assert_said(put(&map, 0, 1, BPF_NOEXIST, &d), EEXIST, &d);
	close_map(&map);
}

static void test_per_cpu(void **state)
{
	struct map map;
	uint32_t key = 0;
	uint64_t values[5] = {1, 2, 3, 4, 5}, got[5] = {0};

	(void)state;
	fake_set_cpus(5);
	map = open_map(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 4);
	assert_int_equal(map.desc->value->size, sizeof(values));
	assert_int_equal(map.desc->value->kind, LAYOUT_PER_CPU);
	assert_int_equal(map_put(&map, &key, values, BPF_ANY, NULL), 0);
	assert_int_equal(map_get(&map, &key, got), 0);
	assert_memory_equal(got, values, sizeof(values));
	assert_int_equal(map_delete(&map, &key, NULL), 0);
	assert_int_equal(map_get(&map, &key, got), 0);
	memset(values, 0, sizeof(values));
	assert_memory_equal(got, values, sizeof(values));
	close_map(&map);
}

static void test_frozen(void **state)
{
	struct map map = open_map(BPF_MAP_TYPE_HASH, 4, 8);
	uint32_t key = 1;
	struct diag d = {0};

	(void)state;
	assert_false(map_is_frozen(&map));
	assert_int_equal(sys_map_freeze(map.fd), 0);
	assert_true(map_is_frozen(&map));
	assert_said(put(&map, 1, 1, BPF_ANY, &d), EROFS, &d);
	assert_said(map_delete(&map, &key, &d), EROFS, &d);
	close_map(&map);
}

static void test_read_only(void **state)
{
	struct map map = open_map(BPF_MAP_TYPE_ARRAY, 4, 8), reader;
	uint32_t key = 1;
	uint64_t value;
	struct diag d = {0};

	(void)state;
	assert_int_equal(map_open(&reader, map.desc, BPF_F_RDONLY), 0);
	assert_false(map_is_frozen(&reader));
	assert_said(put(&reader, 1, 1, BPF_ANY, &d), EROFS, &d);
	assert_said(map_delete(&reader, &key, &d), EROFS, &d);
	assert_int_equal(map_get(&reader, &key, &value), 0);
	map_close(&reader);
	close_map(&map);
}

static void test_open_what_is_gone(void **state)
{
	struct map map = open_map(BPF_MAP_TYPE_HASH, 4, 8), again;

	(void)state;
	map_close(&map);
	assert_int_equal(map_open(&again, map.desc, 0), -ESTALE);
	map_close(&again);
	map_desc_unref(map.desc);
}

/* Whatever else the kernel says reaches the caller, and is explained. */
static void test_other_errors(void **state)
{
	static const struct {
		int kernel, contract;
	} cases[] = {
		{-ENOMEM, ENOMEM}, {-EBUSY, EBUSY},  {-EOPNOTSUPP, EOPNOTSUPP}, {-EFAULT, EFAULT},
		{-EINVAL, EINVAL}, {-E2BIG, ENOSPC}, {-EPERM, EROFS},
	};
	struct map map = open_map(BPF_MAP_TYPE_HASH, 4, 8), other;
	uint32_t key = 1;
	uint64_t value;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d = {0};

		fake_fail(FAKE_MAP_UPDATE, 0, cases[i].kernel);
		assert_said(put(&map, 1, 1, BPF_ANY, &d), cases[i].contract, &d);
		fake_fail(FAKE_MAP_DELETE, 0, cases[i].kernel);
		d = (struct diag){0};
		assert_said(map_delete(&map, &key, &d), cases[i].contract, &d);
		fake_fail(FAKE_MAP_LOOKUP, 0, cases[i].kernel);
		assert_int_equal(map_get(&map, &key, &value), cases[i].kernel);
		fake_fail(FAKE_MAP_OPEN_ID, 0, cases[i].kernel);
		assert_int_equal(map_open(&other, map.desc, 0), cases[i].kernel);
		map_close(&other);
	}
	close_map(&map);
}

static void test_describe(void **state)
{
	struct map map = open_map(BPF_MAP_TYPE_LRU_PERCPU_HASH, 6, 3);
	struct map_desc *copy;

	(void)state;
	assert_string_equal(map.desc->type->name, "lru_percpu_hash");
	assert_int_equal(map.desc->key->size, 6);
	assert_int_equal(map.desc->value->size, 16);
	assert_int_equal(map.desc->value->array.elem->size, 3);
	copy = map_desc_ref(map.desc);
	assert_ptr_equal(copy, map.desc);
	map_desc_unref(copy);
	close_map(&map);
	map_desc_unref(NULL);
}

static void test_describe_types(void **state)
{
	struct spec spec = {0};
	struct map_desc *desc;
	struct diag d = {0};
	const char text[] = "type=percpu_hash,key=s16,value=u32,max_entries=1";
	int fd;

	(void)state;
	assert_int_equal(spec_parse(&spec, text, strlen(text), ',', &d), 0);
	fd = spec_create(&spec, "typed", 5, UINT64_MAX, &d);
	assert_true(fd >= 0);
	desc = describe_map(fd);
	assert_true(desc->key->size == 2 && desc->key->number.is_signed);
	assert_true(desc->value->array.elem->size == 4 &&
		    !desc->value->array.elem->number.is_signed);
	assert_true(ctype_is_typed(desc->key_type) && ctype_is_typed(desc->value_type));
	map_desc_unref(desc);
	sys_close(fd);
	spec_free(&spec);
}

/* Types without elements, and types that nobody knows yet, have no layouts. */
static void test_describe_no_keys(void **state)
{
	struct bpf_map_info info = {.id = 7, .type = 999, .key_size = 4, .value_size = 4};
	struct map map = open_map(BPF_MAP_TYPE_QUEUE, 0, 4);
	struct map_desc *desc;

	(void)state;
	assert_null(map.desc->key);
	assert_true(map.desc->type->why_not[0]);
	assert_int_equal(scan_is_empty(&map), 1);
	assert_int_equal(map_desc_new(&info, NULL, &desc), 0);
	assert_null(desc->key);
	assert_string_equal(desc->type->name, "unknown");
	map_desc_unref(desc);
	close_map(&map);
}

static void test_describe_failures(void **state)
{
	struct bpf_map_info info = {.id = 7,
				    .type = BPF_MAP_TYPE_HASH,
				    .key_size = 4,
				    .value_size = 4,
				    .btf_id = 12345};
	struct map_desc *desc;

	(void)state;
	assert_int_equal(map_desc_new(&info, NULL, &desc), -ENOENT);
	info.btf_id = 0;
	info.type = BPF_MAP_TYPE_PERCPU_HASH;
	fake_fail(FAKE_POSSIBLE_CPUS, 0, -EIO);
	assert_int_equal(map_desc_new(&info, NULL, &desc), -EIO);
}

/* What cannot be done, there is a sentence for. */
static void check_elements(const struct elements *e)
{
	assert_true(e->get && (e->next || e->walk || e->unlisted));
	assert_int_equal(e->put == NULL, e->no_put != NULL);
	assert_int_equal(!e->del && !e->fixed, e->no_del != NULL);
}

/* Every row with elements can be read; every other one says why it cannot. */
static void test_rows(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 100; type++) {
		const struct maptype *row = maptype_find(type);

		assert_non_null(row);
		assert_int_equal(row->elements == NULL, row->why_not != NULL);
		if (row->why_not)
			assert_true(strlen(row->why_not) > 10);
		if (row->elements)
			check_elements(row->elements);
		if (row->type == type && type)
			assert_ptr_equal(maptype_by_name(row->name, (uint32_t)strlen(row->name)),
					 row);
	}
	assert_null(maptype_by_name("hashx", 5));
	assert_null(maptype_by_name("has", 3));
	assert_null(maptype_by_name("", 0));
	assert_null(maptype_by_name("unknown", 7));
	assert_non_null(maptype_by_name("hash,key", 4));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, reset, check_leaks)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hash),
		TEST(test_get_while_replaced),
		TEST(test_lpm_is_full),
		TEST(test_array),
		TEST(test_per_cpu),
		TEST(test_frozen),
		TEST(test_read_only),
		TEST(test_open_what_is_gone),
		TEST(test_other_errors),
		TEST(test_describe),
		TEST(test_describe_types),
		TEST(test_describe_no_keys),
		TEST(test_describe_failures),
		TEST(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
