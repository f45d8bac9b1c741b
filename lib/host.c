/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/host.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
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

/* Is a number among those of a line of /proc/PID/status, or the last of them? */
static bool has_number(const char *numbers, bool last, uint32_t number)
{
	unsigned long long found = UINT64_MAX;
	bool has = false;
	char *end;

	for (; !has; numbers = end) {
		unsigned long long next = strtoull(numbers, &end, 10);

		if (end == numbers)
			break;
		found = next;
		has = !last && found == number;
	}
	return last ? found == number : has;
}

/* The fourth numbers of Uid and Gid are those that files are opened with. */
static bool is_in_group(FILE *status, uint32_t gid)
{
	bool is_served = false, is_in = false;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, status) > 0) {
		if (strncmp(line, "Uid:", 4) == 0)
			is_served = has_number(line + 4, true, served);
		else if (strncmp(line, "Gid:", 4) == 0)
			is_in = has_number(line + 4, true, gid);
		else if (strncmp(line, "Groups:", 7) == 0)
			is_in = is_in || has_number(line + 7, false, gid);
	}
	free(line);
	return is_served && is_in;
}

bool host_is_in_group(uint32_t gid)
{
	char path[sizeof("/proc/4294967295/status")];
	bool is_in;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/status", served_task);
	status = served_task ? fopen(path, "re") : NULL;
	if (!status)
		return false;
	is_in = is_in_group(status, gid);
	fclose(status);
	return is_in;
}

int host_root_only(const char *what, struct diag *d)
{
	return served ? diag_set(d, EPERM, "only root may name %s here", what) : 0;
}

void host_close(int fd)
{
	close(fd);
}
