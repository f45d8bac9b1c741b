/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fail_rounds: operations as tables of system calls, of which everything fails once.
 *
 * An operation runs in a fresh world for n = 1, 2, 3 … with the n-th call of a kind failing,
 * until one round comes to its end without: first what lib/ and fs/ ask of libraries (memory,
 * threads), then each kind of call of the kernel, with ENOMEM, and LONG=1 with another error of
 * it. What must hold:
 *
 * - A system call gives the error, or all that it gives without one.
 * - The kernel has what it has before that call or after it. When all is closed then, so it
 *   has, or what was there at first, and the tree shows the same. But a close behind a text
 *   that was refused must not zero anything.
 * - The same call then works, and so do the others.
 * - No descriptor, node, file or lock is left.
 */
#ifndef BPFMAPFS_TESTS_FAIL_ROUNDS_H
#define BPFMAPFS_TESTS_FAIL_ROUNDS_H

#include "tests/unit/fail_world.h"
#include "tests/unit/fake_sys.h"

enum { CALLS = 12 };

struct operation {
	const char *name;
	void (*prepare)(struct world *w); /* what is there at first; may be NULL */
	struct call calls[CALLS];
	bool may_lack;  /* what it says, or leaves behind, is mended when it is looked at */
	bool is_large;  /* too much to look at it each time, and nothing changes it */
	bool is_final;  /* what failed is not called again */
	int also[3];    /* errors that tell of a failure too; 0 ends them */
	bool is_halved; /* two changes, between which it may fail; the same again mends that */
};

/* Each row as a test: the number of those that failed. */
int run_failures(const char *name, const struct operation *table, size_t count);

#define CALL(...)           \
	{                   \
		__VA_ARGS__ \
	}
#define STAT(p) CALL(.act = call_stat, .path = (p))
#define STAT_ERR(p, err) CALL(.act = call_stat, .path = (p), .want = (err))
#define TRUNCATE(p, size) CALL(.act = call_truncate, .path = (p), .number = (size))
#define FTRUNCATE(size) CALL(.act = call_ftruncate, .number = (size))
#define CHMOD(p, mode) CALL(.act = call_chmod, .path = (p), .number = (mode))
#define CHOWN(p, uid) CALL(.act = call_chown, .path = (p), .number = (uid))
#define UTIMENS(p, time) CALL(.act = call_utimens, .path = (p), .number = (time))
#define MKDIR(p) CALL(.act = call_mkdir, .path = (p))
#define RMDIR(p) CALL(.act = call_rmdir, .path = (p))
#define UNLINK(p) CALL(.act = call_unlink, .path = (p))
#define RENAME(p, new) CALL(.act = call_rename, .path = (p), .text = (new))
#define SYMLINK(target, p) CALL(.act = call_symlink, .path = (p), .text = (target))
#define READLINK(p) CALL(.act = call_readlink, .path = (p))
#define OPEN_FD(n, p, how, mode) \
	CALL(.act = call_open, .file = (n), .path = (p), .flags = (how), .number = (mode))
#define OPEN(p, how) OPEN_FD(0, p, how, 0666)
#define READ CALL(.act = call_read)
#define READ_BLURRED CALL(.act = call_read, .blurred = true)
#define WRITE_FD(n, t, off) CALL(.act = call_write, .file = (n), .text = (t), .number = (off))
#define WRITE(t, off) WRITE_FD(0, t, off)
#define FLUSH_FD(n) CALL(.act = call_flush, .file = (n))
#define FLUSH FLUSH_FD(0)
#define FSYNC CALL(.act = call_fsync)
#define FALLOCATE(size) CALL(.act = call_fallocate, .number = (size))
#define RELEASE_FD(n) CALL(.act = call_release, .file = (n))
#define RELEASE RELEASE_FD(0)
#define CLOSE FLUSH, RELEASE
#define LIST(p) CALL(.act = call_list, .path = (p), .flags = FUSE_READDIR)
#define LIST_PLUS(p) CALL(.act = call_list, .path = (p), .flags = FUSE_READDIRPLUS)
#define STATFS(p) CALL(.act = call_statfs, .path = (p))
#define XATTR(p) CALL(.act = call_xattr, .path = (p), .want = -ENOSYS)
#define FORGET CALL(.act = call_forget)

#endif
