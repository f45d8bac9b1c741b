// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * lifetime_race: prog_arrays lose their last user while another thread opens and closes them as the
 * daemon does. All must go when their programs do: a map that the kernel begins to clear twice is
 * lost for good, and so the first that does not go ends this with status 1.
 */
#include <pthread.h>

#include "lib/map.h"
#include "tests/live/mapiter.h"

enum { ROUNDS = 150 };

static struct map_desc *looked_at; /* NULL: the thread stands still */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool done;
static int opened;

/* A program that uses the map. */
static int load_user(int map)
{
	const struct bpf_insn code[] = {
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = 2,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = map},
		{.code = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "lt_race", "GPL", code, COUNT(code), NULL);

	must(fd >= 0, "load");
	return fd;
}

/* Opens and closes once; false: that is all. */
static bool look_once(void)
{
	bool go_on;

	pthread_mutex_lock(&lock);
	if (looked_at) {
		struct map map;

		if (map_open(&map, looked_at, BPF_F_RDONLY) == 0) {
			opened++;
			map_close(&map);
		}
	}
	go_on = !done;
	pthread_mutex_unlock(&lock);
	return go_on;
}

static void *look(void *arg)
{
	(void)arg;
	while (look_once())
		sched_yield();
	return NULL;
}

/* What the thread is to look at from now on; NULL: nothing. */
static void look_at(struct map_desc *desc)
{
	pthread_mutex_lock(&lock);
	looked_at = desc;
	pthread_mutex_unlock(&lock);
}

static void must_vanish(uint32_t id)
{
	struct mapiter_map map;

	for (int i = 0; i < 500 && mapiter_find(it, id, &map) != -ENOENT; i++)
		usleep(20000);
	must(mapiter_find(it, id, &map) == -ENOENT, "%u does not vanish", id);
}

static void one_round(void)
{
	int fd = make(BPF_MAP_TYPE_PROG_ARRAY, "lt_race", 4, 4, 4), prog = load_user(fd);
	struct bpf_map_info info = info_of(fd);
	struct map_desc *desc;

	must(!map_desc_new(&info, NULL, &desc), "describe");
	desc->iter = it;
	look_at(desc);
	usleep(50 + rand() % 200);
	close(fd);
	usleep(50 + rand() % 200);
	look_at(NULL);
	close(prog);
	must_vanish(info.id);
	map_desc_unref(desc);
}

int main(void)
{
	pthread_t looker;

	start();
	must(!pthread_create(&looker, NULL, look, NULL), "thread");
	for (int i = 0; i < ROUNDS; i++)
		one_round();
	pthread_mutex_lock(&lock);
	done = true;
	pthread_mutex_unlock(&lock);
	pthread_join(looker, NULL);
	must(opened > 0, "nothing was ever opened");
	mapiter_close(it);
	return 0;
}
