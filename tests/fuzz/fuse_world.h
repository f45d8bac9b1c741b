/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuse_world: a small world of maps in the fake kernel, made through a mount as a user makes it,
 * and by others; and a mount that shows it.
 */
#ifndef BPFMAPFS_TESTS_FUSE_WORLD_H
#define BPFMAPFS_TESTS_FUSE_WORLD_H

#include "tests/fuzz/fuse_client.h"

struct world {
	struct fs fs;
	struct snapshot *snapshot;
	struct client client;
	unsigned int strangers; /* descriptors that others hold */
};

/* Bits of the second byte of an input. */
enum {
	WORLD_READ_ONLY = 1,
	WORLD_SNAPSHOT = 2,
	WORLD_RAW = 4,
	WORLD_PINNED = 8,     /* scope=pinned */
	WORLD_ARRAYS = 16,    /* a bare mkdir makes an array */
	WORLD_REMOUNTED = 32, /* the daemon ended, and started again */
	WORLD_ABANDONED = 64, /* unmounted while files are open */
};

/* choice: which maps there are. The client has looked up all of them. */
void world_begin(struct world *w, unsigned char choice, unsigned char bits);

/* Nothing is left of it, but what would be a promise broken. */
void world_end(struct world *w, unsigned char bits);

/* A number that changes when an element of the map does; 0: there is no such map, or none whose
 * elements can be listed. */
uint64_t world_digest(uint32_t map_id);

/* What others do with a map: they store or delete the element of that number, freeze it. */
enum world_deed { WORLD_PUT, WORLD_DELETE, WORLD_FREEZE, WORLD_DEEDS };
void world_act(enum world_deed deed, uint32_t map_id, unsigned char element);

#endif
