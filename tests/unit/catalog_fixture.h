/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the tests of the catalogue, of names and of changes, share. */
#ifndef BPFMAPFS_TESTS_CATALOG_FIXTURE_H
#define BPFMAPFS_TESTS_CATALOG_FIXTURE_H

#include "lib/catalog.h"
#include "tests/unit/unit.h"

#define PINDIR "/sys/fs/bpf/maps"

/* *state becomes a struct catalog of scope all that has looked at nothing yet. The
 * teardown frees it and finds descriptors that were left open. */
int catalog_setup(void **state);
int catalog_teardown(void **state);
struct catalog *new_catalog(bool pinned_only, uint32_t open_flags);

/* A map that a descriptor keeps; its id. */
uint32_t held_map(const char *name, int *fd);

/* A map that only its pin keeps. pin: below PINDIR. */
uint32_t pinned_map(const char *name, const char *pin);

/* The path of a pin; valid until the next call. */
const char *pin_path_of(const char *pin);

/* All that a directory shows, by ascending id: "a b@7 ". */
void assert_shown(struct catalog *c, const char *dir, const char *expected);

/* What name leads to: the id, or 0. */
uint32_t found(struct catalog *c, const char *dir, const char *name);

#define TEST(f) cmocka_unit_test_setup_teardown(f, catalog_setup, catalog_teardown)

#endif
