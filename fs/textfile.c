/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>

#include "fs/kind.h"

enum { LARGE_TEXT = 64 * 1024 };

struct textfile {
	struct file file;
	struct buf text; /* what is served, or the draft */
	bool is_draft;
	bool dirty;        /* the draft says something that is not stored */
	bool strict;       /* see textfile.h */
	bool served;       /* its beginning was read */
	bool told;         /* a refusal at close was reported */
	size_t judged_len; /* of the draft when it was judged last */
	size_t stored_len; /* of the draft when it was last stored, less blanks behind it */
	uint64_t put_flags;
	time_t mtime;
};

static struct textfile *self(struct file *f)
{
	return (struct textfile *)f;
}

static bool is_blank_byte(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void show(struct textfile *t)
{
	openfile_show(&t->file, t->is_draft ? -1 : (off_t)t->text.len, t->mtime);
}

/* Storing. */

static void stored(struct textfile *t)
{
	t->dirty = false;
	t->told = false;
	t->stored_len = t->text.len;
	while (t->stored_len && is_blank_byte(t->text.data[t->stored_len - 1]))
		t->stored_len--;
	if (t->put_flags == BPF_NOEXIST)
		t->put_flags = BPF_ANY;
	openfile_set_stored(&t->file);
}

/* Judges the draft. last: nothing follows, so a prefix is refused. */
static int judge(struct textfile *t, bool last, struct diag *d)
{
	const struct file *f = &t->file;
	const char *text = t->text.data ? t->text.data : "";
	int err = kind_of(f->id->kind)->write(f->fs, f->id, text, t->text.len, t->put_flags, d);

	t->judged_len = t->text.len;
	if (!err)
		stored(t);
	else
		diag_quote(d, text, t->text.len);
	if (err != -EAGAIN || !last)
		return err;
	if (d)
		d->err = EINVAL;
	return -EINVAL;
}

static int store_blank(struct textfile *t, struct diag *d)
{
	const struct file *f = &t->file;
	const struct kind *kind = kind_of(f->id->kind);
	int err = kind->blank ? kind->blank(f->fs, f->id, t->put_flags, d) : 0;

	if (!err)
		stored(t);
	return err;
}

/* The draft begins empty. */
static void start_draft(struct textfile *t)
{
	buf_clear(&t->text);
	t->is_draft = t->strict = true;
	t->dirty = false;
	t->stored_len = 0;
	openfile_set_blank(&t->file, true);
}

static int take_text(struct textfile *t)
{
	struct file *f = &t->file;

	buf_clear(&t->text);
	t->is_draft = t->dirty = false;
	return kind_of(f->id->kind)->read(f->fs, f->id, &t->text, &t->mtime);
}

/* Opening. */

/* A name that was not there when the kernel looked. */
static int open_created(struct textfile *t, struct diag *d)
{
	bool exclusive = t->file.flags & O_EXCL;
	int err = take_text(t);

	if (!err && exclusive)
		return diag_set(d, EEXIST, "the map has this key already");
	t->put_flags = exclusive ? BPF_NOEXIST : BPF_ANY;
	if (err != -ENOENT)
		return err;
	t->file.creating = true;
	start_draft(t);
	return 0;
}

static int open_existing(struct textfile *t)
{
	int err = take_text(t);

	if (err != -ENOENT || !openfile_is_creating(t->file.fs, t->file.node))
		return err;
	t->put_flags = BPF_ANY;
	t->strict = true;
	return 0;
}

static int text_open(struct file *f, bool created, struct diag *d)
{
	bool writable = (f->flags & O_ACCMODE) != O_RDONLY;
	struct textfile *t = self(f);
	int err = 0;

	t->text = BUF_INIT(SIZE_MAX / 2);
	t->put_flags = BPF_EXIST;
	if (writable)
		err = kind_may_write(f->fs, f->id, d);
	if (!err)
		err = created ? open_created(t, d) : open_existing(t);
	if (err) {
		buf_free(&t->text);
		return err;
	}
	if (writable && (f->flags & O_TRUNC) && !f->creating)
		start_draft(t);
	t->text.max = kind_text_limit(f->fs, f->id);
	t->strict |= (f->flags & O_APPEND) != 0;
	show(t);
	return 0;
}

/* Reading. */

/* At offset 0 a new text is due, unless the one from open was not served yet or
 * the draft is not stored. */
static bool wants_new_text(struct textfile *t, off_t off)
{
	if (off != 0)
		return false;
	return t->is_draft ? !t->dirty && !openfile_is_blank(&t->file) : t->served;
}

static int text_read(struct file *f, size_t size, off_t off, struct buf *out)
{
	struct textfile *t = self(f);
	int err = wants_new_text(t, off) ? take_text(t) : 0;

	if (err)
		return err;
	if (off == 0)
		t->served = true;
	if ((uint64_t)off < t->text.len) {
		size_t left = t->text.len - (size_t)off;

		buf_add(out, t->text.data + off, size < left ? size : left);
	}
	show(t);
	return buf_error(out);
}

/* Writing. */

static int too_long(int err, struct diag *d)
{
	return diag_set(d, -err, "longer than any text of a value of this map");
}

/* Only blanks behind a text that is stored: nothing to store again. */
static bool adds_nothing(const struct textfile *t, const char *bytes, size_t size, size_t off)
{
	if (!t->is_draft || t->dirty || !t->stored_len || off < t->stored_len)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!is_blank_byte(bytes[i]))
			return false;
	return true;
}

static int put_into_draft(struct textfile *t, const char *bytes, size_t size, size_t off)
{
	int err;

	if (t->strict && off == 0) {
		buf_clear(&t->text);
		t->stored_len = 0;
	}
	err = buf_put(&t->text, off, bytes, size);
	if (err)
		return err;
	t->is_draft = t->dirty = true;
	openfile_set_blank(&t->file, false);
	return 0;
}

/* Takes a refused write out of the draft. What waited before it still waits. */
static void undo_write(struct textfile *t, size_t off, bool was_dirty)
{
	if (off < t->text.len)
		buf_resize(&t->text, off);
	t->dirty = was_dirty && off > 0;
}

/*
 * Must this write judge the draft? A large text that comes in many pieces would
 * be parsed as often from its start; so beyond LARGE_TEXT it is judged when a
 * line ends or an eighth has come since the last time, and at close in any case.
 */
static bool is_due(const struct textfile *t)
{
	return t->text.len <= LARGE_TEXT || t->text.data[t->text.len - 1] == '\n' ||
	       t->text.len < t->judged_len || t->text.len - t->judged_len >= t->judged_len / 8;
}

static int text_write(struct file *f, const char *bytes, size_t size, off_t at, struct diag *d)
{
	struct textfile *t = self(f);
	size_t off = f->flags & O_APPEND ? t->text.len : (size_t)at;
	bool was_dirty = t->dirty;
	int err;

	if (!size)
		return 0;
	if (adds_nothing(t, bytes, size, off))
		return buf_put(&t->text, off, bytes, size);
	err = put_into_draft(t, bytes, size, off);
	if (err)
		return too_long(err, d);
	err = t->strict && is_due(t) ? judge(t, false, d) : 0;
	if (err == -EAGAIN)
		err = 0;
	if (err)
		undo_write(t, off, was_dirty);
	show(t);
	return err;
}

static int text_truncate(struct file *f, off_t size, struct diag *d)
{
	struct textfile *t = self(f);
	int err;

	if (size == 0) {
		start_draft(t);
		show(t);
		return 0;
	}
	if ((size_t)size == t->text.len && !t->dirty)
		return 0;
	err = buf_resize(&t->text, (size_t)size);
	if (err)
		return too_long(err, d);
	t->is_draft = t->dirty = true;
	openfile_set_blank(f, false);
	show(t);
	err = judge(t, false, d);
	if (err == -EAGAIN)
		return 0;
	t->dirty = false;
	return err;
}

/* Closing. */

/* Judges what waits. A refusal is explained once, however often it is closed. */
static int settle_draft(struct textfile *t, struct diag *d)
{
	int err;

	if (!t->dirty)
		return 0;
	err = judge(t, true, t->told ? NULL : d);
	if (err) {
		t->told = true;
		openfile_keep_refusal(&t->file, err);
	}
	return err;
}

static int text_flush(struct file *f, struct diag *d)
{
	int err = settle_draft(self(f), d);

	openfile_set_flushed(f);
	return err;
}

static int text_sync(struct file *f, struct diag *d)
{
	struct textfile *t = self(f);

	return openfile_is_blank(f) ? store_blank(t, d) : settle_draft(t, d);
}

static int text_close(struct file *f, struct diag *d)
{
	struct textfile *t = self(f);
	int err = t->told ? 0 : text_sync(f, d);

	if (err)
		openfile_keep_refusal(f, err);
	t->dirty = false;
	buf_free(&t->text);
	return err;
}

const struct file_type textfile_type = {
	.size = sizeof(struct textfile),
	.open = text_open,
	.read = text_read,
	.write = text_write,
	.truncate = text_truncate,
	.flush = text_flush,
	.sync = text_sync,
	.close = text_close,
};
