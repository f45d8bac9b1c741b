// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Those who disturb, and those who look at what is disturbed. Maps come and go behind the mount's
 * back; values are stored as fast as the kernel can; keys come and go; readers stop in the middle,
 * wait for what never comes, are killed and started again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "soak.h"

enum { CHURNED = 24, STAY = 300, PASS = 300, FAST_KEYS = 64, BURST = 500, PAUSE_US = 500 };

/* Short pauses: the others shall get a processor, too. */
static void pause_after(uint32_t *calls)
{
	if (++*calls % BURST == 0)
		usleep(PAUSE_US);
}

static int pinned(const char *name)
{
	char path[PATH];
	int fd;

	snprintf(path, sizeof(path), "%s/%s%s", world->pins, world->prefix, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		fail("the pin %s: %s", path, strerror(errno));
	return fd;
}

/* A value is never torn where it is one word, or where it has a lock. */
static int make_locked(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	struct btf *btf = btf__new_empty();
	int u32 = btf__add_int(btf, "unsigned int", 4, 0);
	int u64 = btf__add_int(btf, "unsigned long long", 8, 0);
	int lock = btf__add_struct(btf, "bpf_spin_lock", 4);
	int value, fd;

	btf__add_field(btf, "val", u32, 0, 0);
	value = btf__add_struct(btf, "value", 24);
	btf__add_field(btf, "lock", lock, 0, 0);
	btf__add_field(btf, "a", u64, 64, 0);
	btf__add_field(btf, "b", u64, 128, 0);
	if (u32 < 0 || u64 < 0 || lock < 0 || value < 0 || btf__load_into_kernel(btf))
		fail("types of a map with a lock: %s", strerror(errno));
	options.btf_fd = (uint32_t)btf__fd(btf);
	options.btf_key_type_id = (uint32_t)u32;
	options.btf_value_type_id = (uint32_t)value;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "locked", 4, 24, FAST_KEYS, &options);
	btf__free(btf);
	return fd;
}

void make_other_maps(void)
{
	char path[PATH];
	int fd = make_locked();

	snprintf(path, sizeof(path), "%s/%slocked", world->pins, world->prefix);
	if (fd < 0 || bpf_obj_pin(fd, path))
		fail("a map with a lock: %s", strerror(errno));
	close(fd);
	map_path(path, "fast,type=array,key=u32,value=u64,max_entries=64");
	want_result(try_mkdir(path), 0, "mkdir fast");
	map_path(path, "passing,type=hash,key=u32,value=u64,max_entries=4096");
	want_result(try_mkdir(path), 0, "mkdir passing");
	map_path(path, "ring,type=ringbuf,max_entries=4096");
	want_result(try_mkdir(path), 0, "mkdir ring");
	fd = pinned("passing");
	for (uint32_t key = 0; key < STAY; key++) {
		uint64_t value = key;

		if (bpf_map_update_elem(fd, &key, &value, BPF_ANY))
			fail("filling: %s", strerror(errno));
	}
	close(fd);
}

/* Maps that nobody pins. Key 1 of each says in which slot it is: a map that is found by another's
 * name or id would be noticed. */
static void churn_maps(void)
{
	int fds[CHURNED];

	memset(fds, -1, sizeof(fds));
	for (uint64_t serial = 0;; serial++) {
		uint32_t slot = (uint32_t)(serial * 7 % CHURNED), key = 1;
		uint64_t value = slot;
		char name[16];

		if (fds[slot] >= 0)
			close(fds[slot]);
		snprintf(name, sizeof(name), "%.10sc%" PRIu32, world->prefix, slot);
		fds[slot] = bpf_map_create(BPF_MAP_TYPE_HASH, name, 4, 8, 16, NULL);
		if (fds[slot] < 0 || bpf_map_update_elem(fds[slot], &key, &value, BPF_ANY))
			fail("a map that nobody pins: %s", strerror(errno));
		usleep(2000);
	}
}

static bool is_gone(ssize_t result)
{
	return result == -ENOENT || result == -ESTALE;
}

/* A map that the root has listed; it may be gone, or may be a new one that has no key yet. */
static void visit_churned(const char *name, uint64_t slot)
{
	char path[2 * PATH], text[TEXT];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%s/1", world->mount, name);
	len = get_file(path, text, sizeof(text));
	if (is_gone(len))
		return;
	if (len < 0 || strtoull(text, NULL, 10) != slot)
		fail("%s: want %" PRIu64 ", got %zd '%.100s'", path, slot, len,
		     len < 0 ? "" : text);
	snprintf(path, sizeof(path), "%s/%s/.map", world->mount, name);
	len = get_file(path, text, sizeof(text));
	if (len < 0 && !is_gone(len))
		fail("%s: %s", path, strerror((int)-len));
	snprintf(path, sizeof(path), "%s/%s/.info", world->mount, name);
	len = get_file(path, text, sizeof(text));
	if (len < 0 && !is_gone(len))
		fail("%s: %s", path, strerror((int)-len));
	atomic_fetch_add(&world->visits[0], 1);
}

static void visit_maps(void)
{
	struct dirent *entry;
	char begin[PATH];
	DIR *dir;

	snprintf(begin, sizeof(begin), "%.10sc", world->prefix);
	for (;; usleep(100000)) {
		dir = opendir(world->mount);
		if (!dir)
			fail("opendir: %s", strerror(errno));
		for (errno = 0; (entry = readdir(dir)); errno = 0)
			if (!strncmp(entry->d_name, begin, strlen(begin)) &&
			    entry->d_name[strlen(begin)] <= '9')
				visit_churned(entry->d_name,
					      strtoull(entry->d_name + strlen(begin), NULL, 10));
		if (errno)
			fail("the listing of all maps: %s", strerror(errno));
		closedir(dir);
	}
}

static void write_fast(void)
{
	int fast = pinned("fast"), locked = pinned("locked");
	uint32_t calls = 0;

	for (uint64_t n = 0;; n++) {
		uint32_t key = (uint32_t)(n % FAST_KEYS), half = (uint32_t)n;
		uint64_t value = (uint64_t)half << 32 | half;
		uint64_t both[3] = {0, n, n};

		if (bpf_map_update_elem(fast, &key, &value, BPF_ANY) ||
		    bpf_map_update_elem(locked, &key, both, BPF_F_LOCK))
			fail("storing: %s", strerror(errno));
		pause_after(&calls);
	}
}

static void read_whole(const char *text, bool is_locked)
{
	uint64_t a = 0, b = 1;

	if (is_locked)
		sscanf(text, "{\"a\":%" SCNu64 ",\"b\":%" SCNu64 "}", &a, &b);
	else if (sscanf(text, "%" SCNu64, &a) == 1)
		b = a >> 32, a = (uint32_t)a;
	if (a != b)
		fail("a torn value: '%.100s'", text);
}

static void read_fast_dump(const char *name, bool is_locked)
{
	char path[PATH];
	ssize_t len;
	char *text, *value;
	int count = 0;

	map_path(path, name);
	strcat(path, "/.dump");
	text = get_long_file(path, &len);
	if (!text || len < 0)
		fail("reading %s: %s", path, strerror((int)-len));
	for (value = text; (value = strstr(value, "\"value\":")); count++)
		read_whole(value += strlen("\"value\":"), is_locked);
	if (count != FAST_KEYS)
		fail("%s has %d lines", path, count);
	free(text);
}

static void read_fast(void)
{
	for (uint32_t n = 0;; n++) {
		bool is_locked = n % 2;
		const char *name = is_locked ? "locked" : "fast";
		char path[PATH], text[TEXT];

		map_path(path, name);
		snprintf(path + strlen(path), 16, "/%" PRIu32, n / 2 % FAST_KEYS);
		if (get_file(path, text, sizeof(text)) < 0)
			fail("reading %s: %s", path, strerror(errno));
		read_whole(text, is_locked);
		if (n % FAST_KEYS == 0) {
			read_fast_dump("fast", false);
			read_fast_dump("locked", true);
		}
		if (n % 8 == 0)
			usleep(2000);
		atomic_fetch_add(&world->visits[1], 1);
	}
}

static void pass_keys(void)
{
	int fd = pinned("passing");
	uint32_t calls = 0;

	for (uint64_t round = 0;; round++)
		for (uint32_t i = 0; i < 2 * PASS; i++) {
			uint32_t key = 1000 + i % PASS;
			uint64_t value = key;

			if (i < PASS ? bpf_map_update_elem(fd, &key, &value, BPF_ANY)
				     : bpf_map_delete_elem(fd, &key) && errno != ENOENT)
				fail("a key that comes and goes: %s", strerror(errno));
			pause_after(&calls);
		}
}

/* Each key that stays is listed once. What comes and goes may be gone when it is read; the kernel
 * may give an element's place to another key while it is copied, so it can be any key's value. */
static void read_passing(const char *dir_path, const char *name, uint32_t *seen)
{
	char path[2 * PATH], text[TEXT];
	unsigned long key = strtoul(name, NULL, 10), value;
	ssize_t len;

	if (key >= STAY && (key < 1000 || key >= 1000 + PASS))
		fail("a listing has %s", name);
	if (key < STAY)
		seen[key]++;
	if (key % 16)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir_path, name);
	len = get_file(path, text, sizeof(text));
	value = strtoul(text, NULL, 10);
	if (len < 0      ? len != -ENOENT || key < STAY
	    : key < STAY ? value != key
			 : value >= 1000 + PASS)
		fail("%s: %zd '%.100s'", path, len, len < 0 ? "" : text);
	atomic_fetch_add(&world->visits[2], 1);
}

static void list_passing(void)
{
	char path[PATH];
	struct dirent *entry;
	DIR *dir;

	map_path(path, "passing");
	for (;; usleep(50000)) {
		uint32_t seen[STAY] = {0};

		dir = opendir(path);
		if (!dir)
			fail("opendir: %s", strerror(errno));
		for (errno = 0; (entry = readdir(dir)); errno = 0)
			if (entry->d_name[0] != '.')
				read_passing(path, entry->d_name, seen);
		if (errno)
			fail("readdir of %s: %s", path, strerror(errno));
		closedir(dir);
		for (uint32_t key = 0; key < STAY; key++)
			if (seen[key] != 1)
				fail("key %" PRIu32 ", which stays, was listed %" PRIu32 " times",
				     key, seen[key]);
	}
}

/* --- those that stop */

static pid_t start_reader(const char *file)
{
	pid_t parent = getpid(), pid = fork();
	char path[PATH], text[4096];
	int fd;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	map_path(path, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("opening %s: %s", path, strerror(errno));
	for (ssize_t n; (n = read(fd, text, sizeof(text)));) {
		if (n < 0)
			fail("reading %s: %s", path, strerror(errno));
		raise(SIGSTOP); /* in the middle, with the rest unread */
	}
	_exit(0);
}

static void end_reader(pid_t pid, bool kindly)
{
	int status;

	for (int i = 0; kindly && i < 2000; i++) {
		kill(pid, SIGCONT);
		usleep(1000);
		if (waitpid(pid, &status, WNOHANG) == pid)
			return;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* One waits for a record that never comes, and is killed; one stops in the middle of a dump, and
 * is killed or goes on to its end. */
static void stop_and_go(void)
{
	for (uint32_t n = 0;; n++) {
		pid_t stream = start_reader("ring/.stream");
		pid_t dump = start_reader("hash/.dump");
		pid_t passing = start_reader("passing/.dump");

		usleep(700000);
		end_reader(stream, false);
		end_reader(dump, n % 2);
		end_reader(passing, false);
		atomic_fetch_add(&world->visits[3], 1);
	}
}

static void (*const others[OTHERS])(void) = {churn_maps, visit_maps,   write_fast, read_fast,
					     pass_keys,  list_passing, stop_and_go};

pid_t start_other(int which)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		others[which]();
	_exit(1);
}
