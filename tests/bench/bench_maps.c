// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * bench_maps fill PIN COUNT     stores elements 0 to COUNT - 1 by UPDATE_BATCH, and nothing else:
 *                               also the limit of what loading a map can reach
 * bench_maps read PIN COUNT     reads all by LOOKUP_BATCH and formats nothing: the limit of
 *                               reading one; there must be COUNT
 * bench_maps clear PIN          deletes all elements
 * bench_maps many DIR COUNT     pins COUNT maps
 * bench_maps files DIR COUNT    elements 0 to COUNT - 1 as plain files, with the same names and texts
 * bench_maps lines COUNT        the same as lines for .dump
 * bench_maps batch PIN COUNT    the same as a file for bpftool batch
 *
 * For maps of u32 to u64, and those of flows, where they have no text.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum { BATCH = 16384 };

/* struct{ipv4 saddr;ipv4 daddr;be16 sport;be16 dport;u8 proto;} */
struct flow_key {
	uint32_t saddr, daddr;
	uint16_t sport, dport;
	uint8_t proto;
	uint8_t hole[3];
};

/* struct{u64 packets;u64 bytes;u64 first_seen;u64 last_seen;u32 mark;u32 zone;u32 ifindex;
 * u16 flags;u16 vlan;mac source;mac dest;char[16] comm;} */
struct flow {
	uint64_t packets, bytes, first_seen, last_seen;
	uint32_t mark, zone, ifindex;
	uint16_t flags, vlan;
	uint8_t source[6], dest[6];
	char comm[16];
	uint8_t hole[4];
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_maps: %s: %s\n", what, strerror(errno));
	exit(1);
}

static _Noreturn void refuse(const char *what)
{
	fprintf(stderr, "bench_maps: %s\n", what);
	exit(1);
}

/* Values of up to twelve digits, as counters have. */
static uint64_t number_of(uint32_t key)
{
	return (uint64_t)key * 1000003 % 1000000000039U;
}

static void fill_number(uint32_t i, void *key, void *value)
{
	uint64_t number = number_of(i);

	memcpy(key, &i, sizeof(i));
	memcpy(value, &number, sizeof(number));
}

static void fill_flow(uint32_t i, void *key, void *value)
{
	uint64_t number = number_of(i);
	struct flow_key k = {
		.saddr = htonl(0x0a000000 | i),
		.daddr = htonl(0xc0a80000 | (i & 0xffff)),
		.sport = htons((uint16_t)(1024 + i % 60000)),
		.dport = htons(443),
		.proto = i % 8 ? IPPROTO_TCP : IPPROTO_UDP,
	};
	struct flow f = {
		.packets = i,
		.bytes = number,
		.first_seen = 1700000000000000000 + number,
		.last_seen = 1700000100000000000 + number,
		.mark = i & 0xff,
		.zone = i % 16,
		.ifindex = i % 4 + 1,
		.flags = (uint16_t)(i & 0x3f),
		.vlan = (uint16_t)(i % 4096),
		.source = {2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i},
		.dest = {2, 0, 0, 1, 0, 1},
	};

	snprintf(f.comm, sizeof(f.comm), "worker-%u", i % 1000);
	memcpy(key, &k, sizeof(k));
	memcpy(value, &f, sizeof(f));
}

static const struct kind {
	uint32_t key_size, value_size;
	void (*fill)(uint32_t i, void *key, void *value);
} kinds[] = {
	{sizeof(uint32_t), sizeof(uint64_t), fill_number},
	{sizeof(struct flow_key), sizeof(struct flow), fill_flow},
};

/* A map that is open, and room for a batch of its elements. */
struct work {
	int map;
	const struct kind *kind;
	uint8_t *keys, *values;
};

static void work_begin(struct work *w, const char *pin)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	w->map = bpf_obj_get(pin);
	if (w->map < 0 || bpf_obj_get_info_by_fd(w->map, &info, &size))
		die(pin);
	w->kind = NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].key_size == info.key_size && kinds[i].value_size == info.value_size)
			w->kind = &kinds[i];
	if (!w->kind)
		refuse("a map of other types than these");
	w->keys = calloc(BATCH, info.key_size);
	w->values = calloc(BATCH, info.value_size);
	if (!w->keys || !w->values)
		die("calloc");
}

static void work_end(struct work *w)
{
	free(w->keys);
	free(w->values);
	close(w->map);
}

static void fill(const char *pin, uint32_t count)
{
	struct work w;

	work_begin(&w, pin);
	for (uint32_t done = 0; done < count;) {
		uint32_t n = count - done < BATCH ? count - done : BATCH;

		for (uint32_t i = 0; i < n; i++)
			w.kind->fill(done + i, w.keys + (size_t)i * w.kind->key_size,
				     w.values + (size_t)i * w.kind->value_size);
		if (bpf_map_update_batch(w.map, w.keys, w.values, &n, NULL))
			die("UPDATE_BATCH");
		done += n;
	}
	work_end(&w);
}

/* Calls each() for every batch; returns the number of elements. */
static uint32_t walk(struct work *w, void (*each)(struct work *w, uint32_t count))
{
	uint32_t token = 0, total = 0, n;
	int err = 0;

	for (bool first = true; !err; first = false) {
		n = BATCH;
		err = bpf_map_lookup_batch(w->map, first ? NULL : &token, &token, w->keys,
					   w->values, &n, NULL);
		if (err && errno != ENOENT)
			die("LOOKUP_BATCH");
		if (each && n)
			each(w, n);
		total += n;
	}
	return total;
}

static void delete_batch(struct work *w, uint32_t count)
{
	if (bpf_map_delete_batch(w->map, w->keys, &count, NULL))
		die("DELETE_BATCH");
}

static void read_all(const char *pin, uint32_t count)
{
	struct work w;
	uint32_t total;

	work_begin(&w, pin);
	total = walk(&w, NULL);
	work_end(&w);
	if (total != count)
		refuse("the map has not as many elements");
}

static void clear(const char *pin, uint32_t unused)
{
	struct work w;

	(void)unused;
	work_begin(&w, pin);
	walk(&w, delete_batch);
	work_end(&w);
}

static void many(const char *dir, uint32_t count)
{
	char pin[4096], name[BPF_OBJ_NAME_LEN];

	for (uint32_t i = 0; i < count; i++) {
		int map;

		snprintf(name, sizeof(name), "many_%u", i);
		snprintf(pin, sizeof(pin), "%s/%s", dir, name);
		map = bpf_map_create(BPF_MAP_TYPE_HASH, name, 4, 8, 16, NULL);
		if (map < 0 || bpf_obj_pin(map, pin))
			die(pin);
		close(map);
	}
}

static void files(const char *dir, uint32_t count)
{
	char name[16], text[32];

	if (chdir(dir))
		die(dir);
	for (uint32_t i = 0; i < count; i++) {
		int len = snprintf(text, sizeof(text), "%" PRIu64 "\n", number_of(i));
		int fd;

		snprintf(name, sizeof(name), "%u", i);
		fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd < 0 || write(fd, text, (size_t)len) != len || close(fd))
			die(name);
	}
}

static void lines(const char *unused, uint32_t count)
{
	(void)unused;
	for (uint32_t i = 0; i < count; i++)
		printf("{\"key\":%u,\"value\":%" PRIu64 "}\n", i, number_of(i));
}

static void print_bytes(const char *word, const void *bytes, size_t size)
{
	printf(" %s", word);
	for (size_t i = 0; i < size; i++)
		printf(" %u", ((const uint8_t *)bytes)[i]);
}

static void batch(const char *pin, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t number = number_of(i);

		printf("map update pinned %s", pin);
		print_bytes("key", &i, sizeof(i));
		print_bytes("value", &number, sizeof(number));
		putchar('\n');
	}
}

static const struct command {
	const char *word;
	int arguments;
	void (*run)(const char *where, uint32_t count);
} commands[] = {
	{"fill", 2, fill},   {"read", 2, read_all}, {"clear", 1, clear}, {"many", 2, many},
	{"files", 2, files}, {"lines", 1, lines},   {"batch", 2, batch},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc > 1 && !strcmp(argv[1], commands[i].word) &&
		    argc == 2 + commands[i].arguments) {
			commands[i].run(argv[2], (uint32_t)strtoul(argv[argc - 1], NULL, 10));
			if (fflush(stdout))
				die("standard output");
			return 0;
		}
	refuse("what is asked for is in the comment at the top of bench_maps.c");
}
