/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* waitmap: what waits in one map (waitroom.h): by name, and by number. */
#ifndef BPFMAPFS_FS_WAITMAP_H
#define BPFMAPFS_FS_WAITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "fs/quota.h"

enum waiter_kind { WAIT_FILE, WAIT_DIR, WAIT_LINK, WAIT_LINK_TO_BE };

struct waiter {
	uint64_t number; /* never used twice; of one name it stays */
	uint32_t map_id; /* the map that it is in */
	enum waiter_kind kind;
	uint32_t stored; /* a link: the fresh map that is its element. A file: 1. 0: neither */
	char *name;      /* from the map's own directory */
	char *text;      /* of a file, or a link's target; a NUL is behind it */
	size_t len;
	bool is_part;   /* of a file: where bytes are still to come, NULs are */
	uint32_t maker; /* the user whose it is (host.h), and to whom it is charged */
	time_t made;    /* CLOCK_REALTIME, when it got this text */
};

/* A copy of all of it, which waiter_release() frees. -ENOMEM */
int waiter_copy(const struct waiter *from, struct waiter *out);
void waiter_release(struct waiter *copy);

struct held {
	struct held *next; /* in its bucket */
	uint64_t hash;     /* of its name */
	struct waiter w;
	struct quota_hold bytes, link; /* charged to its maker */
};

/* A place in the order that was left is NULL, until a half of them are. */
struct waitroom_map {
	uint32_t id;
	struct held **buckets; /* room of them */
	struct waitplace {
		uint64_t number;
		struct held *held;
	} * places;
	size_t room, used; /* places, a power of two; how many of them are in the order */
	size_t count;      /* of what is there */
	size_t waiting;    /* of that, not stored */
};

/* NULL: there is none. */
struct held *waitmap_find(const struct waitroom_map *m, const char *name);

/* The first place at or above a number. */
size_t waitmap_place(const struct waitroom_map *m, uint64_t number);

/* Makes room for one more, perhaps by giving up places that were left. -ENOMEM */
int waitmap_make_place(struct waitroom_map *m);

/* There is room, and its number is above all others. */
void waitmap_put_in(struct waitroom_map *m, struct held *h);
/* One that is in it; it is the caller's then. */
void waitmap_take_out(struct waitroom_map *m, struct held *h);

/* Frees the table, not what is in it. */
void waitmap_free(struct waitroom_map *m);

#endif
