// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * bloom has PIN NUMBER    exit status 0 if the kernel says that the number may be in there, else 1
 * bloom add PIN NUMBER    puts it in
 *
 * For bloom filters of 4-byte values: bpftool cannot ask them for one.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

int main(int argc, char **argv)
{
	uint32_t number;
	int map, err;

	if (argc != 4)
		return 2;
	map = bpf_obj_get(argv[2]);
	number = strtoul(argv[3], NULL, 10);
	if (!strcmp(argv[1], "has"))
		err = bpf_map_lookup_elem(map, NULL, &number);
	else
		err = bpf_map_update_elem(map, NULL, &number, BPF_ANY);
	if (err && errno != ENOENT) {
		perror(argv[1]);
		return 2;
	}
	return err ? 1 : 0;
}
