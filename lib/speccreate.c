/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/speccreate.h"

#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/btfpair.h"
#include "lib/sys.h"

/* What an entry costs beside key and value, at most (struct htab_elem with its
 * LRU node, a bucket, a trie node). */
enum { ENTRY_OVERHEAD = 96 };

static uint32_t size_of(const struct ctype *type)
{
	return type ? type->size : 0;
}

uint64_t spec_bytes(const struct spec *s)
{
	uint64_t cpus = s->type->per_cpu ? (uint64_t)sys_possible_cpus() : 1;
	uint64_t value = ((uint64_t)size_of(s->value) + 7) / 8 * 8, bytes;

	if (s->type->keyless && s->type->valueless)
		return s->max_entries; /* of a ring buffer bytes, of an arena pages */
	if (__builtin_mul_overflow(value, cpus, &value) ||
	    __builtin_mul_overflow(value + size_of(s->key) + ENTRY_OVERHEAD, s->max_entries,
				   &bytes))
		return UINT64_MAX;
	return bytes;
}

static int check_presence(const char *what, bool is_there, bool is_needed, struct diag *d)
{
	if (is_there == is_needed)
		return 0;
	if (is_needed)
		return diag_set(d, EINVAL, "a map of this type needs %s", what);
	return diag_set(d, EINVAL, "a map of this type has no %s", what);
}

static int check_parts(const struct spec *s, struct diag *d)
{
	const struct maptype *type = s->type;
	int err;

	if (!type)
		return diag_set(d, EINVAL, "a map needs type, key, value and max_entries");
	if (type->why_no_mkdir)
		return diag_set(d, EOPNOTSUPP, "%s", type->why_no_mkdir);
	err = check_presence("key", s->key, !type->keyless, d);
	if (!err)
		err = check_presence("value", s->value, !type->valueless, d);
	if (!err)
		err = check_presence("max_entries", s->max_entries, !type->unbounded, d);
	if (!err && type->links && !s->inner)
		return diag_set(d, EINVAL,
				"a map of maps needs inner=NAME, or inner_type=, inner_key=, "
				"inner_value= and inner_max_entries=");
	if (!err && !type->links && s->inner)
		return diag_set(d, EINVAL, "only a map of maps has a template (inner)");
	return err;
}

/* What the kernel would refuse without saying why. */
static int check(const struct spec *s, uint64_t max_bytes, struct diag *d)
{
	int err = check_parts(s, d);

	if (err)
		return err;
	if (s->type->key_size && s->key->size != s->type->key_size)
		return diag_set(d, EINVAL, "the key of this map type has %u bytes",
				s->type->key_size);
	if (s->type->prefixes &&
	    (s->key->size < 5 || (ctype_is_typed(s->key) && !ctype_is_struct(s->key))))
		return diag_set(d, EINVAL,
				"the key is a u32 prefix length and the address: ipv4_prefix, "
				"ipv6_prefix, or a number of bytes (8 and 20 for these)");
	if (s->type->needs_btf && !(ctype_is_typed(s->key) && ctype_is_typed(s->value)))
		return diag_set(d, EINVAL, "a map of this type needs types: value=u64, for one");
	if (spec_bytes(s) > max_bytes)
		return diag_set(d, EFBIG, "up to %" PRIu64 " bytes, and max_map_bytes is %" PRIu64,
				spec_bytes(s), max_bytes);
	return 0;
}

/* Puts the types of key and value into attr, whose btf_fd is to be closed. */
static int attach_btf(const struct spec *s, struct sys_map_attr *attr)
{
	struct btf *btf;
	uint32_t ids[2];
	int err = btfpair_make(s->key, s->value, s->type->prefixes, &btf, ids);

	if (err)
		return err;
	err = sys_btf_load(btf);
	btf__free(btf);
	if (err < 0)
		return err;
	attr->btf_fd = err;
	attr->btf_key_type_id = ids[0];
	attr->btf_value_type_id = ids[1];
	return 0;
}

/* Ring buffers have records instead of keys and values, and some end for them. */
static bool is_ring(const struct maptype *type)
{
	return type->keyless && type->valueless && type->ends;
}

static int explain_invalid(const struct spec *s, struct diag *d)
{
	unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE), bytes = s->max_entries;

	if (is_ring(s->type) && (bytes % page || bytes & (bytes - 1)))
		return diag_set(d, EINVAL,
				"max_entries of a %s is its size in bytes: a power of two, %lu "
				"(a page) or more",
				s->type->name, page);
	return diag_set(d, EINVAL, "the kernel makes no %s of these sizes and flags",
			s->type->name);
}

static int explain_create(const struct spec *s, int err, struct diag *d)
{
	switch (err) {
	case -EOPNOTSUPP:
		if (s->inner)
			return diag_set(d, EINVAL, "the kernel has no maps of maps of type %s",
					s->inner->type->name);
		break;
	case -EINVAL:
		return explain_invalid(s, d);
	case -E2BIG:
		return diag_set(d, EFBIG, "too large for the kernel");
	case -EPERM:
		return diag_set(d, EPERM, "making a map takes CAP_BPF");
	}
	return diag_set(d, -err, "the kernel could not make the map");
}

static int create(const struct spec *s, const char *name, int inner_fd, struct diag *d)
{
	struct sys_map_attr attr = {
		.type = s->type->type,
		.key_size = size_of(s->key),
		.value_size = size_of(s->value),
		.max_entries = s->max_entries,
		.map_flags = s->map_flags | s->type->create_flags,
		.map_extra = s->map_extra,
		.numa_node = s->numa_node,
		.name = name,
		.inner_map_fd = inner_fd,
	};
	int fd, err = 0;

	if (s->type->btf && spec_has_types(s))
		err = attach_btf(s, &attr);
	fd = err ? err : sys_map_create(&attr);
	if (attr.btf_fd > 0)
		sys_close(attr.btf_fd);
	return fd < 0 ? explain_create(s, fd, d) : fd;
}

/* A map by the template, for as long as it takes to make a map of such. */
static int create_template(const struct spec *s, uint64_t max_bytes, struct diag *d)
{
	struct diag why = {.err = 0};
	int result;

	if (s->type && s->type->links)
		result = diag_set(&why, EINVAL, "a map of maps has no maps of maps in it");
	else
		result = check(s, max_bytes, &why);
	if (!result)
		result = create(s, "template", 0, &why);
	return result < 0 ? diag_set(d, -result, "the template (inner): %s", why.why) : result;
}

int spec_create(const struct spec *s, const char *raw_name, size_t raw_len, uint64_t max_bytes,
		struct diag *d)
{
	struct spec named = *s; /* borrows all but the name */
	int fd, inner_fd = 0, err = check(s, max_bytes, d);

	if (err)
		return err;
	if (s->inner) {
		inner_fd = create_template(s->inner, max_bytes, d);
		if (inner_fd < 0)
			return inner_fd;
	}
	if (!s->name[0])
		spec_set_name(&named, raw_name, raw_len);
	fd = create(s, named.name, inner_fd, d);
	if (s->inner)
		sys_close(inner_fd);
	return fd;
}
