/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * textfile: an open file whose text means something: a key's value or a special
 * file. The rules of section 7 of the design.
 *
 * Reading. The text is taken once, at open, and served from there. The first
 * read at offset 0 serves it, a later one takes a new text, as /proc does.
 *
 * Writing. What is written collects in a draft, and the draft is judged as a
 * whole (kind->write): complete and stored, or a prefix of something complete,
 * or refused. When it is judged depends on how it began:
 *
 *   strict   It began empty (O_TRUNC, a new key, ftruncate to 0), or the file is
 *            O_APPEND. Judged in every write(2), because that is the only
 *            error that every writer sees. A prefix waits; a refused write is
 *            taken out of the draft again. A write at offset 0 starts anew. (A text
 *            beyond 64 KiB that comes in small pieces is not judged at each.)
 *   patient  It began as the present text (rsync --inplace, dd conv=notrunc).
 *            A half-overwritten text means nothing, so it is judged at
 *            ftruncate, fsync or close only.
 *
 * A file whose length is announced by fallocate(2), as restic does before it writes the
 * parts of a text in any order, consists of NULs that are to be overwritten. It is judged
 * when none is left. If it is closed before, it waits for the rest under its name
 * (newpart.h), and the next writer goes on with it. Bytes of -o values=raw may be NULs:
 * there such a file is judged at close, as it is.
 *
 * What still waits is judged for the last time at close (FLUSH, which every
 * process sends that closes a copy of the descriptor), and there a prefix is
 * refused. A strict draft to which nothing was written is blank (openfile.h).
 */
#ifndef BPFMAPFS_FS_TEXTFILE_H
#define BPFMAPFS_FS_TEXTFILE_H

#include "fs/openfile.h"

extern const struct file_type textfile_type;

#endif
