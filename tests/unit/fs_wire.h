/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fs_wire: the kernel's end of /dev/fuse, played by the test: requests as the bytes of
 * linux/fuse.h over a socket pair, without a mount. One request at a time.
 */
#ifndef BPFMAPFS_TESTS_FS_WIRE_H
#define BPFMAPFS_TESTS_FS_WIRE_H

#include <linux/fuse.h>

#include "tests/unit/fs_fixture.h"
#include "tests/unit/fuse_reply.h"

struct fuse_session;

struct wire {
	struct fixture *fixture;
	struct fs *fs;
	struct fuse_session *session;
	int fd;
	uint32_t uid; /* of who asks */
	uint64_t unique;
	struct fuse_init_out init;
	unsigned int invalidated; /* notifications that attributes are to be asked anew */
	size_t len;               /* of the last reply, without its header */
	union fuse_reply out;
};

/* *state: the struct wire over a fresh fixture, behind INIT. */
int wire_setup(void **state);
int wire_teardown(void **state);
#define WIRE_TEST(f) cmocka_unit_test_setup_teardown(f, wire_setup, wire_teardown)

/* A part of a request. */
struct part {
	const void *bytes;
	size_t len;
};

/*
 * Sends a request and takes its reply into w->out. Returns 0 or -errno, which must be
 * one that the kernel takes.
 */
int wire_ask(struct wire *w, uint32_t opcode, uint64_t node, const struct part *parts, int count);

/*
 * The two halves of it, for requests that are not answered at once: wire_send() returns
 * the request's number; wire_answer() waits for the next reply, which must be to that one.
 * wire_is_answered(): is there a reply already? wire_next_answer() waits for one to
 * whatever request, which *unique tells.
 */
uint64_t wire_send(struct wire *w, uint32_t opcode, uint64_t node, const struct part *parts,
		   int count);
int wire_answer(struct wire *w, uint64_t unique);
int wire_next_answer(struct wire *w, uint64_t *unique);
bool wire_is_answered(struct wire *w);
void wire_interrupt(struct wire *w, uint64_t unique);

/* What has no reply. */
void wire_forget(struct wire *w, uint64_t node, uint64_t lookups);
void wire_forget_two(struct wire *w, uint64_t first, uint64_t second);

/* The nodeid that LOOKUP gives, or 0; *err may be NULL. */
uint64_t wire_lookup(struct wire *w, uint64_t dir, const char *name, int *err);
int wire_getattr(struct wire *w, uint64_t node);
int wire_setattr(struct wire *w, uint64_t node, const struct fuse_setattr_in *in);
int wire_name(struct wire *w, uint32_t opcode, uint64_t dir, const char *name);
int wire_mkdir(struct wire *w, uint64_t dir, const char *name);
int wire_rename(struct wire *w, uint64_t dir, const char *name, uint64_t new_dir,
		const char *new_name, uint32_t flags);

/* The handle is in *fh. */
int wire_open(struct wire *w, uint32_t opcode, uint64_t node, int flags, uint64_t *fh);
int wire_create(struct wire *w, uint64_t dir, const char *name, int flags, mode_t mode,
		uint64_t *fh);
int wire_write(struct wire *w, uint64_t node, uint64_t fh, const char *text, uint64_t off);
int wire_read(struct wire *w, uint32_t opcode, uint64_t node, uint64_t fh, uint64_t off,
	      uint32_t size);
int wire_flush(struct wire *w, uint64_t node, uint64_t fh);
int wire_release(struct wire *w, uint32_t opcode, uint64_t node, uint64_t fh);

/* The references of a node that the kernel knows by this number, 0: there is none. */
uint64_t refs_of(struct wire *w, uint64_t node);

/* A map with keys 1 and 2; its nodeid, looked up once. */
uint64_t map_with_keys(struct wire *w, uint32_t *map);

#endif
