/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * codec: whole keys and values as text, over a layout.
 *
 * A format is one row of the table in codec.c: for each kind of layout a
 * printer and, beside it, the parser that takes its text back. For every layout
 * and all bytes, parse(print(bytes)) == bytes.
 */
#ifndef BPFMAPFS_LIB_CODEC_H
#define BPFMAPFS_LIB_CODEC_H

#include <stddef.h>

#include "lib/buf.h"
#include "lib/diag.h"
#include "lib/layout.h"
#include "lib/text.h"

enum codec_format {
	CODEC_NAME, /* a key as a file name (section 4 of the design) */
	CODEC_TEXT, /* a value as the content of a file: one line, newline included (section 5) */
	CODEC_JSON, /* the same as JSON, for lines that hold more than the value */
	CODEC_RAW,  /* the bytes themselves; per-CPU: of all CPUs, 8-byte stride */
	CODEC_FORMATS,
};

/* Appends layout->size bytes as text. Returns buf_error(out). */
int codec_print(enum codec_format format, const struct layout *layout, const void *bytes,
		struct buf *out);

/*
 * Reads a whole text. Returns
 *   0        bytes holds the value,
 *   -EAGAIN  the text is a prefix of something complete (not one line
 *            with its newline),
 *   -EINVAL  it can never be completed.
 * Failures are explained in d; bytes are then undefined. At entry bytes holds
 * the present value (zero for a new key): what the text does not name is kept.
 */
int codec_parse(enum codec_format format, const struct layout *layout, const char *text, size_t len,
		void *bytes, struct diag *d);

/*
 * The same of a value in the midst of a text, where the cursor is, in a format that is JSON: what
 * follows is not looked at. As text.h says; sets t->is_partial if something of bytes was kept.
 */
int codec_parse_part(enum codec_format format, const struct layout *layout, struct text *t,
		     void *bytes);

/* The most bytes of text that a value of this layout prints as. */
size_t codec_print_max(enum codec_format format, const struct layout *layout);

#endif
