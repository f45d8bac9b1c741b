/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/codec.h"

#include <errno.h>
#include <string.h>

#include "lib/compose.h"
#include "lib/leaf.h"
#include "lib/leafhost.h"
#include "lib/leafnum.h"
#include "lib/leafstack.h"
#include "lib/text.h"

/*
 * The formats. To add one: a row with an entry for each kind of layout; the
 * printer and the parser of an entry are inverse. To add a kind: an entry in
 * each row.
 */
static const struct format formats[CODEC_FORMATS] = {
	[CODEC_NAME] =
		{
			.hex = FORMAT_HEX_BARE,
			.closing = "",
			.inner = &formats[CODEC_NAME],
			.bare = &formats[CODEC_NAME],
			.kinds =
				{
					[LAYOUT_INT] = &leaf_int,
					[LAYOUT_BOOL] = &leaf_bool_bare,
					[LAYOUT_FLOAT] = &leaf_float,
					[LAYOUT_ENUM] = &leaf_enum_bare,
					[LAYOUT_POINTER] = &leaf_pointer_bare,
					[LAYOUT_IPV4] = &leaf_ipv4_bare,
					[LAYOUT_IPV6] = &leaf_ipv6_bare,
					[LAYOUT_MAC] = &leaf_mac_bare,
					[LAYOUT_CHARS] = &leaf_chars_name,
					[LAYOUT_BYTES] = &leaf_bytes_name,
					[LAYOUT_OCTETS] = &leaf_bytes_name,
					[LAYOUT_PREFIX] = &leaf_prefix_bare,
					[LAYOUT_ARRAY] = &compose_array_name,
					[LAYOUT_PER_CPU] = &compose_array_name,
					[LAYOUT_RECORD] = &compose_record_name,
					[LAYOUT_OWNED] = &leaf_owned,
					[LAYOUT_IFINDEX] = &leaf_ifindex_bare,
					[LAYOUT_PROG] = &leaf_prog_bare,
					[LAYOUT_PID_FD] = &leaf_pid_fd_bare,
					[LAYOUT_FRAMES] = &leaf_frames,
					[LAYOUT_BUILD_IDS] = &leaf_build_ids,
					[LAYOUT_NOTHING] = &leaf_nothing,
				},
		},
	[CODEC_TEXT] =
		{
			.hex = FORMAT_HEX_QUOTED,
			.blanks = true,
			.closing = "\n",
			.inner = &formats[CODEC_JSON],
			.bare = &formats[CODEC_NAME],
			.kinds =
				{
					[LAYOUT_INT] = &leaf_int,
					[LAYOUT_BOOL] = &leaf_bool_bare,
					[LAYOUT_FLOAT] = &leaf_float,
					[LAYOUT_ENUM] = &leaf_enum_bare,
					[LAYOUT_POINTER] = &leaf_pointer_bare,
					[LAYOUT_IPV4] = &leaf_ipv4_bare,
					[LAYOUT_IPV6] = &leaf_ipv6_bare,
					[LAYOUT_MAC] = &leaf_mac_bare,
					[LAYOUT_CHARS] = &leaf_chars_text,
					[LAYOUT_BYTES] = &leaf_bytes_text,
					[LAYOUT_OCTETS] = &leaf_bytes_json,
					[LAYOUT_PREFIX] = &leaf_prefix_bare,
					[LAYOUT_ARRAY] = &compose_array_json,
					[LAYOUT_PER_CPU] = &compose_per_cpu,
					[LAYOUT_RECORD] = &compose_record_json,
					[LAYOUT_OWNED] = &leaf_owned,
					[LAYOUT_IFINDEX] = &leaf_ifindex_bare,
					[LAYOUT_PROG] = &leaf_prog_bare,
					[LAYOUT_PID_FD] = &leaf_pid_fd_bare,
					[LAYOUT_FRAMES] = &leaf_frames,
					[LAYOUT_BUILD_IDS] = &leaf_build_ids,
					[LAYOUT_NOTHING] = &leaf_nothing,
				},
		},
	[CODEC_JSON] =
		{
			.hex = FORMAT_HEX_QUOTED,
			.blanks = true,
			.closing = "",
			.inner = &formats[CODEC_JSON],
			.bare = &formats[CODEC_NAME],
			.kinds =
				{
					[LAYOUT_INT] = &leaf_int,
					[LAYOUT_BOOL] = &leaf_bool_json,
					[LAYOUT_FLOAT] = &leaf_float,
					[LAYOUT_ENUM] = &leaf_enum_json,
					[LAYOUT_POINTER] = &leaf_pointer_json,
					[LAYOUT_IPV4] = &leaf_ipv4_json,
					[LAYOUT_IPV6] = &leaf_ipv6_json,
					[LAYOUT_MAC] = &leaf_mac_json,
					[LAYOUT_CHARS] = &leaf_chars_json,
					[LAYOUT_BYTES] = &leaf_bytes_json,
					[LAYOUT_OCTETS] = &leaf_bytes_json,
					[LAYOUT_PREFIX] = &leaf_prefix_json,
					[LAYOUT_ARRAY] = &compose_array_json,
					[LAYOUT_PER_CPU] = &compose_per_cpu,
					[LAYOUT_RECORD] = &compose_record_json,
					[LAYOUT_OWNED] = &leaf_owned,
					[LAYOUT_IFINDEX] = &leaf_ifindex_json,
					[LAYOUT_PROG] = &leaf_prog_json,
					[LAYOUT_PID_FD] = &leaf_pid_fd_json,
					[LAYOUT_FRAMES] = &leaf_frames_json,
					[LAYOUT_BUILD_IDS] = &leaf_build_ids_json,
					[LAYOUT_NOTHING] = &leaf_nothing,
				},
		},
	[CODEC_RAW] =
		{
			.hex = FORMAT_HEX_NEVER,
			.closing = "",
			.inner = &formats[CODEC_RAW],
			.bare = &formats[CODEC_RAW],
			.kinds =
				{
					[0 ... LAYOUT_NOTHING - 1] = &leaf_raw,
					[LAYOUT_NOTHING] = &leaf_nothing,
				},
		},
};

_Static_assert(LAYOUT_NOTHING == LAYOUT_KINDS - 1, "each kind has a spelling of its bytes");

/* No name begins with a dot: those are the tree's own, and staging files. */
static void escape_dot(struct buf *out, size_t start)
{
	char *name;

	if (buf_error(out) || out->len == start || out->data[start] != '.')
		return;
	buf_adds(out, "  ");
	if (buf_error(out))
		return;
	name = out->data + start;
	memmove(name + 3, name + 1, out->len - start - 3);
	memcpy(name, "%2E", 3);
}

int codec_print(enum codec_format format, const struct layout *layout, const void *bytes,
		struct buf *out)
{
	size_t start = out->len;

	compose_print_whole(&formats[format], layout, bytes, out);
	if (layout->kind != LAYOUT_NOTHING)
		buf_adds(out, formats[format].closing);
	if (format == CODEC_NAME)
		escape_dot(out, start);
	return buf_error(out);
}

/* A newline finishes a text of one line: who typed half of it and pressed return
 * wants to know. Where lines came before, more may come. */
static bool is_finished(const struct text *t)
{
	return t->len && memchr(t->s, '\n', t->len) == t->s + t->len - 1;
}

/* Are blanks part of the value? */
static bool is_verbatim(const struct format *format, const struct layout *layout)
{
	if (layout->kind == LAYOUT_PER_CPU)
		layout = layout->array.elem;
	return !format->blanks || format->kinds[layout->kind] == &leaf_chars_text;
}

static int parse_all(const struct format *format, const struct layout *layout, struct text *t,
		     void *bytes)
{
	bool verbatim = is_verbatim(format, layout);
	int err;

	if (text_done(t) && !verbatim)
		return text_missing(t, "the value");
	err = compose_parse_whole(format, layout, t, bytes);
	if (err)
		return err;
	if (format->blanks)
		text_skip_blanks(t);
	return text_end(t);
}

int codec_parse(enum codec_format format, const struct layout *layout, const char *text, size_t len,
		void *bytes, struct diag *d)
{
	struct text t = {.s = text, .len = len, .diag = d};
	bool finished;
	int err;

	if (!is_verbatim(&formats[format], layout))
		text_skip_blanks(&t);
	finished = formats[format].blanks && is_finished(&t);
	err = parse_all(&formats[format], layout, &t, bytes);
	if (err != -EAGAIN || !finished)
		return err;
	if (d)
		d->err = EINVAL;
	return -EINVAL;
}

int codec_parse_part(enum codec_format format, const struct layout *layout, struct text *t,
		     void *bytes)
{
	return compose_parse_whole(&formats[format], layout, t, bytes);
}

size_t codec_print_max(enum codec_format format, const struct layout *layout)
{
	size_t max = compose_max_whole(&formats[format], layout);

	return format_add(max, strlen(formats[format].closing));
}
