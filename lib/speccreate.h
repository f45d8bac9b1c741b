/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * speccreate: making a map from a spec.
 */
#ifndef BPFMAPFS_LIB_SPECCREATE_H
#define BPFMAPFS_LIB_SPECCREATE_H

#include "lib/spec.h"

/* Bytes that the map may come to take, estimated from above. */
uint64_t spec_bytes(const struct spec *s);

/*
 * Creates the map and returns its descriptor. raw_name (raw_len bytes) is used
 * for the kernel's name if the spec has none: bytes outside [A-Za-z0-9_.]
 * become '_', cut to 15. Typed keys and values take BTF along. -EFBIG if
 * spec_bytes() passes max_bytes; what the kernel refuses is explained in d.
 */
int spec_create(const struct spec *s, const char *raw_name, size_t raw_len, uint64_t max_bytes,
		struct diag *d);

#endif
