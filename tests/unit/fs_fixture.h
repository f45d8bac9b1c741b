/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fs_fixture: what the tests of fs/ share: a mount without FUSE over the fake
 * kernel, and the calls that FUSE's kernel side would make of a path.
 */
#ifndef BPFMAPFS_TESTS_FS_FIXTURE_H
#define BPFMAPFS_TESTS_FS_FIXTURE_H

#include <fcntl.h>
#include <sys/stat.h>

#include "fs/context.h"
#include "fs/file.h"
#include "fs/removal.h"
#include "fs/tree.h"
#include "tests/unit/fake_sys.h"
#include "tests/unit/unit.h"

#define FS_PINDIR FAKE_BPFFS "/maps"

enum { FIXTURE_FILES = 3 };

struct fixture {
	struct fs fs;
	const void *row;   /* the initial state of the test: its row of a table */
	struct diag diag;  /* of the last call */
	uint32_t map;      /* the map that sequences work on */
	const char *name;  /* and the key */
	struct node *node; /* and its inode, which the kernel keeps */
	struct file *files[FIXTURE_FILES];
};

/* *state: a row or NULL, then the struct fixture. bare mkdir makes a hash of u32 to u64. */
int fs_setup(void **state);
int fs_teardown(void **state);
#define FS_TEST(f) cmocka_unit_test_setup_teardown(f, fs_setup, fs_teardown)

/* The daemon ends and starts again over the same kernel. */
void fs_remount(struct fixture *f, bool read_only);

/* mkdir in the root, which must work; the map's id. It is no longer fresh. */
uint32_t fs_mkdir(struct fixture *f, const char *name);

/* A map that others made, which has no pin of ours. */
uint32_t fs_stranger(struct fixture *f, uint32_t type, const char *name);

extern const struct identity fs_root;
extern const struct maker fs_maker; /* root */
struct identity fs_map(uint32_t map);

/* Elements of maps of 4-byte keys, as another process sees and changes them. */
int raw_put(uint32_t map, uint32_t key, uint64_t value);
int raw_delete(uint32_t map, uint32_t key);
int raw_get(uint32_t map, uint32_t key, uint64_t *value);
void raw_freeze(uint32_t map);

/* Until what was changed behind the mount's back is seen (lately.h). raw_freeze() does. */
void fs_wait_lately(void);

/* As the kernel asks: a look-up of a name in a map's directory. One reference of
 * *node, and its attributes in *st. */
int fs_lookup(struct fixture *f, uint32_t map, const char *name, struct node **node,
	      struct stat *st);
int fs_stat(struct fixture *f, uint32_t map, const char *name, struct stat *st);
int fs_open(struct fixture *f, uint32_t map, const char *name, int flags, mode_t mode,
	    struct file **out);
int fs_unlink(struct fixture *f, uint32_t map, const char *name);

/* Makes a staging file with this text. */
void fs_stage(struct fixture *f, uint32_t map, const char *name, const char *text);

/* The kind of what a name stands for, or -errno. */
int fs_kind(struct fixture *f, const struct identity *dir, const char *name);
int fs_try_mkdir(struct fixture *f, const struct identity *dir, const char *name);

/* What a file says, read like cat(1); NULL: there is none. */
void assert_file(struct fixture *f, uint32_t map, const char *name, const char *expected);

#endif
