/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * heldscan: a scan whose memory is charged to who lists. What it is of ordinary maps, the place of
 * an open directory allows for; what large values need beyond that, counts as texts do.
 */
#ifndef BPFMAPFS_FS_HELDSCAN_H
#define BPFMAPFS_FS_HELDSCAN_H

#include "fs/quota.h"
#include "lib/scan.h"

struct heldscan {
	struct scan *scan; /* NULL: none */
	struct quota *quota;
	struct quota_hold bytes;
};

/* -ENOMEM, explained if it is a bound. heldscan_end() at the end, which may come twice. */
int heldscan_begin(struct heldscan *s, struct map_desc *desc, struct diag *d);
void heldscan_end(struct heldscan *s);

/* As scan_at(); -ENOMEM also, explained, where the kernel had more at once than may be kept:
 * the scan is at its end then. */
int heldscan_at(struct heldscan *s, const struct map *map, uint64_t *pos, const void **key,
		const void **value, struct diag *d);

#endif
