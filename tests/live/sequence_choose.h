/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sequence_choose: what steps are about, from random numbers: names, texts, flags. It knows of the
 * maps no more than what they are called: whether a step makes sense turns out when it is run.
 */
#ifndef BPFMAPFS_TESTS_LIVE_SEQUENCE_CHOOSE_H
#define BPFMAPFS_TESTS_LIVE_SEQUENCE_CHOOSE_H

#include "tests/live/sequence_maps.h"

static uint64_t chosen; /* the state of the random numbers (splitmix64) */

static uint64_t random_word(void)
{
	uint64_t z = chosen += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int below(int n)
{
	return (int)(random_word() % (uint64_t)n);
}

#define ONE_OF(array) ((array)[below((int)(sizeof(array) / sizeof((array)[0])))])

/* What the choice knows, roughly. */
static const struct shape *shape_called[MAPS]; /* of "m0", "m1" … */
static const struct shape *shape_of_slot[SLOTS];
static int favourites[2]; /* numbers of maps that most steps are about */

static int number_of_map(const char *path)
{
	return path[0] == 'm' && path[1] >= '0' && path[1] < '0' + MAPS ? path[1] - '0' : 0;
}

static const struct shape *shape_of_path(const char *path)
{
	const struct shape *shape = shape_called[number_of_map(path)];

	return shape ? shape : &shapes[0];
}

static void note_step(const struct step *s, const char *operation)
{
	const struct shape **from = &shape_called[number_of_map(s->path)];
	const struct shape **to = &shape_called[number_of_map(s->path2)];

	if (strcmp(operation, "open") == 0) {
		shape_of_slot[s->slot] = shape_of_path(s->path);
	} else if (strcmp(operation, "make") == 0 && !*from) {
		*from = &shapes[shape_by_name(s->path2)];
	} else if (strcmp(operation, "move") == 0 && !*to) {
		*to = *from;
		*from = NULL;
	}
}

/* --- names */

static int a_map(void)
{
	return below(8) ? ONE_OF(favourites) : below(MAPS);
}

static void a_path(char *path)
{
	static const char *const others[] = {".x", ".y", "tmpa", "tmpb",  "z~",
					     "no", "-1", "300x", ".count"};
	int map = a_map(), key = below(3) ? below(2) : below(KEYS);
	const struct shape *shape = shape_called[map] ? shape_called[map] : &shapes[0];
	const char *name = ONE_OF(others);

	if (!shape->queue && below(4))
		name = shape->keys[key][below(4) ? 0 : below(SPELLINGS)];
	snprintf(path, NAME_ROOM, "m%d/%s", map, name);
}

static void choose_path(struct step *s)
{
	a_path(s->path);
}

/* Mostly in the same map. */
static void choose_other_path(struct step *s)
{
	do
		a_path(s->path2);
	while (s->path2[1] != s->path[1] && below(6));
}

static void choose_map(struct step *s)
{
	snprintf(s->path, NAME_ROOM, "m%d", a_map());
}

static void choose_other_map(struct step *s)
{
	snprintf(s->path2, NAME_ROOM, "m%d", below(MAPS));
}

static void choose_shape(struct step *s)
{
	snprintf(s->path2, NAME_ROOM, "%s", ONE_OF(shapes).name);
}

/* --- numbers and flags */

static void choose_slot(struct step *s)
{
	s->slot = below(2) ? below(2) : below(SLOTS);
}

static void choose_other_slot(struct step *s)
{
	s->slot2 = below(SLOTS);
}

static void choose_open_flags(struct step *s)
{
	static const unsigned int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY, O_WRONLY, O_RDWR};

	s->flags = ONE_OF(modes);
	if (below(2))
		s->flags |= O_CREAT;
	if (s->flags & O_CREAT && !below(3))
		s->flags |= O_EXCL;
	if (s->flags & O_ACCMODE && below(2))
		s->flags |= O_TRUNC;
	if (s->flags & O_ACCMODE && !below(8))
		s->flags |= O_APPEND;
}

static void choose_rename_flags(struct step *s)
{
	static const unsigned int flags[] = {0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};

	s->flags = ONE_OF(flags);
}

static void choose_mode(struct step *s)
{
	static const mode_t modes[] = {0600, 0666, 0600, 0640, 0644};

	s->mode = ONE_OF(modes);
}

static void choose_offset(struct step *s)
{
	s->number = below(3) ? 0 : below(8);
}

static void choose_other_offset(struct step *s)
{
	s->number2 = below(3) ? 0 : below(8);
}

static void choose_size(struct step *s)
{
	s->number = below(3) ? 100 : 1 + below(4);
}

static void choose_bit(struct step *s)
{
	s->number = below(2);
}

/* --- texts */

static const char *const number_texts[] = {
	"5\n",   "0\n", "300\n", "7",   "0x1f\n", " 12 \n", "18446744073709551615\n",
	"42\n",  "1\n", "0x",    "\n",  "x\n",    "-1\n",   "18446744073709551616\n",
	"007\n", "",    "5 6\n", "999", "1.5\n"};
static const char *const record_texts[] = {"{\"a\":1,\"b\":2}\n",
					   "{\"a\":9}\n",
					   "{\"b\":4}",
					   "{}\n",
					   "{",
					   "}\n",
					   "{\"a\":1",
					   ",\"b\":3}\n",
					   "{\"a\":1,\"a\":2}\n",
					   "[1]\n",
					   "7\n",
					   "",
					   "{\"a\":4294967296}\n",
					   "{ \"b\" : 0x10 }",
					   "{\"b\":4294967295}\n",
					   "{\"b\":5,\"a\":6}\n",
					   "{\"c\":1}\n"};
static const char *const per_cpu_texts[] = {"5\n", "0\n", "[1", "[]\n", "[1,x]\n",
					    "77",  "[",   "\n", ""};

/* As many as there are CPUs, or one more. */
static void an_array(char *out)
{
	size_t len = (size_t)sprintf(out, "[");

	for (int i = 0; i < cpus && len < 200; i++)
		len += (size_t)sprintf(out + len, "%s%d", i ? "," : "", below(1000));
	strcpy(out + len, below(4) ? "]\n" : below(2) ? ",1]\n" : "]");
}

static void a_text(const struct shape *shape, char *out)
{
	if (shape->value == NUMBER)
		strcpy(out, ONE_OF(number_texts));
	else if (shape->value == RECORD)
		strcpy(out, ONE_OF(record_texts));
	else if (below(2))
		strcpy(out, ONE_OF(per_cpu_texts));
	else
		an_array(out);
}

static void a_value(const struct shape *shape, char *out)
{
	struct value v = {{0}};

	do
		a_text(shape, out);
	while (read_value(shape->value, out, strlen(out), &v) != COMPLETE);
}

/* Sometimes but a part of it. */
static void choose_text(struct step *s)
{
	const struct shape *shape = shape_of_slot[s->slot] ? shape_of_slot[s->slot] : &shapes[0];
	size_t len, from;

	a_text(shape, s->text);
	len = strlen(s->text);
	if (below(4) || len < 2)
		return;
	from = (size_t)below(2) * (size_t)below((int)len);
	memmove(s->text, s->text + from, len - from + 1);
	s->text[1 + below((int)(len - from))] = '\0';
}

static void choose_value(struct step *s)
{
	a_value(shape_of_path(s->path), s->text);
}

static void choose_lines(struct step *s)
{
	const struct shape *shape = shape_of_path(s->path);
	const char *quote = shape->number_keys ? "" : "\"";
	char value[256];
	size_t len = 0;

	for (int lines = 1 + below(3); lines && !shape->queue && len < 80; lines--) {
		strcpy(value, "null");
		if (below(4))
			a_value(shape, value);
		if (strlen(value) > 60)
			strcpy(value, "3");
		if (!below(12))
			strcpy(value, "?");
		value[strcspn(value, "\n")] = '\0';
		len += (size_t)snprintf(s->text + len, sizeof s->text - len,
					"{\"key\":%s%s%s,\"value\":%s}\n", quote,
					shape->keys[below(KEYS)][0], quote, value);
	}
}

static void choose_pushes(struct step *s)
{
	static const char *const texts[] = {"5\n", "7", "5\n6\n7\n", "x\n", "9 9\n", "1\n2\n"};

	strcpy(s->text, ONE_OF(texts));
}

#endif
