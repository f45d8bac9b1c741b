// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * backup_live OBJECT PINDIR COUNTS [PASSING]   until killed
 *
 * Pins the maps of backup_live.bpf.c, fills them, and changes them in two threads: one runs the
 * program, the other is a user's. The file COUNTS says how often each did ("PROGRAM USER"). Keys
 * below LIVE_KEYS are there from start to end. With PASSING that many keys of the map `passing`
 * come and go, else there are none.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/types.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/live/backup_live.h"

enum {
	MOST_MAPS = 32,
	PAUSE = 50,     /* microseconds, so that who reads has a turn */
	REPEAT = 16,    /* runs of the program */
	GROW_EACH = 64, /* turns, and one key more */
	FIRST_PASSING = 1000,
};

struct value {
	uint32_t first; /* spare, or a spin lock */
	uint32_t key;
	uint64_t n, not_n, text[(LIVE_LARGE - LIVE_TEXT) / 8];
};

/* One whose values say whether they are whole. */
struct live_map {
	const char *name;
	int fd;
	uint32_t size; /* of a value of one CPU */
	int cpus;
	uint64_t flags;
};

static struct live_map maps[MOST_MAPS];
static int map_count, program, counts;
static int lengths, growing, passing;
static uint32_t passing_keys;
static uint64_t program_changes, user_changes;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void fill_value(struct value *v, uint32_t key, uint64_t n, uint32_t size)
{
	v->first = 0;
	v->key = key;
	v->n = n;
	v->not_n = ~n;
	for (uint32_t i = 0; i < (size - LIVE_TEXT) / 8; i++)
		v->text[i] = LIVE_LETTERS(n);
}

static void put_number(int map, uint32_t key, uint64_t number)
{
	if (bpf_map_update_elem(map, &key, &number, BPF_ANY))
		die("update");
}

static void put_value(const struct live_map *m, char *room, uint32_t key, uint64_t n)
{
	for (int cpu = 0; cpu < m->cpus; cpu++)
		fill_value((struct value *)(room + (size_t)cpu * m->size), key, n, m->size);
	if (bpf_map_update_elem(m->fd, &key, room, m->flags))
		die(m->name);
}

static void put_values(char *room, uint32_t key, uint64_t n)
{
	for (int i = 0; i < map_count; i++)
		put_value(&maps[i], room, key, n);
}

/* As texts: 1 or 2 digits, 5 or 6, 1 or 20. */
static void put_lengths(bool longer)
{
	put_number(lengths, 0, longer ? 10 : 9);
	put_number(lengths, 1, longer ? 100000 : 99999);
	put_number(lengths, 2, longer ? UINT64_MAX : 0);
}

static char *new_room(void)
{
	char *room = calloc((size_t)libbpf_num_possible_cpus(), LIVE_LARGE);

	if (!room)
		die("calloc");
	return room;
}

/* Threads. */

static void tell(void)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%020" PRIu64 " %020" PRIu64 "\n",
			   __atomic_load_n(&program_changes, __ATOMIC_RELAXED), user_changes);

	if (pwrite(counts, line, (size_t)len, 0) != len)
		die("counts");
}

static void *change_as_user(void *arg)
{
	unsigned int seed = 1;
	char *room = new_room();

	(void)arg;
	for (uint32_t turn = 0;; turn++) {
		put_values(room, (uint32_t)rand_r(&seed) % LIVE_KEYS,
			   LIVE_NUMBER((unsigned int)rand_r(&seed), rand_r(&seed)));
		put_lengths(turn % 2);
		if (turn % GROW_EACH == 0 && turn / GROW_EACH < LIVE_MANY)
			put_number(growing, turn / GROW_EACH, turn);
		user_changes++;
		tell();
		usleep(PAUSE);
	}
	return NULL;
}

static void *run_program(void *arg)
{
	char frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = REPEAT);

	(void)arg;
	for (;;) {
		if (bpf_prog_test_run_opts(program, &run) && errno != EINTR) /* it was stopped */
			die("run");
		__atomic_add_fetch(&program_changes, REPEAT, __ATOMIC_RELAXED);
		usleep(PAUSE);
	}
	return NULL;
}

static void *come_and_go(void *arg)
{
	uint32_t end = FIRST_PASSING + passing_keys;

	(void)arg;
	for (uint64_t round = 0;; round++) {
		for (uint32_t key = FIRST_PASSING; key < end; key++)
			put_number(passing, key, round);
		usleep(PAUSE);
		for (uint32_t key = FIRST_PASSING; key < end; key++)
			if (bpf_map_delete_elem(passing, &key))
				die("delete");
	}
	return NULL;
}

static void start(void *(*thread)(void *arg))
{
	pthread_t id;

	errno = pthread_create(&id, NULL, thread, NULL);
	if (errno)
		die("thread");
}

/* Before. */

static bool starts_with(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

static void pin(struct bpf_map *map, const char *dir)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, bpf_map__name(map));
	if (bpf_map__pin(map, path))
		die(path);
}

static void note_map(struct bpf_map *map)
{
	struct live_map *m = &maps[map_count++];

	if (map_count > MOST_MAPS)
		die("too many maps");
	m->name = bpf_map__name(map);
	m->fd = bpf_map__fd(map);
	m->size = bpf_map__value_size(map);
	m->cpus = starts_with(m->name, "cpu") ? libbpf_num_possible_cpus() : 1;
	m->flags = starts_with(m->name, "lock") ? BPF_F_LOCK : 0;
}

static void load(const char *path, const char *dir)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_map *map;

	if (!object || bpf_object__load(object))
		die(path);
	program = bpf_program__fd(bpf_object__next_program(object, NULL));
	lengths = bpf_object__find_map_fd_by_name(object, "lengths");
	growing = bpf_object__find_map_fd_by_name(object, "growing");
	passing = bpf_object__find_map_fd_by_name(object, "passing");
	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__value_size(map) >= LIVE_SMALL && bpf_map__max_entries(map) > 1)
			note_map(map);
		if (bpf_map__max_entries(map) > 1)
			pin(map, dir);
	}
}

static void fill(void)
{
	char *room = new_room();

	for (uint32_t key = 0; key < LIVE_KEYS; key++) {
		put_values(room, key, key);
		put_number(growing, key, key);
		put_number(passing, key, key);
	}
	put_lengths(false);
	free(room);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	passing_keys = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0;
	load(argv[1], argv[2]);
	fill();
	counts = open(argv[3], O_WRONLY | O_CREAT, 0600);
	if (counts < 0)
		die(argv[3]);
	start(change_as_user);
	start(run_program);
	if (passing_keys)
		start(come_and_go);
	for (;;)
		pause();
}
