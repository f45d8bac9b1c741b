/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Stack traces as text: frames and build ids, as lines and as JSON. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/codec.h"
#include "lib/symbols.h"

enum { FRAMES = 127 };

#define TEMPLATE "/tmp/test_leafstack.XXXXXX"

static char path[sizeof(TEMPLATE)];

/* A kernel of three functions and one program. */
static int set_up(void **state)
{
	static const char text[] = "ffffffff81000000 T start\n"
				   "ffffffff81001000 t middle\n"
				   "ffffffff81002000 T end\n"
				   "ffffffffc0000000 t bpf_prog_6deef7357e7b4530_f\t[bpf]\n";
	int fd;

	(void)state;
	memcpy(path, TEMPLATE, sizeof(path));
	fd = mkstemp(path);
	symbols_kernel.path = path;
	if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0)
		return -1;
	return close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	symbols_forget(&symbols_kernel);
	return unlink(path);
}

static void assert_text(enum codec_format format, enum layout_kind kind, const void *bytes,
			uint32_t size, const char *expected)
{
	struct layout *l = layout_plain(kind, size);
	struct buf out = BUF_INIT(1 << 20);

	assert_non_null(l);
	assert_int_equal(codec_print(format, l, bytes, &out), 0);
	assert_true(out.len <= codec_print_max(format, l));
	assert_buf(&out, expected);
	layout_unref(l);
}

static const struct {
	uint64_t frames[4];
	const char *text, *json;
} traces[] = {
	{{0}, "\n", "[]"},
	{{0, 0xffffffff81000000}, "\n", "[]"},
	{{0xffffffff81000012},
	 "0xffffffff81000012 start+0x12\n",
	 "[\"0xffffffff81000012 start+0x12\"]"},
	{{0xffffffff81001fff, 0xffffffffc0000001, 0x401000},
	 "0xffffffff81001fff middle+0xfff\n"
	 "0xffffffffc0000001 bpf_prog_6deef7357e7b4530_f+0x1 [bpf]\n"
	 "0x0000000000401000\n",
	 "[\"0xffffffff81001fff middle+0xfff\","
	 "\"0xffffffffc0000001 bpf_prog_6deef7357e7b4530_f+0x1 [bpf]\","
	 "\"0x0000000000401000\"]"},
	{{1, 0xffffffff80ffffff, 0xffffffffffffffff, 0xffffffff81002000},
	 "0x0000000000000001\n0xffffffff80ffffff\n0xffffffffffffffff\n"
	 "0xffffffff81002000 end+0x0\n",
	 "[\"0x0000000000000001\",\"0xffffffff80ffffff\",\"0xffffffffffffffff\","
	 "\"0xffffffff81002000 end+0x0\"]"},
};

static void test_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(traces); i++) {
		const void *frames = traces[i].frames;

		assert_text(CODEC_TEXT, LAYOUT_FRAMES, frames, 32, traces[i].text);
		assert_text(CODEC_JSON, LAYOUT_FRAMES, frames, 32, traces[i].json);
	}
}

/* Values stand anywhere in a batch. */
static void test_unaligned(void **state)
{
	unsigned char bytes[1 + 16] = {0};
	uint64_t frame = 0xffffffff81000000;

	(void)state;
	memcpy(bytes + 1, &frame, sizeof(frame));
	assert_text(CODEC_TEXT, LAYOUT_FRAMES, bytes + 1, 16, "0xffffffff81000000 start+0x0\n");
}

#define ID "00112233445566778899aabbccddeeff01020304"
#define ID_BYTES                                                                              \
	{                                                                                     \
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, \
			0xdd, 0xee, 0xff, 0x01, 0x02, 0x03, 0x04                              \
	}

static void test_build_ids(void **state)
{
	static const struct {
		struct bpf_stack_build_id ids[3];
		const char *text, *json;
	} cases[] = {
		{{{0}}, "\n", "[]"},
		{{{0}, {BPF_STACK_BUILD_ID_IP, {0}, {.ip = 1}}}, "\n", "[]"},
		{{{BPF_STACK_BUILD_ID_VALID, ID_BYTES, {.offset = 0x1a2b}}},
		 ID "+0x1a2b\n",
		 "[\"" ID "+0x1a2b\"]"},
		{{{BPF_STACK_BUILD_ID_IP, {0}, {.ip = 0x7f0012345678}},
		  {BPF_STACK_BUILD_ID_VALID, ID_BYTES, {.offset = 0}},
		  {BPF_STACK_BUILD_ID_IP, {0}, {.ip = 0xffffffff81001001}}},
		 "0x00007f0012345678\n" ID "+0x0\n0xffffffff81001001 middle+0x1\n",
		 "[\"0x00007f0012345678\",\"" ID "+0x0\",\"0xffffffff81001001 middle+0x1\"]"},
		{{{BPF_STACK_BUILD_ID_VALID, {0}, {.offset = UINT64_MAX}},
		  {BPF_STACK_BUILD_ID_IP, {0}, {.ip = 0}}},
		 "0000000000000000000000000000000000000000+0xffffffffffffffff\n"
		 "0x0000000000000000\n",
		 "[\"0000000000000000000000000000000000000000+0xffffffffffffffff\","
		 "\"0x0000000000000000\"]"},
	};

	(void)state;
	assert_int_equal(sizeof(cases[0].ids[0]), 32);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_text(CODEC_TEXT, LAYOUT_BUILD_IDS, cases[i].ids, 96, cases[i].text);
		assert_text(CODEC_JSON, LAYOUT_BUILD_IDS, cases[i].ids, 96, cases[i].json);
	}
}

/* Sizes that hold no whole number of frames: what is left over is none. */
static void test_odd_sizes(void **state)
{
	unsigned char bytes[40];

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	assert_text(CODEC_TEXT, LAYOUT_FRAMES, bytes, 7, "\n");
	assert_text(CODEC_TEXT, LAYOUT_FRAMES, bytes, 15, "0xffffffffffffffff\n");
	assert_text(CODEC_JSON, LAYOUT_BUILD_IDS, bytes, 31, "[]");
	assert_text(CODEC_JSON, LAYOUT_BUILD_IDS, bytes, 39, "[\"0xffffffffffffffff\"]");
}

/* The longest names there can be, in a trace that is full. */
static void test_longest(void **state)
{
	struct layout *l = layout_plain(LAYOUT_FRAMES, FRAMES * 8);
	FILE *file = fopen(path, "w");
	uint64_t frames[FRAMES];

	(void)state;
	assert_non_null(l);
	assert_non_null(file);
	fprintf(file, "8000000000000000 T ");
	for (int i = 0; i < SYMBOLS_NAME; i++)
		fputc('n', file);
	fputc('\t', file);
	for (int i = 0; i < SYMBOLS_MODULE; i++)
		fputc('m', file);
	fprintf(file, "\nffffffffffffffff t n\tm\n");
	assert_int_equal(fclose(file), 0);
	for (int i = 0; i < FRAMES; i++)
		frames[i] = 0x8000000000001fff;
	for (int format = CODEC_NAME; format <= CODEC_JSON; format++) {
		struct buf out = BUF_INIT(1 << 20);

		assert_int_equal(codec_print((enum codec_format)format, l, frames, &out), 0);
		assert_true(out.len > FRAMES * (SYMBOLS_NAME + SYMBOLS_MODULE));
		assert_true(out.len <= codec_print_max((enum codec_format)format, l));
		buf_free(&out);
	}
	layout_unref(l);
}

static void test_raw(void **state)
{
	(void)state;
	assert_text(CODEC_RAW, LAYOUT_FRAMES, "abcdefgh", 8, "abcdefgh");
}

/* Not even its own text is taken back. */
static void test_no_way_back(void **state)
{
	static const enum layout_kind kinds[] = {LAYOUT_FRAMES, LAYOUT_BUILD_IDS};
	static const char *const texts[] = {"0xffffffff81000012 start+0x12\n", "0x1\n", "1",
					    "[\"0x1\"]", ID "+0x1\n"};

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
			struct layout *l = layout_plain(kinds[k], 64);
			unsigned char bytes[64] = {0};
			struct diag d = {0};

			assert_int_equal(
				codec_parse(CODEC_TEXT, l, texts[i], strlen(texts[i]), bytes, &d),
				-EINVAL);
			assert_int_equal(d.err, EINVAL);
			assert_string_equal(d.why,
					    "a stack trace is taken by a program, not written");
			layout_unref(l);
		}
}

/* Of a buffer that is full the error is told. */
static void test_full_buffer(void **state)
{
	struct layout *l = layout_plain(LAYOUT_FRAMES, 32);

	(void)state;
	for (size_t max = 1; max < strlen(traces[3].text); max++) {
		struct buf out = BUF_INIT(max);

		assert_int_equal(codec_print(CODEC_TEXT, l, (const void *)traces[3].frames, &out),
				 -EFBIG);
		buf_free(&out);
	}
	layout_unref(l);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frames),  CASE(unaligned), CASE(build_ids),   CASE(odd_sizes),
		CASE(longest), CASE(raw),       CASE(no_way_back), CASE(full_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
