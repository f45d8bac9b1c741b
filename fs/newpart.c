/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/newpart.h"

#include <errno.h>
#include <string.h>

#include "fs/newfile.h"
#include "lib/host.h"

bool newpart_is(const char *text, size_t len)
{
	return len && memchr(text, '\0', len) && !buf_is_zero(text, len);
}

/* The name of what has the identity of a key or of a file that waits. */
static int name_of(struct fs *fs, const struct identity *id, struct buf *name)
{
	struct map_desc *desc;
	int err;

	if (id->kind == NODE_WAIT_FILE) {
		buf_adds(name, (const char *)id->bytes);
		return buf_error(name);
	}
	err = catalog_desc(fs->catalog, id->map_id, &desc);
	if (err)
		return err == -ENOENT ? -ESTALE : err;
	err = key_print(desc, id->bytes, name);
	map_desc_unref(desc);
	return err;
}

/* Has the file that waits under this name an element? */
static bool is_stored(struct fs *fs, const struct waiter *w)
{
	struct waiter present;
	bool is;

	if (waitroom_find(&fs->waitroom, w->map_id, w->name, &present))
		return false;
	is = present.stored;
	waiter_release(&present);
	return is;
}

/* What a file has in a map that awaits its .map (newfile.h) goes: it is another. */
static int keep(struct fs *fs, const struct identity *id, const char *text, size_t len,
		struct diag *d)
{
	struct buf name = BUF_INIT(SIZE_MAX / 2), bytes = BUF_INIT(SIZE_MAX / 2);
	struct waiter part = {
		.map_id = fresh_now(&fs->fresh, id->map_id),
		.kind = WAIT_FILE,
		.text = (char *)text,
		.len = len,
		.is_part = true,
		.maker = host_served(),
	};
	struct identity to;
	bool was_stored = false;
	int err = name_of(fs, id, &name);

	part.name = name.data;
	if (!err) {
		was_stored = is_stored(fs, &part);
		err = fs_let_wait(fs, &part, d);
	}
	if (!err && was_stored)
		newfile_remove_element(fs, part.map_id, part.name);
	if (!err)
		err = newfile_identity(part.map_id, name.data, &to, &bytes);
	if (!err && id->kind == NODE_KEY)
		node_move_identity(&fs->nodes, id, &to);
	buf_free(&name);
	buf_free(&bytes);
	return err;
}

int newpart_keep(struct fs *fs, const struct identity *id, const char *text, size_t len,
		 struct diag *d)
{
	int err;

	newfile_hold(fs);
	err = keep(fs, id, text, len, d);
	newfile_let_go(fs);
	return err;
}

static bool waits_for_parts(struct fs *fs, const struct identity *id)
{
	uint32_t map_id = fresh_now(&fs->fresh, id->map_id);
	struct waiter w;
	bool does;

	if (waitroom_find(&fs->waitroom, map_id, (const char *)id->bytes, &w))
		return false;
	does = w.is_part;
	waiter_release(&w);
	return does;
}

int newpart_write(struct fs *fs, const struct identity *id, const char *text, size_t len,
		  uint64_t flags, struct diag *d)
{
	if (newpart_is(text, len) && waits_for_parts(fs, id))
		return newpart_keep(fs, id, text, len, d);
	return newfile_write(fs, id, text, len, flags, d);
}
