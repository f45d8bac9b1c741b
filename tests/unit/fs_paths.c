/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fs_paths.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/attr.h"
#include "fs/rename.h"
#include "lib/sys.h"

enum { PATH = 4096, PATHS = 8 };

static void add_piece(char *out, const char *piece, size_t len)
{
	char *end;
	unsigned long times = len > 1 ? strtoul(piece + 1, &end, 10) : 0;

	if (isalpha((unsigned char)piece[0]) && times && end == piece + len) {
		memset(out, piece[0], times);
		out[times] = '\0';
	} else {
		snprintf(out, len + 1, "%s", piece);
	}
}

/* Valid until PATHS more were asked for. */
const char *path_of(const char *pieces)
{
	static char paths[PATHS][PATH];
	static unsigned int next;
	char *path = paths[next++ % PATHS], *out = path;
	size_t len;

	*path = '\0';
	for (;; pieces += len + 1) {
		len = strcspn(pieces, "/");
		add_piece(out, pieces, len);
		out += strlen(out);
		if (!pieces[len])
			return path;
		*out++ = '/';
	}
}

/* As the kernel does it: one name after the other. */
int look_up_name(struct fixture *f, const struct identity *dir, const char *name, struct found *out)
{
	int err = tree_find(&f->fs, dir, name, out, NULL);
	struct node *node;
	struct stat st = {0};

	if (err)
		return err;
	node = node_get(&f->fs.nodes, &out->id);
	err = attr_of_name(&f->fs, node, &st);
	if (!err)
		assert_true(S_ISDIR(st.st_mode) == (out->id.kind == NODE_LONG_DIR));
	node_put(&f->fs.nodes, node, 1);
	return err;
}

/* The directory that a path is in, and the last name of it, in *name. */
int walk_to(struct fixture *f, const char *path, struct found *dir, const char **name)
{
	const char *slash;
	int err = 0;

	dir->id = fs_map(f->map);
	for (; !err && (slash = strchr(path, '/')); path = slash + 1) {
		char *piece = strndup(path, (size_t)(slash - path));
		struct found next = FOUND_INIT;

		err = look_up_name(f, &dir->id, piece, &next);
		if (!err && next.id.kind != NODE_LONG_DIR)
			err = -ENOTDIR;
		found_free(dir);
		*dir = next;
		free(piece);
	}
	*name = path;
	return err;
}

/* The kind of what a path leads to, or -errno. */
int kind_at(struct fixture *f, const char *path)
{
	struct found dir = FOUND_INIT, found = FOUND_INIT;
	const char *name;
	int err = walk_to(f, path, &dir, &name);

	if (!err)
		err = look_up_name(f, &dir.id, name, &found);
	if (!err)
		err = (int)found.id.kind;
	found_free(&dir);
	found_free(&found);
	return err;
}

static int call_at(struct fixture *f, const char *path,
		   int (*call)(struct fixture *f, const struct identity *dir, const char *name))
{
	struct found dir = FOUND_INIT;
	const char *name;
	int err = walk_to(f, path, &dir, &name);

	f->diag = (struct diag){0};
	if (!err)
		err = call(f, &dir.id, name);
	found_free(&dir);
	return err;
}

int mkdir_at(struct fixture *f, const char *path)
{
	return call_at(f, path, fs_try_mkdir);
}

static int try_rmdir(struct fixture *f, const struct identity *dir, const char *name)
{
	return removal_rmdir(&f->fs, dir, name, &f->diag);
}

int rmdir_at(struct fixture *f, const char *path)
{
	return call_at(f, path, try_rmdir);
}

static int try_unlink(struct fixture *f, const struct identity *dir, const char *name)
{
	return removal_unlink(&f->fs, dir, name, &f->diag);
}

int unlink_at(struct fixture *f, const char *path)
{
	return call_at(f, path, try_unlink);
}

int rename_at(struct fixture *f, const char *from, const char *to, unsigned int flags)
{
	struct found dir = FOUND_INIT, new_dir = FOUND_INIT;
	const char *name, *new_name;
	int err = walk_to(f, from, &dir, &name);

	f->diag = (struct diag){0};
	if (!err)
		err = walk_to(f, to, &new_dir, &new_name);
	if (!err)
		err = rename_name(&f->fs, &dir.id, name, &new_dir.id, new_name, flags, &f->diag);
	found_free(&dir);
	found_free(&new_dir);
	return err;
}

/* open(2) with O_CREAT of what is not there, else without. */
static int open_in(struct fixture *f, const struct identity *dir, const char *name, int flags,
		   mode_t mode, struct file **out)
{
	const struct maker maker = {.mode = mode};
	struct found found = FOUND_INIT;
	int err = look_up_name(f, dir, name, &found);
	bool created = err == -ENOENT && flags & O_CREAT;
	struct node *node;

	if (created)
		err = tree_create(&f->fs, dir, name, flags, &maker, &found, &f->diag);
	else if (!err && flags & O_EXCL)
		err = -EEXIST;
	if (!err) {
		node = node_get(&f->fs.nodes, &found.id);
		err = file_open(&f->fs, node, created ? flags : flags & ~O_CREAT, created, out,
				&f->diag);
		node_put(&f->fs.nodes, node, 1);
	}
	found_free(&found);
	return err;
}

int open_at(struct fixture *f, const char *path, int flags, mode_t mode, struct file **out)
{
	struct found dir = FOUND_INIT;
	const char *name;
	int err = walk_to(f, path, &dir, &name);

	f->diag = (struct diag){0};
	if (!err)
		err = open_in(f, &dir.id, name, flags, mode, out);
	found_free(&dir);
	return err;
}

int write_at(struct fixture *f, const char *path, int flags, mode_t mode, const char *text)
{
	struct file *file;
	int err = open_at(f, path, O_WRONLY | O_CREAT | flags, mode, &file);

	if (err)
		return err;
	err = file_write(file, text, strlen(text), 0, &f->diag);
	if (!err)
		err = file_flush(file, &f->diag);
	assert_int_equal(file_release(file, NULL), 0);
	return err;
}

int store_at(struct fixture *f, const char *path, const char *text)
{
	return write_at(f, path, O_TRUNC, 0644, text);
}

/* As rsync begins. */
int stage_at(struct fixture *f, const char *path, const char *text)
{
	return write_at(f, path, O_EXCL, 0600, text);
}

/* NULL: there is no such file. */
void assert_text_at(struct fixture *f, const char *path, const char *expected)
{
	struct buf text = BUF_INIT(1 << 20);
	struct file *file;
	int err = open_at(f, path, O_RDONLY, 0, &file);

	assert_int_equal(err, expected ? 0 : -ENOENT);
	if (err)
		return;
	assert_int_equal(file_read(file, 1 << 20, 0, &text, NULL), 0);
	assert_int_equal(file_release(file, NULL), 0);
	assert_buf(&text, expected);
}

/* What others do. */

static void bytes_of(const char *path, unsigned char *key)
{
	memset(key, 0, PATH);
	for (; *path; path++)
		if (*path != '/')
			*key++ = (unsigned char)*path;
}

void put_at(struct fixture *f, const char *path, uint64_t value)
{
	unsigned char key[PATH];
	int fd = sys_map_open_id(f->map, 0);

	bytes_of(path, key);
	assert_int_equal(sys_map_update(fd, key, &value, BPF_ANY), 0);
	sys_close(fd);
}

/* 0: there is none */
uint64_t value_at(struct fixture *f, const char *path)
{
	unsigned char key[PATH];
	uint64_t value = 0;
	int fd = sys_map_open_id(f->map, 0);

	bytes_of(path, key);
	if (sys_map_lookup(fd, key, &value, 0))
		value = 0;
	sys_close(fd);
	return value;
}

void delete_at(struct fixture *f, const char *path)
{
	unsigned char key[PATH];
	int fd = sys_map_open_id(f->map, 0);

	bytes_of(path, key);
	assert_int_equal(sys_map_delete(fd, key), 0);
	sys_close(fd);
}
