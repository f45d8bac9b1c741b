/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fs_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/attr.h"
#include "fs/openfile.h"

#define MKDIR_SPEC "type=hash,key=u32,value=u64,max_entries=1024"

const struct maker fs_maker = {.mode = 0777};
const struct identity fs_root = {.kind = NODE_ROOT};

struct identity fs_map(uint32_t map)
{
	return (struct identity){.kind = NODE_MAP, .map_id = map};
}

/* One mount. */

static void start(struct fixture *f, bool read_only)
{
	struct fs_options options = {
		.survey = {.pindir = FS_PINDIR, .open_flags = read_only ? BPF_F_RDONLY : 0},
		.max_map_bytes = 64 << 20,
		.read_only = read_only,
		.umask = 077,
	};

	assert_int_equal(spec_parse(&options.mkdir_spec, MKDIR_SPEC, strlen(MKDIR_SPEC), ',', NULL),
			 0);
	assert_int_equal(fs_init(&f->fs, &options), 0);
	assert_int_equal(catalog_refresh(f->fs.catalog), 0);
}

int fs_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->row = *state;
	fake_reset();
	assert_int_equal(sys_pin_prepare(FS_PINDIR), 0);
	start(f, false);
	*state = f;
	return 0;
}

int fs_teardown(void **state)
{
	struct fixture *f = *state;

	fs_free(&f->fs);
	for (int kind = 0; kind < QUOTA_KINDS; kind++)
		assert_int_equal(f->fs.quota.of_all[kind], 0);
	free(f);
	fake_reset();
	assert_int_equal(fake_live_maps(), 0);
	return 0;
}

void fs_remount(struct fixture *f, bool read_only)
{
	fs_free(&f->fs);
	start(f, read_only);
}

int fs_try_mkdir(struct fixture *f, const struct identity *dir, const char *name)
{
	struct found found = FOUND_INIT;
	int err;

	f->diag = (struct diag){0};
	err = tree_mkdir(&f->fs, dir, name, &fs_maker, &found, &f->diag);
	found_free(&found);
	return err;
}

uint32_t fs_mkdir(struct fixture *f, const char *name)
{
	struct found found = FOUND_INIT;
	uint32_t id;
	int err = tree_mkdir(&f->fs, &fs_root, name, &fs_maker, &found, &f->diag);

	if (err)
		print_error("mkdir %s: %s\n", name, f->diag.why);
	assert_int_equal(err, 0);
	assert_int_equal(found.id.kind, NODE_MAP);
	id = found.id.map_id;
	fresh_remove(&f->fs.fresh, id);
	found_free(&found);
	return id;
}

uint32_t fs_stranger(struct fixture *f, uint32_t type, const char *name)
{
	uint32_t id = map_id(make_map(type, 4, 8, 4, name));

	assert_int_equal(catalog_refresh(f->fs.catalog), 0);
	return id;
}

/* Another process. Values of per-CPU maps are the same on every CPU. */

static int open_raw(uint32_t map, struct bpf_map_info *info)
{
	int fd = sys_map_open_id(map, 0);

	assert_true(fd >= 0);
	assert_int_equal(sys_map_info(fd, info), 0);
	return fd;
}

int raw_put(uint32_t map, uint32_t key, uint64_t value)
{
	unsigned char bytes[16384] = {0};
	struct bpf_map_info info;
	int fd = open_raw(map, &info), err;

	for (uint32_t cpu = 0; cpu < 2; cpu++)
		memcpy(bytes + (size_t)cpu * 8, &value, sizeof(value));
	err = sys_map_update(fd, &key, bytes, BPF_ANY);
	sys_close(fd);
	return err;
}

int raw_get(uint32_t map, uint32_t key, uint64_t *value)
{
	unsigned char bytes[16384] = {0};
	struct bpf_map_info info;
	int fd = open_raw(map, &info);
	int err = sys_map_lookup(fd, &key, bytes, 0);

	sys_close(fd);
	memcpy(value, bytes, sizeof(*value));
	return err;
}

int raw_delete(uint32_t map, uint32_t key)
{
	struct bpf_map_info info;
	int fd = open_raw(map, &info);
	int err = sys_map_delete(fd, &key);

	sys_close(fd);
	return err;
}

void raw_freeze(uint32_t map)
{
	struct bpf_map_info info;
	int fd = open_raw(map, &info);

	assert_int_equal(sys_map_freeze(fd), 0);
	sys_close(fd);
	fs_wait_lately();
}

void fs_wait_lately(void)
{
	usleep((LATELY_MS + 1) * 1000);
}

/* The kernel's side of FUSE. */

int fs_lookup(struct fixture *f, uint32_t map, const char *name, struct node **node,
	      struct stat *st)
{
	const struct identity dir = fs_map(map);
	struct found found = FOUND_INIT;
	int err = tree_find(&f->fs, &dir, name, &found, NULL);

	if (!err) {
		*node = node_get(&f->fs.nodes, &found.id);
		err = attr_get(&f->fs, *node, st);
		if (err)
			node_put(&f->fs.nodes, *node, 1);
	}
	found_free(&found);
	return err;
}

int fs_kind(struct fixture *f, const struct identity *dir, const char *name)
{
	struct found found = FOUND_INIT;
	int err = tree_find(&f->fs, dir, name, &found, NULL);
	int kind = err ? err : (int)found.id.kind;

	found_free(&found);
	return kind;
}

int fs_stat(struct fixture *f, uint32_t map, const char *name, struct stat *st)
{
	struct node *node;
	int err = fs_lookup(f, map, name, &node, st);

	if (!err)
		node_put(&f->fs.nodes, node, 1);
	return err;
}

static int create(struct fixture *f, uint32_t map, const char *name, int flags, mode_t mode,
		  struct node **node)
{
	const struct identity dir = fs_map(map);
	const struct maker maker = {.mode = mode};
	struct found found = FOUND_INIT;
	int err = tree_create(&f->fs, &dir, name, flags, &maker, &found, &f->diag);

	if (!err)
		*node = node_get(&f->fs.nodes, &found.id);
	found_free(&found);
	return err;
}

int fs_open(struct fixture *f, uint32_t map, const char *name, int flags, mode_t mode,
	    struct file **out)
{
	struct node *node;
	struct stat st;
	int err = fs_lookup(f, map, name, &node, &st);
	bool created = err == -ENOENT && flags & O_CREAT;

	f->diag = (struct diag){0};
	if (created)
		err = create(f, map, name, flags, mode, &node);
	if (err)
		return err;
	if (!created && flags & O_CREAT && flags & O_EXCL) {
		err = -EEXIST;
	} else {
		openfile_settle(&f->fs, node);
		err = file_open(&f->fs, node, created ? flags : flags & ~(O_CREAT | O_EXCL),
				created, out, &f->diag);
	}
	node_put(&f->fs.nodes, node, 1);
	return err;
}

int fs_unlink(struct fixture *f, uint32_t map, const char *name)
{
	const struct identity dir = fs_map(map);

	f->diag = (struct diag){0};
	return removal_unlink(&f->fs, &dir, name, &f->diag);
}

void fs_stage(struct fixture *f, uint32_t map, const char *name, const char *text)
{
	struct file *file;

	assert_int_equal(fs_open(f, map, name, O_CREAT | O_EXCL | O_RDWR, 0600, &file), 0);
	assert_int_equal(file_write(file, text, strlen(text), 0, NULL), 0);
	assert_int_equal(file_flush(file, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
}

void assert_file(struct fixture *f, uint32_t map, const char *name, const char *expected)
{
	struct buf text = BUF_INIT(1 << 20);
	struct file *file;
	int err = fs_open(f, map, name, O_RDONLY, 0, &file);

	if (!expected) {
		assert_int_equal(err, -ENOENT);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(file_read(file, 1 << 20, 0, &text, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_buf(&text, expected);
}
