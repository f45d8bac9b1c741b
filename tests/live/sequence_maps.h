/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sequence_maps: steps on whole maps: made, removed, frozen; on the ends of queues; and what
 * somebody else does to a map by bpf(2).
 */
#ifndef BPFMAPFS_TESTS_LIVE_SEQUENCE_MAPS_H
#define BPFMAPFS_TESTS_LIVE_SEQUENCE_MAPS_H

#include "tests/live/sequence_looks.h"

/* --- made, removed, renamed */

/* By its id, which .info tells; and is it what was asked for? */
static int open_by_info(const struct map_state *map)
{
	char text[BIG_ROOM + 1];
	struct bpf_map_info info = {0};
	uint32_t size = sizeof info;
	unsigned int id = 0;
	size_t len;
	int fd;

	if (read_whole(path_in(map, ".info"), text, BIG_ROOM, &len))
		give_up(".info");
	text[len] = '\0';
	sscanf(text, "id: %u", &id);
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		give_up("the map's id");
	if ((int)info.max_entries != map->shape->most)
		differs("max_entries is %u", info.max_entries);
	return fd;
}

static void run_make(const struct step *s)
{
	int shape = shape_by_name(s->path2), want, got;
	struct map_state *map = model.maps;
	char name[PATH_ROOM];

	while (map < model.maps + MAPS && map->there)
		map++;
	run.skipped = shape < 0 || map == model.maps + MAPS;
	if (run.skipped)
		return;
	snprintf(name, sizeof name, "%s,%s", s->path, shapes[shape].spec);
	want = map_called(s->path) ? EEXIST : 0;
	got = as_errno(mkdir(full_path(name), 0700));
	if (!expect("make", want, got) || got)
		return;
	*map = (struct map_state){.there = true, .shape = &shapes[shape], .mode = 0600};
	snprintf(map->name, sizeof map->name, "%s", s->path);
	for (int key = 0; key < KEYS; key++)
		map->keys[key].present = map->shape->fixed;
	map->fd = open_by_info(map);
}

static void forget_map(struct map_state *map)
{
	for (int i = 0; i < STAGES; i++)
		if (model.stages[i].map == map)
			model.stages[i].used = false;
	close(map->fd);
	map->there = false;
}

static void run_remove(const struct step *s)
{
	struct map_state *map = map_of(s);
	int want, got;

	run.skipped |= map && map_is_open(map);
	if (run.skipped)
		return;
	want = !map->shape->fixed && !map->frozen && count_keys(map) ? ENOTEMPTY : 0;
	got = as_errno(rmdir(full_path(s->path)));
	if (expect("remove", want, got) && !got)
		forget_map(map);
}

static void run_move(const struct step *s)
{
	struct map_state *map = map_of(s), *other = map_called(s->path2);
	int got;

	if (!map)
		return;
	got = as_errno(rename(full_path(s->path), full_path(s->path2)));
	if (expect("move", other && other != map ? EEXIST : 0, got) && !got)
		snprintf(map->name, sizeof map->name, "%s", s->path2);
}

static void run_access(const struct step *s)
{
	struct map_state *map = map_of(s);

	if (!map || !expect("access", 0, as_errno(chmod(full_path(s->path), s->mode))))
		return;
	map->mode = s->mode & 0666;
	map->restless = true;
}

static void run_freeze(const struct step *s)
{
	struct map_state *map = map_of(s);
	int want, got;

	if (!map)
		return;
	want = map->frozen && s->number != 1 ? EINVAL : 0;
	got = write_whole(path_in(map, ".frozen"), s->number ? "1\n" : "0\n", 2);
	if (!expect("freeze", want, got) || got)
		return;
	map->frozen |= s->number == 1;
	map->restless |= map->frozen;
}

/* --- queues */

static int model_push(struct map_state *map, const struct string *text)
{
	const char *at = text->s, *end = text->s + text->len, *newline;

	if (map->frozen)
		return EROFS;
	for (; at < end; at = newline + 1) {
		struct value v = {{0}};

		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			newline = end;
		if (read_value(NUMBER, at, (size_t)(newline - at), &v) != COMPLETE)
			return EINVAL;
		if (map->queued == map->shape->most)
			return ENOSPC;
		map->queue[map->queued++] = v;
	}
	return 0;
}

static struct map_state *queue_of(const struct step *s)
{
	struct map_state *map = map_of(s);

	run.skipped |= map && !map->shape->queue;
	return run.skipped ? NULL : map;
}

static void run_push(const struct step *s)
{
	struct map_state *map = queue_of(s);
	struct string text = text_of(s);
	int got;

	if (!map)
		return;
	got = write_whole(path_in(map, ".push"), text.s, text.len);
	expect("push", model_push(map, &text), got);
}

static void front_text(const struct map_state *map, struct string *out)
{
	out->len = 0;
	if (map->queued)
		print_value(NUMBER, &map->queue[0], out);
}

static void drop_front(struct map_state *map)
{
	if (map->queued)
		memmove(map->queue, map->queue + 1, (size_t)--map->queued * sizeof map->queue[0]);
}

static void run_peek(const struct step *s)
{
	struct map_state *map = queue_of(s);
	struct string want;

	if (!map)
		return;
	front_text(map, &want);
	expect_file(map, ".peek", &want);
}

/* One element: a reader that goes on would take all of them. */
static void run_pop(const struct step *s)
{
	struct map_state *map = queue_of(s);
	char bytes[TEXT_ROOM];
	struct string want;
	ssize_t got;
	int fd;

	if (!map)
		return;
	fd = open(path_in(map, ".pop"), O_RDONLY | O_CLOEXEC);
	if (!expect("pop", map->frozen ? EROFS : 0, as_errno(fd)) || fd < 0)
		return;
	front_text(map, &want);
	got = read(fd, bytes, sizeof bytes);
	if (expect("pop", 0, as_errno(got)))
		expect_text("pop", &want, bytes, (size_t)got);
	drop_front(map);
	close(fd);
	wait_until_idle();
}

/* --- from outside */

static void run_outside_put(const struct step *s)
{
	struct string text = text_of(s);
	uint64_t raw[PARTS];
	struct value v = {{0}};
	uint32_t bytes[2];
	struct target t;
	bool hidden;
	int want, got;

	if (!target_of(s->path, &t) || t.key < 0 ||
	    read_value(t.map->shape->value, text.s, text.len, &v) != COMPLETE)
		return;
	key_bytes(t.map->shape, t.key, bytes);
	value_bytes(t.map->shape, &v, raw);
	hidden = t.map->shape->fixed && !t.map->keys[t.key].present;
	want = store(t.map, t.key, &v, ANY);
	got = as_errno(bpf_map_update_elem(t.map->fd, bytes, raw, BPF_ANY));
	got = got == EPERM ? EROFS : got == E2BIG ? ENOSPC : got;
	if (hidden && !want && same_value(&v, &(struct value){{0}}))
		t.map->keys[t.key].present = false;
	expect("outside", want, got);
	settle_key(t.map, t.key);
}

static void run_outside_delete(const struct step *s)
{
	uint32_t bytes[2];
	struct target t;
	int want, got;

	if (!target_of(s->path, &t) || t.key < 0 || t.map->shape->fixed)
		return;
	key_bytes(t.map->shape, t.key, bytes);
	want = t.map->frozen ? EPERM : t.map->keys[t.key].present ? 0 : ENOENT;
	got = as_errno(bpf_map_delete_elem(t.map->fd, bytes));
	expect("outside", want, got);
	if (!want)
		take_away(t.map, t.key);
	settle_key(t.map, t.key);
}

/* The mount believes for a moment what it has seen, that it was not frozen. */
static void run_outside_freeze(const struct step *s)
{
	struct map_state *map = map_of(s);

	if (!map || map->frozen)
		return;
	if (bpf_map_freeze(map->fd))
		give_up("BPF_MAP_FREEZE");
	map->frozen = map->restless = true;
	usleep(200000);
}

static void run_outside_pop(const struct step *s)
{
	struct map_state *map = queue_of(s);
	uint64_t front;
	int want;

	if (!map)
		return;
	want = map->frozen ? EPERM : map->queued ? 0 : ENOENT;
	expect("outside", want, as_errno(bpf_map_lookup_and_delete_elem(map->fd, NULL, &front)));
	if (!want)
		drop_front(map);
}

#endif
