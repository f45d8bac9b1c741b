/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/quote.h"

enum { LONGEST_NAME = 512 }; /* of BTF (kernel: KSYM_NAME_LEN) */

int object_begin(struct object *o, const struct layout *record)
{
	uint32_t words = (record->record.count + 63) / 64;

	*o = (struct object){.record = record, .named = NULL};
	if (words <= sizeof(o->few) / sizeof(o->few[0]))
		o->named = o->few;
	else
		o->named = calloc(words, sizeof(*o->named));
	return o->named ? 0 : -ENOMEM;
}

void object_end(struct object *o)
{
	if (o->named != o->few)
		free(o->named);
}

bool object_is_complete(const struct object *o)
{
	return o->printed == o->record->record.printed;
}

static bool is_named(const struct object *o, uint32_t i)
{
	return o->named[i / 64] >> i % 64 & 1;
}

static uint64_t first_bit(const struct layout_member *m)
{
	return (uint64_t)m->offset * 8 + m->bit_offset;
}

static uint64_t last_bit(const struct layout_member *m)
{
	return first_bit(m) + (m->bit_size ? m->bit_size : (uint64_t)m->type->size * 8);
}

/* A member that was named and has bytes in common with m, or NULL. */
static const struct layout_member *find_overlap(const struct object *o,
						const struct layout_member *m)
{
	for (uint32_t i = 0; i < o->record->record.count; i++) {
		const struct layout_member *other = &o->record->record.members[i];

		if (is_named(o, i) && first_bit(other) < last_bit(m) &&
		    first_bit(m) < last_bit(other))
			return other;
	}
	return NULL;
}

/* Takes note of a member whose name begins at start. */
static int note(struct object *o, const struct layout_member *m, struct text *t, size_t start)
{
	uint32_t i = (uint32_t)(m - o->record->record.members);
	const struct layout_member *other;

	if (m->type->kind == LAYOUT_OWNED)
		return diag_at(t->diag, EINVAL, start, "this member is the kernel's own");
	if (is_named(o, i))
		return diag_at(t->diag, EINVAL, start, "this member is given twice");
	other = o->record->record.overlaps ? find_overlap(o, m) : NULL;
	if (other)
		return diag_at(t->diag, EINVAL, start, "shares its bytes with %.64s", other->name);
	o->named[i / 64] |= (uint64_t)1 << i % 64;
	o->printed += m->printed;
	o->next = i + 1;
	return 0;
}

/* The name that follows in the record's own order, as it is printed. */
static const struct layout_member *take_next(const struct object *o, struct text *t)
{
	const struct layout_member *m = &o->record->record.members[o->next];

	while (o->next < o->record->record.count && !m->printed &&
	       m < &o->record->record.members[o->record->record.count - 1])
		m++;
	if (o->next >= o->record->record.count || t->len - t->pos < m->label_len - 1U ||
	    memcmp(t->s + t->pos, m->label + 1, m->label_len - 1U) != 0)
		return NULL;
	t->pos += m->label_len - 1U;
	return m;
}

static int take_any(const struct object *o, struct text *t, const struct layout_member **out)
{
	size_t start = t->pos, len = 0;
	char name[LONGEST_NAME];
	int err;

	if (!text_done(t) && text_peek(t) != '"')
		return diag_at(t->diag, EINVAL, start, "the name of a member is expected here");
	err = quote_parse_json(t, name, sizeof(name), &len);
	if (err)
		return err;
	*out = record_find(o->record, name, len);
	if (!*out)
		return diag_at(t->diag, EINVAL, start, "there is no member of this name");
	text_skip_blanks(t);
	return text_expect(t, ':');
}

int object_parse_name(struct object *o, struct text *t, const struct layout_member **out)
{
	size_t start;
	int err = 0;

	text_skip_blanks(t);
	start = t->pos;
	*out = take_next(o, t);
	if (!*out)
		err = take_any(o, t, out);
	if (!err)
		err = note(o, *out, t, start);
	text_skip_blanks(t);
	return err;
}
