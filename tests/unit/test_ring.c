/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Taking records out of a ring buffer, beside a producer that the test plays. */
#include "lib/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fake_ring.h"
#include "tests/unit/fake_sys.h"
#include "tests/unit/unit.h"

enum { SIZE = 4096, HEADER = BPF_RINGBUF_HDR_SZ };

struct state {
	struct map_desc *desc;
	struct fake_ring *producer;
	struct ring *ring;
};

static int setup(void **state)
{
	struct state *s = calloc(1, sizeof(*s));
	int fd;

	fake_reset();
	fd = make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, SIZE, "ring");
	s->desc = describe_map(fd);
	s->producer = fake_ring_of(map_id(fd), SIZE);
	assert_int_equal(ring_open(s->desc, &s->ring, NULL), 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct state *s = *state;

	ring_close(s->ring);
	map_desc_unref(s->desc);
	free(s);
	assert_int_equal(fake_ring_mappings(), 0);
	assert_int_equal(fake_open_fds(), 1);
	fake_reset();
	return 0;
}

#define RING_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* What was taken: each record's bytes and '|'. */
struct taken {
	struct buf all, looked_at;
	unsigned int count, most; /* most: refuse those behind */
	struct state *rival;      /* takes the record that was just looked at, once */
};

static void pass_first(struct state *s);

static int look(void *arg, const void *bytes, uint32_t len)
{
	struct taken *t = arg;

	if (t->most && t->count == t->most)
		return 7;
	buf_clear(&t->looked_at);
	buf_add(&t->looked_at, bytes, len);
	if (t->rival)
		pass_first(t->rival);
	t->rival = NULL;
	return 0;
}

static void take(void *arg)
{
	struct taken *t = arg;

	t->count++;
	buf_add(&t->all, t->looked_at.data, t->looked_at.len);
	buf_addc(&t->all, '|');
}

static const struct ring_taker taker = {look, take};

static struct taken taken(void)
{
	return (struct taken){.all = BUF_INIT(1 << 20), .looked_at = BUF_INIT(1 << 20)};
}

static void taken_free(struct taken *t)
{
	buf_free(&t->all);
	buf_free(&t->looked_at);
}

/* A consumer in another process is faster. */
static void pass_first(struct state *s)
{
	const uint32_t *header =
		(const void *)(s->producer->data + *s->producer->passed % s->producer->size);

	*s->producer->passed += (*header + HEADER + 7) / 8 * 8;
}

static void assert_read(struct state *s, unsigned int most, int want, const char *expected)
{
	struct taken t = taken();
	struct diag d = {.err = 0};

	t.most = most;
	assert_int_equal(ring_read(s->ring, &taker, &t, &d), want);
	assert_int_equal(d.err, want == -EIO ? EIO : 0);
	if (!*expected)
		assert_int_equal(t.count, 0);
	else
		assert_string_equal(t.all.data, expected);
	taken_free(&t);
}

static void output(struct state *s, const char *text)
{
	fake_ring_output(s->producer, text, (uint32_t)strlen(text));
}

static void test_order(void **state)
{
	struct state *s = *state;

	assert_read(s, 0, 0, "");
	output(s, "one");
	output(s, "eight by");
	output(s, "");
	output(s, "the fourth");
	assert_read(s, 0, 0, "one|eight by||the fourth|");
	assert_int_equal(*s->producer->passed, *s->producer->produced);
	assert_read(s, 0, 0, "");
}

static void test_what_is_not_taken_stays(void **state)
{
	struct state *s = *state;

	output(s, "one");
	output(s, "two");
	output(s, "three");
	assert_read(s, 2, 7, "one|two|");
	assert_int_equal(*s->producer->passed, 2 * (HEADER + 8));
	assert_read(s, 1, 0, "three|");
}

static void test_busy_and_discarded(void **state)
{
	struct state *s = *state;
	uint32_t *first, *second, *third;

	assert_int_equal(fake_ring_reserve(s->producer, "first", 5, &first), 0);
	assert_int_equal(fake_ring_reserve(s->producer, "second", 6, &second), 0);
	assert_int_equal(fake_ring_reserve(s->producer, "third", 5, &third), 0);
	output(s, "fourth");
	fake_ring_submit(second, 0);
	assert_read(s, 0, 0, "");
	fake_ring_submit(first, BPF_RINGBUF_DISCARD_BIT);
	assert_read(s, 0, 0, "second|");
	fake_ring_submit(third, BPF_RINGBUF_DISCARD_BIT);
	assert_read(s, 0, 0, "fourth|");
	assert_int_equal(*s->producer->passed, *s->producer->produced);
}

/* Records of every length, again and again across the end of the data. */
static void test_around_the_end(void **state)
{
	struct state *s = *state;
	unsigned char bytes[600];

	for (uint32_t len = 0; len < sizeof(bytes); len++) {
		struct taken t = taken();

		memset(bytes, (int)(len % 251), sizeof(bytes));
		for (int i = 0; i < 3; i++)
			fake_ring_output(s->producer, bytes, len);
		assert_int_equal(ring_read(s->ring, &taker, &t, NULL), 0);
		assert_int_equal(t.count, 3);
		assert_int_equal(t.all.len, 3 * (len + 1));
		for (int i = 0; i < 3; i++)
			assert_memory_equal(t.all.data + (size_t)i * (len + 1), bytes, len);
		taken_free(&t);
	}
}

static void test_the_longest(void **state)
{
	struct state *s = *state;
	struct taken t = taken();
	unsigned char bytes[SIZE - 2 * HEADER] = {1, 2, 3};
	uint32_t *header;

	fake_ring_output(s->producer, bytes, sizeof(bytes));
	assert_int_equal(fake_ring_reserve(s->producer, "", 0, &header), -EAGAIN);
	assert_int_equal(ring_read(s->ring, &taker, &t, NULL), 0);
	assert_int_equal(t.all.len, sizeof(bytes) + 1);
	assert_memory_equal(t.all.data, bytes, sizeof(bytes));
	taken_free(&t);
	assert_int_equal(fake_ring_reserve(s->producer, "", 0, &header), 0);
}

/* What no ring buffer has, but whoever has the map can write. */
static void test_nonsense(void **state)
{
	struct state *s = *state;
	unsigned long *passed = s->producer->passed, *produced = s->producer->produced;
	uint32_t *header = (uint32_t *)(void *)s->producer->data;
	static const struct {
		unsigned long passed, produced;
		uint32_t header;
	} cases[] = {
		{8, 0, 0},           /* behind the producer */
		{0, SIZE + 8, 0},    /* more than there is */
		{4, 16, 0},          /* no boundary */
		{0, 12, 0},          /* nor this */
		{~7UL, 16, 200},     /* around zero, and too long */
		{0, 16, 9},          /* longer than what was produced */
		{0, 16, 0x3fffffff}, /* than anything */
		{0, 16, 9 | BPF_RINGBUF_DISCARD_BIT},
		{0, SIZE, SIZE - HEADER + 1}, /* than the ring */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(s->producer->data, 0xff, SIZE);
		*passed = cases[i].passed;
		*produced = cases[i].produced;
		*header = cases[i].header;
		*(uint32_t *)(void *)(s->producer->data + SIZE - 8) = cases[i].header;
		assert_read(s, 0, -EIO, "");
		assert_int_equal(*passed, cases[i].passed);
	}
	*passed = *produced = 0;
	output(s, "sense");
	assert_read(s, 0, 0, "sense|");
}

/* Positions run over: they are numbers, not places. */
static void test_positions_overflow(void **state)
{
	struct state *s = *state;

	*s->producer->passed = *s->producer->produced = 0UL - 16;
	output(s, "before");
	output(s, "across");
	output(s, "behind");
	assert_read(s, 0, 0, "before|across|behind|");
	assert_int_equal(*s->producer->passed, 32);
}

static void test_shared(void **state)
{
	struct state *s = *state;
	struct ring *other;

	assert_int_equal(ring_open(s->desc, &other, NULL), 0);
	assert_ptr_equal(other, s->ring);
	assert_int_equal(fake_ring_mappings(), 2);
	ring_close(other);
	assert_int_equal(fake_ring_mappings(), 2);
	output(s, "x");
	assert_read(s, 0, 0, "x|");
	ring_close(NULL);
}

static void test_another_map(void **state)
{
	struct state *s = *state;
	int fd = make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, SIZE, "other");
	struct map_desc *desc = describe_map(fd);
	struct ring *other;

	assert_int_equal(ring_open(desc, &other, NULL), 0);
	assert_ptr_not_equal(other, s->ring);
	assert_true(ring_fd(other) != ring_fd(s->ring));
	fake_ring_output(fake_ring_of(map_id(fd), SIZE), "o", 1);
	assert_read(s, 0, 0, "");
	ring_close(other);
	map_desc_unref(desc);
	sys_close(fd);
}

static void test_failures(void **state)
{
	struct state *s = *state;
	struct ring *other;
	struct diag d = {.err = 0};

	ring_close(s->ring);
	s->ring = NULL;
	for (unsigned int i = 0; i < 2; i++) {
		fake_fail(FAKE_MAP_MMAP, i, -ENOMEM);
		assert_int_equal(ring_open(s->desc, &other, &d), -ENOMEM);
		assert_true(fake_failed());
		assert_int_equal(fake_ring_mappings(), 0);
		assert_int_equal(fake_open_fds(), 1);
	}
	fake_fail(FAKE_MAP_OPEN_ID, 0, -ENOENT);
	assert_int_equal(ring_open(s->desc, &other, &d), -ESTALE);
	fake_fail(FAKE_MAP_MMAP, 0, -EPERM);
	assert_int_equal(ring_open(s->desc, &other, &d), -EROFS);
	assert_string_equal(d.why, "the map is frozen");
	assert_int_equal(fake_open_fds(), 1);
	assert_int_equal(ring_open(s->desc, &s->ring, NULL), 0);
}

/* Somebody else takes what was just looked at. */
static void test_rival(void **state)
{
	struct state *s = *state;
	struct taken t = taken();

	output(s, "one");
	output(s, "the second");
	output(s, "three");
	t.rival = s;
	assert_int_equal(ring_read(s->ring, &taker, &t, NULL), 0);
	assert_string_equal(t.all.data, "the second|three|");
	taken_free(&t);
	assert_int_equal(*s->producer->passed, *s->producer->produced);

	output(s, "last");
	t = taken();
	t.rival = s;
	assert_int_equal(ring_read(s->ring, &taker, &t, NULL), 0);
	assert_int_equal(t.count, 0);
	taken_free(&t);
	assert_int_equal(*s->producer->passed, *s->producer->produced);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(test_order),
		RING_TEST(test_what_is_not_taken_stays),
		RING_TEST(test_busy_and_discarded),
		RING_TEST(test_around_the_end),
		RING_TEST(test_the_longest),
		RING_TEST(test_nonsense),
		RING_TEST(test_positions_overflow),
		RING_TEST(test_shared),
		RING_TEST(test_another_map),
		RING_TEST(test_failures),
		RING_TEST(test_rival),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
