/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/catalog.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/entries.h"
#include "lib/known.h"
#include "lib/mapname.h"
#include "lib/pindirs.h"
#include "lib/pinning.h"
#include "lib/speccreate.h"
#include "lib/sys.h"

enum {
	STALE_NS = 50 * 1000 * 1000,    /* a look that old says nothing of the present */
	TRUSTED_NS = 500 * 1000 * 1000, /* and one that old nothing of the names there are */
};

struct catalog {
	pthread_mutex_t lock; /* guards entries; taken by the calls of catalog.h only */
	char *pindir;
	struct survey_options options; /* pindir is the one above */
	struct entries entries;
	int64_t looked_at; /* CLOCK_MONOTONIC, nanoseconds: when entries were brought up to date */
	uint64_t max_map_bytes;
	struct known known;
	uint64_t changes; /* see catalog_changes(); atomic */
};

int catalog_new(const struct survey_options *options, uint64_t max_map_bytes, struct catalog **out)
{
	struct catalog *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->options = *options;
	c->max_map_bytes = max_map_bytes;
	c->options.pindir = c->pindir = strdup(options->pindir);
	if (!c->pindir) {
		free(c);
		return -ENOMEM;
	}
	pthread_mutex_init(&c->lock, NULL);
	known_init(&c->known);
	*out = c;
	return 0;
}

void catalog_free(struct catalog *c)
{
	if (!c)
		return;
	known_free(&c->known);
	entries_free(&c->entries);
	free(c->pindir);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void catalog_dir_path(const struct catalog *c, const char *dir, struct buf *out)
{
	survey_dir_path(&c->options, dir, out);
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int look(struct catalog *c)
{
	int err;

	if (c->options.snapshot && c->looked_at)
		return 0; /* nothing comes or goes */
	err = survey(&c->entries, &c->options);
	known_clear(&c->known);
	if (!err)
		c->looked_at = now(); /* behind it: a look may take longer than STALE_NS */
	return err;
}

int catalog_refresh(struct catalog *c)
{
	int err;

	pthread_mutex_lock(&c->lock);
	err = look(c);
	pthread_mutex_unlock(&c->lock);
	return err;
}

/* Look-ups. */

/* Of a snapshot: is there still something to be shown of the map? */
static bool is_kept(const struct map_entry *e)
{
	return (e->desc && snapshot_has(e->desc, NULL)) || survey_is_alive(e->id);
}

/* The entry, if the kernel still has its map. That of a dead map is dropped, but in a
 * snapshot, where links still lead to it. */
static struct map_entry *living(struct catalog *c, struct map_entry *e)
{
	if (e && c->options.snapshot)
		return is_kept(e) ? e : NULL;
	if (!e || survey_is_alive(e->id))
		return e;
	entries_remove(&c->entries, e);
	known_clear(&c->known);
	return NULL;
}

static struct map_entry *find_known(struct catalog *c, const char *dir, const char *name)
{
	struct buf canonical = BUF_INIT(PATH_MAX);
	struct map_entry *e = entries_by_name(&c->entries, dir, name);
	uint32_t id;

	if (!e) {
		mapname_canonical(name, &canonical);
		if (!buf_error(&canonical) && canonical.len)
			e = entries_by_name(&c->entries, dir, canonical.data);
		buf_free(&canonical);
	}
	if (!e && mapname_id(name, &id))
		e = entries_by_id(&c->entries, id);
	return living(c, e);
}

/* The map whose second pin is called name. */
static struct map_entry *find_by_pin(struct catalog *c, const char *dir, const char *name)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct bpf_map_info info;
	struct map_entry *e = NULL;

	pinning_path(&c->options, dir, name, &path);
	if (!buf_error(&path) && survey_read_pin(path.data, &info) == 0)
		e = entries_by_id(&c->entries, info.id);
	buf_free(&path);
	return e;
}

/*
 * Could a name that is not known stand for something by now? A look at all maps takes
 * milliseconds where there are thousands. So shortly after one only the signs of new
 * names are looked for: a map with an id above all that are known, a pin of that name.
 */
static bool may_be_new(const struct catalog *c, const char *dir, const char *name)
{
	const struct entries *known = &c->entries;
	struct buf path = BUF_INIT(PATH_MAX);
	struct stat st;
	uint32_t id;
	bool may;

	if (c->options.snapshot)
		return false;
	if (!known->count || now() - c->looked_at > TRUSTED_NS)
		return true;
	if (!c->options.pinned_only &&
	    sys_map_next_id(known->by_id[known->count - 1]->id, &id) == 0)
		return true;
	pinning_path(&c->options, dir, name, &path);
	may = !buf_error(&path) && sys_pin_stat(path.data, &st) != -ENOENT;
	buf_free(&path);
	return may;
}

static struct map_entry *find(struct catalog *c, const char *dir, const char *name)
{
	struct map_entry *e = find_known(c, dir, name);

	if (!e && may_be_new(c, dir, name) && look(c) == 0)
		e = find_known(c, dir, name);
	return e ? e : find_by_pin(c, dir, name);
}

int catalog_find(struct catalog *c, const char *dir, const char *name, uint32_t *id)
{
	struct map_entry *e;

	pthread_mutex_lock(&c->lock);
	e = find(c, dir, name);
	if (e)
		*id = e->id;
	pthread_mutex_unlock(&c->lock);
	return e ? 0 : -ENOENT;
}

bool catalog_is_alive(struct catalog *c, uint32_t id)
{
	bool alive;

	pthread_mutex_lock(&c->lock);
	alive = living(c, entries_by_id(&c->entries, id)) != NULL;
	pthread_mutex_unlock(&c->lock);
	return alive;
}

int catalog_next(struct catalog *c, const char *dir, uint32_t after, uint32_t *id, struct buf *out)
{
	int err = -ENOENT;

	if (after == UINT32_MAX)
		return err;
	pthread_mutex_lock(&c->lock);
	for (size_t i = entries_place(&c->entries, after + 1); err && i < c->entries.count; i++) {
		const struct map_entry *e = c->entries.by_id[i];

		if (strcmp(e->dir, dir) != 0 || (c->options.snapshot && !is_kept(e)))
			continue;
		*id = e->id;
		buf_clear(out);
		buf_adds(out, e->name);
		err = buf_error(out);
		break;
	}
	pthread_mutex_unlock(&c->lock);
	return err;
}

int catalog_live(const struct catalog *c, uint32_t id, struct mapiter_map *out)
{
	if (!c->options.iter || c->options.snapshot)
		return -EOPNOTSUPP;
	return mapiter_find(c->options.iter, id, out);
}

int catalog_is_frozen(struct catalog *c, uint32_t id)
{
	const struct map_entry *e;
	int result = 0;

	if (!c->options.iter && !c->options.snapshot)
		return -EOPNOTSUPP;
	pthread_mutex_lock(&c->lock);
	if (now() - c->looked_at > STALE_NS)
		result = look(c);
	e = entries_by_id(&c->entries, id);
	if (e && c->options.snapshot && !is_kept(e))
		e = NULL;
	if (!result)
		result = e ? e->frozen : -ENOENT;
	pthread_mutex_unlock(&c->lock);
	return result;
}

/* Describes a map with the lock released: others are not to wait for strange types. */
static int describe_unlocked(struct catalog *c, const struct map_entry *e, struct map_desc **out)
{
	const struct map_types *types = typerules_for(c->options.rules, &e->info, e->name);
	const struct bpf_map_info info = e->info;
	int err;

	pthread_mutex_unlock(&c->lock);
	err = map_desc_new(&info, types, out);
	if (!err)
		(*out)->iter = c->options.iter;
	if (!err && c->options.snapshot)
		err = snapshot_desc(c->options.snapshot, out);
	pthread_mutex_lock(&c->lock);
	return err;
}

/* Takes the lock, which is to be released in any case. */
static int lock_desc(struct catalog *c, uint32_t id, struct map_entry **e)
{
	struct map_desc *desc = NULL;
	int err = 0;

	pthread_mutex_lock(&c->lock);
	*e = entries_by_id(&c->entries, id);
	if (*e && (*e)->desc)
		return 0;
	if (*e)
		err = describe_unlocked(c, *e, &desc);
	*e = entries_by_id(&c->entries, id); /* it may have gone, or got one, meanwhile */
	if (!err && *e && !(*e)->desc)
		(*e)->desc = desc;
	else
		map_desc_unref(desc);
	return err ? err : *e ? 0 : -ENOENT;
}

int catalog_desc(struct catalog *c, uint32_t id, struct map_desc **out)
{
	struct map_entry *e;
	int err;

	*out = known_find(&c->known, id);
	if (*out)
		return 0;
	err = lock_desc(c, id, &e);
	if (!err) {
		*out = map_desc_ref(e->desc);
		known_keep(&c->known, e->desc);
	}
	pthread_mutex_unlock(&c->lock);
	return err;
}

int catalog_set_types(struct catalog *c, uint32_t id, const struct map_types *types, struct diag *d)
{
	struct map_desc *desc;
	struct map_entry *e;
	int err = lock_desc(c, id, &e);

	if (!err)
		err = map_desc_retype(e->desc, types, &desc, d);
	if (!err) {
		map_desc_unref(e->desc);
		e->desc = desc;
		known_clear(&c->known);
	}
	pthread_mutex_unlock(&c->lock);
	return err;
}

int catalog_path(struct catalog *c, uint32_t id, struct buf *out)
{
	struct map_entry *e;

	pthread_mutex_lock(&c->lock);
	e = entries_by_id(&c->entries, id);
	if (!e && now() - c->looked_at > STALE_NS && look(c) == 0)
		e = entries_by_id(&c->entries, id);
	if (e)
		buf_addf(out, "%s%s%s", e->dir, *e->dir ? "/" : "", e->name);
	pthread_mutex_unlock(&c->lock);
	return e ? buf_error(out) : -ENOENT;
}

int catalog_pin(struct catalog *c, uint32_t id, struct buf *out, struct stat *st)
{
	struct map_entry *e;
	struct stat found;
	int err;

	pthread_mutex_lock(&c->lock);
	e = entries_by_id(&c->entries, id);
	err = pinning_stat(&c->options, e, st ? st : &found);
	if (!err && out) {
		buf_adds(out, e->pin);
		err = buf_error(out);
	}
	pthread_mutex_unlock(&c->lock);
	return err;
}

uint64_t catalog_changes(const struct catalog *c)
{
	return __atomic_load_n(&c->changes, __ATOMIC_ACQUIRE);
}

void catalog_note_change(struct catalog *c)
{
	known_clear(&c->known);
	__atomic_add_fetch(&c->changes, 1, __ATOMIC_RELEASE);
}

/* Directories of bpffs. */

int catalog_find_dir(const struct catalog *c, const char *dir, const char *name, struct buf *out)
{
	return pindirs_find(&c->options, dir, name, out);
}

int catalog_make_dir(struct catalog *c, const char *dir, const char *name, struct buf *out)
{
	return pindirs_make(&c->options, dir, name, out);
}

int catalog_stat_dir(const struct catalog *c, const char *dir, struct stat *st)
{
	return pindirs_stat(&c->options, dir, st);
}

int catalog_each_dir(const struct catalog *c, const char *dir,
		     int (*each)(void *arg, const char *name), void *arg)
{
	return pindirs_each(&c->options, dir, each, arg);
}

/* Changes. */

static int check_writable(const struct catalog *c, struct diag *d)
{
	return c->options.read_only ? diag_set(d, EROFS, "this mount is read-only") : 0;
}

static int check_free(struct catalog *c, const char *dir, const char *name, struct diag *d)
{
	int err = mapname_check(name, d);

	if (!err && find(c, dir, name))
		err = diag_set(d, EEXIST, "there is a map of this name");
	return err ? err : pinning_check_free(&c->options, dir, name, d);
}

int catalog_add(struct catalog *c, const char *dir, const char *name, const struct spec *spec,
		uint32_t *id, struct diag *d)
{
	struct buf raw = BUF_INIT(PATH_MAX);
	int err, fd;

	pthread_mutex_lock(&c->lock);
	err = check_writable(c, d);
	if (!err)
		err = check_free(c, dir, name, d);
	mapname_raw(name, &raw);
	if (!err)
		err = buf_error(&raw);
	if (!err) {
		fd = spec_create(spec, raw.data, raw.len, c->max_map_bytes, d);
		err = fd < 0 ? fd : pinning_add(&c->entries, &c->options, dir, name, fd, id, d);
		if (fd >= 0)
			sys_close(fd);
	}
	catalog_note_change(c);
	pthread_mutex_unlock(&c->lock);
	buf_free(&raw);
	return err;
}

int catalog_unpin(struct catalog *c, uint32_t id, const char *dir, const char *name, struct diag *d)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct map_entry *e;
	int err;

	pthread_mutex_lock(&c->lock);
	e = entries_by_id(&c->entries, id);
	err = check_writable(c, d);
	if (!err)
		err = pinning_choose(&c->options, e, dir, name, &path, d);
	if (!err)
		err = pinning_remove(&c->entries, &c->options, e, path.data);
	catalog_note_change(c);
	pthread_mutex_unlock(&c->lock);
	buf_free(&path);
	return err;
}

int catalog_rename(struct catalog *c, uint32_t id, const char *dir, const char *name,
		   const char *new_dir, const char *new_name, struct diag *d)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct map_entry *e;
	int err;

	pthread_mutex_lock(&c->lock);
	err = check_writable(c, d);
	if (!err && !entries_by_id(&c->entries, id))
		err = -ENOENT;
	if (!err)
		err = check_free(c, new_dir, new_name, d);
	e = entries_by_id(&c->entries, id); /* check_free() may have looked anew */
	if (!err)
		err = pinning_choose(&c->options, e, dir, name, &path, d);
	if (!err)
		err = pinning_move(&c->entries, &c->options, e, path.data, new_dir, new_name);
	catalog_note_change(c);
	pthread_mutex_unlock(&c->lock);
	buf_free(&path);
	return err;
}

int catalog_replace(struct catalog *c, uint32_t old_id, uint32_t id, const char *dir,
		    const char *name, struct diag *d)
{
	struct buf from = BUF_INIT(PATH_MAX), path = BUF_INIT(PATH_MAX);
	struct map_entry *e, *old;
	int err;

	pthread_mutex_lock(&c->lock);
	err = check_writable(c, d);
	e = entries_by_id(&c->entries, id);
	old = entries_by_id(&c->entries, old_id);
	if (!err)
		err = pinning_choose(&c->options, old, dir, name, &path, d);
	if (!err)
		err = pinning_choose(&c->options, e, NULL, NULL, &from, d);
	if (!err)
		err = pinning_replace(&c->entries, e, from.data, old, path.data);
	catalog_note_change(c);
	pthread_mutex_unlock(&c->lock);
	buf_free(&from);
	buf_free(&path);
	return err;
}
