/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/host.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

_Static_assert(HOST_IFNAME == IF_NAMESIZE, "the longest name of an interface");

bool host_ifname(uint32_t ifindex, char name[HOST_IFNAME])
{
	return if_indextoname(ifindex, name) != NULL;
}

uint32_t host_ifindex(const char *name, size_t len)
{
	char whole[HOST_IFNAME];

	if (len >= sizeof(whole) || memchr(name, '\0', len))
		return 0;
	memcpy(whole, name, len);
	whole[len] = '\0';
	return if_nametoindex(whole);
}

/* That there is none, or nothing of that kind. */
static bool is_absent(int err)
{
	return err == ENOENT || err == ENOTDIR || err == ELOOP || err == ENAMETOOLONG;
}

int host_open_cgroup(const char *path, struct diag *d)
{
	int fd;

	if (path[0] != '/')
		return diag_set(d, EINVAL, "a cgroup is told by its absolute path");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (is_absent(errno))
		return diag_set(d, EINVAL, "there is no such cgroup");
	return diag_set(d, errno, "the cgroup cannot be opened");
}

void host_close(int fd)
{
	close(fd);
}
