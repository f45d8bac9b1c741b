/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/catalog_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fake_sys.h"

struct catalog *new_catalog(bool pinned_only, uint32_t open_flags)
{
	const struct survey_options options = {
		.pindir = PINDIR,
		.pinned_only = pinned_only,
		.open_flags = open_flags,
	};
	struct catalog *c;

	assert_int_equal(catalog_new(&options, 1U << 30, &c), 0);
	return c;
}

int catalog_setup(void **state)
{
	fake_reset();
	assert_int_equal(sys_pin_prepare(PINDIR), 0);
	*state = new_catalog(false, BPF_F_RDONLY);
	return 0;
}

int catalog_teardown(void **state)
{
	catalog_free(*state);
	fake_reset();
	assert_int_equal(fake_live_maps(), 0);
	return 0;
}

uint32_t held_map(const char *name, int *fd)
{
	*fd = make_map(BPF_MAP_TYPE_HASH, 4, 4, 8, name);
	return map_id(*fd);
}

const char *pin_path_of(const char *pin)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", PINDIR, pin);
	return path;
}

uint32_t pinned_map(const char *name, const char *pin)
{
	int fd;
	uint32_t id = held_map(name, &fd);

	assert_int_equal(sys_pin(fd, pin_path_of(pin)), 0);
	sys_close(fd);
	return id;
}

void assert_shown(struct catalog *c, const char *dir, const char *expected)
{
	struct buf name = BUF_INIT(4096), all = BUF_INIT(100000);
	uint32_t id = 0, before;
	int err;

	for (;;) {
		before = id;
		err = catalog_next(c, dir, id, &id, &name);
		if (err)
			break;
		assert_true(id > before);
		assert_int_equal(found(c, dir, name.data), id);
		buf_addf(&all, "%s ", name.data);
	}
	assert_int_equal(err, -ENOENT);
	buf_free(&name);
	assert_buf(&all, expected);
}

uint32_t found(struct catalog *c, const char *dir, const char *name)
{
	uint32_t id = 0;
	int err = catalog_find(c, dir, name, &id);

	assert_int_equal(err, id ? 0 : -ENOENT);
	return id;
}
