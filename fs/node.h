/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * node: what an inode stands for, and how often the kernel knows it.
 *
 * Identity. A node stands for a kind and what that kind needs: a map's id, a
 * key's bytes, a directory's path. An inode remembers a map's id and never a
 * descriptor, so looking at maps keeps none alive.
 *
 * Numbers. FUSE's nodeid is st_ino, unless two living nodes hash alike or a node
 * was moved. What is one of its kind in a map has MAP_ID << 8 | kind, which is
 * small, so `.map` has the lowest number of its directory. Keys have bit 62 set
 * and below it a hash of map id and key, so the same key keeps its number over
 * unmounts. Should two living nodes hash alike, the later one gets other upper
 * bits; the bucket is chosen by the lower ones, so both are found there.
 *
 * Life. A node lives while the kernel holds look-ups of it (LOOKUP, CREATE,
 * MKDIR and each READDIRPLUS entry count one, FORGET takes them back) or an
 * open file holds a reference; node_get() counts one, node_put() takes back.
 *
 * Moves. rename(2) makes the kernel call an inode by another name at once,
 * without asking. node_move() gives the node another identity in place. The old
 * one stays readable until the node is freed, as a request may still hold it. What a
 * program sees as st_ino is that of the new name, except where a map is made again, for
 * as long as the node lives.
 */
#ifndef BPFMAPFS_FS_NODE_H
#define BPFMAPFS_FS_NODE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/buf.h"

/* How these look, read and write is the table in kind.c. Numbers are part of st_ino, so a
 * new kind comes last. */
enum node_kind {
	NODE_ROOT,
	NODE_DIR,      /* a directory of bpffs; bytes: its path below pindir, with the NUL */
	NODE_MAP,      /* map_id */
	NODE_MAP_FILE, /* .map; map_id */
	NODE_INFO,
	NODE_COUNT,
	NODE_FROZEN,
	NODE_ERROR_LOG, /* in the root */
	NODE_KEY,       /* map_id, bytes: the key */
	NODE_SCRATCH,   /* map_id, bytes: a uint64_t, the scratch file's number */
	NODE_TYPES,     /* .types; map_id */
	NODE_LONG_DIR,  /* map_id, bytes: the pieces of long names that it is, with the NUL */
	NODE_STREAM,    /* .stream; map_id */
	NODE_PUSH,      /* .push .peek .pop; map_id */
	NODE_PEEK,
	NODE_POP,
	NODE_LINK,      /* map_id, bytes: the key of a map of maps */
	NODE_WAIT_LINK, /* map_id, bytes: the name of a link that is no element yet, with the NUL */
	NODE_WAIT_FILE, /* the same of a file in a map that has no .map yet */
	NODE_KINDS,
};

struct identity {
	enum node_kind kind;
	uint32_t map_id; /* 0 for what belongs to no map */
	uint32_t len;
	const unsigned char *bytes;
};

/* An identity whose bytes are a name with its NUL; they replace what is in bytes. */
int identity_by_name(enum node_kind kind, uint32_t map_id, const char *name, struct identity *id,
		     struct buf *bytes);

struct node {
	struct node *next;       /* in the bucket of its number */
	struct node *next_moved; /* in the bucket of the identity that it was moved to */
	uint64_t ino;
	uint64_t refs; /* the kernel's look-ups, and ours */
	const struct identity *id;
	struct moved *moved; /* identities, the present one first; NULL: never moved */
	struct file *files;  /* open files of this node, see openfile.h */
	int refused;         /* -errno of a text that only close could refuse */
	pid_t refused_to;    /* who closed it */
	time_t refused_at;
	off_t told_size;       /* st_size as the kernel last heard it, -1: never; atomic */
	int64_t told_mtime;    /* likewise, as seen.h */
	bool keeps_number;     /* st_ino is ino, whatever it stands for now */
	struct identity first; /* its bytes follow */
};

struct node_table {
	pthread_mutex_t lock; /* guards buckets and refs */
	struct node **buckets;
	struct node **moved; /* nodes that were moved, by the number of what they are now */
	size_t room;         /* a power of two, of both */
	size_t count;
	struct node *root;
};

int node_table_init(struct node_table *t);
void node_table_free(struct node_table *t);

/* What a node stands for at present. A request that needs it twice keeps it. */
const struct identity *node_identity(const struct node *n);

/* The kernel is told of this size and time. Were they what it was told last? */
void node_tell(struct node *n, off_t size, int64_t mtime);
bool node_was_told(const struct node *n, off_t size, int64_t mtime);

/* The number that a node of this identity has, as long as no hash collides. */
uint64_t node_ino(const struct identity *id);

/* The node of an identity (copied if it is new), with one reference more. NULL:
 * no memory. */
struct node *node_get(struct node_table *t, const struct identity *id);

/* The same if there is such a node already; else NULL. */
struct node *node_find(struct node_table *t, const struct identity *id);

/* The node that the kernel calls ino, no reference counted; NULL: none. Valid as
 * long as the kernel's request is not answered. */
struct node *node_by_ino(struct node_table *t, uint64_t ino);

/* Counts one reference more. */
void node_ref(struct node_table *t, struct node *n);

/* Takes back references; the last one frees the node. */
void node_put(struct node_table *t, struct node *n, uint64_t refs);

/*
 * Gives n another identity, for which it keeps its number: look-ups of that
 * identity lead to n, rather than to a node that had it before. 0 or -ENOMEM.
 */
int node_move(struct node_table *t, struct node *n, const struct identity *id);

/* The same for the node of an identity, if there is one. */
int node_move_identity(struct node_table *t, const struct identity *from,
		       const struct identity *to);

/* The same when the map was made again: st_ino stays, too, as tar looks whether a directory
 * or a placeholder is still the one that it made. */
int node_move_remade(struct node_table *t, const struct identity *from, const struct identity *to);

/* Puts that number into st. */
void node_fill_number(const struct node *n, struct stat *st);

#endif
