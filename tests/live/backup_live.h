/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the two writers of backup-live agree on. */
#ifndef BPFMAPFS_TESTS_LIVE_BACKUP_LIVE_H
#define BPFMAPFS_TESTS_LIVE_BACKUP_LIVE_H

enum {
	LIVE_SMALL = 64, /* bytes of a value */
	LIVE_LARGE = 4096,
	LIVE_TEXT = 24, /* bytes of a value in front of its text */
	LIVE_KEYS = 16, /* that are there from start to end, and change */
	LIVE_ROOM = 64,
	LIVE_MANY = 20000,
};

/* A number of any length from 1 to 20 digits, from two random numbers. */
#define LIVE_NUMBER(random, length) ((((__u64)(random) << 32 | (random)) >> ((length) % 64)))

/* The text of a value, eight letters at a time. */
#define LIVE_LETTERS(n) (0x0101010101010101ULL * ('a' + (n) % 26))

#endif
