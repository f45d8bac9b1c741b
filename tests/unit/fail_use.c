/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Is anything locked, or broken for others? Requests that take all locks there are. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "tests/unit/fail_world.h"

enum { PATIENCE_S = 10 };

struct use {
	struct fixture *f;
	int err;
};

static int store(struct fixture *f, uint32_t map)
{
	struct file *file;
	int flushed, err = fs_open(f, map, "5", O_CREAT | O_WRONLY | O_TRUNC, 0666, &file);

	if (err)
		return err;
	err = file_write(file, "77\n", 3, 0, NULL);
	flushed = file_flush(file, NULL);
	file_release(file, NULL);
	return err ? err : flushed;
}

static int use(struct fixture *f)
{
	uint64_t value = 0;
	uint32_t map;
	int err = fs_try_mkdir(f, &fs_root, "use");

	if (!err)
		err = catalog_find(f->fs.catalog, "", "use", &map);
	if (!err)
		err = store(f, map);
	if (!err)
		err = raw_get(map, 5, &value);
	if (!err && value != 77)
		err = -EIO;
	if (!err)
		err = fs_unlink(f, map, "5");
	fs_names_change(&f->fs);
	fs_names_changed(&f->fs);
	return err ? err : removal_rmdir(&f->fs, &fs_root, "use", NULL);
}

/* No assertions: they are for the test's own thread. */
static void *run(void *arg)
{
	struct use *u = arg;

	u->err = use(u->f);
	return NULL;
}

void world_use(struct world *w)
{
	struct use u = {.f = w->wire->fixture};
	struct timespec end;
	pthread_t thread;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_S;
	assert_int_equal(pthread_create(&thread, NULL, run, &u), 0);
	if (pthread_clockjoin_np(thread, NULL, CLOCK_REALTIME, &end))
		fail_msg("others wait for a lock");
	if (u.err)
		fail_msg("others get %d", u.err);
}
