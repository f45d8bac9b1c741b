/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * btfpair: the types of key and value in one BTF: as BPF_MAP_CREATE takes them, and
 * as the text of .map's line btf=, "KEY:VALUE:HEX": the two ids (0: bytes without a
 * type) and the BTF that they are in.
 */
#ifndef BPFMAPFS_LIB_BTFPAIR_H
#define BPFMAPFS_LIB_BTFPAIR_H

#include "lib/ctype.h"

/*
 * ids: of key and value. key's is 0 if the value is a section of variables, and
 * an untyped key of prefixes becomes a struct: the kernel wants it so. *out is the
 * caller's, for btf__free(). -ENOMEM, or what libbpf says.
 */
int btfpair_make(const struct ctype *key, const struct ctype *value, bool prefixes,
		 struct btf **out, uint32_t ids[2]);

/* Appends the text; nothing if there is no memory for it. */
void btfpair_print(const struct ctype *key, const struct ctype *value, bool prefixes,
		   struct buf *out);

/* The way back; an id of 0 leaves *key or *value. -EINVAL explained, -ENOMEM. */
int btfpair_parse(const char *text, size_t len, struct ctype **key, struct ctype **value,
		  struct diag *d);

#endif
