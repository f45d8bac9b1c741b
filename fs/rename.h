/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * rename: rename(2) between the names of the tree (section 7 of the design).
 *
 *   map → free name          renames the pin
 *   key → key                stores under the new name, then deletes the old
 *   staging file → key       judges its text and stores it in one update
 *   key → staging name       takes the text out (an editor's backup); such a name
 *                            begins with a dot or ends with '~'
 *   staging → staging name   as in any directory
 *
 * Between maps rename is -EXDEV, and mv copies.
 */
#ifndef BPFMAPFS_FS_RENAME_H
#define BPFMAPFS_FS_RENAME_H

#include "fs/context.h"

/* flags as renameat2(2); only RENAME_NOREPLACE is known. */
int rename_name(struct fs *fs, const struct identity *dir, const char *name,
		const struct identity *new_dir, const char *new_name, unsigned int flags,
		struct diag *d);

#endif
