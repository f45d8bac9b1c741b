/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * batch: the entries of a map, one batch after the other, each as the kernel delivered it.
 *
 * Who begins at the start and goes on behind each batch gets every entry that stays in the
 * map exactly once. Hash types are exact because BPF_MAP_LOOKUP_BATCH copies whole buckets
 * (finding 3); LPM tries are, because keys at or before the token are dropped when its
 * removal made the kernel start over (finding 4); types without batches whose keys have no
 * order, because all keys are one batch.
 */
#ifndef BPFMAPFS_LIB_BATCH_H
#define BPFMAPFS_LIB_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/map.h"

/* How a map's batches are read. */
struct batch_source {
	struct map_desc *desc; /* one reference */
	bool by_next_key;      /* this kernel has no batches for the type */
	unsigned char *token;  /* room for one */
};

/* One batch, over and over. */
struct batch {
	unsigned char *keys, *values;  /* count of each */
	unsigned char *token;          /* what leads to the batch behind it */
	uint32_t key_size, value_size; /* bytes */
	uint32_t token_size;           /* bytes: 4, or a key */
	uint32_t count;                /* entries that it holds */
	uint32_t asked;                /* entries that the kernel was asked for */
	uint32_t room;                 /* entries that it can hold */
};

/* Of a map whose type has elements that are listed. -ENOMEM; free with batch_source_free() in
 * any case. */
int batch_source_init(struct batch_source *s, struct map_desc *desc);
void batch_source_free(struct batch_source *s);

/* Room for some entries, which grows with need. -ENOMEM; batch_free() in any case. */
int batch_init(struct batch *b, const struct map_desc *desc);
void batch_free(struct batch *b);

/* Bytes that batch_init() takes, and that b has now. */
size_t batch_bytes_at_first(const struct map_desc *desc);
size_t batch_bytes(const struct batch *b);

/*
 * Fills b with the entries behind the batch whose token is behind, or with the first ones
 * (NULL), as many as there is room for; asked (not 0): not more than that, unless one bucket of
 * the map holds more. behind is not b's own. 0, -ENOENT if it is the last batch (which may
 * hold entries), -ENOMEM, or what map_open()'s map says. map: the source's, open for reading.
 */
int batch_fetch(struct batch_source *s, const struct map *map, const void *behind, uint32_t asked,
		struct batch *b);

static inline unsigned char *batch_key(const struct batch *b, uint32_t i)
{
	return b->keys + (size_t)i * b->key_size;
}

static inline unsigned char *batch_value(const struct batch *b, uint32_t i)
{
	return b->values + (size_t)i * b->value_size;
}

#endif
