/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * host: what of this machine keys and values of maps stand for, and that is no
 * business of bpf(2): network interfaces; and who may name more than those.
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

/* From now on, for good: what host_ifname() has once said of an index it says again, whatever the
 * interfaces do (snapshot.h). */
void host_keep_ifnames(void);

/* Its index, or 0. */
uint32_t host_ifindex(const char *name, size_t len);

/*
 * Whom this thread serves from now on: a user's id. Until it is told it serves root, 0.
 *
 * Keys and values may name files, sockets, programs and cgroups. These are opened with the rights
 * of this process, which are greater than those of most who ask, so that is done for root only:
 * whoever names something asks host_root_only() before he looks for it.
 */
void host_serve(uint32_t uid);
uint32_t host_served(void);

/* Which task's request this thread answers; 0: of none that is known. */
void host_serve_task(uint32_t task);
uint32_t host_served_task(void);

/* Is the user whom this thread serves in that group, as far as the task whose request it answers
 * tells? Not if that task is another user's. */
bool host_is_in_group(uint32_t gid);

/* 0, or -EPERM explained. what: "files", as the sentence is to say. */
int host_root_only(const char *what, struct diag *d);

/* Closes a descriptor. */
void host_close(int fd);

#endif
