/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a look at pindir and at the kernel finds, and what it costs. */
#include "tests/unit/catalog_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fake_sys.h"

/* "a %s b ", with an id in it. */
static const char *with_id(const char *fmt, uint32_t id)
{
	static char text[1000];
	const char *at = strchr(fmt, '#');

	snprintf(text, sizeof(text), "%.*s%u%s", (int)(at - fmt), fmt, id, at + 1);
	return text;
}

static void test_empty(void **state)
{
	struct catalog *c = *state;

	assert_shown(c, "", "");
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "");
	assert_int_equal(found(c, "", "nothing"), 0);
}

/* Pins come first, whatever their ids, then maps by ascending id. */
static void test_pins_first(void **state)
{
	struct catalog *c = *state;
	int fds[3];
	uint32_t held = held_map("name", &fds[0]), again, pinned;

	again = held_map("name", &fds[1]);
	pinned = pinned_map("other", "name");
	held_map("last", &fds[2]);
	assert_int_equal(catalog_refresh(c), 0);
	assert_int_equal(found(c, "", "name"), pinned);
	assert_int_equal(found(c, "", with_id("name@#", held)), held);
	assert_int_equal(found(c, "", with_id("name@#", again)), again);
	assert_int_not_equal(found(c, "", "last"), 0);
	assert_int_equal(found(c, "", "other"), 0);
}

static void test_names_of_the_kernel(void **state)
{
	static const struct {
		const char *kernel, *shown;
	} cases[] = {
		{"plain", "plain "},     {"flows.rodata", "flows.rodata "},
		{".", "%2E "},           {"..", "%2E. "},
		{".bss", "%2Ebss "},     {"\xc0\xff", "%C0%FF "},
		{"\xc3\xe4", "%C3%E4 "},
	};
	struct catalog *c = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd;

		held_map(cases[i].kernel, &fd);
		assert_int_equal(catalog_refresh(c), 0);
		assert_shown(c, "", cases[i].shown);
		sys_close(fd);
	}
}

static void test_no_name(void **state)
{
	struct catalog *c = *state;
	int fd;
	uint32_t id = held_map("", &fd);

	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", with_id("@# ", id));
}

static void test_names_of_pins(void **state)
{
	static const struct {
		const char *pin, *shown;
	} cases[] = {
		{"plain", "plain "}, {"flows%2Erodata", "flows.rodata "},
		{"a@b", "a%40b "},   {"a,b", "a%2Cb "},
		{"a%2Cb", "a%2Cb "}, {"%61", "%2561 "},
		{"%2E", "%2E "},     {"100%", "100%25 "},
		{"\xff", "%FF "},    {"sp ace", "sp ace "},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct catalog *c = new_catalog(false, 0);

		pinned_map("kernel", cases[i].pin);
		assert_int_equal(catalog_refresh(c), 0);
		assert_shown(c, "", cases[i].shown);
		catalog_free(c);
		assert_int_equal(sys_pin_unlink(pin_path_of(cases[i].pin)), 0);
	}
}

/* Each of these is a map, and must be reachable by what it is shown as. */
static void test_odd_pins(void **state)
{
	static const char *const pins[] = {"%00", "a%00b", "a", "@7", "%407", "a,b", "a%2Cb"};
	struct catalog *c = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(pins); i++)
		pinned_map("kernel", pins[i]);
	assert_int_equal(catalog_refresh(c), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(pins); i++) {
		struct buf path = BUF_INIT(1000), expected = BUF_INIT(1000);
		struct bpf_map_info info;

		assert_int_equal(survey_read_pin(pin_path_of(pins[i]), &info), 0);
		assert_int_equal(catalog_pin(c, info.id, &path, NULL), 0);
		assert_buf(&path, pin_path_of(pins[i]));
		buf_clear(&path);
		assert_int_equal(catalog_path(c, info.id, &path), 0);
		assert_int_equal(found(c, "", path.data), info.id);
		buf_free(&path);
		buf_free(&expected);
	}
	assert_int_equal(found(c, "", "a"), found(c, "", "%61"));
}

/* Escaped it would be longer than a file name may be. */
static void test_too_long_a_name(void **state)
{
	struct catalog *c = *state;
	char pin[200];
	uint32_t id;

	memset(pin, '@', sizeof(pin) - 1);
	pin[sizeof(pin) - 1] = '\0';
	id = pinned_map("kernel", pin);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", with_id("@# ", id));
}

static void test_names_stay(void **state)
{
	struct catalog *c = *state;
	int first, second, third;
	uint32_t id, id3;

	held_map("name", &first);
	id = held_map("name", &second);
	assert_int_equal(catalog_refresh(c), 0);
	sys_close(first);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", with_id("name@# ", id));
	id3 = held_map("name", &third);
	assert_int_equal(catalog_refresh(c), 0);
	assert_int_equal(found(c, "", with_id("name@#", id)), id);
	assert_int_equal(found(c, "", "name"), id3);
	assert_int_equal(sys_pin(second, PINDIR "/pinned"), 0);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", with_id("name@# name ", id));
	assert_int_equal(found(c, "", "pinned"), id);
}

static void test_what_is_no_map(void **state)
{
	struct catalog *c = *state;

	assert_int_equal(fake_pin_other(PINDIR "/program"), 0);
	pinned_map("k", "map");
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "map ");
	assert_int_equal(found(c, "", "program"), 0);
}

static void test_pinned_only(void **state)
{
	struct catalog *c = new_catalog(true, 0);
	int fd;
	uint32_t held = held_map("held", &fd), pinned = pinned_map("k", "pinned");

	(void)state;
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "pinned ");
	assert_int_equal(found(c, "", "held"), 0);
	assert_int_equal(found(c, "", with_id("@#", held)), 0);
	assert_int_equal(found(c, "", with_id("@#", pinned)), pinned);
	assert_int_equal(fake_calls(FAKE_MAP_OPEN_ID), 0);
	catalog_free(c);
}

/* A map and a pin are opened once, when they are first seen (finding 1). */
static void test_opened_once(void **state)
{
	struct catalog *c = *state;
	int fds[2];
	uint32_t id;

	held_map("one", &fds[0]);
	held_map("two", &fds[1]);
	pinned_map("k", "three");
	id = pinned_map("k", "four");
	for (int i = 0; i < 3; i++)
		assert_int_equal(catalog_refresh(c), 0);
	assert_int_equal(found(c, "", "three") + 1, id);
	assert_int_equal(fake_calls(FAKE_MAP_OPEN_ID), 2);
	assert_int_equal(fake_calls(FAKE_PIN_OPEN), 2);
	sys_close(fds[0]);
	assert_int_equal(sys_pin_unlink(PINDIR "/three"), 0);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "two four ");
	assert_int_equal(fake_calls(FAKE_MAP_OPEN_ID), 2);
	assert_int_equal(fake_calls(FAKE_PIN_OPEN), 2);
}

static void test_one_map_two_pins(void **state)
{
	struct catalog *c = *state;
	struct buf path = BUF_INIT(1000);
	int fd;
	uint32_t id = held_map("k", &fd);

	assert_int_equal(sys_pin(fd, PINDIR "/one"), 0);
	assert_int_equal(sys_pin(fd, PINDIR "/two"), 0);
	sys_close(fd);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "one ");
	assert_int_equal(found(c, "", "two"), id);
	assert_int_equal(sys_pin_unlink(PINDIR "/one"), 0);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "one ");
	assert_int_equal(catalog_pin(c, id, &path, NULL), 0);
	assert_buf(&path, PINDIR "/two");
	assert_int_equal(sys_pin_unlink(PINDIR "/two"), 0);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "");
}

/* The same path, another map. */
static void test_pin_is_replaced(void **state)
{
	struct catalog *c = *state;
	uint32_t old = pinned_map("k", "pin"), new;

	assert_int_equal(catalog_refresh(c), 0);
	assert_int_equal(found(c, "", "pin"), old);
	assert_int_equal(sys_pin_unlink(PINDIR "/pin"), 0);
	new = pinned_map("k", "pin");
	assert_int_equal(found(c, "", "pin"), new);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "pin ");
	assert_int_equal(found(c, "", "pin"), new);
}

static void close_fd(void *arg)
{
	int *fd = arg;

	if (*fd >= 0)
		sys_close(*fd);
	*fd = -1;
}

static void unlink_pin(void *arg)
{
	sys_pin_unlink(arg);
}

/* A map that goes while it is looked at is passed over. */
static void test_vanishing(void **state)
{
	static const enum fake_call map_calls[] = {FAKE_MAP_OPEN_ID, FAKE_MAP_INFO};
	static const enum fake_call pin_calls[] = {FAKE_PIN_LIST, FAKE_PIN_STAT, FAKE_PIN_OPEN};
	struct catalog *c = *state;
	int fd, stays;

	held_map("stays", &stays);
	for (unsigned int i = 0; i < ARRAY_SIZE(map_calls); i++) {
		held_map("goes", &fd);
		fake_hook(map_calls[i], close_fd, &fd);
		assert_int_equal(catalog_refresh(c), 0);
		fake_hook(map_calls[i], NULL, NULL);
		assert_int_equal(catalog_refresh(c), 0);
		assert_shown(c, "", "stays ");
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(pin_calls); i++) {
		pinned_map("k", "goes");
		fake_hook(pin_calls[i], unlink_pin, PINDIR "/goes");
		assert_int_equal(catalog_refresh(c), 0);
		fake_hook(pin_calls[i], NULL, NULL);
		assert_int_equal(catalog_refresh(c), 0);
		assert_shown(c, "", "stays ");
	}
}

/* Known maps that are gone are not found, without any refresh. */
static void test_gone_at_once(void **state)
{
	struct catalog *c = *state;
	int fd;
	uint32_t id = held_map("name", &fd), again;

	assert_int_equal(found(c, "", "name"), id);
	sys_close(fd);
	assert_int_equal(found(c, "", "name"), 0);
	again = held_map("name", &fd);
	assert_int_equal(found(c, "", "name"), again);
	sys_close(fd);
	assert_int_equal(found(c, "", with_id("@#", again)), 0);
}

static void test_at_id(void **state)
{
	static const char *const wrong[] = {"@", "@0",   "@x",  "@-#",  "@#x",
					    "#", "@0x#", "@@#", "@#@#", "@999999999"};
	struct catalog *c = *state;
	int fd;
	uint32_t id = held_map("name", &fd);

	assert_int_equal(found(c, "", with_id("@#", id)), id);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		const char *name = strchr(wrong[i], '#') ? with_id(wrong[i], id) : wrong[i];

		if (found(c, "", name))
			fail_msg("'%s' leads to a map", name);
	}
}

/* Names that only a lenient reader of numbers takes for "@ID". */
static void test_at_blank_id(void **state)
{
	struct catalog *c = *state;
	int fd;
	uint32_t id = held_map("name", &fd);

	assert_int_equal(catalog_refresh(c), 0);
	assert_int_equal(found(c, "", with_id("@ #", id)), 0);
	assert_int_equal(found(c, "", with_id("@+#", id)), 0);
}

static void test_at_wrapped_id(void **state)
{
	struct catalog *c = *state;
	char name[40];
	int fd;

	snprintf(name, sizeof(name), "@%llu", (1ULL << 32) + held_map("name", &fd));
	assert_int_equal(catalog_refresh(c), 0);
	assert_int_equal(found(c, "", name), 0);
}

static void test_rights(void **state)
{
	struct catalog *c = *state;
	int fd;

	held_map("name", &fd);
	fake_fail_always(FAKE_MAP_NEXT_ID, -EPERM);
	assert_int_equal(catalog_refresh(c), -EPERM);
	fake_fail_always(FAKE_MAP_NEXT_ID, 0);
	fake_fail_always(FAKE_MAP_OPEN_ID, -EPERM);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "");
	fake_fail_always(FAKE_MAP_OPEN_ID, 0);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "name ");
}

/* Lets call n fail. Whatever it is, nothing leaks, and the next look finds all under their
 * names: a pin that could not be opened this time must not lose its name for life. */
static bool refresh_with_fault(unsigned int n, int error)
{
	struct catalog *c = new_catalog(false, 0);
	bool failed;

	fake_fail(FAKE_ANY, n, error);
	catalog_refresh(c);
	assert_int_equal(fake_open_fds(), 1);
	failed = fake_failed();
	fake_fail(FAKE_ANY, 0, 0);
	assert_int_equal(catalog_refresh(c), 0);
	assert_shown(c, "", "held pin ");
	assert_shown(c, "dir", "deep ");
	catalog_free(c);
	return failed;
}

static void test_any_call_fails(void **state)
{
	static const int errors[] = {-EMFILE, -EINTR, -ENOMEM};
	unsigned int n;
	int fd;

	(void)state;
	held_map("held", &fd);
	assert_int_equal(sys_pin_prepare(PINDIR "/dir"), 0);
	pinned_map("k", "pin");
	pinned_map("k", "dir/deep");
	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++)
		for (n = 0; refresh_with_fault(n, errors[i]); n++)
			;
}

/* A loader that starts anew: its maps have the names of those that just went. */
static void test_names_of_the_dead(void **state)
{
	struct catalog *c = *state;
	uint32_t id;
	int fd;

	held_map("name", &fd);
	pinned_map("k", "pin");
	assert_int_equal(catalog_refresh(c), 0);
	sys_close(fd);
	assert_int_equal(sys_pin_unlink(PINDIR "/pin"), 0);
	id = held_map("name", &fd);
	pinned_map("k", "pin");
	assert_int_equal(catalog_refresh(c), 0);
	assert_int_equal(found(c, "", "name"), id);
	assert_shown(c, "", "name pin ");
}

static void test_many(void **state)
{
	struct catalog *c = *state;
	struct buf name = BUF_INIT(1000);
	uint32_t id = 0, count = 0;

	for (int i = 0; i < 500; i++) {
		char pin[16];

		snprintf(pin, sizeof(pin), "map-%d", i);
		pinned_map("k", pin);
	}
	assert_int_equal(catalog_refresh(c), 0);
	while (catalog_next(c, "", id, &id, &name) == 0)
		count++;
	assert_int_equal(count, 500);
	assert_int_not_equal(found(c, "", "map-499"), 0);
	assert_int_equal(catalog_next(c, "", UINT32_MAX, &id, &name), -ENOENT);
	buf_free(&name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_pins_first),
		TEST(test_names_of_the_kernel),
		TEST(test_no_name),
		TEST(test_names_of_pins),
		TEST(test_odd_pins),
		TEST(test_too_long_a_name),
		TEST(test_names_stay),
		TEST(test_names_of_the_dead),
		TEST(test_what_is_no_map),
		TEST(test_pinned_only),
		TEST(test_opened_once),
		TEST(test_one_map_two_pins),
		TEST(test_pin_is_replaced),
		TEST(test_vanishing),
		TEST(test_gone_at_once),
		TEST(test_at_id),
		TEST(test_at_blank_id),
		TEST(test_at_wrapped_id),
		TEST(test_rights),
		TEST(test_any_call_fails),
		TEST(test_many),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
