/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What one user may have, what all may, and that what is charged is given back. */
#include "fs/quota.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { USER = 1000, OTHER = 1001, USERS = 20000 };

static struct quota quota;

static int setup(void **state)
{
	(void)state;
	return quota_init(&quota);
}

static int teardown(void **state)
{
	(void)state;
	for (int kind = 0; kind < QUOTA_KINDS; kind++)
		assert_int_equal(quota_of_all(&quota, (enum quota_kind)kind) | quota.of_users[kind],
				 0);
	quota_free(&quota);
	return 0;
}

static int set(struct quota_hold *h, size_t amount)
{
	return quota_set(&quota, QUOTA_FILES, h, amount, NULL);
}

static size_t of_user(uint32_t uid)
{
	return quota_of_user(&quota, QUOTA_FILES, uid);
}

/* Bounds that make sense: four users can have all that users may, none alone, and root something. */
static void test_rows(void **state)
{
	(void)state;
	for (int kind = 0; kind < QUOTA_KINDS; kind++) {
		const struct quota_row *row = quota_row((enum quota_kind)kind);

		assert_non_null(row->name);
		assert_non_null(row->sentence);
		assert_true(row->err && row->err_of_all && row->unit);
		assert_in_range(row->most_of_user, 1, row->most / 3);
		assert_in_range(quota_share_of_users(row->most), row->most_of_user, row->most - 1);
		assert_int_equal(row->most_of_user % row->unit, 0);
	}
}

static void test_amounts(void **state)
{
	struct quota_hold a = {.uid = USER}, b = {.uid = USER}, c = {.uid = OTHER};

	(void)state;
	assert_int_equal(set(&a, 5) | set(&b, 7) | set(&c, 1), 0);
	assert_int_equal(of_user(USER), 12);
	assert_int_equal(set(&a, 2), 0);
	assert_int_equal(set(&a, 2), 0);
	assert_int_equal(of_user(USER), 9);
	assert_int_equal(of_user(OTHER), 1);
	assert_int_equal(quota_of_all(&quota, QUOTA_FILES), 10);
	assert_int_equal(set(&a, 0) | set(&a, 0) | set(&b, 0) | set(&c, 0), 0);
	assert_int_equal(of_user(USER), 0);
}

/* A refusal changes nothing, and says what may be. */
static void test_user_is_bounded(void **state)
{
	struct quota_hold a = {.uid = USER}, b = {.uid = OTHER};
	struct diag d = {.err = 0};

	(void)state;
	assert_int_equal(set(&a, 4097), -EMFILE);
	assert_int_equal(a.amount, 0);
	assert_int_equal(set(&a, 4096), 0);
	assert_int_equal(quota_set(&quota, QUOTA_FILES, &a, 4097, &d), -EMFILE);
	assert_string_equal(d.why,
			    "one user may have 4096, and all users 49152, open files: close some");
	assert_int_equal(a.amount, 4096);
	assert_int_equal(set(&a, SIZE_MAX), -EMFILE);
	assert_int_equal(set(&b, 4096), 0);
	assert_int_equal(set(&a, 4095), 0);
	assert_int_equal(set(&a, 4096), 0);
	assert_int_equal(set(&a, 0) | set(&b, 0), 0);
}

/* Root has a quarter of all for himself, and all of it if nobody else is there. */
static void test_all_are_bounded(void **state)
{
	struct quota_hold users[13], root = {.uid = 0};

	(void)state;
	for (uint32_t i = 0; i < 13; i++) {
		users[i] = (struct quota_hold){.uid = USER + i};
		assert_int_equal(set(&users[i], 4096), i < 12 ? 0 : -ENFILE);
	}
	assert_int_equal(of_user(USER + 12), 0);
	assert_int_equal(set(&root, 16384), 0);
	assert_int_equal(set(&root, 16385), -ENFILE);
	assert_int_equal(set(&users[0], 0), 0);
	assert_int_equal(set(&root, 16384 + 4096), 0);
	assert_int_equal(set(&users[0], 1), -ENFILE);
	for (int i = 0; i < 13; i++)
		set(&users[i], 0);
	assert_int_equal(set(&root, 65536), 0);
	assert_int_equal(set(&root, 65537), -ENFILE);
	assert_int_equal(set(&users[0], 1), -ENFILE);
	set(&root, 0);
}

/* More users than the table has places: they share them, and get back what they gave. */
static void test_many_users(void **state)
{
	static struct quota_hold holds[USERS];

	(void)state;
	for (uint32_t i = 0; i < USERS; i++) {
		holds[i] = (struct quota_hold){.uid = i * 7919 + 1};
		assert_int_equal(set(&holds[i], 1 + i % 3), 0);
	}
	for (uint32_t i = 0; i < USERS; i++)
		assert_in_range(of_user(holds[i].uid), 1 + i % 3, 4096);
	for (uint32_t i = 0; i < USERS; i++)
		set(&holds[i], 0);
	for (uint32_t i = 0; i < USERS; i++)
		assert_int_equal(of_user(holds[i].uid), 0);
}

/* As many as were ever there matter to nobody, if they keep nothing: a new user has all of his bound,
 * beside one who keeps something all the time. */
static void test_users_who_went(void **state)
{
	struct quota_hold stays = {.uid = OTHER}, late;

	(void)state;
	assert_int_equal(set(&stays, 4000), 0);
	for (uint32_t i = 0; i < USERS / 2; i++) {
		struct quota_hold h = {.uid = 100000 + i};

		assert_int_equal(set(&h, 4096), 0);
		assert_int_equal(set(&h, 4097), -EMFILE);
		assert_int_equal(set(&h, 0), 0);
	}
	for (uint32_t i = 0; i < 8; i++) {
		late = (struct quota_hold){.uid = 900000 + i};
		assert_int_equal(set(&late, 4096), 0);
		assert_int_equal(of_user(late.uid), 4096);
		assert_int_equal(set(&late, 0), 0);
	}
	assert_int_equal(of_user(OTHER), 4000);
	set(&stays, 0);
}

enum { THREADS = 4, ROUNDS = 100000 };

/* Each of the threads takes and gives, for users whom others serve too. */
static void *take_and_give(void *arg)
{
	struct quota_hold holds[3] = {{.uid = USER}, {.uid = OTHER}, {.uid = 0}};
	unsigned int seed = *(unsigned int *)arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct quota_hold *h = &holds[rand_r(&seed) % 3];

		set(h, (size_t)rand_r(&seed) % 3000);
		if (h->uid && of_user(h->uid) > 2 * 4096)
			return arg;
	}
	for (int i = 0; i < 3; i++)
		set(&holds[i], 0);
	return NULL;
}

/* More users than places, who take over each other's while others keep nothing there. */
static void *come_and_go(void *arg)
{
	unsigned int seed = *(unsigned int *)arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct quota_hold h = {.uid = 1 + (uint32_t)rand_r(&seed) % (2 * QUOTA_USERS)};

		if (set(&h, 1000) || set(&h, 10) || set(&h, 0))
			return arg;
	}
	return NULL;
}

static void run_threads(void *(*work)(void *))
{
	unsigned int seeds[THREADS];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		seeds[i] = (unsigned int)random_number();
		assert_int_equal(pthread_create(&threads[i], NULL, work, &seeds[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *failed;

		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
}

static void test_threads(void **state)
{
	(void)state;
	run_threads(take_and_give);
	assert_int_equal(of_user(USER), 0);
	assert_int_equal(of_user(OTHER), 0);
}

static void test_threads_of_many_users(void **state)
{
	(void)state;
	run_threads(come_and_go);
	for (uint32_t uid = 1; uid <= 2 * QUOTA_USERS; uid++)
		assert_int_equal(of_user(uid), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rows),
		TEST(test_amounts),
		TEST(test_user_is_bounded),
		TEST(test_all_are_bounded),
		TEST(test_many_users),
		TEST(test_users_who_went),
		TEST(test_threads),
		TEST(test_threads_of_many_users),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
