/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/newlink.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "fs/awaited.h"
#include "fs/key.h"
#include "fs/link.h"
#include "lib/host.h"

enum { FORGOTTEN_SECONDS = 600 }; /* what tar makes and leaves behind */

bool newlink_may_be(struct fs *fs, uint32_t map_id)
{
	return awaited_is(fs, map_id) || link_is_of(fs, map_id);
}

int newlink_identity(uint32_t map_id, const char *name, struct identity *id, struct buf *bytes)
{
	return identity_by_name(NODE_WAIT_LINK, map_id, name, id, bytes);
}

/* Keeping. */

static bool is_link(const struct waiter *w)
{
	return w->kind == WAIT_LINK || w->kind == WAIT_LINK_TO_BE;
}

/* Every link that waits or is kept beside its element, in whatever map. What is put there
 * meanwhile has a number behind these. */
static void each_link(struct fs *fs, void (*work)(struct fs *fs, const struct waiter *l, void *arg),
		      void *arg)
{
	uint64_t last = waitroom_last(&fs->waitroom);
	struct waiter l;
	uint32_t map_id = 0;

	while (waitroom_next_map(&fs->waitroom, map_id, &map_id) == 0) {
		for (l.number = 0; waitroom_next(&fs->waitroom, map_id, l.number, &l) == 0;
		     waiter_release(&l))
			if (is_link(&l) && l.number <= last)
				work(fs, &l, arg);
	}
}

/* Is it kept although nothing is to be expected of it? */
static bool is_idle(struct fs *fs, const struct waiter *l)
{
	if (!catalog_is_alive(fs->catalog, l->map_id))
		return true;
	if (l->kind == WAIT_LINK_TO_BE)
		return time(NULL) - l->made > FORGOTTEN_SECONDS;
	return l->stored && !fresh_has(&fs->fresh, l->stored) && !fresh_has(&fs->fresh, l->map_id);
}

static void remove_idle(struct fs *fs, const struct waiter *l, void *arg)
{
	(void)arg;
	if (is_idle(fs, l))
		waitroom_remove(&fs->waitroom, l->map_id, l->name);
}

/* target NULL: the empty file that tar makes. */
static int keep(struct fs *fs, uint32_t map_id, const char *name, const char *target,
		uint32_t stored, struct diag *d)
{
	const struct waiter link = {
		.map_id = map_id,
		.kind = target ? WAIT_LINK : WAIT_LINK_TO_BE,
		.stored = stored,
		.name = (char *)name,
		.text = (char *)target,
		.len = target ? strlen(target) : 0,
		.maker = host_served(),
	};
	int err;

	fresh_touch(&fs->fresh, map_id);
	err = waitroom_put(&fs->waitroom, &link, NULL);
	if (err != -ENOSPC)
		return err;
	each_link(fs, remove_idle, NULL);
	return waitroom_put(&fs->waitroom, &link, d);
}

/* Making. */

/* One link that is to be stored, or kept. */
struct attempt {
	struct fs *fs;
	uint32_t map_id;
	const char *target;
	struct buf name; /* canonical, if it is a key */
	struct buf key;
	bool is_key;
	bool is_outer_fresh; /* the map that it is in may be made again */
	uint32_t inner;      /* 0: it is not there */
};

static int begin(struct attempt *a, struct fs *fs, uint32_t map_id, const char *name,
		 const char *target, struct diag *d)
{
	struct map_desc *desc;
	int err = catalog_desc(fs->catalog, map_id, &desc);

	*a = (struct attempt){
		.fs = fs,
		.map_id = map_id,
		.target = target,
		.name = BUF_INIT(SIZE_MAX / 2),
		.key = BUF_INIT(SIZE_MAX / 2),
		.is_outer_fresh = awaited_is(fs, map_id),
	};
	if (err)
		return err == -ENOENT ? -ESTALE : err;
	if (desc->type->links) {
		err = key_parse(desc, name, &a->key, a->is_outer_fresh ? NULL : d);
		a->is_key = !err;
	}
	if (a->is_key)
		err = key_print(desc, a->key.data, &a->name);
	else
		buf_adds(&a->name, name);
	map_desc_unref(desc);
	if (err && !a->is_key && a->is_outer_fresh)
		err = 0;
	return err ? err : buf_error(&a->name);
}

static void end(struct attempt *a)
{
	buf_free(&a->name);
	buf_free(&a->key);
}

/* 1 if the element is stored, 0 if the link is to wait, or what speaks against both. */
static int store(struct attempt *a, uint64_t flags, struct diag *d)
{
	struct diag why = {.err = 0};
	int err;

	if (!a->is_key || link_resolve(a->fs, a->map_id, a->name.data, a->target, &a->inner))
		return 0;
	err = access_may_read(a->fs, a->inner, &why);
	if (!err)
		err = link_store(a->fs, a->map_id, a->key.data, a->inner, flags, &why);
	if (!err)
		return 1;
	if (err == -EINVAL && (a->is_outer_fresh || fresh_has(&a->fs->fresh, a->inner)))
		return 0;
	if (d)
		*d = why;
	return err;
}

/* Is the element to be stored again when a map is made again? */
static bool may_change(const struct attempt *a)
{
	return a->is_outer_fresh || fresh_has(&a->fs->fresh, a->inner);
}

static struct identity key_identity(const struct attempt *a)
{
	return (struct identity){NODE_LINK, a->map_id, (uint32_t)a->key.len,
				 (const unsigned char *)a->key.data};
}

static int finish_stored(struct attempt *a, struct identity *id, struct buf *bytes)
{
	*id = key_identity(a);
	buf_clear(bytes);
	buf_add(bytes, id->bytes, id->len);
	id->bytes = (const unsigned char *)bytes->data;
	waitroom_remove(&a->fs->waitroom, a->map_id, a->name.data);
	if (may_change(a)) /* else it is not stored again, that is all */
		keep(a->fs, a->map_id, a->name.data, a->target, a->inner, NULL);
	if (!a->is_outer_fresh)
		fresh_remove(&a->fs->fresh, a->map_id);
	return buf_error(bytes);
}

/* The link waits in place of what is there. */
static int finish_waiting(struct attempt *a, uint64_t flags, struct identity *id, struct buf *bytes,
			  struct diag *d)
{
	uint32_t present;
	bool is_there = a->is_key && link_value(a->fs, a->map_id, a->key.data, &present) == 0;
	int err = 0;

	if (a->is_key)
		err = key_may_store(a->fs, a->map_id, d);
	if (!err && is_there && flags == BPF_NOEXIST)
		err = -EEXIST;
	if (!err)
		err = keep(a->fs, a->map_id, a->name.data, a->target, 0, d);
	if (err)
		return err;
	if (is_there)
		key_remove(a->fs, a->map_id, a->key.data, NULL);
	return newlink_identity(a->map_id, a->name.data, id, bytes);
}

/* Who made the map while it was being looked for has not seen the link wait. */
static bool came_meanwhile(struct attempt *a)
{
	return a->is_key && !a->inner && store(a, BPF_ANY, NULL) == 1;
}

int newlink_make(struct fs *fs, uint32_t map_id, const char *name, const char *target,
		 uint64_t flags, struct identity *id, struct buf *bytes, struct diag *d)
{
	struct attempt a;
	int err;

	map_id = fresh_now(&fs->fresh, map_id);
	err = begin(&a, fs, map_id, name, target, d);
	if (!err && strlen(target) >= WAIT_TARGET)
		err = -ENAMETOOLONG;
	if (!err && flags == BPF_NOEXIST &&
	    waitroom_find(&fs->waitroom, map_id, a.name.data, NULL) == 0)
		err = -EEXIST;
	if (!err)
		err = store(&a, flags, d);
	if (err == 1)
		err = finish_stored(&a, id, bytes);
	else if (!err)
		err = finish_waiting(&a, flags, id, bytes, d);
	if (!err && id->kind == NODE_WAIT_LINK && came_meanwhile(&a))
		err = finish_stored(&a, id, bytes);
	end(&a);
	return err;
}

int newlink_make_file(struct fs *fs, uint32_t map_id, const char *name, struct identity *id,
		      struct buf *bytes, struct diag *d)
{
	int err = keep(fs, map_id, name, NULL, 0, d);

	return err ? err : newlink_identity(map_id, name, id, bytes);
}

/* What waits, as a file. */

static int find(struct fs *fs, const struct identity *id, struct waiter *l)
{
	int err = waitroom_find(&fs->waitroom, id->map_id, (const char *)id->bytes, l);

	if (err || is_link(l))
		return err;
	waiter_release(l);
	return -ENOENT;
}

int newlink_read(struct fs *fs, const struct identity *id, struct buf *target)
{
	struct waiter l;
	int err = find(fs, id, &l);

	if (err)
		return err;
	if (l.kind == WAIT_LINK)
		buf_adds(target, l.text);
	else
		err = -EINVAL;
	waiter_release(&l);
	return err ? err : buf_error(target);
}

int newlink_stat(struct fs *fs, const struct identity *id, struct stat *st)
{
	struct access access;
	struct waiter l;
	int err = find(fs, id, &l);

	if (err)
		return err;
	err = access_look(fs, id->map_id, &access);
	st->st_mode = l.kind == WAIT_LINK ? S_IFLNK | 0777 : S_IFREG;
	st->st_uid = access.uid;
	st->st_gid = access.gid;
	st->st_nlink = 1;
	st->st_size = (off_t)l.len;
	st->st_atim = st->st_mtim = st->st_ctim = (struct timespec){.tv_sec = l.made};
	waiter_release(&l);
	return err;
}

static int print_name(struct fs *fs, const struct identity *id, struct buf *name)
{
	struct map_desc *desc;
	int err = catalog_desc(fs->catalog, id->map_id, &desc);

	if (err)
		return err;
	err = key_print(desc, id->bytes, name);
	map_desc_unref(desc);
	return err;
}

int newlink_remove_key(struct fs *fs, const struct identity *id, struct diag *d)
{
	struct buf name = BUF_INIT(SIZE_MAX / 2);
	int err = key_remove(fs, id->map_id, id->bytes, d);

	if (!err && print_name(fs, id, &name) == 0)
		waitroom_remove(&fs->waitroom, id->map_id, name.data);
	buf_free(&name);
	return err;
}

/* Storing what waits. */

/* Who knows the link's inode has the element's in it then. */
static void move_node(struct fs *fs, const struct waiter *l, const struct identity *to)
{
	struct buf bytes = BUF_INIT(SIZE_MAX / 2);
	struct identity from;
	struct node *node = NULL;

	if (newlink_identity(l->map_id, l->name, &from, &bytes) == 0)
		node = node_find(&fs->nodes, &from);
	if (node) {
		node_move(&fs->nodes, node, to);
		node_put(&fs->nodes, node, 1);
	}
	buf_free(&bytes);
}

static void try_waiting(struct fs *fs, const struct waiter *l)
{
	uint32_t asker = host_served(), task = host_served_task();
	struct buf bytes = BUF_INIT(SIZE_MAX / 2);
	struct diag why = {.err = 0};
	struct identity id;
	struct attempt a;
	int result = begin(&a, fs, l->map_id, l->name, l->text, &why);

	host_serve(l->maker); /* it is his link, and he has to be able to read the map */
	host_serve_task(l->maker == asker ? task : 0);
	if (!result)
		result = store(&a, BPF_ANY, &why);
	host_serve(asker);
	host_serve_task(task);
	if (result == 1) {
		waitroom_remove(&fs->waitroom, l->map_id, l->name);
		finish_stored(&a, &id, &bytes);
		move_node(fs, l, &id);
	} else if (result < 0) {
		fs_tell_waiting(fs, l->maker, "symlink", l->map_id, l->name, result, &why);
	}
	end(&a);
	buf_free(&bytes);
}

/* A map, and where it is. */
struct arrival {
	uint32_t id, old_id;
	struct buf path;
};

static void try_concerned(struct fs *fs, const struct waiter *l, void *arg)
{
	const struct arrival *arrival = arg;

	if (l->stored || l->kind != WAIT_LINK)
		return;
	if (l->map_id == arrival->id ||
	    link_leads_to(fs, l->map_id, l->name, l->text, arrival->path.data))
		try_waiting(fs, l);
}

void newlink_map_came(struct fs *fs, uint32_t map_id)
{
	struct arrival arrival = {.id = map_id, .path = BUF_INIT(PATH_MAX)};

	if (__atomic_load_n(&fs->waitroom.count, __ATOMIC_ACQUIRE) &&
	    catalog_path(fs->catalog, map_id, &arrival.path) == 0)
		each_link(fs, try_concerned, &arrival);
	buf_free(&arrival.path);
}

/* The element that stands for the map as it was must not keep it. */
static void store_again(struct fs *fs, const struct waiter *l, void *arg)
{
	const struct arrival *arrival = arg;
	struct diag why = {.err = 0};
	struct attempt a;
	uint32_t present = 0;
	int err;

	if (l->stored != arrival->old_id || l->kind != WAIT_LINK)
		return;
	err = begin(&a, fs, l->map_id, l->name, l->text, &why);
	if (!err && a.is_key)
		link_value(fs, l->map_id, a.key.data, &present);
	if (present == arrival->old_id) {
		err = link_store(fs, l->map_id, a.key.data, arrival->id, BPF_ANY, &why);
		if (err)
			key_remove(fs, l->map_id, a.key.data, NULL);
		waitroom_set_stored(&fs->waitroom, l, err ? 0 : arrival->id);
		if (err)
			fs_tell_waiting(fs, l->maker, "symlink", l->map_id, l->name, err, &why);
	} else {
		waitroom_remove(&fs->waitroom, l->map_id, l->name);
	}
	end(&a);
}

void newlink_map_replaced(struct fs *fs, uint32_t old_id, uint32_t map_id)
{
	struct arrival arrival = {.id = map_id, .old_id = old_id};

	if (__atomic_load_n(&fs->waitroom.count, __ATOMIC_ACQUIRE))
		each_link(fs, store_again, &arrival);
}
