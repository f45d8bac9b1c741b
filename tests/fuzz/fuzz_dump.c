/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Lines of .dump. Input: a byte for the layout of the keys, one for that of the values, then a
 * line, whose bytes are tried as a key and a value too.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bulkline.h"

enum {
	MOST_BEGINNINGS = 256, /* of a line; of one that is not longer all */
	SOME_BEGINNINGS = 16,  /* of what is printed, which the unit tests try for all */
};

struct entry {
	unsigned char *key, *value;
	enum bulkline_says says;
};

static void begin_entry(const struct bulk_view *view, struct entry *e)
{
	*e = (struct entry){.key = calloc(1, view->desc->key->size),
			    .value = calloc(1, view->desc->value->size)};
	if (!e->key || !e->value)
		abort();
}

static void end_entry(struct entry *e)
{
	free(e->key);
	free(e->value);
}

/* Of the exact length, so that the sanitizer sees who reads on. */
static int parse(const struct bulk_view *view, const char *line, size_t len, struct entry *e,
		 struct diag *d)
{
	char *exact = malloc(len ? len : 1);
	int err;

	if (!exact)
		abort();
	memcpy(exact, line, len);
	err = bulkline_parse(view, exact, len, e->key, e->value, &e->says, d);
	free(exact);
	return err;
}

static void check_refusal(const struct bulk_view *view, int err, size_t len, const struct diag *d)
{
	fuzz_promise(err == -EAGAIN || err == -EINVAL || err == -ENOMEM,
		     "a line is one, may become one, or never will", view->desc->value, NULL, NULL);
	if (err == -ENOMEM)
		return;
	fuzz_promise(d->err == -err && d->why[0], "a refusal is explained", view->desc->value, NULL,
		     NULL);
	fuzz_promise(d->placed && d->offset <= len, "a refusal has its place in the line",
		     view->desc->value, NULL, NULL);
}

static void check_beginnings(const struct bulk_view *view, const char *line, size_t len,
			     size_t most)
{
	for (size_t n = 0; n < len; n += len / most + 1) {
		struct diag d = {0};
		struct entry e;
		int err;

		begin_entry(view, &e);
		err = parse(view, line, n, &e, &d);
		fuzz_promise(err != -EINVAL, "a beginning may wait for the rest", view->desc->value,
			     NULL, NULL);
		if (err)
			check_refusal(view, err, n, &d);
		end_entry(&e);
	}
}

/* Printed, and read back. */
static void check_entry(const struct bulk_view *view, const unsigned char *key,
			const unsigned char *value)
{
	const struct layout *key_layout = view->desc->key, *value_layout = view->desc->value;
	struct buf line = BUF_INIT(FUZZ_TEXT_MAX), scratch = BUF_INIT(FUZZ_TEXT_MAX);
	struct entry again;

	begin_entry(view, &again);
	fuzz_promise(!bulkline_print(view, key, value, &scratch, &line), "an entry has a line",
		     value_layout, value, &line);
	fuzz_promise(line.len <= bulkline_max(view), "a line is no longer than was said",
		     value_layout, value, &line);
	fuzz_promise(memchr(line.data, '\n', line.len) == line.data + line.len - 1,
		     "a line is one line", value_layout, value, &line);
	fuzz_promise(!parse(view, line.data, line.len, &again, NULL), "a line is read back",
		     value_layout, value, &line);
	fuzz_promise(again.says == BULKLINE_STORE, "what is printed is whole", value_layout, value,
		     &line);
	fuzz_promise(memcmp(again.key, key, key_layout->size) == 0, "a line gives the same key",
		     key_layout, again.key, &line);
	fuzz_promise(memcmp(again.value, value, value_layout->size) == 0,
		     "a line gives the same value", value_layout, again.value, &line);
	check_beginnings(view, line.data, line.len, SOME_BEGINNINGS);
	end_entry(&again);
	buf_free(&scratch);
	buf_free(&line);
}

static void check_line(const struct bulk_view *view, const char *line, size_t len)
{
	struct diag d = {0};
	struct entry e;
	int err;

	begin_entry(view, &e);
	err = parse(view, line, len, &e, &d);
	if (err)
		check_refusal(view, err, len, &d);
	else
		check_beginnings(view, line, len, MOST_BEGINNINGS);
	if (!err && (e.says == BULKLINE_STORE || e.says == BULKLINE_COMPLETE))
		check_entry(view, e.key, e.value);
	end_entry(&e);
}

/* The kernel's own, and what lies between the CPUs, no line gives back. */
static bool is_all_said(const struct layout *l)
{
	if (l->kind == LAYOUT_PER_CPU && l->array.stride != l->array.elem->size)
		return false;
	return !l->has_owned;
}

static void check_bytes(const struct bulk_view *view, const uint8_t *data, size_t size)
{
	size_t half = size / 2;

	for (int tidy = 0; tidy < 2 && is_all_said(view->desc->value); tidy++) {
		unsigned char *key = fuzz_bytes(view->desc->key, data, half, tidy);
		unsigned char *value =
			fuzz_bytes(view->desc->value, data + half, size - half, tidy);

		check_entry(view, key, value);
		free(value);
		free(key);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct map_desc desc = {.refs = 1};
	struct bulk_view view = {.desc = &desc};

	if (size < 2 || !fuzz_is_key(fuzz_layout(data[0])))
		return 0;
	desc.key = (struct layout *)fuzz_layout(data[0]);
	desc.value = (struct layout *)fuzz_layout(data[1]);
	check_line(&view, (const char *)data + 2, size - 2);
	check_bytes(&view, data + 2, size - 2);
	return 0;
}
