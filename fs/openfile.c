/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/openfile.h"

#include <errno.h>

#include "lib/host.h"

enum {
	SERVED_SECONDS = 5,  /* how long attributes stay those of the text served */
	REFUSAL_SECONDS = 5, /* how long close's error waits for a SETATTR */
	SETTLE_MS = 100,     /* how long a RELEASE is waited for */
	FREE_BYTES = 1024,   /* of what a file keeps, which its place allows for */
	KEPT_BYTES = 4096,   /* of a buffer without content */
	MOST_WAITS = 4,      /* by how many requests at a time, so that others go on */
};

static time_t uptime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

void openfile_take(struct file *f)
{
	pthread_mutex_lock(&f->lock);
	f->asker = host_served();
	host_serve(f->opener);
}

void openfile_leave(struct file *f)
{
	host_serve(f->asker);
	pthread_mutex_unlock(&f->lock);
}

int openfile_hold(struct file *f, size_t bytes, struct diag *d)
{
	size_t amount = bytes <= FREE_BYTES ? 0 : bytes;

	if (amount == f->bytes.amount)
		return 0;
	return quota_set(&f->fs->quota, QUOTA_TEXTS, &f->bytes, amount, d);
}

void openfile_clear(struct file *f, struct buf *b)
{
	if (b->cap > KEPT_BYTES)
		buf_free(b);
	else
		buf_clear(b);
	openfile_hold(f, 0, NULL);
}

void openfile_enlist(struct file *f)
{
	struct fs *fs = f->fs;

	node_ref(&fs->nodes, f->node);
	pthread_mutex_lock(&fs->files_lock);
	f->next = f->node->files;
	f->node->files = f;
	__atomic_add_fetch(&fs->files_open, 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&fs->files_lock);
}

void openfile_delist(struct file *f)
{
	struct fs *fs = f->fs;
	struct file **link;

	pthread_mutex_lock(&fs->files_lock);
	for (link = &f->node->files; *link != f; link = &(*link)->next)
		;
	*link = f->next;
	__atomic_sub_fetch(&fs->files_open, 1, __ATOMIC_RELEASE);
	while (f->users)
		pthread_cond_wait(&fs->files_changed, &fs->files_lock);
	pthread_mutex_unlock(&fs->files_lock);
	node_put(&fs->nodes, f->node, 1);
}

/* files_lock is held. */
static void set_blank(struct file *f, bool blank)
{
	unsigned int *count = &f->fs->files_blank;

	if (blank != f->blank)
		__atomic_store_n(count, blank ? *count + 1 : *count - 1, __ATOMIC_RELEASE);
	f->blank = blank;
	f->flushed = f->waited = false;
	pthread_cond_broadcast(&f->fs->files_changed);
}

/* No file of this mount is blank, so this one is not, and nobody waits for its RELEASE. */
static bool none_is_blank(const struct fs *fs)
{
	return __atomic_load_n(&fs->files_blank, __ATOMIC_ACQUIRE) == 0;
}

void openfile_set_blank(struct file *f, bool blank)
{
	if (!blank && none_is_blank(f->fs))
		return;
	pthread_mutex_lock(&f->fs->files_lock);
	set_blank(f, blank);
	pthread_mutex_unlock(&f->fs->files_lock);
}

void openfile_set_flushed(struct file *f)
{
	pthread_mutex_lock(&f->fs->files_lock);
	f->flushed = true;
	f->waited = false;
	pthread_mutex_unlock(&f->fs->files_lock);
}

bool openfile_is_blank(struct file *f)
{
	bool blank;

	if (none_is_blank(f->fs))
		return false;
	pthread_mutex_lock(&f->fs->files_lock);
	blank = f->blank;
	pthread_mutex_unlock(&f->fs->files_lock);
	return blank;
}

void openfile_set_stored(struct file *f)
{
	pthread_mutex_lock(&f->fs->files_lock);
	for (struct file *other = f->node->files; other; other = other->next)
		set_blank(other, false);
	set_blank(f, false);
	f->creating = false;
	if (node_rare_if_any(f->node))
		f->node->rare->refused = 0;
	pthread_mutex_unlock(&f->fs->files_lock);
}

bool openfile_is_dead(struct file *f)
{
	return __atomic_load_n(&f->dead, __ATOMIC_ACQUIRE);
}

void openfile_set_writer(struct file *f, uint64_t owner)
{
	pthread_mutex_lock(&f->fs->files_lock);
	f->writer = owner;
	pthread_mutex_unlock(&f->fs->files_lock);
}

bool openfile_may_settle(struct file *f, uint64_t owner, pid_t pid)
{
	bool may;

	pthread_mutex_lock(&f->fs->files_lock);
	may = !f->writer || f->writer == owner;
	f->closer = pid;
	pthread_mutex_unlock(&f->fs->files_lock);
	return may;
}

/* Only here these are changed, and the file's own lock is held. */
void openfile_show(struct file *f, off_t size, int64_t mtime)
{
	time_t now = uptime();

	if (f->shown_size == size && f->shown_mtime == mtime && f->active == now)
		return;
	pthread_mutex_lock(&f->fs->files_lock);
	f->shown_size = size;
	f->shown_mtime = mtime;
	f->active = now;
	pthread_mutex_unlock(&f->fs->files_lock);
}

/* The file whose text is being served; NULL: none is. A dead one only if there are no others:
 * what has its name by now is another. files_lock is held. */
static const struct file *served_file(const struct node *node, time_t oldest, bool dead)
{
	const struct file *found = NULL;

	for (const struct file *f = node->files; f && !found; f = f->next) {
		if (dead && !f->dead)
			return NULL;
		if (f->dead == dead && f->shown_size >= 0 && f->active >= oldest)
			found = f;
	}
	return found;
}

static bool show_served(struct fs *fs, const struct node *node, time_t oldest, bool dead,
			struct stat *st)
{
	const struct file *f;

	if (__atomic_load_n(&fs->files_open, __ATOMIC_ACQUIRE) == 0)
		return false;
	pthread_mutex_lock(&fs->files_lock);
	f = served_file(node, oldest, dead);
	if (f) {
		st->st_size = f->shown_size;
		st->st_blocks = (f->shown_size + 511) / 512;
		st->st_mtim = st->st_ctim = seen_timespec(f->shown_mtime);
	}
	pthread_mutex_unlock(&fs->files_lock);
	return f != NULL;
}

bool openfile_show_served(struct fs *fs, const struct node *node, bool by_name, struct stat *st)
{
	return show_served(fs, node, by_name ? uptime() - SERVED_SECONDS : 0, false, st);
}

void openfile_show_dead(struct fs *fs, const struct node *node, struct stat *st)
{
	show_served(fs, node, 0, true, st);
}

void openfile_keep_refusal(struct file *f, int err)
{
	struct node_rare *rare = node_rare(f->node);

	if (!rare)
		return;
	pthread_mutex_lock(&f->fs->files_lock);
	rare->refused = err;
	rare->refused_to = f->closer;
	rare->refused_at = uptime();
	pthread_mutex_unlock(&f->fs->files_lock);
}

int openfile_take_refusal(struct fs *fs, struct node *node, pid_t pid)
{
	struct node_rare *rare = node_rare_if_any(node);
	int err = 0;

	if (!rare)
		return 0;
	pthread_mutex_lock(&fs->files_lock);
	if (rare->refused && rare->refused_to == pid) {
		err = uptime() - rare->refused_at <= REFUSAL_SECONDS ? rare->refused : 0;
		rare->refused = 0;
	}
	pthread_mutex_unlock(&fs->files_lock);
	return err;
}

/* A file whose RELEASE is probably on its way. files_lock is held. */
static struct file *unsettled(const struct node *node)
{
	struct file *f = node->files;

	while (f && !(f->blank && f->flushed && !f->waited))
		f = f->next;
	return f;
}

static struct timespec settle_end(void)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += SETTLE_MS * 1000000L;
	end.tv_sec += end.tv_nsec / 1000000000L;
	end.tv_nsec %= 1000000000L;
	return end;
}

void openfile_settle(struct fs *fs, struct node *node)
{
	struct timespec end;
	struct file *f;

	if (none_is_blank(fs))
		return;
	end = settle_end();
	pthread_mutex_lock(&fs->files_lock);
	fs->files_waits++;
	while (fs->files_waits <= MOST_WAITS && (f = unsettled(node)) != NULL)
		if (pthread_cond_timedwait(&fs->files_changed, &fs->files_lock, &end) &&
		    (f = unsettled(node)) != NULL)
			f->waited = true;
	fs->files_waits--;
	pthread_mutex_unlock(&fs->files_lock);
}

bool openfile_is_open(struct fs *fs, const struct node *node)
{
	bool open;

	if (__atomic_load_n(&fs->files_open, __ATOMIC_ACQUIRE) == 0)
		return false;
	pthread_mutex_lock(&fs->files_lock);
	open = node->files != NULL;
	pthread_mutex_unlock(&fs->files_lock);
	return open;
}

bool openfile_is_creating(struct fs *fs, const struct node *node)
{
	struct file *f;

	pthread_mutex_lock(&fs->files_lock);
	for (f = node->files; f && !f->creating; f = f->next)
		;
	pthread_mutex_unlock(&fs->files_lock);
	return f != NULL;
}

void openfile_forget(struct fs *fs, struct node *node)
{
	pthread_mutex_lock(&fs->files_lock);
	for (struct file *f = node->files; f; f = f->next) {
		set_blank(f, false);
		f->creating = false;
		__atomic_store_n(&f->dead, true, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&fs->files_lock);
}

int openfile_sync_new(struct fs *fs, struct node *node, struct diag *d)
{
	struct file *f;
	int err;

	pthread_mutex_lock(&fs->files_lock);
	for (f = node->files; f && !(f->creating && f->blank); f = f->next)
		;
	if (f)
		f->users++;
	pthread_mutex_unlock(&fs->files_lock);
	if (!f)
		return 0;
	openfile_take(f);
	err = f->type->sync(f, d);
	openfile_leave(f);
	pthread_mutex_lock(&fs->files_lock);
	f->users--;
	if (err)
		set_blank(f, false);
	pthread_cond_broadcast(&fs->files_changed);
	pthread_mutex_unlock(&fs->files_lock);
	return err == -EEXIST ? 0 : err;
}
