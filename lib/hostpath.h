/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * hostpath: files by their paths, so that no look-up waits for somebody else.
 *
 * A path is walked name by name. None leads through a symbolic link, nor into a filesystem that
 * another process or another machine answers for: this process may be the one, and then its
 * thread would wait for itself.
 */
#ifndef BPFMAPFS_LIB_HOSTPATH_H
#define BPFMAPFS_LIB_HOSTPATH_H

#include "lib/diag.h"

/* Has the path the one spelling that it may have? -EINVAL if not: it begins with '/', and no
 * name in it is empty, "." or "..". */
int hostpath_check(const char *path, struct diag *d);

/*
 * A file of whatever kind but a symbolic link: O_PATH, which the caller closes. -ENOENT if there
 * is none; -EINVAL if the path is misspelt, leads through a symbolic link, or into a filesystem
 * that may keep us waiting; or -errno of a machine at its limits.
 */
int hostpath_open(const char *path, struct diag *d);

/* For an errno of a look-up: -ENOENT, explained by why, if it says that there is nothing; others
 * are the machine's, and returned as they are. */
int hostpath_no_such(int err, struct diag *d, const char *why);

#endif
