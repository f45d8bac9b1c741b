/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void print_number(struct buf *out, const char *name, uint64_t number)
{
	buf_addf(out, "%s:\t%" PRIu64 "\n", name, number);
}

static uint64_t uptime(const struct fs *fs)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)(now.tv_sec - fs->booted.tv_sec);
}

static void print_memory(struct buf *out)
{
	FILE *file = fopen("/proc/self/statm", "re");
	struct rusage usage;
	uint64_t pages;

	if (file && fscanf(file, "%*u %" SCNu64, &pages) == 1)
		print_number(out, "resident", pages * (uint64_t)sysconf(_SC_PAGESIZE));
	if (file)
		fclose(file);
	if (!getrusage(RUSAGE_SELF, &usage))
		print_number(out, "resident_peak", (uint64_t)usage.ru_maxrss * 1024);
}

/* What is kept for users, and the most that there may be. */
static void print_kept(const struct quota *q, struct buf *out)
{
	for (int i = 0; i < QUOTA_KINDS; i++) {
		const struct quota_row *row = quota_row((enum quota_kind)i);

		buf_addf(out, "%s:\t%zu %zu\n", row->name, quota_of_all(q, (enum quota_kind)i),
			 row->most);
	}
}

static void print_requests(const struct tally *t, struct buf *out)
{
	uint64_t asked = 0, failed = 0;

	for (int i = 0; i < REQUEST_KINDS; i++) {
		asked += tally_count_asked(t, (enum request_kind)i);
		failed += tally_count_failed(t, (enum request_kind)i);
	}
	buf_addf(out, "requests:\t%" PRIu64 " %" PRIu64 "\n", asked, failed);
	for (int i = 0; i < REQUEST_KINDS; i++) {
		asked = tally_count_asked(t, (enum request_kind)i);
		failed = tally_count_failed(t, (enum request_kind)i);
		if (asked)
			buf_addf(out, "%s:\t%" PRIu64 " %" PRIu64 "\n",
				 request_kind_name((enum request_kind)i), asked, failed);
	}
}

int stats_print(const struct fs *fs, struct buf *out)
{
	print_number(out, "uptime", uptime(fs));
	print_memory(out);
	print_number(out, "inodes", __atomic_load_n(&fs->nodes.count, __ATOMIC_RELAXED));
	print_kept(&fs->quota, out);
	print_requests(&fs->tally, out);
	return buf_error(out);
}
