/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * handoff: slots that go round between two threads. One fills them in order, the other
 * empties them in the same order; each waits when it is a whole round ahead or has caught
 * up. What a slot is, only these two know.
 */
#ifndef BPFMAPFS_LIB_HANDOFF_H
#define BPFMAPFS_LIB_HANDOFF_H

#include <pthread.h>
#include <stdbool.h>

struct handoff {
	pthread_mutex_t lock; /* guards what follows, up to thread */
	pthread_cond_t changed;
	unsigned int slots;
	unsigned int first;  /* the oldest one that is filled */
	unsigned int filled; /* from there on */
	bool ended;          /* nothing more will be filled */
	bool stopped;        /* nothing more will be emptied */
	pthread_t thread;    /* the other side */
	bool is_running;
};

void handoff_init(struct handoff *h, unsigned int slots);

/*
 * Starts the other side in a thread of its own, to which no signals go. -EAGAIN if there are as
 * many of them in this process as it allows itself: then do without.
 */
int handoff_start(struct handoff *h, void *(*run)(void *), void *arg);

/* Ends and stops; waits until the other side's thread, if there is one, has seen it. Then
 * only handoff_init() makes h usable again. */
void handoff_finish(struct handoff *h);

/* Who fills: the slot to be filled next, once it is empty; -1 if it was stopped. */
int handoff_free_slot(struct handoff *h);
void handoff_fill(struct handoff *h);
void handoff_end(struct handoff *h);

/* Waits until all that was filled is emptied. False if it was stopped. */
bool handoff_wait(struct handoff *h);

/* Who empties: the slot to be emptied next; -1 behind the last one. */
int handoff_full_slot(struct handoff *h);
void handoff_empty(struct handoff *h);
void handoff_stop(struct handoff *h);

#endif
