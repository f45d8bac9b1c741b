/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * snapshot: copies of maps, each as it was when it was first looked into (section 8 of
 * the design).
 *
 * A map's desc is replaced by one whose row reads a copy, which map_open() takes when it
 * is first called: whoever reads elements by a desc need not know whether there is a map
 * behind. Of several who come at once one copies, and the others wait for him; who looks
 * into other maps does not. Copies stay until the end, so that what was looked into once
 * can be read when its map is long gone. All of them together have a limit.
 *
 * What has elements that nobody can list has no copy: it is read as it is. What is delicate
 * and held by nobody is not opened, and its copy is empty, as on any mount (map.h).
 *
 * The directories of bpffs are kept here too, as they were when the mount began.
 */
#ifndef BPFMAPFS_LIB_SNAPSHOT_H
#define BPFMAPFS_LIB_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/diag.h"
#include "lib/map.h"

struct snapshot;

/* max_bytes: the most memory that all copies may take. -ENOMEM */
int snapshot_new(uint64_t max_bytes, struct snapshot **out);

/* Behind the last use of a desc of snapshot_desc(). NULL is fine. */
void snapshot_free(struct snapshot *s);

/* Whom to tell why a map will have no copy. Called by the thread that looked, and but once
 * for a map. */
void snapshot_on_refusal(struct snapshot *s,
			 void (*tell)(void *arg, uint32_t map_id, const struct diag *d), void *arg);

/*
 * Replaces a map's desc, whose reference is taken over, by one that reads the copy; if its
 * elements cannot be listed, it stays. All descs of one map have one copy. -ENOMEM, the
 * reference is given back then.
 */
int snapshot_desc(struct snapshot *s, struct map_desc **desc);

/* Can the map that desc is of go, and be shown all the same? when (may be NULL): the copy was
 * taken then; untouched if it has none. */
bool snapshot_has(const struct map_desc *desc, struct timespec *when);

/* Keeps a directory of bpffs, by its path from pindir. Before anybody else asks. -ENOMEM */
int snapshot_add_dir(struct snapshot *s, const char *path, const struct stat *st);

/* As sys_pin_list() and sys_pin_stat(), of the directories that were kept. dir: "" is pindir. */
int snapshot_each_dir(const struct snapshot *s, const char *dir,
		      int (*each)(void *arg, const char *name, bool is_dir), void *arg);
int snapshot_stat_dir(const struct snapshot *s, const char *path, struct stat *st);

#endif
