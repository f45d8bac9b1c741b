// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * access_trial MOUNT PINDIR PLAIN
 *
 * What may whom? Beside each map, of every mode, stands a plain directory of plain files with the
 * same owners and modes, below PLAIN. Several users try each operation on both, in processes of
 * their own, and what the plain one answers is right: where it refuses, the map refuses with the
 * same errno, and is as it was before, as bpf(2) tells; where it allows, the map does as much, or
 * says what the table below has for it. Prints what differs, and how often which was seen.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>

enum { OWNER = 61001, MEMBER, STRANGER, GROUP = 61100, TEXT = 4096 };

struct user {
	const char *name;
	uid_t id; /* and that of his first group */
	gid_t group;
};

static const struct user users[] = {
	{"root", 0, 0},
	{"owner", OWNER, OWNER},
	{"member", MEMBER, GROUP},
	{"stranger", STRANGER, STRANGER},
};

/* With LONG=1 the others too. */
static const mode_t modes[] = {0640, 0660, 0604, 0400, 0000, 0700, 0755,
			       0622, 0770, 0777, 0711, 0600, 0200, 0066};

enum { FEW = 5, ALL = sizeof(modes) / sizeof(modes[0]) };

/* One of the two trees, and the map or directory in it that is tried. */
struct side {
	const char *base;
	const char *pins; /* NULL: the plain one */
	char dir[64];     /* from base */
	int map;          /* of the mount: what is behind it */
};

static const struct side *tried;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void must(bool well, const char *what)
{
	if (!well)
		die(what);
}

#include "access_operations.h"

/* Who reads takes; so who may not write may not. */
static mode_t mode_to_consume(mode_t mode)
{
	return (mode & 0444) & (mode & 0222) << 1;
}

static mode_t whole(mode_t mode)
{
	return mode;
}

static const struct special {
	const char *name;
	mode_t (*of)(mode_t mode);
	mode_t most;
} specials[] = {
	{".map", whole, 0666},   {".info", whole, 0444},   {".count", whole, 0444},
	{".types", whole, 0666}, {".frozen", whole, 0644}, {".dump", whole, 0666},
	{".peek", whole, 0444},  {".push", whole, 0222},   {".pop", mode_to_consume, 0444},
};

/* Making both, and as they were again. */

static void put_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(in(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, text, strlen(text)) >= 0, name);
	must(fchown(fd, OWNER, GROUP) == 0 && fchmod(fd, mode) == 0, name);
	close(fd);
}

static void put_element(const struct side *s, uint32_t key, uint64_t value)
{
	must(bpf_map_update_elem(s->map, &key, &value, BPF_ANY) == 0, "update");
}

static void own(const char *path, mode_t mode)
{
	struct stat st;

	must(stat(path, &st) == 0, path);
	if (st.st_uid != OWNER || st.st_gid != GROUP)
		must(chown(path, OWNER, GROUP) == 0, path);
	if ((st.st_mode & 07777) != mode)
		must(chmod(path, mode) == 0, path);
}

static mode_t dir_mode(mode_t mode)
{
	return (mode & 0666) | (mode & 0444) >> 2;
}

static void restore_plain(const struct side *s, mode_t mode)
{
	static const char *const extra[] = {"3", "7", "8", ".tmp"};
	char name[256];

	for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++)
		if (unlink(in(extra[i])) && errno == EISDIR)
			rmdir(in(extra[i]));
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	unlink(in(name));
	unlink("open/7");
	close(open("open/8", O_WRONLY | O_CREAT, 0666));
	put_file("1", "10\n", mode & 0666);
	put_file("2", "20\n", mode & 0666);
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
		put_file(specials[i].name, "1\n", specials[i].of(mode & 0666) & specials[i].most);
	own(s->dir, dir_mode(mode));
}

static void restore_map(const struct side *s, mode_t mode, bool is_queue)
{
	uint64_t value;

	if (is_queue) {
		while (bpf_map_lookup_and_delete_elem(s->map, NULL, &value) == 0)
			;
		for (value = 1; value <= 2; value++)
			must(bpf_map_update_elem(s->map, NULL, &value, BPF_ANY) == 0, "push");
	} else {
		for (uint32_t key = 0; key < 10; key++)
			bpf_map_delete_elem(s->map, &key);
		put_element(s, 1, 10);
		put_element(s, 2, 20);
	}
	own(s->dir, dir_mode(mode));
}

/* What is there, by the kernel and by the files. */
static void look(const struct side *s, bool is_queue, char *out)
{
	char *end = out;
	struct stat st;
	uint64_t value;

	must(stat(s->dir, &st) == 0, s->dir);
	end += sprintf(end, "%o %d:%d", st.st_mode & 07777, (int)st.st_uid, (int)st.st_gid);
	for (uint32_t key = 0; key < 10 && !is_queue; key++) {
		char text[32] = "", name[2] = {(char)('0' + key)};
		int fd;

		if (s->pins) {
			if (bpf_map_lookup_elem(s->map, &key, &value) == 0)
				end += sprintf(end, " %u=%u", key, (unsigned int)value);
		} else if ((fd = open(in(name), O_RDONLY | O_NONBLOCK)) >= 0) {
			must(read(fd, text, sizeof(text) - 1) >= 0 || errno == EISDIR, name);
			close(fd);
			end += sprintf(end, " %u=%d", key, atoi(text));
		}
	}
	if (is_queue && s->pins && bpf_map_lookup_elem(s->map, NULL, &value) == 0)
		sprintf(end, " front=%u", (unsigned int)value);
}

static void make_sides(struct side *sides, mode_t mode, bool is_queue)
{
	static const char *const types[] = {"hash,key=u32", "queue"};
	char name[256];

	for (int i = 0; i < 2; i++) {
		struct side *s = &sides[i];

		snprintf(s->dir, sizeof(s->dir), "%c%04o", is_queue ? 'q' : 'm', mode);
		must(chdir(s->base) == 0, s->base);
		snprintf(name, sizeof(name), "%s,type=%s,value=u64,max_entries=9", s->dir,
			 types[is_queue]);
		must(mkdir(s->pins ? name : s->dir, 0700) == 0, name);
		snprintf(name, sizeof(name), "%s/%s", s->pins ? s->pins : "", s->dir);
		s->map = s->pins ? bpf_obj_get(name) : -1;
		must(!s->pins || s->map >= 0, name);
	}
}

static void enter(const struct side *s)
{
	must(chdir(s->base) == 0, s->base);
	tried = s;
}

/* The errno that a user gets, 0: none. */
static int try_as(const struct user *u, const struct operation *o)
{
	pid_t child = fork();
	int status;

	must(child >= 0, "fork");
	if (!child) {
		umask(0);
		if (setgroups(u->group != u->id, &u->group) || setresgid(u->id, u->id, u->id) ||
		    setresuid(u->id, u->id, u->id))
			_exit(255);
		_exit(o->try() ? errno : 0);
	}
	must(waitpid(child, &status, 0) == child && WIFEXITED(status), "wait");
	return WEXITSTATUS(status);
}

static const char *name_of(int err)
{
	const char *name = err ? strerrorname_np(err) : "success";

	return name ? name : "?";
}

/* One operation of one user on both sides. Returns how many things are wrong. */
static int try_one(const struct side *sides, mode_t mode, const struct user *u,
		   const struct operation *o, int *seen)
{
	char before[TEXT], after[2][TEXT];
	int got[2], wanted, wrong = 0;

	for (int i = 0; i < 2; i++) {
		enter(&sides[i]);
		if (sides[i].pins)
			restore_map(&sides[i], mode, o->of_queues);
		else
			restore_plain(&sides[i], mode);
		look(&sides[i], o->of_queues, before);
		got[i] = try_as(u, o);
		look(&sides[i], o->of_queues, after[i]);
		if (got[i] && strcmp(before, after[i]) != 0)
			wrong += printf("%04o %s, %s: refused, and changed: %s, %s\n", mode,
					u->name, o->name, before, after[i]) > 0;
	}
	wanted = got[0] || (o->ours_if && !(mode & o->ours_if)) ? got[0] : o->ours;
	seen[got[0] != 0]++;
	if (got[1] != wanted)
		wrong += printf("%04o %s, %s: %s, and not %s\n", mode, u->name, o->name,
				name_of(got[1]), name_of(wanted)) > 0;
	else if (!got[1] && !o->differs && !o->of_queues && strcmp(after[0], after[1]) != 0)
		wrong += printf("%04o %s, %s: now %s, and not %s\n", mode, u->name, o->name,
				after[1], after[0]) > 0;
	return wrong;
}

enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

static int try_mode(struct side *sides, mode_t mode, bool is_queue, int seen[][2])
{
	int wrong = 0;

	make_sides(sides, mode, is_queue);
	for (size_t u = 0; u < sizeof(users) / sizeof(users[0]); u++)
		for (int o = 0; o < OPERATIONS; o++)
			if (operations[o].of_queues == is_queue)
				wrong += try_one(sides, mode, &users[u], &operations[o], seen[o]);
	if (sides[1].map >= 0)
		close(sides[1].map);
	return wrong;
}

int main(int argc, char **argv)
{
	struct side sides[2] = {{.base = argv[3]}, {.base = argv[1], .pins = argv[2]}};
	static int seen[OPERATIONS][2];
	int wrong = 0;

	if (argc != 4)
		return 2;
	umask(0);
	for (int i = 0; i < (getenv("LONG") ? ALL : FEW); i++)
		for (int is_queue = 0; is_queue < 2; is_queue++)
			wrong += try_mode(sides, modes[i], is_queue, seen);
	for (int o = 0; o < OPERATIONS; o++)
		printf("%s: allowed %d, refused %d\n", operations[o].name, seen[o][0], seen[o][1]);
	return wrong != 0;
}
