/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/handoff.h"

#include <errno.h>
#include <signal.h>

enum {
	MOST_THREADS = 32,
	STACK_BYTES = 256 * 1024,
};

static unsigned int threads; /* that run; atomic */

void handoff_init(struct handoff *h, unsigned int slots)
{
	*h = (struct handoff){.slots = slots};
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
}

static int create(struct handoff *h, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int err = pthread_attr_init(&attr);

	if (err)
		return -err;
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&h->thread, &attr, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

int handoff_start(struct handoff *h, void *(*run)(void *), void *arg)
{
	int err = -EAGAIN;

	if (__atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED) <= MOST_THREADS)
		err = create(h, run, arg);
	if (err)
		__atomic_sub_fetch(&threads, 1, __ATOMIC_RELAXED);
	h->is_running = !err;
	return err;
}

void handoff_finish(struct handoff *h)
{
	handoff_end(h);
	handoff_stop(h);
	if (h->is_running) {
		pthread_join(h->thread, NULL);
		__atomic_sub_fetch(&threads, 1, __ATOMIC_RELAXED);
	}
	h->is_running = false;
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
}

/* With the lock. */
static void wait_for_change(struct handoff *h)
{
	pthread_cond_wait(&h->changed, &h->lock);
}

static void leave_changed(struct handoff *h)
{
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

int handoff_free_slot(struct handoff *h)
{
	int slot;

	pthread_mutex_lock(&h->lock);
	while (h->filled == h->slots && !h->stopped)
		wait_for_change(h);
	slot = h->stopped ? -1 : (int)((h->first + h->filled) % h->slots);
	pthread_mutex_unlock(&h->lock);
	return slot;
}

void handoff_fill(struct handoff *h)
{
	pthread_mutex_lock(&h->lock);
	h->filled++;
	leave_changed(h);
}

void handoff_end(struct handoff *h)
{
	pthread_mutex_lock(&h->lock);
	h->ended = true;
	leave_changed(h);
}

bool handoff_wait(struct handoff *h)
{
	bool stopped;

	pthread_mutex_lock(&h->lock);
	while (h->filled && !h->stopped)
		wait_for_change(h);
	stopped = h->stopped;
	pthread_mutex_unlock(&h->lock);
	return !stopped;
}

int handoff_full_slot(struct handoff *h)
{
	int slot;

	pthread_mutex_lock(&h->lock);
	while (!h->filled && !h->ended && !h->stopped)
		wait_for_change(h);
	slot = h->filled && !h->stopped ? (int)h->first : -1;
	pthread_mutex_unlock(&h->lock);
	return slot;
}

void handoff_empty(struct handoff *h)
{
	pthread_mutex_lock(&h->lock);
	h->first = (h->first + 1) % h->slots;
	h->filled--;
	leave_changed(h);
}

void handoff_stop(struct handoff *h)
{
	pthread_mutex_lock(&h->lock);
	h->stopped = true;
	leave_changed(h);
}
