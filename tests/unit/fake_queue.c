/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Maps without keys: queues and stacks, with the next element at the head of the one list,
 * and bloom filters that are never wrong. */
#include <errno.h>
#include <string.h>

#include "tests/unit/fake_map.h"

int fake_queue_lookup(struct fake_map *m, const void *key, void *value)
{
	struct fake_elem *e = m->lists[0];

	if (key || !e)
		return key ? -EINVAL : -ENOENT;
	memcpy(value, fake_elem_value(m, e), m->value_size);
	return 0;
}

int fake_queue_pop(struct fake_map *m, const void *key, void *value)
{
	int err = fake_queue_lookup(m, key, value);

	if (!err)
		fake_elem_remove(m, &m->lists[0]);
	return err;
}

/* The link behind the newest element. */
static struct fake_elem **tail(struct fake_map *m)
{
	struct fake_elem **place = &m->lists[0];

	while (*place)
		place = &(*place)->next;
	return place;
}

/* Makes room by what is oldest, if BPF_EXIST asks for it. */
static int make_room(struct fake_map *m, const void *key, uint64_t flags, struct fake_elem **oldest)
{
	if (key || flags == BPF_NOEXIST)
		return -EINVAL;
	if (m->count < m->info.max_entries)
		return 0;
	if (flags != BPF_EXIST)
		return -E2BIG;
	fake_elem_remove(m, oldest);
	return 0;
}

int fake_queue_update(struct fake_map *m, const void *key, const void *value, uint64_t flags)
{
	int err = make_room(m, key, flags, &m->lists[0]);

	if (err)
		return err;
	return fake_elem_add(m, tail(m), "", value) ? 0 : -ENOMEM;
}

int fake_stack_update(struct fake_map *m, const void *key, const void *value, uint64_t flags)
{
	struct fake_elem **oldest = &m->lists[0];
	int err;

	while (*oldest && (*oldest)->next)
		oldest = &(*oldest)->next;
	err = make_room(m, key, flags, oldest);
	if (err)
		return err;
	return fake_elem_add(m, &m->lists[0], "", value) ? 0 : -ENOMEM;
}

int fake_queue_remove(struct fake_map *m, const void *key)
{
	(void)m;
	(void)key;
	return -EINVAL;
}

int fake_queue_next_key(struct fake_map *m, const void *key, void *next)
{
	(void)m;
	(void)key;
	(void)next;
	return -EINVAL;
}

int fake_bloom_lookup(struct fake_map *m, const void *key, void *value)
{
	struct fake_elem *e = m->lists[0];

	if (key)
		return -EINVAL;
	while (e && memcmp(fake_elem_value(m, e), value, m->value_size) != 0)
		e = e->next;
	return e ? 0 : -ENOENT;
}

int fake_bloom_update(struct fake_map *m, const void *key, const void *value, uint64_t flags)
{
	if (key || flags != BPF_ANY)
		return -EINVAL;
	return fake_elem_add(m, &m->lists[0], "", value) ? 0 : -ENOMEM;
}
