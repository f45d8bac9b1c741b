/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * template: what the maps in a map of maps have to be like, as a spec.
 *
 * Of a template the kernel keeps sizes and flags, and types only where a value has
 * fields that are the kernel's (spin locks, timers): maps without just these are
 * refused. Which type it is the kernel does not tell, only the BTF that has it.
 */
#ifndef BPFMAPFS_LIB_TEMPLATE_H
#define BPFMAPFS_LIB_TEMPLATE_H

#include "lib/map.h"
#include "lib/specfields.h"

/*
 * The template of a map, as the iterator tells it at this moment (of a copy: as it told it
 * when the map was first asked for): malloc'd, for the
 * caller's spec. NULL if the map is no map of maps, if there is no iterator, or no memory.
 */
struct spec *template_of_map(const struct map_desc *desc);

/* Are the two templates alike in what the kernel keeps of both? */
bool template_is_like(const struct spec *a, const struct spec *b);

#endif
