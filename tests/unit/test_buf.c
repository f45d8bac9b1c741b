/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

static void test_empty(void **state)
{
	struct buf b = BUF_INIT(10);

	(void)state;
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_error(&b), 0);
	buf_clear(&b);
	buf_free(&b);
	buf_free(&b);
	assert_int_equal(b.max, 10);
}

static void test_append(void **state)
{
	struct buf b = BUF_INIT(1000);

	(void)state;
	buf_add(&b, "ab", 2);
	buf_adds(&b, "cd");
	buf_addc(&b, 'e');
	buf_addf(&b, "%d-%s", 12, "x");
	buf_addf(&b, "%s", "");
	buf_add(&b, "", 0);
	assert_int_equal(b.len, 9);
	assert_int_equal(b.data[9], '\0');
	assert_buf(&b, "abcde12-x");
	buf_adds(&b, "again");
	assert_buf(&b, "again");
}

static void test_nul_bytes(void **state)
{
	struct buf b = BUF_INIT(1000);

	(void)state;
	buf_add(&b, "a\0b", 3);
	buf_addc(&b, '\0');
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "a\0b\0", 5);
	buf_free(&b);
}

/* The limit is exact, the first error sticks, and content before it stays. */
static void test_limit(void **state)
{
	struct buf b = BUF_INIT(4);

	(void)state;
	buf_adds(&b, "1234");
	assert_int_equal(buf_error(&b), 0);
	buf_add(&b, "", 0);
	assert_int_equal(buf_error(&b), 0);
	buf_addc(&b, '5');
	assert_int_equal(buf_error(&b), -EFBIG);
	assert_string_equal(b.data, "1234");
	buf_clear(&b);
	assert_int_equal(buf_error(&b), 0);
	assert_string_equal(b.data, "");
	buf_adds(&b, "12345");
	buf_adds(&b, "1");
	buf_addc(&b, '1');
	buf_addf(&b, "1");
	assert_int_equal(buf_error(&b), -EFBIG);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	buf_addf(&b, "%s", "12345");
	assert_int_equal(buf_error(&b), -EFBIG);
	buf_free(&b);
	buf_addf(&b, "%d", 1234);
	assert_buf(&b, "1234");
}

static void test_resize(void **state)
{
	struct buf b = BUF_INIT(100);

	(void)state;
	assert_int_equal(buf_resize(&b, 0), 0);
	assert_int_equal(b.len, 0);
	buf_adds(&b, "abc");
	assert_int_equal(buf_resize(&b, 5), 0);
	assert_memory_equal(b.data, "abc\0\0\0", 6);
	assert_int_equal(buf_resize(&b, 1), 0);
	assert_string_equal(b.data, "a");
	assert_int_equal(buf_resize(&b, 3), 0);
	assert_memory_equal(b.data, "a\0\0\0", 4);
	assert_int_equal(buf_resize(&b, 101), -EFBIG);
	assert_int_equal(buf_resize(&b, SIZE_MAX), -EFBIG);
	assert_int_equal(b.len, 3);
	assert_int_equal(buf_error(&b), 0);
	assert_int_equal(buf_resize(&b, 100), 0);
	buf_free(&b);
}

static void test_put(void **state)
{
	struct buf b = BUF_INIT(10);

	(void)state;
	assert_int_equal(buf_put(&b, 2, "xy", 2), 0);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "\0\0xy", 5);
	assert_int_equal(buf_put(&b, 0, "ab", 2), 0);
	assert_string_equal(b.data, "abxy");
	assert_int_equal(buf_put(&b, 3, "12", 2), 0);
	assert_string_equal(b.data, "abx12");
	assert_int_equal(buf_put(&b, 8, "123", 3), -EFBIG);
	assert_int_equal(buf_put(&b, SIZE_MAX, "123", 3), -EFBIG);
	assert_int_equal(buf_put(&b, 11, "", 0), -EFBIG);
	assert_int_equal(buf_error(&b), 0);
	assert_buf(&b, "abx12");
}

/* Against plain memory. */
static void test_model(void **state)
{
	struct buf b = BUF_INIT(4096);
	unsigned char model[4096] = {0}, bytes[64];
	size_t len = 0;

	(void)state;
	for (int step = 0; step < 2000; step++) {
		size_t n = random_below(sizeof(bytes)), off = random_below(4096 - 64);

		random_bytes(bytes, n);
		if (random_below(10) == 0) {
			assert_int_equal(buf_resize(&b, off), 0);
			memset(model + off, 0, sizeof(model) - off);
			len = off;
			continue;
		}
		assert_int_equal(buf_put(&b, off, bytes, n), 0);
		memcpy(model + off, bytes, n);
		if (off + n > len)
			len = off + n;
		assert_int_equal(b.len, len);
		assert_memory_equal(b.data, model, len);
		assert_int_equal(b.data[len], '\0');
	}
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),     cmocka_unit_test(test_append),
		cmocka_unit_test(test_nul_bytes), cmocka_unit_test(test_limit),
		cmocka_unit_test(test_resize),    cmocka_unit_test(test_put),
		cmocka_unit_test(test_model),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
