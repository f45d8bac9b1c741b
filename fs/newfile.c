/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/newfile.h"

#include <errno.h>
#include <string.h>

#include "fs/awaited.h"
#include "fs/newdir.h"
#include "fs/newlink.h"
#include "lib/host.h"

void newfile_hold(struct fs *fs)
{
	pthread_mutex_lock(&fs->waitroom.turn);
}

void newfile_let_go(struct fs *fs)
{
	pthread_mutex_unlock(&fs->waitroom.turn);
}

int newfile_identity(uint32_t map_id, const char *name, struct identity *id, struct buf *bytes)
{
	return identity_by_name(NODE_WAIT_FILE, map_id, name, id, bytes);
}

static enum node_kind node_kind_of(const struct waiter *w)
{
	switch (w->kind) {
	case WAIT_FILE:
		return NODE_WAIT_FILE;
	case WAIT_DIR:
		return NODE_LONG_DIR;
	default:
		return NODE_WAIT_LINK;
	}
}

int newfile_find(struct fs *fs, uint32_t map_id, const char *name, struct identity *id,
		 struct buf *bytes)
{
	struct waiter w;
	int err;

	map_id = fresh_now(&fs->fresh, map_id);
	err = waitroom_find(&fs->waitroom, map_id, name, &w);
	if (err)
		return err;
	err = identity_by_name(node_kind_of(&w), map_id, name, id, bytes);
	waiter_release(&w);
	return err;
}

/* The file of an identity, which may be older than the map. */
static int find_file(struct fs *fs, const struct identity *id, struct waiter *out)
{
	uint32_t map_id = fresh_now(&fs->fresh, id->map_id);
	int err = waitroom_find(&fs->waitroom, map_id, (const char *)id->bytes, out);

	if (err || out->kind == WAIT_FILE)
		return err;
	waiter_release(out);
	return -ENOENT;
}

/* Elements. */

/* A name as the key that it is in the map as it is; exactly: it must be the key's canonical
 * name. -EINVAL explained. */
static int parse_name(struct fs *fs, uint32_t map_id, const char *name, bool exactly,
		      struct buf *key, struct diag *d)
{
	struct buf canonical = BUF_INIT(SIZE_MAX / 2);
	struct map_desc *desc;
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err == -ENOENT ? -ESTALE : err;
	if (desc->type->links)
		err = diag_set(d, EINVAL, "keys of this map are symbolic links to maps");
	else
		err = key_parse(desc, name, key, d);
	if (!err && exactly)
		err = key_print(desc, key->data, &canonical);
	if (!err && exactly && strcmp(canonical.data, name) != 0)
		err = -EINVAL;
	map_desc_unref(desc);
	buf_free(&canonical);
	return err;
}

static int store(struct fs *fs, uint32_t map_id, const struct buf *key, const char *text,
		 size_t len, uint64_t flags, struct diag *d)
{
	if (!len)
		return key_zero(fs, map_id, key->data, flags, d);
	return key_store(fs, map_id, key->data, text, len, flags, d);
}

int newfile_remove_element(struct fs *fs, uint32_t map_id, const char *name)
{
	struct buf key = BUF_INIT(SIZE_MAX / 2);
	int err = parse_name(fs, map_id, name, false, &key, NULL);

	if (!err)
		err = key_remove(fs, map_id, key.data, NULL);
	buf_free(&key);
	return err == -ENOENT || err == -EINVAL ? 0 : err; /* there is none */
}

static int read_element(struct fs *fs, const struct waiter *w, struct buf *text,
			struct key_look *look)
{
	struct buf key = BUF_INIT(SIZE_MAX / 2);
	int err = parse_name(fs, w->map_id, w->name, false, &key, NULL);

	if (!err)
		err = key_read(fs, w->map_id, key.data, text, look);
	buf_free(&key);
	return err;
}

int newfile_read(struct fs *fs, const struct identity *id, struct buf *text, struct key_look *look)
{
	struct waiter w;
	int err = find_file(fs, id, &w);

	if (err)
		return err;
	if (w.stored) {
		err = read_element(fs, &w, text, look);
	} else {
		buf_clear(text);
		buf_add(text, w.text, w.len);
		look->size = w.len;
		look->mtime = w.made * SEEN_SECOND;
		err = access_look(fs, w.map_id, &look->access);
	}
	waiter_release(&w);
	return err ? err : buf_error(text);
}

/* The inode of what has become a key is the key's. */
static void move_to_key(struct fs *fs, const struct identity *from, uint32_t map_id,
			const struct buf *key)
{
	const struct identity to = {NODE_KEY, map_id, (uint32_t)key->len,
				    (const unsigned char *)key->data};

	node_move_identity(&fs->nodes, from, &to);
}

/* Waiting. The turn is taken in all that follows. */

/* -ENOMEM: not all were met. */
static int each_waiter(struct fs *fs, uint32_t map_id,
		       void (*work)(struct fs *fs, const struct waiter *w, void *arg), void *arg)
{
	uint64_t last = waitroom_last(&fs->waitroom), number = 0;
	struct waiter w;
	int err;

	while ((err = waitroom_next(&fs->waitroom, map_id, number, &w)) == 0) {
		number = w.number;
		if (number <= last)
			work(fs, &w, arg);
		waiter_release(&w);
	}
	return err == -ENOENT ? 0 : err;
}

/* What is stored is a key, and waits no longer. */
static void leave_stored(struct fs *fs, const struct waiter *w, void *arg)
{
	struct buf key = BUF_INIT(SIZE_MAX / 2), bytes = BUF_INIT(SIZE_MAX / 2);
	struct identity id;
	bool *has_left = arg;

	if (w->kind != WAIT_FILE || !w->stored)
		return;
	if (newfile_identity(w->map_id, w->name, &id, &bytes) == 0 &&
	    parse_name(fs, w->map_id, w->name, false, &key, NULL) == 0)
		move_to_key(fs, &id, w->map_id, &key);
	waitroom_remove(&fs->waitroom, w->map_id, w->name);
	*has_left = true;
	buf_free(&key);
	buf_free(&bytes);
}

/* The map is meant as it is. */
static void take_as_it_is(struct fs *fs, uint32_t map_id)
{
	bool has_left;

	fresh_remove(&fs->fresh, map_id);
	awaited_end(fs, map_id);
	each_waiter(fs, map_id, leave_stored, &has_left);
}

/* Does the map as it is take it? */
static bool store_if_it_fits(struct fs *fs, const struct waiter *w)
{
	struct buf key = BUF_INIT(SIZE_MAX / 2);
	bool fits = parse_name(fs, w->map_id, w->name, true, &key, NULL) == 0 &&
		    store(fs, w->map_id, &key, w->text, w->len, BPF_ANY, NULL) == 0;

	buf_free(&key);
	return fits;
}

/* The room is full. If nothing of this map had to wait so far, it is taken as it is. Else
 * -ENOSPC. */
static int keep_without_room(struct fs *fs, const struct waiter *w, const struct identity *id)
{
	struct buf key = BUF_INIT(SIZE_MAX / 2);
	int err = -ENOSPC;

	if (waitroom_count(&fs->waitroom, w->map_id) == 0 && store_if_it_fits(fs, w)) {
		take_as_it_is(fs, w->map_id);
		err = parse_name(fs, w->map_id, w->name, true, &key, NULL);
		if (!err)
			move_to_key(fs, id, w->map_id, &key);
	}
	buf_free(&key);
	return err;
}

/* Lets a file wait, and then stores it if the map as it is takes it. */
static int keep(struct fs *fs, uint32_t map_id, const struct identity *id, const char *text,
		size_t len, struct diag *d)
{
	struct waiter present = {.name = NULL};
	struct waiter w = {
		.map_id = map_id,
		.kind = WAIT_FILE,
		.name = (char *)id->bytes,
		.text = (char *)text,
		.len = len,
		.maker = host_served(),
	};
	int err = waitroom_find(&fs->waitroom, map_id, w.name, &present);
	bool was_there = !err, was_stored = !err && present.stored;

	if (was_there)
		waiter_release(&present);
	else if (err == -ENOMEM)
		return err;
	if (fs_lacks_map(fs, map_id))
		return -ESTALE;
	fresh_touch(&fs->fresh, map_id);
	err = fs_let_wait(fs, &w, d);
	if (err == -ENOSPC)
		return keep_without_room(fs, &w, id);
	if (!err)
		err = waitroom_find(&fs->waitroom, map_id, w.name, &present);
	if (err && !was_there)
		waitroom_remove(&fs->waitroom, map_id, w.name); /* it may not be there */
	if (err)
		return err;
	if (store_if_it_fits(fs, &w))
		waitroom_set_stored(&fs->waitroom, &present, 1);
	else if (was_stored)
		newfile_remove_element(fs, map_id, w.name);
	waiter_release(&present);
	return 0;
}

/* Stores a file in a map that awaits nothing. */
static int become_key(struct fs *fs, uint32_t map_id, const struct identity *id, const char *text,
		      size_t len, uint64_t flags, struct diag *d)
{
	struct buf key = BUF_INIT(SIZE_MAX / 2);
	int err = parse_name(fs, map_id, (const char *)id->bytes, false, &key, d);

	if (!err)
		err = store(fs, map_id, &key, text, len,
			    flags == BPF_NOEXIST ? BPF_NOEXIST : BPF_ANY, d);
	if (!err) {
		waitroom_remove(&fs->waitroom, map_id, (const char *)id->bytes);
		fresh_remove(&fs->fresh, map_id);
		awaited_end(fs, map_id);
		move_to_key(fs, id, map_id, &key);
	}
	buf_free(&key);
	return err;
}

static int write_file(struct fs *fs, const struct identity *id, const char *text, size_t len,
		      uint64_t flags, struct diag *d)
{
	uint32_t map_id = fresh_now(&fs->fresh, id->map_id);
	bool is_there = waitroom_find(&fs->waitroom, map_id, (const char *)id->bytes, NULL) == 0;

	if (is_there && flags == BPF_NOEXIST)
		return diag_set(d, EEXIST, "a file of this name waits already");
	if (awaited_is(fs, map_id))
		return keep(fs, map_id, id, text, len, d);
	return become_key(fs, map_id, id, text, len, flags, d);
}

int newfile_write(struct fs *fs, const struct identity *id, const char *text, size_t len,
		  uint64_t flags, struct diag *d)
{
	int err;

	newfile_hold(fs);
	err = write_file(fs, id, text, len, flags, d);
	newfile_let_go(fs);
	return err;
}

static int remove_file(struct fs *fs, const struct identity *id)
{
	struct waiter w;
	int err = find_file(fs, id, &w);

	if (err)
		return err;
	if (w.stored || w.is_part) /* a part may hide what the key has */
		err = newfile_remove_element(fs, w.map_id, w.name);
	if (!err)
		waitroom_remove(&fs->waitroom, w.map_id, w.name);
	waiter_release(&w);
	return err;
}

int newfile_remove(struct fs *fs, const struct identity *id)
{
	int err;

	newfile_hold(fs);
	err = remove_file(fs, id);
	newfile_let_go(fs);
	return err;
}

/* The map is what it is. */

void newfile_key_stored(struct fs *fs, uint32_t map_id)
{
	if (!fresh_has(&fs->fresh, map_id))
		return;
	newfile_hold(fs);
	take_as_it_is(fs, map_id);
	newfile_let_go(fs);
}

static void move_node(struct fs *fs, const struct waiter *w, void *arg)
{
	const uint32_t *old_id = arg;
	const struct identity to = {node_kind_of(w), w->map_id, (uint32_t)strlen(w->name) + 1,
				    (const unsigned char *)w->name};
	struct identity from = to;

	from.map_id = *old_id;
	node_move_remade(&fs->nodes, &from, &to);
}

void newfile_map_remade(struct fs *fs, uint32_t old_id, uint32_t map_id)
{
	waitroom_move_map(&fs->waitroom, old_id, map_id);
	each_waiter(fs, map_id, move_node, &old_id);
}

/* What came of those that waited. */
struct outcome {
	size_t refused, all;
	int err; /* of the first that was refused */
};

static void refuse(struct fs *fs, const struct waiter *w, int err, struct diag *why,
		   struct outcome *outcome)
{
	if (err == -EAGAIN) {
		err = -EINVAL;
		why->err = EINVAL;
	}
	diag_quote(why, w->text, w->len);
	fs_tell_waiting(fs, w->maker, "create", w->map_id, w->name, err, why);
	if (!outcome->refused++)
		outcome->err = err;
}

static void settle_file(struct fs *fs, const struct waiter *w, void *arg)
{
	struct buf key = BUF_INIT(SIZE_MAX / 2);
	struct outcome *outcome = arg;
	struct diag why = {.err = 0};
	uint32_t asker = host_served();
	int err = 0;

	if (w->kind != WAIT_FILE)
		return;
	outcome->all++;
	host_serve(w->maker); /* what is opened for a text is opened for who wrote it */
	if (!w->stored)
		err = parse_name(fs, w->map_id, w->name, false, &key, &why);
	if (!w->stored && !w->is_part && !err)
		err = store(fs, w->map_id, &key, w->text, w->len, BPF_NOEXIST, &why);
	host_serve(asker);
	if (err)
		refuse(fs, w, err, &why, outcome);
	else if (!w->is_part)
		waitroom_set_stored(&fs->waitroom, w, 1);
	buf_free(&key);
}

static void settle_dir(struct fs *fs, const struct waiter *w, void *arg)
{
	struct outcome *outcome = arg;
	struct diag why = {.err = 0};
	const char *slash = strrchr(w->name, '/');
	struct map_desc *desc;
	int err;

	if (w->kind != WAIT_DIR ||
	    (outcome->refused && newdir_has_below(fs, w->map_id, w->name, true)))
		return;
	outcome->all++;
	err = catalog_desc(fs->catalog, w->map_id, &desc);
	if (!err) {
		if (key_may_be_long_dir(desc, w->name, slash ? slash + 1 : w->name) == 1)
			err = longdirs_remember(&fs->longdirs, w->map_id, w->name);
		else
			err = diag_set(&why, EINVAL, "no key of this map has so long a name");
		map_desc_unref(desc);
	}
	if (err)
		refuse(fs, w, err, &why, outcome);
	else
		waitroom_remove(&fs->waitroom, w->map_id, w->name);
}

int newfile_settle(struct fs *fs, uint32_t map_id, struct diag *d)
{
	struct outcome outcome = {0};
	int err;

	err = each_waiter(fs, map_id, settle_file, &outcome);
	if (!err)
		err = each_waiter(fs, map_id, settle_dir, &outcome);
	if (!outcome.refused)
		return err;
	return diag_set(d, -outcome.err,
			"%zu of %zu files that waited for .map are no elements of this map; each "
			"is told before, and they wait on",
			outcome.refused, outcome.all);
}

void newfile_map_file_closed(struct fs *fs, uint32_t map_id)
{
	bool has_left = false;

	if (__atomic_load_n(&fs->waitroom.count, __ATOMIC_ACQUIRE) == 0)
		return;
	newfile_hold(fs);
	map_id = fresh_now(&fs->fresh, map_id);
	if (!awaited_is(fs, map_id))
		each_waiter(fs, map_id, leave_stored, &has_left);
	if (has_left)
		fresh_remove(&fs->fresh, map_id);
	newfile_let_go(fs);
}
