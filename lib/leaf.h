/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * leaf: the spellings of layouts without parts (sections 4 and 5 of the design); those
 * of numbers are in leafnum.h.
 *
 * _name is how the name of a key has it, _text the content of a file, _json an
 * object or an array; _bare is both of the former. A leaf without a suffix is
 * the same everywhere.
 */
#ifndef BPFMAPFS_LIB_LEAF_H
#define BPFMAPFS_LIB_LEAF_H

#include "lib/format.h"

extern const struct spelling leaf_ipv4_bare, leaf_ipv4_json;
extern const struct spelling leaf_ipv6_bare, leaf_ipv6_json;
extern const struct spelling leaf_mac_bare, leaf_mac_json;
extern const struct spelling leaf_chars_name, leaf_chars_text, leaf_chars_json;
extern const struct spelling leaf_bytes_name, leaf_bytes_text, leaf_bytes_json;
extern const struct spelling leaf_prefix_bare, leaf_prefix_json;
extern const struct spelling leaf_owned;

/* Any bytes as they are, for raw values. */
extern const struct spelling leaf_raw;

/*
 * "0x" and all bytes in hex, in quotes or bare: what stands for a whole whose
 * bytes its text cannot carry. leaf_parse_hex(): 0, -EAGAIN, -EINVAL.
 * leaf_is_hex(): does the text go on with exactly that many bytes so spelt, 1; or
 * is it a beginning of that, -EAGAIN; or else, 0?
 */
void leaf_print_hex(const unsigned char *bytes, uint32_t size, bool quoted, struct buf *out);
int leaf_parse_hex(struct text *t, bool quoted, unsigned char *bytes, uint32_t size);
int leaf_is_hex(const struct text *t, bool quoted, uint32_t size);

#endif
