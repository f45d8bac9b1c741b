/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A mixed load that knows every answer.
 *
 * Many processes use one mount at the same time. Each has keys of its own in maps that all share,
 * and maps of its own, and remembers what is in them; so it knows what each of its calls must
 * give, whatever the others do. In the end the parent compares what they remember with what the
 * kernel has, by bpf(2). Other processes (others.c) change maps behind the mount's back, read and
 * stop, are killed.
 *
 * What they remember is in memory that they share with the parent, with the last things that were
 * done to each key. The first wrong answer ends the run, and is told with those.
 */
#ifndef BPFMAPFS_SOAK_H
#define BPFMAPFS_SOAK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	PROCESSES = 64, /* at most */
	MAPS = 11,      /* that all share: the table in kinds.c */
	KEYS = 16,      /* of each process in each of them */
	INNERS = 4,     /* maps that a map of maps leads to */
	OWN = 4,        /* names for maps of its own */
	OWN_KEYS = 6,
	QUEUE = 32,
	STEPS = 20, /* that are remembered of a key */
	OPERATIONS = 64,
	NOTHING_DONE = 1,
	TEXT = 4096,
	PATH = 512,
};

struct value {
	bool present;
	uint64_t a, b; /* b: of values that have two parts */
};

struct step {
	uint64_t operation; /* the how manieth of its process */
	uint64_t when_ms;
	char text[64];
};

struct key {
	struct value now;
	uint64_t changed_ms;
	uint32_t removals; /* also by rename, from it or onto it */
	uint32_t steps;
	struct step step[STEPS];
};

struct own_map {
	bool present;
	bool restored; /* by this process, which must remove .map before it */
	struct key keys[OWN_KEYS];
};

struct queue {
	uint32_t count;
	uint64_t elements[QUEUE];
	struct key history;
};

struct process {
	uint32_t index;
	uint64_t random;
	uint64_t operations;
	uint64_t late; /* values that came after the tenth of a second that is promised */
	struct {
		uint64_t done, refused;
	} counts[OPERATIONS];
	struct key keys[MAPS][KEYS];
	struct key links[KEYS]; /* a: which inner map */
	struct own_map own[OWN];
	struct queue queue;
};

struct world {
	char mount[PATH / 4];
	char pins[PATH / 4];
	char prefix[32]; /* of the names of all maps here */
	uint64_t seed;
	uint32_t processes;
	int cpus;
	uint64_t begin_ms;
	uint32_t inner_ids[INNERS];
	atomic_bool stop;
	atomic_bool failed;
	atomic_ulong visits[8]; /* by the others */
	struct process process[PROCESSES];
};

extern struct world *world;
extern struct process *me; /* NULL in the parent and in the others */

/* --- kinds.c: what the shared maps are */

enum {
	MAY_BE_FULL = 1, /* a new key may be refused: ENOSPC */
	SLOTS = 2,       /* an array: all are there at first, and unlink zeroes and hides */
	TWO_PARTS = 4,   /* an object of two members */
	EACH_CPU = 8,
	NUMBER_KEYS = 16, /* numbers in .dump, and 0x in names */
	LONG_NAMES = 32,  /* names with a directory before them */
};

struct kind {
	const char *name;
	const char *spec;
	unsigned int flags;
	uint32_t key_size;
	uint32_t value_size;
	void (*key_text)(uint32_t number, char *text);
	void (*key_bytes)(uint32_t number, void *bytes);
	void (*value_text)(const struct value *value, char *text); /* without a newline */
	void (*value_bytes)(const struct value *value, void *bytes);
	uint64_t limit; /* of a and b, 0: none */
};

extern const struct kind kinds[MAPS];
extern char long_directory[241];

/* --- model.c: memory, chance, failures */

struct world *world_make(void);
uint64_t now_ms(void);
uint32_t chance(uint32_t below);
uint64_t chance_value(uint64_t limit);
void remember(struct key *key, const char *format, ...) __attribute__((format(printf, 2, 3)));
void set_value(struct key *key, bool present, uint64_t a, uint64_t b);

/* What happens to this key goes into a failure's report. */
void look_at(struct key *key, const char *path);
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void want_result(int got, int want, const char *what);
void want_text(const char *got, const char *want, const char *what);

/* --- files.c: files, as 0 or -errno */

void map_path(char *path, const char *name);
int write_all(int fd, const char *text, size_t len);
int put_file(const char *path, int flags, mode_t mode, const char *text);
ssize_t read_fd(int fd, char *text, size_t size);
ssize_t get_file(const char *path, char *text, size_t size);
char *get_long_file(const char *path, ssize_t *len);
int try_unlink(const char *path);
int try_rename(const char *from, const char *to, unsigned int flags);
int try_mkdir(const char *path);
int try_rmdir(const char *path);
int try_symlink(const char *target, const char *path);

/* --- operations */

struct operation {
	const char *name;
	unsigned int weight;
	int (*run)(void); /* 0, or the -errno that was right, or NOTHING_DONE */
};

extern const struct operation operations[];
extern const size_t operation_count;

/* keyfiles.c */
int do_store(void);
int do_store_present(void);
int do_store_new(void);
int do_store_in_place(void);
int do_store_parts(void);
int do_member(void);
int do_touch(void);
int do_zero(void);
int do_refused(void);
int do_stage(void);
int do_stage_refused(void);
int do_killed(void);

/* keynames.c */
int do_read(void);
int do_spelling(void);
int do_held(void);
int do_stat(void);
int do_unlink(void);
int do_rename(void);
int do_take_out(void);
int do_attributes(void);

/* wholes.c */
int do_list(void);
int do_dump(void);
int do_load(void);
int do_load_refused(void);
int do_count(void);
int do_info(void);

/* ownmaps.c */
int do_link(void);
int do_link_over(void);
int do_link_read(void);
int do_link_remove(void);
int do_push(void);
int do_pop(void);
int do_own_make(void);
int do_own_remove(void);
int do_own_rename(void);
int do_own_store(void);
int do_own_restore(void);
int do_own_list(void);

/* Fails unless the key reads as it is remembered. */
void check_key(const struct kind *kind, struct key *key, const char *path);

struct at {
	const struct kind *kind;
	uint32_t map, index;
	struct key *key;
	char path[PATH];
};

void pick(struct at *at);
void key_path(const struct kind *kind, uint32_t index, char *path);

/* --- others.c, final.c, watch.c */

enum { OTHERS = 7 };
pid_t start_other(int which);
void make_other_maps(void);
void make_shared_maps(void);
void compare_all(void);

struct sample {
	long resident_kib, descriptors, threads;
};

struct sample sample_daemon(pid_t pid);

#endif
