/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * elemslot: elements that stand for something else of the kernel's, a slot each:
 * programs, perf events, cgroups, devices, CPUs, sockets.
 *
 * The tree has a program by its id, a device by its index, a socket by its cookie; a
 * descriptor is opened for the moment in which it is stored. A slot is there as long as
 * something is in it.
 */
#ifndef BPFMAPFS_LIB_ELEMSLOT_H
#define BPFMAPFS_LIB_ELEMSLOT_H

#include "lib/elements.h"

extern const struct elements elem_prog, elem_perf_event, elem_cgroup;
extern const struct elements elem_dev, elem_dev_hash, elem_cpu;
extern const struct elements elem_sock, elem_sock_hash, elem_sock_port, elem_xsk;

#endif
