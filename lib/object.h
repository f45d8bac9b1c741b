/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * object: the names in a JSON object that is being read: members of a record, each
 * once, and only one of those that share bytes.
 */
#ifndef BPFMAPFS_LIB_OBJECT_H
#define BPFMAPFS_LIB_OBJECT_H

#include "lib/record.h"
#include "lib/text.h"

struct object {
	const struct layout *record;
	uint64_t few[8];  /* which members were named, if there are no more */
	uint64_t *named;  /* the same, few or allocated */
	uint32_t printed; /* how many of them are printed */
	uint32_t next;    /* the member that comes next if the order is that of the record */
};

/* 0 or -ENOMEM. End it in any case. */
int object_begin(struct object *o, const struct layout *record);
void object_end(struct object *o);

/* A name and its ':', with the blanks around them; the cursor is then at the value.
 * As text.h says. */
int object_parse_name(struct object *o, struct text *t, const struct layout_member **out);

/* Were all members named that are printed? */
bool object_is_complete(const struct object *o);

#endif
