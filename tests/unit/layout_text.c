/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/layout_text.h"

#include "tests/unit/unit.h"

#include <inttypes.h>
#include <string.h>

#include "lib/text.h"

static void describe(const struct layout *l, struct buf *out);

static void describe_number(const struct layout *l, struct buf *out)
{
	buf_addf(out, "%s%u",
		 l->number.is_big_endian ? "be"
		 : l->number.is_signed   ? "s"
					 : "u",
		 l->size * 8);
	if (l->number.is_untyped)
		buf_adds(out, "?");
	if (l->number.bits != l->size * 8)
		buf_addf(out, "/%u", l->number.bits);
}

static void describe_enum(const struct layout *l, struct buf *out)
{
	buf_addf(out, "%senum%u(", l->enums.is_signed ? "s" : "", l->enums.bits);
	for (uint32_t i = 0; i < l->enums.count; i++)
		buf_addf(out, "%s%s=%" PRId64, i ? " " : "", l->enums.by_value[i].name,
			 (int64_t)l->enums.by_value[i].value);
	buf_addc(out, ')');
}

/* A member that is not printed has a '-' in front. */
static void describe_record(const struct layout *l, struct buf *out)
{
	buf_addc(out, '{');
	for (uint32_t i = 0; i < l->record.count; i++) {
		const struct layout_member *m = &l->record.members[i];

		buf_addf(out, "%s%s%s@%u", i ? " " : "", m->printed ? "" : "-", m->name, m->offset);
		if (m->bit_size)
			buf_addf(out, ".%u:%u", m->bit_offset, m->bit_size);
		buf_addc(out, '=');
		describe(m->type, out);
	}
	buf_addc(out, '}');
}

static void describe(const struct layout *l, struct buf *out)
{
	static const char *const names[LAYOUT_KINDS] = {
		[LAYOUT_BOOL] = "bool",   [LAYOUT_FLOAT] = "float",   [LAYOUT_POINTER] = "pointer",
		[LAYOUT_IPV4] = "ipv4",   [LAYOUT_IPV6] = "ipv6",     [LAYOUT_MAC] = "mac",
		[LAYOUT_CHARS] = "chars", [LAYOUT_OCTETS] = "octets", [LAYOUT_OWNED] = "owned",
		[LAYOUT_BYTES] = "bytes",
	};

	if (l->kind == LAYOUT_INT)
		describe_number(l, out);
	else if (l->kind == LAYOUT_ENUM)
		describe_enum(l, out);
	else if (l->kind == LAYOUT_RECORD)
		describe_record(l, out);
	else if (l->kind == LAYOUT_PREFIX)
		describe(l->prefix, out);
	else if (l->kind != LAYOUT_ARRAY)
		buf_addf(out, "%s%u", names[l->kind], l->size);
	if (l->kind == LAYOUT_ARRAY) {
		buf_addf(out, "%u*", l->array.count);
		describe(l->array.elem, out);
	}
}

void assert_layout(const struct layout *l, const char *expected)
{
	struct buf out = BUF_INIT(100000);

	describe(l, &out);
	assert_buf(&out, expected);
}

void bytes_of_hex(const char *hex, unsigned char *bytes, uint32_t size)
{
	struct text t = {.s = hex, .len = strlen(hex)};

	if (text_hex(&t, true, bytes, size) || text_end(&t))
		fail_msg("'%s' is not %u bytes", hex, size);
}

void assert_hex(const char *text, const unsigned char *bytes, uint32_t size, const char *hex)
{
	struct buf got = BUF_INIT(1 << 20);

	text_print_hex(bytes, size, "", &got);
	if (strcmp(got.data ? got.data : "", hex) != 0)
		fail_msg("'%s': %s, not %s", text, got.data, hex);
	buf_free(&got);
}
