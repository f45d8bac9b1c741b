// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * drain OBJECT PIN    loads the program of drain.bpf.c over the user ring buffer that is pinned at
 *                     PIN; for each line that it reads it drains the ring once, and answers with a
 *                     line of what came out: the records' bytes in hex, with blanks between them
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum { MOST = 4096, BYTES = 56 };

struct record {
	uint64_t len;
	uint8_t bytes[BYTES];
};

static uint32_t printed;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct bpf_object *load(const char *path, const char *pin)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_map *ring = obj ? bpf_object__find_map_by_name(obj, "ring") : NULL;

	if (!ring || bpf_map__reuse_fd(ring, bpf_obj_get(pin)) || bpf_object__load(obj))
		die(path);
	return obj;
}

static void answer(int records, uint32_t drained)
{
	struct record record;

	for (; printed < drained; printed++) {
		if (bpf_map_lookup_elem(records, &printed, &record))
			die("lookup");
		for (uint64_t i = 0; i < record.len; i++)
			printf("%02x", record.bytes[i]);
		putchar(' ');
	}
	putchar('\n');
	fflush(stdout);
}

/* The program's counter is the first value of its section. */
static uint32_t read_drained(int bss)
{
	uint32_t zero = 0, drained;

	if (bpf_map_lookup_elem(bss, &zero, &drained))
		die("bss");
	return drained;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct bpf_object *obj;
	int prog, records, bss;

	if (argc != 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	obj = load(argv[1], argv[2]);
	prog = bpf_program__fd(bpf_object__find_program_by_name(obj, "drain"));
	records = bpf_object__find_map_fd_by_name(obj, "records");
	bss = bpf_object__find_map_fd_by_name(obj, ".bss");
	while (getchar() != EOF) {
		if (bpf_prog_test_run_opts(prog, &opts))
			die("run");
		if ((int)opts.retval < 0)
			printf("error %d ", (int)opts.retval);
		answer(records, read_drained(bss));
	}
	return 0;
}
