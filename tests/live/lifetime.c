// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * lifetime OBJECT [MAP=PIN...]: loads an object file, its maps new or those that are pinned, and
 * holds them while stdin lasts. There it takes commands, one a line, and answers each with a line:
 *
 *	make NAME		a hash of u32 to u64; its id
 *	id MAP, prog PROG	ids
 *	run PROG		what the program returns
 *	slot MAP KEY PROG	stores a program
 *	pin PROG PATH
 *	attach PROG MAP		as the verdict of its sockets
 *	attached MAP		how many verdicts there are
 *	join MAP		two pairs of sockets, A-B and C-D: B into slot 0, C into slot 1
 *	watch PROG		attaches it where it says
 *	share MAP PATH		pins it
 *	send			writes to A: "redirected" to D, or "delivered" to B
 *	drop NAME		closes the descriptor of a map or program
 *
 * OBJECT is - if none is wanted. Any failure ends it with status 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum { A, B, C, D, PATIENCE_MS = 10000 };

static struct bpf_object *object;
static int sockets[4] = {-1, -1, -1, -1};
static int made = -1;

static void must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "lifetime: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int map_fd(const char *name)
{
	struct bpf_map *map = object ? bpf_object__find_map_by_name(object, name) : NULL;

	return map ? bpf_map__fd(map) : -1;
}

static int prog_fd(const char *name)
{
	struct bpf_program *prog = object ? bpf_object__find_program_by_name(object, name) : NULL;

	return prog ? bpf_program__fd(prog) : -1;
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	must(!bpf_obj_get_info_by_fd(fd, &info, &len), "map info");
	return info.id;
}

static void command_make(char **words)
{
	made = bpf_map_create(BPF_MAP_TYPE_HASH, words[1], 4, 8, 64, NULL);
	must(made >= 0, "create");
	printf("%u\n", map_id(made));
}

static void command_id(char **words)
{
	printf("%u\n", map_id(map_fd(words[1])));
}

static void command_prog(char **words)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	must(!bpf_obj_get_info_by_fd(prog_fd(words[1]), &info, &len), "prog info");
	printf("%u\n", info.id);
}

static void command_run(char **words)
{
	char frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));

	must(!bpf_prog_test_run_opts(prog_fd(words[1]), &opts), "run");
	printf("%u\n", opts.retval);
}

static void command_slot(char **words)
{
	uint32_t key = (uint32_t)strtoul(words[2], NULL, 10);
	int prog = prog_fd(words[3]);

	must(!bpf_map_update_elem(map_fd(words[1]), &key, &prog, BPF_ANY), "update");
	puts("stored");
}

static void command_pin(char **words)
{
	must(!bpf_obj_pin(prog_fd(words[1]), words[2]), "pin");
	puts("pinned");
}

static void command_watch(char **words)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(object, words[1]);

	must(prog && bpf_program__attach(prog), "attach");
	puts("watching");
}

static void command_share(char **words)
{
	must(!bpf_obj_pin(map_fd(words[1]), words[2]), "pin");
	puts("shared");
}

static void command_attach(char **words)
{
	must(!bpf_prog_attach(prog_fd(words[1]), map_fd(words[2]), BPF_SK_SKB_STREAM_VERDICT, 0),
	     "attach");
	puts("attached");
}

static void command_attached(char **words)
{
	uint32_t ids[4], count = 4;

	must(!bpf_prog_query(map_fd(words[1]), BPF_SK_SKB_STREAM_VERDICT, 0, NULL, ids, &count),
	     "query");
	printf("%u\n", count);
}

static void put_socket(const char *map, uint32_t slot, int fd)
{
	uint64_t value = (uint64_t)fd;

	must(!bpf_map_update_elem(map_fd(map), &slot, &value, BPF_ANY), "update");
}

static void command_join(char **words)
{
	for (int i = A; i <= D; i++)
		close(sockets[i]);
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, &sockets[A]), "socketpair");
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, &sockets[C]), "socketpair");
	put_socket(words[1], 0, sockets[B]);
	put_socket(words[1], 1, sockets[C]);
	puts("joined");
}

static void command_send(char **words)
{
	struct pollfd fds[] = {{.fd = sockets[B], .events = POLLIN},
			       {.fd = sockets[D], .events = POLLIN}};
	char byte = 'x';

	(void)words;
	must(write(sockets[A], &byte, 1) == 1, "write");
	must(poll(fds, 2, PATIENCE_MS) == 1, "poll");
	must(read(fds[0].revents ? sockets[B] : sockets[D], &byte, 1) == 1, "read");
	puts(fds[0].revents ? "delivered" : "redirected");
}

static void command_drop(char **words)
{
	int fd = map_fd(words[1]);

	if (fd < 0)
		fd = prog_fd(words[1]);
	must(!close(fd), "close");
	puts("dropped");
}

static const struct {
	const char *name;
	int words;
	void (*run)(char **words);
} commands[] = {
	{"make", 2, command_make},         {"id", 2, command_id},
	{"prog", 2, command_prog},         {"run", 2, command_run},
	{"slot", 4, command_slot},         {"pin", 3, command_pin},
	{"attach", 3, command_attach},     {"join", 2, command_join},
	{"attached", 2, command_attached}, {"send", 1, command_send},
	{"watch", 2, command_watch},       {"share", 3, command_share},
	{"drop", 2, command_drop},
};

static void obey(char *line)
{
	char *words[5] = {NULL};
	int count = 0;

	for (char *word = strtok(line, " \n"); word && count < 5; word = strtok(NULL, " \n"))
		words[count++] = word;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!words[0] || strcmp(words[0], commands[i].name) != 0)
			continue;
		must(count == commands[i].words, "number of words");
		commands[i].run(words);
		return;
	}
	must(0, "no such command");
}

static void load(const char *path, char **pinned)
{
	object = bpf_object__open(path);
	must(object != NULL, path);
	for (; *pinned; pinned++) {
		char *pin = strchr(*pinned, '=');

		must(pin != NULL, "MAP=PIN");
		*pin++ = '\0';
		must(!bpf_map__reuse_fd(bpf_object__find_map_by_name(object, *pinned),
					bpf_obj_get(pin)),
		     pin);
	}
	must(!bpf_object__load(object), "load");
}

int main(int argc, char **argv)
{
	char line[4096];

	if (argc < 2)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(argv[1], "-") != 0)
		load(argv[1], argv + 2);
	puts("ready");
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	return 0;
}
