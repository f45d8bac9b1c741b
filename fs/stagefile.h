/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* stagefile: an open staging file (scratch.h): bytes go in and out as in any file. */
#ifndef BPFMAPFS_FS_STAGEFILE_H
#define BPFMAPFS_FS_STAGEFILE_H

#include "fs/openfile.h"

extern const struct file_type stagefile_type;

#endif
