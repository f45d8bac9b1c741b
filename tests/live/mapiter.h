/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the programs around lib/mapiter share. Nothing here returns when it fails: the reason goes
 * to stderr, the exit status is 1.
 */
#ifndef BPFMAPFS_TESTS_LIVE_MAPITER_H
#define BPFMAPFS_TESTS_LIVE_MAPITER_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/mapiter.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct mapiter *it;

static inline void __attribute__((format(printf, 2, 3))) must(int good, const char *format, ...)
{
	va_list args;

	if (good)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (%s)\n", strerror(errno));
	exit(1);
}

static inline struct bpf_map_info info_of(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	must(!bpf_obj_get_info_by_fd(fd, &info, &len), "info");
	return info;
}

static inline struct mapiter_map told_of(uint32_t id)
{
	struct mapiter_map map = {0};

	errno = -mapiter_find(it, id, &map);
	must(!errno, "map %u is not found", id);
	must(map.info.id == id, "found %u for %u", map.info.id, id);
	return map;
}

/* Others may hold any map for a moment: about ten seconds of patience. */
static inline void must_hold(uint32_t id, int64_t usercnt, int64_t refcnt)
{
	struct mapiter_map map;

	for (int i = 0; i < 500; i++) {
		map = told_of(id);
		if (map.usercnt == usercnt && map.refcnt == refcnt)
			return;
		usleep(20000);
	}
	must(0, "%s: usercnt %lld, refcnt %lld", map.info.name, (long long)map.usercnt,
	     (long long)map.refcnt);
}

static inline int make(uint32_t type, const char *name, uint32_t key, uint32_t value,
		       uint32_t entries)
{
	int fd = bpf_map_create((enum bpf_map_type)type, name, key, value, entries, NULL);

	must(fd >= 0, "create %s", name);
	return fd;
}

static inline void start(void)
{
	libbpf_set_print(NULL);
	errno = -mapiter_open(&it);
	must(!errno, "mapiter_open");
}

#endif
