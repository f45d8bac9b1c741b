/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sequence_run: what steps have in common: how a difference is noted, what the kernel says of a
 * map by bpf(2), when the mount has done all that it was asked.
 */
#ifndef BPFMAPFS_TESTS_LIVE_SEQUENCE_RUN_H
#define BPFMAPFS_TESTS_LIVE_SEQUENCE_RUN_H

#include <bpf/bpf.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/live/sequence_names.h"

enum { PATH_ROOM = 512, BIG_ROOM = 16384 };

static struct {
	const char *mount;
	int connection; /* a directory with a file, waiting, that tells how many requests of the mount are not answered */
	bool skipped;
	char failure[1024];
	char outcome[128]; /* of the step, for people */
} run;

__attribute__((noreturn)) static void give_up(const char *what)
{
	fprintf(stderr, "sequence: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* The first difference counts. */
__attribute__((format(printf, 1, 2))) static void differs(const char *format, ...)
{
	va_list args;

	if (run.failure[0])
		return;
	va_start(args, format);
	vsnprintf(run.failure, sizeof run.failure, format, args);
	va_end(args);
}

static const char *error_name(int err)
{
	const char *name = err ? strerrorname_np(err) : "0";

	return name ? name : "?";
}

/* got: 0 or errno. */
static bool expect(const char *what, int want, int got)
{
	snprintf(run.outcome, sizeof run.outcome, "%s", error_name(got));
	if (want != got)
		differs("%s: must be %s, and is %s", what, error_name(want), error_name(got));
	return want == got;
}

static void expect_text(const char *what, const struct string *want, const char *got, size_t len)
{
	if (want->len != len || memcmp(want->s, got, len) != 0)
		differs("%s: must be '%.*s', and is '%.*s'", what, (int)want->len, want->s,
			(int)len, got);
}

static const char *full_path(const char *path)
{
	static char full[4][PATH_ROOM];
	static int next;

	next = (next + 1) % 4;
	if (snprintf(full[next], PATH_ROOM, "%s/%s", run.mount, path) >= PATH_ROOM)
		give_up("the path of the mount");
	return full[next];
}

static const char *path_in(const struct map_state *map, const char *name)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof path, "%s/%s", map->name, name);
	return full_path(path);
}

static int as_errno(long result)
{
	return result < 0 ? errno : 0;
}

/* --- the mount's connection */

/* The directory stays open when its mount is gone again: in a namespace of its own, this program
 * would keep the mounts of others. */
static void find_connection(void)
{
	char dir[] = "/tmp/sequence.XXXXXX", path[PATH_ROOM];
	struct stat st;

	if (stat(run.mount, &st))
		give_up(run.mount);
	if (!mkdtemp(dir) || mount("fusectl", dir, "fusectl", 0, NULL))
		give_up("fusectl");
	snprintf(path, sizeof path, "%s/%u", dir, minor(st.st_dev));
	run.connection = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
	if (run.connection < 0)
		give_up(path);
}

static int count_waiting(void)
{
	int fd = openat(run.connection, "waiting", O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0 || read(fd, text, sizeof text - 1) < 1)
		give_up("waiting requests");
	close(fd);
	return atoi(text);
}

/* RELEASE is answered after close(2) has returned: what it does is to be known. */
static void wait_until_idle(void)
{
	for (int i = 0; i < 20000; i++) {
		if (!count_waiting())
			return;
		usleep(i < 100 ? 20 : 1000);
	}
	differs("the mount does not become idle");
}

/* --- files as a whole */

/* 0 or errno; at most room bytes. */
static int read_whole(const char *path, char *out, size_t room, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = as_errno(fd);
	ssize_t got = 1;

	for (*len = 0; !err && got > 0 && *len<room; *len += got> 0 ? (size_t)got : 0) {
		got = read(fd, out + *len, room - *len);
		err = as_errno(got);
	}
	if (fd >= 0)
		close(fd);
	wait_until_idle();
	return err;
}

/* 0 or errno, of write(2) if that fails. */
static int write_whole(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), err = as_errno(fd), close_err;

	if (err)
		return err;
	err = as_errno(write(fd, text, len));
	close_err = as_errno(close(fd));
	wait_until_idle();
	return err ? err : close_err;
}

/* --- the kernel's maps */

static int find_key_by_bytes(const struct shape *shape, const uint32_t bytes[2])
{
	uint32_t want[2];

	for (int key = 0; key < KEYS; key++) {
		key_bytes(shape, key, want);
		if (memcmp(want, bytes, shape->two_words ? 8 : 4) == 0)
			return key;
	}
	return -1;
}

static void check_value(const struct map_state *map, int key, const uint32_t bytes[2])
{
	const struct key_state *k = &map->keys[key];
	uint64_t raw[PARTS] = {0};
	struct value v;

	if (bpf_map_lookup_elem(map->fd, bytes, raw)) {
		differs("bpf(2): %s/%s: %s", map->name, map->shape->keys[key][0], strerror(errno));
		return;
	}
	value_from_bytes(map->shape, raw, &v);
	if (!k->present && !map->shape->fixed)
		differs("bpf(2): %s has the key %s, which must be absent", map->name,
			map->shape->keys[key][0]);
	else if (!same_value(&v, &k->value))
		differs("bpf(2): %s/%s: must be %" PRIu64 ",%" PRIu64 " and is %" PRIu64
			",%" PRIu64,
			map->name, map->shape->keys[key][0], k->value.part[0], k->value.part[1],
			v.part[0], v.part[1]);
}

static void check_queue(const struct map_state *map)
{
	uint64_t front;
	int err = as_errno(bpf_map_lookup_elem(map->fd, NULL, &front));

	if (!expect("bpf(2): peek", map->queued ? 0 : ENOENT, err) || err)
		return;
	if (front != map->queue[0].part[0])
		differs("bpf(2): the front of %s must be %" PRIu64 ", and is %" PRIu64, map->name,
			map->queue[0].part[0], front);
}

/* All of a map, and nothing else. */
static void check_map(const struct map_state *map)
{
	uint32_t bytes[2], last[2];
	int found = 0, want = map->shape->fixed ? KEYS : count_keys(map);
	bool first = true;

	if (map->shape->queue) {
		check_queue(map);
		return;
	}
	while (bpf_map_get_next_key(map->fd, first ? NULL : last, bytes) == 0) {
		int key = find_key_by_bytes(map->shape, bytes);

		first = false;
		memcpy(last, bytes, sizeof last);
		found++;
		if (key < 0)
			differs("bpf(2): %s has a key that nobody has stored", map->name);
		else
			check_value(map, key, bytes);
	}
	if (found != want)
		differs("bpf(2): %s must have %d keys, and has %d", map->name, want, found);
}

/*
 * A key was changed by no file of that name. What the kernel has of it in its caches for a
 * second, names of a listing and attributes, is asked anew, so that the next step can be told.
 */
static void settle_key(struct map_state *map, int key)
{
	struct target t = {.map = map, .key = key};
	struct statx stx;
	int err;

	for (int i = 0; i < SPELLINGS; i++) {
		t.name = map->shape->keys[key][i];
		if (exists(&t))
			err = as_errno(statx(AT_FDCWD, path_in(map, t.name), AT_STATX_FORCE_SYNC,
					     STATX_BASIC_STATS, &stx));
		else
			err = unlink(path_in(map, t.name)) ? errno : 0;
		if (err != (exists(&t) ? 0 : ENOENT))
			differs("%s/%s: must %s, and a look says %s", map->name, t.name,
				exists(&t) ? "be there" : "not be there", error_name(err));
	}
	map->keys[key].stale = key_is_open(map, key);
}

#endif
