/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * FUSE requests. Input: fuse_order.h. FUZZ_SHOW=1 in the environment tells what an input does.
 *
 * What the kernel warrants is kept, so that what is found could happen:
 *   - It names nodes and handles that it was given and has not given back. It forgets a node with
 *     all look-ups at once, when nothing of it is open.
 *   - Names have no NUL and no slash, are not empty, "." or "..", and shorter than 1,024
 *     bytes; targets of links are shorter than 4,096.
 *   - Names are asked of directories, links are read, files are opened. A handle is read,
 *     written, truncated, listed as it was opened for; a directory is not written.
 *   - Offsets and sizes end below 2^63. OPEN has neither O_CREAT nor O_EXCL.
 * All else is arbitrary: order, flags, modes, users, which fields a SETATTR sets. The kernel would
 * refuse users what the mode of a file does (default_permissions); here they all get through.
 * One request is answered at a time, as many threads are the business of other tests.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuse_check.h"
#include "tests/fuzz/fuse_clock.h"
#include "tests/fuzz/fuse_order.h"
#include "tests/fuzz/fuse_world.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_sys.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum {
	NAME_MOST = 1023,
	TARGET_MOST = 4095,
	TEXT_MOST = 1 << 16,
	ROOM_FOR_NODES = 2048,
	LARGE_LISTING = 8192
};

struct run {
	struct world world;
	struct client *c;
	struct order o;
	const uint8_t *bytes; /* of it; o.len */
	bool is_read_only, has_fault;
	char name[NAME_MOST + 1], second[TARGET_MOST + 1];
};

static void promise(bool holds, const char *what)
{
	fuzz_promise(holds, what, NULL, NULL, NULL);
}

static void show(const struct run *r, const char *op, uint64_t node, int err)
{
	static int wanted = -1;

	if (wanted < 0)
		wanted = getenv("FUZZ_SHOW") != NULL;
	if (wanted)
		fprintf(stderr,
			"%-10s node %#llx flags %#x mode %#o size %u off %u name '%s' '%s' %.*s: "
			"%d\n",
			op, (unsigned long long)node, r->o.flags, r->o.mode, r->o.size, r->o.off,
			r->name, r->second, (int)r->o.len, (const char *)r->bytes, err);
}

/* What an order means. */

size_t order_read(const uint8_t *data, size_t size, struct order *o, const uint8_t **bytes)
{
	if (size < sizeof(*o))
		return 0;
	memcpy(o, data, sizeof(*o));
	if (o->len > size - sizeof(*o))
		o->len = (uint16_t)(size - sizeof(*o));
	*bytes = data + sizeof(*o);
	return sizeof(*o) + o->len;
}

static struct client_node *choose_node(struct run *r, uint8_t n, mode_t type)
{
	return client_choose_node(r->c, n, type);
}

static struct client_file *choose_file(struct run *r, bool is_dir)
{
	return client_choose_file(r->c, r->o.other, is_dir);
}

static bool may(const struct client_file *f, uint32_t mode)
{
	return (f->flags & O_ACCMODE) == mode || (f->flags & O_ACCMODE) == O_RDWR;
}

static uint64_t offset(const struct run *r)
{
	static const uint64_t large[] = {1 << 16,
					 1 << 20,
					 1ULL << 31,
					 1ULL << 32,
					 1ULL << 40,
					 1ULL << 62,
					 INT64_MAX - (1 << 20),
					 UINT32_MAX};

	return r->o.off < 0xff00 ? r->o.off : large[r->o.off % ARRAY_SIZE(large)];
}

/* Bytes up to a NUL, as a name of at most that length; what is left of them. */
static size_t take_name(const uint8_t *bytes, size_t len, char *name, size_t most, bool slashes)
{
	size_t taken = strnlen((const char *)bytes, len < most ? len : most);

	memcpy(name, bytes, taken);
	name[taken] = '\0';
	for (size_t i = 0; i < taken; i++)
		if (name[i] == '/' && !slashes)
			name[i] = '|';
	if (!taken || (!slashes && (!strcmp(name, ".") || !strcmp(name, ".."))))
		strcpy(name, "1");
	return taken < len ? taken + 1 : len;
}

static void recall(const struct run *r, char *name)
{
	size_t n = (unsigned char)name[0];

	if (n && n <= CLIENT_NAMES && !name[1] && n <= r->c->name_count)
		strcpy(name, r->c->names[n - 1]);
}

static void take_names(struct run *r)
{
	size_t taken = take_name(r->bytes, r->o.len, r->name, NAME_MOST, false);
	bool is_target = r->o.op == ORDER_SYMLINK;

	r->second[0] = '\0';
	if (is_target || r->o.op == ORDER_RENAME)
		take_name(r->bytes + taken, r->o.len - taken, r->second,
			  is_target ? TARGET_MOST : NAME_MOST, is_target);
	recall(r, r->name);
	recall(r, r->second);
}

static void set_asker(struct run *r)
{
	static const uint32_t users[] = {0, 0, 0, 7};

	r->c->uid = users[r->o.who % ARRAY_SIZE(users)];
	r->c->pid = 10 + (r->o.who >> 2 & 3);
	r->c->umask = r->o.who & 0x80 ? 0 : 022;
}

/* Requests. */

static int ask_names(struct run *r, uint32_t opcode, uint64_t dir, const void *in, size_t len)
{
	const struct client_part parts[] = {
		{in, len}, {r->name, strlen(r->name) + 1}, {r->second, strlen(r->second) + 1}};

	return client_ask(r->c, opcode, dir, parts, r->second[0] ? 3 : 2);
}

static int do_lookup(struct run *r, struct client_node *dir)
{
	return client_lookup(r->c, dir->id, r->name, NULL);
}

static int do_getattr(struct run *r, struct client_node *node)
{
	return client_getattr(r->c, node);
}

static int do_setattr(struct run *r, struct client_node *node)
{
	struct fuse_setattr_in in = {.valid = r->o.flags & ~(uint32_t)FATTR_FH,
				     .size = offset(r),
				     .mode = node->type | (r->o.mode & 07777),
				     .uid = r->o.size,
				     .gid = r->o.size >> 8,
				     .mtime = r->o.size,
				     .mtimensec = r->o.size};
	const struct client_part part = {&in, sizeof(in)};
	struct client_file *file = NULL;

	if (!S_ISREG(node->type))
		in.valid &= ~(uint32_t)FATTR_SIZE;
	if (in.valid & FATTR_SIZE && r->o.flags & FATTR_FH)
		file = choose_file(r, false);
	if (file && may(file, O_WRONLY)) {
		in.valid |= FATTR_FH;
		in.fh = file->fh;
		return client_ask(r->c, FUSE_SETATTR, file->node, &part, 1);
	}
	return client_ask(r->c, FUSE_SETATTR, node->id, &part, 1);
}

static int do_readlink(struct run *r, struct client_node *link)
{
	int err = client_ask(r->c, FUSE_READLINK, link->id, NULL, 0);

	promise(err || !memchr(r->c->out.bytes, '\0', r->c->len), "a target has no NUL");
	return err;
}

static int do_symlink(struct run *r, struct client_node *dir)
{
	const struct client_part parts[] = {{r->name, strlen(r->name) + 1},
					    {r->second, strlen(r->second) + 1}};

	return client_entry(r->c, FUSE_SYMLINK, dir->id, parts, 2, NULL);
}

static int do_mknod(struct run *r, struct client_node *dir)
{
	const struct fuse_mknod_in in = {.mode = r->o.mode, .rdev = r->o.size, .umask = 022};
	const struct client_part parts[] = {{&in, sizeof(in)}, {r->name, strlen(r->name) + 1}};

	return client_entry(r->c, FUSE_MKNOD, dir->id, parts, 2, NULL);
}

static int do_mkdir(struct run *r, struct client_node *dir)
{
	return client_mkdir(r->c, dir->id, r->name);
}

static int do_unlink(struct run *r, struct client_node *dir)
{
	return ask_names(r, FUSE_UNLINK, dir->id, NULL, 0);
}

static int do_rmdir(struct run *r, struct client_node *dir)
{
	return ask_names(r, FUSE_RMDIR, dir->id, NULL, 0);
}

static int do_rename(struct run *r, struct client_node *dir)
{
	const struct client_node *new_dir = choose_node(r, r->o.other, S_IFDIR);
	const struct fuse_rename2_in in = {.newdir = r->o.mode & 1 ? dir->id : new_dir->id,
					   .flags = r->o.flags & 7};

	return ask_names(r, FUSE_RENAME2, dir->id, &in, sizeof(in));
}

static int do_link(struct run *r, struct client_node *dir)
{
	const struct client_node *node = choose_node(r, r->o.other, S_IFREG);
	const struct fuse_link_in in = {.oldnodeid = node ? node->id : 1};
	const struct client_part parts[] = {{&in, sizeof(in)}, {r->name, strlen(r->name) + 1}};

	return node ? client_entry(r->c, FUSE_LINK, dir->id, parts, 2, NULL) : 0;
}

static int do_open(struct run *r, struct client_node *node)
{
	struct client_file *file;
	uint32_t flags = r->o.flags & ~(uint32_t)(O_CREAT | O_EXCL | O_NOCTTY);

	return S_ISLNK(node->type) ? 0 : client_open(r->c, node, flags, &file);
}

static int do_create(struct run *r, struct client_node *dir)
{
	struct client_file *file;

	return client_create(r->c, dir->id, r->name, r->o.flags, r->o.mode, &file);
}

static int do_read(struct run *r, struct client_node *node)
{
	const struct client_file *file = choose_file(r, false);

	(void)node;
	if (!file || !may(file, O_RDONLY))
		return 0;
	return client_read(r->c, file, offset(r), r->o.size * 2U);
}

/* The bytes, many times over if a lot is wanted. */
static int do_write(struct run *r, struct client_node *node)
{
	const struct client_file *file = choose_file(r, false);
	static char text[TEXT_MOST];
	size_t times = r->o.size >> 12 ? r->o.size >> 8 : 1, len = 0;

	(void)node;
	if (!file || !may(file, O_WRONLY))
		return 0;
	for (size_t i = 0; i < times && len + r->o.len <= sizeof(text); i++) {
		memcpy(text + len, r->bytes, r->o.len);
		len += r->o.len;
	}
	return client_write(r->c, file, text, len, offset(r));
}

static int do_flush(struct run *r, struct client_node *node)
{
	const struct client_file *file = choose_file(r, false);

	(void)node;
	return file && !file->no_flush ? client_flush(r->c, file) : 0;
}

static int do_release(struct run *r, struct client_node *node)
{
	struct client_file *file = choose_file(r, r->o.flags & 1);

	(void)node;
	return file ? client_release(r->c, file) : 0;
}

static int do_fsync(struct run *r, struct client_node *node)
{
	const struct client_file *file = choose_file(r, false);
	const struct fuse_fsync_in in = {.fh = file ? file->fh : 0, .fsync_flags = r->o.flags & 1};
	const struct client_part part = {&in, sizeof(in)};

	(void)node;
	return file ? client_ask(r->c, FUSE_FSYNC, file->node, &part, 1) : 0;
}

static int do_fallocate(struct run *r, struct client_node *node)
{
	const struct client_file *file = choose_file(r, false);
	const struct fuse_fallocate_in in = {.fh = file ? file->fh : 0,
					     .offset = r->o.size & 1 ? offset(r) : 0,
					     .length = r->o.size & 1 ? r->o.size : offset(r) + 1,
					     .mode = r->o.flags & 3};
	const struct client_part part = {&in, sizeof(in)};

	(void)node;
	if (!file || !may(file, O_WRONLY))
		return 0;
	return client_ask(r->c, FUSE_FALLOCATE, file->node, &part, 1);
}

static int do_list(struct run *r, struct client_node *node)
{
	struct client_file *dir = choose_file(r, true);
	uint32_t size = r->o.size < 0x8000 ? r->o.size : LARGE_LISTING;

	(void)node;
	if (!dir)
		return 0;
	return client_list(r->c, dir, r->o.flags & 1, r->o.flags & 2 ? dir->next : offset(r), size);
}

static bool may_be_forgotten(const struct run *r, const struct client_node *node)
{
	return node->id != FUSE_ROOT_ID && !client_has_open(r->c, node->id);
}

static int do_forget(struct run *r, struct client_node *node)
{
	if (may_be_forgotten(r, node))
		client_forget(r->c, node);
	return 0;
}

static int do_batch_forget(struct run *r, struct client_node *node)
{
	struct client_node *other = choose_node(r, r->o.other, 0);
	const struct fuse_batch_forget_in in = {.count = 2};
	const struct fuse_forget_one ones[] = {{node->id, node->lookups},
					       {other->id, other->lookups}};
	const struct client_part parts[] = {{&in, sizeof(in)}, {ones, sizeof(ones)}};

	if (other == node || !may_be_forgotten(r, node) || !may_be_forgotten(r, other))
		return 0;
	node->lookups = other->lookups = 0;
	client_tell(r->c, FUSE_BATCH_FORGET, 0, parts, 2);
	return 0;
}

/* What tools do. */

static int do_store(struct run *r, struct client_node *dir)
{
	size_t name_len = strnlen((const char *)r->bytes, r->o.len) + 1;
	const char *text = (const char *)r->bytes + name_len;

	if (name_len >= r->o.len || r->c->file_count == CLIENT_FILES)
		return 0;
	r->c->uid = 0;
	return check_store(r->c, dir->id, r->name, text, r->o.len - name_len, r->has_fault);
}

static int do_walk(struct run *r, struct client_node *dir)
{
	r->c->uid = 0;
	return r->c->file_count + 2 < CLIENT_FILES ? check_walk(r->c, dir->id, r->has_fault) : 0;
}

/* What others do. */

static int do_deed(struct run *r, struct client_node *node)
{
	uint32_t id = r->o.size % 16 + 1, map = 0;

	(void)node;
	while (id-- && sys_map_next_id(map, &map) == 0)
		;
	world_act((enum world_deed)(r->o.flags % WORLD_DEEDS), map, r->o.other);
	return 0;
}

static int do_pass(struct run *r, struct client_node *node)
{
	(void)node;
	fuse_clock_pass(r->o.size * (r->o.flags & 1 ? 100U : 1U));
	return 0;
}

static int do_fault(struct run *r, struct client_node *node)
{
	static const int errors[] = {-ENOMEM, -EPERM,  -ENOENT, -EAGAIN,
				     -EINTR,  -EMFILE, -E2BIG,  -EBUSY};

	(void)node;
	r->has_fault = true;
	fake_fail(FAKE_ANY, r->o.size % 32, errors[r->o.flags % ARRAY_SIZE(errors)]);
	return 0;
}

/* Orders. */

static const struct deed {
	const char *name;
	mode_t type; /* of the node that it is about; 0: any */
	int (*act)(struct run *r, struct client_node *node);
} deeds[ORDER_OPS] = {
	[ORDER_LOOKUP] = {"lookup", S_IFDIR, do_lookup},
	[ORDER_GETATTR] = {"getattr", 0, do_getattr},
	[ORDER_SETATTR] = {"setattr", 0, do_setattr},
	[ORDER_READLINK] = {"readlink", S_IFLNK, do_readlink},
	[ORDER_SYMLINK] = {"symlink", S_IFDIR, do_symlink},
	[ORDER_MKNOD] = {"mknod", S_IFDIR, do_mknod},
	[ORDER_MKDIR] = {"mkdir", S_IFDIR, do_mkdir},
	[ORDER_UNLINK] = {"unlink", S_IFDIR, do_unlink},
	[ORDER_RMDIR] = {"rmdir", S_IFDIR, do_rmdir},
	[ORDER_RENAME] = {"rename", S_IFDIR, do_rename},
	[ORDER_LINK] = {"link", S_IFDIR, do_link},
	[ORDER_OPEN] = {"open", 0, do_open},
	[ORDER_READ] = {"read", 0, do_read},
	[ORDER_WRITE] = {"write", 0, do_write},
	[ORDER_FLUSH] = {"flush", 0, do_flush},
	[ORDER_RELEASE] = {"release", 0, do_release},
	[ORDER_FSYNC] = {"fsync", 0, do_fsync},
	[ORDER_FALLOCATE] = {"fallocate", 0, do_fallocate},
	[ORDER_LIST] = {"list", 0, do_list},
	[ORDER_CREATE] = {"create", S_IFDIR, do_create},
	[ORDER_FORGET] = {"forget", 0, do_forget},
	[ORDER_BATCH_FORGET] = {"forget two", 0, do_batch_forget},
	[ORDER_STORE] = {"store", S_IFDIR, do_store},
	[ORDER_WALK] = {"walk", S_IFDIR, do_walk},
	[ORDER_DEED] = {"deed", 0, do_deed},
	[ORDER_PASS] = {"pass", 0, do_pass},
	[ORDER_FAULT] = {"fault", 0, do_fault},
};

static void obey(struct run *r)
{
	const struct deed *deed;
	struct client_node *node;
	uint64_t id;
	int err;

	r->o.op %= ORDER_OPS;
	deed = &deeds[r->o.op];
	node = choose_node(r, r->o.node, deed->type);
	if (!node)
		return;
	id = node->id;
	take_names(r);
	set_asker(r);
	fuse_clock_pass(1);
	show(r, deed->name, id, 1);
	err = deed->act(r, node);
	show(r, deed->name, id, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run r;
	size_t at = WORLD_BYTES, len;

	if (size < WORLD_BYTES)
		return 0;
	r.has_fault = false;
	r.c = &r.world.client;
	world_begin(&r.world, data[0], data[1]);
	for (int i = 0; i < ORDERS_MAX && r.c->node_count < ROOM_FOR_NODES; i++) {
		len = order_read(data + at, size - at, &r.o, &r.bytes);
		if (!len)
			break;
		obey(&r);
		at += len;
	}
	world_end(&r.world, data[1]);
	return 0;
}
