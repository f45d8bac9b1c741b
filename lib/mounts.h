/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mounts: what is mounted where, as this process sees it (/proc/self/mountinfo).
 */
#ifndef BPFMAPFS_LIB_MOUNTS_H
#define BPFMAPFS_LIB_MOUNTS_H

#include <stdint.h>

struct mount {
	uint64_t id;       /* what statx(2) gives as stx_mnt_id */
	const char *root;  /* what of the filesystem is mounted, "/": all of it */
	const char *point; /* where */
	const char *type;  /* "ext4", "fuse.sshfs" */
};

/*
 * Calls each for all mounts, the uppermost of one place last; a result other than 0 ends the
 * walk and is returned. m is borrowed. Else 0, or -errno if there is no such table.
 */
int mounts_each(int (*each)(void *arg, const struct mount *m), void *arg);

#endif
