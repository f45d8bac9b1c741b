/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/identity.h"

#include <string.h>
#include <xxhash.h>

enum {
	ROOT_INO = 1,
	FIRST_ROOM = 16,
	SPARSE = 8, /* a table with room for so many times what is in it shrinks */
};

bool identity_is_same(const struct identity *a, const struct identity *b)
{
	return a->kind == b->kind && a->map_id == b->map_id && a->len == b->len &&
	       (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
}

uint64_t node_ino(const struct identity *id)
{
	uint64_t seed;

	if (id->kind == NODE_ROOT)
		return ROOT_INO;
	if (id->len == 0)
		return (uint64_t)id->map_id << 8 | id->kind;
	/* Where bytes are few, a seed is but added to them: so it is a hash itself. */
	seed = (uint64_t)id->map_id << 8 | id->kind;
	seed = XXH3_64bits(&seed, sizeof(seed));
	return NODE_HASHED_BIT | XXH3_64bits_withSeed(id->bytes, id->len, seed) >> 2;
}

uint32_t node_spread(uint64_t number)
{
	return (uint32_t)(((number & ((1ULL << NODE_UPPER_SHIFT) - 1)) * 0x9e3779b97f4a7c15) >> 32);
}

size_t node_room_for(size_t room, size_t count)
{
	if (count >= room)
		return room ? room * 2 : FIRST_ROOM;
	if (room > FIRST_ROOM && count < room / SPARSE)
		return room / 2;
	return room;
}

int identity_by_name(enum node_kind kind, uint32_t map_id, const char *name, struct identity *id,
		     struct buf *bytes)
{
	buf_clear(bytes);
	buf_add(bytes, name, strlen(name) + 1);
	*id = (struct identity){kind, map_id, (uint32_t)bytes->len,
				(const unsigned char *)bytes->data};
	return buf_error(bytes);
}
