/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sequence_names: the model's names: which there are, and what becomes of them. As
 * sequence_model.h.
 */
#ifndef BPFMAPFS_TESTS_LIVE_SEQUENCE_NAMES_H
#define BPFMAPFS_TESTS_LIVE_SEQUENCE_NAMES_H

#include <sys/stat.h>

#include "tests/live/sequence_model.h"

static bool is_backup_name(const char *name)
{
	return name[0] == '.' || name[strlen(name) - 1] == '~';
}

static bool is_special(const struct shape *shape, const char *name)
{
	static const char *const all[] = {".map", ".info", ".count", ".frozen", ".types", ".dump"};
	static const char *const ends[] = {".push", ".pop", ".peek"};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strcmp(all[i], name) == 0)
			return true;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0] && shape->queue; i++)
		if (strcmp(ends[i], name) == 0)
			return true;
	return false;
}

/* "MAP/NAME". False if there is no such map. */
static bool find_target(const char *path, struct target *t)
{
	const char *slash = strchr(path, '/');
	char map[NAME_ROOM];

	if (!slash)
		return false;
	snprintf(map, sizeof map, "%.*s", (int)(slash - path), path);
	*t = (struct target){.map = map_called(map), .name = slash + 1, .key = -1};
	if (!t->map)
		return false;
	t->key = key_by_name(t->map->shape, t->name);
	t->special = t->key < 0 && is_special(t->map->shape, t->name);
	if (t->key < 0 && !t->special)
		t->stage = stage_called(t->map, t->name);
	return true;
}

/* --- open */

static int open_stage(struct open_file *f, const struct target *t, int flags, mode_t mode)
{
	bool for_a_while = flags & O_EXCL && (mode == 0600 || is_backup_name(t->name));
	bool queue = t->map->shape->queue;

	f->stage = t->stage;
	if (!f->stage && !(flags & O_CREAT))
		return ENOENT;
	if (!f->stage && t->name[0] != '.' && (queue || !for_a_while))
		return queue ? EOPNOTSUPP : EINVAL;
	if (!f->stage)
		f->stage = new_stage(t->map, t->name, mode);
	if (flags & O_TRUNC && (flags & O_ACCMODE) != O_RDONLY)
		f->stage->text.len = 0;
	return 0;
}

/* *f is set up; it counts once it has refs. */
static int model_open(const struct target *t, int flags, mode_t mode, struct open_file *f)
{
	*f = (struct open_file){.flags = flags, .map = t->map, .key = t->key};
	if (exists(t) && flags & O_CREAT && flags & O_EXCL)
		return EEXIST;
	if (t->key < 0)
		return open_stage(f, t, flags, mode);
	if (exists(t))
		return open_present(f, flags);
	return flags & O_CREAT ? open_new(f, flags) : ENOENT;
}

/* --- unlink */

static int model_unlink(const struct target *t)
{
	if (!exists(t))
		return ENOENT;
	if (t->special)
		return EPERM;
	if (t->stage) {
		unname_stage(t->stage);
		return 0;
	}
	if (t->map->frozen && !(t->map->shape->fixed && !t->map->keys[t->key].present))
		return EROFS;
	take_away(t->map, t->key);
	bury(t->map, t->key);
	return 0;
}

/* --- rename */

static int move_key(const struct target *from, const struct target *to)
{
	struct map_state *map = from->map;
	int err;

	if (!map->keys[from->key].present)
		return ENOENT;
	err = store(map, to->key, &map->keys[from->key].value, ANY);
	if (err)
		return err;
	take_away(map, from->key);
	bury(map, to->key);
	if (map->keys[from->key].refused)
		map->keys[to->key].refused = map->keys[from->key].refused;
	for (struct open_file *f = model.files; f < model.files + FILES; f++)
		if (is_open_on(f, map, from->key))
			f->key = to->key;
	return 0;
}

/* The staging file that a name stands for is replaced. */
static void replace_stage(const struct target *to)
{
	if (to->stage)
		unname_stage(to->stage);
}

static int move_key_to_stage(const struct target *from, const struct target *to)
{
	struct map_state *map = from->map;
	struct stage *s;

	if (!to->stage && !is_backup_name(to->name))
		return EINVAL;
	if (!map->keys[from->key].present)
		return ENOENT;
	if (map->frozen)
		return EROFS;
	replace_stage(to);
	s = new_stage(map, to->name, 0600);
	print_value(map->shape->value, &map->keys[from->key].value, &s->text);
	take_away(map, from->key);
	bury(map, from->key);
	return 0;
}

static int move_stage_to_key(const struct target *from, const struct target *to)
{
	int err = store_text(to->map, to->key, &from->stage->text, ANY);

	if (err)
		return err == EAGAIN ? EINVAL : err;
	bury(to->map, to->key);
	unname_stage(from->stage);
	return 0;
}

static int move_stage(const struct target *from, const struct target *to)
{
	if (!to->stage && !is_backup_name(to->name))
		return to->map->shape->queue ? EOPNOTSUPP : EINVAL;
	replace_stage(to);
	snprintf(from->stage->name, sizeof from->stage->name, "%s", to->name);
	return 0;
}

static int rename_in_map(const struct target *from, const struct target *to)
{
	if (from->special)
		return EPERM;
	if (is_special(&shapes[0], to->name) || to->special)
		return EOPNOTSUPP;
	if (from->key >= 0)
		return to->key >= 0 ? move_key(from, to) : move_key_to_stage(from, to);
	return to->key >= 0 ? move_stage_to_key(from, to) : move_stage(from, to);
}

static bool is_same(const struct target *a, const struct target *b)
{
	return a->map == b->map && a->key == b->key && a->stage == b->stage &&
	       (!a->special || strcmp(a->name, b->name) == 0);
}

static int model_rename(const struct target *from, const struct target *to, unsigned int flags)
{
	if (!exists(from))
		return ENOENT;
	if (flags & RENAME_NOREPLACE && exists(to))
		return EEXIST;
	if (flags & RENAME_EXCHANGE && !exists(to))
		return ENOENT;
	if (is_same(from, to))
		return 0;
	if (flags & RENAME_EXCHANGE)
		return EINVAL;
	return from->map == to->map ? rename_in_map(from, to) : EXDEV;
}

#endif
