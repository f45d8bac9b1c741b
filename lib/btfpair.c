/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/btfpair.h"

#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lib/text.h"

static int add_types(const struct ctype *key, const struct ctype *value, bool prefixes,
		     struct btf *btf, uint32_t ids[2])
{
	int id = 0;

	if (key && !(value && ctype_is_section(value)))
		id = ctype_add_btf(key, prefixes, btf);
	if (id < 0)
		return id;
	ids[0] = (uint32_t)id;
	id = value ? ctype_add_btf(value, false, btf) : 0;
	if (id < 0)
		return id;
	ids[1] = (uint32_t)id;
	return 0;
}

int btfpair_make(const struct ctype *key, const struct ctype *value, bool prefixes,
		 struct btf **out, uint32_t ids[2])
{
	int err;

	*out = btf__new_empty();
	if (!*out)
		return -ENOMEM;
	err = add_types(key, value, prefixes, *out, ids);
	if (err)
		btf__free(*out);
	return err;
}

void btfpair_print(const struct ctype *key, const struct ctype *value, bool prefixes,
		   struct buf *out)
{
	struct btf *btf = NULL;
	uint32_t ids[2], size;
	const void *raw;
	int err = btfpair_make(key, value, prefixes, &btf, ids);

	if (err == -ENOMEM)
		buf_fail(out, err);
	if (err)
		return;
	raw = btf__raw_data(btf, &size);
	if (raw) {
		buf_addf(out, "%" PRIu32 ":%" PRIu32 ":", ids[0], ids[1]);
		text_print_hex(raw, size, "", out);
	}
	btf__free(btf);
}

static int parse_id(struct text *t, uint32_t *id)
{
	uint64_t number = 0;
	int err = text_unsigned(t, UINT32_MAX, &number);

	*id = (uint32_t)number;
	return err ? err : text_expect(t, ':');
}

static int parse_raw_btf(struct text *t, struct btf **out)
{
	size_t len = (t->len - t->pos) / 2, start = t->pos;
	void *raw = malloc(len + 1);
	int err;

	if (!raw)
		return -ENOMEM;
	err = text_hex(t, false, raw, len);
	if (!err)
		err = text_end(t);
	if (!err) {
		*out = btf__new(raw, (uint32_t)len);
		err = *out ? 0 : diag_at(t->diag, EINVAL, start, "this is no BTF");
	}
	free(raw);
	return err;
}

/* The type id of btf, which begins at byte at of the text. */
static int take_type(const struct btf *btf, uint32_t id, struct ctype **slot, struct diag *d)
{
	int64_t size = id ? btf__resolve_size(btf, id) : 0;
	struct ctype *type = NULL;
	int err;

	if (!id)
		return 0;
	if (size <= 0)
		return diag_at(d, EINVAL, 0, "the BTF has no type %" PRIu32, id);
	err = ctype_from_btf(btf, id, (uint32_t)size, &type);
	if (err)
		return err;
	ctype_unref(*slot);
	*slot = type;
	return 0;
}

int btfpair_parse(const char *text, size_t len, struct ctype **key, struct ctype **value,
		  struct diag *d)
{
	struct text t = {.s = text, .len = len, .diag = d};
	uint32_t key_id = 0, value_id = 0;
	struct btf *btf = NULL;
	int err = parse_id(&t, &key_id);

	if (!err)
		err = parse_id(&t, &value_id);
	if (!err)
		err = parse_raw_btf(&t, &btf);
	if (!err)
		err = take_type(btf, key_id, key, d);
	if (!err)
		err = take_type(btf, value_id, value, d);
	btf__free(btf);
	return err;
}
