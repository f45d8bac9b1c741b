// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * mixed MOUNT PINS DAEMON SECONDS [SEED [PROCESSES [forget]]]
 *
 * A mixed load (soak.h) on what the daemon with that process id has mounted, with scope=all. Says
 * what was done, and how the daemon's memory went. Fails at the first wrong answer. forget: drops the
 * machine's caches before it looks at the memory; so nobody else should be at work.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <bpf/libbpf.h>

#include "soak.h"

enum {
	WARM_UP = 4,         /* a quarter of the time */
	MAY_GROW_KIB = 8192, /* and a quarter of what there was, after it */
	MAY_GROW_THREADS = 4,
	STEADY_S = 60, /* from that on the daemon's memory is judged */
};

const struct operation operations[] = {
	{"store", 30, do_store},
	{"store if present", 8, do_store_present},
	{"store new", 8, do_store_new},
	{"store in place", 8, do_store_in_place},
	{"store in two parts", 8, do_store_parts},
	{"store a member", 6, do_member},
	{"touch", 4, do_touch},
	{"zero", 4, do_zero},
	{"refused text", 6, do_refused},
	{"stage, rename over", 8, do_stage},
	{"stage, refused", 3, do_stage_refused},
	{"killed while writing", 1, do_killed},
	{"read", 40, do_read},
	{"read by another name", 6, do_spelling},
	{"held descriptor", 12, do_held},
	{"stat", 10, do_stat},
	{"unlink", 14, do_unlink},
	{"rename", 10, do_rename},
	{"take out, put back", 4, do_take_out},
	{"chmod, utimens", 4, do_attributes},
	{"list a map", 4, do_list},
	{"read .dump", 3, do_dump},
	{"write .dump", 4, do_load},
	{"write .dump, refused", 2, do_load_refused},
	{"read .count", 2, do_count},
	{"read .info, @ID", 1, do_info},
	{"link", 4, do_link},
	{"link over", 3, do_link_over},
	{"read a link", 6, do_link_read},
	{"remove a link", 3, do_link_remove},
	{"push", 5, do_push},
	{"pop, peek", 6, do_pop},
	{"make a map", 3, do_own_make},
	{"remove a map", 3, do_own_remove},
	{"rename a map", 2, do_own_rename},
	{"keys of own maps", 12, do_own_store},
	{"restore a map", 2, do_own_restore},
	{"list own maps", 2, do_own_list},
};
const size_t operation_count = sizeof(operations) / sizeof(operations[0]);

static pid_t workers[PROCESSES], other_pids[OTHERS];
static bool forgets;

static size_t pick_operation(void)
{
	uint32_t sum = 0;
	size_t i = 0;

	for (size_t k = 0; k < operation_count; k++)
		sum += operations[k].weight;
	sum = chance(sum);
	while (sum >= operations[i].weight)
		sum -= operations[i++].weight;
	return i;
}

static void work(uint32_t index)
{
	me = &world->process[index];
	while (!atomic_load(&world->stop) && !atomic_load(&world->failed)) {
		size_t i = pick_operation();
		int err;

		me->operations++;
		err = operations[i].run();
		me->counts[i].done += err == 0;
		me->counts[i].refused += err < 0;
	}
}

static pid_t start_worker(uint32_t index)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		work(index);
	_exit(0);
}

static long count_entries(const char *path)
{
	DIR *dir = opendir(path);
	long count = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

struct sample sample_daemon(pid_t pid)
{
	struct sample sample = {0};
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	sample.descriptors = count_entries(path);
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	sample.threads = count_entries(path);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "VmRSS: %ld", &sample.resident_kib);
	if (file)
		fclose(file);
	return sample;
}

/* What the kernel remembers of files, and the daemon for it, is no leak: it is given back here. */
static void forget_files(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "2", 1) == 1)
		usleep(500000);
	close(fd);
}

static struct sample tell_sample(pid_t pid, const char *when)
{
	struct sample sample;

	if (forgets)
		forget_files();
	sample = sample_daemon(pid);
	printf("%-12s %7ld KiB resident, %4ld descriptors, %3ld threads\n", when,
	       sample.resident_kib, sample.descriptors, sample.threads);
	fflush(stdout);
	return sample;
}

static void kill_all(void)
{
	for (int i = 0; i < OTHERS; i++)
		if (other_pids[i] > 0)
			kill(other_pids[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* False when somebody has failed, or the daemon is gone. */
static bool wait_until(uint64_t end_ms, pid_t daemon)
{
	while (now_ms() < end_ms) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid > 0 && !atomic_exchange(&world->failed, true))
			fprintf(stderr, "a process of the load ended with status %x\n", status);
		if (kill(daemon, 0) && !atomic_exchange(&world->failed, true))
			fprintf(stderr, "the daemon is gone\n");
		if (atomic_load(&world->failed))
			return false;
		usleep(100000);
	}
	return true;
}

static bool end_workers(pid_t daemon)
{
	int status;

	atomic_store(&world->stop, true);
	for (uint32_t p = 0; p < world->processes; p++)
		if (workers[p] > 0 && (waitpid(workers[p], &status, 0) != workers[p] || status) &&
		    !atomic_exchange(&world->failed, true))
			fprintf(stderr, "process %" PRIu32 " ended with status %x\n", p, status);
	kill_all();
	return !atomic_load(&world->failed) && !kill(daemon, 0);
}

static void print_counts(void)
{
	uint64_t all = 0, all_refused = 0, late = 0;

	for (size_t i = 0; i < operation_count; i++) {
		uint64_t done = 0, refused = 0;

		for (uint32_t p = 0; p < world->processes; p++) {
			done += world->process[p].counts[i].done;
			refused += world->process[p].counts[i].refused;
		}
		printf("%-22s %9" PRIu64 " done %9" PRIu64 " refused as they must\n",
		       operations[i].name, done, refused);
		all += done + refused;
		all_refused += refused;
	}
	for (uint32_t p = 0; p < world->processes; p++)
		late += world->process[p].late;
	printf("%" PRIu64 " operations of %" PRIu32 " processes, %" PRIu64 " refused as they must; "
	       "zeroes looked for again: %" PRIu64 "\n",
	       all, world->processes, all_refused, late);
	printf("beside them: %lu visits of maps that come and go, %lu values read that are always "
	       "being written, %lu keys that come and go, %lu readers stopped\n",
	       atomic_load(&world->visits[0]), atomic_load(&world->visits[1]),
	       atomic_load(&world->visits[2]), atomic_load(&world->visits[3]) * 3);
}

/* A leak goes on: what is asked for is that the second half adds little to the first. */
static bool is_steady(const struct sample *first, const struct sample *middle,
		      const struct sample *end, uint64_t seconds)
{
	bool steady = true;

	if (end->threads > middle->threads + MAY_GROW_THREADS) {
		fprintf(stderr, "the daemon has %ld threads, and had %ld\n", end->threads,
			middle->threads);
		steady = false;
	}
	if (end->descriptors > first->descriptors + 2) {
		fprintf(stderr, "the daemon has %ld descriptors, and had %ld\n", end->descriptors,
			first->descriptors);
		steady = false;
	}
	if (seconds >= STEADY_S && (!getenv("SANITIZE") || !*getenv("SANITIZE")))
		if (end->resident_kib > middle->resident_kib * 5 / 4 + MAY_GROW_KIB) {
			fprintf(stderr, "the daemon's memory grew\n");
			steady = false;
		}
	return steady;
}

/* Descriptors of requests that are being answered are gone a moment later. */
static struct sample sample_at_rest(pid_t daemon, const struct sample *first)
{
	for (int i = 0; i < 100; i++) {
		if (sample_daemon(daemon).descriptors <= first->descriptors)
			break;
		usleep(50000);
	}
	return tell_sample(daemon, "end");
}

static bool run(pid_t daemon, uint64_t seconds)
{
	struct sample first = tell_sample(daemon, "begin"), middle, end;
	uint64_t begin = world->begin_ms = now_ms();

	for (uint32_t p = 0; p < world->processes; p++)
		workers[p] = start_worker(p);
	for (int i = 0; i < OTHERS; i++)
		other_pids[i] = start_other(i);
	if (!wait_until(begin + seconds * 1000 / WARM_UP, daemon))
		return end_workers(daemon);
	tell_sample(daemon, "warm");
	if (!wait_until(begin + seconds * 1000 * 5 / 8, daemon))
		return end_workers(daemon);
	middle = tell_sample(daemon, "middle");
	wait_until(begin + seconds * 1000, daemon);
	if (!end_workers(daemon))
		return false;
	end = sample_at_rest(daemon, &first);
	print_counts();
	compare_all();
	return is_steady(&first, &middle, &end, seconds);
}

static void set_up(char **argv)
{
	world = world_make();
	snprintf(world->mount, sizeof(world->mount), "%s", argv[1]);
	snprintf(world->pins, sizeof(world->pins), "%s", argv[2]);
	snprintf(world->prefix, sizeof(world->prefix), "m%d_", getpid());
	world->cpus = libbpf_num_possible_cpus();
	world->seed = argv[5] && *argv[5] ? strtoull(argv[5], NULL, 10) : (uint64_t)time(NULL);
	world->processes = argv[5] && argv[6] ? (uint32_t)strtoul(argv[6], NULL, 10) : 20;
	if (world->processes < 1 || world->processes > PROCESSES) {
		fprintf(stderr, "between 1 and %d processes, please\n", PROCESSES);
		exit(2);
	}
	forgets = argv[5] && argv[6] && argv[7] && strcmp(argv[7], "forget") == 0;
	for (uint32_t p = 0; p < world->processes; p++) {
		world->process[p].index = p;
		world->process[p].random = world->seed * 1000 + p;
	}
}

int main(int argc, char **argv)
{
	bool good;

	if (argc < 5) {
		fprintf(stderr,
			"usage: mixed MOUNT PINS DAEMON SECONDS [SEED [PROCESSES [forget]]]\n");
		return 2;
	}
	set_up(argv);
	printf("SOAK_SEED=%" PRIu64 "\n", world->seed);
	fflush(stdout);
	make_shared_maps();
	make_other_maps();
	good = run((pid_t)atoi(argv[3]), strtoull(argv[4], NULL, 10));
	puts(good ? "every answer was right" : "FAILED");
	return good ? 0 : 1;
}
