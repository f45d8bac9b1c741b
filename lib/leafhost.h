/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * leafhost: the spellings of what stands for something of this machine: interfaces,
 * programs, descriptors of processes. Names as in leaf.h.
 */
#ifndef BPFMAPFS_LIB_LEAFHOST_H
#define BPFMAPFS_LIB_LEAFHOST_H

#include "lib/format.h"

extern const struct spelling leaf_ifindex_bare, leaf_ifindex_json;
extern const struct spelling leaf_prog_bare, leaf_prog_json;
extern const struct spelling leaf_pid_fd_bare, leaf_pid_fd_json;
extern const struct spelling leaf_nothing;

#endif
