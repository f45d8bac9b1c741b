/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/typespec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/btfleaf.h"
#include "lib/typeword.h"

enum {
	MAX_NAME = 255,
	BODY_MEMBERS = 16, /* more than the bodies of words have together */
};

struct made {
	uint32_t id;
	uint64_t size;
	uint32_t align;
	int height;       /* of records and arrays in each other */
	bool is_nameless; /* a record, and no array of it */
};

struct name {
	const char *s;
	size_t len;
	size_t at; /* in the text */
};

struct field {
	struct name name; /* len 0: anonymous */
	uint32_t id;
	uint32_t offset;
};

/* Both stacks grow as records nest; what is open begins at a mark that its function keeps. */
struct parser {
	struct text *t;
	struct btf *btf;
	struct made words[TYPEWORDS]; /* id 0: not made yet */
	struct field fields[TYPESPEC_MAX_MEMBERS + BODY_MEMBERS];
	struct name names[TYPESPEC_MAX_MEMBERS + BODY_MEMBERS]; /* of anonymous members too */
	int field_count, name_count;
	int total; /* of members */
	int depth; /* of records */
};

static int refuse(struct parser *p, size_t at, const char *why)
{
	return diag_at(p->t->diag, EINVAL, at, "%s", why);
}

/* What libbpf refuses of a correct type is its size in memory. */
static int made(struct made *m, int id, uint64_t size, uint32_t align)
{
	*m = (struct made){.id = (uint32_t)id, .size = size, .align = align};
	return id > 0 ? 0 : -ENOMEM;
}

/* The length of the identifier at the cursor, 0 if there is none. */
static size_t identifier(const struct text *t)
{
	size_t i = t->pos;

	for (; i < t->len; i++) {
		char c = t->s[i];

		if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && c != '_' &&
		    !(c >= '0' && c <= '9' && i > t->pos))
			break;
	}
	return i - t->pos;
}

static bool is_keyword(const struct name *name)
{
	static const char words[] = " auto break case char const continue default do double else "
				    "enum extern float for goto if inline int long register "
				    "restrict return short signed sizeof static struct switch "
				    "typedef union unsigned void volatile while ";
	char word[12];

	if (name->len > sizeof(word) - 3)
		return false;
	snprintf(word, sizeof(word), " %.*s ", (int)name->len, name->s);
	return strstr(words, word) != NULL;
}

static int parse_type(struct parser *p, struct made *out, const char *tag);

/* The body of a row, in place of the text. */
static int parse_body(struct parser *p, const struct typeword *row, struct made *out)
{
	struct text body = {.s = row->body, .len = strlen(row->body)}, *text = p->t;
	int err, depth = p->depth, total = p->total;

	p->t = &body;
	p->depth = 0;
	p->total = 0;
	err = parse_type(p, out, row->name);
	p->t = text;
	p->depth = depth;
	p->total = total;
	return err;
}

static int make_word(struct parser *p, const struct typeword *row, struct made *out)
{
	int id = btf__find_by_name_kind(p->btf, row->name, row->kind), err = 0;

	if (row->kind == BTF_KIND_STRUCT || row->kind == BTF_KIND_ARRAY || id <= 0 ||
	    !typeword_is(p->btf, btf__type_by_id(p->btf, (uint32_t)id), row))
		id = 0;
	if (!id && row->body)
		err = parse_body(p, row, out);
	if (err)
		return err;
	if (row->kind == BTF_KIND_STRUCT || row->kind == BTF_KIND_ARRAY)
		id = (int)out->id;
	else if (!id && row->kind == BTF_KIND_INT)
		id = btf__add_int(p->btf, row->name, row->size, row->encoding);
	else if (!id && row->kind == BTF_KIND_FLOAT)
		id = btf__add_float(p->btf, row->name, row->size);
	else if (!id)
		id = btf__add_typedef(p->btf, row->name, (int)out->id);
	return made(out, id, row->size, row->align);
}

/* A word's type is made once. */
static int find_type(struct parser *p, const struct typeword *row, struct made *out)
{
	struct made *known = &p->words[row - typewords];
	int err = known->id ? 0 : make_word(p, row, known);

	*out = *known;
	return err;
}

static int parse_word(struct parser *p, size_t len, struct made *out)
{
	const struct typeword *row = typeword_find(p->t->s + p->t->pos, len);

	if (!row)
		return refuse(p, p->t->pos, "there is no type of that name");
	p->t->pos += len;
	return find_type(p, row, out);
}

/* Names from first on must not be among those from scope on before them. */
static int check_names(struct parser *p, int scope, int first)
{
	for (int i = first; i < p->name_count; i++)
		for (int k = scope; k < first; k++)
			if (p->names[i].len == p->names[k].len &&
			    memcmp(p->names[i].s, p->names[k].s, p->names[i].len) == 0)
				return refuse(p, p->names[i].at, "the name is used twice");
	return 0;
}

static int parse_name(struct parser *p, struct name *name)
{
	*name = (struct name){p->t->s + p->t->pos, identifier(p->t), p->t->pos};
	if (!name->len)
		return text_done(p->t) ? text_missing(p->t, "a name")
				       : refuse(p, p->t->pos, "a name is expected here");
	if (name->len > MAX_NAME)
		return refuse(p, name->at, "the name is too long: 255 bytes at most");
	if (is_keyword(name))
		return refuse(p, name->at, "the name is a word of C");
	p->t->pos += name->len;
	return 0;
}

/* "[N]", one of them; the product of all may not pass what a type may have. */
static int parse_dimension(struct parser *p, uint64_t *size, uint32_t *count)
{
	size_t at;
	uint64_t n;
	int err;

	text_skip_blanks(p->t);
	at = p->t->pos;
	err = text_unsigned(p->t, INT32_MAX, &n);
	if (err)
		return err;
	if (n == 0 || n * *size > INT32_MAX)
		return refuse(p, at, n ? "the type is too large" : "an array has elements");
	*size *= n;
	*count = (uint32_t)n;
	text_skip_blanks(p->t);
	return text_expect(p->t, ']');
}

/* Dimensions, if there are any, of the type that stands in front of them. */
static int parse_arrays(struct parser *p, struct made *m)
{
	uint32_t counts[TYPESPEC_MAX_DEPTH];
	struct made index = {0};
	uint64_t size = m->size;
	int n = 0, err = 0, id = (int)m->id;

	for (;; n++) {
		text_skip_blanks(p->t);
		if (text_peek(p->t) != '[')
			break;
		if (p->depth + m->height + n >= TYPESPEC_MAX_DEPTH)
			return refuse(p, p->t->pos, "the type is nested too deep");
		p->t->pos++;
		err = parse_dimension(p, &size, &counts[n]);
		if (err)
			return err;
	}
	m->height += n;
	m->is_nameless &= n == 0;
	if (n)
		err = find_type(p, typeword_find("u32", 3), &index);
	for (; !err && n && id > 0; n--)
		id = btf__add_array(p->btf, (int)index.id, id, counts[n - 1]);
	m->id = (uint32_t)id;
	m->size = size;
	return err ? err : id > 0 ? 0 : -ENOMEM;
}

/* Where the next member of a record of size bytes goes: -EINVAL if BTF cannot say it. */
static int place(struct parser *p, size_t at, const struct made *m, struct made *record,
		 bool is_union, uint32_t *offset)
{
	uint64_t start = is_union ? 0 : (record->size + m->align - 1) / m->align * m->align;
	uint64_t end = start + m->size;

	if (end > INT32_MAX || start * 8 > UINT32_MAX)
		return refuse(p, at, "the type is too large");
	*offset = (uint32_t)start * 8;
	record->size = end > record->size ? end : record->size;
	record->align = m->align > record->align ? m->align : record->align;
	record->height = m->height > record->height ? m->height : record->height;
	return 0;
}

/* After its type: a member's name and dimensions, or nothing if it is anonymous. */
static int parse_declarator(struct parser *p, struct made *m, int scope, int inner,
			    struct name *name)
{
	int err;

	text_skip_blanks(p->t);
	if (m->is_nameless && !identifier(p->t)) {
		*name = (struct name){0};
		return check_names(p, scope, inner);
	}
	err = parse_name(p, name);
	if (err)
		return err;
	p->names[inner] = *name;
	p->name_count = inner + 1;
	err = check_names(p, scope, inner);
	return err ? err : parse_arrays(p, m);
}

/* A member of a record whose names begin at scope. */
static int parse_member(struct parser *p, struct made *record, bool is_union, int scope)
{
	int err, inner = p->name_count;
	struct field field;
	struct made m;
	size_t at;

	text_skip_blanks(p->t);
	at = p->t->pos;
	if (p->total == TYPESPEC_MAX_MEMBERS)
		return refuse(p, at, "the type has too many members");
	p->total++;
	err = parse_type(p, &m, NULL);
	if (!err)
		err = parse_declarator(p, &m, scope, inner, &field.name);
	if (!err)
		err = place(p, at, &m, record, is_union, &field.offset);
	if (err)
		return err;
	field.id = m.id;
	p->fields[p->field_count++] = field;
	return 0;
}

/* The fields from first on, which are then gone, in a record. */
static int add_record(struct parser *p, const char *tag, bool is_union, int first,
		      struct made *record)
{
	uint32_t size = (uint32_t)record->size;
	int err = 0,
	    id = is_union ? btf__add_union(p->btf, tag, size) : btf__add_struct(p->btf, tag, size);

	for (int i = first; !err && id > 0 && i < p->field_count; i++) {
		const struct field *f = &p->fields[i];
		char name[MAX_NAME + 1];

		snprintf(name, sizeof(name), "%.*s", (int)f->name.len, f->name.s);
		err = btf__add_field(p->btf, name, (int)f->id, f->offset, 0);
	}
	p->field_count = first;
	record->id = (uint32_t)id;
	return err || id < 0 ? -ENOMEM : 0;
}

/* "{T name;T name}", after "struct" or "union". */
static int parse_members(struct parser *p, struct made *record, bool is_union, int scope)
{
	int err = text_expect(p->t, '{');

	while (!err) {
		err = parse_member(p, record, is_union, scope);
		if (err)
			break;
		text_skip_blanks(p->t);
		if (!text_take(p->t, ';') && text_peek(p->t) != '}')
			return text_expect(p->t, ';');
		text_skip_blanks(p->t);
		if (text_take(p->t, '}'))
			break;
		if (text_done(p->t))
			err = text_expect(p->t, '}');
	}
	return err;
}

/* tag: the record's name in BTF, or NULL. Its members' names are left on the stack. */
static int parse_record(struct parser *p, bool is_union, const char *tag, struct made *out)
{
	int err, first = p->field_count;
	size_t at;

	text_skip_blanks(p->t);
	at = p->t->pos;
	*out = (struct made){.align = 1, .is_nameless = true};
	if (p->depth == TYPESPEC_MAX_DEPTH)
		return refuse(p, at, "the type is nested too deep");
	p->depth++;
	err = parse_members(p, out, is_union, p->name_count);
	p->depth--;
	out->height++;
	out->size = (out->size + out->align - 1) / out->align * out->align;
	if (!err && out->size > INT32_MAX)
		return refuse(p, at, "the type is too large");
	return err ? err : add_record(p, tag, is_union, first, out);
}

static int parse_type(struct parser *p, struct made *out, const char *tag)
{
	const char *word;
	size_t len;
	int err;

	text_skip_blanks(p->t);
	word = p->t->s + p->t->pos;
	len = identifier(p->t);
	if (!len && text_done(p->t))
		return text_missing(p->t, "a type");
	if (!len)
		return refuse(p, p->t->pos, "a type is expected here");
	if (len == 6 && memcmp(word, "struct", len) == 0) {
		p->t->pos += len;
		err = parse_record(p, false, tag, out);
	} else if (len == 5 && memcmp(word, "union", len) == 0) {
		p->t->pos += len;
		err = parse_record(p, true, tag, out);
	} else {
		err = parse_word(p, len, out);
	}
	return err ? err : parse_arrays(p, out);
}

int typespec_parse(const char *word, size_t len, struct btf *btf, uint32_t *id, struct diag *d)
{
	struct text t = {.s = word, .len = len, .diag = d};
	struct parser *p;
	struct made m;
	int err;

	if (len > TYPESPEC_MAX)
		return diag_at(d, EINVAL, TYPESPEC_MAX, "the type is longer than %d bytes",
			       TYPESPEC_MAX);
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->t = &t;
	p->btf = btf;
	err = parse_type(p, &m, NULL);
	if (!err)
		err = text_end(&t);
	free(p);
	*id = err ? 0 : m.id;
	if (err != -EAGAIN)
		return err;
	if (d) /* there is no more to come */
		d->err = EINVAL;
	return -EINVAL;
}
