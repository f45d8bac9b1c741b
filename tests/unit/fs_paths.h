/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fs_paths: requests by the path of a file in f->map, whose names may be cut into
 * directories. Each name of it is looked up as the kernel does.
 */
#ifndef BPFMAPFS_TESTS_FS_PATHS_H
#define BPFMAPFS_TESTS_FS_PATHS_H

#include "tests/unit/fs_fixture.h"

/*
 * A path from a short form of it: a piece "a240" is 240 times the letter a, any other
 * stands for itself. Valid until eight more were asked for.
 */
const char *path_of(const char *pieces);

/* One name. found_free() in any case. */
int look_up_name(struct fixture *f, const struct identity *dir, const char *name,
		 struct found *out);

/* The directory that a path is in; the last name of the path in *name. */
int walk_to(struct fixture *f, const char *path, struct found *dir, const char **name);

/* The kind of what a path leads to, or -errno. */
int kind_at(struct fixture *f, const char *path);

int mkdir_at(struct fixture *f, const char *path);
int rmdir_at(struct fixture *f, const char *path);
int unlink_at(struct fixture *f, const char *path);
int rename_at(struct fixture *f, const char *from, const char *to, unsigned int flags);

/* open(2), and what a shell writes, with O_CREAT and flags. */
int open_at(struct fixture *f, const char *path, int flags, mode_t mode, struct file **out);
int write_at(struct fixture *f, const char *path, int flags, mode_t mode, const char *text);
int store_at(struct fixture *f, const char *path, const char *text);

/* As rsync makes a file. */
int stage_at(struct fixture *f, const char *path, const char *text);

/* NULL: there is no such file. */
void assert_text_at(struct fixture *f, const char *path, const char *expected);

/* What others do, in a map of char arrays to u64. 0: there is no such key. */
void put_at(struct fixture *f, const char *path, uint64_t value);
uint64_t value_at(struct fixture *f, const char *path);
void delete_at(struct fixture *f, const char *path);

#endif
