/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * quota: how much of each thing that is kept in memory one user may have, and all together.
 *
 * Whoever keeps something for a user has a struct quota_hold beside it, which says to whom it is
 * charged and how much: that user, whoever uses it later. Its amount is changed and at the end set
 * to 0, so that nothing is charged twice or given back twice.
 *
 * Root is bounded by the totals alone, and a quarter of each is kept for him: whatever users do, the
 * administrator is not locked out.
 *
 * No lock, but to give a user a place: a file is counted at each open and release. Counts of users
 * are in a table of fixed size, in which who keeps nothing has no place of his own for long; when
 * as many users keep something as it has places, the next ones share some, and their bounds.
 */
#ifndef BPFMAPFS_FS_QUOTA_H
#define BPFMAPFS_FS_QUOTA_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/diag.h"

/* What they are is the table in quota.c. */
enum quota_kind {
	QUOTA_FILES,
	QUOTA_DIRS,
	QUOTA_DUMPS,
	QUOTA_TEXTS,
	QUOTA_STAGES,
	QUOTA_STAGED,
	QUOTA_LINKS,
	QUOTA_WAITING,
	QUOTA_KINDS,
};

struct quota_row {
	const char *name;
	size_t most;          /* of all together; users get three quarters of that */
	size_t most_of_user;  /* of any one but root */
	int err;              /* for who has his own most: a positive errno */
	int err_of_all;       /* for who could have more if others had less */
	size_t unit;          /* in which the sentence counts */
	const char *sentence; /* "at most N what of one user": what, and what to do */
};

enum { QUOTA_USERS = 4096 }; /* places in the table */

struct quota {
	pthread_mutex_t lock;         /* held to give a place of users to somebody */
	struct quota_user *users;     /* QUOTA_USERS */
	size_t of_all[QUOTA_KINDS];   /* atomic, as all that follows */
	size_t of_users[QUOTA_KINDS]; /* of that, not root's */
	size_t peaks[QUOTA_KINDS];    /* of of_all, since memory was given back to the system */
};

struct quota_hold {
	uint32_t uid;
	uint32_t place; /* of the table, where it is charged; while amount is not 0 */
	size_t amount;
};

/* -ENOMEM. quota_free() in any case. */
int quota_init(struct quota *q);
void quota_free(struct quota *q);

/*
 * Makes the amount of h another one. 0, or -errno of the row, explained, and nothing has changed;
 * less than before is never refused.
 */
int quota_set(struct quota *q, enum quota_kind kind, struct quota_hold *h, size_t amount,
	      struct diag *d);

/* The sentence for err (-errno) that quota_set() has refused something with; returns err. */
int quota_explain(enum quota_kind kind, int err, struct diag *d);

const struct quota_row *quota_row(enum quota_kind kind);

/* What is charged to all together, and to one user. */
size_t quota_of_all(const struct quota *q, enum quota_kind kind);
size_t quota_of_user(const struct quota *q, enum quota_kind kind, uint32_t uid);

/* Of a bound of all together, what users may have. */
static inline size_t quota_share_of_users(size_t most)
{
	return most - most / 4;
}

#endif
