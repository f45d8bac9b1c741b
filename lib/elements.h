/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * elements: how the elements of a map are reached.
 *
 * The tree has keys and values in forms that keep nothing open and that mean the same
 * at any time: bytes, ids, process ids, paths. The kernel takes other forms of some:
 * a descriptor of a program for what it later tells as the program's id, a pidfd for
 * a task. Each function here turns the tree's form into the kernel's.
 *
 * A struct elements is a const table, which one or more map types share (maptype.c).
 * To add one: an elem*.c with the table, and a row in maptype.c that refers to it.
 */
#ifndef BPFMAPFS_LIB_ELEMENTS_H
#define BPFMAPFS_LIB_ELEMENTS_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/diag.h"
#include "lib/layout.h"

struct elemcopy;

/* An open map. */
struct elem_map {
	int fd;
	const struct bpf_map_info *info;
	const struct elemcopy *copy; /* what is read in its place (elemcopy.h), or NULL */
};

struct elements {
	/* What keys and values are in the tree; NULL: the bytes and types that the map
	 * has. A new layout, or NULL: no memory. */
	struct layout *(*key)(const struct bpf_map_info *info);
	struct layout *(*value)(const struct bpf_map_info *info);

	/* 0 and the value, -ENOENT, -EOPNOTSUPP where the kernel tells no values, or
	 * -errno. flags: 0 or BPF_F_LOCK. */
	int (*get)(const struct elem_map *m, const void *key, void *value, uint64_t flags);

	/* flags: BPF_ANY, BPF_NOEXIST, BPF_EXIST, with BPF_F_LOCK. A refusal that has no
	 * sentence of its own in d gets one by its errno (map.c). */
	int (*put)(const struct elem_map *m, const void *key, const void *value, uint64_t flags,
		   struct diag *d);
	int (*del)(const struct elem_map *m, const void *key);

	/*
	 * The same for count elements one behind the other, in order; how many it stored before
	 * one was refused, or all. flags: 0 or BPF_F_LOCK. NULL: one after the other.
	 */
	uint32_t (*put_batch)(const struct elem_map *m, const void *keys, const void *values,
			      uint32_t count, uint64_t flags);

	/* One sentence each, where put or del is NULL. */
	const char *no_put, *no_del;

	/* The key behind key, the first one for NULL; -ENOENT behind the last one. */
	int (*next)(const struct elem_map *m, const void *key, void *next);

	/* Instead of next, where only somebody else knows the keys that there may be:
	 * calls each for all of them; a result other than 0 ends the walk. */
	int (*walk)(const struct elem_map *m, int (*each)(void *arg, const void *key), void *arg);

	/*
	 * The order in which the kernel hands keys out, where a cursor needs it to
	 * recover from the removal of the key it stands on; below, at or above 0.
	 * NULL: the kernel's cursor is exact without (finding 3).
	 */
	int (*compare)(const void *a, const void *b, uint32_t key_size);

	bool batches;  /* the kernel may have BPF_MAP_LOOKUP_BATCH, of these very bytes */
	bool indexes;  /* keys are 0 to max_entries - 1 */
	bool fixed;    /* and all are always there; removing stores zeroes */
	bool unlisted; /* nobody knows which keys there are */
	bool by_hand;  /* the kernel heeds no BPF_NOEXIST and BPF_EXIST: look first */

	bool keys_are_values; /* a key is what the kernel calls a value, of the value's type */
};

/* Elements without keys, which go in and come out at ends. */
struct elem_ends {
	/* size: the value's, or that of a record where records have any. */
	int (*push)(const struct elem_map *m, const void *element, uint32_t size, struct diag *d);

	/* The next element; -ENOENT if there is none. NULL where there is no such end. */
	int (*peek)(const struct elem_map *m, void *element);
	int (*pop)(const struct elem_map *m, void *element);
};

/* Layouts of keys and values that several have. */
struct layout *elements_u32(const struct bpf_map_info *info);
struct layout *elements_path(const struct bpf_map_info *info);
struct layout *elements_nothing(const struct bpf_map_info *info);

/* By the kernel's forms, which are the tree's: what maps of plain bytes do. */
int elements_get(const struct elem_map *m, const void *key, void *value, uint64_t flags);

/* The same for hashes, whose updates put a new element at the head of a bucket and take the
 * old one out: a look-up that is between the two meets neither. So -ENOENT is asked again. */
int elements_get_moving(const struct elem_map *m, const void *key, void *value, uint64_t flags);
int elements_put(const struct elem_map *m, const void *key, const void *value, uint64_t flags,
		 struct diag *d);
uint32_t elements_put_batch(const struct elem_map *m, const void *keys, const void *values,
			    uint32_t count, uint64_t flags);
int elements_del(const struct elem_map *m, const void *key);
int elements_next(const struct elem_map *m, const void *key, void *next);

/* The same for types whose kernel removes what is not there without a word. */
int elements_del_present(const struct elem_map *m, const void *key);

#endif
