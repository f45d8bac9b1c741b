/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mountpoint: what a mount point holds before we mount there. A daemon that was
 * killed leaves a mount that answers ENOTCONN until it is unmounted.
 */
#ifndef BPFMAPFS_FS_MOUNTPOINT_H
#define BPFMAPFS_FS_MOUNTPOINT_H

/*
 * Unmounts a dead bpfmapfs from path. Returns 0 if the path is now free for a
 * mount, or never was anything but a directory; -EBUSY if a living bpfmapfs is
 * mounted there; -errno of umount2(2).
 */
int mountpoint_clear(const char *path);

#endif
