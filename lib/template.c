/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/template.h"

#include <bpf/btf.h>
#include <stdlib.h>

#include "lib/sys.h"

/* The type of this size in btf that has something of the kernel's, if there is just one. */
static struct ctype *find_owned(const struct btf *btf, uint32_t size)
{
	struct ctype *found = NULL, *type;

	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!btf_is_struct(t) || t->size != size || ctype_from_btf(btf, id, size, &type))
			continue;
		if (!type->layout->has_owned) {
			ctype_unref(type);
			continue;
		}
		if (found) {
			ctype_unref(type);
			ctype_unref(found);
			return NULL;
		}
		found = type;
	}
	return found;
}

static struct ctype *value_of(const struct mapiter_template *t)
{
	struct ctype *value = NULL;
	struct btf *btf = NULL;

	if (t->btf_id && sys_btf_open_id(t->btf_id, &btf) == 0)
		value = find_owned(btf, t->value_size);
	btf__free(btf);
	if (!value && t->value_size)
		ctype_bytes(t->value_size, &value);
	return value;
}

/* Of one that was kept, which has no name. */
static struct spec *copy_of(const struct spec *kept)
{
	struct spec *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = *kept;
	s->key = kept->key ? ctype_ref(kept->key) : NULL;
	s->value = kept->value ? ctype_ref(kept->value) : NULL;
	return s;
}

struct spec *template_of_map(const struct map_desc *desc)
{
	struct mapiter_map live;
	struct spec *s;

	if (desc->inner)
		return copy_of(desc->inner);
	if (!desc->type->links || !desc->iter || mapiter_find(desc->iter, desc->info.id, &live) ||
	    !live.inner.type)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->type = maptype_find(live.inner.type);
	s->max_entries = live.inner.max_entries;
	s->map_flags = live.inner.map_flags & ~s->type->added_flags;
	if (live.inner.key_size)
		ctype_bytes(live.inner.key_size, &s->key);
	s->value = value_of(&live.inner);
	return s;
}

static uint32_t size_of(const struct ctype *type)
{
	return type ? type->size : 0;
}

bool template_is_like(const struct spec *a, const struct spec *b)
{
	uint32_t flags = a->type && b->type ? a->type->create_flags | b->type->create_flags : 0;

	return a->type == b->type && size_of(a->key) == size_of(b->key) &&
	       size_of(a->value) == size_of(b->value) && a->max_entries == b->max_entries &&
	       (a->map_flags | flags) == (b->map_flags | flags);
}
