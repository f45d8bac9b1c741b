/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct symbols symbols_kernel = SYMBOLS_INIT("/proc/kallsyms");

struct entry {
	uint64_t address;
	uint32_t name;        /* places in names */
	uint32_t module : 31; /* 0: the kernel's own */
	uint32_t is_local : 1;
};

static const struct entry *entry_at(const struct symbols *s, size_t i)
{
	return (const struct entry *)s->entries.data + i;
}

static size_t count(const struct symbols *s)
{
	return s->entries.len / sizeof(struct entry);
}

static const char *text_at(const struct symbols *s, uint32_t place)
{
	return s->names.data + place;
}

/* Reading a line: "ADDRESS TYPE NAME", and behind a tab "[MODULE]". */

struct line {
	uint64_t address;
	char type;
	const char *name, *module; /* module: "" if there is none */
};

/* Does the word need no escapes, wherever it is shown? */
static bool is_plain(const char *word, size_t most)
{
	size_t len = 0;

	for (; word[len]; len++)
		if (word[len] <= ' ' || word[len] > '~' || word[len] == '"' || word[len] == '\\')
			return false;
	return len && len <= most;
}

static bool parse_address(const char *word, uint64_t *address)
{
	size_t len = strspn(word, "0123456789abcdefABCDEF");

	*address = strtoull(word, NULL, 16);
	return len <= 16 && !word[len] && *address;
}

/* false: it is no line of a function that can be shown. */
static bool parse_line(char *text, struct line *line)
{
	const char *address = strsep(&text, " "), *type = strsep(&text, " ");

	if (!text || strlen(type) != 1 || !strchr("tTwW", *type))
		return false;
	line->type = *type;
	line->name = strsep(&text, "\t\n");
	line->module = text ? strsep(&text, "\n") : "";
	return parse_address(address, &line->address) && is_plain(line->name, SYMBOLS_NAME) &&
	       (!*line->module || is_plain(line->module, SYMBOLS_MODULE));
}

static uint32_t keep_text(struct symbols *s, const char *text)
{
	size_t place = s->names.len;

	buf_add(&s->names, text, strlen(text) + 1);
	return (uint32_t)place;
}

/* Lines of one module stand together, so that its name is kept once. */
static void keep_line(struct symbols *s, const struct line *line, uint32_t *module)
{
	struct entry e = {.address = line->address, .is_local = line->type >= 'a'};

	if (buf_error(&s->names))
		return;
	if (strcmp(text_at(s, *module), line->module) != 0)
		*module = *line->module ? keep_text(s, line->module) : 0;
	e.module = *module;
	e.name = keep_text(s, line->name);
	buf_add(&s->entries, &e, sizeof(e));
}

/* Reading the file. */

static int compare_entries(const void *one, const void *other, void *names)
{
	const struct entry *a = one, *b = other;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->is_local != b->is_local)
		return a->is_local ? 1 : -1;
	return strcmp((char *)names + a->name, (char *)names + b->name);
}

/* By address, and the best name of each alone. */
static void sort(struct symbols *s)
{
	struct entry *entries = (struct entry *)s->entries.data;
	size_t kept = 0;

	if (!entries)
		return;
	qsort_r(entries, count(s), sizeof(*entries), compare_entries, s->names.data);
	for (size_t i = 0; i < count(s); i++)
		if (!kept || entries[kept - 1].address != entries[i].address)
			entries[kept++] = entries[i];
	buf_resize(&s->entries, kept * sizeof(*entries));
}

static void clear(struct symbols *s)
{
	buf_free(&s->entries);
	buf_free(&s->names);
	s->entries = BUF_INIT(SYMBOLS_MOST * sizeof(struct entry));
	s->names = BUF_INIT(SYMBOLS_MOST_BYTES);
}

/* What cannot be read or is too much leaves no symbols. */
static void read_file(struct symbols *s)
{
	FILE *file = fopen(s->path, "re");
	char *text = NULL;
	size_t room = 0;
	uint32_t module = 0;
	struct line line;

	clear(s);
	if (!file)
		return;
	keep_text(s, "");
	while (getline(&text, &room, file) > 0)
		if (parse_line(text, &line))
			keep_line(s, &line, &module);
	free(text);
	fclose(file);
	if (buf_error(&s->entries) || buf_error(&s->names))
		clear(s);
	sort(s);
}

static void read_if_due(struct symbols *s)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (s->was_read && (s->keep || now.tv_sec - s->read_at < SYMBOLS_AGE))
		return;
	s->was_read = true;
	read_file(s);
	clock_gettime(CLOCK_MONOTONIC, &now);
	s->read_at = now.tv_sec;
}

/* Asking. */

static bool is_kernels(uint64_t address)
{
	return address >> 63;
}

/* How many symbols are at or below an address. */
static size_t rank(const struct symbols *s, uint64_t address)
{
	size_t low = 0, high = count(s);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (entry_at(s, middle)->address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Where a function ends the file does not say. It is taken to reach to the next one;
 * where that is of another module, or none, to the end of the page behind the one that
 * it begins in.
 */
static const struct entry *find(const struct symbols *s, uint64_t address)
{
	enum { PAGE = 4096 };
	size_t above = rank(s, address);
	const struct entry *e;

	if (!above)
		return NULL;
	e = entry_at(s, above - 1);
	if (above < count(s) && entry_at(s, above)->module == e->module)
		return e;
	return address / PAGE - e->address / PAGE < 2 ? e : NULL;
}

/* The kernel's own functions stay what they are. */
static const struct entry *find_now(struct symbols *s, uint64_t address)
{
	const struct entry *e = find(s, address);

	if (e && !e->module)
		return e;
	read_if_due(s);
	return find(s, address);
}

bool symbols_print(struct symbols *s, uint64_t address, struct buf *out)
{
	const struct entry *e;

	if (!is_kernels(address))
		return false;
	pthread_mutex_lock(&s->lock);
	e = find_now(s, address);
	if (e)
		buf_addf(out, " %s+0x%" PRIx64 "%s%s", text_at(s, e->name), address - e->address,
			 e->module ? " " : "", text_at(s, e->module));
	pthread_mutex_unlock(&s->lock);
	return e != NULL;
}

void symbols_keep(struct symbols *s)
{
	pthread_mutex_lock(&s->lock);
	s->keep = true;
	pthread_mutex_unlock(&s->lock);
}

void symbols_forget(struct symbols *s)
{
	pthread_mutex_lock(&s->lock);
	clear(s);
	s->was_read = false;
	pthread_mutex_unlock(&s->lock);
}
