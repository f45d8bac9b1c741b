/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/ends.h"

#include <errno.h>
#include <string.h>

#include "fs/key.h"
#include "lib/codec.h"
#include "lib/text.h"

enum {
	LARGE_TEXT = 64 * 1024, /* is not judged before its line ends */
	DIGITS_PER_BYTE = 3,    /* two, and a blank */

	/* The kernel cuts what a write(2) brings into requests, which are all longer than this
	 * but the last one. */
	WHOLE_WRITE = 128 * 1024,
};

/* A map opened for one call, with the bytes of one element. */
struct session {
	struct fs *fs;
	struct map_desc *desc;
	struct map map;
	struct buf element;
};

static void session_end(struct session *s)
{
	map_close(&s->map);
	map_desc_unref(s->desc);
	buf_free(&s->element);
}

/* On failure nothing is left to end. */
static int session_start(struct session *s, struct fs *fs, uint32_t map_id, uint32_t open_flags)
{
	int err;

	*s = (struct session){.fs = fs, .map = {.fd = -1}, .element = BUF_INIT(SIZE_MAX / 2)};
	err = catalog_desc(fs->catalog, map_id, &s->desc);
	if (err)
		return err == -ENOENT ? -ESTALE : err;
	err = map_open(&s->map, s->desc, open_flags);
	if (err)
		session_end(s);
	return err;
}

static enum codec_format format_of(const struct session *s)
{
	return s->fs->options.raw_values ? CODEC_RAW : CODEC_TEXT;
}

/* Out. */

static int print(struct session *s, struct buf *text)
{
	return codec_print(format_of(s), s->desc->value, s->element.data, text);
}

int ends_peek(struct fs *fs, uint32_t map_id, struct buf *text)
{
	struct session s;
	int err = session_start(&s, fs, map_id, BPF_F_RDONLY);

	if (err)
		return err;
	err = buf_resize(&s.element, s.desc->value->size);
	if (!err)
		err = map_peek(&s.map, s.element.data);
	if (!err)
		err = print(&s, text);
	session_end(&s);
	return err == -ENOENT ? 0 : err;
}

int ends_pop(struct fs *fs, uint32_t map_id, struct buf *text, struct diag *d)
{
	struct session s;
	int err = session_start(&s, fs, map_id, fs->options.survey.open_flags);

	if (err)
		return err;
	err = buf_resize(&s.element, s.desc->value->size);
	if (!err)
		err = map_pop(&s.map, s.element.data, d);
	if (!err)
		err = print(&s, text);
	session_end(&s);
	return err == -ENOENT ? 0 : err;
}

/* In. */

int ends_refuse_read(struct fs *fs, uint32_t map_id, struct diag *d)
{
	struct map_desc *desc;
	unsigned int ends = 0;

	if (!catalog_desc(fs->catalog, map_id, &desc)) {
		ends = desc->type->ends;
		map_desc_unref(desc);
	}
	if (ends & MAPTYPE_PEEK)
		return diag_set(d, EACCES, "elements go in here: what comes out next is in .peek");
	return diag_set(d, EACCES, "elements go in here: only BPF programs take them out");
}

int ends_may_push(struct fs *fs, uint32_t map_id, struct diag *d)
{
	struct session s;
	int err = session_start(&s, fs, map_id, BPF_F_RDONLY);

	if (err)
		return err;
	if (fs->options.read_only || map_is_frozen(&s.map))
		err = diag_set(d, EROFS, "the map is frozen, or the mount read-only");
	session_end(&s);
	return err;
}

/* Have records any size, the text's? */
static bool is_sizeless(const struct session *s)
{
	return !s->desc->value;
}

/* The bytes of a line of hex digits, with or without 0x in front. */
static uint32_t count_hex(const char *line, size_t len)
{
	struct text t = {.s = line, .len = len};
	size_t digits = 0;

	text_skip_blanks(&t);
	if (text_take(&t, '0') && !text_take(&t, 'x'))
		digits++;
	for (; !text_done(&t); t.pos++)
		digits += text_hex_digit(text_peek(&t)) >= 0;
	return (uint32_t)(digits / 2);
}

/* What an element's text means; NULL: no memory, or it means nothing. */
static struct layout *layout_for(const struct session *s, const char *text, size_t len)
{
	uint32_t bytes;

	if (!is_sizeless(s))
		return layout_ref(s->desc->value);
	bytes = s->fs->options.raw_values ? (uint32_t)len : count_hex(text, len);
	return bytes ? layout_plain(LAYOUT_BYTES, bytes) : NULL;
}

/* The element that a text is, into s->element. */
static int parse(struct session *s, const char *text, size_t len, struct diag *d)
{
	struct layout *layout = layout_for(s, text, len);
	int err;

	if (!layout)
		return diag_set(d, EINVAL,
				"a record without a type is written as hex, two digits a byte");
	buf_clear(&s->element);
	err = buf_resize(&s->element, layout->size);
	if (!err)
		err = codec_parse(format_of(s), layout, text, len, s->element.data, d);
	layout_unref(layout);
	return err;
}

/* Is it surely all that one write(2) brought, where that is what makes a record? */
static int check_whole(const struct session *s, size_t len, struct diag *d)
{
	if (len <= WHOLE_WRITE || !s->fs->options.raw_values || !is_sizeless(s))
		return 0;
	return diag_set(
		d, EFBIG,
		"a raw record is what one write(2) brings, and that is taken up to %d bytes: "
		"write it as text, without values=raw",
		WHOLE_WRITE);
}

static int push(struct session *s, const char *text, size_t len, struct diag *d)
{
	int err = check_whole(s, len, d);

	if (!err)
		err = parse(s, text, len, d);
	if (err == -EAGAIN) {
		err = -EINVAL;
		if (d)
			d->err = EINVAL;
	}
	if (!err)
		err = map_push(&s->map, s->element.data, (uint32_t)s->element.len, d);
	if (err)
		diag_quote(d, text, len);
	return err;
}

/* The length of the first element of a text; 0: it has none that is whole. */
static size_t first_element(const struct session *s, const char *text, size_t len)
{
	const char *newline;

	if (s->fs->options.raw_values && is_sizeless(s))
		return len;
	if (s->fs->options.raw_values)
		return len < s->desc->value->size ? 0 : s->desc->value->size;
	newline = memchr(text, '\n', len);
	return newline ? (size_t)(newline + 1 - text) : 0;
}

/* The most bytes that the text of an element may be written in. */
static size_t text_limit(const struct session *s)
{
	if (is_sizeless(s))
		return (size_t)s->desc->info.max_entries * DIGITS_PER_BYTE + LARGE_TEXT;
	return key_text_limit(s->desc);
}

/* May more make an element of this text? */
static int judge_beginning(struct session *s, const char *text, size_t len, struct diag *d)
{
	int err = 0;

	if (len > text_limit(s))
		return diag_set(d, EFBIG, "longer than any text of an element of this map");
	if (len && len <= LARGE_TEXT && !is_sizeless(s))
		err = parse(s, text, len, d);
	if (err && err != -EAGAIN)
		diag_quote(d, text, len);
	return err == -EAGAIN ? 0 : err;
}

int ends_push(struct fs *fs, uint32_t map_id, const char *text, size_t len,
	      struct ends_pushed *done, struct diag *d)
{
	struct session s;
	size_t next;
	int err = session_start(&s, fs, map_id, fs->options.survey.open_flags);

	if (err)
		return err;
	while (!err && done->bytes < len) {
		next = first_element(&s, text + done->bytes, len - done->bytes);
		if (!next)
			break;
		err = push(&s, text + done->bytes, next, d);
		if (!err) {
			done->bytes += next;
			done->lines++;
		}
	}
	if (!err)
		err = judge_beginning(&s, text + done->bytes, len - done->bytes, d);
	session_end(&s);
	return err;
}
