/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * btflayout: from BTF to a layout.
 *
 * BTF comes from the kernel or out of a file, and is believed nothing: cycles,
 * sizes that do not fit, ids and names that are not there, parts that would print
 * without end. What cannot be understood is a string of octets if its size is
 * known, so one strange member does not hide the others; a whole that cannot be
 * understood is bytes without a type.
 */
#ifndef BPFMAPFS_LIB_BTFLAYOUT_H
#define BPFMAPFS_LIB_BTFLAYOUT_H

#include <stdint.h>

#include "lib/layout.h"

struct btf;

/*
 * The type id of btf, which a map says has size bytes. 0 and *out with one
 * reference; -ENOMEM. A type of another size, or none, gives layout_bytes(size);
 * -EINVAL only if size is 0.
 */
int btflayout_read(const struct btf *btf, uint32_t id, uint32_t size, struct layout **out);

/* The same for the key of an LPM trie: is what follows the prefix length an address? */
int btflayout_read_prefix(const struct btf *btf, uint32_t id, uint32_t size, struct layout **out);

#endif
