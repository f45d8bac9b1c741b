/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/refusal.h"

#include <limits.h>
#include <string.h>

#include "fs/key.h"
#include "fs/kind.h"

enum { PATH_BYTES = 2 * PATH_MAX };

static void add_key_name(struct fs *fs, const struct identity *id, struct buf *out)
{
	struct map_desc *desc;

	if (catalog_desc(fs->catalog, id->map_id, &desc))
		return;
	buf_addc(out, '/');
	key_print(desc, id->bytes, out);
	map_desc_unref(desc);
}

static void add_identity(struct fs *fs, const struct identity *id, struct buf *out)
{
	const struct kind *kind = kind_of(id->kind);

	if (id->map_id)
		catalog_path(fs->catalog, id->map_id, out);
	if (id->kind == NODE_DIR)
		buf_adds(out, (const char *)id->bytes);
	if (id->kind == NODE_LONG_DIR || id->kind == NODE_WAIT_LINK || id->kind == NODE_WAIT_FILE)
		buf_addf(out, "/%s", (const char *)id->bytes);
	if (id->kind == NODE_SCRATCH) {
		buf_addc(out, '/');
		scratch_name(&fs->scratch, kind_scratch_number(id), out);
	}
	if (id->kind == NODE_KEY || id->kind == NODE_LINK)
		add_key_name(fs, id, out);
	if (kind->name)
		buf_addf(out, "%s%s", id->map_id ? "/" : "", kind->name);
}

void refusal_path(struct fs *fs, const struct identity *id, const char *name, struct buf *out)
{
	size_t start = out->len;

	buf_addc(out, '/');
	add_identity(fs, id, out);
	if (name)
		buf_addf(out, "%s%s", out->len > start + 1 ? "/" : "", name);
}

void refusal_note(struct fs *fs, const struct refused_request *r, int err, const struct diag *d)
{
	struct refusal refusal = {
		.pid = r->pid,
		.uid = r->uid,
		.operation = r->operation,
		.diag = *d,
	};
	struct buf path = BUF_INIT(PATH_BYTES);

	refusal_path(fs, r->id, r->name, &path);
	refusal.path = path.data;
	fs_keep_refusal(fs, &refusal, err);
	buf_free(&path);
}
