/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec.h"
#include "lib/keyname.h"

enum {
	TYPING_ROOM = 4096,    /* for spaces, leading zeros, and the like that somebody types */
	SMALL_VALUE = 64,      /* bytes for which nothing is allocated */
	MOST_TEXT = 256 << 20, /* bytes, whatever the type of the value */
};

/* A map opened for one call, with room for one value. */
struct session {
	struct fs *fs;
	struct map_desc *desc;
	struct map map;
	unsigned char *value; /* small, or allocated */
	unsigned char small[SMALL_VALUE];
};

static void session_end(struct session *s)
{
	map_close(&s->map);
	map_desc_unref(s->desc);
	if (s->value != s->small)
		free(s->value);
}

/* A map that nobody holds has no elements: the kernel has cleared it, or would. */
static int open_held(struct session *s, bool to_write, struct diag *d)
{
	int err;

	if (to_write)
		return map_open_to_write(&s->map, s->desc, s->fs->options.survey.open_flags, d);
	err = map_open(&s->map, s->desc, BPF_F_RDONLY);
	return err == -EOPNOTSUPP ? -ENOENT : err;
}

static unsigned char *room_for(struct session *s, uint32_t size)
{
	return size < SMALL_VALUE ? s->small : calloc(1, size + 1U);
}

/* On failure nothing is left to end. */
static int session_start(struct session *s, struct fs *fs, uint32_t map_id, bool to_write,
			 struct diag *d)
{
	const char *why_not;
	int err;

	*s = (struct session){.fs = fs, .map = {.fd = -1}};
	err = catalog_desc(fs->catalog, map_id, &s->desc);
	if (err)
		return err == -ENOENT ? -ESTALE : err;
	why_not = key_why_not(s->desc);
	if (!why_not)
		s->value = room_for(s, s->desc->value->size);
	if (why_not)
		err = diag_set(d, EOPNOTSUPP, "%s", why_not);
	else if (!s->value)
		err = -ENOMEM;
	else
		err = open_held(s, to_write, d);
	if (err)
		session_end(s);
	return err;
}

const char *key_why_not(const struct map_desc *desc)
{
	return desc->type->elements ? NULL : desc->type->why_not;
}

bool key_is_listed(const struct map_desc *desc)
{
	return map_desc_is_listed(desc);
}

int key_parse(struct map_desc *desc, const char *name, struct buf *out, struct diag *d)
{
	const char *why_not = key_why_not(desc);
	int err;

	if (why_not)
		return diag_set(d, EOPNOTSUPP, "%s", why_not);
	buf_clear(out);
	err = buf_resize(out, desc->key->size);
	if (err)
		return err;
	err = keyname_parse(desc->key, name, out->data, d);
	if (err)
		return err;
	if (!map_desc_has_room_for(desc, out->data))
		return diag_at(d, EINVAL, 0, "the last index of this map is %u",
			       desc->info.max_entries - 1);
	return 0;
}

int key_may_be_long_dir(const struct map_desc *desc, const char *path, const char *name)
{
	if (key_why_not(desc) || !keyname_is_piece(desc->key, name))
		return 0;
	return keyname_may_begin(desc->key, path);
}

int key_print(const struct map_desc *desc, const void *key, struct buf *out)
{
	return keyname_print(desc->key, key, out);
}

size_t key_text_limit(const struct map_desc *desc)
{
	size_t max = codec_print_max(CODEC_TEXT, desc->value);

	return max < MOST_TEXT / 2 ? max * 2 + TYPING_ROOM : MOST_TEXT;
}

static enum codec_format value_format(const struct fs *fs)
{
	return fs->options.raw_values ? CODEC_RAW : CODEC_TEXT;
}

static uint32_t index_of(const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index;
}

/* Do all its elements always exist? */
static bool is_array(const struct map_desc *desc)
{
	return maptype_is_fixed(desc->type);
}

static bool is_hidden(struct fs *fs, const struct map_desc *desc, const void *key)
{
	return is_array(desc) && hide_has_slot(&fs->hidden, desc->info.id, index_of(key));
}

void key_show(struct fs *fs, const struct map_desc *desc, const void *key)
{
	if (is_array(desc))
		hide_show_slot(&fs->hidden, desc->info.id, index_of(key));
}

int key_hide(struct fs *fs, const struct map_desc *desc, const void *key)
{
	return is_array(desc) ? hide_slot(&fs->hidden, desc->info.id, index_of(key)) : 0;
}

bool key_is_shown(struct fs *fs, const struct map_desc *desc, const void *key, const void *value)
{
	return !is_hidden(fs, desc, key) || !buf_is_zero(value, desc->value->size);
}

int key_text(struct fs *fs, const struct map_desc *desc, const void *key, const void *value,
	     struct buf *text, int64_t *mtime)
{
	const struct identity id = {NODE_KEY, desc->info.id, desc->key->size, key};

	*mtime = seen_value(fs->seen, node_ino(&id), value, desc->value->size, seen_now());
	return codec_print(value_format(fs), desc->value, value, text);
}

/*
 * The present value into s->value. What was read before its slot was seen to be hidden may be
 * older than the removal, so it is read again: what is there then was stored since, and the slot
 * is to be seen for good.
 */
static int get(struct session *s, const void *key)
{
	int err = map_get(&s->map, key, s->value);

	if (err || !is_hidden(s->fs, s->desc, key))
		return err;
	err = map_get(&s->map, key, s->value);
	if (!err && buf_is_zero(s->value, s->desc->value->size))
		err = -ENOENT;
	if (!err)
		key_show(s->fs, s->desc, key);
	return err;
}

int key_read(struct fs *fs, uint32_t map_id, const void *key, struct buf *text,
	     struct key_look *look)
{
	int64_t mtime = fs->started.tv_sec * SEEN_SECOND;
	struct session s;
	int err = session_start(&s, fs, map_id, false, NULL);

	if (err)
		return err;
	err = get(&s, key);
	if (err == -EOPNOTSUPP && key_is_listed(s.desc))
		err = 0; /* that it is there is all that the kernel tells */
	buf_clear(text);
	if (!err)
		err = key_text(fs, s.desc, key, s.value, text, &mtime);
	if ((!err || err == -EOPNOTSUPP) && look) {
		look->size = text->len;
		look->mtime = mtime;
		access_of_open(fs, &s.map, &look->access);
	}
	session_end(&s);
	return err;
}

/* Stores s->value. A hidden slot counts as absent, which the kernel cannot know:
 * to it every slot of an array exists. */
static int put(struct session *s, const void *key, uint64_t flags, struct diag *d)
{
	int err;

	if (is_hidden(s->fs, s->desc, key)) {
		if (flags == BPF_EXIST)
			return diag_set(d, ENOENT, "the key was removed");
		flags = BPF_ANY;
	}
	err = map_put(&s->map, key, s->value, flags, d);
	if (!err)
		key_show(s->fs, s->desc, key);
	return err;
}

int key_store(struct fs *fs, uint32_t map_id, const void *key, const char *text, size_t len,
	      uint64_t flags, struct diag *d)
{
	struct session s;
	int err = session_start(&s, fs, map_id, true, d);

	if (err)
		return err;
	err = map_get(&s.map, key, s.value);
	if (err == -ENOENT || err == -EPERM || err == -EOPNOTSUPP) {
		memset(s.value, 0, s.desc->value->size);
		err = 0;
	}
	if (!err)
		err = codec_parse(value_format(fs), s.desc->value, text, len, s.value, d);
	if (!err)
		err = put(&s, key, flags, d);
	session_end(&s);
	return err;
}

int key_zero(struct fs *fs, uint32_t map_id, const void *key, uint64_t flags, struct diag *d)
{
	struct session s;
	int err = session_start(&s, fs, map_id, true, d);

	if (err)
		return err;
	err = put(&s, key, flags, d);
	session_end(&s);
	return err;
}

/* Removes an element; slots that always exist are hidden instead, and that they can be is
 * known before. Whoever looks meanwhile may show them again. */
static int remove_element(struct session *s, const void *key, struct diag *d)
{
	int err = key_hide(s->fs, s->desc, key);

	if (err)
		return err;
	err = map_delete(&s->map, key, d);
	if (err)
		key_show(s->fs, s->desc, key);
	return err ? err : key_hide(s->fs, s->desc, key);
}

int key_remove(struct fs *fs, uint32_t map_id, const void *key, struct diag *d)
{
	struct session s;
	int err = session_start(&s, fs, map_id, true, d);

	if (err)
		return err;
	if (is_array(s.desc))
		err = get(&s, key);
	if (!err)
		err = remove_element(&s, key, d);
	session_end(&s);
	return err;
}

int key_move(struct fs *fs, uint32_t map_id, const void *from, const void *to, uint64_t flags,
	     struct diag *d)
{
	struct session s;
	int err = session_start(&s, fs, map_id, true, d);

	if (err)
		return err;
	err = get(&s, from);
	if (!err && memcmp(from, to, s.desc->key->size) == 0)
		goto out;
	if (!err && !is_array(s.desc) && !s.desc->type->elements->del)
		err = diag_set(d, EOPNOTSUPP, "%s", s.desc->type->elements->no_del);
	if (!err)
		err = put(&s, to, flags, d);
	if (!err)
		err = remove_element(&s, from, d);
out:
	session_end(&s);
	return err;
}

int key_may_store(struct fs *fs, uint32_t map_id, struct diag *d)
{
	struct session s;
	int err = session_start(&s, fs, map_id, true, d);

	if (err)
		return err;
	if (!s.desc->type->elements->put)
		err = diag_set(d, EOPNOTSUPP, "%s", s.desc->type->elements->no_put);
	else if (fs->options.read_only || access_is_frozen(fs, &s.map))
		err = diag_set(d, EROFS, "the map is frozen, or the mount read-only");
	session_end(&s);
	return err;
}
