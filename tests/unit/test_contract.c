/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/contract.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/scan.h"
#ifndef REAL_KERNEL
#include "tests/unit/fake_sys.h"
#endif

static void test_create(void **state)
{
	struct contract *c = *state;
	struct bpf_map_info info, again;
	uint32_t next;
	int fd;

	assert_int_equal(sys_map_info(c->fd, &info), 0);
	assert_int_equal(info.type, c->row->attr.type);
	assert_int_equal(info.key_size, c->row->attr.key_size);
	assert_int_equal(info.value_size, c->row->attr.value_size);
	assert_int_equal(info.max_entries, c->row->attr.max_entries);
	assert_int_equal(info.map_flags, c->row->attr.map_flags);
	assert_string_equal(info.name, "contract");
	assert_int_equal(sys_map_next_id(info.id - 1, &next), 0);
	assert_int_equal(next, info.id);
	fd = sys_map_open_id(info.id, 0);
	assert_true(fd >= 0);
	assert_int_equal(sys_map_info(fd, &again), 0);
	assert_memory_equal(&info, &again, sizeof(info));
	assert_int_equal(sys_close(fd), 0);
}

static void test_goes_with_last_descriptor(void **state)
{
	struct contract *c = *state;
	uint32_t id = c->desc->info.id;
	int fd = sys_map_open_id(id, BPF_F_RDONLY);

	assert_int_equal(sys_close(c->fd), 0);
	c->fd = sys_map_open_id(id, 0);
	assert_true(c->fd >= 0);
	sys_close(fd);
	sys_close(c->fd);
	c->fd = -1;
	assert_int_equal(sys_map_open_id(id, 0), -ENOENT);
}

static void test_open_flags(void **state)
{
	struct contract *c = *state;
	uint32_t id = c->desc->info.id;

	assert_int_equal(sys_map_open_id(id, BPF_F_RDONLY | BPF_F_WRONLY), -EINVAL);
	assert_int_equal(sys_map_open_id(id, BPF_F_NO_PREALLOC), -EINVAL);
	assert_int_equal(sys_map_open_id(0, 0), -ENOENT);
	assert_int_equal(sys_close(-1), -EBADF);
}

static void test_put_absent(void **state)
{
	struct contract *c = *state;

	for (uint32_t flags = BPF_ANY; flags <= BPF_EXIST; flags++) {
		uint32_t n = contract_absent(c) + flags;
		int expected = c->row->put_absent[flags];

		assert_int_equal(contract_get(c, n), -ENOENT);
		assert_int_equal(contract_put(c, n, 1, flags), expected);
		if (expected)
			assert_int_equal(contract_get(c, n), -ENOENT);
		else
			assert_stored(c, n, 1);
	}
}

static void test_put_present(void **state)
{
	struct contract *c = *state;

	contract_fill(c, 3);
	assert_int_equal(contract_put(c, 0, 2, BPF_ANY), 0);
	assert_stored(c, 0, 2);
	assert_int_equal(contract_put(c, 0, 3, BPF_NOEXIST), -EEXIST);
	assert_stored(c, 0, 2);
	assert_int_equal(contract_put(c, 0, 4, BPF_EXIST), 0);
	assert_stored(c, 0, 4);
	if (c->row->attr.max_entries > 1)
		assert_stored(c, 1, 1);
}

static void test_bad_flags(void **state)
{
	struct contract *c = *state;

	contract_fill(c, 1);
	assert_int_equal(contract_put(c, 0, 2, 3), -EINVAL);
	assert_int_equal(contract_put(c, 0, 2, BPF_F_LOCK), -EINVAL);
	contract_key(c, 0);
	assert_int_equal(sys_map_lookup(c->fd, c->key, c->got, BPF_NOEXIST), -EINVAL);
	assert_int_equal(sys_map_lookup(c->fd, c->key, c->got, BPF_F_LOCK), -EINVAL);
	assert_stored(c, 0, 1);
}

static void test_delete(void **state)
{
	struct contract *c = *state;

	contract_fill(c, 3);
	contract_key(c, 0);
	assert_int_equal(sys_map_delete(c->fd, c->key), c->row->delete_present);
	assert_int_equal(contract_get(c, 0), c->row->delete_present ? 0 : -ENOENT);
	contract_key(c, contract_absent(c));
	assert_int_equal(sys_map_delete(c->fd, c->key), c->row->delete_absent);
	if (c->row->attr.max_entries > 1)
		assert_stored(c, 1, 1);
}

static void test_impossible_key(void **state)
{
	struct contract *c = *state;

	if (!c->row->put_impossible)
		return;
	contract_impossible_key(c);
	assert_int_equal(sys_map_lookup(c->fd, c->key, c->got, 0), -ENOENT);
	for (uint32_t flags = BPF_ANY; flags <= BPF_EXIST; flags++)
		assert_int_equal(sys_map_update(c->fd, c->key, c->value, flags),
				 c->row->put_impossible);
	assert_int_equal(sys_map_delete(c->fd, c->key), c->row->delete_impossible);
}

/* Evicting types keep the newest and no more than max_entries. */
static void test_full(void **state)
{
	struct contract *c = *state;
	uint32_t max = c->row->attr.max_entries, there = 0;

	contract_fill(c, max);
	assert_int_equal(contract_put(c, max, 1, BPF_ANY), c->row->put_full);
	for (uint32_t n = 0; n <= max; n++)
		there += contract_get(c, n) == 0;
	if (c->row->put_full) {
		assert_int_equal(there, max);
		assert_int_equal(contract_put(c, 0, 2, BPF_ANY), 0);
		assert_stored(c, 0, 2);
	} else {
		assert_in_range(there, 1, max);
		assert_stored(c, max, 1);
	}
}

/* Walks by next key: every key exactly once, then -ENOENT. Puts the keys into order. */
static void walk(struct contract *c, uint32_t count, unsigned char *order)
{
	uint32_t size = c->row->attr.key_size;
	bool *seen = calloc(count, sizeof(bool));
	const void *key = NULL;

	for (uint32_t i = 0; i < count; i++) {
		int n;

		assert_int_equal(sys_map_next_key(c->fd, key, order + (size_t)i * size), 0);
		key = order + (size_t)i * size;
		n = contract_number(c, key, count);
		assert_true(n >= 0);
		assert_false(seen[n]);
		seen[n] = true;
	}
	assert_int_equal(sys_map_next_key(c->fd, key, c->key), -ENOENT);
	free(seen);
}

static void test_next_key(void **state)
{
	struct contract *c = *state;
	uint32_t size = c->row->attr.key_size, count = contract_fill(c, 16);
	unsigned char *order = calloc(count, size), *next = calloc(1, size);

	walk(c, count, order);
	contract_key(c, contract_absent(c) + 20);
	assert_int_equal(sys_map_next_key(c->fd, c->key, next), 0);
	assert_memory_equal(next, order, size);
	if (c->row->put_impossible) {
		contract_impossible_key(c);
		assert_int_equal(sys_map_next_key(c->fd, c->key, next), 0);
		assert_memory_equal(next, order, size);
	}
	free(order);
	free(next);
}

static void assert_batch(struct contract *c, const unsigned char *keys, const unsigned char *values,
			 uint32_t count)
{
	uint32_t value_size = c->desc->value->size;

	for (uint32_t i = 0; i < count; i++) {
		int n = contract_number(c, keys + (size_t)i * c->row->attr.key_size, 64);

		assert_stored(c, (uint32_t)n, 1);
		assert_memory_equal(values + (size_t)i * value_size, c->value, value_size);
	}
}

/* One batch after the other, in the order of the walk. Returns how many entries came. */
static uint32_t read_batches(struct contract *c, uint32_t room, const unsigned char *order)
{
	uint32_t key_size = c->row->attr.key_size, done = 0, count;
	unsigned char *keys = calloc(64, key_size), *values = calloc(64, c->desc->value->size);
	unsigned char token[304];
	int err;

	do {
		count = room;
		err = sys_map_lookup_batch(c->fd, done ? token : NULL, token, keys, values, &count,
					   0);
		assert_true(err == 0 || err == -ENOENT || (err == -ENOSPC && count == 0));
		if (err == -ENOSPC)
			room *= 2;
		assert_in_range(count, 0, room);
		assert_memory_equal(keys, order + (size_t)done * key_size, count * key_size);
		assert_batch(c, keys, values, count);
		done += count;
	} while (err != -ENOENT);
	free(keys);
	free(values);
	return done;
}

static void test_batches(void **state)
{
	static const uint32_t rooms[] = {64, 16, 5, 1};
	struct contract *c = *state;
	uint32_t count = contract_fill(c, 16);
	unsigned char *order = calloc(count, c->row->attr.key_size);

	walk(c, count, order);
	for (unsigned int i = 0; i < ARRAY_SIZE(rooms); i++)
		assert_int_equal(read_batches(c, rooms[i], order), count);
	free(order);
}

static void test_batch_edges(void **state)
{
	struct contract *c = *state;
	unsigned char token[304] = {0};
	uint32_t none = 0, room = 1, last = UINT32_MAX;

	assert_int_equal(sys_map_lookup_batch(c->fd, NULL, token, c->key, c->got, &none, 0), 0);
	assert_int_equal(none, 0);
	if (c->row->fixed)
		return;
	assert_int_equal(sys_map_next_key(c->fd, NULL, c->key), -ENOENT);
	assert_int_equal(sys_map_lookup_batch(c->fd, NULL, token, c->key, c->got, &room, 0),
			 -ENOENT);
	assert_int_equal(room, 0);
	if (!c->row->token_is_bucket)
		return;
	contract_fill(c, 1);
	room = 1;
	memcpy(token, &last, sizeof(last));
	assert_int_equal(sys_map_lookup_batch(c->fd, token, token, c->key, c->got, &room, 0),
			 -ENOENT);
	assert_int_equal(room, 0);
}

/* Keys 0 to count - 1 and their values, one behind the other; behind them an impossible key, if
 * there is one. */
struct many {
	unsigned char *keys, *values;
};

static void make_many(struct contract *c, uint32_t count, struct many *m)
{
	uint32_t key_size = c->row->attr.key_size, value_size = c->desc->value->size;

	m->keys = calloc(count + 1, key_size);
	m->values = calloc(count + 1, value_size);
	for (uint32_t n = 0; n < count; n++) {
		contract_value(c, n, 2);
		contract_key(c, n);
		memcpy(m->keys + (size_t)n * key_size, c->key, key_size);
		memcpy(m->values + (size_t)n * value_size, c->value, value_size);
	}
	if (!c->row->put_impossible)
		return;
	contract_impossible_key(c);
	memcpy(m->keys + (size_t)count * key_size, c->key, key_size);
}

static void free_many(struct many *m)
{
	free(m->keys);
	free(m->values);
}

static void assert_all_stored(struct contract *c, uint32_t count)
{
	for (uint32_t n = 0; n < count; n++)
		assert_stored(c, n, 2);
}

static void test_update_batch(void **state)
{
	struct contract *c = *state;
	uint32_t max = c->row->attr.max_entries, count = max < 20 ? max : 20, none = 0;
	struct many m;

	make_many(c, max, &m);
	assert_int_equal(sys_map_update_batch(c->fd, m.keys, m.values, &none, 0), 0);
	assert_int_equal(none, 0);
	contract_fill(c, count / 2);
	assert_int_equal(sys_map_update_batch(c->fd, m.keys, m.values, &count, 0), 0);
	assert_int_equal(count, max < 20 ? max : 20);
	assert_all_stored(c, count);
	assert_int_equal(sys_map_update_batch(c->fd, m.keys, m.values, &count, 0), 0);
	assert_all_stored(c, count);
	assert_int_equal(sys_map_update_batch(c->fd, m.keys, m.values, &count, BPF_F_LOCK),
			 -EINVAL);
	assert_int_equal(count, 0);
	free_many(&m);
}

/* Those before the one that there is no room for are stored. */
static void test_update_batch_full(void **state)
{
	struct contract *c = *state;
	uint32_t max = c->row->attr.max_entries, count = max + 3;
	struct many m;

	make_many(c, max + 3, &m);
	assert_int_equal(sys_map_update_batch(c->fd, m.keys, m.values, &count, 0),
			 c->row->put_full);
	assert_int_equal(count, c->row->put_full ? max : max + 3);
	if (c->row->put_full)
		assert_all_stored(c, max);
	free_many(&m);
}

/* And those before a key that the map can never hold; the first one may be that. */
static void test_update_batch_impossible(void **state)
{
	struct contract *c = *state;
	uint32_t max = c->row->attr.max_entries, before = max < 5 ? max : 5, count = before + 1;
	uint32_t one = 1;
	struct many m;

	make_many(c, before, &m);
	if (c->row->put_impossible) {
		assert_int_equal(sys_map_update_batch(c->fd, m.keys, m.values, &count, 0),
				 c->row->put_impossible);
		assert_int_equal(count, before);
		assert_all_stored(c, before);
		contract_impossible_key(c);
		assert_int_equal(sys_map_update_batch(c->fd, c->key, m.values, &one, 0),
				 c->row->put_impossible);
		assert_int_equal(one, 0);
	}
	free_many(&m);
}

static void test_update_batch_read_only(void **state)
{
	struct contract *c = *state;
	int fd = sys_map_open_id(c->desc->info.id, BPF_F_RDONLY);
	uint32_t count = 1;
	struct many m;

	make_many(c, 1, &m);
	assert_int_equal(sys_map_update_batch(fd, m.keys, m.values, &count, 0), -EPERM);
	assert_int_equal(count, 0);
	sys_close(fd);
	assert_int_equal(sys_map_freeze(c->fd), 0);
	count = 1;
	assert_int_equal(sys_map_update_batch(c->fd, m.keys, m.values, &count, 0), -EPERM);
	assert_int_equal(count, 0);
	free_many(&m);
}

/* Of a type whose elements are none of a key and a value. */
static void test_no_update_batch(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK};
	unsigned char values[16] = {0};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		int fd = make_map(types[i], 0, 4, 4, "contract");
		uint32_t count = 2;

		assert_int_equal(sys_map_update_batch(fd, values, values, &count, 0), -EOPNOTSUPP);
		assert_int_equal(count, 0);
		sys_close(fd);
	}
}

/* Types whose token is a key start over when that key has gone; the others go on. */
static void test_token_outlives_its_key(void **state)
{
	struct contract *c = *state;
	uint32_t size = c->row->attr.key_size, room = 8, rest = 64;
	unsigned char *keys = calloc(64, size), *values = calloc(64, c->desc->value->size);
	unsigned char token[304] = {0};

	if (!c->row->fixed) {
		contract_fill(c, 16);
		assert_int_equal(sys_map_lookup_batch(c->fd, NULL, token, keys, values, &room, 0),
				 0);
		assert_in_range(room, 1, 8);
		assert_int_equal(sys_map_delete(c->fd, keys + (room - 1) * size), 0);
		assert_int_equal(sys_map_lookup_batch(c->fd, token, token, keys, values, &rest, 0),
				 -ENOENT);
		assert_int_equal(rest, c->row->token_is_bucket ? 16 - room : 15);
	}
	free(keys);
	free(values);
}

static void assert_scanned(struct contract *c, uint32_t count)
{
	struct map map = {.desc = c->desc, .fd = c->fd};
	const void *key, *value;
	uint32_t found = 0;
	uint64_t pos = 0;
	struct scan *s;

	assert_int_equal(scan_new(c->desc, &s), 0);
	for (; scan_at(s, &map, &pos, &key, &value) == 1; pos++, found++) {
		int n = contract_number(c, key, count);

		assert_true(n >= 0);
		assert_stored(c, (uint32_t)n, 1);
		assert_memory_equal(value, c->got, c->desc->value->size);
	}
	assert_int_equal(found, count);
	scan_free(s);
}

static void test_scan(void **state)
{
	struct contract *c = *state;

	assert_scanned(c, contract_fill(c, 16));
}

/* All that writes is refused through fd, all that reads is not. */
static void assert_read_only(struct contract *c, int fd, uint32_t count)
{
	int writable = c->fd;

	c->fd = fd;
	assert_int_equal(contract_put(c, 0, 2, BPF_ANY), -EPERM);
	assert_int_equal(contract_put(c, 0, 2, 3), -EPERM);
	assert_int_equal(sys_map_delete(fd, c->key), -EPERM);
	assert_int_equal(sys_map_freeze(fd), -EPERM);
	assert_int_equal(sys_map_next_key(fd, NULL, c->key), 0);
	assert_scanned(c, count);
	c->fd = writable;
}

static void test_read_only(void **state)
{
	struct contract *c = *state;
	int fd = sys_map_open_id(c->desc->info.id, BPF_F_RDONLY);

	assert_read_only(c, fd, contract_fill(c, 16));
	sys_close(fd);
}

static void test_write_only(void **state)
{
	struct contract *c = *state;
	int fd = sys_map_open_id(c->desc->info.id, BPF_F_WRONLY), both = c->fd;
	unsigned char token[304];
	uint32_t room = 64;

	c->fd = fd;
	contract_fill(c, 3);
	assert_int_equal(sys_map_lookup(fd, c->key, c->got, 0), -EPERM);
	assert_int_equal(sys_map_next_key(fd, NULL, c->key), -EPERM);
	assert_int_equal(sys_map_lookup_batch(fd, NULL, token, c->key, c->got, &room, 0), -EPERM);
	c->fd = both;
	assert_stored(c, 0, 1);
	sys_close(fd);
}

static void test_frozen(void **state)
{
	struct contract *c = *state;
	uint32_t count = contract_fill(c, 16);
	struct sys_fdinfo fdinfo;
	int fd;

	assert_int_equal(sys_map_fdinfo(c->fd, &fdinfo), 0);
	assert_false(fdinfo.frozen);
	assert_int_equal(sys_map_freeze(c->fd), 0);
	assert_int_equal(sys_map_fdinfo(c->fd, &fdinfo), 0);
	assert_true(fdinfo.frozen);
	assert_true(fdinfo.memlock > 0);
	assert_read_only(c, c->fd, count);
	fd = sys_map_open_id(c->desc->info.id, 0);
	assert_true(fd >= 0);
	assert_read_only(c, fd, count);
	sys_close(fd);
}

static const struct CMUnitTest element_tests[] = {
	cmocka_unit_test(test_create),
	cmocka_unit_test(test_goes_with_last_descriptor),
	cmocka_unit_test(test_open_flags),
	cmocka_unit_test(test_put_absent),
	cmocka_unit_test(test_put_present),
	cmocka_unit_test(test_bad_flags),
	cmocka_unit_test(test_delete),
	cmocka_unit_test(test_impossible_key),
	cmocka_unit_test(test_full),
	cmocka_unit_test(test_next_key),
	cmocka_unit_test(test_batches),
	cmocka_unit_test(test_batch_edges),
	cmocka_unit_test(test_update_batch),
	cmocka_unit_test(test_update_batch_full),
	cmocka_unit_test(test_update_batch_impossible),
	cmocka_unit_test(test_update_batch_read_only),
	cmocka_unit_test(test_token_outlives_its_key),
	cmocka_unit_test(test_scan),
	cmocka_unit_test(test_read_only),
	cmocka_unit_test(test_write_only),
	cmocka_unit_test(test_frozen),
	cmocka_unit_test(contract_exact_prefixes),
	cmocka_unit_test(contract_host_bits),
};

/* Elements whose bytes are the same for the kernel and the tree. */
static bool is_plain(const struct elements *e)
{
	return e && !e->key && !e->value && e->batches;
}

/* Each type whose elements the library handles as plain bytes has a row here. */
static void test_all_types(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 64; type++) {
		bool found = false;

		for (unsigned int i = 0; i < contract_rows_count; i++)
			found |= contract_rows[i].attr.type == type;
		if (is_plain(maptype_find(type)->elements) && !found)
			fail_msg("no row for %s", maptype_find(type)->name);
	}
}

static int run_rows(void)
{
	static struct CMUnitTest tests[ARRAY_SIZE(element_tests)];
	static char names[ARRAY_SIZE(element_tests)][80];
	int failed = 0;

	for (unsigned int r = 0; r < contract_rows_count; r++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
			snprintf(names[i], sizeof(names[i]), "%s: %s", contract_rows[r].name,
				 element_tests[i].name);
			tests[i] = element_tests[i];
			tests[i].name = names[i];
			tests[i].setup_func = contract_setup;
			tests[i].teardown_func = contract_teardown;
			tests[i].initial_state = (void *)&contract_rows[r];
		}
		failed += _cmocka_run_group_tests(contract_rows[r].name, tests, ARRAY_SIZE(tests),
						  NULL, NULL);
	}
	return failed;
}

int main(void)
{
	const struct CMUnitTest all_types[] = {cmocka_unit_test(test_all_types),
					       cmocka_unit_test(test_no_update_batch)};
	int failed;

	random_start();
#ifndef REAL_KERNEL
	fake_reset();
#endif
	failed = cmocka_run_group_tests(all_types, NULL, NULL) + run_rows();
	failed += _cmocka_run_group_tests("ends", contract_end_tests, contract_end_tests_count,
					  NULL, NULL);
	failed += _cmocka_run_group_tests("pins", contract_pin_tests, contract_pin_tests_count,
					  NULL, contract_pins_teardown);
#ifndef REAL_KERNEL
	fake_reset();
	if (fake_live_maps())
		failed++;
#endif
	return failed;
}
