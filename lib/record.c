/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/quote.h"

/* Members by name. */

static int compare_members(const void *a, const void *b, void *members)
{
	const struct layout_member *m = members;

	return strcmp(m[*(const uint32_t *)a].name, m[*(const uint32_t *)b].name);
}

static int index_names(struct layout *l)
{
	const struct layout_member *m = l->record.members;
	uint32_t *by_name = calloc(l->record.count + 1U, sizeof(*by_name));

	if (!by_name)
		return -ENOMEM;
	l->record.by_name = by_name;
	for (uint32_t i = 0; i < l->record.count; i++)
		by_name[i] = i;
	qsort_r(by_name, l->record.count, sizeof(*by_name), compare_members, l->record.members);
	for (uint32_t i = 1; i < l->record.count; i++)
		if (strcmp(m[by_name[i - 1]].name, m[by_name[i]].name) == 0)
			return -EINVAL;
	return 0;
}

const struct layout_member *record_find(const struct layout *record, const char *name, size_t len)
{
	uint32_t low = 0, high = record->record.count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct layout_member *m =
			&record->record.members[record->record.by_name[mid]];
		int order = memcmp(m->name, name, m->len < len ? m->len : len);

		if (order == 0 && m->len == len)
			return m;
		if (order < 0 || (order == 0 && m->len < len))
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Holes. A map of the record's bytes: the bits that printed members cover, and
 * behind it those that any member does. */

static void cover(unsigned char *map, const struct layout_member *m)
{
	uint32_t first = m->bit_offset, bits = m->bit_size;

	if (!bits) {
		memset(map + m->offset, 0xff, m->type->size);
		return;
	}
	for (uint32_t bit = first; bit < first + bits; bit++)
		map[m->offset + bit / 8] |= (unsigned char)(1U << bit % 8);
}

static bool is_covered_already(const unsigned char *map, const struct layout_member *m)
{
	uint32_t first = m->bit_offset, bits = m->bit_size ? m->bit_size : m->type->size * 8;

	for (uint32_t bit = first; bit < first + bits; bit++)
		if (map[m->offset + bit / 8] & 1U << bit % 8)
			return true;
	return false;
}

/* Takes whole bytes that follow each other together. */
static bool grow_hole(struct layout_hole *last, const struct layout_hole *hole)
{
	if (hole->mask != 0xff || last->mask != 0xff || last->shared != hole->shared ||
	    last->offset + last->len != hole->offset)
		return false;
	last->len++;
	return true;
}

static int add_hole(struct layout *l, uint32_t *room, struct layout_hole hole)
{
	struct layout_hole *holes;

	if (l->record.hole_count && grow_hole(&l->record.holes[l->record.hole_count - 1], &hole))
		return 0;
	if (l->record.hole_count == *room) {
		*room = *room ? *room * 2 : 4;
		holes = realloc(l->record.holes, *room * sizeof(*holes));
		if (!holes)
			return -ENOMEM;
		l->record.holes = holes;
	}
	l->record.holes[l->record.hole_count++] = hole;
	return 0;
}

static int add_holes_of_byte(struct layout *l, uint32_t *room, uint32_t at, unsigned char printed,
			     unsigned char any)
{
	struct layout_hole padding = {at, 1, (uint8_t) ~(printed | any), false};
	struct layout_hole shared = {at, 1, (uint8_t)(any & ~printed), true};
	int err = padding.mask ? add_hole(l, room, padding) : 0;

	return !err && shared.mask ? add_hole(l, room, shared) : err;
}

static int find_holes(struct layout *l)
{
	unsigned char *printed = calloc(2, (size_t)l->size + 1), *any;
	uint32_t room = 0;
	int err = 0;

	if (!printed)
		return -ENOMEM;
	any = printed + l->size + 1;
	for (uint32_t i = 0; i < l->record.count; i++) {
		const struct layout_member *m = &l->record.members[i];

		if (is_covered_already(any, m))
			l->record.overlaps = true;
		cover(any, m);
		if (m->printed || m->type->kind == LAYOUT_OWNED)
			cover(printed, m);
	}
	for (uint32_t at = 0; !err && at < l->size; at++)
		if (printed[at] != 0xff)
			err = add_holes_of_byte(l, &room, at, printed[at], any[at]);
	free(printed);
	return err;
}

bool record_holes_are_zero(const struct layout *record, const unsigned char *bytes)
{
	for (uint32_t i = 0; i < record->record.hole_count; i++) {
		const struct layout_hole *hole = &record->record.holes[i];

		for (uint32_t at = hole->offset; at < hole->offset + hole->len; at++)
			if (bytes[at] & hole->mask)
				return false;
	}
	return true;
}

void record_clear_holes(const struct layout *record, unsigned char *bytes, bool shared)
{
	for (uint32_t i = 0; i < record->record.hole_count; i++) {
		const struct layout_hole *hole = &record->record.holes[i];

		if (hole->shared && !shared)
			continue;
		for (uint32_t at = hole->offset; at < hole->offset + hole->len; at++)
			bytes[at] &= (unsigned char)~hole->mask;
	}
}

/* Making. */

static bool lies_within(uint32_t size, const struct layout_member *m)
{
	uint64_t end = m->offset;

	if (m->bit_size)
		end += ((uint64_t)m->bit_offset + m->bit_size + 7) / 8;
	else
		end += m->type->size;
	return end <= size && m->bit_offset < 8 && m->bit_size <= 64;
}

static int make_label(struct layout_member *m)
{
	struct buf label = BUF_INIT(SIZE_MAX / 2);

	buf_addc(&label, ',');
	quote_print_json(m->name, m->len, &label);
	buf_addc(&label, ':');
	if (buf_error(&label)) {
		buf_free(&label);
		return -ENOMEM;
	}
	m->label = label.data;
	m->label_len = (uint32_t)label.len;
	return 0;
}

static int add_member(struct layout *l, const struct layout_member *from)
{
	struct layout_member *m = &l->record.members[l->record.count];

	if (!lies_within(l->size, from) || !quote_is_utf8(from->name, strlen(from->name)))
		return -EINVAL;
	*m = *from;
	m->label = NULL;
	m->type = layout_ref(from->type);
	m->name = strdup(from->name);
	l->record.count++;
	if (!m->name)
		return -ENOMEM;
	m->len = (uint32_t)strlen(m->name);
	m->printed = m->printed && m->type->kind != LAYOUT_OWNED;
	l->record.printed += m->printed;
	layout_inherit(l, m->type, m->printed ? 1 : 0);
	return make_label(m);
}

static int fill(struct layout *l, const struct layout_member *members, uint32_t count)
{
	int err = 0;

	l->record.members = calloc(count + 1U, sizeof(*members));
	if (!l->record.members)
		return -ENOMEM;
	for (uint32_t i = 0; !err && i < count; i++)
		err = add_member(l, &members[i]);
	if (!err)
		err = index_names(l);
	if (!err)
		err = find_holes(l);
	l->is_checked |= l->record.hole_count != 0;
	l->has_union |= l->record.overlaps;
	return err;
}

int record_new(uint32_t size, const struct layout_member *members, uint32_t count,
	       struct layout **out)
{
	struct layout *l = layout_new(LAYOUT_RECORD, size);
	int err;

	if (!l)
		return -ENOMEM;
	l->leaves = 0;
	err = fill(l, members, count);
	if (err) {
		layout_unref(l);
		return err;
	}
	*out = l;
	return 0;
}

/* Comparing. */

static bool enums_are_equal(const struct layout *a, const struct layout *b)
{
	if (a->enums.bits != b->enums.bits || a->enums.is_signed != b->enums.is_signed ||
	    a->enums.count != b->enums.count)
		return false;
	for (uint32_t i = 0; i < a->enums.count; i++)
		if (a->enums.by_value[i].value != b->enums.by_value[i].value ||
		    strcmp(a->enums.by_value[i].name, b->enums.by_value[i].name) != 0)
			return false;
	return true;
}

static bool members_are_equal(const struct layout_member *a, const struct layout_member *b)
{
	return strcmp(a->name, b->name) == 0 && a->offset == b->offset &&
	       a->bit_offset == b->bit_offset && a->bit_size == b->bit_size &&
	       a->printed == b->printed && layout_is_equal(a->type, b->type);
}

static bool records_are_equal(const struct layout *a, const struct layout *b)
{
	if (a->record.count != b->record.count)
		return false;
	for (uint32_t i = 0; i < a->record.count; i++)
		if (!members_are_equal(&a->record.members[i], &b->record.members[i]))
			return false;
	return true;
}

bool layout_is_equal(const struct layout *a, const struct layout *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->kind != b->kind || a->size != b->size)
		return false;
	switch (a->kind) {
	case LAYOUT_INT:
		return a->number.bits == b->number.bits &&
		       a->number.is_signed == b->number.is_signed &&
		       a->number.is_big_endian == b->number.is_big_endian;
	case LAYOUT_ENUM:
		return enums_are_equal(a, b);
	case LAYOUT_ARRAY:
	case LAYOUT_PER_CPU:
		return a->array.count == b->array.count &&
		       layout_is_equal(a->array.elem, b->array.elem);
	case LAYOUT_PREFIX:
		return layout_is_equal(a->prefix, b->prefix);
	case LAYOUT_RECORD:
		return records_are_equal(a, b);
	default:
		return true;
	}
}
