/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/special.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "fs/key.h"
#include "fs/remake.h"
#include "lib/host.h"
#include "lib/scan.h"
#include "lib/sys.h"
#include "lib/text.h"
#include "lib/users.h"

/* -EOPNOTSUPP for maps that looking would disturb. */
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
	int err;

	if (remake_lacks_map_file(fs, map_id))
		return -ENOENT;
	err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err == -ENOENT ? -ESTALE : err;
	spec_of_map(&spec, desc);
	spec_print(&spec, text);
	spec_free(&spec);
	map_desc_unref(desc);
	return buf_error(text);
}

int special_write_map(struct fs *fs, uint32_t map_id, const char *text, size_t len, struct diag *d)
{
	return remake_map(fs, map_id, text, len, d);
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

static void print_declaration(const struct ctype *type, const char *name, struct buf *text)
{
	if (!type)
		return;
	buf_addf(text, "%s:\n", name);
	ctype_print_c(type, name, "\t", text);
}

/* Is it shown empty, because nobody holds it? */
static bool is_unheld(struct fs *fs, uint32_t map_id, const struct mapiter_map *live)
{
	struct map_desc *desc;
	bool is_delicate;

	if (live->usercnt || catalog_desc(fs->catalog, map_id, &desc))
		return false;
	is_delicate = map_desc_is_delicate(desc);
	map_desc_unref(desc);
	return is_delicate;
}

/* What the iterator tells, if there is one. */
static void print_live(struct fs *fs, uint32_t map_id, struct buf *text)
{
	struct mapiter_map live;

	if (catalog_live(fs->catalog, map_id, &live))
		return;
	if (is_unheld(fs, map_id, &live))
		buf_addf(text, "frozen:\t%d\n", live.frozen);
	buf_addf(text, "usercnt:\t%" PRId64 "\nrefcnt:\t%" PRId64 "\n", live.usercnt, live.refcnt);
	if (live.count >= 0)
		buf_addf(text, "count:\t%" PRId64 "\n", live.count);
}

/* Of a snapshot: what is known without looking into it. */
static int print_copy(struct fs *fs, const struct map_desc *desc, struct buf *text)
{
	char time[sizeof("2026-01-31T23:59:59")];
	struct timespec when;
	struct tm tm;

	buf_addf(text, "frozen:\t%d\n", catalog_is_frozen(fs->catalog, desc->info.id) == 1);
	if (!snapshot_has(desc, &when)) {
		buf_adds(text, "snapshot:\tnot taken yet: when the map is first looked into\n");
		return buf_error(text);
	}
	strftime(time, sizeof(time), "%FT%T", gmtime_r(&when.tv_sec, &tm));
	buf_addf(text, "snapshot:\ttaken at %s.%03ldZ\n", time, when.tv_nsec / 1000000);
	return buf_error(text);
}

/* What only a descriptor tells; nothing of maps that looking could disturb. */
static int print_fdinfo(struct fs *fs, uint32_t map_id, struct buf *text)
{
	struct sys_fdinfo fdinfo;
	struct map_desc *desc;
	struct map map;
	int err = open_map(fs, map_id, BPF_F_RDONLY, &desc, &map);

	if (err)
		return err == -EOPNOTSUPP ? 0 : err;
	err = sys_map_fdinfo(map.fd, &fdinfo);
	close_map(desc, &map);
	if (!err)
		buf_addf(text, "memlock:\t%" PRIu64 "\nfrozen:\t%d\n", fdinfo.memlock,
			 fdinfo.frozen);
	return err;
}

static int print_held(struct fs *fs, uint32_t map_id, struct buf *text)
{
	struct map_desc *desc;
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err == -ENOENT ? -ESTALE : err;
	err = desc->copier ? print_copy(fs, desc, text) : print_fdinfo(fs, map_id, text);
	map_desc_unref(desc);
	return err;
}

static void print_desc(const struct map_desc *desc, struct buf *text)
{
	const char *why_not = key_why_not(desc);

	buf_addf(text, "id:\t%" PRIu32 "\nname:\t", desc->info.id);
	text_escape(desc->info.name, strlen(desc->info.name), text_is_control, text);
	buf_addf(text, "\ntype:\t%s\n", desc->type->name);
	print_sizes(&desc->info, text);
	print_declaration(desc->key_type, "key", text);
	print_declaration(desc->value_type, "value", text);
	if (why_not)
		buf_addf(text, "keys:\t%s\n", why_not);
}

/* Of a map of maps: what the maps in it are like. */
static void print_template(const struct map_desc *desc, struct buf *text)
{
	struct spec spec;

	spec_of_map(&spec, desc);
	spec_print_template(&spec, text);
	spec_free(&spec);
}

/* Links whose maps are not there yet, files in a map that has no .map yet. */
static void print_waiting(struct fs *fs, uint32_t map_id, struct buf *text)
{
	size_t count = waitroom_count(&fs->waitroom, map_id);

	if (count)
		buf_addf(text, "waiting:\t%zu\n", count);
}

/* Who has it pinned or open may be hidden from others by the modes of directories, and by /proc. */
static bool may_see_users(const struct fs *fs)
{
	return host_served() == 0 || host_served() == fs->options.uid;
}

int special_read_info(struct fs *fs, uint32_t map_id, struct buf *text)
{
	struct map_desc *desc;
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err == -ENOENT ? -ESTALE : err;
	print_desc(desc, text);
	print_template(desc, text);
	print_waiting(fs, map_id, text);
	map_desc_unref(desc);
	print_live(fs, map_id, text);
	err = print_held(fs, map_id, text);
	if (!err && may_see_users(fs))
		err = users_print(map_id, text);
	return err ? err : buf_error(text);
}

/* Counts by listing, where the kernel gives no number. */
static int count_entries(struct fs *fs, struct map_desc *desc, const struct map *map,
			 uint64_t *count)
{
	const void *key, *value;
	struct scan *scan;
	uint64_t pos = 0;
	int err = scan_new(desc, &scan);

	if (err)
		return err;
	for (*count = 0; (err = scan_at(scan, map, &pos, &key, &value)) == 1; pos++)
		*count += key_is_shown(fs, desc, key, value);
	scan_free(scan);
	return err;
}

static int count_by_listing(struct fs *fs, uint32_t map_id, uint64_t *count)
{
	struct map_desc *desc;
	struct map map;
	int err = open_map(fs, map_id, BPF_F_RDONLY, &desc, &map);

	if (err)
		return err;
	if (maptype_is_fixed(desc->type) && hide_count(&fs->hidden, map_id) == 0)
		*count = desc->info.max_entries;
	else if (key_is_listed(desc))
		err = count_entries(fs, desc, &map, count);
	else
		err = -EOPNOTSUPP;
	close_map(desc, &map);
	return err;
}

int special_read_count(struct fs *fs, uint32_t map_id, struct buf *text)
{
	struct mapiter_map live;
	uint64_t count = 0;
	int err = catalog_live(fs->catalog, map_id, &live);

	if (!err && is_unheld(fs, map_id, &live))
		count = 0;
	else if (!err && live.count >= 0)
		count = (uint64_t)live.count;
	else if (!err || err == -EOPNOTSUPP)
		err = count_by_listing(fs, map_id, &count);
	if (!err)
		buf_addf(text, "%" PRIu64 "\n", count);
	else if (err == -ENOENT)
		err = -ESTALE;
	return err ? err : buf_error(text);
}

/* The iterator tells it of every map; a descriptor only of those that are opened. */
static int ask_frozen(struct fs *fs, uint32_t map_id, bool *frozen)
{
	struct sys_fdinfo fdinfo;
	struct mapiter_map live;
	struct map_desc *desc;
	struct map map;
	int err;

	if (fs->options.survey.snapshot) {
		err = catalog_is_frozen(fs->catalog, map_id);
		*frozen = err == 1;
		return err == -ENOENT ? -ESTALE : 0;
	}
	err = catalog_live(fs->catalog, map_id, &live);
	if (err != -EOPNOTSUPP) {
		*frozen = !err && live.frozen;
		return err == -ENOENT ? -ESTALE : err;
	}
	err = open_map(fs, map_id, BPF_F_RDONLY, &desc, &map);
	if (err)
		return err;
	err = sys_map_fdinfo(map.fd, &fdinfo);
	close_map(desc, &map);
	*frozen = !err && fdinfo.frozen;
	return err;
}

int special_read_frozen(struct fs *fs, uint32_t map_id, struct buf *text)
{
	bool frozen = false;
	int err = ask_frozen(fs, map_id, &frozen);

	if (!err)
		buf_addf(text, "%d\n", frozen);
	return err ? err : buf_error(text);
}

static int freeze(struct fs *fs, uint32_t map_id, struct diag *d)
{
	struct map_desc *desc;
	struct map map;
	int err;

	if (fs->options.survey.snapshot)
		return diag_set(d, EROFS, "this mount shows a snapshot, in which nothing changes");
	err = open_map(fs, map_id, fs->options.survey.open_flags, &desc, &map);
	if (err)
		return err;
	err = sys_map_freeze(map.fd);
	catalog_refresh(fs->catalog); /* the last look at the maps does not know it */
	catalog_note_change(fs->catalog);
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

int special_read_types(struct fs *fs, uint32_t map_id, struct buf *text)
{
	struct map_desc *desc;
	int err = catalog_desc(fs->catalog, map_id, &desc);

	if (err)
		return err == -ENOENT ? -ESTALE : err;
	if (desc->key_type) {
		buf_adds(text, "key=");
		ctype_print_spec(desc->key_type, text);
		buf_addc(text, '\n');
	}
	if (desc->value_type) {
		buf_adds(text, "value=");
		ctype_print_spec(desc->value_type, text);
		buf_addc(text, '\n');
	}
	map_desc_unref(desc);
	return buf_error(text);
}

int special_write_types(struct fs *fs, uint32_t map_id, const char *text, size_t len,
			struct diag *d)
{
	struct map_types types;
	struct spec fields;
	int err = spec_parse_types(&fields, text, len, d);

	if (err)
		return err;
	types = (struct map_types){fields.key, fields.value};
	err = catalog_set_types(fs->catalog, map_id, types.key || types.value ? &types : NULL, d);
	spec_free(&fields);
	return err == -ENOENT ? -ESTALE : err;
}

/* Others see their own refusals in .error_log. */
static bool sees_all(const struct fs *fs)
{
	return host_served() == 0 || host_served() == fs->options.uid;
}

int special_read_error_log(struct fs *fs, uint32_t map_id, struct buf *text)
{
	(void)map_id;
	if (sees_all(fs))
		diag_ring_print(&fs->refusals, text);
	else
		diag_ring_print_of(&fs->refusals, host_served(), text);
	return buf_error(text);
}

int special_write_error_log(struct fs *fs, uint32_t map_id, const char *text, size_t len,
			    struct diag *d)
{
	(void)map_id;
	(void)text;
	(void)len;
	(void)d;
	if (sees_all(fs))
		diag_ring_clear(&fs->refusals);
	else
		diag_ring_clear_of(&fs->refusals, host_served());
	return 0;
}
