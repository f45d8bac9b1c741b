/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* tidy: random bytes made into such as text carries, part by part. */
#ifndef BPFMAPFS_TESTS_TIDY_H
#define BPFMAPFS_TESTS_TIDY_H

#include "lib/record.h"

/* Calls tidy for each part, and clears what is between them. What has no parts is tidy's own
 * business, which calls this for all. */
static inline void tidy_parts(const struct layout *l, unsigned char *bytes,
			      void (*tidy)(const struct layout *part, unsigned char *bytes))
{
	if (l->kind == LAYOUT_ARRAY || l->kind == LAYOUT_PER_CPU)
		for (uint32_t i = 0; i < l->array.count; i++)
			tidy(l->array.elem, bytes + (size_t)i * l->array.stride);
	if (l->kind != LAYOUT_RECORD)
		return;
	record_clear_holes(l, bytes, true);
	for (uint32_t i = 0; i < l->record.count; i++)
		if (l->record.members[i].printed && !l->record.members[i].bit_size)
			tidy(l->record.members[i].type, bytes + l->record.members[i].offset);
}

#endif
