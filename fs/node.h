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
 * bits; shard and bucket are chosen by the lower ones, so both are found there.
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
 *
 * Bound. A node is there because the kernel has an inode, which takes it ten times as much memory,
 * charged to who asked for it, and which it drops when that gets scarce. So nodes have no bound of a
 * user's, only one of all: an eighth of the memory that there is, of which a quarter is root's.
 */
#ifndef BPFMAPFS_FS_NODE_H
#define BPFMAPFS_FS_NODE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "fs/identity.h"
#include "fs/moved.h"

/* What few nodes have: so it is made when there is something to put there. */
struct node_rare {
	struct moved
		*moved;    /* identities that it was moved to, the present one first; NULL: none */
	bool keeps_number; /* st_ino is ino, whatever it stands for now */

	/* guarded by the files_lock (context.h) */
	int refused;       /* -errno of a text that only close could refuse */
	pid_t refused_to;  /* who closed it */
	time_t refused_at; /* CLOCK_MONOTONIC seconds */
};

/* There is one of each key that the kernel remembers: its size counts. */
struct node {
	struct node *next; /* in the bucket of its number */
	uint64_t ino;
	uint64_t refs;          /* the kernel's look-ups, and ours */
	struct file *files;     /* open files of this node, see openfile.h */
	struct node_rare *rare; /* see node_rare() */
	struct identity first;  /* what it was made for */
	uint32_t told;          /* a hash of size and time that the kernel last heard; 0: none */
	unsigned char bytes[];  /* of first */
};

enum { NODE_SHARDS = 64 };

/*
 * Nodes are spread over shards by the lower bits of their numbers, so that requests about
 * different keys seldom wait for each other. Tables grow and shrink with what is in them.
 * Locks: that of moved, which guards the moved of all nodes too; then that of one shard.
 */
struct node_table {
	struct node_shard {
		pthread_mutex_t lock; /* guards this shard and the refs of its nodes */
		struct node **buckets;
		size_t room, count;                         /* room: a power of two */
	} __attribute__((aligned(64))) shards[NODE_SHARDS]; /* a cache line is nobody else's */
	struct moved_table moved;
	size_t count; /* of all; atomic */
	size_t most;  /* that there were since memory was given back; atomic */
	size_t bound; /* of count */
	struct node *root;
};

int node_table_init(struct node_table *t);
void node_table_free(struct node_table *t);

/* What a node stands for at present. A request that needs it twice keeps it. */
const struct identity *node_identity(const struct node *n);

/* What else there is of a node; made if there is nothing yet. NULL: no memory. */
struct node_rare *node_rare(struct node *n);

/* The same if there is something already; else NULL. */
struct node_rare *node_rare_if_any(const struct node *n);

/* The kernel is told of this size and time. Were they what it was told last? */
void node_tell(struct node *n, off_t size, int64_t mtime);
bool node_was_told(const struct node *n, off_t size, int64_t mtime);

/* The node of an identity (copied if it is new), with one reference more. NULL:
 * no memory, or there are as many as may be. */
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

/* A node that fits, or NULL. For the end of a mount: it looks at all, and takes no lock. */
struct node *node_fitting(const struct node_table *t, bool (*fits)(const struct node *n));

/* Puts that number into st. */
void node_fill_number(const struct node *n, struct stat *st);

#endif
