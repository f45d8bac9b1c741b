/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "fs/findmap.h"
#include "fs/key.h"
#include "fs/kind.h"
#include "fs/link.h"
#include "fs/newlink.h"
#include "fs/openfile.h"
#include "fs/remake.h"
#include "lib/scan.h"
#include "lib/sys.h"

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
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err;
	if (key_may_be_long_dir(desc, full->data, slash ? slash + 1 : full->data)) {
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

static int find_in_map(struct fs *fs, const struct identity *dir, const char *name,
		       struct found *out, struct diag *d)
{
	struct buf full = BUF_INIT(LONGEST_PATH);
	uint64_t number;
	int err = tree_full_name(dir, name, &full);

	if (!err && scratch_find(&fs->scratch, dir->map_id, full.data, &number) == 0)
		err = found_scratch(dir->map_id, number, out);
	else if (!err && waitlinks_find(&fs->waitlinks, dir->map_id, full.data, NULL) == 0)
		err = newlink_identity(dir->map_id, full.data, &out->id, &out->bytes);
	else if (!err)
		err = find_key(fs, dir->map_id, &full, out, d) ? -ENOENT : 0;
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

int tree_find(struct fs *fs, const struct identity *dir, const char *name, struct found *out,
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

/* Making. */

static int make_scratch(struct fs *fs, uint32_t map_id, const char *name, const struct maker *maker,
			struct found *out, struct diag *d)
{
	const struct identity map = {.kind = NODE_MAP, .map_id = map_id};
	uint64_t number;
	int err;

	err = scratch_create(&fs->scratch, map_id, name, maker->mode, maker->uid, maker->gid,
			     kind_text_limit(fs, &map), &number);
	if (err)
		return diag_set(d, -err, "staging files are kept in memory, and bounded");
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
	return name[0] == '.' || ((flags & O_EXCL) && (mode & 0777) == 0600);
}

int tree_create(struct fs *fs, const struct identity *dir, const char *name, int flags,
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
		err = find_key(fs, dir->map_id, &full, out, d);
	if (!err && out->id.kind == NODE_LONG_DIR)
		err = diag_set(d, EINVAL, "of this length are directories: mkdir, or see .info");
	else if (err == -EINVAL && is_staging(name, flags, maker->mode))
		err = make_scratch(fs, dir->map_id, full.data, maker, out, d);
	else if (!err && out->id.kind == NODE_LINK && is_placeholder(flags, maker->mode))
		err = newlink_make_file(fs, dir->map_id, full.data, &out->id, &out->bytes, d);
	else if (!err && out->id.kind == NODE_LINK)
		err = diag_set(d, EINVAL, "%s", LINK_NO_FILES);
	buf_free(&full);
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
	if (is_passing_link(name) && find_key(fs, dir->map_id, &full, out, NULL))
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
	if (!err && !base.len)
		err = diag_at(d, EINVAL, 0, "the name of the map is missing");
	if (!err)
		err = buf_error(&base);
	if (!err)
		err = catalog_create(fs->catalog, tree_dir_path(dir), base.data, spec, id, d);
	buf_free(&base);
	return err;
}

/* A directory that a long name will be cut into: remembered, until keys are in it. */
static int make_long_dir(struct fs *fs, const struct identity *dir, const char *name,
			 struct found *out, struct diag *d)
{
	struct map_desc *desc = NULL;
	int err = find_in_map(fs, dir, name, out, NULL);

	if (err || out->id.kind != NODE_LONG_DIR)
		return diag_set(d, EPERM,
				"a map has keys, and no directories but those that names of more "
				"than 255 bytes are cut into");
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

int tree_mkdir(struct fs *fs, const struct identity *dir, const char *name, struct found *out,
	       struct diag *d)
{
	struct spec spec;
	uint32_t id;
	int err;

	if (tree_is_in_map(dir))
		return make_long_dir(fs, dir, name, out, d);
	err = spec_copy(&spec, &fs->options.mkdir_spec);
	if (!err)
		err = split_and_create(fs, dir, name, &spec, &id, d);
	spec_free(&spec);
	if (err)
		return err;
	out->id = (struct identity){.kind = NODE_MAP, .map_id = id};
	if (strchr(name, ',')) {
		newlink_map_came(fs, id);
		return 0;
	}
	fresh_add(&fs->fresh, id, false); /* else it cannot be made again, that is all */
	if (maptype_is_fixed(fs->options.mkdir_spec.type))
		hide_all_slots(&fs->hidden, id, fs->options.mkdir_spec.max_entries);
	newlink_map_came(fs, id);
	return 0;
}

/* Removing. */

/* 0 if no key would be lost. */
static int check_empty(struct fs *fs, uint32_t map_id, struct diag *d)
{
	struct map_desc *desc;
	struct map map;
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err;
	err = map_open(&map, desc, BPF_F_RDONLY);
	if (!err) {
		err = map_is_frozen(&map) ? 1 : scan_is_empty(&map); /* nobody can remove keys */
		map_close(&map);
	}
	map_desc_unref(desc);
	if (err == 1 && waitlinks_count(&fs->waitlinks, map_id))
		return diag_set(d, ENOTEMPTY, "links of the map wait for maps that are not there");
	if (err == 0)
		return diag_set(d, ENOTEMPTY, "the map has keys: remove them first");
	return err < 0 ? err : 0;
}

static bool is_map_gone(void *arg, uint32_t map_id)
{
	struct fs *fs = arg;

	return !catalog_is_alive(fs->catalog, map_id);
}

static int remove_map(struct fs *fs, uint32_t map_id, const char *dir, const char *name,
		      struct diag *d)
{
	struct buf pin = BUF_INIT(PATH_MAX);
	int err = 0;

	if (catalog_pin(fs->catalog, map_id, &pin, NULL) == 0)
		err = check_empty(fs, map_id, d);
	if (!err)
		err = catalog_unpin(fs->catalog, map_id, dir, name, d);
	buf_free(&pin);
	if (err)
		return err;
	fresh_remove(&fs->fresh, map_id);
	waitlinks_remove_map(&fs->waitlinks, map_id);
	hide_prune(&fs->hidden, is_map_gone, fs);
	return 0;
}

static int remove_dir(struct fs *fs, const char *dir)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int err;

	catalog_dir_path(fs->catalog, dir, &path);
	err = buf_error(&path);
	if (!err)
		err = sys_pin_rmdir(path.data);
	buf_free(&path);
	return err;
}

static int remove_long_dir(struct fs *fs, const struct identity *id, struct diag *d)
{
	struct map_desc *desc;
	int err = catalog_desc(fs->catalog, id->map_id, &desc);

	if (err)
		return err;
	err = longdirs_has_keys(desc, tree_pieces(id));
	if (err == 1)
		err = diag_set(d, ENOTEMPTY, "names of keys go through this directory");
	else if (err == 0)
		longdirs_forget(&fs->longdirs, id->map_id, tree_pieces(id));
	map_desc_unref(desc);
	return err;
}

int tree_rmdir(struct fs *fs, const struct identity *dir, const char *name, struct diag *d)
{
	struct found found = FOUND_INIT;
	int err = tree_find(fs, dir, name, &found, NULL);

	if (!err && found.id.kind == NODE_MAP)
		err = remove_map(fs, found.id.map_id, tree_dir_path(dir), name, d);
	else if (!err && found.id.kind == NODE_DIR)
		err = remove_dir(fs, (const char *)found.id.bytes);
	else if (!err && found.id.kind == NODE_LONG_DIR)
		err = remove_long_dir(fs, &found.id, d);
	else if (!err)
		err = -ENOTDIR;
	found_free(&found);
	return err;
}

static int unlink_key(struct fs *fs, const struct identity *id, struct diag *d)
{
	struct node *node = node_find(&fs->nodes, id);
	int err;

	if (node)
		openfile_settle(fs, node);
	err = key_remove(fs, id->map_id, id->bytes, d);
	if (err == -ENOENT && node && openfile_is_creating(fs, node))
		err = 0;
	if (node && !err)
		openfile_forget(fs, node);
	if (node)
		node_put(&fs->nodes, node, 1);
	return err;
}

int tree_unlink(struct fs *fs, const struct identity *dir, const char *name, struct diag *d)
{
	struct found found = FOUND_INIT;
	int err = tree_find(fs, dir, name, &found, NULL);

	if (err)
		goto out;
	switch (found.id.kind) {
	case NODE_KEY:
		err = unlink_key(fs, &found.id, d);
		break;
	case NODE_LINK:
		err = newlink_remove_key(fs, &found.id, d);
		break;
	case NODE_WAIT_LINK:
		err = waitlinks_remove(&fs->waitlinks, found.id.map_id,
				       (const char *)found.id.bytes);
		break;
	case NODE_SCRATCH:
		err = scratch_unlink(&fs->scratch, kind_scratch_number(&found.id));
		break;
	case NODE_LONG_DIR:
		err = -EISDIR;
		break;
	case NODE_MAP_FILE:
		err = hide_map_file(&fs->hidden, found.id.map_id);
		break;
	default:
		err = diag_set(d, EPERM, "%s belongs to the tree", name);
	}
out:
	found_free(&found);
	return err;
}
