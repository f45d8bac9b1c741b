/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * trace: a line for each request, with its path, its result and how long it took, into the
 * daemon's log: -o log=debug, or SIGUSR1 to a daemon that runs. Never what keys hold.
 */
#ifndef BPFMAPFS_FS_TRACE_H
#define BPFMAPFS_FS_TRACE_H

#include "fs/context.h"

/* On if it was off, off if it was on. A signal handler may call it. */
void trace_toggle(void);

/* One request under way; zeroed: it is not traced. */
struct trace {
	const char *operation; /* static */
	pid_t pid;
	uid_t uid;
	int64_t begun; /* CLOCK_MONOTONIC, in nanoseconds */
	struct buf path;
};

/* Begins if tracing is on. name: in the directory id, or NULL: of id itself. */
void trace_begin(struct trace *t, struct fs *fs, const struct identity *id, const char *name);

/* Writes the line, if there was a beginning. err: a positive errno, or 0. */
void trace_end(struct trace *t, struct fs *fs, int err);

#endif
