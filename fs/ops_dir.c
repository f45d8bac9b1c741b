/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/dir.h"
#include "fs/ops_io.h"

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	REQUEST(r);
	struct dir *dir;
	int err;

	if (!request_begin(&r, req, REQUEST_OPENDIR, ino, NULL))
		return;
	err = dir_open(r.fs, node_identity(r.node), &dir, &r.diag);
	if (err) {
		request_finish(&r, err);
		return;
	}
	fi->fh = (uintptr_t)dir;
	if (fuse_reply_open(req, fi))
		dir_close(dir);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	REQUEST(r);

	if (!request_begin(&r, req, REQUEST_RELEASEDIR, ino, NULL))
		return;
	dir_close((struct dir *)(uintptr_t)fi->fh);
	request_finish(&r, 0);
}

/* A reply that is being filled. */
struct reply {
	fuse_req_t req;
	struct fs *fs;
	char *bytes;
	size_t size, used;
};

static int add_name(void *arg, const struct dir_entry *entry)
{
	struct reply *reply = arg;
	size_t room = reply->size - reply->used;
	size_t len = fuse_add_direntry(reply->req, reply->bytes + reply->used, room, entry->name,
				       &entry->st, entry->next);

	if (len > room)
		return 1;
	reply->used += len;
	return 0;
}

/* "." and ".." go without a node: the kernel has them. */
static int add_entry(void *arg, const struct dir_entry *from)
{
	struct fuse_entry_param entry = {
		.attr = from->st, .attr_timeout = ATTR_VALID, .entry_timeout = LISTED_VALID};
	struct reply *reply = arg;
	size_t room = reply->size - reply->used, len;
	struct node *node = NULL;

	if (from->id)
		node = node_get(&reply->fs->nodes, from->id);
	if (node) {
		entry.ino = node->ino;
		node_fill_number(node, &entry.attr);
		entry.attr_timeout = request_attr_valid(reply->fs, node);
	}
	len = fuse_add_direntry_plus(reply->req, reply->bytes + reply->used, room, from->name,
				     &entry, from->next);
	if (len > room) {
		if (node)
			node_put(&reply->fs->nodes, node, 1);
		return 1;
	}
	reply->used += len;
	if (node)
		node_tell(node, from->st.st_size, seen_time(from->st.st_mtim));
	return 0;
}

static void read_directory(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
			   struct fuse_file_info *fi, bool plus)
{
	struct buf bytes = BUF_INIT(SIZE_MAX / 2);
	struct reply reply = {.req = req, .size = size};
	REQUEST(r);
	int err;

	if (!request_begin(&r, req, REQUEST_READDIR, ino, NULL))
		return;
	err = buf_resize(&bytes, size);
	reply.fs = r.fs;
	reply.bytes = bytes.data;
	if (!err)
		err = dir_read((struct dir *)(uintptr_t)fi->fh, off, plus,
			       plus ? add_entry : add_name, &reply, &r.diag);
	if (err)
		request_finish(&r, err);
	else
		fuse_reply_buf(req, reply.bytes, reply.used);
	buf_free(&bytes);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	read_directory(req, ino, size, off, fi, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	read_directory(req, ino, size, off, fi, true);
}
