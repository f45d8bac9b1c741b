/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * pindirs: the directories of bpffs below pindir, which the tree shows as they
 * are. They are called by their path from pindir, "" for pindir itself, and shown
 * by display names (mapname.h).
 */
#ifndef BPFMAPFS_LIB_PINDIRS_H
#define BPFMAPFS_LIB_PINDIRS_H

#include <sys/stat.h>

#include "lib/buf.h"
#include "lib/survey.h"

/* Appends the path of the directory that is shown as name in dir. -ENOENT */
int pindirs_find(const struct survey_options *options, const char *dir, const char *name,
		 struct buf *out);

/* The same of one that is made, mode 0700, if it is not there. -EROFS of a snapshot. */
int pindirs_make(const struct survey_options *options, const char *dir, const char *name,
		 struct buf *out);

/* The attributes of a directory, by its path. -ENOENT */
int pindirs_stat(const struct survey_options *options, const char *dir, struct stat *st);

/* Calls each with the display name of each directory in dir, in no order; a result
 * other than 0 ends the walk and is returned. */
int pindirs_each(const struct survey_options *options, const char *dir,
		 int (*each)(void *arg, const char *name), void *arg);

#endif
