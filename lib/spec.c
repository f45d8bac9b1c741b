/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/spec.h"

#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/sys.h"
#include "lib/text.h"

/* What an entry costs beside key and value, at most (struct htab_elem with its
 * LRU node, a bucket, a trie node). */
enum { ENTRY_OVERHEAD = 96 };

void spec_copy(struct spec *s, const struct spec *from)
{
	*s = *from;
	if (s->key)
		layout_ref(s->key);
	if (s->value)
		layout_ref(s->value);
}

void spec_free(struct spec *s)
{
	layout_unref(s->key);
	layout_unref(s->value);
	memset(s, 0, sizeof(*s));
}

/* Bits of map_flags, as linux/bpf.h names them. */
static const struct flag {
	uint32_t bit;
	const char *name;
} flags[] = {
	{1U << 0, "no_prealloc"},   {1U << 1, "no_common_lru"},
	{1U << 2, "numa_node"},     {1U << 3, "rdonly"},
	{1U << 4, "wronly"},        {1U << 5, "stack_build_id"},
	{1U << 6, "zero_seed"},     {1U << 7, "rdonly_prog"},
	{1U << 8, "wronly_prog"},   {1U << 9, "clone"},
	{1U << 10, "mmapable"},     {1U << 11, "preserve_elems"},
	{1U << 12, "inner_map"},    {1U << 13, "link"},
	{1U << 14, "path_fd"},      {1U << 15, "vtype_btf_obj_fd"},
	{1U << 16, "token_fd"},     {1U << 17, "segv_on_fault"},
	{1U << 18, "no_user_conv"},
};

enum { FLAGS = sizeof(flags) / sizeof(flags[0]) };

void spec_print_flags(uint32_t bits, struct buf *out)
{
	const char *joint = "";

	for (int i = 0; i < FLAGS; i++) {
		if (!(bits & flags[i].bit))
			continue;
		buf_addf(out, "%s%s", joint, flags[i].name);
		joint = "|";
		bits &= ~flags[i].bit;
	}
	if (bits || !*joint)
		buf_addf(out, bits ? "%s0x%x" : "%s%u", joint, bits);
}

/* Field parsers see the value alone; places they report are relative to it. */

static int parse_number(const char *text, size_t len, uint64_t max, uint64_t *out, struct diag *d)
{
	struct text t = {.s = text, .len = len, .diag = d};
	int err = text_unsigned(&t, max, out);

	return err ? err : text_end(&t);
}

static int parse_type(struct spec *s, const char *text, size_t len, struct diag *d)
{
	const struct maptype *type = maptype_by_name(text, (uint32_t)len);

	if (!type)
		return diag_at(d, EINVAL, 0, "no such map type");
	s->type = type;
	return 0;
}

static void print_type(const struct spec *s, struct buf *out)
{
	buf_adds(out, s->type->name);
}

static int parse_layout(struct layout **slot, const char *text, size_t len, struct diag *d)
{
	struct layout *layout = NULL;
	int err = layout_parse(text, len, &layout, d);

	if (err)
		return err;
	layout_unref(*slot);
	*slot = layout;
	return 0;
}

static int parse_key(struct spec *s, const char *text, size_t len, struct diag *d)
{
	return parse_layout(&s->key, text, len, d);
}

static void print_key(const struct spec *s, struct buf *out)
{
	if (s->key)
		layout_print_spec(s->key, out);
}

static int parse_value(struct spec *s, const char *text, size_t len, struct diag *d)
{
	return parse_layout(&s->value, text, len, d);
}

static void print_value(const struct spec *s, struct buf *out)
{
	if (s->value)
		layout_print_spec(s->value, out);
}

static int parse_max_entries(struct spec *s, const char *text, size_t len, struct diag *d)
{
	uint64_t number = 0;
	int err = parse_number(text, len, UINT32_MAX, &number, d);

	if (!err && number == 0)
		return diag_at(d, EINVAL, 0, "a map has at least one entry");
	if (!err)
		s->max_entries = (uint32_t)number;
	return err;
}

static void print_max_entries(const struct spec *s, struct buf *out)
{
	buf_addf(out, "%" PRIu32, s->max_entries);
}

static int parse_one_flag(const char *text, size_t len, uint32_t *bits, struct diag *d)
{
	uint64_t number;

	for (int i = 0; i < FLAGS; i++) {
		if (strlen(flags[i].name) == len && memcmp(flags[i].name, text, len) == 0) {
			*bits |= flags[i].bit;
			return 0;
		}
	}
	if (!len || text[0] < '0' || text[0] > '9')
		return diag_at(d, EINVAL, 0, "no such flag");
	if (parse_number(text, len, UINT32_MAX, &number, d))
		return -EINVAL;
	*bits |= (uint32_t)number;
	return 0;
}

static int parse_map_flags(struct spec *s, const char *text, size_t len, struct diag *d)
{
	uint32_t bits = 0;
	size_t start = 0, end;
	int err;

	for (; start <= len; start = end + 1) {
		for (end = start; end < len && text[end] != '|'; end++)
			;
		err = parse_one_flag(text + start, end - start, &bits, d);
		if (err && d)
			d->offset += start;
		if (err)
			return err;
	}
	s->map_flags = bits;
	return 0;
}

static void print_map_flags(const struct spec *s, struct buf *out)
{
	if (s->map_flags)
		spec_print_flags(s->map_flags, out);
}

static int parse_map_extra(struct spec *s, const char *text, size_t len, struct diag *d)
{
	return parse_number(text, len, UINT64_MAX, &s->map_extra, d);
}

static void print_map_extra(const struct spec *s, struct buf *out)
{
	if (s->map_extra)
		buf_addf(out, "%" PRIu64, s->map_extra);
}

static int parse_numa_node(struct spec *s, const char *text, size_t len, struct diag *d)
{
	uint64_t number = 0;
	int err = parse_number(text, len, INT32_MAX, &number, d);

	if (err)
		return err;
	s->numa_node = (uint32_t)number;
	s->map_flags |= BPF_F_NUMA_NODE;
	return 0;
}

/* bpf_map_info does not tell a map's node, so there is nothing to show. */
static void print_nothing(const struct spec *s, struct buf *out)
{
	(void)s;
	(void)out;
}

static bool is_kernel_name_byte(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '.';
}

static int parse_name(struct spec *s, const char *text, size_t len, struct diag *d)
{
	if (len >= sizeof(s->name))
		return diag_at(d, EINVAL, sizeof(s->name) - 1, "a map's name has at most 15 bytes");
	for (size_t i = 0; i < len; i++)
		if (!is_kernel_name_byte((unsigned char)text[i]) && (unsigned char)text[i] < 0xc0)
			return diag_at(d, EINVAL, i, "a map's name is made of A-Z a-z 0-9 _ and .");
	memcpy(s->name, text, len);
	s->name[len] = '\0';
	return 0;
}

static void print_name(const struct spec *s, struct buf *out)
{
	buf_adds(out, s->name);
}

/*
 * The fields. To add one: a row with its name, its parser, and the printer that
 * appends the value alone, or nothing where the line is to be left out. Rows
 * are printed in this order. alias: what bpftool calls it.
 */
static const struct field {
	const char *name;
	const char *alias;
	int (*parse)(struct spec *s, const char *text, size_t len, struct diag *d);
	void (*print)(const struct spec *s, struct buf *out);
} fields[] = {
	{"type", NULL, parse_type, print_type},
	{"key", NULL, parse_key, print_key},
	{"value", NULL, parse_value, print_value},
	{"max_entries", "entries", parse_max_entries, print_max_entries},
	{"map_flags", "flags", parse_map_flags, print_map_flags},
	{"map_extra", NULL, parse_map_extra, print_map_extra},
	{"numa_node", NULL, parse_numa_node, print_nothing},
	{"name", NULL, parse_name, print_name},
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static bool is_called(const char *name, const char *text, size_t len)
{
	return name && strlen(name) == len && memcmp(name, text, len) == 0;
}

static int field_find(const char *text, size_t len)
{
	for (int i = 0; i < FIELDS; i++)
		if (is_called(fields[i].name, text, len) || is_called(fields[i].alias, text, len))
			return i;
	return -1;
}

/* One field=value, len bytes. *given: the fields that the text named so far. */
static int parse_pair(struct spec *s, const char *pair, size_t len, unsigned int *given,
		      struct diag *d)
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals ? (size_t)(equals - pair) : len;
	int i = field_find(pair, name_len), err;

	if (!equals)
		return diag_at(d, EINVAL, len, "'=' is missing: a spec is made of field=value");
	if (i < 0)
		return diag_at(d, EINVAL, 0,
			       "no such field: type, key, value, max_entries, "
			       "map_flags, map_extra, numa_node, name");
	if (*given & 1U << i)
		return diag_at(d, EINVAL, 0, "%s is given twice", fields[i].name);
	*given |= 1U << i;
	err = fields[i].parse(s, equals + 1, len - name_len - 1, d);
	if (err && d)
		d->offset += name_len + 1;
	return err == -EAGAIN ? -EINVAL : err;
}

static int parse_pairs(struct spec *s, const char *text, size_t len, char separator, struct diag *d)
{
	unsigned int given = 0;
	size_t start, end;
	int err;

	for (start = 0; start < len + (len && separator == ','); start = end + 1) {
		const char *found = memchr(text + start, separator, len - start);

		end = found ? (size_t)(found - text) : len;
		if (separator == '\n' && (end == start || text[start] == '#'))
			continue;
		err = parse_pair(s, text + start, end - start, &given, d);
		if (err && d)
			d->offset += start;
		if (err)
			return err;
	}
	return 0;
}

int spec_parse(struct spec *s, const char *text, size_t len, char separator, struct diag *d)
{
	struct spec next;
	int err;

	spec_copy(&next, s);
	err = parse_pairs(&next, text, len, separator, d);
	if (err) {
		spec_free(&next);
		if (d)
			d->err = -err;
		return err;
	}
	spec_free(s);
	*s = next;
	return 0;
}

/* A layout of that many bytes where the map has no text for its elements. */
static struct layout *plain_layout(struct layout *layout, uint32_t size)
{
	if (!layout)
		return layout_bytes(size);
	return layout_ref(layout->kind == LAYOUT_ARRAY ? layout->array.elem : layout);
}

void spec_of_map(struct spec *s, const struct map_desc *desc)
{
	*s = (struct spec){
		.type = desc->type,
		.key = plain_layout(desc->key, desc->info.key_size),
		.value = plain_layout(desc->value, desc->info.value_size),
		.max_entries = desc->info.max_entries,
		.map_flags = desc->info.map_flags,
		.map_extra = desc->info.map_extra,
	};
	memcpy(s->name, desc->info.name, sizeof(s->name) - 1);
}

void spec_print(const struct spec *s, struct buf *out)
{
	if (s->key) {
		buf_adds(out, "# ");
		layout_print_c(s->key, "key", out);
		buf_adds(out, ";\n");
	}
	if (s->value) {
		buf_adds(out, "# ");
		layout_print_c(s->value, "value", out);
		buf_adds(out, ";\n");
	}
	for (int i = 0; i < FIELDS; i++) {
		size_t start = out->len, value;

		buf_addf(out, "%s=", fields[i].name);
		value = out->len;
		fields[i].print(s, out);
		if (out->len == value)
			buf_resize(out, start);
		else
			buf_addc(out, '\n');
	}
}

uint64_t spec_bytes(const struct spec *s)
{
	uint64_t cpus = s->type->per_cpu ? (uint64_t)sys_possible_cpus() : 1;
	uint64_t value = ((uint64_t)s->value->size + 7) / 8 * 8, bytes;

	if (__builtin_mul_overflow(value, cpus, &value) ||
	    __builtin_mul_overflow(value + s->key->size + ENTRY_OVERHEAD, s->max_entries, &bytes))
		return UINT64_MAX;
	return bytes;
}

/* What the kernel would refuse without saying why. */
static int check(const struct spec *s, uint64_t max_bytes, struct diag *d)
{
	if (!s->type || !s->key || !s->value || !s->max_entries)
		return diag_set(d, EINVAL, "a map needs type, key, value and max_entries");
	if (s->type->key_size && s->key->size != s->type->key_size)
		return diag_set(d, EINVAL, "the key of this map type has %u bytes",
				s->type->key_size);
	if (s->type->prefixes && (s->key->size < 5 || layout_is_typed(s->key)))
		return diag_set(d, EINVAL,
				"the key is a u32 prefix length and the address: "
				"key=8 for IPv4, key=20 for IPv6");
	if (spec_bytes(s) > max_bytes)
		return diag_set(d, EFBIG, "up to %" PRIu64 " bytes, and max_map_bytes is %" PRIu64,
				spec_bytes(s), max_bytes);
	return 0;
}

static void kernel_name(const struct spec *s, const char *raw, size_t len, char *name)
{
	size_t cut = len < BPF_OBJ_NAME_LEN - 1 ? len : BPF_OBJ_NAME_LEN - 1;

	if (s->name[0]) {
		memcpy(name, s->name, sizeof(s->name));
		return;
	}
	for (size_t i = 0; i < cut; i++)
		name[i] = is_kernel_name_byte((unsigned char)raw[i]) ? raw[i] : '_';
	name[cut] = '\0';
}

/* Puts the types of key and value into attr; *fd is theirs, to be closed. */
static int attach_btf(const struct spec *s, struct sys_map_attr *attr)
{
	struct btf *btf = btf__new_empty();
	int key, value, err = -ENOMEM;

	if (!btf)
		return err;
	key = layout_add_btf(s->key, btf);
	value = layout_add_btf(s->value, btf);
	err = key < 0 ? key : value < 0 ? value : sys_btf_load(btf);
	btf__free(btf);
	if (err < 0)
		return err;
	attr->btf_fd = err;
	attr->btf_key_type_id = (uint32_t)key;
	attr->btf_value_type_id = (uint32_t)value;
	return 0;
}

static int explain_create(const struct spec *s, int err, struct diag *d)
{
	switch (err) {
	case -EINVAL:
		return diag_set(d, EINVAL, "the kernel makes no %s of these sizes and flags",
				s->type->name);
	case -E2BIG:
		return diag_set(d, EFBIG, "too large for the kernel");
	case -EPERM:
		return diag_set(d, EPERM, "making a map takes CAP_BPF");
	default:
		return diag_set(d, -err, "the kernel could not make the map");
	}
}

int spec_create(const struct spec *s, const char *raw_name, size_t raw_len, uint64_t max_bytes,
		struct diag *d)
{
	char name[BPF_OBJ_NAME_LEN];
	struct sys_map_attr attr;
	int fd, err = check(s, max_bytes, d);

	if (err)
		return err;
	kernel_name(s, raw_name, raw_len, name);
	attr = (struct sys_map_attr){
		.type = s->type->type,
		.key_size = s->key->size,
		.value_size = s->value->size,
		.max_entries = s->max_entries,
		.map_flags = s->map_flags | s->type->create_flags,
		.map_extra = s->map_extra,
		.numa_node = s->numa_node,
		.name = name,
	};
	if (s->type->btf && (layout_is_typed(s->key) || layout_is_typed(s->value)))
		err = attach_btf(s, &attr);
	fd = err ? err : sys_map_create(&attr);
	if (attr.btf_fd > 0)
		sys_close(attr.btf_fd);
	return fd < 0 ? explain_create(s, fd, d) : fd;
}
