/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The element of a struct_ops: of a type of the kernel's own, and read-only. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/btf_fixture.h"
#include "tests/unit/fake_sys.h"

/* The type of the kernel's that the values below are of. */
static uint32_t ops_type;

static int setup(void **state)
{
	int chars;

	fake_reset();
	btf_setup(state);
	chars = btf__add_array(btf, U32, CHAR, 12);
	ops_type = (uint32_t)add_struct("bpf_struct_ops_x", 16);
	add_field("state", U32, 0);
	add_field("name", chars, 32);
	fake_set_vmlinux(btf);
	return 0;
}

static int teardown(void **state)
{
	fake_reset();
	return btf_teardown(state);
}

static struct bpf_map_info ops_info(uint32_t value_size)
{
	return (struct bpf_map_info){.id = 7,
				     .type = BPF_MAP_TYPE_STRUCT_OPS,
				     .key_size = 4,
				     .value_size = value_size,
				     .max_entries = 1,
				     .btf_vmlinux_value_type_id = ops_type};
}

static struct map_desc *describe_ops(const struct bpf_map_info *info)
{
	struct map_desc *desc;

	assert_int_equal(map_desc_new(info, NULL, &desc), 0);
	assert_int_equal(desc->key->size, 4);
	assert_int_equal(desc->value->size, info->value_size);
	return desc;
}

static void test_type_of_kernel(void **state)
{
	const struct bpf_map_info info = ops_info(16);
	struct map_desc *desc = describe_ops(&info);
	struct buf text = BUF_INIT(4096);
	uint32_t zero = 0, one = 1;

	(void)state;
	assert_true(ctype_is_struct(desc->value_type));
	assert_false(ctype_is_typed(desc->key_type));
	ctype_print_c(desc->value_type, "value", "", &text);
	assert_non_null(strstr(text.data, "struct bpf_struct_ops_x value;"));
	assert_true(map_desc_has_room_for(desc, &zero));
	assert_false(map_desc_has_room_for(desc, &one));
	buf_free(&text);
	map_desc_unref(desc);
}

static void assert_bytes(const struct bpf_map_info *info)
{
	struct map_desc *desc = describe_ops(info);

	assert_false(ctype_is_typed(desc->value_type));
	map_desc_unref(desc);
}

/* As on a kernel that tells no types, and with the type of a module. */
static void test_no_type(void **state)
{
	struct bpf_map_info info = ops_info(20);

	(void)state;
	assert_bytes(&info); /* another size */
	info = ops_info(16);
	info.btf_vmlinux_value_type_id = 100000;
	assert_bytes(&info);
	info = ops_info(16);
	fake_set_vmlinux(NULL);
	assert_bytes(&info);
	fake_set_vmlinux(btf);
	fake_fail(FAKE_BTF_VMLINUX, 0, -EPERM);
	assert_bytes(&info);
}

static void test_no_memory(void **state)
{
	const struct bpf_map_info info = ops_info(16);
	struct map_desc *desc;

	(void)state;
	fake_fail(FAKE_BTF_VMLINUX, 0, -ENOMEM);
	assert_int_equal(map_desc_new(&info, NULL, &desc), -ENOMEM);
}

/* Maps of other types do not make anybody read 6 MB. */
static void test_asked_only_here(void **state)
{
	int fd = make_map(BPF_MAP_TYPE_HASH, 4, 8, 3, "map");
	struct map_desc *desc = describe_map(fd);

	(void)state;
	assert_int_equal(fake_calls(FAKE_BTF_VMLINUX), 0);
	map_desc_unref(desc);
	sys_close(fd);
}

static void test_read_only(void **state)
{
	const struct bpf_map_info info = ops_info(16);
	struct map map = {.desc = describe_ops(&info), .fd = -1};
	unsigned char value[16] = {0};
	struct diag d = {0};
	uint32_t key = 0;

	(void)state;
	assert_int_equal(map_put(&map, &key, value, BPF_ANY, &d), -EOPNOTSUPP);
	assert_non_null(strstr(d.why, "registered by the program"));
	d = (struct diag){0};
	assert_int_equal(map_delete(&map, &key, &d), -EOPNOTSUPP);
	assert_non_null(strstr(d.why, "unregistered by the program"));
	assert_false(map_desc_is_delicate(map.desc));
	map_desc_unref(map.desc);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_type_of_kernel),  TEST(test_no_type),   TEST(test_no_memory),
		TEST(test_asked_only_here), TEST(test_read_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
