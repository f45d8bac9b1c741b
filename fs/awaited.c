/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/awaited.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/scan.h"
#include "lib/sys.h"

static bool is_marked(const struct stat *st)
{
	return st->st_mtim.tv_nsec == AWAITED_NSEC;
}

static int set_mark(struct fs *fs, uint32_t map_id, bool marked)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct stat st;
	int err = fs->options.read_only ? -ENOENT : catalog_pin(fs->catalog, map_id, &path, &st);

	if (!err && marked != is_marked(&st)) {
		st.st_mtim.tv_nsec = marked ? AWAITED_NSEC : 0;
		err = sys_pin_set_mtime(path.data, st.st_mtim);
		catalog_note_change(fs->catalog);
	}
	buf_free(&path);
	return err == -ENOENT ? 0 : err; /* others know no mark of such a map */
}

/* If nobody knows, it has what it had when it was asked last. */
static bool has_mark(struct fs *fs, uint32_t map_id)
{
	struct stat st;
	int err = catalog_pin(fs->catalog, map_id, NULL, &st);

	return err ? err != -ENOENT : is_marked(&st);
}

static bool has_nonzero_slot(struct map_desc *desc, const struct map *map)
{
	const void *key, *value;
	struct scan *scan;
	uint64_t pos = 0;
	bool has = false;

	if (scan_new(desc, &scan))
		return false;
	while (!has && scan_at(scan, map, &pos, &key, &value) == 1) {
		has = !buf_is_zero(value, desc->value->size);
		pos++;
	}
	scan_free(scan);
	return has;
}

static bool has_elements(struct fs *fs, uint32_t map_id, bool slots)
{
	struct map_desc *desc;
	bool is_fixed, has = false;
	struct map map;

	if (catalog_desc(fs->catalog, map_id, &desc))
		return false;
	is_fixed = maptype_is_fixed(desc->type);
	if (desc->type->elements && (slots || !is_fixed) &&
	    map_open(&map, desc, BPF_F_RDONLY) == 0) {
		has = is_fixed ? has_nonzero_slot(desc, &map) : scan_is_empty(&map) == 0;
		map_close(&map);
	}
	map_desc_unref(desc);
	return has;
}

bool awaited_has_elements(struct fs *fs, uint32_t map_id)
{
	return has_elements(fs, map_id, true);
}

bool awaited_has_waiting(struct fs *fs, uint32_t map_id)
{
	struct waiter w;

	if (waitroom_next(&fs->waitroom, map_id, 0, &w))
		return false;
	waiter_release(&w);
	return true;
}

/* By others. What waits does so before it is stored: so that is asked last. */
static bool is_filled(struct fs *fs, uint32_t map_id)
{
	return !awaited_has_waiting(fs, map_id) && has_elements(fs, map_id, false) &&
	       !awaited_has_waiting(fs, map_id);
}

bool awaited_is(struct fs *fs, uint32_t map_id)
{
	if (!fresh_lacks_map_file(&fs->fresh, map_id))
		return false;
	if (has_mark(fs, map_id) && !is_filled(fs, map_id))
		return true;
	set_mark(fs, map_id, false);
	fresh_set_map_file(&fs->fresh, map_id);
	return false;
}

int awaited_begin(struct fs *fs, uint32_t map_id)
{
	int err = set_mark(fs, map_id, true);

	return err ? err : fresh_add(&fs->fresh, map_id, false);
}

int awaited_end(struct fs *fs, uint32_t map_id)
{
	return set_mark(fs, map_id, false);
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
		if (catalog_pin(fs->catalog, id, &path, &st) == 0 && is_marked(&st))
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
