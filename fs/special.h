/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * special: the texts behind the names that are no keys: .map, .info, .count,
 * .frozen and .types of a map and .error_log of the root (section 3 of the design). Which
 * names there are is the table in kind.c.
 */
#ifndef BPFMAPFS_FS_SPECIAL_H
#define BPFMAPFS_FS_SPECIAL_H

#include <stdint.h>

#include "fs/context.h"

/* Each appends the content. -ESTALE if the map is gone. */
int special_read_map(struct fs *fs, uint32_t map_id, struct buf *text);
int special_read_info(struct fs *fs, uint32_t map_id, struct buf *text);
int special_read_count(struct fs *fs, uint32_t map_id, struct buf *text);
int special_read_frozen(struct fs *fs, uint32_t map_id, struct buf *text);
int special_read_types(struct fs *fs, uint32_t map_id, struct buf *text);
int special_read_error_log(struct fs *fs, uint32_t map_id, struct buf *text);

/* 1 freezes the map for good; -EAGAIN if the text is not complete yet. */
int special_write_frozen(struct fs *fs, uint32_t map_id, const char *text, size_t len,
			 struct diag *d);

/* Lays types over the map (spec_parse_types), none: the map's own again. */
int special_write_types(struct fs *fs, uint32_t map_id, const char *text, size_t len,
			struct diag *d);

/* remake.h */
int special_write_map(struct fs *fs, uint32_t map_id, const char *text, size_t len, struct diag *d);

/* Whatever is written clears the log, as far as who writes may read it: root and the owner of the
 * mount all of it, others what they were refused themselves. */
int special_write_error_log(struct fs *fs, uint32_t map_id, const char *text, size_t len,
			    struct diag *d);

#endif
