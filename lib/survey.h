/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * survey: looks at pindir and at the kernel, and brings the entries up to date.
 *
 * Pins come first, then the kernel's maps by ascending id, so that pins get
 * their names (section 2 of the design). A pin is opened when its inode is new (and
 * a second pin of a map each time, which is harmless: a pin is a user reference);
 * later lstat tells whether it is still there. The kernel's maps come from an
 * iterator, which takes no descriptor and no reference of any (map-types.md, findings
 * 1 and 11). Without one, a map is opened once, when it is first seen, and
 * BPF_MAP_GET_NEXT_ID tells afterwards what is still there.
 */
#ifndef BPFMAPFS_LIB_SURVEY_H
#define BPFMAPFS_LIB_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/entries.h"
#include "lib/mapiter.h"
#include "lib/snapshot.h"
#include "lib/typerules.h"

struct survey_options {
	const char *pindir;            /* absolute, on a bpffs */
	bool pinned_only;              /* scope=pinned */
	uint32_t open_flags;           /* 0 or BPF_F_RDONLY */
	bool read_only;                /* pins may not be changed */
	struct mapiter *iter;          /* borrowed; NULL: the kernel, or our rights, allow none */
	const struct typerules *rules; /* of maps that carry no types; may be NULL */
	struct snapshot *snapshot;     /* borrowed; NULL: maps are shown as they are */
};

/* Entries of maps that are gone are removed, new maps get theirs. -EPERM without
 * the right to look, -ENOMEM; a map that vanishes meanwhile is no error. */
int survey(struct entries *entries, const struct survey_options *options);

/*
 * Gives a map that has no entry its own, called raw in dir: "@ID" is added where
 * the name is empty, too long, or taken by a map or a directory of bpffs.
 */
int survey_add(struct entries *entries, const struct survey_options *options,
	       const struct bpf_map_info *info, const char *dir, const char *raw,
	       struct map_entry **out);

/*
 * Moves an entry to the root if it has lost its pin or its directory: what is
 * pinned nowhere is shown there, by its old name if that is free.
 */
int survey_settle(struct entries *entries, const struct survey_options *options,
		  struct map_entry *e);

/* Does the kernel have a map of this id? Takes no reference of it. */
bool survey_is_alive(uint32_t id);

/* What map is pinned at path? -ENOENT, or -EINVAL if it is none. */
int survey_read_pin(const char *path, struct bpf_map_info *info);

/* The absolute path of a directory below pindir, appended to out. */
void survey_dir_path(const struct survey_options *options, const char *dir, struct buf *out);

#endif
