/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* moved: the nodes that stand for something else by now than they were made for (node.h). */
#ifndef BPFMAPFS_FS_MOVED_H
#define BPFMAPFS_FS_MOVED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/identity.h"

struct node;

/* An identity that a node got by a move. */
struct moved {
	struct moved *older; /* what the node was before, if that came by a move too */
	struct moved *next;  /* in its bucket */
	struct node *node;
	uint64_t number;    /* node_ino() of id */
	struct identity id; /* its bytes follow */
};

/* What moved nodes are at present. */
struct moved_table {
	pthread_mutex_t lock; /* the caller takes it, for all but what says otherwise */
	struct moved **buckets;
	size_t room, count; /* count is also read without the lock */
};

void moved_table_init(struct moved_table *t);
void moved_table_free(struct moved_table *t); /* but not what is in it */

/* Not in the table yet. NULL: no memory. */
struct moved *moved_new(struct node *node, const struct identity *id);
void moved_free(struct moved *m); /* and all older ones; NULL is fine */

int moved_add(struct moved_table *t, struct moved *m); /* -ENOMEM */
void moved_remove(struct moved_table *t, struct moved *m);

/* The node that became id last, or NULL. */
struct node *moved_find(const struct moved_table *t, const struct identity *id, uint64_t number);

/* Without the lock: is there none? */
bool moved_has_none(const struct moved_table *t);

#endif
