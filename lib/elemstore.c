/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/elemstore.h"

#include <errno.h>
#include <string.h>

#include "lib/host.h"
#include "lib/hostfd.h"
#include "lib/sys.h"

/* What values are attached to. open: a key as a descriptor. */
struct carrier {
	int (*open)(const void *key, struct diag *d);
	void (*close)(int fd);
	const char *no_carrier; /* one sentence: the kernel takes no such descriptor */
};

/* Without a carrier there is no element. */
static int absent(int err)
{
	switch (err) {
	case -EINVAL:
	case -EBADF:
	case -ENOTSOCK:
	case -ESRCH:
		return -ENOENT;
	default:
		return err;
	}
}

/* The same for a carrier that could not be opened; that it may not be named by this caller tells
 * nothing of whether it is there. */
static int no_carrier(int err)
{
	return err == -EPERM ? -ENOENT : absent(err);
}

static int get(const struct carrier *c, const struct elem_map *m, const void *key, void *value,
	       uint64_t flags)
{
	int fd = c->open(key, NULL), err;

	if (fd < 0)
		return no_carrier(fd);
	err = sys_map_lookup(m->fd, &fd, value, flags);
	c->close(fd);
	return absent(err);
}

static int put(const struct carrier *c, const struct elem_map *m, const void *key,
	       const void *value, uint64_t flags, struct diag *d)
{
	int fd = c->open(key, d), err;

	if (fd < 0)
		return fd;
	err = sys_map_update(m->fd, &fd, value, flags);
	c->close(fd);
	if (err == -EBADF || err == -ENOTSOCK)
		return diag_set(d, EINVAL, "%s", c->no_carrier);
	return err;
}

static int del(const struct carrier *c, const struct elem_map *m, const void *key)
{
	int fd = c->open(key, NULL), err;

	if (fd < 0)
		return no_carrier(fd);
	err = sys_map_delete(m->fd, &fd);
	c->close(fd);
	return absent(err);
}

/* get, put and del of a struct elements, for one carrier. */
#define CALLS(carrier)                                                                         \
	static int get_##carrier(const struct elem_map *m, const void *key, void *value,       \
				 uint64_t flags)                                               \
	{                                                                                      \
		return get(&carrier, m, key, value, flags);                                    \
	}                                                                                      \
	static int put_##carrier(const struct elem_map *m, const void *key, const void *value, \
				 uint64_t flags, struct diag *d)                               \
	{                                                                                      \
		return put(&carrier, m, key, value, flags, d);                                 \
	}                                                                                      \
	static int del_##carrier(const struct elem_map *m, const void *key)                    \
	{                                                                                      \
		return del(&carrier, m, key);                                                  \
	}

/* A key of elements_path, which has a NUL only behind it. */
static int path_of(const void *key, char path[HOSTFD_PATH + 1], struct diag *d)
{
	memcpy(path, key, HOSTFD_PATH);
	path[HOSTFD_PATH] = '\0';
	for (size_t i = strlen(path); i < HOSTFD_PATH; i++)
		if (path[i])
			return diag_set(d, EINVAL, "no path has a NUL in it");
	return 0;
}

/* Tasks. */

static int open_task(const void *key, struct diag *d)
{
	uint32_t id;

	memcpy(&id, key, sizeof(id));
	return hostfd_task(id, d);
}

struct walk {
	int (*each)(void *arg, const void *key);
	void *arg;
};

static int each_task(void *arg, uint32_t id)
{
	const struct walk *walk = arg;

	return walk->each(walk->arg, &id);
}

static int walk_tasks(const struct elem_map *m, int (*each)(void *arg, const void *key), void *arg)
{
	struct walk walk = {each, arg};

	(void)m;
	return hostfd_each_task(each_task, &walk);
}

static const struct carrier task = {open_task, host_close,
				    "this kernel attaches no values to such a task"};
CALLS(task)

const struct elements elem_of_task = {
	.key = elements_u32,
	.get = get_task,
	.put = put_task,
	.del = del_task,
	.walk = walk_tasks,
};

/* Cgroups. */

static int open_cgroup(const void *key, struct diag *d)
{
	char path[HOSTFD_PATH + 1];
	int err = path_of(key, path, d);

	return err ? err : hostfd_cgroup(path, d);
}

static int each_cgroup(void *arg, const char *path)
{
	const struct walk *walk = arg;
	char key[HOSTFD_PATH] = {0};

	memcpy(key, path, strlen(path));
	return walk->each(walk->arg, key);
}

static int walk_cgroups(const struct elem_map *m, int (*each)(void *arg, const void *key),
			void *arg)
{
	struct walk walk = {each, arg};

	(void)m;
	return hostfd_each_cgroup(each_cgroup, &walk);
}

static const struct carrier cgroup = {open_cgroup, host_close,
				      "this kernel attaches no values to such a cgroup"};
CALLS(cgroup)

const struct elements elem_of_cgroup = {
	.key = elements_path,
	.get = get_cgroup,
	.put = put_cgroup,
	.del = del_cgroup,
	.walk = walk_cgroups,
};

/* Files. */

static int open_inode(const void *key, struct diag *d)
{
	char path[HOSTFD_PATH + 1];
	int err = path_of(key, path, d);

	return err ? err : hostfd_file(path, d);
}

static const struct carrier inode = {open_inode, host_close,
				     "this kernel attaches values to files if it was started with "
				     "bpf in its list of security modules (lsm=)"};
CALLS(inode)

const struct elements elem_of_inode = {
	.key = elements_path,
	.get = get_inode,
	.put = put_inode,
	.del = del_inode,
	.unlisted = true,
};

/* Sockets. */

static struct layout *pid_and_fd(const struct bpf_map_info *info)
{
	(void)info;
	return layout_plain(LAYOUT_PID_FD, 2 * sizeof(uint32_t));
}

static int open_socket(const void *key, struct diag *d)
{
	uint32_t words[2];

	memcpy(words, key, sizeof(words));
	return hostfd_socket(words[0], words[1], d);
}

static const struct carrier socket = {open_socket, hostfd_close_socket,
				      "the kernel attaches no values to such a socket"};
CALLS(socket)

const struct elements elem_of_socket = {
	.key = pid_and_fd,
	.get = get_socket,
	.put = put_socket,
	.del = del_socket,
	.unlisted = true,
};
