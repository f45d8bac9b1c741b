/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/typerules.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/spec.h"

struct rule {
	char *glob;
	struct map_types types; /* owned */
};

struct typerules {
	struct rule *rules;
	size_t count;
};

void typerules_free(struct typerules *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++) {
		free(r->rules[i].glob);
		ctype_unref(r->rules[i].types.key);
		ctype_unref(r->rules[i].types.value);
	}
	free(r->rules);
	free(r);
}

/* Takes over the types of *fields. */
static int add_rule(struct typerules *r, const char *glob, size_t len, struct spec *fields)
{
	struct rule *rules = realloc(r->rules, (r->count + 1) * sizeof(*rules));
	char *copy = strndup(glob, len);

	if (rules)
		r->rules = rules;
	if (!rules || !copy) {
		free(copy);
		spec_free(fields);
		return -ENOMEM;
	}
	r->rules[r->count++] = (struct rule){copy, {fields->key, fields->value}};
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int parse_line(struct typerules *r, const char *line, size_t len, struct diag *d)
{
	size_t name = 0, start, end = len;
	struct spec fields;
	int err;

	while (end && is_blank(line[end - 1]))
		end--;
	if (!end || line[0] == '#')
		return 0;
	while (name < end && !is_blank(line[name]))
		name++;
	for (start = name; start < end && is_blank(line[start]); start++)
		;
	if (!name || start == end)
		return diag_at(d, EINVAL, name, "a line is a name and then key=TYPE,value=TYPE");
	err = spec_parse_types(&fields, line + start, end - start, d);
	if (err && d)
		d->offset += start;
	return err ? err : add_rule(r, line, name, &fields);
}

int typerules_parse(const char *text, size_t len, struct typerules **out, unsigned int *line,
		    struct diag *d)
{
	struct typerules *r = calloc(1, sizeof(*r));
	int err = r ? 0 : -ENOMEM;

	*line = 0;
	for (size_t at = 0, end; !err && at < len; at = end + 1) {
		const char *newline = memchr(text + at, '\n', len - at);

		end = newline ? (size_t)(newline - text) : len;
		++*line;
		err = parse_line(r, text + at, end - at, d);
	}
	if (err) {
		typerules_free(r);
		return err;
	}
	*out = r;
	return 0;
}

const struct map_types *typerules_find(const struct typerules *r, const char *name)
{
	for (size_t i = 0; r && i < r->count; i++)
		if (fnmatch(r->rules[i].glob, name, 0) == 0)
			return &r->rules[i].types;
	return NULL;
}

const struct map_types *typerules_for(const struct typerules *r, const struct bpf_map_info *info,
				      const char *name)
{
	const struct map_types *types = NULL;

	if (!info->btf_id)
		types = typerules_find(r, name);
	if (!info->btf_id && !types)
		types = typerules_find(r, info->name);
	return types && map_types_check(info, types, NULL) == 0 ? types : NULL;
}
