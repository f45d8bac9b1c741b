/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * access_operations: what is tried by access_trial, each in a process of its own.
 */
#ifndef BPFMAPFS_TESTS_ACCESS_OPERATIONS_H
#define BPFMAPFS_TESTS_ACCESS_OPERATIONS_H

/* A name in the directory that is tried, from its base. */
static const char *in(const char *name)
{
	static char paths[2][512];
	static int turn;

	turn = !turn;
	snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", tried->dir, name);
	return paths[turn];
}

/* What is tried: each returns -1 with errno if it cannot be. */

static int use(const char *path, int flags, const char *text)
{
	char bytes[TEXT];
	int fd = open(path, flags, 0666), err = 0;

	if (fd < 0)
		return -1;
	if (text)
		err = write(fd, text, strlen(text)) < 0;
	else if ((flags & O_ACCMODE) == O_RDONLY)
		err = read(fd, bytes, sizeof(bytes)) < 0;
	return close(fd) || err ? -1 : 0;
}

static int list(void)
{
	DIR *dir = opendir(tried->dir);
	struct dirent *entry;
	struct stat st;
	int err = 0;

	if (!dir)
		return -1;
	while (!err && (entry = readdir(dir)) != NULL)
		err = fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW);
	closedir(dir);
	return err;
}

static int stat_dir(void)
{
	struct stat st;

	return stat(tried->dir, &st);
}

static int stat_key(void)
{
	struct stat st;

	return stat(in("1"), &st);
}

static int read_key(void)
{
	return use(in("1"), O_RDONLY, NULL);
}

static int read_absent(void)
{
	return use(in("9"), O_RDONLY, NULL);
}

static int write_key(void)
{
	return use(in("1"), O_WRONLY | O_TRUNC, "30\n");
}

static int update_key(void)
{
	return use(in("1"), O_RDWR, "30\n");
}

static int truncate_key(void)
{
	return truncate(in("1"), 0);
}

static int open_or_create(void)
{
	return use(in("1"), O_WRONLY | O_CREAT, NULL);
}

static int create_present(void)
{
	return use(in("1"), O_WRONLY | O_CREAT | O_EXCL, NULL);
}

static int create_key(void)
{
	return use(in("3"), O_WRONLY | O_CREAT | O_EXCL, "3\n");
}

static int create_long(void)
{
	char name[256];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	return use(in(name), O_WRONLY | O_CREAT, "3\n");
}

/* Through a descriptor that gives no right by itself. */
static int by_path_only(int flags, const char *text)
{
	int fd = open(in("1"), O_PATH), err;
	char self[64];

	if (fd < 0)
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	err = use(self, flags, text);
	close(fd);
	return err;
}

static int reopen_to_read(void)
{
	return by_path_only(O_RDONLY, NULL);
}

static int reopen_to_write(void)
{
	return by_path_only(O_WRONLY | O_TRUNC, "30\n");
}

static int may_read(void)
{
	return access(in("1"), R_OK);
}

static int may_write(void)
{
	return access(in("1"), W_OK);
}

static int may_run(void)
{
	return access(in("1"), X_OK);
}

static int may_list(void)
{
	return access(tried->dir, R_OK);
}

static int may_create(void)
{
	return access(tried->dir, W_OK | X_OK);
}

static int remove_key(void)
{
	return unlink(in("1"));
}

static int remove_absent(void)
{
	return unlink(in("9"));
}

static int replace_key(void)
{
	return rename(in("1"), in("2"));
}

static int rename_key(void)
{
	return rename(in("1"), in("3"));
}

/* As sed -i does. */
static int stage(void)
{
	int fd = open(in(".tmp"), O_WRONLY | O_CREAT | O_EXCL, 0600), err;

	if (fd < 0)
		return -1;
	err = write(fd, "5\n", 2) < 0;
	if (close(fd) || err)
		return -1;
	if (rename(in(".tmp"), in("1")) == 0)
		return 0;
	err = errno;
	unlink(in(".tmp"));
	errno = err;
	return -1;
}

static int move_out(void)
{
	return rename(in("1"), "open/7");
}

static int move_in(void)
{
	return rename("open/8", in("8"));
}

static int make_link(void)
{
	return symlink("../open", in("7"));
}

static int make_dir(void)
{
	return mkdir(in("7"), 0777);
}

static int make_fifo(void)
{
	return mkfifo(in("7"), 0666);
}

static int remove_map(void)
{
	return rmdir(tried->dir);
}

static int rename_map(void)
{
	return rename(tried->dir, "other") || rename("other", tried->dir);
}

static int make_map(void)
{
	return mkdir("new", 0777) || rmdir("new");
}

static int chmod_map(void)
{
	return chmod(tried->dir, 0755);
}

static int chmod_key(void)
{
	return chmod(in("1"), 0777);
}

static int chmod_key_to_less(void)
{
	return chmod(in("1"), 0);
}

static int chgrp_map(void)
{
	return chown(tried->dir, (uid_t)-1, OWNER);
}

static int chown_map(void)
{
	return chown(tried->dir, STRANGER, (gid_t)-1);
}

static int chgrp_key(void)
{
	return chown(in("1"), (uid_t)-1, OWNER);
}

static int touch_key(void)
{
	return utimensat(AT_FDCWD, in("1"), NULL, 0);
}

static int date_key(void)
{
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	return utimensat(AT_FDCWD, in("1"), times, 0);
}

#define READ(name, file)                              \
	static int name(void)                         \
	{                                             \
		return use(in(file), O_RDONLY, NULL); \
	}
#define OPEN_TO_WRITE(name, file)                     \
	static int name(void)                         \
	{                                             \
		return use(in(file), O_WRONLY, NULL); \
	}

READ(read_map_file, ".map")
OPEN_TO_WRITE(write_map_file, ".map")
READ(read_info, ".info")
OPEN_TO_WRITE(write_info, ".info")
READ(read_count, ".count")
READ(read_types, ".types")
OPEN_TO_WRITE(write_types, ".types")
READ(read_frozen, ".frozen")
OPEN_TO_WRITE(write_frozen, ".frozen")
READ(read_dump, ".dump")

static int write_dump(void)
{
	return use(in(".dump"), O_WRONLY, "{\"key\":1,\"value\":5}\n");
}

READ(peek, ".peek")
READ(pop, ".pop")

static int push(void)
{
	return use(in(".push"), O_WRONLY, "7\n");
}

/* What it says of a map if a plain directory allows it; both have the same in them then. */
struct operation {
	const char *name;
	int (*try)(void);
	int ours;       /* errno, */
	bool differs;   /* they have not the same in them then */
	bool of_queues; /* else of a hash */
	mode_t ours_if; /* of what modes it says so; 0: of all */
};

/* To add one: its function, and a row. */
static const struct operation operations[] = {
	{.name = "list", .try = list},
	{.name = "stat the map", .try = stat_dir},
	{.name = "stat a key", .try = stat_key},
	{.name = "read a key", .try = read_key},
	{.name = "read no key", .try = read_absent},
	{.name = "write a key", .try = write_key},
	{.name = "update a key", .try = update_key, .differs = true},
	{.name = "truncate a key", .try = truncate_key},
	{.name = "open or create a key", .try = open_or_create},
	{.name = "create one that is there", .try = create_present},
	{.name = "create a key", .try = create_key},
	{.name = "create what is no key", .try = create_long, .ours = EINVAL},
	{.name = "open, then read", .try = reopen_to_read},
	{.name = "open, then write", .try = reopen_to_write},
	{.name = "access r", .try = may_read},
	{.name = "access w", .try = may_write},
	{.name = "access x", .try = may_run},
	{.name = "access r of the map", .try = may_list},
	{.name = "access wx of the map", .try = may_create},
	{.name = "unlink a key", .try = remove_key},
	{.name = "unlink no key", .try = remove_absent},
	{.name = "rename onto a key", .try = replace_key},
	{.name = "rename a key", .try = rename_key},
	{.name = "stage and rename", .try = stage},
	{.name = "rename into another map", .try = move_out, .ours = EXDEV},
	{.name = "rename from another map", .try = move_in, .ours = EXDEV},
	{.name = "symlink", .try = make_link, .ours = EPERM},
	{.name = "mkdir in the map", .try = make_dir, .ours = EPERM},
	{.name = "mkfifo", .try = make_fifo, .ours = EPERM},
	{.name = "rmdir", .try = remove_map},
	{.name = "rename the map", .try = rename_map},
	{.name = "mkdir", .try = make_map},
	{.name = "chmod the map", .try = chmod_map},
	{.name = "chmod a key", .try = chmod_key},
	{.name = "chmod a key to less", .try = chmod_key_to_less, .ours = EPERM, .ours_if = 066},
	{.name = "chgrp the map", .try = chgrp_map},
	{.name = "chown the map", .try = chown_map},
	{.name = "chgrp a key", .try = chgrp_key},
	{.name = "touch a key", .try = touch_key},
	{.name = "date a key", .try = date_key},
	{.name = "read .map", .try = read_map_file},
	{.name = "write .map", .try = write_map_file},
	{.name = "read .info", .try = read_info},
	{.name = "write .info", .try = write_info, .ours = EACCES},
	{.name = "read .count", .try = read_count},
	{.name = "read .types", .try = read_types},
	{.name = "write .types", .try = write_types},
	{.name = "read .frozen", .try = read_frozen},
	{.name = "write .frozen", .try = write_frozen},
	{.name = "read .dump", .try = read_dump},
	{.name = "write .dump", .try = write_dump, .differs = true},
	{.name = "peek", .try = peek, .of_queues = true},
	{.name = "pop", .try = pop, .of_queues = true},
	{.name = "push", .try = push, .of_queues = true},
};

#endif
