/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/tally.h"

static const char *const names[REQUEST_KINDS] = {
	[REQUEST_LOOKUP] = "lookup",
	[REQUEST_FORGET] = "forget",
	[REQUEST_GETATTR] = "getattr",
	[REQUEST_SETATTR] = "setattr",
	[REQUEST_READLINK] = "readlink",
	[REQUEST_MKNOD] = "mknod",
	[REQUEST_LINK] = "link",
	[REQUEST_MKDIR] = "mkdir",
	[REQUEST_SYMLINK] = "symlink",
	[REQUEST_UNLINK] = "unlink",
	[REQUEST_RMDIR] = "rmdir",
	[REQUEST_RENAME] = "rename",
	[REQUEST_OPEN] = "open",
	[REQUEST_CREATE] = "create",
	[REQUEST_READ] = "read",
	[REQUEST_WRITE] = "write",
	[REQUEST_FLUSH] = "flush",
	[REQUEST_FALLOCATE] = "fallocate",
	[REQUEST_FSYNC] = "fsync",
	[REQUEST_RELEASE] = "release",
	[REQUEST_OPENDIR] = "opendir",
	[REQUEST_READDIR] = "readdir",
	[REQUEST_RELEASEDIR] = "releasedir",
};

const char *request_kind_name(enum request_kind kind)
{
	return names[kind];
}

void tally_asked(struct tally *t, enum request_kind kind, uint64_t times)
{
	__atomic_fetch_add(&t->kinds[kind].asked, times, __ATOMIC_RELAXED);
}

void tally_failed(struct tally *t, enum request_kind kind)
{
	__atomic_fetch_add(&t->kinds[kind].failed, 1, __ATOMIC_RELAXED);
}

uint64_t tally_count_asked(const struct tally *t, enum request_kind kind)
{
	return __atomic_load_n(&t->kinds[kind].asked, __ATOMIC_RELAXED);
}

uint64_t tally_count_failed(const struct tally *t, enum request_kind kind)
{
	return __atomic_load_n(&t->kinds[kind].failed, __ATOMIC_RELAXED);
}
