/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * stacks OBJECT DIR   has the programs of stacks.bpf.c take the stacks of a system call of its
 *                     own, pins their maps in DIR, "taken" as the last one, and keeps the
 *                     programs until killed: their symbols are in traces
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct bpf_map *map_of(struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		die(name);
	return map;
}

static struct bpf_link *attach(struct bpf_object *object, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	struct bpf_link *link = program ? bpf_program__attach(program) : NULL;

	if (!link)
		die(name);
	return link;
}

static void take(struct bpf_object *object)
{
	struct {
		uint32_t pid, number;
	} target = {(uint32_t)getpid(), SYS_getpgid};
	struct bpf_link *enter, *leave;
	uint32_t key = 0;

	if (bpf_map_update_elem(bpf_map__fd(map_of(object, "target")), &key, &target, BPF_ANY))
		die("target");
	enter = attach(object, "take_enter");
	leave = attach(object, "take_exit");
	syscall(SYS_getpgid, 0);
	bpf_link__destroy(leave);
	bpf_link__destroy(enter);
}

/* Two stacks whose hashes collide have room for one. */
static bool is_complete(struct bpf_object *object)
{
	int fd = bpf_map__fd(map_of(object, "taken"));
	int32_t id;

	for (uint32_t key = 0; key < 5; key++)
		if (bpf_map_lookup_elem(fd, &key, &id) || id < 0)
			return false;
	return true;
}

/* Programs of one that failed stay, so that those of the next one are elsewhere. */
static struct bpf_object *load(const char *path)
{
	for (int tries = 0; tries < 10; tries++) {
		struct bpf_object *object = bpf_object__open(path);

		if (!object || bpf_object__load(object))
			die(path);
		take(object);
		if (is_complete(object))
			return object;
	}
	fprintf(stderr, "no traces\n");
	exit(1);
}

static void pin(struct bpf_object *object, const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (bpf_map__pin(map_of(object, name), path))
		die(path);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"kernel", "user", "build_ids", "taken"};
	struct bpf_object *object;

	if (argc != 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	object = load(argv[1]);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		pin(object, argv[2], names[i]);
	for (;;)
		pause();
}
