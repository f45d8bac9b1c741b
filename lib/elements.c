/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/elements.h"

#include <errno.h>

#include "lib/sys.h"

enum { PATH_BYTES = 1024 };

struct layout *elements_u32(const struct bpf_map_info *info)
{
	(void)info;
	return layout_bytes(sizeof(uint32_t));
}

struct layout *elements_path(const struct bpf_map_info *info)
{
	(void)info;
	return layout_plain(LAYOUT_CHARS, PATH_BYTES);
}

struct layout *elements_nothing(const struct bpf_map_info *info)
{
	return layout_plain(LAYOUT_NOTHING, info->value_size);
}

int elements_get(const struct elem_map *m, const void *key, void *value, uint64_t flags)
{
	return sys_map_lookup(m->fd, key, value, flags);
}

int elements_get_moving(const struct elem_map *m, const void *key, void *value, uint64_t flags)
{
	int err = elements_get(m, key, value, flags);

	for (int again = 0; err == -ENOENT && again < 2; again++)
		err = elements_get(m, key, value, flags);
	return err;
}

int elements_put(const struct elem_map *m, const void *key, const void *value, uint64_t flags,
		 struct diag *d)
{
	(void)d;
	return sys_map_update(m->fd, key, value, flags);
}

uint32_t elements_put_batch(const struct elem_map *m, const void *keys, const void *values,
			    uint32_t count, uint64_t flags)
{
	uint32_t stored = count;

	sys_map_update_batch(m->fd, keys, values, &stored, flags);
	return stored;
}

int elements_del(const struct elem_map *m, const void *key)
{
	return sys_map_delete(m->fd, key);
}

int elements_del_present(const struct elem_map *m, const void *key)
{
	uint64_t value;
	int err = 0;

	if (m->info->value_size <= sizeof(value))
		err = sys_map_lookup(m->fd, key, &value, 0);
	if (err && err != -EOPNOTSUPP && err != -ENOSPC)
		return err;
	return sys_map_delete(m->fd, key);
}

int elements_next(const struct elem_map *m, const void *key, void *next)
{
	return sys_map_next_key(m->fd, key, next);
}
