/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/btfcopy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_DEPTH = 128, /* of types by value within each other */
	MAX_CHAIN = 24,  /* of pointers and qualifiers; the kernel follows 32 */
	BUSY = INT32_MAX /* in place of an id: being copied */
};

/* What became of a type of src: ids in dst, 0 where there is no such copy. */
struct copied {
	int32_t whole;
	int32_t cut;    /* as a pointer's target */
	int32_t tagged; /* the same, with a TYPE_TAG in between */
};

/*
 * Types by value are added innermost first: the kernel resolves types in the order
 * of their ids, and its stack is 32 deep. Pointers are added without a target, and
 * get it when all is there that is held by value: so it does not matter whether a
 * struct is first pointed at or first contained.
 */
struct btfcopy {
	struct btf *dst;
	const struct btf *src;
	struct copied *types;
	uint32_t *pointers; /* ids in src, whose copies have no target yet */
	uint32_t pointer_count;
	uint32_t *tags; /* all DECL_TAGs of src, in order of the types they are attached to */
	uint32_t tag_count;
	uint32_t *contained; /* structs that copied tags speak of, to be copied */
	uint32_t contained_count;
	unsigned int depth;
};

/* The tags of src. */

static int compare_targets(const void *a, const void *b, void *src)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint32_t s = btf__type_by_id(src, x)->type, t = btf__type_by_id(src, y)->type;

	if (s != t)
		return s < t ? -1 : 1;
	return x < y ? -1 : 1;
}

static int find_tags(struct btfcopy *c)
{
	uint32_t count = btf__type_cnt(c->src), found = 0;

	for (uint32_t id = 1; id < count; id++)
		found += btf_is_decl_tag(btf__type_by_id(c->src, id));
	c->tags = calloc(found + 1U, sizeof(*c->tags));
	c->contained = calloc(found + 1U, sizeof(*c->contained));
	if (!c->tags || !c->contained)
		return -ENOMEM;
	for (uint32_t id = 1; id < count && c->tag_count < found; id++)
		if (btf_is_decl_tag(btf__type_by_id(c->src, id)))
			c->tags[c->tag_count++] = id;
	qsort_r(c->tags, found, sizeof(*c->tags), compare_targets, (void *)c->src);
	return 0;
}

/* The place of the first tag of a type, or of where it would be. */
static uint32_t first_tag(const struct btfcopy *c, uint32_t target)
{
	uint32_t low = 0, high = c->tag_count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (btf__type_by_id(c->src, c->tags[mid])->type < target)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Life. */

int btfcopy_new(struct btf *dst, const struct btf *src, struct btfcopy **out)
{
	struct btfcopy *c = calloc(1, sizeof(*c));
	uint32_t count = btf__type_cnt(src);

	if (!c)
		return -ENOMEM;
	c->dst = dst;
	c->src = src;
	c->types = calloc(count, sizeof(*c->types));
	c->pointers = calloc(count, sizeof(*c->pointers));
	if (!c->types || !c->pointers || find_tags(c)) {
		btfcopy_free(c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

void btfcopy_free(struct btfcopy *c)
{
	if (!c)
		return;
	free(c->types);
	free(c->pointers);
	free(c->tags);
	free(c->contained);
	free(c);
}

/* What a type refers to, and its names. */

/* The i-th id that a type holds by value, or NULL: there are no more. */
static uint32_t *reference(struct btf_type *t, uint32_t i)
{
	switch (btf_kind(t)) {
	case BTF_KIND_ARRAY:
		return i == 0 ? &btf_array(t)->type : i == 1 ? &btf_array(t)->index_type : NULL;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return i < btf_vlen(t) ? &btf_members(t)[i].type : NULL;
	case BTF_KIND_DATASEC:
		return i < btf_vlen(t) ? &btf_var_secinfos(t)[i].type : NULL;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_VAR:
		return i == 0 ? &t->type : NULL;
	default:
		return NULL;
	}
}

/* The same of a type that is only read. false: there are no more. */
static bool referred(const struct btf_type *t, uint32_t i, uint32_t *id)
{
	const uint32_t *ref = reference((struct btf_type *)t, i);

	if (ref)
		*id = *ref;
	return ref != NULL;
}

static bool is_copyable(const struct btf_type *t)
{
	return !btf_is_func(t) && !btf_is_func_proto(t) && !btf_is_decl_tag(t);
}

static bool has_name(const struct btf *btf, uint32_t offset)
{
	return btf__str_by_offset(btf, offset) != NULL;
}

/* libbpf takes names for granted. */
static bool has_names(const struct btf *btf, const struct btf_type *t)
{
	bool all = has_name(btf, t->name_off);

	for (uint32_t i = 0; all && btf_is_composite(t) && i < btf_vlen(t); i++)
		all = has_name(btf, btf_members(t)[i].name_off);
	for (uint32_t i = 0; all && btf_is_enum(t) && i < btf_vlen(t); i++)
		all = has_name(btf, btf_enum(t)[i].name_off);
	for (uint32_t i = 0; all && btf_is_enum64(t) && i < btf_vlen(t); i++)
		all = has_name(btf, btf_enum64(t)[i].name_off);
	return all;
}

static const char *name_of(const struct btfcopy *c, const struct btf_type *t)
{
	const char *name = btf__str_by_offset(c->src, t->name_off);

	return name ? name : "";
}

/* Copying by value. */

/* Adds a type as it stands, its references still those of src. */
static int add_raw(struct btfcopy *c, const struct btf_type *t)
{
	return has_names(c->src, t) ? btf__add_type(c->dst, c->src, t) : -EINVAL;
}

/* A type of dst that this copying has added itself, and so may mend. */
static struct btf_type *added(struct btfcopy *c, int id)
{
	return (struct btf_type *)btf__type_by_id(c->dst, (uint32_t)id);
}

/* "contains:NAME:MEMBER" promises the kernel a struct NAME. */
static int note_contained(struct btfcopy *c, const char *tag)
{
	static const char prefix[] = "contains:";
	char *name;
	int id;

	if (strncmp(tag, prefix, strlen(prefix)) != 0)
		return 0;
	tag += strlen(prefix);
	name = strndup(tag, strcspn(tag, ":"));
	if (!name)
		return -ENOMEM;
	id = btf__find_by_name_kind(c->src, name, BTF_KIND_STRUCT);
	free(name);
	if (id > 0 && !c->types[id].whole)
		c->contained[c->contained_count++] = (uint32_t)id;
	return 0;
}

/* Copies the tags of a type that has been copied. */
static int add_tags(struct btfcopy *c, uint32_t target)
{
	const struct btf_type *tag;
	int id, err = 0;

	for (uint32_t i = first_tag(c, target); !err && i < c->tag_count; i++) {
		tag = btf__type_by_id(c->src, c->tags[i]);
		if (tag->type != target)
			break;
		id = add_raw(c, tag);
		if (id < 0)
			return id;
		added(c, id)->type = (uint32_t)c->types[target].whole;
		c->types[c->tags[i]].whole = id;
		err = note_contained(c, name_of(c, tag));
	}
	return err;
}

static int copy_whole(struct btfcopy *c, uint32_t id);

/* What is held by value must be there first. */
static int copy_references(struct btfcopy *c, const struct btf_type *t)
{
	uint32_t ref;
	int err = 0;

	if (c->depth == MAX_DEPTH)
		return -EINVAL;
	c->depth++;
	for (uint32_t i = 0; err >= 0 && referred(t, i, &ref); i++)
		err = copy_whole(c, ref);
	c->depth--;
	return err;
}

/* The new type refers to the copies of what it referred to in src. */
static int add_whole(struct btfcopy *c, const struct btf_type *t)
{
	int id = add_raw(c, t);
	uint32_t *ref;

	if (id < 0)
		return id;
	for (uint32_t i = 0; (ref = reference(added(c, id), i)); i++)
		*ref = *ref ? (uint32_t)c->types[*ref].whole : 0;
	if (btf_is_ptr(t))
		added(c, id)->type = 0;
	return id;
}

/* The id in dst of a type with all that it holds, or -errno. */
static int copy_whole(struct btfcopy *c, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(c->src, id);
	int whole, err;

	if (id == 0)
		return 0;
	if (!t || !is_copyable(t) || c->types[id].whole == BUSY)
		return -EINVAL;
	if (c->types[id].whole)
		return c->types[id].whole;
	c->types[id].whole = BUSY;
	err = copy_references(c, t);
	whole = err < 0 ? err : add_whole(c, t);
	if (whole < 0)
		return whole;
	c->types[id].whole = whole;
	if (btf_is_ptr(t))
		c->pointers[c->pointer_count++] = id;
	err = add_tags(c, id);
	return err ? err : whole;
}

/* Copying what is pointed at. */

/*
 * What stands behind the qualifiers, typedefs and arrays from id on: NULL if that
 * is nothing (void), or no end is found. *arrays: were there any?
 */
static const struct btf_type *innermost(const struct btfcopy *c, uint32_t id, bool *arrays)
{
	const struct btf_type *t = NULL;

	*arrays = false;
	for (int i = 0; i < MAX_CHAIN; i++) {
		t = id ? btf__type_by_id(c->src, id) : NULL;
		if (!t || !(btf_is_array(t) || btf_is_mod(t) || btf_is_typedef(t)))
			return t;
		*arrays |= btf_is_array(t);
		referred(t, 0, &id);
	}
	return NULL;
}

/* Does the kernel's stack suffice for a pointer to id, to what that points at, ...? */
static bool is_short(const struct btfcopy *c, uint32_t id)
{
	for (int i = 0; i < MAX_CHAIN; i++) {
		const struct btf_type *t = btf__type_by_id(c->src, id);

		if (!t || !(btf_is_ptr(t) || btf_is_mod(t) || btf_is_typedef(t)))
			return true;
		id = t->type;
	}
	return false;
}

static int add_cut_struct(struct btfcopy *c, const struct btf_type *t, bool tagged)
{
	const char *name = name_of(c, t);
	bool is_union = btf_is_union(t);

	if (!has_name(c->src, t->name_off))
		return -EINVAL;
	if (!name[0])
		return 0;
	if (!tagged)
		return btf__add_fwd(c->dst, name, is_union ? BTF_FWD_UNION : BTF_FWD_STRUCT);
	return is_union ? btf__add_union(c->dst, name, t->size)
			: btf__add_struct(c->dst, name, t->size);
}

static int copy_cut(struct btfcopy *c, uint32_t id, bool tagged);

/* A qualifier or typedef in front of what is cut. */
static int add_cut_modifier(struct btfcopy *c, const struct btf_type *t, bool tagged)
{
	int target = copy_cut(c, t->type, tagged || btf_is_type_tag(t));
	int id = target < 0 ? target : add_raw(c, t);

	if (id > 0)
		added(c, id)->type = (uint32_t)target;
	return id;
}

/* The short form of a struct, union or function, and of what stands in front of it. */
static int copy_short(struct btfcopy *c, uint32_t id, bool tagged)
{
	const struct btf_type *t = btf__type_by_id(c->src, id);
	int32_t *known = tagged ? &c->types[id].tagged : &c->types[id].cut;
	int cut;

	if (btf_is_func_proto(t) || *known)
		return *known;
	if (btf_is_composite(t))
		cut = add_cut_struct(c, t, tagged);
	else
		cut = add_cut_modifier(c, t, tagged);
	if (cut > 0)
		*known = cut;
	return cut;
}

/* The id in dst of a pointer's target, which may be 0, void; or -errno. */
static int copy_cut(struct btfcopy *c, uint32_t id, bool tagged)
{
	bool arrays;
	const struct btf_type *t = innermost(c, id, &arrays);

	if (id && !btf__type_by_id(c->src, id))
		return -EINVAL;
	if (c->types[id].whole && (t != btf__type_by_id(c->src, id) || name_of(c, t)[0]))
		return c->types[id].whole;
	if (t && (btf_is_composite(t) || btf_is_func_proto(t)))
		return arrays ? 0 : copy_short(c, id, tagged);
	if (arrays && (!t || btf_is_fwd(t)))
		return 0;
	return copy_whole(c, id);
}

/* Pointers get their targets, and those that are found on the way as well. */
static int copy_targets(struct btfcopy *c)
{
	while (c->pointer_count) {
		uint32_t id = c->pointers[--c->pointer_count];
		uint32_t target = btf__type_by_id(c->src, id)->type;
		int cut = is_short(c, target) ? copy_cut(c, target, false) : 0;

		if (cut < 0)
			return cut;
		added(c, c->types[id].whole)->type = (uint32_t)cut;
	}
	return 0;
}

int btfcopy_add(struct btfcopy *c, uint32_t id)
{
	int err, whole = copy_whole(c, id);

	while (whole >= 0 && c->contained_count) {
		err = copy_whole(c, c->contained[--c->contained_count]);
		if (err < 0)
			return err;
	}
	if (whole < 0)
		return whole;
	err = copy_targets(c);
	return err ? err : whole;
}
