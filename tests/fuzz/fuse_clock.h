/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuse_clock: what of this machine is not part of an input: the linker puts these functions in
 * place of libc's (--wrap), so that an input has the same effect each time, and costs no time.
 *
 * The clocks stand still but for fuse_clock_pass(), and where the daemon waits: then they are
 * there at once. No file and no directory of /proc is there.
 */
#ifndef BPFMAPFS_TESTS_FUSE_CLOCK_H
#define BPFMAPFS_TESTS_FUSE_CLOCK_H

#include <stdint.h>

/* The clocks are as they were when the first input began. */
void fuse_clock_reset(void);

void fuse_clock_pass(uint32_t milliseconds);

#endif
