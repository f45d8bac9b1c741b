/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sequence_shape: the maps that sequences are about. To add one: a row of shapes[].
 */
#ifndef BPFMAPFS_TESTS_LIVE_SEQUENCE_SHAPE_H
#define BPFMAPFS_TESTS_LIVE_SEQUENCE_SHAPE_H

#include <arpa/inet.h>

#include "tests/live/sequence_text.h"

enum { KEYS = 6, SPELLINGS = 3 };

struct shape {
	const char *name, *spec;
	enum value_kind value;
	const char *keys[KEYS][SPELLINGS]; /* the canonical one first */
	bool number_keys;                  /* in .dump they are numbers */
	bool two_words;                    /* the key is two u32: */
	uint32_t words[KEYS][2];
	int most; /* max_entries */
	bool fixed, queue;
};

#define NUMBERS                                                               \
	{                                                                     \
		{"0", "00", "0x0"}, {"1", "001", "0x1"}, {"2", "02", "0x02"}, \
			{"3", "0003", "0x3"}, {"4", "04", "0X4"},             \
		{                                                             \
			"5", "005", "0x005"                                   \
		}                                                             \
	}
#define INDEXES                          \
	{                                \
		{0}, {1}, {2}, {3}, {4}, \
		{                        \
			5                \
		}                        \
	}

static const struct shape shapes[] = {
	{.name = "hash",
	 .spec = "type=hash,key=u32,value=u64,max_entries=64",
	 .value = NUMBER,
	 .keys = NUMBERS,
	 .words = INDEXES,
	 .number_keys = true,
	 .most = 64},
	{.name = "records",
	 .spec = "type=hash,key=struct{u32 x;u32 y},value=struct{u32 a;u32 b},max_entries=64",
	 .value = RECORD,
	 .keys = {{"0,0", "00,0", "0x0,0"},
		  {"0,1", "0x0,1", "00,01"},
		  {"1,0", "01,0", "0x1,0x0"},
		  {"7,9", "007,9", "7,0x9"},
		  {"300,4294967295", "0300,4294967295", "300,0xffffffff"},
		  {"4294967295,300", "0xffffffff,300", "4294967295,0300"}},
	 .two_words = true,
	 .words = {{0, 0}, {0, 1}, {1, 0}, {7, 9}, {300, UINT32_MAX}, {UINT32_MAX, 300}},
	 .most = 64},
	{.name = "array",
	 .spec = "type=array,key=u32,value=u64,max_entries=6",
	 .value = NUMBER,
	 .keys = NUMBERS,
	 .words = INDEXES,
	 .number_keys = true,
	 .most = KEYS,
	 .fixed = true},
	{.name = "prefixes",
	 .spec = "type=lpm_trie,key=ipv4_prefix,value=u64,max_entries=4",
	 .value = NUMBER,
	 .keys = {{"10.0.0.0_8", "10.1.2.3_8", "10.255.0.0_8"},
		  {"10.1.0.0_16", "10.1.2.3_16", "10.1.0.1_16"},
		  {"10.1.2.3_32", "10.1.2.3_32", "10.1.2.3_32"},
		  {"0.0.0.0_0", "10.0.0.0_0", "255.255.255.255_0"},
		  {"10.1.128.0_17", "10.1.129.0_17", "10.1.255.255_17"},
		  {"192.168.0.0_31", "192.168.0.1_31", "192.168.0.1_31"}},
	 .two_words = true,
	 .words = {{8, 0x0a000000},
		   {16, 0x0a010000},
		   {32, 0x0a010203},
		   {0, 0},
		   {17, 0x0a018000},
		   {31, 0xc0a80000}},
	 .most = 4},
	{.name = "small",
	 .spec = "type=hash,key=u32,value=u64,max_entries=3",
	 .value = NUMBER,
	 .keys = NUMBERS,
	 .words = INDEXES,
	 .number_keys = true,
	 .most = 3},
	{.name = "percpu",
	 .spec = "type=percpu_hash,key=u32,value=u64,max_entries=64",
	 .value = PER_CPU,
	 .keys = NUMBERS,
	 .words = INDEXES,
	 .number_keys = true,
	 .most = 64},
	{.name = "slots",
	 .spec = "type=percpu_array,key=u32,value=u64,max_entries=6",
	 .value = PER_CPU,
	 .keys = NUMBERS,
	 .words = INDEXES,
	 .number_keys = true,
	 .most = KEYS,
	 .fixed = true},
	{.name = "queue",
	 .spec = "type=queue,value=u64,max_entries=3",
	 .value = NUMBER,
	 .most = 3,
	 .queue = true},
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* -1: none is called so. */
static int shape_by_name(const char *name)
{
	for (int i = 0; i < SHAPES; i++)
		if (strcmp(shapes[i].name, name) == 0)
			return i;
	return -1;
}

/* The key that a file is called by, however it is spelt; -1: none. */
static int key_by_name(const struct shape *shape, const char *name)
{
	for (int key = 0; key < KEYS && !shape->queue; key++)
		for (int i = 0; i < SPELLINGS; i++)
			if (strcmp(shape->keys[key][i], name) == 0)
				return key;
	return -1;
}

/* As the kernel has it. */
static void key_bytes(const struct shape *shape, int key, uint32_t bytes[2])
{
	bool is_prefix = strstr(shape->spec, "prefix") != NULL;

	bytes[0] = shape->words[key][0];
	bytes[1] = is_prefix ? htonl(shape->words[key][1]) : shape->words[key][1];
}

static void value_bytes(const struct shape *shape, const struct value *v, uint64_t bytes[PARTS])
{
	memcpy(bytes, v->part, sizeof v->part);
	if (shape->value == RECORD) {
		const uint32_t words[2] = {(uint32_t)v->part[0], (uint32_t)v->part[1]};

		memcpy(bytes, words, sizeof words);
	}
}

static void value_from_bytes(const struct shape *shape, const uint64_t bytes[PARTS],
			     struct value *v)
{
	int parts = shape->value == PER_CPU ? cpus : 1;
	uint32_t words[2];

	*v = (struct value){{0}};
	memcpy(v->part, bytes, (size_t)parts * sizeof bytes[0]);
	if (shape->value != RECORD)
		return;
	memcpy(words, bytes, sizeof words);
	v->part[0] = words[0];
	v->part[1] = words[1];
}

static bool same_value(const struct value *a, const struct value *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

#endif
