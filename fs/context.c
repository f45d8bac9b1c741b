/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/context.h"

#include <errno.h>
#include <string.h>

enum { SEEN_KEYS = 4 << 20 }; /* 64 MiB at most */

int fs_init(struct fs *fs, struct fs_options *options)
{
	pthread_condattr_t clock;
	int err;

	memset(fs, 0, sizeof(*fs));
	fs->options = *options;
	memset(options, 0, sizeof(*options));
	clock_gettime(CLOCK_REALTIME, &fs->started);
	scratch_init(&fs->scratch);
	hide_init(&fs->hidden);
	longdirs_init(&fs->longdirs);
	fresh_init(&fs->fresh);
	waitlinks_init(&fs->waitlinks);
	diag_ring_init(&fs->refusals);
	pthread_mutex_init(&fs->files_lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&fs->files_changed, &clock);
	pthread_condattr_destroy(&clock);
	err = node_table_init(&fs->nodes);
	if (err)
		return err;
	fs->seen = seen_new(SEEN_KEYS);
	if (!fs->seen)
		return -ENOMEM;
	return catalog_new(&fs->options.survey, fs->options.max_map_bytes, &fs->catalog);
}

void fs_free(struct fs *fs)
{
	catalog_free(fs->catalog);
	seen_free(fs->seen);
	node_table_free(&fs->nodes);
	scratch_free(&fs->scratch);
	hide_free(&fs->hidden);
	longdirs_free(&fs->longdirs);
	fresh_free(&fs->fresh);
	waitlinks_free(&fs->waitlinks);
	diag_ring_free(&fs->refusals);
	spec_free(&fs->options.mkdir_spec);
	pthread_cond_destroy(&fs->files_changed);
	pthread_mutex_destroy(&fs->files_lock);
}
