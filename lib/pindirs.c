/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/pindirs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/mapname.h"
#include "lib/sys.h"

/* Calls each for what is in a directory: all there is, or, in a snapshot, the directories that
 * there were. */
static int list(const struct survey_options *options, const char *dir,
		int (*each)(void *arg, const char *name, bool is_dir), void *arg)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int err;

	if (options->snapshot)
		return snapshot_each_dir(options->snapshot, dir, each, arg);
	survey_dir_path(options, dir, &path);
	err = buf_error(&path);
	if (!err)
		err = sys_pin_list(path.data, each, arg);
	buf_free(&path);
	return err;
}

int pindirs_stat(const struct survey_options *options, const char *dir, struct stat *st)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int err;

	if (options->snapshot)
		return snapshot_stat_dir(options->snapshot, dir, st);
	survey_dir_path(options, dir, &path);
	err = buf_error(&path);
	if (!err)
		err = sys_pin_stat(path.data, st);
	buf_free(&path);
	return err;
}

struct dir_walk {
	int (*each)(void *arg, const char *name);
	void *arg;
};

static int show_dir(void *arg, const char *pin_name, bool is_dir)
{
	struct buf raw = BUF_INIT(PATH_MAX), name = BUF_INIT(PATH_MAX);
	const struct dir_walk *walk = arg;
	int err;

	if (!is_dir)
		return 0;
	mapname_of_pin(pin_name, &raw);
	if (!buf_error(&raw))
		mapname_display(raw.data, raw.len, &name);
	err = buf_error(&raw) ? buf_error(&raw) : buf_error(&name);
	if (!err)
		err = walk->each(walk->arg, name.data);
	buf_free(&raw);
	buf_free(&name);
	return err;
}

int pindirs_each(const struct survey_options *options, const char *dir,
		 int (*each)(void *arg, const char *name), void *arg)
{
	struct dir_walk walk = {.each = each, .arg = arg};

	return list(options, dir, show_dir, &walk);
}

/* A directory that is looked for by the name it is shown as. */
struct dir_search {
	const char *shown;
	struct buf pin_name;
};

static int match_dir(void *arg, const char *pin_name, bool is_dir)
{
	struct buf raw = BUF_INIT(PATH_MAX), name = BUF_INIT(PATH_MAX);
	struct dir_search *search = arg;
	bool found;

	mapname_of_pin(pin_name, &raw);
	mapname_display(raw.data, raw.len, &name);
	found = is_dir && name.len && strcmp(name.data, search->shown) == 0;
	if (found)
		buf_adds(&search->pin_name, pin_name);
	buf_free(&raw);
	buf_free(&name);
	return found;
}

int pindirs_find(const struct survey_options *options, const char *dir, const char *name,
		 struct buf *out)
{
	struct dir_search search = {.pin_name = BUF_INIT(PATH_MAX)};
	struct buf shown = BUF_INIT(PATH_MAX);
	int err = -ENOENT;

	mapname_canonical(name, &shown);
	search.shown = shown.data;
	if (shown.len && list(options, dir, match_dir, &search) == 1) {
		buf_addf(out, "%s%s%s", dir, *dir ? "/" : "", search.pin_name.data);
		err = buf_error(out);
	}
	buf_free(&shown);
	buf_free(&search.pin_name);
	return err;
}

int pindirs_make(const struct survey_options *options, const char *dir, const char *name,
		 struct buf *out)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int err;

	if (options->snapshot)
		return -EROFS;
	buf_addf(out, "%s%s", dir, *dir ? "/" : "");
	mapname_pin(name, out);
	err = buf_error(out);
	if (!err)
		survey_dir_path(options, out->data, &path);
	if (!err)
		err = buf_error(&path);
	if (!err)
		err = sys_pin_prepare(path.data);
	buf_free(&path);
	return err;
}
