/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fs_steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/attr.h"
#include "lib/codec.h"

/* Steps. */

int do_open(struct fixture *f, const struct step *s)
{
	int err = fs_open(f, f->map, f->name, s->flags, 0644, &f->files[s->fd]);

	if (err)
		f->files[s->fd] = NULL;
	if (!err && !f->node)
		node_ref(&f->fs.nodes, f->node = f->files[s->fd]->node);
	return err;
}

int do_write(struct fixture *f, const struct step *s)
{
	return file_write(f->files[s->fd], s->text, strlen(s->text), s->at, &f->diag);
}

int do_read(struct fixture *f, const struct step *s)
{
	struct buf out = BUF_INIT(1 << 20);
	int err = file_read(f->files[s->fd], 1 << 20, s->at, &out, &f->diag);

	if (err)
		buf_free(&out);
	else
		assert_buf(&out, s->text);
	return err;
}

int do_truncate(struct fixture *f, const struct step *s)
{
	return file_truncate(f->files[s->fd], s->at, &f->diag);
}

int do_truncate_path(struct fixture *f, const struct step *s)
{
	struct node *node;
	struct stat st;
	int err = fs_lookup(f, f->map, f->name, &node, &st);

	if (err)
		return err;
	err = file_truncate_node(&f->fs, node, s->at, &f->diag);
	node_put(&f->fs.nodes, node, 1);
	return err;
}

int do_flush(struct fixture *f, const struct step *s)
{
	return file_flush(f->files[s->fd], &f->diag);
}

int do_sync(struct fixture *f, const struct step *s)
{
	return file_sync(f->files[s->fd], &f->diag);
}

int do_release(struct fixture *f, const struct step *s)
{
	int err = file_release(f->files[s->fd], &f->diag);

	f->files[s->fd] = NULL;
	return err;
}

/* As the kernel does, which has an inode for the name as long as it is used. */
static int set(struct fixture *f, const struct attr_change *change)
{
	struct node *node;
	struct stat st;
	int err;

	if (f->node)
		return attr_set(&f->fs, f->node, change, &f->diag);
	err = fs_lookup(f, f->map, f->name, &node, &st);
	if (err)
		return err;
	err = attr_set(&f->fs, node, change, &f->diag);
	node_put(&f->fs.nodes, node, 1);
	return err;
}

int do_utimens(struct fixture *f, const struct step *s)
{
	const struct attr_change change = {.set_mtime = true};

	(void)s;
	return set(f, &change);
}

int do_chmod(struct fixture *f, const struct step *s)
{
	const struct attr_change change = {.set_mode = true, .st.st_mode = (mode_t)s->flags};

	return set(f, &change);
}

int do_size(struct fixture *f, const struct step *s)
{
	struct stat st;
	int err = fs_stat(f, f->map, f->name, &st);

	if (!err) {
		assert_int_equal(st.st_size, s->at);
		assert_int_equal(st.st_blocks, (s->at + 511) / 512);
	}
	return err;
}

/* The value as the kernel has it, as text. */
static int stored_text(struct fixture *f, struct buf *text)
{
	struct map_desc *desc;
	struct buf key = BUF_INIT(4096), value = BUF_INIT(4096);
	int err, fd = sys_map_open_id(f->map, BPF_F_RDONLY);

	assert_int_equal(catalog_desc(f->fs.catalog, f->map, &desc), 0);
	assert_int_equal(buf_resize(&key, desc->key->size), 0);
	assert_int_equal(buf_resize(&value, desc->value->size), 0);
	assert_int_equal(
		codec_parse(CODEC_NAME, desc->key, f->name, strlen(f->name), key.data, NULL), 0);
	err = sys_map_lookup(fd, key.data, value.data, 0);
	if (!err)
		codec_print(CODEC_TEXT, desc->value, value.data, text);
	sys_close(fd);
	buf_free(&key);
	buf_free(&value);
	map_desc_unref(desc);
	return err;
}

int do_value(struct fixture *f, const struct step *s)
{
	struct buf text = BUF_INIT(4096);
	int err = stored_text(f, &text);

	if (s->text) {
		assert_int_equal(err, 0);
		assert_buf(&text, s->text);
	} else if (err != -ENOENT) { /* a slot that always exists */
		assert_int_equal(hide_count(&f->fs.hidden, f->map), 1);
		assert_buf(&text, "0\n");
	}
	return 0;
}

int do_unlink(struct fixture *f, const struct step *s)
{
	(void)s;
	return fs_unlink(f, f->map, f->name);
}

static uint32_t key_number(const struct fixture *f)
{
	return (uint32_t)strtoul(f->name, NULL, 0);
}

int do_put(struct fixture *f, const struct step *s)
{
	return raw_put(f->map, s->flags ? (uint32_t)s->flags : key_number(f), (uint64_t)s->at);
}

int do_delete(struct fixture *f, const struct step *s)
{
	(void)s;
	return raw_delete(f->map, key_number(f));
}

int do_freeze(struct fixture *f, const struct step *s)
{
	(void)s;
	raw_freeze(f->map);
	return 0;
}

int do_explained(struct fixture *f, const struct step *s)
{
	bool said = s->text && (strstr(f->diag.why, s->text) || !strcmp(f->diag.quote, s->text));

	if (s->text ? said : !f->diag.err)
		return 0;
	print_error("it says '%s' and quotes '%s'\n", f->diag.why, f->diag.quote);
	return -1;
}

/* Sequences. */

static void store_before(struct fixture *f, const char *text)
{
	struct file *file;
	struct stat st;

	if (text) {
		assert_int_equal(
			fs_open(f, f->map, f->name, O_WRONLY | O_CREAT | O_TRUNC, 0644, &file), 0);
		assert_int_equal(file_write(file, text, strlen(text), 0, NULL), 0);
		assert_int_equal(file_release(file, NULL), 0);
	} else if (fs_stat(f, f->map, f->name, &st) == 0) {
		assert_int_equal(fs_unlink(f, f->map, f->name), 0);
	}
}

static void run_steps(struct fixture *f, const struct step *steps)
{
	for (const struct step *s = steps; s->act; s++) {
		int got;

		if (s->act != do_explained)
			f->diag = (struct diag){0};
		got = s->act(f, s);
		if (got != s->want)
			print_error("step %d: %d, not %d (%s)\n", (int)(s - steps), got, s->want,
				    f->diag.why);
		assert_int_equal(got, s->want);
	}
}

static void run_sequence(void **state)
{
	struct fixture *f = *state;
	const struct sequence *q = f->row;
	const struct step after = {do_value, .text = q->after};
	bool is_key = !q->key || q->key[0] != '.';

	f->map = fs_mkdir(f, q->map ? q->map : "m");
	f->name = q->key ? q->key : "5";
	if (is_key)
		store_before(f, q->before);
	run_steps(f, q->steps);
	for (int i = 0; i < FIXTURE_FILES; i++)
		assert_null(f->files[i]);
	if (is_key) {
		do_value(f, &after);
		assert_file(f, f->map, f->name, q->after);
	}
	assert_int_equal(f->fs.files_blank, 0);
}

int run_sequences(const char *map, const struct sequence *table, size_t count)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	struct sequence *rows = calloc(count, sizeof(*rows));
	int failed;

	for (size_t i = 0; i < count; i++) {
		rows[i] = table[i];
		if (map)
			rows[i].map = map;
		tests[i] = (struct CMUnitTest){rows[i].name, run_sequence, fs_setup, fs_teardown,
					       &rows[i]};
	}
	failed = _cmocka_run_group_tests(map ? map : "sequences", tests, count, NULL, NULL);
	free(tests);
	free(rows);
	return failed;
}
