/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * map: what is known of a map, and one map opened for a moment.
 *
 * struct map_desc never changes and holds no descriptor, so it may be kept as
 * long as anybody likes without keeping the map alive. struct map adds a
 * descriptor; open it for one request and close it (section 12 of the design).
 */
#ifndef BPFMAPFS_LIB_MAP_H
#define BPFMAPFS_LIB_MAP_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/ctype.h"
#include "lib/diag.h"
#include "lib/layout.h"
#include "lib/mapiter.h"
#include "lib/maptype.h"

struct map_desc {
	unsigned int refs;
	struct bpf_map_info info;
	const struct maptype *type;
	struct ctype *key_type;   /* NULL: the map's keys have no bytes */
	struct ctype *value_type; /* of one CPU; NULL: no bytes */
	struct layout *key;       /* NULL if the map has no keys */
	struct layout *value;     /* the whole value: of all CPUs */
	uint64_t elem_flags;      /* BPF_F_LOCK where values have a spin lock */
	struct mapiter *iter;     /* borrowed: tells who holds the map; NULL: nobody does */

	/* Where a copy is shown (snapshot.h); both borrowed, else NULL. */
	struct map_copier *copier; /* opens the copy in place of the map */
	const struct spec *inner;  /* of a map of maps: its template, when it was first asked for */
};

/* Types that somebody lays over a map (section 6 of the design); NULL: the map's own. */
struct map_types {
	struct ctype *key, *value;
};

/*
 * Describes the map that info is of, reading its BTF from the kernel; types may be
 * NULL, is not kept, and fits (map_types_check). *out has one reference. -ENOMEM, or
 * what BPF_BTF_GET_FD_BY_ID says.
 */
int map_desc_new(const struct bpf_map_info *info, const struct map_types *types,
		 struct map_desc **out);

/* 0 if the map's keys and values have the sizes of these types, else -EINVAL explained. */
int map_types_check(const struct bpf_map_info *info, const struct map_types *types, struct diag *d);

/*
 * The same map with other types laid over it; what types names not stays, NULL: none
 * again. -EEXIST if the map carries types of its own, -EINVAL if they do not fit, both
 * explained, -ENOMEM.
 */
int map_desc_retype(const struct map_desc *desc, const struct map_types *types,
		    struct map_desc **out, struct diag *d);

struct map_desc *map_desc_ref(struct map_desc *desc);
void map_desc_unref(struct map_desc *desc); /* NULL is fine */

/* Can its elements be listed? */
bool map_desc_is_listed(const struct map_desc *desc);

/* Can key, which the layout accepts, exist in this map? (an array's index) */
bool map_desc_has_room_for(const struct map_desc *desc, const void *key);

struct map {
	struct map_desc *desc; /* borrowed: its owner outlives the open map */
	int fd;
	const struct elemcopy *copy; /* borrowed: what is read, and fd is -1; NULL: the map is */
};

/* Something that has copies of maps. open: *copy, for as long as the descs live, or -errno as
 * map_open(). */
struct map_copier {
	int (*open)(struct map_copier *copier, const struct elemcopy **copy);
};

/*
 * What is known of the same map where not the map is read, but a copy that copier opens. type:
 * its row, with the elements of a copy. Both are borrowed. NULL: no memory.
 */
struct map_desc *map_desc_of_copy(const struct map_desc *desc, const struct maptype *type,
				  struct map_copier *copier);

/* The same for lib/elements. */
struct elem_map map_elem(const struct map *map);

/* Does closing the map, as its only user, disturb it? (maptype: delicate; timers) */
bool map_desc_is_delicate(const struct map_desc *desc);

/*
 * Opens the map by its id. open_flags: 0 or BPF_F_RDONLY. -ESTALE if the map is gone,
 * -EOPNOTSUPP if it is delicate and nobody else has a user reference: closing it again
 * would be what disturbs it; where the last one goes at this very moment, this takes a
 * tenth of a second. Close with map_close().
 */
int map_open(struct map *map, struct map_desc *desc, uint32_t open_flags);

/* The same to store something. What must not be opened is explained in d. */
int map_open_to_write(struct map *map, struct map_desc *desc, uint32_t open_flags, struct diag *d);
void map_close(struct map *map);

/*
 * Elements, in the tree's forms (elements.h): key has desc->key->size bytes, value
 * desc->value->size (all CPUs).
 * The kernel's errors are turned into those of section 7 of the design and
 * explained in d (may be NULL):
 *   -ENOENT  no such element (or it vanished; BPF_EXIST)
 *   -EEXIST  BPF_NOEXIST, and it is there
 *   -ENOSPC  the map is full
 *   -EROFS   the map is frozen, or the descriptor read-only
 *   -EINVAL  an index that the array does not have
 *   -EOPNOTSUPP  the kernel does not do that with maps of this type
 */
int map_get(const struct map *map, const void *key, void *value);
int map_put(const struct map *map, const void *key, const void *value, uint64_t flags,
	    struct diag *d);

/* Stores zeroes where the type has elements that cannot be removed. */
int map_delete(const struct map *map, const void *key, struct diag *d);

/*
 * The ends of a map whose row has them. element: value_size bytes, in the tree's form; what
 * is pushed into a user ring buffer has any size. -ENOSPC and -EROFS as above.
 */
int map_push(const struct map *map, const void *element, uint32_t size, struct diag *d);

/* -ENOENT if the map is empty. */
int map_peek(const struct map *map, void *element);
int map_pop(const struct map *map, void *element, struct diag *d);

/*
 * Is the map frozen? Asked of fdinfo: an update that the kernel would refuse
 * first takes part in its count of writers, which makes somebody else's
 * BPF_MAP_FREEZE fail (map_freeze: bpf_map_write_active).
 */
bool map_is_frozen(const struct map *map);

#endif
