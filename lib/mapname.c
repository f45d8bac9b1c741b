/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/mapname.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "lib/text.h"

static bool escaped_in_display(unsigned char c, size_t at)
{
	return c < ' ' || c == 0x7f || c == '%' || c == '@' || c == ',' || c == '/' ||
	       (c == '.' && at == 0);
}

static bool escaped_in_pin(unsigned char c, size_t at)
{
	return c == '.' || escaped_in_display(c, at);
}

void mapname_display(const char *raw, size_t len, struct buf *out)
{
	text_escape(raw, len, escaped_in_display, out);
}

void mapname_raw(const char *name, struct buf *out)
{
	text_unescape(name, strlen(name), out);
}

/* What is made of it lacks what it lacks. */
static void pass_error(const struct buf *from, struct buf *out)
{
	if (buf_error(from))
		buf_fail(out, buf_error(from));
}

void mapname_canonical(const char *name, struct buf *out)
{
	struct buf raw = BUF_INIT(PATH_MAX);

	mapname_raw(name, &raw);
	mapname_display(raw.data, raw.len, out);
	pass_error(&raw, out);
	buf_free(&raw);
}

void mapname_pin_of_raw(const char *raw, size_t len, struct buf *out)
{
	text_escape(raw, len, escaped_in_pin, out);
}

void mapname_pin(const char *name, struct buf *out)
{
	struct buf raw = BUF_INIT(PATH_MAX);

	mapname_raw(name, &raw);
	mapname_pin_of_raw(raw.data, raw.len, out);
	pass_error(&raw, out);
	buf_free(&raw);
}

void mapname_of_pin(const char *pin, struct buf *out)
{
	struct buf again = BUF_INIT(PATH_MAX);
	size_t start = out->len;

	mapname_raw(pin, out);
	if (!buf_error(out) && out->len > start && !memchr(out->data + start, 0, out->len - start))
		text_escape(out->data + start, out->len - start, escaped_in_pin, &again);
	if (!again.data || strcmp(again.data, pin) != 0) {
		buf_resize(out, start);
		buf_adds(out, pin);
	}
	if (buf_error(&again) == -ENOMEM)
		pass_error(&again, out);
	buf_free(&again);
}

int mapname_check(const char *name, struct diag *d)
{
	struct buf raw = BUF_INIT(PATH_MAX), pin = BUF_INIT(PATH_MAX);
	int err = 0;

	mapname_raw(name, &raw);
	mapname_pin(name, &pin);
	if (buf_error(&raw) == -ENOMEM || buf_error(&pin) == -ENOMEM)
		err = -ENOMEM;
	else if (!raw.len || name[0] == '.')
		err = diag_at(d, EINVAL, 0, "a map's name is not empty and begins with no dot");
	else if (name[0] == '@')
		err = diag_at(d, EINVAL, 0, "@ID names a map that exists");
	else if (memchr(raw.data, '\0', raw.len))
		err = diag_set(d, EINVAL, "a map's name has no NUL byte");
	else if (pin.len > NAME_MAX)
		err = diag_set(d, ENAMETOOLONG, "the name of the pin would pass %d bytes",
			       NAME_MAX);
	buf_free(&raw);
	buf_free(&pin);
	return err;
}

bool mapname_id(const char *name, uint32_t *id)
{
	uint64_t number = 0;

	if (name[0] != '@' || !name[1])
		return false;
	for (const char *digit = name + 1; *digit; digit++) {
		if (*digit < '0' || *digit > '9')
			return false;
		number = number * 10 + (uint64_t)(*digit - '0');
		if (number > UINT32_MAX)
			return false;
	}
	*id = (uint32_t)number;
	return true;
}
