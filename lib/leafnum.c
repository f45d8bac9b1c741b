/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/leafnum.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/quote.h"
#include "lib/real.h"

/* Numbers. */

uint64_t leaf_load(const unsigned char *bytes, uint32_t size)
{
	uint64_t number = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&number, bytes, size);
#else
	memcpy((unsigned char *)&number + sizeof(number) - size, bytes, size);
#endif
	return number;
}

void leaf_store(uint64_t number, unsigned char *bytes, uint32_t size)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(bytes, &number, size);
#else
	memcpy(bytes, (unsigned char *)&number + sizeof(number) - size, size);
#endif
}

static uint64_t swap(uint64_t number, uint32_t size)
{
	return __builtin_bswap64(number) >> (64 - 8 * size);
}

/* A number of at most 8 bytes, sign-extended. */
static uint64_t load_number(const unsigned char *bytes, uint32_t size, bool is_signed)
{
	uint64_t number = leaf_load(bytes, size);
	unsigned int spare = 64 - size * 8;

	return is_signed ? (uint64_t)((int64_t)(number << spare) >> spare) : number;
}

static text_wide load_wide(const struct layout *l, const unsigned char *bytes)
{
	text_wide number;

	if (l->size == sizeof(number)) {
		memcpy(&number, bytes, sizeof(number));
		return number;
	}
	if (l->number.is_big_endian)
		return swap(leaf_load(bytes, l->size), l->size);
	if (l->number.is_signed)
		return (text_wide)(int64_t)load_number(bytes, l->size, true);
	return leaf_load(bytes, l->size);
}

static void print_int(FORMAT_PRINT_ARGS)
{
	text_print_integer(load_wide(l, bytes), l->number.is_signed, out);
}

static int parse_int(FORMAT_PARSE_ARGS)
{
	text_wide number;
	int err = text_integer(t, l->number.is_signed, l->number.bits, &number);

	if (err)
		return err;
	if (l->size == sizeof(number))
		memcpy(bytes, &number, sizeof(number));
	else if (l->number.is_big_endian)
		leaf_store(swap((uint64_t)number, l->size), bytes, l->size);
	else
		leaf_store((uint64_t)number, bytes, l->size);
	return 0;
}

static size_t max_int(FORMAT_MAX_ARGS)
{
	return l->size == 16 ? 40 : sizeof("-9223372036854775808") - 1;
}

const struct spelling leaf_int = {print_int, parse_int, max_int, NULL};

/* Truth: 0 and 1 in a name, false and true in JSON; read as either. */

static const struct {
	const char *word;
	unsigned char value;
} truths[] = {{"false", 0}, {"true", 1}, {"0", 0}, {"1", 1}};

static void print_bool(FORMAT_PRINT_ARGS)
{
	buf_addc(out, bytes[0] ? '1' : '0');
}

static void print_bool_json(FORMAT_PRINT_ARGS)
{
	buf_adds(out, bytes[0] ? "true" : "false");
}

static int parse_bool(FORMAT_PARSE_ARGS)
{
	size_t left = t->len - t->pos;

	if (text_done(t))
		return text_missing(t, "true or false");
	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
		size_t len = strlen(truths[i].word);

		if (memcmp(t->s + t->pos, truths[i].word, left < len ? left : len) != 0)
			continue;
		if (left < len)
			return text_missing(t, "the rest of true or false");
		t->pos += len;
		*bytes = truths[i].value;
		return 0;
	}
	return diag_at(t->diag, EINVAL, t->pos, "true or false is expected here");
}

static bool carries_bool(FORMAT_CARRIES_ARGS)
{
	return bytes[0] <= 1;
}

FORMAT_FIXED_MAX(max_bool, 5)

const struct spelling leaf_bool_bare = {print_bool, parse_bool, max_bool, carries_bool};
const struct spelling leaf_bool_json = {print_bool_json, parse_bool, max_bool, carries_bool};

/* Floats. */

static void print_float(FORMAT_PRINT_ARGS)
{
	real_print(bytes, l->size, out);
}

static int parse_float(FORMAT_PARSE_ARGS)
{
	return real_parse(t, bytes, l->size);
}

static bool carries_float(FORMAT_CARRIES_ARGS)
{
	return real_is_finite(bytes, l->size);
}

FORMAT_FIXED_MAX(max_float, 32)

const struct spelling leaf_float = {print_float, parse_float, max_float, carries_float};

/* Enums: a name, or a number where none fits. */

static const char *enum_name(const struct layout *l, const unsigned char *bytes)
{
	return layout_enum_name(l, load_number(bytes, l->size, l->enums.is_signed));
}

static void print_enum_number(const struct layout *l, const unsigned char *bytes, struct buf *out)
{
	uint64_t number = load_number(bytes, l->size, l->enums.is_signed);

	text_print_integer(l->enums.is_signed ? (text_wide)(int64_t)number : number,
			   l->enums.is_signed, out);
}

static void print_enum(FORMAT_PRINT_ARGS)
{
	const char *name = enum_name(l, bytes);

	if (name)
		buf_adds(out, name);
	else
		print_enum_number(l, bytes, out);
}

static void print_enum_json(FORMAT_PRINT_ARGS)
{
	const char *name = enum_name(l, bytes);

	if (name)
		quote_print_json(name, strlen(name), out);
	else
		print_enum_number(l, bytes, out);
}

static int parse_enum_number(const struct layout *l, struct text *t, unsigned char *bytes)
{
	text_wide number;
	int err = text_integer(t, l->enums.is_signed, l->enums.bits, &number);

	if (!err)
		leaf_store((uint64_t)number, bytes, l->size);
	return err;
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || c == '.';
}

static bool is_number_start(char c)
{
	return (c >= '0' && c <= '9') || c == '-';
}

/* Is the word a beginning of some name? */
static bool begins_a_name(const struct layout *l, const char *word, size_t len)
{
	for (uint32_t i = 0; i < l->enums.count; i++)
		if (strncmp(l->enums.by_value[i].name, word, len) == 0)
			return true;
	return false;
}

/* A bit-field may be too small for some of its enum's values. */
static bool fits_bits(const struct layout *l, uint64_t value)
{
	unsigned int spare = 64 - l->enums.bits;

	if (l->enums.is_signed)
		return (uint64_t)((int64_t)(value << spare) >> spare) == value;
	return value << spare >> spare == value;
}

/* The word ends at *end of the text; all of it is known if is_whole. */
static int take_enum_word(const struct layout *l, struct text *t, size_t end, bool is_whole,
			  unsigned char *bytes)
{
	const char *word = t->s + t->pos;
	size_t len = end - t->pos;
	uint64_t value;

	if (layout_enum_value(l, word, len, &value)) {
		if (!fits_bits(l, value))
			return diag_at(t->diag, EINVAL, t->pos,
				       "this value does not fit into %u bits", l->enums.bits);
		leaf_store(value, bytes, l->size);
		t->pos = end;
		return 0;
	}
	if (!is_whole && begins_a_name(l, word, len))
		return text_missing(t, "the rest of the name");
	return diag_at(t->diag, EINVAL, t->pos, "the enum has no value of this name");
}

static int parse_enum(FORMAT_PARSE_ARGS)
{
	size_t end = t->pos;

	if (is_number_start(text_peek(t)))
		return parse_enum_number(l, t, bytes);
	while (end < t->len && is_word_byte(t->s[end]))
		end++;
	return take_enum_word(l, t, end, end < t->len, bytes);
}

static int parse_enum_json(FORMAT_PARSE_ARGS)
{
	const char *quote;
	int err;

	if (is_number_start(text_peek(t)))
		return parse_enum_number(l, t, bytes);
	err = text_expect(t, '"');
	if (err)
		return err;
	quote = memchr(t->s + t->pos, '"', t->len - t->pos);
	err = take_enum_word(l, t, quote ? (size_t)(quote - t->s) : t->len, quote != NULL, bytes);
	return err ? err : text_expect(t, '"');
}

static size_t max_enum(FORMAT_MAX_ARGS)
{
	size_t max = sizeof("-9223372036854775808") - 1;

	for (uint32_t i = 0; i < l->enums.count; i++)
		if (strlen(l->enums.by_value[i].name) + 2 > max)
			max = strlen(l->enums.by_value[i].name) + 2;
	return max;
}

const struct spelling leaf_enum_bare = {print_enum, parse_enum, max_enum, NULL};
const struct spelling leaf_enum_json = {print_enum_json, parse_enum_json, max_enum, NULL};

/* Pointers: always hex. */

static void print_pointer(FORMAT_PRINT_ARGS)
{
	buf_addf(out, "0x%" PRIx64, leaf_load(bytes, l->size));
}

static int parse_pointer(FORMAT_PARSE_ARGS)
{
	uint64_t number;
	int err = text_unsigned(t, UINT64_MAX >> (64 - 8 * l->size), &number);

	if (!err)
		leaf_store(number, bytes, l->size);
	return err;
}

FORMAT_FIXED_MAX(max_pointer, 20)
FORMAT_QUOTED(pointer)

const struct spelling leaf_pointer_bare = {print_pointer, parse_pointer, max_pointer, NULL};
const struct spelling leaf_pointer_json = {print_quoted_pointer, parse_quoted_pointer, max_pointer,
					   NULL};
