/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * spec: what mkdir asks for and .map shows, and making a map from it.
 *
 * One grammar, field=value pairs, for `mkdir NAME,SPEC` and `-o mkdir=SPEC`
 * (joined by ',') and for .map (one a line, '#' starts a comment). A field is a
 * row of the table in spec.c: parser and printer side by side.
 */
#ifndef BPFMAPFS_LIB_SPEC_H
#define BPFMAPFS_LIB_SPEC_H

#include <linux/bpf.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/diag.h"
#include "lib/map.h"

struct spec {
	const struct maptype *type;
	struct layout *key;   /* owned */
	struct layout *value; /* owned; of one CPU */
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

/* The spec of an existing map. Only its value layout is borrowed apart: release
 * with spec_free(). */
void spec_of_map(struct spec *s, const struct map_desc *desc);

/* As .map shows it, C declarations in comments. */
void spec_print(const struct spec *s, struct buf *out);

/* The names of the BPF_F_ flags that are set, joined by '|'; "0" for none. */
void spec_print_flags(uint32_t flags, struct buf *out);

/* Bytes that the map may come to take, estimated from above. */
uint64_t spec_bytes(const struct spec *s);

/*
 * Creates the map and returns its descriptor. raw_name (raw_len bytes) is used
 * for the kernel's name if the spec has none: bytes outside [A-Za-z0-9_.]
 * become '_', cut to 15. Typed keys and values take BTF along. -EFBIG if
 * spec_bytes() passes max_bytes; what the kernel refuses is explained in d.
 */
int spec_create(const struct spec *s, const char *raw_name, size_t raw_len, uint64_t max_bytes,
		struct diag *d);

#endif
