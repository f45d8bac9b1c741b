/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bench_codec [FILE]: nanoseconds per text that is printed or parsed, beside json-c. Prints a table;
 * FILE gets the same as JSON.
 *
 * A case is a type, and a struct of C that has its bytes. json-c builds an object from the
 * struct and prints it, and parses a text and reads the members out: what a program
 * does that has bytes on one side. Both meet the same values, in turns; of all rounds the
 * best counts.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/codec.h"
#include "lib/ctype.h"
#include "lib/keyname.h"

enum {
	VALUES = 64, /* different ones, so that no branch is learnt by heart */
	ROUNDS = 25,
	ROUND_NS = 8 * 1000 * 1000,
	PLAIN = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
	NEW = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY,
	MOST_TEXT = 1024,
};

/* Calls of the allocator by our own objects; the linker puts these in between. */

static unsigned long allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	allocations++;
	return __real_realloc(old, size);
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_codec: %s\n", what);
	exit(1);
}

/* The cases' structs, and what json-c needs for them. */

static void add(json_object *o, const char *name, json_object *member)
{
	json_object_object_add_ex(o, name, member, NEW);
}

static void add_ipv4(json_object *o, const char *name, uint32_t address)
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &address, text, sizeof(text));
	add(o, name, json_object_new_string(text));
}

static json_object *get(json_object *o, const char *name)
{
	json_object *member = NULL;

	if (!json_object_object_get_ex(o, name, &member))
		die("json-c misses a member");
	return member;
}

static uint32_t get_ipv4(json_object *o, const char *name)
{
	uint32_t address = 0;

	if (inet_pton(AF_INET, json_object_get_string(get(o, name)), &address) != 1)
		die("json-c's text has no address");
	return address;
}

static uint64_t random_number(void)
{
	static uint64_t x = 88172645463325252U;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* Of all lengths in decimal. */
static uint64_t random_length(unsigned int bits)
{
	return random_number() >> (64 - bits + random_number() % bits);
}

static void fill_number(void *bytes)
{
	uint64_t number = random_length(64);

	memcpy(bytes, &number, sizeof(number));
}

static json_object *number_to_json(const void *bytes)
{
	return json_object_new_uint64(*(const uint64_t *)bytes);
}

static void number_from_json(json_object *o, void *bytes)
{
	*(uint64_t *)bytes = json_object_get_uint64(o);
}

struct tuple {
	uint32_t saddr, daddr;
	uint16_t sport, dport;
	uint8_t proto;
};

static void fill_tuple(void *bytes)
{
	struct tuple *t = bytes;

	t->saddr = (uint32_t)random_number();
	t->daddr = (uint32_t)random_number();
	t->sport = (uint16_t)random_number();
	t->dport = htons(443);
	t->proto = random_number() % 2 ? 6 : 17;
}

static json_object *tuple_to_json(const void *bytes)
{
	const struct tuple *t = bytes;
	json_object *o = json_object_new_object();

	add_ipv4(o, "saddr", t->saddr);
	add_ipv4(o, "daddr", t->daddr);
	add(o, "sport", json_object_new_int(ntohs(t->sport)));
	add(o, "dport", json_object_new_int(ntohs(t->dport)));
	add(o, "proto", json_object_new_int(t->proto));
	return o;
}

static void tuple_from_json(json_object *o, void *bytes)
{
	struct tuple *t = bytes;

	t->saddr = get_ipv4(o, "saddr");
	t->daddr = get_ipv4(o, "daddr");
	t->sport = htons((uint16_t)json_object_get_int(get(o, "sport")));
	t->dport = htons((uint16_t)json_object_get_int(get(o, "dport")));
	t->proto = (uint8_t)json_object_get_int(get(o, "proto"));
}

struct flow {
	uint64_t packets, bytes, first, last;
	uint32_t pid, ifindex;
	int32_t priority, status;
	uint32_t saddr, daddr;
	char comm[16];
	bool dropped;
};

/* The rest is zero already. */
static void set_comm(struct flow *f, const char *comm)
{
	memcpy(f->comm, comm, strnlen(comm, sizeof(f->comm)));
}

static void fill_flow(void *bytes)
{
	static const char *const names[] = {"bash", "kworker/0:1", "systemd-resolve", "nginx"};
	struct flow *f = bytes;

	f->packets = random_length(32);
	f->bytes = random_length(48);
	f->first = random_length(63);
	f->last = random_length(63);
	f->pid = (uint32_t)random_length(22);
	f->ifindex = (uint32_t)random_length(8);
	f->priority = -(int32_t)random_length(8);
	f->status = (int32_t)random_number();
	f->saddr = (uint32_t)random_number();
	f->daddr = (uint32_t)random_number();
	set_comm(f, names[random_number() % 4]);
	f->dropped = random_number() % 2;
}

static json_object *flow_to_json(const void *bytes)
{
	const struct flow *f = bytes;
	json_object *o = json_object_new_object();
	int comm = (int)strnlen(f->comm, sizeof(f->comm));

	add(o, "packets", json_object_new_uint64(f->packets));
	add(o, "bytes", json_object_new_uint64(f->bytes));
	add(o, "first", json_object_new_uint64(f->first));
	add(o, "last", json_object_new_uint64(f->last));
	add(o, "pid", json_object_new_int64(f->pid));
	add(o, "ifindex", json_object_new_int64(f->ifindex));
	add(o, "priority", json_object_new_int(f->priority));
	add(o, "status", json_object_new_int(f->status));
	add_ipv4(o, "saddr", f->saddr);
	add_ipv4(o, "daddr", f->daddr);
	add(o, "comm", json_object_new_string_len(f->comm, comm));
	add(o, "dropped", json_object_new_boolean(f->dropped));
	return o;
}

static void flow_from_json(json_object *o, void *bytes)
{
	struct flow *f = bytes;

	f->packets = json_object_get_uint64(get(o, "packets"));
	f->bytes = json_object_get_uint64(get(o, "bytes"));
	f->first = json_object_get_uint64(get(o, "first"));
	f->last = json_object_get_uint64(get(o, "last"));
	f->pid = (uint32_t)json_object_get_int64(get(o, "pid"));
	f->ifindex = (uint32_t)json_object_get_int64(get(o, "ifindex"));
	f->priority = json_object_get_int(get(o, "priority"));
	f->status = json_object_get_int(get(o, "status"));
	f->saddr = get_ipv4(o, "saddr");
	f->daddr = get_ipv4(o, "daddr");
	set_comm(f, json_object_get_string(get(o, "comm")));
	f->dropped = json_object_get_boolean(get(o, "dropped"));
}

static const struct bench_case {
	const char *name;
	const char *word;
	size_t size;
	bool is_name; /* of a key; else the text of a value */
	void (*fill)(void *bytes);
	json_object *(*to_json)(const void *bytes);
	void (*from_json)(json_object *o, void *bytes);
} cases[] = {
	{"u64", "u64", sizeof(uint64_t), false, fill_number, number_to_json, number_from_json},
	{"5-tuple", "struct{ipv4 saddr;ipv4 daddr;be16 sport;be16 dport;u8 proto}",
	 sizeof(struct tuple), true, fill_tuple, tuple_to_json, tuple_from_json},
	{"12 members",
	 "struct{u64 packets;u64 bytes;u64 first;u64 last;u32 pid;u32 ifindex;s32 priority;"
	 "s32 status;ipv4 saddr;ipv4 daddr;char[16] comm;bool dropped}",
	 sizeof(struct flow), false, fill_flow, flow_to_json, flow_from_json},
};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

/* One case under way. */
struct run {
	const struct bench_case *c;
	struct ctype *type;
	unsigned char *values;
	char texts[VALUES][MOST_TEXT]; /* ours */
	char jsons[VALUES][MOST_TEXT]; /* json-c's */
	struct buf out;
	unsigned char *got; /* one value */
};

static const unsigned char *value(const struct run *r, unsigned int i)
{
	return r->values + i % VALUES * r->c->size;
}

/* The four that are measured: value i, once. */

static void our_print(struct run *r, unsigned int i)
{
	buf_clear(&r->out);
	if (r->c->is_name)
		keyname_print(r->type->layout, value(r, i), &r->out);
	else
		codec_print(CODEC_TEXT, r->type->layout, value(r, i), &r->out);
}

static void our_parse(struct run *r, unsigned int i)
{
	const char *text = r->texts[i % VALUES];

	memset(r->got, 0, r->c->size);
	if (r->c->is_name
		    ? keyname_parse(r->type->layout, text, r->got, NULL)
		    : codec_parse(CODEC_TEXT, r->type->layout, text, strlen(text), r->got, NULL))
		die("our text is not read back");
}

static void json_print(struct run *r, unsigned int i)
{
	json_object *o = r->c->to_json(value(r, i));
	size_t len;
	const char *text = json_object_to_json_string_length(o, PLAIN, &len);

	buf_clear(&r->out);
	buf_add(&r->out, text, len);
	json_object_put(o);
}

static void json_parse(struct run *r, unsigned int i)
{
	json_object *o = json_tokener_parse(r->jsons[i % VALUES]);

	memset(r->got, 0, r->c->size);
	r->c->from_json(o, r->got);
	json_object_put(o);
}

static void keep_text(const struct run *r, char *text)
{
	if (buf_error(&r->out) || r->out.len >= MOST_TEXT)
		die("a text is too long");
	memcpy(text, r->out.data, r->out.len + 1);
}

/* What was parsed must be the value it was printed from. */
static void check(const struct run *r, unsigned int i, const char *who)
{
	if (memcmp(r->got, value(r, i), r->c->size) != 0)
		die(who);
}

/* Makes the texts, and sees that both say the same. */
static void make_texts(struct run *r)
{
	for (unsigned int i = 0; i < VALUES; i++) {
		r->c->fill(r->values + i * r->c->size);
		our_print(r, i);
		keep_text(r, r->texts[i]);
		json_print(r, i);
		keep_text(r, r->jsons[i]);
		our_parse(r, i);
		check(r, i, "our text gives another value");
		json_parse(r, i);
		check(r, i, "json-c's text gives another value");
		if (codec_parse(CODEC_JSON, r->type->layout, r->jsons[i], strlen(r->jsons[i]),
				r->got, NULL))
			die("we do not read json-c's text");
		check(r, i, "json-c's text gives us another value");
	}
}

static void run_init(struct run *r, const struct bench_case *c)
{
	*r = (struct run){.c = c, .out = BUF_INIT(MOST_TEXT)};
	r->values = calloc(VALUES, c->size);
	r->got = calloc(1, c->size);
	if (!r->values || !r->got || ctype_parse(c->word, strlen(c->word), &r->type, NULL))
		die("no memory");
	if (r->type->size != c->size)
		die("the struct is not of the type");
	make_texts(r);
}

static void run_free(struct run *r)
{
	ctype_unref(r->type);
	buf_free(&r->out);
	free(r->values);
	free(r->got);
}

/* Measuring. */

typedef void step(struct run *r, unsigned int i);

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* Nanoseconds for one of count steps. */
static double measure(struct run *r, step *one, unsigned int count)
{
	uint64_t start = now();

	for (unsigned int i = 0; i < count; i++)
		one(r, i);
	return (double)(now() - start) / count;
}

/* How many steps a round has. */
static unsigned int steps_of_round(struct run *r, step *one)
{
	return (unsigned int)(ROUND_NS / measure(r, one, VALUES * 100)) + 1;
}

static void compare(struct run *r, step *ours, step *theirs, double best[2])
{
	step *const both[] = {ours, theirs};
	unsigned int steps[] = {steps_of_round(r, ours), steps_of_round(r, theirs)};

	best[0] = best[1] = 1e9;
	for (int round = 0; round < ROUNDS; round++)
		for (int side = 0; side < 2; side++) {
			double ns = measure(r, both[side], steps[side]);

			best[side] = ns < best[side] ? ns : best[side];
		}
}

static void report(FILE *json, const char *name, const char *what, const double best[2])
{
	static const char *joint = "";

	printf("%-12s %-6s %9.1f %10.1f %7.1f\n", name, what, best[0], best[1], best[1] / best[0]);
	if (json)
		fprintf(json,
			"%s\n  {\"what\": \"%s\", \"way\": \"%s\", \"ours_ns\": %.1f, "
			"\"json_c_ns\": %.1f, \"ratio\": %.2f}",
			joint, name, what, best[0], best[1], best[1] / best[0]);
	joint = ",";
}

/* Calls of the allocator while all values are printed or parsed once more. */
static unsigned long count_allocations(struct run *r, step *one)
{
	unsigned long before = allocations;

	for (unsigned int i = 0; i < VALUES; i++)
		one(r, i);
	return allocations - before;
}

static void run_case(const struct bench_case *c, FILE *json, unsigned long *printing,
		     unsigned long *parsing)
{
	struct run *r = malloc(sizeof(*r));
	double best[2];

	if (!r)
		die("no memory");
	run_init(r, c);
	compare(r, our_print, json_print, best);
	report(json, c->name, "print", best);
	compare(r, our_parse, json_parse, best);
	report(json, c->name, "parse", best);
	*printing += count_allocations(r, our_print);
	*parsing += count_allocations(r, our_parse);
	run_free(r);
	free(r);
}

int main(int argc, char **argv)
{
	FILE *json = argc > 1 ? fopen(argv[1], "w") : NULL;
	unsigned long printing = 0, parsing = 0;

	if (argc > 1 && !json)
		die("the file cannot be written");
	printf("%-12s %-6s %9s %10s %7s\n", "what", "way", "ours ns", "json-c ns", "ratio");
	if (json)
		fprintf(json, "{\"rows\": [");
	for (int i = 0; i < CASES; i++)
		run_case(&cases[i], json, &printing, &parsing);
	printf("allocations for %d texts: printing %lu, parsing %lu\n", VALUES * CASES, printing,
	       parsing);
	if (json)
		fprintf(json, "\n ], \"allocations\": {\"print\": %lu, \"parse\": %lu}}\n",
			printing, parsing);
	if (json && fclose(json))
		die("the file cannot be written");
	if (printing)
		die("printing allocates");
	return 0;
}
