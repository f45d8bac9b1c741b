/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/attr.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "fs/access.h"
#include "fs/kind.h"
#include "fs/openfile.h"
#include "lib/sys.h"

/* Stands a key that the map has not for something all the same? */
static bool is_held_open(struct fs *fs, const struct node *node, bool by_name)
{
	return by_name ? openfile_is_creating(fs, node) : openfile_is_open(fs, node);
}

/* A file that is open looks like the text that it serves, whatever the map has by now. */
static bool look_at_served(struct fs *fs, struct node *node, struct stat *st)
{
	if (!openfile_show_served(fs, node, false, st) ||
	    kind_stat_empty(fs, node_identity(node), st))
		return false;
	node_fill_number(node, st);
	return openfile_show_served(fs, node, false, st);
}

static int look(struct fs *fs, struct node *node, bool by_name, struct stat *st)
{
	const struct identity *id = node_identity(node);
	int err;

	openfile_settle(fs, node);
	if (!by_name && look_at_served(fs, node, st))
		return 0;
	err = kind_stat(fs, id, st);
	if (err == -ENOENT && kind_of(id->kind)->type == S_IFREG &&
	    is_held_open(fs, node, by_name)) {
		err = kind_stat_empty(fs, id, st);
		if (!err && !by_name)
			openfile_show_dead(fs, node, st);
	}
	if (err == -ESTALE && by_name)
		err = -ENOENT; /* tools take that for "vanished" */
	if (err)
		return err;
	node_fill_number(node, st);
	openfile_show_served(fs, node, by_name, st);
	return 0;
}

int attr_get(struct fs *fs, struct node *node, struct stat *st)
{
	return look(fs, node, false, st);
}

int attr_of_name(struct fs *fs, struct node *node, struct stat *st)
{
	return look(fs, node, true, st);
}

/* chmod where nothing is changed: refused if group or others were to lose a
 * right. The owner's own bits protect from nobody. */
static int check_mode(const struct stat *now, mode_t mode, struct diag *d)
{
	if (now->st_mode & ~mode & 077)
		return diag_set(d, EPERM, "its mode is that of its map: chmod the map's directory");
	return 0;
}

static int set_inherited(struct fs *fs, struct node *node, const struct attr_change *change,
			 struct diag *d)
{
	int err = openfile_take_refusal(fs, node, change->caller);
	struct stat now;

	if (err)
		return diag_set(d, -err, "the text that was written before was refused");
	if (change->set_mtime)
		err = openfile_sync_new(fs, node, d);
	if (!err && change->set_mode) {
		err = attr_get(fs, node, &now);
		if (!err)
			err = check_mode(&now, change->st.st_mode, d);
	}
	return err;
}

static int set_map(struct fs *fs, struct node *node, const struct attr_change *change,
		   struct diag *d)
{
	uid_t uid = change->set_uid ? change->st.st_uid : (uid_t)-1;
	gid_t gid = change->set_gid ? change->st.st_gid : (gid_t)-1;
	uint32_t map_id = node_identity(node)->map_id;
	struct stat now;
	int err = attr_get(fs, node, &now);

	if (!err && change->set_mode && (now.st_mode ^ change->st.st_mode) & (0777 | S_ISVTX))
		err = access_chmod(fs, map_id, change->st.st_mode, d);
	if (!err &&
	    ((change->set_uid && uid != now.st_uid) || (change->set_gid && gid != now.st_gid)))
		err = access_chown(fs, map_id, uid, gid, d);
	return err;
}

/* Not a name that says that it is for a while. */
static bool is_meant_to_stay(const struct buf *full)
{
	const char *slash = full->data ? strrchr(full->data, '/') : NULL;
	const char *name = slash ? slash + 1 : full->data;

	return name && *name && name[0] != '.' && name[strlen(name) - 1] != '~';
}

/* Who gives a file the time of another copies it, and means its name: cp -a and tar would
 * never hear that it is no key. */
static int refuse_copy(struct fs *fs, uint64_t number, const struct attr_change *change,
		       struct diag *d)
{
	struct buf name = BUF_INIT(SIZE_MAX / 2);
	int err = 0;

	if (change->set_mtime && !change->mtime_is_now &&
	    scratch_name(&fs->scratch, number, &name) == 0 && is_meant_to_stay(&name))
		err = diag_set(d, EINVAL,
			       "its name is no key of this map, and so it is kept only until it is "
			       "renamed onto one");
	buf_free(&name);
	return err;
}

static int set_stage(struct fs *fs, struct node *node, const struct attr_change *change,
		     struct diag *d)
{
	uint64_t number = kind_scratch_number(node_identity(node));
	int err = refuse_copy(fs, number, change, d);

	if (!err && change->set_mode)
		err = scratch_chmod(&fs->scratch, number, change->st.st_mode);
	if (!err && (change->set_uid || change->set_gid))
		err = scratch_chown(&fs->scratch, number,
				    change->set_uid ? change->st.st_uid : (uid_t)-1,
				    change->set_gid ? change->st.st_gid : (gid_t)-1);
	if (!err && change->set_mtime)
		err = scratch_utime(&fs->scratch, number, &change->st.st_mtim);
	return err;
}

/* The root is nobody's file. Whoever restores a backup sets its mode: rights may be taken
 * away for as long as the mount lives, and given back. */
static int set_root(struct fs *fs, const struct attr_change *change)
{
	if (change->set_mode)
		__atomic_store_n(&fs->root_mode, change->st.st_mode & 0755, __ATOMIC_RELAXED);
	return 0;
}

/* Of a directory of bpffs: its own. */
static int set_dir(struct fs *fs, const struct identity *id, const struct attr_change *change,
		   struct diag *d)
{
	uid_t uid = change->set_uid ? change->st.st_uid : (uid_t)-1;
	gid_t gid = change->set_gid ? change->st.st_gid : (gid_t)-1;
	struct buf path = BUF_INIT(PATH_MAX);
	int err;

	if (fs->options.read_only)
		return diag_set(d, EROFS, "this mount is read-only");
	catalog_dir_path(fs->catalog, (const char *)id->bytes, &path);
	err = buf_error(&path);
	if (!err && change->set_mode)
		err = sys_pin_chmod(path.data, change->st.st_mode & 07777);
	if (!err && (change->set_uid || change->set_gid))
		err = sys_pin_chown(path.data, uid, gid);
	buf_free(&path);
	return err;
}

int attr_set(struct fs *fs, struct node *node, const struct attr_change *change, struct diag *d)
{
	switch (node_identity(node)->kind) {
	case NODE_MAP:
		return set_map(fs, node, change, d);
	case NODE_ROOT:
		return set_root(fs, change);
	case NODE_DIR:
		return set_dir(fs, node_identity(node), change, d);
	case NODE_SCRATCH:
		return set_stage(fs, node, change, d);
	default:
		return set_inherited(fs, node, change, d);
	}
}
