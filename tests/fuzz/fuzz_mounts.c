/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* /proc/self/mountinfo, in which users have a say. Input: the file. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#include "lib/mounts.h"

FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);

static const uint8_t *table;
static size_t table_size;

/* The linker puts it in place of libc's. */
FILE *__wrap_fopen64(const char *path, const char *mode)
{
	if (strcmp(path, "/proc/self/mountinfo") != 0)
		return __real_fopen64(path, mode);
	return fmemopen((void *)(uintptr_t)table, table_size, "r");
}

static int check(void *arg, const struct mount *m)
{
	size_t *left = arg;

	fuzz_promise(m->root && m->point && m->type, "a mount has a place and a type", NULL, NULL,
		     NULL);
	fuzz_promise(strlen(m->root) < table_size && strlen(m->point) < table_size &&
			     strlen(m->type) < table_size,
		     "each of them is shorter than the table", NULL, NULL, NULL);
	return !--*left;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t left = size ? data[0] : 1;

	table = data;
	table_size = size;
	if (size)
		mounts_each(check, &left);
	return 0;
}
