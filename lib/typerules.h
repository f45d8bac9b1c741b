/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * typerules: types for maps that carry none, by name: the file given with -o types=
 * (section 6 of the design). One line a map: a name or a glob, blanks, then the
 * fields key= and value= as spec_parse_types() takes them; a line that begins with '#' is a comment.
 * The first line that fits a name counts.
 */
#ifndef BPFMAPFS_LIB_TYPERULES_H
#define BPFMAPFS_LIB_TYPERULES_H

#include "lib/map.h"

struct typerules;

/* Reads the text of the file. 0 and *out (for typerules_free()), or -EINVAL explained
 * in d with *line set to the number of the bad line, or -ENOMEM. */
int typerules_parse(const char *text, size_t len, struct typerules **out, unsigned int *line,
		    struct diag *d);
void typerules_free(struct typerules *r); /* NULL is fine */

/* What is said of a map of this name: borrowed, or NULL. r may be NULL. */
const struct map_types *typerules_find(const struct typerules *r, const char *name);

/* The same for a map that is shown as name, or by the kernel's name for it: NULL if it
 * carries types of its own, or if those of the rule do not fit it. */
const struct map_types *typerules_for(const struct typerules *r, const struct bpf_map_info *info,
				      const char *name);

#endif
