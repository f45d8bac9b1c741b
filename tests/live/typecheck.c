// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * typecheck OBJECT: of every type of key and value in a BPF object, what is printed of any bytes
 * gives those bytes back, and names are names, each of one key. Stops at the first failure of a
 * type, then the next one's turn comes.
 */
#include <limits.h>
#include <search.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/btflayout.h"
#include "lib/codec.h"
#include "lib/keyname.h"
#include "lib/record.h"
#include "tests/live/pattern.h"
#include "tests/unit/tidy.h"

enum {
	ROUNDS = 10000,
	CPUS = 3,
	LARGE = 32768, /* bytes of a value for which the two formats take turns */
};

/* Makes of any bytes some that mostly have a text: holes are clear, truth is 0 or 1, … */
static void tidy(const struct layout *l, unsigned char *bytes)
{
	if (l->kind == LAYOUT_BOOL)
		bytes[0] &= 1;
	if (l->kind == LAYOUT_CHARS)
		random_text(bytes, l->size);
	if (l->kind == LAYOUT_FLOAT)
		bytes[l->size - 1] &= 0xbf; /* of the exponent: finite */
	tidy_parts(l, bytes, tidy);
}

/* Copies what no text carries: the kernel's own. Padding between CPUs becomes zero. */
static void copy_owned(const struct layout *l, unsigned char *to, const unsigned char *from)
{
	if (l->kind == LAYOUT_OWNED)
		memcpy(to, from, l->size);
	if (l->kind == LAYOUT_RECORD)
		for (uint32_t i = 0; i < l->record.count; i++) {
			const struct layout_member *m = &l->record.members[i];

			if (!m->bit_size)
				copy_owned(m->type, to + m->offset, from + m->offset);
		}
	if (l->kind != LAYOUT_ARRAY && l->kind != LAYOUT_PER_CPU)
		return;
	for (uint32_t i = 0; i < l->array.count; i++) {
		size_t start = (size_t)i * l->array.stride;

		copy_owned(l->array.elem, to + start, from + start);
		memset(to + start + l->array.elem->size, 0, l->array.stride - l->array.elem->size);
	}
}

static bool is_one_line(enum codec_format format, const struct buf *text)
{
	const char *newline = memchr(text->data, '\n', text->len);

	if (format == CODEC_JSON)
		return !newline;
	return newline == text->data + text->len - 1;
}

/* Over other bytes, of which the kernel's own must stay. */
static bool check_format(enum codec_format format, const struct layout *l,
			 const unsigned char *bytes, const unsigned char *present)
{
	unsigned char *got = allocate(l->size), *want = allocate(l->size);
	struct buf text = BUF_INIT(1 << 24);
	const char *wrong = NULL;
	struct diag d = {0};

	memcpy(got, present, l->size);
	memcpy(want, bytes, l->size);
	copy_owned(l, want, present);
	if (codec_print(format, l, bytes, &text) || text.len > codec_print_max(format, l))
		wrong = "not printed, or longer than said";
	else if (!is_one_line(format, &text))
		wrong = "not one line";
	else if (codec_parse(format, l, text.data, text.len, got, &d))
		wrong = "refused what was printed";
	else if (memcmp(got, want, l->size) != 0)
		wrong = "came back otherwise";
	if (wrong)
		say(wrong, bytes, l->size, text.data, &d);
	buf_free(&text);
	free(got);
	free(want);
	return !wrong;
}

/* Names and the directories that they are in. One path has one meaning. */
struct path {
	unsigned char *key; /* NULL: a directory */
	char name[];
};

static void *paths;
static uint32_t paths_key_size;

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct path *)a)->name, ((const struct path *)b)->name);
}

static void free_path(void *path)
{
	free(((struct path *)path)->key);
	free(path);
}

/* false: it has another meaning already. */
static bool note_path(const char *name, size_t len, const unsigned char *key)
{
	struct path *path = allocate(sizeof(*path) + len), **found;
	bool same;

	memcpy(path->name, name, len);
	if (key) {
		path->key = allocate(paths_key_size);
		memcpy(path->key, key, paths_key_size);
	}
	found = tsearch(path, &paths, compare_paths);
	if (!found)
		die("tsearch");
	if (*found == path)
		return true;
	same = !key == !(*found)->key && (!key || memcmp((*found)->key, key, paths_key_size) == 0);
	free_path(path);
	return same;
}

static bool is_piece(const char *piece, size_t len)
{
	if (!len || len > NAME_MAX || piece[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)piece[i] < ' ' || piece[i] == 0x7f)
			return false;
	return true;
}

static const char *find_wrong_piece(const char *name, const unsigned char *key)
{
	const char *piece = name, *end;

	for (;; piece = end + 1) {
		end = strchrnul(piece, '/');
		if (!is_piece(piece, (size_t)(end - piece)))
			return "no name of a file";
		if (!note_path(name, (size_t)(end - name), *end ? NULL : key))
			return "two keys have this name, or a directory does";
		if (!*end)
			return NULL;
	}
}

static bool check_name(const struct layout *l, const unsigned char *key)
{
	unsigned char *got = allocate(l->size);
	struct buf name = BUF_INIT(1 << 24);
	const char *wrong = NULL;
	struct diag d = {0};

	if (keyname_print(l, key, &name))
		wrong = "no name";
	else
		wrong = find_wrong_piece(name.data, key);
	if (!wrong && keyname_parse(l, name.data, got, &d))
		wrong = "refused its name";
	else if (!wrong && memcmp(got, key, l->size) != 0)
		wrong = "its name says another";
	if (wrong)
		say(wrong, key, l->size, name.data, &d);
	buf_free(&name);
	free(got);
	return !wrong;
}

static bool check_pattern(const struct layout *l, bool is_key, unsigned char *bytes,
			  unsigned char *present)
{
	bool is_odd = (first_seed + at.round) % 2;

	make_pattern(bytes, l->size);
	if (at.round > 1 && random_below(2))
		tidy(l, bytes);
	if (l->kind == LAYOUT_PREFIX)
		make_prefix(bytes, l->size);
	random_bytes(present, l->size);
	copy_owned(l, bytes, bytes); /* only clears */
	copy_owned(l, present, present);
	if ((l->size < LARGE || is_odd) && !check_format(CODEC_TEXT, l, bytes, present))
		return false;
	if ((l->size < LARGE || !is_odd) && !check_format(CODEC_JSON, l, bytes, present))
		return false;
	return !is_key || check_name(l, bytes);
}

/* Keys that begin alike: the name of one may be where that of a longer one is cut. */
static void check_beginnings(const struct layout *l, unsigned char *key)
{
	memset(key, 0, l->size);
	for (uint32_t i = 0; i < l->size && l->kind != LAYOUT_PREFIX; i++) {
		key[i] = 'x';
		if (!check_name(l, key))
			return;
	}
}

static void check_layout(const struct layout *l, bool is_key)
{
	unsigned char *bytes = allocate(l->size), *present = allocate(l->size);

	paths = NULL;
	paths_key_size = l->size;
	for (at.round = 0; at.round < ROUNDS + 2; at.round++)
		if (!check_pattern(l, is_key, bytes, present))
			break;
	if (is_key)
		check_beginnings(l, bytes);
	tdestroy(paths, free_path);
	free(bytes);
	free(present);
}

/* The libbpf of old knows the types of sections when it has loaded them. */
static uint32_t value_type(const struct btf *btf, const struct bpf_map *map)
{
	const char *section = strchr(bpf_map__name(map), '.');
	int id = section ? btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC) : 0;

	return id > 0 ? (uint32_t)id : bpf_map__btf_value_type_id(map);
}

static bool is_typed(const struct layout *l)
{
	if (!l || l->kind == LAYOUT_BYTES || (l->kind == LAYOUT_INT && l->number.is_untyped))
		say("without a type", NULL, 0, NULL, NULL);
	return l && l->kind != LAYOUT_BYTES;
}

static void check_key(const struct btf *btf, const struct bpf_map *map)
{
	bool is_prefix = bpf_map__type(map) == BPF_MAP_TYPE_LPM_TRIE;
	struct layout *l = NULL;

	at.part = "key";
	(is_prefix ? btflayout_read_prefix : btflayout_read)(btf, bpf_map__btf_key_type_id(map),
							     bpf_map__key_size(map), &l);
	if (is_typed(l))
		check_layout(l, true);
	layout_unref(l);
}

static void check_value(const struct btf *btf, const struct bpf_map *map)
{
	struct layout *l = NULL, *per_cpu;

	at.part = "value";
	btflayout_read(btf, value_type(btf, map), bpf_map__value_size(map), &l);
	if (l && bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_HASH) {
		per_cpu = layout_per_cpu(l, CPUS);
		layout_unref(l);
		l = per_cpu;
	}
	if (is_typed(l))
		check_layout(l, false);
	layout_unref(l);
}

/* Each map has one type of its own; the other one is a u32. */
static void check_object(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	const struct bpf_map *map;
	int count = 0;

	if (!object)
		die(path);
	bpf_object__for_each_map(map, object)
	{
		at.map = bpf_map__name(map);
		if (at.map[0] == 'k' || at.map[0] == 'l')
			check_key(bpf_object__btf(object), map);
		else
			check_value(bpf_object__btf(object), map);
		count++;
	}
	printf("%d types, %d patterns each\n", count, ROUNDS);
	bpf_object__close(object);
}

/* What the clang of old cannot say: signed enums, and values of more than 32 bits. */
static void check_enums(void)
{
	struct btf *btf = btf__new_empty();
	int ids[] = {btf__add_enum(btf, "small", 1), 0, 0};

	btf__add_enum_value(btf, "DROP", -1);
	btf__add_enum_value(btf, "PASS", 1);
	ids[1] = btf__add_enum64(btf, "wide", 8, true);
	btf__add_enum64_value(btf, "LEAST", (uint64_t)INT64_MIN);
	btf__add_enum64_value(btf, "NONE", 0);
	ids[2] = btf__add_enum64(btf, "flags", 8, false);
	btf__add_enum64_value(btf, "MOST", UINT64_MAX);
	at.map = "enums";
	for (int i = 0; i < 3; i++) {
		struct layout *l = NULL;

		at.part = i ? i == 1 ? "signed, 64 bits" : "64 bits" : "signed, 8 bits";
		btflayout_read(btf, (uint32_t)ids[i], i ? 8 : 1, &l);
		if (is_typed(l))
			check_layout(l, true);
		layout_unref(l);
	}
	btf__free(btf);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	begin_patterns();
	check_object(argv[1]);
	check_enums();
	return failures != 0;
}
