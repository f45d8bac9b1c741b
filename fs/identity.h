/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* identity: what an inode stands for, and the number that it has for that (node.h). */
#ifndef BPFMAPFS_FS_IDENTITY_H
#define BPFMAPFS_FS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	NODE_DUMP,      /* .dump; map_id */
	NODE_STATS,     /* in the root */
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

bool identity_is_same(const struct identity *a, const struct identity *b);

/* The number that a node of this identity has, as long as no hash collides. */
uint64_t node_ino(const struct identity *id);

/* Nodes that hash alike differ in these bits of their numbers, and in no others. */
#define NODE_UPPER_SHIFT 40
#define NODE_HASHED_BIT (1ULL << 62)
#define NODE_UPPER_BITS (NODE_HASHED_BIT - (1ULL << NODE_UPPER_SHIFT))

/*
 * A hash of the other bits, to choose buckets by the lower of its 32 bits, and shards by the
 * upper; multiplied, since the numbers of maps go in steps.
 */
uint32_t node_spread(uint64_t number);

/* The buckets (a power of two, or 0) that a table with room of them should have for count entries
 * and one more. */
size_t node_room_for(size_t room, size_t count);

#endif
