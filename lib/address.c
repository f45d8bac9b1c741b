/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/address.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const char hex[] = "0123456789abcdef";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return text_hex_digit(c) >= 0;
}

/* IPv4. */

enum { IPV4_ROOM = sizeof("255.255.255.255") };

/* The put_ functions write and return where they end. */
static char *put_octet(char *at, unsigned int octet)
{
	if (octet >= 100)
		*at++ = (char)('0' + octet / 100);
	if (octet >= 10)
		*at++ = (char)('0' + octet / 10 % 10);
	*at++ = (char)('0' + octet % 10);
	return at;
}

static char *put_ipv4(char *at, const unsigned char bytes[4])
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*at++ = '.';
		at = put_octet(at, bytes[i]);
	}
	return at;
}

void address_print_ipv4(const unsigned char bytes[4], struct buf *out)
{
	char room[IPV4_ROOM];

	buf_add(out, room, (size_t)(put_ipv4(room, bytes) - room));
}

static int parse_octet(struct text *t, unsigned char *octet)
{
	size_t start = t->pos;
	unsigned int number = 0;

	for (; is_digit(text_peek(t)); t->pos++) {
		if (t->pos > start && !number)
			return diag_at(t->diag, EINVAL, start, "no zero may lead: is it octal?");
		number = number * 10 + (unsigned int)(text_peek(t) - '0');
		if (number > 255)
			return diag_at(t->diag, EINVAL, start, "out of range: 0 to 255");
	}
	if (t->pos == start && text_done(t))
		return text_missing(t, "a part of the address");
	if (t->pos == start)
		return diag_at(t->diag, EINVAL, start, "a number is expected here: 0 to 255");
	*octet = (unsigned char)number;
	return 0;
}

int address_parse_ipv4(struct text *t, unsigned char bytes[4])
{
	unsigned char octets[4];

	for (int i = 0; i < 4; i++) {
		int err = i ? text_expect(t, '.') : 0;

		if (!err)
			err = parse_octet(t, &octets[i]);
		if (err)
			return err;
	}
	memcpy(bytes, octets, sizeof(octets));
	return 0;
}

/* IPv6. */

enum { IPV6_ROOM = sizeof("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") };

static unsigned int group_at(const unsigned char bytes[16], int i)
{
	return (unsigned int)bytes[i * 2] << 8 | bytes[i * 2 + 1];
}

/* The first of the longest runs of two zero groups or more; *len is 0 if there is none. */
static int longest_gap(const unsigned char bytes[16], int *len)
{
	int best = 0, run = 0;

	*len = 0;
	for (int i = 0; i < 8; i++) {
		run = group_at(bytes, i) ? 0 : run + 1;
		if (run > 1 && run > *len) {
			*len = run;
			best = i + 1 - run;
		}
	}
	return best;
}

static char *put_group(char *at, unsigned int group)
{
	for (int shift = 12; shift >= 0; shift -= 4)
		if (!shift || group >> shift)
			*at++ = hex[group >> shift & 15];
	return at;
}

static char *put_groups(char *at, const unsigned char bytes[16])
{
	int len, gap = longest_gap(bytes, &len);

	for (int i = 0; i < 8;) {
		bool in_gap = len && i == gap;

		if (i || in_gap)
			*at++ = ':';
		if (!in_gap)
			at = put_group(at, group_at(bytes, i));
		i += in_gap ? len : 1;
	}
	if (len && gap + len == 8)
		*at++ = ':';
	return at;
}

void address_print_ipv6(const unsigned char bytes[16], struct buf *out)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const char prefix[] = "::ffff:";
	char room[IPV6_ROOM], *end;

	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		end = put_ipv4(mempcpy(room, prefix, sizeof(prefix) - 1), bytes + 12);
	else
		end = put_groups(room, bytes);
	buf_add(out, room, (size_t)(end - room));
}

/* What was read of an IPv6 address. */
struct groups {
	unsigned char bytes[16];
	int count;   /* of groups, without those that the gap stands for */
	int gap;     /* so many groups stand before "::"; -1 without one */
	bool dotted; /* the last two were written as IPv4, which ends it */
};

/* Is there room for n groups more? A gap takes the room of one. */
static bool has_room(const struct groups *g, int n)
{
	return g->count + (g->gap >= 0) + n <= 8;
}

/* May IPv4 stand here? Without a gap, at the very end alone. */
static bool may_be_dotted(const struct groups *g)
{
	return g->gap < 0 ? g->count == 6 : has_room(g, 2);
}

static int parse_dotted(struct text *t, struct groups *g)
{
	int err = address_parse_ipv4(t, &g->bytes[g->count * 2]);

	g->count += 2;
	g->dotted = true;
	return err;
}

static int parse_group(struct text *t, struct groups *g)
{
	size_t start = t->pos;
	unsigned int group = 0;

	for (; is_hex(text_peek(t)); t->pos++) {
		if (t->pos - start == 4)
			return diag_at(t->diag, EINVAL, t->pos, "a group has four digits at most");
		group = group << 4 | (unsigned int)text_hex_digit(text_peek(t));
	}
	if (t->pos == start && text_done(t))
		return text_missing(t, "a part of the address");
	if (t->pos == start)
		return diag_at(t->diag, EINVAL, start, "hex digits are expected here");
	if (text_peek(t) == '.' && may_be_dotted(g)) {
		t->pos = start;
		return parse_dotted(t, g);
	}
	g->bytes[g->count * 2] = (unsigned char)(group >> 8);
	g->bytes[g->count * 2 + 1] = (unsigned char)group;
	g->count++;
	return 0;
}

/* Behind "::". Returns 1 if a group follows, else 0. */
static int begin_gap(struct text *t, struct groups *g)
{
	g->gap = g->count;
	return has_room(g, 1) && is_hex(text_peek(t));
}

/* What stands before the first group. Returns 1 if a group follows, 0, or -errno. */
static int parse_begin(struct text *t, struct groups *g)
{
	int err;

	if (!text_take(t, ':'))
		return 1;
	err = text_expect(t, ':');
	return err ? err : begin_gap(t, g);
}

/* What stands behind a group. Returns as parse_begin(). */
static int parse_between(struct text *t, struct groups *g)
{
	bool complete = g->dotted || !has_room(g, 1);
	int err;

	if (complete || (g->gap >= 0 && text_peek(t) != ':'))
		return 0;
	err = text_expect(t, ':');
	if (err)
		return err;
	return g->gap < 0 && text_take(t, ':') ? begin_gap(t, g) : 1;
}

int address_parse_ipv6(struct text *t, unsigned char bytes[16])
{
	struct groups g = {.gap = -1};
	int more = parse_begin(t, &g);
	size_t before, behind;

	while (more > 0) {
		int err = parse_group(t, &g);

		more = err ? err : parse_between(t, &g);
	}
	if (more < 0)
		return more;
	before = (size_t)(g.gap < 0 ? g.count : g.gap) * 2;
	behind = (size_t)g.count * 2 - before;
	memset(bytes, 0, sizeof(g.bytes));
	memcpy(bytes, g.bytes, before);
	memcpy(bytes + sizeof(g.bytes) - behind, g.bytes + before, behind);
	return 0;
}

/* MAC. */

void address_print_mac(const unsigned char bytes[6], struct buf *out)
{
	char room[6 * 3];

	for (int i = 0; i < 6; i++) {
		room[i * 3] = hex[bytes[i] >> 4];
		room[i * 3 + 1] = hex[bytes[i] & 15];
		room[i * 3 + 2] = ':';
	}
	buf_add(out, room, sizeof(room) - 1);
}

static int parse_two_digits(struct text *t, unsigned char *byte)
{
	*byte = 0;
	for (int i = 0; i < 2; i++, t->pos++) {
		if (text_done(t))
			return text_missing(t, "a part of the address");
		if (!is_hex(text_peek(t)))
			return diag_at(t->diag, EINVAL, t->pos, "two hex digits make a byte");
		*byte = (unsigned char)(*byte << 4 | text_hex_digit(text_peek(t)));
	}
	return 0;
}

int address_parse_mac(struct text *t, unsigned char bytes[6])
{
	unsigned char read[6];
	char separator = ':';

	for (int i = 0; i < 6; i++) {
		int err;

		if (i == 1 && text_peek(t) == '-')
			separator = '-';
		err = i ? text_expect(t, separator) : 0;
		if (!err)
			err = parse_two_digits(t, &read[i]);
		if (err)
			return err;
	}
	memcpy(bytes, read, sizeof(read));
	return 0;
}
