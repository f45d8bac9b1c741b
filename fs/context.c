/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/context.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { SEEN_KEYS = 4 << 20 }; /* 74 MiB at most */

/* Who changes them is not to wait for ever behind those who look things up. */
static void init_names(struct fs *fs)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&fs->names, &attr);
	pthread_rwlockattr_destroy(&attr);
}

int fs_init(struct fs *fs, struct fs_options *options)
{
	pthread_condattr_t clock;
	int err;

	memset(fs, 0, sizeof(*fs));
	fs->options = *options;
	memset(options, 0, sizeof(*options));
	clock_gettime(CLOCK_REALTIME, &fs->started);
	clock_gettime(CLOCK_BOOTTIME, &fs->booted);
	fs->root_mode = 0755;
	scratch_init(&fs->scratch, &fs->quota);
	hide_init(&fs->hidden);
	longdirs_init(&fs->longdirs);
	fresh_init(&fs->fresh);
	waitroom_init(&fs->waitroom, &fs->quota);
	lately_init(&fs->lately);
	diag_ring_init(&fs->refusals);
	init_names(fs);
	pthread_mutex_init(&fs->files_lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&fs->files_changed, &clock);
	pthread_condattr_destroy(&clock);
	err = quota_init(&fs->quota);
	if (!err)
		err = node_table_init(&fs->nodes);
	if (err)
		return err;
	fs->seen = seen_new(fs->options.survey.snapshot ? 0 : SEEN_KEYS);
	if (!fs->seen)
		return -ENOMEM;
	return catalog_new(&fs->options.survey, fs->options.max_map_bytes, &fs->catalog);
}

void fs_free(struct fs *fs)
{
	catalog_free(fs->catalog);
	seen_free(fs->seen);
	node_table_free(&fs->nodes);
	scratch_free(&fs->scratch);
	hide_free(&fs->hidden);
	longdirs_free(&fs->longdirs);
	fresh_free(&fs->fresh);
	waitroom_free(&fs->waitroom);
	lately_free(&fs->lately);
	quota_free(&fs->quota);
	diag_ring_free(&fs->refusals);
	spec_free(&fs->options.mkdir_spec);
	pthread_cond_destroy(&fs->files_changed);
	pthread_rwlock_destroy(&fs->names);
	pthread_mutex_destroy(&fs->files_lock);
}

/* What this thread's request does with the names. */
static _Thread_local struct {
	bool holds, was_holding, changes;
} names;

void fs_names_hold(struct fs *fs)
{
	pthread_rwlock_rdlock(&fs->names);
	names.holds = true;
}

void fs_names_let_go(struct fs *fs)
{
	if (names.holds)
		pthread_rwlock_unlock(&fs->names);
	names.holds = false;
}

void fs_names_change(struct fs *fs)
{
	names.was_holding = names.holds;
	fs_names_let_go(fs);
	pthread_rwlock_wrlock(&fs->names);
	names.changes = true;
}

void fs_names_changed(struct fs *fs)
{
	if (names.changes)
		pthread_rwlock_unlock(&fs->names);
	names.changes = false;
}

void fs_names_resume(struct fs *fs)
{
	fs_names_changed(fs);
	if (names.was_holding)
		fs_names_hold(fs);
	names.was_holding = false;
}

bool fs_lacks_map(void *arg, uint32_t map_id)
{
	struct fs *fs = arg;

	return !catalog_is_alive(fs->catalog, map_id);
}

int fs_let_wait(struct fs *fs, const struct waiter *w, struct diag *d)
{
	int err = waitroom_put(&fs->waitroom, w, NULL);

	if (err != -ENOSPC)
		return err;
	waitroom_prune(&fs->waitroom, fs_lacks_map, fs);
	waitroom_prune_parts(&fs->waitroom);
	return waitroom_put(&fs->waitroom, w, d);
}

enum { MOST_HELD = 64 * 1024 }; /* bytes of lines; what is more is in .error_log alone */

static _Thread_local struct {
	bool holds;
	struct buf lines;
} held_log;

void fs_log(struct fs *fs, const char *lines)
{
	if (held_log.holds)
		buf_adds(&held_log.lines, lines);
	else if (fs->log)
		fs->log(lines);
}

void fs_log_hold(void)
{
	held_log.holds = true;
	held_log.lines = (struct buf)BUF_INIT(MOST_HELD);
}

void fs_log_release(struct fs *fs)
{
	held_log.holds = false;
	if (held_log.lines.len)
		fs_log(fs, held_log.lines.data);
	buf_free(&held_log.lines);
}

void fs_keep_refusal(struct fs *fs, struct refusal *r, int err)
{
	struct buf line = BUF_INIT(8 * PATH_MAX);

	clock_gettime(CLOCK_REALTIME, &r->when);
	if (!r->diag.err)
		diag_set(&r->diag, err, "%s", strerrordesc_np(err));
	r->diag.err = err;
	diag_ring_add(&fs->refusals, r);
	diag_print(r, &line);
	if (line.data)
		fs_log(fs, line.data);
	buf_free(&line);
}

void fs_tell_waiting(struct fs *fs, uid_t uid, const char *operation, uint32_t map_id,
		     const char *name, int err, const struct diag *d)
{
	struct buf path = BUF_INIT(2 * PATH_MAX);
	struct refusal refusal = {.uid = uid, .operation = operation, .diag = *d};

	buf_addc(&path, '/');
	catalog_path(fs->catalog, map_id, &path);
	buf_addf(&path, "/%s", name);
	refusal.path = path.data;
	fs_keep_refusal(fs, &refusal, -err);
	buf_free(&path);
}
