/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * confine: what the daemon gives up once it is mounted (section 12 of the design): capabilities
 * that no request needs, programs of others, loading BPF programs, system calls that it never
 * makes, and core dumps, which would hold what is in maps.
 */
#ifndef BPFMAPFS_FS_CONFINE_H
#define BPFMAPFS_FS_CONFINE_H

#include <stdbool.h>

/*
 * For this thread and all that it will start, for good. With read_only it also gives up what only
 * making and changing maps takes. 0 or -errno: not all could be given up.
 */
int confine(bool read_only);

#endif
