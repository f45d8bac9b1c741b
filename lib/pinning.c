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

int pinning_stat(const struct map_entry *e, struct stat *st)
{
	int err = e && e->pin ? sys_pin_stat(e->pin, st) : -ENOENT;

	return !err && st->st_ino != e->pin_ino ? -ENOENT : err;
}

int pinning_add(struct entries *entries, const struct survey_options *options, const char *dir,
		const char *name, int fd, uint32_t *id, struct diag *d)
{
	struct buf path = BUF_INIT(PATH_MAX), raw = BUF_INIT(PATH_MAX);
	struct bpf_map_info info;
	struct map_entry *e;
	struct stat st;
	int err;

	pinning_path(options, dir, name, &path);
	mapname_raw(name, &raw);
	err = sys_map_info(fd, &info);
	if (!err)
		err = sys_pin(fd, path.data);
	if (err) {
		diag_set(d, -err, "cannot pin it as %s", path.data);
	} else {
		err = survey_add(entries, options, &info, dir, raw.data, &e);
		if (!err && sys_pin_stat(path.data, &st) == 0)
			err = entries_set_pin(entries, e, path.data, st.st_ino);
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

	if (!e)
		return -ENOENT;
	if (name) {
		pinning_path(options, dir, name, path);
		if (!buf_error(path) && is_pin_of(path->data, e->id))
			return 0;
	}
	buf_clear(path);
	if (pinning_stat(e, &st))
		return not_ours(options, d);
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

int pinning_move(struct entries *entries, const struct survey_options *options, struct map_entry *e,
		 const char *old, const char *dir, const char *name)
{
	struct buf path = BUF_INIT(PATH_MAX), shown = BUF_INIT(PATH_MAX);
	int err;

	pinning_path(options, dir, name, &path);
	mapname_canonical(name, &shown);
	err = buf_error(&path) ? buf_error(&path) : buf_error(&shown);
	if (!err)
		err = sys_pin_rename(old, path.data);
	if (!err && is_shown_by(e, old)) {
		err = entries_set_pin(entries, e, path.data, e->pin_ino);
		if (!err)
			err = entries_rename(entries, e, dir, shown.data);
	}
	buf_free(&path);
	buf_free(&shown);
	return err;
}
