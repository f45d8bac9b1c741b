/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/removal.h"

#include <errno.h>
#include <limits.h>

#include "fs/key.h"
#include "fs/kind.h"
#include "fs/newdir.h"
#include "fs/newfile.h"
#include "fs/newlink.h"
#include "fs/openfile.h"
#include "fs/remake.h"
#include "fs/tree.h"
#include "lib/host.h"
#include "lib/scan.h"
#include "lib/sys.h"

/* 0 if no key would be lost. */
static int check_empty(struct fs *fs, uint32_t map_id, struct diag *d)
{
	struct map_desc *desc;
	struct map map;
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err;
	err = map_open(&map, desc, BPF_F_RDONLY);
	if (!err) {
		err = map_is_frozen(&map) ? 1 : scan_is_empty(&map); /* nobody can remove keys */
		map_close(&map);
	}
	map_desc_unref(desc);
	if (err == 1 && waitroom_count(&fs->waitroom, map_id))
		return diag_set(d, ENOTEMPTY,
				"files of the map wait for its .map, or links for their maps");
	if (err == 0)
		return diag_set(d, ENOTEMPTY, "the map has keys: remove them first");
	return err < 0 ? err : 0;
}

/* Borg removes and makes again each directory that it has filled, and counts on ENOTEMPTY: a
 * directory with .map in it would be that of any other filesystem. */
static int check_restored(struct fs *fs, uint32_t map_id, struct diag *d)
{
	if (remake_lacks_map_file(fs, map_id) ||
	    !fresh_was_written_by(&fs->fresh, map_id, host_served_task()))
		return 0;
	return diag_set(d, ENOTEMPTY,
			"this process has written .map: it must remove that before the map");
}

static int remove_map(struct fs *fs, uint32_t map_id, const char *dir, const char *name,
		      struct diag *d)
{
	int err = check_restored(fs, map_id, d);

	if (!err)
		err = catalog_pin(fs->catalog, map_id, NULL, NULL);
	if (!err)
		err = check_empty(fs, map_id, d);
	if (!err || err == -ENOENT) /* it has no pin of ours, or is gone: that says why */
		err = catalog_unpin(fs->catalog, map_id, dir, name, d);
	if (err)
		return err;
	fresh_remove(&fs->fresh, map_id);
	waitroom_remove_map(&fs->waitroom, map_id);
	hide_prune(&fs->hidden, fs_lacks_map, fs);
	return 0;
}

static int remove_dir(struct fs *fs, const char *dir)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int err;

	catalog_dir_path(fs->catalog, dir, &path);
	err = buf_error(&path);
	if (!err)
		err = sys_pin_rmdir(path.data);
	buf_free(&path);
	return err;
}

static int remove_long_dir(struct fs *fs, const struct identity *id, struct diag *d)
{
	struct map_desc *desc;
	int err = newdir_remove(fs, id->map_id, tree_pieces(id));

	if (err != -ENOENT)
		return err;
	err = catalog_desc(fs->catalog, id->map_id, &desc);
	if (err)
		return err;
	err = longdirs_has_keys(desc, tree_pieces(id));
	if (err == 1)
		err = diag_set(d, ENOTEMPTY, "names of keys go through this directory");
	else if (err == 0)
		longdirs_forget(&fs->longdirs, id->map_id, tree_pieces(id));
	map_desc_unref(desc);
	return err;
}

int removal_rmdir(struct fs *fs, const struct identity *dir, const char *name, struct diag *d)
{
	struct found found = FOUND_INIT;
	int err = tree_find(fs, dir, name, &found, NULL);

	if (!err && found.id.kind == NODE_MAP)
		err = remove_map(fs, found.id.map_id, tree_dir_path(dir), name, d);
	else if (!err && found.id.kind == NODE_DIR)
		err = remove_dir(fs, (const char *)found.id.bytes);
	else if (!err && found.id.kind == NODE_LONG_DIR)
		err = remove_long_dir(fs, &found.id, d);
	else if (!err)
		err = -ENOTDIR;
	found_free(&found);
	return err;
}

/* Of a key, or of a file that waits. */
static int unlink_file(struct fs *fs, const struct identity *id, struct diag *d)
{
	struct node *node = node_find(&fs->nodes, id);
	int err;

	if (node)
		openfile_settle(fs, node);
	if (id->kind == NODE_WAIT_FILE)
		err = newfile_remove(fs, id);
	else
		err = key_remove(fs, id->map_id, id->bytes, d);
	if (err == -ENOENT && node && openfile_is_creating(fs, node))
		err = 0;
	if (node && !err)
		openfile_forget(fs, node);
	if (node)
		node_put(&fs->nodes, node, 1);
	return err;
}

int removal_unlink(struct fs *fs, const struct identity *dir, const char *name, struct diag *d)
{
	struct found found = FOUND_INIT;
	int err = tree_find(fs, dir, name, &found, NULL);

	if (err)
		goto out;
	switch (found.id.kind) {
	case NODE_KEY:
	case NODE_WAIT_FILE:
		err = unlink_file(fs, &found.id, d);
		break;
	case NODE_LINK:
		err = newlink_remove_key(fs, &found.id, d);
		break;
	case NODE_WAIT_LINK:
		err = waitroom_remove(&fs->waitroom, found.id.map_id, (const char *)found.id.bytes);
		break;
	case NODE_SCRATCH:
		err = scratch_unlink(&fs->scratch, kind_scratch_number(&found.id));
		break;
	case NODE_LONG_DIR:
		err = -EISDIR;
		break;
	case NODE_MAP_FILE:
		err = hide_map_file(&fs->hidden, found.id.map_id);
		break;
	default:
		err = diag_set(d, EPERM, "%s belongs to the tree", name);
	}
out:
	found_free(&found);
	return err;
}
