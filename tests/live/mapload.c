// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * mapload fill PIN FIRST COUNT           stores keys FIRST, FIRST+1, … each with itself as value
 * mapload churn PIN FIRST COUNT STABLE   until killed: inserts and deletes those keys, and stores
 *                                        the keys below STABLE anew, which are never absent
 *
 * For maps of u32 to u64, per CPU or not; faster than any shell could be.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum { BATCH = 4096 };

static int map;
static int cpus;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void fill_value(uint64_t *value, uint64_t number)
{
	for (int cpu = 0; cpu < cpus; cpu++)
		value[cpu] = number;
}

static void fill(uint32_t first, uint32_t count)
{
	uint32_t *keys = calloc(BATCH, sizeof *keys);
	uint64_t *values = calloc((size_t)BATCH * cpus, sizeof *values);

	if (!keys || !values)
		die("calloc");
	while (count) {
		uint32_t n = count < BATCH ? count : BATCH;

		for (uint32_t i = 0; i < n; i++) {
			keys[i] = first + i;
			fill_value(&values[(size_t)i * cpus], first + i);
		}
		first += n;
		count -= n;
		if (bpf_map_update_batch(map, keys, values, &n, NULL))
			die("update_batch");
	}
	free(keys);
	free(values);
}

static void churn(uint32_t first, uint32_t count, uint32_t stable)
{
	uint64_t *value = calloc(cpus, sizeof *value);

	if (!value)
		die("calloc");
	for (uint32_t round = 0;; round++) {
		for (uint32_t key = first; key < first + count; key++) {
			uint32_t old = key % stable;

			fill_value(value, round);
			if (bpf_map_update_elem(map, &key, value, BPF_ANY) ||
			    bpf_map_update_elem(map, &old, value, BPF_EXIST))
				die("update");
		}
		for (uint32_t key = first; key < first + count; key++)
			if (bpf_map_delete_elem(map, &key) && errno != ENOENT)
				die("delete");
	}
}

static void open_map(const char *pin)
{
	struct bpf_map_info info;
	uint32_t size = sizeof info;

	memset(&info, 0, sizeof info);
	map = bpf_obj_get(pin);
	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &size))
		die(pin);
	cpus = 1;
	if (info.type == BPF_MAP_TYPE_PERCPU_HASH || info.type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	    info.type == BPF_MAP_TYPE_LRU_PERCPU_HASH)
		cpus = libbpf_num_possible_cpus();
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	open_map(argv[2]);
	if (!strcmp(argv[1], "fill"))
		fill(strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	else if (argc == 6)
		churn(strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10),
		      strtoul(argv[5], NULL, 10));
	return 0;
}
