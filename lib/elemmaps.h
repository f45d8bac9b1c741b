/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * elemmaps: the elements of maps of maps.
 *
 * The tree has a map by its id, as the kernel tells it. It is opened for the moment in
 * which it is stored; who stores one that closing could disturb (map.h: delicate) sees
 * to it that somebody holds it. A change takes the kernel some 15 ms: it waits until no
 * program is in the map any more.
 */
#ifndef BPFMAPFS_LIB_ELEMMAPS_H
#define BPFMAPFS_LIB_ELEMMAPS_H

#include "lib/elements.h"

extern const struct elements elem_map_array, elem_map_hash;

#endif
