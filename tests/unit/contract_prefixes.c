/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/contract.h"

#include <errno.h>
#include <stdlib.h>

/* Against a list of prefixes: found if and only if that very prefix is stored. */
void contract_exact_prefixes(void **state)
{
	struct contract *c = *state;
	bool stored[40] = {false};

	if (!c->desc->type->prefixes)
		return;
	for (int step = 0; step < 2000; step++) {
		uint32_t n = random_below(ARRAY_SIZE(stored));

		if (random_below(2)) {
			assert_int_equal(contract_put(c, n, 1, BPF_ANY), 0);
			stored[n] = true;
		} else {
			contract_key(c, n);
			assert_int_equal(sys_map_delete(c->fd, c->key), stored[n] ? 0 : -ENOENT);
			stored[n] = false;
		}
		n = random_below(ARRAY_SIZE(stored));
		assert_int_equal(contract_get(c, n), stored[n] ? 0 : -ENOENT);
		if (stored[n])
			assert_stored(c, n, 1);
	}
}

/* Host bits are kept as written and otherwise ignored; look-ups take the longest match. */
void contract_host_bits(void **state)
{
	struct contract *c = *state;
	uint32_t size = c->row->attr.key_size;
	unsigned char *next = calloc(1, size);

	if (c->desc->type->prefixes) {
		contract_key(c, 1);
		c->key[6] = 0x55;
		assert_int_equal(sys_map_update(c->fd, c->key, c->value, BPF_NOEXIST), 0);
		assert_int_equal(sys_map_next_key(c->fd, NULL, next), 0);
		assert_memory_equal(next, c->key, size);
		assert_int_equal(contract_put(c, 1, 1, BPF_NOEXIST), -EEXIST);
		assert_int_equal(contract_put(c, 1, 1, BPF_EXIST), 0);
		assert_int_equal(sys_map_next_key(c->fd, NULL, next), 0);
		assert_memory_equal(next, c->key, size);
		contract_key(c, 0);
		assert_int_equal(sys_map_lookup(c->fd, c->key, c->got, 0), 0);
		assert_int_equal(contract_get(c, 0), -ENOENT);
		contract_key(c, 1);
		c->key[6] = 0xaa;
		assert_int_equal(sys_map_delete(c->fd, c->key), 0);
		assert_int_equal(sys_map_next_key(c->fd, NULL, next), -ENOENT);
	}
	free(next);
}
