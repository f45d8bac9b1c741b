/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/vim.h"

#include <fcntl.h>
#include <stdio.h>

#include "fs/key.h"

static bool has_number(struct fs *fs, uint32_t map_id, int number)
{
	struct buf key = BUF_INIT(SIZE_MAX / 2), text = BUF_INIT(SIZE_MAX / 2);
	struct map_desc *desc;
	char name[16];
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return false;
	snprintf(name, sizeof(name), "%d", number);
	err = key_parse(desc, name, &key, NULL);
	map_desc_unref(desc);
	if (!err)
		err = key_read(fs, map_id, key.data, &text, NULL);
	buf_free(&key);
	buf_free(&text);
	return !err;
}

bool vim_is_asking(struct fs *fs, uint32_t map_id, const char *name, int flags)
{
	enum { FIRST = 4913, STEP = 123 };
	int number, end = 0;

	if (!(flags & O_EXCL) || !(flags & O_NOFOLLOW))
		return false;
	if (sscanf(name, "%9d%n", &number, &end) != 1 || name[end])
		return false;
	if (number < FIRST || (number - FIRST) % STEP != 0)
		return false;
	return number == FIRST || has_number(fs, map_id, number - STEP);
}
