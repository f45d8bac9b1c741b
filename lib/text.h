/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * text: the lexical level, printer beside parser: numbers, hex bytes, escapes.
 *
 * Parsers move a cursor and return
 *   0        the item is there and complete,
 *   -EAGAIN  the text so far is a prefix of something complete,
 *   -EINVAL  no continuation could make it right.
 * Either failure is explained in the cursor's diag, at the byte where it went
 * wrong. Who has the whole text takes -EAGAIN as "it ends too early".
 */
#ifndef BPFMAPFS_LIB_TEXT_H
#define BPFMAPFS_LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/diag.h"

struct text {
	const char *s;
	size_t len;
	size_t pos;
	struct diag *diag; /* may be NULL */
	bool is_partial;   /* an object in it did not name all that it has */
};

/* At the end of the text? */
bool text_done(const struct text *t);

/* The byte at the cursor, '\0' at the end. */
char text_peek(const struct text *t);

/* Spaces, tabs and newlines; skips them. */
bool text_is_blank(char c);
void text_skip_blanks(struct text *t);

/* Takes c if it is next. */
bool text_take(struct text *t, char c);

/* c must be next. */
int text_expect(struct text *t, char c);

/* Nothing may follow. */
int text_end(struct text *t);

/* "It ends here and something is missing": -EAGAIN. */
int text_missing(struct text *t, const char *what);

/* A byte that cannot follow a number at once: a letter, a digit, '_' or '.'. */
bool text_is_word(char c);

/* The digit's value, 0 to 15, in either case; -1 if it is none. */
int text_hex_digit(char c);

/* The length of the UTF-8 sequence at s, 1 to 4; 0 if there is none (RFC 3629). */
size_t text_utf8_length(const unsigned char *s, size_t len);

/*
 * An integer, decimal or 0x hex, '-' in front of a decimal one; min is not above
 * zero. Leading zeros are no octal. Out of min..max is -EINVAL.
 */
int text_unsigned(struct text *t, uint64_t max, uint64_t *out);
int text_signed(struct text *t, int64_t min, int64_t max, int64_t *out);

/* The widest integer of BTF. A signed one is sign-extended to all its bits. */
__extension__ typedef unsigned __int128 text_wide;

/*
 * An integer of bits (1 to 128) bits, two's complement if is_signed, spelt as
 * above. *out is set on success alone.
 */
int text_integer(struct text *t, bool is_signed, unsigned int bits, text_wide *out);

/* In decimal. */
void text_print_integer(text_wide number, bool is_signed, struct buf *out);

/*
 * len bytes in hex, two digits each, in either case, with or without 0x in
 * front; blanks may stand between bytes if blanks is set.
 */
int text_hex(struct text *t, bool blanks, void *bytes, size_t len);
void text_print_hex(const void *bytes, size_t len, const char *separator, struct buf *out);

/*
 * Percent escapes of names. Prints bytes as %XX where must_escape says so, and
 * everywhere the bytes are no UTF-8.
 */
void text_escape(const void *bytes, size_t len, bool (*must_escape)(unsigned char c, size_t at),
		 struct buf *out);

/* For text_escape(): control bytes, so that a line stays a line. */
bool text_is_control(unsigned char c, size_t at);

/* The way back. A '%' that is not followed by two hex digits stands for itself. */
void text_unescape(const char *s, size_t len, struct buf *out);

#endif
