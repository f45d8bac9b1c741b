/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A mount that begins, also one that shows a snapshot, with everything failing once: it begins
 * or says why not, and leaves nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fail_calls.h"
#include "tests/unit/fs_fixture.h"

#define SPEC "type=hash,key=u32,value=u64,max_entries=16"

struct mount {
	struct fs fs;
	struct snapshot *snapshot;
	bool with_snapshot;
};

static unsigned int rounds;

static int setup(void **state)
{
	struct fixture *f;

	if (fs_setup(state))
		return -1;
	f = *state;
	raw_put(fs_mkdir(f, "a"), 1, 10);
	fs_mkdir(f, "b,type=array,max_entries=2");
	fs_stranger(f, BPF_MAP_TYPE_HASH, "stranger");
	return 0;
}

static int begin(struct mount *m)
{
	struct fs_options options = {
		.survey = {.pindir = FS_PINDIR, .read_only = m->with_snapshot},
		.max_map_bytes = 64 << 20,
		.read_only = m->with_snapshot,
		.umask = 077,
	};
	int err = spec_parse(&options.mkdir_spec, SPEC, strlen(SPEC), ',', NULL);

	if (!err && m->with_snapshot)
		err = snapshot_new(options.max_map_bytes, &m->snapshot);
	options.survey.snapshot = m->snapshot;
	if (err) {
		spec_free(&options.mkdir_spec);
		return err;
	}
	err = fs_init(&m->fs, &options);
	if (!err)
		err = catalog_refresh(m->fs.catalog);
	return err;
}

static void end(struct mount *m)
{
	if (m->fs.options.survey.pindir)
		fs_free(&m->fs);
	if (m->snapshot)
		snapshot_free(m->snapshot);
	free(m);
}

/* All maps that were there are known. */
static void check(struct mount *m)
{
	static const char *const names[] = {"a", "b", "stranger"};
	uint32_t id;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(catalog_find(m->fs.catalog, "", names[i], &id), 0);
}

static bool begin_with_failure(bool with_snapshot, unsigned int after, bool of_kernel)
{
	struct mount *m = calloc(1, sizeof(*m));
	unsigned int fds = fake_open_fds();
	bool failed;
	int err;

	rounds++;
	m->with_snapshot = with_snapshot;
	if (of_kernel)
		fake_fail(FAKE_ANY, after, -ENOMEM);
	else
		fail_call(after);
	err = begin(m);
	failed = of_kernel ? fake_failed() : fail_end();
	fake_fail(FAKE_ANY, 0, 0);
	if (failed && err && err != -ENOMEM && (of_kernel || err != -fail_errno()))
		fail_msg("failure %u: %d", after + 1, err);
	assert_true(failed || !err);
	if (!err)
		check(m);
	end(m);
	assert_int_equal(fake_open_fds(), fds);
	return failed;
}

static void test_begin(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		for (unsigned int after = 0; begin_with_failure(i & 1, after, i & 2); after++)
			;
	fprintf(stderr, "# %u rounds\n", rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_begin, setup, fs_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
