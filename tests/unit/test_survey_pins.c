/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/survey.h"

#include <stdio.h>

#include "lib/sys.h"
#include "tests/unit/catalog_fixture.h"
#include "tests/unit/fake_sys.h"

static void assert_pinned_at(struct catalog *c, uint32_t id, const char *pin)
{
	struct buf path = BUF_INIT(1000);

	assert_int_equal(catalog_pin(c, id, &path, NULL), 0);
	assert_string_equal(path.data, pin_path_of(pin));
	buf_free(&path);
}

/* Somebody else lets pins change places: maps keep their names, and are found at their pins. */
static void test_pins_change_places(void **state)
{
	static const char *const pins[] = {"one", "two", "three"};
	struct catalog *c = *state;
	uint32_t ids[ARRAY_SIZE(pins)];
	int fds[ARRAY_SIZE(pins)];

	for (size_t i = 0; i < ARRAY_SIZE(pins); i++) {
		ids[i] = held_map("k", &fds[i]);
		assert_int_equal(sys_pin(fds[i], pin_path_of(pins[i])), 0);
	}
	assert_int_equal(catalog_refresh(c), 0);
	for (size_t shift = 1; shift <= ARRAY_SIZE(pins); shift++) {
		for (size_t i = 0; i < ARRAY_SIZE(pins); i++)
			assert_int_equal(sys_pin_unlink(pin_path_of(pins[i])), 0);
		for (size_t i = 0; i < ARRAY_SIZE(pins); i++)
			assert_int_equal(
				sys_pin(fds[i], pin_path_of(pins[(i + shift) % ARRAY_SIZE(pins)])),
				0);
		assert_int_equal(catalog_refresh(c), 0);
		assert_shown(c, "", "one two three ");
		for (size_t i = 0; i < ARRAY_SIZE(pins); i++)
			assert_pinned_at(c, ids[i], pins[(i + shift) % ARRAY_SIZE(pins)]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pins); i++)
		sys_close(fds[i]);
}

/* One look takes one stat of each pin. */
static void test_pins_are_looked_at_once(void **state)
{
	struct catalog *c = *state;
	unsigned int before;
	char pin[16];

	for (int i = 0; i < 20; i++) {
		snprintf(pin, sizeof(pin), "p%d", i);
		pinned_map("k", pin);
	}
	assert_int_equal(catalog_refresh(c), 0);
	before = fake_calls(FAKE_PIN_STAT);
	assert_int_equal(catalog_refresh(c), 0);
	assert_int_equal(fake_calls(FAKE_PIN_STAT) - before, 20);
	assert_int_equal(fake_calls(FAKE_PIN_OPEN), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pins_change_places),
		TEST(test_pins_are_looked_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
