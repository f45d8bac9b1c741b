/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/pinning.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/mapname.h"
#include "lib/sys.h"

void pinning_path(const struct survey_options *options, const char *dir, const char *name,
		  struct buf *out)
{
	survey_dir_path(options, dir, out);
	buf_addc(out, '/');
	mapname_pin(name, out);
}

int pinning_stat(const struct survey_options *options, const struct map_entry *e, struct stat *st)
{
	int err = e && e->pin ? 0 : -ENOENT;

	if (!err && options->snapshot)
		*st = e->pin_stat;
	else if (!err)
		err = sys_pin_stat(e->pin, st);
	return !err && st->st_ino != e->pin_ino ? -ENOENT : err;
}

int pinning_check_free(const struct survey_options *options, const char *dir, const char *name,
		       struct diag *d)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct stat st;
	int err = 0;

	pinning_path(options, dir, name, &path);
	if (buf_error(&path) == -ENOMEM)
		err = -ENOMEM;
	else if (buf_error(&path))
		err = diag_set(d, ENAMETOOLONG, "the path of the pin is too long");
	else if (sys_pin_stat(path.data, &st) == 0)
		err = diag_set(d, EEXIST, "%s exists and is no map", path.data);
	buf_free(&path);
	return err;
}

/* The entry of a map that was just pinned at path; it goes again if that fails. */
static int add_entry(struct entries *entries, const struct survey_options *options,
		     const struct bpf_map_info *info, const char *dir, const char *raw,
		     const char *path)
{
	struct map_entry *e;
	struct stat st;
	int err = survey_add(entries, options, info, dir, raw, &e);

	if (err)
		return err;
	err = sys_pin_stat(path, &st);
	if (!err)
		err = entries_set_pin(entries, e, path, st.st_ino);
	if (err)
		entries_remove(entries, e);
	return err;
}

int pinning_add(struct entries *entries, const struct survey_options *options, const char *dir,
		const char *name, int fd, uint32_t *id, struct diag *d)
{
	struct buf path = BUF_INIT(PATH_MAX), raw = BUF_INIT(PATH_MAX);
	struct bpf_map_info info;
	int err;

	pinning_path(options, dir, name, &path);
	mapname_raw(name, &raw);
	err = buf_error(&path) ? buf_error(&path) : buf_error(&raw);
	if (!err)
		err = sys_map_info(fd, &info);
	if (!err)
		err = sys_pin(fd, path.data);
	if (err) {
		diag_set(d, -err, "cannot pin it as %s", path.data ? path.data : name);
	} else {
		err = add_entry(entries, options, &info, dir, raw.data, path.data);
		if (err)
			sys_pin_unlink(path.data);
		*id = info.id;
	}
	buf_free(&path);
	buf_free(&raw);
	return err;
}

static int not_ours(const struct survey_options *options, struct diag *d)
{
	return diag_set(d, EBUSY, "it has no pin in %s that could be removed: others keep this map",
			options->pindir);
}

/* Is there a pin of this map at path? */
static bool is_pin_of(const char *path, uint32_t id)
{
	struct bpf_map_info info;

	return survey_read_pin(path, &info) == 0 && info.id == id;
}

int pinning_choose(const struct survey_options *options, const struct map_entry *e, const char *dir,
		   const char *name, struct buf *path, struct diag *d)
{
	struct stat st;
	int err;

	if (!e)
		return -ENOENT;
	if (name) {
		pinning_path(options, dir, name, path);
		if (!buf_error(path) && is_pin_of(path->data, e->id))
			return 0;
	}
	buf_clear(path);
	err = pinning_stat(options, e, &st);
	if (err)
		return err == -ENOENT ? not_ours(options, d) : err;
	buf_adds(path, e->pin);
	return buf_error(path);
}

static bool is_shown_by(const struct map_entry *e, const char *path)
{
	return e->pin && strcmp(e->pin, path) == 0;
}

int pinning_remove(struct entries *entries, const struct survey_options *options,
		   struct map_entry *e, const char *path)
{
	int err = sys_pin_unlink(path);

	if (err || !is_shown_by(e, path))
		return err;
	entries_set_pin(entries, e, NULL, 0);
	if (!options->pinned_only && survey_is_alive(e->id))
		return survey_settle(entries, options, e);
	entries_remove(entries, e); /* scope=pinned: the next look finds a second pin */
	return 0;
}

/* Gives one pin the mode and the owner of another. */
static int copy_access(const char *from, const char *to)
{
	struct stat want, now;
	int err = sys_pin_stat(from, &want);

	if (!err)
		err = sys_pin_stat(to, &now);
	if (!err && (want.st_uid != now.st_uid || want.st_gid != now.st_gid))
		err = sys_pin_chown(to, want.st_uid, want.st_gid);
	if (!err && (want.st_mode & 0777) != (now.st_mode & 0777))
		err = sys_pin_chmod(to, want.st_mode & 0777);
	return err;
}

int pinning_replace(struct entries *entries, struct map_entry *e, const char *from,
		    struct map_entry *old, const char *path)
{
	bool was_shown = is_shown_by(old, path);
	struct entry_place place;
	int err = entry_place_make(&place, path, was_shown ? old->dir : NULL,
				   was_shown ? old->name : NULL);

	if (!err)
		err = copy_access(path, from);
	if (!err)
		err = sys_pin_replace(from, path);
	if (!err && was_shown)
		entries_remove(entries, old); /* if others keep it, the next look finds it */
	if (!err)
		entries_move(entries, e, &place, e->pin_ino);
	entry_place_free(&place);
	return err;
}

int pinning_move(struct entries *entries, const struct survey_options *options, struct map_entry *e,
		 const char *old, const char *dir, const char *name)
{
	struct buf path = BUF_INIT(PATH_MAX), shown = BUF_INIT(PATH_MAX);
	struct entry_place place = {NULL, NULL, NULL};
	int err;

	pinning_path(options, dir, name, &path);
	mapname_canonical(name, &shown);
	err = buf_error(&path) ? buf_error(&path) : buf_error(&shown);
	if (!err)
		err = entry_place_make(&place, path.data, dir, shown.data);
	if (!err)
		err = sys_pin_rename(old, path.data);
	if (!err && is_shown_by(e, old))
		entries_move(entries, e, &place, e->pin_ino);
	entry_place_free(&place);
	buf_free(&path);
	buf_free(&shown);
	return err;
}
