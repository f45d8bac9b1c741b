/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * hostfd: descriptors of what keys and values stand for: tasks, cgroups, files, sockets; and
 * the programs that are pinned somewhere.
 *
 * Whoever may look a key up chooses what is opened here, with the rights of this process. So
 * nothing is opened for reading or writing, no path leads through a symbolic link, and
 * nothing waits for somebody else: not for a filesystem that another process or another
 * machine answers for (this one may be it), not for the last close of a file. And what has rights
 * of its own, files, sockets, programs, is opened for root only (host.h): others are told -EPERM
 * before it is looked for.
 *
 * A descriptor is for one call to the kernel; then host_close(), of a socket
 * hostfd_close_socket(). Refusals are explained in d, which may be NULL: -ENOENT if there
 * is no such thing, -EINVAL, or -errno of a machine at its limits.
 */
#ifndef BPFMAPFS_LIB_HOSTFD_H
#define BPFMAPFS_LIB_HOSTFD_H

#include <stdint.h>

#include "lib/diag.h"

enum { HOSTFD_PATH = 1024 }; /* the longest path, without its NUL */

/* A pidfd of a process, or of one of its threads where the kernel has that (6.9). */
int hostfd_task(uint32_t id, struct diag *d);

/* Calls each for the ids of all threads; a result other than 0 ends the walk. */
int hostfd_each_task(int (*each)(void *arg, uint32_t id), void *arg);

/*
 * A cgroup of the unified hierarchy, by its path from the root of that, which is "/".
 * -EINVAL if the path has another spelling: no name in it is empty, "." or "..".
 */
int hostfd_cgroup(const char *path, struct diag *d);

/*
 * The same by its path in the tree of files, below any mount of the hierarchy: for root only, and
 * -EINVAL too if there is none. Outside of these mounts nothing is looked for.
 */
int hostfd_cgroup_dir(const char *path, struct diag *d);

/* Calls each for the paths of all cgroups that are not too long; a result other than 0
 * ends the walk. */
int hostfd_each_cgroup(int (*each)(void *arg, const char *path), void *arg);

/* A file, by its path, as hostpath_open() has it; for root only. */
int hostfd_file(const char *path, struct diag *d);

/* The id of the program that is pinned at a path, which is as that of a file; for root only.
 * -EINVAL if none is. */
int hostfd_program(const char *path, uint32_t *id, struct diag *d);

/*
 * The socket behind descriptor number of a process; for root only. -EINVAL if that is none, -EPERM if we may
 * not look into the process (ptrace(2)), -EBUSY if too many of them are being closed.
 */
int hostfd_socket(uint32_t pid, uint32_t number, struct diag *d);
void hostfd_close_socket(int fd);

#endif
