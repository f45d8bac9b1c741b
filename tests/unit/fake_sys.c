/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fake_sys.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/fake_fault.h"
#include "tests/unit/fake_map.h"
#include "tests/unit/fake_pins.h"
#include "tests/unit/fake_ring.h"
#include "tests/unit/fake_store.h"

enum { PROGS = 16, PROG_MAPS = 8 };

static struct bpf_prog_info progs[PROGS];
static uint32_t prog_maps[PROGS][PROG_MAPS];
static unsigned int progs_count;
static uint32_t hash_buckets, last_prog_id = 300;
static int possible_cpus = 2;
static char pinned_prog[64];
static uint32_t pinned_prog_id;
static const struct btf *vmlinux;

void fake_reset(void)
{
	fake_store_reset();
	fake_pins_free(fake_store_put_map);
	fake_ring_reset();
	fake_fault_reset();
	progs_count = 0;
	memset(pinned_prog, 0, sizeof(pinned_prog));
	hash_buckets = 0;
	possible_cpus = 2;
	vmlinux = NULL;
	fake_pins_init();
}

void sys_init(void)
{
}

void fake_set_cpus(int cpus)
{
	possible_cpus = cpus;
}

void fake_set_buckets(uint32_t buckets)
{
	hash_buckets = buckets;
}

/* The map behind a descriptor that allows all but what the flags forbid. */
static int map_of(int fd, uint32_t forbidding, struct fake_map **m)
{
	const struct fake_fd *f = fake_fd_find(fd);

	if (!f || !f->map)
		return f ? -EINVAL : -EBADF;
	*m = f->map;
	return f->open_flags & forbidding ? -EPERM : 0;
}

/* Sizes of the BTF types and of the map must match (finding 13). */
static int check_btf(const struct sys_map_attr *attr, const struct fake_btf *raw)
{
	struct btf *btf = btf__new(raw->raw, raw->size);
	bool lpm = attr->type == BPF_MAP_TYPE_LPM_TRIE;
	bool bloom = attr->type == BPF_MAP_TYPE_BLOOM_FILTER;
	const struct btf_type *key;
	int err = 0;

	if (!btf || (!attr->btf_key_type_id && !bloom) || !attr->btf_value_type_id)
		err = -EINVAL;
	if (!err && !bloom && btf__resolve_size(btf, attr->btf_key_type_id) != attr->key_size)
		err = -EINVAL;
	if (!err && btf__resolve_size(btf, attr->btf_value_type_id) != attr->value_size)
		err = -EINVAL;
	key = err ? NULL : btf__type_by_id(btf, attr->btf_key_type_id);
	if (key && lpm && !btf_is_struct(key))
		err = -EINVAL;
	btf__free(btf);
	return err;
}

static int find_btf(const struct sys_map_attr *attr, struct fake_btf **btf)
{
	const struct fake_fd *f = fake_fd_find(attr->btf_fd);

	*btf = NULL;
	if (!attr->btf_fd && !attr->btf_key_type_id && !attr->btf_value_type_id)
		return 0;
	if (!f || !f->btf)
		return f ? -EINVAL : -EBADF;
	*btf = f->btf;
	return check_btf(attr, *btf);
}

int sys_map_create(const struct sys_map_attr *attr)
{
	struct fake_btf *btf;
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_CREATE);

	if (!err)
		err = fake_map_check(attr);
	if (!err)
		err = find_btf(attr, &btf);
	if (err)
		return err;
	m = fake_map_new(attr, possible_cpus, hash_buckets);
	err = fake_store_add_map(m, btf);
	if (err) {
		fake_map_free(m);
		return err;
	}
	return fake_fd_new(m, NULL, attr->map_flags & (BPF_F_RDONLY | BPF_F_WRONLY));
}

int sys_map_next_id(uint32_t id, uint32_t *next)
{
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_NEXT_ID);
	const struct fake_map *m = fake_store_next_map(id);

	if (!err && m)
		*next = m->info.id;
	return !err && !m ? -ENOENT : err;
}

int sys_map_open_id(uint32_t id, uint32_t open_flags)
{
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_OPEN_ID);
	struct fake_map *m = fake_store_next_map(id - 1);

	if (!err && open_flags & ~(uint32_t)(BPF_F_RDONLY | BPF_F_WRONLY))
		err = -EINVAL;
	if (!err && open_flags == (BPF_F_RDONLY | BPF_F_WRONLY))
		err = -EINVAL;
	if (!err && (!id || !m || m->info.id != id))
		err = -ENOENT;
	return err ? err : fake_fd_new(m, NULL, open_flags);
}

int sys_map_info(int fd, struct bpf_map_info *info)
{
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_INFO);

	if (!err)
		err = map_of(fd, 0, &m);
	if (!err)
		*info = m->info;
	return err;
}

int sys_map_fdinfo(int fd, struct sys_fdinfo *fdinfo)
{
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_FDINFO);

	if (!err)
		err = map_of(fd, 0, &m);
	if (err)
		return err;
	fdinfo->frozen = m->frozen;
	fdinfo->memlock = (uint64_t)m->info.max_entries * (m->info.key_size + m->value_size);
	return 0;
}

static int writable(int fd, struct fake_map **m)
{
	int err = map_of(fd, BPF_F_RDONLY, m);

	return !err && (*m)->frozen ? -EPERM : err;
}

int sys_map_freeze(int fd)
{
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_FREEZE);

	if (!err)
		err = writable(fd, &m);
	if (!err)
		m->frozen = true;
	return err;
}

/* Elements. No fake map has a spin lock, so BPF_F_LOCK is refused. */

int sys_map_lookup(int fd, const void *key, void *value, uint64_t flags)
{
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_LOOKUP);

	if (!err)
		err = map_of(fd, BPF_F_WRONLY, &m);
	if (!err && flags)
		err = -EINVAL;
	if (!err && !m->kind->lookup)
		err = -EOPNOTSUPP;
	return err ? err : m->kind->lookup(m, key, value);
}

int sys_map_update(int fd, const void *key, const void *value, uint64_t flags)
{
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_UPDATE);

	if (!err)
		err = writable(fd, &m);
	if (!err && flags > BPF_EXIST)
		err = -EINVAL;
	if (!err && !m->kind->update)
		err = -EOPNOTSUPP;
	return err ? err : m->kind->update(m, key, value, flags);
}

int sys_map_pop(int fd, const void *key, void *value)
{
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_POP);

	if (!err)
		err = writable(fd, &m);
	if (!err && m->kind->pop)
		return m->kind->pop(m, key, value);
	if (!err && (!m->kind->lookup || !m->kind->remove || !key))
		err = -EOPNOTSUPP;
	if (!err)
		err = m->kind->lookup(m, key, value);
	return err ? err : m->kind->remove(m, key);
}

int sys_map_delete(int fd, const void *key)
{
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_DELETE);

	if (!err)
		err = writable(fd, &m);
	if (!err && !m->kind->remove)
		err = -EOPNOTSUPP;
	return err ? err : m->kind->remove(m, key);
}

int sys_map_next_key(int fd, const void *key, void *next)
{
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_NEXT_KEY);

	if (!err)
		err = map_of(fd, BPF_F_WRONLY, &m);
	if (!err && !m->kind->next_key)
		err = -EOPNOTSUPP;
	return err ? err : m->kind->next_key(m, key, next);
}

int sys_map_lookup_batch(int fd, const void *in, void *out, void *keys, void *values,
			 uint32_t *count, uint64_t elem_flags)
{
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_LOOKUP_BATCH);

	if (!err)
		err = map_of(fd, BPF_F_WRONLY, &m);
	if (!err && !m->kind->batch)
		err = -EOPNOTSUPP;
	if (!err && elem_flags)
		err = -EINVAL; /* no map here has a spin lock */
	return err ? err : m->kind->batch(m, in, out, keys, values, count);
}

int sys_map_update_batch(int fd, const void *keys, const void *values, uint32_t *count,
			 uint64_t elem_flags)
{
	uint32_t given = *count;
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_UPDATE_BATCH);

	*count = 0;
	if (!err)
		err = writable(fd, &m);
	if (!err && (!m->kind->batch || !m->kind->update))
		err = -EOPNOTSUPP;
	if (!err && elem_flags)
		err = -EINVAL; /* no map here has a spin lock */
	while (!err && *count < given) {
		err = m->kind->update(m, (const char *)keys + (size_t)*count * m->info.key_size,
				      (const char *)values + (size_t)*count * m->value_size,
				      BPF_ANY);
		*count += !err;
	}
	return err;
}

int sys_map_mmap(int fd, size_t offset, size_t len, bool is_writable, void **pages)
{
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_MAP_MMAP);

	if (!err)
		err = is_writable ? writable(fd, &m) : map_of(fd, BPF_F_WRONLY, &m);
	if (!err && m->info.type != BPF_MAP_TYPE_RINGBUF)
		err = -EOPNOTSUPP;
	if (err)
		return err;
	return fake_ring_map(fake_ring_of(m->info.id, m->info.max_entries), offset, len,
			     is_writable, pages);
}

void sys_munmap(void *pages, size_t len)
{
	fake_ring_unmap(pages, len);
}

static int close_fd(int fd)
{
	struct fake_fd *f = fake_fd_find(fd);

	if (!f)
		return -EBADF;
	fake_fd_close(f);
	return 0;
}

int sys_close(int fd)
{
	int err;

	fake_lock();
	err = close_fd(fd);
	fake_unlock(NULL);
	return err;
}

int sys_possible_cpus(void)
{
	int err FAKE_INSIDE = fake_enter(FAKE_POSSIBLE_CPUS);

	return err ? err : possible_cpus;
}

/* BTF. */

int sys_btf_open_id(uint32_t id, struct btf **btf)
{
	int err FAKE_INSIDE = fake_enter(FAKE_BTF_OPEN_ID);
	const struct fake_btf *found = fake_store_btf(id);

	*btf = NULL;
	if (!err && !found)
		err = -ENOENT;
	if (err)
		return err;
	*btf = btf__new(found->raw, found->size);
	return *btf ? 0 : -errno;
}

void fake_set_vmlinux(const struct btf *btf)
{
	vmlinux = btf;
}

int sys_btf_vmlinux(const struct btf **btf)
{
	int err FAKE_INSIDE = fake_enter(FAKE_BTF_VMLINUX);

	if (!err && !vmlinux)
		err = -ENOENT;
	*btf = err ? NULL : vmlinux;
	return err;
}

int sys_btf_load(struct btf *btf)
{
	struct fake_btf *copy;
	int err FAKE_INSIDE = fake_enter(FAKE_BTF_LOAD);

	if (!err)
		err = fake_store_add_btf(btf, &copy);
	return err ? err : fake_fd_new(NULL, copy, 0);
}

/* Programs. */

uint32_t fake_add_prog(const char *name, uint32_t type, const uint32_t *map_ids, uint32_t count)
{
	unsigned int i = progs_count++;
	struct bpf_prog_info *info = &progs[i];

	info->id = ++last_prog_id;
	info->type = type;
	info->nr_map_ids = count;
	strncpy(info->name, name, sizeof(info->name) - 1);
	memcpy(prog_maps[i], map_ids, count * sizeof(*map_ids));
	return info->id;
}

int sys_prog_next_id(uint32_t id, uint32_t *next)
{
	int err FAKE_INSIDE = fake_enter(FAKE_PROG_NEXT_ID);

	for (unsigned int i = 0; !err && i < progs_count; i++) {
		if (progs[i].id <= id)
			continue;
		*next = progs[i].id;
		return 0;
	}
	return err ? err : -ENOENT;
}

int sys_prog_info(uint32_t id, struct bpf_prog_info *info, uint32_t *map_ids, uint32_t *count)
{
	int err FAKE_INSIDE = fake_enter(FAKE_PROG_INFO);

	for (unsigned int i = 0; !err && i < progs_count; i++) {
		if (progs[i].id != id)
			continue;
		*info = progs[i];
		if (info->nr_map_ids < *count)
			*count = info->nr_map_ids;
		memcpy(map_ids, prog_maps[i], *count * sizeof(*map_ids));
		return 0;
	}
	return err ? err : -ENOENT;
}

/* No map here takes a program. */
int sys_prog_open_id(uint32_t id)
{
	int err FAKE_INSIDE = fake_enter(FAKE_PROG_OPEN_ID);

	(void)id;
	return err ? err : -ENOENT;
}

int sys_prog_pin_id(int pin, uint32_t *id)
{
	struct stat st, want;
	int err FAKE_INSIDE = fake_enter(FAKE_PROG_PIN_ID);

	if (!err && (fstat(pin, &st) || stat(pinned_prog, &want) || st.st_dev != want.st_dev ||
		     st.st_ino != want.st_ino))
		err = -EINVAL;
	if (!err)
		*id = pinned_prog_id;
	return err;
}

void fake_pin_prog(uint32_t id, const char *path)
{
	strncpy(pinned_prog, path, sizeof(pinned_prog) - 1);
	pinned_prog_id = id;
}

/* Pins. */

int fake_pin_other(const char *path)
{
	return fake_pins_add(path, NULL);
}

int sys_pin(int fd, const char *path)
{
	struct fake_map *m;
	int err FAKE_INSIDE = fake_enter(FAKE_PIN);

	if (!err && map_of(fd, 0, &m))
		err = -EINVAL;
	if (!err)
		err = fake_pins_add(path, m);
	if (!err)
		m->refs++;
	return err;
}

int sys_pin_open(const char *path, uint32_t open_flags)
{
	void *object = NULL;
	int err FAKE_INSIDE = fake_enter(FAKE_PIN_OPEN);

	if (!err && open_flags == (BPF_F_RDONLY | BPF_F_WRONLY))
		err = -EINVAL;
	if (!err)
		err = fake_pins_open(path, &object);
	return err ? err : fake_fd_new(object, NULL, open_flags);
}

int sys_pin_stat(const char *path, struct stat *st)
{
	int err FAKE_INSIDE = fake_enter(FAKE_PIN_STAT);

	return err ? err : fake_pins_stat(path, st);
}

int sys_pin_unlink(const char *path)
{
	void *object = NULL;
	int err FAKE_INSIDE = fake_enter(FAKE_PIN_UNLINK);

	if (!err)
		err = fake_pins_unlink(path, &object);
	if (object)
		fake_store_put_map(object);
	return err;
}

int sys_pin_rmdir(const char *path)
{
	int err FAKE_INSIDE = fake_enter(FAKE_PIN_RMDIR);

	return err ? err : fake_pins_rmdir(path);
}

int sys_pin_rename(const char *from, const char *to)
{
	int err FAKE_INSIDE = fake_enter(FAKE_PIN_RENAME);

	return err ? err : fake_pins_rename(from, to);
}

int sys_pin_replace(const char *from, const char *to)
{
	void *object = NULL;
	int err FAKE_INSIDE = fake_enter(FAKE_PIN_REPLACE);

	if (!err)
		err = fake_pins_replace(from, to, &object);
	if (object)
		fake_store_put_map(object);
	return err;
}

int sys_pin_chmod(const char *path, mode_t mode)
{
	int err FAKE_INSIDE = fake_enter(FAKE_PIN_CHMOD);

	return err ? err : fake_pins_chmod(path, mode);
}

int sys_pin_set_mtime(const char *path, struct timespec mtime)
{
	int err FAKE_INSIDE = fake_enter(FAKE_PIN_SET_MTIME);

	return err ? err : fake_pins_set_mtime(path, mtime);
}

int sys_pin_chown(const char *path, uid_t uid, gid_t gid)
{
	int err FAKE_INSIDE = fake_enter(FAKE_PIN_CHOWN);

	return err ? err : fake_pins_chown(path, uid, gid);
}

int sys_pin_list(const char *path, int (*each)(void *arg, const char *name, bool is_dir), void *arg)
{
	int err FAKE_INSIDE = fake_enter(FAKE_PIN_LIST);

	return err ? err : fake_pins_list(path, each, arg);
}

int sys_pin_prepare(const char *path)
{
	int err FAKE_INSIDE = fake_enter(FAKE_PIN_PREPARE);

	return err ? err : fake_pins_prepare(path);
}
