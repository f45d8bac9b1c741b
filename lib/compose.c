/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/compose.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/leaf.h"
#include "lib/leafnum.h"
#include "lib/object.h"

/* Parts. A bit-field is handed to its type's spelling as a number of its own. */

static void load_bits(const struct layout_member *m, const unsigned char *record,
		      unsigned char *number)
{
	uint32_t spare = 64 - m->bit_size;
	bool is_signed =
		m->type->kind == LAYOUT_ENUM ? m->type->enums.is_signed : m->type->number.is_signed;
	text_wide bits = 0;
	uint64_t value;

	memcpy(&bits, record + m->offset, (m->bit_offset + m->bit_size + 7U) / 8);
	value = (uint64_t)(bits >> m->bit_offset) << spare;
	leaf_store(is_signed ? (uint64_t)((int64_t)value >> spare) : value >> spare, number,
		   m->type->size);
}

static void store_bits(const struct layout_member *m, const unsigned char *number,
		       unsigned char *record)
{
	text_wide mask = (text_wide)(UINT64_MAX >> (64 - m->bit_size)) << m->bit_offset;
	uint32_t len = (m->bit_offset + m->bit_size + 7U) / 8;
	text_wide bits = 0;

	memcpy(&bits, record + m->offset, len);
	bits &= ~mask;
	bits |= (text_wide)leaf_load(number, m->type->size) << m->bit_offset & mask;
	memcpy(record + m->offset, &bits, len);
}

static void print_member(const struct format *f, const struct layout_member *m,
			 const unsigned char *record, struct buf *out)
{
	unsigned char number[sizeof(uint64_t)];

	if (!m->bit_size) {
		format_spelling(f, m->type)->print(f, m->type, record + m->offset, out);
		return;
	}
	load_bits(m, record, number);
	format_spelling(f, m->type)->print(f, m->type, number, out);
}

static int parse_member(const struct format *f, const struct layout_member *m, struct text *t,
			unsigned char *record)
{
	unsigned char number[sizeof(uint64_t)];
	int err;

	if (!m->bit_size)
		return format_spelling(f, m->type)->parse(f, m->type, t, record + m->offset);
	err = format_spelling(f, m->type)->parse(f, m->type, t, number);
	if (!err)
		store_bits(m, number, record);
	return err;
}

/* Names: leaves, joined by ','. What has none is passed over. */

static void print_array_name(FORMAT_PRINT_ARGS)
{
	const struct layout *elem = l->array.elem;

	for (uint32_t i = 0; i < l->array.count; i++) {
		if (i)
			buf_addc(out, ',');
		format_spelling(f, elem)->print(f, elem, bytes + (size_t)i * l->array.stride, out);
	}
}

static int parse_array_name(FORMAT_PARSE_ARGS)
{
	const struct layout *elem = l->array.elem;
	int err = 0;

	for (uint32_t i = 0; !err && i < l->array.count; i++) {
		if (i)
			err = text_expect(t, ',');
		if (!err)
			err = format_spelling(f, elem)->parse(f, elem, t,
							      bytes + (size_t)i * l->array.stride);
	}
	return err;
}

static size_t max_array(FORMAT_MAX_ARGS)
{
	const struct layout *elem = l->array.elem;
	size_t one = format_spelling(f->inner, elem)->print_max(f->inner, elem);

	return format_add(format_mul(format_add(one, 1), l->array.count), 2);
}

static bool carries_array(FORMAT_CARRIES_ARGS)
{
	for (uint32_t i = 0; i < l->array.count; i++)
		if (!format_carries(f->inner, l->array.elem, bytes + (size_t)i * l->array.stride))
			return false;
	return true;
}

const struct spelling compose_array_name = {print_array_name, parse_array_name, max_array,
					    carries_array};

static bool is_in_name(const struct layout_member *m)
{
	return m->printed && m->type->leaves;
}

static void print_record_name(FORMAT_PRINT_ARGS)
{
	bool any = false;

	for (uint32_t i = 0; i < l->record.count; i++) {
		const struct layout_member *m = &l->record.members[i];

		if (!is_in_name(m))
			continue;
		if (any)
			buf_addc(out, ',');
		print_member(f, m, bytes, out);
		any = true;
	}
}

static int parse_record_name(FORMAT_PARSE_ARGS)
{
	bool any = false;
	int err = 0;

	for (uint32_t i = 0; !err && i < l->record.count; i++) {
		const struct layout_member *m = &l->record.members[i];

		if (!is_in_name(m))
			continue;
		if (any)
			err = text_expect(t, ',');
		if (!err)
			err = parse_member(f, m, t, bytes);
		any = true;
	}
	return err;
}

static size_t max_record(FORMAT_MAX_ARGS)
{
	size_t max = 2;

	for (uint32_t i = 0; i < l->record.count; i++) {
		const struct layout_member *m = &l->record.members[i];

		max = format_add(max, m->label_len);
		max = format_add(max,
				 format_spelling(f->inner, m->type)->print_max(f->inner, m->type));
	}
	return max;
}

static size_t max_record_name(FORMAT_MAX_ARGS)
{
	size_t max = 0;

	for (uint32_t i = 0; i < l->record.count; i++) {
		const struct layout_member *m = &l->record.members[i];

		if (is_in_name(m))
			max = format_add(max,
					 1 + format_spelling(f, m->type)->print_max(f, m->type));
	}
	return max;
}

static bool carries_record(FORMAT_CARRIES_ARGS)
{
	if (!record_holes_are_zero(l, bytes))
		return false;
	for (uint32_t i = 0; i < l->record.count; i++) {
		const struct layout_member *m = &l->record.members[i];

		if (m->printed && !m->bit_size &&
		    !format_carries(f->inner, m->type, bytes + m->offset))
			return false;
	}
	return true;
}

const struct spelling compose_record_name = {print_record_name, parse_record_name, max_record_name,
					     carries_record};

/* JSON arrays. */

static void print_elements(const struct format *f, const struct layout *l,
			   const unsigned char *bytes, format_print *print, struct buf *out)
{
	buf_addc(out, '[');
	for (uint32_t i = 0; i < l->array.count; i++) {
		if (i)
			buf_addc(out, ',');
		print(f->inner, l->array.elem, bytes + (size_t)i * l->array.stride, out);
	}
	buf_addc(out, ']');
}

static int wrong_count(const struct layout *l, struct text *t)
{
	return diag_at(t->diag, EINVAL, t->pos,
		       "the array has %" PRIu32 " elements, no more, no less", l->array.count);
}

static int parse_elements(const struct format *f, const struct layout *l, struct text *t,
			  unsigned char *bytes, format_parse *parse)
{
	int err = text_expect(t, '[');

	for (uint32_t i = 0; !err && i < l->array.count; i++) {
		text_skip_blanks(t);
		if (text_peek(t) == ']')
			return wrong_count(l, t);
		if (i)
			err = text_expect(t, ',');
		text_skip_blanks(t);
		if (!err)
			err = parse(f->inner, l->array.elem, t,
				    bytes + (size_t)i * l->array.stride);
	}
	text_skip_blanks(t);
	if (!err && !text_done(t) && text_peek(t) != ']')
		return wrong_count(l, t);
	return err ? err : text_expect(t, ']');
}

static void print_array(FORMAT_PRINT_ARGS)
{
	print_elements(f, l, bytes, format_spelling(f->inner, l->array.elem)->print, out);
}

static int parse_array(FORMAT_PARSE_ARGS)
{
	return parse_elements(f, l, t, bytes, format_spelling(f->inner, l->array.elem)->parse);
}

const struct spelling compose_array_json = {print_array, parse_array, max_array, carries_array};

/* One value per CPU: each is a whole. */

static void print_per_cpu(FORMAT_PRINT_ARGS)
{
	print_elements(f, l, bytes, compose_print_whole, out);
}

static int parse_per_cpu(FORMAT_PARSE_ARGS)
{
	return parse_elements(f, l, t, bytes, compose_parse_whole);
}

/* Every CPU's value keeps what the text does not name. */
static int parse_for_all(const struct format *f, const struct layout *l, struct text *t,
			 unsigned char *bytes)
{
	size_t start = t->pos;
	int err = 0;

	for (uint32_t i = 0; !err && i < l->array.count; i++) {
		t->pos = start;
		err = compose_parse_whole(f, l->array.elem, t, bytes + (size_t)i * l->array.stride);
	}
	return err;
}

/* Where a value is an array itself, or any text, both readings begin alike: that of one value per
 * CPU is tried first, on a copy. */
static int parse_array_per_cpu(const struct format *f, const struct layout *l, struct text *t,
			       unsigned char *bytes)
{
	unsigned char *copy = malloc(l->size);
	size_t start = t->pos;
	int err;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, l->size);
	err = parse_per_cpu(f, l, t, copy);
	if (!err)
		memcpy(bytes, copy, l->size);
	free(copy);
	if (err != -EINVAL)
		return err;
	t->pos = start;
	return parse_for_all(f, l, t, bytes);
}

static int parse_per_cpu_or_one(FORMAT_PARSE_ARGS)
{
	enum layout_kind kind = l->array.elem->kind;

	if (text_peek(t) != '[')
		return parse_for_all(f, l, t, bytes);
	if (kind == LAYOUT_ARRAY || kind == LAYOUT_CHARS)
		return parse_array_per_cpu(f, l, t, bytes);
	return parse_per_cpu(f, l, t, bytes);
}

static size_t max_per_cpu(FORMAT_MAX_ARGS)
{
	size_t one = compose_max_whole(f->inner, l->array.elem);

	return format_add(format_mul(format_add(one, 1), l->array.count), 2);
}

const struct spelling compose_per_cpu = {print_per_cpu, parse_per_cpu_or_one, max_per_cpu, NULL};

/* JSON objects. */

static void print_record(FORMAT_PRINT_ARGS)
{
	bool any = false;

	for (uint32_t i = 0; i < l->record.count; i++) {
		const struct layout_member *m = &l->record.members[i];

		if (!m->printed)
			continue;
		if (!any)
			buf_addc(out, '{');
		buf_add(out, m->label + !any, m->label_len - !any);
		print_member(f->inner, m, bytes, out);
		any = true;
	}
	buf_adds(out, any ? "}" : "{}");
}

static int parse_pairs(const struct format *f, struct object *o, struct text *t,
		       unsigned char *bytes)
{
	const struct layout_member *m;
	int err;

	do {
		err = object_parse_name(o, t, &m);
		if (!err)
			err = parse_member(f, m, t, bytes);
		if (err)
			return err;
		text_skip_blanks(t);
	} while (text_take(t, ','));
	if (!text_done(t) && text_peek(t) != '}')
		return diag_at(t->diag, EINVAL, t->pos, "',' or '}' is expected here");
	return text_expect(t, '}');
}

static int parse_record(FORMAT_PARSE_ARGS)
{
	struct object o;
	int err = text_expect(t, '{');

	if (err)
		return err;
	record_clear_holes(l, bytes, false);
	text_skip_blanks(t);
	if (text_take(t, '}')) {
		t->is_partial |= l->record.printed > 0;
		return 0;
	}
	err = object_begin(&o, l);
	if (!err)
		err = parse_pairs(f->inner, &o, t, bytes);
	if (!err && object_is_complete(&o))
		record_clear_holes(l, bytes, true);
	else
		t->is_partial = true;
	object_end(&o);
	return err;
}

const struct spelling compose_record_json = {print_record, parse_record, max_record,
					     carries_record};

/* Wholes. */

/* Can the bytes be told by the spelling? */
static bool has_text(const struct format *f, const struct layout *l, const unsigned char *bytes)
{
	if (f->hex == FORMAT_HEX_BARE && (l->has_union || !l->leaves))
		return false;
	return format_carries(f, l, bytes);
}

/* Hex of the whole is one more spelling, but not where it would be read as a number. */
static bool may_be_hex(const struct format *f, const struct layout *l)
{
	if (f->hex == FORMAT_HEX_BARE)
		return l->leaves != 1 || l->is_checked || l->has_union;
	return f->hex == FORMAT_HEX_QUOTED && l->kind != LAYOUT_PER_CPU &&
	       (l->is_checked || l->kind == LAYOUT_RECORD || l->kind == LAYOUT_ARRAY);
}

void compose_print_whole(FORMAT_PRINT_ARGS)
{
	if (has_text(f, l, bytes))
		format_spelling(f, l)->print(f, l, bytes, out);
	else
		leaf_print_hex(bytes, l->size, f->hex == FORMAT_HEX_QUOTED, out);
}

/* What is the kernel's own comes from bytes into next. */
static void keep_owned(const struct layout *l, const unsigned char *bytes, unsigned char *next)
{
	if (l->kind == LAYOUT_OWNED)
		memcpy(next, bytes, l->size);
	if (l->kind == LAYOUT_RECORD)
		for (uint32_t i = 0; i < l->record.count; i++) {
			const struct layout_member *m = &l->record.members[i];

			if (m->type->has_owned)
				keep_owned(m->type, bytes + m->offset, next + m->offset);
		}
	if (l->kind == LAYOUT_ARRAY && l->has_owned)
		for (uint32_t i = 0; i < l->array.count; i++)
			keep_owned(l->array.elem, bytes + (size_t)i * l->array.stride,
				   next + (size_t)i * l->array.stride);
}

static int parse_hex(const struct format *f, const struct layout *l, struct text *t,
		     unsigned char *bytes)
{
	unsigned char *next;
	int err;

	if (!l->has_owned)
		return leaf_parse_hex(t, f->hex == FORMAT_HEX_QUOTED, bytes, l->size);
	next = malloc(l->size + 1U);
	if (!next)
		return -ENOMEM;
	err = leaf_parse_hex(t, f->hex == FORMAT_HEX_QUOTED, next, l->size);
	if (!err) {
		keep_owned(l, bytes, next);
		memcpy(bytes, next, l->size);
	}
	free(next);
	return err;
}

int compose_parse_whole(FORMAT_PARSE_ARGS)
{
	bool quoted = f->hex == FORMAT_HEX_QUOTED;
	int is_hex = may_be_hex(f, l) ? leaf_is_hex(t, quoted, l->size) : 0;

	if (is_hex == 1)
		return parse_hex(f, l, t, bytes);
	if (is_hex == -EAGAIN && quoted && (l->kind != LAYOUT_CHARS || f->inner == f)) {
		t->pos = t->len;
		return text_missing(t, "hex of all bytes");
	}
	if (quoted && (l->kind == LAYOUT_RECORD || l->kind == LAYOUT_ARRAY) && text_peek(t) == '"')
		return diag_at(t->diag, EINVAL, t->pos,
			       "hex of the whole is \"0x\" and %" PRIu32 " digits", l->size * 2);
	return format_spelling(f, l)->parse(f, l, t, bytes);
}

size_t compose_max_whole(FORMAT_MAX_ARGS)
{
	size_t text = format_spelling(f, l)->print_max(f, l);
	size_t hex = format_add(format_mul(l->size, 2), sizeof("\"0x\"") - 1);

	if (f->hex == FORMAT_HEX_NEVER || !(l->is_checked || l->has_union || !l->leaves))
		return text;
	return text > hex ? text : hex;
}
