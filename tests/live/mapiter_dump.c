// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * mapiter_dump        what the iterator tells, a line for each map
 * mapiter_dump WHAT   makes maps and programs and compares
 *
 * WHAT: holders, tails, many, churn, rights, traces.
 */
#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>

#include "tests/live/mapiter.h"

static void must_vanish(uint32_t id)
{
	struct mapiter_map map;

	for (int i = 0; i < 500 && mapiter_find(it, id, &map) != -ENOENT; i++)
		usleep(20000);
	must(mapiter_find(it, id, &map) == -ENOENT, "%u does not vanish", id);
}

/* --- holders: descriptors, and maps inside maps */

static void holders(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	uint32_t slot = 0, id;
	int outer, fd, again;

	fd = make(BPF_MAP_TYPE_HASH, "mi_inside", 4, 4, 4);
	id = info_of(fd).id;
	opts.inner_map_fd = (uint32_t)fd;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "mi_outside", 4, 4, 1, &opts);
	must(outer >= 0, "create mi_outside");
	must(!bpf_map_update_elem(fd, &slot, &slot, 0), "store");
	must(!bpf_map_update_elem(outer, &slot, &fd, 0), "put inside");
	must_hold(id, 1, 2);
	again = dup(fd); /* the same file: no user more */
	must_hold(id, 1, 2);
	close(again);
	close(fd);
	must_hold(id, 0, 1);
	must(told_of(id).count == 1, "the inner map has lost its element");
	close(outer);
	must_vanish(id);
}

/* --- tails: a program that jumps through a prog_array */

static int load(const struct bpf_insn *code, size_t count)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "mi_tail", "GPL", code, count, NULL);

	must(fd >= 0, "load");
	return fd;
}

static int load_target(void)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 42},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load(code, COUNT(code));
}

static int load_jump(int map)
{
	const struct bpf_insn code[] = {
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = 2,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = map},
		{.code = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 7},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load(code, COUNT(code));
}

static uint32_t run(int program)
{
	char frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));

	must(!bpf_prog_test_run_opts(program, &opts), "run");
	return opts.retval;
}

static int nothing(void *arg, const struct mapiter_map *map)
{
	(void)arg;
	(void)map;
	return 0;
}

static void walk(int times)
{
	for (int i = 0; i < times; i++)
		must(!mapiter_each(it, nothing, NULL), "walk");
}

static void tails(void)
{
	int array = make(BPF_MAP_TYPE_PROG_ARRAY, "mi_tails", 4, 4, 1);
	int target = load_target(), jump = load_jump(array);
	uint32_t slot = 0, id = info_of(array).id;

	must(!bpf_map_update_elem(array, &slot, &target, 0), "store a program");
	must(run(jump) == 42, "no jump at the start");
	walk(1000);
	must(run(jump) == 42, "no jump after the walks");
	must_hold(id, 1, 2);

	close(array); /* the kernel empties it now: no user is left */
	must_hold(id, 0, 1);
	walk(1000);
	must_hold(id, 0, 1);
	close(jump);
	must_vanish(id);
}

/* --- many, churn: complete, each once, in order */

struct seen {
	const uint32_t *ids; /* the ones that stay, ascending */
	size_t count, next;
	uint32_t last;
};

static int see(void *arg, const struct mapiter_map *map)
{
	struct seen *seen = arg;

	must(map->info.id > seen->last, "%u after %u", map->info.id, seen->last);
	seen->last = map->info.id;
	if (seen->next < seen->count && seen->ids[seen->next] == map->info.id)
		seen->next++;
	return 0;
}

static void must_see(const uint32_t *ids, size_t count)
{
	struct seen seen = {.ids = ids, .count = count};

	errno = -mapiter_each(it, see, &seen);
	must(!errno, "walk");
	must(seen.next == count, "%zu maps of %zu, %u is missing", seen.next, count,
	     ids[seen.next % count]);
}

static uint32_t ids[2000];

static void make_many(size_t count)
{
	const struct rlimit limit = {4096, 4096};

	must(!setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	for (size_t i = 0; i < count; i++)
		ids[i] = info_of(make(BPF_MAP_TYPE_ARRAY, "mi_many", 4, 4, 1)).id;
}

static int stop_at(void *arg, const struct mapiter_map *map)
{
	return map->info.id >= *(uint32_t *)arg ? 17 : 0;
}

static void many(void)
{
	struct mapiter_map map = {.count = 99};

	make_many(2000);
	must_see(ids, 2000);
	for (size_t i = 0; i < 2000; i += 97)
		must(!strcmp(told_of(ids[i]).info.name, "mi_many"), "name");
	must(mapiter_each(it, stop_at, &ids[1000]) == 17, "the walk was not ended");
	must(mapiter_find(it, UINT32_MAX, &map) == -ENOENT && map.count == 99, "found");
	must(mapiter_find(it, 0, &map) == -ENOENT, "found 0");
}

static volatile int done;

static void *come_and_go(void *arg)
{
	(void)arg;
	while (!done)
		close(make(BPF_MAP_TYPE_HASH, "mi_churn", 4, 4, 4));
	return NULL;
}

static void *watch(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++)
		must_see(ids, 500);
	return NULL;
}

static void churn(void)
{
	pthread_t goer, watchers[4];

	make_many(500);
	must(!pthread_create(&goer, NULL, come_and_go, NULL), "thread");
	for (size_t i = 0; i < COUNT(watchers); i++)
		must(!pthread_create(&watchers[i], NULL, watch, NULL), "thread");
	for (size_t i = 0; i < COUNT(watchers); i++)
		pthread_join(watchers[i], NULL);
	done = 1;
	pthread_join(goer, NULL);
}

/* --- rights, traces */

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	must(dir != NULL, "/proc/self/fd");
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void rights(void)
{
	struct mapiter *another = NULL;
	int before, result;

	must(!setresgid(65534, 65534, 65534) && !setresuid(65534, 65534, 65534), "setresuid");
	before = descriptors();
	result = mapiter_open(&another);
	must(result == -EPERM && !another, "mapiter_open: %d", result);
	must(descriptors() == before, "%d descriptors are left", descriptors() - before);
}

/* How many programs of this name are loaded; none may use a map. */
static int loaded(void)
{
	uint32_t id = 0, len;
	int count = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = {0};
		int fd = bpf_prog_get_fd_by_id(id);

		len = sizeof(info);
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ||
		    strcmp(info.name, "mapiter"))
			info.name[0] = '\0';
		count += info.name[0] != '\0';
		must(!info.name[0] || !info.nr_map_ids, "the program uses a map");
		close(fd);
	}
	return count;
}

static void traces(void)
{
	struct mapiter *another;
	int before = descriptors();

	must(!mapiter_open(&another), "open");
	must(descriptors() == before + 1, "more than one descriptor");
	must(loaded() > 0, "the program is not to be seen");
	walk(100);
	mapiter_close(another);
	mapiter_close(NULL);
	must(descriptors() == before, "%d descriptors are left", descriptors() - before);
}

static int print(void *arg, const struct mapiter_map *map)
{
	(void)arg;
	printf("%u type %u key %u value %u max_entries %u flags 0x%x frozen %d usercnt %lld "
	       "refcnt %lld count %lld btf %u name %s\n",
	       map->info.id, map->info.type, map->info.key_size, map->info.value_size,
	       map->info.max_entries, map->info.map_flags, map->frozen, (long long)map->usercnt,
	       (long long)map->refcnt, (long long)map->count, map->info.btf_id, map->info.name);
	return 0;
}

static void dump(void)
{
	must(!mapiter_each(it, print, NULL), "walk");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*what)(void);
	} names[] = {{"dump", dump},   {"holders", holders}, {"tails", tails},  {"many", many},
		     {"churn", churn}, {"rights", rights},   {"traces", traces}};
	const char *wanted = argc > 1 ? argv[1] : "dump";

	start();
	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(names[i].name, wanted) != 0)
			continue;
		names[i].what();
		mapiter_close(it);
		return 0;
	}
	fprintf(stderr, "mapiter_dump: no such thing: %s\n", wanted);
	return 2;
}
