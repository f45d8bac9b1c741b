/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sequence_steps: steps on open files and on names. A step that makes no sense, since others are
 * missing, is skipped: so that any part of a sequence is a sequence.
 */
#ifndef BPFMAPFS_TESTS_LIVE_SEQUENCE_STEPS_H
#define BPFMAPFS_TESTS_LIVE_SEQUENCE_STEPS_H

#include "tests/live/sequence_run.h"

struct step {
	int op;
	int slot, slot2;
	char path[NAME_ROOM], path2[NAME_ROOM];
	unsigned int flags;
	mode_t mode;
	long number, number2;
	char text[256];
};

static struct string text_of(const struct step *s)
{
	struct string text = {.len = strlen(s->text)};

	memcpy(text.s, s->text, text.len);
	return text;
}

static struct open_file *file_of(const struct step *s)
{
	struct open_file *f = model.slots[s->slot].file;

	run.skipped = !f;
	return f;
}

static int fd_of(const struct step *s)
{
	return model.slots[s->slot].fd;
}

/* The kernel was given attributes, and believes them after the file was closed. */
static void was_told(const struct open_file *f)
{
	if (!f->stage)
		f->map->keys[f->key].stale = true;
}

static bool target_of(const char *path, struct target *t)
{
	bool found = find_target(path, t);

	run.skipped |= !found;
	return found;
}

/* --- open files */

static void run_open(const struct step *s)
{
	struct slot *slot = &model.slots[s->slot];
	struct open_file f;
	struct target t;
	int want, got;

	run.skipped = slot->file || (find_target(s->path, &t) && t.special);
	if (run.skipped || !target_of(s->path, &t))
		return;
	want = model_open(&t, (int)s->flags, s->mode, &f);
	got = as_errno(slot->fd = open(full_path(s->path), (int)s->flags | O_CLOEXEC, s->mode));
	if (got)
		wait_until_idle();
	if (!expect("open", want, got) || got)
		return;
	for (slot->file = model.files; slot->file->refs; slot->file++)
		;
	*slot->file = f;
	slot->file->refs = 1;
}

static void run_dup(const struct step *s)
{
	struct slot *copy = &model.slots[s->slot2];
	struct open_file *f = file_of(s);

	run.skipped |= copy->file != NULL;
	if (run.skipped)
		return;
	copy->fd = fcntl(fd_of(s), F_DUPFD_CLOEXEC, 3);
	if (copy->fd < 0)
		give_up("dup");
	copy->file = f;
	f->refs++;
}

static void run_close(const struct step *s)
{
	struct open_file *f = file_of(s);
	struct map_state *map;
	int want, got, key;

	if (!f)
		return;
	map = f->map;
	key = f->stage ? -1 : f->key;
	got = as_errno(close(fd_of(s)));
	wait_until_idle();
	want = model_close(f);
	model.slots[s->slot].file = NULL;
	expect("close", want, got);
	if (key >= 0 && map->listed && !map->keys[key].present)
		settle_key(map, key); /* a key that was never stored is gone */
}

static void read_and_compare(struct open_file *f, size_t size, off_t at, ssize_t got,
			     const char *bytes)
{
	struct string want;
	int got_err = as_errno(got), err = model_read(f, size, at, &want);

	if (expect("read", err, got_err) && !err)
		expect_text("read", &want, bytes, (size_t)got);
}

static void run_read(const struct step *s)
{
	struct open_file *f = file_of(s);
	char bytes[TEXT_ROOM];
	ssize_t got;

	run.skipped |= f && f->flags & O_APPEND; /* the kernel alone knows where it is */
	if (run.skipped)
		return;
	got = read(fd_of(s), bytes, (size_t)s->number);
	read_and_compare(f, (size_t)s->number, f->at, got, bytes);
	f->at += got > 0 ? got : 0;
}

static void run_pread(const struct step *s)
{
	struct open_file *f = file_of(s);
	char bytes[TEXT_ROOM];

	if (f)
		read_and_compare(f, (size_t)s->number, s->number2,
				 pread(fd_of(s), bytes, (size_t)s->number, s->number2), bytes);
}

static void run_write(const struct step *s)
{
	struct open_file *f = file_of(s);
	struct string text = text_of(s);
	int want, got;

	run.skipped |= f && f->text.len + text.len + 64 > TEXT_ROOM;
	if (run.skipped)
		return;
	got = as_errno(write(fd_of(s), text.s, text.len));
	want = model_write(f, f->at, &text);
	if (expect("write", want, got) && !got)
		f->at += (off_t)text.len;
}

static void run_pwrite(const struct step *s)
{
	struct open_file *f = file_of(s);
	struct string text = text_of(s);
	int got;

	run.skipped |= f && f->text.len + text.len + 64 > TEXT_ROOM;
	if (run.skipped)
		return;
	got = as_errno(pwrite(fd_of(s), text.s, text.len, s->number));
	expect("pwrite", model_write(f, s->number, &text), got);
}

static void run_lseek(const struct step *s)
{
	struct open_file *f = file_of(s);

	if (!f)
		return;
	if (lseek(fd_of(s), s->number, SEEK_SET) != s->number)
		differs("lseek: %s", strerror(errno));
	f->at = s->number;
}

static void run_ftruncate(const struct step *s)
{
	struct open_file *f = file_of(s);
	int got;

	if (!f)
		return;
	got = as_errno(ftruncate(fd_of(s), s->number));
	was_told(f);
	expect("ftruncate", model_truncate(f, (size_t)s->number), got);
}

static void run_fsync(const struct step *s)
{
	struct open_file *f = file_of(s);
	int got;

	if (!f)
		return;
	got = as_errno(fsync(fd_of(s)));
	expect("fsync", model_sync(f), got);
}

/* As an open, ftruncate, fsync and close of its own. */
static int model_truncate_name(const struct target *t, size_t len)
{
	struct open_file *f = model.files;
	int err;

	if (!exists(t))
		return ENOENT;
	while (f < model.files + FILES - 1 && f->refs)
		f++;
	if (f->refs)
		return -1;
	err = model_open(t, O_WRONLY, 0, f);
	if (err)
		return err == ENOENT ? -1 : err;
	f->refs = 1;
	err = model_truncate(f, len);
	if (!err)
		err = model_sync(f);
	if (err && !f->stage)
		f->dirty = f->blank = false;
	model_close(f);
	return err;
}

static void run_truncate(const struct step *s)
{
	struct target t;
	int want;

	if (!target_of(s->path, &t) || t.special)
		return;
	if (t.key >= 0)
		t.map->keys[t.key].stale = true; /* as was_told() */
	want = model_truncate_name(&t, (size_t)s->number);
	run.skipped = want < 0;
	if (!run.skipped)
		expect("truncate", want, as_errno(truncate(full_path(s->path), s->number)));
}

/* --- attributes */

/* May a file of the key show that size? Of text that is being served, or of the value. */
static bool may_be_size(const struct map_state *map, int key, uint64_t size)
{
	const struct key_state *k = &map->keys[key];
	struct string now = {0};

	if (k->present)
		print_value(map->shape->value, &k->value, &now);
	if (size == now.len)
		return true;
	for (struct open_file *f = model.files; f < model.files + FILES; f++)
		if (is_open_on(f, map, key) && !f->dead && !f->is_draft && size == f->text.len)
			return true;
	return false;
}

static mode_t mode_of_keys(const struct map_state *map)
{
	return map->mode & (map->frozen ? 0444 : 0666);
}

static void check_key_attributes(const struct target *t, const struct statx *stx)
{
	mode_t mode = S_IFREG | mode_of_keys(t->map);
	struct key_state *k = &t->map->keys[t->key];

	if (stx->stx_mode != mode)
		differs("mode: must be %o, and is %o", mode, stx->stx_mode);
	if (k->ino && k->ino != stx->stx_ino)
		differs("st_ino has changed");
	k->ino = stx->stx_ino;
	if (!may_be_size(t->map, t->key, stx->stx_size))
		differs("size: %llu is that of no text", (unsigned long long)stx->stx_size);
	if (stx->stx_blocks != (stx->stx_size + 511) / 512)
		differs("blocks: %llu", (unsigned long long)stx->stx_blocks);
}

static void check_stage_attributes(const struct stage *stage, const struct statx *stx)
{
	if (!S_ISREG(stx->stx_mode) || stx->stx_size != stage->text.len)
		differs("staging file: size must be %zu, and is %llu", stage->text.len,
			(unsigned long long)stx->stx_size);
}

static void run_stat(const struct step *s)
{
	struct statx stx;
	struct target t;
	bool fresh;
	int got;

	if (!target_of(s->path, &t))
		return;
	fresh = t.key >= 0 && (t.map->restless || t.map->keys[t.key].stale);
	got = as_errno(statx(AT_FDCWD, full_path(s->path), fresh ? AT_STATX_FORCE_SYNC : 0,
			     STATX_BASIC_STATS, &stx));
	if (t.key >= 0)
		t.map->keys[t.key].stale = key_is_open(t.map, t.key);
	if (!expect("stat", exists(&t) ? 0 : ENOENT, got) || got)
		return;
	if (t.key >= 0)
		check_key_attributes(&t, &stx);
	else if (t.stage)
		check_stage_attributes(t.stage, &stx);
}

static void run_fstat(const struct step *s)
{
	struct open_file *f = file_of(s);
	struct statx stx;
	struct target t;

	if (!f || !expect("fstat", 0,
			  as_errno(statx(fd_of(s), "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC,
					 STATX_BASIC_STATS, &stx))))
		return;
	t = (struct target){.map = f->map, .key = f->key};
	was_told(f);
	if (f->stage && f->stage->named)
		check_stage_attributes(f->stage, &stx);
	else if (!f->stage && !f->dead)
		check_key_attributes(&t, &stx);
}

/* A refusal that nobody heard of may be told now. */
static int kept_refusal(const struct target *t, int got)
{
	int refused = t->key >= 0 ? t->map->keys[t->key].refused : 0;

	if (t->key >= 0)
		t->map->keys[t->key].refused = 0;
	return refused && got == refused ? refused : 0;
}

static void run_chmod(const struct step *s)
{
	struct target t;
	int want = 0, got;

	if (!target_of(s->path, &t) || t.special)
		return;
	got = as_errno(chmod(full_path(s->path), s->mode));
	want = exists(&t) ? kept_refusal(&t, got) : ENOENT;
	if (!want && t.key >= 0 && mode_of_keys(t.map) & ~s->mode & 077)
		want = EPERM;
	expect("chmod", want, got);
}

/* The file that utimens stores, as touch(1) wants to hear of it. */
static struct open_file *blank_file_of(const struct target *t)
{
	for (struct open_file *f = model.files; f < model.files + FILES; f++)
		if (t->key >= 0 && is_open_on(f, t->map, t->key) && f->creating && f->blank)
			return f;
	return NULL;
}

static void run_utimens(const struct step *s)
{
	struct open_file *f;
	struct target t;
	int want, got;

	if (!target_of(s->path, &t) || t.special)
		return;
	f = blank_file_of(&t);
	run.skipped = f && t.map->keys[t.key].refused; /* one of two refusals */
	if (run.skipped)
		return;
	got = as_errno(utimensat(AT_FDCWD, full_path(s->path), NULL, 0));
	want = exists(&t) ? kept_refusal(&t, got) : ENOENT;
	if (f && !want) {
		want = model_sync(f);
		want = want == EEXIST ? 0 : want;
		f->blank = false;
	}
	expect("utimens", want, got);
}

/* --- names */

static void settle_target(const struct target *t)
{
	if (t->key >= 0)
		settle_key(t->map, t->key);
}

static void run_unlink(const struct step *s)
{
	struct target t;
	int got;

	if (!target_of(s->path, &t) || strcmp(t.name, ".map") == 0)
		return;
	got = as_errno(unlink(full_path(s->path)));
	expect("unlink", model_unlink(&t), got);
	settle_target(&t);
}

/* The kernel then has two inodes of a key: that of the name that was listed, which it does not
 * ask for, and the one that was renamed. */
static bool is_other_name(const struct target *to)
{
	return to->key >= 0 && to->map->listed &&
	       strcmp(to->name, to->map->shape->keys[to->key][0]) != 0;
}

static void run_rename(const struct step *s)
{
	struct target from, to;
	int got;

	if (!target_of(s->path, &from) || !target_of(s->path2, &to) || is_other_name(&to))
		return;
	got = as_errno(
		renameat2(AT_FDCWD, full_path(s->path), AT_FDCWD, full_path(s->path2), s->flags));
	expect("rename", model_rename(&from, &to, s->flags), got);
	settle_target(&from);
	settle_target(&to);
}

/* What keys are not: want if the name is free. */
static void run_refused(const struct step *s, const char *what, int want, int got)
{
	struct target t;

	if (target_of(s->path, &t))
		expect(what, exists(&t) ? EEXIST : want, got);
}

static void run_mkdir(const struct step *s)
{
	struct target t;

	if (find_target(s->path, &t))
		run_refused(s, "mkdir", EPERM, as_errno(mkdir(full_path(s->path), 0700)));
}

static void run_mknod(const struct step *s)
{
	struct target t;

	if (find_target(s->path, &t))
		run_refused(s, "mknod", EPERM,
			    as_errno(mknod(full_path(s->path), S_IFIFO | 0600, 0)));
}

static void run_symlink(const struct step *s)
{
	struct target t;

	if (find_target(s->path, &t) && t.name[0] != '.')
		run_refused(s, "symlink", EPERM, as_errno(symlink("1", full_path(s->path))));
}

static void run_link(const struct step *s)
{
	struct target from, to;
	int want = EPERM;

	if (!target_of(s->path, &from) || !target_of(s->path2, &to))
		return;
	if (!exists(&from))
		want = ENOENT;
	else if (exists(&to))
		want = EEXIST;
	expect("link", want, as_errno(link(full_path(s->path), full_path(s->path2))));
}

static void run_rmdir(const struct step *s)
{
	struct target t;

	if (target_of(s->path, &t))
		expect("rmdir", exists(&t) ? ENOTDIR : ENOENT, as_errno(rmdir(full_path(s->path))));
}

#endif
