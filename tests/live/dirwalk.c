// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * dirwalk names DIR SIZE   prints the names, read by getdents64 with a buffer of SIZE bytes
 * dirwalk seeks DIR        goes back to places that telldir gave, and wants what followed them;
 *                          prints how many names there are
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct place {
	long before;
	char *name;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void names(const char *dir, size_t size)
{
	char *buffer = malloc(size);
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	long got = 0;

	if (fd < 0 || !buffer)
		die(dir);
	while ((got = syscall(SYS_getdents64, fd, buffer, size)) > 0) {
		for (long at = 0; at < got;) {
			struct dirent64 *entry = (struct dirent64 *)(buffer + at);

			puts(entry->d_name);
			at += entry->d_reclen;
		}
	}
	if (got < 0)
		die("getdents64");
	free(buffer);
	close(fd);
}

static size_t walk(DIR *dir, struct place **places)
{
	size_t count = 0;
	struct dirent *entry;

	*places = NULL;
	for (long before = telldir(dir); (entry = readdir(dir)); before = telldir(dir)) {
		*places = realloc(*places, (count + 1) * sizeof **places);
		if (!*places)
			die("realloc");
		(*places)[count].before = before;
		(*places)[count++].name = strdup(entry->d_name);
	}
	return count;
}

static void follows(DIR *dir, const struct place *places, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct dirent *entry = readdir(dir);

		if (entry && !strcmp(entry->d_name, places[i].name))
			continue;
		printf("after a seek to %zu: want %s at %zu, got %s\n", from, places[i].name, i,
		       entry ? entry->d_name : "the end");
		exit(1);
	}
	if (to - from < 40 && readdir(dir)) {
		printf("after a seek to %zu: more than was there\n", from);
		exit(1);
	}
}

static void seeks(const char *name)
{
	struct place *places;
	DIR *dir = opendir(name);
	size_t count;

	if (!dir)
		die(name);
	count = walk(dir, &places);
	for (size_t i = 0; i < 300; i++) {
		size_t from = i * 7919 % count;
		size_t to = from + 40 < count ? from + 40 : count;

		seekdir(dir, places[from].before);
		follows(dir, places, from, to);
	}
	rewinddir(dir);
	follows(dir, places, 0, count);
	printf("%zu\n", count);
	closedir(dir);
	for (size_t i = 0; i < count; i++)
		free(places[i].name);
	free(places);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "names"))
		names(argv[2], strtoul(argv[3], NULL, 10));
	else if (argc == 3 && !strcmp(argv[1], "seeks"))
		seeks(argv[2]);
	else
		return 2;
	return 0;
}
