/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/hostfd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/host.h"
#include "lib/mounts.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* Tasks. */

static int open_pidfd(uint32_t id, unsigned int flags)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)id, flags);

	return fd < 0 ? -errno : fd;
}

int hostfd_task(uint32_t id, struct diag *d)
{
	int fd = -EINVAL;

	if (id > 0 && id <= INT_MAX)
		fd = open_pidfd(id, PIDFD_THREAD);
	if (fd == -EINVAL && id > 0 && id <= INT_MAX)
		fd = open_pidfd(id, 0);
	if (fd == -ESRCH || fd == -EINVAL || fd == -ENOENT)
		return diag_set(d, ENOENT, "there is no task %u", id);
	return fd;
}

/* Entries of a directory that are numbers. One that is gone has none. */
static int each_number(const char *path, int (*each)(void *arg, uint32_t number), void *arg)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	while (!err && (entry = readdir(dir)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			err = each(arg, (uint32_t)strtoul(entry->d_name, NULL, 10));
	closedir(dir);
	return err;
}

struct task_walk {
	int (*each)(void *arg, uint32_t id);
	void *arg;
};

static int each_thread(void *arg, uint32_t pid)
{
	const struct task_walk *walk = arg;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	return each_number(path, walk->each, walk->arg);
}

int hostfd_each_task(int (*each)(void *arg, uint32_t id), void *arg)
{
	struct task_walk walk = {each, arg};

	return each_number("/proc", each_thread, &walk);
}

/* Paths. */

static bool is_dots(const char *name, size_t len)
{
	return (len == 1 || len == 2) && memcmp(name, "..", len) == 0;
}

/* One path has one spelling, as it is to be one key. */
static int check_spelling(const char *path, struct diag *d)
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

/* There is nothing, for one of these reasons; others are the machine's. */
static int no_such(int err, struct diag *d, const char *why)
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

/* Cgroups. */

/* The root that was found last, until something else is there. */
static struct {
	pthread_mutex_t lock;
	char point[PATH_MAX];
	dev_t dev;
	ino_t ino;
} hierarchy = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int find_hierarchy(void *arg, const struct mount *m)
{
	(void)arg;
	if (strcmp(m->type, "cgroup2") != 0 || strcmp(m->root, "/") != 0 ||
	    strlen(m->point) >= sizeof(hierarchy.point))
		return 0;
	strncpy(hierarchy.point, m->point, sizeof(hierarchy.point) - 1);
	return 1;
}

static int open_point(struct stat *st)
{
	int fd = open(hierarchy.point, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, st) == 0)
		return fd;
	close(fd);
	return -1;
}

static int open_hierarchy_locked(void)
{
	struct stat st;
	int fd = hierarchy.point[0] ? open_point(&st) : -1;

	if (fd >= 0 && st.st_dev == hierarchy.dev && st.st_ino == hierarchy.ino)
		return fd;
	if (fd >= 0)
		close(fd);
	if (mounts_each(find_hierarchy, NULL) != 1)
		return -ENOENT;
	fd = open_point(&st);
	if (fd < 0)
		return -errno;
	hierarchy.dev = st.st_dev;
	hierarchy.ino = st.st_ino;
	return fd;
}

static int open_hierarchy(void)
{
	int fd;

	pthread_mutex_lock(&hierarchy.lock);
	fd = open_hierarchy_locked();
	pthread_mutex_unlock(&hierarchy.lock);
	return fd;
}

static int open_cgroup(int root, const char *path, uint64_t flags)
{
	const struct open_how how = {
		.flags = flags | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, root, path[1] ? path + 1 : ".", &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int hostfd_cgroup(const char *path, struct diag *d)
{
	int err = check_spelling(path, d), root, fd;

	if (err)
		return err;
	root = open_hierarchy();
	if (root < 0)
		return no_such(-root, d, "no unified hierarchy of cgroups is mounted");
	fd = open_cgroup(root, path, O_PATH);
	close(root);
	return fd < 0 ? no_such(-fd, d, "there is no such cgroup") : fd;
}

/* Appends the paths of the cgroups right below one, each with its NUL. */
static int push_children(int root, const char *path, struct buf *paths)
{
	int fd = open_cgroup(root, path, O_RDONLY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (fd < 0) /* it is gone */
		return no_such(-fd, NULL, "") == -ENOENT ? 0 : fd;
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	path = path[1] ? path : "";
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || is_dots(entry->d_name, strlen(entry->d_name)) ||
		    strlen(path) + 1 + strlen(entry->d_name) > HOSTFD_PATH)
			continue;
		buf_addf(paths, "%s/%s", path, entry->d_name);
		buf_addc(paths, '\0');
	}
	closedir(dir);
	return buf_error(paths);
}

/* Takes the last path away. */
static void pop(struct buf *paths, char path[HOSTFD_PATH + 1])
{
	size_t start = paths->len - 1;

	while (start && paths->data[start - 1])
		start--;
	memcpy(path, paths->data + start, paths->len - start);
	buf_resize(paths, start);
}

int hostfd_each_cgroup(int (*each)(void *arg, const char *path), void *arg)
{
	struct buf paths = BUF_INIT(256 << 20); /* those that are still to be visited */
	char path[HOSTFD_PATH + 1];
	int root = open_hierarchy(), err = 0;

	if (root < 0)
		return root == -ENOENT ? 0 : root;
	buf_add(&paths, "/", sizeof("/"));
	err = buf_error(&paths);
	while (!err && paths.len) {
		pop(&paths, path);
		err = each(arg, path);
		if (!err)
			err = push_children(root, path, &paths);
	}
	buf_free(&paths);
	close(root);
	return err;
}

/* Files. */

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
		return no_such(errno, d, "there is no such file");
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
		return no_such(errno, d, "there is no such file");
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
	return fd < 0 ? no_such(err, d, "there is no such file") : fd;
}

int hostfd_file(const char *path, struct diag *d)
{
	const char *rest = path + 1;
	uint64_t mount = 0;
	int err = check_spelling(path, d), fd;

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

/*
 * Sockets. The kernel knows a socket by no less than a descriptor that shares the open
 * file of its owner, and closing that may last: if the owner closes it meanwhile, ours is
 * the last one, which lingers (SO_LINGER); if he puts a file in its place just before we
 * take it, that file's filesystem is told of the close. So a thread does it, and there
 * is a limit to what is being closed.
 */

enum { MOST_BORROWED = 64 };

static int borrowed;

static void *close_borrowed(void *arg)
{
	close((int)(intptr_t)arg);
	__atomic_sub_fetch(&borrowed, 1, __ATOMIC_RELAXED);
	return NULL;
}

void hostfd_close_socket(int fd)
{
	void *arg = (void *)(intptr_t)fd;
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, close_borrowed, arg))
		close_borrowed(arg);
	pthread_attr_destroy(&attr);
}

/* Before anything is taken: what is no socket is better left alone. */
static int check_socket(uint32_t pid, uint32_t number, struct diag *d)
{
	static const char kind[] = "socket:[";
	char path[64], target[sizeof(kind)];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/fd/%u", pid, number);
	len = readlink(path, target, sizeof(target));
	if (len < 0 && (errno == EACCES || errno == EPERM))
		return diag_set(d, EPERM, "bpfmapfs may not look into process %u", pid);
	if (len < 0)
		return no_such(errno == ESRCH ? ENOENT : errno, d,
			       "there is no such process, or it has no such descriptor");
	if ((size_t)len < sizeof(kind) - 1 || memcmp(target, kind, sizeof(kind) - 1) != 0)
		return diag_set(d, EINVAL, "that descriptor is no socket");
	return 0;
}

static int borrow(uint32_t pid, uint32_t number)
{
	int task = hostfd_task(pid, NULL), fd;

	if (task < 0)
		return task;
	fd = (int)syscall(SYS_pidfd_getfd, task, (int)number, 0);
	if (fd < 0)
		fd = errno == EBADF || errno == ESRCH ? -ENOENT : -errno;
	host_close(task);
	return fd;
}

/* One that counts as borrowed, if it is there. */
static int take(uint32_t pid, uint32_t number, struct diag *d)
{
	int fd = -EBUSY;

	if (__atomic_add_fetch(&borrowed, 1, __ATOMIC_RELAXED) <= MOST_BORROWED)
		fd = borrow(pid, number);
	if (fd < 0)
		__atomic_sub_fetch(&borrowed, 1, __ATOMIC_RELAXED);
	if (fd == -EBUSY)
		return diag_set(d, EBUSY, "too many sockets are being closed, try again later");
	if (fd == -ENOENT)
		return diag_set(d, ENOENT, "the descriptor is gone");
	return fd;
}

int hostfd_socket(uint32_t pid, uint32_t number, struct diag *d)
{
	int err = check_socket(pid, number, d), fd, kind;
	socklen_t size = sizeof(kind);

	if (err)
		return err;
	fd = take(pid, number, d);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0)
		return fd;
	hostfd_close_socket(fd);
	return diag_set(d, EINVAL, "that descriptor is no socket");
}
