/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fake_store: the objects of the fake kernel, their ids, references and
 * descriptors. An object goes when its last reference does.
 */
#ifndef BPFMAPFS_TESTS_FAKE_STORE_H
#define BPFMAPFS_TESTS_FAKE_STORE_H

#include "tests/unit/fake_map.h"

struct btf;

struct fake_btf {
	unsigned int refs;
	uint32_t id;
	uint32_t size;
	void *raw;
};

struct fake_fd {
	struct fake_map *map;
	struct fake_btf *btf; /* one of the two */
	uint32_t open_flags;
};

void fake_store_reset(void);

/* The objects with the lowest id above after; NULL behind the last one. */
struct fake_map *fake_store_next_map(uint32_t after);
struct fake_btf *fake_store_btf(uint32_t id);

/* Gives the map an id and takes it over; btf may be NULL. */
int fake_store_add_map(struct fake_map *m, struct fake_btf *btf);
int fake_store_add_btf(const struct btf *btf, struct fake_btf **out);
void fake_store_put_map(void *map);

/* Descriptors, each a reference of what it is of. */
int fake_fd_new(struct fake_map *map, struct fake_btf *btf, uint32_t open_flags);
struct fake_fd *fake_fd_find(int fd);
void fake_fd_close(struct fake_fd *fd);

#endif
