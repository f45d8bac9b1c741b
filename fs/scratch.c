/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/scratch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { IDLE_SECONDS = 600 };

struct scratch_file {
	uint64_t number;
	uint32_t map_id;
	char *name; /* NULL: unlinked */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	unsigned int opens;
	time_t used; /* CLOCK_MONOTONIC */
	struct buf text;
	struct quota_hold place, bytes;
};

static time_t uptime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void scratch_init(struct scratch *s, struct quota *quota)
{
	memset(s, 0, sizeof(*s));
	s->quota = quota;
	pthread_mutex_init(&s->lock, NULL);
}

static void remove_at(struct scratch *s, int i)
{
	struct scratch_file *f = s->files[i];

	s->files[i] = NULL;
	quota_set(s->quota, QUOTA_STAGED, &f->bytes, 0, NULL);
	quota_set(s->quota, QUOTA_STAGES, &f->place, 0, NULL);
	buf_free(&f->text);
	free(f->name);
	free(f);
}

void scratch_free(struct scratch *s)
{
	for (int i = 0; i < SCRATCH_FILES; i++)
		if (s->files[i])
			remove_at(s, i);
	pthread_mutex_destroy(&s->lock);
}

/* The place of a file, or -1. The table is small, so it is just walked. */
static int place_of_name(const struct scratch *s, uint32_t map_id, const char *name)
{
	for (int i = 0; i < SCRATCH_FILES; i++) {
		const struct scratch_file *f = s->files[i];

		if (f && f->map_id == map_id && f->name && strcmp(f->name, name) == 0)
			return i;
	}
	return -1;
}

static int place_of(const struct scratch *s, uint64_t number)
{
	for (int i = 0; i < SCRATCH_FILES; i++)
		if (s->files[i] && s->files[i]->number == number)
			return i;
	return -1;
}

static struct scratch_file *file_of(const struct scratch *s, uint64_t number)
{
	int i = place_of(s, number);

	if (i < 0)
		return NULL;
	s->files[i]->used = uptime();
	return s->files[i];
}

/* What was left alone for long goes. */
static void remove_idle(struct scratch *s)
{
	time_t now = uptime();

	for (int i = 0; i < SCRATCH_FILES; i++)
		if (s->files[i] && !s->files[i]->opens && now - s->files[i]->used > IDLE_SECONDS)
			remove_at(s, i);
}

/* The file of a user that was left alone longest goes. False: all of his are open. */
static bool remove_oldest(struct scratch *s, uid_t uid)
{
	int oldest = -1;

	for (int i = 0; i < SCRATCH_FILES; i++) {
		const struct scratch_file *f = s->files[i];

		if (f && !f->opens && f->place.uid == uid &&
		    (oldest < 0 || f->used < s->files[oldest]->used))
			oldest = i;
	}
	if (oldest >= 0)
		remove_at(s, oldest);
	return oldest >= 0;
}

static int charge_place(struct scratch *s, struct quota_hold *place, struct diag *d)
{
	int err = quota_set(s->quota, QUOTA_STAGES, place, 1, NULL);

	if (err && remove_oldest(s, place->uid))
		err = quota_set(s->quota, QUOTA_STAGES, place, 1, NULL);
	return err ? quota_explain(QUOTA_STAGES, err, d) : 0;
}

/* There is one for all that may be; else -1. */
static int free_place(const struct scratch *s)
{
	int i = SCRATCH_FILES - 1;

	while (i >= 0 && s->files[i])
		i--;
	return i;
}

static struct scratch_file *new_file(uint32_t map_id, const char *name, size_t limit)
{
	struct scratch_file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->map_id = map_id;
	f->text = BUF_INIT(limit);
	f->used = uptime();
	f->name = name ? strdup(name) : NULL;
	clock_gettime(CLOCK_REALTIME, &f->mtime);
	if (f->name || !name)
		return f;
	free(f);
	return NULL;
}

static int create(struct scratch *s, uint32_t map_id, const char *name, uid_t uid, size_t limit,
		  struct scratch_file **out, struct diag *d)
{
	struct quota_hold place = {.uid = uid};
	int i, err;

	if (name && place_of_name(s, map_id, name) >= 0)
		return -EEXIST;
	remove_idle(s);
	err = charge_place(s, &place, d);
	if (err)
		return err;
	i = free_place(s);
	*out = i < 0 ? NULL : new_file(map_id, name, limit);
	if (!*out) {
		quota_set(s->quota, QUOTA_STAGES, &place, 0, NULL);
		return -ENOMEM;
	}
	(*out)->place = place;
	(*out)->bytes.uid = uid;
	s->files[i] = *out;
	return 0;
}

int scratch_create(struct scratch *s, uint32_t map_id, const char *name, mode_t mode, uid_t uid,
		   gid_t gid, size_t limit, uint64_t *number, struct diag *d)
{
	struct scratch_file *f;
	int err;

	pthread_mutex_lock(&s->lock);
	err = create(s, map_id, name, uid, limit, &f, d);
	if (!err) {
		f->mode = mode & S_IFMT ? mode : S_IFREG | mode;
		f->uid = uid;
		f->gid = gid;
		f->number = *number = ++s->last_number;
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

int scratch_find(struct scratch *s, uint32_t map_id, const char *name, uint64_t *number)
{
	int i;

	pthread_mutex_lock(&s->lock);
	i = place_of_name(s, map_id, name);
	if (i >= 0)
		*number = s->files[i]->number;
	pthread_mutex_unlock(&s->lock);
	return i < 0 ? -ENOENT : 0;
}

int scratch_move(struct scratch *s, uint32_t from, uint32_t to, uint64_t *number)
{
	int i = 0;

	pthread_mutex_lock(&s->lock);
	while (i < SCRATCH_FILES && !(s->files[i] && s->files[i]->map_id == from))
		i++;
	if (i < SCRATCH_FILES) {
		s->files[i]->map_id = to;
		*number = s->files[i]->number;
	}
	pthread_mutex_unlock(&s->lock);
	return i < SCRATCH_FILES ? 0 : -ENOENT;
}

/* The calls on one file: what is done under the lock is a function of its own. */
static int with_file(struct scratch *s, uint64_t number,
		     int (*work)(struct scratch *s, struct scratch_file *f, void *arg), void *arg)
{
	struct scratch_file *f;
	int err;

	pthread_mutex_lock(&s->lock);
	f = file_of(s, number);
	err = f ? work(s, f, arg) : -ENOENT;
	pthread_mutex_unlock(&s->lock);
	return err;
}

static int do_stat(struct scratch *s, struct scratch_file *f, void *arg)
{
	struct stat *st = arg;

	(void)s;
	st->st_mode = f->mode;
	st->st_uid = f->uid;
	st->st_gid = f->gid;
	st->st_nlink = f->name ? 1 : 0;
	st->st_size = (off_t)f->text.len;
	st->st_blocks = (st->st_size + 511) / 512;
	st->st_atim = st->st_mtim = st->st_ctim = f->mtime;
	return 0;
}

int scratch_stat(struct scratch *s, uint64_t number, struct stat *st)
{
	return with_file(s, number, do_stat, st);
}

static int do_chmod(struct scratch *s, struct scratch_file *f, void *arg)
{
	(void)s;
	f->mode = (f->mode & S_IFMT) | (*(mode_t *)arg & 07777);
	return 0;
}

int scratch_chmod(struct scratch *s, uint64_t number, mode_t mode)
{
	return with_file(s, number, do_chmod, &mode);
}

struct owner {
	uid_t uid;
	gid_t gid;
};

static int do_chown(struct scratch *s, struct scratch_file *f, void *arg)
{
	const struct owner *owner = arg;

	(void)s;
	if (owner->uid != (uid_t)-1)
		f->uid = owner->uid;
	if (owner->gid != (gid_t)-1)
		f->gid = owner->gid;
	return 0;
}

int scratch_chown(struct scratch *s, uint64_t number, uid_t uid, gid_t gid)
{
	struct owner owner = {.uid = uid, .gid = gid};

	return with_file(s, number, do_chown, &owner);
}

static int do_utime(struct scratch *s, struct scratch_file *f, void *arg)
{
	(void)s;
	f->mtime = *(const struct timespec *)arg;
	return 0;
}

int scratch_utime(struct scratch *s, uint64_t number, const struct timespec *mtime)
{
	return with_file(s, number, do_utime, (void *)mtime);
}

static int do_name(struct scratch *s, struct scratch_file *f, void *arg)
{
	(void)s;
	if (!f->name)
		return -ENOENT;
	buf_adds(arg, f->name);
	return buf_error(arg);
}

int scratch_name(struct scratch *s, uint64_t number, struct buf *out)
{
	return with_file(s, number, do_name, out);
}

struct transfer {
	size_t off, len;
	const void *in;
	struct buf *out;
};

static int do_read(struct scratch *s, struct scratch_file *f, void *arg)
{
	const struct transfer *t = arg;

	(void)s;
	if (t->off < f->text.len) {
		size_t left = f->text.len - t->off;

		buf_add(t->out, f->text.data + t->off, t->len < left ? t->len : left);
	}
	return buf_error(t->out);
}

int scratch_read(struct scratch *s, uint64_t number, size_t off, size_t len, struct buf *out)
{
	struct transfer t = {.off = off, .len = len, .out = out};

	return with_file(s, number, do_read, &t);
}

/* Keeps count of the bytes when a text becomes len long. */
static int resize(struct scratch *s, struct scratch_file *f, size_t len)
{
	size_t before = f->text.len;
	int err = quota_set(s->quota, QUOTA_STAGED, &f->bytes, len, NULL);

	if (err)
		return err;
	err = buf_resize(&f->text, len);
	if (err)
		quota_set(s->quota, QUOTA_STAGED, &f->bytes, before, NULL);
	else
		buf_trim(&f->text);
	return err;
}

static int do_write(struct scratch *s, struct scratch_file *f, void *arg)
{
	const struct transfer *t = arg;
	int err = 0;

	if (t->len > SIZE_MAX - t->off)
		return -EFBIG;
	if (t->off + t->len > f->text.len)
		err = resize(s, f, t->off + t->len);
	if (!err)
		err = buf_put(&f->text, t->off, t->in, t->len);
	clock_gettime(CLOCK_REALTIME, &f->mtime);
	return err;
}

int scratch_write(struct scratch *s, uint64_t number, size_t off, const void *bytes, size_t len)
{
	struct transfer t = {.off = off, .len = len, .in = bytes};

	return with_file(s, number, do_write, &t);
}

static int do_append(struct scratch *s, struct scratch_file *f, void *arg)
{
	struct transfer *t = arg;

	t->off = f->text.len;
	return do_write(s, f, t);
}

int scratch_append(struct scratch *s, uint64_t number, const void *bytes, size_t len)
{
	struct transfer t = {.len = len, .in = bytes};

	return with_file(s, number, do_append, &t);
}

static int do_truncate(struct scratch *s, struct scratch_file *f, void *arg)
{
	clock_gettime(CLOCK_REALTIME, &f->mtime);
	return resize(s, f, *(size_t *)arg);
}

int scratch_truncate(struct scratch *s, uint64_t number, size_t len)
{
	return with_file(s, number, do_truncate, &len);
}

static int do_open(struct scratch *s, struct scratch_file *f, void *arg)
{
	(void)s;
	(void)arg;
	f->opens++;
	return 0;
}

int scratch_open(struct scratch *s, uint64_t number)
{
	return with_file(s, number, do_open, NULL);
}

static int do_close(struct scratch *s, struct scratch_file *f, void *arg)
{
	(void)arg;
	if (--f->opens == 0 && !f->name)
		remove_at(s, place_of(s, f->number));
	return 0;
}

void scratch_close(struct scratch *s, uint64_t number)
{
	with_file(s, number, do_close, NULL);
}

static int do_unlink(struct scratch *s, struct scratch_file *f, void *arg)
{
	(void)arg;
	free(f->name);
	f->name = NULL;
	if (!f->opens)
		remove_at(s, place_of(s, f->number));
	return 0;
}

int scratch_unlink(struct scratch *s, uint64_t number)
{
	return with_file(s, number, do_unlink, NULL);
}

static int do_rename(struct scratch *s, struct scratch_file *f, void *arg)
{
	char *name = strdup(arg);
	int target;

	if (!name)
		return -ENOMEM;
	target = place_of_name(s, f->map_id, name);
	if (target >= 0 && s->files[target] != f)
		do_unlink(s, s->files[target], NULL);
	free(f->name);
	f->name = name;
	return 0;
}

int scratch_rename(struct scratch *s, uint64_t number, const char *name)
{
	return with_file(s, number, do_rename, (void *)name);
}
