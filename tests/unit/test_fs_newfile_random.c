/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Files that are made in a map before its .map is: requests at random, and in threads. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/newfile.h"
#include "fs/rename.h"
#include "tests/unit/fs_listing.h"
#include "tests/unit/fs_paths.h"

static void start(struct fixture *f)
{
	assert_int_equal(fs_try_mkdir(f, &fs_root, "m"), 0);
	assert_int_equal(catalog_find(f->fs.catalog, "", "m", &f->map), 0);
}

static int write_map(struct fixture *f, const char *text)
{
	struct file *file;
	int err, flushed;

	assert_int_equal(open_at(f, ".map", O_CREAT | O_TRUNC | O_WRONLY, 0600, &file), 0);
	err = file_write(file, text, strlen(text), 0, NULL);
	flushed = file_flush(file, NULL);
	file_release(file, NULL);
	assert_int_equal(catalog_find(f->fs.catalog, "", "m", &f->map), 0);
	return err ? err : flushed;
}

/* Against a model: what each name was last given. */

enum { NAMES_USED = 8, TEXTS = 6 };

static const char *const names[NAMES_USED] = {"7",   "8",      "-5",          "name",
					      "a b", "123456", "longer name", "999999"};

static const struct {
	const char *text;
	bool is_number;
	uint64_t number;
} texts[TEXTS] = {{"1\n", true, 1},        {"255\n", true, 255},
		  {" 256 \n", true, 256},  {"", true, 0},
		  {"no number", false, 0}, {"18446744073709551615\n", true, UINT64_MAX}};

static const struct spec_case {
	const char *spec;
	bool numeric;
	uint64_t most; /* that a value can be */
	size_t entries;
} specs[] = {
	{"type=hash\nkey=char[8]\nvalue=u64\nmax_entries=64\n", false, UINT64_MAX, 64},
	{"type=hash\nkey=s32\nvalue=u8\nmax_entries=64\n", true, 255, 64},
	{"type=hash\nkey=s32\nvalue=u64\nmax_entries=2\n", true, UINT64_MAX, 2},
	{"type=hash\nkey=u32\nvalue=u64\nmax_entries=1024\nname=m\n", true, UINT64_MAX, 1024},
};

struct model {
	int text[NAMES_USED]; /* -1: none */
};

static bool fits(const struct spec_case *spec, const char *name, int text)
{
	char *end;

	if (!texts[text].is_number || texts[text].number > spec->most)
		return false;
	if (!spec->numeric)
		return strlen(name) <= 8;
	if (strstr(spec->spec, "key=u32") && name[0] == '-')
		return false;
	strtol(name, &end, 10);
	return !*end;
}

/* What is written, or what that means. */
static void assert_reads(struct fixture *f, const char *name, int text)
{
	struct buf got = BUF_INIT(1000);
	struct file *file;
	char meant[32];

	assert_int_equal(open_at(f, name, O_RDONLY, 0, &file), 0);
	assert_int_equal(file_read(file, 1000, 0, &got, NULL), 0);
	file_release(file, NULL);
	buf_addf(&got, "%s", ""); /* a string */
	snprintf(meant, sizeof(meant), "%llu\n", (unsigned long long)texts[text].number);
	if (strcmp(got.data, texts[text].text) != 0 &&
	    (!texts[text].is_number || strcmp(got.data, meant) != 0))
		fail_msg("%s: '%s' and not '%s'", name, got.data, texts[text].text);
	buf_free(&got);
}

static void assert_model(struct fixture *f, const struct model *m)
{
	struct listed *l = new_listed();
	size_t count = 0, listed = 0;

	list_all(f, f->map, random_below(2), l);
	for (int i = 0; i < NAMES_USED; i++) {
		if (m->text[i] < 0) {
			if (entry_of(l, names[i]))
				fail_msg("%s is listed", names[i]);
			assert_text_at(f, names[i], NULL);
			continue;
		}
		if (!entry_of(l, names[i]))
			fail_msg("%s is not listed", names[i]);
		assert_reads(f, names[i], m->text[i]);
		count++;
	}
	for (size_t i = 0; i < l->count; i++)
		listed += l->entries[i].name[0] != '.';
	assert_int_equal(listed, count);
	free(l);
}

static void create(struct fixture *f, struct model *m, int name, int text)
{
	int want = m->text[name] >= 0 ? -EEXIST : 0;

	assert_int_equal(stage_at(f, names[name], texts[text].text), want);
	if (!want)
		m->text[name] = text;
}

static void rewrite(struct fixture *f, struct model *m, int name, int text)
{
	assert_int_equal(write_at(f, names[name], O_TRUNC, 0600, texts[text].text), 0);
	m->text[name] = text;
}

static void stage(struct fixture *f, struct model *m, int name, int text)
{
	assert_int_equal(stage_at(f, ".stage", texts[text].text), 0);
	assert_int_equal(rename_at(f, ".stage", names[name], 0), 0);
	m->text[name] = text;
}

static void discard(struct fixture *f, struct model *m, int name, int text)
{
	(void)text;
	if (m->text[name] < 0)
		return;
	assert_int_equal(unlink_at(f, names[name]), 0);
	m->text[name] = -1;
}

static void move(struct fixture *f, struct model *m, int name, int text)
{
	int to = text % NAMES_USED, flags = random_below(2) ? RENAME_NOREPLACE : 0;

	if (m->text[name] < 0)
		return;
	if (flags && to != name && m->text[to] >= 0) {
		assert_int_equal(rename_at(f, names[name], names[to], (unsigned int)flags),
				 -EEXIST);
		return;
	}
	assert_int_equal(rename_at(f, names[name], names[to], 0), 0);
	if (to == name)
		return;
	m->text[to] = m->text[name];
	m->text[name] = -1;
}

/* A spec that nothing can be made of, now and then. */
static void spoil(struct fixture *f, struct model *m, int name, int text)
{
	(void)m, (void)name;
	assert_int_equal(write_map(f, text & 1 ? "type=nonsense\n" : "type=hash\nkey=u32\n"),
			 -EINVAL);
}

static void (*const requests[])(struct fixture *f, struct model *m, int name, int text) = {
	create, create, rewrite, rewrite, stage, discard, move, move, spoil};

static void one_request(struct fixture *f, struct model *m)
{
	requests[random_below(ARRAY_SIZE(requests))](f, m, (int)random_below(NAMES_USED),
						     (int)random_below(TEXTS));
}

static void settle(struct fixture *f, const struct model *m)
{
	const struct spec_case *spec = &specs[random_below(ARRAY_SIZE(specs))];
	size_t fitting = 0, all = 0;
	int err = write_map(f, spec->spec);

	for (int i = 0; i < NAMES_USED; i++) {
		all += m->text[i] >= 0;
		fitting += m->text[i] >= 0 && fits(spec, names[i], m->text[i]);
	}
	if (fitting > spec->entries)
		fitting = spec->entries;
	if (!!err != (fitting < all))
		fail_msg("%zu of %zu fit into %s: %d", fitting, all, spec->spec, err);
	assert_int_equal(waitroom_count(&f->fs.waitroom, f->map), all - fitting);
}

static void test_random(void **state)
{
	struct fixture *f = *state;

	for (int round = 0; round < 300; round++) {
		struct model m;

		memset(&m, -1, sizeof(m));
		start(f);
		for (uint32_t i = random_below(30); i > 0; i--) {
			one_request(f, &m);
			if (random_below(4) == 0)
				assert_model(f, &m);
		}
		assert_model(f, &m);
		settle(f, &m);
		assert_model(f, &m);
		for (int i = 0; i < NAMES_USED; i++)
			discard(f, &m, i, 0);
		assert_int_equal(removal_rmdir(&f->fs, &fs_root, "m", NULL), 0);
		assert_int_equal(f->fs.waitroom.count, 0);
		assert_int_equal(fake_open_fds(), 0);
	}
}

/* Threads. */

enum { WRITERS = 4, FILES = 40 };

#define SPEC "type=hash\nkey=char[16]\nvalue=u64\nmax_entries=1000\n"

struct writer {
	pthread_t thread;
	struct fs *fs;
	struct node *dir; /* of the map, as the kernel has it */
	int number;
	unsigned int *made; /* by all */
	int errs[FILES];
};

static void name_of(int writer, int file, char name[32])
{
	if (file % 2)
		snprintf(name, 32, "%d", writer * 1000 + file);
	else
		snprintf(name, 32, "of %d %d", writer, file);
}

static bool is_number(int file)
{
	return file % 5 != 4;
}

static int write_halves(struct file *file, bool number)
{
	const char *text = number ? "1234\n" : "no number";
	int err = file_write(file, text, 2, 0, NULL), flushed;

	if (!err)
		err = file_write(file, text + 2, strlen(text) - 2, 2, NULL);
	flushed = file_flush(file, NULL);
	file_release(file, NULL);
	return err ? err : flushed;
}

static int make_file(struct writer *w, int number)
{
	const struct maker maker = {.mode = 0600};
	int flags = O_CREAT | O_EXCL | O_WRONLY, err;
	struct found found = FOUND_INIT;
	struct file *file;
	struct node *node;
	char name[32];

	name_of(w->number, number, name);
	fs_names_hold(w->fs); /* as a request does */
	err = tree_create(w->fs, node_identity(w->dir), name, flags, &maker, &found, NULL);
	if (!err) {
		node = node_get(&w->fs->nodes, &found.id);
		err = file_open(w->fs, node, flags, true, &file, NULL);
		node_put(&w->fs->nodes, node, 1);
	}
	fs_names_let_go(w->fs);
	found_free(&found);
	return err ? err : write_halves(file, is_number(number));
}

static void *make_files(void *arg)
{
	struct writer *w = arg;

	for (int i = 0; i < FILES; i++) {
		w->errs[i] = make_file(w, i);
		__atomic_add_fetch(w->made, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void check_files(struct fixture *f, const struct writer *w)
{
	char name[32];

	for (int i = 0; i < FILES; i++) {
		name_of(w->number, i, name);
		if (w->errs[i] && (is_number(i) || w->errs[i] != -EINVAL))
			fail_msg("%s: %d", name, w->errs[i]);
		if (!w->errs[i])
			assert_text_at(f, name, is_number(i) ? "1234\n" : "no number");
		else if (waitroom_find(&f->fs.waitroom, f->map, name, NULL) == 0)
			assert_text_at(f, name, "no"); /* that came before .map, and waits */
		else
			assert_text_at(f, name, NULL);
	}
}

static void one_restore(struct fixture *f, unsigned int when)
{
	struct writer writers[WRITERS] = {{.fs = NULL}};
	const struct identity dir = fs_map(f->map);
	struct node *node = node_get(&f->fs.nodes, &dir);
	unsigned int made = 0;

	for (int i = 0; i < WRITERS; i++) {
		writers[i].fs = &f->fs;
		writers[i].dir = node;
		writers[i].number = i;
		writers[i].made = &made;
		assert_int_equal(pthread_create(&writers[i].thread, NULL, make_files, &writers[i]),
				 0);
	}
	while (__atomic_load_n(&made, __ATOMIC_RELAXED) < when)
		sched_yield();
	write_map(f, SPEC); /* not all fit */
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i].thread, NULL);
	for (int i = 0; i < WRITERS; i++)
		check_files(f, &writers[i]);
	node_put(&f->fs.nodes, node, 1);
}

static void test_threads(void **state)
{
	struct fixture *f = *state;

	for (unsigned int round = 0; round < 20; round++) {
		start(f);
		one_restore(f, random_below(WRITERS * FILES));
		assert_int_equal(fake_open_fds(), 0);
		assert_int_equal(catalog_unpin(f->fs.catalog, f->map, NULL, NULL, NULL), 0);
		waitroom_prune(&f->fs.waitroom, fs_lacks_map, &f->fs);
		assert_int_equal(f->fs.waitroom.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(test_random),
		FS_TEST(test_threads),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
