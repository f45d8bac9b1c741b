/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Directories as the kernel reads them, and requests in no order at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys.h"
#include "tests/unit/fs_clock.h"
#include "tests/unit/fs_wire.h"

enum { ROOT = FUSE_ROOT_ID, NAMES = 1000, REPLY = 4096 };

/* One entry of a reply. */
struct entry {
	char name[256];
	uint32_t type;
	uint64_t ino, next;
	struct fuse_entry_out plus; /* zeroes of READDIR */
};

struct listed {
	size_t count;
	struct entry entries[NAMES];
};

/* Takes a reply of READDIR or READDIRPLUS apart. */
static void take_reply(struct wire *w, bool plus, struct listed *all)
{
	size_t off = 0;

	while (off < w->len) {
		struct entry *e = &all->entries[all->count++];
		struct fuse_dirent dirent;

		assert_true(all->count < NAMES);
		e->plus = (struct fuse_entry_out){0};
		if (plus) {
			memcpy(&e->plus, w->out.bytes + off, sizeof(e->plus));
			off += sizeof(e->plus);
		}
		memcpy(&dirent, w->out.bytes + off, FUSE_NAME_OFFSET);
		off += FUSE_NAME_OFFSET;
		assert_in_range(dirent.namelen, 1, 255);
		snprintf(e->name, sizeof(e->name), "%.*s", (int)dirent.namelen, w->out.bytes + off);
		e->type = dirent.type;
		e->ino = dirent.ino;
		e->next = dirent.off;
		off += FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + dirent.namelen) - FUSE_NAME_OFFSET;
	}
	assert_int_equal(off, w->len);
}

static void read_all(struct wire *w, uint64_t dir, bool plus, uint32_t size, struct listed *all)
{
	uint64_t fh, off = 0;

	all->count = 0;
	assert_int_equal(wire_open(w, FUSE_OPENDIR, dir, O_RDONLY, &fh), 0);
	do {
		assert_int_equal(
			wire_read(w, plus ? FUSE_READDIRPLUS : FUSE_READDIR, dir, fh, off, size),
			0);
		assert_true(w->len <= size);
		take_reply(w, plus, all);
		off = all->entries[all->count - 1].next;
	} while (w->len);
	assert_int_equal(wire_release(w, FUSE_RELEASEDIR, dir, fh), 0);
}

static const struct entry *entry_of(const struct listed *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->entries[i].name, name) == 0)
			return &all->entries[i];
	return NULL;
}

/* Names only: no node is counted. */
static void test_readdir(void **state)
{
	struct listed *all = calloc(1, sizeof(*all));
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map);
	size_t nodes = w->fs->nodes.count;

	read_all(w, dir, false, REPLY, all);
	assert_int_equal(all->count, 5);
	assert_string_equal(all->entries[0].name, ".");
	assert_int_equal(all->entries[0].ino, dir);
	assert_int_equal(all->entries[0].type, S_IFDIR >> 12);
	assert_string_equal(all->entries[1].name, "..");
	assert_string_equal(all->entries[2].name, ".map");
	assert_int_equal(all->entries[2].type, S_IFREG >> 12);
	for (size_t i = 2; i < 5; i++) {
		assert_int_equal(all->entries[i].ino,
				 wire_lookup(w, dir, all->entries[i].name, NULL));
		wire_forget(w, all->entries[i].ino, 1);
	}
	assert_int_equal(w->fs->nodes.count, nodes);
	free(all);
}

/* Each entry counts a look-up; attributes and names hold for a second. */
static void test_readdirplus(void **state)
{
	struct listed *all = calloc(1, sizeof(*all));
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), looked_up = wire_lookup(w, dir, "1", NULL);

	read_all(w, dir, true, REPLY, all);
	assert_int_equal(all->count, 5);
	assert_int_equal(entry_of(all, ".")->plus.nodeid, 0);
	assert_int_equal(entry_of(all, "..")->plus.nodeid, 0);
	assert_int_equal(entry_of(all, "1")->plus.attr.size, 3);
	assert_int_equal(entry_of(all, "2")->plus.attr.size, 8);
	for (size_t i = 2; i < 5; i++) {
		const struct entry *e = &all->entries[i];

		assert_int_equal(e->plus.nodeid, e->ino);
		assert_int_equal(e->plus.attr.ino, e->ino);
		assert_int_equal(e->plus.entry_valid, 1);
		assert_int_equal(e->plus.attr_valid, 0);
		assert_int_equal(refs_of(w, e->ino), e->ino == looked_up ? 2 : 1);
		assert_int_equal(wire_getattr(w, e->ino), 0);
		assert_memory_equal(&w->out.attr.attr, &e->plus.attr, sizeof(e->plus.attr));
		wire_forget(w, e->ino, 1);
	}
	assert_int_equal(refs_of(w, looked_up), 1);
	free(all);
}

/* What did not fit into a reply is not counted. */
static void test_readdirplus_in_small_replies(void **state)
{
	struct listed *all = calloc(1, sizeof(*all));
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map);

	for (uint32_t key = 10; key < 310; key++)
		raw_put(map, key, key);
	for (uint32_t size = 300; size <= 2000; size += 425) {
		size_t nodes = w->fs->nodes.count;

		read_all(w, dir, true, size, all);
		assert_int_equal(all->count, 305);
		assert_int_equal(w->fs->nodes.count, nodes + 303);
		for (size_t i = 2; i < all->count; i++) {
			assert_int_equal(refs_of(w, all->entries[i].ino), 1);
			wire_forget(w, all->entries[i].ino, 1);
		}
		assert_int_equal(w->fs->nodes.count, nodes);
	}
	free(all);
}

static void test_root(void **state)
{
	struct listed *all = calloc(1, sizeof(*all));
	struct wire *w = *state;
	uint64_t fh;

	for (int i = 0; i < 50; i++) {
		char name[32];

		snprintf(name, sizeof(name), "map%d", i);
		fs_mkdir(w->fixture, name);
	}
	read_all(w, ROOT, true, 1000, all);
	assert_int_equal(all->count, 52);
	for (size_t i = 2; i < all->count; i++) {
		assert_int_equal(all->entries[i].plus.attr.mode, S_IFDIR | 0700);
		assert_int_equal(all->entries[i].type, S_IFDIR >> 12);
	}
	assert_int_equal(wire_open(w, FUSE_OPENDIR, all->entries[2].ino, O_RDONLY, &fh), 0);
	assert_int_equal(wire_release(w, FUSE_RELEASEDIR, all->entries[2].ino, fh), 0);
	free(all);
}

/* A listing that finds another size than open told: open has to tell it. */
static void test_listing_and_open(void **state)
{
	struct listed *all = calloc(1, sizeof(*all));
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), node, fh;

	read_all(w, dir, true, REPLY, all);
	node = entry_of(all, "1")->ino;
	assert_int_equal(wire_open(w, FUSE_OPEN, node, O_RDONLY, &fh), 0);
	assert_int_equal(w->invalidated, 0);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
	raw_put(map, 1, 1234);
	assert_int_equal(wire_open(w, FUSE_OPEN, node, O_RDONLY, &fh), 0);
	assert_int_equal(w->invalidated, 1);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
	free(all);
}

/* tar reads a file while another process lists its directory. */
static void test_listing_while_served(void **state)
{
	struct listed *all = calloc(1, sizeof(*all));
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), node = wire_lookup(w, dir, "1", NULL), fh;
	struct fuse_attr before;

	assert_int_equal(wire_open(w, FUSE_OPEN, node, O_RDONLY, &fh), 0);
	assert_int_equal(wire_getattr(w, node), 0);
	before = w->out.attr.attr;
	raw_put(map, 1, 1234567);
	read_all(w, dir, true, REPLY, all);
	assert_int_equal(entry_of(all, "1")->plus.attr.size, before.size);
	assert_int_equal(entry_of(all, "1")->plus.attr.mtime, before.mtime);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, fh), 0);
	free(all);
}

static void test_map_goes(void **state)
{
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), node = wire_lookup(w, dir, "1", NULL);
	uint64_t fh, file, listing;
	int err;

	assert_int_equal(wire_open(w, FUSE_OPENDIR, dir, O_RDONLY, &listing), 0);
	assert_int_equal(wire_open(w, FUSE_OPEN, node, O_RDWR | O_TRUNC, &file), 0);
	assert_int_equal(sys_pin_unlink(FS_PINDIR "/m"), 0);
	assert_int_equal(wire_lookup(w, ROOT, "m", NULL), 0);
	err = wire_getattr(w, dir);
	assert_true(err == -ENOENT || err == -ESTALE);
	err = wire_write(w, node, file, "5\n", 0);
	assert_true(err == -ENOENT || err == -ESTALE);
	err = wire_create(w, dir, "7", O_WRONLY, 0644, &fh);
	assert_true(err == -ENOENT || err == -ESTALE);
	err = wire_name(w, FUSE_UNLINK, dir, "1");
	assert_true(err == -ENOENT || err == -ESTALE);
	assert_int_equal(wire_release(w, FUSE_RELEASE, node, file), 0);
	assert_int_equal(wire_release(w, FUSE_RELEASEDIR, dir, listing), 0);
}

static void test_map_goes_while_listed(void **state)
{
	struct wire *w = *state;
	uint32_t map;
	uint64_t dir = map_with_keys(w, &map), fh;

	assert_int_equal(wire_open(w, FUSE_OPENDIR, dir, O_RDONLY, &fh), 0);
	assert_int_equal(sys_pin_unlink(FS_PINDIR "/m"), 0);
	assert_int_equal(wire_read(w, FUSE_READDIRPLUS, dir, fh, 1000, REPLY), -ENOENT);
	assert_int_equal(wire_release(w, FUSE_RELEASEDIR, dir, fh), 0);
}

/* Requests in no order. What the kernel holds open it closes at the end; nothing may
 * stay behind. */

enum { OPEN_FILES = 8, REQUESTS = 20000 };

struct monkey {
	struct wire *w;
	uint32_t map;
	uint64_t dir;
	struct {
		uint64_t node, fh;
		int flags;
	} files[OPEN_FILES];
};

static const char *random_name(void)
{
	static const char *const names[] = {"1",  "2",    "3",     "0x3",   ".s", ".map",
					    ".t", "tmp",  ".info", "1~",    "x",  ".frozen",
					    "4",  ".s.x", "5",     ".count"};

	return names[random_below(ARRAY_SIZE(names))];
}

static const char *random_text(void)
{
	static const char *const texts[] = {"1", "12\n", "x", " ", "\n", "0x", "999999", ""};

	return texts[random_below(ARRAY_SIZE(texts))];
}

static void forget_entry(struct monkey *m, int err)
{
	if (!err)
		wire_forget(m->w, m->w->out.entry.nodeid, 1);
}

static void close_file(struct monkey *m, int i)
{
	if (!m->files[i].node)
		return;
	wire_flush(m->w, m->files[i].node, m->files[i].fh);
	wire_release(m->w, FUSE_RELEASE, m->files[i].node, m->files[i].fh);
	wire_forget(m->w, m->files[i].node, 1);
	m->files[i].node = 0;
}

/* Opens by name; the look-up is forgotten when the file is closed. */
static void open_file(struct monkey *m, int i)
{
	static const int flags[] = {
		O_RDONLY,          O_WRONLY, O_RDWR, O_RDWR | O_TRUNC, O_WRONLY | O_APPEND,
		O_WRONLY | O_TRUNC};
	static const mode_t modes[] = {0600, 0644};
	int how = flags[random_below(ARRAY_SIZE(flags))];
	struct wire *w = m->w;
	const char *name = random_name();
	uint64_t node = wire_lookup(w, m->dir, name, NULL);
	int err;

	close_file(m, i);
	if (node) {
		err = wire_open(w, FUSE_OPEN, node, how, &m->files[i].fh);
		if (err)
			wire_forget(w, node, 1);
	} else {
		err = wire_create(w, m->dir, name, how | (random_below(2) ? O_EXCL : 0),
				  modes[random_below(2)], &m->files[i].fh);
		node = err ? 0 : w->out.created.entry.nodeid;
	}
	m->files[i].node = err ? 0 : node;
	m->files[i].flags = how;
}

/* What the open mode allows: of the rest the kernel asks nobody. */
static void use_file(struct monkey *m, int i)
{
	uint64_t node = m->files[i].node, fh = m->files[i].fh;
	struct fuse_setattr_in in = {
		.valid = FATTR_SIZE | FATTR_FH, .fh = fh, .size = random_below(4)};
	int access = m->files[i].flags & O_ACCMODE;
	bool modes = random_below(2);

	if (!node)
		return;
	if (random_below(4) == 0) {
		wire_flush(m->w, node, fh);
	} else if (random_below(4) == 0) {
		in.valid = FATTR_MODE | FATTR_MTIME;
		in.mode = modes ? 0600 : 0644;
		wire_setattr(m->w, node, &in);
	} else if (access == O_RDONLY || (access == O_RDWR && random_below(2))) {
		wire_read(m->w, FUSE_READ, node, fh, random_below(3), 100);
	} else if (random_below(5) == 0) {
		wire_setattr(m->w, node, &in);
	} else {
		wire_write(m->w, node, fh, random_text(), random_below(3));
	}
}

static void change_names(struct monkey *m)
{
	switch (random_below(3)) {
	case 0:
		wire_name(m->w, FUSE_UNLINK, m->dir, random_name());
		break;
	case 1:
		wire_rename(m->w, m->dir, random_name(), m->dir, random_name(), random_below(2));
		break;
	default:
		forget_entry(m, wire_name(m->w, FUSE_LOOKUP, m->dir, random_name()));
		break;
	}
}

/* A request during which, if faults is set, a call of the kernel fails. */
static void make_request(struct monkey *m, bool faults)
{
	static const int errors[] = {-ENOMEM, -EBUSY, -EPERM, -ENOENT, -EINVAL, -EOPNOTSUPP};
	int i = (int)random_below(OPEN_FILES);

	if (faults)
		fake_fail(FAKE_ANY, random_below(10), errors[random_below(ARRAY_SIZE(errors))]);
	if (random_below(4) == 0)
		change_names(m);
	else if (random_below(3) == 0)
		open_file(m, i);
	else
		use_file(m, i);
	fake_fail(FAKE_ANY, 0, 0);
}

static void run_monkey(struct wire *w, const char *map, bool faults)
{
	struct monkey m = {.w = w};
	size_t nodes;

	clock_ahead = -3600; /* whoever waits for a RELEASE gives up at once */
	m.map = fs_mkdir(w->fixture, map);
	m.dir = wire_lookup(w, ROOT, map, NULL);
	nodes = w->fs->nodes.count;
	for (int n = 0; n < REQUESTS; n++) {
		if (random_below(16) == 0)
			raw_put(m.map, 1 + random_below(5), random_below(100));
		make_request(&m, faults);
	}
	for (int i = 0; i < OPEN_FILES; i++)
		close_file(&m, i);
	assert_int_equal(w->fs->nodes.count, nodes);
	assert_int_equal(w->fs->files_blank, 0);
	assert_int_equal(fake_open_fds(), 0);
}

static void test_monkey(void **state)
{
	run_monkey(*state, "monkey", false);
}

static void test_monkey_on_array(void **state)
{
	run_monkey(*state, "monkey,type=array,max_entries=6", false);
}

static void test_monkey_on_full(void **state)
{
	run_monkey(*state, "monkey,max_entries=2,value=2", false);
}

static void test_monkey_with_faults(void **state)
{
	run_monkey(*state, "monkey,value=3", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_readdir),
		WIRE_TEST(test_readdirplus),
		WIRE_TEST(test_readdirplus_in_small_replies),
		WIRE_TEST(test_root),
		WIRE_TEST(test_listing_and_open),
		WIRE_TEST(test_listing_while_served),
		WIRE_TEST(test_map_goes),
		WIRE_TEST(test_map_goes_while_listed),
		WIRE_TEST(test_monkey),
		WIRE_TEST(test_monkey_on_array),
		WIRE_TEST(test_monkey_on_full),
		WIRE_TEST(test_monkey_with_faults),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
