/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A scan keeps 256 KiB at a time, so values of 64 KiB make batches of 3 entries
 * and few buckets make buckets that need more room.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/scan.h"
#include "lib/sys.h"
#include "tests/unit/fake_sys.h"

enum { KEYS_MAX = 1000 };

static const struct shape {
	const char *name;
	uint32_t type, key_size, value_size, count, max_entries, buckets;
} shapes[] = {
	{"hash in one batch", BPF_MAP_TYPE_HASH, 4, 8, 900, 1000, 0},
	{"hash in many batches", BPF_MAP_TYPE_HASH, 4, 65536, 40, 64, 0},
	{"hash full", BPF_MAP_TYPE_HASH, 4, 65536, 64, 64, 0},
	{"hash with long buckets", BPF_MAP_TYPE_HASH, 4, 65536, 40, 64, 4},
	{"hash in one bucket", BPF_MAP_TYPE_HASH, 4, 262144, 11, 64, 1},
	{"hash with values beyond a batch", BPF_MAP_TYPE_HASH, 4, 500000, 11, 64, 0},
	{"hash with keys of 1 byte", BPF_MAP_TYPE_HASH, 1, 65536, 40, 64, 0},
	{"hash with keys of 30 bytes", BPF_MAP_TYPE_HASH, 30, 65536, 40, 64, 0},
	{"hash with one entry", BPF_MAP_TYPE_HASH, 4, 65536, 1, 64, 0},
	{"hash without entries", BPF_MAP_TYPE_HASH, 4, 65536, 0, 64, 0},
	{"percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 32768, 40, 64, 0},
	{"lru_hash", BPF_MAP_TYPE_LRU_HASH, 4, 65536, 40, 64, 0},
	{"lru_percpu_hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 32768, 40, 64, 0},
	{"array, batches fit", BPF_MAP_TYPE_ARRAY, 4, 65536, 9, 9, 0},
	{"array, batches do not fit", BPF_MAP_TYPE_ARRAY, 4, 65536, 10, 10, 0},
	{"array of one", BPF_MAP_TYPE_ARRAY, 4, 8, 1, 1, 0},
	{"percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 32768, 10, 10, 0},
	{"lpm_trie in one batch", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 40, 64, 0},
	{"lpm_trie in many batches", BPF_MAP_TYPE_LPM_TRIE, 8, 65536, 40, 64, 0},
	{"lpm_trie, batches fit", BPF_MAP_TYPE_LPM_TRIE, 8, 65536, 9, 64, 0},
	{"lpm_trie without entries", BPF_MAP_TYPE_LPM_TRIE, 8, 65536, 0, 64, 0},
};

struct fixture {
	const struct shape *shape;
	struct map map;
	struct scan *scan;
	unsigned char *value;
};

/* Key n; of LPM keys every other one covers the one before it. */
static void make_key(const struct shape *shape, uint32_t n, unsigned char *key)
{
	memset(key, 0, shape->key_size);
	if (shape->type == BPF_MAP_TYPE_LPM_TRIE) {
		key[0] = n % 2 ? 16 : 32;
		key[5] = (unsigned char)(n / 2);
	} else {
		memcpy(key, &n, shape->key_size < 4 ? shape->key_size : 4);
	}
}

static uint32_t key_number(const struct shape *shape, const unsigned char *key)
{
	uint32_t n = 0;

	if (shape->type == BPF_MAP_TYPE_LPM_TRIE)
		return key[5] * 2 + (key[0] == 16);
	memcpy(&n, key, shape->key_size < 4 ? shape->key_size : 4);
	return n;
}

static int put(struct fixture *f, uint32_t n)
{
	unsigned char key[32];

	make_key(f->shape, n, key);
	memcpy(f->value, &n, sizeof(n));
	return sys_map_update(f->map.fd, key, f->value, BPF_ANY);
}

static int drop(struct fixture *f, uint32_t n)
{
	unsigned char key[32];

	make_key(f->shape, n, key);
	return sys_map_delete(f->map.fd, key);
}

static void open_shape(struct fixture *f, const struct shape *shape)
{
	fake_reset();
	fake_set_buckets(shape->buckets);
	f->shape = shape;
	f->map.fd = make_map(shape->type, shape->key_size, shape->value_size, shape->max_entries,
			     "scanned");
	f->map.desc = describe_map(f->map.fd);
	f->value = calloc(1, f->map.desc->value->size);
	for (uint32_t n = 0; n < shape->count; n++)
		assert_int_equal(put(f, n), 0);
	assert_int_equal(scan_new(f->map.desc, &f->scan), 0);
}

static void close_shape(struct fixture *f)
{
	scan_free(f->scan);
	map_desc_unref(f->map.desc);
	free(f->value);
	fake_reset();
	assert_int_equal(fake_live_maps(), 0);
}

/* Counts how often each key is listed; checks that key and value belong together. */
static uint32_t list_all(struct fixture *f, unsigned int *times)
{
	const void *key, *value;
	uint32_t total = 0;
	uint64_t pos = 0;
	int more;

	for (; (more = scan_at(f->scan, &f->map, &pos, &key, &value)) == 1; pos++, total++) {
		uint32_t n = key_number(f->shape, key);

		assert_in_range(n, 0, KEYS_MAX - 1);
		assert_memory_equal(value, &n, sizeof(n));
		times[n]++;
		assert_true(total < 10 * KEYS_MAX);
	}
	assert_int_equal(more, 0);
	return total;
}

static void assert_each_once(struct fixture *f)
{
	unsigned int times[KEYS_MAX] = {0};

	list_all(f, times);
	for (uint32_t n = 0; n < KEYS_MAX; n++)
		if (times[n] != (n < f->shape->count))
			fail_msg("%s: key %u is listed %u times", f->shape->name, n, times[n]);
}

static void test_each_once(void **state)
{
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		open_shape(&f, &shapes[i]);
		assert_each_once(&f);
		close_shape(&f);
	}
}

/* rewinddir(3): the same scan from its start, after it has grown what it needs. */
static void test_listed_again(void **state)
{
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		open_shape(&f, &shapes[i]);
		assert_each_once(&f);
		assert_each_once(&f);
		close_shape(&f);
	}
}

/* Kernels without batches for a type say EOPNOTSUPP, those that know none EINVAL. */
static void test_without_batches(void **state)
{
	static const int errors[] = {-EOPNOTSUPP, -EINVAL};
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(shapes); i++) {
		open_shape(&f, &shapes[i / 2]);
		fake_fail_always(FAKE_MAP_LOOKUP_BATCH, errors[i % 2]);
		assert_each_once(&f);
		assert_int_equal(fake_calls(FAKE_MAP_LOOKUP_BATCH), 1);
		close_shape(&f);
	}
}

struct place {
	uint64_t pos;
	uint32_t n;
};

/* All positions in order; then again in any order, the map being as it was. */
static void test_positions(void **state)
{
	struct place places[KEYS_MAX];
	const void *key, *value;
	uint32_t count;
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		uint64_t pos = 0;

		open_shape(&f, &shapes[i]);
		for (count = 0; scan_at(f.scan, &f.map, &pos, &key, &value) == 1; pos++, count++)
			places[count] = (struct place){pos, key_number(f.shape, key)};
		for (uint32_t step = 0; count && step < 100; step++) {
			const struct place *p = &places[random_below(count)];

			pos = p->pos;
			assert_int_equal(scan_at(f.scan, &f.map, &pos, &key, &value), 1);
			assert_int_equal(pos, p->pos);
			assert_int_equal(key_number(f.shape, key), p->n);
		}
		close_shape(&f);
	}
}

/* A fresh scan can be asked for any position that an earlier one gave. */
static void test_start_anywhere(void **state)
{
	const void *key, *value;
	struct place last = {0, 0};
	uint64_t pos = 0;
	struct fixture f;

	(void)state;
	open_shape(&f, &shapes[1]);
	for (; scan_at(f.scan, &f.map, &pos, &key, &value) == 1; pos++)
		last = (struct place){pos, key_number(f.shape, key)};
	assert_true((last.pos >> 24) > 5);
	scan_free(f.scan);
	assert_int_equal(scan_new(f.map.desc, &f.scan), 0);
	pos = last.pos;
	assert_int_equal(scan_at(f.scan, &f.map, &pos, &key, &value), 1);
	assert_int_equal(pos, last.pos);
	assert_int_equal(key_number(f.shape, key), last.n);
	pos = last.pos + 1;
	assert_int_equal(scan_at(f.scan, &f.map, &pos, &key, &value), 0);
	pos = UINT64_MAX - 1;
	assert_int_equal(scan_at(f.scan, &f.map, &pos, &key, &value), 0);
	pos = 0;
	assert_int_equal(scan_at(f.scan, &f.map, &pos, &key, &value), 1);
	close_shape(&f);
}

/* What was read stays as it was read until another batch is asked for. */
static void test_batch_at_hand(void **state)
{
	unsigned int times[KEYS_MAX] = {0};
	const void *key, *value;
	struct fixture f;
	uint64_t pos = 0;

	(void)state;
	open_shape(&f, &shapes[0]);
	assert_int_equal(scan_at(f.scan, &f.map, &pos, &key, &value), 1);
	for (uint32_t n = 0; n < f.shape->count; n++)
		assert_int_equal(drop(&f, n), 0);
	assert_int_equal(list_all(&f, times), f.shape->count);
	assert_int_equal(fake_calls(FAKE_MAP_LOOKUP_BATCH), 1);
	close_shape(&f);
}

/* It says yes exactly where scan_at() then asks the kernel. */
static void test_would_move(void **state)
{
	const void *key, *value;
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		unsigned int calls = 0;
		uint64_t pos = 0;
		bool moves = true;
		int more;

		open_shape(&f, &shapes[i]);
		assert_false(scan_would_move(f.scan, pos));
		do {
			more = scan_at(f.scan, &f.map, &pos, &key, &value);
			assert_int_equal(fake_calls(FAKE_MAP_LOOKUP_BATCH) > calls, moves);
			calls = fake_calls(FAKE_MAP_LOOKUP_BATCH);
			moves = scan_would_move(f.scan, ++pos);
		} while (more == 1);
		close_shape(&f);
	}
}

/* Between two batches odd keys come and go; even ones stay. */
static void churn(void *arg)
{
	struct fixture *f = arg;

	for (int i = 0; i < 10; i++) {
		uint32_t n = random_below(f->shape->count / 2) * 2 + 1;

		if (random_below(2))
			put(f, n);
		else
			drop(f, n);
	}
}

/* All odd keys go at once, the one a token stands on among them. */
static void drop_odd(void *arg)
{
	struct fixture *f = arg;

	for (uint32_t n = 1; n < f->shape->count; n += 2)
		drop(f, n);
}

/* Even keys are rewritten, which moves them to the head of their bucket. */
static void rewrite(void *arg)
{
	struct fixture *f = arg;

	for (uint32_t n = 0; n < f->shape->count; n += 2)
		put(f, n);
}

static const struct {
	const char *name;
	void (*hook)(void *arg);
} changes[] = {{"churn", churn}, {"drop", drop_odd}, {"rewrite", rewrite}};

static void assert_stable_once(const struct shape *shape, unsigned int change)
{
	unsigned int times[KEYS_MAX] = {0};
	struct fixture f;

	open_shape(&f, shape);
	fake_hook(FAKE_MAP_LOOKUP_BATCH, changes[change].hook, &f);
	list_all(&f, times);
	for (uint32_t n = 0; n < shape->count; n += 2)
		if (times[n] != 1)
			fail_msg("%s, %s: key %u is listed %u times", shape->name,
				 changes[change].name, n, times[n]);
	for (uint32_t n = 1; n < shape->count; n += 2)
		if (times[n] > 1 && change != 0)
			fail_msg("%s, %s: key %u is listed %u times", shape->name,
				 changes[change].name, n, times[n]);
	close_shape(&f);
}

static void assert_stable(bool prefixes)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		if ((shapes[i].type == BPF_MAP_TYPE_LPM_TRIE) != prefixes || shapes[i].count < 9 ||
		    maptype_find(shapes[i].type)->elements->fixed)
			continue;
		for (unsigned int round = 0; round < 10 * ARRAY_SIZE(changes); round++)
			assert_stable_once(&shapes[i], round % ARRAY_SIZE(changes));
	}
}

static void test_stable_keys_of_hashes(void **state)
{
	(void)state;
	assert_stable(false);
}

static void test_stable_keys_of_tries(void **state)
{
	(void)state;
	assert_stable(true);
}

/* Key gone is deleted by a hook; it may be listed, or not, every other one is once. */
static void assert_without(struct fixture *f, uint32_t gone, unsigned int listed)
{
	unsigned int times[KEYS_MAX] = {0};

	list_all(f, times);
	for (uint32_t n = 0; n < f->shape->count; n++)
		if (times[n] != (n == gone ? listed : 1))
			fail_msg("key %u is listed %u times", n, times[n]);
	close_shape(f);
}

/* The key that the token stands on goes, nothing else: the kernel starts over. */
static void test_token_of_trie_goes(void **state)
{
	static const struct shape trie = {"trie", BPF_MAP_TYPE_LPM_TRIE, 8, 65536, 40, 64, 0};
	const void *key, *value;
	struct fixture f;
	uint64_t pos = 2;

	(void)state;
	open_shape(&f, &trie);
	assert_int_equal(scan_at(f.scan, &f.map, &pos, &key, &value), 1);
	assert_int_equal(pos, 2);
	assert_true(scan_would_move(f.scan, 3));
	assert_int_equal(sys_map_delete(f.map.fd, key), 0);
	assert_without(&f, trie.count, 0);
}

/* The token's key goes far behind the start: what the kernel repeats fills many batches. */
static void drop_sixth_token(void *arg)
{
	if (fake_calls(FAKE_MAP_LOOKUP_BATCH) == 7)
		drop(arg, 17);
}

static void test_late_token_of_trie_goes(void **state)
{
	static const struct shape trie = {"trie", BPF_MAP_TYPE_LPM_TRIE, 8, 65536, 40, 64, 0};
	struct fixture f;

	(void)state;
	open_shape(&f, &trie);
	fake_hook(FAKE_MAP_LOOKUP_BATCH, drop_sixth_token, &f);
	assert_without(&f, 17, 1);
}

/* The cursor's key goes in the middle of a batch that is read key by key. */
static void drop_cursor(void *arg)
{
	if (fake_calls(FAKE_MAP_LOOKUP) == 7)
		drop(arg, 6);
}

static void test_cursor_of_trie_goes(void **state)
{
	static const struct shape trie = {"trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 40, 64, 0};
	struct fixture f;

	(void)state;
	open_shape(&f, &trie);
	fake_fail_always(FAKE_MAP_LOOKUP_BATCH, -EOPNOTSUPP);
	fake_hook(FAKE_MAP_LOOKUP, drop_cursor, &f);
	assert_without(&f, 6, 0);
}

/* The cursor of a map whose keys have no order goes, so the kernel starts over, or says that
 * nothing follows. The cursor is the tenth key. */
struct cursor {
	struct fixture f;
	unsigned int call; /* the one that has it */
	uint32_t n;
};

static void drop_the_cursor(void *arg)
{
	struct cursor *c = arg;

	if (fake_calls(FAKE_MAP_NEXT_KEY) == c->call)
		drop(&c->f, c->n);
}

static void assert_cursor_goes(bool ends)
{
	static const struct shape hash = {"hash", BPF_MAP_TYPE_HASH, 4, 8, 40, 64, 0};
	unsigned char key[4], next[4];
	struct cursor c = {.call = 0};

	open_shape(&c.f, &hash);
	fake_fail_always(FAKE_MAP_LOOKUP_BATCH, -EOPNOTSUPP);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(sys_map_next_key(c.f.map.fd, i ? key : NULL, next), 0);
		memcpy(key, next, sizeof(key));
	}
	c.n = key_number(&hash, key);
	c.call = fake_calls(FAKE_MAP_NEXT_KEY) + 11;
	fake_hook(FAKE_MAP_NEXT_KEY, drop_the_cursor, &c);
	if (ends)
		fake_fail(FAKE_MAP_NEXT_KEY, 10, -ENOENT);
	assert_without(&c.f, c.n, 0);
}

static void test_cursor_goes(void **state)
{
	(void)state;
	assert_cursor_goes(false);
	assert_cursor_goes(true);
}

/* Whose every pass ends at a key that has gone, is not told to be complete. */
static void test_cursor_goes_always(void **state)
{
	static const struct shape hash = {"hash", BPF_MAP_TYPE_HASH, 4, 8, 1, 64, 0};
	const void *key, *value;
	uint64_t pos = 0;
	struct fixture f;

	(void)state;
	open_shape(&f, &hash);
	fake_fail_always(FAKE_MAP_LOOKUP_BATCH, -EOPNOTSUPP);
	fake_fail_always(FAKE_MAP_LOOKUP, -ENOENT);
	assert_int_equal(scan_at(f.scan, &f.map, &pos, &key, &value), -EBUSY);
	fake_fail_always(FAKE_MAP_LOOKUP, 0);
	assert_int_equal(scan_at(f.scan, &f.map, &pos, &key, &value), 1);
	close_shape(&f);
}

/* A key that goes between being found and being read is left out. */
static void drop_seven(void *arg)
{
	drop(arg, 7);
}

static void test_key_goes_before_it_is_read(void **state)
{
	struct fixture f;

	(void)state;
	open_shape(&f, &shapes[1]);
	fake_fail_always(FAKE_MAP_LOOKUP_BATCH, -EOPNOTSUPP);
	fake_hook(FAKE_MAP_LOOKUP, drop_seven, &f);
	assert_without(&f, 7, 0);
}

/* Only the very first call can tell that there are no batches; later it is an error. */
static void test_errors(void **state)
{
	static const struct {
		unsigned int after;
		int err;
	} cases[] = {{0, -EPERM}, {3, -EPERM},      {0, -ENOMEM},     {3, -ENOMEM},
		     {0, -EINTR}, {3, -EOPNOTSUPP}, {1, -EOPNOTSUPP}, {1, -EINVAL}};
	const void *key, *value;
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t pos = 0;
		int more;

		open_shape(&f, &shapes[1]);
		fake_fail(FAKE_MAP_LOOKUP_BATCH, cases[i].after, cases[i].err);
		while ((more = scan_at(f.scan, &f.map, &pos, &key, &value)) == 1)
			pos++;
		assert_int_equal(more, cases[i].err);
		assert_each_once(&f);
		close_shape(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_listed_again),
		cmocka_unit_test(test_without_batches),
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_start_anywhere),
		cmocka_unit_test(test_batch_at_hand),
		cmocka_unit_test(test_would_move),
		cmocka_unit_test(test_stable_keys_of_hashes),
		cmocka_unit_test(test_stable_keys_of_tries),
		cmocka_unit_test(test_token_of_trie_goes),
		cmocka_unit_test(test_late_token_of_trie_goes),
		cmocka_unit_test(test_cursor_of_trie_goes),
		cmocka_unit_test(test_cursor_goes),
		cmocka_unit_test(test_cursor_goes_always),
		cmocka_unit_test(test_key_goes_before_it_is_read),
		cmocka_unit_test(test_errors),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
