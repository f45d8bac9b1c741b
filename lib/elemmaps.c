/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/elemmaps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"

static int put_map(const struct elem_map *m, const void *key, const void *value, uint64_t flags,
		   struct diag *d)
{
	uint32_t id, number;
	int fd, err;

	memcpy(&id, value, sizeof(id));
	fd = sys_map_open_id(id, BPF_F_RDONLY);
	if (fd == -ENOENT)
		return diag_set(d, EINVAL, "there is no map with the id %u", id);
	if (fd < 0)
		return fd;
	number = (uint32_t)fd;
	err = sys_map_update(m->fd, key, &number, flags);
	sys_close(fd);
	if (err == -EINVAL)
		return diag_set(d, EINVAL,
				"the map's type, sizes or flags differ from those of the template: "
				"see .map");
	return err;
}

/* One after the other waits for a grace period each time (map-types finding 9). */
static uint32_t put_maps(const struct elem_map *m, const void *keys, const void *values,
			 uint32_t count, uint64_t flags)
{
	uint32_t *fds = calloc(count, sizeof(*fds)), opened = 0, stored = 0;

	for (; fds && opened < count; opened++) {
		uint32_t id;
		int fd;

		memcpy(&id, (const char *)values + opened * sizeof(id), sizeof(id));
		fd = sys_map_open_id(id, BPF_F_RDONLY);
		if (fd < 0)
			break;
		fds[opened] = (uint32_t)fd;
	}
	if (opened)
		stored = elements_put_batch(m, keys, fds, opened, flags);
	while (opened)
		sys_close((int)fds[--opened]);
	free(fds);
	return stored;
}

const struct elements elem_map_array = {
	.key = elements_u32,
	.value = elements_u32,
	.get = elements_get,
	.put = put_map,
	.put_batch = put_maps,
	.del = elements_del,
	.next = elements_next,
	.batches = true,
	.indexes = true,
	.by_hand = true,
};

const struct elements elem_map_hash = {
	.value = elements_u32,
	.get = elements_get_moving,
	.put = put_map,
	.put_batch = put_maps,
	.del = elements_del,
	.next = elements_next,
	.batches = true,
};
