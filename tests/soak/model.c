// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What everybody shares; chance that can be repeated; the report of a failure. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "soak.h"

struct world *world;
struct process *me;

static struct key *looked_at;
static char looked_at_path[PATH];

struct world *world_make(void)
{
	void *memory = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* splitmix64 */
static uint64_t next_random(void)
{
	uint64_t z = (me->random += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint32_t chance(uint32_t below)
{
	return (uint32_t)(next_random() % below);
}

/* Of all lengths, not only long ones. */
uint64_t chance_value(uint64_t limit)
{
	uint64_t value = next_random() >> chance(64);

	return limit ? value % limit : value;
}

void remember(struct key *key, const char *format, ...)
{
	struct step *step = &key->step[key->steps++ % STEPS];
	va_list args;

	step->operation = me->operations;
	step->when_ms = now_ms() - world->begin_ms;
	va_start(args, format);
	vsnprintf(step->text, sizeof(step->text), format, args);
	va_end(args);
}

void set_value(struct key *key, bool present, uint64_t a, uint64_t b)
{
	if (!present)
		key->removals++;
	key->now = (struct value){.present = present, .a = present ? a : 0, .b = present ? b : 0};
	key->changed_ms = now_ms();
}

void look_at(struct key *key, const char *path)
{
	looked_at = key;
	snprintf(looked_at_path, sizeof(looked_at_path), "%s", path);
}

static void print_history(void)
{
	uint32_t first = looked_at->steps > STEPS ? looked_at->steps - STEPS : 0;

	fprintf(stderr, "  remembered of %s: %s, %" PRIu64 " %" PRIu64 "\n", looked_at_path,
		looked_at->now.present ? "present" : "absent", looked_at->now.a, looked_at->now.b);
	for (uint32_t i = first; i < looked_at->steps; i++) {
		const struct step *step = &looked_at->step[i % STEPS];

		fprintf(stderr, "  operation %8" PRIu64 " after %7" PRIu64 " ms: %s\n",
			step->operation, step->when_ms, step->text);
	}
}

void fail(const char *format, ...)
{
	va_list args;

	if (atomic_exchange(&world->failed, true))
		_exit(1); /* somebody was first, and this may be due to the same */
	fprintf(stderr, "SOAK_SEED=%" PRIu64 ", ", world->seed);
	if (me)
		fprintf(stderr, "process %" PRIu32 ", operation %" PRIu64 " after %" PRIu64 " ms: ",
			me->index, me->operations, now_ms() - world->begin_ms);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	if (looked_at)
		print_history();
	_exit(1);
}

void want_result(int got, int want, const char *what)
{
	if (got != want)
		fail("%s: want %d, got %d (%s)", what, want, got, got < 0 ? strerror(-got) : "");
}

void want_text(const char *got, const char *want, const char *what)
{
	if (strcmp(got, want) != 0)
		fail("%s: want '%s', got '%.200s'", what, want, got);
}
