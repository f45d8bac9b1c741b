// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * neighbours_load OBJECT ROOT [PROGRAM=RUNS...] [hold]: what loaders do. Maps that are to be pinned
 * by name are so below ROOT, or taken from there, and the object's variables likewise, as
 * ROOT/bss, ROOT/data, ROOT/rodata. Says of each map and program on a line
 *
 *	NAME made|reused|program ID
 *
 * runs each program that often ("PROGRAM returned N"), and with "hold" says "ready", keeps all open
 * while stdin lasts, and takes more of PROGRAM=RUNS there, one a line.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum { MAPS = 64, PATH = 512 };

static struct bpf_object *object;

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "neighbours_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static __u32 id_of(int fd)
{
	struct bpf_map_info info;
	__u32 size = sizeof info;

	memset(&info, 0, sizeof info);
	must(bpf_obj_get_info_by_fd(fd, &info, &size) == 0, "info");
	return info.id;
}

/* Of the map that is pinned there, or 0. */
static __u32 id_at(const char *path)
{
	int fd = path ? bpf_obj_get(path) : -1;
	__u32 id = fd < 0 ? 0 : id_of(fd);

	if (fd >= 0)
		close(fd);
	return id;
}

/* The maps of variables are called after the object file and their section: NAME.bss. */
static const char *name_of(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map), *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

/* Those libbpf does not pin by itself. */
static void pin_sections(const char *root)
{
	struct bpf_map *map = NULL;
	char path[PATH];

	while ((map = bpf_object__next_map(object, map))) {
		if (!bpf_map__is_internal(map))
			continue;
		snprintf(path, sizeof path, "%s/%s", root, name_of(map));
		must(bpf_map__set_pin_path(map, path) == 0, path);
	}
}

static void load(const char *file, const char *root)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .pin_root_path = root);
	struct bpf_map *map = NULL;
	__u32 before[MAPS], id;
	int n = 0;

	object = bpf_object__open_file(file, &options);
	must(object, file);
	pin_sections(root);
	while ((map = bpf_object__next_map(object, map)) && n < MAPS)
		before[n++] = id_at(bpf_map__pin_path(map));
	must(!map && bpf_object__load(object) == 0, "load");
	for (n = 0; (map = bpf_object__next_map(object, map)); n++) {
		id = id_of(bpf_map__fd(map));
		printf("%s %s %u\n", name_of(map), before[n] == id ? "reused" : "made", id);
	}
}

static void tell_programs(void)
{
	struct bpf_program *program = NULL;
	struct bpf_prog_info info;
	__u32 size = sizeof info;

	while ((program = bpf_object__next_program(object, program))) {
		memset(&info, 0, sizeof info);
		must(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0, "info");
		printf("%s program %u\n", bpf_program__name(program), info.id);
	}
}

static void run(char *name, int times)
{
	unsigned char frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof frame,
		    .repeat = times);
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	must(program, name);
	must(bpf_prog_test_run_opts(bpf_program__fd(program), &options) == 0, name);
	printf("%s returned %u\n", name, options.retval);
}

static void stay_on_first_cpu(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	must(sched_setaffinity(0, sizeof first, &first) == 0, "CPU 0");
}

/* PROGRAM=RUNS */
static void obey(char *word)
{
	char *times = strchr(word, '=');

	must(times, word);
	*times = '\0';
	run(word, strtol(times + 1, NULL, 10));
}

static void stay(void)
{
	char line[PATH];

	puts("ready");
	while (fflush(stdout) == 0 && fgets(line, sizeof line, stdin))
		obey(line);
}

int main(int argc, char **argv)
{
	bool hold = argc > 3 && !strcmp(argv[argc - 1], "hold");

	if (argc < 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on_first_cpu();
	load(argv[1], argv[2]);
	tell_programs();
	for (int i = 3; i < argc - hold; i++)
		obey(argv[i]);
	if (hold)
		stay();
	bpf_object__close(object);
	return 0;
}
