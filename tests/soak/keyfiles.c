// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Operations that write a key's file. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "soak.h"

void key_path(const struct kind *kind, uint32_t index, char *path)
{
	char name[PATH];

	kind->key_text(me->index * KEYS + index, name);
	if (snprintf(path, PATH, "%s/%s%s/%s", world->mount, world->prefix, kind->name, name) >=
	    PATH)
		fail("a path is too long");
}

void pick(struct at *at)
{
	at->map = chance(MAPS);
	at->index = chance(KEYS);
	at->kind = &kinds[at->map];
	at->key = &me->keys[at->map][at->index];
	key_path(at->kind, at->index, at->path);
	look_at(at->key, at->path);
}

static struct value chance_of(const struct kind *kind)
{
	struct value value = {.present = true, .a = chance_value(kind->limit)};

	if (kind->flags & (TWO_PARTS | EACH_CPU) || kind->value_size == 16)
		value.b = chance_value(kind->limit);
	return value;
}

static void line_of(const struct kind *kind, const struct value *value, char *line)
{
	kind->value_text(value, line);
	strcat(line, "\n");
}

static bool is_equal(const struct kind *kind, const struct value *value, const char *text)
{
	char want[TEXT + 2];

	line_of(kind, value, want);
	return strcmp(want, text) == 0;
}

void check_key(const struct kind *kind, struct key *key, const char *path)
{
	char text[TEXT], want[TEXT + 2];
	ssize_t len = get_file(path, text, sizeof(text));

	if (!key->now.present) {
		want_result((int)len, -ENOENT, "reading an absent key");
		return;
	}
	if (len < 0)
		fail("reading a present key: %s", strerror((int)-len));
	line_of(kind, &key->now, want);
	want_text(text, want, "reading");
}

/* A store that was asked for ended with err: what is in the key now. */
static int stored(const struct at *at, const struct value *value, int err, const char *what)
{
	remember(at->key, "%s %" PRIu64 " %" PRIu64 ": %d", what, value->a, value->b, err);
	if (err == -ENOSPC && at->kind->flags & MAY_BE_FULL && !at->key->now.present)
		return err;
	want_result(err, 0, what);
	set_value(at->key, true, value->a, value->b);
	return 0;
}

int do_store(void)
{
	struct value value;
	char line[TEXT + 2];
	struct at at;

	pick(&at);
	value = chance_of(at.kind);
	line_of(at.kind, &value, line);
	return stored(&at, &value, put_file(at.path, O_WRONLY | O_CREAT | O_TRUNC, 0666, line),
		      "store");
}

static int put_present(const char *path, const char *line)
{
	return put_file(path, O_WRONLY | O_TRUNC, 0, line);
}

/* A way of storing that makes no key. */
static int store_if_present(int (*put)(const char *path, const char *line), const char *what)
{
	struct value value;
	char line[TEXT + 2];
	struct at at;
	int err;

	pick(&at);
	value = chance_of(at.kind);
	line_of(at.kind, &value, line);
	err = put(at.path, line);
	if (at.key->now.present)
		return stored(&at, &value, err, what);
	remember(at.key, "%s: %d", what, err);
	want_result(err, -ENOENT, what);
	return err;
}

int do_store_present(void)
{
	return store_if_present(put_present, "store if present");
}

int do_store_new(void)
{
	struct value value;
	char line[TEXT + 2];
	struct at at;
	int err;

	pick(&at);
	value = chance_of(at.kind);
	line_of(at.kind, &value, line);
	err = put_file(at.path, O_WRONLY | O_CREAT | O_EXCL, chance(2) ? 0666 : 0600, line);
	if (!at.key->now.present)
		return stored(&at, &value, err, "store new");
	remember(at.key, "store new: %d", err);
	want_result(err, -EEXIST, "O_EXCL of a present key");
	return err;
}

static int store_in_place(const char *path, const char *line)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int err, closed;

	if (fd < 0)
		return -errno;
	err = write_all(fd, line, strlen(line));
	if (!err && ftruncate(fd, (off_t)strlen(line)))
		err = -errno;
	if (!err && fsync(fd))
		err = -errno;
	closed = close(fd) ? -errno : 0;
	return err ? err : closed;
}

int do_store_in_place(void)
{
	return store_if_present(store_in_place, "store in place");
}

static int store_parts(const char *path, const char *line, size_t first)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int err, closed;

	if (fd < 0)
		return -errno;
	close(dup(fd)); /* as bash does: a flush before the first write */
	err = write_all(fd, line, first);
	if (!err)
		err = write_all(fd, line + first, strlen(line) - first);
	closed = close(fd) ? -errno : 0;
	return err ? err : closed;
}

int do_store_parts(void)
{
	struct value value;
	char line[TEXT + 2];
	struct at at;
	int err;

	pick(&at);
	value = chance_of(at.kind);
	line_of(at.kind, &value, line);
	err = store_parts(at.path, line, 1 + chance((uint32_t)strlen(line) - 1));
	return stored(&at, &value, err, "store in two parts");
}

/* One member of an object, or one value for each CPU. */
int do_member(void)
{
	struct value value;
	char line[TEXT];
	struct at at;
	int err;

	do
		pick(&at);
	while (!(at.kind->flags & (TWO_PARTS | EACH_CPU)));
	value = at.key->now;
	value.a = chance_value(0);
	if (at.kind->flags & TWO_PARTS) {
		snprintf(line, sizeof(line), "{\"packets\":%" PRIu64 "}\n", value.a);
	} else {
		value.b = value.a;
		snprintf(line, sizeof(line), "%" PRIu64 "\n", value.a);
	}
	err = put_file(at.path, O_WRONLY | O_CREAT | O_TRUNC, 0666, line);
	return stored(&at, &value, err, "store a part");
}

/*
 * The zero comes with RELEASE, behind close(2). Whoever asks waits for it, but a tenth of a second
 * only: on a machine with too much to do it may come later.
 */
static void await_zero(const struct at *at, bool may_be_absent)
{
	struct value zero = {.present = true};
	char text[TEXT] = "";

	for (int i = 0; i < 1000; i++) {
		ssize_t len = get_file(at->path, text, sizeof(text));

		if (len == -ENOENT && may_be_absent)
			return;
		if (len >= 0 && is_equal(at->kind, &zero, text)) {
			set_value(at->key, true, 0, 0);
			return;
		}
		me->late++;
		usleep(10000);
	}
	fail("zeroed, and ten seconds later there is '%.200s'", text);
}

int do_touch(void)
{
	struct at at;
	int err;

	pick(&at);
	err = put_file(at.path, O_WRONLY | O_CREAT, 0666, NULL);
	remember(at.key, "touch: %d", err);
	if (err == -ENOSPC && at.kind->flags & MAY_BE_FULL && !at.key->now.present)
		return err;
	want_result(err, 0, "touch");
	if (!at.key->now.present)
		await_zero(&at, at.kind->flags & MAY_BE_FULL);
	check_key(at.kind, at.key, at.path);
	return 0;
}

int do_zero(void)
{
	struct at at;
	int err;

	pick(&at);
	err = put_file(at.path, O_WRONLY | O_TRUNC, 0, NULL);
	remember(at.key, "truncate: %d", err);
	want_result(err, at.key->now.present ? 0 : -ENOENT, "truncating");
	if (!err)
		await_zero(&at, false);
	return err;
}

static const char *const bad_texts[] = {
	"x\n",       "{\"packets\":}\n", "-1\n",           "99999999999999999999999\n",
	"[1,\n]]\n", "1 2 3\n",          "{\"none\":1}\n", "\"0x12\"\n"};

int do_refused(void)
{
	const char *text = bad_texts[chance(sizeof(bad_texts) / sizeof(bad_texts[0]))];
	struct at at;
	int err;

	pick(&at);
	err = put_file(at.path, O_WRONLY | O_CREAT | O_TRUNC, 0666, text);
	remember(at.key, "refused text: %d", err);
	want_result(err, -EINVAL, "a text that means nothing");
	check_key(at.kind, at.key, at.path);
	return err;
}

/* A staging file beside the key, as rsync names it. */
static void stage(const struct at *at, const char *text, char *path)
{
	int err;

	snprintf(path, PATH, "%s/%s%s/.p%" PRIu32 ".%06" PRIx32, world->mount, world->prefix,
		 at->kind->name, me->index, chance(1 << 24));
	err = put_file(path, O_RDWR | O_CREAT | O_EXCL, 0600, text);
	want_result(err, 0, "making a staging file");
}

int do_stage(void)
{
	char line[TEXT + 2], path[PATH], text[TEXT];
	struct value value;
	struct at at;
	int err;

	pick(&at);
	value = chance_of(at.kind);
	line_of(at.kind, &value, line);
	stage(&at, line, path);
	if (get_file(path, text, sizeof(text)) < 0)
		fail("reading a staging file: %s", strerror(errno));
	want_text(text, line, "a staging file");
	err = stored(&at, &value, try_rename(path, at.path, 0), "rename over");
	at.key->removals++; /* who has it open, has what was there */
	if (err)
		want_result(try_unlink(path), 0, "removing a staging file");
	return err;
}

int do_stage_refused(void)
{
	char path[PATH];
	struct at at;
	int err;

	pick(&at);
	stage(&at, "no value at all\n", path);
	err = try_rename(path, at.path, 0);
	remember(at.key, "bad text renamed over: %d", err);
	want_result(err, -EINVAL, "a bad text that is renamed over a key");
	check_key(at.kind, at.key, at.path);
	want_result(try_unlink(path), 0, "removing a staging file");
	return err;
}

/* --- killed in the middle of a write */

enum { KILLED_VALUES = 64 };

static void write_until_killed(const struct at *at, const struct value *values, atomic_uint *next)
{
	char line[TEXT + 2];

	for (uint32_t i = 0; i < KILLED_VALUES; i++) {
		atomic_store(next, i + 1);
		line_of(at->kind, &values[i], line);
		if (i % 2)
			put_file(at->path, O_WRONLY | O_CREAT | O_TRUNC, 0666, line);
		else
			store_in_place(at->path, line);
	}
	pause();
	_exit(0);
}

static bool is_one_of(const struct at *at, const struct value *values, const char *text)
{
	for (int i = 0; i < 3; i++)
		if (values[i].present && is_equal(at->kind, &values[i], text)) {
			set_value(at->key, true, values[i].a, values[i].b);
			return true;
		}
	return false;
}

/* The value before, the one that was being written, or zero, if it was killed when it had
 * truncated and not written. */
static void resolve(const struct at *at, const struct value *values, uint32_t next)
{
	struct value may[3] = {
		at->key->now, {.present = next && next % 2 == 0}, {.present = false}};
	char text[TEXT];
	ssize_t len;

	if (next) {
		may[2] = values[next - 1];
		if (next > 1)
			may[0] = values[next - 2];
	}
	len = get_file(at->path, text, sizeof(text));
	if (len < 0 || !is_one_of(at, may, text))
		fail("killed while writing value %" PRIu32 " (%" PRIu64 " %" PRIu64
		     ") over %" PRIu64 " %" PRIu64 ", there is: %zd '%.200s'",
		     next, may[2].a, may[2].b, may[0].a, may[0].b, len, len < 0 ? "" : text);
}

int do_killed(void)
{
	static atomic_uint *next;
	struct value values[KILLED_VALUES];
	struct at at;
	int status;
	pid_t pid;

	if (!next)
		next = mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	do
		pick(&at);
	while (!at.key->now.present);
	for (int i = 0; i < KILLED_VALUES; i++)
		values[i] = chance_of(at.kind);
	atomic_store(next, 0);
	pid = fork();
	if (!pid)
		write_until_killed(&at, values, next);
	usleep(chance(5000));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	remember(at.key, "writer killed at its value %u", atomic_load(next));
	if (WIFEXITED(status))
		fail("a writer that was to be killed ended by itself");
	resolve(&at, values, atomic_load(next));
	return 0;
}
