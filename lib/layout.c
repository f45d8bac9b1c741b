/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t sat_add(uint32_t a, uint32_t b)
{
	uint32_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT32_MAX : sum;
}

static uint32_t sat_mul(uint32_t a, uint32_t b)
{
	uint32_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT32_MAX : product;
}

/* What makes no layout, which is not to be taken for a lack of memory. */
static struct layout *refuse(void)
{
	errno = EINVAL;
	return NULL;
}

struct layout *layout_new(enum layout_kind kind, uint32_t size)
{
	struct layout *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->refs = 1;
	l->kind = kind;
	l->size = size;
	l->nodes = 1;
	l->leaves = size ? 1 : 0;
	return l;
}

static bool is_int_size(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8 ||
	       (size == 16 && sizeof(long) == 8);
}

struct layout *layout_int(uint32_t size, uint32_t bits, bool is_signed, bool is_big_endian)
{
	struct layout *l;

	if (!is_int_size(size) || bits == 0 || bits > size * 8)
		return refuse();
	l = layout_new(LAYOUT_INT, size);
	if (l) {
		l->number.bits = (uint8_t)bits;
		l->number.is_signed = is_signed;
		l->number.is_big_endian = is_big_endian;
	}
	return l;
}

struct layout *layout_bytes(uint32_t size)
{
	struct layout *l;

	if (size == 0)
		return refuse();
	if (!is_int_size(size) || size > 8)
		return layout_new(LAYOUT_BYTES, size);
	l = layout_int(size, size * 8, false, false);
	if (l)
		l->number.is_untyped = true;
	return l;
}

/* The only sizes of the kinds that layout_plain() makes; {0}: any. */
static const uint32_t plain_sizes[LAYOUT_KINDS][2] = {
	[LAYOUT_BOOL] = {1, 1},    [LAYOUT_FLOAT] = {4, 8},  [LAYOUT_POINTER] = {4, 8},
	[LAYOUT_IPV4] = {4, 4},    [LAYOUT_IPV6] = {16, 16}, [LAYOUT_MAC] = {6, 6},
	[LAYOUT_IFINDEX] = {4, 4}, [LAYOUT_PROG] = {4, 4},   [LAYOUT_PID_FD] = {8, 8},
};

struct layout *layout_plain(enum layout_kind kind, uint32_t size)
{
	const uint32_t *sizes = plain_sizes[kind];
	struct layout *l;

	if (sizes[0] && size != sizes[0] && size != sizes[1])
		return refuse();
	l = layout_new(kind, size);
	if (!l)
		return NULL;
	l->is_checked = kind == LAYOUT_BOOL || kind == LAYOUT_FLOAT || kind == LAYOUT_CHARS;
	if (kind == LAYOUT_POINTER)
		l->number.bits = (uint8_t)(size * 8);
	if (kind == LAYOUT_OWNED) {
		l->has_owned = true;
		l->leaves = 0;
	}
	return l;
}

/* Enums. */

struct ranked_enumerator {
	const struct layout_enumerator *value;
	uint32_t place; /* as it was declared */
};

static int compare_values(const void *a, const void *b)
{
	const struct ranked_enumerator *x = a, *y = b;

	if (x->value->value != y->value->value)
		return x->value->value < y->value->value ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

static int compare_names(const void *a, const void *b, void *values)
{
	const struct layout_enumerator *v = values;

	return strcmp(v[*(const uint32_t *)a].name, v[*(const uint32_t *)b].name);
}

static bool rank_by_value(struct layout *l, const struct layout_enumerator *values)
{
	struct ranked_enumerator *ranked = calloc(l->enums.count + 1U, sizeof(*ranked));
	bool complete = ranked != NULL;

	for (uint32_t i = 0; ranked && i < l->enums.count; i++)
		ranked[i] = (struct ranked_enumerator){&values[i], i};
	if (ranked)
		qsort(ranked, l->enums.count, sizeof(*ranked), compare_values);
	for (uint32_t i = 0; complete && i < l->enums.count; i++) {
		l->enums.by_value[i].value = ranked[i].value->value;
		l->enums.by_value[i].name = strdup(ranked[i].value->name);
		complete = l->enums.by_value[i].name != NULL;
	}
	free(ranked);
	return complete;
}

struct layout *layout_enum(uint32_t size, uint32_t bits, bool is_signed,
			   const struct layout_enumerator *values, uint32_t count)
{
	struct layout *l;

	if (!is_int_size(size) || size > 8 || bits == 0 || bits > size * 8)
		return refuse();
	l = layout_new(LAYOUT_ENUM, size);
	if (!l)
		return NULL;
	l->enums.bits = (uint8_t)bits;
	l->enums.is_signed = is_signed;
	l->enums.by_value = calloc(count + 1U, sizeof(*l->enums.by_value));
	l->enums.by_name = calloc(count + 1U, sizeof(*l->enums.by_name));
	if (l->enums.by_value && l->enums.by_name)
		l->enums.count = count;
	if (l->enums.count != count || !rank_by_value(l, values)) {
		layout_unref(l);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		l->enums.by_name[i] = i;
	qsort_r(l->enums.by_name, count, sizeof(uint32_t), compare_names, l->enums.by_value);
	return l;
}

const char *layout_enum_name(const struct layout *l, uint64_t value)
{
	uint32_t low = 0, high = l->enums.count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (l->enums.by_value[mid].value < value)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == l->enums.count || l->enums.by_value[low].value != value)
		return NULL;
	return l->enums.by_value[low].name;
}

/* strcmp() of a NUL-terminated name with one of len bytes. */
static int compare_name(const char *name, const char *other, size_t len)
{
	int order = strncmp(name, other, len);

	return order ? order : name[len] != '\0';
}

bool layout_enum_value(const struct layout *l, const char *name, size_t len, uint64_t *value)
{
	uint32_t low = 0, high = l->enums.count;

	if (memchr(name, '\0', len))
		return false;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct layout_enumerator *e = &l->enums.by_value[l->enums.by_name[mid]];
		int order = compare_name(e->name, name, len);

		if (order == 0) {
			*value = e->value;
			return true;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* Arrays. */

void layout_inherit(struct layout *l, const struct layout *part, uint32_t times)
{
	l->nodes = sat_add(l->nodes, sat_mul(times, part->nodes));
	l->leaves = sat_add(l->leaves, sat_mul(times, part->leaves));
	l->is_checked |= times && part->is_checked;
	l->has_union |= part->has_union;
	l->has_owned |= part->has_owned;
	l->has_lock |= part->has_lock;
	l->has_timer |= part->has_timer;
}

static struct layout *array_new(enum layout_kind kind, struct layout *elem, uint32_t count,
				uint32_t stride)
{
	uint32_t size;
	struct layout *l;

	if (stride < elem->size || __builtin_mul_overflow(stride, count, &size))
		return refuse();
	l = layout_new(kind, size);
	if (!l)
		return NULL;
	l->array.elem = layout_ref(elem);
	l->array.count = count;
	l->array.stride = stride;
	l->leaves = 0;
	layout_inherit(l, elem, count);
	l->has_lock = kind == LAYOUT_PER_CPU && elem->has_lock;
	return l;
}

struct layout *layout_array(struct layout *elem, uint32_t count, uint32_t stride)
{
	return array_new(LAYOUT_ARRAY, elem, count, stride);
}

struct layout *layout_per_cpu(struct layout *elem, uint32_t cpus)
{
	if (elem->size > UINT32_MAX - 7)
		return refuse();
	return array_new(LAYOUT_PER_CPU, elem, cpus, (elem->size + 7) & ~7U);
}

/* Prefixes. */

struct layout *layout_prefix(uint32_t key_size, bool is_typed)
{
	uint32_t size = key_size - (uint32_t)sizeof(uint32_t);
	struct layout *l;

	if (key_size <= sizeof(uint32_t) || size > LAYOUT_PREFIX_DATA)
		return refuse();
	l = layout_new(LAYOUT_PREFIX, key_size);
	if (!l)
		return NULL;
	if (is_typed && size == 4)
		l->prefix = layout_plain(LAYOUT_IPV4, size);
	else if (is_typed && size == 16)
		l->prefix = layout_plain(LAYOUT_IPV6, size);
	else
		l->prefix = layout_new(LAYOUT_BYTES, size);
	if (!l->prefix) {
		layout_unref(l);
		return NULL;
	}
	return l;
}

void layout_canonical(const struct layout *l, void *bytes)
{
	unsigned char *data = (unsigned char *)bytes + sizeof(uint32_t);
	uint32_t prefix_len;

	if (l->kind != LAYOUT_PREFIX)
		return;
	memcpy(&prefix_len, bytes, sizeof(prefix_len));
	for (uint32_t i = 0; i < l->size - sizeof(uint32_t); i++) {
		uint32_t kept = prefix_len > i * 8 ? prefix_len - i * 8 : 0;

		if (kept < 8)
			data[i] &= (unsigned char)(0xff00 >> kept);
	}
}

/* Life. */

struct layout *layout_ref(struct layout *l)
{
	__atomic_add_fetch(&l->refs, 1, __ATOMIC_RELAXED);
	return l;
}

static void free_enum(struct layout *l)
{
	for (uint32_t i = 0; l->enums.by_value && i < l->enums.count; i++)
		free(l->enums.by_value[i].name);
	free(l->enums.by_value);
	free(l->enums.by_name);
}

static void free_record(struct layout *l)
{
	for (uint32_t i = 0; i < l->record.count; i++) {
		free(l->record.members[i].name);
		free(l->record.members[i].label);
		layout_unref(l->record.members[i].type);
	}
	free(l->record.members);
	free(l->record.by_name);
	free(l->record.holes);
}

void layout_unref(struct layout *l)
{
	if (!l || __atomic_sub_fetch(&l->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (l->kind == LAYOUT_ARRAY || l->kind == LAYOUT_PER_CPU)
		layout_unref(l->array.elem);
	else if (l->kind == LAYOUT_PREFIX)
		layout_unref(l->prefix);
	else if (l->kind == LAYOUT_ENUM)
		free_enum(l);
	else if (l->kind == LAYOUT_RECORD)
		free_record(l);
	free(l);
}
