/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "fs/dumpfile.h"
#include "fs/endfile.h"
#include "fs/stagefile.h"
#include "fs/streamfile.h"
#include "fs/textfile.h"
#include "lib/host.h"

/* The types of file that are not textfile_type. To add one: a row here. */
static const struct file_type *const types[NODE_KINDS] = {
	[NODE_SCRATCH] = &stagefile_type, [NODE_PUSH] = &pushfile_type, [NODE_POP] = &popfile_type,
	[NODE_STREAM] = &streamfile_type, [NODE_DUMP] = &dumpfile_type,
};

static const struct file_type *type_of(enum node_kind kind)
{
	return types[kind] ? types[kind] : &textfile_type;
}

static void destroy(struct file *f)
{
	openfile_set_blank(f, false);
	quota_set(&f->fs->quota, QUOTA_TEXTS, &f->bytes, 0, NULL);
	quota_set(&f->fs->quota, f->type->place, &f->place, 0, NULL);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

int file_open(struct fs *fs, struct node *node, int flags, bool created, struct file **out,
	      struct diag *d)
{
	const struct identity *id = node_identity(node);
	const struct file_type *type = type_of(id->kind);
	struct file *f = calloc(1, type->size);
	int err;

	if (!f)
		return -ENOMEM;
	f->type = type;
	f->fs = fs;
	f->node = node;
	f->id = id;
	f->flags = flags;
	f->opener = f->place.uid = f->bytes.uid = host_served();
	pthread_mutex_init(&f->lock, NULL);
	err = quota_set(&fs->quota, type->place, &f->place, 1, d);
	if (!err)
		err = type->open(f, created, d);
	if (err) {
		destroy(f);
		return err;
	}
	openfile_enlist(f);
	*out = f;
	return 0;
}

int file_read(struct file *f, size_t size, off_t off, struct buf *out, struct diag *d)
{
	int err;

	openfile_take(f);
	err = f->type->read(f, size, off, out, d);
	openfile_leave(f);
	return err;
}

int file_wait_fd(const struct file *f)
{
	return f->type->wait_fd ? f->type->wait_fd(f) : -1;
}

int file_write(struct file *f, const char *bytes, size_t size, off_t off, struct diag *d)
{
	int err;

	openfile_take(f);
	err = f->type->write(f, bytes, size, off, d);
	openfile_leave(f);
	return err;
}

int file_truncate(struct file *f, off_t size, struct diag *d)
{
	int err;

	openfile_take(f);
	err = f->type->truncate(f, size, d);
	openfile_leave(f);
	return err;
}

int file_reserve(struct file *f, off_t size, struct diag *d)
{
	int err;

	if (!f->type->reserve)
		return -EOPNOTSUPP;
	openfile_take(f);
	err = f->type->reserve(f, size, d);
	openfile_leave(f);
	return err;
}

int file_flush(struct file *f, struct diag *d)
{
	int err;

	openfile_take(f);
	err = f->type->flush(f, d);
	openfile_leave(f);
	return err;
}

int file_sync(struct file *f, struct diag *d)
{
	int err;

	openfile_take(f);
	err = f->type->sync(f, d);
	openfile_leave(f);
	return err;
}

int file_release(struct file *f, struct diag *d)
{
	int err;

	openfile_take(f);
	err = f->type->close(f, d);
	openfile_leave(f);
	openfile_delist(f);
	destroy(f);
	return err;
}

static bool has_open_files(const struct node *n)
{
	return n->files != NULL;
}

void file_abandon_all(struct fs *fs)
{
	struct node *node;

	while ((node = node_fitting(&fs->nodes, has_open_files)) != NULL) {
		openfile_forget(fs, node);
		file_release(node->files, NULL);
	}
}

int file_truncate_node(struct fs *fs, struct node *node, off_t size, struct diag *d)
{
	struct file *f;
	int err, close_err;

	err = file_open(fs, node, O_WRONLY, false, &f, d);
	if (err)
		return err;
	err = file_truncate(f, size, d);
	if (!err)
		err = file_sync(f, d);
	close_err = file_release(f, err ? NULL : d);
	return err ? err : close_err;
}
