/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dumpfile: an open .dump: a whole map as lines, out and in (section 9 of the design;
 * lib/bulkout.h, lib/bulkin.h).
 *
 * It is a stream, read from its beginning to its end: an offset that is not where the last read
 * ended, or in what it gave, is -ESPIPE, but for 0, at which a new dump begins. What is written
 * is taken in the order in which it comes, whatever offset it is for.
 * A descriptor may be closed in the middle of a line while another goes on: what is missing is
 * told at that close, and what is there waits for the rest.
 *
 * Its size is 0, by which the kernel goes in sendfile(2) and splice(2): these give nothing.
 */
#ifndef BPFMAPFS_FS_DUMPFILE_H
#define BPFMAPFS_FS_DUMPFILE_H

#include "fs/openfile.h"

extern const struct file_type dumpfile_type;

#endif
