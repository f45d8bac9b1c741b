/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/specfields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btfpair.h"
#include "lib/text.h"

bool spec_has_types(const struct spec *s)
{
	return (s->key && ctype_is_typed(s->key)) || (s->value && ctype_is_typed(s->value));
}

/* Bits of map_flags, as linux/bpf.h names them. */
static const struct flag {
	uint32_t bit;
	const char *name;
} flags[] = {
	{1U << 0, "no_prealloc"},   {1U << 1, "no_common_lru"},
	{1U << 2, "numa_node"},     {1U << 3, "rdonly"},
	{1U << 4, "wronly"},        {1U << 5, "stack_build_id"},
	{1U << 6, "zero_seed"},     {1U << 7, "rdonly_prog"},
	{1U << 8, "wronly_prog"},   {1U << 9, "clone"},
	{1U << 10, "mmapable"},     {1U << 11, "preserve_elems"},
	{1U << 12, "inner_map"},    {1U << 13, "link"},
	{1U << 14, "path_fd"},      {1U << 15, "vtype_btf_obj_fd"},
	{1U << 16, "token_fd"},     {1U << 17, "segv_on_fault"},
	{1U << 18, "no_user_conv"},
};

enum { FLAGS = sizeof(flags) / sizeof(flags[0]) };

void spec_print_flags(uint32_t bits, struct buf *out)
{
	const char *joint = "";

	for (int i = 0; i < FLAGS; i++) {
		if (!(bits & flags[i].bit))
			continue;
		buf_addf(out, "%s%s", joint, flags[i].name);
		joint = "|";
		bits &= ~flags[i].bit;
	}
	if (bits || !*joint)
		buf_addf(out, bits ? "%s0x%x" : "%s%u", joint, bits);
}

/* Field parsers see the value alone; places they report are relative to it. */

static int parse_number(const char *text, size_t len, uint64_t max, uint64_t *out, struct diag *d)
{
	struct text t = {.s = text, .len = len, .diag = d};
	int err = text_unsigned(&t, max, out);

	return err ? err : text_end(&t);
}

static int parse_type(struct spec *s, const char *text, size_t len, struct diag *d)
{
	const struct maptype *type = maptype_by_name(text, (uint32_t)len);

	if (!type)
		return diag_at(d, EINVAL, 0, "no such map type");
	s->type = type;
	return 0;
}

static void print_type(const struct spec *s, struct buf *out)
{
	if (s->type)
		buf_adds(out, s->type->name);
}

int spec_parse_ctype(struct ctype **slot, const char *text, size_t len, struct diag *d)
{
	struct ctype *type = NULL;
	int err = ctype_parse(text, len, &type, d);

	if (err)
		return err;
	ctype_unref(*slot);
	*slot = type;
	return 0;
}

static int parse_key(struct spec *s, const char *text, size_t len, struct diag *d)
{
	return spec_parse_ctype(&s->key, text, len, d);
}

static void print_key(const struct spec *s, struct buf *out)
{
	if (s->key)
		ctype_print_spec(s->key, out);
}

static int parse_value(struct spec *s, const char *text, size_t len, struct diag *d)
{
	return spec_parse_ctype(&s->value, text, len, d);
}

static void print_value(const struct spec *s, struct buf *out)
{
	if (s->value)
		ctype_print_spec(s->value, out);
}

static int parse_max_entries(struct spec *s, const char *text, size_t len, struct diag *d)
{
	uint64_t number = 0;
	int err = parse_number(text, len, UINT32_MAX, &number, d);

	if (!err && number == 0)
		return diag_at(d, EINVAL, 0, "a map has at least one entry");
	if (!err)
		s->max_entries = (uint32_t)number;
	return err;
}

static void print_max_entries(const struct spec *s, struct buf *out)
{
	if (s->max_entries)
		buf_addf(out, "%" PRIu32, s->max_entries);
}

static int parse_one_flag(const char *text, size_t len, uint32_t *bits, struct diag *d)
{
	uint64_t number;

	for (int i = 0; i < FLAGS; i++) {
		if (strlen(flags[i].name) == len && memcmp(flags[i].name, text, len) == 0) {
			*bits |= flags[i].bit;
			return 0;
		}
	}
	if (!len || text[0] < '0' || text[0] > '9')
		return diag_at(d, EINVAL, 0, "no such flag");
	if (parse_number(text, len, UINT32_MAX, &number, d))
		return -EINVAL;
	*bits |= (uint32_t)number;
	return 0;
}

static int parse_map_flags(struct spec *s, const char *text, size_t len, struct diag *d)
{
	uint32_t bits = 0;
	size_t start = 0, end;
	int err;

	for (; start <= len; start = end + 1) {
		for (end = start; end < len && text[end] != '|'; end++)
			;
		err = parse_one_flag(text + start, end - start, &bits, d);
		if (err && d)
			d->offset += start;
		if (err)
			return err;
	}
	s->map_flags = bits;
	return 0;
}

static void print_map_flags(const struct spec *s, struct buf *out)
{
	if (s->map_flags)
		spec_print_flags(s->map_flags, out);
}

static int parse_map_extra(struct spec *s, const char *text, size_t len, struct diag *d)
{
	return parse_number(text, len, UINT64_MAX, &s->map_extra, d);
}

static void print_map_extra(const struct spec *s, struct buf *out)
{
	if (s->map_extra)
		buf_addf(out, "%" PRIu64, s->map_extra);
}

static int parse_numa_node(struct spec *s, const char *text, size_t len, struct diag *d)
{
	uint64_t number = 0;
	int err = parse_number(text, len, INT32_MAX, &number, d);

	if (err)
		return err;
	s->numa_node = (uint32_t)number;
	s->map_flags |= BPF_F_NUMA_NODE;
	return 0;
}

/* bpf_map_info does not tell a node, and what a template was made like is not kept. */
static void print_nothing(const struct spec *s, struct buf *out)
{
	(void)s;
	(void)out;
}

/* A map of this mount; which one the catalogue knows. What is shown is what it is like. */
static int parse_inner(struct spec *s, const char *text, size_t len, struct diag *d)
{
	char *name;

	if (!len)
		return diag_at(d, EINVAL, 0, "the name of a map is missing");
	name = strndup(text, len);
	if (!name)
		return -ENOMEM;
	free(s->inner_name);
	s->inner_name = name;
	return 0;
}

static bool is_name_byte(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '.';
}

/* The exact types (btfpair.h). What the words of key and value say, they say again. */

static int parse_btf(struct spec *s, const char *text, size_t len, struct diag *d)
{
	return btfpair_parse(text, len, &s->exact_key, &s->exact_value, d);
}

static void print_btf(const struct spec *s, struct buf *out)
{
	if (spec_has_types(s))
		btfpair_print(s->key, s->value, s->type && s->type->prefixes, out);
}

static int parse_name(struct spec *s, const char *text, size_t len, struct diag *d)
{
	if (len >= sizeof(s->name))
		return diag_at(d, EINVAL, sizeof(s->name) - 1, "a map's name has at most 15 bytes");
	for (size_t i = 0; i < len; i++)
		if (!is_name_byte((unsigned char)text[i]) && (unsigned char)text[i] < 0xc0)
			return diag_at(d, EINVAL, i, "a map's name is made of A-Z a-z 0-9 _ and .");
	memcpy(s->name, text, len);
	s->name[len] = '\0';
	return 0;
}

void spec_set_name(struct spec *s, const char *raw, size_t len)
{
	size_t cut = len < sizeof(s->name) - 1 ? len : sizeof(s->name) - 1;

	for (size_t i = 0; i < cut; i++)
		s->name[i] = is_name_byte((unsigned char)raw[i]) ? raw[i] : '_';
	s->name[cut] = '\0';
}

static void print_name(const struct spec *s, struct buf *out)
{
	buf_adds(out, s->name);
}

/*
 * To add a field: a number in enum spec_field_id, and a row. Rows are printed in this
 * order.
 */
const struct spec_field spec_fields[SPEC_FIELDS] = {
	[SPEC_TYPE] = {"type", NULL, parse_type, print_type, true},
	[SPEC_KEY] = {"key", NULL, parse_key, print_key, true},
	[SPEC_VALUE] = {"value", NULL, parse_value, print_value, true},
	[SPEC_MAX_ENTRIES] = {"max_entries", "entries", parse_max_entries, print_max_entries, true},
	[SPEC_MAP_FLAGS] = {"map_flags", "flags", parse_map_flags, print_map_flags, true},
	[SPEC_MAP_EXTRA] = {"map_extra", NULL, parse_map_extra, print_map_extra, true},
	[SPEC_NUMA_NODE] = {"numa_node", NULL, parse_numa_node, print_nothing, false},
	[SPEC_INNER] = {"inner", NULL, parse_inner, print_nothing, false},
	[SPEC_NAME] = {"name", NULL, parse_name, print_name, false},
	[SPEC_BTF] = {"btf", NULL, parse_btf, print_btf, true},
};

static bool is_called(const char *name, const char *text, size_t len)
{
	return name && strlen(name) == len && memcmp(name, text, len) == 0;
}

enum spec_field_id spec_field_find(const char *text, size_t len)
{
	for (int i = 0; i < SPEC_FIELDS; i++)
		if (is_called(spec_fields[i].name, text, len) ||
		    is_called(spec_fields[i].alias, text, len))
			return (enum spec_field_id)i;
	return SPEC_FIELDS;
}
