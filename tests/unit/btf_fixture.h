/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* btf_fixture: a BTF that a test fills, and what libbpf would not put into it. */
#ifndef BPFMAPFS_TESTS_BTF_FIXTURE_H
#define BPFMAPFS_TESTS_BTF_FIXTURE_H

#include <bpf/btf.h>
#include <stdint.h>

struct layout;

/* The ids of the types that are there at the start; the next one is BASE_END. */
enum {
	U8 = 1,
	U16,
	U32,
	U64,
	U128,
	S8,
	S16,
	S32,
	S64,
	CHAR,      /* as gcc and clang name it: signed, "char" */
	CHAR_FLAG, /* told by its encoding */
	BOOL,
	FLOAT,
	DOUBLE,
	BASE_END,
};

extern struct btf *btf;

/* For cmocka_unit_test_setup_teardown(): each test has a btf of its own. */
int btf_setup(void **state);
int btf_teardown(void **state);

#define BTF_TEST(f) cmocka_unit_test_setup_teardown(f, btf_setup, btf_teardown)

/* A struct; the members that are added next are its own. Returns its id. */
int add_struct(const char *name, uint32_t size);
void add_field(const char *name, int type, uint32_t bit);
void add_bits(const char *name, int type, uint32_t bit, uint32_t bits);

/* A struct of a number n and, behind its 4 bytes, x of that type and size. */
int add_holder(int type, uint32_t size);

/* An enum of one value, A=1, that says it has that many bytes. */
int add_one_enum(uint32_t size);

/* The type, to be spoilt. */
struct btf_type *writable_type(int id);

/* The type is that (layout_text.h), told in size bytes; 0: in as many as it has. */
void assert_type(int id, uint32_t size, const char *expected);

/* The same, read from the raw bytes of the BTF, as what the kernel or a file gives is;
 * and what is printed of zeroes reads back. */
void assert_raw_type(int id, uint32_t size, const char *expected);
struct layout *read_layout(int id, uint32_t size);
void check_text(const struct layout *l);

#endif
