/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/ops.h"

#include <errno.h>
#include <string.h>

#include "fs/attr.h"
#include "fs/file.h"
#include "fs/kind.h"
#include "fs/ops_io.h"
#include "fs/removal.h"
#include "fs/rename.h"

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	const struct fs *fs = userdata;

	conn->max_read = fs->options.max_read;
	conn->time_gran = 1000000000;
	/* What mode was asked for tells a restore from a shell, whatever the umask. */
	conn->want |= conn->capable & FUSE_CAP_DONT_MASK;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct found found = FOUND_INIT;
	REQUEST(r);

	if (!request_begin(&r, req, REQUEST_LOOKUP, parent, name))
		return;
	request_finish_entry(&r, tree_find(r.fs, node_identity(r.node), name, &found, NULL),
			     &found);
}

static void forget(struct fs *fs, fuse_ino_t ino, uint64_t lookups)
{
	struct node *node = node_by_ino(&fs->nodes, ino);

	if (node)
		node_put(&fs->nodes, node, lookups);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	struct fs *fs = fuse_req_userdata(req);

	tally_asked(&fs->tally, REQUEST_FORGET, 1);
	forget(fs, ino, lookups);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct fs *fs = fuse_req_userdata(req);

	tally_asked(&fs->tally, REQUEST_FORGET, count);
	for (size_t i = 0; i < count; i++)
		forget(fs, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

static void reply_attr(struct request *r)
{
	struct stat st;
	int err;

	fs_names_hold(r->fs); /* a map that is made again is not gone */
	err = attr_get(r->fs, r->node, &st);
	request_let_go(r);
	if (err) {
		request_finish(r, request_look_anew(err));
		return;
	}
	node_tell(r->node, st.st_size, seen_time(st.st_mtim));
	fuse_reply_attr(r->req, &st, ATTR_VALID);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	REQUEST(r);

	(void)fi;
	if (request_begin(&r, req, REQUEST_GETATTR, ino, NULL))
		reply_attr(&r);
}

static int set_size(struct request *r, off_t size, const struct fuse_file_info *fi)
{
	if (fi)
		return file_truncate(ops_file(fi), size, &r->diag);
	return file_truncate_node(r->fs, r->node, size, &r->diag);
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set,
		       struct fuse_file_info *fi)
{
	REQUEST(r);
	struct attr_change change = {
		.set_mode = to_set & FUSE_SET_ATTR_MODE,
		.set_uid = to_set & FUSE_SET_ATTR_UID,
		.set_gid = to_set & FUSE_SET_ATTR_GID,
		.set_mtime = to_set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW),
		.mtime_is_now = to_set & FUSE_SET_ATTR_MTIME_NOW,
		.caller = fuse_req_ctx(req)->pid,
		.st = *st,
	};
	int err = 0;

	if (!request_begin(&r, req, REQUEST_SETATTR, ino, NULL))
		return;
	if (to_set & FUSE_SET_ATTR_MTIME_NOW)
		clock_gettime(CLOCK_REALTIME, &change.st.st_mtim);
	if (to_set & FUSE_SET_ATTR_SIZE)
		err = set_size(&r, st->st_size, fi);
	if (!err && to_set & ~FUSE_SET_ATTR_SIZE)
		err = attr_set(r.fs, r.node, &change, &r.diag);
	if (err)
		request_finish(&r, err);
	else
		reply_attr(&r);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct buf target = BUF_INIT(SIZE_MAX / 2);
	REQUEST(r);
	int err;

	if (!request_begin(&r, req, REQUEST_READLINK, ino, NULL))
		return;
	err = tree_readlink(r.fs, node_identity(r.node), &target);
	if (err)
		request_finish(&r, err);
	else
		fuse_reply_readlink(req, target.data ? target.data : "");
	buf_free(&target);
}

/* Sockets, FIFOs, devices and hard links have no place among keys. */
static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	REQUEST(r);

	(void)mode;
	(void)rdev;
	if (request_begin(&r, req, REQUEST_MKNOD, parent, name))
		request_finish(&r, diag_set(&r.diag, EPERM, "only keys can be made here"));
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	REQUEST(r);

	(void)ino;
	if (request_begin(&r, req, REQUEST_LINK, parent, name))
		request_finish(&r, diag_set(&r.diag, EPERM, "a key has one name"));
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct maker maker = request_maker(req, mode);
	struct found found = FOUND_INIT;
	REQUEST(r);

	if (!request_begin(&r, req, REQUEST_MKDIR, parent, name))
		return;
	request_finish_entry(
		&r, tree_mkdir(r.fs, node_identity(r.node), name, &maker, &found, &r.diag), &found);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct maker maker = request_maker(req, 0777);
	struct found found = FOUND_INIT;
	REQUEST(r);

	if (!request_begin(&r, req, REQUEST_SYMLINK, parent, name))
		return;
	request_finish_entry(
		&r,
		tree_symlink(r.fs, node_identity(r.node), name, target, &maker, &found, &r.diag),
		&found);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	REQUEST(r);

	if (request_begin(&r, req, REQUEST_UNLINK, parent, name))
		request_finish(&r, removal_unlink(r.fs, node_identity(r.node), name, &r.diag));
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	REQUEST(r);

	if (request_begin(&r, req, REQUEST_RMDIR, parent, name))
		request_finish(&r, removal_rmdir(r.fs, node_identity(r.node), name, &r.diag));
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		      const char *new_name, unsigned int flags)
{
	struct node *new_dir;
	REQUEST(r);
	int err = -ESTALE;

	if (!request_begin(&r, req, REQUEST_RENAME, parent, name))
		return;
	new_dir = node_by_ino(&r.fs->nodes, new_parent);
	if (new_dir)
		err = rename_name(r.fs, node_identity(r.node), name, node_identity(new_dir),
				  new_name, flags, &r.diag);
	request_finish(&r, err);
}

const struct fuse_lowlevel_ops ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.link = op_link,
	.mkdir = op_mkdir,
	.symlink = op_symlink,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.rename = op_rename,
	.open = op_open,
	.create = op_create,
	.read = op_read,
	.write = op_write,
	.flush = op_flush,
	.fallocate = op_fallocate,
	.fsync = op_fsync,
	.release = op_release,
	.opendir = op_opendir,
	.releasedir = op_releasedir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
};
