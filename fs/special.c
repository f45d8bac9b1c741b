/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/special.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "fs/key.h"
#include "lib/scan.h"
#include "lib/sys.h"
#include "lib/text.h"
#include "lib/users.h"

static int open_map(struct fs *fs, uint32_t map_id, uint32_t open_flags, struct map_desc **desc,
		    struct map *map)
{
	int err = catalog_desc(fs->catalog, map_id, desc);

	if (err)
		return err == -ENOENT ? -ESTALE : err;
	err = map_open(map, *desc, open_flags);
	if (err)
		map_desc_unref(*desc);
	return err;
}

static void close_map(struct map_desc *desc, struct map *map)
{
	map_close(map);
	map_desc_unref(desc);
}

int special_read_map(struct fs *fs, uint32_t map_id, struct buf *text)
{
	struct map_desc *desc;
	struct spec spec;
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err == -ENOENT ? -ESTALE : err;
	spec_of_map(&spec, desc);
	spec_print(&spec, text);
	spec_free(&spec);
	map_desc_unref(desc);
	return buf_error(text);
}

static void print_sizes(const struct bpf_map_info *info, struct buf *text)
{
	buf_addf(text,
		 "key_size:\t%" PRIu32 "\nvalue_size:\t%" PRIu32 "\nmax_entries:\t%" PRIu32 "\n",
		 info->key_size, info->value_size, info->max_entries);
	buf_adds(text, "map_flags:\t");
	spec_print_flags(info->map_flags, text);
	buf_addf(text, "\nmap_extra:\t%" PRIu64 "\nbtf_id:\t%" PRIu32 "\n",
		 (uint64_t)info->map_extra, info->btf_id);
}

static void print_declaration(const struct layout *layout, const char *name, struct buf *text)
{
	if (!layout)
		return;
	buf_addf(text, "%s:\t", name);
	layout_print_c(layout, name, text);
	buf_adds(text, ";\n");
}

int special_read_info(struct fs *fs, uint32_t map_id, struct buf *text)
{
	struct sys_fdinfo fdinfo;
	struct map_desc *desc;
	const char *why_not;
	struct map map;
	int err = open_map(fs, map_id, BPF_F_RDONLY, &desc, &map);

	if (err)
		return err;
	err = sys_map_fdinfo(map.fd, &fdinfo);
	map_close(&map);
	buf_addf(text, "id:\t%" PRIu32 "\nname:\t", map_id);
	text_escape(desc->info.name, strlen(desc->info.name), text_is_control, text);
	buf_addf(text, "\ntype:\t%s\n", desc->type->name);
	print_sizes(&desc->info, text);
	if (!err)
		buf_addf(text, "memlock:\t%" PRIu64 "\nfrozen:\t%d\n", fdinfo.memlock,
			 fdinfo.frozen);
	print_declaration(desc->key, "key", text);
	print_declaration(desc->value, "value", text);
	why_not = key_why_not(desc);
	if (why_not)
		buf_addf(text, "keys:\t%s\n", why_not);
	map_desc_unref(desc);
	err = users_print(map_id, text);
	return err ? err : buf_error(text);
}

/* Counts by listing, as long as the kernel gives no number. */
static int count_entries(struct map_desc *desc, const struct map *map, uint64_t *count)
{
	const void *key, *value;
	struct scan *scan;
	uint64_t pos = 0;
	int err = scan_new(desc, &scan);

	if (err)
		return err;
	for (*count = 0; (err = scan_at(scan, map, &pos, &key, &value)) == 1; pos++)
		++*count;
	scan_free(scan);
	return err;
}

int special_read_count(struct fs *fs, uint32_t map_id, struct buf *text)
{
	struct map_desc *desc;
	uint64_t count = 0;
	struct map map;
	int err = open_map(fs, map_id, BPF_F_RDONLY, &desc, &map);

	if (err)
		return err;
	if (desc->type->fixed)
		count = desc->info.max_entries - hide_count(&fs->hidden, map_id);
	else if (desc->type->keys)
		err = count_entries(desc, &map, &count);
	else
		err = -EOPNOTSUPP;
	close_map(desc, &map);
	if (!err)
		buf_addf(text, "%" PRIu64 "\n", count);
	return err ? err : buf_error(text);
}

int special_read_frozen(struct fs *fs, uint32_t map_id, struct buf *text)
{
	struct sys_fdinfo fdinfo;
	struct map_desc *desc;
	struct map map;
	int err = open_map(fs, map_id, BPF_F_RDONLY, &desc, &map);

	if (err)
		return err;
	err = sys_map_fdinfo(map.fd, &fdinfo);
	close_map(desc, &map);
	if (!err)
		buf_addf(text, "%d\n", fdinfo.frozen);
	return err ? err : buf_error(text);
}

static int freeze(struct fs *fs, uint32_t map_id, struct diag *d)
{
	struct map_desc *desc;
	struct map map;
	int err = open_map(fs, map_id, fs->options.survey.open_flags, &desc, &map);

	if (err)
		return err;
	err = sys_map_freeze(map.fd);
	if (err == -EPERM)
		err = diag_set(d, EROFS, "the map is frozen already, or the mount read-only");
	else if (err == -EBUSY)
		err = diag_set(d, EBUSY, "the map is frozen already, or mapped for writing");
	else if (err)
		err = diag_set(d, -err, "the kernel does not freeze this map");
	close_map(desc, &map);
	return err;
}

int special_write_frozen(struct fs *fs, uint32_t map_id, const char *text, size_t len,
			 struct diag *d)
{
	struct text t = {.s = text, .len = len, .diag = d};
	struct buf now = BUF_INIT(16);
	uint64_t wanted;
	bool frozen;
	int err;

	text_skip_blanks(&t);
	err = text_unsigned(&t, 1, &wanted);
	text_skip_blanks(&t);
	if (!err)
		err = text_end(&t);
	if (!err)
		err = special_read_frozen(fs, map_id, &now);
	frozen = !err && now.data[0] == '1';
	buf_free(&now);
	if (err || frozen == wanted)
		return err;
	if (!wanted)
		return diag_at(d, EINVAL, 0, "a frozen map stays frozen");
	return freeze(fs, map_id, d);
}

int special_read_error_log(struct fs *fs, uint32_t map_id, struct buf *text)
{
	(void)map_id;
	diag_ring_print(&fs->refusals, text);
	return buf_error(text);
}

int special_write_error_log(struct fs *fs, uint32_t map_id, const char *text, size_t len,
			    struct diag *d)
{
	(void)map_id;
	(void)text;
	(void)len;
	(void)d;
	diag_ring_clear(&fs->refusals);
	return 0;
}
