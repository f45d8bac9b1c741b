/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/sys.h"

static uint64_t state = 1;

void random_start(void)
{
	const char *seed = getenv("UNIT_SEED");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	state = seed ? strtoull(seed, NULL, 0) : (uint64_t)now.tv_nsec * 2654435761U + 1;
	fprintf(stderr, "# UNIT_SEED=%llu\n", (unsigned long long)state);
	state |= !state;
}

/* xorshift64* */
uint64_t random_number(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1d;
}

uint32_t random_below(uint32_t limit)
{
	return (uint32_t)((random_number() >> 32) % limit);
}

void random_bytes(void *bytes, size_t len)
{
	static const unsigned char special[] = {0, 0, 1, 0xff, 0xff, 0x7f, 0x80, ' '};
	unsigned char *out = bytes;
	bool plain = random_below(2);

	for (size_t i = 0; i < len; i++)
		out[i] = plain ? (unsigned char)random_number()
			       : special[random_below(ARRAY_SIZE(special))];
}

void assert_buf(struct buf *b, const char *expected)
{
	assert_int_equal(buf_error(b), 0);
	assert_string_equal(b->data ? b->data : "", expected);
	assert_int_equal(b->len, strlen(expected));
	buf_free(b);
}

struct layout *layout_of(const char *word)
{
	struct ctype *type = NULL;
	struct layout *layout;

	assert_int_equal(ctype_parse(word, strlen(word), &type, NULL), 0);
	layout = layout_ref(type->layout);
	ctype_unref(type);
	return layout;
}

int make_map(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
	     const char *name)
{
	const struct sys_map_attr attr = {
		.type = type,
		.key_size = key_size,
		.value_size = value_size,
		.max_entries = max_entries,
		.map_flags = maptype_find(type)->create_flags,
		.name = name,
	};
	int fd = sys_map_create(&attr);

	assert_true(fd >= 0);
	return fd;
}

struct map_desc *describe_map(int fd)
{
	struct bpf_map_info info;
	struct map_desc *desc = NULL;

	assert_int_equal(sys_map_info(fd, &info), 0);
	assert_int_equal(map_desc_new(&info, NULL, &desc), 0);
	return desc;
}

uint32_t map_id(int fd)
{
	struct bpf_map_info info;

	assert_int_equal(sys_map_info(fd, &info), 0);
	return info.id;
}

void fill_map(int fd, uint32_t first, uint32_t count)
{
	struct map_desc *desc = describe_map(fd);
	unsigned char *value = calloc(1, desc->value->size);

	for (uint32_t key = first; key < first + count; key++) {
		memcpy(value, &key, sizeof(key));
		assert_int_equal(sys_map_update(fd, &key, value, BPF_ANY), 0);
	}
	free(value);
	map_desc_unref(desc);
}
