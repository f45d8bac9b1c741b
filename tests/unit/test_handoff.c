/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Numbers that go round in slots, from one thread to the other, in both directions. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/handoff.h"

enum { MOST_SLOTS = 4, ROUNDS = 5000, ANY_LIMIT = 1000 };

struct both {
	struct handoff handoff;
	unsigned int slots[MOST_SLOTS];
	unsigned int count;     /* to be filled; the filler ends behind it */
	unsigned int most_seen; /* what the emptier takes before it stops */
	unsigned int seen;
	bool in_order;
	bool was_stopped;
	unsigned int went; /* atomic: times that the filler has filled */
	bool is_done;      /* atomic: the thread is at its end */
	sigset_t blocked;  /* in the thread */
};

static void begin(struct both *b, unsigned int slots, unsigned int count, unsigned int most_seen)
{
	*b = (struct both){.count = count, .most_seen = most_seen, .in_order = true};
	handoff_init(&b->handoff, slots);
}

static void fill(struct both *b)
{
	unsigned int n;
	int slot = 0;

	for (n = 0; n < b->count && (slot = handoff_free_slot(&b->handoff)) >= 0; n++) {
		b->slots[slot] = n;
		__atomic_add_fetch(&b->went, 1, __ATOMIC_RELAXED);
		handoff_fill(&b->handoff);
	}
	b->was_stopped = slot < 0;
	handoff_end(&b->handoff);
}

static void empty(struct both *b)
{
	int slot;

	while (b->seen < b->most_seen && (slot = handoff_full_slot(&b->handoff)) >= 0) {
		b->in_order &= b->slots[slot] == b->seen++;
		handoff_empty(&b->handoff);
	}
	if (b->seen == b->most_seen)
		handoff_stop(&b->handoff);
}

static void *fill_along(void *arg)
{
	struct both *b = arg;

	fill(b);
	__atomic_store_n(&b->is_done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void *empty_along(void *arg)
{
	struct both *b = arg;

	pthread_sigmask(SIG_SETMASK, NULL, &b->blocked);
	empty(b);
	__atomic_store_n(&b->is_done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void assert_all_seen(const struct both *b, unsigned int count)
{
	assert_true(b->in_order);
	assert_int_equal(b->seen, count);
}

/* Who empties is here, who fills is the thread. */
static void test_thread_fills(void **state)
{
	struct both b;

	(void)state;
	for (unsigned int slots = 1; slots <= MOST_SLOTS; slots++) {
		begin(&b, slots, ROUNDS, UINT32_MAX);
		assert_int_equal(handoff_start(&b.handoff, fill_along, &b), 0);
		empty(&b);
		assert_int_equal(handoff_full_slot(&b.handoff), -1);
		handoff_finish(&b.handoff);
		assert_all_seen(&b, ROUNDS);
		assert_false(b.was_stopped);
	}
}

static void test_thread_empties(void **state)
{
	struct both b;

	(void)state;
	for (unsigned int slots = 1; slots <= MOST_SLOTS; slots++) {
		begin(&b, slots, ROUNDS, UINT32_MAX);
		assert_int_equal(handoff_start(&b.handoff, empty_along, &b), 0);
		fill(&b);
		assert_true(handoff_wait(&b.handoff));
		handoff_finish(&b.handoff);
		assert_all_seen(&b, ROUNDS);
	}
}

/* Without a thread: the slots go round, and a whole round ahead there is none. */
static void test_round(void **state)
{
	struct handoff h;

	(void)state;
	for (unsigned int slots = 1; slots <= MOST_SLOTS; slots++) {
		handoff_init(&h, slots);
		for (unsigned int n = 0; n < 3 * slots; n++) {
			assert_int_equal(handoff_free_slot(&h), n % slots);
			assert_int_equal(handoff_free_slot(&h), n % slots);
			handoff_fill(&h);
			assert_int_equal(handoff_full_slot(&h), n % slots);
			assert_int_equal(handoff_full_slot(&h), n % slots);
			handoff_empty(&h);
			assert_true(handoff_wait(&h));
		}
		handoff_finish(&h);
	}
}

static void wait_until_full(struct both *b, unsigned int slots)
{
	while (__atomic_load_n(&b->went, __ATOMIC_RELAXED) < slots)
		sched_yield();
	for (int i = 0; i < 100; i++)
		sched_yield();
}

/* As long as nothing is emptied, no more is filled than there are slots. */
static void test_one_round_ahead(void **state)
{
	struct both b;

	(void)state;
	for (unsigned int slots = 1; slots <= MOST_SLOTS; slots++) {
		begin(&b, slots, ROUNDS, UINT32_MAX);
		assert_int_equal(handoff_start(&b.handoff, fill_along, &b), 0);
		wait_until_full(&b, slots);
		assert_int_equal(__atomic_load_n(&b.went, __ATOMIC_RELAXED), slots);
		assert_int_equal(handoff_full_slot(&b.handoff), 0);
		handoff_empty(&b.handoff);
		wait_until_full(&b, slots + 1);
		assert_int_equal(__atomic_load_n(&b.went, __ATOMIC_RELAXED), slots + 1);
		handoff_finish(&b.handoff);
		assert_true(b.was_stopped);
	}
}

/* What was filled before the end is emptied, although it has ended long ago. */
static void test_end_leaves_what_is_there(void **state)
{
	struct both b;

	(void)state;
	begin(&b, 4, 3, UINT32_MAX);
	fill(&b);
	empty(&b);
	assert_all_seen(&b, 3);
	assert_int_equal(handoff_full_slot(&b.handoff), -1);
	handoff_finish(&b.handoff);
}

/* Behind a stop nobody waits, neither for a free slot nor for what was filled to be emptied. */
static void test_stop(void **state)
{
	struct both b;

	(void)state;
	for (unsigned int slots = 1; slots <= MOST_SLOTS; slots++) {
		for (unsigned int most = 0; most < 3 * MOST_SLOTS; most++) {
			begin(&b, slots, ROUNDS, most);
			assert_int_equal(handoff_start(&b.handoff, empty_along, &b), 0);
			fill(&b);
			assert_true(b.was_stopped);
			assert_int_equal(handoff_free_slot(&b.handoff), -1);
			assert_false(handoff_wait(&b.handoff));
			handoff_finish(&b.handoff);
			assert_all_seen(&b, most);
		}
	}
}

/* Nor does who has stopped get a slot, or wait for one. */
static void test_stopped_side(void **state)
{
	struct handoff h;

	(void)state;
	handoff_init(&h, 2);
	handoff_stop(&h);
	assert_int_equal(handoff_full_slot(&h), -1);
	assert_int_equal(handoff_free_slot(&h), -1);
	assert_false(handoff_wait(&h));
	handoff_finish(&h);
	handoff_init(&h, 2);
	handoff_fill(&h);
	handoff_stop(&h);
	assert_int_equal(handoff_full_slot(&h), -1);
	handoff_finish(&h);
}

/* Each time, when wait returns, all that was filled has been seen. */
static void test_wait(void **state)
{
	struct both b;

	(void)state;
	for (unsigned int slots = 1; slots <= MOST_SLOTS; slots++) {
		begin(&b, slots, 0, UINT32_MAX);
		assert_int_equal(handoff_start(&b.handoff, empty_along, &b), 0);
		for (unsigned int n = 0; n < ROUNDS / 5; n++) {
			int slot = handoff_free_slot(&b.handoff);

			assert_true(slot >= 0);
			b.slots[slot] = n;
			handoff_fill(&b.handoff);
			if (n % 3)
				continue;
			assert_true(handoff_wait(&b.handoff));
			assert_int_equal(b.seen, n + 1);
		}
		handoff_finish(&b.handoff);
		assert_true(b.in_order);
	}
}

/* Whichever side goes, in whatever state, the thread ends; and all can begin anew. */
static void test_finish(void **state)
{
	struct both b;

	(void)state;
	for (unsigned int round = 0; round < 400; round++) {
		bool fills = round & 1;

		begin(&b, 1 + round % MOST_SLOTS, ROUNDS, UINT32_MAX);
		assert_int_equal(handoff_start(&b.handoff, fills ? fill_along : empty_along, &b),
				 0);
		if (round & 2)
			sched_yield();
		if (!fills && round & 4)
			handoff_fill(&b.handoff);
		if (fills && round & 4 && handoff_full_slot(&b.handoff) >= 0)
			handoff_empty(&b.handoff);
		handoff_finish(&b.handoff);
		assert_true(__atomic_load_n(&b.is_done, __ATOMIC_ACQUIRE));
		assert_true(b.in_order);
	}
}

static void test_finish_without_thread(void **state)
{
	struct handoff h;

	(void)state;
	handoff_init(&h, 3);
	handoff_finish(&h);
	handoff_init(&h, 1);
	handoff_fill(&h);
	handoff_finish(&h);
}

/* A process allows itself a number of them; each that ends makes room for another. */
static void test_limit_of_threads(void **state)
{
	struct both *all = calloc(ANY_LIMIT, sizeof(*all)), one_more;
	int started = 0, err = 0;

	(void)state;
	while (started < ANY_LIMIT && !err) {
		begin(&all[started], 2, 0, UINT32_MAX);
		err = handoff_start(&all[started].handoff, empty_along, &all[started]);
		started += !err;
	}
	assert_int_equal(err, -EAGAIN);
	assert_in_range(started, 2, 100);
	handoff_finish(&all[started].handoff);
	begin(&one_more, 2, 10, UINT32_MAX);
	assert_int_equal(handoff_start(&one_more.handoff, empty_along, &one_more), -EAGAIN);
	handoff_finish(&all[0].handoff);
	assert_int_equal(handoff_start(&one_more.handoff, empty_along, &one_more), 0);
	fill(&one_more);
	handoff_finish(&one_more.handoff);
	for (int i = 1; i < started; i++)
		handoff_finish(&all[i].handoff);
	begin(&one_more, 2, 10, UINT32_MAX);
	assert_int_equal(handoff_start(&one_more.handoff, empty_along, &one_more), 0);
	handoff_finish(&one_more.handoff);
	free(all);
}

/* A daemon's signals are for its own threads; and this one's mask is as it was. */
static void test_no_signals(void **state)
{
	sigset_t before, behind;
	struct both b;

	(void)state;
	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	begin(&b, 2, 10, UINT32_MAX);
	assert_int_equal(handoff_start(&b.handoff, empty_along, &b), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &behind);
	fill(&b);
	handoff_finish(&b.handoff);
	assert_int_equal(sigismember(&b.blocked, SIGTERM), 1);
	assert_int_equal(sigismember(&b.blocked, SIGHUP), 1);
	assert_int_equal(sigismember(&behind, SIGTERM), 0);
	assert_int_equal(sigismember(&behind, SIGUSR2), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thread_fills),
		cmocka_unit_test(test_thread_empties),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_one_round_ahead),
		cmocka_unit_test(test_end_leaves_what_is_there),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_stopped_side),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_finish_without_thread),
		cmocka_unit_test(test_limit_of_threads),
		cmocka_unit_test(test_no_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
