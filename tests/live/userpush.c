// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * userpush PIN THREADS COUNT FIRST    each thread pushes COUNT records of 3 bytes into the user
 *                                     ring buffer: its own number, which is FIRST or one of the
 *                                     next, and that of the record, high byte first
 *
 * Writes through one mount are put in a row by the kernel; these are not.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <bpf/bpf.h>

#include "lib/userring.h"

enum { MOST = 16 };

static struct bpf_map_info info;
static struct elem_map map = {.info = &info};
static unsigned int count;

static void *push(void *number)
{
	for (unsigned int i = 0; i < count; i++) {
		const unsigned char record[3] = {*(unsigned char *)number, i >> 8, i};

		if (elem_user_ring.push(&map, record, sizeof(record), NULL)) {
			fputs("push\n", stderr);
			exit(1);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned char numbers[MOST];
	pthread_t threads[MOST];
	unsigned int size = sizeof(info);
	int n = argc == 5 ? atoi(argv[2]) : 0;

	if (n < 1 || n > MOST)
		return 2;
	count = strtoul(argv[3], NULL, 10);
	map.fd = bpf_obj_get(argv[1]);
	if (bpf_obj_get_info_by_fd(map.fd, &info, &size)) {
		perror(argv[1]);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		numbers[i] = (unsigned char)(i + atoi(argv[4]));
		pthread_create(&threads[i], NULL, push, &numbers[i]);
	}
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
