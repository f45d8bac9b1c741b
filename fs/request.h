/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * request: one FUSE request: what it is asked of, how it ends. With park and the
 * ops_ files the only place that replies.
 */
#ifndef BPFMAPFS_FS_REQUEST_H
#define BPFMAPFS_FS_REQUEST_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#include "fs/context.h"
#include "fs/trace.h"
#include "fs/tree.h"

/* How long the kernel may believe what it was told, in seconds (section 7 of the
 * design). Keys are asked for anew at every look-up by path. Attributes may be as old as lately.h
 * says when it hears them: with that they live for one second. */
#define LISTED_VALID 1.0
#define MAP_VALID 1.0
#define KEY_VALID 0.0
#define ATTR_VALID 0.9

struct request {
	fuse_req_t req;
	struct fs *fs;
	enum request_kind kind;
	struct node *node; /* what it is asked of */
	const char *name;  /* in the directory node; NULL: of node itself */
	struct diag diag;
	bool is_quiet; /* its refusal is not worth noting */
	int err;       /* how it ended: 0, or a positive errno */
	struct trace trace;
};

/* A request that ends with the function that it is declared in. */
#define REQUEST(r) struct request r __attribute__((cleanup(request_end))) = {0}

/* False, and answered, if the kernel asks of an inode that it was not told of. From now on this
 * thread serves the user who asks (host.h). */
bool request_begin(struct request *r, fuse_req_t req, enum request_kind kind, fuse_ino_t ino,
		   const char *name);

/* Behind the answer: tells the log what there is to tell. */
void request_end(struct request *r);

/* A request about a name holds the names (context.h) from its beginning until here, or until
 * it is finished. */
void request_let_go(struct request *r);

/* Answers with 0 or -errno, and takes note of a refusal. A place in a text that
 * nobody has quoted is a place in the name. */
void request_finish(struct request *r, int err);

/* Answers with the entry of what was found or made, and frees found. */
void request_finish_entry(struct request *r, int err, struct found *found);

/* How long attributes that were asked for by name are valid: not at all while the
 * node is open, where fstat(2) has to see those of the text that is served. */
double request_attr_valid(struct fs *fs, const struct node *node);

/* The error of a request for attributes. If what a name stood for is gone, the kernel is to look
 * the name up anew, which it does not for ENOENT: another map may have it by now, or O_CREAT make
 * the key. It believes names of maps and those that a listing gave for a while. */
int request_look_anew(int err);

/*
 * The entry of an identity, its node's reference counted for the kernel;
 * request_drop_entry() takes it back if it never got there.
 */
int request_make_entry(struct fs *fs, const struct identity *id, struct fuse_entry_param *entry);
void request_drop_entry(struct fs *fs, const struct fuse_entry_param *entry);

/* Who asks, as the maker of a file of that mode. */
struct maker request_maker(fuse_req_t req, mode_t mode);

#endif
