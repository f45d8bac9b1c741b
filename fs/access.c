/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/access.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/host.h"
#include "lib/sys.h"

void access_of(struct fs *fs, uint32_t map_id, bool is_frozen, struct access *out)
{
	struct stat st;
	int err = catalog_pin(fs->catalog, map_id, NULL, &st);

	if (!err) {
		*out = (struct access){st.st_uid, st.st_gid, st.st_mode & 0666, st.st_mtim};
	} else { /* if nobody knows what the pin says, it is nobody's */
		*out = (struct access){fs->options.uid, fs->options.gid,
				       err == -ENOENT ? 0666 & ~fs->options.umask : 0, fs->started};
	}
	if (is_frozen || (fs->options.read_only && !fs->options.survey.snapshot))
		out->mode &= 0444; /* a snapshot is for backups, which keep modes */
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

/* Was the map looked at lately? If not, *now says as of when it is looked at now. */
static bool was_seen(struct fs *fs, uint32_t map_id, struct lately_map *now)
{
	uint64_t changes = catalog_changes(fs->catalog);

	if (lately_find(&fs->lately, map_id, changes, now))
		return true;
	*now = (struct lately_map){.id = map_id, .at = lately_now(), .changes = changes};
	return false;
}

static void see(struct fs *fs, struct lately_map *now, bool is_frozen)
{
	now->is_frozen = is_frozen;
	access_of(fs, now->id, is_frozen, &now->access);
	lately_keep(&fs->lately, now);
}

static void look_at_open(struct fs *fs, const struct map *map, struct lately_map *now)
{
	if (!was_seen(fs, map->desc->info.id, now))
		see(fs, now, map_is_frozen(map));
}

void access_of_open(struct fs *fs, const struct map *map, struct access *out)
{
	struct lately_map now;

	look_at_open(fs, map, &now);
	*out = now.access;
}

bool access_is_frozen(struct fs *fs, const struct map *map)
{
	struct lately_map now;

	look_at_open(fs, map, &now);
	return now.is_frozen;
}

/* That a map is there is not for lately.h to say. In a snapshot it stays. */
static bool is_there(struct fs *fs, uint32_t map_id)
{
	return fs->options.survey.snapshot || survey_is_alive(map_id);
}

int access_look(struct fs *fs, uint32_t map_id, struct access *out)
{
	struct lately_map now;
	int is_frozen;

	if (was_seen(fs, map_id, &now)) {
		if (!is_there(fs, map_id))
			return -ENOENT;
	} else {
		is_frozen = catalog_is_frozen(fs->catalog, map_id);
		if (is_frozen == -EOPNOTSUPP)
			is_frozen = ask_by_descriptor(fs, map_id);
		if (is_frozen < 0)
			return is_frozen;
		see(fs, &now, is_frozen);
	}
	*out = now.access;
	return 0;
}

mode_t access_dir_mode(mode_t mode)
{
	return mode | (mode & 0444) >> 2;
}

bool access_has(uid_t uid, gid_t gid, mode_t mode, mode_t right)
{
	uint32_t served = host_served();

	if (served == 0)
		return true;
	if (served == uid)
		return mode >> 6 & right;
	return (host_is_in_group(gid) ? mode >> 3 : mode) & right;
}

/* May he walk through all directories of bpffs on the way to the map? */
static bool may_walk(struct fs *fs, uint32_t map_id)
{
	struct buf path = BUF_INIT(PATH_MAX);
	bool may = catalog_path(fs->catalog, map_id, &path) == 0;
	struct stat st;

	for (char *slash = path.data; may && (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		may = catalog_stat_dir(fs->catalog, path.data, &st) == 0 &&
		      access_has(st.st_uid, st.st_gid, st.st_mode, 1);
		*slash = '/';
	}
	buf_free(&path);
	return may;
}

int access_may_read(struct fs *fs, uint32_t map_id, struct diag *d)
{
	struct access access;
	int err;

	if (host_served() == 0)
		return 0;
	err = access_look(fs, map_id, &access);
	if (err)
		return err;
	if (access_has(access.uid, access.gid, access.mode, 4) && may_walk(fs, map_id))
		return 0;
	return diag_set(d, EACCES,
			"this takes the right to read the map that is named: ask its owner for it");
}

int access_may_copy(struct fs *fs, const char *dir, const struct spec *spec, struct diag *d)
{
	uint32_t id;
	int err;

	if (!spec->inner_name)
		return 0;
	err = catalog_find_template(fs->catalog, dir, spec->inner_name, &id);
	if (err == -ENOENT)
		return 0; /* who makes the map says so */
	return err ? err : access_may_read(fs, id, d);
}

int access_give(struct fs *fs, const char *dir, uint32_t map_id, uid_t uid, gid_t gid)
{
	struct stat st;

	if (catalog_stat_dir(fs->catalog, dir, &st) == 0 && st.st_mode & S_ISGID)
		gid = (gid_t)-1;
	return uid || gid ? access_chown(fs, map_id, uid, gid, NULL) : 0;
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

	if (!err && mode & S_ISVTX)
		err = diag_set(d, EPERM,
			       "keys have no owners of their own, so that this bit would protect "
			       "none: who may write the map may remove its keys");
	if (!err)
		err = sys_pin_chmod(path.data, mode & 0666);
	catalog_note_change(fs->catalog);
	buf_free(&path);
	return err;
}

int access_chown(struct fs *fs, uint32_t map_id, uid_t uid, gid_t gid, struct diag *d)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int err = pin_of(fs, map_id, &path, d);

	if (!err)
		err = sys_pin_chown(path.data, uid, gid);
	catalog_note_change(fs->catalog);
	buf_free(&path);
	return err;
}
