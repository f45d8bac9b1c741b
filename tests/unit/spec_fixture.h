/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef BPFMAPFS_TESTS_SPEC_FIXTURE_H
#define BPFMAPFS_TESTS_SPEC_FIXTURE_H

#include "lib/speccreate.h"
#include "tests/unit/unit.h"

#define DEFAULT "type=hash,key=u32,value=u64,max_entries=1024"

/* spec_parse() of a string; clears d first. */
int parse_spec(struct spec *s, const char *text, char separator, struct diag *d);

/* The spec that a text with ',' gives. Free with spec_free(). */
struct spec spec_of(const char *text);

/* As spec_print(), but without comments, and the fields joined by ','. */
void print_fields(const struct spec *s, struct buf *out);

#endif
