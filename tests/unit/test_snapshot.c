/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Copies of maps: when they are taken, that there is one for all, and how many bytes. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "lib/scan.h"
#include "lib/snapshot.h"
#include "tests/unit/fake_sys.h"

enum { PLENTY = 1 << 20 };

struct state {
	struct snapshot *snapshot;
	uint32_t refused; /* the map that was told of last */
	unsigned int times;
	char why[256];
};

static void hear(void *arg, uint32_t map_id, const struct diag *d)
{
	struct state *s = arg;

	s->refused = map_id;
	s->times++;
	assert_int_equal(d->err, ENOMEM);
	strncpy(s->why, d->why, sizeof(s->why) - 1);
}

static int start(struct state *s, uint64_t max_bytes)
{
	memset(s, 0, sizeof(*s));
	if (snapshot_new(max_bytes, &s->snapshot))
		return -1;
	snapshot_on_refusal(s->snapshot, hear, s);
	return 0;
}

static int setup(void **state)
{
	static struct state s;

	fake_reset();
	*state = &s;
	return start(&s, PLENTY);
}

static int teardown(void **state)
{
	struct state *s = *state;

	snapshot_free(s->snapshot);
	assert_int_equal(fake_open_fds(), 0);
	fake_reset();
	return 0;
}

static struct map_desc *desc_of_copy(struct state *s, int fd)
{
	struct map_desc *desc = describe_map(fd);

	assert_int_equal(snapshot_desc(s->snapshot, &desc), 0);
	return desc;
}

/* -ENOENT, or the value. */
static int64_t look(struct map_desc *desc, uint32_t key)
{
	uint64_t value = 0;
	struct map map;
	int err = map_open(&map, desc, BPF_F_RDONLY);

	if (!err)
		err = map_get(&map, &key, &value);
	map_close(&map);
	return err ? err : (int64_t)value;
}

static void store(int fd, uint32_t key, uint64_t value)
{
	assert_int_equal(sys_map_update(fd, &key, &value, BPF_ANY), 0);
}

static uint32_t count(struct map_desc *desc)
{
	const void *key, *value;
	struct scan *scan;
	struct map map;
	uint32_t n = 0;

	assert_int_equal(scan_new(desc, &scan), 0);
	assert_int_equal(map_open(&map, desc, BPF_F_RDONLY), 0);
	for (uint64_t pos = 0; scan_at(scan, &map, &pos, &key, &value) == 1; pos++)
		n++;
	map_close(&map);
	scan_free(scan);
	return n;
}

static void test_taken_at_the_first_opening(void **state)
{
	int fd = make_map(BPF_MAP_TYPE_HASH, 4, 8, 16, "h");
	struct map_desc *desc = desc_of_copy(*state, fd);
	struct timespec when = {0, 0};
	uint32_t key = 1;

	store(fd, 1, 10);
	assert_false(snapshot_has(desc, &when));
	assert_int_equal(when.tv_sec, 0);
	store(fd, 1, 11);
	assert_int_equal(look(desc, 1), 11);
	assert_true(snapshot_has(desc, &when));
	assert_true(when.tv_sec > 0);
	store(fd, 1, 12);
	store(fd, 2, 20);
	assert_int_equal(look(desc, 1), 11);
	assert_int_equal(look(desc, 2), -ENOENT);
	assert_int_equal(sys_map_delete(fd, &key), 0);
	sys_close(fd);
	assert_int_equal(fake_live_maps(), 0);
	assert_int_equal(look(desc, 1), 11);
	assert_int_equal(count(desc), 1);
	map_desc_unref(desc);
}

/* Descs that two threads made at once. */
static void test_one_copy_for_all(void **state)
{
	int fd = make_map(BPF_MAP_TYPE_HASH, 4, 8, 16, "h");
	struct map_desc *one = desc_of_copy(*state, fd), *other = desc_of_copy(*state, fd);

	store(fd, 1, 10);
	assert_int_equal(look(one, 1), 10);
	store(fd, 1, 11);
	assert_int_equal(look(other, 1), 10);
	map_desc_unref(one);
	assert_int_equal(look(other, 1), 10);
	map_desc_unref(other);
	one = desc_of_copy(*state, fd);
	assert_int_equal(look(one, 1), 10);
	map_desc_unref(one);
	sys_close(fd);
}

static void test_a_map_that_went_before(void **state)
{
	int fd = make_map(BPF_MAP_TYPE_HASH, 4, 8, 16, "h");
	struct map_desc *desc = desc_of_copy(*state, fd);

	sys_close(fd);
	assert_int_equal(look(desc, 1), -ESTALE);
	assert_int_equal(look(desc, 1), -ESTALE);
	assert_false(snapshot_has(desc, NULL));
	map_desc_unref(desc);
}

/* A copy is whole, or there is none; the next to look tries again. */
static void test_a_reading_that_fails(void **state)
{
	int fd = make_map(BPF_MAP_TYPE_HASH, 4, 8, 16, "h");
	struct map_desc *desc = desc_of_copy(*state, fd);
	struct state *s = *state;

	fill_map(fd, 0, 8);
	fake_fail(FAKE_MAP_LOOKUP_BATCH, 0, -EINTR);
	assert_int_equal(look(desc, 1), -EINTR);
	assert_true(fake_failed());
	assert_false(snapshot_has(desc, NULL));
	assert_int_equal(count(desc), 8);
	assert_int_equal(s->times, 0);
	map_desc_unref(desc);
	sys_close(fd);
}

static void test_nothing_is_stored(void **state)
{
	int fd = make_map(BPF_MAP_TYPE_HASH, 4, 8, 16, "h");
	struct map_desc *desc = desc_of_copy(*state, fd), *typed;
	struct diag d = {.err = 0};
	uint64_t value = 99;
	uint32_t key = 1;
	struct map map;

	store(fd, 1, 10);
	assert_int_equal(map_open(&map, desc, 0), 0);
	assert_int_equal(map_put(&map, &key, &value, BPF_ANY, &d), -EROFS);
	assert_int_equal(map_delete(&map, &key, &d), -EROFS);
	assert_false(map_is_frozen(&map));
	map_close(&map);
	assert_int_equal(map_desc_retype(desc, NULL, &typed, &d), -EROFS);
	assert_int_equal(look(desc, 1), 10);
	map_desc_unref(desc);
	sys_close(fd);
}

/* Each map of these types has 8 elements of 8 bytes (a value of 16, per CPU). */
static void test_types(void **state)
{
	static const uint32_t types[] = {
		BPF_MAP_TYPE_HASH,     BPF_MAP_TYPE_LRU_HASH,     BPF_MAP_TYPE_PERCPU_HASH,
		BPF_MAP_TYPE_ARRAY,    BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_LRU_PERCPU_HASH,
		BPF_MAP_TYPE_LPM_TRIE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		bool prefixes = types[i] == BPF_MAP_TYPE_LPM_TRIE;
		int fd = make_map(types[i], prefixes ? 8 : 4, 8, 8, "m");
		struct map_desc *desc = desc_of_copy(*state, fd);

		for (uint32_t key = 0; key < 8; key++) {
			const uint32_t words[2] = {key, 0};
			const uint64_t value[2] = {key + 1, key + 2};

			assert_int_equal(sys_map_update(fd, words, value, BPF_ANY), 0);
		}
		assert_int_equal(count(desc), 8);
		sys_close(fd);
		assert_int_equal(count(desc), 8);
		map_desc_unref(desc);
	}
}

/* What cannot be listed is read as it is. */
static void test_what_has_no_copy(void **state)
{
	int fd = make_map(BPF_MAP_TYPE_QUEUE, 0, 8, 16, "q");
	struct map_desc *plain = describe_map(fd), *desc = plain;
	struct state *s = *state;

	assert_int_equal(snapshot_desc(s->snapshot, &desc), 0);
	assert_ptr_equal(desc, plain);
	assert_null(desc->copier);
	assert_true(snapshot_has(desc, NULL));
	map_desc_unref(desc);
	sys_close(fd);
}

/* Maps of 100 elements of 12 bytes, and room for one and a half of them. */
static void test_limit(void **state)
{
	struct state *s = *state;
	struct map_desc *descs[2];
	int fds[2];

	snapshot_free(s->snapshot);
	assert_int_equal(start(s, 2000), 0);
	for (int i = 0; i < 2; i++) {
		fds[i] = make_map(BPF_MAP_TYPE_HASH, 4, 8, 100, "h");
		fill_map(fds[i], 0, 100);
		descs[i] = desc_of_copy(s, fds[i]);
	}
	assert_int_equal(look(descs[0], 1), 1);
	assert_int_equal(s->times, 0);
	assert_int_equal(look(descs[1], 1), -ENOMEM);
	assert_int_equal(s->refused, map_id(fds[1]));
	assert_non_null(strstr(s->why, "2000 bytes"));
	for (uint32_t key = 0; key < 99; key++)
		assert_int_equal(sys_map_delete(fds[1], &key), 0);
	assert_int_equal(look(descs[1], 99), -ENOMEM); /* it stays refused, and is told once */
	assert_int_equal(s->times, 1);
	for (int i = 0; i < 2; i++) {
		map_desc_unref(descs[i]);
		sys_close(fds[i]);
	}
	fds[0] = make_map(BPF_MAP_TYPE_HASH, 4, 8, 8, "small");
	fill_map(fds[0], 0, 8);
	descs[0] = desc_of_copy(s, fds[0]); /* what the refused one had taken is free again */
	assert_int_equal(count(descs[0]), 8);
	map_desc_unref(descs[0]);
	sys_close(fds[0]);
}

/* Whoever looks while the copy is being taken waits for it. */
struct race {
	struct map_desc *desc;
	int fd;
	pthread_barrier_t begin;
	unsigned int seen[8];
};

struct looker {
	struct race *race;
	int number;
};

static void *look_on(void *arg)
{
	struct looker *l = arg;

	pthread_barrier_wait(&l->race->begin);
	l->race->seen[l->number] = (unsigned int)look(l->race->desc, 1);
	return NULL;
}

/* Each reading of the map finds another value. */
static void change(void *arg)
{
	static uint64_t value = 100;

	store(((struct race *)arg)->fd, 1, value++);
}

static void test_many_lookers(void **state)
{
	struct race race = {.fd = make_map(BPF_MAP_TYPE_HASH, 4, 8, 16, "h")};
	struct looker lookers[ARRAY_SIZE(race.seen)];
	pthread_t threads[ARRAY_SIZE(race.seen)];

	race.desc = desc_of_copy(*state, race.fd);
	store(race.fd, 1, 1);
	pthread_barrier_init(&race.begin, NULL, ARRAY_SIZE(race.seen));
	fake_hook(FAKE_MAP_LOOKUP_BATCH, change, &race);
	for (int i = 0; i < (int)ARRAY_SIZE(lookers); i++) {
		lookers[i] = (struct looker){&race, i};
		assert_int_equal(pthread_create(&threads[i], NULL, look_on, &lookers[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	fake_hook(FAKE_ANY, NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(race.seen); i++)
		assert_int_equal(race.seen[i], race.seen[0]);
	assert_true(race.seen[0] >= 100);
	pthread_barrier_destroy(&race.begin);
	map_desc_unref(race.desc);
	sys_close(race.fd);
}

static int join(void *arg, const char *name, bool is_dir)
{
	assert_true(is_dir);
	buf_addf(arg, "%s ", name);
	return 0;
}

static void test_directories(void **state)
{
	static const char *const paths[] = {"a", "a/b", "a/b/c", "ab", "x"};
	static const struct {
		const char *dir, *names;
	} cases[] = {{"", "a ab x "}, {"a", "b "}, {"a/b", "c "},
		     {"a/b/c", ""},   {"ab", ""},  {"y", ""}};
	struct state *s = *state;
	struct stat st = {.st_ino = 0};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		st.st_ino = i + 1;
		assert_int_equal(snapshot_add_dir(s->snapshot, paths[i], &st), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf names = BUF_INIT(1000);

		buf_adds(&names, "");
		assert_int_equal(snapshot_each_dir(s->snapshot, cases[i].dir, join, &names), 0);
		assert_string_equal(names.data ? names.data : "", cases[i].names);
		buf_free(&names);
	}
	assert_int_equal(snapshot_stat_dir(s->snapshot, "a/b", &st), 0);
	assert_int_equal(st.st_ino, 2);
	assert_int_equal(snapshot_stat_dir(s->snapshot, "b", &st), -ENOENT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_taken_at_the_first_opening),
		TEST(test_one_copy_for_all),
		TEST(test_a_map_that_went_before),
		TEST(test_a_reading_that_fails),
		TEST(test_nothing_is_stored),
		TEST(test_types),
		TEST(test_what_has_no_copy),
		TEST(test_limit),
		TEST(test_many_lookers),
		TEST(test_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
