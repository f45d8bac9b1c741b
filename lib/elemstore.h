/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * elemstore: values that tasks, cgroups, files and sockets carry for a map.
 *
 * The kernel takes a descriptor as key; in the tree it is what the descriptor is of: a
 * process or thread id, the path of a cgroup, the path of a file, PID:FD. A value goes with
 * what carries it. Values of files and sockets are found only by asking for one, so such a
 * map is never known to have any, and is removed as if it had none.
 */
#ifndef BPFMAPFS_LIB_ELEMSTORE_H
#define BPFMAPFS_LIB_ELEMSTORE_H

#include "lib/elements.h"

extern const struct elements elem_of_task, elem_of_cgroup, elem_of_inode, elem_of_socket;

#endif
