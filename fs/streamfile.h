/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * streamfile: an open .stream: the records of a ring buffer as lines of text, by the type
 * that .types lays over the map where it has the record's size, else as untyped bytes. Also
 * with -o values=raw: records have any length, and bytes without lines would not tell where
 * one ends.
 *
 * What is read is taken from the map. A read takes as many records as are ready and as
 * fit it, and says -EAGAIN if none is; of a record that alone is longer than a read, the
 * next reads of the same open file get the rest. So a record goes to one open file, and
 * no file gets a line in two pieces with another's between.
 */
#ifndef BPFMAPFS_FS_STREAMFILE_H
#define BPFMAPFS_FS_STREAMFILE_H

#include "fs/openfile.h"

extern const struct file_type streamfile_type;

#endif
