/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* fuse_words: names and texts that mean something, for the mutations of fuse_mutate.c. */
#ifndef BPFMAPFS_TESTS_FUSE_WORDS_H
#define BPFMAPFS_TESTS_FUSE_WORDS_H

#include <stdint.h>

enum { FUSE_ANY_WORLD = 256 };

/* One of those that mean something in a world (fuse_world.c), or anywhere. number: any. */
const char *fuse_name(unsigned int world, uint32_t number);
const char *fuse_text(unsigned int world, uint32_t number);

#endif
