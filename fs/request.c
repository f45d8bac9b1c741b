/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/request.h"

#include <errno.h>
#include <string.h>

#include "fs/attr.h"
#include "fs/openfile.h"
#include "fs/refusal.h"
#include "lib/host.h"

/* What a refused request was, for people. Those without are not noted: a refused look-up says
 * nothing to anybody. */
static const char *const operations[REQUEST_KINDS] = {
	[REQUEST_SETATTR] = "setattr", [REQUEST_READLINK] = "readlink",
	[REQUEST_MKNOD] = "mknod",     [REQUEST_LINK] = "link",
	[REQUEST_MKDIR] = "mkdir",     [REQUEST_SYMLINK] = "symlink",
	[REQUEST_UNLINK] = "unlink",   [REQUEST_RMDIR] = "rmdir",
	[REQUEST_RENAME] = "rename",   [REQUEST_OPEN] = "open",
	[REQUEST_CREATE] = "create",   [REQUEST_READ] = "read",
	[REQUEST_WRITE] = "write",     [REQUEST_FLUSH] = "close",
	[REQUEST_RELEASE] = "close",   [REQUEST_FSYNC] = "fsync",
	[REQUEST_OPENDIR] = "opendir", [REQUEST_READDIR] = "readdir",
};

static void begin_trace(struct request *r, const struct fuse_ctx *ctx)
{
	r->trace.operation = request_kind_name(r->kind);
	r->trace.pid = ctx->pid;
	r->trace.uid = ctx->uid;
	trace_begin(&r->trace, r->fs, node_identity(r->node), r->name);
}

bool request_begin(struct request *r, fuse_req_t req, enum request_kind kind, fuse_ino_t ino,
		   const char *name)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	*r = (struct request){.req = req, .fs = fuse_req_userdata(req), .kind = kind, .name = name};
	r->node = node_by_ino(&r->fs->nodes, ino);
	host_serve(ctx->uid);
	host_serve_task((uint32_t)ctx->pid);
	tally_asked(&r->fs->tally, kind, 1);
	if (!r->node) {
		tally_failed(&r->fs->tally, kind);
		fuse_reply_err(req, ESTALE);
		return false;
	}
	fs_log_hold();
	begin_trace(r, ctx);
	if (name)
		fs_names_hold(r->fs);
	return true;
}

void request_end(struct request *r)
{
	trace_end(&r->trace, r->fs, r->err);
	fs_log_release(r->fs);
}

/* Nor does mv's first attempt between two maps. */
static bool is_worth_noting(const struct request *r, int err)
{
	return operations[r->kind] && !r->is_quiet &&
	       (r->diag.err || (err != ENOENT && err != EXDEV));
}

static void note(const struct request *r, int err)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(r->req);
	const struct refused_request refused = {
		.operation = operations[r->kind],
		.pid = ctx->pid,
		.uid = host_served(), /* at RELEASE, which comes from nobody, who opened it */
		.id = node_identity(r->node),
		.name = r->name,
	};

	if (is_worth_noting(r, err))
		refusal_note(r->fs, &refused, err, &r->diag);
}

void request_let_go(struct request *r)
{
	fs_names_let_go(r->fs);
}

void request_finish(struct request *r, int err)
{
	if (err && r->diag.placed && r->name)
		diag_quote(&r->diag, r->name, strlen(r->name));
	if (err) {
		r->err = -err;
		tally_failed(&r->fs->tally, r->kind);
		note(r, -err);
	}
	request_let_go(r);
	fuse_reply_err(r->req, -err);
}

static double entry_valid(enum node_kind kind)
{
	switch (kind) {
	case NODE_KEY:
	case NODE_SCRATCH:
	case NODE_LINK:
	case NODE_WAIT_LINK:
	case NODE_WAIT_FILE:
		return KEY_VALID;
	default:
		return MAP_VALID;
	}
}

int request_look_anew(int err)
{
	return err == -ENOENT ? -ESTALE : err;
}

double request_attr_valid(struct fs *fs, const struct node *node)
{
	return openfile_is_open(fs, node) ? 0 : ATTR_VALID;
}

int request_make_entry(struct fs *fs, const struct identity *id, struct fuse_entry_param *entry)
{
	struct node *node = node_get(&fs->nodes, id);
	int err;

	if (!node)
		return -ENOMEM;
	memset(entry, 0, sizeof(*entry));
	err = attr_of_name(fs, node, &entry->attr);
	if (err) {
		node_put(&fs->nodes, node, 1);
		return err;
	}
	node_tell(node, entry->attr.st_size, seen_time(entry->attr.st_mtim));
	entry->ino = node->ino;
	entry->attr_timeout = request_attr_valid(fs, node);
	entry->entry_timeout = entry_valid(id->kind);
	return 0;
}

void request_drop_entry(struct fs *fs, const struct fuse_entry_param *entry)
{
	struct node *node = node_by_ino(&fs->nodes, entry->ino);

	if (node)
		node_put(&fs->nodes, node, 1);
}

void request_finish_entry(struct request *r, int err, struct found *found)
{
	struct fuse_entry_param entry;

	if (!err)
		err = request_make_entry(r->fs, &found->id, &entry);
	if (!err && r->name[0] == '@')
		entry.entry_timeout = 0; /* it leads not everybody there (findmap.c) */
	request_let_go(r);
	if (err)
		request_finish(r, err);
	else if (fuse_reply_entry(r->req, &entry))
		request_drop_entry(r->fs, &entry);
	found_free(found);
}

struct maker request_maker(fuse_req_t req, mode_t mode)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	return (struct maker){.uid = ctx->uid, .gid = ctx->gid, .mode = mode, .umask = ctx->umask};
}
