/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/host.h"

#include <errno.h>
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

static __thread uint32_t served;

void host_serve(uint32_t uid)
{
	served = uid;
}

uint32_t host_served(void)
{
	return served;
}

int host_root_only(const char *what, struct diag *d)
{
	return served ? diag_set(d, EPERM, "only root may name %s here", what) : 0;
}

void host_close(int fd)
{
	close(fd);
}
