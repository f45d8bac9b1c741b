/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * awaited: which maps await their .map (fresh.h), should the daemon end meanwhile.
 *
 * The st_mtime of the map's pin says so, which nothing else sets: its nanoseconds are
 * AWAITED_NSEC. So a restore that was cut off can be run again after a new start.
 */
#ifndef BPFMAPFS_FS_AWAITED_H
#define BPFMAPFS_FS_AWAITED_H

#include <stdbool.h>

#include "fs/context.h"

enum { AWAITED_NSEC = 428004824 };

/*
 * Does the map await its .map? It does until it gets one, or a key by a plain write; until
 * another mount ends that (the mark is gone); or until a program fills it, which then means
 * it as it is: it has elements, although nothing waits.
 */
bool awaited_is(struct fs *fs, uint32_t map_id);

/* Has it elements, of an array slots that are not zero? May walk over all slots. */
bool awaited_has_elements(struct fs *fs, uint32_t map_id);

/* Is there something of it in the waiting room? */
bool awaited_has_waiting(struct fs *fs, uint32_t map_id);

/* A bare mkdir made the map: it is fresh, and has no .map. 0 also if it has no pin, so that no daemon
 * after this one will know; else -ENOMEM, or that of the pin's time. */
int awaited_begin(struct fs *fs, uint32_t map_id);

/* It has one, or is meant as it is. 0 or an error as above; the mark may then be there still. */
int awaited_end(struct fs *fs, uint32_t map_id);

/* What a daemon before this one has begun. */
void awaited_find(struct fs *fs);

#endif
