// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Operations on whole maps: listing, .dump, .count, .info. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "soak.h"

static uint32_t pick_map(char *path, const char *file)
{
	uint32_t map = chance(MAPS);
	const char *name = kinds[map].name;

	snprintf(path, PATH, "%s/%s%s%s", world->mount, world->prefix, name, file);
	return map;
}

/* --- listing */

/* The last part of the name of each of our keys. */
static void own_names(const struct kind *kind, char names[KEYS][PATH])
{
	char text[PATH], *slash;

	for (uint32_t i = 0; i < KEYS; i++) {
		kind->key_text(me->index * KEYS + i, text);
		slash = strrchr(text, '/');
		snprintf(names[i], PATH, "%s", slash ? slash + 1 : text);
	}
}

static void see_name(const char *name, char names[KEYS][PATH], uint32_t *seen)
{
	if (!strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, ".map"))
		return;
	if (name[0] == '.' || strchr(name, '~'))
		fail("a listing has %s", name);
	for (uint32_t i = 0; i < KEYS; i++)
		seen[i] += !strcmp(name, names[i]);
}

static void list(const char *path, char names[KEYS][PATH], uint32_t *seen)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		fail("opendir %s: %s", path, strerror(errno));
	errno = 0;
	while ((entry = readdir(dir)))
		see_name(entry->d_name, names, seen);
	if (errno)
		fail("readdir %s: %s", path, strerror(errno));
	closedir(dir);
}

static void want_seen(uint32_t map, const uint32_t *seen, const char *what)
{
	char path[PATH];

	for (uint32_t i = 0; i < KEYS; i++) {
		struct key *key = &me->keys[map][i];

		if (seen[i] == key->now.present)
			continue;
		key_path(&kinds[map], i, path);
		look_at(key, path);
		fail("%s has it %" PRIu32 " times", what, seen[i]);
	}
}

int do_list(void)
{
	char path[PATH * 2], names[KEYS][PATH];
	uint32_t seen[KEYS] = {0};
	uint32_t map = pick_map(path, "");

	if (kinds[map].flags & LONG_NAMES)
		snprintf(path + strlen(path), PATH, "/%s", long_directory);
	own_names(&kinds[map], names);
	list(path, names, seen);
	want_seen(map, seen, "a listing");
	return 0;
}

/* --- .dump */

static void key_of_line(const struct kind *kind, uint32_t index, char *text)
{
	char name[PATH];

	kind->key_text(me->index * KEYS + index, name);
	if (kind->flags & NUMBER_KEYS)
		snprintf(text, PATH, "{\"key\":%.400s,", name);
	else
		snprintf(text, PATH, "{\"key\":\"%.400s\",", name);
}

/* Bytes are one string there, as "0x…", without the blanks of the file. */
static void value_of_line(const struct kind *kind, const struct value *value, char *text)
{
	char plain[TEXT];
	size_t len = 3;

	kind->value_text(value, plain);
	if (!strchr(plain, ' ')) {
		memcpy(text, plain, strlen(plain) + 1);
		return;
	}
	memcpy(text, "\"0x", len);
	for (const char *from = plain; *from; from++)
		if (*from != ' ')
			text[len++] = *from;
	memcpy(text + len, "\"", 2);
}

/* Which of ours a line is of: its number, or KEYS. */
static uint32_t owner_of_line(char begins[KEYS][PATH], const char *line)
{
	uint32_t i;

	for (i = 0; i < KEYS; i++)
		if (!strncmp(line, begins[i], strlen(begins[i])))
			break;
	return i;
}

static void see_line(uint32_t map, char begins[KEYS][PATH], char *line, uint32_t *seen)
{
	uint32_t i = owner_of_line(begins, line);
	char want[TEXT], value[TEXT];
	size_t len = strlen(line);

	if (strncmp(line, "{\"key\":", 7) != 0 || line[len - 1] != '}')
		fail("a dump has a line '%.200s'", line);
	if (i == KEYS)
		return;
	seen[i]++;
	value_of_line(&kinds[map], &me->keys[map][i].now, value);
	snprintf(want, sizeof(want), "%s\"value\":%.3000s}", begins[i], value);
	look_at(&me->keys[map][i], begins[i]);
	want_text(line, want, "a dump");
}

int do_dump(void)
{
	char path[PATH], begins[KEYS][PATH];
	uint32_t seen[KEYS] = {0};
	uint32_t map = pick_map(path, "/.dump");
	ssize_t len;
	char *text = get_long_file(path, &len);

	if (!text || len < 0)
		fail("reading %s: %s", path, strerror((int)-len));
	for (uint32_t i = 0; i < KEYS; i++)
		key_of_line(&kinds[map], i, begins[i]);
	for (char *line = text, *end; line < text + len; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			fail("a dump ends in '%.200s'", line);
		*end = '\0';
		see_line(map, begins, line, seen);
	}
	free(text);
	want_seen(map, seen, "a dump");
	return 0;
}

/* A line that stores or removes a key of ours; it is remembered as done. */
static size_t add_line(uint32_t map, uint32_t index, char *line, size_t size)
{
	struct key *key = &me->keys[map][index];
	const struct kind *kind = &kinds[map];
	struct value value = {.present = true, .a = chance_value(kind->limit)};
	char begin[PATH], text[TEXT];

	if (kind->flags & (TWO_PARTS | EACH_CPU) || kind->value_size == 16)
		value.b = chance_value(kind->limit);
	value.present = chance(4);
	remember(key, "load %s %" PRIu64 " %" PRIu64, value.present ? "value" : "null", value.a,
		 value.b);
	key_of_line(kind, index, begin);
	value_of_line(kind, &value, text);
	set_value(key, value.present, value.a, value.b);
	return (size_t)snprintf(line, size, "%s\"value\":%.3000s}\n", begin,
				value.present ? text : "null");
}

static uint32_t pick_map_to_load(char *path)
{
	uint32_t map;

	do
		map = pick_map(path, "/.dump");
	while (kinds[map].flags & MAY_BE_FULL);
	return map;
}

/* Half of our keys, in one write or in two, with a cut anywhere. */
int do_load(void)
{
	static char lines[KEYS * TEXT];
	char path[PATH];
	uint32_t map = pick_map_to_load(path);
	size_t len = 0, cut;
	int fd, err;

	for (uint32_t i = chance(2); i < KEYS; i += 1 + chance(3))
		len += add_line(map, i, lines + len, sizeof(lines) - len);
	cut = 1 + chance((uint32_t)len - 1);
	fd = open(path, O_WRONLY | O_CLOEXEC | (chance(2) ? O_TRUNC : 0));
	if (fd < 0)
		fail("opening %s: %s", path, strerror(errno));
	err = write_all(fd, lines, cut);
	if (!err)
		err = write_all(fd, lines + cut, len - cut);
	if (close(fd) && !err)
		err = -errno;
	look_at(&me->keys[map][0], path);
	want_result(err, 0, "loading");
	return 0;
}

/* What stands before a bad line is stored. */
int do_load_refused(void)
{
	char path[PATH], lines[2 * TEXT];
	uint32_t map = pick_map_to_load(path);
	uint32_t index = chance(KEYS);
	size_t len = add_line(map, index, lines, sizeof(lines));
	char key[PATH];
	int err;

	snprintf(lines + len, sizeof(lines) - len, "{\"key\":nobody,\"value\":1}\n");
	err = put_file(path, O_WRONLY, 0, lines);
	remember(&me->keys[map][index], "the line behind: %d", err);
	look_at(&me->keys[map][index], path);
	want_result(err, -EINVAL, "loading a bad line");
	key_path(&kinds[map], index, key);
	check_key(&kinds[map], &me->keys[map][index], key);
	return err;
}

/* --- what there is of a map as a whole */

int do_count(void)
{
	char path[PATH], text[TEXT];
	uint32_t map = pick_map(path, "/.count");
	ssize_t len = get_file(path, text, sizeof(text));
	unsigned long ours = 0, count;

	if (len < 0)
		fail("reading %s: %s", path, strerror((int)-len));
	count = strtoul(text, NULL, 10);
	for (uint32_t i = 0; i < KEYS; i++)
		ours += me->keys[map][i].now.present;
	if (count < ours || count > 4096)
		fail("%s: %lu, and %lu are ours alone", path, count, ours);
	return 0;
}

static uint32_t id_of_pin(const char *name)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	char path[PATH];
	int fd;

	snprintf(path, sizeof(path), "%s/%s%s", world->pins, world->prefix, name);
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		fail("the pin %s: %s", path, strerror(errno));
	close(fd);
	return info.id;
}

int do_info(void)
{
	char path[PATH], text[2 * TEXT], by_id[2 * TEXT], want[64];
	uint32_t map = pick_map(path, "/.info");
	uint32_t id = id_of_pin(kinds[map].name);

	if (get_file(path, text, sizeof(text)) < 0)
		fail("reading %s", path);
	snprintf(want, sizeof(want), "id:\t%" PRIu32 "\n", id);
	if (strncmp(text, want, strlen(want)) != 0)
		fail("%s: want '%s', got '%.200s'", path, want, text);
	snprintf(path, sizeof(path), "%s/%s%s/.map", world->mount, world->prefix, kinds[map].name);
	if (get_file(path, text, sizeof(text)) < 0)
		fail("reading %s", path);
	snprintf(path, sizeof(path), "%s/@%" PRIu32 "/.map", world->mount, id);
	if (get_file(path, by_id, sizeof(by_id)) < 0)
		fail("reading %s", path);
	want_text(by_id, text, path);
	return 0;
}
