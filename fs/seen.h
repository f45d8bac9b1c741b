/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * seen: when this mount last saw a value change.
 *
 * BPF maps keep no times, but backup tools compare st_mtime (section 7 of the design). So
 * for each key whose attributes were asked for, 16 bytes remember a hash of its value and
 * when that was first seen: the time stands still while the value does, and its second
 * moves forward when it differs, as rsync compares whole ones. It outlives the kernel's own
 * inode. When the memory for it is full a part is forgotten, and those keys get the present
 * time: read once too often, never missed.
 *
 * A key that is seen for the first time has a whole second, which is in the past; one that
 * is seen to change the half of a millisecond in which that was, rounded up: tar compares with
 * the time at which its last run began, to the nanosecond, and warns of times in the future.
 */
#ifndef BPFMAPFS_FS_SEEN_H
#define BPFMAPFS_FS_SEEN_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct seen;

/* At most max_keys are remembered (memory grows with need); 0: nothing is ever seen to change,
 * and all have the time of the start. NULL: no memory. */
struct seen *seen_new(size_t max_keys);
void seen_free(struct seen *s);

/* Times are in nanoseconds since 1970. */
#define SEEN_SECOND INT64_C(1000000000)
int64_t seen_now(void);
struct timespec seen_timespec(int64_t time);
int64_t seen_time(struct timespec time);

/* The time of the value that key (a 64-bit hash of map and key) has at present. */
int64_t seen_value(struct seen *s, uint64_t key, const void *value, size_t len, int64_t now);

#endif
