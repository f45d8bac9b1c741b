/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/trace.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fs/refusal.h"
#include "lib/diag.h"

static volatile sig_atomic_t is_on;

void trace_toggle(void)
{
	is_on = !is_on;
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

void trace_begin(struct trace *t, struct fs *fs, const struct identity *id, const char *name)
{
	if (!is_on)
		return;
	t->begun = now();
	t->path = (struct buf)BUF_INIT(3 * PATH_MAX);
	refusal_path(fs, id, name, &t->path);
}

static void print_time(struct buf *out)
{
	struct timespec time;
	char text[32];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &time);
	localtime_r(&time.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buf_addf(out, "%s.%06ld", text, time.tv_nsec / 1000);
}

void trace_end(struct trace *t, struct fs *fs, int err)
{
	struct buf line = BUF_INIT(4 * PATH_MAX);

	if (!t->begun)
		return;
	print_time(&line);
	buf_addf(&line, " pid %d uid %u: %s ", (int)t->pid, (unsigned int)t->uid, t->operation);
	if (t->path.data)
		diag_print_visible(t->path.data, t->path.len, &line);
	buf_addf(&line, ": %s, %" PRId64 " us\n", err ? strerrorname_np(err) : "ok",
		 (now() - t->begun) / 1000);
	if (line.data)
		fs_log(fs, line.data);
	buf_free(&line);
	buf_free(&t->path);
	t->begun = 0;
}
