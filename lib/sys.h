/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sys: the only door to the kernel.
 *
 * Each call is one bpf(2) command (or one look at /proc or bpffs) and returns 0,
 * or a descriptor, or -errno. The kernel's private errno 524 (ENOTSUPP) becomes
 * -EOPNOTSUPP here, at the door: in a FUSE reply it would hang the caller.
 * Unit tests replace this file by a map store in memory.
 */
#ifndef BPFMAPFS_LIB_SYS_H
#define BPFMAPFS_LIB_SYS_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct btf;

/* What BPF_MAP_CREATE takes. Sizes in bytes, as in union bpf_attr. */
struct sys_map_attr {
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	uint64_t map_extra;
	uint32_t numa_node;
	const char *name; /* at most 15 bytes of [A-Za-z0-9_.] */
	int inner_map_fd; /* the template of a map of maps; 0: none */
	int btf_fd;       /* 0: none */
	uint32_t btf_key_type_id;
	uint32_t btf_value_type_id;
};

/* What /proc/self/fdinfo says of a map's descriptor and bpf_map_info does not. */
struct sys_fdinfo {
	uint64_t memlock; /* bytes */
	bool frozen;
};

/* Once, before all others: libbpf is to print nothing of its own. */
void sys_init(void);

int sys_map_create(const struct sys_map_attr *attr);
int sys_map_next_id(uint32_t id, uint32_t *next);

/* open_flags: 0, BPF_F_RDONLY or BPF_F_WRONLY. */
int sys_map_open_id(uint32_t id, uint32_t open_flags);
int sys_map_info(int fd, struct bpf_map_info *info);
int sys_map_fdinfo(int fd, struct sys_fdinfo *fdinfo);
int sys_map_freeze(int fd);

/* Elements. flags: BPF_ANY, BPF_NOEXIST, BPF_EXIST, with BPF_F_LOCK. */
int sys_map_lookup(int fd, const void *key, void *value, uint64_t flags);
int sys_map_update(int fd, const void *key, const void *value, uint64_t flags);
int sys_map_delete(int fd, const void *key);

/* BPF_MAP_LOOKUP_AND_DELETE_ELEM. key NULL: of a queue or stack, the next element. */
int sys_map_pop(int fd, const void *key, void *value);

/* key NULL: the first key. -ENOENT behind the last one. */
int sys_map_next_key(int fd, const void *key, void *next);

/*
 * BPF_MAP_LOOKUP_BATCH. in is NULL at the start, else what the last call left
 * in out (at least max(4, key_size) bytes). *count: room in elements, then the
 * elements delivered. -ENOENT with a count is the last chunk; -ENOSPC asks for
 * more room with the same in (map-types.md, finding 4). elem_flags: 0 or BPF_F_LOCK.
 */
int sys_map_lookup_batch(int fd, const void *in, void *out, void *keys, void *values,
			 uint32_t *count, uint64_t elem_flags);

/*
 * BPF_MAP_UPDATE_BATCH. *count: elements that are there, then how many were stored before one was
 * refused: none, if the kernel does not know the call or has no memory for it.
 */
int sys_map_update_batch(int fd, const void *keys, const void *values, uint32_t *count,
			 uint64_t elem_flags);

/* mmap(2) and munmap(2) of the pages of a ring buffer, for reading, or writing too.
 * -EPERM if the map is frozen. */
int sys_map_mmap(int fd, size_t offset, size_t len, bool writable, void **pages);
void sys_munmap(void *pages, size_t len);

int sys_close(int fd);

/* Possible CPUs, not online ones: the kernel sizes per-CPU values by them. */
int sys_possible_cpus(void);

/* BTF of a map by its id; the caller frees it with btf__free(). */
int sys_btf_open_id(uint32_t id, struct btf **btf);

/*
 * The kernel's own types, borrowed: read when first asked for and kept, some 6 MB. Any
 * thread. -ENOENT or another -errno if this kernel tells none.
 */
int sys_btf_vmlinux(const struct btf **btf);

/* Loads BTF into the kernel and returns a descriptor for sys_map_attr.btf_fd. */
int sys_btf_load(struct btf *btf);

/* Programs, for "who uses this map". */
int sys_prog_next_id(uint32_t id, uint32_t *next);

/* Name, type and map ids of a program; *count: room in ids, then their number. */
int sys_prog_info(uint32_t id, struct bpf_prog_info *info, uint32_t *map_ids, uint32_t *count);

/* A descriptor of a program; -ENOENT. */
int sys_prog_open_id(uint32_t id);

/* The id of the program whose pin an O_PATH descriptor is of. -EINVAL if that is something else,
 * which is not touched outside of a bpffs. */
int sys_prog_pin_id(int pin, uint32_t *id);

/* Pins: files of bpffs. Paths are absolute. */
int sys_pin(int fd, const char *path);

/* -EINVAL if something other than a map is pinned there. */
int sys_pin_open(const char *path, uint32_t open_flags);
int sys_pin_stat(const char *path, struct stat *st);
int sys_pin_unlink(const char *path);
int sys_pin_rmdir(const char *path);

/* renameat2(2) with RENAME_NOREPLACE. */
int sys_pin_rename(const char *from, const char *to);

/* rename(2): in place of what is there, at once. */
int sys_pin_replace(const char *from, const char *to);
int sys_pin_chmod(const char *path, mode_t mode);
int sys_pin_set_mtime(const char *path, struct timespec mtime);

/* chown(2): (uid_t)-1 and (gid_t)-1 leave that one as it is. */
int sys_pin_chown(const char *path, uid_t uid, gid_t gid);

/*
 * Calls each(arg, name, is_dir) for the entries of a directory of bpffs, in no
 * order; a result other than 0 ends the walk and is returned.
 */
int sys_pin_list(const char *path, int (*each)(void *arg, const char *name, bool is_dir),
		 void *arg);

/* Makes path, and its parents, a directory of a bpffs; mounts one on
 * /sys/fs/bpf if path lies there and it is not mounted yet (as bpftool does).
 * -EMEDIUMTYPE if path is no bpffs. */
int sys_pin_prepare(const char *path);

#endif
