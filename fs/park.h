/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * park: reads that wait for something to read.
 *
 * Few threads answer all requests, so none of them waits for a stream: a read that finds
 * nothing is kept here, and one thread more, which is there once it is needed, asks the
 * file again when its descriptor becomes readable, and ten times a second, because
 * producers may choose to wake nobody. A read is answered as soon as it is interrupted
 * by a signal.
 *
 * Those who wait are limited, as each costs memory and a look ten times a second: 64 of
 * each user and 256 of all, but root has room for 64 more, which no others can take.
 *
 * FUSE calls interrupted() with its own lock of the request held, which
 * fuse_req_interrupt_func() takes too: that is called with no lock of ours held, and
 * once more before the answer, as a call that has begun is then over.
 */
#ifndef BPFMAPFS_FS_PARK_H
#define BPFMAPFS_FS_PARK_H

#include "fs/file.h"
#include "fs/request.h"

struct park;

/* 0 or -errno. No thread is started yet. */
int park_new(struct park **out);

/* Answers those who wait with -ENODEV, and ends the thread. NULL is fine. */
void park_free(struct park *p);

/*
 * Keeps r, a read of file, of at most size bytes, which is answered later: its req and its
 * trace are no longer the caller's. Else -errno, explained: -EAGAIN if too many wait already.
 * What it is refused for later is noted as any refusal.
 */
int park_read(struct park *p, struct request *r, struct file *file, size_t size);

/* Before file is released: answers what waits for it. */
void park_forget(struct park *p, const struct file *file);

#endif
