/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * hide: what unlink took away although the kernel still has it.
 *
 * The slots of an array cannot be deleted: unlink stores zeroes and hides the
 * slot until it is written again or no longer zero, so that `rm -r` and `tar x`
 * work (section 7 of the design). `.map` can be unlinked too, which leaves the
 * map alone and hides the name for a second (section 8).
 */
#ifndef BPFMAPFS_FS_HIDE_H
#define BPFMAPFS_FS_HIDE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hide {
	pthread_mutex_t lock;
	struct hidden *maps; /* the maps that hide something */
	size_t count;
};

void hide_init(struct hide *h);
void hide_free(struct hide *h);

/* -ENOMEM if the slot cannot be remembered as hidden. */
int hide_slot(struct hide *h, uint32_t map_id, uint32_t index);
int hide_all_slots(struct hide *h, uint32_t map_id, uint32_t count); /* from 0 on */
void hide_show_slot(struct hide *h, uint32_t map_id, uint32_t index);
bool hide_has_slot(struct hide *h, uint32_t map_id, uint32_t index);

/* How many slots of the map are hidden. */
uint32_t hide_count(struct hide *h, uint32_t map_id);

/* Hides .map for a second from now. */
int hide_map_file(struct hide *h, uint32_t map_id);
void hide_show_map_file(struct hide *h, uint32_t map_id);
bool hide_has_map_file(struct hide *h, uint32_t map_id);

/* Forgets the maps that gone says are gone. */
void hide_prune(struct hide *h, bool (*gone)(void *arg, uint32_t map_id), void *arg);

#endif
