/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * format: what a format of text is made of: for each kind of layout a printer, a
 * parser, and two questions. The formats themselves are the rows of codec.c.
 */
#ifndef BPFMAPFS_LIB_FORMAT_H
#define BPFMAPFS_LIB_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/layout.h"
#include "lib/text.h"

struct format;

/* What printers, parsers and the two questions below are called with. */
#define FORMAT_PRINT_ARGS                                                                   \
	const struct format *f __attribute__((unused)),                                     \
		const struct layout *l __attribute__((unused)), const unsigned char *bytes, \
		struct buf *out
#define FORMAT_PARSE_ARGS                                                       \
	const struct format *f __attribute__((unused)),                         \
		const struct layout *l __attribute__((unused)), struct text *t, \
		unsigned char *bytes
#define FORMAT_MAX_ARGS                                 \
	const struct format *f __attribute__((unused)), \
		const struct layout *l __attribute__((unused))
#define FORMAT_CARRIES_ARGS                             \
	const struct format *f __attribute__((unused)), \
		const struct layout *l __attribute__((unused)), const unsigned char *bytes

typedef void format_print(FORMAT_PRINT_ARGS);
typedef int format_parse(FORMAT_PARSE_ARGS);

/* A longest text that is known beforehand. */
#define FORMAT_FIXED_MAX(name, length)      \
	static size_t name(FORMAT_MAX_ARGS) \
	{                                   \
		return length;              \
	}

/* print_quoted_NAME and parse_quoted_NAME, made from print_NAME and parse_NAME. */
#define FORMAT_QUOTED(name)                                 \
	static void print_quoted_##name(FORMAT_PRINT_ARGS)  \
	{                                                   \
		buf_addc(out, '"');                         \
		print_##name(f, l, bytes, out);             \
		buf_addc(out, '"');                         \
	}                                                   \
	static int parse_quoted_##name(FORMAT_PARSE_ARGS)   \
	{                                                   \
		int err = text_expect(t, '"');              \
                                                            \
		if (!err)                                   \
			err = parse_##name(f, l, t, bytes); \
		return err ? err : text_expect(t, '"');     \
	}

/* How one kind of layout is spelt in one format; f is that format. */
struct spelling {
	/* Appends the bytes, which have a text: carries said so. */
	format_print *print;

	/* As text.h says. What the text does not name stays in bytes; after a failure
	 * they are undefined. */
	format_parse *parse;

	/* The most bytes that print appends; sums stop at SIZE_MAX. */
	size_t (*print_max)(FORMAT_MAX_ARGS);

	/* Would parse give these very bytes back from what print says? NULL: always. */
	bool (*carries)(FORMAT_CARRIES_ARGS);
};

/* How a whole is written whose bytes its own text cannot carry. */
enum format_hex {
	FORMAT_HEX_NEVER,
	FORMAT_HEX_BARE,   /* 0x0a0b */
	FORMAT_HEX_QUOTED, /* "0x0a0b" */
};

struct format {
	enum format_hex hex;
	bool blanks;                /* blanks may stand around the text */
	const char *closing;        /* what the printer adds at the end */
	const struct format *inner; /* the format of parts; that of wholes among parts */
	const struct format *bare;  /* the format of what stands in quotes */
	const struct spelling *kinds[LAYOUT_KINDS];
};

static inline const struct spelling *format_spelling(const struct format *f, const struct layout *l)
{
	return f->kinds[l->kind];
}

/* Of parts, in their format. */
static inline bool format_carries(const struct format *f, const struct layout *l,
				  const unsigned char *bytes)
{
	const struct spelling *s = format_spelling(f, l);

	return !l->is_checked || !s->carries || s->carries(f, l, bytes);
}

static inline size_t format_add(size_t a, size_t b)
{
	size_t sum;

	return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

static inline size_t format_mul(size_t a, size_t b)
{
	size_t product;

	return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

#endif
