/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/rename.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fs/awaited.h"
#include "fs/key.h"
#include "fs/kind.h"
#include "fs/link.h"
#include "fs/newfile.h"
#include "fs/newlink.h"
#include "fs/openfile.h"
#include "fs/tree.h"

/* One rename inside a map. */
struct renaming {
	struct fs *fs;
	uint32_t map_id;
	const char *new_name; /* from the map's own directory */
	bool no_replace;
	struct found from, to;
	bool to_found; /* new_name stands for something: a key, a staging file */
	struct diag *d;
};

/* The kernel will use the old name's inode for the new name at once. */
static int move_node(struct fs *fs, const struct identity *from, const struct identity *to)
{
	return node_move_identity(&fs->nodes, from, to);
}

/* Does something for the files that are open on an identity, if any are. */
static void for_files_of(struct fs *fs, const struct identity *id,
			 void (*work)(struct fs *fs, struct node *node))
{
	struct node *node = node_find(&fs->nodes, id);

	if (!node)
		return;
	work(fs, node);
	node_put(&fs->nodes, node, 1);
}

static int key_to_key(struct renaming *r)
{
	uint64_t flags = r->no_replace ? BPF_NOEXIST : BPF_ANY;
	int err;

	if (r->from.id.len == r->to.id.len &&
	    memcmp(r->from.id.bytes, r->to.id.bytes, r->to.id.len) == 0)
		return 0;
	err = key_move(r->fs, r->map_id, r->from.id.bytes, r->to.id.bytes, flags, r->d);
	if (err)
		return err;
	newfile_key_stored(r->fs, r->map_id);
	for_files_of(r->fs, &r->to.id, openfile_forget);
	return move_node(r->fs, &r->from.id, &r->to.id);
}

static int read_stage(struct fs *fs, uint64_t number, struct buf *text, struct diag *d)
{
	struct stat st = {0};
	int err = scratch_stat(&fs->scratch, number, &st);

	if (!err && S_ISLNK(st.st_mode))
		return diag_set(d, EOPNOTSUPP, "only keys of maps of maps are symbolic links");
	if (!err && !access_has(st.st_uid, st.st_gid, st.st_mode, 4))
		return diag_set(d, EACCES,
				"this makes the file's text a value, which takes the right to read "
				"it");
	return err ? err : scratch_read(&fs->scratch, number, 0, SIZE_MAX, text);
}

/* Nothing follows half a text. */
static int as_refused(struct renaming *r, int err)
{
	if (err != -EAGAIN)
		return err;
	if (r->d)
		r->d->err = EINVAL;
	return -EINVAL;
}

static int stage_to_key(struct renaming *r)
{
	uint64_t number = kind_scratch_number(&r->from.id);
	uint64_t flags = r->no_replace ? BPF_NOEXIST : BPF_ANY;
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	int err = read_stage(r->fs, number, &text, r->d);

	if (!err)
		err = key_store(r->fs, r->map_id, r->to.id.bytes, text.data ? text.data : "",
				text.len, flags, r->d);
	if (err)
		diag_quote(r->d, text.data ? text.data : "", text.len);
	buf_free(&text);
	if (err)
		return as_refused(r, err);
	newfile_key_stored(r->fs, r->map_id);
	scratch_unlink(&r->fs->scratch, number);
	for_files_of(r->fs, &r->to.id, openfile_forget);
	return move_node(r->fs, &r->from.id, &r->to.id);
}

/* The text of a staging file is written into .map. */
static int stage_to_map_file(struct renaming *r)
{
	const struct kind *kind = kind_of(r->to.id.kind);
	uint64_t number = kind_scratch_number(&r->from.id);
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	int err = read_stage(r->fs, number, &text, r->d);

	if (!err)
		err = kind->write(r->fs, &r->to.id, text.data ? text.data : "", text.len, BPF_ANY,
				  r->d);
	if (err)
		diag_quote(r->d, text.data ? text.data : "", text.len);
	kind->closed(r->fs, &r->to.id);
	buf_free(&text);
	if (err)
		return as_refused(r, err);
	scratch_unlink(&r->fs->scratch, number);
	return 0;
}

static bool is_backup_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return name[0] == '.' || name[strlen(name) - 1] == '~';
}

/* 0 if a staging file may take this name. */
static int make_way(struct renaming *r)
{
	struct map_desc *desc;
	int err;

	if (r->to_found && r->no_replace)
		return -EEXIST;
	if (r->to_found || is_backup_name(r->new_name))
		return 0;
	err = catalog_desc(r->fs->catalog, r->map_id, &desc);
	if (err)
		return err;
	err = key_parse(desc, r->new_name, &r->to.bytes, r->d);
	map_desc_unref(desc);
	return err ? err : -EINVAL;
}

/* A staging file without a name, with this text and the key's attributes. */
static int make_stage(struct renaming *r, const struct buf *text, const struct access *access,
		      uint64_t *number)
{
	struct scratch *scratch = &r->fs->scratch;
	int err;

	err = scratch_create(scratch, r->map_id, NULL, access->mode, access->uid, access->gid,
			     kind_text_limit(r->fs, &r->from.id), number, r->d);
	if (err)
		return err;
	err = scratch_write(scratch, *number, 0, text->data, text->len);
	if (err)
		scratch_unlink(scratch, *number);
	return err;
}

/* The name comes last: until then a failure leaves all as it was. */
static int swap_key_for_stage(struct renaming *r, uint64_t number)
{
	struct scratch *scratch = &r->fs->scratch;
	int err = key_remove(r->fs, r->map_id, r->from.id.bytes, r->d);

	if (!err)
		err = scratch_rename(scratch, number, r->new_name);
	if (err)
		scratch_unlink(scratch, number);
	else
		for_files_of(r->fs, &r->from.id, openfile_forget);
	return err;
}

static int key_to_stage(struct renaming *r)
{
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	struct identity stage = {NODE_SCRATCH, r->map_id, sizeof(uint64_t), NULL};
	struct key_look look;
	uint64_t number = 0;
	int err = make_way(r);

	if (!err)
		err = key_read(r->fs, r->map_id, r->from.id.bytes, &text, &look);
	if (!err)
		err = make_stage(r, &text, &look.access, &number);
	if (!err)
		err = swap_key_for_stage(r, number);
	buf_free(&text);
	stage.bytes = (const unsigned char *)&number;
	return err ? err : move_node(r->fs, &r->from.id, &stage);
}

static int stage_to_stage(struct renaming *r)
{
	int err = make_way(r);

	if (err)
		return err;
	return scratch_rename(&r->fs->scratch, kind_scratch_number(&r->from.id), r->new_name);
}

/* The inode that was the staging file's is that of .map now: of the map that there is
 * then. */
static int to_map_file(struct renaming *r)
{
	struct identity to = {.kind = kind_by_name(NODE_MAP, r->new_name), .map_id = r->map_id};
	struct node *node, *stage;
	int err;

	if (r->from.id.kind != NODE_SCRATCH || to.kind != NODE_MAP_FILE)
		return diag_set(r->d, EOPNOTSUPP, "%s cannot be replaced", r->new_name);
	if (r->to_found && r->no_replace)
		return -EEXIST;
	r->to.id = to;
	node = node_get(&r->fs->nodes, &to);
	if (!node)
		return -ENOMEM;
	stage = node_find(&r->fs->nodes, &r->from.id);
	err = stage_to_map_file(r);
	if (!err)
		to = *node_identity(node);
	if (!err && stage)
		err = node_move(&r->fs->nodes, stage, &to);
	if (stage)
		node_put(&r->fs->nodes, stage, 1);
	node_put(&r->fs->nodes, node, 1);
	return err;
}

/* Links, in maps of maps. */

static int link_to_link(struct renaming *r)
{
	uint64_t flags = r->no_replace ? BPF_NOEXIST : BPF_ANY;
	int err;

	if (r->from.id.len == r->to.id.len &&
	    memcmp(r->from.id.bytes, r->to.id.bytes, r->to.id.len) == 0)
		return 0;
	err = link_move(r->fs, r->map_id, r->from.id.bytes, r->to.id.bytes, flags, r->d);
	return err ? err : move_node(r->fs, &r->from.id, &r->to.id);
}

/* Others may have removed it already. */
static int remove_from(struct renaming *r)
{
	const struct identity *id = &r->from.id;
	int err;

	if (id->kind == NODE_LINK)
		err = newlink_remove_key(r->fs, id, NULL);
	else if (id->kind == NODE_WAIT_LINK)
		err = waitroom_remove(&r->fs->waitroom, id->map_id, (const char *)id->bytes);
	else if (id->kind == NODE_WAIT_FILE)
		err = newfile_remove(r->fs, id);
	else
		err = scratch_unlink(&r->fs->scratch, kind_scratch_number(id));
	return err == -ENOENT ? 0 : err;
}

/* A link that is none of the map's yet, or takes the place of one that is not. */
static int to_new_link(struct renaming *r)
{
	uint64_t flags = r->no_replace ? BPF_NOEXIST : BPF_ANY;
	struct buf target = BUF_INIT(SIZE_MAX / 2), bytes = BUF_INIT(SIZE_MAX / 2);
	struct identity id;
	int err = tree_readlink(r->fs, &r->from.id, &target);

	if (!err)
		err = newlink_make(r->fs, r->map_id, r->new_name, target.data ? target.data : "",
				   flags, &id, &bytes, r->d);
	if (!err) {
		err = remove_from(r);
		if (!err)
			err = move_node(r->fs, &r->from.id, &id);
	}
	buf_free(&target);
	buf_free(&bytes);
	return err;
}

static bool is_staged_link(struct renaming *r)
{
	struct stat st = {0};

	return scratch_stat(&r->fs->scratch, kind_scratch_number(&r->from.id), &st) == 0 &&
	       S_ISLNK(st.st_mode);
}

static int rename_link(struct renaming *r)
{
	enum node_kind from = r->from.id.kind;

	if (from == NODE_SCRATCH && !(r->to_found && r->to.id.kind != NODE_SCRATCH))
		return stage_to_stage(r);
	if (from == NODE_SCRATCH && !is_staged_link(r))
		return diag_set(r->d, EINVAL, "%s", LINK_NO_FILES);
	if (from == NODE_LINK && r->to_found && r->to.id.kind == NODE_LINK)
		return link_to_link(r);
	return to_new_link(r);
}

static bool concerns_links(struct renaming *r)
{
	enum node_kind from = r->from.id.kind;

	if (from == NODE_LINK || from == NODE_WAIT_LINK)
		return true;
	if (from != NODE_SCRATCH)
		return false;
	return is_staged_link(r) ? newlink_may_be(r->fs, r->map_id)
				 : link_is_of(r->fs, r->map_id) && !awaited_is(r->fs, r->map_id);
}

/* Files that wait for .map (newfile.h). */

static bool concerns_waiting(struct renaming *r)
{
	enum node_kind from = r->from.id.kind;

	if (from == NODE_WAIT_FILE || (r->to_found && r->to.id.kind == NODE_WAIT_FILE))
		return true;
	return from == NODE_SCRATCH && awaited_is(r->fs, r->map_id) &&
	       !is_backup_name(r->new_name) && !(r->to_found && r->to.id.kind == NODE_SCRATCH);
}

static int read_waiting(struct renaming *r, struct buf *text)
{
	struct key_look look;

	if (r->from.id.kind == NODE_SCRATCH)
		return read_stage(r->fs, kind_scratch_number(&r->from.id), text, r->d);
	return newfile_read(r->fs, &r->from.id, text, &look);
}

static int rename_waiting(struct renaming *r)
{
	uint64_t flags = r->no_replace ? BPF_NOEXIST : BPF_ANY;
	struct buf text = BUF_INIT(SIZE_MAX / 2), bytes = BUF_INIT(SIZE_MAX / 2);
	struct identity to;
	int err;

	if (r->from.id.kind == NODE_KEY)
		return -EXDEV;
	if (r->from.id.kind == NODE_WAIT_FILE &&
	    strcmp((const char *)r->from.id.bytes, r->new_name) == 0)
		return 0;
	err = read_waiting(r, &text);
	if (!err)
		err = newfile_identity(r->map_id, r->new_name, &to, &bytes);
	if (!err)
		err = newfile_write(r->fs, &to, text.data ? text.data : "", text.len, flags, r->d);
	if (err)
		diag_quote(r->d, text.data ? text.data : "", text.len);
	if (!err) {
		for_files_of(r->fs, &to, openfile_forget);
		err = remove_from(r);
		if (!err)
			err = move_node(r->fs, &r->from.id, &to);
	}
	buf_free(&text);
	buf_free(&bytes);
	return as_refused(r, err);
}

static int rename_found(struct renaming *r)
{
	enum node_kind from = r->from.id.kind, to = r->to.id.kind;
	bool onto_key = r->to_found && to == NODE_KEY;

	if (from == NODE_LONG_DIR || (r->to_found && to == NODE_LONG_DIR))
		return -EXDEV; /* mv then goes key by key */
	if (kind_of(from)->name)
		return diag_set(r->d, EPERM, "special files keep their names");
	if (kind_by_name(NODE_MAP, r->new_name) != NODE_KINDS)
		return to_map_file(r);
	if (concerns_links(r))
		return rename_link(r);
	if (concerns_waiting(r))
		return rename_waiting(r);
	for_files_of(r->fs, &r->from.id, openfile_settle);
	if (onto_key)
		for_files_of(r->fs, &r->to.id, openfile_settle);
	if (from == NODE_KEY)
		return onto_key ? key_to_key(r) : key_to_stage(r);
	return onto_key ? stage_to_key(r) : stage_to_stage(r);
}

static int rename_in_map(struct fs *fs, const struct identity *dir, const char *name,
			 const struct identity *new_dir, const char *new_name, bool no_replace,
			 struct diag *d)
{
	struct buf full = BUF_INIT(SIZE_MAX / 2);
	struct renaming r = {
		.fs = fs,
		.map_id = dir->map_id,
		.no_replace = no_replace,
		.from = FOUND_INIT,
		.to = FOUND_INIT,
		.d = d,
	};
	int err = tree_full_name(new_dir, new_name, &full);

	r.new_name = full.data;
	if (!err)
		err = tree_find(fs, dir, name, &r.from, NULL);
	if (!err) {
		err = tree_find(fs, new_dir, new_name, &r.to, NULL);
		r.to_found = !err;
		if (!err || err == -ENOENT)
			err = rename_found(&r);
	}
	if (err && d && d->placed)
		diag_quote(d, new_name, strlen(new_name));
	found_free(&r.from);
	found_free(&r.to);
	buf_free(&full);
	return err;
}

static int rename_map(struct fs *fs, const struct identity *dir, const char *name,
		      const struct identity *new_dir, const char *new_name, struct diag *d)
{
	struct found found = FOUND_INIT;
	int err = tree_find(fs, dir, name, &found, NULL);

	if (err)
		goto out;
	if (tree_is_in_map(new_dir))
		err = diag_set(d, EINVAL, "a map has keys, and no directories");
	else if (found.id.kind == NODE_DIR)
		err = diag_set(d, EOPNOTSUPP, "directories are bpffs's: rename them there");
	else if (found.id.kind != NODE_MAP)
		err = diag_set(d, EPERM, "special files keep their names");
	else
		err = catalog_rename(fs->catalog, found.id.map_id, tree_dir_path(dir), name,
				     tree_dir_path(new_dir), new_name, d);
	if (!err)
		newlink_map_came(fs, found.id.map_id);
out:
	found_free(&found);
	return err;
}

int rename_name(struct fs *fs, const struct identity *dir, const char *name,
		const struct identity *new_dir, const char *new_name, unsigned int flags,
		struct diag *d)
{
	if (flags & ~(unsigned int)RENAME_NOREPLACE)
		return diag_set(d, EINVAL, "names cannot be exchanged");
	if (!tree_is_in_map(dir))
		return rename_map(fs, dir, name, new_dir, new_name, d);
	if (!tree_is_in_map(new_dir) || new_dir->map_id != dir->map_id)
		return -EXDEV;
	return rename_in_map(fs, dir, name, new_dir, new_name, flags & RENAME_NOREPLACE, d);
}
