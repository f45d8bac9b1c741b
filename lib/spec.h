/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * spec: what mkdir asks for and .map shows.
 *
 * One grammar, field=value pairs, for `mkdir NAME,SPEC` and `-o mkdir=SPEC`
 * (joined by ',') and for .map (one a line, '#' starts a comment). A field is a
 * row of the table in specfields.c. The template of a map of maps is a spec in the
 * spec: its fields have the same names behind "inner_".
 */
#ifndef BPFMAPFS_LIB_SPEC_H
#define BPFMAPFS_LIB_SPEC_H

#include "lib/map.h"
#include "lib/specfields.h"

/* Makes *s an equal of *from, with references of its own. -ENOMEM; *s can be freed in
 * any case. */
int spec_copy(struct spec *s, const struct spec *from);
void spec_free(struct spec *s);

/*
 * Sets in *s what the text names; the rest stays (start from a default, or from
 * zeroes). separator: ',' or '\n'. On failure *s is as it was: -EINVAL explained
 * in d with its place in the text, or -ENOMEM.
 */
int spec_parse(struct spec *s, const char *text, size_t len, char separator, struct diag *d);

/*
 * The same for what is laid over a map that exists: fields key, value and btf
 * only, with ',' or newlines between them; '#' begins a comment line. types: what was
 * named, NULL for the rest; release with spec_free().
 */
int spec_parse_types(struct spec *types, const char *text, size_t len, struct diag *d);

/* The spec of an existing map. Release with spec_free(). */
void spec_of_map(struct spec *s, const struct map_desc *desc);

/* Has a map what a spec asks for? The kernel may add flags, and round up. */
bool spec_is_as_asked(const struct spec *map, const struct spec *asked);

/* Have key and value the types asked for? Of a map that takes no types: the sizes. */
bool spec_has_like_types(const struct spec *map, const struct spec *asked);

/* Are the templates of two specs alike? Yes, if only one of them is known. */
bool spec_has_like_template(const struct spec *a, const struct spec *b);

/* As .map shows it, C declarations in comments. */
void spec_print(const struct spec *s, struct buf *out);

/* The template alone, as .map shows it; nothing if it is not known. */
void spec_print_template(const struct spec *s, struct buf *out);

#endif
