// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * mapiter_types   makes maps of each type; what the iterator tells of them must be what
 *                 BPF_OBJ_GET_INFO_BY_FD tells, and the counts exact
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <bpf/btf.h>

#include "tests/live/mapiter.h"

enum { TYPED = 1, FROZEN = 2, OUTER = 4, WHOLE = 8 /* the count is not known */ };

static const struct row {
	const char *name;
	enum bpf_map_type type;
	uint32_t key, value, entries, flags, extra;
	int how;
	uint32_t fill;
} rows[] = {
	{"mi_hash", BPF_MAP_TYPE_HASH, 4, 8, 100, 0, 0, 0, 77},
	{"mi_hash_typed", BPF_MAP_TYPE_HASH, 4, 8, 16, 0, 0, TYPED, 0},
	{"mi_hash_lazy", BPF_MAP_TYPE_HASH, 20, 3, 5000, BPF_F_NO_PREALLOC, 0, 0, 4000},
	{"mi_hash_frozen", BPF_MAP_TYPE_HASH, 4, 8, 16, 0, 0, TYPED | FROZEN, 16},
	{"mi_percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 64, 0, 0, 0, 64},
	{"mi_lru_hash", BPF_MAP_TYPE_LRU_HASH, 4, 8, 1024, 0, 0, TYPED, 9},
	{"mi_lru_percpu", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 1024, 0, 0, 0, 8},
	{"mi_hash_of_maps", BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 8, 0, 0, OUTER, 5},
	{"mi_lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 64, BPF_F_NO_PREALLOC, 0, 0, 40},
	{"mi_queue", BPF_MAP_TYPE_QUEUE, 0, 12, 10, 0, 0, 0, 10},
	{"mi_stack", BPF_MAP_TYPE_STACK, 0, 4, 10, 0, 0, 0, 3},
	{"mi_stack_empty", BPF_MAP_TYPE_STACK, 0, 4, 10, 0, 0, 0, 0},
	{"mi_devmap_hash", BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 8, 0, 0, 0, 4},
	{"mi_sockhash", BPF_MAP_TYPE_SOCKHASH, 4, 8, 8, 0, 0, 0, 6},
	{"mi_array", BPF_MAP_TYPE_ARRAY, 4, 8, 8, 0, 0, TYPED | WHOLE, 8},
	{"mi_array_mmap", BPF_MAP_TYPE_ARRAY, 4, 8, 8, BPF_F_MMAPABLE, 0, FROZEN | WHOLE, 1},
	{"mi_percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 8, 0, 0, WHOLE, 8},
	{"mi_prog_array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 8, 0, 0, WHOLE, 0},
	{"mi_perf", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 8, 0, 0, WHOLE, 0},
	{"mi_stack_trace", BPF_MAP_TYPE_STACK_TRACE, 4, 80, 8, 0, 0, WHOLE, 0},
	{"mi_cgroups", BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 8, 0, 0, WHOLE, 0},
	{"mi_maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 8, 0, 0, OUTER | WHOLE, 3},
	{"mi_devmap", BPF_MAP_TYPE_DEVMAP, 4, 4, 8, 0, 0, WHOLE, 2},
	{"mi_sockmap", BPF_MAP_TYPE_SOCKMAP, 4, 8, 8, 0, 0, WHOLE, 2},
	{"mi_cpumap", BPF_MAP_TYPE_CPUMAP, 4, 4, 8, 0, 0, WHOLE, 0},
	{"mi_ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 65536, 0, 0, WHOLE, 0},
	{"mi_user_ringbuf", BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 65536, 0, 0, WHOLE, 0},
	{"mi_bloom", BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 64, 0, 5, WHOLE, 7},
	{"mi_sk_storage", BPF_MAP_TYPE_SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC, 0, TYPED | WHOLE, 0},
	{"mi_task", BPF_MAP_TYPE_TASK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC, 0, TYPED | WHOLE, 0},
	{"", BPF_MAP_TYPE_HASH, 4, 8, 8, BPF_F_ZERO_SEED, 0, 0, 2},
	{"fifteen_letters", BPF_MAP_TYPE_ARRAY, 4, 65536, 1, 0, 0, WHOLE, 0},
};

static int inner, listener;
static struct btf *btf; /* type 1 is a __u32, 2 a __u64 */

static void prepare(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};

	inner = make(BPF_MAP_TYPE_ARRAY, "mi_inner", 4, 8, 1);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(!bind(listener, (struct sockaddr *)&any, sizeof(any)) && !listen(listener, 1),
	     "listen");
	btf = btf__new_empty();
	must(btf__add_int(btf, "u32", 4, 0) == 1 && btf__add_int(btf, "u64", 8, 0) == 2 &&
		     !btf__load_into_kernel(btf),
	     "BTF");
}

static int create(const struct row *row)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = row->flags, .map_extra = row->extra);
	int fd;

	if (row->how & TYPED) {
		opts.btf_fd = (uint32_t)btf__fd(btf);
		opts.btf_key_type_id = 1;
		opts.btf_value_type_id = 2;
	}
	if (row->how & OUTER)
		opts.inner_map_fd = (uint32_t)inner;
	fd = bpf_map_create(row->type, row->name, row->key, row->value, row->entries, &opts);
	must(fd >= 0, "create %s", row->name);
	return fd;
}

static void *key_of(const struct row *row, uint32_t i)
{
	static uint32_t key[16];
	int prefix = row->type == BPF_MAP_TYPE_LPM_TRIE;

	key[0] = prefix ? 32 : i;
	key[1] = prefix ? i : 0;
	return row->key ? key : NULL;
}

static void fill(const struct row *row, int fd)
{
	static uint64_t value[16384]; /* room for all CPUs */
	int sockets = row->type == BPF_MAP_TYPE_SOCKMAP || row->type == BPF_MAP_TYPE_SOCKHASH;

	value[0] = row->how & OUTER ? (uint64_t)inner : sockets ? (uint64_t)listener : 1;
	for (uint32_t i = 0; i < row->fill; i++)
		must(!bpf_map_update_elem(fd, key_of(row, i), value, 0), "%s: store %u", row->name,
		     i);
	if (row->how & FROZEN)
		must(!bpf_map_freeze(fd), "%s: freeze", row->name);
}

static void compare_template(const struct row *row, const struct mapiter_template *told)
{
	struct bpf_map_info info = {0};

	if (row->how & OUTER)
		info = info_of(inner);
	must(told->type == info.type && told->key_size == info.key_size &&
		     told->value_size == info.value_size && told->max_entries == info.max_entries &&
		     told->map_flags == info.map_flags && !told->btf_id,
	     "%s: the template differs", row->name);
}

static void compare(const struct row *row, int fd)
{
	struct bpf_map_info info = info_of(fd);
	struct mapiter_map told = told_of(info.id);
	long long count = row->how & WHOLE ? -1 : (long long)row->fill;

	for (size_t i = 0; i < sizeof(info); i++)
		must(((char *)&info)[i] == ((char *)&told.info)[i],
		     "%s: byte %zu of the info differs", row->name, i);
	must(told.frozen == !!(row->how & FROZEN), "%s: frozen %d", row->name, told.frozen);
	must(told.count == count, "%s: count %lld", row->name, (long long)told.count);
	compare_template(row, &told.inner);
	must_hold(info.id, 1, 1);
}

static void remove_one(const struct row *row, int fd)
{
	char value[64];
	long long count;

	if (!row->fill || row->how & (WHOLE | FROZEN))
		return;
	if (row->key)
		must(!bpf_map_delete_elem(fd, key_of(row, 0)), "%s: delete", row->name);
	else
		must(!bpf_map_lookup_and_delete_elem(fd, NULL, value), "%s: pop", row->name);
	count = told_of(info_of(fd).id).count;
	must(count == row->fill - 1, "%s: count %lld after a deletion", row->name, count);
}

/* Where the ring of a queue begins moves around. */
static void turn_queue(uint32_t type)
{
	int fd = make(type, "mi_turning", 0, 4, 3);
	uint32_t id = info_of(fd).id, value = 0;
	long long count;

	for (int i = 0; i < 20; i++) {
		must(!bpf_map_update_elem(fd, NULL, &value, BPF_EXIST), "push");
		count = told_of(id).count;
		must(count == (i < 3 ? i + 1 : 3), "turn %d: count %lld", i, count);
	}
	must(!bpf_map_lookup_and_delete_elem(fd, NULL, &value), "pop");
	count = told_of(id).count;
	must(count == 2, "turned: count %lld", count);
	close(fd);
}

int main(void)
{
	int fds[COUNT(rows)];

	start();
	prepare();
	for (size_t i = 0; i < COUNT(rows); i++) {
		fds[i] = create(&rows[i]);
		fill(&rows[i], fds[i]);
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		compare(&rows[i], fds[i]);
		remove_one(&rows[i], fds[i]);
	}
	turn_queue(BPF_MAP_TYPE_QUEUE);
	turn_queue(BPF_MAP_TYPE_STACK);
	mapiter_close(it);
	return 0;
}
