/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/findmap.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/host.h"

/* Is this what the map with this id was, or could have been, made by? */
static bool fits_spec(struct fs *fs, const char *dir, uint32_t id, const char *text)
{
	struct spec map, asked;
	struct map_desc *desc;
	bool fits;

	if (catalog_desc(fs->catalog, id, &desc))
		return false;
	spec_of_map(&map, desc);
	fits = spec_copy(&asked, &map) == 0 &&
	       spec_parse(&asked, text, strlen(text), ',', NULL) == 0 &&
	       catalog_take_template(fs->catalog, dir, &asked, NULL) == 0 &&
	       spec_is_as_asked(&map, &asked);
	spec_free(&map);
	spec_free(&asked);
	map_desc_unref(desc);
	return fits;
}

/* "@ID" leads root to any map. Others come by it only where they have come to already: directories
 * protect what is in them. */
static bool is_out_of_reach(struct fs *fs, const char *dir, uint32_t id)
{
	struct buf path = BUF_INIT(PATH_MAX);
	const char *slash;
	bool is_here;

	if (host_served() == 0)
		return false;
	is_here = catalog_path(fs->catalog, id, &path) == 0;
	if (is_here) {
		slash = strrchr(path.data, '/');
		is_here = strlen(dir) == (slash ? (size_t)(slash - path.data) : 0) &&
			  strncmp(path.data, dir, strlen(dir)) == 0;
	}
	buf_free(&path);
	return !is_here;
}

static int find_by_name(struct fs *fs, const char *dir, const char *name, uint32_t *id)
{
	int err = catalog_find(fs->catalog, dir, name, id);

	return !err && name[0] == '@' && is_out_of_reach(fs, dir, *id) ? -ENOENT : err;
}

int findmap(struct fs *fs, const char *dir, const char *name, uint32_t *id)
{
	const char *comma = strchr(name, ',');
	struct buf base = BUF_INIT(PATH_MAX);
	int err;

	if (!comma)
		return find_by_name(fs, dir, name, id);
	buf_add(&base, name, (size_t)(comma - name));
	err = base.len ? buf_error(&base) : -ENOENT;
	if (!err)
		err = find_by_name(fs, dir, base.data, id);
	if (!err && !fits_spec(fs, dir, *id, comma + 1))
		err = -ENOENT;
	buf_free(&base);
	return err;
}
