/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Storage of cgroups: what is refused before the kernel is asked. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/elemplain.h"
#include "tests/unit/fake_sys.h"

static int put(const struct elements *elements, uint32_t value_size, struct diag *d)
{
	const struct bpf_map_info info = {.key_size = 8, .value_size = value_size};
	const struct elem_map map = {.fd = -1, .info = &info};
	unsigned char key[8] = {1}, value[64] = {1};

	*d = (struct diag){.err = 0};
	return elements->put(&map, key, value, BPF_ANY, d);
}

/* The kernel writes 8 bytes for each CPU where it has 4. */
static void test_small_parts(void **state)
{
	struct diag d;

	(void)state;
	assert_int_equal(put(&elem_attached_percpu, 4, &d), -EOPNOTSUPP);
	assert_non_null(strstr(d.why, "multiple of 8"));
	assert_int_equal(put(&elem_attached_percpu, 12, &d), -EOPNOTSUPP);
	assert_int_equal(fake_calls(FAKE_MAP_UPDATE), 0);
	assert_int_equal(put(&elem_attached_percpu, 16, &d), -EBADF);
	assert_int_equal(put(&elem_attached, 4, &d), -EBADF);
	assert_int_equal(fake_calls(FAKE_MAP_UPDATE), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_parts),
	};

	fake_reset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
