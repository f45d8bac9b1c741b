/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/elemstack.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/*
 * To copy a trace the kernel takes it out of the map and puts it back behind
 * (bpf_stackmap_extract), so meanwhile it is not there for anybody else. Among our own
 * threads a lock keeps that from being seen; somebody else's reading is over soon, and
 * what was not there is asked for some more times.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

enum { TRIES = 8 };

static struct layout *trace(const struct bpf_map_info *info)
{
	return layout_plain(info->map_flags & BPF_F_STACK_BUILD_ID ? LAYOUT_BUILD_IDS
								   : LAYOUT_FRAMES,
			    info->value_size);
}

static int get_trace(const struct elem_map *m, const void *key, void *value, uint64_t flags)
{
	int err = -ENOENT;

	pthread_mutex_lock(&lock);
	for (int i = 0; err == -ENOENT && i < TRIES; i++)
		err = elements_get(m, key, value, flags);
	pthread_mutex_unlock(&lock);
	return err;
}

/* An id behind the last place is refused with E2BIG. */
static int del_trace(const struct elem_map *m, const void *key)
{
	int err = -ENOENT;

	pthread_mutex_lock(&lock);
	for (int i = 0; err == -ENOENT && i < TRIES; i++)
		err = elements_del(m, key);
	pthread_mutex_unlock(&lock);
	return err == -E2BIG ? -ENOENT : err;
}

static int next_trace(const struct elem_map *m, const void *key, void *next)
{
	int err;

	pthread_mutex_lock(&lock);
	err = elements_next(m, key, next);
	pthread_mutex_unlock(&lock);
	return err;
}

/* Ids are places in a table; behind one that is not there comes the first again. */
static int compare_ids(const void *a, const void *b, uint32_t key_size)
{
	uint32_t one, other;

	(void)key_size;
	memcpy(&one, a, sizeof(one));
	memcpy(&other, b, sizeof(other));
	return one < other ? -1 : one > other;
}

const struct elements elem_stack = {
	.key = elements_u32,
	.value = trace,
	.get = get_trace,
	.del = del_trace,
	.next = next_trace,
	.compare = compare_ids,
	.no_put = "a stack trace is taken by a program, with bpf_get_stackid()",
};
