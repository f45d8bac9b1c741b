/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/park.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fs/refusal.h"

enum { MOST_OF_USER = 64, MOST_OF_USERS = 256, MOST_WITH_ROOT = 320, RECHECK_MS = 100 };

struct waiting {
	struct waiting *next;
	struct park *park;
	fuse_req_t req;
	struct file *file;
	uid_t user; /* who reads; the request may be gone already */
	size_t size;
	struct trace trace;
	int end; /* -errno that it is to be answered with, 0: what there is to read */
};

struct park {
	pthread_mutex_t lock; /* guards all below, and end of those who wait */
	pthread_cond_t answered;
	struct waiting *first; /* the longest first; the thread alone takes out */
	unsigned int count;
	bool is_running, is_ending;
	pthread_t thread;
	int epoll, bell; /* bell: an eventfd that wakes the thread */
};

static void ring_bell(struct park *p)
{
	uint64_t one = 1;
	ssize_t written = write(p->bell, &one, sizeof(one));

	(void)written; /* it would fail if it had been rung 2^64 times */
}

/*
 * Descriptors are watched as long as somebody waits for them. Edges only: a record that
 * its producer has begun and not finished makes a ring readable all the time.
 */

static void watch(struct park *p, int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	if (fd >= 0 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event) && errno == EEXIST)
		epoll_ctl(p->epoll, EPOLL_CTL_MOD, fd, &event);
}

static void unwatch(struct park *p, int fd)
{
	for (const struct waiting *w = p->first; w; w = w->next)
		if (file_wait_fd(w->file) == fd)
			return;
	epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Answering. */

static void note(const struct waiting *w, int err, const struct diag *d)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(w->req);
	const struct refused_request refused = {
		.operation = "read",
		.pid = ctx->pid,
		.uid = ctx->uid,
		.id = node_identity(w->file->node),
	};

	refusal_note(w->file->fs, &refused, -err, d);
}

static void reply(struct waiting *w, int err, const struct buf *out)
{
	struct fs *fs = w->file->fs;

	fuse_req_interrupt_func(w->req, NULL, NULL);
	trace_end(&w->trace, fs, -err);
	if (err)
		tally_failed(&fs->tally, REQUEST_READ);
	if (err)
		fuse_reply_err(w->req, -err);
	else
		fuse_reply_buf(w->req, out->data, out->len);
}

/* False if there is still nothing to answer with. The lock is held, but not meanwhile. */
static bool answer(struct park *p, struct waiting *w)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	struct diag d = {.err = 0};
	int err = w->end;

	pthread_mutex_unlock(&p->lock);
	fs_log_hold();
	if (!err)
		err = file_read(w->file, w->size, 0, &out, &d);
	if (err && d.err)
		note(w, err, &d);
	if (err != -EAGAIN)
		reply(w, err, &out);
	fs_log_release(w->file->fs);
	buf_free(&out);
	pthread_mutex_lock(&p->lock);
	return err != -EAGAIN;
}

static void remove_at(struct park *p, struct waiting **link)
{
	struct waiting *w = *link;

	*link = w->next;
	p->count--;
	unwatch(p, file_wait_fd(w->file));
	free(w);
	pthread_cond_broadcast(&p->answered);
}

static void answer_all(struct park *p)
{
	struct waiting **link = &p->first;

	while (*link) {
		if (answer(p, *link))
			remove_at(p, link);
		else
			link = &(*link)->next;
	}
}

static void *run(void *arg)
{
	struct park *p = arg;
	struct epoll_event event;
	int patience;

	pthread_mutex_lock(&p->lock);
	while (!p->is_ending) {
		answer_all(p);
		patience = p->count ? RECHECK_MS : -1;
		pthread_mutex_unlock(&p->lock);
		epoll_wait(p->epoll, &event, 1, patience);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Signals are for the threads that libfuse has for them. */
static int start(struct park *p)
{
	sigset_t all, before;
	int err;

	if (p->is_running)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&p->thread, NULL, run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->is_running = !err;
	return -err;
}

int park_new(struct park **out)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	struct park *p = calloc(1, sizeof(*p));
	int err = 0;

	if (!p)
		return -ENOMEM;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->answered, NULL);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->epoll < 0 || p->bell < 0 || epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->bell, &event)) {
		err = -errno;
		park_free(p);
		return err;
	}
	*out = p;
	return 0;
}

static void end_all(struct park *p)
{
	for (struct waiting *w = p->first; w; w = w->next)
		w->end = -ENODEV;
	answer_all(p);
}

void park_free(struct park *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->is_ending = true;
	pthread_mutex_unlock(&p->lock);
	if (p->is_running) {
		ring_bell(p);
		pthread_join(p->thread, NULL);
	}
	pthread_mutex_lock(&p->lock);
	end_all(p);
	pthread_mutex_unlock(&p->lock);
	if (p->bell >= 0)
		close(p->bell);
	if (p->epoll >= 0)
		close(p->epoll);
	pthread_cond_destroy(&p->answered);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* What FUSE calls when a signal interrupts the read. */
static void interrupted(fuse_req_t req, void *data)
{
	struct waiting *w = data;
	struct park *p = w->park;

	(void)req;
	pthread_mutex_lock(&p->lock);
	w->end = -EINTR;
	pthread_mutex_unlock(&p->lock);
	ring_bell(p);
}

/* 0 if there is room for one more of this user. */
static int check_room(const struct park *p, uid_t user, struct diag *d)
{
	unsigned int own = 0;

	for (const struct waiting *w = p->first; w; w = w->next)
		own += w->user == user;
	if (user && own >= MOST_OF_USER)
		return diag_set(d, EAGAIN, "%u reads of yours wait already: end some", own);
	if (p->count >= (user ? MOST_OF_USERS : MOST_WITH_ROOT))
		return diag_set(d, EAGAIN, "%u reads wait already: end some", p->count);
	return 0;
}

static int append(struct park *p, struct waiting *w, struct diag *d)
{
	struct waiting **link = &p->first;
	int err = check_room(p, w->user, d);

	if (err)
		return err;
	err = start(p);
	if (err)
		return diag_set(d, -err, "no thread for those who wait");
	while (*link)
		link = &(*link)->next;
	*link = w;
	p->count++;
	watch(p, file_wait_fd(w->file));
	ring_bell(p);
	return 0;
}

int park_read(struct park *p, struct request *r, struct file *file, size_t size)
{
	struct waiting *w = malloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	*w = (struct waiting){.park = p,
			      .req = r->req,
			      .file = file,
			      .user = fuse_req_ctx(r->req)->uid,
			      .size = size,
			      .trace = r->trace};
	fuse_req_interrupt_func(r->req, interrupted, w);
	pthread_mutex_lock(&p->lock);
	err = append(p, w, &r->diag);
	pthread_mutex_unlock(&p->lock);
	if (err) {
		fuse_req_interrupt_func(r->req, NULL, NULL);
		free(w);
		return err;
	}
	r->trace = (struct trace){.begun = 0};
	return 0;
}

static bool has(const struct park *p, const struct file *file)
{
	const struct waiting *w = p->first;

	while (w && w->file != file)
		w = w->next;
	return w != NULL;
}

void park_forget(struct park *p, const struct file *file)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	for (struct waiting *w = p->first; w; w = w->next)
		if (w->file == file)
			w->end = -EBADF;
	ring_bell(p);
	while (has(p, file))
		pthread_cond_wait(&p->answered, &p->lock);
	pthread_mutex_unlock(&p->lock);
}
