/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* sequence_looks: steps that look at a whole map: special files, .dump in and out, listings. */
#ifndef BPFMAPFS_TESTS_LIVE_SEQUENCE_LOOKS_H
#define BPFMAPFS_TESTS_LIVE_SEQUENCE_LOOKS_H

#include <dirent.h>

#include "tests/live/sequence_steps.h"

static struct map_state *map_of(const struct step *s)
{
	struct map_state *map = map_called(s->path);

	run.skipped |= !map;
	return map;
}

/* --- special files */

static void expect_file(const struct map_state *map, const char *name, const struct string *want)
{
	char text[BIG_ROOM];
	size_t len;

	if (expect(name, 0, read_whole(path_in(map, name), text, sizeof text, &len)))
		expect_text(name, want, text, len);
}

static void run_count(const struct step *s)
{
	struct map_state *map = map_of(s);
	struct string want = {0};
	char number[16];

	if (!map || map->shape->queue)
		return;
	snprintf(number, sizeof number, "%d\n", count_keys(map));
	add_text(&want, number);
	expect_file(map, ".count", &want);
}

static void run_frozen(const struct step *s)
{
	struct map_state *map = map_of(s);
	struct string want = {0};

	if (!map)
		return;
	add_text(&want, map->frozen ? "1\n" : "0\n");
	expect_file(map, ".frozen", &want);
}

/* It is what it was, and as long as stat says. */
static void run_spec(const struct step *s)
{
	struct map_state *map = map_of(s);
	struct stat st;
	size_t len;
	int err;

	if (!map)
		return;
	if (map->spec.len)
		expect_file(map, ".map", &map->spec);
	err = read_whole(path_in(map, ".map"), map->spec.s, TEXT_ROOM, &len);
	map->spec.len = len;
	if (!expect(".map", 0, err ? err : as_errno(stat(path_in(map, ".map"), &st))))
		return;
	if (st.st_size != (off_t)len || !memmem(map->spec.s, len, "type=", 5))
		differs(".map has %zu bytes, and stat says %lld", len, (long long)st.st_size);
}

/* --- .dump */

static void dump_line(const struct map_state *map, int key, struct string *line)
{
	const char *quote = map->shape->number_keys ? "" : "\"";
	char head[NAME_ROOM * 2];

	snprintf(head, sizeof head, "{\"key\":%s%s%s,\"value\":", quote, map->shape->keys[key][0],
		 quote);
	line->len = 0;
	add_text(line, head);
	add_value(map->shape->value, &map->keys[key].value, line);
	add_text(line, "}\n");
}

static void run_dump(const struct step *s)
{
	struct map_state *map = map_of(s);
	char text[BIG_ROOM];
	size_t len, want = 0;
	struct string line;

	if (!map || map->shape->queue ||
	    !expect("dump", 0, read_whole(path_in(map, ".dump"), text, sizeof text, &len)))
		return;
	for (int key = 0; key < KEYS; key++) {
		if (!map->keys[key].present)
			continue;
		dump_line(map, key, &line);
		want += line.len;
		if (!memmem(text, len, line.s, line.len))
			differs("dump: no line %.*s", (int)line.len - 1, line.s);
	}
	if (len != want)
		differs("dump: must have %zu bytes, and has %zu: %.*s", want, len, (int)len, text);
}

/* {"key":KEY,"value":VALUE}, of a text of this test's own. */
static int load_line(struct map_state *map, const char *line, size_t len)
{
	const char *behind = memmem(line, len, ",\"value\":", 9);
	char name[NAME_ROOM] = "";
	struct string value = {0};
	int key, err;

	if (!behind || sscanf(line, "{\"key\":%*1[\"]%63[^\"]", name) != 1)
		sscanf(line, "{\"key\":%63[0-9]", name);
	key = key_by_name(map->shape, name);
	if (!behind || key < 0)
		return EINVAL;
	behind += 9;
	value.len = len - 1 - (size_t)(behind - line);
	memcpy(value.s, behind, value.len);
	map->keys[key].stale = true;
	if (value.len != 4 || memcmp(value.s, "null", 4) != 0) {
		err = store_text(map, key, &value, ANY);
		return err == EAGAIN ? EINVAL : err;
	}
	if (!map->keys[key].present)
		return 0;
	take_away(map, key);
	return 0;
}

static int model_load(struct map_state *map, const struct string *text)
{
	const char *at = text->s, *end = text->s + text->len, *newline;
	int err = map->shape->queue ? EOPNOTSUPP : map->frozen ? EROFS : 0;

	for (; !err && at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			return EINVAL;
		err = load_line(map, at, (size_t)(newline - at));
	}
	return err;
}

static void run_load(const struct step *s)
{
	struct map_state *map = map_of(s);
	struct string text = text_of(s);
	int want, got;

	if (!map)
		return;
	want = model_load(map, &text);
	got = write_whole(path_in(map, ".dump"), text.s, text.len);
	expect("load", want, got);
	for (int key = 0; key < KEYS && !map->shape->queue; key++)
		if (map->keys[key].stale)
			settle_key(map, key);
}

/* --- listings */

struct listing {
	char names[KEYS * 2 + 4][NAME_ROOM];
	ino_t inos[KEYS * 2 + 4];
	size_t count;
};

/* At most that many, or to the end. */
static void list_some(DIR *dir, size_t most, struct listing *out)
{
	const struct dirent *entry;

	for (out->count = 0; out->count < most && out->count < sizeof out->inos / sizeof(ino_t);
	     out->count++) {
		errno = 0;
		entry = readdir(dir);
		if (!entry && errno)
			differs("readdir: %s", strerror(errno));
		if (!entry)
			return;
		snprintf(out->names[out->count], NAME_ROOM, "%.60s", entry->d_name);
		out->inos[out->count] = entry->d_ino;
	}
}

static int count_name(const struct listing *l, const char *name)
{
	int count = 0;

	for (size_t i = 0; i < l->count; i++)
		count += strcmp(l->names[i], name) == 0;
	return count;
}

static void check_listed_key(struct map_state *map, int key, const struct listing *l)
{
	const char *name = map->shape->keys[key][0];
	struct key_state *k = &map->keys[key];
	int count = count_name(l, name);

	if (count != k->present)
		differs("list: %s is listed %d times", name, count);
	for (size_t i = 0; i < l->count && count; i++) {
		if (strcmp(l->names[i], name) != 0)
			continue;
		if (k->ino && k->ino != l->inos[i])
			differs("list: %s has another d_ino than st_ino", name);
		k->ino = l->inos[i];
	}
}

static void check_listing(struct map_state *map, const struct listing *l)
{
	size_t want = 3;

	for (int key = 0; key < KEYS && !map->shape->queue; key++) {
		want += map->keys[key].present;
		check_listed_key(map, key, l);
	}
	if (count_name(l, ".") != 1 || count_name(l, "..") != 1 || count_name(l, ".map") != 1)
		differs("list: . or .. or .map is not there once");
	if (l->count != want)
		differs("list: must have %zu names, and has %zu", want, l->count);
}

/* Whole, then so many names and the rest twice. */
static void list_in_pieces(DIR *dir, struct map_state *map, size_t first)
{
	struct listing head, rest, again;
	long behind;

	list_some(dir, SIZE_MAX, &rest);
	check_listing(map, &rest);
	rewinddir(dir);
	list_some(dir, first, &head);
	behind = telldir(dir);
	list_some(dir, SIZE_MAX, &rest);
	seekdir(dir, behind);
	list_some(dir, SIZE_MAX, &again);
	if (rest.count != again.count || memcmp(rest.inos, again.inos, rest.count * sizeof(ino_t)))
		differs("list: behind name %zu is something else after seekdir", first);
	for (size_t i = 0; i < rest.count && head.count + i < sizeof head.inos / sizeof(ino_t); i++)
		memcpy(head.names[head.count + i], rest.names[i], NAME_ROOM);
	memcpy(head.inos + head.count, rest.inos, rest.count * sizeof(ino_t));
	head.count += rest.count;
	check_listing(map, &head);
}

static void run_list(const struct step *s)
{
	struct map_state *map = map_of(s);
	DIR *dir;

	if (!map)
		return;
	dir = opendir(full_path(s->path));
	if (!expect("opendir", 0, dir ? 0 : errno))
		return;
	map->listed = true;
	list_in_pieces(dir, map, (size_t)s->number);
	closedir(dir);
	wait_until_idle();
}

/* The root: these maps, each once. */
static void run_maps(const struct step *s)
{
	DIR *dir = opendir(run.mount);
	struct dirent *entry;
	int want = 0, found = 0;

	(void)s;
	for (int i = 0; i < MAPS; i++)
		want += model.maps[i].there;
	if (!dir)
		give_up(run.mount);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.') {
			found++;
			if (!map_called(entry->d_name))
				differs("maps: %s is listed", entry->d_name);
		}
	closedir(dir);
	wait_until_idle();
	if (found != want)
		differs("maps: must be %d, and are %d", want, found);
}

#endif
