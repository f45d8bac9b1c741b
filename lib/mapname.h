/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mapname: what maps and their pins are called.
 *
 * A raw name is any bytes without NUL: the kernel's name for a map, or what
 * somebody typed with %XX undone. A display name is what the tree shows: the raw
 * name with %XX for '%', '@', ',', '/', controls, a leading dot, and bytes that
 * are no UTF-8 (section 2 of the design). A pin name is the display name with
 * every '.' escaped too, because bpffs refuses dots. All appended to out.
 */
#ifndef BPFMAPFS_LIB_MAPNAME_H
#define BPFMAPFS_LIB_MAPNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/diag.h"

/* raw → display */
void mapname_display(const char *raw, size_t len, struct buf *out);

/* Any spelling of a display name → the one that the tree shows. */
void mapname_canonical(const char *name, struct buf *out);

/* Any spelling of a display name → raw. */
void mapname_raw(const char *name, struct buf *out);

/* Any spelling of a display name → the name of its pin. */
void mapname_pin(const char *name, struct buf *out);

/* raw → the name of its pin */
void mapname_pin_of_raw(const char *raw, size_t len, struct buf *out);

/* The name of a pin → raw. One that this program would not have chosen stands
 * for itself. */
void mapname_of_pin(const char *pin, struct buf *out);

/* The id that "@ID" means; false if name is not that. */
bool mapname_id(const char *name, uint32_t *id);

/* Can a map be made under this name? 0, or -EINVAL or -ENAMETOOLONG explained. */
int mapname_check(const char *name, struct diag *d);

#endif
