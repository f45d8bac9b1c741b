/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/elembloom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"

static struct layout *no_bytes(const struct bpf_map_info *info)
{
	(void)info;
	return layout_plain(LAYOUT_NOTHING, 0);
}

/* The kernel writes into what it looks up, although the bytes are the same. */
static int get(const struct elem_map *m, const void *key, void *value, uint64_t flags)
{
	void *copy = malloc(m->info->value_size);
	int err;

	(void)value;
	(void)flags;
	if (!copy)
		return -ENOMEM;
	memcpy(copy, key, m->info->value_size);
	err = sys_map_lookup(m->fd, NULL, copy, 0);
	free(copy);
	return err;
}

static int put(const struct elem_map *m, const void *key, const void *value, uint64_t flags,
	       struct diag *d)
{
	(void)value;
	(void)flags;
	(void)d;
	return sys_map_update(m->fd, NULL, key, BPF_ANY);
}

const struct elements elem_bloom = {
	.value = no_bytes,
	.get = get,
	.put = put,
	.no_del = "a bloom filter forgets nothing: make a new one",
	.unlisted = true,
	.by_hand = true,
	.keys_are_values = true,
};
