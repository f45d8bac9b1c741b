/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>

#include "fs/file.h"
#include "fs/ops_io.h"
#include "fs/park.h"
#include "lib/host.h"

struct file *ops_file(const struct fuse_file_info *fi)
{
	return fi ? (struct file *)(uintptr_t)fi->fh : NULL;
}

static void fill_info(struct fuse_file_info *fi, struct file *file)
{
	fi->fh = (uintptr_t)file;
	fi->direct_io = 1;
	fi->noflush = (fi->flags & O_ACCMODE) == O_RDONLY;
}

/* Makes the kernel ask for the attributes again if it was told others than those of the text
 * that is served: it asks behind the first read in any case, and tar compares. */
static void correct_attributes(struct request *r, const struct file *file)
{
	off_t size = file->shown_size;

	if (size < 0 || node_was_told(r->node, size, file->shown_mtime))
		return;
	fuse_lowlevel_notify_inval_inode(r->fs->session, r->node->ino, -1, 0);
	node_tell(r->node, size, file->shown_mtime);
}

/*
 * A stream has no position, so that processes that share a descriptor do not wait in the
 * kernel, deaf to kill -9, until the read of another is over. libfuse has no word for it.
 */
static int reply_open_stream(fuse_req_t req, const struct fuse_file_info *fi)
{
	const struct fuse_open_out out = {
		.fh = fi->fh, .open_flags = FOPEN_DIRECT_IO | FOPEN_STREAM | FOPEN_NOFLUSH};

	return fuse_reply_buf(req, (const char *)&out, sizeof(out));
}

static int reply_open(fuse_req_t req, const struct file *file, const struct fuse_file_info *fi)
{
	return file_wait_fd(file) >= 0 ? reply_open_stream(req, fi) : fuse_reply_open(req, fi);
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	REQUEST(r);
	struct file *file;
	int err;

	if (!request_begin(&r, req, REQUEST_OPEN, ino, NULL))
		return;
	openfile_settle(r.fs, r.node);
	err = file_open(r.fs, r.node, fi->flags, false, &file, &r.diag);
	if (err == -ENOENT && !r.diag.err)
		r.is_quiet = true; /* a key that has gone is no refusal */
	if (err == -ENOENT && (fi->flags & O_ACCMODE) != O_RDONLY)
		err = -ESTALE; /* the kernel then looks the name up anew, and may create it */
	if (err) {
		request_finish(&r, err);
		return;
	}
	fill_info(fi, file);
	correct_attributes(&r, file);
	if (reply_open(req, file, fi))
		file_release(file, NULL);
}

/* Opens what was just created; *entry is its, with a reference for the kernel. */
static int open_created(struct request *r, const struct identity *id, struct fuse_file_info *fi,
			struct fuse_entry_param *entry)
{
	struct node *node = node_get(&r->fs->nodes, id);
	struct file *file;
	int err;

	if (!node)
		return -ENOMEM;
	openfile_settle(r->fs, node);
	err = file_open(r->fs, node, fi->flags, true, &file, &r->diag);
	if (!err) {
		err = request_make_entry(r->fs, node_identity(node), entry);
		if (err) {
			openfile_forget(r->fs, node); /* else it stores zero */
			file_release(file, NULL);
		}
	}
	node_put(&r->fs->nodes, node, 1);
	if (!err)
		fill_info(fi, file);
	return err;
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi)
{
	struct maker maker = request_maker(req, mode);
	struct found found = FOUND_INIT;
	struct fuse_entry_param entry;
	REQUEST(r);
	int err;

	if (!request_begin(&r, req, REQUEST_CREATE, parent, name))
		return;
	err = tree_create(r.fs, node_identity(r.node), name, fi->flags, &maker, &found, &r.diag);
	if (!err)
		err = open_created(&r, &found.id, fi, &entry);
	found_free(&found);
	request_let_go(&r);
	if (err) {
		request_finish(&r, err);
	} else if (fuse_reply_create(req, &entry, fi)) {
		file_release(ops_file(fi), NULL);
		request_drop_entry(r.fs, &entry);
	}
}

/* Using them. */

/* The request is answered by somebody else. */
enum { IS_WAITING = 1 };

/* A read that there is nothing for yet: it waits, or is told so, which is no refusal. */
static int wait_for_text(struct request *r, const struct fuse_file_info *fi, size_t size)
{
	struct file *file = ops_file(fi);
	int err;

	if (file_wait_fd(file) < 0)
		return -EAGAIN;
	if (fi->flags & O_NONBLOCK || !r->fs->park) {
		r->is_quiet = true;
		return -EAGAIN;
	}
	err = park_read(r->fs->park, r, file, size);
	return err ? err : IS_WAITING;
}

/* Of one read(2) the kernel asks for more as long as it is given all that it asked for. A stream
 * may have no more for long, while the reader waits for what there was. */
static size_t most_to_give(const struct request *r, const struct file *file, size_t size)
{
	bool is_stream = file_wait_fd(file) >= 0;

	return is_stream && size > 1 && size == r->fs->options.max_read ? size - 1 : size;
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	REQUEST(r);
	int err;

	if (!request_begin(&r, req, REQUEST_READ, ino, NULL))
		return;
	size = most_to_give(&r, ops_file(fi), size);
	err = file_read(ops_file(fi), size, off, &out, &r.diag);
	if (err == -EAGAIN)
		err = wait_for_text(&r, fi, size);
	if (err == IS_WAITING)
		goto out;
	if (err)
		request_finish(&r, err);
	else
		fuse_reply_buf(req, out.data, out.len);
out:
	buf_free(&out);
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t off,
	      struct fuse_file_info *fi)
{
	REQUEST(r);
	int err;

	if (!request_begin(&r, req, REQUEST_WRITE, ino, NULL))
		return;
	openfile_set_writer(ops_file(fi), fi->lock_owner);
	err = file_write(ops_file(fi), bytes, size, off, &r.diag);
	if (err)
		request_finish(&r, err);
	else
		fuse_reply_write(req, size);
}

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct file *file = ops_file(fi);
	REQUEST(r);
	int err = 0;

	if (!request_begin(&r, req, REQUEST_FLUSH, ino, NULL))
		return;
	if (openfile_may_settle(file, fi->lock_owner, fuse_req_ctx(req)->pid))
		err = file_flush(file, &r.diag);
	else
		openfile_set_flushed(file);
	if (!r.diag.err)
		r.is_quiet = true; /* it was noted at the first close */
	request_finish(&r, err);
}

/* A refusal disturbs nobody: all do without. So it is not noted. */
void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
		  struct fuse_file_info *fi)
{
	REQUEST(r);

	if (!request_begin(&r, req, REQUEST_FALLOCATE, ino, NULL))
		return;
	openfile_set_writer(ops_file(fi), fi->lock_owner);
	request_finish(&r, mode || off ? -EOPNOTSUPP : file_reserve(ops_file(fi), len, NULL));
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	REQUEST(r);

	(void)datasync;
	if (request_begin(&r, req, REQUEST_FSYNC, ino, NULL))
		request_finish(&r, file_sync(ops_file(fi), &r.diag));
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	REQUEST(r);

	if (!request_begin(&r, req, REQUEST_RELEASE, ino, NULL))
		return;
	host_serve(ops_file(fi)->opener); /* it comes from nobody */
	if (file_wait_fd(ops_file(fi)) >= 0)
		park_forget(r.fs->park, ops_file(fi));
	request_finish(&r, file_release(ops_file(fi), &r.diag));
}
