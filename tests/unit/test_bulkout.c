/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Maps as lines, read in pieces of any size, while they go and fail. 256 KiB make a batch, so
 * values of 64 KiB make batches of 3 entries.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bulkout.h"
#include "lib/handoff.h"
#include "lib/sys.h"
#include "tests/unit/fake_sys.h"

enum { KEYS_MAX = 6000, WHOLE = 128 * 1024, MOST_TEXT = 1 << 26, BATCH = 3 };

static const struct shape {
	const char *name;
	uint32_t type, key_size, value_size, count, max_entries;
} shapes[] = {
	{"hash without entries", BPF_MAP_TYPE_HASH, 4, 65536, 0, 64},
	{"hash with one entry", BPF_MAP_TYPE_HASH, 4, 8, 1, 64},
	{"hash in one batch", BPF_MAP_TYPE_HASH, 4, 8, 900, 1000},
	{"hash in one batch that is full", BPF_MAP_TYPE_HASH, 4, 65536, 3, 3},
	{"hash in two batches", BPF_MAP_TYPE_HASH, 4, 65536, 4, 64},
	{"hash in many batches", BPF_MAP_TYPE_HASH, 4, 65536, 20, 64},
	{"hash of many small entries", BPF_MAP_TYPE_HASH, 4, 8, KEYS_MAX, KEYS_MAX},
	{"hash with keys of 3 bytes", BPF_MAP_TYPE_HASH, 3, 65536, 10, 64},
	{"percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 32768, 10, 64},
	{"array", BPF_MAP_TYPE_ARRAY, 4, 65536, 10, 10},
	{"array, batches fit", BPF_MAP_TYPE_ARRAY, 4, 65536, 9, 9},
	{"percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 32768, 10, 10},
	{"lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 65536, 14, 64},
	{"lpm_trie without entries", BPF_MAP_TYPE_LPM_TRIE, 8, 65536, 0, 64},
};

/* Whose batches are all of 3. */
static const struct shape many[] = {{"array", BPF_MAP_TYPE_ARRAY, 4, 65536, 31, 31}};

struct fixture {
	const struct shape *shape;
	int fd;
	struct map_desc *desc;
	struct bulk_view view;
	struct bulkout *out;
	unsigned char *value;
	uint32_t hidden; /* each key that this divides */
};

static void make_key(const struct shape *shape, uint32_t n, unsigned char *key)
{
	memset(key, 0, shape->key_size);
	if (shape->type == BPF_MAP_TYPE_LPM_TRIE) {
		key[0] = n % 2 ? 16 : 32;
		key[5] = (unsigned char)(n / 2);
	} else {
		memcpy(key, &n, shape->key_size < 4 ? shape->key_size : 4);
	}
}

static int put(struct fixture *f, uint32_t n)
{
	unsigned char key[32];

	make_key(f->shape, n, key);
	memcpy(f->value, &n, sizeof(n));
	f->value[f->desc->value->size - 1] = 0x5a;
	return sys_map_update(f->fd, key, f->value, BPF_ANY);
}

static void begin(struct fixture *f, const struct shape *shape)
{
	fake_reset();
	*f = (struct fixture){.shape = shape};
	f->fd = make_map(shape->type, shape->key_size, shape->value_size, shape->max_entries,
			 "dumped");
	f->desc = describe_map(f->fd);
	f->view = (struct bulk_view){.desc = f->desc, .arg = f};
	f->value = calloc(1, f->desc->value->size + 1U);
	for (uint32_t n = 0; n < shape->count; n++)
		assert_int_equal(put(f, n), 0);
	assert_int_equal(bulkout_new(&f->view, &f->out), 0);
}

static void end(struct fixture *f)
{
	bulkout_free(f->out);
	assert_int_equal(fake_open_fds(), f->fd >= 0);
	if (f->fd >= 0)
		sys_close(f->fd);
	map_desc_unref(f->desc);
	free(f->value);
	fake_hook(FAKE_MAP_LOOKUP_BATCH, NULL, NULL);
	assert_int_equal(fake_live_maps(), 0);
}

static void begin_again(struct fixture *f)
{
	bulkout_free(f->out);
	assert_int_equal(bulkout_new(&f->view, &f->out), 0);
}

/* No more was appended than the rest of the line that made the text long enough. */
static void assert_no_more_than(const struct buf *text, size_t wanted)
{
	if (text->len > wanted)
		assert_ptr_equal(memchr(text->data + wanted - 1, '\n', text->len - wanted + 1),
				 text->data + text->len - 1);
}

/* As a file is read: pieces of size, until there is no more. */
static int read_all(struct fixture *f, size_t size, struct buf *text)
{
	size_t wanted = size, before;
	int err;

	*text = BUF_INIT(MOST_TEXT);
	do {
		before = text->len;
		err = before < wanted ? bulkout_read(f->out, wanted, text) : 0;
		assert_true(!err || text->len == before);
		if (before < wanted)
			assert_no_more_than(text, wanted);
		wanted += size;
	} while (!err && (text->len > before || before >= wanted - size));
	return err;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in an order; they point into text, whose newlines are gone then. */
static size_t sort_lines(struct buf *text, char **sorted)
{
	size_t count = 0;

	for (char *line = text->data; line && *line; line = strchr(line, '\0') + 1) {
		char *newline = strchr(line, '\n');

		assert_non_null(newline);
		*newline = '\0';
		assert_true(count < KEYS_MAX);
		sorted[count++] = line;
	}
	qsort(sorted, count, sizeof(*sorted), compare_lines);
	return count;
}

/* Entry n as a line, said by bulkline: that is tested elsewhere. */
static void add_line(struct fixture *f, uint32_t n, struct buf *out)
{
	struct buf scratch = BUF_INIT(MOST_TEXT);
	unsigned char key[32];

	make_key(f->shape, n, key);
	memcpy(f->value, &n, sizeof(n));
	f->value[f->desc->value->size - 1] = 0x5a;
	assert_int_equal(bulkline_print(&f->view, key, f->value, &scratch, out), 0);
	buf_free(&scratch);
}

static void assert_each_once(struct fixture *f, struct buf *text)
{
	char **got = calloc(KEYS_MAX, sizeof(*got)), **expected = calloc(KEYS_MAX, sizeof(*got));
	struct buf lines = BUF_INIT(MOST_TEXT);
	size_t count;

	for (uint32_t n = 0; n < f->shape->count; n++)
		if (!f->hidden || n % f->hidden)
			add_line(f, n, &lines);
	count = sort_lines(&lines, expected);
	assert_int_equal(sort_lines(text, got), count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(got[i], expected[i]) != 0)
			fail_msg("%s: line %zu is %.60s, not %.60s", f->shape->name, i, got[i],
				 expected[i]);
	buf_free(&lines);
	buf_free(text);
	free(expected);
	free(got);
}

static void test_each_once(void **state)
{
	struct fixture f;
	struct buf text;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		begin(&f, &shapes[i]);
		assert_int_equal(read_all(&f, WHOLE, &text), 0);
		assert_int_equal(bulkout_read(f.out, 1, &text), 0);
		assert_each_once(&f, &text);
		end(&f);
	}
}

/* However it is read, it is the same text. */
static void test_pieces(void **state)
{
	static const size_t sizes[] = {1, 7, 4096, MOST_TEXT};
	struct buf whole, text;
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		begin(&f, &shapes[i]);
		assert_int_equal(read_all(&f, WHOLE, &whole), 0);
		for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++) {
			if (sizes[s] < 4096 && whole.len > 1 << 20)
				continue;
			begin_again(&f);
			assert_int_equal(read_all(&f, sizes[s], &text), 0);
			assert_int_equal(text.len, whole.len);
			if (whole.len)
				assert_memory_equal(text.data, whole.data, whole.len);
			buf_free(&text);
		}
		buf_free(&whole);
		end(&f);
	}
}

static void test_without_batches(void **state)
{
	struct fixture f;
	struct buf text;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		begin(&f, &shapes[i]);
		fake_fail_always(FAKE_MAP_LOOKUP_BATCH, -EOPNOTSUPP);
		assert_int_equal(read_all(&f, WHOLE, &text), 0);
		assert_each_once(&f, &text);
		fake_fail_always(FAKE_MAP_LOOKUP_BATCH, 0);
		end(&f);
	}
}

static bool shows_some(void *arg, const void *key, const void *value)
{
	const struct fixture *f = arg;
	uint32_t n;

	(void)key;
	memcpy(&n, value, sizeof(n));
	return n % f->hidden != 0;
}

static void test_hidden(void **state)
{
	struct fixture f;
	struct buf text;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		for (uint32_t hidden = 1; hidden < 3; hidden++) {
			begin(&f, &shapes[i]);
			f.hidden = hidden;
			f.view.is_shown = shows_some;
			assert_int_equal(read_all(&f, WHOLE, &text), 0);
			assert_each_once(&f, &text);
			end(&f);
		}
	}
}

/* The kernel keeps the bits behind a prefix as they were written; no line has them. */
static void test_host_bits(void **state)
{
	static const struct shape trie = {"lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 0, 64};
	unsigned char key[8] = {8, 0, 0, 0, 10, 1, 2, 3};
	struct buf with, without;
	struct fixture f;

	(void)state;
	begin(&f, &trie);
	assert_int_equal(sys_map_update(f.fd, key, f.value, BPF_ANY), 0);
	assert_int_equal(read_all(&f, WHOLE, &with), 0);
	assert_int_equal(sys_map_delete(f.fd, key), 0);
	memset(key + 5, 0, 3);
	assert_int_equal(sys_map_update(f.fd, key, f.value, BPF_ANY), 0);
	begin_again(&f);
	assert_int_equal(read_all(&f, WHOLE, &without), 0);
	assert_string_equal(with.data, without.data);
	buf_free(&with);
	buf_free(&without);
	end(&f);
}

/* Errors. */

static size_t count_lines(const struct buf *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->len; i++)
		count += text->data[i] == '\n';
	assert_true(!text->len || text->data[text->len - 1] == '\n');
	return count;
}

/* What was there before comes, then the error, and again. */
static void assert_fails(struct fixture *f, size_t size, int err, size_t lines)
{
	struct buf text, more = BUF_INIT(MOST_TEXT);

	assert_int_equal(read_all(f, size, &text), err);
	assert_int_equal(count_lines(&text), lines);
	for (int i = 0; i < 3; i++)
		assert_int_equal(bulkout_read(f->out, size, &more), err);
	assert_int_equal(more.len, 0);
	buf_free(&more);
	buf_free(&text);
}

static void test_fetch_fails(void **state)
{
	static const int errors[] = {-EPERM, -ENOMEM, -EINTR};
	static const enum fake_call calls[] = {FAKE_MAP_LOOKUP_BATCH, FAKE_MAP_OPEN_ID};
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++) {
		for (unsigned int after = 0; after < 10; after += 3) {
			begin(&f, many);
			fake_fail(calls[i % 2], after, errors[i]);
			assert_fails(&f, after % 2 ? WHOLE : MOST_TEXT, errors[i],
				     (size_t)BATCH * after);
			end(&f);
		}
	}
}

static void close_map(void *arg)
{
	struct fixture *f = arg;

	if (fake_calls(FAKE_MAP_LOOKUP_BATCH) == 4) {
		sys_close(f->fd);
		f->fd = -1;
	}
}

/* It is no end as if all had been read. */
static void test_map_goes(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, many);
	fake_hook(FAKE_MAP_LOOKUP_BATCH, close_map, &f);
	assert_fails(&f, WHOLE, -ESTALE, 4 * BATCH);
	end(&f);
	begin(&f, many);
	sys_close(f.fd);
	f.fd = -1;
	assert_fails(&f, WHOLE, -ESTALE, 0);
	end(&f);
}

/* The seventh value has no spelling. */
static int print_some(void *arg, const void *key, const void *value, struct buf *out)
{
	const struct fixture *f = arg;
	uint32_t n;

	(void)key;
	memcpy(&n, value, sizeof(n));
	if (n == f->hidden)
		return n % 2 ? -ESTALE : -ENOENT;
	buf_addf(out, "no %u", n);
	return buf_error(out);
}

/* No part of a line is left of an entry that has no text. */
static void test_value_fails(void **state)
{
	struct fixture f;

	(void)state;
	for (uint32_t n = 0; n < 10; n++) {
		begin(&f, &shapes[9]);
		f.hidden = n;
		f.view.print_value = print_some;
		assert_fails(&f, WHOLE, -ESTALE, n);
		end(&f);
	}
}

/* Nobody reads on. */
static void test_left_half_way(void **state)
{
	struct buf text = BUF_INIT(MOST_TEXT);
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		for (size_t size = 0; size < 1200000; size += 293 * 1024) {
			begin(&f, &shapes[i]);
			buf_clear(&text);
			assert_int_equal(bulkout_read(f.out, size, &text), 0);
			end(&f);
		}
	}
	buf_free(&text);
}

static void *wait_for_end(void *arg)
{
	handoff_full_slot(arg);
	return NULL;
}

static int take_all_threads(struct handoff *taken, int most)
{
	int count = 0, err = 0;

	while (count < most && !err) {
		handoff_init(&taken[count], 1);
		err = handoff_start(&taken[count], wait_for_end, &taken[count]);
		count++;
	}
	assert_int_equal(err, -EAGAIN);
	return count;
}

/* All threads that the process allows itself are at work elsewhere; they end in the midst. */
static void test_without_thread(void **state)
{
	struct handoff taken[100];
	struct fixture f;
	struct buf text, rest;

	(void)state;
	for (size_t read = 0; read < 10; read += 3) {
		int count = take_all_threads(taken, 100);

		begin(&f, many);
		text = BUF_INIT(MOST_TEXT);
		if (read)
			assert_int_equal(bulkout_read(f.out, read * 2 * 65536, &text), 0);
		while (count)
			handoff_finish(&taken[--count]);
		assert_int_equal(read_all(&f, WHOLE, &rest), 0);
		buf_add(&text, rest.data, rest.len);
		buf_free(&rest);
		assert_each_once(&f, &text);
		end(&f);
	}
}

static void test_never_a_thread(void **state)
{
	struct handoff taken[100];
	struct fixture f;
	struct buf text;
	int count = take_all_threads(taken, 100);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		begin(&f, &shapes[i]);
		assert_int_equal(read_all(&f, WHOLE, &text), 0);
		assert_each_once(&f, &text);
		end(&f);
	}
	begin(&f, many);
	fake_fail(FAKE_MAP_LOOKUP_BATCH, 4, -EPERM);
	assert_fails(&f, WHOLE, -EPERM, 4 * BATCH);
	end(&f);
	while (count)
		handoff_finish(&taken[--count]);
}

/* Where a batch is all, it is read by who asks for it. */
static pthread_t reader;
static bool is_elsewhere;

static void note_thread(void *arg)
{
	(void)arg;
	is_elsewhere |= !pthread_equal(pthread_self(), reader);
}

static void test_thread_for_many_alone(void **state)
{
	struct fixture f;
	struct buf text;

	(void)state;
	reader = pthread_self();
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		begin(&f, &shapes[i]);
		is_elsewhere = false;
		fake_hook(FAKE_MAP_OPEN_ID, note_thread, NULL);
		assert_int_equal(read_all(&f, WHOLE, &text), 0);
		buf_free(&text);
		fake_hook(FAKE_MAP_OPEN_ID, NULL, NULL);
		assert_int_equal(is_elsewhere, fake_calls(FAKE_MAP_LOOKUP_BATCH) > 1);
		end(&f);
	}
}

/* Sanitizers count nothing. */
static size_t held(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* What is held between two reads does not grow with what was read. */
static void test_memory(void **state)
{
	static const struct shape long_one = {"hash", BPF_MAP_TYPE_HASH, 4, 65536, 300, 300};
	struct buf text = BUF_INIT(MOST_TEXT);
	struct fixture f;
	size_t first = 0, most = 0, rounds = 0;

	(void)state;
	begin(&f, &long_one);
	do {
		buf_clear(&text);
		assert_int_equal(bulkout_read(f.out, WHOLE, &text), 0);
		if (++rounds == 10)
			first = held();
		if (rounds >= 10 && held() > most)
			most = held();
	} while (text.len);
	assert_true(rounds > 250);
	assert_in_range(most, first, first + 300 * 1024);
	buf_free(&text);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_without_batches),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_host_bits),
		cmocka_unit_test(test_fetch_fails),
		cmocka_unit_test(test_map_goes),
		cmocka_unit_test(test_value_fails),
		cmocka_unit_test(test_left_half_way),
		cmocka_unit_test(test_without_thread),
		cmocka_unit_test(test_never_a_thread),
		cmocka_unit_test(test_thread_for_many_alone),
		cmocka_unit_test(test_memory),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
