/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bulkin: lines of .dump into a map, streaming (section 9 of the design).
 *
 * Lines are parsed while those before are stored (bulkstore.h). But a call of bulkin_write()
 * ends when all lines that it has brought are stored, so that it can tell what was refused. The
 * first refusal ends it: the lines before are stored then, that line and those behind it are
 * not. It can be repeated, with the same bytes or others.
 *
 * The last line may lack its end. If it says all that a line says, it is stored at once; else
 * it waits for the next call.
 */
#ifndef BPFMAPFS_LIB_BULKIN_H
#define BPFMAPFS_LIB_BULKIN_H

#include "lib/bulkline.h"

struct bulkin;

/* view is borrowed. open_flags: as map_open(). -ENOMEM */
int bulkin_new(const struct bulk_view *view, uint32_t open_flags, struct bulkin **out);
void bulkin_free(struct bulkin *b); /* NULL is fine */

/* size bytes, which follow those of the last call that succeeded. Errors as map_put(), -EINVAL,
 * explained in d with the number of the line, from 1. */
int bulkin_write(struct bulkin *b, const char *bytes, size_t size, struct diag *d);

/* Nothing follows: stores what waits, and refuses what is no whole line; but not behind a write
 * that was refused, which has said so. */
int bulkin_finish(struct bulkin *b, struct diag *d);

/* The same, but more may follow after all: what is refused goes on to wait for the rest. */
int bulkin_pause(struct bulkin *b, struct diag *d);

#endif
