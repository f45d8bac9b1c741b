/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/elemslot.h"

#include <errno.h>
#include <string.h>

#include "lib/host.h"
#include "lib/hostfd.h"
#include "lib/record.h"
#include "lib/sys.h"

static struct layout *prog_id(const struct bpf_map_info *info)
{
	(void)info;
	return layout_plain(LAYOUT_PROG, sizeof(uint32_t));
}

/* A descriptor of the program with that id, for root only. */
static int open_prog(uint32_t id, struct diag *d)
{
	int err = host_root_only("programs", d), fd;

	if (err)
		return err;
	fd = sys_prog_open_id(id);
	return fd == -ENOENT ? diag_set(d, EINVAL, "there is no program %u", id) : fd;
}

/* Programs. */

static int put_prog(const struct elem_map *m, const void *key, const void *value, uint64_t flags,
		    struct diag *d)
{
	uint32_t id, number;
	int fd, err;

	memcpy(&id, value, sizeof(id));
	fd = open_prog(id, d);
	if (fd < 0)
		return fd;
	number = (uint32_t)fd;
	err = sys_map_update(m->fd, key, &number, flags);
	sys_close(fd);
	if (err == -EINVAL)
		return diag_set(d, EINVAL,
				"the map takes no program of this type, or not this one (as its "
				"owner, see bpftool prog)");
	return err;
}

const struct elements elem_prog = {
	.key = elements_u32,
	.value = prog_id,
	.get = elements_get,
	.put = put_prog,
	.del = elements_del,
	.next = elements_next,
	.indexes = true,
	.by_hand = true,
};

/* Perf events: an entry is bound to the open file through which it was stored. */

const struct elements elem_perf_event = {
	.key = elements_u32,
	.value = elements_nothing,
	.get = elements_get,
	.del = elements_del,
	.next = elements_next,
	.no_put = "a perf event is a descriptor of the process that stores it, and leaves the map "
		  "with that process: perf_event_open(2) and BPF_MAP_UPDATE_ELEM",
	.indexes = true,
	.unlisted = true,
};

/* Cgroups: write-only, by path. */

static int put_cgroup(const struct elem_map *m, const void *key, const void *value, uint64_t flags,
		      struct diag *d)
{
	char path[HOSTFD_PATH + 1] = {0};
	uint32_t number;
	int fd, err;

	memcpy(path, value, HOSTFD_PATH);
	fd = hostfd_cgroup_dir(path, d);
	if (fd < 0)
		return fd;
	number = (uint32_t)fd;
	err = sys_map_update(m->fd, key, &number, flags);
	host_close(fd);
	if (err == -EBADF)
		return diag_set(d, EINVAL, "the path is no cgroup of the unified hierarchy");
	return err;
}

/* Which cgroup is there the kernel does not tell. */
static int get_cgroup(const struct elem_map *m, const void *key, void *value, uint64_t flags)
{
	(void)m, (void)key, (void)value, (void)flags;
	return -EOPNOTSUPP;
}

const struct elements elem_cgroup = {
	.key = elements_u32,
	.value = elements_path,
	.get = get_cgroup,
	.put = put_cgroup,
	.del = elements_del,
	.next = elements_next,
	.indexes = true,
	.unlisted = true,
};

/* Devices and CPUs: a number, and the id of a program where the value has room for one
 * (struct bpf_devmap_val, struct bpf_cpumap_val). */

static struct layout *number_and_prog(struct layout *number, const char *name,
				      const struct bpf_map_info *info)
{
	struct layout_member members[2] = {
		{.name = (char *)name, .type = number, .printed = true},
		{.name = "prog", .type = prog_id(info), .offset = 4, .printed = true}};
	struct layout *value = NULL;

	if (info->value_size == sizeof(uint32_t) && number)
		value = layout_ref(number);
	else if (number && members[1].type && record_new(info->value_size, members, 2, &value))
		value = NULL;
	layout_unref(members[1].type);
	layout_unref(number);
	return value;
}

static struct layout *dev_value(const struct bpf_map_info *info)
{
	return number_and_prog(layout_plain(LAYOUT_IFINDEX, sizeof(uint32_t)), "ifindex", info);
}

static struct layout *cpu_value(const struct bpf_map_info *info)
{
	return number_and_prog(layout_bytes(sizeof(uint32_t)), "qsize", info);
}

/* Stores with the program's descriptor for its id. takes: which programs the map takes.
 * Of another one a devmap says EINVAL, and a cpumap ENOMEM. */
static int put_with_prog(const struct elem_map *m, const void *key, const void *value,
			 uint64_t flags, const char *takes, struct diag *d)
{
	uint32_t words[2] = {0, 0};
	int fd = -1, err;

	memcpy(words, value, m->info->value_size);
	if (words[1]) {
		fd = open_prog(words[1], d);
		if (fd < 0)
			return fd;
		words[1] = (uint32_t)fd;
	}
	err = sys_map_update(m->fd, key, words, flags);
	if (fd >= 0)
		sys_close(fd);
	if (fd >= 0 && (err == -EINVAL || err == -ENOMEM))
		return diag_set(d, EINVAL, "%s", takes);
	return err;
}

/* The kernel looks for the interface where its caller is, which we are. */
static int put_dev(const struct elem_map *m, const void *key, const void *value, uint64_t flags,
		   struct diag *d)
{
	char name[HOST_IFNAME];
	uint32_t ifindex;

	memcpy(&ifindex, value, sizeof(ifindex));
	if (!ifindex)
		return diag_set(d, EINVAL, "0 is no interface; rm empties a slot");
	if (!host_ifname(ifindex, name))
		return diag_set(d, EINVAL,
				"there is no interface %u in the network namespace of this mount",
				ifindex);
	return put_with_prog(m, key, value, flags,
			     "the program must be of type xdp and loaded for a devmap: expected "
			     "attach type BPF_XDP_DEVMAP",
			     d);
}

static int put_cpu(const struct elem_map *m, const void *key, const void *value, uint64_t flags,
		   struct diag *d)
{
	uint32_t qsize;
	int err;

	memcpy(&qsize, value, sizeof(qsize));
	if (!qsize)
		return diag_set(d, EINVAL, "a queue has 1 to 16384 places; rm empties a slot");
	err = put_with_prog(m, key, value, flags,
			    "the program must be of type xdp and loaded for a cpumap: expected "
			    "attach type BPF_XDP_CPUMAP",
			    d);
	if (err == -EOVERFLOW)
		return diag_set(d, EINVAL, "a queue has at most 16384 places");
	if (err == -ENODEV)
		return diag_set(d, EINVAL, "this machine has no such CPU");
	return err;
}

const struct elements elem_dev = {
	.key = elements_u32,
	.value = dev_value,
	.get = elements_get,
	.put = put_dev,
	.del = elements_del_present,
	.next = elements_next,
	.indexes = true,
	.by_hand = true,
};

const struct elements elem_dev_hash = {
	.key = elements_u32,
	.value = dev_value,
	.get = elements_get,
	.put = put_dev,
	.del = elements_del,
	.next = elements_next,
	.by_hand = true,
};

const struct elements elem_cpu = {
	.key = elements_u32,
	.value = cpu_value,
	.get = elements_get,
	.put = put_cpu,
	.del = elements_del_present,
	.next = elements_next,
	.indexes = true,
	.by_hand = true,
};

/* Sockets: the kernel tells their cookies where values have 8 bytes. */

enum { SOCK_KEY = 512 }; /* the most bytes of a key of a sockhash */

#define NO_SOCKET                                                                           \
	"a socket is a descriptor of the process that has it: that process stores it with " \
	"BPF_MAP_UPDATE_ELEM, or a program with bpf_sock_map_update()"

static struct layout *cookie(const struct bpf_map_info *info)
{
	return info->value_size == 8 ? layout_bytes(8) : elements_nothing(info);
}

/* Of maps with smaller values the kernel says ENOSPC, whatever is there. */
static int get_sock(const struct elem_map *m, const void *key, void *value, uint64_t flags)
{
	int err = sys_map_lookup(m->fd, key, value, flags);

	return err == -ENOSPC ? -EOPNOTSUPP : err;
}

/*
 * Whether a sockhash with smaller values has a key follows from the walk: the key behind
 * an absent key is the first key of all. -EOPNOTSUPP if it is there, else -ENOENT.
 */
static int find_sock(const struct elem_map *m, const void *key)
{
	unsigned char first[SOCK_KEY], next[SOCK_KEY];
	int err = sys_map_next_key(m->fd, NULL, first);

	if (err)
		return err;
	err = sys_map_next_key(m->fd, key, next);
	if (err == -ENOENT)
		return -EOPNOTSUPP;
	if (!err && memcmp(first, next, m->info->key_size) != 0)
		return -EOPNOTSUPP;
	return err ? err : -ENOENT;
}

static int get_sock_hash(const struct elem_map *m, const void *key, void *value, uint64_t flags)
{
	int err = get_sock(m, key, value, flags);

	return err == -EOPNOTSUPP ? find_sock(m, key) : err;
}

static int del_sock(const struct elem_map *m, const void *key)
{
	int err = sys_map_delete(m->fd, key);

	return err == -EINVAL ? -ENOENT : err;
}

const struct elements elem_sock = {
	.key = elements_u32,
	.value = cookie,
	.get = get_sock,
	.del = del_sock,
	.next = elements_next,
	.no_put = NO_SOCKET,
	.indexes = true,
};

const struct elements elem_sock_hash = {
	.value = cookie,
	.get = get_sock_hash,
	.del = del_sock,
	.next = elements_next,
	.no_put = NO_SOCKET,
};

const struct elements elem_sock_port = {
	.key = elements_u32,
	.value = cookie,
	.get = get_sock,
	.del = elements_del,
	.next = elements_next,
	.no_put = "a socket is a descriptor of the process that has it: that process stores it "
		  "with BPF_MAP_UPDATE_ELEM",
	.indexes = true,
};

const struct elements elem_xsk = {
	.key = elements_u32,
	.value = elements_nothing,
	.get = elements_get,
	.del = elements_del,
	.next = elements_next,
	.no_put = "an AF_XDP socket is a descriptor of the process that has it: that process "
		  "stores it with BPF_MAP_UPDATE_ELEM",
	.indexes = true,
	.unlisted = true,
};
