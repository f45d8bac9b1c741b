/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mapiter: the kernel's maps, told by a BPF program (iter/bpf_map).
 *
 * It takes no descriptor and no user reference of a map. That is the point:
 * who opens a map by its id and closes it again can clear a prog_array, detach
 * a sockmap's programs, cancel timers.
 */
#ifndef BPFMAPFS_LIB_MAPITER_H
#define BPFMAPFS_LIB_MAPITER_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

/* The template of a map of maps: what each map in it has to be like. */
struct mapiter_template {
	uint32_t type; /* 0: the map has none, or the kernel does not tell */
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	uint32_t btf_id; /* the BTF that has the type of its values; 0: the kernel owns no part of
			  * them (locks, timers, …). Which type it is, is not told */
};

/*
 * What the iterator tells of one map. The BPF program fills it as it stands here,
 * so it must have the same shape on both sides.
 */
struct mapiter_map {
	/*
	 * As BPF_OBJ_GET_INFO_BY_FD fills it, but 0 for the device of an offloaded map and for
	 * what Linux 6.1 does not know.
	 */
	struct bpf_map_info info;
	bool frozen;
	int64_t usercnt; /* descriptors and pins; 0: only programs and other maps hold it */
	int64_t refcnt;  /* all that hold it, without this walk, but with others under way */
	int64_t count;   /* elements; -1: not known for this type, or on this kernel */
	struct mapiter_template inner;
};

_Static_assert(sizeof(struct mapiter_map) ==
		       sizeof(struct bpf_map_info) + 32 + sizeof(struct mapiter_template),
	       "no other padding");

struct mapiter;

/*
 * Loads the program. The caller ends with mapiter_close(). -EPERM without CAP_BPF
 * and CAP_PERFMON; another -errno if this kernel cannot (no BTF: mostly -ESRCH).
 * Takes some 30 ms; only this needs the capabilities.
 */
int mapiter_open(struct mapiter **out);

/* Unloads it. NULL is nothing to do. No walk may be under way. */
void mapiter_close(struct mapiter *it);

/*
 * Calls each for all maps, by ascending id; a result other than 0 ends the walk
 * and is returned. A map that appears or vanishes meanwhile may or may not be
 * there; all others are, once. map is each's own until it returns. Any thread,
 * several at a time.
 */
int mapiter_each(struct mapiter *it, int (*each)(void *arg, const struct mapiter_map *map),
		 void *arg);

/* One map: 0, or -ENOENT. A walk up to that id. *map is set on success alone. */
int mapiter_find(struct mapiter *it, uint32_t id, struct mapiter_map *map);

#endif
