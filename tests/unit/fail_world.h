/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fail_world: a mount over the fake kernel, and one that uses it: system calls as the
 * requests that the kernel makes of them, each name of a path looked up anew.
 */
#ifndef BPFMAPFS_TESTS_FAIL_WORLD_H
#define BPFMAPFS_TESTS_FAIL_WORLD_H

#include <stdio.h>

#include "tests/unit/fs_wire.h"

enum { WORLD_FILES = 4, WORLD_NODES = 512 };

struct world {
	struct wire *wire;
	size_t known; /* nodes that the kernel has looked up, each with how often */
	struct {
		uint64_t node, lookups;
	} nodes[WORLD_NODES];
	struct world_file {
		bool is_open, is_dir;
		uint64_t node, fh;
	} files[WORLD_FILES];
	FILE *said; /* what the calls told: texts, names, attributes */
};

/* said is borrowed. */
void world_start(struct world *w, FILE *said);

/* Nothing may be left open in it. */
void world_end(struct world *w);

/*
 * System calls. file chooses one of files[]; paths begin in the root, "" is the root itself.
 * 0 or -errno. What they tell is added to said.
 */
struct call {
	int (*act)(struct world *w, const struct call *c);
	const char *path, *text;
	int file, flags;
	uint64_t number; /* a size, an offset, a mode */
	int want;        /* the result; 0 or -errno */
	bool blurred;    /* digits of what it tells change from one time to the next */
};

int call_stat(struct world *w, const struct call *c);
int call_truncate(struct world *w, const struct call *c);
int call_ftruncate(struct world *w, const struct call *c);
int call_chmod(struct world *w, const struct call *c);
int call_chown(struct world *w, const struct call *c);
int call_utimens(struct world *w, const struct call *c);
int call_mkdir(struct world *w, const struct call *c);
int call_rmdir(struct world *w, const struct call *c);
int call_unlink(struct world *w, const struct call *c);
int call_rename(struct world *w, const struct call *c); /* text: the new path */
int call_symlink(struct world *w, const struct call *c);
int call_readlink(struct world *w, const struct call *c);
int call_open(struct world *w, const struct call *c); /* number: the mode of a new file */
int call_read(struct world *w, const struct call *c); /* from the beginning to the end */
int call_write(struct world *w, const struct call *c);
int call_flush(struct world *w, const struct call *c);
int call_fsync(struct world *w, const struct call *c);
int call_fallocate(struct world *w, const struct call *c);
int call_release(struct world *w, const struct call *c);
int call_list(struct world *w, const struct call *c); /* flags: FUSE_READDIR or FUSE_READDIRPLUS */
int call_statfs(struct world *w, const struct call *c);
int call_xattr(struct world *w, const struct call *c);
int call_forget(struct world *w, const struct call *c);

/* Closes what is open, and forgets all nodes: no file and no node may be left. */
void world_close(struct world *w);

/* What the kernel has: directories and pins with mode and owner, maps, elements. */
void world_kernel(FILE *out);

/* What the mount shows, into said: all names, with the texts of files and the targets of
 * links. All is closed then. */
void world_tree(struct world *w);

/* Other requests, by another thread, which must work: no lock may be held. */
void world_use(struct world *w);

#endif
