/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * contract: what the fake and the kernel have in common, as rows of a table.
 *
 * test_contract runs each test of elements with each row; the tests of pins and
 * BTF (contract_pins.c) run once. It is linked with the fake and, as
 * test_contract_kernel, with lib/sys.o and -DREAL_KERNEL.
 */
#ifndef BPFMAPFS_TESTS_CONTRACT_H
#define BPFMAPFS_TESTS_CONTRACT_H

#include "lib/sys.h"
#include "tests/unit/unit.h"

/* To add a map type: a row in contract.c; a row of lib/maptype.c with keys that has
 * none here fails a test. */
struct contract_row {
	const char *name;
	struct sys_map_attr attr;
	int put_absent[3]; /* for BPF_ANY, BPF_NOEXIST, BPF_EXIST */
	int delete_present;
	int delete_absent;
	int put_full;       /* one key too many; 0: another one goes */
	int put_impossible; /* a key that this map can never hold, 0: there is none */
	int delete_impossible;
	bool fixed; /* 0..max_entries-1 are always there */
	bool token_is_bucket;
	bool btf; /* takes BTF with an integer key */
};

extern const struct contract_row contract_rows[];
extern const unsigned int contract_rows_count;

/* One map made by a row, for one test. */
struct contract {
	const struct contract_row *row;
	struct map_desc *desc;
	int fd;
	unsigned char *key, *value, *got; /* one each */
};

int contract_setup(void **state); /* *state: the row, then the struct contract */
int contract_teardown(void **state);

/* The n-th key, in c->key: all are different, and of LPM prefixes every other one
 * covers the one before it. A key that can be absent has a number from
 * contract_absent() on. */
void contract_key(struct contract *c, uint32_t n);
uint32_t contract_absent(const struct contract *c);

/* A key that the map can never hold, in c->key. */
void contract_impossible_key(struct contract *c);

/* And its value, in c->value. */
void contract_value(struct contract *c, uint32_t n, uint32_t version);

/* Key n (and its value, other for each n, version and CPU) in the map. */
int contract_put(struct contract *c, uint32_t n, uint32_t version, uint64_t flags);
int contract_get(struct contract *c, uint32_t n);
void assert_stored(struct contract *c, uint32_t n, uint32_t version);

/* Stores keys 0 to count - 1; of fixed maps all are there anyway. Returns how many
 * entries the map then has. */
uint32_t contract_fill(struct contract *c, uint32_t count);

/* Which key is this? -1: none of the first limit ones. */
int contract_number(struct contract *c, const void *key, uint32_t limit);

/* Tests of elements that are about LPM tries only, and do nothing with other rows. */
void contract_exact_prefixes(void **state);
void contract_host_bits(void **state);

/* Tests that need no row: a directory of bpffs of their own. */
extern const struct CMUnitTest contract_pin_tests[];
extern const unsigned int contract_pin_tests_count;
int contract_pins_teardown(void **state);

/* And of maps without keys. */
extern const struct CMUnitTest contract_end_tests[];
extern const unsigned int contract_end_tests_count;

#endif
