/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/fuzz/fuse_client.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fs/ops.h"
#include "fs/file.h"
#include "tests/fuzz/fuzz.h"

enum { ERRNO_MAX = 511, LONGEST_NAME = 255 };

static void promise(bool holds, const char *what)
{
	fuzz_promise(holds, what, NULL, NULL, NULL);
}

/* Replies. */

static struct client *listener; /* libfuse hands no userdata on */

static void take_notice(const struct fuse_out_header *header, size_t len)
{
	promise(header->error == FUSE_NOTIFY_INVAL_INODE, "a notice is of attributes");
	promise(len == sizeof(struct fuse_notify_inval_inode_out), "a notice has its length");
}

static void take_reply(struct client *c, const struct fuse_out_header *header)
{
	promise(header->unique == c->unique, "a reply has the number of its request");
	promise(header->error <= 0 && header->error >= -ERRNO_MAX, "a reply's error is an errno");
	promise(!header->error || !c->len, "a refusal has no content");
	c->error = header->error;
	c->replies++;
}

static ssize_t io_writev(int fd, struct iovec *iov, int count, void *userdata)
{
	const struct fuse_out_header *header = iov[0].iov_base;
	struct client *c = listener;
	size_t len = 0;

	(void)fd;
	(void)userdata;
	promise(iov[0].iov_len == sizeof(*header), "a reply has a header");
	for (int i = 1; i < count; i++) {
		promise(len + iov[i].iov_len <= sizeof(c->out), "a reply is not too long");
		if (header->unique && iov[i].iov_len)
			memcpy(c->out.bytes + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	promise(header->len == len + sizeof(*header), "a reply says its length");
	if (!header->unique) {
		take_notice(header, len);
	} else {
		c->len = len;
		take_reply(c, header);
	}
	return (ssize_t)(len + sizeof(*header));
}

static ssize_t io_read(int fd, void *bytes, size_t len, void *userdata)
{
	(void)fd;
	(void)bytes;
	(void)len;
	(void)userdata;
	return 0;
}

static const struct fuse_custom_io io = {.read = io_read, .writev = io_writev};

/* Requests. */

static void send_request(struct client *c, uint32_t opcode, uint64_t node,
			 const struct client_part *parts, int count)
{
	struct fuse_in_header header = {.len = sizeof(header),
					.opcode = opcode,
					.unique = ++c->unique,
					.nodeid = node,
					.uid = c->uid,
					.gid = c->uid,
					.pid = c->pid};
	struct fuse_buf buf = {0};
	size_t at = sizeof(header);

	for (int i = 0; i < count; i++)
		header.len += (uint32_t)parts[i].len;
	buf.size = header.len;
	buf.mem = malloc(buf.size); /* of the exact length: who reads on is seen */
	promise(buf.mem != NULL, "there is memory");
	memcpy(buf.mem, &header, sizeof(header));
	for (int i = 0; i < count; i++) {
		if (parts[i].len)
			memcpy((char *)buf.mem + at, parts[i].bytes, parts[i].len);
		at += parts[i].len;
	}
	c->replies = 0;
	c->len = 0;
	fuse_session_process_buf(c->session, &buf);
	free(buf.mem);
}

int client_ask(struct client *c, uint32_t opcode, uint64_t node, const struct client_part *parts,
	       int count)
{
	send_request(c, opcode, node, parts, count);
	promise(c->replies == 1, "a request has one reply");
	return c->error;
}

void client_tell(struct client *c, uint32_t opcode, uint64_t node, const struct client_part *parts,
		 int count)
{
	send_request(c, opcode, node, parts, count);
	promise(c->replies == 0, "what needs no reply has none");
}

void client_start(struct client *c, struct fs *fs)
{
	const struct fuse_init_in in = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = 1 << 17,
		.flags = FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_DONT_MASK |
			 FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_PARALLEL_DIROPS |
			 FUSE_MAX_PAGES | FUSE_AUTO_INVAL_DATA,
	};
	const struct client_part part = {&in, sizeof(in)};
	char *argv[] = {(char *)(uintptr_t) "fuzz", (char *)(uintptr_t) "-omax_read=131072", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(2, argv);

	listener = c;
	c->fs = fs;
	c->session = fuse_session_new(&args, &ops, sizeof(ops), fs);
	fuse_opt_free_args(&args);
	promise(c->session && !fuse_session_custom_io(c->session, &io, dup(STDERR_FILENO)),
		"a session begins");
	fs->session = c->session;
	c->nodes[0] = (struct client_node){FUSE_ROOT_ID, 1, S_IFDIR};
	c->node_count = 1;
	c->file_count = c->name_count = 0;
	promise(client_ask(c, FUSE_INIT, 0, &part, 1) == 0, "INIT is answered");
}

/* Nodes. */

struct client_node *client_node(struct client *c, uint64_t id)
{
	for (size_t i = c->node_count; i-- > 0;)
		if (c->nodes[i].id == id && c->nodes[i].lookups)
			return &c->nodes[i];
	return NULL;
}

bool client_has_open(const struct client *c, uint64_t node)
{
	for (size_t i = 0; i < c->file_count; i++)
		if (c->files[i].node == node)
			return true;
	return false;
}

static size_t choose(uint8_t n, size_t count)
{
	return n < 128 ? n % count : count - 1 - (255U - n) % count;
}

static bool fits(const struct client_node *n, mode_t type)
{
	return n->lookups && (!type || n->type == type);
}

struct client_node *client_choose_node(struct client *c, uint8_t n, mode_t type)
{
	struct client_node *node = c->nodes;
	size_t count = 0, wanted;

	for (size_t i = 0; i < c->node_count; i++)
		count += fits(&c->nodes[i], type);
	if (!count)
		return NULL;
	for (wanted = choose(n, count); wanted || !fits(node, type); node++)
		wanted -= fits(node, type);
	return node;
}

struct client_file *client_choose_file(struct client *c, uint8_t n, bool is_dir)
{
	struct client_file *file = c->files;
	size_t count = 0, wanted;

	for (size_t i = 0; i < c->file_count; i++)
		count += c->files[i].is_dir == is_dir;
	if (!count)
		return NULL;
	for (wanted = choose(n, count); wanted || file->is_dir != is_dir; file++)
		wanted -= file->is_dir == is_dir;
	return file;
}

static void check_attr(const struct fuse_attr *attr)
{
	bool is_file = S_ISREG(attr->mode);

	promise(is_file || S_ISDIR(attr->mode) || S_ISLNK(attr->mode), "a node has a type");
	promise(attr->ino != 0 && attr->nlink != 0, "a node has a number and a link");
	promise((int64_t)attr->size >= 0, "a size is none below zero");
	promise(!is_file || attr->blocks == (attr->size + 511) / 512, "blocks follow the size");
	promise(attr->mtimensec < 1000000000, "a time is one");
}

/* Counts one look-up. What the kernel knows as another type it takes for another inode. */
static struct client_node *take_entry(struct client *c, const struct fuse_entry_out *entry)
{
	struct client_node *node = client_node(c, entry->nodeid);

	promise(entry->nodeid != 0, "an entry has a node");
	promise(entry->entry_valid_nsec < 1000000000 && entry->attr_valid_nsec < 1000000000,
		"a time that something is valid is one");
	check_attr(&entry->attr);
	if (!node) {
		promise(c->node_count < CLIENT_NODES, "the fuzzer has room for nodes");
		node = &c->nodes[c->node_count++];
		*node = (struct client_node){.id = entry->nodeid};
	}
	node->type = entry->attr.mode & S_IFMT;
	node->lookups++;
	return node;
}

void client_forget(struct client *c, struct client_node *node)
{
	const struct fuse_forget_in in = {.nlookup = node->lookups};
	const struct client_part part = {&in, sizeof(in)};

	node->lookups = 0;
	client_tell(c, FUSE_FORGET, node->id, &part, 1);
}

int client_entry(struct client *c, uint32_t opcode, uint64_t dir, const struct client_part *parts,
		 int count, struct client_node **node)
{
	struct client_node *taken = NULL;
	int err = client_ask(c, opcode, dir, parts, count);

	if (!err) {
		promise(c->len == sizeof(c->out.entry), "an entry has its length");
		taken = take_entry(c, &c->out.entry);
	}
	if (node)
		*node = taken;
	return err;
}

int client_lookup(struct client *c, uint64_t dir, const char *name, struct client_node **node)
{
	const struct client_part part = {name, strlen(name) + 1};

	return client_entry(c, FUSE_LOOKUP, dir, &part, 1, node);
}

int client_mkdir(struct client *c, uint64_t dir, const char *name)
{
	const struct fuse_mkdir_in in = {.mode = 0755, .umask = c->umask};
	const struct client_part parts[] = {{&in, sizeof(in)}, {name, strlen(name) + 1}};

	return client_entry(c, FUSE_MKDIR, dir, parts, 2, NULL);
}

int client_getattr(struct client *c, struct client_node *node)
{
	const struct fuse_getattr_in in = {0};
	const struct client_part part = {&in, sizeof(in)};
	int err = client_ask(c, FUSE_GETATTR, node->id, &part, 1);

	if (err)
		return err;
	promise(c->len == sizeof(c->out.attr), "attributes have their length");
	check_attr(&c->out.attr.attr);
	promise((c->out.attr.attr.mode & S_IFMT) == node->type, "an inode keeps its type");
	return 0;
}

/* Files. */

static struct client_file *take_file(struct client *c, uint64_t node, uint32_t flags, bool is_dir,
				     const struct fuse_open_out *open)
{
	struct client_file *file = &c->files[c->file_count++];

	*file = (struct client_file){.fh = open->fh,
				     .node = node,
				     .flags = flags,
				     .is_dir = is_dir,
				     .no_flush = open->open_flags & FOPEN_NOFLUSH};
	return file;
}

int client_create(struct client *c, uint64_t dir, const char *name, uint32_t flags, uint32_t mode,
		  struct client_file **file)
{
	const struct fuse_create_in in = {
		.flags = flags | O_CREAT, .mode = S_IFREG | (mode & 07777), .umask = c->umask};
	const struct client_part parts[] = {{&in, sizeof(in)}, {name, strlen(name) + 1}};
	int err;

	*file = NULL;
	if (c->file_count == CLIENT_FILES)
		return -1;
	err = client_ask(c, FUSE_CREATE, dir, parts, 2);
	if (err)
		return err;
	promise(c->len == sizeof(c->out.created), "what is created has an entry and a handle");
	promise(S_ISREG(c->out.created.entry.attr.mode), "what is created is a file");
	take_entry(c, &c->out.created.entry);
	*file = take_file(c, c->out.created.entry.nodeid, flags, false, &c->out.created.open);
	return 0;
}

int client_open(struct client *c, struct client_node *node, uint32_t flags,
		struct client_file **file)
{
	bool is_dir = S_ISDIR(node->type);
	const struct fuse_open_in in = {.flags = flags};
	const struct client_part part = {&in, sizeof(in)};
	int err;

	*file = NULL;
	if (c->file_count == CLIENT_FILES)
		return -1;
	err = client_ask(c, is_dir ? FUSE_OPENDIR : FUSE_OPEN, node->id, &part, 1);
	if (err)
		return err;
	promise(c->len == sizeof(c->out.open), "a handle has its length");
	*file = take_file(c, node->id, flags, is_dir, &c->out.open);
	return 0;
}

int client_read(struct client *c, const struct client_file *file, uint64_t off, uint32_t size)
{
	const struct fuse_read_in in = {
		.fh = file->fh, .offset = off, .size = size, .flags = file->flags};
	const struct client_part part = {&in, sizeof(in)};
	int err = client_ask(c, FUSE_READ, file->node, &part, 1);

	promise(c->len <= size, "a read gives no more than was asked for");
	return err;
}

static void check_name(const struct fuse_dirent *entry)
{
	promise(entry->namelen > 0 && entry->namelen <= LONGEST_NAME, "a name has a length");
	promise(!memchr(entry->name, '/', entry->namelen) &&
			!memchr(entry->name, '\0', entry->namelen),
		"a name has no slash and no NUL");
	promise(entry->ino != 0, "a listed name has a number");
	promise(entry->off != 0 && (int64_t)entry->off > 0, "a listing goes on somewhere");
}

static void keep_name(struct client *c, const struct fuse_dirent *entry)
{
	char *name = c->names[c->name_count % CLIENT_NAMES];

	if (entry->name[0] == '.')
		return;
	memcpy(name, entry->name, entry->namelen);
	name[entry->namelen] = '\0';
	c->name_count++;
}

static void check_listed(struct client *c, const struct fuse_direntplus *plus)
{
	if (!plus->entry_out.nodeid)
		return;
	promise((plus->entry_out.attr.mode & S_IFMT) >> 12 == plus->dirent.type,
		"a listed name has one type");
	take_entry(c, &plus->entry_out);
}

int client_list(struct client *c, struct client_file *dir, bool plus, uint64_t off, uint32_t size)
{
	const struct fuse_read_in in = {.fh = dir->fh, .offset = off, .size = size};
	const struct client_part part = {&in, sizeof(in)};
	size_t head = plus ? offsetof(struct fuse_direntplus, dirent) : 0, at = 0;
	int err = client_ask(c, plus ? FUSE_READDIRPLUS : FUSE_READDIR, dir->node, &part, 1);

	promise(c->len <= size, "a listing is no longer than was asked for");
	while (!err && at < c->len) {
		const struct fuse_dirent *entry = (const void *)(c->out.bytes + at + head);

		promise(c->len - at >= head + sizeof(*entry), "a listed name has its head");
		check_name(entry);
		keep_name(c, entry);
		dir->next = entry->off;
		if (plus)
			check_listed(c, (const void *)(c->out.bytes + at));
		at += FUSE_DIRENT_ALIGN(head + FUSE_NAME_OFFSET + entry->namelen);
	}
	promise(err || at == c->len, "a listing ends behind a name");
	return err;
}

int client_write(struct client *c, const struct client_file *file, const char *bytes, size_t len,
		 uint64_t off)
{
	const struct fuse_write_in in = {.fh = file->fh,
					 .offset = off,
					 .size = (uint32_t)len,
					 .lock_owner = c->pid,
					 .write_flags = FUSE_WRITE_LOCKOWNER,
					 .flags = file->flags};
	const struct client_part parts[] = {{&in, sizeof(in)}, {bytes, len}};
	int err = client_ask(c, FUSE_WRITE, file->node, parts, 2);

	if (!err)
		promise(c->len == sizeof(c->out.written) && c->out.written.size <= len,
			"no more is written than was given");
	return err;
}

int client_flush(struct client *c, const struct client_file *file)
{
	const struct fuse_flush_in in = {.fh = file->fh, .lock_owner = c->pid};
	const struct client_part part = {&in, sizeof(in)};

	return client_ask(c, FUSE_FLUSH, file->node, &part, 1);
}

int client_release(struct client *c, struct client_file *file)
{
	const struct fuse_release_in in = {.fh = file->fh, .flags = file->flags};
	const struct client_part part = {&in, sizeof(in)};
	int err =
		client_ask(c, file->is_dir ? FUSE_RELEASEDIR : FUSE_RELEASE, file->node, &part, 1);

	*file = c->files[--c->file_count];
	return err;
}

/* The end. */

static void release_all(struct client *c, bool abandon)
{
	for (size_t i = c->file_count; i-- > 0;)
		if (!abandon || c->files[i].is_dir)
			client_release(c, &c->files[i]);
	if (c->file_count)
		file_abandon_all(c->fs);
}

void client_end(struct client *c, bool abandon)
{
	const struct fs *fs = c->fs;

	c->uid = c->pid = 0;
	release_all(c, abandon);
	promise(fs->files_open == 0, "no file is open when all are closed");
	promise(fs->files_blank == 0 && fs->files_waits == 0, "nobody waits when all are closed");
	for (size_t i = 1; i < c->node_count; i++)
		if (c->nodes[i].lookups)
			client_forget(c, &c->nodes[i]);
	promise(fs->nodes.count == 1, "the root alone is there when all are forgotten");
	fuse_session_destroy(c->session);
	c->fs->session = c->session = NULL;
}
