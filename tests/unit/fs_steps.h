/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fs_steps: sequences of requests to one key as tables, each request with the result
 * that it must have.
 */
#ifndef BPFMAPFS_TESTS_FS_STEPS_H
#define BPFMAPFS_TESTS_FS_STEPS_H

#include <fcntl.h>

#include "tests/unit/fs_fixture.h"

/* Made by the macros below. fd chooses one of the files[]. */
struct step {
	int (*act)(struct fixture *f, const struct step *s);
	int fd;
	int flags; /* or a mode */
	off_t at;
	const char *text;
	int want;
};

enum { STEPS = 24 };

struct sequence {
	const char *name;
	const char *map;    /* for mkdir; NULL: what a bare mkdir makes */
	const char *key;    /* or a special file; NULL: 5 */
	const char *before; /* what is stored at first; NULL: nothing */
	struct step steps[STEPS];
	const char *after; /* and at the end */
};

/* Runs all rows of a table, each as a test; the number of those that failed. map
 * stands in for the rows' own, unless it is NULL. */
int run_sequences(const char *map, const struct sequence *table, size_t count);

int do_open(struct fixture *f, const struct step *s);
int do_write(struct fixture *f, const struct step *s);
int do_read(struct fixture *f, const struct step *s);
int do_truncate(struct fixture *f, const struct step *s);
int do_truncate_path(struct fixture *f, const struct step *s);
int do_flush(struct fixture *f, const struct step *s);
int do_sync(struct fixture *f, const struct step *s);
int do_release(struct fixture *f, const struct step *s);
int do_utimens(struct fixture *f, const struct step *s);
int do_chmod(struct fixture *f, const struct step *s);
int do_size(struct fixture *f, const struct step *s);
int do_value(struct fixture *f, const struct step *s);
int do_unlink(struct fixture *f, const struct step *s);
int do_put(struct fixture *f, const struct step *s);
int do_delete(struct fixture *f, const struct step *s);
int do_freeze(struct fixture *f, const struct step *s);
int do_explained(struct fixture *f, const struct step *s);

#define STEP(...)           \
	{                   \
		__VA_ARGS__ \
	}
#define OPEN_FD(n, how, err) STEP(.act = do_open, .fd = (n), .flags = (how), .want = (err))
#define OPEN(how) OPEN_FD(0, how, 0)
#define OPEN_ERR(how, err) OPEN_FD(0, how, err)
#define WRITE_FD(n, t, off, err) \
	STEP(.act = do_write, .fd = (n), .text = (t), .at = (off), .want = (err))
#define WRITE(t, off) WRITE_FD(0, t, off, 0)
#define WRITE_ERR(t, off, err) WRITE_FD(0, t, off, err)
#define READ_FD(n, t, off) STEP(.act = do_read, .fd = (n), .text = (t), .at = (off))
#define READ(t, off) READ_FD(0, t, off)
#define READ_ERR(off, err) STEP(.act = do_read, .text = "", .at = (off), .want = (err))
#define FTRUNCATE(size, err) STEP(.act = do_truncate, .at = (size), .want = (err))
#define TRUNCATE(size, err) STEP(.act = do_truncate_path, .at = (size), .want = (err))
#define FLUSH_FD(n, err) STEP(.act = do_flush, .fd = (n), .want = (err))
#define FLUSH FLUSH_FD(0, 0)
#define FLUSH_ERR(err) FLUSH_FD(0, err)
#define FSYNC(err) STEP(.act = do_sync, .want = (err))
#define RELEASE_FD(n) STEP(.act = do_release, .fd = (n))
#define RELEASE RELEASE_FD(0)
#define RELEASE_ERR(err) STEP(.act = do_release, .want = (err))
#define UTIMENS(err) STEP(.act = do_utimens, .want = (err))
#define CHMOD(mode, err) STEP(.act = do_chmod, .flags = (mode), .want = (err))
#define UNLINK(err) STEP(.act = do_unlink, .want = (err))
/* What everybody else sees: */
#define SIZE(n) STEP(.act = do_size, .at = (n))
#define NO_FILE STEP(.act = do_size, .want = -ENOENT)
#define VALUE(t) STEP(.act = do_value, .text = (t))
#define NO_VALUE STEP(.act = do_value)
/* What another process does: */
#define PUT(number) STEP(.act = do_put, .at = (number))
#define PUT_OTHER(key, number) STEP(.act = do_put, .flags = (key), .at = (number))
#define DELETE STEP(.act = do_delete)
#define FREEZE STEP(.act = do_freeze)
/* The step before said this, or quoted it. */
#define EXPLAINED(t) STEP(.act = do_explained, .text = (t))
#define NOT_EXPLAINED STEP(.act = do_explained)

#endif
