/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sequence_model: what the maps, their staging files and the open descriptors are after each
 * step, by the contract (sections 2, 3 and 7 of the design). No bpf(2) and no file is touched here.
 * Functions return 0 or the errno that the step must end with.
 */
#ifndef BPFMAPFS_TESTS_LIVE_SEQUENCE_MODEL_H
#define BPFMAPFS_TESTS_LIVE_SEQUENCE_MODEL_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "tests/live/sequence_shape.h"

enum { MAPS = 10, SLOTS = 6, FILES = SLOTS, STAGES = 32, NAME_ROOM = 64 };

struct key_state {
	bool present; /* of a fixed map: not hidden */
	bool stale;   /* attributes that the kernel believes may be old for a second */
	int refused;  /* by a close: the next chmod or utimens may say so */
	struct value value;
	uint64_t ino;
};

struct map_state {
	bool there;
	char name[NAME_ROOM];
	const struct shape *shape;
	int fd;
	bool frozen;
	bool listed;   /* the kernel believes for a second the names of a listing */
	bool restless; /* modes have changed: those of keys may be old for a second */
	mode_t mode;
	uint64_t ino;
	struct key_state keys[KEYS];
	struct value queue[KEYS]; /* of a queue: the oldest first */
	int queued;
	struct string spec; /* what .map read at first */
};

struct stage {
	bool used, named;
	struct map_state *map;
	char name[NAME_ROOM];
	mode_t mode;
	struct string text;
};

/* When a text is stored that is complete. */
enum demand { ANY, ABSENT, PRESENT };

/* An open file description. */
struct open_file {
	int refs; /* slots */
	int flags;
	struct map_state *map;
	int key;             /* the key that it is a file of */
	struct stage *stage; /* or the staging file */
	bool dead;           /* its name was taken away */
	struct string text;  /* what is served, or the draft */
	bool is_draft;
	bool dirty;    /* the draft says what is not stored */
	bool strict;   /* judged by every write */
	bool blank;    /* the draft is empty, and zeroes the key at the last close */
	bool creating; /* O_CREAT made the name, and nothing is stored */
	bool served;   /* its beginning was read */
	bool told;     /* a refusal at close */
	size_t stored; /* length of the draft that is stored, without blanks behind it */
	enum demand demand;
	off_t at; /* where read(2) and write(2) are */
};

struct slot {
	int fd;
	struct open_file *file; /* NULL: not open */
};

static struct model {
	struct map_state maps[MAPS];
	struct stage stages[STAGES];
	struct open_file files[FILES];
	struct slot slots[SLOTS];
} model;

/* --- what is there */

static struct map_state *map_called(const char *name)
{
	for (int i = 0; i < MAPS; i++)
		if (model.maps[i].there && strcmp(model.maps[i].name, name) == 0)
			return &model.maps[i];
	return NULL;
}

static struct stage *stage_called(const struct map_state *map, const char *name)
{
	for (int i = 0; i < STAGES; i++) {
		struct stage *s = &model.stages[i];

		if (s->used && s->named && s->map == map && strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

static struct stage *new_stage(struct map_state *map, const char *name, mode_t mode)
{
	for (int i = 0; i < STAGES; i++) {
		struct stage *s = &model.stages[i];

		if (s->used)
			continue;
		*s = (struct stage){.used = true, .named = true, .map = map, .mode = mode};
		snprintf(s->name, sizeof s->name, "%s", name);
		return s;
	}
	abort();
}

/* It is gone when it has no name and no file is open. */
static void drop_stage(struct stage *s)
{
	for (int i = 0; i < FILES; i++)
		if (model.files[i].refs && model.files[i].stage == s)
			return;
	if (!s->named)
		s->used = false;
}

static void unname_stage(struct stage *s)
{
	s->named = false;
	drop_stage(s);
}

static bool is_open_on(const struct open_file *f, const struct map_state *map, int key)
{
	return f->refs && !f->stage && f->map == map && f->key == key;
}

static bool is_being_created(const struct map_state *map, int key)
{
	for (struct open_file *f = model.files; f < model.files + FILES; f++)
		if (is_open_on(f, map, key) && f->creating)
			return true;
	return false;
}

/* Attributes are those of the text that is served, and the kernel believes them for a second. */
static bool key_is_open(const struct map_state *map, int key)
{
	for (int i = 0; i < FILES; i++)
		if (is_open_on(&model.files[i], map, key))
			return true;
	return false;
}

static bool map_is_open(const struct map_state *map)
{
	for (struct open_file *f = model.files; f < model.files + FILES; f++)
		if (f->refs && f->map == map)
			return true;
	return false;
}

static int count_keys(const struct map_state *map)
{
	int count = 0;

	for (int key = 0; key < KEYS; key++)
		count += map->keys[key].present;
	return count;
}

/* What a name in a map stands for. */
struct target {
	struct map_state *map;
	const char *name;
	int key; /* -1: it is no key's */
	struct stage *stage;
	bool special; /* .count and the like */
};

static bool exists(const struct target *t)
{
	if (t->key >= 0)
		return t->map->keys[t->key].present || is_being_created(t->map, t->key);
	return t->stage || t->special;
}

/* --- keys */

static int store(struct map_state *map, int key, const struct value *v, enum demand demand)
{
	struct key_state *k = &map->keys[key];

	if (demand == PRESENT && !k->present && (map->shape->fixed || !map->frozen))
		return ENOENT; /* that a slot is hidden the mount knows, and need not ask */
	if (map->frozen)
		return EROFS;
	if (demand == ABSENT && k->present)
		return EEXIST;
	if (!k->present && count_keys(map) == map->shape->most)
		return ENOSPC;
	k->present = true;
	k->value = *v;
	return 0;
}

static int store_zero(struct map_state *map, int key, enum demand demand)
{
	const struct value zero = {{0}};

	return store(map, key, &zero, demand);
}

/* EAGAIN: a prefix. */
static int store_text(struct map_state *map, int key, const struct string *text, enum demand demand)
{
	struct key_state *k = &map->keys[key];
	struct value v = k->present ? k->value : (struct value){{0}};
	enum verdict verdict = read_value(map->shape->value, text->s, text->len, &v);

	if (verdict != COMPLETE)
		return verdict == PREFIX ? EAGAIN : EINVAL;
	return store(map, key, &v, demand);
}

static void take_away(struct map_state *map, int key)
{
	map->keys[key].present = false;
	map->keys[key].value = (struct value){{0}};
}

/* Files open on a key that is no more, or is another's now. */
static void bury(struct map_state *map, int key)
{
	for (struct open_file *f = model.files; f < model.files + FILES; f++)
		if (is_open_on(f, map, key)) {
			f->dead = true;
			f->creating = f->blank = false;
		}
}

/* --- open files of keys */

static void was_stored(struct open_file *f)
{
	for (struct open_file *other = model.files; other < model.files + FILES; other++)
		if (is_open_on(other, f->map, f->key) && !other->dead)
			other->blank = false; /* it was truncated before this was stored */
	f->dirty = f->told = f->blank = f->creating = false;
	f->stored = f->text.len;
	while (f->stored && is_blank(f->text.s[f->stored - 1]))
		f->stored--;
	if (f->demand == ABSENT)
		f->demand = ANY;
}

static void start_draft(struct open_file *f)
{
	f->text.len = 0;
	f->is_draft = f->strict = f->blank = true;
	f->dirty = f->told = false;
	f->stored = 0;
}

static int take_text(struct open_file *f)
{
	const struct key_state *k = &f->map->keys[f->key];
	bool there = !f->dead && k->present;

	f->text.len = 0;
	f->dirty = false;
	f->is_draft = f->served = !there; /* then it is an empty draft */
	if (!there)
		return ENOENT;
	print_value(f->map->shape->value, &k->value, &f->text);
	return 0;
}

static int judge(struct open_file *f, bool last)
{
	int err = store_text(f->map, f->key, &f->text, f->demand);

	if (!err)
		was_stored(f);
	return err == EAGAIN && last ? EINVAL : err;
}

/* Of a name that was there, as the kernel of this system sees it: it does not say O_CREAT then. */
static int open_present(struct open_file *f, int flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY;
	int err;

	f->demand = PRESENT;
	if (writes && f->map->frozen)
		return EROFS;
	err = take_text(f);
	if (err && !(writes && is_being_created(f->map, f->key)))
		return err;
	if (err) {
		f->demand = ANY;
		f->strict = true;
	}
	if (writes && flags & O_TRUNC)
		start_draft(f);
	f->strict |= (flags & O_APPEND) != 0;
	return 0;
}

static int open_new(struct open_file *f, int flags)
{
	if (f->map->frozen)
		return EROFS;
	f->demand = flags & O_EXCL ? ABSENT : ANY;
	start_draft(f);
	f->creating = true;
	return 0;
}

/* A read of so many bytes at that place; *out is what it gives. */
static int model_read(struct open_file *f, size_t size, off_t at, struct string *out)
{
	const struct string *text = f->stage ? &f->stage->text : &f->text;
	int err = 0;

	out->len = 0;
	if ((f->flags & O_ACCMODE) == O_WRONLY)
		return EBADF;
	if (!f->stage && at == 0 && (f->is_draft ? !f->dirty && !f->blank : f->served))
		err = take_text(f);
	if (err)
		return err;
	if (at == 0)
		f->served = true;
	if ((size_t)at >= text->len)
		return 0;
	out->len = text->len - (size_t)at < size ? text->len - (size_t)at : size;
	memcpy(out->s, text->s + at, out->len);
	return 0;
}

/* Puts bytes at a place, over what is there, with NULs before if it is beyond the end. */
static void put(struct string *text, size_t at, const struct string *bytes)
{
	if (at + bytes->len >= TEXT_ROOM)
		abort();
	if (at > text->len)
		memset(text->s + text->len, 0, at - text->len);
	memcpy(text->s + at, bytes->s, bytes->len);
	if (at + bytes->len > text->len)
		text->len = at + bytes->len;
}

static bool adds_nothing(const struct open_file *f, size_t at, const struct string *bytes)
{
	if (!f->is_draft || f->dirty || !f->stored || at < f->stored || at > f->text.len)
		return false;
	for (size_t i = 0; i < bytes->len; i++)
		if (!is_blank(bytes->s[i]))
			return false;
	return true;
}

static int write_key(struct open_file *f, size_t at, const struct string *bytes)
{
	struct open_file before = *f;
	int err = 0;

	if (f->dead) {
		f->blank = false;
		return ENOENT;
	}
	if (adds_nothing(f, at, bytes)) {
		put(&f->text, at, bytes);
		return 0;
	}
	if (f->strict && at == 0)
		f->text.len = f->stored = 0;
	put(&f->text, at, bytes);
	f->is_draft = f->dirty = true;
	f->told = f->blank = false;
	if (f->strict)
		err = judge(f, false);
	if (!err || err == EAGAIN)
		return 0;
	f->text = before.text;
	f->stored = before.stored;
	f->dirty = before.dirty;
	return err;
}

static int model_write(struct open_file *f, off_t at, const struct string *bytes)
{
	struct string *text = f->stage ? &f->stage->text : &f->text;
	size_t place = f->flags & O_APPEND ? text->len : (size_t)at;

	if ((f->flags & O_ACCMODE) == O_RDONLY)
		return EBADF;
	if (!bytes->len)
		return 0;
	if (!f->stage)
		return write_key(f, place, bytes);
	put(text, place, bytes);
	return 0;
}

static void resize(struct string *text, size_t len)
{
	if (len > text->len)
		memset(text->s + text->len, 0, len - text->len);
	text->len = len;
}

static int truncate_key(struct open_file *f, size_t len)
{
	int err;

	if (f->dead)
		return ENOENT;
	if (len == 0) {
		start_draft(f);
		return 0;
	}
	if (len == f->text.len && !f->dirty && (!f->is_draft || f->stored))
		return 0;
	resize(&f->text, len);
	f->is_draft = f->dirty = true;
	f->blank = false;
	err = judge(f, false);
	if (!err || err == EAGAIN)
		return 0;
	f->dirty = false;
	f->stored = 0;
	return err;
}

static int model_truncate(struct open_file *f, size_t len)
{
	if ((f->flags & O_ACCMODE) == O_RDONLY)
		return EINVAL;
	if (!f->stage)
		return truncate_key(f, len);
	resize(&f->stage->text, len);
	return 0;
}

/* What close(2) says, of whichever copy of a descriptor. */
static int settle(struct open_file *f)
{
	int err = 0;

	if (!f->stage && f->dirty)
		err = f->dead ? ENOENT : judge(f, true);
	f->told = err != 0;
	if (err && !f->stage)
		f->map->keys[f->key].refused = err;
	return err;
}

static int model_sync(struct open_file *f)
{
	int err;

	if (f->stage || !f->blank)
		return settle(f);
	err = store_zero(f->map, f->key, f->demand);
	if (!err)
		was_stored(f);
	return err;
}

/* One copy is closed; of the last one nobody hears what becomes. */
static int model_close(struct open_file *f)
{
	bool writes = (f->flags & O_ACCMODE) != O_RDONLY;
	int err = writes ? settle(f) : 0;
	struct stage *stage = f->stage;
	int last = 0;

	if (--f->refs)
		return err;
	f->refs = 1;
	if (!f->told)
		last = model_sync(f);
	if (last && !stage)
		f->map->keys[f->key].refused = last;
	f->refs = 0;
	if (stage)
		drop_stage(stage);
	return err;
}

#endif
