/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/elemcopy.h"
#include "lib/scan.h"
#include "lib/spec.h"
#include "lib/template.h"

struct kept_dir {
	char *path; /* from pindir */
	struct stat st;
};

struct snapshot {
	pthread_mutex_t lock;      /* guards maps */
	pthread_mutex_t growing;   /* of the copy that grows; behind that map's own lock */
	void *maps;                /* a tree of tsearch(3) of struct copied_map, by id */
	uint64_t max_bytes, bytes; /* bytes: of all copies; atomic */
	void (*tell)(void *arg, uint32_t map_id, const struct diag *d);
	void *tell_arg;
	struct kept_dir *dirs;
	size_t dir_count;
};

struct copied_map {
	struct map_copier copier; /* first, so that one is the other */
	struct snapshot *snapshot;
	struct map_desc *source; /* of the map itself */
	struct maptype row;      /* the map's, with these elements: */
	struct elements elements;
	struct spec *inner; /* the template of a map of maps */

	pthread_mutex_t lock; /* held while the copy is taken */
	bool taken;           /* atomic; then nothing here changes any more */
	int refused;          /* -errno: there will be no copy */
	struct timespec when;
	struct elemcopy copy;
};

int snapshot_new(uint64_t max_bytes, struct snapshot **out)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->max_bytes = max_bytes;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->growing, NULL);
	*out = s;
	return 0;
}

static void free_map(void *node)
{
	struct copied_map *m = node;

	elemcopy_free(&m->copy);
	if (m->inner)
		spec_free(m->inner);
	free(m->inner);
	map_desc_unref(m->source);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	tdestroy(s->maps, free_map);
	while (s->dir_count)
		free(s->dirs[--s->dir_count].path);
	free(s->dirs);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->growing);
	free(s);
}

void snapshot_on_refusal(struct snapshot *s,
			 void (*tell)(void *arg, uint32_t map_id, const struct diag *d), void *arg)
{
	s->tell = tell;
	s->tell_arg = arg;
}

/* Taking a copy. */

static bool reserve(struct snapshot *s, size_t bytes)
{
	if (__atomic_add_fetch(&s->bytes, bytes, __ATOMIC_RELAXED) <= s->max_bytes)
		return true;
	__atomic_sub_fetch(&s->bytes, bytes, __ATOMIC_RELAXED);
	return false;
}

static void give_back(struct snapshot *s, size_t bytes)
{
	__atomic_sub_fetch(&s->bytes, bytes, __ATOMIC_RELAXED);
}

static int refuse(struct copied_map *m)
{
	struct snapshot *s = m->snapshot;
	struct diag d = {.err = 0};

	m->refused = diag_set(&d, ENOMEM,
			      "the copies of this snapshot may take %" PRIu64
			      " bytes: mount with a larger max_map_bytes, or fewer maps with "
			      "scope=pinned",
			      s->max_bytes);
	if (s->tell)
		s->tell(s->tell_arg, m->source->info.id, &d);
	return m->refused;
}

static int add(struct copied_map *m, const void *key, const void *value)
{
	size_t more = elemcopy_bytes_for_more(&m->copy) - elemcopy_bytes(&m->copy);
	int err;

	if (more && !reserve(m->snapshot, more))
		return refuse(m);
	err = elemcopy_add(&m->copy, key, value);
	if (err)
		give_back(m->snapshot, more);
	return err;
}

static int add_all(struct copied_map *m, const struct map *map)
{
	const void *key, *value;
	struct scan *scan;
	uint64_t pos = 0;
	int err = scan_new(m->source, &scan);

	if (err)
		return err;
	for (;; pos++) {
		err = scan_at(scan, map, &pos, &key, &value);
		if (err != 1)
			break;
		err = add(m, key, value);
		if (err)
			break;
	}
	scan_free(scan);
	return err;
}

/* A map that nobody holds has no elements. */
static int read_map(struct copied_map *m)
{
	struct map map;
	int err = map_open(&map, m->source, BPF_F_RDONLY);

	if (err)
		return err == -EOPNOTSUPP ? 0 : err;
	err = add_all(m, &map);
	map_close(&map);
	return err;
}

static int take(struct copied_map *m)
{
	size_t bytes;
	int err;

	clock_gettime(CLOCK_REALTIME, &m->when);
	err = read_map(m);
	bytes = elemcopy_bytes(&m->copy);
	if (err)
		elemcopy_free(&m->copy);
	else
		elemcopy_settle(&m->copy);
	give_back(m->snapshot, bytes - elemcopy_bytes(&m->copy));
	if (!err)
		__atomic_store_n(&m->taken, true, __ATOMIC_RELEASE);
	return err;
}

/* One copy grows at a time, as the room to grow counts. */
static int take_alone(struct copied_map *m)
{
	int err;

	pthread_mutex_lock(&m->snapshot->growing);
	err = take(m);
	pthread_mutex_unlock(&m->snapshot->growing);
	return err;
}

static bool is_taken(const struct copied_map *m)
{
	return __atomic_load_n(&m->taken, __ATOMIC_ACQUIRE);
}

static int open_copy(struct map_copier *copier, const struct elemcopy **copy)
{
	struct copied_map *m = (struct copied_map *)copier;
	int err = 0;

	if (!is_taken(m)) {
		pthread_mutex_lock(&m->lock);
		if (m->refused)
			err = m->refused;
		else if (!is_taken(m))
			err = take_alone(m);
		pthread_mutex_unlock(&m->lock);
	}
	if (!err)
		*copy = &m->copy;
	return err;
}

/* The maps. */

static int compare_ids(const void *a, const void *b)
{
	const struct copied_map *one = a, *other = b;
	uint32_t id = one->source->info.id, other_id = other->source->info.id;

	return id < other_id ? -1 : id > other_id;
}

/* What it has of source is source's reference. */
static struct copied_map *new_map(struct snapshot *s, struct map_desc *source)
{
	struct copied_map *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->copier.open = open_copy;
	m->snapshot = s;
	m->source = source;
	m->elements = elemcopy_elements(source->type->elements);
	m->row = *source->type;
	m->row.elements = &m->elements;
	m->inner = template_of_map(source);
	elemcopy_init(&m->copy, source->type->elements, source->key->size, source->value->size);
	pthread_mutex_init(&m->lock, NULL);
	return m;
}

/* The one that there is, else m; NULL: no memory. */
static struct copied_map *insert(struct snapshot *s, struct copied_map *m)
{
	void *node;

	pthread_mutex_lock(&s->lock);
	node = tsearch(m, &s->maps, compare_ids);
	pthread_mutex_unlock(&s->lock);
	return node ? *(struct copied_map **)node : NULL;
}

int snapshot_desc(struct snapshot *s, struct map_desc **desc)
{
	struct copied_map *m, *kept;

	if (!map_desc_is_listed(*desc))
		return 0;
	m = new_map(s, *desc);
	if (!m) {
		map_desc_unref(*desc);
		return -ENOMEM;
	}
	kept = insert(s, m);
	if (kept != m)
		free_map(m);
	*desc = kept ? map_desc_of_copy(kept->source, &kept->row, &kept->copier) : NULL;
	if (!*desc)
		return -ENOMEM;
	(*desc)->inner = kept->inner;
	return 0;
}

bool snapshot_has(const struct map_desc *desc, struct timespec *when)
{
	const struct copied_map *m = (const struct copied_map *)desc->copier;

	if (!m)
		return true;
	if (!is_taken(m))
		return false;
	if (when)
		*when = m->when;
	return true;
}

/* Directories. */

int snapshot_add_dir(struct snapshot *s, const char *path, const struct stat *st)
{
	struct kept_dir *dirs = reallocarray(s->dirs, s->dir_count + 1, sizeof(*dirs));

	if (!dirs)
		return -ENOMEM;
	s->dirs = dirs;
	dirs[s->dir_count] = (struct kept_dir){.path = strdup(path), .st = *st};
	if (!dirs[s->dir_count].path)
		return -ENOMEM;
	s->dir_count++;
	return 0;
}

/* The name that a path has in dir, or NULL if it is not right in it. */
static const char *name_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (strncmp(path, dir, len) != 0 || (len && path[len] != '/'))
		return NULL;
	path += len + (len > 0);
	return strchr(path, '/') ? NULL : path;
}

int snapshot_each_dir(const struct snapshot *s, const char *dir,
		      int (*each)(void *arg, const char *name, bool is_dir), void *arg)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->dir_count; i++) {
		const char *name = name_in(s->dirs[i].path, dir);

		if (name)
			err = each(arg, name, true);
	}
	return err;
}

int snapshot_stat_dir(const struct snapshot *s, const char *path, struct stat *st)
{
	for (size_t i = 0; i < s->dir_count; i++) {
		if (strcmp(s->dirs[i].path, path) == 0) {
			*st = s->dirs[i].st;
			return 0;
		}
	}
	return -ENOENT;
}
