/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The loop of threads, over a socket pair, with a file system whose files take their time. */
#include "tests/unit/unit.h"

#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "fs/loop.h"

enum {
	PATIENCE_MS = 10000,
	SHORT_MS = 50, /* for what must not happen */
	MOST = 8,
	MOST_ANSWERS = 4096,
	CLIENTS = 5,
	REQUESTS = 400, /* of each client */
	ENDS = 300,
};

/* What a getattr does: nodeid modulo KINDS. The answer has the nodeid as its inode number. */
enum { AT_ONCE, NAPS, AT_GATE, EXITS, KINDS };

struct stage {
	struct fuse_session *session;
	int fd; /* the kernel's end */
	uint64_t unique;
	pthread_t loop;
	bool is_running;
	unsigned int most;
	int result;   /* of loop_run() */
	int err;      /* atomic: what reads fail with */
	int failures; /* atomic: so many times */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t moved;
	unsigned int inside, most_inside; /* at the gate */
	bool is_open;
	pthread_t last; /* who has answered at once */
	unsigned int changes;
};

/* The file system. */

static void stand_at_gate(struct stage *s)
{
	pthread_mutex_lock(&s->lock);
	s->inside++;
	if (s->inside > s->most_inside)
		s->most_inside = s->inside;
	pthread_cond_broadcast(&s->moved);
	while (!s->is_open)
		pthread_cond_wait(&s->moved, &s->lock);
	s->inside--;
	pthread_mutex_unlock(&s->lock);
}

static void note_thread(struct stage *s)
{
	pthread_mutex_lock(&s->lock);
	s->changes += !pthread_equal(s->last, pthread_self());
	s->last = pthread_self();
	pthread_mutex_unlock(&s->lock);
}

static void nap(uint64_t us)
{
	const struct timespec pause = {.tv_nsec = (long)us * 1000};

	nanosleep(&pause, NULL);
}

/* When another thread waits for requests, and the main thread rests. */
static void exit_late(struct stage *s)
{
	nap(50000);
	fuse_session_exit(s->session);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	struct stage *s = fuse_req_userdata(req);
	struct stat st = {.st_ino = ino};

	(void)info;
	if (ino % KINDS == AT_GATE)
		stand_at_gate(s);
	else if (ino % KINDS == NAPS)
		nap(ino / KINDS);
	else if (ino % KINDS == EXITS)
		exit_late(s);
	else
		note_thread(s);
	fuse_reply_attr(req, &st, 0);
}

static const struct fuse_lowlevel_ops stage_ops = {.getattr = do_getattr};

/* The channel. */

static ssize_t io_read(int fd, void *bytes, size_t len, void *userdata)
{
	struct stage *s = userdata;
	ssize_t count;

	if (__atomic_load_n(&s->failures, __ATOMIC_ACQUIRE) > 0 &&
	    __atomic_fetch_sub(&s->failures, 1, __ATOMIC_ACQ_REL) > 0) {
		errno = __atomic_load_n(&s->err, __ATOMIC_RELAXED);
		return -1;
	}
	count = read(fd, bytes, len);
	if (count)
		return count;
	errno = ENODEV; /* as after umount */
	return -1;
}

static ssize_t io_writev(int fd, struct iovec *iov, int count, void *userdata)
{
	(void)userdata;
	return writev(fd, iov, count);
}

static const struct fuse_custom_io io = {.read = io_read, .writev = io_writev};

static void send_as(struct stage *s, uint32_t opcode, uint64_t node, uint64_t unique,
		    const void *bytes, size_t len)
{
	struct fuse_in_header header = {.len = (uint32_t)(sizeof(header) + len),
					.opcode = opcode,
					.unique = unique,
					.nodeid = node};
	struct iovec iov[] = {{&header, sizeof(header)}, {(void *)(uintptr_t)bytes, len}};

	assert_int_equal(writev(s->fd, iov, 2), header.len);
}

static void send_getattr_as(struct stage *s, uint64_t node, uint64_t unique)
{
	const struct fuse_getattr_in in = {0};

	send_as(s, FUSE_GETATTR, node, unique, &in, sizeof(in));
}

static uint64_t send_getattr(struct stage *s, unsigned int kind, unsigned int number)
{
	send_getattr_as(s, kind + (uint64_t)number * KINDS, ++s->unique);
	return s->unique;
}

static bool has_answer(struct stage *s, int patience_ms)
{
	struct pollfd pollfd = {.fd = s->fd, .events = POLLIN};

	return poll(&pollfd, 1, patience_ms) == 1;
}

/* The number of the next one answered; *node: whom it tells of. */
static uint64_t next_answer(struct stage *s, uint64_t *node)
{
	struct fuse_out_header header;
	struct fuse_attr_out attr;
	struct iovec iov[] = {{&header, sizeof(header)}, {&attr, sizeof(attr)}};

	assert_true(has_answer(s, PATIENCE_MS));
	assert_int_equal(readv(s->fd, iov, 2), sizeof(header) + sizeof(attr));
	assert_int_equal(header.error, 0);
	*node = attr.attr.ino;
	return header.unique;
}

static void assert_answered(struct stage *s, uint64_t unique)
{
	uint64_t node;

	assert_int_equal(next_answer(s, &node), unique);
}

/* Beginning and ending. */

static void *run(void *arg)
{
	struct stage *s = arg;
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_UNBLOCK, &term, NULL);
	s->result = loop_run(s->session, s->most);
	return NULL;
}

static void begin(struct stage *s, unsigned int most)
{
	s->most = most;
	fuse_session_reset(s->session);
	assert_int_equal(pthread_create(&s->loop, NULL, run, s), 0);
	s->is_running = true;
}

static struct timespec deadline(int patience_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += patience_ms % 1000 * 1000000L;
	until.tv_sec += patience_ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return until;
}

static bool is_over(struct stage *s, int patience_ms)
{
	struct timespec until = deadline(patience_ms);

	s->is_running = pthread_timedjoin_np(s->loop, NULL, &until) != 0;
	return !s->is_running;
}

static void assert_ends(struct stage *s, int want)
{
	assert_true(is_over(s, PATIENCE_MS));
	assert_int_equal(s->result, want);
}

/* As a daemon gets it: for the process, and the test's own thread does not take it. */
static void end(struct stage *s)
{
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_ends(s, 0);
}

static void wait_for_inside(struct stage *s, unsigned int count)
{
	struct timespec until = deadline(PATIENCE_MS);
	int err = 0;

	pthread_mutex_lock(&s->lock);
	while (s->inside < count && !err)
		err = pthread_cond_timedwait(&s->moved, &s->lock, &until);
	pthread_mutex_unlock(&s->lock);
	assert_int_equal(err, 0);
}

static unsigned int most_inside(struct stage *s)
{
	unsigned int most;

	pthread_mutex_lock(&s->lock);
	most = s->most_inside;
	pthread_mutex_unlock(&s->lock);
	return most;
}

static void open_gate(struct stage *s)
{
	pthread_mutex_lock(&s->lock);
	s->is_open = true;
	pthread_cond_broadcast(&s->moved);
	pthread_mutex_unlock(&s->lock);
}

static void init(struct stage *s)
{
	const struct fuse_init_in in = {.major = FUSE_KERNEL_VERSION,
					.minor = FUSE_KERNEL_MINOR_VERSION};
	struct fuse_buf request = {0};
	char answer[256];

	send_as(s, FUSE_INIT, 0, ++s->unique, &in, sizeof(in));
	assert_true(fuse_session_receive_buf(s->session, &request) > 0);
	fuse_session_process_buf(s->session, &request);
	free(request.mem);
	assert_true(read(s->fd, answer, sizeof(answer)) > 0);
}

static int stage_setup(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "stage", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct stage *s = calloc(1, sizeof(*s));
	int fds[2];

	assert_non_null(s);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->moved, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	s->session = fuse_session_new(&args, &stage_ops, sizeof(stage_ops), s);
	assert_non_null(s->session);
	assert_int_equal(fuse_session_custom_io(s->session, &io, fds[0]), 0);
	assert_int_equal(fuse_set_signal_handlers(s->session), 0);
	s->fd = fds[1];
	init(s);
	fuse_opt_free_args(&args);
	*state = s;
	return 0;
}

/* A test has failed. The next ones need a loop that has ended. */
static void give_up(struct stage *s)
{
	open_gate(s);
	kill(getpid(), SIGTERM);
	if (is_over(s, PATIENCE_MS))
		return;
	print_error("the loop does not end\n");
	_exit(1);
}

static int stage_teardown(void **state)
{
	struct stage *s = *state;

	if (s->is_running)
		give_up(s);
	fuse_remove_signal_handlers(s->session);
	fuse_session_destroy(s->session);
	if (s->fd >= 0)
		close(s->fd);
	pthread_cond_destroy(&s->moved);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return 0;
}

/* How many threads. */

static void test_slow_requests_get_all_threads_and_no_more(void **state)
{
	struct stage *s = *state;
	bool answered[MOST_ANSWERS] = {false};
	uint64_t unique, node;

	begin(s, MOST);
	for (unsigned int i = 0; i < 20; i++)
		send_getattr(s, AT_GATE, i);
	wait_for_inside(s, MOST);
	assert_false(has_answer(s, SHORT_MS));
	open_gate(s);
	for (unsigned int i = 0; i < 20; i++) {
		unique = next_answer(s, &node);
		assert_false(answered[unique]);
		answered[unique] = true;
	}
	assert_false(has_answer(s, 0));
	assert_int_equal(most_inside(s), MOST);
	end(s);
}

static void test_slow_requests_hold_up_nobody(void **state)
{
	struct stage *s = *state;
	uint64_t bystander, node;

	begin(s, MOST);
	for (unsigned int i = 0; i < MOST - 1; i++)
		send_getattr(s, AT_GATE, i);
	bystander = send_getattr(s, AT_ONCE, 1);
	assert_answered(s, bystander);
	wait_for_inside(s, MOST - 1);
	for (unsigned int i = 0; i < 20; i++)
		assert_answered(s, send_getattr(s, AT_ONCE, i));
	open_gate(s);
	for (unsigned int i = 0; i < MOST - 1; i++)
		next_answer(s, &node);
	end(s);
}

/* Threads that have sat down get up again. */
static void test_slow_requests_after_a_rest(void **state)
{
	struct stage *s = *state;
	uint64_t node;

	begin(s, MOST);
	for (unsigned int round = 0; round < 5; round++) {
		pthread_mutex_lock(&s->lock);
		s->is_open = false;
		pthread_mutex_unlock(&s->lock);
		for (unsigned int i = 0; i < MOST; i++)
			send_getattr(s, AT_GATE, i);
		wait_for_inside(s, MOST);
		open_gate(s);
		for (unsigned int i = 0; i < MOST; i++)
			next_answer(s, &node);
		nap(20000);
	}
	assert_int_equal(most_inside(s), MOST);
	end(s);
}

/* Only one of many waits, so whoever asks one by one meets the same again. */
static void test_a_single_client_wakes_one_thread(void **state)
{
	struct stage *s = *state;
	uint64_t node;

	begin(s, MOST);
	for (unsigned int i = 0; i < MOST; i++)
		send_getattr(s, AT_GATE, i);
	wait_for_inside(s, MOST);
	open_gate(s);
	for (unsigned int i = 0; i < MOST; i++)
		next_answer(s, &node);
	for (unsigned int i = 0; i < REQUESTS; i++)
		assert_answered(s, send_getattr(s, AT_ONCE, i));
	end(s);
	assert_in_range(s->changes, 1, REQUESTS / 2);
}

static void test_one_thread_answers_in_order(void **state)
{
	struct stage *s = *state;
	uint64_t slow, first, second;

	begin(s, 1);
	slow = send_getattr(s, AT_GATE, 0);
	first = send_getattr(s, NAPS, 100);
	second = send_getattr(s, AT_ONCE, 0);
	wait_for_inside(s, 1);
	assert_false(has_answer(s, SHORT_MS));
	open_gate(s);
	assert_answered(s, slow);
	assert_answered(s, first);
	assert_answered(s, second);
	end(s);
}

static void set_stack_size(size_t size)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, size);
	assert_int_equal(pthread_setattr_default_np(&attr), 0);
	pthread_attr_destroy(&attr);
}

/* Those that are there go on, and there are more once there can be. */
static void test_threads_that_cannot_be_made(void **state)
{
	struct stage *s = *state;
	uint64_t slow, fast;
	pthread_attr_t attr;
	size_t size;

	pthread_getattr_default_np(&attr);
	pthread_attr_getstacksize(&attr, &size);
	pthread_attr_destroy(&attr);
	begin(s, MOST);
	assert_answered(s, send_getattr(s, AT_ONCE, 0));
	nap(SHORT_MS * 1000);
	set_stack_size((size_t)1 << 50);
	slow = send_getattr(s, AT_GATE, 0);
	wait_for_inside(s, 1);
	fast = send_getattr(s, AT_ONCE, 0);
	assert_false(has_answer(s, SHORT_MS));
	set_stack_size(size);
	assert_answered(s, fast);
	open_gate(s);
	assert_answered(s, slow);
	end(s);
	set_stack_size((size_t)1 << 50);
	assert_int_equal(loop_run(s->session, MOST), -EAGAIN);
	set_stack_size(size);
}

/* Many clients. */

struct client {
	pthread_t thread;
	struct stage *stage;
	struct crowd *crowd;
	unsigned int first; /* of its requests */
};

struct crowd {
	struct client clients[CLIENTS];
	uint64_t nodes[CLIENTS * REQUESTS];
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t moved;
	unsigned int answers[CLIENTS * REQUESTS];
};

/* Mostly fast ones, some of up to a millisecond, few of ten. */
static uint64_t random_node(void)
{
	uint32_t dice = random_below(100);

	if (dice < 70)
		return KINDS * (uint64_t)random_below(1000) + AT_ONCE;
	return KINDS * (uint64_t)(dice < 98 ? random_below(1000) : 10000) + NAPS;
}

static void *ask(void *arg)
{
	const struct client *c = arg;
	struct crowd *crowd = c->crowd;

	for (unsigned int i = c->first; i < c->first + REQUESTS; i++) {
		send_getattr_as(c->stage, crowd->nodes[i], i + 1);
		pthread_mutex_lock(&crowd->lock);
		while (!crowd->answers[i])
			pthread_cond_wait(&crowd->moved, &crowd->lock);
		pthread_mutex_unlock(&crowd->lock);
	}
	return NULL;
}

static void take_answer(struct stage *s, struct crowd *crowd)
{
	uint64_t node, unique = next_answer(s, &node);

	assert_in_range(unique, 1, CLIENTS * REQUESTS);
	assert_int_equal(node, crowd->nodes[unique - 1]);
	pthread_mutex_lock(&crowd->lock);
	assert_int_equal(crowd->answers[unique - 1]++, 0);
	pthread_cond_broadcast(&crowd->moved);
	pthread_mutex_unlock(&crowd->lock);
}

static void test_many_clients_get_their_own_answers(void **state)
{
	static struct crowd crowd = {.lock = PTHREAD_MUTEX_INITIALIZER,
				     .moved = PTHREAD_COND_INITIALIZER};
	struct stage *s = *state;
	struct client *c;

	for (unsigned int i = 0; i < CLIENTS * REQUESTS; i++)
		crowd.nodes[i] = random_node();
	begin(s, 4);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		c = &crowd.clients[i];
		*c = (struct client){.stage = s, .crowd = &crowd, .first = i * REQUESTS};
		assert_int_equal(pthread_create(&c->thread, NULL, ask, c), 0);
	}
	for (unsigned int i = 0; i < CLIENTS * REQUESTS; i++)
		take_answer(s, &crowd);
	assert_false(has_answer(s, 0));
	for (unsigned int i = 0; i < CLIENTS; i++)
		pthread_join(crowd.clients[i].thread, NULL);
	end(s);
}

/* The end. */

static void test_a_signal_is_never_lost(void **state)
{
	struct stage *s = *state;

	for (unsigned int i = 0; i < ENDS; i++) {
		begin(s, MOST);
		if (i % 3)
			assert_answered(s, send_getattr(s, AT_ONCE, i));
		nap(i % 3 ? random_below(4000) : random_below(100));
		end(s);
	}
}

static void test_what_is_worked_on_is_answered_before_the_end(void **state)
{
	struct stage *s = *state;
	uint64_t node;

	begin(s, MOST);
	for (unsigned int i = 0; i < 3; i++)
		send_getattr(s, AT_GATE, i);
	wait_for_inside(s, 3);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_false(is_over(s, SHORT_MS));
	open_gate(s);
	assert_ends(s, 0);
	for (unsigned int i = 0; i < 3; i++)
		next_answer(s, &node);
	assert_false(has_answer(s, 0));
}

static void test_an_operation_may_end_it(void **state)
{
	struct stage *s = *state;

	begin(s, MOST);
	assert_answered(s, send_getattr(s, EXITS, 0));
	assert_ends(s, 0);
}

static void test_umount_ends_it_once_all_have_answered(void **state)
{
	struct stage *s = *state;

	begin(s, MOST);
	send_getattr(s, AT_GATE, 0);
	wait_for_inside(s, 1);
	close(s->fd);
	s->fd = -1;
	assert_false(is_over(s, SHORT_MS));
	open_gate(s);
	assert_ends(s, 0);
}

static void fail_reads(struct stage *s, int err, int count)
{
	__atomic_store_n(&s->err, err, __ATOMIC_RELAXED);
	__atomic_store_n(&s->failures, count, __ATOMIC_RELEASE);
}

static void test_errors_of_the_channel(void **state)
{
	static const int passing[] = {EINTR, ENOENT, ENOMEM};
	struct stage *s = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(passing); i++) {
		fail_reads(s, passing[i], 5);
		begin(s, MOST);
		assert_answered(s, send_getattr(s, AT_ONCE, i));
		assert_answered(s, send_getattr(s, AT_ONCE, i));
		assert_true(__atomic_load_n(&s->failures, __ATOMIC_ACQUIRE) <= 0);
		end(s);
	}
	fail_reads(s, EBADF, 1);
	begin(s, MOST);
	assert_ends(s, -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define STAGE_TEST(f) cmocka_unit_test_setup_teardown(f, stage_setup, stage_teardown)
		STAGE_TEST(test_slow_requests_get_all_threads_and_no_more),
		STAGE_TEST(test_slow_requests_hold_up_nobody),
		STAGE_TEST(test_slow_requests_after_a_rest),
		STAGE_TEST(test_a_single_client_wakes_one_thread),
		STAGE_TEST(test_one_thread_answers_in_order),
		STAGE_TEST(test_threads_that_cannot_be_made),
		STAGE_TEST(test_many_clients_get_their_own_answers),
		STAGE_TEST(test_a_signal_is_never_lost),
		STAGE_TEST(test_what_is_worked_on_is_answered_before_the_end),
		STAGE_TEST(test_an_operation_may_end_it),
		STAGE_TEST(test_umount_ends_it_once_all_have_answered),
		STAGE_TEST(test_errors_of_the_channel),
	};
	sigset_t term;

	random_start();
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
