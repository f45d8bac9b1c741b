/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bulkstore: entries into a map, in batches, which a thread stores while the next one is filled
 * (handoff.h): by BPF_MAP_UPDATE_BATCH where the type has it. What comes as one batch needs no
 * thread. The first refusal ends it: what was added before is stored then, the rest is not.
 */
#ifndef BPFMAPFS_LIB_BULKSTORE_H
#define BPFMAPFS_LIB_BULKSTORE_H

#include "lib/bulkline.h"

struct bulkstore;

/* Where an entry comes from. */
struct bulkstore_line {
	const char *text; /* stays until bulkstore_settle() */
	size_t len;
	uint64_t number;
	bool removes; /* the entry is to be removed, if it is there */
};

/* A sentence for an error that has none yet. */
void bulkstore_explain(int err, struct diag *d);

/* view is borrowed. open_flags: as map_open(). -ENOMEM */
int bulkstore_new(const struct bulk_view *view, uint32_t open_flags, struct bulkstore **out);
void bulkstore_free(struct bulkstore *s); /* NULL is fine */

/* Bytes that bulkstore_new() takes. */
size_t bulkstore_bytes(const struct bulk_view *view);

/* Takes a copy of an entry. False if something was refused meanwhile: settle says what, and no
 * more is to be added before. */
bool bulkstore_add(struct bulkstore *s, const void *key, const void *value,
		   const struct bulkstore_line *line);

/* Stores all that was added. False: as above. */
bool bulkstore_flush(struct bulkstore *s);

/* The same, to the end: errors as map_put(), explained in d with the line's number; all is
 * then as at the beginning, with nothing to be stored. */
int bulkstore_settle(struct bulkstore *s, struct diag *d);

#endif
