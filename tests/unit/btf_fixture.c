/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/btf_fixture.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

#include "lib/btflayout.h"
#include "lib/codec.h"
#include "tests/unit/layout_text.h"

struct btf *btf;

int btf_setup(void **state)
{
	static const struct {
		const char *name;
		size_t size;
		int encoding;
	} ints[] = {
		{"unsigned char", 1, 0},      {"unsigned short", 2, 0},
		{"unsigned int", 4, 0},       {"unsigned long", 8, 0},
		{"unsigned __int128", 16, 0}, {"signed char", 1, BTF_INT_SIGNED},
		{"short", 2, BTF_INT_SIGNED}, {"int", 4, BTF_INT_SIGNED},
		{"long", 8, BTF_INT_SIGNED},  {"char", 1, BTF_INT_SIGNED},
		{"letter", 1, BTF_INT_CHAR},  {"_Bool", 1, BTF_INT_BOOL},
	};

	(void)state;
	btf = btf__new_empty();
	for (size_t i = 0; i < ARRAY_SIZE(ints); i++)
		btf__add_int(btf, ints[i].name, ints[i].size, ints[i].encoding);
	btf__add_float(btf, "float", 4);
	assert_int_equal(btf__add_float(btf, "double", 8), DOUBLE);
	return 0;
}

int btf_teardown(void **state)
{
	(void)state;
	btf__free(btf);
	return 0;
}

int add_struct(const char *name, uint32_t size)
{
	return btf__add_struct(btf, name, size);
}

void add_field(const char *name, int type, uint32_t bit)
{
	assert_int_equal(btf__add_field(btf, name, type, bit, 0), 0);
}

void add_bits(const char *name, int type, uint32_t bit, uint32_t bits)
{
	assert_int_equal(btf__add_field(btf, name, type, bit, bits), 0);
}

int add_holder(int type, uint32_t size)
{
	int id = add_struct("holder", size + 4);

	add_field("n", U32, 0);
	add_field("x", type, 32);
	return id;
}

int add_one_enum(uint32_t size)
{
	int e = btf__add_enum(btf, "e", 4);

	btf__add_enum_value(btf, "A", 1);
	writable_type(e)->size = size;
	return e;
}

/* Adding a string makes libbpf drop the bytes that it has given out before. */
struct btf_type *writable_type(int id)
{
	assert_true(btf__add_str(btf, "changed") > 0);
	return (struct btf_type *)(uintptr_t)btf__type_by_id(btf, (uint32_t)id);
}

/* The type is that, told in size bytes; 0: in as many as it has. */
void assert_type(int id, uint32_t size, const char *expected)
{
	struct layout *l = NULL;
	int64_t real = id > 0 ? btf__resolve_size(btf, (uint32_t)id) : 0;

	assert_true(id > 0 && (size || real > 0));
	assert_int_equal(btflayout_read(btf, (uint32_t)id, size ? size : (uint32_t)real, &l), 0);
	assert_int_equal(l->size, size ? size : real);
	assert_layout(l, expected);
	layout_unref(l);
}

/* What is printed of zeroes reads back. */
void check_text(const struct layout *l)
{
	unsigned char *bytes = calloc(1, l->size);
	struct buf text = BUF_INIT(1 << 26);
	struct diag d = {0};

	for (int format = CODEC_NAME; format <= CODEC_JSON; format++) {
		enum codec_format f = (enum codec_format)format;

		buf_clear(&text);
		assert_int_equal(codec_print(f, l, bytes, &text), 0);
		if (codec_parse(f, l, text.data, text.len, bytes, &d))
			fail_msg("format %d: '%s': at %zu, %s", format, text.data, d.offset, d.why);
	}
	buf_free(&text);
	free(bytes);
}

/* Read from the bytes, as what the kernel or a file gives is. */
struct layout *read_layout(int id, uint32_t size)
{
	struct layout *l = NULL;
	uint32_t len;
	const void *raw = btf__raw_data(btf, &len);
	struct btf *copy = btf__new(raw, len);

	assert_non_null(copy);
	assert_int_equal(btflayout_read(copy, (uint32_t)id, size, &l), 0);
	btf__free(copy);
	assert_int_equal(l->size, size);
	return l;
}

void assert_raw_type(int id, uint32_t size, const char *expected)
{
	struct layout *l = read_layout(id, size);

	assert_layout(l, expected);
	check_text(l);
	layout_unref(l);
}
