/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fake_pins.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake_sys.h"

/* Files by their absolute path, in no order but that of their making. */
struct file {
	struct file *next;
	void *object;
	struct stat st;
	char *path;
};

static struct file *files;
static ino_t last_ino = 1000;

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct file **find_n(const char *path, size_t len)
{
	struct file **place = &files;

	while (*place && (strlen((*place)->path) != len || memcmp((*place)->path, path, len) != 0))
		place = &(*place)->next;
	return place;
}

/* What a look-up of the path says before anything else is asked. */
static int walk(const char *path, struct file ***place)
{
	size_t dir_len = (size_t)(base(path) - path);
	const struct file *dir = dir_len ? *find_n(path, dir_len - 1) : NULL;

	*place = find_n(path, strlen(path));
	if (**place)
		return 0;
	if (!dir)
		return -ENOENT;
	if (!S_ISDIR(dir->st.st_mode))
		return -ENOTDIR;
	if (strlen(base(path)) > NAME_MAX)
		return -ENAMETOOLONG;
	return strchr(base(path), '.') ? -EPERM : -ENOENT;
}

static int make(const char *path, void *object, mode_t mode)
{
	struct file *file = calloc(1, sizeof(*file)), **place;

	if (!file)
		return -ENOMEM;
	file->path = strdup(path);
	file->object = object;
	file->st.st_ino = ++last_ino;
	file->st.st_mode = mode;
	for (place = &files; *place;)
		place = &(*place)->next;
	*place = file;
	return 0;
}

static void drop(struct file **place)
{
	struct file *file = *place;

	*place = file->next;
	free(file->path);
	free(file);
}

void fake_pins_init(void)
{
	make(FAKE_BPFFS, NULL, S_IFDIR | S_ISVTX | 0777);
}

void fake_pins_free(void (*forget)(void *object))
{
	while (files) {
		if (files->object)
			forget(files->object);
		drop(&files);
	}
}

/* 0 if something may be made at path. */
static int check_new(const char *path)
{
	struct file **place;
	int err = walk(path, &place);

	if (err != -ENOENT)
		return err ? err : -EEXIST;
	if (strncmp(path, FAKE_BPFFS "/", strlen(FAKE_BPFFS) + 1) != 0)
		return -EPERM;
	return *find_n(path, (size_t)(base(path) - path) - 1) ? 0 : -ENOENT;
}

int fake_pins_add(const char *path, void *object)
{
	int err = check_new(path);

	return err ? err : make(path, object, S_IFREG | 0600);
}

int fake_pins_prepare(const char *path)
{
	size_t len = strlen(FAKE_BPFFS);
	struct file **place;
	char dir[PATH_MAX];
	int err = 0;

	if (strncmp(path, FAKE_BPFFS, len) != 0 || (path[len] && path[len] != '/'))
		return -EMEDIUMTYPE;
	for (; !err && path[len]; len += strcspn(path + len, "/")) {
		len += strspn(path + len, "/");
		memcpy(dir, path, len + strcspn(path + len, "/"));
		dir[len + strcspn(path + len, "/")] = '\0';
		err = walk(dir, &place);
		if (!err && !S_ISDIR((*place)->st.st_mode))
			return -ENOTDIR;
		if (err == -ENOENT)
			err = make(dir, NULL, S_IFDIR | 0700);
	}
	return err;
}

int fake_pins_open(const char *path, void **object)
{
	struct file **place;
	int err = walk(path, &place);

	if (err)
		return err;
	if (S_ISDIR((*place)->st.st_mode))
		return -EACCES;
	*object = (*place)->object;
	return *object ? 0 : -EINVAL;
}

int fake_pins_stat(const char *path, struct stat *st)
{
	struct file **place;
	int err = walk(path, &place);

	if (!err)
		*st = (*place)->st;
	return err;
}

int fake_pins_unlink(const char *path, void **object)
{
	struct file **place;
	int err = walk(path, &place);

	if (err)
		return err;
	if (S_ISDIR((*place)->st.st_mode))
		return -EISDIR;
	*object = (*place)->object;
	drop(place);
	return 0;
}

/* The name below dir, if the file lies right in it. */
static const char *name_in(const struct file *file, const char *dir)
{
	size_t len = strlen(dir);

	if (strncmp(file->path, dir, len) != 0 || file->path[len] != '/')
		return NULL;
	return strchr(file->path + len + 1, '/') ? NULL : file->path + len + 1;
}

int fake_pins_rmdir(const char *path)
{
	struct file **place;
	int err = walk(path, &place);

	if (err)
		return err;
	if (!S_ISDIR((*place)->st.st_mode))
		return -ENOTDIR;
	for (const struct file *file = files; file; file = file->next)
		if (name_in(file, path))
			return -ENOTEMPTY;
	drop(place);
	return 0;
}

/* Of files only: nothing renames directories. */
int fake_pins_rename(const char *from, const char *to)
{
	struct file **place;
	int err = walk(from, &place);

	if (!err)
		err = check_new(to);
	if (err)
		return err;
	free((*place)->path);
	(*place)->path = strdup(to);
	return 0;
}

int fake_pins_replace(const char *from, const char *to, void **object)
{
	struct file **place;
	int err = walk(from, &place);

	if (!err)
		err = walk(to, &place);
	if (!err && S_ISDIR((*place)->st.st_mode))
		return -EISDIR;
	if (!err)
		err = fake_pins_unlink(to, object);
	return err && err != -ENOENT ? err : fake_pins_rename(from, to);
}

int fake_pins_chmod(const char *path, mode_t mode)
{
	struct file **place;
	int err = walk(path, &place);

	if (!err)
		(*place)->st.st_mode = ((*place)->st.st_mode & S_IFMT) | mode;
	return err;
}

int fake_pins_set_mtime(const char *path, struct timespec mtime)
{
	struct file **place;
	int err = walk(path, &place);

	if (!err)
		(*place)->st.st_mtim = mtime;
	return err;
}

int fake_pins_chown(const char *path, uid_t uid, gid_t gid)
{
	struct file **place;
	int err = walk(path, &place);

	if (!err && uid != (uid_t)-1)
		(*place)->st.st_uid = uid;
	if (!err && gid != (gid_t)-1)
		(*place)->st.st_gid = gid;
	return err;
}

/* The callback may change the tree: what it adds is met, what it removes is not. */
int fake_pins_list(const char *path, int (*each)(void *arg, const char *name, bool is_dir),
		   void *arg)
{
	struct file **place;
	int err = walk(path, &place);
	ino_t ino = 0;

	if (err)
		return err;
	if (!S_ISDIR((*place)->st.st_mode))
		return -ENOTDIR;
	for (const struct file *file = files; !err && file;) {
		const char *name = file->st.st_ino > ino ? name_in(file, path) : NULL;
		char copy[NAME_MAX + 1];

		if (!name) {
			file = file->next;
			continue;
		}
		ino = file->st.st_ino;
		memcpy(copy, name, strlen(name) + 1);
		err = each(arg, copy, S_ISDIR(file->st.st_mode));
		file = files;
	}
	return err;
}
