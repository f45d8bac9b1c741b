/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/endfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fs/ends.h"
#include "fs/kind.h"

static int do_nothing(struct file *f, struct diag *d)
{
	(void)f;
	(void)d;
	return 0;
}

/* .pop */

struct popfile {
	struct file file;
	struct buf text;
	bool is_served; /* to its end: an element is due, as at the beginning */
};

static struct popfile *popfile(struct file *f)
{
	return (struct popfile *)f;
}

static int refuse_write(struct diag *d)
{
	return diag_set(d, EACCES, "elements come out here: they go in by .push");
}

static int pop_open(struct file *f, bool created, struct diag *d)
{
	struct popfile *p = popfile(f);

	(void)created;
	f->shown_size = -1;
	p->text = BUF_INIT(SIZE_MAX / 2);
	p->is_served = true;
	if ((f->flags & O_ACCMODE) != O_RDONLY || f->flags & O_TRUNC)
		return refuse_write(d);
	return kind_may_consume(f->fs, f->id, d);
}

static int take_element(struct popfile *p, struct diag *d)
{
	int err;

	openfile_clear(&p->file, &p->text);
	err = ends_pop(p->file.fs, p->file.id->map_id, &p->text, d);
	if (!err) /* it is taken already, so it is kept in any case: one element */
		openfile_hold(&p->file, p->text.len, NULL);
	p->is_served = err != 0;
	return err;
}

static int pop_read(struct file *f, size_t size, off_t off, struct buf *out, struct diag *d)
{
	struct popfile *p = popfile(f);
	int err = off == 0 && size && p->is_served ? take_element(p, d) : 0;
	size_t left;

	if (err)
		return err;
	left = (uint64_t)off < p->text.len ? p->text.len - (size_t)off : 0;
	if (left)
		buf_add(out, p->text.data + off, size < left ? size : left);
	if (size >= left)
		p->is_served = true;
	return buf_error(out);
}

static int pop_write(struct file *f, const char *bytes, size_t size, off_t off, struct diag *d)
{
	(void)f;
	(void)bytes;
	(void)size;
	(void)off;
	return refuse_write(d);
}

static int pop_truncate(struct file *f, off_t size, struct diag *d)
{
	(void)f;
	(void)size;
	return refuse_write(d);
}

static int pop_close(struct file *f, struct diag *d)
{
	(void)d;
	buf_free(&popfile(f)->text);
	return 0;
}

const struct file_type popfile_type = {
	.size = sizeof(struct popfile),
	.open = pop_open,
	.read = pop_read,
	.write = pop_write,
	.truncate = pop_truncate,
	.flush = do_nothing,
	.sync = do_nothing,
	.close = pop_close,
};

/* .push */

struct pushfile {
	struct file file;
	struct buf text; /* what waits for its end */
	uint64_t lines;  /* that were pushed or refused */
};

static struct pushfile *pushfile(struct file *f)
{
	return (struct pushfile *)f;
}

static int push_open(struct file *f, bool created, struct diag *d)
{
	(void)created;
	f->shown_size = -1;
	pushfile(f)->text = BUF_INIT(SIZE_MAX / 2);
	if ((f->flags & O_ACCMODE) == O_RDONLY)
		return ends_refuse_read(f->fs, f->id->map_id, d);
	return ends_may_push(f->fs, f->id->map_id, d);
}

static int push_read(struct file *f, size_t size, off_t off, struct buf *out, struct diag *d)
{
	(void)size;
	(void)off;
	(void)out;
	return ends_refuse_read(f->fs, f->id->map_id, d);
}

/* Forgets the first bytes of what waits. */
static void drop(struct pushfile *p, size_t len)
{
	struct buf *text = &p->text;

	if (!len)
		return;
	memmove(text->data, text->data + len, text->len - len);
	buf_resize(text, text->len - len);
	buf_trim(text);
	openfile_hold(&p->file, text->len, NULL);
}

/* Pushes what is whole of what waits. At an error all is forgotten. */
static int push_waiting(struct pushfile *p, struct diag *d)
{
	struct ends_pushed done = {0, 0};
	int err = ends_push(p->file.fs, p->file.id->map_id, p->text.data, p->text.len, &done, d);

	p->lines += done.lines;
	if (!err) {
		drop(p, done.bytes);
		return 0;
	}
	p->lines++;
	diag_number(d, p->file.fs->options.raw_values ? "element" : "line", p->lines);
	openfile_clear(&p->file, &p->text);
	return err;
}

static int add(struct pushfile *p, const char *bytes, size_t size)
{
	int err = openfile_hold(&p->file, p->text.len + size, NULL);

	buf_add(&p->text, bytes, size);
	if (!err)
		err = buf_error(&p->text);
	if (err)
		openfile_clear(&p->file, &p->text);
	return err;
}

static int push_write(struct file *f, const char *bytes, size_t size, off_t off, struct diag *d)
{
	struct pushfile *p = pushfile(f);
	int err = size ? add(p, bytes, size) : 0;

	(void)off;
	return err || !size ? err : push_waiting(p, d);
}

/* The last line may lack its end. */
static int push_last(struct pushfile *p, struct diag *d)
{
	size_t left = p->text.len;
	int err;

	if (!left)
		return 0;
	if (p->file.fs->options.raw_values) {
		buf_clear(&p->text);
		return diag_set(d, EINVAL, "the last %zu bytes are no whole element", left);
	}
	err = add(p, "\n", 1);
	return err ? err : push_waiting(p, d);
}

static int push_flush(struct file *f, struct diag *d)
{
	int err = push_last(pushfile(f), d);

	openfile_set_flushed(f);
	return err;
}

static int push_truncate(struct file *f, off_t size, struct diag *d)
{
	(void)f;
	return size ? diag_set(d, EINVAL, "elements go in here, which has no length") : 0;
}

static int push_close(struct file *f, struct diag *d)
{
	int err = push_last(pushfile(f), d);

	buf_free(&pushfile(f)->text);
	return err;
}

const struct file_type pushfile_type = {
	.size = sizeof(struct pushfile),
	.open = push_open,
	.read = push_read,
	.write = push_write,
	.truncate = push_truncate,
	.flush = push_flush,
	.sync = do_nothing,
	.close = push_close,
};
