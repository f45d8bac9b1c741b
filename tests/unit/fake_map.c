/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fake_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake_store.h"

enum {
	ACCESS_FLAGS = BPF_F_RDONLY | BPF_F_WRONLY,
	PROG_FLAGS = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG,
	VALUE_MAX = 4 * 1024 * 1024,
	PER_CPU_VALUE_MAX = 32768,
	BUCKETS_MAX = 65536,
	BLOOM_HASHES_MAX = 15,
};

/* Lists of elements. */

unsigned char *fake_elem_value(const struct fake_map *m, struct fake_elem *e)
{
	return e->data + m->info.key_size;
}

struct fake_elem *fake_elem_add(struct fake_map *m, struct fake_elem **place, const void *key,
				const void *value)
{
	struct fake_elem *e = malloc(sizeof(*e) + m->info.key_size + m->value_size);

	if (!e)
		return NULL;
	memcpy(e->data, key, m->info.key_size);
	memcpy(fake_elem_value(m, e), value, m->value_size);
	e->used = ++m->clock;
	e->next = *place;
	*place = e;
	m->count++;
	return e;
}

void fake_elem_remove(struct fake_map *m, struct fake_elem **place)
{
	struct fake_elem *e = *place;

	*place = e->next;
	free(e);
	m->count--;
}

int fake_check_flags(bool present, uint64_t flags)
{
	if (present && flags == BPF_NOEXIST)
		return -EEXIST;
	return !present && flags == BPF_EXIST ? -ENOENT : 0;
}

/* A key that vanishes between next_key and lookup cannot be here. */
int fake_generic_batch(struct fake_map *m, const void *in, void *out, void *keys, void *values,
		       uint32_t *count)
{
	uint32_t room = *count, n;
	const void *last = in;
	int err = 0;

	*count = 0;
	for (n = 0; n < room && !err; n += !err) {
		unsigned char *key = (unsigned char *)keys + (size_t)n * m->info.key_size;

		err = m->kind->next_key(m, last, key);
		if (err)
			break;
		last = key;
		err = m->kind->lookup(m, key, (unsigned char *)values + (size_t)n * m->value_size);
	}
	if (n)
		memcpy(out, last, m->info.key_size);
	*count = n;
	return err;
}

/* Arrays. */

static uint32_t index_of(const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index;
}

static unsigned char *slot(const struct fake_map *m, const void *key)
{
	return m->slots + (size_t)index_of(key) * m->value_size;
}

static int array_lookup(struct fake_map *m, const void *key, void *value)
{
	if (index_of(key) >= m->info.max_entries)
		return -ENOENT;
	memcpy(value, slot(m, key), m->value_size);
	return 0;
}

static int array_update(struct fake_map *m, const void *key, const void *value, uint64_t flags)
{
	if (index_of(key) >= m->info.max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	memcpy(slot(m, key), value, m->value_size);
	return 0;
}

static int array_remove(struct fake_map *m, const void *key)
{
	(void)m;
	(void)key;
	return -EINVAL;
}

static int array_next_key(struct fake_map *m, const void *key, void *next)
{
	uint32_t index = key ? index_of(key) : UINT32_MAX;

	if (index == m->info.max_entries - 1)
		return -ENOENT;
	index = index >= m->info.max_entries ? 0 : index + 1;
	memcpy(next, &index, sizeof(index));
	return 0;
}

/* What can be created. */

static int check_hash(const struct fake_kind *kind, const struct sys_map_attr *attr)
{
	uint32_t allowed = BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE |
			   BPF_F_ZERO_SEED | ACCESS_FLAGS | PROG_FLAGS;

	if (attr->map_flags & ~allowed)
		return -EINVAL;
	if (!kind->lru && attr->map_flags & BPF_F_NO_COMMON_LRU)
		return -EINVAL;
	if (kind->lru && attr->map_flags & BPF_F_NO_PREALLOC)
		return -EOPNOTSUPP;
	if (kind->per_cpu && attr->map_flags & BPF_F_NUMA_NODE)
		return -EINVAL;
	if (!attr->max_entries || !attr->key_size || !attr->value_size)
		return -EINVAL;
	if (attr->max_entries > 1U << 31 || attr->value_size > VALUE_MAX ||
	    attr->key_size + attr->value_size > VALUE_MAX)
		return -E2BIG;
	return kind->per_cpu && attr->value_size > PER_CPU_VALUE_MAX ? -E2BIG : 0;
}

static int check_array(const struct fake_kind *kind, const struct sys_map_attr *attr)
{
	uint32_t allowed = BPF_F_MMAPABLE | BPF_F_INNER_MAP | BPF_F_NUMA_NODE |
			   BPF_F_PRESERVE_ELEMS | ACCESS_FLAGS | PROG_FLAGS;

	if (attr->map_flags & ~allowed || attr->key_size != 4)
		return -EINVAL;
	if (!attr->max_entries || !attr->value_size)
		return -EINVAL;
	if (kind->per_cpu && attr->map_flags & (BPF_F_NUMA_NODE | BPF_F_MMAPABLE))
		return -EINVAL;
	if (attr->value_size > INT32_MAX)
		return -E2BIG;
	return kind->per_cpu && attr->value_size > PER_CPU_VALUE_MAX ? -E2BIG : 0;
}

static int check_lpm(const struct fake_kind *kind, const struct sys_map_attr *attr)
{
	uint32_t allowed = BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | ACCESS_FLAGS | PROG_FLAGS;

	(void)kind;
	if (attr->map_flags & ~allowed || !(attr->map_flags & BPF_F_NO_PREALLOC))
		return -EINVAL;
	if (!attr->max_entries || attr->key_size < 5 || attr->key_size > 260)
		return -EINVAL;
	return attr->value_size < 1 || attr->value_size > 4194024 ? -EINVAL : 0;
}

static int check_keyless(const struct fake_kind *kind, const struct sys_map_attr *attr)
{
	uint32_t allowed = BPF_F_NUMA_NODE | ACCESS_FLAGS | PROG_FLAGS;

	(void)kind;
	if (attr->map_flags & ~allowed || attr->key_size || !attr->max_entries || !attr->value_size)
		return -EINVAL;
	if (attr->map_extra > BLOOM_HASHES_MAX)
		return -EINVAL;
	return attr->value_size > VALUE_MAX ? -E2BIG : 0;
}

static int check_nothing(const struct fake_kind *kind, const struct sys_map_attr *attr)
{
	(void)kind;
	(void)attr;
	return 0;
}

#define HASH_CALLS                                                                   \
	.check = check_hash, .lookup = fake_hash_lookup, .update = fake_hash_update, \
	.remove = fake_hash_remove, .next_key = fake_hash_next_key, .batch = fake_hash_batch
#define ARRAY_CALLS                                                           \
	.check = check_array, .lookup = array_lookup, .update = array_update, \
	.remove = array_remove, .next_key = array_next_key, .batch = fake_generic_batch
#define LPM_CALLS                                                                 \
	.check = check_lpm, .lookup = fake_lpm_lookup, .update = fake_lpm_update, \
	.remove = fake_lpm_remove, .next_key = fake_lpm_next_key, .batch = fake_generic_batch

#define ENDS_CALLS                                                           \
	.check = check_keyless, .no_btf = true, .lookup = fake_queue_lookup, \
	.remove = fake_queue_remove, .next_key = fake_queue_next_key, .pop = fake_queue_pop

/* To add a type: a row. Those at the end can be made and looked at, no more. */
static const struct fake_kind kinds[] = {
	{BPF_MAP_TYPE_HASH, HASH_CALLS},
	{BPF_MAP_TYPE_ARRAY, ARRAY_CALLS},
	{BPF_MAP_TYPE_PERCPU_HASH, .per_cpu = true, HASH_CALLS},
	{BPF_MAP_TYPE_PERCPU_ARRAY, .per_cpu = true, ARRAY_CALLS},
	{BPF_MAP_TYPE_LRU_HASH, .lru = true, HASH_CALLS},
	{BPF_MAP_TYPE_LRU_PERCPU_HASH, .per_cpu = true, .lru = true, HASH_CALLS},
	{BPF_MAP_TYPE_LPM_TRIE, LPM_CALLS},
	{BPF_MAP_TYPE_ARRAY_OF_MAPS, .no_btf = true, .check = fake_maps_check,
	 .lookup = fake_hash_lookup, .update = fake_array_of_maps_update,
	 .remove = fake_hash_of_maps_remove, .next_key = fake_array_of_maps_next_key,
	 .batch = fake_array_of_maps_batch, .gone = fake_maps_gone},
	{BPF_MAP_TYPE_HASH_OF_MAPS, .no_btf = true, .check = fake_maps_check,
	 .lookup = fake_hash_lookup, .update = fake_hash_of_maps_update,
	 .remove = fake_hash_of_maps_remove, .next_key = fake_hash_next_key,
	 .batch = fake_hash_batch, .gone = fake_maps_gone},
	{BPF_MAP_TYPE_PROG_ARRAY, .check = check_nothing},
	{BPF_MAP_TYPE_QUEUE, ENDS_CALLS, .update = fake_queue_update},
	{BPF_MAP_TYPE_STACK, ENDS_CALLS, .update = fake_stack_update},
	{BPF_MAP_TYPE_BLOOM_FILTER, .extra = true, .check = check_keyless,
	 .lookup = fake_bloom_lookup, .update = fake_bloom_update},
	{BPF_MAP_TYPE_USER_RINGBUF, .no_btf = true, .check = check_nothing},
	{BPF_MAP_TYPE_RINGBUF, .check = check_nothing},
	{BPF_MAP_TYPE_DEVMAP, .no_btf = true, .check = check_nothing},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct fake_kind *kind_of(uint32_t type)
{
	for (int i = 0; i < KINDS; i++)
		if (kinds[i].type == type)
			return &kinds[i];
	return NULL;
}

static bool is_name_byte(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '.' || (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

static int check_name(const char *name)
{
	size_t len = name ? strlen(name) : 0;

	for (size_t i = 0; i < len; i++)
		if (!is_name_byte((unsigned char)name[i]))
			return -EINVAL;
	return len >= BPF_OBJ_NAME_LEN ? -EINVAL : 0;
}

int fake_map_check(const struct sys_map_attr *attr)
{
	const struct fake_kind *kind = kind_of(attr->type);
	int err = check_name(attr->name);

	if (err || !kind || (attr->map_extra && !kind->extra))
		return -EINVAL;
	if ((attr->map_flags & ACCESS_FLAGS) == ACCESS_FLAGS)
		return -EINVAL;
	err = kind->check(kind, attr);
	return !err && kind->no_btf && attr->btf_fd ? -EOPNOTSUPP : err;
}

static uint32_t power_of_two(uint32_t n)
{
	uint32_t power = 1;

	while (power < n && power < BUCKETS_MAX)
		power *= 2;
	return power;
}

struct fake_map *fake_map_new(const struct sys_map_attr *attr, int cpus, uint32_t buckets)
{
	struct fake_map *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->kind = kind_of(attr->type);
	m->info.type = attr->type;
	m->info.key_size = attr->key_size;
	m->info.value_size = attr->value_size;
	m->info.max_entries = attr->max_entries;
	m->info.map_flags = attr->map_flags & ~(uint32_t)ACCESS_FLAGS;
	m->info.map_extra = attr->map_extra;
	if (attr->inner_map_fd)
		m->inner = fake_fd_find(attr->inner_map_fd)->map->info;
	m->info.btf_key_type_id = attr->btf_key_type_id;
	m->info.btf_value_type_id = attr->btf_value_type_id;
	if (attr->name)
		memcpy(m->info.name, attr->name, strlen(attr->name));
	m->value_size = attr->value_size;
	if (m->kind->per_cpu)
		m->value_size = (attr->value_size + 7) / 8 * 8 * (uint32_t)cpus;
	if (attr->map_flags & BPF_F_NO_COMMON_LRU)
		m->info.max_entries = (attr->max_entries + cpus - 1) / cpus * cpus;
	m->buckets = m->kind->update == fake_lpm_update ? 1 : buckets;
	if (!m->buckets)
		m->buckets = power_of_two(attr->max_entries);
	m->lists = calloc(m->buckets, sizeof(struct fake_elem *));
	if (m->kind->update == array_update)
		m->slots = calloc(attr->max_entries, m->value_size);
	return m;
}

void fake_map_free(struct fake_map *m)
{
	if (m->kind->gone)
		m->kind->gone(m);
	for (uint32_t b = 0; b < m->buckets; b++)
		while (m->lists[b])
			fake_elem_remove(m, &m->lists[b]);
	free(m->lists);
	free(m->slots);
	free(m);
}
