/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * compose: the spellings of layouts with parts: in a name their leaves in order,
 * joined by ','; else JSON arrays and objects (sections 4 and 5 of the design).
 *
 * A whole is what has a text of its own: a key, a value, one CPU's value. Where that
 * text would not give the same bytes back (holes that are not zero, NaN, …) the
 * whole is hex.
 */
#ifndef BPFMAPFS_LIB_COMPOSE_H
#define BPFMAPFS_LIB_COMPOSE_H

#include "lib/format.h"

extern const struct spelling compose_array_name, compose_array_json;
extern const struct spelling compose_record_name, compose_record_json;

/* One value per CPU; one bare value stands for every CPU. */
extern const struct spelling compose_per_cpu;

void compose_print_whole(FORMAT_PRINT_ARGS);
int compose_parse_whole(FORMAT_PARSE_ARGS);
size_t compose_max_whole(FORMAT_MAX_ARGS);

#endif
