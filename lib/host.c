/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/host.h"

#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(HOST_IFNAME == IF_NAMESIZE, "the longest name of an interface");

enum { MOST_KEPT = 1 << 16 };

struct ifname {
	uint32_t ifindex;
	char name[HOST_IFNAME]; /* empty: there was none */
};

static struct {
	pthread_mutex_t lock;
	bool keep;
	void *names; /* a tree of tsearch(3) of struct ifname */
	size_t count;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

void host_keep_ifnames(void)
{
	pthread_mutex_lock(&kept.lock);
	kept.keep = true;
	pthread_mutex_unlock(&kept.lock);
}

static int compare_ifnames(const void *a, const void *b)
{
	const struct ifname *one = a, *other = b;

	return one->ifindex < other->ifindex ? -1 : one->ifindex > other->ifindex;
}

/* Keeps what was asked for just now; without memory or room it is asked anew next time. */
static void keep(const struct ifname *asked)
{
	struct ifname *copy = kept.count < MOST_KEPT ? malloc(sizeof(*copy)) : NULL;

	if (!copy)
		return;
	*copy = *asked;
	if (tsearch(copy, &kept.names, compare_ifnames))
		kept.count++;
	else
		free(copy);
}

bool host_ifname(uint32_t ifindex, char name[HOST_IFNAME])
{
	struct ifname asked = {.ifindex = ifindex};
	void *found;

	pthread_mutex_lock(&kept.lock);
	found = kept.keep ? tfind(&asked, &kept.names, compare_ifnames) : NULL;
	if (found)
		asked = **(struct ifname **)found;
	else if (!if_indextoname(ifindex, asked.name))
		asked.name[0] = '\0';
	if (kept.keep && !found)
		keep(&asked);
	pthread_mutex_unlock(&kept.lock);
	if (asked.name[0])
		memcpy(name, asked.name, HOST_IFNAME);
	return asked.name[0];
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

static __thread uint32_t served, served_task;

void host_serve(uint32_t uid)
{
	served = uid;
}

uint32_t host_served(void)
{
	return served;
}

void host_serve_task(uint32_t task)
{
	served_task = task;
}

uint32_t host_served_task(void)
{
	return served_task;
}

int host_root_only(const char *what, struct diag *d)
{
	return served ? diag_set(d, EPERM, "only root may name %s here", what) : 0;
}

void host_close(int fd)
{
	close(fd);
}
