/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * diag: why something was refused, and the ring of the last refusals.
 *
 * Parsers and map types explain into a struct diag and return -errno; nothing
 * in lib/ prints. Whoever owns the request decides whether the explanation goes
 * into the ring (.error_log), to stderr or to syslog. See the design, section 10.
 */
#ifndef BPFMAPFS_LIB_DIAG_H
#define BPFMAPFS_LIB_DIAG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "lib/buf.h"

enum { DIAG_QUOTE = 72 };

struct diag {
	int err;                    /* positive errno, 0 while nothing was refused */
	bool placed;                /* offset points into the offending text */
	size_t offset;              /* bytes from the start of the text, or of the quote */
	char why[192];              /* one sentence, no newline */
	size_t quote_len;           /* 0: nothing is quoted */
	char quote[DIAG_QUOTE + 1]; /* one line of the offending text, as it is */
};

/*
 * Explains a refusal and returns -err. d may be NULL: only the code is wanted.
 * A later call replaces an earlier one.
 */
int diag_set(struct diag *d, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same, pointing at the byte of the offending text where it went wrong. */
int diag_at(struct diag *d, int err, size_t offset, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Says where the refusal in d was, if something was refused and no place is known yet. */
void diag_place(struct diag *d, size_t offset);

/* Puts "WHAT NUMBER: " in front of the sentence: which of many was refused. */
void diag_number(struct diag *d, const char *what, uint64_t number);

/*
 * Quotes the offending text, which offset points into: one line of it, of a long
 * line what stands around the place. Only the first quote counts, so the caller
 * that knows the text best comes first. Nothing if nothing was refused.
 */
void diag_quote(struct diag *d, const char *text, size_t len);

/* One refusal as it is kept. */
struct refusal {
	struct timespec when;
	pid_t pid;
	uid_t uid;
	const char *operation; /* static string: "write", "mkdir", … */
	const char *path;      /* from the root of the mount, or NULL */
	struct diag diag;
};

#define DIAG_RING_SIZE 64

struct diag_ring {
	pthread_mutex_t lock;
	struct refusal *slots[DIAG_RING_SIZE]; /* the oldest first */
	unsigned int count;
};

void diag_ring_init(struct diag_ring *ring);
void diag_ring_free(struct diag_ring *ring);

/* Keeps a copy of r. If there are too many, the oldest goes of the user who has the most: who is
 * refused often hides nothing from others. */
void diag_ring_add(struct diag_ring *ring, const struct refusal *r);

/* Forgets all refusals, or those of one user. */
void diag_ring_clear(struct diag_ring *ring);
void diag_ring_clear_of(struct diag_ring *ring, uid_t uid);

/* Appends all refusals, or those of one user, as text, oldest first. */
void diag_ring_print(struct diag_ring *ring, struct buf *out);
void diag_ring_print_of(struct diag_ring *ring, uid_t uid, struct buf *out);

/*
 * Appends one refusal: a line "TIME pid PID: OPERATION PATH: ERRNO: sentence",
 * and, if a text is quoted, that text and a caret under the place, each on a
 * line of its own, indented by four spaces. Control bytes are shown as '?'.
 */
void diag_print(const struct refusal *r, struct buf *out);

/* Appends text, control bytes as '?'. */
void diag_print_visible(const char *s, size_t len, struct buf *out);

#endif
