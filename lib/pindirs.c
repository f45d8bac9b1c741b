/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/pindirs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/mapname.h"
#include "lib/sys.h"

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
	struct buf path = BUF_INIT(PATH_MAX);
	int err;

	survey_dir_path(options, dir, &path);
	err = buf_error(&path);
	if (!err)
		err = sys_pin_list(path.data, show_dir, &walk);
	buf_free(&path);
	return err;
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
	struct buf path = BUF_INIT(PATH_MAX), shown = BUF_INIT(PATH_MAX);
	struct dir_search search = {.pin_name = BUF_INIT(PATH_MAX)};
	int err = -ENOENT;

	mapname_canonical(name, &shown);
	survey_dir_path(options, dir, &path);
	search.shown = shown.data;
	if (shown.len && !buf_error(&path) && sys_pin_list(path.data, match_dir, &search) == 1) {
		buf_addf(out, "%s%s%s", dir, *dir ? "/" : "", search.pin_name.data);
		err = buf_error(out);
	}
	buf_free(&path);
	buf_free(&shown);
	buf_free(&search.pin_name);
	return err;
}
