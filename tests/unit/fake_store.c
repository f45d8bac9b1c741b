/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fake_store.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake_sys.h"

enum { FIRST_FD = 1000, FDS = 256, MAPS = 4096, BTFS = 256, FIRST_MAP = 101, FIRST_BTF = 201 };

static struct fake_fd fds[FDS];
static struct fake_map *maps[MAPS]; /* by ascending id */
static struct fake_btf *btfs[BTFS];
static unsigned int maps_count;
static uint32_t last_map_id = FIRST_MAP - 1, last_btf_id = FIRST_BTF - 1;

static void put_btf(struct fake_btf *btf)
{
	if (!btf || --btf->refs)
		return;
	for (int i = 0; i < BTFS; i++)
		if (btfs[i] == btf)
			btfs[i] = NULL;
	free(btf->raw);
	free(btf);
}

void fake_store_put_map(void *map)
{
	struct fake_map *m = map;
	unsigned int i = 0;

	if (--m->refs)
		return;
	while (maps[i] != m)
		i++;
	maps_count--;
	memmove(maps + i, maps + i + 1, (maps_count - i) * sizeof(struct fake_map *));
	put_btf(m->btf);
	fake_map_free(m);
}

struct fake_map *fake_store_next_map(uint32_t after)
{
	for (unsigned int i = 0; i < maps_count; i++)
		if (maps[i]->info.id > after)
			return maps[i];
	return NULL;
}

struct fake_btf *fake_store_btf(uint32_t id)
{
	for (int i = 0; i < BTFS; i++)
		if (btfs[i] && btfs[i]->id == id)
			return btfs[i];
	return NULL;
}

int fake_store_add_map(struct fake_map *m, struct fake_btf *btf)
{
	if (maps_count == MAPS)
		return -ENOMEM;
	maps[maps_count++] = m;
	m->info.id = ++last_map_id;
	m->btf = btf;
	if (btf)
		btf->refs++;
	m->info.btf_id = btf ? btf->id : 0;
	return 0;
}

int fake_store_add_btf(const struct btf *btf, struct fake_btf **out)
{
	struct fake_btf *copy;
	const void *raw;
	int i = 0;

	while (i < BTFS && btfs[i])
		i++;
	if (i == BTFS)
		return -ENOMEM;
	copy = calloc(1, sizeof(*copy));
	raw = btf__raw_data(btf, &copy->size);
	copy->raw = malloc(copy->size);
	memcpy(copy->raw, raw, copy->size);
	copy->id = ++last_btf_id;
	*out = btfs[i] = copy;
	return 0;
}

int fake_fd_new(struct fake_map *map, struct fake_btf *btf, uint32_t open_flags)
{
	for (int i = 0; i < FDS; i++) {
		if (fds[i].map || fds[i].btf)
			continue;
		fds[i] = (struct fake_fd){map, btf, open_flags};
		if (map)
			map->refs++;
		if (btf)
			btf->refs++;
		return FIRST_FD + i;
	}
	return -EMFILE;
}

struct fake_fd *fake_fd_find(int fd)
{
	struct fake_fd *f = fd >= FIRST_FD && fd < FIRST_FD + FDS ? &fds[fd - FIRST_FD] : NULL;

	return f && (f->map || f->btf) ? f : NULL;
}

void fake_fd_close(struct fake_fd *fd)
{
	struct fake_fd closed = *fd;

	*fd = (struct fake_fd){0};
	if (closed.map)
		fake_store_put_map(closed.map);
	put_btf(closed.btf);
}

void fake_store_reset(void)
{
	for (int i = 0; i < FDS; i++)
		if (fds[i].map || fds[i].btf)
			fake_fd_close(&fds[i]);
}

void fake_restart_ids(void)
{
	last_map_id = FIRST_MAP - 1;
	last_btf_id = FIRST_BTF - 1;
}

unsigned int fake_live_maps(void)
{
	return maps_count;
}

unsigned int fake_open_fds(void)
{
	unsigned int open = 0;

	for (int i = 0; i < FDS; i++)
		open += fds[i].map || fds[i].btf;
	return open;
}
