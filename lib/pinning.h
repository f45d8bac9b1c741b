/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * pinning: the pins of the catalogue's maps in pindir: made, removed, renamed, and the
 * entries with them. No lock of its own; the catalogue's is held.
 */
#ifndef BPFMAPFS_LIB_PINNING_H
#define BPFMAPFS_LIB_PINNING_H

#include <stdint.h>
#include <sys/stat.h>

#include "lib/buf.h"
#include "lib/diag.h"
#include "lib/entries.h"
#include "lib/survey.h"

/* A pin in dir would be called this, whatever the map is shown as: appended. */
void pinning_path(const struct survey_options *options, const char *dir, const char *name,
		  struct buf *out);

/* The pin that an entry (NULL: there is none) is shown by. -ENOENT if it has none, or if it
 * is no longer the file that was looked into; in a snapshot it always is. */
int pinning_stat(const struct survey_options *options, const struct map_entry *e, struct stat *st);

/* 0 if such a pin could be made, as far as its path goes. -EEXIST, -ENAMETOOLONG explained. */
int pinning_check_free(const struct survey_options *options, const char *dir, const char *name,
		       struct diag *d);

/* Pins a map that was just made and gives it its entry. */
int pinning_add(struct entries *entries, const struct survey_options *options, const char *dir,
		const char *name, int fd, uint32_t *id, struct diag *d);

/*
 * The pin of a map that a request for name in dir is about, appended to path: the
 * one of that name if the map has several, else (or if name is NULL) the one that it is
 * shown by. -ENOENT if e is NULL, -EBUSY explained if no pin is ours.
 */
int pinning_choose(const struct survey_options *options, const struct map_entry *e, const char *dir,
		   const char *name, struct buf *path, struct diag *d);

/* Removes the pin at path; the entry loses it if it is shown by that one, and goes if its
 * map does. */
int pinning_remove(struct entries *entries, const struct survey_options *options,
		   struct map_entry *e, const char *path);

/* Moves a pin; the entry follows if it is shown by that one. */
int pinning_move(struct entries *entries, const struct survey_options *options, struct map_entry *e,
		 const char *old, const char *dir, const char *name);

/* Renames the pin of e, from, in place of that of old, path, whose mode and owner it gets. Then
 * e is where old was shown by it, and old is forgotten. */
int pinning_replace(struct entries *entries, struct map_entry *e, const char *from,
		    struct map_entry *old, const char *path);

#endif
