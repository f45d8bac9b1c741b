/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * quote: char arrays in three spellings, printer beside parser.
 *
 * A char[N] is its bytes up to the last one that is not NUL; NULs before that
 * one are kept. The caller cuts the others off before it prints, and fills up
 * with NULs what it has parsed.
 *
 * The parsers decode into bytes, where there is room for max, and return as
 * those of text do. A text of more bytes is refused at the first one too many.
 * *len is set on success alone; bytes may be written in any case.
 */
#ifndef BPFMAPFS_LIB_QUOTE_H
#define BPFMAPFS_LIB_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/text.h"

/* Can a JSON string carry them? */
bool quote_is_utf8(const void *bytes, size_t len);

/*
 * A JSON string, with its quotes, of bytes that are UTF-8. Escaped are '"', '\'
 * and controls, those of U+0080 to U+009F too.
 */
void quote_print_json(const void *bytes, size_t len, struct buf *out);

/*
 * The cursor stands at the quote. All escapes of RFC 8259; \u0000 is a NUL
 * byte. Refused are lone surrogates, raw controls, and bytes that are not UTF-8.
 */
int quote_parse_json(struct text *t, void *bytes, size_t max, size_t *len);

/*
 * The content of a file, without newline: \\ and \n, and \xHH for other controls
 * (as in JSON) and for bytes that are not UTF-8.
 */
void quote_print_text(const void *bytes, size_t len, struct buf *out);

/*
 * From the cursor to the end of the text. A newline at the very end is taken
 * and no part of the value; elsewhere it is refused. Escapes are \\ \n \t \r and
 * \xHH; all other bytes stand for themselves. The empty text has 0 bytes.
 */
int quote_parse_text(struct text *t, void *bytes, size_t max, size_t *len);

/*
 * In a file name, or one field of it: %XX for '/', '%', ',', ASCII controls,
 * bytes that are not UTF-8, and for a dot at the start if the name begins here
 * (first). No bytes at all are "%00".
 */
void quote_print_name(const void *bytes, size_t len, bool first, struct buf *out);

/*
 * Up to ',' or the end of the text. "%00" gives the NUL that the caller cuts off.
 * Refused are the empty text, '/', controls, and a dot at the start of the text,
 * if they are not escaped; bytes that are not UTF-8 stand for themselves.
 */
int quote_parse_name(struct text *t, void *bytes, size_t max, size_t *len);

#endif
