/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The layouts that targets choose from. To add one: a word, or an entry in make_others(). */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lib/ctype.h"
#include "lib/record.h"

static const char *const words[] = {
	"1",
	"2",
	"3",
	"4",
	"8",
	"16",
	"300",
	"479",
	"u8",
	"s16",
	"u32",
	"s64",
	"bool",
	"char",
	"float",
	"double",
	"be16",
	"be32",
	"be64",
	"ipv4",
	"ipv6",
	"mac",
	"char[1]",
	"char[16]",
	"char[239]",
	"char[300]",
	"u8[20]",
	"u8[130]",
	"s32[3]",
	"char[4][2]",
	"struct{ipv4 saddr;ipv4 daddr;be16 sport;be16 dport;u8 proto}",
	"struct{char[8] name;s32 cpu;u16 port}",
	"struct{char[150] a;char[120] b}",
	"struct{char[236] a;u16 b}",
	"struct{u64 n;struct{bool up;char[5] name;u8[3] raw} link[2];ipv6 to}",
	"union{u32 word;u8[6] bytes}",
	"struct{u8 kind;union{u64 number;char[6] text};float rate}",
	"struct{double a;float b;s8 c}",
};

enum { WORDS = sizeof(words) / sizeof(words[0]), OTHERS = 18 };

static struct layout *of_word(const char *word)
{
	struct ctype *type = NULL;
	struct layout *l = NULL;

	if (ctype_parse(word, strlen(word), &type, NULL) == 0)
		l = layout_ref(type->layout);
	fuzz_promise(l != NULL, word, NULL, NULL, NULL);
	ctype_unref(type);
	return l;
}

static struct layout *make_enum(void)
{
	const struct layout_enumerator values[] = {
		{"NONE", 0}, {"TCP", 6}, {"TCP_SYN", 7}, {"FAILED", (uint64_t)-1}};

	return layout_enum(4, 32, true, values, 4);
}

static struct layout *make_record(const struct layout_member *members, uint32_t count,
				  uint32_t size)
{
	struct layout *l = NULL;

	record_new(size, members, count, &l);
	for (uint32_t i = 0; i < count; i++)
		layout_unref(members[i].type);
	return l;
}

static struct layout *make_bits(void)
{
	const struct layout_member members[] = {
		{.name = "low",
		 .type = layout_int(4, 3, false, false),
		 .bit_size = 3,
		 .printed = true},
		{.name = "sign",
		 .type = layout_int(4, 7, true, false),
		 .bit_offset = 3,
		 .bit_size = 7,
		 .printed = true},
		{.name = "kind", .type = make_enum(), .offset = 4, .printed = true},
		{.name = "at",
		 .type = layout_plain(LAYOUT_POINTER, 8),
		 .offset = 8,
		 .printed = true},
	};

	return make_record(members, 4, 16);
}

static struct layout *make_locked(void)
{
	const struct layout_member members[] = {
		{.name = "lock", .type = layout_plain(LAYOUT_OWNED, 4)},
		{.name = "n",
		 .type = layout_int(4, 32, false, false),
		 .offset = 4,
		 .printed = true},
		{.name = "comm",
		 .type = layout_plain(LAYOUT_CHARS, 8),
		 .offset = 8,
		 .printed = true},
	};

	return make_record(members, 3, 16);
}

static struct layout *per_cpu(struct layout *elem)
{
	struct layout *l = layout_per_cpu(elem, 3);

	layout_unref(elem);
	return l;
}

static int make_others(struct layout **out)
{
	int n = 0;

	out[n++] = layout_prefix(8, true);
	out[n++] = layout_prefix(20, true);
	out[n++] = layout_prefix(8, false);
	out[n++] = layout_prefix(5, false);
	out[n++] = layout_prefix(20, false);
	out[n++] = layout_prefix(4 + LAYOUT_PREFIX_DATA, false);
	out[n++] = layout_int(16, 128, true, false);
	out[n++] = layout_plain(LAYOUT_POINTER, 8);
	out[n++] = make_enum();
	out[n++] = make_bits();
	out[n++] = make_locked();
	out[n++] = per_cpu(of_word("u64"));
	out[n++] = per_cpu(of_word("char[6]"));
	out[n++] = per_cpu(of_word("s32[3]"));
	out[n++] = per_cpu(make_locked());
	out[n++] = per_cpu(of_word("struct{u8 kind;union{u64 number;char[6] text};float rate}"));
	out[n++] = layout_plain(LAYOUT_PID_FD, 8);
	out[n++] = layout_plain(LAYOUT_IFINDEX, 4);
	return n;
}

const struct layout *fuzz_layout(unsigned char choice)
{
	static struct layout *layouts[WORDS + OTHERS];

	if (!layouts[0]) {
		for (int i = 0; i < WORDS; i++)
			layouts[i] = of_word(words[i]);
		fuzz_promise(make_others(layouts + WORDS) == OTHERS, "OTHERS", NULL, NULL, NULL);
		for (int i = 0; i < WORDS + OTHERS; i++)
			fuzz_promise(layouts[i] != NULL, "a layout is made", NULL, NULL, NULL);
	}
	return layouts[choice % (WORDS + OTHERS)];
}
