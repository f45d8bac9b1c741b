/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Maps of maps: written by a descriptor, read as an id; an element holds its map. Those of
 * arrays are kept as those of hashes are, as empty slots are not there. */
#include <errno.h>
#include <string.h>

#include "tests/unit/fake_map.h"
#include "tests/unit/fake_store.h"

static bool is_of_maps(const struct fake_map *m)
{
	return m->kind->update == fake_hash_of_maps_update ||
	       m->kind->update == fake_array_of_maps_update;
}

int fake_maps_check(const struct fake_kind *kind, const struct sys_map_attr *attr)
{
	const struct fake_fd *inner = fake_fd_find(attr->inner_map_fd);
	bool array = kind->update == fake_array_of_maps_update;

	if (!inner || !inner->map)
		return -EBADF;
	if (inner->map->info.type == BPF_MAP_TYPE_PROG_ARRAY)
		return -EOPNOTSUPP;
	if (is_of_maps(inner->map) || attr->value_size != 4 || !attr->max_entries)
		return -EINVAL;
	return array ? attr->key_size == 4 ? 0 : -EINVAL : attr->key_size ? 0 : -EINVAL;
}

/* Hashes may have another max_entries than the template (finding 9). */
static bool is_like(const struct bpf_map_info *template, const struct fake_map *m)
{
	return template->type == m->info.type && template->key_size == m->info.key_size &&
	       template->value_size == m->info.value_size &&
	       template->map_flags == m->info.map_flags &&
	       (!m->slots || template->max_entries == m->info.max_entries);
}

static struct fake_map *by_id(uint32_t id)
{
	return id ? fake_store_next_map(id - 1) : NULL;
}

static uint32_t index_of(const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index;
}

int fake_hash_of_maps_update(struct fake_map *m, const void *key, const void *value, uint64_t flags)
{
	const struct fake_fd *f;
	uint32_t old = 0;
	int fd, err;

	memcpy(&fd, value, sizeof(fd));
	f = fake_fd_find(fd);
	if (!f || !f->map)
		return -EBADF;
	if (is_of_maps(f->map) || !is_like(&m->inner, f->map))
		return -EINVAL;
	fake_hash_lookup(m, key, &old);
	err = fake_hash_update(m, key, &f->map->info.id, flags);
	if (err)
		return err;
	f->map->refs++;
	if (old)
		fake_store_put_map(by_id(old));
	return 0;
}

int fake_hash_of_maps_remove(struct fake_map *m, const void *key)
{
	uint32_t id;
	int err = fake_hash_lookup(m, key, &id);

	if (!err)
		err = fake_hash_remove(m, key);
	if (!err)
		fake_store_put_map(by_id(id));
	return err;
}

int fake_array_of_maps_update(struct fake_map *m, const void *key, const void *value,
			      uint64_t flags)
{
	if (flags != BPF_ANY)
		return -EINVAL;
	if (index_of(key) >= m->info.max_entries)
		return -E2BIG;
	return fake_hash_of_maps_update(m, key, value, flags);
}

/* All indexes, also of empty slots. */
int fake_array_of_maps_next_key(struct fake_map *m, const void *key, void *next)
{
	uint32_t index = key ? index_of(key) : UINT32_MAX;

	if (index == m->info.max_entries - 1)
		return -ENOENT;
	index = index >= m->info.max_entries ? 0 : index + 1;
	memcpy(next, &index, sizeof(index));
	return 0;
}

/* Empty slots are passed over; the token is the last index looked at. */
int fake_array_of_maps_batch(struct fake_map *m, const void *in, void *out, void *keys,
			     void *values, uint32_t *count)
{
	uint32_t room = *count, index = in ? index_of(in) + 1 : 0, n = 0;

	for (; index < m->info.max_entries && n < room; index++) {
		memcpy(out, &index, sizeof(index));
		if (fake_hash_lookup(m, &index, (unsigned char *)values + (size_t)n * 4))
			continue;
		memcpy((unsigned char *)keys + (size_t)n * 4, &index, 4);
		n++;
	}
	*count = n;
	return n < room ? -ENOENT : 0;
}

void fake_maps_gone(struct fake_map *m)
{
	for (uint32_t b = 0; b < m->buckets; b++)
		for (struct fake_elem *e = m->lists[b]; e; e = e->next)
			fake_store_put_map(by_id(index_of(fake_elem_value(m, e))));
}
