/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/users.h"

#include <bpf/libbpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/survey.h"
#include "lib/sys.h"

enum {
	DIR_DEPTH = 16,       /* below the root of a bpffs */
	BPFFS_ENTRIES = 65536 /* of all bpffs together */
};

/* What is looked for, and where the lines go. */
struct search {
	uint32_t map_id;
	struct buf *out;
};

/* Only these end a search; a result that is not one of them is "not found". */
static int fatal(int err)
{
	return err == -ENOMEM || err == -EFBIG ? err : 0;
}

static void add_clean(struct buf *out, const char *s)
{
	for (; *s; s++)
		buf_addc(out, (unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
}

/* The mounts. */

struct mount {
	uint32_t id;
	uint32_t parent;
	bool is_bpffs;
	char *point;
};

struct mounts {
	struct mount *list;
	size_t count;
	size_t room;
};

static void mounts_free(struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		free(mounts->list[i].point);
	free(mounts->list);
}

static int mounts_add(struct mounts *mounts, const struct mount *m)
{
	size_t room = mounts->room ? mounts->room * 2 : 64;
	struct mount *list;
	char *point;

	if (mounts->count == mounts->room) {
		list = reallocarray(mounts->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		mounts->list = list;
		mounts->room = room;
	}
	point = strdup(m->point);
	if (!point)
		return -ENOMEM;
	mounts->list[mounts->count] = *m;
	mounts->list[mounts->count++].point = point;
	return 0;
}

/* In place: "\040" is a space. The kernel writes every backslash so. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (*s == '\\' && strspn(s + 1, "01234567") >= 3) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS] - TYPE SOURCE OPTIONS", cut to pieces. */
static bool parse_mount(char *line, struct mount *m)
{
	char *rest = line, *field[5], *type;

	for (size_t i = 0; i < 5; i++)
		field[i] = strsep(&rest, " ");
	type = rest ? strstr(rest, " - ") : NULL;
	if (!type)
		return false;
	unescape(field[4]);
	*m = (struct mount){
		.id = (uint32_t)strtoul(field[0], NULL, 10),
		.parent = (uint32_t)strtoul(field[1], NULL, 10),
		.is_bpffs = strncmp(type, " - bpf ", 7) == 0,
		.point = field[4],
	};
	return true;
}

static int mounts_read(struct mounts *mounts)
{
	char *line = NULL;
	size_t room = 0;
	struct mount m;
	int err = 0;
	FILE *f;

	f = fopen("/proc/self/mountinfo", "re");
	if (!f)
		return fatal(-errno);
	while (!err && getline(&line, &room, f) >= 0)
		if (parse_mount(line, &m))
			err = mounts_add(mounts, &m);
	if (!err && !feof(f))
		err = fatal(-errno);
	free(line);
	fclose(f);
	return err;
}

static const struct mount *mount_by_id(const struct mounts *mounts, uint32_t id)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->list[i].id == id)
			return &mounts->list[i];
	return NULL;
}

static bool is_mount_point(const struct mounts *mounts, const char *path)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (strcmp(mounts->list[i].point, path) == 0)
			return true;
	return false;
}

/* Is path dir, or something below it? */
static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 1 && dir[0] == '/')
		return true;
	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

/* Is something else mounted upon this mount, at next's point or above it? */
static bool is_covered(const struct mounts *mounts, const struct mount *upon,
		       const struct mount *next)
{
	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *m = &mounts->list[i];

		if (m->parent == upon->id && m != upon && m != next &&
		    is_below(next->point, m->point))
			return true;
	}
	return false;
}

/*
 * Does its mount point lead to m? Not if something is mounted over it or over a
 * directory on the way: that may be any file system, even the one that this
 * process serves, which would then wait for itself. So m, and the mounts that it
 * stands on up to the root, are each asked what else they carry.
 */
static bool is_in_sight(const struct mounts *mounts, const struct mount *m)
{
	const struct mount *upon = m, *next = m;

	for (size_t i = 0; upon && i < mounts->count; i++) {
		if (is_covered(mounts, upon, next))
			return false;
		next = upon;
		upon = mount_by_id(mounts, next->parent);
	}
	return true;
}

/* The pins. */

struct walk {
	const struct search *search;
	const struct mounts *mounts;
	size_t left; /* of BPFFS_ENTRIES */
	int depth;
	char path[PATH_MAX]; /* of where we are */
};

static int note_pin(const struct walk *w)
{
	struct buf *out = w->search->out;
	struct bpf_map_info info;
	int err = survey_read_pin(w->path, &info);

	if (err || info.id != w->search->map_id)
		return fatal(err);
	buf_adds(out, "pin:\t");
	add_clean(out, w->path);
	buf_addc(out, '\n');
	return buf_error(out);
}

static int walk_one(void *arg, const char *name, bool is_dir)
{
	struct walk *w = arg;
	size_t len = strlen(w->path), room = sizeof(w->path) - len;
	int err = 0;

	if (!w->left || strlen(name) + 2 > room)
		return 0;
	w->left--;
	snprintf(w->path + len, room, "/%s", name);
	if (!is_dir) {
		err = note_pin(w);
	} else if (w->depth < DIR_DEPTH && !is_mount_point(w->mounts, w->path)) {
		w->depth++;
		err = fatal(sys_pin_list(w->path, walk_one, w));
		w->depth--;
	}
	w->path[len] = '\0';
	return err;
}

static int walk_mount(struct walk *w, const struct mount *m)
{
	int err;

	if (strlen(m->point) >= sizeof(w->path))
		return 0;
	memcpy(w->path, m->point, strlen(m->point) + 1);
	w->depth = 0;
	err = sys_pin_list(w->path, walk_one, w);
	return err == -ENOTDIR ? note_pin(w) : fatal(err); /* one pin, bind-mounted */
}

static int print_pins(const struct search *search)
{
	struct mounts mounts = {0};
	struct walk w = {.search = search, .mounts = &mounts, .left = BPFFS_ENTRIES};
	int err = mounts_read(&mounts);

	for (size_t i = 0; !err && i < mounts.count; i++)
		if (mounts.list[i].is_bpffs && is_in_sight(&mounts, &mounts.list[i]))
			err = walk_mount(&w, &mounts.list[i]);
	mounts_free(&mounts);
	return err;
}

/* The programs. */

struct ids {
	uint32_t *list;
	uint32_t count;
	uint32_t room;
};

static int ids_grow(struct ids *ids, uint32_t room)
{
	uint32_t *list = reallocarray(ids->list, room, sizeof(*list));

	if (!list)
		return -ENOMEM;
	ids->list = list;
	ids->room = room;
	return 0;
}

/* Reads what the kernel says of a program, and the ids of all of its maps. */
static int read_program(uint32_t id, struct bpf_prog_info *info, struct ids *maps)
{
	int err;

	for (;;) {
		maps->count = maps->room;
		err = sys_prog_info(id, info, maps->list, &maps->count);
		if (err || info->nr_map_ids <= maps->room)
			return err;
		err = ids_grow(maps, info->nr_map_ids);
		if (err)
			return err;
	}
}

static bool ids_have(const struct ids *ids, uint32_t id)
{
	for (uint32_t i = 0; i < ids->count; i++)
		if (ids->list[i] == id)
			return true;
	return false;
}

static int print_program(struct buf *out, const struct bpf_prog_info *info)
{
	const char *type = libbpf_bpf_prog_type_str((enum bpf_prog_type)info->type);

	buf_addf(out, "program:\t%" PRIu32 " ", info->id);
	if (type)
		buf_adds(out, type);
	else
		buf_addf(out, "%" PRIu32, info->type);
	buf_addc(out, ' ');
	add_clean(out, info->name);
	buf_addc(out, '\n');
	return buf_error(out);
}

static int print_programs(const struct search *search)
{
	struct bpf_prog_info info;
	struct ids maps = {0};
	uint32_t id = 0;
	int err = 0;

	while (!err && !sys_prog_next_id(id, &id)) {
		err = read_program(id, &info, &maps);
		if (!err && ids_have(&maps, search->map_id))
			err = print_program(search->out, &info);
		err = fatal(err);
	}
	free(maps.list);
	return err;
}

/* The processes: proc is a descriptor of /proc/PID, fd a name in its directory fd. */

/* Reads the beginning of a small file, as text. */
static int read_text(int dir, const char *path, char *text, size_t room)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC), err = 0;
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, text, room - 1);
	if (len < 0)
		err = -errno;
	else
		text[len] = '\0';
	close(fd);
	return err;
}

static bool is_map_fd(int fds, const char *fd)
{
	static const char expected[] = "anon_inode:bpf-map";
	char link[sizeof(expected)];
	ssize_t len = readlinkat(fds, fd, link, sizeof(link));

	return len == sizeof(expected) - 1 && memcmp(link, expected, (size_t)len) == 0;
}

/* 0 if fd is this map's, else -ENOENT, or what reading says. */
static int check_map_id(int proc, const char *fd, uint32_t map_id)
{
	static const char label[] = "\nmap_id:\t";
	char path[64], text[1024];
	const char *id;
	int err;

	snprintf(path, sizeof(path), "fdinfo/%s", fd);
	err = read_text(proc, path, text, sizeof(text));
	if (err)
		return err;
	id = strstr(text, label);
	return id && strtoul(id + strlen(label), NULL, 10) == map_id ? 0 : -ENOENT;
}

/* 0 if the process has a descriptor of the map. */
static int find_descriptor(int proc, uint32_t map_id)
{
	int fd = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;
	DIR *fds = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!fds) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	err = -ENOENT;
	while (err && !fatal(err) && (entry = readdir(fds)) != NULL)
		if (is_map_fd(fd, entry->d_name))
			err = check_map_id(proc, entry->d_name, map_id);
	closedir(fds);
	return err;
}

static int print_process(struct buf *out, int proc, const char *pid)
{
	char comm[64];
	int err = read_text(proc, "comm", comm, sizeof(comm));
	size_t len;

	if (err)
		return err;
	len = strlen(comm);
	if (len && comm[len - 1] == '\n')
		comm[len - 1] = '\0';
	buf_addf(out, "process:\t%s ", pid);
	add_clean(out, comm);
	buf_addc(out, '\n');
	return buf_error(out);
}

static int note_process(const struct search *search, int procs, const char *pid)
{
	int proc = openat(procs, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (proc < 0)
		return fatal(-errno);
	err = find_descriptor(proc, search->map_id);
	if (!err)
		err = print_process(search->out, proc, pid);
	close(proc);
	return fatal(err);
}

static int print_processes(const struct search *search)
{
	struct dirent *entry;
	char self[32] = "";
	DIR *procs;
	int err = 0;

	procs = opendir("/proc");
	if (!procs)
		return fatal(-errno);
	if (readlinkat(dirfd(procs), "self", self, sizeof(self) - 1) < 0)
		self[0] = '\0';
	while (!err && (entry = readdir(procs)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, self) != 0)
			err = note_process(search, dirfd(procs), entry->d_name);
	closedir(procs);
	return err;
}

int users_print(uint32_t map_id, struct buf *out)
{
	const struct search search = {.map_id = map_id, .out = out};
	int err = buf_error(out);

	if (!err)
		err = print_pins(&search);
	if (!err)
		err = print_programs(&search);
	if (!err)
		err = print_processes(&search);
	return err;
}
