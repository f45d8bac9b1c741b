/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "fs/key.h"
#include "fs/kind.h"
#include "fs/openfile.h"
#include "lib/sys.h"

void found_free(struct found *f)
{
	buf_free(&f->bytes);
}

/* Finding. */

const char *tree_dir_path(const struct identity *dir)
{
	return dir->kind == NODE_DIR ? (const char *)dir->bytes : "";
}

/* Does a map have what a spec asks for? The kernel may add flags, and round up. */
static bool is_as_asked(const struct spec *map, const struct spec *asked)
{
	return map->type == asked->type && layout_is_alike(map->key, asked->key) &&
	       layout_is_alike(map->value, asked->value) &&
	       map->max_entries >= asked->max_entries &&
	       (map->max_entries == asked->max_entries || asked->map_flags) &&
	       (map->map_flags & asked->map_flags) == asked->map_flags &&
	       map->map_extra == asked->map_extra && strcmp(map->name, asked->name) == 0;
}

/* Is this what the map with this id was, or could have been, made by? */
static bool fits_spec(struct fs *fs, uint32_t id, const char *text)
{
	struct spec map, asked;
	struct map_desc *desc;
	bool fits;

	if (catalog_desc(fs->catalog, id, &desc))
		return false;
	spec_of_map(&map, desc);
	spec_copy(&asked, &map);
	fits = spec_parse(&asked, text, strlen(text), ',', NULL) == 0 && is_as_asked(&map, &asked);
	spec_free(&map);
	spec_free(&asked);
	map_desc_unref(desc);
	return fits;
}

/* "NAME,SPEC" is another spelling of NAME, as mkdir was told it. */
static int find_map(struct fs *fs, const char *dir, const char *name, uint32_t *id)
{
	const char *comma = strchr(name, ',');
	struct buf base = BUF_INIT(PATH_MAX);
	int err;

	if (!comma)
		return catalog_find(fs->catalog, dir, name, id);
	buf_add(&base, name, (size_t)(comma - name));
	err = base.len ? buf_error(&base) : -ENOENT;
	if (!err)
		err = catalog_find(fs->catalog, dir, base.data, id);
	if (!err && !fits_spec(fs, *id, comma + 1))
		err = -ENOENT;
	buf_free(&base);
	return err;
}

static int find_in_root(struct fs *fs, const struct identity *dir, const char *name,
			struct found *out)
{
	uint32_t map_id;

	if (find_map(fs, tree_dir_path(dir), name, &map_id) == 0) {
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

/* A key by its name. -EINVAL explained if it is none. */
static int find_key(struct fs *fs, uint32_t map_id, const char *name, struct found *out,
		    struct diag *d)
{
	struct map_desc *desc;
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err;
	err = key_parse(desc, name, &out->bytes, d);
	map_desc_unref(desc);
	out->id = (struct identity){NODE_KEY, map_id, (uint32_t)out->bytes.len,
				    (const unsigned char *)out->bytes.data};
	return err;
}

static int find_in_map(struct fs *fs, uint32_t map_id, const char *name, struct found *out,
		       struct diag *d)
{
	uint64_t number;

	if (scratch_find(&fs->scratch, map_id, name, &number) == 0)
		return found_scratch(map_id, number, out);
	return find_key(fs, map_id, name, out, d) ? -ENOENT : 0;
}

int tree_find(struct fs *fs, const struct identity *dir, const char *name, struct found *out,
	      struct diag *d)
{
	enum node_kind special = kind_by_name(dir->kind, name);

	if (special != NODE_KINDS) {
		out->id = (struct identity){.kind = special, .map_id = dir->map_id};
		if (special == NODE_MAP_FILE && hide_has_map_file(&fs->hidden, dir->map_id))
			return -ENOENT;
		return 0;
	}
	if (dir->kind == NODE_MAP)
		return find_in_map(fs, dir->map_id, name, out, d);
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

/* The names that rsync, sed -i, mktemp and editors make for a while. */
static bool is_staging(const char *name, int flags, mode_t mode)
{
	return name[0] == '.' || ((flags & O_EXCL) && (mode & 0777) == 0600);
}

int tree_create(struct fs *fs, const struct identity *dir, const char *name, int flags,
		const struct maker *maker, struct found *out, struct diag *d)
{
	int err;

	if (dir->kind != NODE_MAP)
		return diag_set(d, EPERM,
				"here are maps, which are directories: mkdir NAME[,SPEC]");
	if (kind_by_name(NODE_MAP, name) != NODE_KINDS)
		return diag_set(d, EOPNOTSUPP, "%s cannot be written yet", name);
	err = find_key(fs, dir->map_id, name, out, d);
	if (err != -EINVAL || !is_staging(name, flags, maker->mode))
		return err;
	return make_scratch(fs, dir->map_id, name, maker, out, d);
}

int tree_symlink(struct fs *fs, const struct identity *dir, const char *name, const char *target,
		 const struct maker *maker, struct found *out, struct diag *d)
{
	struct maker link = *maker;
	uint64_t number;
	int err;

	link.mode = S_IFLNK | 0777;
	if (dir->kind != NODE_MAP || name[0] != '.' || kind_by_name(NODE_MAP, name) != NODE_KINDS)
		return diag_set(d, EPERM, "the values of this map are no symlinks");
	err = make_scratch(fs, dir->map_id, name, &link, out, d);
	if (err)
		return err;
	number = kind_scratch_number(&out->id);
	return scratch_write(&fs->scratch, number, 0, target, strlen(target));
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

int tree_mkdir(struct fs *fs, const struct identity *dir, const char *name, struct found *out,
	       struct diag *d)
{
	struct spec spec;
	uint32_t id;
	int err;

	if (dir->kind == NODE_MAP)
		return diag_set(d, EPERM, "a map has keys, and no directories");
	spec_copy(&spec, &fs->options.mkdir_spec);
	err = split_and_create(fs, dir, name, &spec, &id, d);
	spec_free(&spec);
	if (!err)
		out->id = (struct identity){.kind = NODE_MAP, .map_id = id};
	return err;
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
		err = map_is_empty(&map);
		map_close(&map);
	}
	map_desc_unref(desc);
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
	if (!err)
		hide_prune(&fs->hidden, is_map_gone, fs);
	return err;
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

int tree_rmdir(struct fs *fs, const struct identity *dir, const char *name, struct diag *d)
{
	struct found found = FOUND_INIT;
	int err = tree_find(fs, dir, name, &found, NULL);

	if (!err && found.id.kind == NODE_MAP)
		err = remove_map(fs, found.id.map_id, tree_dir_path(dir), name, d);
	else if (!err && found.id.kind == NODE_DIR)
		err = remove_dir(fs, (const char *)found.id.bytes);
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
	case NODE_SCRATCH:
		err = scratch_unlink(&fs->scratch, kind_scratch_number(&found.id));
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
