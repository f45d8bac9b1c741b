/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/btflayout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btfleaf.h"
#include "lib/record.h"

enum {
	MAX_DEPTH = 64,          /* records and arrays within each other */
	SPARE_NODES = 64 * 1024, /* what a layout may print beside four nodes a byte */
};

/* One reading. done[..][id]: the layout of a type that was met before. */
struct reader {
	const struct btf *btf;
	struct layout **done[2]; /* outside of unions, and in them */
	bool *busy;              /* being read: met again, it contains itself */
	unsigned int unions;     /* that are being read: the kernel owns nothing in them */
	uint32_t count;
	unsigned int depth;
};

static int read_type(struct reader *r, uint32_t id, const char *member, struct layout **out);

static int made(struct layout *l, struct layout **out)
{
	*out = l;
	return l ? 0 : -ENOMEM;
}

/* Arrays. */

static int read_array(struct reader *r, const struct btf_type *t, const char *member,
		      struct layout **out)
{
	const struct btf_array *array = btf_array(t);
	struct btfleaf elem;
	struct layout *l;
	int err = btfleaf_resolve(r->btf, array->type, &elem);

	if (!err)
		err = btfleaf_read_array(&elem, r->btf, array->nelems, member, out);
	if (err != -ENOTSUP)
		return err;
	err = read_type(r, array->type, member, &l);
	if (err)
		return err;
	*out = layout_array(l, array->nelems, l->size);
	err = *out ? 0 : -errno;
	layout_unref(l);
	return err;
}

/* Records. The members as they are collected; types are referenced. */

struct members {
	struct layout_member *list;
	uint32_t count, room;
};

static void members_free(struct members *m)
{
	for (uint32_t i = 0; i < m->count; i++)
		layout_unref(m->list[i].type);
	free(m->list);
}

/* Takes over the reference of member.type. */
static int members_add(struct members *m, struct layout_member member)
{
	struct layout_member *list;

	if (m->count == m->room) {
		m->room = m->room ? m->room * 2 : 16;
		list = realloc(m->list, m->room * sizeof(*list));
		if (!list) {
			layout_unref(member.type);
			return -ENOMEM;
		}
		m->list = list;
	}
	m->list[m->count++] = member;
	return 0;
}

/* What an anonymous member contains stands in the record itself. */
static int members_add_all(struct members *m, const struct layout *inner, uint32_t offset,
			   bool printed)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < inner->record.count; i++) {
		struct layout_member member = inner->record.members[i];

		if (__builtin_add_overflow(member.offset, offset, &member.offset))
			return -EINVAL;
		member.printed = member.printed && printed;
		layout_ref(member.type);
		err = members_add(m, member);
	}
	return err;
}

static int read_member(struct reader *r, const struct btf_type *record, uint32_t i, bool printed,
		       struct members *members)
{
	const struct btf_member *m = &btf_members(record)[i];
	struct layout_member member = {.name = (char *)btfleaf_name(r->btf, m->name_off),
				       .printed = printed};
	uint32_t offset, bits;
	int err;

	btfleaf_find_bits(r->btf, record, i, &offset, &bits);
	if (bits > 64 || (!bits && offset % 8))
		return -EINVAL;
	member.offset = offset / 8;
	member.bit_offset = offset % 8;
	member.bit_size = (uint8_t)bits;
	if (bits)
		err = btfleaf_read_bits(r->btf, m->type, bits, &member.type);
	else
		err = read_type(r, m->type, member.name, &member.type);
	if (err)
		return err;
	if (*member.name)
		return members_add(members, member);
	if (member.type->kind == LAYOUT_RECORD)
		err = members_add_all(members, member.type, member.offset, printed);
	layout_unref(member.type);
	return err;
}

/* Bits of a member, for "the largest". */
static uint64_t member_bits(const struct btf *btf, const struct btf_type *record, uint32_t i)
{
	uint32_t offset, bits;
	int64_t size;

	btfleaf_find_bits(btf, record, i, &offset, &bits);
	if (bits)
		return bits;
	size = btf__resolve_size(btf, btf_members(record)[i].type);
	return size < 0 ? 0 : (uint64_t)size * 8;
}

/* The member by which a union is written. */
static uint32_t largest_member(const struct btf *btf, const struct btf_type *t)
{
	uint32_t largest = 0;

	for (uint32_t i = 1; i < btf_vlen(t); i++)
		if (member_bits(btf, t, i) > member_bits(btf, t, largest))
			largest = i;
	return largest;
}

static int read_members(struct reader *r, const struct btf_type *t, struct members *members)
{
	uint32_t shown = btf_is_union(t) ? largest_member(r->btf, t) : 0;
	int err = 0;

	r->unions += btf_is_union(t);
	for (uint32_t i = 0; !err && i < btf_vlen(t); i++)
		err = read_member(r, t, i, !btf_is_union(t) || i == shown, members);
	r->unions -= btf_is_union(t);
	return err;
}

static int read_record(struct reader *r, const struct btf_type *t, struct layout **out)
{
	struct members members = {0};
	int err = read_members(r, t, &members);

	if (!err)
		err = record_new(t->size, members.list, members.count, out);
	members_free(&members);
	if (!err && ((*out)->record.overlaps || btf_is_union(t)))
		(*out)->has_lock = false; /* the kernel looks for none there */
	return err;
}

/* The variables of a section: .data, .bss, .rodata. */
static int read_section(struct reader *r, const struct btf_type *t, struct layout **out)
{
	struct members members = {0};
	int err = 0;

	for (uint32_t i = 0; !err && i < btf_vlen(t); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(t)[i];
		const struct btf_type *var = btf__type_by_id(r->btf, info->type);
		struct layout_member member = {.offset = info->offset, .printed = true};

		if (!var || !btf_is_var(var))
			err = -EINVAL;
		else
			member.name = (char *)btfleaf_name(r->btf, var->name_off);
		if (!err)
			err = read_type(r, var->type, member.name, &member.type);
		if (!err)
			err = members_add(&members, member);
	}
	if (!err)
		err = record_new(t->size, members.list, members.count, out);
	members_free(&members);
	return err;
}

static int read_parts(struct reader *r, const struct btf_type *t, const char *member,
		      struct layout **out)
{
	if (btf_is_array(t))
		return read_array(r, t, member, out);
	return btf_is_datasec(t) ? read_section(r, t, out) : read_record(r, t, out);
}

/* What cannot be understood, or would print far more than it has bytes, is octets. */
static int settle(struct reader *r, uint32_t id, int err, struct layout **l)
{
	int64_t size;

	if (!err && (*l)->nodes / 4 <= SPARE_NODES / 4 + (*l)->size)
		return 0;
	if (!err) {
		size = (*l)->size;
		layout_unref(*l);
	} else {
		size = err == -EINVAL ? btf__resolve_size(r->btf, id) : err;
	}
	if (size < 0 || size > INT32_MAX)
		return err ? err : -EINVAL;
	return made(layout_plain(LAYOUT_OCTETS, (uint32_t)size), l);
}

/* The layout of an array depends on the member's name, that of others on nothing. */
static bool is_remembered(const struct btfleaf *t)
{
	return btf_is_composite(t->type);
}

/* Bytes that are anybody's. */
static int disown(struct layout **l)
{
	uint32_t size = (*l)->size;

	layout_unref(*l);
	return made(layout_plain(LAYOUT_OCTETS, size), l);
}

/* member: the name under which it is met, or NULL. */
static int read_type(struct reader *r, uint32_t id, const char *member, struct layout **out)
{
	struct btfleaf t;
	int err = btfleaf_resolve(r->btf, id, &t);

	if (err || t.id >= r->count)
		return -EINVAL;
	if (is_remembered(&t) && r->done[r->unions > 0][t.id]) {
		*out = layout_ref(r->done[r->unions > 0][t.id]);
		return 0;
	}
	if (r->busy[t.id] || r->depth == MAX_DEPTH)
		return -EINVAL;
	r->busy[t.id] = true;
	r->depth++;
	err = btfleaf_read(r->btf, &t, out);
	if (!err && (*out)->kind == LAYOUT_OWNED && r->unions)
		err = disown(out);
	if (err == -ENOTSUP)
		err = read_parts(r, t.type, member, out);
	r->depth--;
	r->busy[t.id] = false;
	err = settle(r, id, err, out);
	if (!err && is_remembered(&t))
		r->done[r->unions > 0][t.id] = layout_ref(*out);
	return err;
}

static int reader_init(struct reader *r, const struct btf *btf)
{
	*r = (struct reader){.btf = btf, .count = btf__type_cnt(btf)};
	r->done[0] = calloc(r->count + 1U, sizeof(*r->done[0]));
	r->done[1] = calloc(r->count + 1U, sizeof(*r->done[1]));
	r->busy = calloc(r->count + 1U, sizeof(*r->busy));
	return r->done[0] && r->done[1] && r->busy ? 0 : -ENOMEM;
}

static void reader_free(struct reader *r)
{
	for (int set = 0; set < 2; set++) {
		for (uint32_t i = 0; r->done[set] && i < r->count; i++)
			layout_unref(r->done[set][i]);
		free(r->done[set]);
	}
	free(r->busy);
}

/* As read_type(), -EINVAL if the size differs. */
static int read_whole(const struct btf *btf, uint32_t id, uint32_t size, struct layout **out)
{
	struct reader r;
	int err = reader_init(&r, btf);

	if (!err)
		err = read_type(&r, id, NULL, out);
	reader_free(&r);
	if (err || (*out)->size == size)
		return err;
	layout_unref(*out);
	return -EINVAL;
}

int btflayout_read(const struct btf *btf, uint32_t id, uint32_t size, struct layout **out)
{
	int err = read_whole(btf, id, size, out);

	if (err != -EINVAL)
		return err;
	*out = layout_bytes(size);
	return *out ? 0 : size ? -ENOMEM : -EINVAL;
}

/* Is a member 4 bytes at the start, and one more all the rest? */
static bool has_address(const struct layout *l)
{
	const struct layout_member *data = NULL;

	if (l->kind != LAYOUT_RECORD || l->record.overlaps)
		return false;
	for (uint32_t i = 0; i < l->record.count; i++) {
		const struct layout_member *m = &l->record.members[i];

		if (m->type->size == 0 || (m->offset == 0 && m->type->size == 4))
			continue;
		if (data || m->type->leaves == 0)
			return false;
		data = m;
	}
	return data && data->offset == 4 && data->type->size == l->size - 4 &&
	       data->type->kind != LAYOUT_CHARS && data->type->kind != LAYOUT_RECORD;
}

int btflayout_read_prefix(const struct btf *btf, uint32_t id, uint32_t size, struct layout **out)
{
	struct layout *l = NULL;
	int err = read_whole(btf, id, size, &l);
	bool is_typed = !err && has_address(l);

	layout_unref(err ? NULL : l);
	if (err == -ENOMEM)
		return err;
	*out = layout_prefix(size, is_typed);
	return *out ? 0 : -errno;
}
