/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * host: what of this machine keys and values of maps stand for, and that is no
 * business of bpf(2): network interfaces, cgroups.
 */
#ifndef BPFMAPFS_LIB_HOST_H
#define BPFMAPFS_LIB_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/diag.h"

/* The longest name of an interface, with its NUL (IF_NAMESIZE). */
#define HOST_IFNAME 16

/* The name of an interface of our network namespace; false if there is none. */
bool host_ifname(uint32_t ifindex, char name[HOST_IFNAME]);

/* Its index, or 0. */
uint32_t host_ifindex(const char *name, size_t len);

/*
 * A descriptor of the directory at an absolute path; close it with host_close(). -EINVAL
 * explained if there is none, or -errno. Whether it is a cgroup's the map finds out.
 */
int host_open_cgroup(const char *path, struct diag *d);
void host_close(int fd);

#endif
