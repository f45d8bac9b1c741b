/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/newdir.h"

#include <errno.h>
#include <string.h>

#include "lib/host.h"

int newdir_make(struct fs *fs, uint32_t map_id, const char *path)
{
	struct waiter dir = {
		.kind = WAIT_DIR, .name = (char *)path, .text = NULL, .maker = host_served()};
	int err = 0;

	pthread_mutex_lock(&fs->waitroom.turn);
	dir.map_id = map_id = fresh_now(&fs->fresh, map_id);
	if (waitroom_find(&fs->waitroom, map_id, path, NULL) == 0)
		err = -EEXIST;
	else
		err = fs_let_wait(fs, &dir, NULL);
	pthread_mutex_unlock(&fs->waitroom.turn);
	return err;
}

bool newdir_has_below(struct fs *fs, uint32_t map_id, const char *path, bool files)
{
	struct waiter w = {.number = 0};
	bool has = false;

	while (!has && waitroom_next(&fs->waitroom, map_id, w.number, &w) == 0) {
		has = longdir_rest(path, w.name) && !(files && w.kind == WAIT_DIR);
		waiter_release(&w);
	}
	return has;
}

bool newdir_is(struct fs *fs, uint32_t map_id, const char *path)
{
	struct waiter w;
	bool has;

	if (waitroom_find(&fs->waitroom, map_id, path, &w))
		return false;
	has = w.kind == WAIT_DIR;
	waiter_release(&w);
	return has;
}

int newdir_remove(struct fs *fs, uint32_t map_id, const char *path)
{
	int err;

	pthread_mutex_lock(&fs->waitroom.turn);
	if (!newdir_is(fs, map_id, path))
		err = -ENOENT;
	else if (newdir_has_below(fs, map_id, path, false))
		err = -ENOTEMPTY;
	else
		err = waitroom_remove(&fs->waitroom, map_id, path);
	pthread_mutex_unlock(&fs->waitroom.turn);
	return err;
}
