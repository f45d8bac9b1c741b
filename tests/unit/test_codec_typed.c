/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Bytes and texts of each kind of layout, in each format. What stays when a text names
 * only a part is in test_codec_partial.c.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec.h"
#include "lib/record.h"
#include "tests/unit/layout_text.h"

/* Layouts that have no word, by name. */

static struct layout *make_enum(bool is_signed)
{
	static const struct layout_enumerator values[] = {{(char *)"NONE", 0},
							  {(char *)"ONE", 1},
							  {(char *)"ONCE", 1},
							  {(char *)"MINUS", (uint64_t)-1},
							  {(char *)"ONE_MORE", 2}};
	static const struct layout_enumerator unsigned_values[] = {{(char *)"NONE", 0},
								   {(char *)"ONE", 1},
								   {(char *)"ONCE", 1},
								   {(char *)"ONE_MORE", 2}};

	return is_signed ? layout_enum(4, 32, true, values, ARRAY_SIZE(values))
			 : layout_enum(4, 32, false, unsigned_values, ARRAY_SIZE(unsigned_values));
}

static struct layout *make_one(const char *name)
{
	if (strcmp(name, "u128") == 0)
		return layout_int(16, 128, false, false);
	if (strcmp(name, "s128") == 0)
		return layout_int(16, 128, true, false);
	if (strcmp(name, "pointer") == 0)
		return layout_plain(LAYOUT_POINTER, 8);
	if (strcmp(name, "enum") == 0)
		return make_enum(false);
	if (strcmp(name, "senum") == 0)
		return make_enum(true);
	if (strcmp(name, "prefix4") == 0)
		return layout_prefix(8, true);
	if (strcmp(name, "prefix16") == 0)
		return layout_prefix(20, true);
	if (strcmp(name, "prefix3") == 0)
		return layout_prefix(7, true);
	return layout_of(name);
}

/* "{x}" is a record whose one member x is that. */
static struct layout *make_layout(const char *name)
{
	struct layout_member member = {.name = (char *)"x", .printed = true};
	struct layout *l;
	char inner[200];

	if (name[0] != '{')
		return make_one(name);
	strcpy(inner, name + 1);
	inner[strlen(inner) - 1] = '\0';
	member.type = make_one(inner);
	assert_int_equal(record_new(member.type->size, &member, 1, &l), 0);
	layout_unref(member.type);
	return l;
}

/* The bytes print as that, and come back from it. */
static const struct {
	const char *layout, *hex, *name, *text, *json;
} spellings[] = {
	{"u8", "ff", "255", "255", "255"},
	{"s8", "80", "-128", "-128", "-128"},
	{"u64", "ffffffffffffffff", "18446744073709551615", "18446744073709551615",
	 "18446744073709551615"},
	{"s64", "0000000000000080", "-9223372036854775808", "-9223372036854775808",
	 "-9223372036854775808"},
	{"u128", "ffffffffffffffffffffffffffffffff", "340282366920938463463374607431768211455",
	 "340282366920938463463374607431768211455", "340282366920938463463374607431768211455"},
	{"s128", "00000000000000000000000000000080", "-170141183460469231731687303715884105728",
	 "-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"},
	{"be16", "1f90", "8080", "8080", "8080"},
	{"be64", "0000000000000102", "258", "258", "258"},
	{"be32", "0a000001", "10.0.0.1", "10.0.0.1", "\"10.0.0.1\""},
	{"ipv4", "ffffffff", "255.255.255.255", "255.255.255.255", "\"255.255.255.255\""},
	{"ipv6", "20010db8000000000000000000000001", "2001:db8::1", "2001:db8::1",
	 "\"2001:db8::1\""},
	{"ipv6", "00000000000000000000000000000000", "::", "::", "\"::\""},
	{"mac", "aabbccddeeff", "aa:bb:cc:dd:ee:ff", "aa:bb:cc:dd:ee:ff", "\"aa:bb:cc:dd:ee:ff\""},
	{"bool", "00", "0", "0", "false"},
	{"bool", "01", "1", "1", "true"},
	{"bool", "02", "0x02", "\"0x02\"", "\"0x02\""},
	{"float", "0000c03f", "1.5", "1.5", "1.5"},
	{"float", "00000080", "-0", "-0", "-0"},
	{"double", "9a9999999999b93f", "0.1", "0.1", "0.1"},
	{"float", "0000c07f", "0x0000c07f", "\"0x0000c07f\"", "\"0x0000c07f\""},
	{"double", "000000000000f07f", "0x000000000000f07f", "\"0x000000000000f07f\"",
	 "\"0x000000000000f07f\""},
	{"enum", "00000000", "NONE", "NONE", "\"NONE\""},
	{"enum", "01000000", "ONE", "ONE", "\"ONE\""},
	{"enum", "ffffffff", "4294967295", "4294967295", "4294967295"},
	{"senum", "ffffffff", "MINUS", "MINUS", "\"MINUS\""},
	{"senum", "feffffff", "-2", "-2", "-2"},
	{"pointer", "00000000000000ff", "0xff00000000000000", "0xff00000000000000",
	 "\"0xff00000000000000\""},
	{"pointer", "0000000000000000", "0x0", "0x0", "\"0x0\""},
	{"char[4]", "61620000", "ab", "ab", "\"ab\""},
	{"char[4]", "00000000", "%00", "", "\"\""},
	{"char[4]", "61006200", "a%00b", "a\\x00b", "\"a\\u0000b\""},
	{"char[4]", "2e2f252c", "%2E%2F%25%2C", "./%,", "\"./%,\""},
	{"char[4]", "5c0a0922", "\\%0A%09\"", "\\\\\\n\\x09\"", "\"\\\\\\n\\t\\\"\""},
	{"char[4]", "ff616263", "%FFabc", "\\xffabc", "\"0xff616263\""},
	{"char[4]", "c3a9c3a9", "\xc3\xa9\xc3\xa9", "\xc3\xa9\xc3\xa9", "\"\xc3\xa9\xc3\xa9\""},
	{"3", "0aff00", "0aff00", "0a ff 00", "\"0x0aff00\""},
	{"4", "01000000", "1", "1", "1"},
	{"u8[3]", "0aff00", "0aff00", "\"0x0aff00\"", "\"0x0aff00\""},
	{"prefix4", "080000000a000000", "10.0.0.0_8", "10.0.0.0_8", "\"10.0.0.0_8\""},
	{"prefix16", "2000000020010db8000000000000000000000000", "2001:db8::_32", "2001:db8::_32",
	 "\"2001:db8::_32\""},
	{"prefix3", "09000000ff8000", "ff8000_9", "ff8000_9", "\"ff8000_9\""},
	{"u16[3]", "010002000300", "1,2,3", "[1,2,3]", "[1,2,3]"},
	{"bool[2]", "0100", "1,0", "[true,false]", "[true,false]"},
	{"bool[2]", "0102", "0x0102", "\"0x0102\"", "\"0x0102\""},
	{"char[2][2]", "61006263", "a,bc", "[\"a\",\"bc\"]", "[\"a\",\"bc\"]"},
	{"char[2][2]", "2c002e00", "%2C,.", "[\",\",\".\"]", "[\",\",\".\"]"},
	{"ipv4[2]", "0a0000010a000002", "10.0.0.1,10.0.0.2", "[\"10.0.0.1\",\"10.0.0.2\"]",
	 "[\"10.0.0.1\",\"10.0.0.2\"]"},
	{"u8[2][3]", "010203040506", "010203,040506", "[\"0x010203\",\"0x040506\"]",
	 "[\"0x010203\",\"0x040506\"]"},
	{"{enum}", "02000000", "ONE_MORE", "{\"x\":\"ONE_MORE\"}", "{\"x\":\"ONE_MORE\"}"},
	{"{enum}", "09000000", "9", "{\"x\":9}", "{\"x\":9}"},
	{"{bool}", "01", "1", "{\"x\":true}", "{\"x\":true}"},
	{"{bool}", "ff", "0xff", "\"0xff\"", "\"0xff\""},
	{"{pointer}", "1000000000000000", "0x10", "{\"x\":\"0x10\"}", "{\"x\":\"0x10\"}"},
	{"{be16}", "0050", "80", "{\"x\":80}", "{\"x\":80}"},
	{"{mac}", "000000000001", "00:00:00:00:00:01", "{\"x\":\"00:00:00:00:00:01\"}",
	 "{\"x\":\"00:00:00:00:00:01\"}"},
	{"{char[3]}", "2e6100", "%2Ea", "{\"x\":\".a\"}", "{\"x\":\".a\"}"},
	{"{char[3]}", "ff6100", "%FFa", "\"0xff6100\"", "\"0xff6100\""},
	{"struct{u8 a;u32 b;}", "0100000002000000", "1,2", "{\"a\":1,\"b\":2}",
	 "{\"a\":1,\"b\":2}"},
	{"struct{u8 a;u32 b;}", "01ff000002000000", "0x01ff000002000000", "\"0x01ff000002000000\"",
	 "\"0x01ff000002000000\""},
	{"struct{struct{ipv4 a;be16 p;}e[2];u8 q;}",
	 "0a0000010050000000000000005100000600"
	 "0000",
	 "10.0.0.1,80,0.0.0.0,81,6",
	 "{\"e\":[{\"a\":\"10.0.0.1\",\"p\":80},{\"a\":\"0.0.0.0\",\"p\":81}],\"q\":6}",
	 "{\"e\":[{\"a\":\"10.0.0.1\",\"p\":80},{\"a\":\"0.0.0.0\",\"p\":81}],\"q\":6}"},
	{"union{u8 a;u32 b;}", "01000000", "0x01000000", "{\"b\":1}", "{\"b\":1}"},
	{"struct{u8 k;union{u8 a;u32 b;};}", "0700000001000000", "0x0700000001000000",
	 "{\"k\":7,\"b\":1}", "{\"k\":7,\"b\":1}"},
};

static void assert_spelling(enum codec_format format, const struct layout *l,
			    const unsigned char *bytes, const char *text, const char *hex)
{
	unsigned char *got = malloc(l->size);
	struct buf out = BUF_INIT(100000);
	struct diag d = {0};

	memset(got, 0xa5, l->size);
	assert_int_equal(codec_print(format, l, bytes, &out), 0);
	assert_string_equal(out.data, text);
	assert_true(out.len <= codec_print_max(format, l));
	if (format == CODEC_NAME)
		memset(got, 0, l->size);
	if (codec_parse(format, l, text, strlen(text), got, &d))
		fail_msg("'%s': at %zu, %s", text, d.offset, d.why);
	assert_hex(text, got, l->size, hex);
	buf_free(&out);
	free(got);
}

static void test_spellings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		struct layout *l = make_layout(spellings[i].layout);
		unsigned char bytes[64];
		char line[1000];

		bytes_of_hex(spellings[i].hex, bytes, l->size);
		assert_spelling(CODEC_NAME, l, bytes, spellings[i].name, spellings[i].hex);
		strcpy(line, spellings[i].text);
		strcat(line, "\n");
		assert_spelling(CODEC_TEXT, l, bytes, line, spellings[i].hex);
		assert_spelling(CODEC_JSON, l, bytes, spellings[i].json, spellings[i].hex);
		layout_unref(l);
	}
}

/* Other texts that are taken. */
static const struct {
	enum codec_format format;
	const char *layout, *text, *hex;
} accepted[] = {
	{CODEC_TEXT, "u8", " 0x2A \n", "2a"},
	{CODEC_TEXT, "u8", "007", "07"},
	{CODEC_TEXT, "bool", "true\n", "01"},
	{CODEC_TEXT, "bool", "false", "00"},
	{CODEC_JSON, "bool", "1", "01"},
	{CODEC_NAME, "bool", "true", "01"},
	{CODEC_TEXT, "enum", "ONCE\n", "01000000"},
	{CODEC_TEXT, "enum", "0x1", "01000000"},
	{CODEC_TEXT, "enum", "7", "07000000"},
	{CODEC_TEXT, "senum", "-1", "ffffffff"},
	{CODEC_JSON, "enum", "2", "02000000"},
	{CODEC_NAME, "enum", "2", "02000000"},
	{CODEC_TEXT, "be16", "0x1f90", "1f90"},
	{CODEC_TEXT, "float", "15e-1", "0000c03f"},
	{CODEC_TEXT, "float", "\"0x0000c07f\"\n", "0000c07f"},
	{CODEC_TEXT, "pointer", "255", "ff00000000000000"},
	{CODEC_JSON, "pointer", "\"255\"", "ff00000000000000"},
	{CODEC_TEXT, "mac", "AA-BB-CC-DD-EE-FF", "aabbccddeeff"},
	{CODEC_TEXT, "ipv6", "2001:0DB8:0::1", "20010db8000000000000000000000001"},
	{CODEC_TEXT, "ipv6", "::ffff:10.0.0.1", "00000000000000000000ffff0a000001"},
	{CODEC_TEXT, "char[4]", "a\\tb\n", "61096200"},
	{CODEC_TEXT, "char[4]", "", "00000000"},
	{CODEC_TEXT, "char[4]", "\n", "00000000"},
	{CODEC_TEXT, "char[4]", " a \n", "20612000"},
	{CODEC_TEXT, "char[4]", "\"ab\"\n", "22616222"},
	{CODEC_TEXT, "char[2]", "\"0x6162\"\n", "6162"},
	{CODEC_JSON, "char[4]", "\"\\u00e9\\n\"", "c3a90a00"},
	{CODEC_JSON, "char[4]", "\"\\ud83d\\udc1d\"", "f09f909d"},
	{CODEC_JSON, "char[2]", "\"0xff00\"", "ff00"},
	{CODEC_NAME, "char[4]", "%61b", "61620000"},
	{CODEC_NAME, "char[2]", "0xff00", "ff00"},
	{CODEC_TEXT, "u8[3]", "0a ff 00\n", "0aff00"},
	{CODEC_TEXT, "u8[3]", "0x0aff00", "0aff00"},
	{CODEC_TEXT, "u8[3]", "\"0aff00\"", "0aff00"},
	{CODEC_NAME, "u8[3]", "0x0AFF00", "0aff00"},
	{CODEC_NAME, "prefix4", "10.1.2.3_8", "080000000a000000"},
	{CODEC_NAME, "prefix4", "0a010203_8", "080000000a000000"},
	{CODEC_NAME, "prefix4", "0.0.0.0_0", "0000000000000000"},
	{CODEC_NAME, "prefix3", "0xffffff_9", "09000000ff8000"},
	{CODEC_TEXT, "u16[2]", " [ 1 , 0x2 ] \n", "01000200"},
	{CODEC_TEXT, "u16[2]", "\"0x01000200\"", "01000200"},
	{CODEC_NAME, "u16[2]", "0x01000200", "01000200"},
	{CODEC_NAME, "u16[2]", "0x1,0x2", "01000200"},
	{CODEC_TEXT, "struct{u8 a;u8 b;}", "{\"b\":2,\"a\":1}", "0102"},
	{CODEC_TEXT, "struct{u8 a;u8 b;}", "{\n  \"a\": 1,\n  \"b\": 2\n}\n", "0102"},
	{CODEC_TEXT, "struct{u8 a;u8 b;}", "{ \"\\u0061\" : 1 , \"b\" :2 }", "0102"},
	{CODEC_TEXT, "struct{u8 a;u8 b;}", "\"0x0102\"\n", "0102"},
	{CODEC_JSON, "struct{u8 a;u8 b;}", " \"0x0102\" ", "0102"},
	{CODEC_NAME, "struct{u8 a;u8 b;}", "0x0102", "0102"},
	{CODEC_TEXT, "struct{u16 a[2];struct{u8 b;u8 c;}d;}",
	 "{\n\t\"a\": [\n\t\t1,\n\t\t2\n\t],\n\t\"d\": {\n\t\t\"b\": 3,\n\t\t\"c\": 4\n\t}\n}\n",
	 "010002000304"},
};

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		struct layout *l = make_layout(accepted[i].layout);
		unsigned char bytes[64] = {0};
		struct diag d = {0};
		const char *text = accepted[i].text;

		if (codec_parse(accepted[i].format, l, text, strlen(text), bytes, &d))
			fail_msg("%s '%s': at %zu, %s", accepted[i].layout, text, d.offset, d.why);
		assert_hex(text, bytes, l->size, accepted[i].hex);
		layout_unref(l);
	}
}

/* A pointer's hex is a number, also where it has as many digits as the key's bytes. */
static void test_pointer_beside_nothing(void **state)
{
	struct layout *pointer = layout_plain(LAYOUT_POINTER, 8), *one = layout_of("bool"), *l;
	struct layout *none = layout_array(one, 0, 1);
	const struct layout_member members[] = {
		{.name = (char *)"p", .type = pointer, .printed = true},
		{.name = (char *)"none", .type = none, .offset = 8, .printed = true},
	};
	unsigned char bytes[8];

	(void)state;
	assert_int_equal(record_new(8, members, 2, &l), 0);
	bytes_of_hex("00008000000000ff", bytes, 8);
	assert_spelling(CODEC_NAME, l, bytes, "0xff00000000800000", "00008000000000ff");
	layout_unref(l);
	layout_unref(none);
	layout_unref(one);
	layout_unref(pointer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_pointer_beside_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
