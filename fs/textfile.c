/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>

#include "fs/kind.h"
#include "fs/newpart.h"
#include "lib/text.h"

enum { LARGE_TEXT = 64 * 1024 };

struct textfile {
	struct file file;
	struct buf text; /* what is served, or the draft */
	size_t limit;    /* of a draft */
	bool is_draft;
	bool dirty;        /* the draft says something that is not stored */
	bool strict;       /* see textfile.h */
	bool reserved;     /* the draft has its length, and its bytes are still to come */
	bool served;       /* its beginning was read */
	bool told;         /* a refusal at close was reported */
	size_t judged_len; /* of the draft when it was judged last */
	size_t stored_len; /* of the draft when it was last stored, less blanks behind it */
	uint64_t put_flags;
	int64_t mtime; /* as seen.h */
};

static struct textfile *self(struct file *f)
{
	return (struct textfile *)f;
}

/* What it is a text of: a rename moves the node, and the file with it. Each call
 * below asks once: a key that becomes a staging file has no write and no read. */
static const struct identity *identity(const struct textfile *t)
{
	return node_identity(t->file.node);
}

static void show(struct textfile *t)
{
	bool has_size = !t->is_draft && !kind_of(identity(t)->kind)->personal;

	openfile_show(&t->file, has_size ? (off_t)t->text.len : -1, t->mtime);
}

/* Storing. */

static void stored(struct textfile *t)
{
	t->dirty = false;
	t->told = false;
	t->stored_len = t->text.len;
	while (t->stored_len && text_is_blank(t->text.data[t->stored_len - 1]))
		t->stored_len--;
	if (t->put_flags == BPF_NOEXIST)
		t->put_flags = BPF_ANY;
	openfile_set_stored(&t->file);
}

static bool is_raw(const struct textfile *t)
{
	return t->file.fs->options.raw_values;
}

/* Are bytes of it still to come? */
static bool is_part(const struct textfile *t)
{
	return t->reserved && !is_raw(t) && newpart_is(t->text.data, t->text.len);
}

/* Judges the draft. last: nothing follows, so a prefix is refused. */
static int judge(struct textfile *t, bool last, struct diag *d)
{
	const struct identity *id = identity(t);
	const struct kind *kind = kind_of(id->kind);
	const char *text = t->text.data ? t->text.data : "";
	int err = -ENOENT;

	if (last && is_part(t) && kind->keep_part)
		err = kind->keep_part(t->file.fs, id, text, t->text.len, d);
	else if (kind->write)
		err = kind->write(t->file.fs, id, text, t->text.len, t->put_flags, d);
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
	const struct identity *id = identity(t);
	const struct kind *kind = kind_of(id->kind);
	int err = kind->blank ? kind->blank(t->file.fs, id, t->put_flags, d) : 0;

	if (!err)
		stored(t);
	return err;
}

/* The draft begins empty. */
static void start_draft(struct textfile *t)
{
	openfile_clear(&t->file, &t->text);
	t->is_draft = t->strict = true;
	t->dirty = t->told = t->reserved = false;
	t->stored_len = 0;
	openfile_set_blank(&t->file, true);
}

/* Takes a new text. If that fails, what is left is an empty draft, which has no size to show, and
 * the next read at offset 0 tries again. */
static int take_text(struct textfile *t, struct diag *d)
{
	const struct identity *id = identity(t);
	const struct kind *kind = kind_of(id->kind);
	int err = -ENOENT;

	openfile_clear(&t->file, &t->text);
	t->dirty = false;
	if (kind->read && !openfile_is_dead(&t->file))
		err = kind->read(t->file.fs, id, &t->text, &t->mtime);
	if (!err)
		err = openfile_hold(&t->file, t->text.len, d);
	if (err)
		openfile_clear(&t->file, &t->text);
	t->is_draft = t->served = err != 0;
	return err;
}

/* Opening. */

/* A name that was not there when the kernel looked. */
static int open_created(struct textfile *t, struct diag *d)
{
	bool exclusive = t->file.flags & O_EXCL;
	int err = take_text(t, d);

	if (!err && exclusive)
		return diag_set(d, EEXIST, "the map has this key already");
	t->put_flags = exclusive ? BPF_NOEXIST : BPF_ANY;
	if (err != -ENOENT)
		return err;
	t->file.creating = true;
	start_draft(t);
	return 0;
}

static int open_existing(struct textfile *t, bool writable, struct diag *d)
{
	int err = take_text(t, d);

	if (err == -EOPNOTSUPP && writable) {
		t->put_flags = BPF_ANY; /* what is there nobody can tell */
		return 0;
	}
	if (err != -ENOENT || !writable || !openfile_is_creating(t->file.fs, t->file.node))
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
	if (writable || created)
		err = kind_may_write(f->fs, f->id, d);
	if (!err)
		err = created ? open_created(t, d) : open_existing(t, writable, d);
	if (err == -EOPNOTSUPP && d && !d->err)
		diag_set(d, EOPNOTSUPP, "the kernel does not tell what is there");
	if (err) {
		buf_free(&t->text);
		return err;
	}
	if (writable && (f->flags & O_TRUNC) && !f->creating)
		start_draft(t);
	t->limit = kind_text_limit(f->fs, f->id);
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

static int text_read(struct file *f, size_t size, off_t off, struct buf *out, struct diag *d)
{
	struct textfile *t = self(f);
	int err = wants_new_text(t, off) ? take_text(t, d) : 0;

	if (err) {
		show(t);
		return err;
	}
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

/* 0 if a draft may be that long, which it then is charged for, and something may be stored at
 * all. */
static int check_draft(struct textfile *t, size_t len, struct diag *d)
{
	if (openfile_is_dead(&t->file))
		return diag_set(d, ENOENT, "the key was removed");
	if (len > t->limit)
		return diag_set(d, EFBIG, "longer than any text of a value of this map");
	return openfile_hold(&t->file, len > t->text.len ? len : t->text.len, d);
}

/* The draft is charged for what it has become. */
static void end_draft(struct textfile *t)
{
	buf_trim(&t->text);
	openfile_hold(&t->file, t->text.len, NULL);
}

/* Only blanks behind a text that is stored: nothing to store again. */
static bool adds_nothing(const struct textfile *t, const char *bytes, size_t size, size_t off)
{
	if (t->file.fs->options.raw_values || !t->is_draft || t->dirty || !t->stored_len ||
	    off < t->stored_len || off > t->text.len)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!text_is_blank(bytes[i]))
			return false;
	return true;
}

static int put_into_draft(struct textfile *t, const char *bytes, size_t size, size_t off)
{
	int err;

	if (t->strict && !t->reserved && off == 0) {
		buf_clear(&t->text);
		t->stored_len = 0;
	}
	err = buf_put(&t->text, off, bytes, size);
	if (err)
		return err;
	t->is_draft = t->dirty = true;
	t->told = false;
	openfile_set_blank(&t->file, false);
	return 0;
}

/* A draft as it was before a write that may be refused. What the write only adds
 * needs no copy. */
struct before {
	struct buf text; /* empty if nothing is overwritten */
	size_t len, stored_len;
	bool dirty;
};

static int remember(const struct textfile *t, size_t off, struct before *before)
{
	*before = (struct before){
		.text = BUF_INIT(SIZE_MAX / 2),
		.len = t->text.len,
		.stored_len = t->stored_len,
		.dirty = t->dirty,
	};
	if (t->strict && !t->reserved && off < t->text.len)
		buf_add(&before->text, t->text.data, t->text.len);
	return buf_error(&before->text);
}

static void restore(struct textfile *t, struct before *before)
{
	if (before->text.len)
		buf_put(&t->text, 0, before->text.data, before->text.len);
	buf_resize(&t->text, before->len);
	t->stored_len = before->stored_len;
	t->dirty = before->dirty;
}

/*
 * Must this write judge the draft? A large text that comes in many pieces would
 * be parsed as often from its start; so beyond LARGE_TEXT it is judged when a
 * line ends or an eighth has come since the last time, and at close in any case.
 */
static bool is_due(const struct textfile *t)
{
	if (t->reserved && (is_raw(t) || is_part(t)))
		return false;
	return t->reserved || t->text.len <= LARGE_TEXT || t->text.data[t->text.len - 1] == '\n' ||
	       t->text.len < t->judged_len || t->text.len - t->judged_len >= t->judged_len / 8;
}

static int write_and_judge(struct textfile *t, const char *bytes, size_t size, size_t off,
			   struct diag *d)
{
	struct before before;
	int err = remember(t, off, &before);

	if (!err)
		err = put_into_draft(t, bytes, size, off);
	if (!err && t->strict && is_due(t))
		err = judge(t, false, d);
	if (err == -EAGAIN)
		err = 0;
	if (err)
		restore(t, &before);
	buf_free(&before.text);
	return err;
}

static int text_write(struct file *f, const char *bytes, size_t size, off_t at, struct diag *d)
{
	struct textfile *t = self(f);
	size_t off = f->flags & O_APPEND ? t->text.len : (size_t)at;
	int err = check_draft(t, off + size, d);

	if (err)
		openfile_set_blank(f, false); /* what was refused does not zero the key */
	if (err || !size)
		return err;
	if (adds_nothing(t, bytes, size, off))
		return buf_put(&t->text, off, bytes, size);
	err = write_and_judge(t, bytes, size, off, d);
	if (err)
		openfile_set_blank(f, false);
	end_draft(t);
	show(t);
	return err;
}

static int text_truncate(struct file *f, off_t size, struct diag *d)
{
	struct textfile *t = self(f);
	int err = check_draft(t, (size_t)size, d);

	if (err)
		return err;
	if (size == 0) {
		start_draft(t);
		show(t);
		return 0;
	}
	if ((size_t)size == t->text.len && !t->dirty && (!t->is_draft || t->stored_len))
		return 0;
	err = buf_resize(&t->text, (size_t)size);
	end_draft(t);
	if (err)
		return err;
	t->is_draft = t->dirty = true;
	openfile_set_blank(f, false);
	show(t);
	err = judge(t, false, d);
	if (err == -EAGAIN)
		return 0;
	t->dirty = false;
	if (err)
		t->stored_len = 0;
	return err;
}

static int text_reserve(struct file *f, off_t size, struct diag *d)
{
	struct textfile *t = self(f);
	int err = check_draft(t, (size_t)size, d);

	if (!err && (!t->is_draft || !t->strict || t->text.len))
		err = -EOPNOTSUPP;
	if (!err)
		err = buf_resize(&t->text, (size_t)size);
	end_draft(t);
	if (err)
		return err;
	t->reserved = t->dirty = true;
	openfile_set_blank(f, false);
	show(t);
	return 0;
}

/* Closing. */

/* Judges what waits. A refusal is explained once, however often it is closed. */
static int settle_draft(struct textfile *t, struct diag *d)
{
	int err;

	if (!t->dirty)
		return 0;
	if (openfile_is_dead(&t->file))
		err = diag_set(t->told ? NULL : d, ENOENT, "the key was removed");
	else
		err = judge(t, true, t->told ? NULL : d);
	t->told = err != 0;
	return err;
}

static int sync_draft(struct textfile *t, struct diag *d)
{
	return openfile_is_blank(&t->file) ? store_blank(t, d) : settle_draft(t, d);
}

static int text_sync(struct file *f, struct diag *d)
{
	return sync_draft(self(f), d);
}

static int text_flush(struct file *f, struct diag *d)
{
	const struct identity *id = identity(self(f));
	int err = settle_draft(self(f), d);

	if (err)
		openfile_keep_refusal(f, err);
	if (kind_of(id->kind)->closed)
		kind_of(id->kind)->closed(f->fs, id);
	openfile_set_flushed(f);
	return err;
}

static int text_close(struct file *f, struct diag *d)
{
	struct textfile *t = self(f);
	int err = t->told ? 0 : sync_draft(t, d);

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
	.reserve = text_reserve,
	.flush = text_flush,
	.sync = text_sync,
	.close = text_close,
};
