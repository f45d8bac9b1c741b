// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * bench_calls ACTION THREADS OURS PEER: what a call costs on two files, in nanoseconds a call:
 * "ours peer", each the median of rounds, which take turns.
 *
 *   read   open, read, close
 *   pread  pread at 0 of a file that stays open
 *   write  what echo does to a file that is there: open with O_TRUNC, write, close
 *
 * With several threads it is the time by the clock that one call adds, all on the same file.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	ROUNDS = 15,
	ROUND_NS = 200 * 1000 * 1000,
	MOST_THREADS = 64,
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_calls: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* The actions: one call each. fd is the file that stays open, if one does. */

static void call_read(const char *file, int fd)
{
	char text[256];

	fd = open(file, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text)) <= 0 || close(fd))
		die(file);
}

static void call_pread(const char *file, int fd)
{
	char text[256];

	if (pread(fd, text, sizeof(text), 0) <= 0)
		die(file);
}

static void call_write(const char *file, int fd)
{
	fd = open(file, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, "4711\n", 5) != 5 || close(fd))
		die(file);
}

static const struct action {
	const char *word;
	void (*call)(const char *file, int fd);
	bool stays_open;
} actions[] = {
	{"read", call_read, false},
	{"pread", call_pread, true},
	{"write", call_write, false},
};

/* One round: threads that call until the time is over. */
struct round {
	const struct action *action;
	const char *file;
	uint64_t end;
	atomic_ulong calls;
};

static void *work(void *argument)
{
	struct round *r = argument;
	unsigned long calls = 0;
	int fd = r->action->stays_open ? open(r->file, O_RDONLY) : -1;

	if (fd < 0 && r->action->stays_open)
		die(r->file);
	for (; now() < r->end; calls++)
		r->action->call(r->file, fd);
	if (fd >= 0)
		close(fd);
	r->calls += calls;
	return NULL;
}

static double measure(const struct action *action, int threads, const char *file)
{
	pthread_t ids[MOST_THREADS];
	uint64_t start = now();
	struct round r = {.action = action, .file = file, .end = start + ROUND_NS};

	for (int i = 0; i < threads; i++) {
		errno = pthread_create(&ids[i], NULL, work, &r);
		if (errno)
			die("pthread_create");
	}
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return (double)(now() - start) / (double)r.calls;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *times)
{
	qsort(times, ROUNDS, sizeof(*times), by_size);
	return times[ROUNDS / 2];
}

static const struct action *find_action(const char *word)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(actions[i].word, word))
			return &actions[i];
	errno = EINVAL;
	die(word);
}

int main(int argc, char **argv)
{
	const struct action *action;
	double times[2][ROUNDS];
	int threads;

	if (argc != 5)
		return 2;
	action = find_action(argv[1]);
	threads = (int)strtol(argv[2], NULL, 10);
	if (threads < 1 || threads > MOST_THREADS) {
		errno = EINVAL;
		die(argv[2]);
	}
	for (int side = 0; side < 2; side++) /* nobody's first round counts */
		measure(action, threads, argv[3 + side]);
	for (int round = 0; round < ROUNDS; round++)
		for (int side = 0; side < 2; side++)
			times[side][round] = measure(action, threads, argv[3 + side]);
	printf("%.1f %.1f\n", median(times[0]), median(times[1]));
	return 0;
}
