// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * storage load OBJECT DIR           attaches its program until killed, maps pinned in DIR
 * storage get PIN WHAT...           prints the value, a u64, that is attached to it
 * storage set PIN NUMBER WHAT...    attaches one
 * storage del PIN WHAT...           takes it away
 *
 * WHAT is `task ID`, `file PATH` (of cgroups too), or `socket PID FD`. Exits with 1 and the
 * name of the error. By bpf(2) alone: what the kernel says is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static void die(void)
{
	printf("%s\n", strerrorname_np(errno));
	exit(1);
}

static int load(const char *path, const char *dir)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!object || bpf_object__load(object))
		die();
	program = bpf_object__next_program(object, NULL);
	if (!program || !bpf_program__attach(program) || bpf_object__pin_maps(object, dir))
		die();
	pause();
	return 0;
}

static int open_task(const char *id)
{
	return (int)syscall(SYS_pidfd_open, atoi(id), O_EXCL); /* PIDFD_THREAD */
}

static int open_what(char **what)
{
	int fd;

	if (strcmp(what[0], "task") == 0)
		fd = open_task(what[1]);
	else if (strcmp(what[0], "file") == 0)
		fd = open(what[1], O_PATH | O_NOFOLLOW);
	else
		fd = (int)syscall(SYS_pidfd_getfd, open_task(what[1]), atoi(what[2]), 0);
	if (fd < 0)
		die();
	return fd;
}

int main(int argc, char **argv)
{
	int is_set = argc > 1 && strcmp(argv[1], "set") == 0;
	uint64_t value[8] = {0};
	int map, fd, err;

	if (argc == 4 && strcmp(argv[1], "load") == 0)
		return load(argv[2], argv[3]);
	if (argc < 5 + is_set)
		return 2;
	map = bpf_obj_get(argv[2]);
	if (map < 0)
		die();
	fd = open_what(argv + 3 + is_set);
	if (is_set) {
		value[0] = strtoull(argv[3], NULL, 0);
		err = bpf_map_update_elem(map, &fd, value, BPF_ANY);
	} else if (strcmp(argv[1], "del") == 0) {
		err = bpf_map_delete_elem(map, &fd);
	} else {
		err = bpf_map_lookup_elem(map, &fd, value);
	}
	if (err)
		die();
	if (strcmp(argv[1], "get") == 0)
		printf("%" PRIu64 "\n", value[0]);
	return 0;
}
