/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fresh: the maps that a bare mkdir through this mount made, and in which no key was
 * stored yet. Their spec may still be written into .map (remake.h); until that
 * happened, they have no .map, so that what restores a backup can create it. Where nothing
 * was made for an hour nobody restores any more: then they have one, which may still be
 * written. And who wrote which .map lately.
 */
#ifndef BPFMAPFS_FS_FRESH_H
#define BPFMAPFS_FS_FRESH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { FRESH_SECONDS = 3600, FRESH_REMADE = 1024, FRESH_WRITTEN = 1024 };

struct fresh {
	pthread_mutex_t lock;
	struct fresh_map {
		uint32_t id;
		bool has_map_file;
		time_t awaited_until; /* CLOCK_MONOTONIC */
	} * maps;
	size_t count, room; /* count is also read without the lock */
	struct fresh_remade {
		uint32_t from, to;
	} remade[FRESH_REMADE]; /* the last ones, in a ring */
	unsigned int next_remade;
	struct fresh_written {
		uint32_t map_id, task;
	} written[FRESH_WRITTEN]; /* a ring, too */
	unsigned int next_written;
};

void fresh_init(struct fresh *f);
void fresh_free(struct fresh *f);

/* -ENOMEM: then it is not. */
int fresh_add(struct fresh *f, uint32_t map_id, bool has_map_file);

/* Requests that mean one map mean another from now on. */
void fresh_note_remade(struct fresh *f, uint32_t from, uint32_t to);

/* A fresh map was made again, and has a .map. */
void fresh_remake(struct fresh *f, uint32_t from, uint32_t to);

/* The map that a request means that began when the map was another. */
uint32_t fresh_now(struct fresh *f, uint32_t map_id);

/* A task (0: nobody knows which) has written the .map of a map, fresh or not. */
void fresh_set_written(struct fresh *f, uint32_t map_id, uint32_t task);

/* Has it lately? */
bool fresh_was_written_by(struct fresh *f, uint32_t map_id, uint32_t task);

/* Cheap where no map is fresh. */
void fresh_remove(struct fresh *f, uint32_t map_id);
bool fresh_has(struct fresh *f, uint32_t map_id);
bool fresh_lacks_map_file(struct fresh *f, uint32_t map_id);

/* It has a .map from now on. */
void fresh_set_map_file(struct fresh *f, uint32_t map_id);

/* Something was made in the map: its .map is awaited for an hour more. */
void fresh_touch(struct fresh *f, uint32_t map_id);

#endif
