/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fake_sys: lib/sys.h in memory, for tests.
 *
 * Behaves as the table of map-types.md says that Linux 6.18 does; test_contract
 * holds both to it. fake_map.c has what all maps share, fake_hash.c and
 * fake_lpm.c the elements of those types, fake_pins.c the bpffs; fake_sys.c is
 * the door, with descriptors, ids and BTF, and with the means to make any call
 * fail or to slip something in before it. Threads come in one after the other.
 */
#ifndef BPFMAPFS_TESTS_FAKE_SYS_H
#define BPFMAPFS_TESTS_FAKE_SYS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/sys.h"

#define FAKE_BPFFS "/sys/fs/bpf"

enum fake_call {
	FAKE_MAP_CREATE,
	FAKE_MAP_NEXT_ID,
	FAKE_MAP_OPEN_ID,
	FAKE_MAP_INFO,
	FAKE_MAP_FDINFO,
	FAKE_MAP_FREEZE,
	FAKE_MAP_MAY_WRITE,
	FAKE_MAP_LOOKUP,
	FAKE_MAP_UPDATE,
	FAKE_MAP_DELETE,
	FAKE_MAP_POP,
	FAKE_MAP_NEXT_KEY,
	FAKE_MAP_LOOKUP_BATCH,
	FAKE_MAP_UPDATE_BATCH,
	FAKE_MAP_MMAP,
	FAKE_POSSIBLE_CPUS,
	FAKE_BTF_OPEN_ID,
	FAKE_BTF_VMLINUX,
	FAKE_BTF_LOAD,
	FAKE_PROG_NEXT_ID,
	FAKE_PROG_INFO,
	FAKE_PROG_OPEN_ID,
	FAKE_PROG_PIN_ID,
	FAKE_PIN,
	FAKE_PIN_OPEN,
	FAKE_PIN_STAT,
	FAKE_PIN_UNLINK,
	FAKE_PIN_RMDIR,
	FAKE_PIN_RENAME,
	FAKE_PIN_REPLACE,
	FAKE_PIN_CHMOD,
	FAKE_PIN_SET_MTIME,
	FAKE_PIN_CHOWN,
	FAKE_PIN_LIST,
	FAKE_PIN_PREPARE,
	FAKE_ANY, /* whichever of them it is */
	FAKE_CALLS,
};

/* An empty kernel: no maps, pins, programs, faults or hooks, 2 CPUs. Ids go on growing. */
void fake_reset(void);

/* Of an empty kernel: ids begin anew, so that the same calls give the same ones. */
void fake_restart_ids(void);

/* Lets the next after calls pass, and the one behind them fail with err (negative). */
void fake_fail(enum fake_call call, unsigned int after, int err);

/* From now on all fail with err; 0 ends it. */
void fake_fail_always(enum fake_call call, int err);

/* Did the failure that fake_fail() asked for take place? */
bool fake_failed(void);

/* Calls hook(arg) before each such call; NULL ends it. What the hook itself calls is
 * neither hooked, nor counted, nor made to fail. */
void fake_hook(enum fake_call call, void (*hook)(void *arg), void *arg);

/* How often it was called since fake_reset(). */
unsigned int fake_calls(enum fake_call call);

unsigned int fake_open_fds(void);
unsigned int fake_live_maps(void);
void fake_set_cpus(int cpus);

/* Buckets of hash maps made from now on; 0: as many as the kernel makes. */
void fake_set_buckets(uint32_t buckets);

/* The kernel's own types, until fake_reset(); borrowed. NULL: it tells none. */
void fake_set_vmlinux(const struct btf *btf);

/* A program that uses maps; returns its id. */
uint32_t fake_add_prog(const char *name, uint32_t type, const uint32_t *map_ids, uint32_t count);

/* Pins something that is no map. */
int fake_pin_other(const char *path);

/* Says that a file, of whatever kind, is the pin of a program: the one that there is. path has less
 * than 64 bytes. */
void fake_pin_prog(uint32_t id, const char *path);

#endif
