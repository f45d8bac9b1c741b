/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Specs. Input: a byte for how it is read (',', newlines, or types alone), then the spec. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctype.h"
#include "lib/diag.h"
#include "lib/maptype.h"
#include "lib/spec.h"

enum { MOST_BYTES = 2048 }; /* of a type whose bytes are tried */

static void promise(bool holds, const char *what, const struct buf *text)
{
	fuzz_promise(holds, what, NULL, NULL, text);
}

/* What mkdir begins with. */
static struct spec start(void)
{
	return (struct spec){.type = maptype_by_name("hash", 4), .max_entries = 1};
}

static void check_result(int err, const struct diag *d, size_t len)
{
	promise(err == 0 || err == -EINVAL || err == -ENOMEM, "a spec is one or not", NULL);
	promise(err != -EINVAL || (d->err == EINVAL && d->why[0]), "a refusal is explained", NULL);
	promise(err != -EINVAL || !d->placed || d->offset <= len, "a refusal has its place", NULL);
}

/* The word of a type is read as a type of the same meaning. */
static void check_word(const struct ctype *type)
{
	struct buf word = BUF_INIT(FUZZ_TEXT_MAX);
	struct ctype *again = NULL;

	ctype_print_spec(type, &word);
	promise(!ctype_parse(word.data, word.len, &again, NULL), "a word is read back", &word);
	promise(ctype_is_alike(type, again), "a word means the same type", &word);
	ctype_unref(again);
	buf_free(&word);
}

static void check_type(const struct ctype *type, const uint8_t *data, size_t size)
{
	unsigned char *bytes, *present;

	if (!type)
		return;
	check_word(type);
	if (type->size > MOST_BYTES)
		return;
	bytes = fuzz_bytes(type->layout, data, size, true);
	present = fuzz_bytes(type->layout, NULL, 0, false);
	fuzz_name_of_bytes(type->layout, bytes);
	fuzz_value_of_bytes(CODEC_TEXT, type->layout, bytes, present);
	free(present);
	free(bytes);
}

/* What .map shows, written into another .map, shows the same there. */
static void check_print(const struct spec *s)
{
	struct buf first = BUF_INIT(FUZZ_TEXT_MAX), second = BUF_INIT(FUZZ_TEXT_MAX);
	struct spec again = {.type = NULL};

	spec_print(s, &first);
	promise(!buf_error(&first), "a spec is printed", &first);
	promise(!spec_parse(&again, first.data, first.len, '\n', NULL), "a spec is read back",
		&first);
	promise(spec_is_as_asked(&again, s), "a spec read back asks for the same", &first);
	spec_print(&again, &second);
	promise(first.len == second.len && memcmp(first.data, second.data, first.len) == 0,
		"a spec is printed the same again", &first);
	spec_free(&again);
	buf_free(&first);
	buf_free(&second);
}

static void check_spec(const char *text, size_t len, char separator)
{
	struct spec before = start(), s = before;
	struct diag d = {0};
	int err = spec_parse(&s, text, len, separator, &d);

	check_result(err, &d, len);
	promise(!err || memcmp(&s, &before, sizeof(s)) == 0, "a refused spec changes nothing",
		NULL);
	if (!err) {
		check_type(s.key, (const uint8_t *)text, len);
		check_type(s.value, (const uint8_t *)text, len);
		check_print(&s);
	}
	spec_free(&s);
}

static void check_types(const char *text, size_t len)
{
	struct spec types;
	struct diag d = {0};
	int err = spec_parse_types(&types, text, len, &d);

	check_result(err, &d, len);
	if (err)
		return;
	check_type(types.key, (const uint8_t *)text, len);
	check_type(types.value, (const uint8_t *)text, len);
	spec_free(&types);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (!size)
		return 0;
	if (data[0] % 3 == 2)
		check_types(text, size - 1);
	else
		check_spec(text, size - 1, data[0] % 3 ? '\n' : ',');
	return 0;
}
