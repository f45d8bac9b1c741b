/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuse_check: what tools do in a row, and what they must find then. Nobody else may act
 * meanwhile, and no call of the kernel fail; is_faulty says that one may.
 */
#ifndef BPFMAPFS_TESTS_FUSE_CHECK_H
#define BPFMAPFS_TESTS_FUSE_CHECK_H

#include "tests/fuzz/fuse_client.h"

/*
 * As a shell writes a file. A text that is refused changes nothing; what is stored has the
 * length that stat(2) tells, and what it reads is written again to the same bytes.
 */
int check_store(struct client *c, uint64_t dir, const char *name, const char *text, size_t len,
		bool is_faulty);

/*
 * As tar reads a directory: each name is there once, is looked up to what was listed, and has
 * as many bytes as its size says.
 */
int check_walk(struct client *c, uint64_t dir, bool is_faulty);

#endif
