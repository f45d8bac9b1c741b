/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * seen: when this mount last saw a value change.
 *
 * BPF maps keep no times, but backup tools compare st_mtime in whole seconds
 * (section 7 of the design). So for each key whose attributes were asked for,
 * 16 bytes remember a hash of its value and the second in which that was first
 * seen: the time stands still while the value does, and moves forward by at
 * least a second when it differs. It outlives the kernel's own inode. When the
 * memory for it is full a part is forgotten, and those keys get the present
 * time: read once too often, never missed.
 */
#ifndef BPFMAPFS_FS_SEEN_H
#define BPFMAPFS_FS_SEEN_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct seen;

/* At most max_keys are remembered (memory grows with need). NULL: no memory. */
struct seen *seen_new(size_t max_keys);
void seen_free(struct seen *s);

/* The time of the value that key (a 64-bit hash of map and key) has at present,
 * now being the present second. */
time_t seen_value(struct seen *s, uint64_t key, const void *value, size_t len, time_t now);

#endif
