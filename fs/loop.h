/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * loop: the threads that take requests from the kernel and answer them.
 *
 * One waits. libfuse lets many threads wait for requests, and the kernel hands each request
 * to the one that has waited longest. Whoever has answered is preempted by the client that it
 * woke, before it waits again; so the next request wakes another thread, and both run where one
 * was enough: a half more switches for each request, and none of what a thread used is in
 * the cache any more. Here a thread that comes back and finds another waiting sits down. A
 * request that comes while nobody waits is found by the one that comes back: soon, as
 * most requests take microseconds.
 *
 * Some take longer, or many come at once. So the first request after a rest wakes the main thread,
 * which looks every two milliseconds whether somebody waits. If so, it rests again. If not, one
 * thread more gets up, or is made. Those that find a request whenever they come back, never sit.
 *
 * The main thread alone gets signals, and only while it rests or pauses.
 */
#ifndef BPFMAPFS_FS_LOOP_H
#define BPFMAPFS_FS_LOOP_H

struct fuse_session;

/*
 * Answers requests, by at most that many threads (one at least), until the file system is
 * unmounted or a signal ends the session (call fuse_set_signal_handlers() before). Requests that
 * are worked on are answered before it returns; those that nobody has taken, or took just
 * then, are not: unmount after it. 0, or -errno if there is no thread at all or the
 * channel to the kernel fails.
 */
int loop_run(struct fuse_session *session, unsigned int most_threads);

#endif
