/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/stagefile.h"

#include <fcntl.h>

#include "fs/kind.h"

static uint64_t number_of(const struct file *f)
{
	return kind_scratch_number(f->id);
}

static int stage_open(struct file *f, bool created, struct diag *d)
{
	int err = scratch_open(&f->fs->scratch, number_of(f));

	(void)created;
	(void)d;
	f->shown_size = -1;
	if (!err && (f->flags & O_TRUNC))
		err = scratch_truncate(&f->fs->scratch, number_of(f), 0);
	return err;
}

static int stage_read(struct file *f, size_t size, off_t off, struct buf *out, struct diag *d)
{
	(void)d;
	return scratch_read(&f->fs->scratch, number_of(f), (size_t)off, size, out);
}

static int stage_write(struct file *f, const char *bytes, size_t size, off_t off, struct diag *d)
{
	int err;

	if (f->flags & O_APPEND)
		err = scratch_append(&f->fs->scratch, number_of(f), bytes, size);
	else
		err = scratch_write(&f->fs->scratch, number_of(f), (size_t)off, bytes, size);
	return err ? diag_set(d, -err, "staging files are kept in memory, and bounded") : 0;
}

static int stage_truncate(struct file *f, off_t size, struct diag *d)
{
	int err = scratch_truncate(&f->fs->scratch, number_of(f), (size_t)size);

	return err ? diag_set(d, -err, "staging files are kept in memory, and bounded") : 0;
}

static int stage_sync(struct file *f, struct diag *d)
{
	(void)f;
	(void)d;
	return 0;
}

static int stage_close(struct file *f, struct diag *d)
{
	(void)d;
	scratch_close(&f->fs->scratch, number_of(f));
	return 0;
}

const struct file_type stagefile_type = {
	.size = sizeof(struct file),
	.open = stage_open,
	.read = stage_read,
	.write = stage_write,
	.truncate = stage_truncate,
	.flush = stage_sync,
	.sync = stage_sync,
	.close = stage_close,
};
