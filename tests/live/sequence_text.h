/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sequence_text: values as texts, as section 5 of the design has them, for three kinds of value.
 * Nothing of lib/ is in it: it is what lib/ is compared with.
 */
#ifndef BPFMAPFS_TESTS_LIVE_SEQUENCE_TEXT_H
#define BPFMAPFS_TESTS_LIVE_SEQUENCE_TEXT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PARTS = 64, TEXT_ROOM = 2048 };

enum value_kind {
	NUMBER,  /* u64: part[0] */
	RECORD,  /* struct{u32 a;u32 b}: part[0], part[1] */
	PER_CPU, /* u64 per possible CPU */
};

struct value {
	uint64_t part[PARTS];
};

struct string {
	size_t len;
	char s[TEXT_ROOM];
};

static int cpus; /* that are possible */

/* What a text is: all of a value, the beginning of one, or neither. */
enum verdict { COMPLETE, PREFIX, BAD };

struct reading {
	const char *at, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void pass_blanks(struct reading *r)
{
	while (r->at < r->end && is_blank(*r->at))
		r->at++;
}

static enum verdict read_char(struct reading *r, char c)
{
	if (r->at == r->end)
		return PREFIX;
	if (*r->at != c)
		return BAD;
	r->at++;
	return COMPLETE;
}

static int digit_of(char c, int base)
{
	int digit = c >= '0' && c <= '9'   ? c - '0'
		    : c >= 'a' && c <= 'f' ? c - 'a' + 10
		    : c >= 'A' && c <= 'F' ? c - 'A' + 10
					   : base;

	return digit < base ? digit : -1;
}

static bool is_of_a_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '.';
}

static enum verdict read_number(struct reading *r, uint64_t most, uint64_t *out)
{
	bool fits = true;
	int base = 10;

	if (r->at == r->end)
		return PREFIX;
	if (r->end - r->at >= 2 && r->at[0] == '0' && (r->at[1] == 'x' || r->at[1] == 'X')) {
		base = 16;
		r->at += 2;
		if (r->at == r->end)
			return PREFIX;
	}
	if (digit_of(*r->at, base) < 0)
		return BAD;
	for (*out = 0; r->at < r->end && digit_of(*r->at, base) >= 0; r->at++)
		fits = fits && !__builtin_mul_overflow(*out, (uint64_t)base, out) &&
		       !__builtin_add_overflow(*out, (uint64_t)digit_of(*r->at, base), out);
	if (r->at < r->end && is_of_a_word(*r->at))
		return BAD;
	return fits && *out <= most ? COMPLETE : BAD;
}

/* "a" or "b", once each. A name is judged when it is whole, and a second time at the colon. */
static enum verdict read_member(struct reading *r, bool named[2], struct value *v)
{
	enum verdict verdict = read_char(r, '"');
	const char *name = r->at;
	int i;

	if (verdict != COMPLETE)
		return verdict;
	for (; r->at < r->end && *r->at != '"'; r->at++)
		if ((unsigned char)*r->at < ' ')
			return BAD;
	i = r->at - name == 1 ? *name - 'a' : 2;
	verdict = read_char(r, '"');
	if (verdict != COMPLETE)
		return verdict;
	if (i < 0 || i > 1)
		return BAD;
	pass_blanks(r);
	verdict = read_char(r, ':');
	if (verdict == COMPLETE && named[i])
		return BAD;
	named[i] = true;
	pass_blanks(r);
	return verdict == COMPLETE ? read_number(r, UINT32_MAX, &v->part[i]) : verdict;
}

static enum verdict read_record(struct reading *r, struct value *v)
{
	bool named[2] = {false, false};
	enum verdict verdict = read_char(r, '{');

	pass_blanks(r);
	if (verdict != COMPLETE || read_char(r, '}') == COMPLETE)
		return verdict;
	while (verdict == COMPLETE) {
		verdict = read_member(r, named, v);
		pass_blanks(r);
		if (verdict != COMPLETE || read_char(r, '}') == COMPLETE)
			return verdict;
		verdict = read_char(r, ',');
		pass_blanks(r);
	}
	return verdict;
}

static enum verdict read_bare(struct reading *r, struct value *v)
{
	enum verdict verdict = read_number(r, UINT64_MAX, &v->part[0]);

	for (int i = 1; i < cpus; i++)
		v->part[i] = v->part[0];
	return verdict;
}

static enum verdict read_per_cpu(struct reading *r, struct value *v)
{
	enum verdict verdict = COMPLETE;

	if (r->at == r->end || *r->at != '[')
		return read_bare(r, v);
	for (int i = 0; i < cpus && verdict == COMPLETE; i++) {
		verdict = read_char(r, i ? ',' : '[');
		pass_blanks(r);
		if (verdict == COMPLETE)
			verdict = read_number(r, UINT64_MAX, &v->part[i]);
		pass_blanks(r);
	}
	return verdict == COMPLETE ? read_char(r, ']') : verdict;
}

/* A text of one line that has its end. */
static bool is_finished(const char *text, size_t len)
{
	return len && memchr(text, '\n', len) == text + len - 1;
}

/* *v: the present value, which members that are not named keep. */
static enum verdict read_value(enum value_kind kind, const char *text, size_t len, struct value *v)
{
	struct reading r = {text, text + len};
	struct value new = *v;
	enum verdict verdict;

	pass_blanks(&r);
	if (kind == RECORD && r.end - r.at == 1 && *r.at == '"')
		return PREFIX; /* of "0x and all bytes in hex */
	verdict = kind == NUMBER   ? read_number(&r, UINT64_MAX, &new.part[0])
		  : kind == RECORD ? read_record(&r, &new)
				   : read_per_cpu(&r, &new);
	pass_blanks(&r);
	if (verdict == COMPLETE ? r.at < r.end : is_finished(text, len))
		verdict = BAD;
	if (verdict == COMPLETE)
		*v = new;
	return verdict;
}

static void add_text(struct string *out, const char *text)
{
	size_t len = strlen(text);

	if (len >= TEXT_ROOM - out->len)
		len = TEXT_ROOM - out->len - 1;
	memcpy(out->s + out->len, text, len);
	out->len += len;
	out->s[out->len] = '\0';
}

/* As in .dump, without the end of the line. */
static void add_value(enum value_kind kind, const struct value *v, struct string *out)
{
	char part[64];

	if (kind == RECORD) {
		snprintf(part, sizeof part, "{\"a\":%" PRIu64 ",\"b\":%" PRIu64 "}", v->part[0],
			 v->part[1]);
		add_text(out, part);
		return;
	}
	for (int i = 0; i < (kind == PER_CPU ? cpus : 1); i++) {
		snprintf(part, sizeof part, "%s%" PRIu64,
			 kind == NUMBER ? ""
			 : i            ? ","
					: "[",
			 v->part[i]);
		add_text(out, part);
	}
	if (kind == PER_CPU)
		add_text(out, "]");
}

/* The text of a key's file. */
static void print_value(enum value_kind kind, const struct value *v, struct string *out)
{
	out->len = 0;
	add_value(kind, v, out);
	add_text(out, "\n");
}

#endif
