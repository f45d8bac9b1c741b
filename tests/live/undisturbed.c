// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * undisturbed DIR PREFIX FIFO   makes a map of each type, with something in it, pins it as
 *                               DIR/PREFIXtype and holds what its elements stand for. Lines from
 *                               FIFO are "tell FILE", which writes all that bpf(2) and mmap(2)
 *                               know of those maps into FILE, and "take FILE", which removes what
 *                               nobody can read, and says whether it was there.
 * undisturbed types             each type of the table that this kernel has, and why mkdir makes none
 */
#include <sys/mman.h>

#include "lib/mapiter.h"
#include "lib/maptype.h"
#include "tests/live/maptypes_elements.h"

static struct subject subjects[TYPES];
static unsigned int subject_count;
static void *pages[TYPES]; /* of an arena */

/* --- making */

/* A program leaves records that nobody reads. */
static void fill_ring(int map)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8, .imm = 77},
		LOAD_MAP(BPF_REG_1, map),
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -8},
		SET(BPF_REG_3, 8),
		SET(BPF_REG_4, 0),
		CALL(BPF_FUNC_ringbuf_output),
		EXIT,
	};
	char frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));
	int fd = load(BPF_PROG_TYPE_SOCKET_FILTER, code, COUNT(code));

	must(fd >= 0, "a program that writes to a ring");
	for (int i = 0; i < 3; i++)
		must(!bpf_prog_test_run_opts(fd, &opts) && !opts.retval, "a record");
	close(fd);
}

static void fill_user_ring(int map)
{
	struct user_ring_buffer *ring = user_ring_buffer__new(map, NULL);
	void *record;

	for (int i = 0; ring && i < 3; i++) {
		record = user_ring_buffer__reserve(ring, 8);
		must(record != NULL, "a record");
		memset(record, i, 8);
		user_ring_buffer__submit(ring, record);
	}
	must(ring != NULL, "a user ring buffer");
	user_ring_buffer__free(ring);
}

static void fill_arena(struct subject *s)
{
	size_t size = s->info.max_entries * (size_t)getpagesize();
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);

	must(at != MAP_FAILED, "an arena's pages");
	memset(at, 0x77, size);
	pages[s->type] = at;
}

static void fill_up(struct subject *s)
{
	if (s->type == BPF_MAP_TYPE_RINGBUF)
		fill_ring(s->fd);
	else if (s->type == BPF_MAP_TYPE_USER_RINGBUF)
		fill_user_ring(s->fd);
	else if (s->type == TYPE_ARENA)
		fill_arena(s);
	else
		for (uint32_t n = 0; n < 3; n++)
			must(!fill(s, n) || n, "%s: fill", s->info.name);
	attach_verdict(s->fd);
}

static void make_all(const char *dir, const char *prefix)
{
	const char *name;
	struct subject *s;
	char path[512];

	for (uint32_t type = 1; type < TYPES; type++) {
		if (!making_of(type)->ways)
			continue;
		s = &subjects[subject_count++];
		name = maptype_find(type)->name;
		snprintf(path, sizeof(path), "%s/%s%s", dir, prefix, name);
		make_subject(s, type, "undisturbed");
		fill_up(s);
		must(!bpf_obj_pin(s->fd, path), "%s", path);
	}
}

/* --- telling */

static void print_bytes(FILE *f, const char *what, const void *bytes, size_t size)
{
	fprintf(f, " %s ", what);
	for (size_t i = 0; i < size; i++)
		fprintf(f, "%02x", ((const unsigned char *)bytes)[i]);
}

static void print_value(FILE *f, struct subject *s, const void *key)
{
	static unsigned char value[BLOCK];
	int err;

	memset(value, 0, sizeof(value));
	err = bpf_map_lookup_elem(s->fd, key_pointer(s, key), value);
	if (s->recipe.key)
		print_bytes(f, "key", key, s->recipe.key);
	fprintf(f, " %d", err);
	print_bytes(f, "value", value, s->recipe.value > 64 ? s->recipe.value : 64);
	fputc('\n', f);
}

/* All keys that the kernel tells; those of ours where it tells none. */
static void print_elements(FILE *f, struct subject *s)
{
	unsigned char key[16], next[16];
	int err = bpf_map_get_next_key(s->fd, NULL, next);

	for (uint32_t n = 0; err && n < 4 && s->recipe.key; n++) {
		key_of(s, n, key);
		print_value(f, s, key);
	}
	if (!s->recipe.key && s->recipe.value)
		print_value(f, s, NULL);
	while (!err) {
		print_value(f, s, next);
		memcpy(key, next, sizeof(key));
		err = bpf_map_get_next_key(s->fd, key, next);
	}
}

/* The positions of both ends, and all records between them. */
static void print_ring(FILE *f, struct subject *s)
{
	size_t page = (size_t)getpagesize(), size = 2 * page + s->info.max_entries;
	unsigned char *at = mmap(NULL, size, PROT_READ, MAP_SHARED, s->fd, 0);

	if (at == MAP_FAILED)
		return;
	print_bytes(f, "consumer", at, 8);
	print_bytes(f, "producer", at + page, 8);
	print_bytes(f, "data", at + 2 * page, 128);
	fputc('\n', f);
	munmap(at, size);
}

/* A look-up in a bloom filter takes a value and tells no other. */
static void print_answers(FILE *f, struct subject *s)
{
	static struct value v;

	for (uint32_t n = 0; n < 4; n++) {
		value_of(s, n, &v);
		fprintf(f, " %d", bpf_map_lookup_elem(s->fd, NULL, v.put));
	}
	fputc('\n', f);
}

static void tell_one(FILE *f, struct subject *s, struct mapiter *it)
{
	struct mapiter_map map = {.count = 0};
	uint32_t ids[4], verdicts = COUNT(ids), flags;

	must(!mapiter_find(it, s->info.id, &map), "%u is gone", s->info.id);
	if (bpf_prog_query(s->fd, BPF_SK_SKB_STREAM_VERDICT, 0, &flags, ids, &verdicts))
		verdicts = 0;
	fprintf(f, "%s usercnt %lld refcnt %lld count %lld frozen %d verdicts %u",
		maptype_find(s->type)->name, (long long)map.usercnt, (long long)map.refcnt,
		(long long)map.count, map.frozen, verdicts);
	print_bytes(f, "info", &map.info, sizeof(map.info));
	fputc('\n', f);
	if (s->type == BPF_MAP_TYPE_BLOOM_FILTER)
		print_answers(f, s);
	else if (s->recipe.key || s->recipe.value)
		print_elements(f, s);
	else if (pages[s->type])
		print_bytes(f, "page", pages[s->type], 64);
	else
		print_ring(f, s);
}

static void tell(FILE *f, struct mapiter *it)
{
	for (unsigned int i = 0; i < subject_count; i++)
		tell_one(f, &subjects[i], it);
}

/* Elements that are there, and were always, are removed without an error. */
static void take(FILE *f, struct mapiter *it)
{
	static unsigned char value[BLOCK];
	int err;

	(void)it;
	for (unsigned int i = 0; i < subject_count; i++) {
		err = raw_get(&subjects[i], 0, value);
		if (!subjects[i].recipe.key || (err != -524 && err != -EOPNOTSUPP))
			continue;
		fprintf(f, "%s", maptype_find(subjects[i].type)->name);
		for (uint32_t n = 0; n < 3; n++)
			fprintf(f, " %d", raw_delete(&subjects[i], n));
		fputc('\n', f);
	}
}

/* The file is there when it is complete. */
static void answer(char *line, struct mapiter *it)
{
	char *path = strchr(line, ' '), draft[512];
	FILE *f;

	must(path != NULL, "what is %s?", line);
	path[strcspn(path, "\n")] = '\0';
	snprintf(draft, sizeof(draft), "%s.draft", ++path);
	f = fopen(draft, "we");
	must(f != NULL, "%s", draft);
	(*line == 't' && line[1] == 'e' ? tell : take)(f, it);
	must(!fclose(f) && !rename(draft, path), "%s", path);
}

static void print_types(void)
{
	for (uint32_t type = 1; type < TYPES; type++)
		if (maptype_find(type)->type == type &&
		    (making_of(type)->ways || maptype_find(type)->why_no_mkdir))
			printf("%s %s\n", maptype_find(type)->name,
			       maptype_find(type)->why_no_mkdir ? maptype_find(type)->why_no_mkdir
								: "");
}

int main(int argc, char **argv)
{
	struct mapiter *it;
	char line[400];
	FILE *asked;

	begin();
	if (argc == 2 && !strcmp(argv[1], "types")) {
		print_types();
		return 0;
	}
	if (argc != 4)
		return 2;
	asked = fopen(argv[3], "r+e");
	must(asked != NULL, "%s", argv[3]);
	errno = -mapiter_open(&it);
	must(!errno, "mapiter_open");
	make_all(argv[1], argv[2]);
	while (fgets(line, sizeof(line), asked))
		answer(line, it);
	mapiter_close(it);
	return 0;
}
