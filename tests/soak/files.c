// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* System calls on files, as 0 (or a count) or -errno. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "soak.h"

static int result(int status)
{
	return status ? -errno : 0;
}

void map_path(char *path, const char *name)
{
	snprintf(path, PATH, "%s/%s%s", world->mount, world->prefix, name);
}

int write_all(int fd, const char *text, size_t len)
{
	ssize_t n = write(fd, text, len);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

/* The first error of open, write and close. */
int put_file(const char *path, int flags, mode_t mode, const char *text)
{
	int fd = open(path, flags | O_CLOEXEC, mode);
	int err, closed;

	if (fd < 0)
		return -errno;
	err = text ? write_all(fd, text, strlen(text)) : 0;
	closed = result(close(fd));
	return err ? err : closed;
}

ssize_t read_fd(int fd, char *text, size_t size)
{
	size_t len = 0;

	while (len < size - 1) {
		ssize_t n = read(fd, text + len, size - 1 - len);

		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	return (ssize_t)len;
}

static bool is_listed(const char *path)
{
	return strrchr(path, '/')[1] != '.';
}

/* Its length, which fstat must have said, too. */
ssize_t get_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read_fd(fd, text, size);
	if (len >= 0 && fstat(fd, &st))
		len = -errno;
	if (len >= 0 && is_listed(path) && st.st_size != len)
		fail("%s: %zd bytes, and fstat says %lld", path, len, (long long)st.st_size);
	close(fd);
	return len;
}

/* Of whatever size; the caller frees it. */
char *get_long_file(const char *path, ssize_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 1 << 20;
	char *text = malloc(size);

	*len = fd < 0 ? -errno : 0;
	while (fd >= 0 && text) {
		ssize_t n = read(fd, text + *len, size - 1 - (size_t)*len);

		if (n <= 0) {
			*len = n ? -errno : *len;
			break;
		}
		*len += n;
		if ((size_t)*len + 1 == size)
			text = realloc(text, size *= 2);
	}
	if (fd >= 0)
		close(fd);
	if (text && *len >= 0)
		text[*len] = '\0';
	return text;
}

int try_unlink(const char *path)
{
	return result(unlink(path));
}

int try_rename(const char *from, const char *to, unsigned int flags)
{
	return result(renameat2(AT_FDCWD, from, AT_FDCWD, to, flags));
}

int try_mkdir(const char *path)
{
	return result(mkdir(path, 0777));
}

int try_rmdir(const char *path)
{
	return result(rmdir(path));
}

int try_symlink(const char *target, const char *path)
{
	return result(symlink(target, path));
}
