/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fake_pins: a bpffs in memory, mounted on FAKE_BPFFS. What is pinned is a
 * pointer that this file does not follow; NULL stands for a pin of no map.
 */
#ifndef BPFMAPFS_TESTS_FAKE_PINS_H
#define BPFMAPFS_TESTS_FAKE_PINS_H

#include <stdbool.h>
#include <sys/stat.h>

void fake_pins_init(void);

/* Removes everything; forget is called with what was pinned. */
void fake_pins_free(void (*forget)(void *object));

int fake_pins_add(const char *path, void *object);
int fake_pins_prepare(const char *path);

/* *object is what is pinned there. */
int fake_pins_open(const char *path, void **object);
int fake_pins_stat(const char *path, struct stat *st);
int fake_pins_unlink(const char *path, void **object);
int fake_pins_rmdir(const char *path);
int fake_pins_rename(const char *from, const char *to);

/* *object: what was pinned at to before. */
int fake_pins_replace(const char *from, const char *to, void **object);
int fake_pins_chmod(const char *path, mode_t mode);
int fake_pins_set_mtime(const char *path, struct timespec mtime);
int fake_pins_chown(const char *path, uid_t uid, gid_t gid);
int fake_pins_list(const char *path, int (*each)(void *arg, const char *name, bool is_dir),
		   void *arg);

#endif
