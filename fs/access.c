/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/access.h"

#include <errno.h>
#include <limits.h>

#include "lib/sys.h"

void access_of(struct fs *fs, uint32_t map_id, bool is_frozen, struct access *out)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct stat st;

	if (catalog_pin(fs->catalog, map_id, &path, &st) == 0) {
		*out = (struct access){st.st_uid, st.st_gid, st.st_mode & 0666, st.st_mtim};
	} else {
		*out = (struct access){fs->options.uid, fs->options.gid, 0666 & ~fs->options.umask,
				       fs->started};
	}
	if (is_frozen || (fs->options.read_only && !fs->options.survey.snapshot))
		out->mode &= 0444; /* a snapshot is for backups, which keep modes */
	buf_free(&path);
}

/* By a descriptor, where there is no iterator. A map that must not be opened, it seems
 * not to be. */
static int ask_by_descriptor(struct fs *fs, uint32_t map_id)
{
	struct map_desc *desc;
	struct map map;
	int result = catalog_desc(fs->catalog, map_id, &desc);

	if (result)
		return result;
	result = map_open(&map, desc, BPF_F_RDONLY);
	if (!result) {
		result = map_is_frozen(&map);
		map_close(&map);
	} else if (result == -EOPNOTSUPP) {
		result = catalog_is_alive(fs->catalog, map_id) ? 0 : -ENOENT;
	}
	map_desc_unref(desc);
	return result == -ESTALE ? -ENOENT : result;
}

int access_look(struct fs *fs, uint32_t map_id, struct access *out)
{
	int is_frozen = catalog_is_frozen(fs->catalog, map_id);

	if (is_frozen == -EOPNOTSUPP)
		is_frozen = ask_by_descriptor(fs, map_id);
	if (is_frozen < 0)
		return is_frozen;
	access_of(fs, map_id, is_frozen, out);
	return 0;
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
