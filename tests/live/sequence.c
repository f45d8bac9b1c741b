// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * sequence MOUNT SEED STEPS      random steps on a mount, compared with a model after each of them
 * sequence MOUNT --replay FILE   the steps of a file, as a failure prints them; "-": of stdin
 * sequence - SEED STEPS          says only which steps these are
 *
 * The mount shows no map but those that are made here: scope=pinned, and a pindir of its own.
 * One process, and no step begins before the mount has done all of the last one: so each outcome
 * is known, and the same seed is the same sequence. After a few steps all maps are compared by
 * bpf(2). A failure is made shorter, by leaving out whatever it does not need, and printed, a step
 * a line.
 */
#include <bpf/libbpf.h>

#include "tests/live/sequence_lines.h"

enum { BETWEEN_LOOKS = 8 };

static unsigned long done, skipped; /* steps, in all */

/* --- one sequence */

static void look_at_all(void)
{
	for (int i = 0; i < MAPS && !run.failure[0]; i++)
		if (model.maps[i].there)
			check_map(&model.maps[i]);
}

static void run_step(const struct step *s)
{
	run.skipped = false;
	run.outcome[0] = '\0';
	operations[s->op].run(s);
	done++;
	skipped += run.skipped;
}

static void close_all(void)
{
	for (int i = 0; i < SLOTS; i++) {
		struct step s = {.slot = i};

		if (!model.slots[i].file)
			continue;
		if (!run.failure[0]) {
			run_close(&s);
			continue;
		}
		close(model.slots[i].fd);
	}
	wait_until_idle();
}

/* Whatever is in it. */
static void remove_map(const struct map_state *map)
{
	uint32_t bytes[2];
	uint64_t value;

	while (!map->shape->fixed && !map->shape->queue &&
	       bpf_map_get_next_key(map->fd, NULL, bytes) == 0 &&
	       bpf_map_delete_elem(map->fd, bytes) == 0)
		;
	while (map->shape->queue && bpf_map_lookup_and_delete_elem(map->fd, NULL, &value) == 0)
		;
	if (rmdir(full_path(map->name)))
		give_up(full_path(map->name));
	close(map->fd);
}

/* The step that fails, counted from 1; 0: none does. */
static int run_steps(const struct step *steps, int count, FILE *out)
{
	int i;

	memset(&model, 0, sizeof model);
	run.failure[0] = '\0';
	for (i = 0; i < count && !run.failure[0]; i++) {
		run_step(&steps[i]);
		if (out)
			print_step(&steps[i], out);
		if (out)
			fprintf(out, " -> %s\n", run.skipped ? "skipped" : run.outcome);
		if (!run.failure[0] && (i % BETWEEN_LOOKS == 0 || out))
			look_at_all();
	}
	close_all();
	if (!run.failure[0])
		look_at_all();
	for (int m = 0; m < MAPS; m++)
		if (model.maps[m].there)
			remove_map(&model.maps[m]);
	return run.failure[0] ? i : 0;
}

/* --- shorter */

/* Without the steps from first on, so many. Does it still fail? Then *count is less. */
static bool try_without(struct step *steps, int *count, int first, int many)
{
	struct step *fewer = calloc((size_t)*count, sizeof *fewer);
	int left = *count - many, failed;

	if (!fewer)
		give_up("memory");
	memcpy(fewer, steps, (size_t)first * sizeof *steps);
	memcpy(fewer + first, steps + first + many, (size_t)(left - first) * sizeof *steps);
	failed = run_steps(fewer, left, NULL);
	if (failed)
		memcpy(steps, fewer, (size_t)left * sizeof *steps);
	if (failed)
		*count = failed;
	free(fewer);
	return failed;
}

/* Parts of half the length, a quarter and so on, until no single step can be left out. */
static int shrink(struct step *steps, int count)
{
	bool any = true;

	for (int many = count / 2 ? count / 2 : 1; many > 1 || any;
	     many = many > 1 ? many / 2 : 1) {
		any = false;
		for (int first = count - many; first >= 0; first -= many) {
			any |= try_without(steps, &count, first, many);
			if (first > count)
				first = count;
		}
	}
	return count;
}

static int report(struct step *steps, int failed)
{
	int count;

	printf("step %d: ", failed);
	print_step(&steps[failed - 1], stdout);
	printf(": %s\n", run.failure);
	if (!run_steps(steps, failed, NULL)) {
		printf("and not again, when the same steps are repeated\n");
		return 1;
	}
	count = shrink(steps, failed);
	printf("as short as it fails:\n");
	run_steps(steps, count, stdout);
	printf("%s\n", run.failure[0] ? run.failure : "which fails no more");
	return 1;
}

static int replay(const char *path)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	struct step *steps = NULL;
	char line[1024];
	int count = 0, failed;

	if (!in)
		give_up(path);
	while (fgets(line, sizeof line, in)) {
		steps = realloc(steps, (size_t)(count + 1) * sizeof *steps);
		if (steps && parse_step(line, &steps[count]))
			count++;
	}
	failed = run_steps(steps, count, stdout);
	if (failed)
		printf("step %d: %s\n", failed, run.failure);
	free(steps);
	return failed != 0;
}

static int random_steps(uint64_t seed, int count)
{
	struct step *steps = choose_steps(seed, count);
	int failed = run_steps(steps, count, NULL), status = 0;

	if (failed) {
		printf("sequence MOUNT %" PRIu64 " %d: ", seed, count);
		status = report(steps, failed);
	}
	free(steps);
	return status;
}

static int list_steps(uint64_t seed, int count)
{
	struct step *steps = choose_steps(seed, count);

	for (int i = 0; i < count; i++) {
		print_step(&steps[i], stdout);
		fputc('\n', stdout);
	}
	free(steps);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	cpus = libbpf_num_possible_cpus();
	if (cpus < 1 || cpus > PARTS)
		give_up("this many CPUs");
	umask(022);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(argv[1], "-") == 0)
		return list_steps(strtoull(argv[2], NULL, 0), atoi(argv[3]));
	run.mount = argv[1];
	find_connection();
	if (strcmp(argv[2], "--replay") == 0)
		return replay(argv[3]);
	return random_steps(strtoull(argv[2], NULL, 0), atoi(argv[3]));
}
