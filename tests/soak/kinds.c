// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The maps that all share. A new one is a row here (and MAPS): what mkdir is asked for, and keys
 * and values as text and as bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "soak.h"

char long_directory[241] = "";

static void number_text(uint32_t number, char *text)
{
	snprintf(text, PATH / 2, "%" PRIu32, number);
}

static void number_bytes(uint32_t number, void *bytes)
{
	memcpy(bytes, &number, sizeof(number));
}

static void wide_bytes(uint32_t number, void *bytes)
{
	uint64_t wide = number;

	memcpy(bytes, &wide, sizeof(wide));
}

static void pair_text(uint32_t number, char *text)
{
	snprintf(text, PATH / 2, "%" PRIu32 ",-%" PRIu32, number, number % 7 + 1);
}

static void pair_bytes(uint32_t number, void *bytes)
{
	int32_t pair[2] = {(int32_t)number, -(int32_t)(number % 7 + 1)};

	memcpy(bytes, pair, sizeof(pair));
}

static void prefix_text(uint32_t number, char *text)
{
	snprintf(text, PATH / 2, "10.%" PRIu32 ".%" PRIu32 ".0_24", number / 256, number % 256);
}

static void prefix_bytes(uint32_t number, void *bytes)
{
	uint32_t length = 24;
	uint8_t octets[4] = {10, (uint8_t)(number / 256), (uint8_t)number, 0};

	memcpy(bytes, &length, sizeof(length));
	memcpy((char *)bytes + 4, octets, sizeof(octets));
}

static void long_text(uint32_t number, char *text)
{
	snprintf(text, PATH, "%s/this-name-is-cut-%" PRIu32, long_directory, number);
}

static void long_bytes(uint32_t number, void *bytes)
{
	char text[300] = "";

	snprintf(text, sizeof(text), "%sthis-name-is-cut-%" PRIu32, long_directory, number);
	memcpy(bytes, text, sizeof(text));
}

static void one_text(const struct value *value, char *text)
{
	snprintf(text, TEXT, "%" PRIu64, value->a);
}

static void one_bytes(const struct value *value, void *bytes)
{
	memcpy(bytes, &value->a, sizeof(value->a));
}

static void small_bytes(const struct value *value, void *bytes)
{
	uint32_t small = (uint32_t)value->a;

	memcpy(bytes, &small, sizeof(small));
}

static void object_text(const struct value *value, char *text)
{
	snprintf(text, TEXT, "{\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", value->a, value->b);
}

static void two_bytes(const struct value *value, void *bytes)
{
	uint64_t two[2] = {value->a, value->b};

	memcpy(bytes, two, sizeof(two));
}

static void hex_text(const struct value *value, char *text)
{
	uint8_t bytes[16];

	two_bytes(value, bytes);
	for (size_t i = 0; i < sizeof(bytes); i++)
		text += snprintf(text, 4, i ? " %02x" : "%02x", bytes[i]);
}

static void cpus_text(const struct value *value, char *text)
{
	char *end = text + TEXT;

	for (int cpu = 0; cpu < world->cpus; cpu++)
		text += snprintf(text, end - text, "%c%" PRIu64, cpu ? ',' : '[',
				 cpu % 2 ? value->b : value->a);
	snprintf(text, end - text, "]");
}

static void cpus_bytes(const struct value *value, void *bytes)
{
	uint64_t *each = bytes;

	for (int cpu = 0; cpu < world->cpus; cpu++)
		each[cpu] = cpu % 2 ? value->b : value->a;
}

#define WORDS_OF_U32 "key=u32,value=u64"
#define TWO "struct{u64 packets;u64 bytes;}"

const struct kind kinds[MAPS] = {
	{"hash", "type=hash," WORDS_OF_U32 ",max_entries=4096", NUMBER_KEYS, 4, 8, number_text,
	 number_bytes, one_text, one_bytes, 0},
	{"lazy", "type=hash," WORDS_OF_U32 ",max_entries=4096,map_flags=no_prealloc", NUMBER_KEYS,
	 4, 8, number_text, number_bytes, one_text, one_bytes, 0},
	{"pairs", "type=hash,key=struct{u32 from;s32 to;},value=" TWO ",max_entries=4096",
	 TWO_PARTS, 8, 16, pair_text, pair_bytes, object_text, two_bytes, 0},
	{"cpus", "type=percpu_hash," WORDS_OF_U32 ",max_entries=4096", NUMBER_KEYS | EACH_CPU, 4, 8,
	 number_text, number_bytes, cpus_text, cpus_bytes, 0},
	{"slots", "type=array," WORDS_OF_U32 ",max_entries=1024", NUMBER_KEYS | SLOTS, 4, 8,
	 number_text, number_bytes, one_text, one_bytes, 0},
	{"cpuslots", "type=percpu_array," WORDS_OF_U32 ",max_entries=1024",
	 NUMBER_KEYS | SLOTS | EACH_CPU, 4, 8, number_text, number_bytes, cpus_text, cpus_bytes, 0},
	{"routes", "type=lpm_trie,key=ipv4_prefix,value=u32,max_entries=4096", 0, 8, 4, prefix_text,
	 prefix_bytes, one_text, small_bytes, UINT32_MAX},
	{"lru", "type=lru_hash," WORDS_OF_U32 ",max_entries=65536", NUMBER_KEYS, 4, 8, number_text,
	 number_bytes, one_text, one_bytes, 0},
	{"long", "type=hash,key=char[300],value=u64,max_entries=4096", LONG_NAMES, 300, 8,
	 long_text, long_bytes, one_text, one_bytes, 0},
	{"bytes", "type=hash,key=8,value=16,max_entries=4096", NUMBER_KEYS, 8, 16, number_text,
	 wide_bytes, hex_text, two_bytes, 0},
	{"full", "type=hash," WORDS_OF_U32 ",max_entries=20", NUMBER_KEYS | MAY_BE_FULL, 4, 8,
	 number_text, number_bytes, one_text, one_bytes, 0},
};
