/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/link.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "fs/key.h"

bool link_is_of(struct fs *fs, uint32_t map_id)
{
	struct map_desc *desc;
	bool is;

	if (catalog_desc(fs->catalog, map_id, &desc))
		return false;
	is = desc->type->links;
	map_desc_unref(desc);
	return is;
}

/* From an element to a target. */

static size_t count_of(char c, const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == c;
	return count;
}

/* How many bytes of both paths are the same directories, with the '/' behind them. */
static size_t common_directories(const char *a, const char *b)
{
	size_t common = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '/')
			common = i + 1;
	return common;
}

/* outer and inner: paths of maps from the root; pieces: directories in outer that a long
 * name of the link is cut into. */
static void print_relative(const char *outer, size_t pieces, const char *inner, struct buf *target)
{
	size_t common = common_directories(outer, inner);

	for (size_t up = 1 + pieces + count_of('/', outer + common); up; up--)
		buf_adds(target, "../");
	buf_adds(target, inner + common);
}

static int count_pieces(const struct map_desc *desc, const void *key, size_t *pieces)
{
	struct buf name = BUF_INIT(SIZE_MAX / 2);
	int err = key_print(desc, key, &name);

	*pieces = !err && name.data ? count_of('/', name.data) : 0;
	buf_free(&name);
	return err == -ENOMEM ? err : 0;
}

int link_print(struct fs *fs, const struct map_desc *desc, const void *key, const void *value,
	       struct buf *target)
{
	struct buf outer = BUF_INIT(PATH_MAX), inner = BUF_INIT(PATH_MAX);
	int err = catalog_path(fs->catalog, desc->info.id, &outer), has_path = -ENOENT;
	size_t pieces;
	uint32_t id;

	memcpy(&id, value, sizeof(id));
	if (!err)
		err = count_pieces(desc, key, &pieces);
	if (!err)
		has_path = catalog_path(fs->catalog, id, &inner);
	if (has_path == -ENOMEM)
		err = has_path;
	else if (!has_path)
		print_relative(outer.data, pieces, inner.data, target);
	else if (!err)
		buf_addf(target, "../@%" PRIu32, id);
	buf_free(&outer);
	buf_free(&inner);
	if (err)
		return err == -ENOENT ? -ESTALE : err;
	return buf_error(target);
}

/* A map of maps is never delicate: it is just opened. */
static int open_outer(struct fs *fs, uint32_t map_id, uint32_t open_flags, struct map *map)
{
	struct map_desc *desc;
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err == -ENOENT ? -ESTALE : err;
	err = desc->type->links ? map_open(map, desc, open_flags) : -EOPNOTSUPP;
	if (err)
		map_desc_unref(desc);
	return err;
}

static void close_map(struct map *map)
{
	map_close(map);
	map_desc_unref(map->desc);
}

int link_value(struct fs *fs, uint32_t map_id, const void *key, uint32_t *id)
{
	struct map map;
	int err = open_outer(fs, map_id, BPF_F_RDONLY, &map);

	if (err)
		return err;
	err = map_get(&map, key, id);
	close_map(&map);
	return err;
}

int link_read(struct fs *fs, uint32_t map_id, const void *key, struct buf *target)
{
	struct map map;
	uint32_t id;
	int err = open_outer(fs, map_id, BPF_F_RDONLY, &map);

	if (err)
		return err;
	err = map_get(&map, key, &id);
	if (!err)
		err = link_print(fs, map.desc, key, &id, target);
	close_map(&map);
	return err;
}

void link_fill(struct fs *fs, const struct access *access, const struct identity *id,
	       const void *value, size_t len, struct stat *st)
{
	int64_t mtime = seen_value(fs->seen, node_ino(id), value, sizeof(uint32_t), seen_now());

	st->st_mode = S_IFLNK | 0777;
	st->st_uid = access->uid;
	st->st_gid = access->gid;
	st->st_nlink = 1;
	st->st_size = (off_t)len;
	st->st_atim = st->st_mtim = st->st_ctim = seen_timespec(mtime);
}

int link_stat(struct fs *fs, uint32_t map_id, const void *key, struct stat *st)
{
	struct identity id = {NODE_LINK, map_id, 0, key};
	struct buf target = BUF_INIT(SIZE_MAX / 2);
	struct access access;
	struct map map;
	uint32_t value;
	int err = open_outer(fs, map_id, BPF_F_RDONLY, &map);

	if (err)
		return err;
	err = map_get(&map, key, &value);
	if (!err)
		err = link_print(fs, map.desc, key, &value, &target);
	if (!err) {
		id.len = map.desc->key->size;
		access_of(fs, map_id, map_is_frozen(&map), &access);
		link_fill(fs, &access, &id, &value, target.len, st);
	}
	buf_free(&target);
	close_map(&map);
	return err;
}

/* From a target to a map. */

/* Appends the pieces of a path to another one, and takes away what ".." does. False if it
 * leads out. */
static bool walk(struct buf *at, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0) {
			const char *slash = at->len ? memrchr(at->data, '/', at->len) : NULL;

			if (!at->len)
				return false;
			buf_resize(at, slash ? (size_t)(slash - at->data) : 0);
		} else if (len && !(len == 1 && *path == '.')) {
			buf_addf(at, "%s%.*s", at->len ? "/" : "", (int)len, path);
		}
		path += len + (path[len] == '/');
	}
	return true;
}

/* The part of an absolute path below a directory, or NULL. */
static const char *below(const char *path, const char *dir)
{
	size_t len = dir ? strlen(dir) : 0;

	return len && strncmp(path, dir, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

/* Where a target leads in the mount, as it is written. False if it leads out of it. */
static bool follow(struct fs *fs, uint32_t map_id, const char *name, const char *target,
		   struct buf *path)
{
	const char *slash = strrchr(name, '/'), *rest = below(target, fs->mountpoint);

	if (!rest)
		rest = below(target, fs->options.survey.pindir);
	if (rest)
		return walk(path, rest);
	if (*target == '/' || catalog_path(fs->catalog, map_id, path))
		return false;
	if (slash)
		buf_addf(path, "/%.*s", (int)(slash - name), name);
	return walk(path, target);
}

/* Calls each for the paths that a target may mean, the most literal first, until it
 * returns true: where it leads; the last piece beside the map; the same in the root. */
static bool each_meaning(struct fs *fs, uint32_t map_id, const char *name, const char *target,
			 bool (*each)(void *arg, const char *path), void *arg)
{
	const char *slash = strrchr(target, '/'), *last = slash ? slash + 1 : target;
	struct buf path = BUF_INIT(PATH_MAX);
	bool done = follow(fs, map_id, name, target, &path) && path.len && !buf_error(&path) &&
		    each(arg, path.data);

	buf_clear(&path);
	if (!done && *last && catalog_path(fs->catalog, map_id, &path) == 0) {
		slash = strrchr(path.data, '/');
		buf_resize(&path, slash ? (size_t)(slash - path.data) + 1 : 0);
		buf_adds(&path, last);
		done = !buf_error(&path) && each(arg, path.data);
		if (!done && slash)
			done = each(arg, last);
	}
	buf_free(&path);
	return done;
}

struct wanted {
	struct fs *fs;
	uint32_t id;
};

static bool is_map(void *arg, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct buf dir = BUF_INIT(PATH_MAX);
	struct wanted *w = arg;
	bool found;

	if (!slash)
		return catalog_find(w->fs->catalog, "", path, &w->id) == 0;
	buf_add(&dir, path, (size_t)(slash - path));
	found = !buf_error(&dir) && catalog_find(w->fs->catalog, dir.data, slash + 1, &w->id) == 0;
	buf_free(&dir);
	return found;
}

int link_resolve(struct fs *fs, uint32_t map_id, const char *name, const char *target, uint32_t *id)
{
	struct wanted w = {.fs = fs};

	if (!each_meaning(fs, map_id, name, target, is_map, &w))
		return -ENOENT;
	*id = w.id;
	return 0;
}

static bool is_path(void *arg, const char *path)
{
	return strcmp(path, arg) == 0;
}

bool link_leads_to(struct fs *fs, uint32_t map_id, const char *name, const char *target,
		   const char *path)
{
	return each_meaning(fs, map_id, name, target, is_path, (void *)path);
}

/* Storing. */

/* What is known of a map, be it shown or not. */
static int describe(struct fs *fs, uint32_t id, struct map_desc **desc)
{
	struct mapiter_map live;
	int err = catalog_desc(fs->catalog, id, desc);

	if (err != -ENOENT)
		return err;
	err = catalog_live(fs->catalog, id, &live);
	if (!err)
		err = map_desc_new(&live.info, NULL, desc);
	if (!err)
		(*desc)->iter = fs->options.survey.iter;
	return err;
}

/* Keeps a map open while it is stored, so that the kernel sees no last user leave. */
static int open_inner(struct fs *fs, uint32_t id, struct map *map, struct diag *d)
{
	struct map_desc *desc;
	int err = describe(fs, id, &desc);

	if (!err) {
		err = map_open(map, desc, BPF_F_RDONLY);
		if (err)
			map_desc_unref(desc);
	}
	if (err == -EOPNOTSUPP)
		return diag_set(d, EOPNOTSUPP,
				"no process and no pin holds that map, and looking at it would "
				"disturb it: pin it first");
	if (err == -ENOENT || err == -ESTALE)
		return diag_set(d, ENOENT, "the map is gone");
	return err;
}

int link_check(struct fs *fs, uint32_t inner, struct diag *d)
{
	struct map map;
	int err = access_may_read(fs, inner, d);

	if (!err)
		err = open_inner(fs, inner, &map, d);
	if (!err)
		close_map(&map);
	return err;
}

int link_store(struct fs *fs, uint32_t map_id, const void *key, uint32_t inner, uint64_t flags,
	       struct diag *d)
{
	struct map outer, map;
	int err = open_inner(fs, inner, &map, d);

	if (err)
		return err;
	err = open_outer(fs, map_id, fs->options.survey.open_flags, &outer);
	if (!err) {
		err = map_put(&outer, key, &inner, flags, d);
		close_map(&outer);
	}
	close_map(&map);
	return err;
}

int link_move(struct fs *fs, uint32_t map_id, const void *from, const void *to, uint64_t flags,
	      struct diag *d)
{
	struct map inner;
	uint32_t id;
	int err = link_value(fs, map_id, from, &id);

	if (!err)
		err = open_inner(fs, id, &inner, d);
	if (err)
		return err;
	err = key_move(fs, map_id, from, to, flags, d);
	close_map(&inner);
	return err;
}
