/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * unit: what all unit tests include: cmocka, what it needs before it, and a few
 * helpers. Nothing here knows the fake, so the contract suite may use it all.
 */
#ifndef BPFMAPFS_TESTS_UNIT_H
#define BPFMAPFS_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/buf.h"
#include "lib/diag.h"
#include "lib/layout.h"
#include "lib/map.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Random numbers. The seed is printed; UNIT_SEED=N in the environment repeats a
 * run. random_start() belongs at the beginning of main().
 */
void random_start(void);
uint64_t random_number(void);
uint32_t random_below(uint32_t limit);

/* Mostly any bytes, but often the ones that codecs go wrong at: 0, 1, ff, 7f, 80. */
void random_bytes(void *bytes, size_t len);

/* The content must be that; the buffer is then freed. */
void assert_buf(struct buf *b, const char *expected);

/* The layout of a spec's word, "u32" or "16". Free with layout_unref(). */
struct layout *layout_of(const char *word);

/* A map without BTF; returns its descriptor. */
int make_map(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
	     const char *name);

/* What is known of the map; the descriptor stays open. */
struct map_desc *describe_map(int fd);
uint32_t map_id(int fd);

/* Stores index i under key i, for maps with 4-byte keys and values of 4 bytes or more. */
void fill_map(int fd, uint32_t first, uint32_t count);

#endif
