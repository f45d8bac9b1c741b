/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/mountpoint.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

/* The path without symlinks. Should a dead mount be in the way, its last component is
 * not looked at. */
static int canonical(const char *path, char out[PATH_MAX])
{
	char parent[PATH_MAX], last[PATH_MAX], resolved[PATH_MAX];

	if (realpath(path, out))
		return 0;
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(parent, path, strlen(path) + 1);
	memcpy(last, path, strlen(path) + 1);
	if (!realpath(dirname(parent), resolved))
		return -errno;
	if (snprintf(out, PATH_MAX, "%s/%s", strcmp(resolved, "/") ? resolved : "",
		     basename(last)) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

/* Is the topmost mount on path a bpfmapfs? */
static bool is_ours(const char *path)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char strings[2 * PATH_MAX];
	bool ours = false;

	if (!mounts)
		return false;
	while (getmntent_r(mounts, &entry, strings, sizeof(strings)))
		if (strcmp(entry.mnt_dir, path) == 0)
			ours = strcmp(entry.mnt_type, "fuse.bpfmapfs") == 0;
	endmntent(mounts);
	return ours;
}

/* statvfs and not stat, which the kernel may answer for a dead daemon, too. */
int mountpoint_clear(const char *path)
{
	char real[PATH_MAX];
	struct statvfs st;
	int tries = 0;

	if (canonical(path, real))
		return 0;
	while (is_ours(real)) {
		if (statvfs(real, &st) == 0 || errno != ENOTCONN || ++tries > 16)
			return -EBUSY;
		if (umount2(real, MNT_DETACH) < 0)
			return -errno;
	}
	return 0;
}
