/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/request.h"

#include <errno.h>
#include <string.h>

#include "fs/attr.h"
#include "fs/openfile.h"
#include "fs/refusal.h"
#include "lib/host.h"

bool request_begin(struct request *r, fuse_req_t req, const char *operation, fuse_ino_t ino,
		   const char *name)
{
	*r = (struct request){
		.req = req, .fs = fuse_req_userdata(req), .operation = operation, .name = name};
	r->node = node_by_ino(&r->fs->nodes, ino);
	host_serve(fuse_req_ctx(req)->uid);
	host_serve_task((uint32_t)fuse_req_ctx(req)->pid);
	if (!r->node)
		fuse_reply_err(req, ESTALE);
	else if (name)
		fs_names_hold(r->fs);
	return r->node != NULL;
}

/* Refusals that say nothing to anybody: look-ups that found nothing, and mv's
 * first attempt between two maps. */
static bool is_worth_noting(const struct request *r, int err)
{
	return r->operation && (r->diag.err || (err != ENOENT && err != EXDEV));
}

static void note(const struct request *r, int err)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(r->req);
	const struct refused_request refused = {
		.operation = r->operation,
		.pid = ctx->pid,
		.uid = ctx->uid,
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
	if (err)
		note(r, -err);
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
