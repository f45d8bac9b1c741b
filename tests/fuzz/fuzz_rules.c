/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The file of -o types=. Input: the file; its first line is tried as the name of a map, too. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/typerules.h"

static void promise(bool holds, const char *what)
{
	fuzz_promise(holds, what, NULL, NULL, NULL);
}

static size_t count_lines(const char *text, size_t len)
{
	size_t lines = len && text[len - 1] != '\n';

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

/* A line as a file of its own. */
static int parse_line(const char *line, size_t len, unsigned int *number, struct diag *d)
{
	char *exact = malloc(len ? len : 1); /* who reads on is seen */
	struct typerules *rules = NULL;
	int err;

	if (!exact)
		abort();
	memcpy(exact, line, len);
	err = typerules_parse(exact, len, &rules, number, d);
	promise(!err == !!rules, "there are rules, or an error");
	typerules_free(rules);
	free(exact);
	return err;
}

/* All lines before the bad one are good, each for itself. */
static void check_lines(const char *text, size_t len, size_t bad)
{
	size_t number = 1;

	for (size_t at = 0, end; at < len; at = end + 1, number++) {
		const char *newline = memchr(text + at, '\n', len - at);
		unsigned int one;
		struct diag d = {0};
		int err;

		end = newline ? (size_t)(newline - text) : len;
		err = parse_line(text + at, end - at, &one, &d);
		promise(!err == (number != bad),
			"a line is good or bad, whatever stands around it");
		if (number != bad)
			continue;
		promise(d.err == EINVAL && d.why[0], "a refusal is explained");
		promise(!d.placed || d.offset <= end - at, "a refusal has its place in the line");
		return;
	}
}

static void find(const struct typerules *rules, const char *text, size_t len)
{
	const char *newline = memchr(text, '\n', len);
	char *name = strndup(text, newline ? (size_t)(newline - text) : len);
	struct bpf_map_info info = {.key_size = 4, .value_size = 8, .name = "flows"};
	const struct map_types *types;

	typerules_find(rules, name);
	types = typerules_for(rules, &info, name);
	if (types && types->key)
		promise(types->key->size == info.key_size, "types fit the map");
	if (types && types->value)
		promise(types->value->size == info.value_size, "types fit the map");
	free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct typerules *rules = NULL;
	unsigned int line = 0;
	struct diag d = {0};
	int err = typerules_parse(text, size, &rules, &line, &d);

	promise(err == 0 || err == -EINVAL || err == -ENOMEM, "a file is one of rules or not");
	promise(err != -EINVAL || (line > 0 && line <= count_lines(text, size)),
		"a refusal is in a line");
	if (err != -ENOMEM)
		check_lines(text, size, err ? line : SIZE_MAX);
	if (!err)
		find(rules, text, size);
	typerules_free(rules);
	return 0;
}
