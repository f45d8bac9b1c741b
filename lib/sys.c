/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/sys.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BPFFS_DIR "/sys/fs/bpf"

/* The kernel's own ENOTSUPP, which has no name in libc. */
#define KERNEL_ENOTSUPP 524

/* What libbpf returned (descriptors pass), with no errno that callers may not see. */
static int door(int result)
{
	return result == -KERNEL_ENOTSUPP ? -EOPNOTSUPP : result;
}

/* The result of a libc call that returns -1 and sets errno. */
static int libc(int result)
{
	return result < 0 ? door(-errno) : result;
}

void sys_init(void)
{
	libbpf_set_print(NULL);
}

int sys_map_create(const struct sys_map_attr *attr)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_fd = (uint32_t)attr->btf_fd,
		    .inner_map_fd = (uint32_t)attr->inner_map_fd,
		    .btf_key_type_id = attr->btf_key_type_id,
		    .btf_value_type_id = attr->btf_value_type_id, .map_flags = attr->map_flags,
		    .map_extra = attr->map_extra, .numa_node = attr->numa_node);

	return door(bpf_map_create((enum bpf_map_type)attr->type, attr->name, attr->key_size,
				   attr->value_size, attr->max_entries, &opts));
}

int sys_map_next_id(uint32_t id, uint32_t *next)
{
	return door(bpf_map_get_next_id(id, next));
}

int sys_map_open_id(uint32_t id, uint32_t open_flags)
{
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = open_flags);

	return door(bpf_map_get_fd_by_id_opts(id, &opts));
}

int sys_map_info(int fd, struct bpf_map_info *info)
{
	uint32_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return door(bpf_obj_get_info_by_fd(fd, info, &len));
}

int sys_map_fdinfo(int fd, struct sys_fdinfo *fdinfo)
{
	char path[64], line[128];
	unsigned long long number;
	FILE *f;

	memset(fdinfo, 0, sizeof(*fdinfo));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "memlock: %llu", &number) == 1)
			fdinfo->memlock = number;
		else if (sscanf(line, "frozen: %llu", &number) == 1)
			fdinfo->frozen = number != 0;
	}
	fclose(f);
	return 0;
}

int sys_map_freeze(int fd)
{
	return door(bpf_map_freeze(fd));
}

int sys_map_lookup(int fd, const void *key, void *value, uint64_t flags)
{
	return door(bpf_map_lookup_elem_flags(fd, key, value, flags));
}

int sys_map_update(int fd, const void *key, const void *value, uint64_t flags)
{
	return door(bpf_map_update_elem(fd, key, value, flags));
}

int sys_map_delete(int fd, const void *key)
{
	return door(bpf_map_delete_elem(fd, key));
}

int sys_map_pop(int fd, const void *key, void *value)
{
	return door(bpf_map_lookup_and_delete_elem(fd, key, value));
}

int sys_map_next_key(int fd, const void *key, void *next)
{
	return door(bpf_map_get_next_key(fd, key, next));
}

int sys_map_lookup_batch(int fd, const void *in, void *out, void *keys, void *values,
			 uint32_t *count, uint64_t elem_flags)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = elem_flags);

	return door(bpf_map_lookup_batch(fd, (void *)in, out, keys, values, count, &opts));
}

/* Who refuses the call as such leaves the count as it was. */
int sys_map_update_batch(int fd, const void *keys, const void *values, uint32_t *count,
			 uint64_t elem_flags)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = elem_flags);
	uint32_t given = *count;
	int err = door(bpf_map_update_batch(fd, keys, values, count, &opts));

	if (err && *count == given)
		*count = 0;
	return err;
}

int sys_map_mmap(int fd, size_t offset, size_t len, bool writable, void **pages)
{
	int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;

	*pages = mmap(NULL, len, prot, MAP_SHARED, fd, (off_t)offset);
	return *pages == MAP_FAILED ? door(-errno) : 0;
}

void sys_munmap(void *pages, size_t len)
{
	munmap(pages, len);
}

int sys_close(int fd)
{
	return libc(close(fd));
}

int sys_possible_cpus(void)
{
	return libbpf_num_possible_cpus();
}

int sys_btf_open_id(uint32_t id, struct btf **btf)
{
	*btf = btf__load_from_kernel_by_id(id);
	return *btf ? 0 : door(-errno);
}

int sys_btf_vmlinux(const struct btf **btf)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct btf *loaded;
	int err = 0;

	pthread_mutex_lock(&lock);
	if (!loaded) {
		loaded = btf__load_vmlinux_btf();
		err = loaded ? 0 : door(-errno);
	}
	*btf = loaded;
	pthread_mutex_unlock(&lock);
	return err;
}

int sys_btf_load(struct btf *btf)
{
	int err = btf__load_into_kernel(btf);

	if (err)
		return door(err);
	return libc(fcntl(btf__fd(btf), F_DUPFD_CLOEXEC, 3));
}

int sys_prog_next_id(uint32_t id, uint32_t *next)
{
	return door(bpf_prog_get_next_id(id, next));
}

int sys_prog_info(uint32_t id, struct bpf_prog_info *info, uint32_t *map_ids, uint32_t *count)
{
	uint32_t len = sizeof(*info);
	int fd, err;

	fd = door(bpf_prog_get_fd_by_id(id));
	if (fd < 0)
		return fd;
	memset(info, 0, sizeof(*info));
	info->map_ids = (uint64_t)(uintptr_t)map_ids;
	info->nr_map_ids = *count;
	err = door(bpf_obj_get_info_by_fd(fd, info, &len));
	if (!err && info->nr_map_ids < *count)
		*count = info->nr_map_ids;
	close(fd);
	return err;
}

/* Is the descriptor of that kind (a map's, rather than a program's or a link's)? */
static bool is_of_kind(int fd, const char *kind)
{
	char path[64], link[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, link, sizeof(link));
	return len == (ssize_t)strlen(kind) && memcmp(link, kind, (size_t)len) == 0;
}

int sys_prog_open_id(uint32_t id)
{
	return door(bpf_prog_get_fd_by_id(id));
}

/* What is pinned there, by the name that /proc has for the descriptor: no path is followed. */
static int open_pinned(int pin)
{
	char path[64];
	struct statfs fs;

	if (fstatfs(pin, &fs))
		return -errno;
	if (fs.f_type != BPF_FS_MAGIC)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pin);
	return door(bpf_obj_get(path));
}

int sys_prog_pin_id(int pin, uint32_t *id)
{
	struct bpf_prog_info info;
	uint32_t len = sizeof(info);
	int fd = open_pinned(pin), err = -EINVAL;

	if (fd < 0)
		return fd == -EACCES ? -EINVAL : fd; /* a directory, or a file of bpffs' own */
	memset(&info, 0, sizeof(info));
	if (is_of_kind(fd, "anon_inode:bpf-prog"))
		err = door(bpf_obj_get_info_by_fd(fd, &info, &len));
	close(fd);
	*id = info.id;
	return err;
}

int sys_pin(int fd, const char *path)
{
	return door(bpf_obj_pin(fd, path));
}

int sys_pin_open(const char *path, uint32_t open_flags)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = open_flags);
	int fd = door(bpf_obj_get_opts(path, &opts));

	if (fd < 0 || is_of_kind(fd, "anon_inode:bpf-map"))
		return fd;
	close(fd);
	return -EINVAL;
}

int sys_pin_stat(const char *path, struct stat *st)
{
	return libc(lstat(path, st));
}

int sys_pin_unlink(const char *path)
{
	return libc(unlink(path));
}

int sys_pin_rmdir(const char *path)
{
	return libc(rmdir(path));
}

int sys_pin_rename(const char *from, const char *to)
{
	return libc(renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE));
}

int sys_pin_replace(const char *from, const char *to)
{
	return libc(rename(from, to));
}

int sys_pin_chmod(const char *path, mode_t mode)
{
	return libc(chmod(path, mode));
}

int sys_pin_set_mtime(const char *path, struct timespec mtime)
{
	const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, mtime};

	return libc(utimensat(AT_FDCWD, path, times, 0));
}

int sys_pin_chown(const char *path, uid_t uid, gid_t gid)
{
	return libc(lchown(path, uid, gid));
}

int sys_pin_list(const char *path, int (*each)(void *arg, const char *name, bool is_dir), void *arg)
{
	struct dirent *entry;
	DIR *dir;
	int err = 0;

	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entry->d_type == DT_REG || entry->d_type == DT_DIR)
			err = each(arg, entry->d_name, entry->d_type == DT_DIR);
	}
	closedir(dir);
	return err;
}

/* Is path, or the nearest directory above it that exists, on a bpffs? */
static int is_bpffs(const char *path)
{
	char dir[PATH_MAX];
	struct statfs fs;

	if (strlen(path) >= sizeof(dir))
		return -ENAMETOOLONG;
	memcpy(dir, path, strlen(path) + 1);
	while (statfs(dir, &fs) < 0) {
		if (errno != ENOENT || !strrchr(dir, '/'))
			return -errno;
		*strrchr(dir, '/') = '\0';
		if (!*dir)
			return 0;
	}
	return fs.f_type == BPF_FS_MAGIC;
}

/* Mounts bpffs where everybody expects it, if nobody has. */
static int mount_bpffs(void)
{
	int mounted = is_bpffs(BPFFS_DIR);

	if (mounted)
		return mounted < 0 ? mounted : 0;
	return libc(mount("bpf", BPFFS_DIR, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"));
}

/* mkdir -p: every directory of the path, with mode 0700. */
static int make_directories(const char *path)
{
	char dir[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(dir))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(dir, path, i);
		dir[i] = '\0';
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

int sys_pin_prepare(const char *path)
{
	size_t prefix = strlen(BPFFS_DIR);
	int err = 0;

	if (strncmp(path, BPFFS_DIR, prefix) == 0 && (path[prefix] == '/' || !path[prefix]))
		err = mount_bpffs();
	if (!err)
		err = is_bpffs(path);
	if (err <= 0)
		return err ? err : -EMEDIUMTYPE;
	return make_directories(path);
}
