/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/loop.h"

#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fuse_lowlevel.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static const struct timespec look_pause = {.tv_nsec = 2 * 1000 * 1000};

struct worker {
	struct worker *next;
	pthread_t thread;
	struct loop *loop;
	struct fuse_buf request;
};

struct loop {
	struct fuse_session *session;
	unsigned int most; /* threads */
	int bell;          /* an eventfd that wakes the main thread: a first request, the end */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t turn;
	struct worker *workers;
	unsigned int count;   /* of them */
	unsigned int waiting; /* for a request */
	unsigned int seated;  /* not even that */
	unsigned int called;  /* of the seated: are to get up */
	bool watched;         /* the main thread looks, or is about to */
	bool over;
	int err;
};

/* Sits down if somebody waits already, until called. False: it is over. */
static bool take_turn(struct loop *l)
{
	bool goes_on;

	pthread_mutex_lock(&l->lock);
	if (l->waiting && !l->over) {
		l->seated++;
		while (!l->called && !l->over)
			pthread_cond_wait(&l->turn, &l->lock);
		l->seated--;
		if (l->called)
			l->called--;
	}
	l->waiting++;
	goes_on = !l->over;
	pthread_mutex_unlock(&l->lock);
	return goes_on;
}

static void leave_turn(struct loop *l)
{
	bool is_first;

	pthread_mutex_lock(&l->lock);
	l->waiting--;
	is_first = !l->watched;
	l->watched = true;
	pthread_mutex_unlock(&l->lock);
	if (is_first)
		eventfd_write(l->bell, 1);
}

/*
 * Its length, 0 at the end, or -errno. Only here a thread may be cancelled, and what it has read
 * just then is lost: who asked is told when the session is unmounted, which follows.
 */
static int take_request(struct worker *w)
{
	int result;

	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	do
		result = fuse_session_receive_buf(w->loop->session, &w->request);
	while (result == -EINTR);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return result;
}

static void end(struct loop *l, int err)
{
	fuse_session_exit(l->session);
	pthread_mutex_lock(&l->lock);
	l->err = l->err ? l->err : err;
	pthread_mutex_unlock(&l->lock);
	eventfd_write(l->bell, 1);
}

/* Without memory for a request it tries again: a mount outlives that. */
static void *work(void *arg)
{
	struct worker *w = arg;
	struct loop *l = w->loop;
	int result, err = 0;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	while (!err && !fuse_session_exited(l->session) && take_turn(l)) {
		result = take_request(w);
		leave_turn(l);
		if (result > 0)
			fuse_session_process_buf(l->session, &w->request);
		else if (result == -ENOMEM)
			nanosleep(&look_pause, NULL);
		else
			err = result;
	}
	end(l, err);
	return NULL;
}

/* It inherits that signals are blocked. The lock is held. */
static int add_worker(struct loop *l)
{
	struct worker *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->loop = l;
	err = pthread_create(&w->thread, NULL, work, w);
	if (err) {
		free(w);
		return -err;
	}
	w->next = l->workers;
	l->workers = w;
	l->count++;
	return 0;
}

/* Without memory for a thread, those that are there have to do. The lock is held. */
static void call_another(struct loop *l)
{
	if (l->seated > l->called) {
		l->called++;
		pthread_cond_signal(&l->turn);
	} else if (l->count < l->most) {
		add_worker(l);
	}
}

/* False: somebody waits, and will ring when a request comes. */
static bool look(struct loop *l)
{
	bool goes_on;

	pthread_mutex_lock(&l->lock);
	if (!l->waiting)
		call_another(l);
	else
		l->watched = false;
	goes_on = l->watched;
	pthread_mutex_unlock(&l->lock);
	return goes_on;
}

/* Signals come in ppoll() only, so none is lost between a check and a wait. */
static void watch(struct loop *l, const sigset_t *signals)
{
	struct pollfd bell = {.fd = l->bell, .events = POLLIN};
	bool looks = false;
	eventfd_t rings;

	while (!fuse_session_exited(l->session)) {
		if (ppoll(&bell, 1, looks ? &look_pause : NULL, signals) > 0)
			looks = eventfd_read(l->bell, &rings) == 0;
		else
			looks = look(l);
	}
}

/* Whoever waits for a request is cancelled there; others end what they do. */
static void end_workers(struct loop *l)
{
	struct worker *w;

	pthread_mutex_lock(&l->lock);
	l->over = true;
	pthread_cond_broadcast(&l->turn);
	pthread_mutex_unlock(&l->lock);
	for (w = l->workers; w; w = w->next)
		pthread_cancel(w->thread);
	while ((w = l->workers) != NULL) {
		l->workers = w->next;
		pthread_join(w->thread, NULL);
		free(w->request.mem);
		free(w);
	}
}

int loop_run(struct fuse_session *session, unsigned int most_threads)
{
	struct loop l = {.session = session, .most = most_threads};
	sigset_t all, before;
	int err;

	l.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l.bell < 0)
		return -errno;
	pthread_mutex_init(&l.lock, NULL);
	pthread_cond_init(&l.turn, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_mutex_lock(&l.lock);
	err = add_worker(&l);
	pthread_mutex_unlock(&l.lock);
	if (!err)
		watch(&l, &before);
	end_workers(&l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_cond_destroy(&l.turn);
	pthread_mutex_destroy(&l.lock);
	close(l.bell);
	return err ? err : l.err;
}
