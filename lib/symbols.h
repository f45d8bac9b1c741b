/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * symbols: which function of the kernel an address is in, as /proc/kallsyms tells.
 *
 * The file is read when it is first needed, and kept as a sorted table of functions.
 * Those of the kernel itself never change. Modules and BPF programs come and go, so for
 * an address elsewhere the file is read again, unless that was done a moment ago.
 *
 * Only addresses in the upper half are the kernel's. The file shows zeroes to whom the
 * kernel does not trust (kptr_restrict; CAP_SYSLOG helps), and then there are no symbols.
 */
#ifndef BPFMAPFS_LIB_SYMBOLS_H
#define BPFMAPFS_LIB_SYMBOLS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "lib/buf.h"

enum {
	SYMBOLS_NAME = 511,                    /* bytes of the longest name (KSYM_NAME_LEN) */
	SYMBOLS_MODULE = 63,                   /* of a module's, with its brackets */
	SYMBOLS_AGE = 2,                       /* seconds until the file is read again */
	SYMBOLS_MOST = 2 << 20,                /* in a file; of one with more none is taken */
	SYMBOLS_MOST_BYTES = 128 << 20,        /* of their names */
	SYMBOLS_TEXT = SYMBOLS_NAME + 20 + 64, /* the most that symbols_print() appends */
};

/* What is known of one file; any thread may ask. */
struct symbols {
	const char *path;
	pthread_mutex_t lock; /* of all below */
	bool was_read, keep;
	time_t read_at;     /* CLOCK_MONOTONIC */
	struct buf entries; /* struct entry, by address, one each */
	struct buf names;   /* NUL-terminated; the first one is empty */
};

#define SYMBOLS_INIT(file)                                        \
	{                                                         \
		.path = (file), .lock = PTHREAD_MUTEX_INITIALIZER \
	}

/* Those of the running kernel. */
extern struct symbols symbols_kernel;

/*
 * Appends " name+0x12", and " [module]" where it is not the kernel's own; nothing if
 * there is no symbol for the address. Of several names of a function the one is taken
 * that is global and then first in order, so that the text does not vary.
 * Returns whether there was one.
 */
bool symbols_print(struct symbols *s, uint64_t address, struct buf *out);

/* From now on the file is read no second time (snapshot.h). */
void symbols_keep(struct symbols *s);

/* Forgets what was read; s may be used on. */
void symbols_forget(struct symbols *s);

#endif
