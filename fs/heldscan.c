/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/heldscan.h"

#include <errno.h>

enum { FREE_BYTES = 288 * 1024 }; /* a usual batch, and how some were read */

static int hold(struct heldscan *s, size_t bytes, struct diag *d)
{
	size_t amount = bytes > FREE_BYTES ? bytes - FREE_BYTES : 0;

	return amount == s->bytes.amount ? 0
					 : quota_set(s->quota, QUOTA_TEXTS, &s->bytes, amount, d);
}

int heldscan_begin(struct heldscan *s, struct map_desc *desc, struct diag *d)
{
	int err = hold(s, scan_bytes_at_first(desc), d);

	if (!err)
		err = scan_new(desc, &s->scan);
	if (err)
		heldscan_end(s);
	return err;
}

void heldscan_end(struct heldscan *s)
{
	scan_free(s->scan);
	s->scan = NULL;
	if (s->quota)
		hold(s, 0, NULL);
}

int heldscan_at(struct heldscan *s, const struct map *map, uint64_t *pos, const void **key,
		const void **value, struct diag *d)
{
	int found = scan_at(s->scan, map, pos, key, value);
	int err = hold(s, scan_bytes(s->scan), d);

	if (err)
		heldscan_end(s);
	return err ? err : found;
}
