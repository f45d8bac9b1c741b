/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fail_world.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOT = FUSE_ROOT_ID, REPLY = 4096, READ_AT_ONCE = 1 << 16 };

void world_start(struct world *w, FILE *said)
{
	void *state = NULL;

	memset(w, 0, sizeof(*w));
	w->said = said;
	assert_int_equal(wire_setup(&state), 0);
	w->wire = state;
}

void world_end(struct world *w)
{
	void *state = w->wire;

	assert_int_equal(wire_teardown(&state), 0);
}

/* Names. */

static void count_lookup(struct world *w, uint64_t node)
{
	size_t i = 0;

	while (i < w->known && w->nodes[i].node != node)
		i++;
	assert_true(i < WORLD_NODES);
	w->nodes[i].node = node;
	w->nodes[i].lookups++;
	if (i == w->known)
		w->known++;
}

static int look_up(struct world *w, uint64_t dir, const char *name, uint64_t *node)
{
	int err;

	*node = wire_lookup(w->wire, dir, name, &err);
	if (!err)
		count_lookup(w, *node);
	return err;
}

/* The directory that a path is in, and the last name of it. */
static int walk(struct world *w, const char *path, uint64_t *dir, const char **name)
{
	char piece[NAME_MAX + 1];
	const char *slash;
	int err = 0;

	*dir = ROOT;
	while (!err && (slash = strchr(path, '/')) != NULL) {
		snprintf(piece, sizeof(piece), "%.*s", (int)(slash - path), path);
		err = look_up(w, *dir, piece, dir);
		path = slash + 1;
	}
	*name = path;
	return err;
}

static int walk_to(struct world *w, const char *path, uint64_t *node)
{
	const char *name;
	int err = walk(w, path, node, &name);

	return err || !*name ? err : look_up(w, *node, name, node);
}

static int take_entry(struct world *w, int err)
{
	if (!err)
		count_lookup(w, w->wire->out.entry.nodeid);
	return err;
}

/* Attributes. */

static int tell_attr(struct world *w, int err)
{
	const struct fuse_attr *a = &w->wire->out.attr.attr;

	if (!err)
		fprintf(w->said, "%o %u:%u %llu\n", a->mode, a->uid, a->gid,
			(unsigned long long)a->size);
	return err;
}

int call_stat(struct world *w, const struct call *c)
{
	uint64_t node;
	int err = walk_to(w, c->path, &node);

	return err ? err : tell_attr(w, wire_getattr(w->wire, node));
}

static int set(struct world *w, const struct call *c, struct fuse_setattr_in in)
{
	uint64_t node;
	int err = walk_to(w, c->path, &node);

	return err ? err : tell_attr(w, wire_setattr(w->wire, node, &in));
}

int call_truncate(struct world *w, const struct call *c)
{
	return set(w, c, (struct fuse_setattr_in){.valid = FATTR_SIZE, .size = c->number});
}

int call_ftruncate(struct world *w, const struct call *c)
{
	const struct world_file *f = &w->files[c->file];
	const struct fuse_setattr_in in = {
		.valid = FATTR_SIZE | FATTR_FH, .fh = f->fh, .size = c->number};

	return tell_attr(w, wire_setattr(w->wire, f->node, &in));
}

int call_chmod(struct world *w, const struct call *c)
{
	return set(w, c,
		   (struct fuse_setattr_in){.valid = FATTR_MODE, .mode = (uint32_t)c->number});
}

int call_chown(struct world *w, const struct call *c)
{
	return set(w, c,
		   (struct fuse_setattr_in){
			   .valid = FATTR_UID | FATTR_GID, .uid = (uint32_t)c->number, .gid = 8});
}

int call_utimens(struct world *w, const struct call *c)
{
	return set(w, c,
		   (struct fuse_setattr_in){.valid = FATTR_MTIME | FATTR_ATIME |
						     (c->number ? 0 : FATTR_MTIME_NOW),
					    .mtime = c->number});
}

int call_statfs(struct world *w, const struct call *c)
{
	uint64_t node;
	int err = walk_to(w, c->path, &node);

	return err ? err : wire_ask(w->wire, FUSE_STATFS, node, NULL, 0);
}

int call_xattr(struct world *w, const struct call *c)
{
	const struct fuse_getxattr_in xattr = {.size = 100};
	const struct part get[] = {{&xattr, sizeof(xattr)}, {"user.x", 7}};
	uint64_t node;
	int err = walk_to(w, c->path, &node);

	return err ? err : wire_ask(w->wire, FUSE_GETXATTR, node, get, 2);
}

/* Changes of names. */

int call_mkdir(struct world *w, const struct call *c)
{
	const char *name;
	uint64_t dir;
	int err = walk(w, c->path, &dir, &name);

	return err ? err : take_entry(w, wire_mkdir(w->wire, dir, name));
}

static int remove_name(struct world *w, const struct call *c, uint32_t opcode)
{
	const char *name;
	uint64_t dir, node;
	int err = walk(w, c->path, &dir, &name);

	if (!err)
		err = look_up(w, dir, name, &node);
	return err ? err : wire_name(w->wire, opcode, dir, name);
}

int call_rmdir(struct world *w, const struct call *c)
{
	return remove_name(w, c, FUSE_RMDIR);
}

int call_unlink(struct world *w, const struct call *c)
{
	return remove_name(w, c, FUSE_UNLINK);
}

int call_rename(struct world *w, const struct call *c)
{
	const char *name, *new_name;
	uint64_t dir, new_dir, node;
	int err = walk(w, c->path, &dir, &name);

	if (!err)
		err = walk(w, c->text, &new_dir, &new_name);
	if (!err)
		err = look_up(w, dir, name, &node);
	if (!err)
		err = look_up(w, new_dir, new_name, &node);
	if (err && err != -ENOENT)
		return err;
	return wire_rename(w->wire, dir, name, new_dir, new_name, (uint32_t)c->flags);
}

int call_symlink(struct world *w, const struct call *c)
{
	const char *name;
	uint64_t dir, node;
	int err = walk(w, c->path, &dir, &name);
	struct part parts[] = {{name, 0}, {c->text, strlen(c->text) + 1}};

	if (err)
		return err;
	parts[0] = (struct part){name, strlen(name) + 1};
	err = look_up(w, dir, name, &node);
	if (err != -ENOENT)
		return err ? err : -EEXIST;
	return take_entry(w, wire_ask(w->wire, FUSE_SYMLINK, dir, parts, 2));
}

int call_readlink(struct world *w, const struct call *c)
{
	uint64_t node;
	int err = walk_to(w, c->path, &node);

	if (!err)
		err = wire_ask(w->wire, FUSE_READLINK, node, NULL, 0);
	if (!err)
		fprintf(w->said, "%.*s\n", (int)w->wire->len, w->wire->out.bytes);
	return err;
}

/* Files. */

static int create(struct world *w, const struct call *c, uint64_t dir, const char *name)
{
	struct world_file *f = &w->files[c->file];
	int err = wire_create(w->wire, dir, name, c->flags, (mode_t)c->number, &f->fh);

	f->node = w->wire->out.created.entry.nodeid;
	if (!err)
		count_lookup(w, f->node);
	return err;
}

int call_open(struct world *w, const struct call *c)
{
	struct world_file *f = &w->files[c->file];
	const char *name;
	uint64_t dir, node;
	int err = walk(w, c->path, &dir, &name);

	assert_false(f->is_open);
	if (err)
		return err;
	err = look_up(w, dir, name, &node);
	if (!err && c->flags & O_EXCL)
		return -EEXIST;
	if (err == -ENOENT && c->flags & O_CREAT) {
		err = create(w, c, dir, name);
	} else if (!err) {
		f->node = node;
		err = wire_open(w->wire, FUSE_OPEN, node, c->flags & ~O_CREAT, &f->fh);
	}
	f->is_open = !err;
	f->is_dir = false;
	return err;
}

int call_read(struct world *w, const struct call *c)
{
	const struct world_file *f = &w->files[c->file];
	uint64_t off = 0;
	int err;

	do {
		err = wire_read(w->wire, FUSE_READ, f->node, f->fh, off, READ_AT_ONCE);
		if (!err)
			fwrite(w->wire->out.bytes, 1, w->wire->len, w->said);
		off += err ? 0 : w->wire->len;
	} while (!err && w->wire->len);
	return err;
}

int call_write(struct world *w, const struct call *c)
{
	const struct world_file *f = &w->files[c->file];

	return wire_write(w->wire, f->node, f->fh, c->text, c->number);
}

int call_flush(struct world *w, const struct call *c)
{
	const struct world_file *f = &w->files[c->file];

	return wire_flush(w->wire, f->node, f->fh);
}

int call_fsync(struct world *w, const struct call *c)
{
	const struct world_file *f = &w->files[c->file];
	const struct fuse_fsync_in in = {.fh = f->fh};
	const struct part part = {&in, sizeof(in)};

	return wire_ask(w->wire, FUSE_FSYNC, f->node, &part, 1);
}

int call_fallocate(struct world *w, const struct call *c)
{
	const struct world_file *f = &w->files[c->file];
	const struct fuse_fallocate_in in = {.fh = f->fh, .length = c->number};
	const struct part part = {&in, sizeof(in)};

	return wire_ask(w->wire, FUSE_FALLOCATE, f->node, &part, 1);
}

/* Whatever it says, the file is closed. */
int call_release(struct world *w, const struct call *c)
{
	struct world_file *f = &w->files[c->file];

	f->is_open = false;
	return wire_release(w->wire, f->is_dir ? FUSE_RELEASEDIR : FUSE_RELEASE, f->node, f->fh);
}

/* Directories. */

enum { NAMES_MOST = 2000 };

struct names {
	size_t count;
	struct name {
		char name[NAME_MAX + 1];
		uint32_t type;
	} names[NAMES_MOST];
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->name, ((const struct name *)b)->name);
}

/* Where the next reply begins. */
static uint64_t take_names(struct world *w, bool plus, struct names *all)
{
	size_t off = 0;
	struct fuse_entry_out entry;
	struct fuse_dirent dirent = {0};

	while (off < w->wire->len) {
		struct name *n = &all->names[all->count++];

		assert_true(all->count < NAMES_MOST);
		memcpy(&entry, w->wire->out.bytes + off, plus ? sizeof(entry) : 0);
		off += plus ? sizeof(entry) : 0;
		memcpy(&dirent, w->wire->out.bytes + off, FUSE_NAME_OFFSET);
		snprintf(n->name, sizeof(n->name), "%.*s", (int)dirent.namelen,
			 w->wire->out.bytes + off + FUSE_NAME_OFFSET);
		n->type = dirent.type;
		off += FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + dirent.namelen);
		if (plus && entry.nodeid)
			count_lookup(w, entry.nodeid);
	}
	return dirent.off;
}

static int read_names(struct world *w, uint64_t node, int opcode, struct names *all)
{
	uint64_t fh, off = 0;
	int err = wire_open(w->wire, FUSE_OPENDIR, node, O_RDONLY, &fh);

	all->count = 0;
	if (err)
		return err;
	do {
		err = wire_read(w->wire, (uint32_t)opcode, node, fh, off, REPLY);
		if (!err)
			off = take_names(w, opcode == FUSE_READDIRPLUS, all);
	} while (!err && w->wire->len);
	assert_int_equal(wire_release(w->wire, FUSE_RELEASEDIR, node, fh), 0);
	qsort(all->names, all->count, sizeof(all->names[0]), by_name);
	return err;
}

int call_list(struct world *w, const struct call *c)
{
	struct names *all = malloc(sizeof(*all));
	uint64_t node;
	int err = walk_to(w, c->path, &node);

	if (!err)
		err = read_names(w, node, c->flags, all);
	for (size_t i = 0; !err && i < all->count; i++)
		fprintf(w->said, "%s %o\n", all->names[i].name, all->names[i].type);
	free(all);
	return err;
}

/* What is left. */

int call_forget(struct world *w, const struct call *c)
{
	(void)c;
	for (size_t i = 0; i < w->known; i++)
		wire_forget(w->wire, w->nodes[i].node, w->nodes[i].lookups);
	w->known = 0;
	return 0;
}

void world_close(struct world *w)
{
	struct call c = {.file = 0};

	for (; c.file < WORLD_FILES; c.file++) {
		if (!w->files[c.file].is_open)
			continue;
		call_flush(w, &c);
		call_release(w, &c);
	}
	call_forget(w, NULL);
	assert_int_equal(w->wire->fs->nodes.count, 1);
	assert_int_equal(w->wire->fs->files_open, 0);
	assert_int_equal(w->wire->fs->files_blank, 0);
}

/* The tree. */

static void show_dir(struct world *w, const char *path);

static void show_file(struct world *w, const char *path)
{
	struct call c = {.path = path, .flags = O_RDONLY, .file = WORLD_FILES - 1};

	assert_int_equal(call_open(w, &c), 0);
	assert_int_equal(call_read(w, &c), 0);
	assert_int_equal(call_release(w, &c), 0);
}

static void show(struct world *w, const char *path, uint32_t type)
{
	const struct call c = {.path = path};

	fprintf(w->said, "%s: ", path);
	if (type == S_IFDIR >> 12) {
		fputc('\n', w->said);
		show_dir(w, path);
	} else if (type == S_IFLNK >> 12) {
		assert_int_equal(call_readlink(w, &c), 0);
	} else {
		show_file(w, path);
	}
}

static void show_dir(struct world *w, const char *path)
{
	struct names *all = malloc(sizeof(*all));
	char inner[2 * PATH_MAX];
	uint64_t node;

	assert_int_equal(walk_to(w, path, &node), 0);
	assert_int_equal(read_names(w, node, FUSE_READDIRPLUS, all), 0);
	for (size_t i = 0; i < all->count; i++) {
		const struct name *n = &all->names[i];

		if (strcmp(n->name, ".") == 0 || strcmp(n->name, "..") == 0)
			continue;
		snprintf(inner, sizeof(inner), "%s%s%s", path, *path ? "/" : "", n->name);
		show(w, inner, n->type);
	}
	free(all);
}

void world_tree(struct world *w)
{
	show_dir(w, "");
	world_close(w);
}
