/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * keyname: keys as names in a directory (section 4 of the design), also those
 * that are too long for one name.
 *
 * A name of more than 255 bytes is cut into directories of at most 240 bytes, the
 * last piece being the file. Where the cut falls in a UTF-8 sequence or a %XX, the
 * piece ends before it, so directories have 237 to 240 bytes; and a piece that would
 * begin with a dot begins with %2E. No file has a length that a directory of another
 * key could have: a name whose last piece would, is written as hex of the whole.
 * Hence in one directory no name is both.
 */
#ifndef BPFMAPFS_LIB_KEYNAME_H
#define BPFMAPFS_LIB_KEYNAME_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/diag.h"
#include "lib/layout.h"

/* Can keys of this layout have names that are cut? */
bool keyname_may_be_long(const struct layout *key);

/* Appends the canonical name: pieces joined by '/'. Returns buf_error(out). */
int keyname_print(const struct layout *key, const void *bytes, struct buf *out);

/*
 * The way back, from any spelling, in pieces or not. bytes are zero at entry and
 * undefined on failure: -EINVAL explained in d, -ENOMEM.
 */
int keyname_parse(const struct layout *key, const char *name, void *bytes, struct diag *d);

/* Could a name go on behind these pieces? 1, 0, -ENOMEM. */
int keyname_may_begin(const struct layout *key, const char *name);

/* Has a name the length of a directory that long names are cut into? And can keys of this
 * layout have such? */
bool keyname_has_length_of_piece(const char *name);
bool keyname_is_piece(const struct layout *key, const char *name);

#endif
