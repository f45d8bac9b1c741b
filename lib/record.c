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

/* Holes: what lies between the bits that printed members take. */

struct span {
	uint64_t first, last; /* bits, the second one behind the end */
	bool shown;           /* printed, or the kernel's own */
};

static struct span span_of(const struct layout_member *m)
{
	uint64_t first = (uint64_t)m->offset * 8 + m->bit_offset;
	uint64_t bits = m->bit_size ? m->bit_size : (uint64_t)m->type->size * 8;

	return (struct span){first, first + bits, m->printed || m->type->kind == LAYOUT_OWNED};
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->last > y->last) - (x->last < y->last);
}

/* The holes of a record as they are found, from its start to its end. */
struct sweep {
	struct layout *l;
	const struct span *spans; /* ascending */
	uint32_t count, next;     /* before next, all spans end before the place at hand */
	uint32_t room;
};

static int add_hole(struct sweep *s, struct layout_hole hole)
{
	struct layout *l = s->l;
	struct layout_hole *holes;

	if (l->record.hole_count == s->room) {
		s->room = s->room ? s->room * 2 : 4;
		holes = realloc(l->record.holes, s->room * sizeof(*holes));
		if (!holes)
			return -ENOMEM;
		l->record.holes = holes;
	}
	l->record.holes[l->record.hole_count++] = hole;
	return 0;
}

/* Bits first to last: parts of bytes at both ends, whole bytes between. */
static int add_bits(struct sweep *s, uint64_t first, uint64_t last, bool shared)
{
	int err = 0;

	while (!err && first < last) {
		uint32_t at = (uint32_t)(first / 8), bit = (uint32_t)(first % 8);
		uint64_t end = (first / 8 + 1) * 8 < last ? (first / 8 + 1) * 8 : last;
		uint8_t mask = (uint8_t)(0xffU << bit & 0xffU >> (8 - (end - first / 8 * 8)));

		if (mask == 0xff)
			end = last / 8 * 8;
		err = add_hole(
			s, (struct layout_hole){at, (uint32_t)((end + 7) / 8 - at), mask, shared});
		first = end;
	}
	return err;
}

/* A gap between shown members: where others lie in it, it is shared. */
static int add_gap(struct sweep *s, uint64_t first, uint64_t last)
{
	int err = 0;

	while (s->next < s->count && s->spans[s->next].last <= first)
		s->next++;
	for (uint32_t i = s->next; !err && i < s->count && s->spans[i].first < last; i++) {
		const struct span *other = &s->spans[i];
		uint64_t end = other->last < last ? other->last : last;

		if (other->shown || end <= first)
			continue;
		if (other->first > first) {
			err = add_bits(s, first, other->first, false);
			first = other->first;
		}
		if (!err)
			err = add_bits(s, first, end, true);
		first = end;
	}
	return err ? err : add_bits(s, first, last, false);
}

static int sweep(struct sweep *s)
{
	uint64_t shown = 0, any = 0; /* where the spans so far end */
	int err = 0;

	for (uint32_t i = 0; !err && i < s->count; i++) {
		const struct span *span = &s->spans[i];

		if (span->first < any && span->first < span->last)
			s->l->record.overlaps = true;
		any = span->last > any ? span->last : any;
		if (!span->shown || span->first == span->last)
			continue;
		if (span->first < shown)
			return -EINVAL; /* they could not both be written */
		err = add_gap(s, shown, span->first);
		shown = span->last;
	}
	return err ? err : add_gap(s, shown, (uint64_t)s->l->size * 8);
}

static int find_holes(struct layout *l)
{
	struct span *spans = calloc(l->record.count + 1U, sizeof(*spans));
	struct sweep s = {.l = l, .spans = spans, .count = l->record.count};
	int err;

	if (!spans)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->record.count; i++)
		spans[i] = span_of(&l->record.members[i]);
	qsort(spans, l->record.count, sizeof(*spans), compare_spans);
	err = sweep(&s);
	free(spans);
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
	if (!m->printed && __builtin_add_overflow(l->nodes, m->type->nodes, &l->nodes))
		l->nodes = UINT32_MAX;
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

void layout_clear_owned(const struct layout *l, unsigned char *bytes)
{
	if (!l->has_owned)
		return;
	if (l->kind == LAYOUT_OWNED)
		memset(bytes, 0, l->size);
	if (l->kind == LAYOUT_RECORD)
		for (uint32_t i = 0; i < l->record.count; i++)
			layout_clear_owned(l->record.members[i].type,
					   bytes + l->record.members[i].offset);
	if (l->kind == LAYOUT_ARRAY || l->kind == LAYOUT_PER_CPU)
		for (uint32_t i = 0; i < l->array.count; i++)
			layout_clear_owned(l->array.elem, bytes + (size_t)i * l->array.stride);
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
