/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fs_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fs/ops.h"

enum { UID = 7, GID = 8, PID = 99, ERRNO_MAX = 511, PARTS = 8, PATIENCE_MS = 10000 };

static ssize_t io_read(int fd, void *bytes, size_t len, void *userdata)
{
	(void)userdata;
	return read(fd, bytes, len);
}

static ssize_t io_writev(int fd, struct iovec *iov, int count, void *userdata)
{
	(void)userdata;
	return writev(fd, iov, count);
}

static const struct fuse_custom_io io = {.read = io_read, .writev = io_writev};

static void start(struct wire *w)
{
	char *argv[] = {(char *)(uintptr_t) "wire", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	int fds[2], room = 1 << 20;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	w->session = fuse_session_new(&args, &ops, sizeof(ops), w->fs);
	assert_non_null(w->session);
	assert_int_equal(fuse_session_custom_io(w->session, &io, fds[0]), 0);
	w->fs->session = w->session;
	w->fd = fds[1];
	fuse_opt_free_args(&args);
}

static void init(struct wire *w)
{
	const struct fuse_init_in in = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = 1 << 17,
		.flags = FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES |
			 FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_PARALLEL_DIROPS |
			 FUSE_MAX_PAGES | FUSE_AUTO_INVAL_DATA,
	};
	const struct part part = {&in, sizeof(in)};

	assert_int_equal(wire_ask(w, FUSE_INIT, 0, &part, 1), 0);
	assert_true(w->len <= sizeof(w->init));
	memcpy(&w->init, w->out.bytes, w->len);
}

int wire_setup(void **state)
{
	struct wire *w = calloc(1, sizeof(*w));
	void *fixture = NULL;

	if (!w || fs_setup(&fixture))
		return -1;
	w->fixture = fixture;
	w->fs = &w->fixture->fs;
	w->uid = UID;
	start(w);
	init(w);
	*state = w;
	return 0;
}

int wire_teardown(void **state)
{
	struct wire *w = *state;
	void *fixture = w->fixture;

	fuse_session_destroy(w->session);
	close(w->fd);
	free(w);
	return fs_teardown(&fixture);
}

/* Gives the session one request and lets it answer. */
static void send_request(struct wire *w, uint32_t opcode, uint64_t node, const struct part *parts,
			 int count)
{
	struct fuse_in_header header = {.len = sizeof(header),
					.opcode = opcode,
					.unique = ++w->unique,
					.nodeid = node,
					.uid = w->uid,
					.gid = GID,
					.pid = PID};
	struct iovec iov[PARTS] = {{&header, sizeof(header)}};
	struct fuse_buf buf = {0};

	for (int i = 0; i < count; i++) {
		iov[i + 1] = (struct iovec){(void *)(uintptr_t)parts[i].bytes, parts[i].len};
		header.len += (uint32_t)parts[i].len;
	}
	assert_int_equal(writev(w->fd, iov, count + 1), header.len);
	assert_int_equal(fuse_session_receive_buf(w->session, &buf), header.len);
	fuse_session_process_buf(w->session, &buf);
	free(buf.mem);
}

/* The next message of the session; false: it sent none. */
static bool receive(struct wire *w, struct fuse_out_header *header)
{
	struct iovec iov[] = {{header, sizeof(*header)}, {w->out.bytes, sizeof(w->out.bytes)}};
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t len = recvmsg(w->fd, &message, MSG_DONTWAIT);

	if (len < 0)
		return false;
	assert_true((size_t)len >= sizeof(*header));
	assert_int_equal(header->len, len);
	w->len = (size_t)len - sizeof(*header);
	return true;
}

int wire_ask(struct wire *w, uint32_t opcode, uint64_t node, const struct part *parts, int count)
{
	struct fuse_out_header header, more;

	memset(&w->out, 0xee, sizeof(w->out.entry) * 2);
	send_request(w, opcode, node, parts, count);
	assert_true(receive(w, &header));
	while (!header.unique) {
		assert_int_equal(header.error, FUSE_NOTIFY_INVAL_INODE);
		w->invalidated++;
		assert_true(receive(w, &header));
	}
	assert_int_equal(header.unique, w->unique);
	assert_in_range(-header.error, 0, ERRNO_MAX);
	assert_true(!header.error || !w->len);
	assert_false(receive(w, &more));
	return header.error;
}

uint64_t wire_send(struct wire *w, uint32_t opcode, uint64_t node, const struct part *parts,
		   int count)
{
	send_request(w, opcode, node, parts, count);
	return w->unique;
}

static bool has_message(struct wire *w, int patience_ms)
{
	struct pollfd pollfd = {.fd = w->fd, .events = POLLIN};

	return poll(&pollfd, 1, patience_ms) == 1;
}

int wire_next_answer(struct wire *w, uint64_t *unique)
{
	struct fuse_out_header header;

	assert_true(has_message(w, PATIENCE_MS));
	assert_true(receive(w, &header));
	assert_in_range(-header.error, 0, ERRNO_MAX);
	*unique = header.unique;
	return header.error;
}

int wire_answer(struct wire *w, uint64_t unique)
{
	uint64_t answered;
	int err = wire_next_answer(w, &answered);

	assert_int_equal(answered, unique);
	return err;
}

bool wire_is_answered(struct wire *w)
{
	return has_message(w, 0);
}

void wire_interrupt(struct wire *w, uint64_t unique)
{
	const struct fuse_interrupt_in in = {.unique = unique};
	const struct part part = {&in, sizeof(in)};

	send_request(w, FUSE_INTERRUPT, 0, &part, 1);
}

void wire_forget(struct wire *w, uint64_t node, uint64_t lookups)
{
	const struct fuse_forget_in in = {.nlookup = lookups};
	const struct part part = {&in, sizeof(in)};
	struct fuse_out_header header;

	send_request(w, FUSE_FORGET, node, &part, 1);
	assert_false(receive(w, &header));
}

void wire_forget_two(struct wire *w, uint64_t first, uint64_t second)
{
	const struct fuse_batch_forget_in in = {.count = 2};
	const struct fuse_forget_one ones[] = {{first, 1}, {second, 1}};
	const struct part parts[] = {{&in, sizeof(in)}, {ones, sizeof(ones)}};
	struct fuse_out_header header;

	send_request(w, FUSE_BATCH_FORGET, 0, parts, 2);
	assert_false(receive(w, &header));
}

int wire_name(struct wire *w, uint32_t opcode, uint64_t dir, const char *name)
{
	const struct part part = {name, strlen(name) + 1};

	return wire_ask(w, opcode, dir, &part, 1);
}

uint64_t wire_lookup(struct wire *w, uint64_t dir, const char *name, int *err)
{
	int result = wire_name(w, FUSE_LOOKUP, dir, name);

	if (err)
		*err = result;
	return result ? 0 : w->out.entry.nodeid;
}

int wire_getattr(struct wire *w, uint64_t node)
{
	const struct fuse_getattr_in in = {0};
	const struct part part = {&in, sizeof(in)};

	return wire_ask(w, FUSE_GETATTR, node, &part, 1);
}

int wire_setattr(struct wire *w, uint64_t node, const struct fuse_setattr_in *in)
{
	const struct part part = {in, sizeof(*in)};

	return wire_ask(w, FUSE_SETATTR, node, &part, 1);
}

int wire_mkdir(struct wire *w, uint64_t dir, const char *name)
{
	const struct fuse_mkdir_in in = {.mode = 0755};
	const struct part parts[] = {{&in, sizeof(in)}, {name, strlen(name) + 1}};

	return wire_ask(w, FUSE_MKDIR, dir, parts, 2);
}

int wire_rename(struct wire *w, uint64_t dir, const char *name, uint64_t new_dir,
		const char *new_name, uint32_t flags)
{
	const struct fuse_rename2_in in = {.newdir = new_dir, .flags = flags};
	const struct part parts[] = {
		{&in, sizeof(in)}, {name, strlen(name) + 1}, {new_name, strlen(new_name) + 1}};

	return wire_ask(w, FUSE_RENAME2, dir, parts, 3);
}

int wire_open(struct wire *w, uint32_t opcode, uint64_t node, int flags, uint64_t *fh)
{
	const struct fuse_open_in in = {.flags = (uint32_t)flags};
	const struct part part = {&in, sizeof(in)};
	int err = wire_ask(w, opcode, node, &part, 1);

	*fh = err ? 0 : w->out.open.fh;
	return err;
}

int wire_create(struct wire *w, uint64_t dir, const char *name, int flags, mode_t mode,
		uint64_t *fh)
{
	const struct fuse_create_in in = {.flags = (uint32_t)(flags | O_CREAT),
					  .mode = S_IFREG | mode};
	const struct part parts[] = {{&in, sizeof(in)}, {name, strlen(name) + 1}};
	int err = wire_ask(w, FUSE_CREATE, dir, parts, 2);

	*fh = err ? 0 : w->out.created.open.fh;
	return err;
}

int wire_write(struct wire *w, uint64_t node, uint64_t fh, const char *text, uint64_t off)
{
	const struct fuse_write_in in = {.fh = fh, .offset = off, .size = (uint32_t)strlen(text)};
	const struct part parts[] = {{&in, sizeof(in)}, {text, strlen(text)}};

	return wire_ask(w, FUSE_WRITE, node, parts, 2);
}

int wire_read(struct wire *w, uint32_t opcode, uint64_t node, uint64_t fh, uint64_t off,
	      uint32_t size)
{
	const struct fuse_read_in in = {.fh = fh, .offset = off, .size = size};
	const struct part part = {&in, sizeof(in)};

	return wire_ask(w, opcode, node, &part, 1);
}

int wire_flush(struct wire *w, uint64_t node, uint64_t fh)
{
	const struct fuse_flush_in in = {.fh = fh};
	const struct part part = {&in, sizeof(in)};

	return wire_ask(w, FUSE_FLUSH, node, &part, 1);
}

int wire_release(struct wire *w, uint32_t opcode, uint64_t node, uint64_t fh)
{
	const struct fuse_release_in in = {.fh = fh};
	const struct part part = {&in, sizeof(in)};

	return wire_ask(w, opcode, node, &part, 1);
}

uint64_t refs_of(struct wire *w, uint64_t node)
{
	const struct node *n = node_by_ino(&w->fs->nodes, node);

	return n ? n->refs : 0;
}

uint64_t map_with_keys(struct wire *w, uint32_t *map)
{
	*map = fs_mkdir(w->fixture, "m");
	raw_put(*map, 1, 10);
	raw_put(*map, 2, 1234567);
	return wire_lookup(w, FUSE_ROOT_ID, "m", NULL);
}
