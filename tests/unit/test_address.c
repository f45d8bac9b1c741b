/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/address.h"

typedef int parse_fn(struct text *t, unsigned char *bytes);

static int parse_ipv4(struct text *t, unsigned char *bytes)
{
	return address_parse_ipv4(t, bytes);
}

static int parse_ipv6(struct text *t, unsigned char *bytes)
{
	return address_parse_ipv6(t, bytes);
}

static int parse_mac(struct text *t, unsigned char *bytes)
{
	return address_parse_mac(t, bytes);
}

/* The text is on the heap, exactly as long as it is, for the sanitizer. */
static int parse(parse_fn *fn, const char *s, size_t len, unsigned char bytes[16], size_t *pos,
		 struct diag *d)
{
	char *text = malloc(len + !len);
	struct text t = {.s = text, .len = len, .diag = d};
	int err;

	memcpy(text, s, len);
	*d = (struct diag){0};
	memset(bytes, 0xee, 16);
	err = fn(&t, bytes);
	*pos = t.pos;
	if (err && (d->err != -err || !d->placed || !d->why[0]))
		fail_msg("'%s': %d is not explained", s, err);
	for (int i = 0; err && i < 16; i++)
		assert_int_equal(bytes[i], 0xee);
	free(text);
	return err;
}

/* No beginning of a text that is complete is refused for good. */
static void check_prefixes(parse_fn *fn, const char *s, size_t len)
{
	for (size_t n = 0; n < len; n++) {
		unsigned char bytes[16];
		struct diag d;
		size_t pos;
		int err = parse(fn, s, n, bytes, &pos, &d);

		if (err && err != -EAGAIN)
			fail_msg("'%.*s': %s", (int)n, s, d.why);
		if (err && d.offset != n)
			fail_msg("'%.*s': at %zu", (int)n, s, d.offset);
	}
}

struct parse_case {
	const char *s;
	int err;
	size_t at;         /* where the cursor stands, or where it went wrong */
	const char *bytes; /* as many as the address has */
};

static void check_cases(parse_fn *fn, size_t size, const struct parse_case *cases, size_t count)
{
	for (const struct parse_case *c = cases; c < cases + count; c++) {
		unsigned char bytes[16];
		struct diag d;
		size_t pos;
		int err = parse(fn, c->s, strlen(c->s), bytes, &pos, &d);

		if (err != c->err)
			fail_msg("'%s': %d, not %d (%s)", c->s, err, c->err, d.why);
		if ((err ? d.offset : pos) != c->at)
			fail_msg("'%s': at %zu, not %zu (%s)", c->s, err ? d.offset : pos, c->at,
				 d.why);
		if (!err && memcmp(bytes, c->bytes, size))
			fail_msg("'%s': other bytes", c->s);
		if (!err)
			check_prefixes(fn, c->s, c->at);
	}
}

static void test_parse_ipv4(void **state)
{
	static const struct parse_case cases[] = {
		{"10.0.0.1", 0, 8, "\x0a\0\0\x01"},
		{"255.255.255.255", 0, 15, "\xff\xff\xff\xff"},
		{"0.0.0.0", 0, 7, "\0\0\0\0"},
		{"10.0.0.0_8", 0, 8, "\x0a\0\0\0"},
		{"1.2.3.4,5", 0, 7, "\1\2\3\4"},
		{"1.2.3.4\"", 0, 7, "\1\2\3\4"},
		{"1.2.3.4\n", 0, 7, "\1\2\3\4"},
		{"1.2.3.4.5", 0, 7, "\1\2\3\4"},
		{"", -EAGAIN, 0, NULL},
		{"1", -EAGAIN, 1, NULL},
		{"1.2.3.", -EAGAIN, 6, NULL},
		{"1.2.3", -EAGAIN, 5, NULL},
		{"256.0.0.1", -EINVAL, 0, NULL},
		{"1.2.3.300", -EINVAL, 6, NULL},
		{"1.2.3.1000000000000000000", -EINVAL, 6, NULL},
		{"01.2.3.4", -EINVAL, 0, NULL},
		{"1.2.3.00", -EINVAL, 6, NULL},
		{"1..2.3", -EINVAL, 2, NULL},
		{"1.2.3,4", -EINVAL, 5, NULL},
		{"1.2.3.x", -EINVAL, 6, NULL},
		{"-1.2.3.4", -EINVAL, 0, NULL},
		{" 1.2.3.4", -EINVAL, 0, NULL},
		{"0x1.2.3.4", -EINVAL, 1, NULL},
		{".1.2.3", -EINVAL, 0, NULL},
	};

	(void)state;
	check_cases(parse_ipv4, 4, cases, ARRAY_SIZE(cases));
}

#define ONE_TO_EIGHT "\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\x8"
#define ZEROS_14 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void test_parse_ipv6(void **state)
{
	static const struct parse_case cases[] = {
		{"1:2:3:4:5:6:7:8", 0, 15, ONE_TO_EIGHT},
		{"::", 0, 2, ZEROS_14 "\0\0"},
		{"::1", 0, 3, ZEROS_14 "\0\1"},
		{"1::", 0, 3, "\0\1" ZEROS_14},
		{"::_0", 0, 2, ZEROS_14 "\0\0"},
		{"2001:DB8::_32", 0, 10, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0"},
		{"::1,2", 0, 3, ZEROS_14 "\0\1"},
		{"::1\"", 0, 3, ZEROS_14 "\0\1"},
		{"::1%eth0", 0, 3, ZEROS_14 "\0\1"},
		{"1:2:3:4:5:6:7::", 0, 15, "\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\0"},
		{"::2:3:4:5:6:7:8", 0, 15, "\0\0\0\2\0\3\0\4\0\5\0\6\0\7\0\x8"},
		{"1:2:3::5:6:7:8", 0, 14, "\0\1\0\2\0\3\0\0\0\5\0\6\0\7\0\x8"},
		{"00ab::0001", 0, 10, "\0\xab\0\0\0\0\0\0\0\0\0\0\0\0\0\1"},
		{"::ffff:10.0.0.1", 0, 15, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1"},
		{"::1.2.3.4", 0, 9, "\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4"},
		{"1:2:3:4:5:6:7.8.9.10", 0, 20, "\0\1\0\2\0\3\0\4\0\5\0\6\7\x8\x9\x0a"},
		{"1::3:4:5:6:7.8.9.10", 0, 19, "\0\1\0\0\0\3\0\4\0\5\0\6\7\x8\x9\x0a"},
		/* it ends where no part of it can follow */
		{"::g", 0, 2, ZEROS_14 "\0\0"},
		{":::", 0, 2, ZEROS_14 "\0\0"},
		{"1:::2", 0, 3, "\0\1" ZEROS_14},
		{"1:2:3:4:5:6:7:8.9.10.11", 0, 15, ONE_TO_EIGHT},
		{"1:2:3:4:5:6:7:8:9", 0, 15, ONE_TO_EIGHT},
		{"1:2:3:4:5:6:7:8::", 0, 15, ONE_TO_EIGHT},
		{"1::3:4:5:6:7:8:9", 0, 14, "\0\1\0\0\0\3\0\4\0\5\0\6\0\7\0\x8"},
		{"1:2:3:4:5:6:7::8", 0, 15, "\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\0"},
		{"::1.2.3.4:5", 0, 9, "\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4"},
		{"::2:3:4:5:6:7:8.1", 0, 15, "\0\0\0\2\0\3\0\4\0\5\0\6\0\7\0\x8"},
		/* too early */
		{"", -EAGAIN, 0, NULL},
		{":", -EAGAIN, 1, NULL},
		{"1", -EAGAIN, 1, NULL},
		{"1:", -EAGAIN, 2, NULL},
		{"::1:", -EAGAIN, 4, NULL},
		{"1:2:3:4:5:6:7:", -EAGAIN, 14, NULL},
		{"1:2:3:4:5:6:7", -EAGAIN, 13, NULL},
		{"::1.", -EAGAIN, 4, NULL},
		{"::1.2.3", -EAGAIN, 7, NULL},
		/* wrong */
		{":1", -EINVAL, 1, NULL},
		{":_", -EINVAL, 1, NULL},
		{"1.2.3.4", -EINVAL, 1, NULL},
		{"1:2.3.4.5", -EINVAL, 3, NULL},
		{"1:2,3", -EINVAL, 3, NULL},
		{"1:,", -EINVAL, 2, NULL},
		{"1::2::3", -EINVAL, 5, NULL},
		{"::1:,", -EINVAL, 4, NULL},
		{"12345::", -EINVAL, 4, NULL},
		{"::00001", -EINVAL, 6, NULL},
		{"g::", -EINVAL, 0, NULL},
		{"::1.2.3.256", -EINVAL, 8, NULL},
		{"::01.2.3.4", -EINVAL, 2, NULL},
		{"::ab.2.3.4", -EINVAL, 2, NULL},
	};

	(void)state;
	check_cases(parse_ipv6, 16, cases, ARRAY_SIZE(cases));
}

static void test_parse_mac(void **state)
{
	static const struct parse_case cases[] = {
		{"aa:bb:cc:dd:ee:ff", 0, 17, "\xaa\xbb\xcc\xdd\xee\xff"},
		{"AA-bB-00-01-02-03", 0, 17, "\xaa\xbb\0\1\2\3"},
		{"00:00:00:00:00:00,1", 0, 17, "\0\0\0\0\0\0"},
		{"00:00:00:00:00:001", 0, 17, "\0\0\0\0\0\0"},
		{"", -EAGAIN, 0, NULL},
		{"a", -EAGAIN, 1, NULL},
		{"aa", -EAGAIN, 2, NULL},
		{"aa-", -EAGAIN, 3, NULL},
		{"aa:bb:cc:dd:ee:f", -EAGAIN, 16, NULL},
		{"aa:bb:cc:dd:ee", -EAGAIN, 14, NULL},
		{"aa:bb-cc:dd:ee:ff", -EINVAL, 5, NULL},
		{"aa-bb:cc-dd-ee-ff", -EINVAL, 5, NULL},
		{"aabbccddeeff", -EINVAL, 2, NULL},
		{"a:b:c:d:e:f", -EINVAL, 1, NULL},
		{"ag:bb:cc:dd:ee:ff", -EINVAL, 1, NULL},
		{"aa::bb:cc:dd:ee:ff", -EINVAL, 3, NULL},
		{"aa:bb:cc:dd:ee\n", -EINVAL, 14, NULL},
	};

	(void)state;
	check_cases(parse_mac, 6, cases, ARRAY_SIZE(cases));
}

static void test_print_ipv6(void **state)
{
	static const struct {
		const char *bytes, *s;
	} cases[] = {
		{ZEROS_14 "\0\0", "::"},
		{ZEROS_14 "\0\1", "::1"},
		{"\0\1" ZEROS_14, "1::"},
		{ONE_TO_EIGHT, "1:2:3:4:5:6:7:8"},
		{"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", "2001:db8::1"},
		{"\x20\x01\0\0\0\0\0\1\0\0\0\0\0\0\0\1", "2001:0:0:1::1"},   /* the longest */
		{"\x20\x01\0\0\0\0\0\1\0\1\0\0\0\0\0\1", "2001::1:1:0:0:1"}, /* the first */
		{"\0\1\0\0\0\3\0\4\0\5\0\6\0\7\0\x8", "1:0:3:4:5:6:7:8"},    /* not one */
		{"\xab\xcd\x0f\xf0\0\x10\0\0\0\0\0\0\0\0\0\0", "abcd:ff0:10::"},
		{"\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1", "::ffff:10.0.0.1"},
		{"\0\0\0\0\0\0\0\0\0\0\xff\xff\0\0\0\0", "::ffff:0.0.0.0"},
		{"\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4", "::102:304"},
		{"\0\0\0\0\0\0\0\0\0\1\xff\xff\1\2\3\4", "::1:ffff:102:304"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_INIT(100);

		address_print_ipv6((const unsigned char *)cases[i].bytes, &out);
		assert_buf(&out, cases[i].s);
	}
}

static void test_print_others(void **state)
{
	static const unsigned char mac[6] = {0xaa, 0, 1, 0x9f, 0xf9, 0xff};
	struct buf out = BUF_INIT(100);

	(void)state;
	address_print_mac(mac, &out);
	assert_buf(&out, "aa:00:01:9f:f9:ff");
	address_print_ipv4((const unsigned char *)"\xff\x64\x63\0", &out);
	assert_buf(&out, "255.100.99.0");
}

/* Prints, compares with libc, and reads it back. */
static void check_back(parse_fn *fn, struct buf *out, const char *expected,
		       const unsigned char *bytes, size_t size)
{
	unsigned char back[16] = {0};
	struct text t = {.s = out->data, .len = out->len};

	if (strcmp(out->data, expected) != 0)
		fail_msg("'%s', not '%s'", out->data, expected);
	if (fn(&t, back) || memcmp(back, bytes, size) || !text_done(&t))
		fail_msg("'%s' does not come back", out->data);
	buf_clear(out);
}

static void test_ipv4_like_libc(void **state)
{
	struct buf out = BUF_INIT(100);

	(void)state;
	for (int round = 0; round < 1000000; round++) {
		uint32_t address = (uint32_t)random_number();
		char expected[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, &address, expected, sizeof(expected));
		address_print_ipv4((unsigned char *)&address, &out);
		check_back(parse_ipv4, &out, expected, (unsigned char *)&address, 4);
	}
	buf_free(&out);
}

/* Each group is zero, small, ffff or anything. */
static void random_ipv6(unsigned char bytes[16])
{
	uint32_t zeros = 1 + random_below(8);

	for (int i = 0; i < 16; i += 2) {
		uint32_t kind = random_below(8), any = random_below(65536);
		uint32_t group = kind < zeros ? 0 : any >> (random_below(4) * 4);

		group = group && !random_below(6) ? 0xffff : group;
		bytes[i] = (unsigned char)(group >> 8);
		bytes[i + 1] = (unsigned char)group;
	}
}

static bool is_compatible(const unsigned char bytes[16])
{
	static const unsigned char zeros[12];

	return memcmp(bytes, zeros, 12) == 0 && (bytes[12] || bytes[13]);
}

static void test_ipv6_like_libc(void **state)
{
	struct buf out = BUF_INIT(100);

	(void)state;
	for (int round = 0; round < 1000000; round++) {
		unsigned char bytes[16];
		char expected[INET6_ADDRSTRLEN];

		random_ipv6(bytes);
		inet_ntop(AF_INET6, bytes, expected, sizeof(expected));
		if (is_compatible(bytes)) /* ::1.2.3.4 to libc */
			snprintf(expected, sizeof(expected), "::%x:%x", bytes[12] << 8 | bytes[13],
				 bytes[14] << 8 | bytes[15]);
		address_print_ipv6(bytes, &out);
		check_back(parse_ipv6, &out, expected, bytes, 16);
	}
	buf_free(&out);
}

static void mutate(char *s, size_t room)
{
	static const char chars[] = "::::....00112f9aF,_g";

	for (uint32_t n = random_below(4); n; n--) {
		size_t len = strlen(s), at = random_below((uint32_t)len + 1);
		char c = chars[random_below(sizeof(chars) - 1)];

		if (random_below(3) == 0 && len + 1 < room) {
			memmove(s + at + 1, s + at, len - at + 1);
			s[at] = c;
		} else if (random_below(2) && at < len) {
			memmove(s + at, s + at + 1, len - at);
		} else if (at < len) {
			s[at] = c;
		}
	}
}

/* The same is accepted, and it means the same. */
static bool check_verdict(parse_fn *fn, int family, const char *s)
{
	size_t size = family == AF_INET ? 4 : 16, pos;
	unsigned char bytes[16], expected[16];
	struct diag d;
	int err = parse(fn, s, strlen(s), bytes, &pos, &d);
	bool accepted = !err && pos == strlen(s);

	if (accepted != (inet_pton(family, s, expected) == 1))
		fail_msg("'%s': %d up to %zu (%s)", s, err, pos, d.why);
	if (accepted && memcmp(bytes, expected, size))
		fail_msg("'%s': other bytes", s);
	if (accepted)
		check_prefixes(fn, s, pos);
	return accepted;
}

static void test_verdicts_like_libc(void **state)
{
	int accepted = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		unsigned char bytes[16];
		char s[64];

		random_ipv6(bytes);
		inet_ntop(AF_INET6, bytes, s, 48);
		mutate(s, sizeof(s));
		accepted += check_verdict(parse_ipv6, AF_INET6, s);
		random_bytes(bytes, 4);
		inet_ntop(AF_INET, bytes, s, 48);
		mutate(s, sizeof(s));
		accepted += check_verdict(parse_ipv4, AF_INET, s);
	}
	assert_in_range(accepted, 50000, 390000);
}

static void test_mac_round_trip(void **state)
{
	struct buf out = BUF_INIT(100);

	(void)state;
	for (int round = 0; round < 10000; round++) {
		unsigned char bytes[6];
		char expected[24];

		random_bytes(bytes, sizeof(bytes));
		snprintf(expected, sizeof(expected), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0],
			 bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
		address_print_mac(bytes, &out);
		check_back(parse_mac, &out, expected, bytes, sizeof(bytes));
	}
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_ipv4),     cmocka_unit_test(test_parse_ipv6),
		cmocka_unit_test(test_parse_mac),      cmocka_unit_test(test_print_ipv6),
		cmocka_unit_test(test_print_others),   cmocka_unit_test(test_ipv4_like_libc),
		cmocka_unit_test(test_ipv6_like_libc), cmocka_unit_test(test_verdicts_like_libc),
		cmocka_unit_test(test_mac_round_trip),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
