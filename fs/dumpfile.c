/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/dumpfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fs/key.h"
#include "fs/kind.h"
#include "fs/link.h"
#include "fs/newfile.h"
#include "lib/bulkin.h"
#include "lib/bulkout.h"
#include "lib/bulkstore.h"

struct dumpfile {
	struct file file;
	struct bulk_view view;
	struct bulkout *out; /* being read; NULL: not yet */
	struct bulkin *in;   /* being written */
	struct buf text;     /* what the last read gave, and what it did not: */
	size_t given;        /* bytes at its beginning that are done with */
	off_t text_at;       /* the offset of what is behind them */
	bool has_stored;     /* since the map was told of it; atomic */
	bool told;           /* why what waits was refused at a close */
};

static struct dumpfile *self(struct file *f)
{
	return (struct dumpfile *)f;
}

/* What the tree knows of entries. */

static bool is_shown(void *arg, const void *key, const void *value)
{
	const struct dumpfile *f = arg;

	return key_is_shown(f->file.fs, f->view.desc, key, value);
}

static void stored(void *arg, const void *key)
{
	struct dumpfile *f = arg;

	__atomic_store_n(&f->has_stored, true, __ATOMIC_RELAXED);
	key_show(f->file.fs, f->view.desc, key);
}

static int removed(void *arg, const void *key)
{
	const struct dumpfile *f = arg;

	return key_hide(f->file.fs, f->view.desc, key);
}

static int print_link(void *arg, const void *key, const void *value, struct buf *out)
{
	const struct dumpfile *f = arg;

	return link_print(f->file.fs, f->view.desc, key, value, out);
}

static int parse_link(void *arg, const void *key, const char *text, void *value, struct diag *d)
{
	const struct dumpfile *f = arg;
	struct buf name = BUF_INIT(SIZE_MAX / 2);
	uint32_t id;
	int err = key_print(f->view.desc, key, &name);

	if (!err)
		err = link_resolve(f->file.fs, f->file.id->map_id, name.data, text, &id);
	if (err == -ENOENT)
		err = diag_set(d, EINVAL, "this leads to no map that is here");
	else if (!err)
		err = link_check(f->file.fs, id, d);
	if (!err)
		memcpy(value, &id, sizeof(id));
	buf_free(&name);
	return err;
}

static void set_view(struct dumpfile *f, struct map_desc *desc)
{
	f->view = (struct bulk_view){.desc = desc, .arg = f, .stored = stored};
	if (maptype_is_fixed(desc->type)) {
		f->view.is_shown = is_shown;
		f->view.removed = removed;
	}
	if (desc->type->links) {
		f->view.print_value = print_link;
		f->view.parse_value = parse_link;
	}
}

/* Opening. */

static int open_to_write(struct dumpfile *f, struct diag *d)
{
	struct fs *fs = f->file.fs;
	int err = kind_of(NODE_DUMP)->may_write(fs, f->file.id, d);

	if (!err && (f->file.flags & O_ACCMODE) == O_RDWR)
		err = diag_set(d, EINVAL, "a dump is either read or written");
	if (!err)
		err = openfile_hold(&f->file, bulkstore_bytes(&f->view), d);
	return err ? err : bulkin_new(&f->view, fs->options.survey.open_flags, &f->in);
}

static int check_listed(const struct map_desc *desc, struct diag *d)
{
	const char *why_not = key_why_not(desc);

	if (why_not)
		return diag_set(d, EOPNOTSUPP, "%s", why_not);
	if (!key_is_listed(desc))
		return diag_set(d, EOPNOTSUPP, "nobody knows which keys this map has");
	return 0;
}

static void free_all(struct dumpfile *f)
{
	bulkin_free(f->in);
	bulkout_free(f->out);
	buf_free(&f->text);
	map_desc_unref(f->view.desc);
}

static int dump_open(struct file *file, bool created, struct diag *d)
{
	struct dumpfile *f = self(file);
	bool writes = (file->flags & O_ACCMODE) != O_RDONLY;
	struct map_desc *desc;
	int err = catalog_desc(file->fs->catalog, file->id->map_id, &desc);

	(void)created;
	if (err)
		return err;
	file->shown_size = -1;
	f->text = BUF_INIT(SIZE_MAX / 2);
	set_view(f, desc);
	err = writes ? open_to_write(f, d) : check_listed(desc, d);
	if (err)
		free_all(f);
	return err;
}

/* Reading. */

/* At offset 0 a dump begins. */
static int begin(struct dumpfile *f, struct diag *d)
{
	int err;

	bulkout_free(f->out);
	f->out = NULL;
	buf_clear(&f->text);
	f->given = 0;
	f->text_at = 0;
	err = openfile_hold(&f->file, bulkout_bytes(&f->view), d);
	return err ? err : bulkout_new(&f->view, &f->out);
}

/* What is before off, its reader has. It goes when there is more of it than of what is left. */
static void drop(struct dumpfile *f, off_t off)
{
	f->given += (size_t)(off - f->text_at);
	f->text_at = off;
	if (f->given <= f->text.len / 2)
		return;
	memmove(f->text.data, f->text.data + f->given, f->text.len - f->given);
	buf_resize(&f->text, f->text.len - f->given);
	f->given = 0;
}

/* Up to size bytes of the dump, from where it is. */
static int give(struct dumpfile *f, size_t size, struct buf *out, struct diag *d)
{
	int err = 0;
	size_t left;

	if (f->text.len - f->given < size)
		err = bulkout_read(f->out, f->given + size, &f->text);
	left = f->text.len - f->given;
	if (left)
		buf_add(out, f->text.data + f->given, left < size ? left : size);
	if (left)
		return buf_error(out);
	return err == -ESTALE ? diag_set(d, ESTALE, "the map is gone: this is not all of it") : err;
}

static int dump_read(struct file *file, size_t size, off_t off, struct buf *out, struct diag *d)
{
	struct dumpfile *f = self(file);
	int err = off ? 0 : begin(f, d);

	if (err)
		return err;
	if (!f->out || off < f->text_at || off - f->text_at > (off_t)(f->text.len - f->given))
		return diag_set(d, ESPIPE, "a dump is read from its beginning to its end");
	if (off > f->text_at)
		drop(f, off);
	return give(f, size, out, d);
}

/* Writing. */

/* As after a plain write of a key. */
static void tell_stored(struct dumpfile *f)
{
	if (__atomic_exchange_n(&f->has_stored, false, __ATOMIC_RELAXED))
		newfile_key_stored(f->file.fs, f->file.id->map_id);
}

static int dump_write(struct file *file, const char *bytes, size_t size, off_t off, struct diag *d)
{
	struct dumpfile *f = self(file);
	int err = bulkin_write(f->in, bytes, size, d);

	(void)off;
	f->told = false;
	tell_stored(f);
	return err;
}

/* A copy of the descriptor was closed, and whoever has another one may write the rest of a line.
 * That it is missing is told once, however often it is closed. */
static int dump_flush(struct file *file, struct diag *d)
{
	struct dumpfile *f = self(file);
	int err = f->in ? bulkin_pause(f->in, f->told ? NULL : d) : 0;

	f->told = err != 0;
	tell_stored(f);
	openfile_set_flushed(file);
	return err;
}

static int dump_close(struct file *file, struct diag *d)
{
	struct dumpfile *f = self(file);
	bool told = f->told;
	int err = f->in ? bulkin_finish(f->in, told ? NULL : d) : 0;

	tell_stored(f);
	free_all(f);
	return told ? 0 : err;
}

static int dump_sync(struct file *file, struct diag *d)
{
	(void)file;
	(void)d;
	return 0;
}

static int dump_truncate(struct file *file, off_t size, struct diag *d)
{
	(void)file;
	return size ? diag_set(d, EINVAL, "lines go in here, which has no length") : 0;
}

const struct file_type dumpfile_type = {
	.size = sizeof(struct dumpfile),
	.open = dump_open,
	.read = dump_read,
	.write = dump_write,
	.truncate = dump_truncate,
	.flush = dump_flush,
	.sync = dump_sync,
	.close = dump_close,
	.place = QUOTA_DUMPS,
};
