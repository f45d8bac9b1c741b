/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * users: who uses a map.
 *
 * Answered by looking everywhere at once: at each bpffs in sight, each program
 * of the kernel, each process. Slow (a second on a large machine), so only for
 * those who ask.
 */
#ifndef BPFMAPFS_LIB_USERS_H
#define BPFMAPFS_LIB_USERS_H

#include <stdint.h>

#include "lib/buf.h"

/*
 * Appends a line for everything that refers to the map with this id:
 *
 *	pin:\tPATH              absolute, in our mount namespace
 *	program:\tID TYPE NAME  TYPE as bpftool spells it, or a number; NAME may be empty
 *	process:\tPID COMM      once for each process, our own left out
 *
 * in this order, control bytes as '?'. Nothing found, nothing appended.
 *
 * What vanishes meanwhile, or may not be looked at, is passed over: without
 * CAP_SYS_ADMIN all programs, without CAP_SYS_PTRACE processes that have more
 * rights than ours. Not seen either: pins deeper than 16 directories or behind
 * the first 65,536 entries of bpffs, pins in other mount namespaces, references
 * by links, by other maps and by mmap(2), descriptors that a thread does not
 * share with its process. Returns 0, -ENOMEM, or buf_error(out).
 *
 * Opens pins read-only (each is a user's reference already, so that closing
 * clears nothing), and never a map by its id. Nothing mounted in or over a bpffs
 * is entered: a file system may ask that is mounted there itself. Any thread may
 * call this.
 */
int users_print(uint32_t map_id, struct buf *out);

#endif
