/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/access.h"

#include <errno.h>
#include <limits.h>

#include "lib/sys.h"

void access_of(struct fs *fs, uint32_t map_id, const struct map *map, struct access *out)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct stat st;

	if (catalog_pin(fs->catalog, map_id, &path, &st) == 0) {
		*out = (struct access){st.st_uid, st.st_gid, st.st_mode & 0666, st.st_mtim};
	} else {
		*out = (struct access){fs->options.uid, fs->options.gid, 0666 & ~fs->options.umask,
				       fs->started};
	}
	if (fs->options.read_only || (map && map_is_frozen(map)))
		out->mode &= 0444;
	buf_free(&path);
}

mode_t access_dir_mode(mode_t mode)
{
	return mode | (mode & 0444) >> 2;
}

static int pin_of(struct fs *fs, uint32_t map_id, struct buf *path, struct diag *d)
{
	int err = catalog_pin(fs->catalog, map_id, path, NULL);

	if (fs->options.read_only)
		return diag_set(d, EROFS, "this mount is read-only");
	if (err == -ENOENT)
		return diag_set(d, EPERM,
				"owner and mode of a map are its pin's, and it has none in %s",
				fs->options.survey.pindir);
	return err;
}

int access_chmod(struct fs *fs, uint32_t map_id, mode_t mode, struct diag *d)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int err = pin_of(fs, map_id, &path, d);

	if (!err)
		err = sys_pin_chmod(path.data, mode & 0666);
	buf_free(&path);
	return err;
}

int access_chown(struct fs *fs, uint32_t map_id, uid_t uid, gid_t gid, struct diag *d)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int err = pin_of(fs, map_id, &path, d);

	if (!err)
		err = sys_pin_chown(path.data, uid, gid);
	buf_free(&path);
	return err;
}
