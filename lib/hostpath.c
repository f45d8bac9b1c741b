/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/hostpath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mounts.h"

static bool is_dots(const char *name, size_t len)
{
	return (len == 1 || len == 2) && memcmp(name, "..", len) == 0;
}

int hostpath_check(const char *path, struct diag *d)
{
	const char *name = path + 1;

	if (path[0] != '/')
		return diag_set(d, EINVAL, "a path begins with %%2F, which is the root");
	while (*name) {
		size_t len = strcspn(name, "/");

		if (len == 0 || is_dots(name, len) || (name[len] == '/' && !name[len + 1]))
			return diag_set(d, EINVAL, "no name in a path is empty, '.' or '..'");
		name += name[len] ? len + 1 : len;
	}
	return 0;
}

int hostpath_no_such(int err, struct diag *d, const char *why)
{
	switch (err) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
	case ESTALE:
	case EXDEV:
	case ENODEV:
		return diag_set(d, ENOENT, "%s", why);
	default:
		return -err;
	}
}

/* Filesystems in which a look-up may last as long as another process likes, which may be
 * this one, or another machine. */
static const char *const waiting[] = {
	"fuse", "fuseblk", "autofs", "nfs", "nfs4", "cifs", "smb3", "ceph", "afs", "coda",
};

static bool is_waiting(const char *type)
{
	size_t len = strcspn(type, "."); /* fuse.sshfs */

	for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++)
		if (strlen(waiting[i]) == len && memcmp(waiting[i], type, len) == 0)
			return true;
	return false;
}

/* 1 if the mount with that id is one to walk in. */
static int judge_mount(void *arg, const struct mount *m)
{
	if (m->id != *(const uint64_t *)arg)
		return 0;
	return is_waiting(m->type) ? -EINVAL : 1;
}

/* Is the descriptor in a mount to walk in, and no symbolic link? The id of a mount is
 * nobody else's while a descriptor is in it, and telling it takes no request. */
static int check_place(int fd, uint64_t *mount, struct diag *d)
{
	struct statx stx;
	struct stat st;
	int err;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &stx))
		return hostpath_no_such(errno, d, "there is no such file");
	if (!(stx.stx_mask & STATX_MNT_ID))
		return diag_set(d, EINVAL, "this kernel does not tell in which mount a file is");
	if (stx.stx_mnt_id != *mount) {
		err = mounts_each(judge_mount, &stx.stx_mnt_id);
		if (err == 0 || err == -EINVAL)
			return diag_set(d, EINVAL,
					"no path leads into a filesystem that another process or "
					"machine answers for");
		if (err < 0)
			return err;
		*mount = stx.stx_mnt_id;
	}
	if (fstat(fd, &st))
		return hostpath_no_such(errno, d, "there is no such file");
	if (S_ISLNK(st.st_mode))
		return diag_set(d, EINVAL, "no path leads through a symbolic link");
	return 0;
}

/* The file that the first name of *rest is below dir, which is closed; *rest moves on. */
static int step(int dir, const char **rest, struct diag *d)
{
	size_t len = strcspn(*rest, "/");
	char name[NAME_MAX + 1];
	int fd = -1, err = ENAMETOOLONG;

	if (len <= NAME_MAX) {
		memcpy(name, *rest, len);
		name[len] = '\0';
		fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		err = errno;
	}
	close(dir);
	*rest += (*rest)[len] ? len + 1 : len;
	return fd < 0 ? hostpath_no_such(err, d, "there is no such file") : fd;
}

int hostpath_open(const char *path, struct diag *d)
{
	const char *rest = path + 1;
	uint64_t mount = 0;
	int err = hostpath_check(path, d), fd;

	if (err)
		return err;
	fd = open("/", O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (!(err = check_place(fd, &mount, d)) && *rest) {
		fd = step(fd, &rest, d);
		if (fd < 0)
			return fd;
	}
	if (!err)
		return fd;
	close(fd);
	return err;
}
