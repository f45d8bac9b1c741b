/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * btfcopy: copies a type, with all that it needs, from one BTF into another.
 *
 * What a type holds by value is copied member for member. What it only points at
 * is cut, or one `struct task_struct *` would drag the kernel in: behind a pointer
 *   a struct or union   becomes a FWD of its name, `void` if it has none; with a
 *                       TYPE_TAG in between (kptrs: the kernel wants a STRUCT there)
 *                       an empty one of its name and size; but if it is copied
 *                       as well, by this call or one before, it is that copy,
 *   a typedef           keeps its name,
 *   a function          and an array of what is cut become `void`,
 *   anything else       is copied.
 * DECL_TAGs follow the types that they are attached to, and the structs that
 * "contains:NAME:MEMBER" speaks of follow the tag.
 *
 * The source is not trusted: names, ids, cycles and depth are checked. A source that
 * the kernel has accepted gives a copy that it accepts.
 */
#ifndef BPFMAPFS_LIB_BTFCOPY_H
#define BPFMAPFS_LIB_BTFCOPY_H

#include <bpf/btf.h>
#include <stdint.h>

/* A copying from src to dst; remembers what was copied, so that shared types stay shared. */
struct btfcopy;

/*
 * 0, or -ENOMEM. dst and src are borrowed, differ, and outlive the copying; src does
 * not change while it lasts. Takes 16 bytes per type of src.
 */
int btfcopy_new(struct btf *dst, const struct btf *src, struct btfcopy **out);

/*
 * Copies a type: anything that has a size, a DATASEC, a VAR, a pointer. Returns its id
 * in dst (0 for 0, void), -EINVAL if it is malformed, a function, or nested too deep,
 * -ENOMEM, or what libbpf said. After a failure dst holds scraps, and it and the copying
 * are only good to be freed.
 */
int btfcopy_add(struct btfcopy *c, uint32_t id);

void btfcopy_free(struct btfcopy *c); /* NULL is fine */

#endif
