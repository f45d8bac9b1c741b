/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/mounts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Blanks and backslashes are written \ooo. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++, out++) {
		*out = *s;
		if (*s != '\\' || !is_octal(s[1]) || !is_octal(s[2]) || !is_octal(s[3]))
			continue;
		*out = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
		s += 3;
	}
	*out = '\0';
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [MORE...] - TYPE SOURCE OPTIONS */
static bool parse_line(char *line, struct mount *m)
{
	char *type = strstr(line, " - "), *fields[5];

	if (!type)
		return false;
	type += strlen(" - ");
	for (int i = 0; i < 5; i++) {
		fields[i] = strsep(&line, " ");
		if (!line)
			return false;
	}
	unescape(fields[3]);
	unescape(fields[4]);
	*m = (struct mount){strtoull(fields[0], NULL, 10), fields[3], fields[4],
			    strsep(&type, " \n")};
	return true;
}

int mounts_each(int (*each)(void *arg, const struct mount *m), void *arg)
{
	FILE *table = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	struct mount m;
	size_t size = 0;
	int err = 0;

	if (!table)
		return -errno;
	while (!err && getline(&line, &size, table) > 0)
		if (parse_line(line, &m))
			err = each(arg, &m);
	free(line);
	fclose(table);
	return err;
}
