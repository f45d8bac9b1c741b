/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/hostfd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/host.h"
#include "lib/hostpath.h"
#include "lib/mounts.h"
#include "lib/sys.h"

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

/* What cgroup2 is mounted on. -ENOENT if something else is, by now, there or above. */
static int open_point(const char *point)
{
	int fd = hostpath_open(point, NULL);
	struct statfs fs;

	if (fd == -EINVAL)
		return -ENOENT;
	if (fd < 0 || (fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC))
		return fd;
	close(fd);
	return -ENOENT;
}

static bool is_hierarchy(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == hierarchy.dev && st.st_ino == hierarchy.ino;
}

static int open_hierarchy_locked(void)
{
	int fd = hierarchy.point[0] ? open_point(hierarchy.point) : -ENOENT;
	struct stat st;

	if (fd >= 0 && is_hierarchy(fd))
		return fd;
	if (fd >= 0)
		close(fd);
	if (mounts_each(find_hierarchy, NULL) != 1)
		return -ENOENT;
	fd = open_point(hierarchy.point);
	if (fd < 0 || fstat(fd, &st))
		return fd;
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

/* path: from root. */
static int open_cgroup(int root, const char *path, uint64_t flags)
{
	const struct open_how how = {
		.flags = flags | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int hostfd_cgroup(const char *path, struct diag *d)
{
	int err = hostpath_check(path, d), root, fd;

	if (err)
		return err;
	root = open_hierarchy();
	if (root < 0)
		return hostpath_no_such(-root, d, "no unified hierarchy of cgroups is mounted");
	fd = open_cgroup(root, path + 1, O_PATH);
	close(root);
	return fd < 0 ? hostpath_no_such(-fd, d, "there is no such cgroup") : fd;
}

/* A mount of cgroup2 that a path leads into. */
struct way {
	const char *path;
	char point[PATH_MAX]; /* the longest one */
};

static int find_way(void *arg, const struct mount *m)
{
	struct way *way = arg;
	size_t len = strlen(m->point);

	if (strcmp(m->type, "cgroup2") != 0 || len >= sizeof(way->point) ||
	    len < strlen(way->point) || strncmp(way->path, m->point, len) != 0 ||
	    (way->path[len] && way->path[len] != '/'))
		return 0;
	memcpy(way->point, m->point, len + 1);
	return 0;
}

/* -EAGAIN: something was renamed while the kernel followed "..". */
static int open_below(int root, const char *path)
{
	int fd = -EAGAIN;

	path += strspn(path, "/");
	for (int tries = 0; fd == -EAGAIN && tries < 16; tries++)
		fd = open_cgroup(root, path, O_PATH);
	return fd == -EAGAIN ? -EBUSY : fd;
}

static int follow(const struct way *way)
{
	int root = way->point[0] ? open_point(way->point) : -EINVAL, fd;

	if (root < 0)
		return root == -ENOENT ? -EINVAL : root;
	fd = open_below(root, way->path + strlen(way->point));
	close(root);
	return fd;
}

int hostfd_cgroup_dir(const char *path, struct diag *d)
{
	struct way way = {.path = path};
	int err = host_root_only("cgroups", d), fd;

	if (err)
		return err;
	if (path[0] != '/')
		return diag_set(d, EINVAL, "a cgroup is told by its absolute path");
	err = mounts_each(find_way, &way);
	fd = err ? err : follow(&way);
	if (fd == -EINVAL)
		return diag_set(d, EINVAL, "the path is no cgroup of the unified hierarchy");
	if (fd < 0 && hostpath_no_such(-fd, NULL, "") == -ENOENT)
		return diag_set(d, EINVAL, "there is no such cgroup");
	return fd < 0 ? diag_set(d, -fd, "the cgroup cannot be opened") : fd;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Appends the paths of the cgroups right below one, each with its NUL. */
static int push_children(int root, const char *path, struct buf *paths)
{
	int fd = open_cgroup(root, path + 1, O_RDONLY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (fd < 0) /* it is gone */
		return hostpath_no_such(-fd, NULL, "") == -ENOENT ? 0 : fd;
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	path = path[1] ? path : "";
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || is_dots(entry->d_name) ||
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

int hostfd_file(const char *path, struct diag *d)
{
	int err = host_root_only("files", d);

	return err ? err : hostpath_open(path, d);
}

/* Programs. */

#define NO_PROGRAM "no program is pinned there"

int hostfd_program(const char *path, uint32_t *id, struct diag *d)
{
	int err = host_root_only("programs", d), fd;

	if (err)
		return err;
	fd = hostpath_open(path, d);
	if (fd < 0)
		return fd == -ENOENT ? diag_set(d, EINVAL, NO_PROGRAM) : fd;
	err = sys_prog_pin_id(fd, id);
	close(fd);
	return err == -EINVAL ? diag_set(d, EINVAL, NO_PROGRAM) : err;
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
		return hostpath_no_such(errno == ESRCH ? ENOENT : errno, d,
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
	int err = host_root_only("sockets", d), fd, kind;
	socklen_t size = sizeof(kind);

	if (!err)
		err = check_socket(pid, number, d);
	if (err)
		return err;
	fd = take(pid, number, d);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0)
		return fd;
	hostfd_close_socket(fd);
	return diag_set(d, EINVAL, "that descriptor is no socket");
}
