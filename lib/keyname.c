/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/keyname.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/codec.h"
#include "lib/leaf.h"
#include "lib/text.h"

enum {
	LONGEST_PIECE = 240,
	LONGEST_UNIT = 4, /* a UTF-8 sequence; %XX has 3 */
	SHORTEST_PIECE = LONGEST_PIECE - LONGEST_UNIT + 1,
};

static const char escaped_dot[] = "%2E";

bool keyname_may_be_long(const struct layout *key)
{
	return codec_print_max(CODEC_NAME, key) > NAME_MAX;
}

static bool is_piece_length(size_t len)
{
	return len >= SHORTEST_PIECE && len <= LONGEST_PIECE;
}

bool keyname_has_length_of_piece(const char *name)
{
	return is_piece_length(strlen(name));
}

bool keyname_is_piece(const struct layout *key, const char *name)
{
	return keyname_has_length_of_piece(name) && keyname_may_be_long(key);
}

/* The pieces in one. -EINVAL if one begins with a dot: that is no piece of a key's name,
 * but of a staging file's. */
static int join(const char *name, struct buf *out, struct diag *d)
{
	const char *start = name, *end;

	for (;; name = end + 1) {
		end = strchrnul(name, '/');
		if (*name == '.')
			return diag_at(d, EINVAL, (size_t)(name - start),
				       "a leading dot is written %s", escaped_dot);
		if (name > start && strncmp(name, escaped_dot, strlen(escaped_dot)) == 0) {
			buf_addc(out, '.');
			name += strlen(escaped_dot);
		}
		buf_add(out, name, (size_t)(end - name));
		if (!*end)
			return buf_error(out);
	}
}

/* Have names of this layout different lengths? Those of one leaf that carries all bytes
 * are short, or all of one length. */
static bool is_of_any_length(const struct layout *key)
{
	return key->leaves != 1 || key->is_checked;
}

int keyname_may_begin(const struct layout *key, const char *name)
{
	struct buf bytes = BUF_INIT(SIZE_MAX / 2), joined = BUF_INIT(SIZE_MAX / 2);
	int may = join(name, &joined, NULL), is_hex, err;
	struct text t;

	if (!may && joined.len)
		may = buf_resize(&bytes, key->size);
	if (may || !joined.len)
		goto out;
	t = (struct text){.s = joined.data, .len = joined.len};
	is_hex = leaf_is_hex(&t, false, key->size);
	err = codec_parse(CODEC_NAME, key, joined.data, joined.len, bytes.data, NULL);
	may = is_hex == -EAGAIN || err == -EAGAIN || (!err && !is_hex && is_of_any_length(key));
out:
	buf_free(&bytes);
	buf_free(&joined);
	return may < 0 && may != -ENOMEM ? 0 : may;
}

/* Bytes at s that must not be cut apart. */
static size_t unit_length(const char *s, size_t len)
{
	size_t utf8 = text_utf8_length((const unsigned char *)s, len);

	if (s[0] == '%' && len >= 3)
		return 3;
	return utf8 ? utf8 : 1;
}

/* Appends the name in pieces; returns the length of the last one. */
static size_t cut(const char *name, size_t len, struct buf *out)
{
	size_t piece = 0, unit;

	for (size_t at = 0; at < len; at += unit) {
		unit = unit_length(name + at, len - at);
		if (piece + unit > LONGEST_PIECE) {
			buf_addc(out, '/');
			piece = 0;
		}
		if (piece == 0 && name[at] == '.') {
			buf_adds(out, escaped_dot);
			piece += strlen(escaped_dot);
		} else {
			buf_add(out, name + at, unit);
			piece += unit;
		}
	}
	return piece;
}

/* Would the last piece have the length that a directory of another key could have? */
static bool is_mistakable(const struct layout *key, size_t last_piece)
{
	return is_of_any_length(key) && is_piece_length(last_piece);
}

static int print_long(const struct layout *key, const void *bytes, struct buf *out)
{
	struct buf name = BUF_INIT(SIZE_MAX / 2);
	size_t start = out->len, last = 0;
	int err = codec_print(CODEC_NAME, key, bytes, &name);

	if (!err && name.len <= NAME_MAX) {
		last = name.len;
		buf_add(out, name.data, name.len);
	} else if (!err) {
		last = cut(name.data, name.len, out);
	}
	if (!err && is_mistakable(key, last)) {
		buf_resize(out, start);
		buf_clear(&name);
		leaf_print_hex(bytes, key->size, false, &name);
		err = buf_error(&name);
		if (!err && name.len > NAME_MAX)
			cut(name.data, name.len, out);
		else if (!err)
			buf_add(out, name.data, name.len);
	}
	buf_free(&name);
	return err ? err : buf_error(out);
}

int keyname_print(const struct layout *key, const void *bytes, struct buf *out)
{
	size_t start = out->len;
	int err = codec_print(CODEC_NAME, key, bytes, out);

	if (err || out->len - start < SHORTEST_PIECE || !keyname_may_be_long(key))
		return err;
	buf_resize(out, start);
	return print_long(key, bytes, out);
}

static int parse_one(const struct layout *key, const char *name, size_t len, void *bytes,
		     struct diag *d)
{
	int err = codec_parse(CODEC_NAME, key, name, len, bytes, d);

	if (err != -EAGAIN)
		return err;
	if (d)
		d->err = EINVAL;
	return -EINVAL;
}

/* Do pieces that the key's name may be cut into stand before each '/'? If not, *at is it. */
static bool is_in_pieces(const struct layout *key, const char *name, size_t *at)
{
	const char *start = name, *slash;

	for (; (slash = strchr(name, '/')) != NULL; name = slash + 1) {
		*at = (size_t)(slash - start);
		if (!keyname_may_be_long(key) || !is_piece_length((size_t)(slash - name)))
			return false;
	}
	return true;
}

int keyname_parse(const struct layout *key, const char *name, void *bytes, struct diag *d)
{
	struct buf joined = BUF_INIT(SIZE_MAX / 2);
	size_t at;
	int err;

	if (!strchr(name, '/'))
		return parse_one(key, name, strlen(name), bytes, d);
	if (!is_in_pieces(key, name, &at))
		return diag_at(d, EINVAL, at, "a '/' in a name is written %%2F");
	err = join(name, &joined, d);
	if (!err)
		err = parse_one(key, joined.data ? joined.data : "", joined.len, bytes, d);
	buf_free(&joined);
	return err;
}
