/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/leafstack.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <string.h>

#include "lib/leafnum.h"
#include "lib/symbols.h"

static int parse_stack(FORMAT_PARSE_ARGS)
{
	(void)bytes;
	return diag_at(t->diag, EINVAL, t->pos, "a stack trace is taken by a program, not written");
}

/* The two forms of a frame. Behind the last one of a trace are zeroes. */

struct form {
	uint32_t size;
	bool (*is_end)(const unsigned char *bytes);
	void (*print)(const unsigned char *bytes, struct buf *out);
};

static void print_address(uint64_t address, struct buf *out)
{
	buf_addf(out, "0x%016" PRIx64, address);
	symbols_print(&symbols_kernel, address, out);
}

static bool is_no_frame(const unsigned char *bytes)
{
	return !leaf_load(bytes, sizeof(uint64_t));
}

static void print_frame(const unsigned char *bytes, struct buf *out)
{
	print_address(leaf_load(bytes, sizeof(uint64_t)), out);
}

static const struct form frames = {sizeof(uint64_t), is_no_frame, print_frame};

static struct bpf_stack_build_id load_build_id(const unsigned char *bytes)
{
	struct bpf_stack_build_id id;

	memcpy(&id, bytes, sizeof(id));
	return id;
}

static bool is_no_build_id(const unsigned char *bytes)
{
	return load_build_id(bytes).status == BPF_STACK_BUILD_ID_EMPTY;
}

/* Where the kernel found no build id it tells the address. */
static void print_build_id(const unsigned char *bytes, struct buf *out)
{
	struct bpf_stack_build_id id = load_build_id(bytes);

	if (id.status != BPF_STACK_BUILD_ID_VALID) {
		print_address(id.ip, out);
		return;
	}
	text_print_hex(id.build_id, sizeof(id.build_id), "", out);
	buf_addf(out, "+0x%" PRIx64, (uint64_t)id.offset);
}

static const struct form build_ids = {sizeof(struct bpf_stack_build_id), is_no_build_id,
				      print_build_id};

/* Traces. */

static bool has_frame(const struct form *form, const struct layout *l, const unsigned char *bytes,
		      uint32_t at)
{
	return l->size - at >= form->size && !form->is_end(bytes + at);
}

static void print_lines(const struct form *form, const struct layout *l, const unsigned char *bytes,
			struct buf *out)
{
	for (uint32_t at = 0; has_frame(form, l, bytes, at); at += form->size) {
		if (at)
			buf_addc(out, '\n');
		form->print(bytes + at, out);
	}
}

static void print_strings(const struct form *form, const struct layout *l,
			  const unsigned char *bytes, struct buf *out)
{
	buf_addc(out, '[');
	for (uint32_t at = 0; has_frame(form, l, bytes, at); at += form->size) {
		buf_adds(out, at ? ",\"" : "\"");
		form->print(bytes + at, out);
		buf_addc(out, '"');
	}
	buf_addc(out, ']');
}

/* An address with its symbol is longer than a build id. */
static size_t max_trace(const struct form *form, const struct layout *l)
{
	enum { FRAME = sizeof("0x0123456789abcdef") - 1 + SYMBOLS_TEXT };

	return format_add(format_mul(l->size / form->size, FRAME + sizeof("\"\",") - 1), 2);
}

#define TRACES(form)                                                                              \
	static void print_##form(FORMAT_PRINT_ARGS)                                               \
	{                                                                                         \
		print_lines(&form, l, bytes, out);                                                \
	}                                                                                         \
	static void print_##form##_json(FORMAT_PRINT_ARGS)                                        \
	{                                                                                         \
		print_strings(&form, l, bytes, out);                                              \
	}                                                                                         \
	static size_t max_##form(FORMAT_MAX_ARGS)                                                 \
	{                                                                                         \
		return max_trace(&form, l);                                                       \
	}                                                                                         \
	const struct spelling leaf_##form = {print_##form, parse_stack, max_##form, NULL};        \
	const struct spelling leaf_##form##_json = {print_##form##_json, parse_stack, max_##form, \
						    NULL};

TRACES(frames)
TRACES(build_ids)
