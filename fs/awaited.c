/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/awaited.h"

#include <limits.h>
#include <string.h>

#include "lib/sys.h"

/* If that fails, the next start does not know of it, that is all. */
static void set_mark(struct fs *fs, uint32_t map_id, bool marked)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct stat st;

	if (!fs->options.read_only && catalog_pin(fs->catalog, map_id, &path, &st) == 0 &&
	    marked != !!(st.st_mode & S_ISVTX))
		sys_pin_chmod(path.data, (st.st_mode & 0777) | (marked ? S_ISVTX : 0));
	buf_free(&path);
}

void awaited_begin(struct fs *fs, uint32_t map_id)
{
	if (fresh_add(&fs->fresh, map_id, false) == 0)
		set_mark(fs, map_id, true);
}

void awaited_end(struct fs *fs, uint32_t map_id)
{
	set_mark(fs, map_id, false);
}

static void find_in(struct fs *fs, const char *dir);

/* A directory in another. */
struct search {
	struct fs *fs;
	const char *dir;
};

static int find_below(void *arg, const char *name)
{
	const struct search *search = arg;
	struct buf path = BUF_INIT(PATH_MAX);

	if (catalog_find_dir(search->fs->catalog, search->dir, name, &path) == 0)
		find_in(search->fs, path.data);
	buf_free(&path);
	return 0;
}

static void find_in(struct fs *fs, const char *dir)
{
	struct search search = {.fs = fs, .dir = dir};
	struct buf name = BUF_INIT(PATH_MAX), path = BUF_INIT(PATH_MAX);
	uint32_t id = 0;
	struct stat st;

	while (catalog_next(fs->catalog, dir, id, &id, &name) == 0) {
		buf_clear(&path);
		if (catalog_pin(fs->catalog, id, &path, &st) == 0 && st.st_mode & S_ISVTX)
			fresh_add(&fs->fresh, id, false);
	}
	buf_free(&name);
	buf_free(&path);
	catalog_each_dir(fs->catalog, dir, find_below, &search);
}

void awaited_find(struct fs *fs)
{
	if (!fs->options.read_only)
		find_in(fs, "");
}
