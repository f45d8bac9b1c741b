/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/streamfile.h"

#include <errno.h>
#include <fcntl.h>

#include "fs/kind.h"
#include "lib/codec.h"
#include "lib/ring.h"

struct streamfile {
	struct file file;
	struct ring *ring;
	struct map_desc *desc; /* as the catalogue last knew the map */
	struct layout *plain;  /* of the last record without a type */
	struct buf text;       /* of the last record */
	size_t given;          /* how much of it was read */
};

/* One read. */
struct reading {
	struct streamfile *s;
	struct buf *out;
	size_t start, end; /* lengths of out: before the read, and at most behind it */
	bool is_fresh;     /* the types were asked for */
};

static struct streamfile *stream_of(struct file *f)
{
	return (struct streamfile *)f;
}

static int stream_close(struct file *f, struct diag *d)
{
	struct streamfile *s = stream_of(f);

	(void)d;
	ring_close(s->ring);
	map_desc_unref(s->desc);
	layout_unref(s->plain);
	buf_free(&s->text);
	return 0;
}

static int stream_open(struct file *f, bool created, struct diag *d)
{
	struct streamfile *s = stream_of(f);
	int err;

	(void)created;
	f->shown_size = -1;
	s->text = BUF_INIT(SIZE_MAX / 2);
	if ((f->flags & O_ACCMODE) != O_RDONLY || f->flags & O_TRUNC)
		return kind_may_write(f->fs, f->id, d);
	err = kind_may_consume(f->fs, f->id, d);
	if (!err)
		err = catalog_desc(f->fs->catalog, f->id->map_id, &s->desc);
	if (!err)
		err = ring_open(s->desc, &s->ring, d);
	if (err)
		stream_close(f, NULL);
	return err;
}

/* Types may change while the file is open; a map that is no longer shown keeps its last. */
static void refresh(struct reading *r)
{
	const struct file *f = &r->s->file;
	struct map_desc *desc;

	if (r->is_fresh || catalog_desc(f->fs->catalog, f->id->map_id, &desc))
		return;
	map_desc_unref(r->s->desc);
	r->s->desc = desc;
	r->is_fresh = true;
}

/* NULL: no memory. */
static const struct layout *layout_for(struct streamfile *s, uint32_t len)
{
	if (s->desc->value && s->desc->value->size == len)
		return s->desc->value;
	if (s->plain && s->plain->size == len)
		return s->plain;
	layout_unref(s->plain);
	s->plain = layout_bytes(len);
	return s->plain;
}

/* A record may have no bytes at all. */
static int print(struct streamfile *s, const void *bytes, uint32_t len)
{
	const struct layout *layout = len ? layout_for(s, len) : NULL;

	if (layout)
		return codec_print(CODEC_TEXT, layout, bytes, &s->text);
	if (len)
		return -ENOMEM;
	buf_addc(&s->text, '\n');
	return buf_error(&s->text);
}

/* Moves what is left of the last record's text, as far as there is room. */
static void give(struct reading *r)
{
	struct streamfile *s = r->s;
	size_t left = s->text.len - s->given, room = r->end - r->out->len;
	size_t len = left < room ? left : room;

	if (!len)
		return; /* there may be no text yet */
	buf_add(r->out, s->text.data + s->given, len);
	if (!buf_error(r->out))
		s->given += len;
}

/* A record that does not fit behind others waits for the next read. */
enum { FULL = 1 };

/* The text is nobody's until it is taken. */
static int look(void *arg, const void *bytes, uint32_t len)
{
	struct reading *r = arg;
	struct streamfile *s = r->s;
	int err;

	if (r->out->len == r->end || s->given < s->text.len)
		return FULL;
	refresh(r);
	openfile_clear(&s->file, &s->text);
	err = print(s, bytes, len);
	if (!err)
		err = openfile_hold(&s->file, s->text.len, NULL);
	s->given = s->text.len;
	if (!err && r->out->len > r->start && s->text.len > r->end - r->out->len)
		err = FULL;
	return err;
}

static void take(void *arg)
{
	struct reading *r = arg;

	r->s->given = 0;
	give(r);
}

static const struct ring_taker taker = {look, take};

static int stream_read(struct file *f, size_t size, off_t off, struct buf *out, struct diag *d)
{
	struct reading r = {stream_of(f), out, out->len, out->len + size, false};
	int err;

	(void)off;
	give(&r);
	err = ring_read(r.s->ring, &taker, &r, d);
	if (buf_error(out))
		return buf_error(out);
	if (out->len > r.start || !size)
		return 0;
	return err ? err : -EAGAIN;
}

static int stream_write(struct file *f, const char *bytes, size_t size, off_t off, struct diag *d)
{
	(void)bytes;
	(void)size;
	(void)off;
	return kind_may_write(f->fs, f->id, d);
}

static int stream_truncate(struct file *f, off_t size, struct diag *d)
{
	(void)size;
	return kind_may_write(f->fs, f->id, d);
}

static int stream_sync(struct file *f, struct diag *d)
{
	(void)f;
	(void)d;
	return 0;
}

static int stream_wait_fd(const struct file *f)
{
	return ring_fd(((const struct streamfile *)f)->ring);
}

const struct file_type streamfile_type = {
	.size = sizeof(struct streamfile),
	.open = stream_open,
	.read = stream_read,
	.write = stream_write,
	.truncate = stream_truncate,
	.flush = stream_sync,
	.sync = stream_sync,
	.close = stream_close,
	.wait_fd = stream_wait_fd,
};
