/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fs_clock: clocks that a test can move, so that it need not wait. What is here
 * takes the place of libc's for the whole program: include it in one file of it.
 */
#ifndef BPFMAPFS_TESTS_FS_CLOCK_H
#define BPFMAPFS_TESTS_FS_CLOCK_H

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Seconds by which all clocks are ahead. */
static time_t clock_ahead;

int clock_gettime(clockid_t id, struct timespec *now)
{
	long err = syscall(SYS_clock_gettime, id, now);

	now->tv_sec += __atomic_load_n(&clock_ahead, __ATOMIC_RELAXED);
	return (int)err;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

#endif
