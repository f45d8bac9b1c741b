/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Mutations of inputs of fuzz_fuse that keep them what they are: orders are put in, left out,
 * swapped, repeated; a field of one is changed, its bytes, or a name or a text of them becomes
 * another that means something. Now and then a whole habit comes in: what tools ask in a row.
 */
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuse_order.h"
#include "tests/fuzz/fuse_words.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum { ORDER_BYTES = 2048, INPUT_BYTES = 1 << 16 };

/* Of libFuzzer. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
				 size_t other_size, uint8_t *out, size_t max_size,
				 unsigned int seed);

struct item {
	struct order o;
	uint8_t bytes[ORDER_BYTES];
};

struct input {
	uint8_t world[WORLD_BYTES];
	size_t count;
	struct item items[ORDERS_MAX];
};

static uint64_t state;

static uint32_t below(uint32_t limit)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1d) >> 32) % limit;
}

static void seed_with(unsigned int seed)
{
	state = seed * 2654435761U + 1ULL;
}

/* Words. */

static unsigned int world; /* of the input at hand */

static const char *some_name(void)
{
	return fuse_name(below(3) ? world : FUSE_ANY_WORLD, below(1 << 16));
}

static const char *some_text(void)
{
	return fuse_text(below(3) ? world : FUSE_ANY_WORLD, below(1 << 16));
}

static void put_bytes(struct item *i, const void *bytes, size_t len, bool ends)
{
	size_t room = sizeof(i->bytes) - i->o.len;

	if (len + ends > room)
		return;
	memcpy(i->bytes + i->o.len, bytes, len);
	i->o.len = (uint16_t)(i->o.len + len);
	if (ends)
		i->bytes[i->o.len++] = '\0';
}

static void put_word(struct item *i, const char *word, bool ends)
{
	put_bytes(i, word, strlen(word), ends);
}

/* How the bytes of an order are made of words. */

static bool takes_text(uint8_t op)
{
	return op == ORDER_WRITE || op == ORDER_STORE || op == ORDER_SYMLINK;
}

static void put_words(struct item *i)
{
	i->o.len = 0;
	if (i->o.op != ORDER_WRITE)
		put_word(i, some_name(), takes_text(i->o.op) || i->o.op == ORDER_RENAME);
	if (takes_text(i->o.op))
		put_word(i, some_text(), false);
	if (i->o.op == ORDER_RENAME)
		put_word(i, some_name(), false);
}

/* One name of it becomes another. */
static void change_word(struct item *i)
{
	struct item old = *i;
	size_t first = strnlen((const char *)old.bytes, old.o.len);
	size_t behind = first < old.o.len ? first + 1 : old.o.len;
	bool is_first = i->o.op != ORDER_WRITE && below(2);

	i->o.len = 0;
	if (is_first)
		put_word(i, some_name(), behind > first);
	else if (i->o.op != ORDER_WRITE)
		put_bytes(i, old.bytes, first, true);
	if (is_first)
		put_bytes(i, old.bytes + behind, old.o.len - behind, false);
	else
		put_word(i, takes_text(i->o.op) ? some_text() : some_name(), false);
}

/* Fields. */

static uint8_t some_index(void)
{
	return (uint8_t)(below(2) ? 255 - below(3) : below(12));
}

static uint32_t some_flags(uint8_t op)
{
	static const uint32_t open[] = {O_RDONLY,
					O_WRONLY,
					O_RDWR,
					O_WRONLY | O_TRUNC,
					O_RDWR | O_TRUNC,
					O_WRONLY | O_APPEND,
					O_RDONLY | O_TRUNC,
					3,
					O_RDONLY | O_NONBLOCK,
					O_WRONLY | O_EXCL,
					O_RDWR | O_EXCL,
					O_WRONLY | O_EXCL | O_TRUNC};

	if (op == ORDER_FALLOCATE)
		return below(4) ? 0 : below(8);
	if (op == ORDER_OPEN || op == ORDER_CREATE)
		return open[below(ARRAY_SIZE(open))];
	return op == ORDER_SETATTR ? below(1 << 12) : below(8);
}

static uint16_t some_mode(void)
{
	static const uint16_t modes[] = {0600, 0644, 0666, 0, 0400, 0777, 0640, 0660};

	return modes[below(ARRAY_SIZE(modes))];
}

static void change_field(struct item *i)
{
	switch (below(8)) {
	case 0:
		i->o.op = (uint8_t)below(ORDER_OPS);
		break;
	case 1:
		i->o.node = some_index();
		break;
	case 2:
		i->o.other = some_index();
		break;
	case 3:
		i->o.who = (uint8_t)below(256);
		break;
	case 4:
		i->o.flags = below(4) ? some_flags(i->o.op) : i->o.flags ^ 1U << below(20);
		break;
	case 5:
		i->o.mode = some_mode();
		break;
	case 6:
		i->o.size = (uint16_t)(below(2) ? below(64) : below(1 << 16));
		break;
	default:
		i->o.off = (uint16_t)(below(2) ? below(32) : below(1 << 16));
	}
}

/* Orders. */

static void make_item(struct item *i, uint8_t op)
{
	i->o = (struct order){.op = op,
			      .node = some_index(),
			      .other = 255,
			      .who = (uint8_t)(below(4) ? 0 : below(256)),
			      .flags = some_flags(op),
			      .mode = some_mode(),
			      .size = (uint16_t)(below(2) ? 0x8000 : below(256)),
			      .off = (uint16_t)(below(3) ? 0 : below(64))};
	if ((op == ORDER_MKDIR || op == ORDER_RENAME) && below(2))
		i->o.node = 0;
	put_words(i);
}

/* What comes in a row; the last node and the last handle are meant behind the first of them. */
static const uint8_t habits[][8] = {
	{ORDER_LOOKUP, ORDER_OPEN, ORDER_READ, ORDER_READ, ORDER_RELEASE, ORDER_OPS},
	{ORDER_LOOKUP, ORDER_OPEN, ORDER_WRITE, ORDER_FLUSH, ORDER_RELEASE, ORDER_OPS},
	{ORDER_CREATE, ORDER_WRITE, ORDER_FLUSH, ORDER_RELEASE, ORDER_SETATTR, ORDER_OPS},
	{ORDER_CREATE, ORDER_FALLOCATE, ORDER_WRITE, ORDER_FLUSH, ORDER_RELEASE, ORDER_OPS},
	{ORDER_CREATE, ORDER_WRITE, ORDER_FLUSH, ORDER_RELEASE, ORDER_RENAME, ORDER_OPS},
	{ORDER_OPEN, ORDER_LIST, ORDER_LIST, ORDER_RELEASE, ORDER_OPS},
	{ORDER_SYMLINK, ORDER_READLINK, ORDER_RENAME, ORDER_OPS},
	{ORDER_MKDIR, ORDER_CREATE, ORDER_WRITE, ORDER_FLUSH, ORDER_RELEASE, ORDER_OPS},
	{ORDER_STORE, ORDER_STORE, ORDER_STORE, ORDER_WALK, ORDER_OPS},
	{ORDER_MKDIR, ORDER_STORE, ORDER_STORE, ORDER_WALK, ORDER_OPS},
	{ORDER_STORE, ORDER_LOOKUP, ORDER_UNLINK, ORDER_GETATTR, ORDER_OPS},
	{ORDER_LOOKUP, ORDER_SETATTR, ORDER_GETATTR, ORDER_FORGET, ORDER_OPS},
};

static bool make_gap(struct input *in, size_t at, size_t count)
{
	if (in->count + count > ORDERS_MAX)
		return false;
	memmove(in->items + at + count, in->items + at, (in->count - at) * sizeof(struct item));
	in->count += count;
	return true;
}

static bool is_of_names(uint8_t op)
{
	return op == ORDER_RENAME || op == ORDER_UNLINK || op == ORDER_STORE || op == ORDER_WALK;
}

static void put_habit(struct input *in, size_t at)
{
	const uint8_t *habit = habits[below(ARRAY_SIZE(habits))];
	bool in_new = habit[0] == ORDER_MKDIR;
	uint8_t dir = some_index();

	for (size_t i = 0; habit[i] != ORDER_OPS && make_gap(in, at, 1); i++, at++) {
		make_item(&in->items[at], habit[i]);
		in->items[at].o.node = i && (in_new || !is_of_names(habit[i])) ? 255 : dir;
		if (habit[i] == ORDER_RELEASE && habit[0] == ORDER_OPEN)
			in->items[at].o.flags = 1;
	}
}

static void put_item(struct input *in, size_t at)
{
	if (make_gap(in, at, 1))
		make_item(&in->items[at], (uint8_t)below(ORDER_OPS));
}

static void drop_items(struct input *in, size_t at)
{
	size_t count = 1 + below(4);

	if (at + count > in->count)
		return;
	in->count -= count;
	memmove(in->items + at, in->items + at + count, (in->count - at) * sizeof(struct item));
}

static void swap_items(struct input *in, size_t at)
{
	size_t other = below((uint32_t)in->count);
	struct item item = in->items[at];

	in->items[at] = in->items[other];
	in->items[other] = item;
}

static void repeat_items(struct input *in, size_t at)
{
	size_t count = 1 + below(4), to = at + count;

	if (to <= in->count && make_gap(in, to, count))
		memcpy(in->items + to, in->items + at, count * sizeof(struct item));
}

static void change_bytes(struct item *i)
{
	i->o.len = (uint16_t)LLVMFuzzerMutate(i->bytes, i->o.len, sizeof(i->bytes));
}

static void change(struct input *in)
{
	size_t at = in->count ? below((uint32_t)in->count) : 0;
	uint32_t way = in->count ? below(16) : below(5);

	if (way < 2)
		put_habit(in, at + (in->count && below(2)));
	else if (way < 4)
		put_item(in, at + (in->count && below(2)));
	else if (way == 4)
		in->world[below(WORLD_BYTES)] = (uint8_t)(below(2) ? below(8) : 1U << below(8));
	else if (way < 7)
		drop_items(in, at);
	else if (way == 7)
		swap_items(in, at);
	else if (way == 8)
		repeat_items(in, at);
	else if (way < 11)
		change_word(&in->items[at]);
	else if (way == 11)
		change_bytes(&in->items[at]);
	else
		change_field(&in->items[at]);
}

/* Inputs. */

static void read_input(const uint8_t *data, size_t size, struct input *in)
{
	const uint8_t *bytes;
	size_t at = WORLD_BYTES, len;

	in->count = 0;
	memset(in->world, 0, sizeof(in->world));
	if (size < WORLD_BYTES)
		return;
	memcpy(in->world, data, WORLD_BYTES);
	while (in->count < ORDERS_MAX) {
		struct item *i = &in->items[in->count];

		len = order_read(data + at, size - at, &i->o, &bytes);
		if (!len)
			break;
		if (i->o.len > ORDER_BYTES)
			i->o.len = ORDER_BYTES;
		memcpy(i->bytes, bytes, i->o.len);
		at += len;
		in->count++;
	}
}

static size_t write_input(const struct input *in, uint8_t *out, size_t room)
{
	size_t at = WORLD_BYTES;

	if (room < WORLD_BYTES)
		return 0;
	memcpy(out, in->world, WORLD_BYTES);
	for (size_t i = 0; i < in->count; i++) {
		const struct item *item = &in->items[i];

		if (at + sizeof(item->o) + item->o.len > room)
			break;
		memcpy(out + at, &item->o, sizeof(item->o));
		memcpy(out + at + sizeof(item->o), item->bytes, item->o.len);
		at += sizeof(item->o) + item->o.len;
	}
	return at;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	static struct input in;

	seed_with(seed);
	read_input(data, size, &in);
	world = in.world[0];
	for (uint32_t n = 1 + below(4); n; n--)
		change(&in);
	return write_input(&in, data, max_size);
}

/* The beginning of one and the end of the other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
				 size_t other_size, uint8_t *out, size_t max_size,
				 unsigned int seed)
{
	static struct input in, tail;
	size_t from;

	seed_with(seed);
	read_input(one, one_size, &in);
	read_input(other, other_size, &tail);
	in.count = in.count ? below((uint32_t)in.count + 1) : 0;
	for (from = tail.count ? below((uint32_t)tail.count) : 0;
	     from < tail.count && in.count < ORDERS_MAX; from++)
		in.items[in.count++] = tail.items[from];
	return write_input(&in, out, max_size);
}
