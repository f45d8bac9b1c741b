// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Operations that read a key, rename it, remove it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "soak.h"

/* After that nothing old is shown: they live for a second, which begins when a reply comes that may
 * have been on its way. */
enum { ATTRIBUTES_MS = 3000 };

int do_read(void)
{
	struct at at;

	pick(&at);
	check_key(at.kind, at.key, at.path);
	return at.key->now.present ? 0 : -ENOENT;
}

/* By another name that means the same key. */
int do_spelling(void)
{
	char path[PATH];
	struct at at;

	do
		pick(&at);
	while (!(at.kind->flags & NUMBER_KEYS));
	snprintf(path, sizeof(path), "%s/%s%s/0x%" PRIx32, world->mount, world->prefix,
		 at.kind->name, me->index * KEYS + at.index);
	check_key(at.kind, at.key, path);
	return at.key->now.present ? 0 : -ENOENT;
}

/* --- a descriptor that is kept */

static struct {
	int fd;
	struct at at;
	uint32_t removals;
} held = {.fd = -1};

static void hold(void)
{
	pick(&held.at);
	held.fd = open(held.at.path, O_RDONLY | O_CLOEXEC);
	if ((held.fd >= 0) != held.at.key->now.present)
		fail("opening a key: %s", held.fd < 0 ? strerror(errno) : "it is absent");
	held.removals = held.at.key->removals;
}

static void let_go(void)
{
	close(held.fd);
	held.fd = -1;
}

/* Reads at offset 0, which takes a new text each time but the first. */
static void read_held(void)
{
	char text[TEXT], want[TEXT + 2];
	ssize_t len = pread(held.fd, text, sizeof(text) - 1, 0);

	if (held.removals != held.at.key->removals)
		return; /* it may stand for anything, but must not hurt */
	if (len < 0)
		fail("pread of a held descriptor: %s", strerror(errno));
	text[len] = '\0';
	held.at.kind->value_text(&held.at.key->now, want);
	strcat(want, "\n");
	want_text(text, want, "pread of a held descriptor");
}

static bool is_held(void)
{
	return held.fd >= 0;
}

int do_held(void)
{
	char first[TEXT];

	if (!is_held()) {
		hold();
		if (!is_held())
			return -ENOENT;
		if (pread(held.fd, first, sizeof(first), 0) < 0)
			fail("pread: %s", strerror(errno));
		return 0;
	}
	look_at(held.at.key, held.at.path);
	read_held();
	if (held.removals != held.at.key->removals || !chance(4))
		let_go();
	return 0;
}

/* --- */

int do_stat(void)
{
	char text[TEXT];
	uint64_t asked_ms;
	struct stat st;
	struct at at;
	int err;

	pick(&at);
	asked_ms = now_ms();
	err = lstat(at.path, &st) ? -errno : 0;
	if (asked_ms < at.key->changed_ms + ATTRIBUTES_MS)
		return err;
	want_result(err, at.key->now.present ? 0 : -ENOENT, "stat");
	if (err)
		return err;
	if (is_held() && held.at.key == at.key)
		return 0; /* while a file is open its size is that of what it serves */
	at.kind->value_text(&at.key->now, text);
	if (st.st_size != (off_t)strlen(text) + 1 || !S_ISREG(st.st_mode) || !st.st_ino)
		fail("stat: %lld bytes, mode %o", (long long)st.st_size, st.st_mode);
	return 0;
}

int do_unlink(void)
{
	struct at at;
	int err;

	pick(&at);
	err = try_unlink(at.path);
	remember(at.key, "unlink: %d", err);
	want_result(err, at.key->now.present ? 0 : -ENOENT, "unlink");
	set_value(at.key, false, 0, 0);
	return err;
}

static int want_of_rename(const struct key *from, const struct key *to, unsigned int flags)
{
	if (!from->now.present)
		return -ENOENT;
	if (flags & RENAME_NOREPLACE && to->now.present)
		return -EEXIST;
	return 0;
}

int do_rename(void)
{
	unsigned int flags = chance(3) ? 0 : RENAME_NOREPLACE;
	struct value moved;
	char to_path[PATH];
	uint32_t to_index;
	struct key *to;
	struct at at;
	int err;

	pick(&at);
	to_index = (at.index + 1 + chance(KEYS - 1)) % KEYS;
	to = &me->keys[at.map][to_index];
	key_path(at.kind, to_index, to_path);
	err = try_rename(at.path, to_path, flags);
	remember(at.key, "rename to key %" PRIu32 ": %d", to_index, err);
	remember(to, "rename from key %" PRIu32 ": %d", at.index, err);
	if (err == -ENOSPC && at.kind->flags & MAY_BE_FULL && !to->now.present)
		return err;
	/* Both reasons hold, and the kernel may know the second by itself. */
	if (err != -EEXIST || at.key->now.present || !(flags & RENAME_NOREPLACE) ||
	    !to->now.present)
		want_result(err, want_of_rename(at.key, to, flags), "rename");
	if (err)
		return err;
	moved = at.key->now;
	set_value(at.key, false, 0, 0);
	to->removals++;
	set_value(to, true, moved.a, moved.b);
	return 0;
}

/* Out to a name with a tilde, and back, as an editor does that fails. */
int do_take_out(void)
{
	char path[PATH];
	struct at at;
	int err;

	do
		pick(&at);
	while (at.kind->flags & (LONG_NAMES | MAY_BE_FULL));
	if (snprintf(path, sizeof(path), "%s~", at.path) >= PATH)
		fail("a path is too long");
	err = try_rename(at.path, path, 0);
	remember(at.key, "taken out: %d", err);
	want_result(err, at.key->now.present ? 0 : -ENOENT, "taking out");
	if (err)
		return err;
	err = try_rename(path, at.path, 0);
	remember(at.key, "put back: %d", err);
	want_result(err, 0, "putting back");
	at.key->removals++;
	at.key->changed_ms = now_ms();
	check_key(at.kind, at.key, at.path);
	return 0;
}

int do_attributes(void)
{
	struct at at;
	int err;

	pick(&at);
	if (chance(2))
		err = chmod(at.path, 0700) ? -errno : 0;
	else
		err = utimensat(AT_FDCWD, at.path, NULL, 0) ? -errno : 0;
	want_result(err, at.key->now.present ? 0 : -ENOENT, "chmod or utimens");
	return err;
}
