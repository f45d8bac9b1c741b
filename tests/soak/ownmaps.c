// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Operations on maps of maps, on queues, and on maps that a process makes and removes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soak.h"

/* --- links in a map of maps that all share */

static struct key *pick_link(char *path)
{
	uint32_t index = chance(KEYS);
	struct key *key = &me->links[index];

	snprintf(path, PATH, "%s/%souter/%" PRIu32, world->mount, world->prefix,
		 me->index * KEYS + index);
	look_at(key, path);
	return key;
}

static void target_of(uint64_t inner, char *target)
{
	snprintf(target, PATH, "../%sinner%" PRIu64, world->prefix, inner);
}

int do_link(void)
{
	char path[PATH], target[PATH];
	struct key *key = pick_link(path);
	uint64_t inner = chance(INNERS);
	int err;

	target_of(inner, target);
	err = try_symlink(target, path);
	remember(key, "link to %" PRIu64 ": %d", inner, err);
	want_result(err, key->now.present ? -EEXIST : 0, "symlink");
	if (!err)
		set_value(key, true, inner, 0);
	return err;
}

/* ln -sfn */
int do_link_over(void)
{
	char path[PATH], target[PATH], staged[PATH];
	struct key *key = pick_link(path);
	uint64_t inner = chance(INNERS);

	target_of(inner, target);
	snprintf(staged, sizeof(staged), "%s/%souter/.l%" PRIu32, world->mount, world->prefix,
		 me->index);
	want_result(try_symlink(target, staged), 0, "staging a link");
	remember(key, "link to %" PRIu64 " renamed over", inner);
	want_result(try_rename(staged, path, 0), 0, "renaming a link over");
	set_value(key, true, inner, 0);
	return 0;
}

int do_link_read(void)
{
	char path[PATH], target[PATH], text[PATH];
	struct key *key = pick_link(path);
	ssize_t len = readlink(path, text, sizeof(text) - 1);

	if (!key->now.present) {
		want_result(len < 0 ? -errno : 0, -ENOENT, "readlink of an absent key");
		return -ENOENT;
	}
	if (len < 0)
		fail("readlink: %s", strerror(errno));
	text[len] = '\0';
	target_of(key->now.a, target);
	want_text(text, target, "readlink");
	return 0;
}

int do_link_remove(void)
{
	char path[PATH];
	struct key *key = pick_link(path);
	int err = try_unlink(path);

	remember(key, "unlink: %d", err);
	want_result(err, key->now.present ? 0 : -ENOENT, "unlink of a link");
	set_value(key, false, 0, 0);
	return err;
}

/* --- a queue of one's own */

static void queue_path(char *path, const char *file)
{
	snprintf(path, PATH, "%s/%squeue%" PRIu32 "/%s", world->mount, world->prefix, me->index,
		 file);
	look_at(&me->queue.history, path);
}

int do_push(void)
{
	char path[PATH], line[64];
	uint64_t element = chance_value(0);
	struct queue *queue = &me->queue;
	int err;

	queue_path(path, ".push");
	snprintf(line, sizeof(line), "%" PRIu64 "\n", element);
	err = put_file(path, O_WRONLY, 0, line);
	remember(&queue->history, "push %" PRIu64 ": %d, %" PRIu32 " before", element, err,
		 queue->count);
	want_result(err, queue->count == QUEUE ? -ENOSPC : 0, "push");
	if (!err)
		queue->elements[queue->count++] = element;
	return err;
}

int do_pop(void)
{
	char path[PATH], text[TEXT], want[64] = "";
	struct queue *queue = &me->queue;
	bool is_pop = chance(3);

	queue_path(path, is_pop ? ".pop" : ".peek");
	if (get_file(path, text, sizeof(text)) < 0)
		fail("reading it: %s", strerror(errno));
	remember(&queue->history, "%s: %.40s", is_pop ? "pop" : "peek", text);
	if (queue->count)
		snprintf(want, sizeof(want), "%" PRIu64 "\n", queue->elements[0]);
	want_text(text, want, is_pop ? "pop" : "peek");
	if (is_pop && queue->count) {
		queue->count--;
		memmove(queue->elements, queue->elements + 1,
			queue->count * sizeof(queue->elements[0]));
	}
	return 0;
}

/* --- maps that come and go */

static struct own_map *pick_own(char *path, uint32_t *index)
{
	*index = chance(OWN);
	snprintf(path, PATH, "%s/%sown%" PRIu32 "_%" PRIu32, world->mount, world->prefix, me->index,
		 *index);
	look_at(&me->own[*index].keys[0], path);
	return &me->own[*index];
}

static void forget_keys(struct own_map *own, const char *why, int err)
{
	for (uint32_t i = 0; i < OWN_KEYS; i++) {
		remember(&own->keys[i], "%s: %d", why, err);
		if (!err)
			set_value(&own->keys[i], false, 0, 0);
	}
}

static uint32_t present_keys(const struct own_map *own)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < OWN_KEYS; i++)
		count += own->keys[i].now.present;
	return count;
}

static const char *const own_specs[] = {
	"type=hash,key=u32,value=u64,max_entries=64",
	"type=lru_hash,key=u32,value=u64,max_entries=4096",
	"type=hash,key=u32,value=u64,max_entries=100,map_flags=no_prealloc"};

int do_own_make(void)
{
	char path[PATH], with_spec[2 * PATH];
	uint32_t index;
	struct own_map *own = pick_own(path, &index);
	int err;

	snprintf(with_spec, sizeof(with_spec), "%s,%s", path,
		 own_specs[chance(sizeof(own_specs) / sizeof(own_specs[0]))]);
	err = try_mkdir(with_spec);
	forget_keys(own, "mkdir", err);
	want_result(err, own->present ? -EEXIST : 0, "mkdir");
	own->present = true;
	return err;
}

static void empty(struct own_map *own, const char *path)
{
	char file[2 * PATH];

	for (uint32_t i = 0; i < OWN_KEYS; i++) {
		if (!own->keys[i].now.present)
			continue;
		snprintf(file, sizeof(file), "%s/%" PRIu32, path, i);
		look_at(&own->keys[i], file);
		remember(&own->keys[i], "removed, as is the map");
		want_result(try_unlink(file), 0, "emptying a map of its own");
		set_value(&own->keys[i], false, 0, 0);
	}
}

int do_own_remove(void)
{
	char path[PATH];
	uint32_t index;
	struct own_map *own = pick_own(path, &index);
	char file[2 * PATH];
	int want, err;

	if (chance(2))
		empty(own, path);
	want = !own->present ? -ENOENT : present_keys(own) ? -ENOTEMPTY : 0;
	snprintf(file, sizeof(file), "%s/.map", path);
	if (own->restored && !want)
		want_result(try_unlink(file), 0, "removing .map");
	err = try_rmdir(path);
	forget_keys(own, "rmdir", err);
	want_result(err, want, "rmdir");
	if (!err)
		own->present = own->restored = false;
	return err;
}

int do_own_rename(void)
{
	char path[PATH], to_path[PATH];
	uint32_t index, to_index;
	struct own_map *own = pick_own(path, &index), *to = pick_own(to_path, &to_index);
	int err;

	if (own == to || !own->present || to->present)
		return NOTHING_DONE;
	err = try_rename(path, to_path, 0);
	look_at(&to->keys[0], to_path);
	remember(&own->keys[0], "map renamed to %" PRIu32 ": %d", to_index, err);
	remember(&to->keys[0], "map renamed from %" PRIu32 ": %d", index, err);
	want_result(err, 0, "renaming a map");
	to->present = true;
	to->restored = own->restored;
	for (uint32_t i = 0; i < OWN_KEYS; i++) {
		set_value(&to->keys[i], own->keys[i].now.present, own->keys[i].now.a, 0);
		set_value(&own->keys[i], false, 0, 0);
	}
	own->present = own->restored = false;
	return 0;
}

static void check_own(const struct own_map *own, uint32_t i, const char *path)
{
	const struct value *value = &own->keys[i].now;
	char text[TEXT], want[64];
	ssize_t len = get_file(path, text, sizeof(text));

	if (!value->present) {
		want_result((int)len, -ENOENT, "an absent key of a map of its own");
		return;
	}
	snprintf(want, sizeof(want), "%" PRIu64 "\n", value->a);
	if (len < 0)
		fail("a key of a map of its own: %s", strerror((int)-len));
	want_text(text, want, "a key of a map of its own");
}

/* Stores, removes or reads a key of it. */
int do_own_store(void)
{
	char path[PATH], line[64];
	uint32_t index, i = chance(OWN_KEYS), what = chance(3);
	struct own_map *own = pick_own(path, &index);
	struct key *key = &own->keys[i];
	uint64_t number = chance_value(0);
	int err, want = key->now.present ? 0 : -ENOENT;

	snprintf(path + strlen(path), 16, "/%" PRIu32, i);
	look_at(key, path);
	if (what == 0) {
		check_own(own, i, path);
		return 0;
	}
	snprintf(line, sizeof(line), "%" PRIu64 "\n", number);
	if (what == 1) {
		err = put_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0666, line);
		want = own->present ? 0 : -ENOENT;
	} else {
		err = try_unlink(path);
	}
	remember(key, "%s %" PRIu64 ": %d", what == 1 ? "store" : "unlink", number, err);
	want_result(err, want, what == 1 ? "storing in a map of its own" : "unlink there");
	if (!err)
		set_value(key, what == 1, number, 0);
	return err;
}

/* What tar does: a bare mkdir, .map, the keys, created 0600 and O_EXCL. */
static void restore(struct own_map *to, const struct own_map *from, const char *path,
		    const char *spec)
{
	char file[2 * PATH], line[64], text[2 * TEXT];

	want_result(try_mkdir(path), 0, "a bare mkdir");
	snprintf(file, sizeof(file), "%s/.map", path);
	want_result(put_file(file, O_WRONLY | O_CREAT | O_EXCL, 0600, spec), 0, "writing .map");
	if (get_file(file, text, sizeof(text)) < 0)
		fail("reading .map of the restored map");
	want_text(text, spec, "the restored .map");
	for (uint32_t i = 0; i < OWN_KEYS; i++) {
		const struct value *value = &from->keys[i].now;

		if (!value->present)
			continue;
		snprintf(file, sizeof(file), "%s/%" PRIu32, path, i);
		snprintf(line, sizeof(line), "%" PRIu64 "\n", value->a);
		remember(&to->keys[i], "restore %" PRIu64, value->a);
		look_at(&to->keys[i], file);
		want_result(put_file(file, O_WRONLY | O_CREAT | O_EXCL, 0600, line), 0,
			    "restoring a key");
		set_value(&to->keys[i], true, value->a, 0);
	}
	to->present = to->restored = true;
}

int do_own_restore(void)
{
	char path[PATH], to_path[PATH], file[2 * PATH], spec[2 * TEXT];
	uint32_t index, to_index;
	struct own_map *own = pick_own(path, &index), *to = pick_own(to_path, &to_index);

	if (own == to || !own->present || to->present)
		return NOTHING_DONE;
	snprintf(file, sizeof(file), "%s/.map", path);
	if (get_file(file, spec, sizeof(spec)) < 0)
		fail("reading %s: %s", file, strerror(errno));
	restore(to, own, to_path, spec);
	return 0;
}

/* The root has each map of ours once, and those that are gone not at all. */
int do_own_list(void)
{
	uint32_t seen[OWN] = {0}, found = 0;
	struct dirent *entry;
	char begin[PATH];
	DIR *dir = opendir(world->mount);

	if (!dir)
		fail("opendir: %s", strerror(errno));
	snprintf(begin, sizeof(begin), "%sown%" PRIu32 "_", world->prefix, me->index);
	errno = 0;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, begin, strlen(begin))) {
			uint32_t i = (uint32_t)atoi(entry->d_name + strlen(begin));

			if (i >= OWN || strlen(entry->d_name) != strlen(begin) + 1)
				fail("the root has %s", entry->d_name);
			seen[i]++;
			found++;
		}
	if (errno)
		fail("readdir: %s", strerror(errno));
	closedir(dir);
	for (uint32_t i = 0; i < OWN; i++) {
		look_at(&me->own[i].keys[0], begin);
		if (seen[i] != me->own[i].present)
			fail("the root has map %" PRIu32 " %" PRIu32 " times", i, seen[i]);
	}
	return 0;
}
