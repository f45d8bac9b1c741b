/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/fuzz/fuse_clock.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MILLISECOND 1000000L
#define SECOND (1000 * MILLISECOND)

int __wrap_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock,
				  const struct timespec *end);
time_t __wrap_time(time_t *out);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);
DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);

static const struct timespec beginning = {.tv_sec = 1700000000};
static struct timespec present;

void fuse_clock_reset(void)
{
	present = beginning;
}

static void pass(struct timespec time)
{
	present.tv_nsec += time.tv_nsec;
	present.tv_sec += time.tv_sec + present.tv_nsec / SECOND;
	present.tv_nsec %= SECOND;
}

void fuse_clock_pass(uint32_t milliseconds)
{
	pass((struct timespec){milliseconds / 1000, milliseconds % 1000 * MILLISECOND});
}

int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
	(void)id;
	*now = present;
	return 0;
}

time_t __wrap_time(time_t *out)
{
	if (out)
		*out = present.tv_sec;
	return present.tv_sec;
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)left;
	pass(*time);
	return 0;
}

/* Nobody else is there who could end the wait. */
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock,
				  const struct timespec *end)
{
	(void)cond;
	(void)lock;
	if (end->tv_sec > present.tv_sec ||
	    (end->tv_sec == present.tv_sec && end->tv_nsec > present.tv_nsec))
		present = *end;
	return ETIMEDOUT;
}

static int is_of_proc(const char *path)
{
	return strncmp(path, "/proc", 5) == 0;
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
	if (!is_of_proc(path))
		return __real_fopen64(path, mode);
	errno = ENOENT;
	return NULL;
}

DIR *__wrap_opendir(const char *path)
{
	if (!is_of_proc(path))
		return __real_opendir(path);
	errno = ENOENT;
	return NULL;
}
