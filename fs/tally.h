/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tally: the kinds of requests that the kernel makes, and how many of each came and failed
 * since the mount began: what .stats tells.
 */
#ifndef BPFMAPFS_FS_TALLY_H
#define BPFMAPFS_FS_TALLY_H

#include <stdint.h>

enum request_kind {
	REQUEST_LOOKUP,
	REQUEST_FORGET,
	REQUEST_GETATTR,
	REQUEST_SETATTR,
	REQUEST_READLINK,
	REQUEST_MKNOD,
	REQUEST_LINK,
	REQUEST_MKDIR,
	REQUEST_SYMLINK,
	REQUEST_UNLINK,
	REQUEST_RMDIR,
	REQUEST_RENAME,
	REQUEST_OPEN,
	REQUEST_CREATE,
	REQUEST_READ,
	REQUEST_WRITE,
	REQUEST_FLUSH,
	REQUEST_FALLOCATE,
	REQUEST_FSYNC,
	REQUEST_RELEASE,
	REQUEST_OPENDIR,
	REQUEST_READDIR,
	REQUEST_RELEASEDIR,
	REQUEST_KINDS
};

/* As FUSE calls it, in lower case. */
const char *request_kind_name(enum request_kind kind);

/* Any thread may count and read at any time. Zeroed is empty. */
struct tally {
	struct {
		uint64_t asked, failed;
	} kinds[REQUEST_KINDS];
};

/* So many more requests of a kind came; one of them failed. */
void tally_asked(struct tally *t, enum request_kind kind, uint64_t times);
void tally_failed(struct tally *t, enum request_kind kind);
/* How many there were. */
uint64_t tally_count_asked(const struct tally *t, enum request_kind kind);
uint64_t tally_count_failed(const struct tally *t, enum request_kind kind);

#endif
