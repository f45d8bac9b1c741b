/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * endfile: an open .pop or .push: the ends of a map without keys.
 *
 * .pop. The first read at offset 0 takes an element out of the map; its text is served
 * until the file is closed, in reads of any size. A read at offset 0 after the text was
 * read to its end takes the next one, as a new text of /proc would be. An empty map reads
 * as an empty file. Nothing is taken at open, nor by a read elsewhere. An element that
 * was taken and did not arrive, since its reader was killed, is lost: nothing can put it
 * back where it was.
 *
 * .push. Each line is an element, wherever it is written. What a write(2) brings is pushed
 * line by line, and the write fails at the first line that is refused: the lines before it
 * are pushed, it and those behind it are not. A line whose end has not come yet waits; what
 * still waits at close is the last line. Elements of raw values have no end, but their
 * length.
 */
#ifndef BPFMAPFS_FS_ENDFILE_H
#define BPFMAPFS_FS_ENDFILE_H

#include "fs/openfile.h"

extern const struct file_type popfile_type;
extern const struct file_type pushfile_type;

#endif
