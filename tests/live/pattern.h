/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * pattern: bytes to try types with: zeroes, 0xff, then random ones, each made from a seed and from
 * nothing else; and words for what went wrong. A failure tells its seed: UNIT_SEED=N begins there.
 */
#ifndef BPFMAPFS_TESTS_PATTERN_H
#define BPFMAPFS_TESTS_PATTERN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/diag.h"

enum { PATTERN_SHOWN = 160 }; /* bytes of a failure */

static uint64_t first_seed;
static int failures;

/* What is looked at, for whoever reads of a failure. */
static struct {
	const char *map, *part;
	uint64_t round;
} at;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *allocate(size_t size)
{
	void *memory = calloc(1, size + 1);

	if (!memory)
		die("calloc");
	return memory;
}

/* Random bytes: splitmix64, so that neighbours among seeds have nothing in common. */

static uint64_t state;

static uint64_t random_number(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint32_t random_below(uint32_t limit)
{
	return (uint32_t)(random_number() % limit);
}

static void random_bytes(unsigned char *bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size; i += 8) {
		uint64_t number = random_number();

		memcpy(bytes + i, &number, size - i < 8 ? size - i : 8);
	}
}

/* Text, often with what spellings must escape, and NULs behind it. */
static void random_text(unsigned char *bytes, uint32_t size)
{
	static const char letters[] = "abcxyzABC019 .,/%\\\"'\n\t{}[]:_-\x7f\xc3\xa9\xe2\x82\xac";
	uint32_t len = random_below(size + 1), kinds = random_below(2) ? 9 : sizeof(letters);

	memset(bytes, 0, size);
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)letters[random_below(kinds)];
}

/* The first seed. */
static void begin_patterns(void)
{
	const char *seed = getenv("UNIT_SEED");

	first_seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* The pattern of this round. More of it, from the generator, follows from the seed, too. */
static void make_pattern(unsigned char *bytes, uint32_t size)
{
	state = first_seed + at.round;
	memset(bytes, at.round == 1 ? 0xff : 0, size);
	if (at.round < 2)
		return;
	switch (random_below(8)) {
	case 0:
		bytes[random_below(size)] = (unsigned char)random_number();
		break;
	case 1:
		random_text(bytes, size);
		break;
	case 2:
		for (uint32_t i = 0; i < size; i++)
			bytes[i] = (unsigned char)random_below(2);
		break;
	default:
		random_bytes(bytes, size);
	}
}

/* A prefix of a possible length, without host bits. */
static void make_prefix(unsigned char *key, uint32_t size)
{
	uint32_t bits = (size - 4) * 8, len;

	memcpy(&len, key, sizeof(len));
	len = len == UINT32_MAX ? bits : len % (bits + 1);
	memcpy(key, &len, sizeof(len));
	for (uint32_t bit = len; bit < bits; bit++)
		key[4 + bit / 8] &= (unsigned char)~(0x80 >> bit % 8);
}

/* Explains a failure. text, d: NULL is fine. */
static void say(const char *what, const void *bytes, uint32_t size, const char *text,
		const struct diag *d)
{
	const unsigned char *b = bytes;

	printf("%s, %s: %s; seed %llu, pattern %llu\n  bytes ", at.map, at.part, what,
	       (unsigned long long)(first_seed + at.round - 2), (unsigned long long)at.round);
	for (uint32_t i = 0; i < size && i < PATTERN_SHOWN; i++)
		printf("%02x", b[i]);
	printf("\n  text  %.*s\n", PATTERN_SHOWN, text ? text : "");
	if (d && d->err)
		printf("  place %zu: %s\n", d->offset, d->why);
	failures++;
}

#endif
