/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/kind.h"

#include <errno.h>
#include <string.h>

#include "fs/awaited.h"
#include "fs/ends.h"
#include "fs/key.h"
#include "fs/link.h"
#include "fs/newdir.h"
#include "fs/newfile.h"
#include "fs/newlink.h"
#include "fs/newpart.h"
#include "fs/special.h"
#include "fs/stats.h"

/* The most that a special file can be written in; the least that a value may be. */
enum { SPECIAL_TEXT = 1 << 20, VALUE_TEXT = 64 * 1024 };

static void set_times(struct stat *st, struct timespec time)
{
	st->st_atim = st->st_mtim = st->st_ctim = time;
}

/* One link says that directories below are not counted, as on btrfs. */
static int stat_root(struct fs *fs, const struct identity *id, struct stat *st)
{
	(void)id;
	st->st_mode = S_IFDIR | __atomic_load_n(&fs->root_mode, __ATOMIC_RELAXED);
	st->st_uid = fs->options.uid;
	st->st_gid = fs->options.gid;
	st->st_nlink = 1;
	set_times(st, fs->started);
	return 0;
}

static int stat_dir(struct fs *fs, const struct identity *id, struct stat *st)
{
	struct stat dir;
	int err = catalog_stat_dir(fs->catalog, (const char *)id->bytes, &dir);

	if (err)
		return err;
	st->st_mode = S_IFDIR | (dir.st_mode & 07777);
	st->st_uid = dir.st_uid;
	st->st_gid = dir.st_gid;
	st->st_nlink = 1;
	set_times(st, dir.st_mtim);
	return 0;
}

static int stat_map(struct fs *fs, const struct identity *id, struct stat *st)
{
	struct access access;
	int err = access_look(fs, id->map_id, &access);

	if (err)
		return err;
	st->st_mode = S_IFDIR | access_dir_mode(access.mode);
	st->st_uid = access.uid;
	st->st_gid = access.gid;
	st->st_nlink = 2;
	set_times(st, access.time);
	return 0;
}

static int stat_long_dir(struct fs *fs, const struct identity *id, struct stat *st)
{
	struct map_desc *desc;
	int err;

	if (newdir_is(fs, id->map_id, (const char *)id->bytes))
		return stat_map(fs, id, st);
	err = catalog_desc(fs->catalog, id->map_id, &desc);
	if (err)
		return err;
	err = longdirs_exists(&fs->longdirs, desc, (const char *)id->bytes);
	map_desc_unref(desc);
	if (err != 1)
		return err ? err : -ENOENT;
	return stat_map(fs, id, st);
}

void kind_fill_file(const struct access *access, mode_t mode, size_t size, int64_t mtime,
		    struct stat *st)
{
	st->st_mode = S_IFREG | (access->mode & mode);
	st->st_uid = access->uid;
	st->st_gid = access->gid;
	st->st_nlink = 1;
	st->st_size = (off_t)size;
	st->st_blksize = 4096;
	st->st_blocks = (blkcnt_t)(size + 511) / 512;
	set_times(st, seen_timespec(mtime));
}

static int stat_key(struct fs *fs, const struct identity *id, struct stat *st)
{
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	struct key_look look = {0};
	int err = key_read(fs, id->map_id, id->bytes, &text, &look);

	buf_free(&text);
	if (err == -EOPNOTSUPP && look.mtime)
		err = 0; /* it may be there or not */
	if (!err)
		kind_fill_file(&look.access, 0666, look.size, look.mtime, st);
	return err;
}

/* Of those who may read, those who may write too. */
static mode_t mode_to_consume(mode_t mode)
{
	return (mode & ~(mode_t)0444) | (mode & 0444 & (mode & 0222) << 1);
}

/* Special files that are listed tell their size; of others it is known once they
 * are open, as in /proc. */
static int stat_special(struct fs *fs, const struct identity *id, struct stat *st)
{
	const struct kind *kind = kind_of(id->kind);
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	struct access access;
	int64_t mtime;
	int err = access_look(fs, id->map_id, &access);

	if (!err && kind->consumes)
		access.mode = mode_to_consume(access.mode);
	if (!err && kind->listed)
		err = kind->read(fs, id, &text, &mtime);
	if (!err)
		kind_fill_file(&access, kind->mode, text.len, fs->started.tv_sec * SEEN_SECOND, st);
	buf_free(&text);
	return err;
}

static int stat_root_file(struct fs *fs, const struct identity *id, struct stat *st)
{
	const struct access access = {fs->options.uid, fs->options.gid, 0777, fs->started};

	kind_fill_file(&access, kind_of(id->kind)->mode, 0, fs->started.tv_sec * SEEN_SECOND, st);
	return 0;
}

uint64_t kind_scratch_number(const struct identity *id)
{
	uint64_t number;

	memcpy(&number, id->bytes, sizeof(number));
	return number;
}

static int stat_scratch(struct fs *fs, const struct identity *id, struct stat *st)
{
	return scratch_stat(&fs->scratch, kind_scratch_number(id), st);
}

static int stat_link(struct fs *fs, const struct identity *id, struct stat *st)
{
	return link_stat(fs, id->map_id, id->bytes, st);
}

/* Of the empty file that GNU tar makes for a link. */
static int write_wait_link(struct fs *fs, const struct identity *id, const char *text, size_t len,
			   uint64_t flags, struct diag *d)
{
	(void)fs, (void)id, (void)text, (void)len, (void)flags;
	return diag_set(d, EINVAL, "%s", LINK_NO_FILES);
}

static int read_key(struct fs *fs, const struct identity *id, struct buf *text, int64_t *mtime)
{
	struct key_look look = {0};
	int err = key_read(fs, id->map_id, id->bytes, text, &look);

	*mtime = look.mtime;
	return err;
}

static int write_key(struct fs *fs, const struct identity *id, const char *text, size_t len,
		     uint64_t flags, struct diag *d)
{
	int err = key_store(fs, id->map_id, id->bytes, text, len, flags, d);

	if (!err)
		newfile_key_stored(fs, id->map_id);
	return err;
}

static int may_write_key(struct fs *fs, const struct identity *id, struct diag *d)
{
	return key_may_store(fs, id->map_id, d);
}

static int blank_key(struct fs *fs, const struct identity *id, uint64_t flags, struct diag *d)
{
	int err = key_zero(fs, id->map_id, id->bytes, flags, d);

	if (!err)
		newfile_key_stored(fs, id->map_id);
	return err;
}

/* Files that wait for .map. */

static int stat_wait_file(struct fs *fs, const struct identity *id, struct stat *st)
{
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	struct key_look look;
	int err = newfile_read(fs, id, &text, &look);

	buf_free(&text);
	if (!err)
		kind_fill_file(&look.access, 0666, look.size, look.mtime, st);
	return err;
}

static int read_wait_file(struct fs *fs, const struct identity *id, struct buf *text,
			  int64_t *mtime)
{
	struct key_look look = {0};
	int err = newfile_read(fs, id, text, &look);

	*mtime = look.mtime;
	return err;
}

static int blank_wait_file(struct fs *fs, const struct identity *id, uint64_t flags, struct diag *d)
{
	return newfile_write(fs, id, "", 0, flags, d);
}

#define SPECIAL_READ(name)                                                                 \
	static int read_##name(struct fs *fs, const struct identity *id, struct buf *text, \
			       int64_t *mtime)                                             \
	{                                                                                  \
		*mtime = fs->started.tv_sec * SEEN_SECOND;                                 \
		return special_read_##name(fs, id->map_id, text);                          \
	}

#define SPECIAL_WRITE(name)                                                                 \
	static int write_##name(struct fs *fs, const struct identity *id, const char *text, \
				size_t len, uint64_t flags, struct diag *d)                 \
	{                                                                                   \
		(void)flags;                                                                \
		return special_write_##name(fs, id->map_id, text, len, d);                  \
	}

SPECIAL_READ(map)
SPECIAL_WRITE(map)
SPECIAL_READ(info)
SPECIAL_READ(count)
SPECIAL_READ(frozen)
SPECIAL_WRITE(frozen)
SPECIAL_READ(types)
SPECIAL_WRITE(types)
SPECIAL_READ(error_log)
SPECIAL_WRITE(error_log)

static int read_stats(struct fs *fs, const struct identity *id, struct buf *text, int64_t *mtime)
{
	(void)id;
	*mtime = fs->started.tv_sec * SEEN_SECOND;
	return stats_print(fs, text);
}

static void close_map_file(struct fs *fs, const struct identity *id)
{
	newfile_map_file_closed(fs, id->map_id);
}

static int read_peek(struct fs *fs, const struct identity *id, struct buf *text, int64_t *mtime)
{
	*mtime = fs->started.tv_sec * SEEN_SECOND;
	return ends_peek(fs, id->map_id, text);
}

/* An empty text: the map's own types again. */
static int blank_types(struct fs *fs, const struct identity *id, uint64_t flags, struct diag *d)
{
	(void)flags;
	return special_write_types(fs, id->map_id, "", 0, d);
}

static int blank_error_log(struct fs *fs, const struct identity *id, uint64_t flags, struct diag *d)
{
	(void)flags;
	return special_write_error_log(fs, id->map_id, "", 0, d);
}

/*
 * To add a special file: a number in enum node_kind (node.h), a row here with
 * its name and the kind of directory it is in, and its text in special.c. What is
 * not listed cannot be met by cp, tar, rm -r or grep -r; whatever consumes must
 * not be.
 */
static const struct kind kinds[NODE_KINDS] = {
	[NODE_ROOT] = {.type = S_IFDIR, .mode = 0755, .stat = stat_root},
	[NODE_DIR] = {.type = S_IFDIR, .mode = 0777, .stat = stat_dir},
	[NODE_MAP] = {.type = S_IFDIR, .mode = 0777, .stat = stat_map},
	[NODE_MAP_FILE] = {.name = ".map",
			   .directory = NODE_MAP,
			   .listed = true,
			   .type = S_IFREG,
			   .mode = 0666,
			   .stat = stat_special,
			   .read = read_map,
			   .write = write_map,
			   .closed = close_map_file},
	[NODE_INFO] = {.name = ".info",
		       .directory = NODE_MAP,
		       .type = S_IFREG,
		       .mode = 0444,
		       .stat = stat_special,
		       .read = read_info},
	[NODE_COUNT] = {.name = ".count",
			.directory = NODE_MAP,
			.type = S_IFREG,
			.mode = 0444,
			.stat = stat_special,
			.read = read_count},
	/* For good nobody but the owner takes the right to write from all. */
	[NODE_FROZEN] = {.name = ".frozen",
			 .directory = NODE_MAP,
			 .type = S_IFREG,
			 .mode = 0644,
			 .stat = stat_special,
			 .read = read_frozen,
			 .write = write_frozen},
	[NODE_TYPES] = {.name = ".types",
			.directory = NODE_MAP,
			.type = S_IFREG,
			.mode = 0666,
			.stat = stat_special,
			.read = read_types,
			.write = write_types,
			.blank = blank_types},
	[NODE_DUMP] = {.name = ".dump",
		       .directory = NODE_MAP,
		       .type = S_IFREG,
		       .mode = 0666,
		       .stat = stat_special,
		       .may_write = may_write_key},
	[NODE_ERROR_LOG] = {.name = ".error_log",
			    .directory = NODE_ROOT,
			    .personal = true,
			    .type = S_IFREG,
			    .mode = 0666,
			    .stat = stat_root_file,
			    .read = read_error_log,
			    .write = write_error_log,
			    .blank = blank_error_log},
	[NODE_STATS] = {.name = ".stats",
			.directory = NODE_ROOT,
			.type = S_IFREG,
			.mode = 0400,
			.stat = stat_root_file,
			.read = read_stats},
	[NODE_KEY] = {.type = S_IFREG,
		      .mode = 0666,
		      .stat = stat_key,
		      .read = read_key,
		      .write = write_key,
		      .may_write = may_write_key,
		      .blank = blank_key,
		      .keep_part = newpart_keep},
	[NODE_LONG_DIR] = {.type = S_IFDIR, .mode = 0777, .stat = stat_long_dir},
	[NODE_LINK] = {.type = S_IFLNK, .mode = 0777, .stat = stat_link},
	[NODE_WAIT_LINK] = {.type = S_IFLNK,
			    .mode = 0777,
			    .stat = newlink_stat,
			    .write = write_wait_link},
	[NODE_WAIT_FILE] = {.type = S_IFREG,
			    .mode = 0666,
			    .stat = stat_wait_file,
			    .read = read_wait_file,
			    .write = newpart_write,
			    .blank = blank_wait_file,
			    .keep_part = newpart_keep},
	[NODE_SCRATCH] = {.type = S_IFREG, .mode = 0777, .stat = stat_scratch},
	[NODE_STREAM] = {.name = ".stream",
			 .directory = NODE_MAP,
			 .end = MAPTYPE_STREAM,
			 .consumes = true,
			 .type = S_IFREG,
			 .mode = 0444,
			 .stat = stat_special},
	[NODE_PUSH] = {.name = ".push",
		       .directory = NODE_MAP,
		       .end = MAPTYPE_PUSH,
		       .type = S_IFREG,
		       .mode = 0222,
		       .stat = stat_special},
	[NODE_PEEK] = {.name = ".peek",
		       .directory = NODE_MAP,
		       .end = MAPTYPE_PEEK,
		       .type = S_IFREG,
		       .mode = 0444,
		       .stat = stat_special,
		       .read = read_peek},
	[NODE_POP] = {.name = ".pop",
		      .directory = NODE_MAP,
		      .end = MAPTYPE_POP,
		      .consumes = true,
		      .type = S_IFREG,
		      .mode = 0444,
		      .stat = stat_special},
};

const struct kind *kind_of(enum node_kind kind)
{
	return &kinds[kind];
}

enum node_kind kind_by_name(enum node_kind directory, const char *name)
{
	for (int i = 0; i < NODE_KINDS; i++)
		if (kinds[i].name && kinds[i].directory == directory &&
		    strcmp(kinds[i].name, name) == 0)
			return (enum node_kind)i;
	return NODE_KINDS;
}

int kind_stat(struct fs *fs, const struct identity *id, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_mode = kinds[id->kind].type | kinds[id->kind].mode;
	st->st_ino = node_ino(id);
	return kinds[id->kind].stat(fs, id, st);
}

int kind_may_write(struct fs *fs, const struct identity *id, struct diag *d)
{
	const struct kind *kind = kind_of(id->kind);

	if (!kind->write)
		return diag_set(d, EACCES, "this file cannot be written");
	return kind->may_write ? kind->may_write(fs, id, d) : 0;
}

int kind_may_consume(struct fs *fs, const struct identity *id, struct diag *d)
{
	if (!fs->options.read_only && catalog_is_frozen(fs->catalog, id->map_id) != 1)
		return 0;
	return diag_set(d, EROFS,
			"what is read here is taken from the map, and that is frozen or the mount "
			"read-only");
}

int kind_stat_empty(struct fs *fs, const struct identity *id, struct stat *st)
{
	struct access access;
	int err = access_look(fs, fresh_now(&fs->fresh, id->map_id), &access);

	memset(st, 0, sizeof(*st));
	st->st_ino = node_ino(id);
	if (!err)
		kind_fill_file(&access, kind_of(id->kind)->mode, 0, seen_now(), st);
	return err;
}

size_t kind_text_limit(struct fs *fs, const struct identity *id)
{
	struct map_desc *desc;
	size_t limit = id->kind == NODE_KEY ? VALUE_TEXT : SPECIAL_TEXT;

	if (id->kind == NODE_WAIT_FILE || (id->map_id && awaited_is(fs, id->map_id)))
		return NEWFILE_TEXT;
	if (id->map_id == 0 || catalog_desc(fs->catalog, id->map_id, &desc))
		return limit;
	if (!key_why_not(desc) && key_text_limit(desc) > limit)
		limit = key_text_limit(desc);
	map_desc_unref(desc);
	return limit;
}
