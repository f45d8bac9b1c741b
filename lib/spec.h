/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * spec: what mkdir asks for and .map shows.
 *
 * One grammar, field=value pairs, for `mkdir NAME,SPEC` and `-o mkdir=SPEC`
 * (joined by ',') and for .map (one a line, '#' starts a comment). A field is a
 * row of the table in spec.c: parser and printer side by side.
 */
#ifndef BPFMAPFS_LIB_SPEC_H
#define BPFMAPFS_LIB_SPEC_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/diag.h"
#include "lib/map.h"

struct spec {
	const struct maptype *type;
	struct ctype *key;                     /* owned */
	struct ctype *value;                   /* owned; of one CPU */
	struct ctype *exact_key, *exact_value; /* owned; only while btf= is being parsed */
	uint32_t max_entries;
	uint32_t map_flags;
	uint64_t map_extra;
	uint32_t numa_node;
	char name[BPF_OBJ_NAME_LEN]; /* the kernel's name; empty: made from the directory's */
};

/* Makes *s an equal of *from, with references of its own. */
void spec_copy(struct spec *s, const struct spec *from);
void spec_free(struct spec *s);

/*
 * Sets in *s what the text names; the rest stays (start from a default, or from
 * zeroes). separator: ',' or '\n'. On failure *s is as it was: -EINVAL explained
 * in d with its place in the text, or -ENOMEM.
 */
int spec_parse(struct spec *s, const char *text, size_t len, char separator, struct diag *d);

/*
 * The same for what is laid over a map that exists: fields key, value and btf
 * only, with ',' or newlines between them; '#' begins a comment line. types: what was named, NULL for the rest; release
 * with spec_free().
 */
int spec_parse_types(struct spec *types, const char *text, size_t len, struct diag *d);

/* The spec of an existing map. Release with spec_free(). */
void spec_of_map(struct spec *s, const struct map_desc *desc);

/* Has a map what a spec asks for? The kernel may add flags, and round up. */
bool spec_is_as_asked(const struct spec *map, const struct spec *asked);

/* Gives the spec the kernel's name that is made from raw: bytes outside [A-Za-z0-9_.]
 * become '_', cut to 15. */
void spec_set_name(struct spec *s, const char *raw, size_t len);

/* As .map shows it, C declarations in comments. */
void spec_print(const struct spec *s, struct buf *out);

/* The names of the BPF_F_ flags that are set, joined by '|'; "0" for none. */
void spec_print_flags(uint32_t flags, struct buf *out);

/* Is key or value of a type? */
bool spec_has_types(const struct spec *s);

#endif
