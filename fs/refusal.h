/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * refusal: takes note of a request that was refused, in .error_log and in the
 * daemon's log (section 10 of the design).
 */
#ifndef BPFMAPFS_FS_REFUSAL_H
#define BPFMAPFS_FS_REFUSAL_H

#include "fs/context.h"

struct refused_request {
	const char *operation; /* static: "write", "mkdir", … */
	pid_t pid;
	uid_t uid;
	const struct identity *id; /* what it was asked of */
	const char *name;          /* in the directory id; NULL: of id itself */
};

/* err is a positive errno; d explains it, or does not. */
void refusal_note(struct fs *fs, const struct refused_request *r, int err, const struct diag *d);

/* The path of an identity from the root of the mount, or of a name in that directory, appended. */
void refusal_path(struct fs *fs, const struct identity *id, const char *name, struct buf *out);

#endif
