/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * real: float (size 4) and double (size 8) as JSON numbers, printer beside
 * parser. The bytes are in host order, and need not be aligned.
 *
 * libc does the work, in the "C" locale: the program never calls setlocale().
 */
#ifndef BPFMAPFS_LIB_REAL_H
#define BPFMAPFS_LIB_REAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/text.h"

/* Neither infinite nor a NaN? */
bool real_is_finite(const void *bytes, size_t size);

/*
 * A finite one, with as few digits as give the same bits back. Minus zero is "-0".
 */
void real_print(const void *bytes, size_t size, struct buf *out);

/*
 * A number of JSON's grammar, correctly rounded, of 1,100 characters at most. One
 * that would round to infinity is refused. bytes is written on success alone.
 */
int real_parse(struct text *t, void *bytes, size_t size);

#endif
