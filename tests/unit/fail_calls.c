/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fail_calls.h"

#include <bpf/btf.h>
#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <search.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool armed;    /* atomic, as all of them */
static int left, err; /* calls that pass; what the one behind them failed with */

static void *frames[12];
static int frames_count;

void fail_print_caller(void)
{
	backtrace_symbols_fd(frames, frames_count, 2);
}

void fail_call(unsigned int after)
{
	__atomic_store_n(&err, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&left, (int)after, __ATOMIC_RELAXED);
	__atomic_store_n(&armed, true, __ATOMIC_RELEASE);
}

bool fail_end(void)
{
	__atomic_store_n(&armed, false, __ATOMIC_RELEASE);
	return fail_errno() != 0;
}

int fail_errno(void)
{
	return __atomic_load_n(&err, __ATOMIC_ACQUIRE);
}

/* Is this call the one? */
static bool fails(int with)
{
	if (!__atomic_load_n(&armed, __ATOMIC_ACQUIRE))
		return false;
	if (__atomic_fetch_sub(&left, 1, __ATOMIC_ACQ_REL) != 0)
		return false;
	frames_count = backtrace(frames, sizeof(frames) / sizeof(frames[0]));
	__atomic_store_n(&err, with, __ATOMIC_RELEASE);
	errno = with;
	return true;
}

#define FAILING(type, name, error, result, with, args)        \
	type failing_##name with;                             \
	type failing_##name with                              \
	{                                                     \
		return fails(error) ? (result) : (name args); \
	}

/* Memory. */

FAILING(void *, malloc, ENOMEM, NULL, (size_t size), (size))
FAILING(void *, calloc, ENOMEM, NULL, (size_t n, size_t size), (n, size))
FAILING(void *, realloc, ENOMEM, NULL, (void *old, size_t size), (old, size))
FAILING(void *, reallocarray, ENOMEM, NULL, (void *old, size_t n, size_t size), (old, n, size))
FAILING(char *, strdup, ENOMEM, NULL, (const char *text), (text))
FAILING(char *, strndup, ENOMEM, NULL, (const char *text, size_t len), (text, len))
/* A node takes the place of one that this thread has just freed. */
static _Thread_local bool has_node;

void *failing_tdelete(const void *key, void **root, comparison_fn_t compare);
void *failing_tdelete(const void *key, void **root, comparison_fn_t compare)
{
	has_node = true;
	return tdelete(key, root, compare);
}

void *failing_tsearch(const void *key, void **root, comparison_fn_t compare);
void *failing_tsearch(const void *key, void **root, comparison_fn_t compare)
{
	bool had_node = has_node;

	has_node = false;
	return !had_node && fails(ENOMEM) ? NULL : tsearch(key, root, compare);
}

/* vasprintf(), by the name that it has in headers too; so has getline(). */
int failing_vasprintf(char **out, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
int failing_vasprintf(char **out, const char *format, va_list args)
{
	return fails(ENOMEM) ? -1 : vasprintf(out, format, args);
}

int failing___vasprintf_chk(char **out, int flag, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
int failing___vasprintf_chk(char **out, int flag, const char *format, va_list args)
{
	(void)flag;
	return failing_vasprintf(out, format, args);
}

FAILING(ssize_t, __getdelim, ENOMEM, -1, (char **line, size_t *room, int end, FILE *file),
	(line, room, end, file))
FAILING(ssize_t, getline, ENOMEM, -1, (char **line, size_t *room, FILE *file), (line, room, file))

/* Threads. */

FAILING(int, pthread_create, EAGAIN, EAGAIN,
	(pthread_t * thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg),
	(thread, attr, run, arg))

/* Descriptors. */

FAILING(FILE *, fopen64, EMFILE, NULL, (const char *path, const char *mode), (path, mode))
FAILING(DIR *, opendir, EMFILE, NULL, (const char *path), (path))
FAILING(DIR *, fdopendir, ENOMEM, NULL, (int fd), (fd))

/* BTF. */

FAILING(struct btf *, btf__new_empty, ENOMEM, NULL, (void), ())
FAILING(struct btf *, btf__new, ENOMEM, NULL, (const void *bytes, uint32_t size), (bytes, size))
FAILING(int, btf__add_int, ENOMEM, -ENOMEM,
	(struct btf * btf, const char *name, size_t size, int encoding),
	(btf, name, size, encoding))
FAILING(int, btf__add_float, ENOMEM, -ENOMEM, (struct btf * btf, const char *name, size_t size),
	(btf, name, size))
FAILING(int, btf__add_ptr, ENOMEM, -ENOMEM, (struct btf * btf, int type), (btf, type))
FAILING(int, btf__add_array, ENOMEM, -ENOMEM, (struct btf * btf, int index, int type, __u32 count),
	(btf, index, type, count))
FAILING(int, btf__add_struct, ENOMEM, -ENOMEM, (struct btf * btf, const char *name, __u32 size),
	(btf, name, size))
FAILING(int, btf__add_union, ENOMEM, -ENOMEM, (struct btf * btf, const char *name, __u32 size),
	(btf, name, size))
FAILING(int, btf__add_field, ENOMEM, -ENOMEM,
	(struct btf * btf, const char *name, int type, __u32 at, __u32 bits),
	(btf, name, type, at, bits))
FAILING(int, btf__add_fwd, ENOMEM, -ENOMEM,
	(struct btf * btf, const char *name, enum btf_fwd_kind kind), (btf, name, kind))
FAILING(int, btf__add_typedef, ENOMEM, -ENOMEM, (struct btf * btf, const char *name, int type),
	(btf, name, type))
FAILING(int, btf__add_type, ENOMEM, -ENOMEM,
	(struct btf * btf, const struct btf *from, const struct btf_type *type), (btf, from, type))
FAILING(struct btf_dump *, btf_dump__new, ENOMEM, NULL,
	(const struct btf *btf, btf_dump_printf_fn_t print, void *arg,
	 const struct btf_dump_opts *opts),
	(btf, print, arg, opts))
