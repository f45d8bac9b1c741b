/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/btfpair.h"
#include "lib/text.h"

void spec_copy(struct spec *s, const struct spec *from)
{
	*s = *from;
	if (s->key)
		ctype_ref(s->key);
	if (s->value)
		ctype_ref(s->value);
}

void spec_free(struct spec *s)
{
	ctype_unref(s->key);
	ctype_unref(s->value);
	ctype_unref(s->exact_key);
	ctype_unref(s->exact_value);
	memset(s, 0, sizeof(*s));
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
	buf_adds(out, s->type->name);
}

static int parse_ctype(struct ctype **slot, const char *text, size_t len, struct diag *d)
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
	return parse_ctype(&s->key, text, len, d);
}

static void print_key(const struct spec *s, struct buf *out)
{
	if (s->key)
		ctype_print_spec(s->key, out);
}

static int parse_value(struct spec *s, const char *text, size_t len, struct diag *d)
{
	return parse_ctype(&s->value, text, len, d);
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

/* bpf_map_info does not tell a map's node, so there is nothing to show. */
static void print_nothing(const struct spec *s, struct buf *out)
{
	(void)s;
	(void)out;
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
		btfpair_print(s->key, s->value, s->type->prefixes, out);
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
 * The fields. To add one: a row with its name, its parser, and the printer that
 * appends the value alone, or nothing where the line is to be left out. Rows
 * are printed in this order. alias: what bpftool calls it.
 */
static const struct field {
	const char *name;
	const char *alias;
	int (*parse)(struct spec *s, const char *text, size_t len, struct diag *d);
	void (*print)(const struct spec *s, struct buf *out);
} fields[] = {
	{"type", NULL, parse_type, print_type},
	{"key", NULL, parse_key, print_key},
	{"value", NULL, parse_value, print_value},
	{"max_entries", "entries", parse_max_entries, print_max_entries},
	{"map_flags", "flags", parse_map_flags, print_map_flags},
	{"map_extra", NULL, parse_map_extra, print_map_extra},
	{"numa_node", NULL, parse_numa_node, print_nothing},
	{"name", NULL, parse_name, print_name},
	{"btf", NULL, parse_btf, print_btf},
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static bool is_called(const char *name, const char *text, size_t len)
{
	return name && strlen(name) == len && memcmp(name, text, len) == 0;
}

static int field_find(const char *text, size_t len)
{
	for (int i = 0; i < FIELDS; i++)
		if (is_called(fields[i].name, text, len) || is_called(fields[i].alias, text, len))
			return i;
	return -1;
}

/* One text under way. */
struct parsing {
	struct spec *spec;
	unsigned int given;   /* the fields that were named so far */
	unsigned int allowed; /* the fields that may be */
	struct diag *d;
};

#define BIT(field) (1U << (field))
#define ALL_FIELDS (BIT(FIELDS) - 1)

static int no_such_field(struct diag *d)
{
	return diag_at(d, EINVAL, 0,
		       "no such field: type, key, value, max_entries, map_flags, map_extra, "
		       "numa_node, name, btf");
}

/* One field=value, len bytes. */
static int parse_pair(struct parsing *p, const char *pair, size_t len)
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals ? (size_t)(equals - pair) : len;
	int i = field_find(pair, name_len), err;

	if (!equals)
		return diag_at(p->d, EINVAL, len, "'=' is missing: a spec is made of field=value");
	if (i < 0)
		return no_such_field(p->d);
	if (!(p->allowed & BIT(i)))
		return diag_at(p->d, EINVAL, 0, "only key, value and btf can be said here");
	if (p->given & BIT(i))
		return diag_at(p->d, EINVAL, 0, "%s is given twice", fields[i].name);
	p->given |= BIT(i);
	err = fields[i].parse(p->spec, equals + 1, len - name_len - 1, p->d);
	if (err && p->d)
		p->d->offset += name_len + 1;
	return err == -EAGAIN ? -EINVAL : err;
}

static int parse_pairs(struct parsing *p, const char *text, size_t len, char separator)
{
	size_t start, end;
	int err;

	for (start = 0; start < len + (len && separator == ','); start = end + 1) {
		const char *found = memchr(text + start, separator, len - start);

		end = found ? (size_t)(found - text) : len;
		if (separator == '\n' && (end == start || text[start] == '#'))
			continue;
		err = parse_pair(p, text + start, end - start);
		if (err && p->d)
			p->d->offset += start;
		if (err)
			return err;
	}
	return 0;
}

/* What btf= gave is what the word of field means, if the sizes agree. */
static int take_exact(struct parsing *p, int field, struct ctype **slot, struct ctype **exact)
{
	if (!*exact)
		return 0;
	if (p->given & BIT(field) && (*slot)->size != (*exact)->size)
		return diag_set(p->d, EINVAL,
				"%s and btf differ: %" PRIu32 " and %" PRIu32 " bytes",
				fields[field].name, (*slot)->size, (*exact)->size);
	ctype_unref(*slot);
	*slot = *exact;
	*exact = NULL;
	return 0;
}

/* Lines of fields with ',' between them. */
static int parse_lines(struct parsing *p, const char *text, size_t len)
{
	int err;

	for (size_t start = 0, end; start < len; start = end + 1) {
		const char *newline = memchr(text + start, '\n', len - start);

		end = newline ? (size_t)(newline - text) : len;
		if (end == start || text[start] == '#')
			continue;
		err = parse_pairs(p, text + start, end - start, ',');
		if (err && p->d)
			p->d->offset += start;
		if (err)
			return err;
	}
	return 0;
}

/* What was not said follows the type that was: other sizes than its own it cannot have. */
static int follow_type(struct ctype **slot, bool is_given, bool has_none, const char *word)
{
	if (is_given || (!has_none && !word))
		return 0;
	if (has_none) {
		ctype_unref(*slot);
		*slot = NULL;
		return 0;
	}
	return parse_ctype(slot, word, strlen(word), NULL);
}

static int complete_by_type(struct parsing *p)
{
	const struct maptype *type = p->spec->type;
	int err;

	if (!(p->given & BIT(field_find("type", 4))))
		return 0;
	if (type->unbounded && !(p->given & BIT(field_find("max_entries", 11))))
		p->spec->max_entries = 0;
	err = follow_type(&p->spec->key, p->given & BIT(field_find("key", 3)), type->keyless,
			  type->key);
	if (err)
		return err;
	return follow_type(&p->spec->value, p->given & BIT(field_find("value", 5)), type->valueless,
			   type->value);
}

static int finish(struct parsing *p, int err)
{
	struct spec *s = p->spec;
	struct diag *d = p->d;

	if (!err)
		err = complete_by_type(p);
	if (!err)
		err = take_exact(p, field_find("key", 3), &s->key, &s->exact_key);
	if (!err)
		err = take_exact(p, field_find("value", 5), &s->value, &s->exact_value);
	if (err && d)
		d->err = -err;
	return err;
}

int spec_parse(struct spec *s, const char *text, size_t len, char separator, struct diag *d)
{
	struct spec next;
	struct parsing p = {.spec = &next, .allowed = ALL_FIELDS, .d = d};
	int err;

	spec_copy(&next, s);
	err = finish(&p, parse_pairs(&p, text, len, separator));
	spec_free(err ? &next : s);
	if (!err)
		*s = next;
	return err;
}

int spec_parse_types(struct spec *types, const char *text, size_t len, struct diag *d)
{
	unsigned int allowed =
		BIT(field_find("key", 3)) | BIT(field_find("value", 5)) | BIT(field_find("btf", 3));
	struct parsing p = {.spec = types, .allowed = allowed, .d = d};
	int err;

	*types = (struct spec){.type = NULL};
	err = finish(&p, parse_lines(&p, text, len));
	if (err)
		spec_free(types);
	return err;
}

bool spec_has_types(const struct spec *s)
{
	return (s->key && ctype_is_typed(s->key)) || (s->value && ctype_is_typed(s->value));
}

void spec_of_map(struct spec *s, const struct map_desc *desc)
{
	*s = (struct spec){
		.type = desc->type,
		.key = desc->key_type ? ctype_ref(desc->key_type) : NULL,
		.value = desc->value_type ? ctype_ref(desc->value_type) : NULL,
		.max_entries = desc->info.max_entries,
		.map_flags = desc->info.map_flags & ~desc->type->added_flags,
		.map_extra = desc->info.map_extra,
	};
	memcpy(s->name, desc->info.name, sizeof(s->name) - 1);
}

bool spec_is_as_asked(const struct spec *map, const struct spec *asked)
{
	return map->type == asked->type && ctype_is_alike(map->key, asked->key) &&
	       ctype_is_alike(map->value, asked->value) && map->max_entries >= asked->max_entries &&
	       (map->max_entries == asked->max_entries || asked->map_flags) &&
	       (map->map_flags & asked->map_flags) == asked->map_flags &&
	       map->map_extra == asked->map_extra && strcmp(map->name, asked->name) == 0;
}

void spec_print(const struct spec *s, struct buf *out)
{
	if (s->key)
		ctype_print_c(s->key, "key", "# ", out);
	if (s->value)
		ctype_print_c(s->value, "value", "# ", out);
	for (int i = 0; i < FIELDS; i++) {
		size_t start = out->len, value;

		buf_addf(out, "%s=", fields[i].name);
		value = out->len;
		fields[i].print(s, out);
		if (out->len == value)
			buf_resize(out, start);
		else
			buf_addc(out, '\n');
	}
}
