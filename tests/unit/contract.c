/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/contract.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH                                                                         \
	.put_absent = {0, 0, -ENOENT}, .delete_absent = -ENOENT, .put_full = -E2BIG, \
	.token_is_bucket = true, .btf = true
#define LRU                                                                               \
	.put_absent = {0, 0, -ENOENT}, .delete_absent = -ENOENT, .token_is_bucket = true, \
	.btf = true
#define ARRAY                                                                   \
	.put_absent = {-E2BIG, -E2BIG, -E2BIG}, .delete_present = -EINVAL,      \
	.delete_absent = -EINVAL, .put_full = -E2BIG, .put_impossible = -E2BIG, \
	.delete_impossible = -EINVAL, .fixed = true, .btf = true
#define LPM                                                                           \
	.put_absent = {0, 0, -ENOENT}, .delete_absent = -ENOENT, .put_full = -ENOSPC, \
	.put_impossible = -EINVAL, .delete_impossible = -EINVAL
#define ATTR(t, k, v, m, f)                \
	.attr = {.type = BPF_MAP_TYPE_##t, \
		 .key_size = k,            \
		 .value_size = v,          \
		 .max_entries = m,         \
		 .map_flags = f,           \
		 .name = "contract"}

const struct contract_row contract_rows[] = {
	{"hash", ATTR(HASH, 4, 8, 64, 0), HASH},
	{"hash no_prealloc", ATTR(HASH, 4, 8, 64, BPF_F_NO_PREALLOC), HASH},
	{"hash small", ATTR(HASH, 2, 3, 50, 0), HASH},
	{"hash large", ATTR(HASH, 300, 5000, 64, 0), HASH},
	{"array", ATTR(ARRAY, 4, 8, 64, 0), ARRAY},
	{"array of one", ATTR(ARRAY, 4, 5, 1, 0), ARRAY},
	{"percpu_hash", ATTR(PERCPU_HASH, 4, 4, 64, 0), HASH},
	{"percpu_hash no_prealloc", ATTR(PERCPU_HASH, 4, 12, 64, BPF_F_NO_PREALLOC), HASH},
	{"percpu_array", ATTR(PERCPU_ARRAY, 4, 12, 64, 0), ARRAY},
	{"lru_hash", ATTR(LRU_HASH, 4, 8, 64, 0), LRU},
	{"lru_hash no_common_lru", ATTR(LRU_HASH, 4, 8, 64, BPF_F_NO_COMMON_LRU), LRU},
	{"lru_percpu_hash", ATTR(LRU_PERCPU_HASH, 4, 8, 64, 0), LRU},
	{"lpm_trie 4", ATTR(LPM_TRIE, 8, 8, 64, BPF_F_NO_PREALLOC), LPM},
	{"lpm_trie 16", ATTR(LPM_TRIE, 20, 4, 64, BPF_F_NO_PREALLOC), LPM},
	{"lpm_trie 256", ATTR(LPM_TRIE, 260, 4, 64, BPF_F_NO_PREALLOC), LPM},
};

const unsigned int contract_rows_count = ARRAY_SIZE(contract_rows);

int contract_setup(void **state)
{
	struct contract *c = calloc(1, sizeof(*c));

	c->row = *state;
	c->fd = sys_map_create(&c->row->attr);
	assert_true(c->fd >= 0);
	c->desc = describe_map(c->fd);
	c->key = calloc(1, c->row->attr.key_size);
	c->value = calloc(1, c->desc->value->size);
	c->got = calloc(1, c->desc->value->size);
	*state = c;
	return 0;
}

int contract_teardown(void **state)
{
	struct contract *c = *state;

	sys_close(c->fd);
	map_desc_unref(c->desc);
	free(c->key);
	free(c->value);
	free(c->got);
	free(c);
	return 0;
}

static void prefix_key(struct contract *c, uint32_t n)
{
	uint32_t bits = n % 2 ? 16 : (c->row->attr.key_size - 4) * 8;

	n &= ~1U;
	memcpy(c->key, &bits, sizeof(bits));
	c->key[4] = (unsigned char)(n >> 8);
	c->key[5] = (unsigned char)n;
}

void contract_key(struct contract *c, uint32_t n)
{
	uint32_t size = c->row->attr.key_size;

	memset(c->key, 0, size);
	if (c->desc->type->prefixes)
		prefix_key(c, n);
	else
		memcpy(c->key, &n, size < sizeof(n) ? size : sizeof(n));
}

uint32_t contract_absent(const struct contract *c)
{
	return c->row->fixed ? c->row->attr.max_entries : 0;
}

void contract_impossible_key(struct contract *c)
{
	uint32_t word = c->row->fixed ? c->row->attr.max_entries : c->row->attr.key_size * 8;

	contract_key(c, 0);
	memcpy(c->key, &word, sizeof(word));
}

/* Padding between the CPUs stays zero. */
void contract_value(struct contract *c, uint32_t n, uint32_t version)
{
	uint32_t size = c->row->attr.value_size, stride = (size + 7) / 8 * 8;

	memset(c->value, 0, c->desc->value->size);
	for (uint32_t at = 0; at + size <= c->desc->value->size; at += stride)
		for (uint32_t i = 0; i < size; i++)
			c->value[at + i] = (unsigned char)(n + version * 17 + at / stride + i + 1);
}

int contract_put(struct contract *c, uint32_t n, uint32_t version, uint64_t flags)
{
	contract_key(c, n);
	contract_value(c, n, version);
	return sys_map_update(c->fd, c->key, c->value, flags);
}

int contract_get(struct contract *c, uint32_t n)
{
	const struct elem_map m = {.fd = c->fd, .info = &c->desc->info};

	contract_key(c, n);
	return c->desc->type->elements->get(&m, c->key, c->got, 0);
}

void assert_stored(struct contract *c, uint32_t n, uint32_t version)
{
	assert_int_equal(contract_get(c, n), 0);
	contract_value(c, n, version);
	assert_memory_equal(c->got, c->value, c->desc->value->size);
}

uint32_t contract_fill(struct contract *c, uint32_t count)
{
	if (c->row->fixed)
		count = c->row->attr.max_entries;
	for (uint32_t n = 0; n < count; n++)
		assert_int_equal(contract_put(c, n, 1, BPF_ANY), 0);
	return count;
}

int contract_number(struct contract *c, const void *key, uint32_t limit)
{
	for (uint32_t n = 0; n < limit; n++) {
		contract_key(c, n);
		if (memcmp(c->key, key, c->row->attr.key_size) == 0)
			return (int)n;
	}
	return -1;
}
