/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/typespec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btfcopy.h"
#include "lib/btfleaf.h"
#include "lib/typeword.h"

/* The word. */

static int print_type(const struct btf *btf, uint32_t id, int depth, struct buf *out);

static int print_record(const struct btf *btf, const struct btf_type *t, int depth, struct buf *out)
{
	int err = 0;

	if (!btf_is_composite(t) || depth == TYPESPEC_MAX_DEPTH || btfleaf_is_owned(btf, t))
		return -EOPNOTSUPP;
	buf_adds(out, btf_is_union(t) ? "union{" : "struct{");
	for (uint32_t i = 0; !err && i < btf_vlen(t); i++) {
		const char *name = btfleaf_name(btf, btf_members(t)[i].name_off);

		if (btf_member_bitfield_size(t, i))
			return -EOPNOTSUPP;
		err = print_type(btf, btf_members(t)[i].type, depth + 1, out);
		buf_addf(out, "%s%s;", name[0] ? " " : "", name);
		if (!err && buf_error(out))
			err = buf_error(out);
	}
	buf_addc(out, '}');
	return err;
}

/* Whether C's rules and ours agree with what is printed is found out afterwards. */
static int print_type(const struct btf *btf, uint32_t id, int depth, struct buf *out)
{
	const struct btf_type *t = typeword_peel(btf, id, true);
	const struct typeword *row = t ? typeword_of(btf, t) : NULL;
	uint32_t counts[TYPESPEC_MAX_DEPTH];
	int err = 0, n = 0;

	for (; t && !row && btf_is_array(t) && n < TYPESPEC_MAX_DEPTH; n++) {
		counts[n] = btf_array(t)->nelems;
		t = typeword_peel(btf, btf_array(t)->type, true);
		row = t ? typeword_of(btf, t) : NULL;
	}
	if (!t)
		return -EOPNOTSUPP;
	if (row)
		buf_adds(out, row->word);
	else
		err = print_record(btf, t, depth, out);
	for (int i = 0; i < n; i++)
		buf_addf(out, "[%u]", counts[i]);
	return err;
}

/* A char may have no sign; in an array, which is text, that makes no difference. */
static bool has_same_sign(const struct btf_type *s, const struct btf_type *t)
{
	return !btf_is_int(s) || btf_int_encoding(s) == btf_int_encoding(t);
}

/* Have both types the same layout? The second one is typespec_parse()'s, and has an end. */
static bool is_same(const struct btf *a, uint32_t x, const struct btf *b, uint32_t y, bool in_array)
{
	const struct btf_type *s = typeword_peel(a, x, true), *t = typeword_peel(b, y, true);
	const struct typeword *word = typeword_of(a, s), *other = typeword_of(b, t);

	if (word || other)
		return word && other && strcmp(word->word, other->word) == 0 &&
		       (in_array || has_same_sign(s, t));
	if (btf_kind(s) != btf_kind(t))
		return false;
	if (btf_is_array(s))
		return btf_array(s)->nelems == btf_array(t)->nelems &&
		       is_same(a, btf_array(s)->type, b, btf_array(t)->type, true);
	if (s->size != t->size || btf_vlen(s) != btf_vlen(t))
		return false;
	for (uint32_t i = 0; i < btf_vlen(s); i++) {
		const struct btf_member *m = &btf_members(s)[i], *n = &btf_members(t)[i];

		if (btf_member_bit_offset(s, i) != btf_member_bit_offset(t, i) ||
		    strcmp(btfleaf_name(a, m->name_off), btfleaf_name(b, n->name_off)) != 0 ||
		    !is_same(a, m->type, b, n->type, false))
			return false;
	}
	return true;
}

/* Does the word say what the type is? */
static int check_word(const struct btf *btf, uint32_t id, const struct buf *word)
{
	struct btf *parsed = btf__new_empty();
	uint32_t parsed_id;
	int err =
		parsed ? typespec_parse(word->data, word->len, parsed, &parsed_id, NULL) : -ENOMEM;

	if (!err && !is_same(btf, id, parsed, parsed_id, false))
		err = -EOPNOTSUPP;
	btf__free(parsed);
	return err;
}

int typespec_print(const struct btf *btf, uint32_t id, struct buf *out)
{
	struct buf word = BUF_INIT(TYPESPEC_MAX);
	int err = print_type(btf, id, 0, &word);

	if (buf_error(&word))
		err = buf_error(&word);
	if (!err)
		err = check_word(btf, id, &word);
	if (!err)
		buf_add(out, word.data, word.len);
	buf_free(&word);
	return err && err != -ENOMEM ? -EOPNOTSUPP : err;
}

/* C. */

enum {
	MAX_C = 1 << 20,      /* bytes that are printed */
	MAX_WEIGHT = 1 << 20, /* of all types together */
};

/*
 * btf_dump believes what it is given, and cannot be told to stop. So it gets a copy,
 * which btfcopy has checked, and is left by a jump when out is full: a struct may
 * have a gap of gigabytes, or print without end by nameless parts of parts.
 */
struct dump {
	struct btf *btf;
	struct btf_dump *dump;
	struct buf out;
	jmp_buf full;
};

static void dump_text(void *ctx, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

static void dump_text(void *ctx, const char *fmt, va_list args)
{
	struct dump *d = ctx;
	char *text;
	int len = vasprintf(&text, fmt, args);

	if (len >= 0) {
		buf_add(&d->out, text, (size_t)len);
		free(text);
	} else {
		d->out.error = -ENOMEM;
	}
	if (buf_error(&d->out))
		longjmp(d->full, 1);
}

/*
 * btf_dump looks at each part of a struct again and again, to find out its alignment:
 * how many looks that is. Parts have lower ids in a copy.
 */
static uint64_t weigh(const struct btf_type *t, const uint64_t *weights)
{
	uint64_t weight = 1;

	for (uint32_t i = 0; btf_is_composite(t) && i < btf_vlen(t); i++)
		weight += weights[btf_members(t)[i].type];
	if (btf_is_array(t))
		weight += weights[btf_array(t)->type];
	if (btf_is_mod(t) || btf_is_typedef(t))
		weight += weights[t->type];
	return weight;
}

static int check_small(const struct btf *btf)
{
	uint32_t count = btf__type_cnt(btf);
	uint64_t *weights = calloc(count, sizeof(*weights)), total = 0;

	for (uint32_t id = 1; weights && id < count && total < MAX_WEIGHT; id++) {
		weights[id] = weigh(btf__type_by_id(btf, id), weights);
		total += weights[id];
	}
	free(weights);
	if (!weights)
		return -ENOMEM;
	return total < MAX_WEIGHT ? 0 : -EINVAL;
}

/* It also divides by alignments. A part without a size has none. */
static bool is_aligned(const struct btf *btf)
{
	uint32_t count = btf__type_cnt(btf);

	for (uint32_t id = 1; id < count; id++)
		if (btf_is_composite(btf__type_by_id(btf, id)) && btf__align_of(btf, id) <= 0)
			return false;
	return true;
}

/* A nameless enum would be defined twice: by itself and where it is used. */
static int define(struct dump *d, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(d->btf, id);

	if (btf_is_any_enum(t) && !btfleaf_name(d->btf, t->name_off)[0])
		return 0;
	return btf_dump__dump_type(d->dump, id);
}

static int declare(struct dump *d, uint32_t id, const char *name)
{
	LIBBPF_OPTS(btf_dump_emit_type_decl_opts, opts, .field_name = name);
	int err = btf_dump__emit_type_decl(d->dump, id, &opts);

	buf_adds(&d->out, ";\n");
	return err;
}

/* What a section has need not be a variable. */
static int dump_section(struct dump *d, const struct btf_type *section)
{
	const struct btf_var_secinfo *vars = btf_var_secinfos(section);
	int err = 0;

	for (uint32_t i = 0; !err && i < btf_vlen(section); i++) {
		const struct btf_type *var = btf__type_by_id(d->btf, vars[i].type);

		err = btf_is_var(var) ? define(d, var->type) : -EINVAL;
	}
	for (uint32_t i = 0; !err && i < btf_vlen(section); i++) {
		const struct btf_type *var = btf__type_by_id(d->btf, vars[i].type);

		err = declare(d, var->type, btfleaf_name(d->btf, var->name_off));
	}
	return err;
}

/*
 * btf_dump keeps the chains of declarations that it is in on one stack, and looks at it
 * through a pointer that goes stale when a nested declaration makes the stack grow. No
 * chain of them is longer than there are types; so a pointer to a pointer to … as
 * many times is declared first, for nothing but the room.
 */
static int add_long_chain(struct btf *copy)
{
	uint32_t count = btf__type_cnt(copy);
	int id = 0;

	for (uint32_t i = 0; id >= 0 && i < count; i++)
		id = btf__add_ptr(copy, id);
	return id;
}

static int make_room(struct dump *d, uint32_t chain)
{
	int err = declare(d, chain, "x");

	buf_clear(&d->out);
	return err;
}

static int dump_all(struct dump *d, uint32_t id, uint32_t chain, const char *name)
{
	const struct btf_type *t = btf__type_by_id(d->btf, id);
	int err;

	d->dump = btf_dump__new(d->btf, dump_text, d, NULL);
	if (!d->dump)
		return -ENOMEM;
	if (setjmp(d->full))
		return -EINVAL;
	err = make_room(d, chain);
	if (err)
		return err;
	if (btf_is_datasec(t))
		return dump_section(d, t);
	err = define(d, id);
	return err ? err : declare(d, id, name);
}

/* What is needed of btf, checked; its id there. */
static int copy_type(const struct btf *btf, uint32_t id, struct btf *copy)
{
	struct btfcopy *c;
	int copied = btfcopy_new(copy, btf, &c), err;

	if (copied)
		return copied;
	copied = btfcopy_add(c, id);
	btfcopy_free(c);
	if (copied < 0)
		return copied;
	err = check_small(copy);
	if (!err && (copied == 0 || !is_aligned(copy)))
		err = -EINVAL;
	return err ? err : copied;
}

int typespec_print_c(const struct btf *btf, uint32_t id, const char *name, struct buf *out)
{
	struct dump d = {.btf = btf__new_empty(), .out = BUF_INIT(MAX_C)};
	int copied = d.btf ? copy_type(btf, id, d.btf) : -ENOMEM;
	int chain = copied < 0 ? copied : add_long_chain(d.btf);
	int err = chain < 0 ? chain : dump_all(&d, (uint32_t)copied, (uint32_t)chain, name);

	if (buf_error(&d.out))
		err = buf_error(&d.out);
	if (!err && d.out.len > out->max - out->len)
		err = -EFBIG;
	if (!err)
		buf_add(out, d.out.data, d.out.len);
	btf_dump__free(d.dump);
	btf__free(d.btf);
	buf_free(&d.out);
	return err && err != -ENOMEM ? -EINVAL : err;
}
