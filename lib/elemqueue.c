/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/elemqueue.h"

#include "lib/sys.h"

static int push(const struct elem_map *m, const void *element, uint32_t size, struct diag *d)
{
	(void)size;
	(void)d;
	return sys_map_update(m->fd, NULL, element, BPF_ANY);
}

static int peek(const struct elem_map *m, void *element)
{
	return sys_map_lookup(m->fd, NULL, element, 0);
}

static int pop(const struct elem_map *m, void *element)
{
	return sys_map_pop(m->fd, NULL, element);
}

const struct elem_ends elem_queue = {push, peek, pop};
