/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Records put into a user ring buffer, and taken out as the kernel does. */
#include "lib/userring.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { SIZE = 64, HEADER = 8 };

struct memory {
	unsigned long consumed, produced;
	unsigned char data[SIZE];
	struct userring ring;
};

static int setup(void **state)
{
	static struct memory m;

	memset(&m, 0, sizeof(m));
	m.ring = (struct userring){&m.consumed, &m.produced, m.data, SIZE};
	*state = &m;
	return 0;
}

/* The kernel's end: the record's bytes, around the end of the data. */
static void take(struct memory *m, const void *expected, uint32_t len)
{
	const unsigned char *bytes = expected;
	uint32_t header[2];

	assert_int_not_equal(m->consumed, m->produced);
	memcpy(header, m->data + m->consumed % SIZE, sizeof(header));
	assert_int_equal(header[0], len);
	assert_int_equal(header[1], 0);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(m->data[(m->consumed + HEADER + i) % SIZE], bytes[i]);
	m->consumed += (HEADER + len + 7) / 8 * 8;
}

static void test_one(void **state)
{
	struct memory *m = *state;

	assert_int_equal(userring_put(&m->ring, "hello", 5), 0);
	assert_int_equal(m->produced, 16);
	take(m, "hello", 5);
	assert_int_equal(m->consumed, m->produced);
}

static void test_full(void **state)
{
	struct memory *m = *state;

	for (int i = 0; i < 4; i++)
		assert_int_equal(userring_put(&m->ring, "eight..", 8), 0);
	assert_int_equal(userring_put(&m->ring, "", 0), -ENOSPC);
	assert_int_equal(m->produced, SIZE);
	take(m, "eight..", 8);
	assert_int_equal(userring_put(&m->ring, "too long.", 9), -ENOSPC);
	assert_int_equal(userring_put(&m->ring, "fits", 4), 0);
	for (int i = 0; i < 3; i++)
		take(m, "eight..", 8);
	take(m, "fits", 4);
}

static void test_lengths(void **state)
{
	unsigned char record[SIZE];
	struct memory *m = *state;

	memset(record, 7, sizeof(record));
	assert_int_equal(userring_put(&m->ring, record, SIZE - HEADER + 1), -EFBIG);
	assert_int_equal(userring_put(&m->ring, record, UINT32_MAX), -EFBIG);
	assert_int_equal(m->produced, 0);
	assert_int_equal(userring_put(&m->ring, record, SIZE - HEADER), 0);
	take(m, record, SIZE - HEADER);
}

/* Bits of the length that say something else are never set, however large the ring. */
static void test_longest(void **state)
{
	struct memory *m = *state;

	m->ring.size = 1UL << 31;
	assert_int_equal(userring_put(&m->ring, "", BPF_RINGBUF_DISCARD_BIT), -EFBIG);
	assert_int_equal(userring_put(&m->ring, "", BPF_RINGBUF_BUSY_BIT - 64), -EFBIG);
}

static void test_no_ring(void **state)
{
	struct memory *m = *state;

	m->produced = SIZE + 8;
	assert_int_equal(userring_put(&m->ring, "x", 1), -EIO);
	m->produced = 4;
	assert_int_equal(userring_put(&m->ring, "x", 1), -EIO);
	m->consumed = 16;
	m->produced = 8;
	assert_int_equal(userring_put(&m->ring, "x", 1), -EIO);
}

/* A model of some records, over the end of the data and of the positions again and again. */
static void test_random(void **state)
{
	struct {
		unsigned char bytes[SIZE];
		uint32_t len;
	} queue[SIZE];
	struct memory *m = *state;
	unsigned int head = 0, tail = 0;

	m->consumed = m->produced = -1000UL / 8 * 8;
	for (int i = 0; i < 10000; i++) {
		uint32_t len = random_below(24), total = (HEADER + len + 7) / 8 * 8;
		unsigned long room = SIZE - (m->produced - m->consumed);

		random_bytes(queue[tail % SIZE].bytes, len);
		queue[tail % SIZE].len = len;
		if (random_below(2)) {
			int want = total <= room ? 0 : -ENOSPC;

			assert_int_equal(userring_put(&m->ring, queue[tail % SIZE].bytes, len),
					 want);
			tail += !want;
		} else if (head < tail) {
			take(m, queue[head % SIZE].bytes, queue[head % SIZE].len);
			head++;
		}
	}
	assert_true(head > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one, setup),
		cmocka_unit_test_setup(test_full, setup),
		cmocka_unit_test_setup(test_lengths, setup),
		cmocka_unit_test_setup(test_longest, setup),
		cmocka_unit_test_setup(test_no_ring, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
