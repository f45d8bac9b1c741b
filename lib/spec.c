/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/template.h"

/* A copy of all but the template. */
static void copy_fields(struct spec *s, const struct spec *from)
{
	*s = *from;
	if (s->key)
		ctype_ref(s->key);
	if (s->value)
		ctype_ref(s->value);
	s->exact_key = s->exact_value = NULL;
	s->inner = NULL;
	s->inner_name = NULL;
}

int spec_copy(struct spec *s, const struct spec *from)
{
	copy_fields(s, from);
	if (from->inner_name) {
		s->inner_name = strdup(from->inner_name);
		if (!s->inner_name)
			return -ENOMEM;
	}
	if (!from->inner)
		return 0;
	s->inner = malloc(sizeof(*s->inner));
	if (!s->inner)
		return -ENOMEM;
	copy_fields(s->inner, from->inner);
	return 0;
}

static void drop_template(struct spec *s)
{
	if (s->inner)
		spec_free(s->inner);
	free(s->inner);
	free(s->inner_name);
	s->inner = NULL;
	s->inner_name = NULL;
}

void spec_free(struct spec *s)
{
	ctype_unref(s->key);
	ctype_unref(s->value);
	ctype_unref(s->exact_key);
	ctype_unref(s->exact_value);
	drop_template(s);
	memset(s, 0, sizeof(*s));
}

/* One text under way. */
struct parsing {
	struct spec *spec;
	unsigned int given;       /* the fields that were named so far */
	unsigned int allowed;     /* the fields that may be */
	const char *only;         /* and this of those that may not */
	struct parsing *template; /* of the fields behind inner_; NULL: there may be none */
	struct diag *d;
};

#define BIT(field) (1U << (field))
#define ALL_FIELDS (BIT(SPEC_FIELDS) - 1)

static unsigned int template_fields(void)
{
	unsigned int fields = 0;

	for (int i = 0; i < SPEC_FIELDS; i++)
		fields |= spec_fields[i].of_template ? BIT(i) : 0;
	return fields;
}

static int no_such_field(struct diag *d)
{
	return diag_at(d, EINVAL, 0,
		       "no such field: type, key, value, max_entries, map_flags, map_extra, "
		       "numa_node, inner, inner_type and so on, name, btf");
}

static bool is_of_template(const struct parsing *p, const char *name, size_t len)
{
	size_t prefix = strlen(SPEC_OF_TEMPLATE);

	return p->template && len > prefix && memcmp(name, SPEC_OF_TEMPLATE, prefix) == 0;
}

/* One field=value, len bytes. */
static int parse_pair(struct parsing *p, const char *pair, size_t len);

static int parse_template_pair(struct parsing *p, const char *pair, size_t len)
{
	size_t prefix = strlen(SPEC_OF_TEMPLATE);
	int err;

	if (!p->spec->inner)
		p->spec->inner = calloc(1, sizeof(*p->spec->inner));
	if (!p->spec->inner)
		return -ENOMEM;
	p->template->spec = p->spec->inner;
	err = parse_pair(p->template, pair + prefix, len - prefix);
	if (err && p->d)
		p->d->offset += prefix;
	return err;
}

static int parse_pair(struct parsing *p, const char *pair, size_t len)
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals ? (size_t)(equals - pair) : len;
	enum spec_field_id i = spec_field_find(pair, name_len);
	int err;

	if (!equals)
		return diag_at(p->d, EINVAL, len, "'=' is missing: a spec is made of field=value");
	if (is_of_template(p, pair, name_len))
		return parse_template_pair(p, pair, len);
	if (i == SPEC_FIELDS)
		return no_such_field(p->d);
	if (!(p->allowed & BIT(i)))
		return diag_at(p->d, EINVAL, 0, "%s", p->only);
	if (p->given & BIT(i))
		return diag_at(p->d, EINVAL, 0, "%s is given twice", spec_fields[i].name);
	p->given |= BIT(i);
	err = spec_fields[i].parse(p->spec, equals + 1, len - name_len - 1, p->d);
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
static int take_exact(struct parsing *p, enum spec_field_id field, struct ctype **slot,
		      struct ctype **exact)
{
	if (!*exact)
		return 0;
	if (p->given & BIT(field) && (*slot)->size != (*exact)->size)
		return diag_set(p->d, EINVAL,
				"%s and btf differ: %" PRIu32 " and %" PRIu32 " bytes",
				spec_fields[field].name, (*slot)->size, (*exact)->size);
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
	return spec_parse_ctype(slot, word, strlen(word), NULL);
}

static int complete_by_type(struct parsing *p)
{
	const struct maptype *type = p->spec->type;
	int err;

	if (!(p->given & BIT(SPEC_TYPE)))
		return 0;
	if (type->unbounded && !(p->given & BIT(SPEC_MAX_ENTRIES)))
		p->spec->max_entries = 0;
	err = follow_type(&p->spec->key, p->given & BIT(SPEC_KEY), type->keyless, type->key);
	if (err)
		return err;
	return follow_type(&p->spec->value, p->given & BIT(SPEC_VALUE), type->valueless,
			   type->value);
}

static int complete(struct parsing *p)
{
	struct spec *s = p->spec;
	int err = complete_by_type(p);

	if (!err)
		err = take_exact(p, SPEC_KEY, &s->key, &s->exact_key);
	if (!err)
		err = take_exact(p, SPEC_VALUE, &s->value, &s->exact_value);
	return err;
}

/* Of a template that was said before, as a default, only that remains which still holds. */
static int complete_template(struct parsing *p)
{
	bool by_name = p->given & BIT(SPEC_INNER), by_fields = p->template->given;
	struct spec *s = p->spec;

	if (by_name && by_fields)
		return diag_set(p->d, EINVAL,
				"inner=NAME says it all: inner_type and so on are not needed");
	if (by_name && s->inner) {
		spec_free(s->inner);
		free(s->inner);
		s->inner = NULL;
	}
	if (by_fields) {
		free(s->inner_name);
		s->inner_name = NULL;
	}
	if (!by_name && !by_fields && s->type && !s->type->links)
		drop_template(s);
	return by_fields ? complete(p->template) : 0;
}

static int finish(struct parsing *p, int err)
{
	if (!err)
		err = complete(p);
	if (!err && p->template)
		err = complete_template(p);
	if (err && p->d)
		p->d->err = -err;
	return err;
}

int spec_parse(struct spec *s, const char *text, size_t len, char separator, struct diag *d)
{
	struct spec next;
	struct parsing template = {
		.allowed = template_fields(), .only = "a template has no such field", .d = d};
	struct parsing p = {.spec = &next, .allowed = ALL_FIELDS, .template = &template, .d = d};
	int err = spec_copy(&next, s);

	if (!err)
		err = finish(&p, parse_pairs(&p, text, len, separator));
	spec_free(err ? &next : s);
	if (!err)
		*s = next;
	return err;
}

int spec_parse_types(struct spec *types, const char *text, size_t len, struct diag *d)
{
	struct parsing p = {.spec = types,
			    .allowed = BIT(SPEC_KEY) | BIT(SPEC_VALUE) | BIT(SPEC_BTF),
			    .only = "only key, value and btf can be said here",
			    .d = d};
	int err;

	*types = (struct spec){.type = NULL};
	err = finish(&p, parse_lines(&p, text, len));
	if (err)
		spec_free(types);
	return err;
}

void spec_of_map(struct spec *s, const struct map_desc *desc)
{
	bool has_value = desc->value_type && !desc->type->valueless; /* types of records */

	*s = (struct spec){
		.type = maptype_find(desc->info.type), /* desc->type may be a copy's */
		.key = desc->key_type ? ctype_ref(desc->key_type) : NULL,
		.value = has_value ? ctype_ref(desc->value_type) : NULL,
		.max_entries = desc->info.max_entries,
		.map_flags = desc->info.map_flags & ~desc->type->added_flags,
		.map_extra = desc->info.map_extra,
		.inner = template_of_map(desc),
	};
	memcpy(s->name, desc->info.name, sizeof(s->name) - 1);
}

static uint32_t size_of(const struct ctype *type)
{
	return type ? type->size : 0;
}

bool spec_has_like_types(const struct spec *map, const struct spec *asked)
{
	if (map->type && !map->type->btf)
		return size_of(map->key) == size_of(asked->key) &&
		       size_of(map->value) == size_of(asked->value);
	return ctype_is_alike(map->key, asked->key) && ctype_is_alike(map->value, asked->value);
}

bool spec_has_like_template(const struct spec *a, const struct spec *b)
{
	return !a->inner || !b->inner || template_is_like(a->inner, b->inner);
}

bool spec_is_as_asked(const struct spec *map, const struct spec *asked)
{
	return map->type == asked->type && spec_has_like_types(map, asked) &&
	       map->max_entries >= asked->max_entries &&
	       (map->max_entries == asked->max_entries || asked->map_flags) &&
	       (map->map_flags & asked->map_flags) == asked->map_flags &&
	       map->map_extra == asked->map_extra && strcmp(map->name, asked->name) == 0 &&
	       spec_has_like_template(map, asked);
}

static void print_fields(const struct spec *s, const char *prefix, unsigned int which,
			 struct buf *out)
{
	for (int i = 0; i < SPEC_FIELDS; i++) {
		size_t start = out->len, value;

		if (!(which & BIT(i)))
			continue;
		buf_addf(out, "%s%s=", prefix, spec_fields[i].name);
		value = out->len;
		spec_fields[i].print(s, out);
		if (out->len == value)
			buf_resize(out, start);
		else
			buf_addc(out, '\n');
	}
}

void spec_print_template(const struct spec *s, struct buf *out)
{
	if (!s->inner)
		return;
	if (s->inner->key && ctype_is_typed(s->inner->key))
		ctype_print_c(s->inner->key, "inner_key", "# ", out);
	if (s->inner->value && ctype_is_typed(s->inner->value))
		ctype_print_c(s->inner->value, "inner_value", "# ", out);
	print_fields(s->inner, SPEC_OF_TEMPLATE, template_fields(), out);
}

void spec_print(const struct spec *s, struct buf *out)
{
	if (s->key)
		ctype_print_c(s->key, "key", "# ", out);
	if (s->value)
		ctype_print_c(s->value, "value", "# ", out);
	print_fields(s, "", ALL_FIELDS, out);
	spec_print_template(s, out);
}
