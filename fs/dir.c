/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/dir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/attr.h"
#include "fs/heldscan.h"
#include "fs/key.h"
#include "fs/kind.h"
#include "fs/link.h"
#include "fs/longdir.h"
#include "fs/newfile.h"
#include "fs/openfile.h"
#include "fs/remake.h"
#include "fs/tree.h"
#include "lib/host.h"
#include "lib/keyname.h"

enum {
	SPECIALS = 2,
	KEYS = SPECIALS + NODE_KINDS,
	DIRS = KEYS,
	FREE_NAMES = 64, /* of directories, for which a place allows */
};

#define MAPS ((off_t)1 << 32)
#define WAITING ((off_t)1 << 62)

struct dir {
	struct fs *fs;
	struct node *node; /* one reference: the identity lives as long */
	pthread_mutex_t lock;

	struct map_desc *desc;    /* of a map */
	struct heldscan held;     /* of a map that has keys, once it was read */
	struct longdir_set given; /* directories that long names are cut into */
	struct quota_hold place;  /* who opened it, and */
	struct quota_hold bytes;  /* for given */
	off_t first, behind;      /* the offsets that the last reply began and ended with */

	char **dirs; /* names of the directories below */
	size_t dir_count;
};

/* One dir_read() under way. */
struct listing {
	struct dir *d;
	bool with_stat;
	int (*emit)(void *arg, const struct dir_entry *entry);
	void *arg;
	struct diag *diag;
	bool full;    /* emit said so */
	off_t behind; /* the offset behind what was emitted */
	bool any;     /* something was emitted */
	bool at_end;  /* of the keys */
};

int dir_open(struct fs *fs, const struct identity *id, struct dir **out, struct diag *diag)
{
	struct dir *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	d->fs = fs;
	d->held.quota = &fs->quota;
	d->place.uid = d->bytes.uid = d->held.bytes.uid = host_served();
	pthread_mutex_init(&d->lock, NULL);
	err = quota_set(&fs->quota, QUOTA_DIRS, &d->place, 1, diag);
	if (!err)
		d->node = node_get(&fs->nodes, id);
	if (!err && !d->node)
		err = -ENOMEM;
	else if (!err && tree_is_in_map(id))
		err = catalog_desc(fs->catalog, id->map_id, &d->desc);
	if (err) {
		dir_close(d);
		return err;
	}
	*out = d;
	return 0;
}

static void forget_dirs(struct dir *d)
{
	while (d->dir_count)
		free(d->dirs[--d->dir_count]);
	free(d->dirs);
	d->dirs = NULL;
}

static void forget_given(struct dir *d)
{
	longdir_set_free(&d->given);
	quota_set(&d->fs->quota, QUOTA_TEXTS, &d->bytes, 0, NULL);
}

void dir_close(struct dir *d)
{
	forget_dirs(d);
	heldscan_end(&d->held);
	forget_given(d);
	map_desc_unref(d->desc);
	if (d->node)
		node_put(&d->fs->nodes, d->node, 1);
	quota_set(&d->fs->quota, QUOTA_DIRS, &d->place, 0, NULL);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static void emit(struct listing *l, const struct dir_entry *entry)
{
	l->full = l->emit(l->arg, entry) != 0;
	if (l->full)
		return;
	l->any = true;
	l->behind = entry->next;
}

/* What vanished meanwhile is passed over. What cannot be told is asked for by name. */
static void emit_identity(struct listing *l, const char *name, const struct identity *id,
			  off_t next)
{
	struct dir_entry entry = {.name = name, .id = id, .next = next};
	int err = 0;

	entry.st.st_ino = node_ino(id);
	entry.st.st_mode = kind_of(id->kind)->type;
	if (l->with_stat)
		err = kind_stat(l->d->fs, id, &entry.st);
	if (err == -ENOENT || err == -ESTALE)
		return;
	if (err)
		entry.id = NULL;
	emit(l, &entry);
}

static void list_fixed(struct listing *l, off_t off)
{
	struct fs *fs = l->d->fs;
	const struct identity *dir = node_identity(l->d->node);
	const struct identity root = {.kind = NODE_ROOT}; /* what is above, mostly */
	struct dir_entry dots = {.st = {.st_mode = S_IFDIR}};

	for (; off < KEYS && !l->full; off++) {
		struct identity id = {.kind = (enum node_kind)(off - SPECIALS),
				      .map_id = dir->map_id};
		const struct kind *kind;

		if (off < SPECIALS) {
			dots.name = off ? ".." : ".";
			dots.st.st_ino = node_ino(off ? &root : dir);
			dots.next = off + 1;
			emit(l, &dots);
			continue;
		}
		kind = kind_of(id.kind);
		if (!kind->name || !kind->listed || kind->directory != dir->kind)
			continue;
		if (id.kind == NODE_MAP_FILE && remake_lacks_map_file(fs, id.map_id))
			continue;
		emit_identity(l, kind->name, &id, off + 1);
	}
}

/* Keys. */

/* What is the same for all keys of a reply, and room that each of them uses. */
struct key_listing {
	struct listing *l;
	struct map map;
	struct access access;
	const char *pieces; /* the directory that long names go on in; "": the map's own */
	bool has_pieces;    /* names may be cut, or this is where they go on */
	bool hides;         /* some slots are hidden */
	bool waits;         /* something waits in the map */
	struct buf key, name, text;
};

/* Attributes of a key that somebody is reading are those of what is being read. */
static void show_served(struct fs *fs, const struct identity *id, struct stat *st)
{
	struct node *node;

	if (__atomic_load_n(&fs->files_open, __ATOMIC_ACQUIRE) == 0)
		return;
	node = node_find(&fs->nodes, id);
	if (!node)
		return;
	openfile_show_served(fs, node, true, st);
	node_put(&fs->nodes, node, 1);
}

/* A key of a map of maps: as emit_file(). */
static int emit_link(struct key_listing *k, const char *name, const void *value, off_t next)
{
	struct dir *d = k->l->d;
	struct identity id = {NODE_LINK, d->desc->info.id, d->desc->key->size,
			      (const unsigned char *)k->key.data};
	struct dir_entry entry = {.name = name, .next = next, .id = &id};
	int err = 0;

	entry.st.st_mode = S_IFLNK;
	if (k->l->with_stat) {
		buf_clear(&k->text);
		err = link_print(d->fs, d->desc, k->key.data, value, &k->text);
	}
	if (err)
		return err;
	if (k->l->with_stat)
		link_fill(d->fs, &k->access, &id, value, k->text.len, &entry.st);
	entry.st.st_ino = node_ino(&id);
	emit(k->l, &entry);
	return 0;
}

static int emit_file(struct key_listing *k, const char *name, const void *value, off_t next)
{
	struct dir *d = k->l->d;
	struct identity id = {NODE_KEY, d->desc->info.id, d->desc->key->size,
			      (const unsigned char *)k->key.data};
	struct dir_entry entry = {.name = name, .next = next, .id = &id};
	int64_t mtime;
	int err = 0;

	entry.st.st_ino = node_ino(&id);
	entry.st.st_mode = S_IFREG;
	if (k->l->with_stat) {
		buf_clear(&k->text);
		err = key_text(d->fs, d->desc, k->key.data, value, &k->text, &mtime);
	}
	if (err)
		return err;
	if (k->l->with_stat) {
		kind_fill_file(&k->access, 0666, k->text.len, mtime, &entry.st);
		show_served(d->fs, &id, &entry.st);
	}
	emit(k->l, &entry);
	return 0;
}

/* The directory in which a long name goes on, at the first of its keys. rest: the name
 * from here, its first piece len bytes long; pos: of the key. */
static int emit_long_dir(struct key_listing *k, char *rest, size_t len, uint64_t pos, off_t next)
{
	struct dir *d = k->l->d;
	struct identity id = {.kind = NODE_LONG_DIR, .map_id = d->desc->info.id};
	int gives = longdir_set_gives(&d->given, rest, len, pos), err = 0;

	if (gives != 1)
		return gives;
	if (d->given.room > FREE_NAMES)
		err = quota_set(&d->fs->quota, QUOTA_TEXTS, &d->bytes,
				d->given.room * sizeof(*d->given.seen), k->l->diag);
	if (err) {
		forget_given(d);
		return err;
	}
	rest[len] = '\0';
	id.bytes = (const unsigned char *)k->name.data;
	id.len = (uint32_t)strlen(k->name.data) + 1;
	err = longdirs_remember(&d->fs->longdirs, id.map_id, k->name.data);
	if (!err)
		emit_identity(k->l, rest, &id, next);
	return err;
}

static int emit_key(struct key_listing *k, const void *key, const void *value, uint64_t pos,
		    off_t next)
{
	struct dir *d = k->l->d;
	const char *rest, *slash;
	int err;

	memcpy(k->key.data, key, d->desc->key->size);
	layout_canonical(d->desc->key, k->key.data);
	buf_clear(&k->name);
	err = key_print(d->desc, k->key.data, &k->name);
	if (err)
		return err;
	rest = k->has_pieces ? longdir_rest(k->pieces, k->name.data) : k->name.data;
	if (!rest)
		return 0;
	slash = k->has_pieces ? strchr(rest, '/') : NULL;
	if (slash)
		return emit_long_dir(k, k->name.data + (rest - k->name.data),
				     (size_t)(slash - rest), pos, next);
	if (k->waits && waitroom_find(&d->fs->waitroom, d->desc->info.id, k->name.data, NULL) == 0)
		return 0; /* that name is what waits */
	if (d->desc->type->links)
		return emit_link(k, rest, value, next);
	return emit_file(k, rest, value, next);
}

static int list_batch(struct key_listing *k, uint64_t pos)
{
	struct dir *d = k->l->d;
	const void *key, *value;
	int err = 0;

	k->l->at_end = false;
	while (!k->l->full && !(k->l->any && scan_would_move(d->held.scan, pos))) {
		err = heldscan_at(&d->held, &k->map, &pos, &key, &value, k->l->diag);
		k->l->at_end = err == 0;
		if (err != 1)
			return err;
		pos++;
		if (!k->hides || key_is_shown(d->fs, d->desc, key, value))
			err = emit_key(k, key, value, pos, (off_t)(KEYS + pos));
		else
			err = 0;
		if (err)
			return err;
	}
	return 0;
}

/* Asked once: what changes while a reply is made may be in it or not. */
static void look_around(struct key_listing *k)
{
	struct dir *d = k->l->d;
	uint32_t map_id = d->desc->info.id;

	k->pieces = tree_pieces(node_identity(d->node));
	k->has_pieces = *k->pieces || keyname_may_be_long(d->desc->key);
	k->hides = maptype_is_fixed(d->desc->type) && hide_count(&d->fs->hidden, map_id);
	k->waits = waitroom_has(&d->fs->waitroom, map_id);
	if (k->l->with_stat)
		access_of_open(d->fs, &k->map, &k->access);
}

static int list_keys(struct listing *l, off_t off)
{
	struct key_listing k = {.l = l,
				.key = BUF_INIT(SIZE_MAX / 2),
				.name = BUF_INIT(SIZE_MAX / 2),
				.text = BUF_INIT(SIZE_MAX / 2)};
	struct dir *d = l->d;
	int err = 0;

	l->at_end = true;
	if (!key_is_listed(d->desc))
		return 0;
	if (!d->held.scan)
		err = heldscan_begin(&d->held, d->desc, l->diag);
	else if (off < d->first || off > d->behind)
		scan_forget(d->held.scan);
	if (!err)
		err = map_open(&k.map, d->desc, BPF_F_RDONLY);
	if (err == -EOPNOTSUPP)
		return 0; /* nobody else holds it */
	if (err)
		return err == -ESTALE ? -ENOENT : err;
	look_around(&k);
	err = buf_resize(&k.key, d->desc->key->size);
	if (!err)
		err = list_batch(&k, off < KEYS ? 0 : (uint64_t)(off - KEYS));
	map_close(&k.map);
	buf_free(&k.key);
	buf_free(&k.name);
	buf_free(&k.text);
	return err;
}

/* What waits, by its number. */

static void emit_waiting(struct listing *l, const struct waiter *w)
{
	struct dir *d = l->d;
	const char *name = longdir_rest(tree_pieces(node_identity(d->node)), w->name);
	struct buf bytes = BUF_INIT(SIZE_MAX / 2);
	struct identity id;

	if (name && !strchr(name, '/') && w->kind != WAIT_LINK_TO_BE &&
	    newfile_find(d->fs, w->map_id, w->name, &id, &bytes) == 0)
		emit_identity(l, name, &id, WAITING + (off_t)w->number);
	buf_free(&bytes);
}

static void list_waiting(struct listing *l, off_t off)
{
	struct dir *d = l->d;
	struct waiter w = {.number = off < WAITING ? 0 : (uint64_t)(off - WAITING)};

	while (!l->full && waitroom_next(&d->fs->waitroom, d->desc->info.id, w.number, &w) == 0) {
		emit_waiting(l, &w);
		waiter_release(&w);
	}
}

static int list_keys_and_waiting(struct listing *l, off_t off)
{
	int err = 0;

	l->at_end = off >= WAITING;
	if (!l->at_end)
		err = list_keys(l, off);
	if (!err && l->at_end && !l->full)
		list_waiting(l, off);
	return err;
}

/* Directories and maps. */

static int add_dir(void *arg, const char *name)
{
	struct dir *d = arg;
	char **dirs = realloc(d->dirs, (d->dir_count + 1) * sizeof(*dirs));

	if (!dirs)
		return -ENOMEM;
	d->dirs = dirs;
	dirs[d->dir_count] = strdup(name);
	return dirs[d->dir_count++] ? 0 : -ENOMEM;
}

static void list_dirs(struct listing *l, off_t off)
{
	struct dir *d = l->d;
	size_t i = off < DIRS ? 0 : (size_t)(off - DIRS);

	for (; i < d->dir_count && !l->full; i++) {
		struct found found = FOUND_INIT;

		if (tree_find(d->fs, node_identity(d->node), d->dirs[i], &found, NULL) == 0 &&
		    found.id.kind == NODE_DIR)
			emit_identity(l, d->dirs[i], &found.id, (off_t)(DIRS + i + 1));
		found_free(&found);
	}
}

static int list_maps(struct listing *l, off_t off)
{
	struct identity id = {.kind = NODE_MAP};
	struct buf name = BUF_INIT(SIZE_MAX / 2);
	struct dir *d = l->d;
	int err = 0;

	id.map_id = off < MAPS ? 0 : (uint32_t)(off - MAPS);
	while (!l->full) {
		err = catalog_next(d->fs->catalog, tree_dir_path(node_identity(d->node)), id.map_id,
				   &id.map_id, &name);
		if (err)
			break;
		emit_identity(l, name.data, &id, MAPS + (off_t)id.map_id);
	}
	buf_free(&name);
	return err == -ENOENT ? 0 : err;
}

/* The beginning of a listing, and of each after rewinddir(3), is a new look. */
static int look_anew(struct dir *d)
{
	int err;

	heldscan_end(&d->held);
	forget_given(d);
	if (d->desc)
		return 0;
	forget_dirs(d);
	err = catalog_refresh(d->fs->catalog);
	if (!err)
		err = catalog_each_dir(d->fs->catalog, tree_dir_path(node_identity(d->node)),
				       add_dir, d);
	return err == -ENOENT ? 0 : err;
}

static int list(struct listing *l, off_t off)
{
	struct dir *d = l->d;
	int err = off == 0 ? look_anew(d) : 0;

	if (err)
		return err;
	list_fixed(l, off);
	if (l->full)
		return 0;
	if (d->desc)
		return list_keys_and_waiting(l, off);
	if (off < MAPS)
		list_dirs(l, off);
	return list_maps(l, off);
}

int dir_read(struct dir *d, off_t off, bool with_stat,
	     int (*emit_entry)(void *arg, const struct dir_entry *entry), void *arg,
	     struct diag *diag)
{
	struct listing l = {d, with_stat, emit_entry, arg, diag, .behind = off};
	int err;

	pthread_mutex_lock(&d->lock);
	err = list(&l, off);
	d->first = off;
	d->behind = l.behind;
	pthread_mutex_unlock(&d->lock);
	return l.any ? 0 : err;
}
