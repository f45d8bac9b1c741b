/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ops: FUSE requests to the calls of fs/; the only place that replies.
 */
#ifndef BPFMAPFS_FS_OPS_H
#define BPFMAPFS_FS_OPS_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

/* For fuse_session_new(), with a struct fs as its userdata. */
extern const struct fuse_lowlevel_ops ops;

#endif
