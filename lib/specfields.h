/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * specfields: what a spec is made of: one row per field, its parser and its printer
 * side by side. spec.h is the grammar around them.
 */
#ifndef BPFMAPFS_LIB_SPECFIELDS_H
#define BPFMAPFS_LIB_SPECFIELDS_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/ctype.h"
#include "lib/diag.h"
#include "lib/maptype.h"

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

	/* Of a map of maps: what the maps in it are like. */
	struct spec *inner; /* owned; its name and node mean nothing. NULL: not known */
	char *inner_name;   /* owned; a map that is like them, until the catalogue looked at it */
};

enum spec_field_id {
	SPEC_TYPE,
	SPEC_KEY,
	SPEC_VALUE,
	SPEC_MAX_ENTRIES,
	SPEC_MAP_FLAGS,
	SPEC_MAP_EXTRA,
	SPEC_NUMA_NODE,
	SPEC_INNER,
	SPEC_NAME,
	SPEC_BTF,
	SPEC_FIELDS,
};

/* What the fields of a template begin with: "inner_type=hash". */
#define SPEC_OF_TEMPLATE "inner_"

struct spec_field {
	const char *name;
	const char *alias; /* what bpftool calls it; NULL: the same */

	/* Sees the value alone, and reports places in it. -EINVAL, -EAGAIN, -ENOMEM. */
	int (*parse)(struct spec *s, const char *text, size_t len, struct diag *d);

	/* Appends the value alone, or nothing where the line is to be left out. */
	void (*print)(const struct spec *s, struct buf *out);

	bool of_template; /* a template has it too */
};

extern const struct spec_field spec_fields[SPEC_FIELDS];

/* SPEC_FIELDS if there is none of this name. */
enum spec_field_id spec_field_find(const char *text, size_t len);

/* Sets *slot by the word for a type. -EINVAL explained, -ENOMEM, *slot then as it was. */
int spec_parse_ctype(struct ctype **slot, const char *text, size_t len, struct diag *d);

/* Gives the spec the kernel's name that is made from raw: bytes outside [A-Za-z0-9_.]
 * become '_', cut to 15. */
void spec_set_name(struct spec *s, const char *raw, size_t len);

/* The names of the BPF_F_ flags that are set, joined by '|'; "0" for none. */
void spec_print_flags(uint32_t flags, struct buf *out);

/* Is key or value of a type? */
bool spec_has_types(const struct spec *s);

#endif
