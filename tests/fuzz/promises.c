/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/fuzz/fuzz.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keyname.h"
#include "lib/record.h"

enum { MOST_BEGINNINGS = 256 }; /* bytes of a text all of whose beginnings are tried */

/* What libbpf says of bad BTF is not asked for. */
static int silent(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	libbpf_set_print(silent);
	return 0;
}

static void show_hex(const char *what, const unsigned char *bytes, size_t len)
{
	fprintf(stderr, "  %s ", what);
	for (size_t i = 0; i < len && i < 1024; i++)
		fprintf(stderr, "%02x", bytes[i]);
	fprintf(stderr, "\n");
}

void fuzz_promise(bool holds, const char *promise, const struct layout *l, const void *bytes,
		  const struct buf *text)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", promise);
	if (l)
		fprintf(stderr, "  layout: kind %d, size %u\n", l->kind, l->size);
	if (l && bytes)
		show_hex("bytes ", bytes, l->size);
	if (text && text->data)
		fprintf(stderr, "  text   %.1024s\n", text->data);
	abort();
}

static unsigned char *zeroes(const struct layout *l)
{
	unsigned char *bytes = calloc(1, l->size);

	if (!bytes)
		abort();
	return bytes;
}

static unsigned char *copy_of(const struct layout *l, const unsigned char *from)
{
	return memcpy(zeroes(l), from, l->size);
}

/* Bytes. */

static void make_tidy(const struct layout *l, unsigned char *bytes)
{
	if (l->kind == LAYOUT_BOOL)
		bytes[0] &= 1;
	if (l->kind == LAYOUT_ARRAY || l->kind == LAYOUT_PER_CPU)
		for (uint32_t i = 0; i < l->array.count; i++)
			make_tidy(l->array.elem, bytes + (size_t)i * l->array.stride);
	if (l->kind != LAYOUT_RECORD)
		return;
	record_clear_holes(l, bytes, true);
	for (uint32_t i = 0; i < l->record.count; i++) {
		const struct layout_member *m = &l->record.members[i];

		if (m->printed && !m->bit_size)
			make_tidy(m->type, bytes + m->offset);
	}
}

static void make_prefix(const struct layout *l, unsigned char *bytes)
{
	uint32_t len;

	memcpy(&len, bytes, sizeof(len));
	len %= l->prefix->size * 8 + 1;
	memcpy(bytes, &len, sizeof(len));
	layout_canonical(l, bytes);
}

unsigned char *fuzz_bytes(const struct layout *l, const uint8_t *data, size_t size, bool tidy)
{
	unsigned char *bytes = zeroes(l);

	if (size)
		memcpy(bytes, data, size < l->size ? size : l->size);
	if (l->kind == LAYOUT_PREFIX)
		make_prefix(l, bytes);
	if (tidy)
		make_tidy(l, bytes);
	return bytes;
}

/* Names. */

bool fuzz_is_key(const struct layout *l)
{
	return !l->has_owned && l->kind != LAYOUT_PER_CPU && l->kind != LAYOUT_OWNED;
}

static bool is_file_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	return len >= 1 && len <= NAME_MAX && name[0] != '.';
}

static void check_directory(const struct layout *key, const struct buf *name, size_t end)
{
	const char *start = memrchr(name->data, '/', end);
	char *piece = strndup(start ? start + 1 : name->data,
			      end - (start ? (size_t)(start + 1 - name->data) : 0));
	char *pieces = strndup(name->data, end);

	fuzz_promise(keyname_may_begin(key, pieces), "a name goes on behind its directories", key,
		     NULL, name);
	fuzz_promise(keyname_is_piece(key, piece), "a directory has the length of one", key, NULL,
		     name);
	free(piece);
	free(pieces);
}

static void check_pieces(const struct layout *key, const struct buf *name)
{
	const char *piece, *end;

	fuzz_promise(name->data && strlen(name->data) == name->len, "a name is a string", key, NULL,
		     name);
	for (piece = name->data;; piece = end + 1) {
		end = strchrnul(piece, '/');
		fuzz_promise(is_file_name(piece, (size_t)(end - piece)),
			     "a piece is the name of a file", key, NULL, name);
		if (!*end)
			break;
		check_directory(key, name, (size_t)(end - name->data));
	}
	fuzz_promise(!keyname_is_piece(key, piece) || !keyname_may_begin(key, name->data),
		     "the name of a file is no directory", key, NULL, name);
}

void fuzz_name_of_bytes(const struct layout *key, const unsigned char *bytes)
{
	struct buf name = BUF_INIT(FUZZ_TEXT_MAX);
	unsigned char *got = zeroes(key);

	fuzz_promise(!keyname_print(key, bytes, &name), "a key has a name", key, bytes, &name);
	check_pieces(key, &name);
	fuzz_promise(!keyname_parse(key, name.data, got, NULL), "a name is read back", key, bytes,
		     &name);
	fuzz_promise(memcmp(got, bytes, key->size) == 0, "a name gives the same key", key, got,
		     &name);
	free(got);
	buf_free(&name);
}

/* What explains a refusal. */
static void check_diag(const struct diag *d, int err, size_t len, const struct layout *l)
{
	if (err == -ENOMEM)
		return;
	fuzz_promise(d->err == -err && d->why[0], "a refusal is explained", l, NULL, NULL);
	fuzz_promise(!d->placed || d->offset <= len, "a refusal has its place in the text", l, NULL,
		     NULL);
}

void fuzz_name_of_text(const struct layout *key, const char *name)
{
	unsigned char *bytes = zeroes(key);
	struct diag d = {0};
	int err = keyname_parse(key, name, bytes, &d);

	fuzz_promise(err == 0 || err == -EINVAL || err == -ENOMEM, "a name is one or not", key,
		     NULL, NULL);
	if (err)
		check_diag(&d, err, strlen(name), key);
	else
		fuzz_name_of_bytes(key, bytes);
	keyname_may_begin(key, name);
	free(bytes);
}

/* Values. */

/* Members of the kernel's, and what lies between CPUs, are said by no text. */
static void keep_unsaid(const struct layout *l, const unsigned char *present, unsigned char *bytes)
{
	if (l->kind == LAYOUT_OWNED)
		memcpy(bytes, present, l->size);
	if (l->kind == LAYOUT_RECORD)
		for (uint32_t i = 0; i < l->record.count; i++) {
			const struct layout_member *m = &l->record.members[i];

			if (m->type->has_owned)
				keep_unsaid(m->type, present + m->offset, bytes + m->offset);
		}
	if (l->kind != LAYOUT_ARRAY && l->kind != LAYOUT_PER_CPU)
		return;
	for (uint32_t i = 0; i < l->array.count; i++) {
		size_t at = (size_t)i * l->array.stride, size = l->array.elem->size;

		keep_unsaid(l->array.elem, present + at, bytes + at);
		memcpy(bytes + at + size, present + at + size, l->array.stride - size);
	}
}

static void check_beginnings(enum codec_format format, const struct layout *l,
			     const struct buf *text)
{
	for (size_t len = 0; len < text->len && text->len <= MOST_BEGINNINGS; len++) {
		char *beginning = memcpy(malloc(len + 1), text->data, len);
		unsigned char *bytes = zeroes(l);
		int err;

		/* of the exact length, so that the sanitizer sees who reads on */
		beginning = realloc(beginning, len ? len : 1);
		err = codec_parse(format, l, beginning, len, bytes, NULL);
		fuzz_promise(err == 0 || err == -EAGAIN || err == -ENOMEM ||
				     (err == -EINVAL && len && beginning[len - 1] == '\n'),
			     "a beginning may wait for the rest", l, bytes, text);
		free(bytes);
		free(beginning);
	}
}

void fuzz_value_of_bytes(enum codec_format format, const struct layout *l,
			 const unsigned char *bytes, const unsigned char *present)
{
	unsigned char *got = copy_of(l, present), *expected = copy_of(l, bytes);
	struct buf text = BUF_INIT(FUZZ_TEXT_MAX);
	int err;

	fuzz_promise(!codec_print(format, l, bytes, &text), "a value has a text", l, bytes, &text);
	fuzz_promise(text.len <= codec_print_max(format, l), "a text is no longer than was said", l,
		     bytes, &text);
	err = codec_parse(format, l, text.data, text.len, got, NULL);
	fuzz_promise(!err, "a text is read back", l, bytes, &text);
	if (format != CODEC_RAW)
		keep_unsaid(l, present, expected);
	fuzz_promise(memcmp(got, expected, l->size) == 0, "a text gives the same value", l, got,
		     &text);
	check_beginnings(format, l, &text);
	buf_free(&text);
	free(expected);
	free(got);
}

void fuzz_value_of_text(enum codec_format format, const struct layout *l, const char *text,
			size_t len, const unsigned char *present)
{
	unsigned char *bytes = copy_of(l, present), *expected;
	struct diag d = {0};
	int err = codec_parse(format, l, text, len, bytes, &d);

	fuzz_promise(err == 0 || err == -EAGAIN || err == -EINVAL || err == -ENOMEM,
		     "a text is one, may become one, or never will", l, NULL, NULL);
	if (err) {
		check_diag(&d, err, len, l);
	} else {
		expected = copy_of(l, bytes);
		if (format != CODEC_RAW)
			keep_unsaid(l, present, expected);
		fuzz_promise(memcmp(bytes, expected, l->size) == 0,
			     "the kernel's own is not written", l, bytes, NULL);
		free(expected);
		fuzz_value_of_bytes(format, l, bytes, present);
	}
	free(bytes);
}
