/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/map.h"

#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/btflayout.h"
#include "lib/record.h"
#include "lib/sys.h"

/* The type laid over the map, else that of BTF type type_id, else just bytes. */
static int choose_type(const struct ctype *laid, const struct btf *btf, uint32_t type_id,
		       uint32_t size, struct ctype **out)
{
	if (laid)
		*out = ctype_ref((struct ctype *)laid);
	else if (btf && type_id)
		return ctype_from_btf(btf, type_id, size, out);
	else if (size)
		return ctype_bytes(size, out);
	return 0;
}

/* The value of a struct_ops is of a type of the kernel's own; where that is not told,
 * or is a module's, just bytes. */
static int choose_value_type(const struct map_types *types, const struct btf *btf,
			     const struct bpf_map_info *info, struct ctype **out)
{
	uint32_t type_id = info->btf_value_type_id;
	int err;

	if (info->btf_vmlinux_value_type_id) {
		type_id = info->btf_vmlinux_value_type_id;
		err = sys_btf_vmlinux(&btf);
		if (err == -ENOMEM)
			return err;
	}
	return choose_type(types->value, btf, type_id, info->value_size, out);
}

static int lay_out_key(struct map_desc *desc)
{
	const struct ctype *t = desc->key_type;

	if (desc->type->elements->keys_are_values)
		t = desc->value_type;
	if (desc->type->elements->key)
		desc->key = desc->type->elements->key(&desc->info);
	else if (!desc->type->prefixes)
		desc->key = layout_ref(t->layout);
	else if (ctype_is_typed(t))
		return btflayout_read_prefix(t->btf, t->id, t->size, &desc->key);
	else
		desc->key = layout_prefix(t->size, false);
	return desc->key ? 0 : -ENOMEM;
}

static int lay_out_value(struct map_desc *desc)
{
	int cpus = desc->type->per_cpu ? sys_possible_cpus() : 1;

	if (cpus < 0)
		return cpus;
	if (desc->type->elements && desc->type->elements->value)
		desc->value = desc->type->elements->value(&desc->info);
	else if (desc->type->per_cpu)
		desc->value = layout_per_cpu(desc->value_type->layout, (uint32_t)cpus);
	else
		desc->value = layout_ref(desc->value_type->layout);
	if (desc->value && desc->value->has_lock && desc->info.btf_id)
		desc->elem_flags = BPF_F_LOCK;
	return desc->value ? 0 : -ENOMEM;
}

static int describe(struct map_desc *desc, const struct btf *btf, const struct map_types *types)
{
	const struct bpf_map_info *info = &desc->info;
	int err = choose_type(types->key, btf, info->btf_key_type_id, info->key_size,
			      &desc->key_type);

	if (!err)
		err = choose_value_type(types, btf, info, &desc->value_type);
	if (!err && desc->type->elements)
		err = lay_out_key(desc);
	if (!err && desc->value_type)
		err = lay_out_value(desc);
	return err;
}

int map_desc_new(const struct bpf_map_info *info, const struct map_types *types,
		 struct map_desc **out)
{
	static const struct map_types none;
	struct map_desc *desc = calloc(1, sizeof(*desc));
	struct btf *btf = NULL;
	int err = 0;

	if (!desc)
		return -ENOMEM;
	desc->refs = 1;
	desc->info = *info;
	desc->type = maptype_find(info->type);
	if (info->btf_id)
		err = sys_btf_open_id(info->btf_id, &btf);
	if (!err)
		err = describe(desc, btf, types ? types : &none);
	btf__free(btf);
	if (err) {
		map_desc_unref(desc);
		return err;
	}
	*out = desc;
	return 0;
}

static int check_size(const char *what, const struct ctype *t, uint32_t size, struct diag *d)
{
	if (!t || t->size == size)
		return 0;
	return diag_set(d, EINVAL,
			"the %s of this map has %" PRIu32 " bytes, and the type %" PRIu32, what,
			size, t->size);
}

/* What a type of maps gives a meaning of its own (an interface, a program), no other
 * type can be laid over. */
static int check_meaning(const struct maptype *type, const struct map_types *types, struct diag *d)
{
	const struct elements *e = type->elements;

	if (e && e->key && types->key && ctype_is_typed(types->key))
		return diag_set(d, EINVAL, "the keys of a %s have a meaning already", type->name);
	if (e && e->value && types->value && ctype_is_typed(types->value) && !e->keys_are_values)
		return diag_set(d, EINVAL, "the values of a %s have a meaning already", type->name);
	return 0;
}

int map_types_check(const struct bpf_map_info *info, const struct map_types *types, struct diag *d)
{
	const struct maptype *type = maptype_find(info->type);
	bool has_records = type->valueless && type->ends; /* of any size */
	int err = check_size("key", types->key, info->key_size, d);

	if (!err && !has_records)
		err = check_size("value", types->value, info->value_size, d);
	if (!err)
		err = check_meaning(type, types, d);
	if (!err && types->key && type->prefixes && ctype_is_typed(types->key) &&
	    !ctype_is_struct(types->key))
		return diag_set(d, EINVAL,
				"the key of an LPM trie begins with its prefix length: "
				"use ipv4_prefix, ipv6_prefix or a struct");
	return err;
}

int map_desc_retype(const struct map_desc *desc, const struct map_types *types,
		    struct map_desc **out, struct diag *d)
{
	struct map_types all = {NULL, NULL};
	int err;

	if (desc->copier)
		return diag_set(d, EROFS, "this mount shows a snapshot, in which nothing changes");
	if (types && desc->info.btf_id)
		return diag_set(d, EEXIST, "the map has types of its own");
	if (types) {
		all.key = types->key ? types->key : desc->key_type;
		all.value = types->value ? types->value : desc->value_type;
	}
	err = map_types_check(&desc->info, &all, d);
	if (!err)
		err = map_desc_new(&desc->info, &all, out);
	if (!err)
		(*out)->iter = desc->iter;
	return err;
}

struct map_desc *map_desc_ref(struct map_desc *desc)
{
	__atomic_add_fetch(&desc->refs, 1, __ATOMIC_RELAXED);
	return desc;
}

void map_desc_unref(struct map_desc *desc)
{
	if (!desc || __atomic_sub_fetch(&desc->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	layout_unref(desc->key);
	layout_unref(desc->value);
	ctype_unref(desc->key_type);
	ctype_unref(desc->value_type);
	free(desc);
}

struct map_desc *map_desc_of_copy(const struct map_desc *desc, const struct maptype *type,
				  struct map_copier *copier)
{
	struct map_desc *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *desc;
	copy->refs = 1;
	copy->type = type;
	copy->copier = copier;
	copy->iter = NULL;
	copy->key_type = desc->key_type ? ctype_ref(desc->key_type) : NULL;
	copy->value_type = desc->value_type ? ctype_ref(desc->value_type) : NULL;
	copy->key = layout_ref(desc->key);
	copy->value = layout_ref(desc->value);
	return copy;
}

/* An index of which the kernel tells no value may be occupied, or not. */
bool map_desc_is_listed(const struct map_desc *desc)
{
	const struct elements *elements = desc->type->elements;

	return elements && !elements->unlisted &&
	       !(elements->indexes && desc->value->kind == LAYOUT_NOTHING);
}

bool map_desc_has_room_for(const struct map_desc *desc, const void *key)
{
	uint32_t index;

	if (!desc->type->elements->indexes)
		return true;
	memcpy(&index, key, sizeof(index));
	return index < desc->info.max_entries;
}

bool map_desc_is_delicate(const struct map_desc *desc)
{
	return desc->type->delicate || (desc->value && desc->value->has_timer);
}

struct elem_map map_elem(const struct map *map)
{
	return (struct elem_map){map->fd, &map->desc->info, map->copy};
}

/* A timer is younger than the iterator, so without one there is none to be stopped. */
static int check_held(const struct map_desc *desc)
{
	struct mapiter_map live;
	int err;

	if (!map_desc_is_delicate(desc))
		return 0;
	if (!desc->iter)
		return desc->type->delicate ? -EOPNOTSUPP : 0;
	err = mapiter_find(desc->iter, desc->info.id, &live);
	if (err)
		return err == -ENOENT ? -ESTALE : err;
	return live.usercnt ? 0 : -EOPNOTSUPP;
}

/*
 * The last user may have gone between check_held() and the opening. The kernel then clears
 * the map in the background; if it is closed before that has begun, a reference is lost,
 * and with it the map, for good (map-types finding 1). So wait, and let it go.
 */
static int check_shared(struct map *map)
{
	const struct timespec begun = {.tv_nsec = 100000000};
	struct mapiter_map live;
	int err;

	if (!map->desc->iter || !map_desc_is_delicate(map->desc))
		return 0;
	err = mapiter_find(map->desc->iter, map->desc->info.id, &live);
	if (!err && live.usercnt > 1)
		return 0;
	nanosleep(&begun, NULL);
	map_close(map);
	return err ? err : -EOPNOTSUPP;
}

int map_open(struct map *map, struct map_desc *desc, uint32_t open_flags)
{
	int err;

	*map = (struct map){.desc = desc, .fd = -1};
	if (desc->copier)
		return desc->copier->open(desc->copier, &map->copy);
	err = check_held(desc);
	if (err)
		return err;
	map->fd = sys_map_open_id(desc->info.id, open_flags);
	if (map->fd == -ENOENT)
		return -ESTALE;
	return map->fd < 0 ? map->fd : check_shared(map);
}

int map_open_to_write(struct map *map, struct map_desc *desc, uint32_t open_flags, struct diag *d)
{
	int err = map_open(map, desc, open_flags);

	if (err != -EOPNOTSUPP)
		return err;
	return diag_set(d, EOPNOTSUPP,
			"no process and no pin holds this map, and the kernel would undo the "
			"change when it is closed again: pin it first");
}

void map_close(struct map *map)
{
	if (map->fd >= 0)
		sys_close(map->fd);
	map->fd = -1;
}

/* The errno of the contract for one of the kernel's, with its sentence. */
static int explain(const struct map *map, int err, struct diag *d)
{
	switch (err) {
	case -E2BIG:
	case -ENOSPC:
		return diag_set(d, ENOSPC, "the map is full: max_entries is %u",
				map->desc->info.max_entries);
	case -EPERM:
		return diag_set(d, EROFS, "the map is frozen, or opened read-only");
	case -ENOENT:
		return diag_set(d, ENOENT, "the map has no such key");
	case -EEXIST:
		return diag_set(d, EEXIST, "the map has this key already");
	default:
		return err ? diag_set(d, -err, "the kernel refused it") : 0;
	}
}

static int check_index(const struct map *map, const void *key, struct diag *d)
{
	if (map_desc_has_room_for(map->desc, key))
		return 0;
	return diag_set(d, EINVAL, "the last index of this map is %u",
			map->desc->info.max_entries - 1);
}

int map_get(const struct map *map, const void *key, void *value)
{
	const struct elem_map m = map_elem(map);
	int err = map->desc->type->elements->get(&m, key, value, map->desc->elem_flags);

	if (!err)
		layout_clear_owned(map->desc->value, value);
	return err;
}

static int put(const struct map *map, const void *key, const void *value, uint64_t flags,
	       struct diag *d)
{
	const struct elements *elements = map->desc->type->elements;
	const struct elem_map m = map_elem(map);

	if (!elements->put)
		return diag_set(d, EOPNOTSUPP, "%s", elements->no_put);
	return elements->put(&m, key, value, flags | map->desc->elem_flags, d);
}

/* 0 if an element is there. */
static int look(const struct map *map, const void *key)
{
	void *value = calloc(1, map->desc->value->size + 1U);
	int err = value ? map_get(map, key, value) : -ENOMEM;

	free(value);
	return err;
}

/* The kernel is asked first, which is one step: some types heed BPF_NOEXIST all the same.
 * Of empty slots others say EEXIST, or know no flags. */
static int put_absent(const struct map *map, const void *key, const void *value, struct diag *d)
{
	int err = put(map, key, value, BPF_NOEXIST, d);

	if (err != -EEXIST && err != -EINVAL)
		return err;
	d->err = 0;
	err = look(map, key);
	if (!err)
		return -EEXIST;
	return err == -ENOENT ? put(map, key, value, BPF_ANY, d) : err;
}

static int put_present(const struct map *map, const void *key, const void *value, struct diag *d)
{
	int err = look(map, key);

	return err ? err : put(map, key, value, BPF_ANY, d);
}

/* Where the kernel does not heed BPF_NOEXIST and BPF_EXIST: one at a time here, so that
 * of several who create a key one does. */
static int put_by_hand(const struct map *map, const void *key, const void *value, uint64_t flags,
		       struct diag *d)
{
	static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
	int err;

	pthread_mutex_lock(&turn);
	err = flags == BPF_NOEXIST ? put_absent(map, key, value, d)
				   : put_present(map, key, value, d);
	pthread_mutex_unlock(&turn);
	return err;
}

/* own: what was said already where it happened. */
static int explain_unless(const struct map *map, int err, const struct diag *own, struct diag *d)
{
	if (!own->err)
		return explain(map, err, d);
	if (d)
		*d = *own;
	return err;
}

int map_put(const struct map *map, const void *key, const void *value, uint64_t flags,
	    struct diag *d)
{
	struct diag own = {.err = 0};
	int err = check_index(map, key, d);

	if (err)
		return err;
	if (map->desc->type->elements->by_hand && flags != BPF_ANY)
		err = put_by_hand(map, key, value, flags, &own);
	else
		err = put(map, key, value, flags, &own);
	return explain_unless(map, err, &own, d);
}

static int store_zeroes(const struct map *map, const void *key)
{
	void *zeroes = calloc(1, map->desc->value->size);
	int err;

	if (!zeroes)
		return -ENOMEM;
	err = put(map, key, zeroes, BPF_ANY, NULL);
	free(zeroes);
	return err;
}

int map_delete(const struct map *map, const void *key, struct diag *d)
{
	const struct elements *elements = map->desc->type->elements;
	const struct elem_map m = map_elem(map);
	int err;

	if (!map_desc_has_room_for(map->desc, key))
		return explain(map, -ENOENT, d);
	if (!elements->fixed && !elements->del)
		return diag_set(d, EOPNOTSUPP, "%s", elements->no_del);
	err = elements->fixed ? store_zeroes(map, key) : elements->del(&m, key);
	return explain(map, err, d);
}

int map_push(const struct map *map, const void *element, uint32_t size, struct diag *d)
{
	const struct elem_map m = map_elem(map);
	struct diag own = {.err = 0};
	int err = map->desc->type->by_ends->push(&m, element, size, &own);

	return explain_unless(map, err, &own, d);
}

int map_peek(const struct map *map, void *element)
{
	const struct elem_map m = map_elem(map);

	return map->desc->type->by_ends->peek(&m, element);
}

int map_pop(const struct map *map, void *element, struct diag *d)
{
	const struct elem_map m = map_elem(map);
	int err = map->desc->type->by_ends->pop(&m, element);

	return err == -ENOENT ? err : explain(map, err, d);
}

bool map_is_frozen(const struct map *map)
{
	struct sys_fdinfo fdinfo;

	return map->fd >= 0 && sys_map_fdinfo(map->fd, &fdinfo) == 0 && fdinfo.frozen;
}
