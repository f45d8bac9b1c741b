/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A producer, and two readers of its ring buffer at once: two threads, or two processes. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ring.h"
#include "tests/unit/fake_ring.h"
#include "tests/unit/fake_sys.h"
#include "tests/unit/unit.h"

enum { SIZE = 4096, RECORDS = 200000 };

struct state {
	struct map_desc *desc;
	struct fake_ring *producer;
	struct ring *ring;
};

static int setup(void **state)
{
	struct state *s = calloc(1, sizeof(*s));
	int fd;

	fake_reset();
	fd = make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, SIZE, "ring");
	s->desc = describe_map(fd);
	s->producer = fake_ring_of(map_id(fd), SIZE);
	assert_int_equal(ring_open(s->desc, &s->ring, NULL), 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct state *s = *state;

	ring_close(s->ring);
	map_desc_unref(s->desc);
	free(s);
	assert_int_equal(fake_ring_mappings(), 0);
	assert_int_equal(fake_open_fds(), 1);
	fake_reset();
	return 0;
}

#define RING_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* What readers share, if need be between processes. */
struct shared {
	bool is_done;  /* all are produced */
	bool is_wrong; /* what a reader got: all end */
	unsigned char seen[RECORDS];
};

struct reader {
	struct ring *ring;
	pthread_t thread;
	struct shared *shared;
	uint32_t number; /* of the record that was looked at, and its length */
	uint32_t len;
	uint32_t next;       /* no smaller number may come */
	unsigned int room;   /* records that this call still takes */
	unsigned int missed; /* looks that were in vain */
};

static bool is_set(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void set(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static int look_at_number(void *arg, const void *bytes, uint32_t len)
{
	struct reader *r = arg;

	if (r->room == 0)
		return 1;
	memcpy(&r->number, bytes, len < sizeof(r->number) ? len : sizeof(r->number));
	r->len = len;
	r->missed++;
	if (r->number % 16 == 0)
		sched_yield(); /* others may well be faster */
	return 0;
}

static void take_number(void *arg)
{
	struct reader *r = arg;

	r->room--;
	r->missed--;
	if (r->number < r->next || r->number >= RECORDS || r->len != 4 + r->number % 50 ||
	    __atomic_add_fetch(&r->shared->seen[r->number], 1, __ATOMIC_RELAXED) != 1)
		set(&r->shared->is_wrong);
	r->next = r->number + 1;
}

static void *read_all(void *arg)
{
	static const struct ring_taker numbers = {look_at_number, take_number};
	enum { AT_ONCE = 20 };
	struct reader *r = arg;
	bool is_done;

	do {
		is_done = is_set(&r->shared->is_done);
		r->room = AT_ONCE;
		if (ring_read(r->ring, &numbers, r, NULL) < 0)
			set(&r->shared->is_wrong);
		sched_yield();
	} while (!is_set(&r->shared->is_wrong) && (!is_done || r->room < AT_ONCE));
	return NULL;
}

static void produce_all(struct state *s, struct shared *shared)
{
	unsigned char bytes[64] = {0};
	uint32_t *header;

	for (uint32_t number = 0; number < RECORDS; number++) {
		memcpy(bytes, &number, sizeof(number));
		while (fake_ring_reserve(s->producer, bytes, 4 + number % 50, &header)) {
			if (is_set(&shared->is_wrong))
				return;
			sched_yield();
		}
		fake_ring_submit(header, 0);
	}
	set(&shared->is_done);
}

static struct shared *share(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(shared, MAP_FAILED);
	return shared;
}

/* Each record was seen, and none twice. */
static void unshare_all(struct state *s, struct shared *shared)
{
	assert_false(shared->is_wrong);
	assert_null(memchr(shared->seen, 0, RECORDS));
	assert_int_equal(*s->producer->passed, *s->producer->produced);
	munmap(shared, sizeof(*shared));
}

static void test_two_readers(void **state)
{
	struct state *s = *state;
	struct shared *shared = share();
	struct reader readers[2];

	for (int i = 0; i < 2; i++) {
		readers[i] = (struct reader){.ring = s->ring, .shared = shared};
		assert_int_equal(pthread_create(&readers[i].thread, NULL, read_all, &readers[i]),
				 0);
	}
	produce_all(s, shared);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
		assert_int_equal(readers[i].missed, 0); /* they take turns */
	}
	unshare_all(s, shared);
}

/* They share the pages, and no lock. */
static void test_two_processes(void **state)
{
	struct state *s = *state;
	struct shared *shared = share();
	pid_t children[2];
	int status;

	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0) {
			struct reader r = {.ring = s->ring, .shared = shared};

			read_all(&r);
			_exit(0);
		}
	}
	produce_all(s, shared);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	unshare_all(s, shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(test_two_readers),
		RING_TEST(test_two_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
