/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sequence_lines: the table of steps; a sequence of them from a seed; steps as lines of text, and
 * back. To add a step: a function and a row of operations[].
 */
#ifndef BPFMAPFS_TESTS_LIVE_SEQUENCE_LINES_H
#define BPFMAPFS_TESTS_LIVE_SEQUENCE_LINES_H

#include "tests/live/sequence_choose.h"

struct operation {
	const char *name, *takes; /* its arguments, a letter each: those of arguments[] */
	void (*run)(const struct step *s);
	int weight; /* how often it is chosen */
};

static const struct operation operations[] = {
	{"make", "mh", run_make, 2},
	{"open", "spfo", run_open, 160},
	{"dup", "sS", run_dup, 10},
	{"close", "s", run_close, 120},
	{"read", "sz", run_read, 40},
	{"pread", "szN", run_pread, 40},
	{"write", "st", run_write, 160},
	{"pwrite", "snt", run_pwrite, 50},
	{"lseek", "sn", run_lseek, 20},
	{"ftruncate", "sn", run_ftruncate, 30},
	{"truncate", "pn", run_truncate, 20},
	{"fsync", "s", run_fsync, 20},
	{"stat", "p", run_stat, 60},
	{"fstat", "s", run_fstat, 30},
	{"chmod", "po", run_chmod, 6},
	{"utimens", "p", run_utimens, 10},
	{"unlink", "p", run_unlink, 40},
	{"rename", "pPr", run_rename, 80},
	{"mkdir", "p", run_mkdir, 3},
	{"mknod", "p", run_mknod, 3},
	{"symlink", "p", run_symlink, 3},
	{"link", "pP", run_link, 3},
	{"rmdir", "p", run_rmdir, 3},
	{"remove", "m", run_remove, 3},
	{"move", "mM", run_move, 4},
	{"access", "mo", run_access, 2},
	{"freeze", "mb", run_freeze, 1},
	{"count", "m", run_count, 12},
	{"frozen", "m", run_frozen, 4},
	{"spec", "m", run_spec, 4},
	{"list", "mn", run_list, 25},
	{"maps", "", run_maps, 3},
	{"dump", "m", run_dump, 15},
	{"load", "ml", run_load, 20},
	{"push", "mq", run_push, 15},
	{"peek", "m", run_peek, 10},
	{"pop", "m", run_pop, 10},
	{"outside-put", "pv", run_outside_put, 30},
	{"outside-delete", "p", run_outside_delete, 20},
	{"outside-freeze", "m", run_outside_freeze, 1},
	{"outside-pop", "m", run_outside_pop, 4},
};

enum { OPERATIONS = sizeof operations / sizeof operations[0] };

/* --- flags as words */

struct word {
	unsigned int bits;
	const char *name;
};

static const struct word open_words[] = {
	{O_WRONLY, "WRONLY"}, {O_RDWR, "RDWR"},     {O_CREAT, "CREAT"}, {O_EXCL, "EXCL"},
	{O_TRUNC, "TRUNC"},   {O_APPEND, "APPEND"}, {0, "RDONLY"},      {0, NULL}};
static const struct word rename_words[] = {
	{RENAME_NOREPLACE, "NOREPLACE"}, {RENAME_EXCHANGE, "EXCHANGE"}, {0, "-"}, {0, NULL}};

static void print_words(const struct word *words, unsigned int flags, FILE *out)
{
	const char *between = "";

	for (; words->name; words++) {
		if (words->bits ? !(flags & words->bits) : *between != '\0')
			continue;
		fprintf(out, "%s%s", between, words->name);
		between = "|";
	}
}

static unsigned int parse_words(const struct word *words, const char *text)
{
	unsigned int flags = 0;

	for (; words->name; words++)
		if (strstr(text, words->name))
			flags |= words->bits;
	return flags;
}

/* --- texts between quotes */

static void print_quoted(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++)
		if (*text == '\n')
			fputs("\\n", out);
		else
			fprintf(out, "%s%c", strchr("\"\\", *text) ? "\\" : "", *text);
	fputc('"', out);
}

/* Where it ends. */
static const char *parse_quoted(const char *at, char *out, size_t room)
{
	size_t len = 0;

	for (at++; *at && *at != '"' && len + 1 < room; at++) {
		if (*at == '\\')
			at++;
		out[len++] = at[-1] == '\\' && *at == 'n' ? '\n' : *at;
	}
	out[len] = '\0';
	return *at ? at + 1 : at;
}

/* --- arguments */

#define NUMBER_ARGUMENT(member, text_format)                                 \
	static void print_##member(const struct step *s, FILE *out)          \
	{                                                                    \
		fprintf(out, text_format, s->member);                        \
	}                                                                    \
	static void parse_##member(struct step *s, const char *text)         \
	{                                                                    \
		s->member = strtol(text, NULL, *text_format == '0' ? 8 : 0); \
	}

NUMBER_ARGUMENT(slot, "%d")
NUMBER_ARGUMENT(slot2, "%d")
NUMBER_ARGUMENT(mode, "0%o")
NUMBER_ARGUMENT(number, "%ld")
NUMBER_ARGUMENT(number2, "%ld")

#define WORD_ARGUMENT(member)                                        \
	static void print_##member(const struct step *s, FILE *out)  \
	{                                                            \
		fputs(s->member, out);                               \
	}                                                            \
	static void parse_##member(struct step *s, const char *text) \
	{                                                            \
		snprintf(s->member, sizeof s->member, "%s", text);   \
	}

WORD_ARGUMENT(path)
WORD_ARGUMENT(path2)

#define FLAGS_ARGUMENT(name)                                               \
	static void print_##name##_flags(const struct step *s, FILE *out)  \
	{                                                                  \
		print_words(name##_words, s->flags, out);                  \
	}                                                                  \
	static void parse_##name##_flags(struct step *s, const char *text) \
	{                                                                  \
		s->flags = parse_words(name##_words, text);                \
	}

FLAGS_ARGUMENT(open)
FLAGS_ARGUMENT(rename)

static void print_text(const struct step *s, FILE *out)
{
	print_quoted(s->text, out);
}

static void parse_text(struct step *s, const char *text)
{
	snprintf(s->text, sizeof s->text, "%s", text);
}

static const struct argument {
	char letter;
	void (*choose)(struct step *s);
	void (*print)(const struct step *s, FILE *out);
	void (*parse)(struct step *s, const char *text);
} arguments[] = {
	{'s', choose_slot, print_slot, parse_slot},
	{'S', choose_other_slot, print_slot2, parse_slot2},
	{'p', choose_path, print_path, parse_path},
	{'P', choose_other_path, print_path2, parse_path2},
	{'m', choose_map, print_path, parse_path},
	{'M', choose_other_map, print_path2, parse_path2},
	{'h', choose_shape, print_path2, parse_path2},
	{'f', choose_open_flags, print_open_flags, parse_open_flags},
	{'r', choose_rename_flags, print_rename_flags, parse_rename_flags},
	{'o', choose_mode, print_mode, parse_mode},
	{'n', choose_offset, print_number, parse_number},
	{'N', choose_other_offset, print_number2, parse_number2},
	{'z', choose_size, print_number, parse_number},
	{'b', choose_bit, print_number, parse_number},
	{'t', choose_text, print_text, parse_text},
	{'v', choose_value, print_text, parse_text},
	{'l', choose_lines, print_text, parse_text},
	{'q', choose_pushes, print_text, parse_text},
};

static const struct argument *argument(char letter)
{
	const struct argument *a = arguments;

	while (a->letter != letter)
		a++;
	return a;
}

/* --- lines */

static void print_step(const struct step *s, FILE *out)
{
	const struct operation *o = &operations[s->op];

	fputs(o->name, out);
	for (const char *letter = o->takes; *letter; letter++) {
		fputc(' ', out);
		argument(*letter)->print(s, out);
	}
}

/* One word, or a text between quotes. */
static const char *next_word(const char *at, char *out, size_t room)
{
	size_t len;

	at += strspn(at, " ");
	if (*at == '"')
		return parse_quoted(at, out, room);
	len = strcspn(at, " \n");
	snprintf(out, room, "%.*s", (int)len, at);
	return at + len;
}

/* What is behind "->" is for people. */
static bool parse_step(const char *line, struct step *s)
{
	char word[sizeof s->text];

	*s = (struct step){.op = 0};
	line = next_word(line, word, sizeof word);
	while (s->op < OPERATIONS && strcmp(operations[s->op].name, word) != 0)
		s->op++;
	if (s->op == OPERATIONS)
		return false;
	for (const char *letter = operations[s->op].takes; *letter; letter++) {
		line = next_word(line, word, sizeof word);
		argument(*letter)->parse(s, word);
	}
	return s->slot >= 0 && s->slot < SLOTS && s->slot2 >= 0 && s->slot2 < SLOTS;
}

/* --- sequences */

static int choose_operation(void)
{
	int all = 0, at, op = 0;

	for (int i = 0; i < OPERATIONS; i++)
		all += operations[i].weight;
	at = below(all);
	while (at >= operations[op].weight)
		at -= operations[op++].weight;
	return op;
}

static void choose_step(struct step *s)
{
	s->op = choose_operation();
	for (const char *letter = operations[s->op].takes; *letter; letter++)
		argument(*letter)->choose(s);
	note_step(s, operations[s->op].name);
}

/* It begins with a map of each shape. */
static struct step *choose_steps(uint64_t seed, int count)
{
	struct step *steps = calloc((size_t)count + SHAPES, sizeof *steps);

	if (!steps)
		give_up("memory");
	chosen = seed;
	for (int i = 0; i < SHAPES; i++) {
		snprintf(steps[i].path, NAME_ROOM, "m%d", i);
		snprintf(steps[i].path2, NAME_ROOM, "%s", shapes[i].name);
		note_step(&steps[i], "make");
	}
	favourites[0] = below(SHAPES);
	favourites[1] = below(SHAPES);
	for (int i = SHAPES; i < count; i++)
		choose_step(&steps[i]);
	return steps;
}

#endif
