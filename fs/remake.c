/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/remake.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "fs/access.h"
#include "fs/awaited.h"
#include "fs/newfile.h"
#include "fs/newlink.h"
#include "lib/host.h"
#include "lib/mapname.h"
#include "lib/sys.h"

enum { MOST_TRIES = 100 }; /* for a name that the new map has for a moment */

/* Where a map is shown: the directory, and the name in it. */
struct place {
	struct buf path;
	const char *dir, *name;
};

static int find_place(struct fs *fs, uint32_t map_id, struct place *p)
{
	char *slash;
	int err;

	p->path = BUF_INIT(PATH_MAX);
	err = catalog_path(fs->catalog, map_id, &p->path);
	if (err)
		return err == -ENOENT ? -ESTALE : err;
	slash = strrchr(p->path.data, '/');
	p->dir = slash ? p->path.data : "";
	p->name = slash ? slash + 1 : p->path.data;
	if (slash)
		*slash = '\0';
	return 0;
}

/* The kernel's name follows the directory's, not the one that it has for a moment. */
static int complete_name(struct spec *spec, const char *name)
{
	struct buf raw = BUF_INIT(PATH_MAX);
	int err;

	mapname_raw(name, &raw);
	err = buf_error(&raw);
	if (!err && !spec->name[0] && raw.data)
		spec_set_name(spec, raw.data, raw.len);
	buf_free(&raw);
	return err;
}

/* The new map is made before the old one goes: a spec that cannot be made changes
 * nothing. */
static int replace(struct fs *fs, uint32_t old_id, const struct place *p, const struct spec *spec,
		   uint32_t *id, struct diag *d)
{
	struct buf name = BUF_INIT(PATH_MAX);
	int err = -EEXIST;

	for (int i = 1; err == -EEXIST && i <= MOST_TRIES; i++) {
		buf_clear(&name);
		buf_addf(&name, "%.200s~new%d", p->name, i);
		err = buf_error(&name);
		if (!err)
			err = catalog_create(fs->catalog, p->dir, name.data, spec, id, d);
	}
	if (err)
		goto out;
	newlink_map_replaced(fs, old_id, *id);
	fresh_note_remade(&fs->fresh, old_id, *id);
	err = catalog_replace(fs->catalog, old_id, *id, p->dir, p->name, d);
	if (err) {
		fresh_note_remade(&fs->fresh, *id, old_id);
		newlink_map_replaced(fs, *id, old_id);
		catalog_unpin(fs->catalog, *id, NULL, NULL, NULL);
	}
out:
	buf_free(&name);
	return err;
}

/* Of what there is one of in a map. */
static void move_node(struct fs *fs, enum node_kind kind, uint32_t from, uint32_t to)
{
	const struct identity old = {.kind = kind, .map_id = from};
	const struct identity new = {.kind = kind, .map_id = to};

	node_move_remade(&fs->nodes, &old, &new);
}

/* What rsync and others write at present is in the new map's directory. */
static void move_stages(struct fs *fs, uint32_t from, uint32_t to)
{
	uint64_t number;

	while (scratch_move(&fs->scratch, from, to, &number) == 0) {
		const struct identity old = {NODE_SCRATCH, from, sizeof(number),
					     (const unsigned char *)&number};
		struct identity new = old;

		new.map_id = to;
		node_move_identity(&fs->nodes, &old, &new);
	}
}

static int remake(struct fs *fs, uint32_t map_id, struct spec *spec, struct diag *d)
{
	struct place place;
	uint32_t id;
	int err = find_place(fs, map_id, &place);

	if (!err)
		err = complete_name(spec, place.name);
	if (!err)
		err = replace(fs, map_id, &place, spec, &id, d);
	buf_free(&place.path);
	if (err)
		return err;
	fresh_remake(&fs->fresh, map_id, id);
	if (maptype_is_fixed(spec->type))
		hide_all_slots(&fs->hidden, id, spec->max_entries);
	for (int kind = 0; kind < NODE_KINDS; kind++)
		move_node(fs, (enum node_kind)kind, map_id, id);
	move_stages(fs, map_id, id);
	newfile_map_remade(fs, map_id, id);
	fs_names_changed(fs);
	newlink_map_came(fs, id);
	return newfile_settle(fs, id, d);
}

bool remake_lacks_map_file(struct fs *fs, uint32_t map_id)
{
	return hide_has_map_file(&fs->hidden, map_id) || awaited_is(fs, map_id);
}

/* The map is what .map says: it is there to be seen, and what waited for it is stored. */
static int show_map_file(struct fs *fs, uint32_t map_id, struct diag *d)
{
	int err;

	hide_show_map_file(&fs->hidden, map_id);
	fresh_set_map_file(&fs->fresh, map_id);
	err = awaited_end(fs, map_id);
	return err ? err : newfile_settle(fs, map_id, d);
}

static bool says_all_but_template(const struct spec *s)
{
	bool is_bare = s->type && s->type->keyless && s->type->valueless;

	return s->type && (s->max_entries || s->type->unbounded) && (s->key || s->value || is_bare);
}

static bool says_all(const struct spec *s)
{
	if (!says_all_but_template(s))
		return false;
	return !s->type->links || s->inner_name || (s->inner && says_all_but_template(s->inner));
}

static bool is_same(const struct spec *now, const struct spec *asked)
{
	return now->type == asked->type && spec_has_like_types(now, asked) &&
	       now->max_entries == asked->max_entries && now->map_flags == asked->map_flags &&
	       now->map_extra == asked->map_extra && strcmp(now->name, asked->name) == 0 &&
	       spec_has_like_template(now, asked);
}

/* What a text means that says all: what it leaves out is not set. One that says a part
 * means that part. */
static int parse_asked(const struct spec *now, const char *text, size_t len, struct spec *asked,
		       struct diag *d)
{
	int err;

	*asked = (struct spec){.type = NULL};
	err = spec_parse(asked, text, len, '\n', d);
	if (err)
		return err;
	if (says_all(asked)) {
		asked->map_flags |= asked->type->create_flags;
		if (!asked->name[0])
			memcpy(asked->name, now->name, sizeof(asked->name));
		return 0;
	}
	spec_free(asked);
	err = spec_copy(asked, now);
	return err ? err : spec_parse(asked, text, len, '\n', d);
}

/* Looks at the map that the text names as the template. */
static int take_template(struct fs *fs, uint32_t map_id, struct spec *spec, struct diag *d)
{
	struct place place;
	int err = 0;

	if (!spec->inner_name)
		return 0;
	err = find_place(fs, map_id, &place);
	if (!err)
		err = access_may_copy(fs, place.dir, spec, d);
	if (!err)
		err = catalog_take_template(fs->catalog, place.dir, spec, d);
	buf_free(&place.path);
	return err;
}

/* Is what the text says, be it the whole spec or a part, what the map is? 1, 0, -errno. */
static int is_as_it_is(struct fs *fs, uint32_t map_id, const char *text, size_t len, struct diag *d)
{
	struct spec now, asked;
	struct map_desc *desc;
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err == -ENOENT ? -ESTALE : err;
	spec_of_map(&now, desc);
	map_desc_unref(desc);
	err = parse_asked(&now, text, len, &asked, d);
	if (!err)
		err = take_template(fs, map_id, &asked, d);
	if (!err)
		err = is_same(&now, &asked);
	spec_free(&now);
	spec_free(&asked);
	return err;
}

static int check_whole(const struct spec *spec, struct diag *d)
{
	if (says_all(spec))
		return 0;
	return diag_set(d, EAGAIN,
			"type, key, value or max_entries is missing, or the template of a map "
			"of maps (inner_type and so on)");
}

/* A fresh map is made again once the text says all that a map needs. */
static int remake_fresh(struct fs *fs, uint32_t map_id, const char *text, size_t len,
			struct diag *d)
{
	struct spec spec = {.type = NULL};
	int err = spec_parse(&spec, text, len, '\n', d);

	if (!err)
		err = check_whole(&spec, d);
	if (!err)
		err = remake(fs, map_id, &spec, d);
	spec_free(&spec);
	return err;
}

/* The text says what the map is, or a part of that. Where .map is awaited, a part is its
 * first line. */
static int agree(struct fs *fs, uint32_t map_id, const char *text, size_t len, struct diag *d)
{
	struct spec spec = {.type = NULL};
	int err = spec_parse(&spec, text, len, '\n', d);

	if (!err && awaited_is(fs, map_id))
		err = check_whole(&spec, d);
	spec_free(&spec);
	return err ? err : show_map_file(fs, map_id, d);
}

/* Are elements of it those of files that wait? */
static bool has_stored(struct fs *fs, uint32_t map_id)
{
	struct waiter w = {.number = 0};
	bool has = false;

	while (!has && waitroom_next(&fs->waitroom, map_id, w.number, &w) == 0) {
		has = w.stored != 0;
		waiter_release(&w);
	}
	return has;
}

/* Not if it has elements that others have stored: they would be lost. */
static bool is_still_fresh(struct fs *fs, uint32_t map_id)
{
	if (!fresh_has(&fs->fresh, map_id))
		return false;
	if (has_stored(fs, map_id) || !awaited_has_elements(fs, map_id))
		return true;
	fresh_remove(&fs->fresh, map_id);
	awaited_end(fs, map_id);
	return false;
}

static int write_map_file(struct fs *fs, uint32_t map_id, const char *text, size_t len,
			  struct diag *d)
{
	int same;
	bool is_fresh = is_still_fresh(fs, map_id), is_ended = !len || text[len - 1] == '\n';

	if (!is_ended && !is_fresh)
		return diag_set(d, EAGAIN, "the last line has no end");
	same = is_as_it_is(fs, map_id, text, len, d);
	if (same == 0 && is_fresh)
		same = remake_fresh(fs, map_id, text, len, d);
	else if (same == 0)
		same = diag_set(d, EEXIST, "the map exists, and is not of this spec");
	else if (same == 1)
		return agree(fs, map_id, text, len, d);
	if (same == -EINVAL && !is_ended)
		return diag_set(d, EAGAIN, "the last line has no end");
	return same < 0 ? same : 0;
}

int remake_map(struct fs *fs, uint32_t map_id, const char *text, size_t len, struct diag *d)
{
	bool may_change = fresh_has(&fs->fresh, fresh_now(&fs->fresh, map_id));
	int err;

	if (may_change)
		fs_names_change(fs);
	newfile_hold(fs);
	err = write_map_file(fs, fresh_now(&fs->fresh, map_id), text, len, d);
	if (!err)
		fresh_set_written(&fs->fresh, fresh_now(&fs->fresh, map_id), host_served_task());
	newfile_let_go(fs);
	if (may_change)
		fs_names_resume(fs);
	return err;
}

/* Has nobody made anything in the map? */
static bool is_untouched(struct fs *fs, uint32_t map_id)
{
	return awaited_is(fs, map_id) && !awaited_has_waiting(fs, map_id) &&
	       !awaited_has_elements(fs, map_id);
}

/* It is whose the map was. */
static int make_dir_of(struct fs *fs, const struct place *place, const struct access *access,
		       struct buf *path)
{
	struct buf full = BUF_INIT(PATH_MAX);
	int err = catalog_make_dir(fs->catalog, place->dir, place->name, path);

	if (!err && (access->uid || access->gid)) {
		catalog_dir_path(fs->catalog, path->data, &full);
		err = buf_error(&full);
		if (!err)
			err = sys_pin_chown(full.data, access->uid, access->gid);
		buf_free(&full);
	}
	return err;
}

static int exchange_for_dir(struct fs *fs, uint32_t map_id, struct buf *path, struct diag *d)
{
	struct access access;
	struct place place;
	int err = find_place(fs, map_id, &place);

	if (!err)
		err = access_look(fs, map_id, &access);
	if (!err)
		err = catalog_unpin(fs->catalog, map_id, place.dir, place.name, d);
	if (!err) {
		fresh_remove(&fs->fresh, map_id);
		buf_clear(path);
		err = make_dir_of(fs, &place, &access, path);
	}
	buf_free(&place.path);
	return err;
}

int remake_as_dir(struct fs *fs, uint32_t map_id, struct identity *id, struct buf *bytes,
		  struct diag *d)
{
	const struct identity map = {.kind = NODE_MAP, .map_id = map_id};
	int err;

	fs_names_change(fs);
	newfile_hold(fs);
	if (is_untouched(fs, map_id))
		err = exchange_for_dir(fs, map_id, bytes, d);
	else
		err = diag_set(d, EPERM, "%s", LONGDIR_NO_OTHERS);
	if (!err) {
		*id = (struct identity){.kind = NODE_DIR,
					.len = (uint32_t)bytes->len + 1,
					.bytes = (const unsigned char *)bytes->data};
		node_move_remade(&fs->nodes, &map, id);
	}
	newfile_let_go(fs);
	fs_names_resume(fs);
	return err;
}
