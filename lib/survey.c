/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/survey.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "lib/mapname.h"
#include "lib/sys.h"

enum { DIR_DEPTH = 16 }; /* of bpffs below pindir */

/* One survey under way, in one directory of bpffs. */
struct walk {
	struct entries *entries;
	const struct survey_options *options;
	const char *dir;
	int depth;
};

void survey_dir_path(const struct survey_options *options, const char *dir, struct buf *out)
{
	buf_addf(out, "%s%s%s", options->pindir, *dir ? "/" : "", dir);
}

/* Has a directory of bpffs in dir the name that raw would be shown by? */
static bool is_directory(const struct survey_options *options, const char *dir, const char *raw)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct stat st;
	bool found;

	survey_dir_path(options, dir, &path);
	buf_addc(&path, '/');
	mapname_pin_of_raw(raw, strlen(raw), &path);
	found = !buf_error(&path) && sys_pin_stat(path.data, &st) == 0 && S_ISDIR(st.st_mode);
	buf_free(&path);
	return found;
}

bool survey_is_alive(uint32_t id)
{
	uint32_t next;
	int err = sys_map_next_id(id - 1, &next);

	return err ? err != -ENOENT : next == id;
}

/* Is the name free in dir? A map that is gone holds none any longer. */
static bool is_free(struct entries *entries, const struct survey_options *options, const char *dir,
		    const char *name, const char *raw)
{
	struct map_entry *holder = entries_by_name(entries, dir, name);

	if (holder && survey_is_alive(holder->id))
		return false;
	if (holder)
		entries_remove(entries, holder);
	return !is_directory(options, dir, raw);
}

static int choose_name(struct entries *entries, const struct survey_options *options,
		       const char *dir, const char *raw, uint32_t id, struct buf *name)
{
	mapname_display(raw, strlen(raw), name);
	if (!name->len || !is_free(entries, options, dir, name->data, raw))
		buf_addf(name, "@%" PRIu32, id);
	if (name->len > NAME_MAX) {
		buf_clear(name);
		buf_addf(name, "@%" PRIu32, id);
	}
	return buf_error(name);
}

int survey_add(struct entries *entries, const struct survey_options *options,
	       const struct bpf_map_info *info, const char *dir, const char *raw,
	       struct map_entry **out)
{
	struct buf name = BUF_INIT(PATH_MAX);
	int err = choose_name(entries, options, dir, raw, info->id, &name);

	if (!err) {
		*out = entries_add(entries, info, dir, name.data);
		err = *out ? 0 : -ENOMEM;
	}
	if (!err)
		(*out)->seen = true;
	buf_free(&name);
	return err;
}

/* The pins. */

int survey_read_pin(const char *path, struct bpf_map_info *info)
{
	int fd = sys_pin_open(path, BPF_F_RDONLY), err;

	if (fd < 0)
		return fd;
	err = sys_map_info(fd, info);
	sys_close(fd);
	return err;
}

/* Errors that mean no more than that there is no map for us at this path. */
static bool is_no_map(int err)
{
	return err == -ENOENT || err == -EINVAL || err == -EACCES || err == -EPERM;
}

/* The entry of the map that is pinned at path, made if it has none. */
static int entry_of_pin(const struct walk *w, const char *pin_name, const char *path,
			struct map_entry **out)
{
	struct buf raw = BUF_INIT(PATH_MAX);
	struct bpf_map_info info;
	int err = survey_read_pin(path, &info);

	if (err)
		return err;
	*out = entries_by_id(w->entries, info.id);
	if (*out)
		return 0;
	mapname_of_pin(pin_name, &raw);
	err = buf_error(&raw);
	if (!err)
		err = survey_add(w->entries, w->options, &info, w->dir, raw.data, out);
	buf_free(&raw);
	return err;
}

/* Forgets a pin that is gone or replaced, so that the entry can take another. */
static void check_pin(struct entries *entries, struct map_entry *e)
{
	struct stat st;

	if (e->pin && !e->pin_seen && (sys_pin_stat(e->pin, &st) || st.st_ino != e->pin_ino))
		entries_set_pin(entries, e, NULL, 0);
}

/* Takes note of one pin. What is no map, or vanished meanwhile, is passed over. */
static int note_pin(const struct walk *w, const char *pin_name, const char *path)
{
	struct map_entry *e = entries_by_pin(w->entries, path);
	struct stat st;
	int err = sys_pin_stat(path, &st);

	if (!err && e && e->pin_ino == st.st_ino) {
		e->seen = e->pin_seen = true;
		return 0;
	}
	if (!err && e)
		entries_set_pin(w->entries, e, NULL, 0);
	if (!err)
		err = entry_of_pin(w, pin_name, path, &e);
	if (err)
		return is_no_map(err) ? 0 : err;
	e->seen = true;
	check_pin(w->entries, e);
	if (e->pin)
		return 0;
	e->pin_seen = true;
	e->pin_stat = st;
	return entries_set_pin(w->entries, e, path, st.st_ino);
}

static int walk_pins(const struct walk *w);

static int keep_dir(const struct walk *w, const char *dir, const char *path)
{
	struct stat st;

	if (!w->options->snapshot || sys_pin_stat(path, &st))
		return 0;
	return snapshot_add_dir(w->options->snapshot, dir, &st);
}

static int walk_one(void *arg, const char *name, bool is_dir)
{
	struct walk inner = *(const struct walk *)arg;
	struct buf dir = BUF_INIT(PATH_MAX), path = BUF_INIT(PATH_MAX);
	int err;

	buf_addf(&dir, "%s%s%s", inner.dir, *inner.dir ? "/" : "", name);
	if (!buf_error(&dir))
		survey_dir_path(inner.options, dir.data, &path);
	err = buf_error(&dir) ? buf_error(&dir) : buf_error(&path);
	if (!err && is_dir) {
		err = keep_dir(&inner, dir.data, path.data);
		inner.dir = dir.data;
		inner.depth++;
		if (!err && inner.depth <= DIR_DEPTH)
			err = walk_pins(&inner);
	} else if (!err) {
		err = note_pin(&inner, name, path.data);
	}
	buf_free(&dir);
	buf_free(&path);
	return err == -EFBIG ? 0 : err;
}

static int walk_pins(const struct walk *w)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int err;

	survey_dir_path(w->options, w->dir, &path);
	err = buf_error(&path);
	if (!err)
		err = sys_pin_list(path.data, walk_one, (void *)w);
	buf_free(&path);
	return err == -ENOENT ? 0 : err;
}

static void begin(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		entries->by_id[i]->seen = entries->by_id[i]->pin_seen = false;
}

/* Those that the walk has not met. */
static void check_pins(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		check_pin(entries, entries->by_id[i]);
}

/* The kernel's ids. */

static int read_map(uint32_t id, uint32_t open_flags, struct bpf_map_info *info)
{
	int fd = sys_map_open_id(id, open_flags), err;

	if (fd < 0)
		return fd;
	err = sys_map_info(fd, info);
	sys_close(fd);
	return err;
}

/* For the iterator: it tells all, so nothing is opened. */
static int note_map(void *arg, const struct mapiter_map *map)
{
	const struct walk *w = arg;
	struct map_entry *e = entries_by_id(w->entries, map->info.id);
	int err = 0;

	if (!e)
		err = survey_add(w->entries, w->options, &map->info, "", map->info.name, &e);
	if (err)
		return err;
	e->seen = true;
	e->frozen = map->frozen;
	return 0;
}

/* Of maps that have their entries already. */
static int note_known(void *arg, const struct mapiter_map *map)
{
	const struct walk *w = arg;
	struct map_entry *e = entries_by_id(w->entries, map->info.id);

	if (e)
		e->frozen = map->frozen;
	return 0;
}

static int note_id(const struct walk *w, uint32_t id)
{
	struct map_entry *e = entries_by_id(w->entries, id);
	struct bpf_map_info info;
	int err;

	if (e) {
		e->seen = true;
		return 0;
	}
	err = read_map(id, w->options->open_flags, &info);
	if (!err)
		err = survey_add(w->entries, w->options, &info, "", info.name, &e);
	return is_no_map(err) ? 0 : err;
}

static int walk_ids(const struct walk *w)
{
	uint32_t id = 0;
	int err;

	if (w->options->iter)
		return mapiter_each(w->options->iter,
				    w->options->pinned_only ? note_known : note_map, (void *)w);
	while ((err = sys_map_next_id(id, &id)) == 0) {
		err = note_id(w, id);
		if (err)
			return err;
	}
	return err == -ENOENT ? 0 : err;
}

static bool has_lost_its_place(const struct survey_options *options, const struct map_entry *e)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct stat st;
	int err;

	survey_dir_path(options, e->dir, &path);
	err = buf_error(&path) ? buf_error(&path) : sys_pin_stat(path.data, &st);
	buf_free(&path);
	return !e->pin || err == -ENOENT || (!err && !S_ISDIR(st.st_mode));
}

int survey_settle(struct entries *entries, const struct survey_options *options,
		  struct map_entry *e)
{
	struct buf raw = BUF_INIT(PATH_MAX), name = BUF_INIT(PATH_MAX);
	int err;

	if (!*e->dir || !has_lost_its_place(options, e))
		return 0;
	mapname_raw(e->name, &raw);
	err = buf_error(&raw);
	if (!err)
		err = choose_name(entries, options, "", raw.data ? raw.data : "", e->id, &name);
	if (!err)
		err = entries_rename(entries, e, "", name.data);
	buf_free(&raw);
	buf_free(&name);
	return err;
}

/* choose_name() may remove dead entries, which moves those behind them. */
static int settle_all(struct entries *entries, const struct survey_options *options)
{
	uint32_t id = 0;
	size_t i;
	int err = 0;

	while (!err && (i = entries_place(entries, id)) < entries->count) {
		id = entries->by_id[i]->id + 1;
		err = survey_settle(entries, options, entries->by_id[i]);
	}
	return err;
}

static void drop_unseen(struct entries *entries)
{
	for (size_t i = entries->count; i-- > 0;)
		if (!entries->by_id[i]->seen)
			entries_remove(entries, entries->by_id[i]);
}

int survey(struct entries *entries, const struct survey_options *options)
{
	const struct walk w = {.entries = entries, .options = options, .dir = ""};
	int err;

	begin(entries);
	err = walk_pins(&w);
	check_pins(entries);
	if (!err && (options->iter || !options->pinned_only))
		err = walk_ids(&w);
	if (err)
		return err;
	drop_unseen(entries);
	return settle_all(entries, options);
}
