/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/mapiter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/mapiter.skel.h"

/* As in lib/sys.c: the kernel's own ENOTSUPP must not leave. */
#define KERNEL_ENOTSUPP 524

struct mapiter {
	int link; /* the program, ready to walk; it keeps the program loaded */
};

static int door(int result)
{
	return result == -KERNEL_ENOTSUPP ? -EOPNOTSUPP : result;
}

/* A descriptor of the program attached, of our own. */
static int attach(const struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	int fd;

	if (!link)
		return door(-errno);
	fd = fcntl(bpf_link__fd(link), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		fd = -errno;
	bpf_link__destroy(link);
	return fd;
}

/* Returns the descriptor of the link. libbpf's objects are not needed any more then. */
static int load(void)
{
	struct mapiter_bpf *skeleton = mapiter_bpf__open();
	int result;

	if (!skeleton)
		return door(-errno);
	result = door(mapiter_bpf__load(skeleton));
	if (!result)
		result = attach(skeleton->progs.mapiter);
	mapiter_bpf__destroy(skeleton);
	return result;
}

int mapiter_open(struct mapiter **out)
{
	struct mapiter *it = malloc(sizeof(*it));
	int result;

	if (!it)
		return -ENOMEM;
	result = load();
	if (result < 0) {
		free(it);
		return result;
	}
	it->link = result;
	*out = it;
	return 0;
}

void mapiter_close(struct mapiter *it)
{
	if (!it)
		return;
	close(it->link);
	free(it);
}

/* What was read and not handed over yet; a read may well end in the middle of a map. */
struct walk {
	size_t len;
	char bytes[16384];
};

/* Hands over the maps that are complete, and keeps the piece behind them. */
static int hand_over(struct walk *w, int (*each)(void *arg, const struct mapiter_map *map),
		     void *arg)
{
	struct mapiter_map map;
	size_t at = 0;
	int result = 0;

	for (; !result && w->len - at >= sizeof(map); at += sizeof(map)) {
		memcpy(&map, w->bytes + at, sizeof(map));
		result = each(arg, &map);
	}
	w->len -= at;
	memmove(w->bytes, w->bytes + at, w->len);
	return result;
}

/* Returns the bytes that came, 0 at the end. */
static int read_on(int fd, struct walk *w)
{
	ssize_t got = read(fd, w->bytes + w->len, sizeof(w->bytes) - w->len);

	if (got < 0)
		return door(-errno);
	w->len += (size_t)got;
	return (int)got;
}

int mapiter_each(struct mapiter *it, int (*each)(void *arg, const struct mapiter_map *map),
		 void *arg)
{
	struct walk w;
	int fd, result;

	fd = door(bpf_iter_create(it->link));
	if (fd < 0)
		return fd;
	w.len = 0;
	while ((result = read_on(fd, &w)) > 0) {
		result = hand_over(&w, each, arg);
		if (result)
			break;
	}
	close(fd);
	return result;
}

struct wanted {
	uint32_t id;
	struct mapiter_map *map;
};

enum { FOUND = 1 };

static int find(void *arg, const struct mapiter_map *map)
{
	const struct wanted *wanted = arg;

	if (map->info.id < wanted->id)
		return 0;
	if (map->info.id > wanted->id)
		return -ENOENT;
	*wanted->map = *map;
	return FOUND;
}

int mapiter_find(struct mapiter *it, uint32_t id, struct mapiter_map *map)
{
	struct wanted wanted = {.id = id, .map = map};
	int result = mapiter_each(it, find, &wanted);

	if (result == FOUND)
		return 0;
	return result ? result : -ENOENT;
}
