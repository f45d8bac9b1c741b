/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuse_client: the kernel's end of /dev/fuse for the fuzzer: requests as the bytes of linux/fuse.h,
 * handed to the session in the same thread, with no descriptor between. It keeps what the
 * kernel would: which nodes it was told of, how often, and what is open; and it checks each
 * reply: that there is one and no more, its number, its error, its length, the entries in it.
 */
#ifndef BPFMAPFS_TESTS_FUSE_CLIENT_H
#define BPFMAPFS_TESTS_FUSE_CLIENT_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <sys/types.h>

#include "fs/context.h"
#include "tests/unit/fuse_reply.h"

enum { CLIENT_NODES = 8192, CLIENT_FILES = 64, CLIENT_REPLY = FUSE_REPLY_READ, CLIENT_NAMES = 8 };

struct client_node {
	uint64_t id;
	uint64_t lookups; /* 0: the kernel has forgotten it */
	mode_t type;      /* S_IFDIR, ... */
};

struct client_file {
	uint64_t fh;
	uint64_t node;
	uint32_t flags; /* of open(2) */
	bool is_dir, no_flush;
	uint64_t next; /* of a directory: an offset that it gave */
};

struct client {
	struct fs *fs;
	struct fuse_session *session;
	struct client_node nodes[CLIENT_NODES]; /* the root first, then in the order given */
	size_t node_count;
	struct client_file files[CLIENT_FILES];
	size_t file_count;
	char names[CLIENT_NAMES][256]; /* that were listed last, each behind the one before */
	size_t name_count;             /* of all that were */
	uint32_t uid, pid, umask;      /* of who asks */

	/* of the request at hand */
	uint64_t unique;
	unsigned int replies;
	int error;
	size_t len; /* of the reply, without its header */
	union fuse_reply out;
};

/* Begins a session over fs, behind INIT. */
void client_start(struct client *c, struct fs *fs);

/* Forgets and closes everything, and ends the session. abandon: files stay open, and
 * are left to the end of the mount. */
void client_end(struct client *c, bool abandon);

struct client_part {
	const void *bytes;
	size_t len;
};

/* A request that is answered: 0 or -errno. */
int client_ask(struct client *c, uint32_t opcode, uint64_t node, const struct client_part *parts,
	       int count);

/* One that is not. */
void client_tell(struct client *c, uint32_t opcode, uint64_t node, const struct client_part *parts,
		 int count);

/* What has an entry for its reply, which is counted. *node (may be NULL): its node. */
int client_entry(struct client *c, uint32_t opcode, uint64_t dir, const struct client_part *parts,
		 int count, struct client_node **node);
int client_lookup(struct client *c, uint64_t dir, const char *name, struct client_node **node);
int client_mkdir(struct client *c, uint64_t dir, const char *name);

int client_getattr(struct client *c, struct client_node *node);
int client_create(struct client *c, uint64_t dir, const char *name, uint32_t flags, uint32_t mode,
		  struct client_file **file);
int client_open(struct client *c, struct client_node *node, uint32_t flags,
		struct client_file **file);
int client_read(struct client *c, const struct client_file *file, uint64_t off, uint32_t size);
int client_list(struct client *c, struct client_file *dir, bool plus, uint64_t off, uint32_t size);
int client_write(struct client *c, const struct client_file *file, const char *bytes, size_t len,
		 uint64_t off);
int client_flush(struct client *c, const struct client_file *file);

/* The file is no longer there, whatever is answered. */
int client_release(struct client *c, struct client_file *file);

/* All look-ups of a node that nothing of is open. */
void client_forget(struct client *c, struct client_node *node);

/* A node that is known by that number; NULL: none is. */
struct client_node *client_node(struct client *c, uint64_t id);

/*
 * n below 128: the n-th of those nodes of a type (0: of all) that are known, from the first
 * again behind the last; 255 the last one, and so on down. NULL: there is none. The same of what is
 * open.
 */
struct client_node *client_choose_node(struct client *c, uint8_t n, mode_t type);
struct client_file *client_choose_file(struct client *c, uint8_t n, bool is_dir);

/* Is a file or directory of it open? */
bool client_has_open(const struct client *c, uint64_t node);

#endif
