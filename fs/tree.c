/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "fs/awaited.h"
#include "fs/findmap.h"
#include "fs/key.h"
#include "fs/kind.h"
#include "fs/link.h"
#include "fs/newdir.h"
#include "fs/newfile.h"
#include "fs/newlink.h"
#include "fs/remake.h"
#include "fs/vim.h"
#include "lib/keyname.h"

enum { LONGEST_PATH = 64 * 1024 }; /* of a name that is cut into directories */

void found_free(struct found *f)
{
	buf_free(&f->bytes);
}

/* Finding. */

const char *tree_dir_path(const struct identity *dir)
{
	return dir->kind == NODE_DIR ? (const char *)dir->bytes : "";
}

bool tree_is_in_map(const struct identity *dir)
{
	return dir->kind == NODE_MAP || dir->kind == NODE_LONG_DIR;
}

const char *tree_pieces(const struct identity *dir)
{
	return dir->kind == NODE_LONG_DIR ? (const char *)dir->bytes : "";
}

int tree_full_name(const struct identity *dir, const char *name, struct buf *out)
{
	if (dir->kind == NODE_LONG_DIR)
		buf_addf(out, "%s/", tree_pieces(dir));
	buf_addf(out, "%s", name); /* a string, even if it is empty */
	return buf_error(out);
}

static int find_in_root(struct fs *fs, const struct identity *dir, const char *name,
			struct found *out)
{
	uint32_t map_id;

	if (findmap(fs, tree_dir_path(dir), name, &map_id) == 0) {
		out->id = (struct identity){.kind = NODE_MAP, .map_id = map_id};
		return 0;
	}
	if (catalog_find_dir(fs->catalog, tree_dir_path(dir), name, &out->bytes))
		return -ENOENT;
	out->id = (struct identity){.kind = NODE_DIR,
				    .len = (uint32_t)out->bytes.len + 1,
				    .bytes = (const unsigned char *)out->bytes.data};
	return 0;
}

static int found_scratch(uint32_t map_id, uint64_t number, struct found *out)
{
	buf_clear(&out->bytes);
	buf_add(&out->bytes, &number, sizeof(number));
	out->id = (struct identity){NODE_SCRATCH, map_id, sizeof(number),
				    (const unsigned char *)out->bytes.data};
	return buf_error(&out->bytes);
}

static int found_long_dir(uint32_t map_id, const struct buf *full, struct found *out)
{
	buf_clear(&out->bytes);
	buf_add(&out->bytes, full->data, full->len);
	out->id = (struct identity){NODE_LONG_DIR, map_id, (uint32_t)out->bytes.len + 1,
				    (const unsigned char *)out->bytes.data};
	return buf_error(&out->bytes);
}

/* A key, or a directory that long names are cut into, by its full name. -EINVAL
 * explained if it is neither. */
static int find_key(struct fs *fs, uint32_t map_id, const struct buf *full, struct found *out,
		    struct diag *d)
{
	const char *slash = strrchr(full->data, '/');
	struct map_desc *desc;
	int err = catalog_desc(fs->catalog, map_id, &desc), is_dir;

	if (err)
		return err;
	is_dir = key_may_be_long_dir(desc, full->data, slash ? slash + 1 : full->data);
	if (is_dir < 0) {
		err = is_dir;
	} else if (is_dir) {
		err = found_long_dir(map_id, full, out);
	} else {
		err = key_parse(desc, full->data, &out->bytes, d);
		out->id = (struct identity){desc->type->links ? NODE_LINK : NODE_KEY, map_id,
					    (uint32_t)out->bytes.len,
					    (const unsigned char *)out->bytes.data};
	}
	map_desc_unref(desc);
	return err;
}

/* In a map that awaits its .map, only one spelling leads to a key (newfile.h). */
static bool is_passed_over(struct fs *fs, const struct identity *id, const char *full)
{
	struct buf name = BUF_INIT(SIZE_MAX / 2);
	struct map_desc *desc;
	bool is_other = false;

	if (id->kind != NODE_KEY || !awaited_is(fs, id->map_id) ||
	    catalog_desc(fs->catalog, id->map_id, &desc))
		return false;
	is_other = key_print(desc, id->bytes, &name) == 0 && strcmp(name.data, full) != 0;
	map_desc_unref(desc);
	buf_free(&name);
	return is_other;
}

static int find_in_map(struct fs *fs, const struct identity *dir, const char *name,
		       struct found *out, struct diag *d)
{
	struct buf full = BUF_INIT(LONGEST_PATH);
	uint64_t number;
	int err = tree_full_name(dir, name, &full);

	if (!err && scratch_find(&fs->scratch, dir->map_id, full.data, &number) == 0)
		err = found_scratch(dir->map_id, number, out);
	else if (!err)
		err = newfile_find(fs, dir->map_id, full.data, &out->id, &out->bytes);
	if (err == -ENOENT)
		err = find_key(fs, dir->map_id, &full, out, d);
	if (err && err != -ENOMEM)
		err = -ENOENT;
	if (!err && is_passed_over(fs, &out->id, full.data))
		err = -ENOENT;
	buf_free(&full);
	return err;
}

/* Has the map none of this special file? */
static bool lacks(struct fs *fs, enum node_kind special, uint32_t map_id)
{
	unsigned int end = kind_of(special)->end;
	struct map_desc *desc;
	bool has;

	if (special == NODE_MAP_FILE)
		return remake_lacks_map_file(fs, map_id);
	if (!end || catalog_desc(fs->catalog, map_id, &desc))
		return false;
	has = desc->type->ends & end;
	map_desc_unref(desc);
	return !has;
}

static int find(struct fs *fs, const struct identity *dir, const char *name, struct found *out,
		struct diag *d)
{
	enum node_kind special = kind_by_name(dir->kind, name);

	if (special != NODE_KINDS) {
		out->id = (struct identity){.kind = special, .map_id = dir->map_id};
		return lacks(fs, special, dir->map_id) ? -ENOENT : 0;
	}
	if (tree_is_in_map(dir))
		return find_in_map(fs, dir, name, out, d);
	return find_in_root(fs, dir, name, out);
}

/* Was the map made again? Then the request means that one, which dir is from now on. */
static bool is_remade(struct fs *fs, struct identity *dir)
{
	uint32_t old = dir->map_id;

	dir->map_id = fresh_now(&fs->fresh, old);
	return dir->map_id != old;
}

int tree_find(struct fs *fs, const struct identity *dir, const char *name, struct found *out,
	      struct diag *d)
{
	struct identity now = *dir;
	int err;

	do
		err = find(fs, &now, name, out, d);
	while (err == -ENOENT && is_remade(fs, &now));
	return err;
}

/* Making. */

static int make_scratch(struct fs *fs, uint32_t map_id, const char *name, const struct maker *maker,
			struct found *out, struct diag *d)
{
	const struct identity map = {.kind = NODE_MAP, .map_id = map_id};
	uint64_t number;
	int err;

	err = scratch_create(&fs->scratch, map_id, name, maker->mode & ~maker->umask, maker->uid,
			     maker->gid, kind_text_limit(fs, &map), &number, d);
	if (err)
		return err;
	return found_scratch(map_id, number, out);
}

/* What tar makes and closes at once, to put a link in its place at the end. */
static bool is_placeholder(int flags, mode_t mode)
{
	return (flags & O_EXCL) && (mode & 0777) == 0;
}

/* The names that rsync, sed -i, mktemp and editors make for a while. */
static bool is_staging(const char *name, int flags, mode_t mode)
{
	bool exclusive = flags & O_EXCL;

	return name[0] == '.' ||
	       (exclusive && ((mode & 0777) == 0600 || name[strlen(name) - 1] == '~'));
}

/* What restores a backup makes files for their owner alone, a shell does not. */
static bool is_of_a_restore(const char *name, mode_t mode)
{
	return name[0] != '.' && (mode & 077) == 0;
}

/* In a map that awaits its .map, whatever its keys will be. -ENOENT: it is not for the
 * waiting room. */
static int create_waiting(struct fs *fs, uint32_t map_id, const char *name, const char *full,
			  int flags, const struct maker *maker, struct found *out, struct diag *d)
{
	if (!awaited_is(fs, map_id))
		return -ENOENT;
	if (is_placeholder(flags, maker->mode))
		return newlink_make_file(fs, map_id, full, &out->id, &out->bytes, d);
	if (is_of_a_restore(name, maker->mode))
		return newfile_identity(map_id, full, &out->id, &out->bytes);
	return -ENOENT;
}

/* In any other map, or by a plain write. */
static int create_key(struct fs *fs, uint32_t map_id, const char *name, const struct buf *full,
		      int flags, const struct maker *maker, struct found *out, struct diag *d)
{
	int err = vim_is_asking(fs, map_id, name, flags) ? -ENOENT
							 : find_key(fs, map_id, full, out, d);

	if (!err && out->id.kind == NODE_LONG_DIR)
		return diag_set(d, EINVAL, "of this length are directories: mkdir, or see .info");
	if (err == -EOPNOTSUPP && name[0] == '.')
		err = -EINVAL; /* a map without keys has a .map, which rsync stages */
	if (err == -EINVAL && is_staging(name, flags, maker->mode))
		return make_scratch(fs, map_id, full->data, maker, out, d);
	if (!err && out->id.kind == NODE_LINK && is_placeholder(flags, maker->mode))
		return newlink_make_file(fs, map_id, full->data, &out->id, &out->bytes, d);
	if (!err && out->id.kind == NODE_LINK)
		return diag_set(d, EINVAL, "%s", LINK_NO_FILES);
	return err;
}

static int create(struct fs *fs, const struct identity *dir, const char *name, int flags,
		  const struct maker *maker, struct found *out, struct diag *d)
{
	struct buf full = BUF_INIT(LONGEST_PATH);
	int err;

	if (!tree_is_in_map(dir))
		return diag_set(d, EPERM,
				"here are maps, which are directories: mkdir NAME[,SPEC]");
	if (kind_by_name(dir->kind, name) == NODE_MAP_FILE) {
		out->id = (struct identity){.kind = NODE_MAP_FILE, .map_id = dir->map_id};
		return 0;
	}
	if (kind_by_name(dir->kind, name) != NODE_KINDS)
		return diag_set(d, EOPNOTSUPP, "%s belongs to the tree", name);
	err = tree_full_name(dir, name, &full);
	if (!err)
		err = create_waiting(fs, dir->map_id, name, full.data, flags, maker, out, d);
	if (err == -ENOENT)
		err = create_key(fs, dir->map_id, name, &full, flags, maker, out, d);
	buf_free(&full);
	return err;
}

int tree_create(struct fs *fs, const struct identity *dir, const char *name, int flags,
		const struct maker *maker, struct found *out, struct diag *d)
{
	struct identity now = *dir;
	int err;

	do
		err = create(fs, &now, name, flags, maker, out, d);
	while (err == -ENOENT && is_remade(fs, &now));
	return err;
}

int tree_readlink(struct fs *fs, const struct identity *id, struct buf *target)
{
	switch (id->kind) {
	case NODE_LINK:
		return link_read(fs, id->map_id, id->bytes, target);
	case NODE_WAIT_LINK:
		return newlink_read(fs, id, target);
	case NODE_SCRATCH:
		return scratch_read(&fs->scratch, kind_scratch_number(id), 0, SIZE_MAX, target);
	default:
		return -EINVAL;
	}
}

/* A name that a link has for a moment: rsync's begin with a dot, "CuXXXXXX" is one of
 * ln -sfn. */
static bool is_passing_link(const char *name)
{
	return name[0] == '.' || (strlen(name) == 8 && strncmp(name, "Cu", 2) == 0);
}

static int make_staged_link(struct fs *fs, const struct identity *dir, const char *full,
			    const char *target, const struct maker *maker, struct found *out,
			    struct diag *d)
{
	struct maker link = *maker;
	int err;

	link.mode = S_IFLNK | 0777;
	err = make_scratch(fs, dir->map_id, full, &link, out, d);
	if (err)
		return err;
	return scratch_write(&fs->scratch, kind_scratch_number(&out->id), 0, target,
			     strlen(target));
}

int tree_symlink(struct fs *fs, const struct identity *dir, const char *name, const char *target,
		 const struct maker *maker, struct found *out, struct diag *d)
{
	bool in_map = tree_is_in_map(dir) && kind_by_name(dir->kind, name) == NODE_KINDS;
	bool takes_links = in_map && newlink_may_be(fs, dir->map_id);
	struct buf full = BUF_INIT(LONGEST_PATH);
	int err;

	if (!in_map || (!takes_links && name[0] != '.'))
		return diag_set(d, EPERM, "only keys of maps of maps are symbolic links");
	err = tree_full_name(dir, name, &full);
	if (err)
		goto out;
	if (is_passing_link(name))
		err = find_key(fs, dir->map_id, &full, out, NULL);
	if (err == -ENOMEM)
		goto out;
	if (err)
		err = make_staged_link(fs, dir, full.data, target, maker, out, d);
	else
		err = newlink_make(fs, dir->map_id, full.data, target, BPF_NOEXIST, &out->id,
				   &out->bytes, d);
out:
	buf_free(&full);
	return err;
}

static int split_and_create(struct fs *fs, const struct identity *dir, const char *name,
			    struct spec *spec, uint32_t *id, struct diag *d)
{
	const char *comma = strchr(name, ',');
	struct buf base = BUF_INIT(PATH_MAX);
	int err = 0;

	buf_add(&base, name, comma ? (size_t)(comma - name) : strlen(name));
	if (comma)
		err = spec_parse(spec, comma + 1, strlen(comma + 1), ',', d);
	if (err && d)
		d->offset += (size_t)(comma + 1 - name);
	if (!err)
		err = buf_error(&base);
	if (!err && !base.len)
		err = diag_at(d, EINVAL, 0, "the name of the map is missing");
	if (!err && comma)
		err = access_may_copy(fs, tree_dir_path(dir), spec, d);
	if (!err)
		err = catalog_create(fs->catalog, tree_dir_path(dir), base.data, spec, id, d);
	buf_free(&base);
	return err;
}

/* In a map that awaits its .map. */
static int make_waiting_dir(struct fs *fs, const struct identity *dir, const char *name,
			    struct found *out)
{
	struct buf full = BUF_INIT(LONGEST_PATH);
	int err = tree_full_name(dir, name, &full);

	if (!err)
		err = newdir_make(fs, dir->map_id, full.data);
	if (!err)
		err = newfile_find(fs, dir->map_id, full.data, &out->id, &out->bytes);
	buf_free(&full);
	return err;
}

/* What seemed to be a map is a directory of maps. */
static int make_in_new_dir(struct fs *fs, const struct identity *map, const char *name,
			   const struct maker *maker, struct found *out, struct diag *d)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct identity dir;
	int err = remake_as_dir(fs, map->map_id, &dir, &path, d);

	if (!err)
		err = tree_mkdir(fs, &dir, name, maker, out, d);
	buf_free(&path);
	return err;
}

/* A directory that a long name will be cut into: remembered, until keys are in it. */
static int make_long_dir(struct fs *fs, const struct identity *dir, const char *name,
			 const struct maker *maker, struct found *out, struct diag *d)
{
	struct map_desc *desc = NULL;
	int err;

	if (awaited_is(fs, dir->map_id) && keyname_has_length_of_piece(name))
		return make_waiting_dir(fs, dir, name, out);
	if (awaited_is(fs, dir->map_id) && dir->kind == NODE_MAP && name[0] != '.')
		return make_in_new_dir(fs, dir, name, maker, out, d);
	err = find_in_map(fs, dir, name, out, NULL);
	if (err == -ENOMEM)
		return err;
	if (err || out->id.kind != NODE_LONG_DIR)
		return diag_set(d, EPERM, "%s", LONGDIR_NO_OTHERS);
	err = catalog_desc(fs->catalog, dir->map_id, &desc);
	if (!err)
		err = longdirs_exists(&fs->longdirs, desc, tree_pieces(&out->id));
	if (err == 0)
		err = longdirs_remember(&fs->longdirs, dir->map_id, tree_pieces(&out->id));
	else if (err == 1)
		err = -EEXIST;
	map_desc_unref(desc);
	return err;
}

/* It is pinned as root's, which is less than its maker's. */
static int give_map(struct fs *fs, const struct identity *dir, uint32_t id,
		    const struct maker *maker, struct diag *d)
{
	int err = access_give(fs, tree_dir_path(dir), id, maker->uid, maker->gid);

	if (!err)
		return 0;
	catalog_unpin(fs->catalog, id, NULL, NULL, NULL);
	return diag_set(d, -err, "the map could not be made yours");
}

int tree_mkdir(struct fs *fs, const struct identity *dir, const char *name,
	       const struct maker *maker, struct found *out, struct diag *d)
{
	struct spec spec;
	uint32_t id;
	int err;

	if (tree_is_in_map(dir))
		return make_long_dir(fs, dir, name, maker, out, d);
	err = spec_copy(&spec, &fs->options.mkdir_spec);
	if (!err)
		err = split_and_create(fs, dir, name, &spec, &id, d);
	spec_free(&spec);
	if (!err)
		err = give_map(fs, dir, id, maker, d);
	if (err)
		return err;
	out->id = (struct identity){.kind = NODE_MAP, .map_id = id};
	if (strchr(name, ',')) {
		newlink_map_came(fs, id);
		return 0;
	}
	err = awaited_begin(fs, id);
	if (err) {
		catalog_unpin(fs->catalog, id, NULL, NULL, NULL);
		return err;
	}
	if (maptype_is_fixed(fs->options.mkdir_spec.type))
		hide_all_slots(&fs->hidden, id, fs->options.mkdir_spec.max_entries);
	newlink_map_came(fs, id);
	return 0;
}
