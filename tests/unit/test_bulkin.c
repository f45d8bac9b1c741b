/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Lines of .dump that are stored: cut in any way, against a model; and what becomes of all the
 * others when one of them, or the kernel, refuses. Batches are of 512, so that from 3 of them on
 * a thread stores.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bulkin.h"
#include "lib/handoff.h"
#include "lib/sys.h"
#include "tests/unit/fake_sys.h"

enum { BATCH = 512, MANY = 2000, KEYS = 48 };

struct fixture {
	int fd;
	struct map_desc *desc;
	struct bulk_view view;
	struct bulkin *in;
	struct diag diag;
	unsigned int stored, removed; /* atomic: calls */
	int removed_says;
};

static void count_stored(void *arg, const void *key)
{
	struct fixture *f = arg;

	(void)key;
	__atomic_add_fetch(&f->stored, 1, __ATOMIC_RELAXED);
}

static int count_removed(void *arg, const void *key)
{
	struct fixture *f = arg;

	(void)key;
	__atomic_add_fetch(&f->removed, 1, __ATOMIC_RELAXED);
	return f->removed_says;
}

static struct ctype *type_of(const char *word)
{
	struct ctype *type = NULL;

	assert_int_equal(ctype_parse(word, strlen(word), &type, NULL), 0);
	return type;
}

/* Keys are u32. */
static void begin(struct fixture *f, uint32_t map_type, const char *value, uint32_t max_entries)
{
	struct map_types types = {type_of("u32"), type_of(value)};
	struct bpf_map_info info;

	fake_reset();
	*f = (struct fixture){.removed_says = 0};
	f->fd = make_map(map_type, 4, types.value->size, max_entries, "dumped");
	assert_int_equal(sys_map_info(f->fd, &info), 0);
	assert_int_equal(map_desc_new(&info, &types, &f->desc), 0);
	f->view = (struct bulk_view){
		.desc = f->desc, .arg = f, .stored = count_stored, .removed = count_removed};
	assert_int_equal(bulkin_new(&f->view, 0, &f->in), 0);
	ctype_unref(types.key);
	ctype_unref(types.value);
}

static void begin_hash(struct fixture *f, uint32_t max_entries)
{
	begin(f, BPF_MAP_TYPE_HASH, "u32", max_entries);
}

static void end(struct fixture *f)
{
	bulkin_free(f->in);
	assert_int_equal(fake_open_fds(), f->fd >= 0);
	if (f->fd >= 0)
		sys_close(f->fd);
	map_desc_unref(f->desc);
	assert_int_equal(fake_live_maps(), 0);
}

static int write_bytes(struct fixture *f, const char *bytes, size_t len)
{
	char *exact = malloc(len ? len : 1);
	int err;

	memcpy(exact, bytes, len);
	f->diag = (struct diag){.err = 0};
	err = bulkin_write(f->in, exact, len, &f->diag);
	free(exact);
	return err;
}

static int write_text(struct fixture *f, const char *text)
{
	return write_bytes(f, text, strlen(text));
}

static int finish(struct fixture *f)
{
	f->diag = (struct diag){.err = 0};
	return bulkin_finish(f->in, &f->diag);
}

static int pause_here(struct fixture *f)
{
	f->diag = (struct diag){.err = 0};
	return bulkin_pause(f->in, &f->diag);
}

static void assert_good(struct fixture *f, int err)
{
	if (err)
		fail_msg("%d: %s", err, f->diag.why);
}

/* The refusal is of that line, and quotes it. */
static void assert_refused(struct fixture *f, int err, int expected, unsigned int line,
			   const char *why, const char *quote)
{
	char number[32];

	snprintf(number, sizeof(number), "line %u: ", line);
	if (err != expected || f->diag.err != -expected ||
	    strncmp(f->diag.why, number, strlen(number)) != 0 || !strstr(f->diag.why, why) ||
	    !strstr(f->diag.quote, quote))
		fail_msg("%d (%d), line %u expected: '%s', '%s'", err, expected, line, f->diag.why,
			 f->diag.quote);
}

/* The value of 4 bytes of a key; -1: there is none. */
static int64_t value_of(struct fixture *f, uint32_t key)
{
	uint32_t value[2] = {0};

	return sys_map_lookup(f->fd, &key, value, 0) ? -1 : (int64_t)value[0];
}

/* Keys from to to - 1 have the value that add_lines() gives them, the others none. */
static void assert_stored(struct fixture *f, uint32_t from, uint32_t to, uint32_t beyond)
{
	for (uint32_t key = from; key < beyond; key++)
		if (value_of(f, key) != (key < to ? (int64_t)key + 7 : -1))
			fail_msg("key %u of %u has %lld", key, to, (long long)value_of(f, key));
}

static void add_lines(struct buf *out, uint32_t from, uint32_t count)
{
	for (uint32_t key = from; key < from + count; key++)
		buf_addf(out, "{\"key\":%u,\"value\":%u}\n", key, key + 7);
}

static struct buf lines(uint32_t from, uint32_t count)
{
	struct buf out = BUF_INIT(1 << 26);

	add_lines(&out, from, count);
	return out;
}

/* Against a model. */

struct model {
	struct {
		bool is_there;
		uint32_t a, b;
	} entries[KEYS];
};

static void add_whole(struct model *m, uint32_t key, struct buf *out)
{
	m->entries[key].is_there = true;
	m->entries[key].a = random_below(1000);
	m->entries[key].b = random_below(1000);
	buf_addf(out, "{\"key\":%u,\"value\":{\"a\":%u,\"b\":%u}}", key, m->entries[key].a,
		 m->entries[key].b);
}

static void add_part(struct model *m, uint32_t key, struct buf *out)
{
	m->entries[key].is_there = true;
	m->entries[key].b = random_below(1000);
	buf_addf(out, "{\"key\": \"%u\", \"value\": {\"b\": %u}}", key, m->entries[key].b);
}

static void add_removal(struct model *m, uint32_t key, struct buf *out)
{
	memset(&m->entries[key], 0, sizeof(m->entries[key]));
	buf_addf(out, "{\"key\":%u,\"value\":null}", key);
}

static void add_random_line(struct model *m, bool mixed, struct buf *out)
{
	uint32_t key = random_below(KEYS), what = mixed ? random_below(10) : 9;

	if (what == 0)
		add_part(m, key, out);
	else if (what < 3)
		add_removal(m, key, out);
	else if (what > 3)
		add_whole(m, key, out);
	buf_addc(out, '\n');
}

static void assert_model(struct fixture *f, const struct model *m)
{
	bool is_fixed = f->desc->type->elements->fixed;

	for (uint32_t key = 0; key < KEYS; key++) {
		uint32_t value[2] = {0};
		bool is_there = sys_map_lookup(f->fd, &key, value, 0) == 0;

		if (is_there != (is_fixed || m->entries[key].is_there) ||
		    value[0] != m->entries[key].a || value[1] != m->entries[key].b)
			fail_msg("key %u: %d %u %u, not %d %u %u", key, is_there, value[0],
				 value[1], m->entries[key].is_there, m->entries[key].a,
				 m->entries[key].b);
	}
}

static void write_cut(struct fixture *f, const struct buf *text, uint32_t longest)
{
	size_t at = 0;

	while (at < text->len) {
		size_t len = random_below(longest + 1);

		if (len > text->len - at)
			len = text->len - at;
		assert_good(f, write_bytes(f, text->data + at, len));
		at += len;
	}
}

static void check_model(uint32_t type, uint32_t count, uint32_t longest, bool mixed)
{
	struct model model = {.entries = {{false, 0, 0}}};
	struct buf text = BUF_INIT(1 << 26);
	struct fixture f;

	begin(&f, type, "struct{u32 a;u32 b}", KEYS);
	for (uint32_t i = 0; i < count; i++)
		add_random_line(&model, mixed, &text);
	if (random_below(2) && text.data[text.len - 1] == '\n')
		text.len--;
	write_cut(&f, &text, longest);
	assert_good(&f, finish(&f));
	assert_model(&f, &model);
	buf_free(&text);
	end(&f);
}

static void test_model(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY};
	static const uint32_t longest[] = {1, 7, 100, 3000, 1 << 20};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(longest); i++)
		for (unsigned int t = 0; t < ARRAY_SIZE(types); t++)
			for (int round = 0; round < 6; round++)
				check_model(types[t], 40 + random_below(400), longest[i],
					    round % 3);
}

/* So many that a thread stores, in a few writes. */
static void test_model_with_thread(void **state)
{
	(void)state;
	for (int round = 0; round < 8; round++)
		check_model(round & 1 ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_ARRAY, 4 * MANY, 1 << 18,
			    round & 2);
}

/* Values of 64 KiB, of which 3 make a batch; the lines are longer than what is judged early. */
static void test_large_values(void **state)
{
	struct buf text = BUF_INIT(1 << 26);
	struct fixture f;

	(void)state;
	begin(&f, BPF_MAP_TYPE_HASH, "u8[65536]", 32);
	for (uint32_t key = 0; key < 20; key++) {
		buf_addf(&text, "{\"key\":%u,\"value\":\"%02x000000", key, key + 7);
		for (int i = 0; i < 65532; i++)
			buf_adds(&text, "ee");
		buf_adds(&text, "\"}\n");
	}
	write_cut(&f, &text, 1 << 17);
	assert_good(&f, finish(&f));
	for (uint32_t key = 0; key < 20; key++) {
		unsigned char *value = malloc(65536);

		assert_int_equal(sys_map_lookup(f.fd, &key, value, 0), 0);
		assert_int_equal(value[0], key + 7);
		assert_int_equal(value[65535], 0xee);
		free(value);
	}
	buf_free(&text);
	end(&f);
}

static void test_thread_for_many_alone(void **state)
{
	struct buf text = lines(0, MANY);
	struct fixture f;

	(void)state;
	begin_hash(&f, MANY);
	assert_good(&f, write_bytes(&f, text.data, text.len));
	assert_stored(&f, 0, MANY, MANY);
	assert_int_equal(f.stored, MANY);
	assert_int_equal(fake_calls(FAKE_MAP_UPDATE), 0);
	assert_int_equal(fake_calls(FAKE_MAP_UPDATE_BATCH), (MANY + BATCH - 1) / BATCH);
	assert_good(&f, finish(&f));
	assert_int_equal(f.stored, MANY);
	buf_free(&text);
	end(&f);
}

static void *wait_for_end(void *arg)
{
	handoff_full_slot(arg);
	return NULL;
}

/* All threads that the process allows itself are at work elsewhere. */
static void test_without_thread(void **state)
{
	struct buf text = lines(0, MANY);
	struct handoff taken[100];
	struct fixture f;
	int count = 0, err = 0;

	(void)state;
	while (count < 100 && !err) {
		handoff_init(&taken[count], 1);
		err = handoff_start(&taken[count], wait_for_end, &taken[count]);
		count++;
	}
	assert_int_equal(err, -EAGAIN);
	begin_hash(&f, 1700);
	assert_refused(&f, write_bytes(&f, text.data, text.len), -ENOSPC, 1701, "full", ":1700,");
	assert_stored(&f, 0, 1700, MANY);
	while (count)
		handoff_finish(&taken[--count]);
	assert_refused(&f, write_bytes(&f, text.data, text.len), -ENOSPC, 1701, "full", ":1700,");
	buf_free(&text);
	end(&f);
}

/* The last line without its end. */

static void test_no_newline(void **state)
{
	struct fixture f;

	(void)state;
	begin_hash(&f, 16);
	assert_good(&f, write_text(&f, "{\"key\":1,\"value\":8}\n{\"key\":2,\"value\":9}"));
	assert_stored(&f, 1, 3, 16);
	assert_int_equal(f.stored, 2);
	assert_good(&f, write_text(&f, " "));
	assert_good(&f, write_text(&f, "\n"));
	assert_good(&f, write_text(&f, "{\"key\":3,\"val"));
	assert_stored(&f, 1, 3, 16);
	assert_good(&f, write_text(&f, ""));
	assert_good(&f, write_text(&f, "ue\":10}"));
	assert_stored(&f, 1, 4, 16);
	assert_good(&f, finish(&f));
	assert_int_equal(f.stored, 3);
	end(&f);
}

/* Behind a line that is stored already only blanks may follow. */
static void test_garbage_behind(void **state)
{
	struct fixture f;

	(void)state;
	begin_hash(&f, 16);
	assert_good(&f, write_text(&f, "{\"key\":1,\"value\":8}"));
	assert_refused(&f, write_text(&f, "x\n"), -EINVAL, 1, "nothing may follow",
		       "{\"key\":1,\"value\":8}x");
	assert_refused(&f, write_text(&f, "{\"key\":2,\"value\":9}\n"), -EINVAL, 1, "nothing", "");
	assert_good(&f, write_text(&f, "\n"));
	assert_refused(&f, write_text(&f, "x"), -EINVAL, 2, "", "x");
	assert_stored(&f, 1, 2, 16);
	assert_int_equal(f.stored, 1);
	assert_good(&f, finish(&f));
	end(&f);
}

static void test_garbage_at_the_end(void **state)
{
	struct fixture f;

	(void)state;
	begin_hash(&f, 16);
	assert_good(&f, write_text(&f, "{\"key\":1,\"value\":8}"));
	f.diag.err = 0;
	if (!write_text(&f, "x"))
		assert_refused(&f, finish(&f), -EINVAL, 1, "nothing may follow", "}x");
	else
		assert_refused(&f, -EINVAL, -EINVAL, 1, "nothing may follow", "}x");
	assert_good(&f, write_text(&f, "\n"));
	assert_good(&f, finish(&f));
	end(&f);
}

/* Half a line is refused at the end; then all is as new. */
static void test_half_a_line(void **state)
{
	static const char *const halves[] = {"{", "{\"key\":3", "{\"key\":3,\"value\":1"};
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(halves); i++) {
		begin_hash(&f, 16);
		assert_good(&f, write_text(&f, "{\"key\":1,\"value\":8}\n\n"));
		assert_good(&f, write_text(&f, halves[i]));
		assert_refused(&f, finish(&f), -EINVAL, 3, "missing", halves[i]);
		assert_good(&f, finish(&f));
		assert_good(&f, write_text(&f, "{\"key\":2,\"value\":9}"));
		assert_good(&f, finish(&f));
		assert_stored(&f, 1, 3, 16);
		end(&f);
	}
	begin_hash(&f, 16);
	assert_refused(&f, write_text(&f, "{\"key\":\n"), -EINVAL, 1, "", "{\"key\":");
	end(&f);
}

/* Behind the end a line begins, whatever the last one was. */
static void test_ends(void **state)
{
	struct fixture f;

	(void)state;
	begin_hash(&f, 16);
	assert_good(&f, finish(&f));
	assert_good(&f, write_text(&f, "{\"key\":0,\"value\":7}"));
	assert_good(&f, finish(&f));
	assert_good(&f, write_text(&f, "{\"key\":1,\"value\":8}"));
	assert_good(&f, pause_here(&f));
	assert_good(&f, pause_here(&f));
	assert_good(&f, write_text(&f, "{\"key\":2,\"value\":9}\n"));
	assert_stored(&f, 0, 3, 16);
	assert_int_equal(f.stored, 3);
	assert_refused(&f, write_text(&f, "x\n"), -EINVAL, 4, "", "x");
	end(&f);
}

/* The newline of a line that a pause has ended is no line of its own. */
static void test_newline_behind_pause(void **state)
{
	struct fixture f;

	(void)state;
	begin_hash(&f, 16);
	assert_good(&f, write_text(&f, "{\"key\":0,\"value\":7}"));
	assert_good(&f, pause_here(&f));
	assert_good(&f, write_bytes(&f, "", 0));
	assert_good(&f, write_text(&f, "\n"));
	assert_refused(&f, write_text(&f, "\nx\n"), -EINVAL, 3, "", "x");
	end(&f);
}

/* What is refused at a pause may yet become a line. */
static void test_pause(void **state)
{
	struct fixture f;

	(void)state;
	begin_hash(&f, 2);
	assert_good(&f, write_text(&f, "\n{\"key\":0,"));
	for (int i = 0; i < 2; i++)
		assert_refused(&f, pause_here(&f), -EINVAL, 2, "missing", "{\"key\":0,");
	assert_good(&f, write_text(&f, "\"value\":7}"));
	assert_good(&f, pause_here(&f));
	assert_stored(&f, 0, 1, 2);
	assert_good(&f, write_text(&f, "{\"key\":1,"));
	assert_refused(&f, pause_here(&f), -EINVAL, 3, "missing", "{\"key\":1,");
	assert_refused(&f, write_text(&f, "x\n"), -EINVAL, 3, "", "{\"key\":1,x");
	assert_good(&f, write_text(&f, "\"value\":8}\n"));
	assert_stored(&f, 0, 2, 2);
	assert_good(&f, finish(&f));
	end(&f);
}

/* A write that was refused has said so: the end does not say of the line before, which that write
 * had completed, that it lacks its end. */
static void test_end_behind_refusal(void **state)
{
	struct fixture f;

	(void)state;
	begin_hash(&f, 16);
	assert_good(&f, write_text(&f, "{\"key\":0,"));
	assert_refused(&f, write_text(&f, "\"value\":7}\nx\n"), -EINVAL, 2, "", "x");
	assert_good(&f, pause_here(&f));
	assert_good(&f, finish(&f));
	assert_stored(&f, 0, 1, 16);
	assert_good(&f, write_text(&f, "{\"key\":1,"));
	assert_refused(&f, finish(&f), -EINVAL, 2, "missing", "{\"key\":1,");
	end(&f);
}

/* Lines that are refused. */

/* Of count lines number bad is none: those before are stored, and again. */
static void check_bad_line(uint32_t count, uint32_t bad, const char *bad_line)
{
	struct buf text = lines(0, bad);
	struct fixture f;

	begin_hash(&f, count + 1);
	buf_addf(&text, "%s\n", bad_line);
	add_lines(&text, bad + 1, count - bad);
	for (int round = 0; round < 2; round++) {
		assert_refused(&f, write_bytes(&f, text.data, text.len), -EINVAL, bad + 1, "",
			       bad_line);
		assert_stored(&f, 0, bad, count + 1);
	}
	buf_clear(&text);
	add_lines(&text, 0, bad + 1);
	assert_good(&f, write_bytes(&f, text.data, text.len));
	assert_refused(&f, write_text(&f, "}\n"), -EINVAL, bad + 2, "'{'", "}");
	assert_good(&f, finish(&f));
	assert_stored(&f, 0, bad + 1, count + 1);
	buf_free(&text);
	end(&f);
}

static void test_bad_line(void **state)
{
	static const char *const bad[] = {"{\"key\":5,\"valu\":1}", "{\"key\":-1,\"value\":1}", "x",
					  "{\"key\":5,\"value\":}", "{\"key\":5,\"value\":1} {"};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		check_bad_line(10, 0, bad[i]);
		check_bad_line(10, 4, bad[i]);
		check_bad_line(10, 10, bad[i]);
		check_bad_line(MANY, BATCH, bad[i]);
		check_bad_line(MANY, 3 * BATCH + 3, bad[i]);
	}
}

/* The numbers go on over writes, and a refused one counts for nothing. */
static void test_numbers(void **state)
{
	struct fixture f;

	(void)state;
	begin_hash(&f, 100);
	assert_good(&f, write_text(&f, "{\"key\":0,\"value\":7}\n\n{\"key\":1"));
	assert_good(&f, write_text(&f, ",\"value\":8}\n{\"key\":2,"));
	assert_refused(&f, write_text(&f, "x\n"), -EINVAL, 4, "", "{\"key\":2,x");
	assert_refused(&f, write_text(&f, "\"value\":9}\n\n{\"key\":3,\"value\":x}"), -EINVAL, 6,
		       "", "x}");
	assert_stored(&f, 0, 3, 16);
	assert_good(&f, write_text(&f, "\"value\":9}\n"));
	assert_refused(&f, write_text(&f, "x"), -EINVAL, 5, "", "x");
	assert_good(&f, finish(&f));
	assert_refused(&f, write_text(&f, "x"), -EINVAL, 5, "", "x");
	end(&f);
}

static void test_without_diag(void **state)
{
	struct fixture f;

	(void)state;
	begin_hash(&f, 2);
	assert_int_equal(bulkin_write(f.in, "x\n", 2, NULL), -EINVAL);
	assert_int_equal(bulkin_write(f.in, "{\n", 2, NULL), -EINVAL);
	assert_int_equal(bulkin_write(f.in, "{", 1, NULL), 0);
	assert_int_equal(bulkin_finish(f.in, NULL), -EINVAL);
	sys_map_freeze(f.fd);
	assert_int_equal(bulkin_write(f.in, "{\"key\":0,\"value\":7}\n", 20, NULL), -EROFS);
	end(&f);
}

/* Lengths. */

static struct buf spaces(size_t count)
{
	struct buf out = BUF_INIT(1 << 26);

	assert_int_equal(buf_resize(&out, count), 0);
	memset(out.data, ' ', count);
	return out;
}

static void test_longest_line(void **state)
{
	struct fixture f;
	struct buf text;
	size_t most;

	(void)state;
	begin_hash(&f, 16);
	most = bulkline_max(&f.view);
	text = spaces(most + 1);
	memcpy(text.data, "{\"key\":1,", 9);
	assert_refused(&f, write_bytes(&f, text.data, text.len), -EINVAL, 1, "more than", "{");
	assert_good(&f, write_bytes(&f, text.data, most - 100));
	assert_refused(&f, write_bytes(&f, text.data + 100, 101), -EINVAL, 1, "more than", "{");
	assert_good(&f, write_text(&f, "\"value\":8}\n"));
	assert_stored(&f, 1, 2, 16);
	text.data[most] = '\n';
	assert_refused(&f, write_bytes(&f, text.data, text.len), -EINVAL, 2, "more than", "{");
	buf_free(&text);
	end(&f);
}

static void test_blanks(void **state)
{
	struct buf text = spaces(1 << 20);
	struct fixture f;

	(void)state;
	begin_hash(&f, 16);
	for (size_t i = 99; i < text.len; i += 100)
		text.data[i] = '\n';
	assert_good(&f, write_bytes(&f, text.data, text.len));
	memset(text.data, '\n', text.len);
	assert_good(&f, write_bytes(&f, text.data, text.len));
	assert_good(&f, write_text(&f, "{\"key\":1,\"value\":8}"));
	assert_good(&f, finish(&f));
	assert_stored(&f, 1, 2, 16);
	memset(text.data, ' ', text.len);
	assert_refused(&f, write_bytes(&f, text.data, text.len), -EINVAL,
		       (1 << 20) / 100 + (1 << 20) + 2, "more than", "");
	assert_good(&f, finish(&f));
	buf_free(&text);
	end(&f);
}

/* Order. */

static void test_order(void **state)
{
	struct fixture f;

	(void)state;
	begin_hash(&f, 16);
	assert_good(&f, write_text(&f, "{\"key\":1,\"value\":1}\n"
				       "{\"key\":1,\"value\":null}\n"
				       "{\"key\":1,\"value\":8}\n"
				       "{\"key\":2,\"value\":1}\n"
				       "{\"key\":2,\"value\":9}\n"
				       "{\"key\":3,\"value\":10}\n"
				       "{\"key\":4,\"value\":10}\n"
				       "{\"key\":4,\"value\":null}\n"
				       "{\"key\":4,\"value\":null}\n"
				       "{\"key\":9,\"value\":null}"));
	assert_stored(&f, 1, 4, 16);
	assert_int_equal(f.stored, 6);
	assert_int_equal(f.removed, 2);
	end(&f);
}

/* What is left of a value is what the line before has made of it. */
static void test_parts(void **state)
{
	uint32_t key = 1, value[2];
	struct fixture f;

	(void)state;
	begin(&f, BPF_MAP_TYPE_HASH, "struct{u32 a;u32 b}", 16);
	assert_good(&f, write_text(&f, "{\"key\":1,\"value\":{\"a\":5,\"b\":6}}\n"
				       "{\"key\":1,\"value\":{\"b\":7}}\n"
				       "{\"key\":2,\"value\":{\"b\":7}}"));
	assert_int_equal(sys_map_lookup(f.fd, &key, value, 0), 0);
	assert_int_equal(value[0], 5);
	assert_int_equal(value[1], 7);
	key = 2;
	assert_int_equal(sys_map_lookup(f.fd, &key, value, 0), 0);
	assert_int_equal(value[0], 0);
	assert_int_equal(value[1], 7);
	assert_good(&f,
		    write_text(&f, "\n{\"key\":1,\"value\":null}\n"
				   "{\"key\":1,\"value\":{\"b\":9}}\n{\"key\":1,\"value\":{}}"));
	key = 1;
	assert_int_equal(sys_map_lookup(f.fd, &key, value, 0), 0);
	assert_int_equal(value[0], 0);
	assert_int_equal(value[1], 9);
	end(&f);
}

/* What was to be stored before it is refused, and it is never looked at. */
static void test_part_behind_refusal(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, BPF_MAP_TYPE_HASH, "struct{u32 a;u32 b}", 1);
	assert_refused(&f,
		       write_text(&f, "{\"key\":1,\"value\":{\"a\":5,\"b\":6}}\n"
				      "{\"key\":2,\"value\":{\"a\":5,\"b\":6}}\n"
				      "{\"key\":1,\"value\":{\"b\":9}}"),
		       -ENOSPC, 2, "full", "\"key\":2");
	assert_int_equal(value_of(&f, 1), 5);
	end(&f);
}

/* The present value cannot be read: that is the line's own refusal, with its number. */
static void test_part_of_unreadable(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, BPF_MAP_TYPE_HASH, "struct{u32 a;u32 b}", 16);
	fake_fail(FAKE_MAP_LOOKUP, 0, -ENOMEM);
	assert_refused(&f, write_text(&f, "\n{\"key\":1,\"value\":{\"b\":9}}\n"), -ENOMEM, 2, "",
		       "\"key\":1");
	fake_fail(FAKE_MAP_OPEN_ID, 0, -ENOMEM);
	assert_refused(&f, write_text(&f, "\n{\"key\":1,\"value\":{\"b\":9}}\n"), -ENOMEM, 2, "",
		       "\"key\":1");
	assert_good(&f, write_text(&f, "\n{\"key\":1,\"value\":{\"b\":9}}\n"));
	end(&f);
}

/* What the kernel refuses. */

static void check_full(uint32_t max_entries, uint32_t count)
{
	struct buf text = lines(0, count);
	struct fixture f;
	char quote[32];

	snprintf(quote, sizeof(quote), "{\"key\":%u,", max_entries);
	begin_hash(&f, max_entries);
	for (int round = 0; round < 2; round++)
		assert_refused(&f, write_bytes(&f, text.data, text.len), -ENOSPC, max_entries + 1,
			       "full", quote);
	assert_stored(&f, 0, max_entries, count);
	buf_clear(&text);
	add_lines(&text, 0, max_entries);
	assert_good(&f, write_bytes(&f, text.data, text.len));
	assert_good(&f, finish(&f));
	buf_free(&text);
	end(&f);
}

static void test_full(void **state)
{
	static const uint32_t most[] = {1, 2, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH, MANY - 1};

	(void)state;
	check_full(1, 2);
	check_full(3, 5);
	for (unsigned int i = 0; i < ARRAY_SIZE(most); i++)
		check_full(most[i], MANY);
}

/* Which of both is earlier counts, however far the other one has come meanwhile. */
static void check_full_before_bad(uint32_t max_entries, uint32_t bad)
{
	struct buf text = lines(0, bad);
	struct fixture f;
	char quote[32];

	snprintf(quote, sizeof(quote), "{\"key\":%u,", max_entries);
	buf_adds(&text, "bad\n");
	begin_hash(&f, max_entries);
	for (int round = 0; round < 2; round++)
		assert_refused(&f, write_bytes(&f, text.data, text.len), -ENOSPC, max_entries + 1,
			       "full", quote);
	assert_stored(&f, 0, max_entries, bad);
	buf_free(&text);
	end(&f);
}

static void test_full_before_bad_line(void **state)
{
	(void)state;
	check_full_before_bad(1, 2);
	check_full_before_bad(1, 100);
	check_full_before_bad(100, BATCH + 1);
	check_full_before_bad(100, MANY);
	check_full_before_bad(MANY - 1, MANY);
	check_full_before_bad(BATCH + 100, 3 * BATCH + 100);
}

/* It is frozen while the second batch is on its way. */
static void freeze_second(void *arg)
{
	if (fake_calls(FAKE_MAP_UPDATE_BATCH) == 2)
		sys_map_freeze(((struct fixture *)arg)->fd);
}

static void test_frozen(void **state)
{
	struct buf text = lines(0, MANY);
	struct fixture f;

	(void)state;
	begin_hash(&f, MANY);
	fake_hook(FAKE_MAP_UPDATE_BATCH, freeze_second, &f);
	assert_refused(&f, write_bytes(&f, text.data, text.len), -EROFS, BATCH + 1, "frozen",
		       ":512,");
	assert_stored(&f, 0, BATCH, MANY);
	assert_refused(&f, write_text(&f, "{\"key\":0,\"value\":null}"), -EROFS, 1, "frozen",
		       "null");
	assert_refused(&f, write_text(&f, "{\"key\":0,\"value\":5}"), -EROFS, 1, "frozen", ":5");
	buf_free(&text);
	end(&f);
}

static void test_batches_refused(void **state)
{
	static const int errors[] = {-ENOMEM, -EOPNOTSUPP, -EINVAL, -EFAULT};
	struct buf text = lines(0, MANY);
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(errors); i++) {
		begin_hash(&f, MANY);
		if (i & 1)
			fake_fail_always(FAKE_MAP_UPDATE_BATCH, errors[i / 2]);
		else
			fake_fail(FAKE_MAP_UPDATE_BATCH, 1, errors[i / 2]);
		assert_good(&f, write_bytes(&f, text.data, text.len));
		assert_stored(&f, 0, MANY, MANY);
		assert_int_equal(f.stored, MANY);
		end(&f);
	}
	buf_free(&text);
}

/* One after the other, and one of them is refused. */
static void test_single_refused(void **state)
{
	static const unsigned int after[] = {0, 5, BATCH - 1, BATCH, MANY - 1};
	struct buf text = lines(0, MANY);
	struct fixture f;
	char quote[32];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(after); i++) {
		begin_hash(&f, MANY);
		snprintf(quote, sizeof(quote), "{\"key\":%u,", after[i]);
		fake_fail_always(FAKE_MAP_UPDATE_BATCH, -EOPNOTSUPP);
		fake_fail(FAKE_MAP_UPDATE, after[i], -ENOMEM);
		assert_refused(&f, write_bytes(&f, text.data, text.len), -ENOMEM, after[i] + 1, "",
			       quote);
		assert_stored(&f, 0, after[i], MANY);
		assert_good(&f, write_bytes(&f, text.data, text.len));
		assert_stored(&f, 0, MANY, MANY);
		end(&f);
	}
	buf_free(&text);
}

static void test_removal_refused(void **state)
{
	struct fixture f;

	(void)state;
	begin_hash(&f, 16);
	assert_good(&f, write_text(&f, "{\"key\":0,\"value\":7}\n"));
	fake_fail(FAKE_MAP_DELETE, 0, -ENOMEM);
	assert_refused(&f, write_text(&f, "{\"key\":0,\"value\":null}\n"), -ENOMEM, 2, "", "null");
	f.removed_says = -ENOSPC;
	assert_refused(&f, write_text(&f, "{\"key\":0,\"value\":null}\n"), -ENOSPC, 2, "", "null");
	end(&f);
}

static void test_beyond_the_end(void **state)
{
	struct buf text = lines(0, MANY);
	struct fixture f;

	(void)state;
	begin(&f, BPF_MAP_TYPE_ARRAY, "u32", 700);
	assert_refused(&f, write_bytes(&f, text.data, text.len), -EINVAL, 701, "last index",
		       "{\"key\":700,");
	assert_stored(&f, 0, 700, 700);
	assert_good(&f, write_text(&f, "{\"key\":701,\"value\":null}\n"));
	assert_good(&f, write_text(&f, "{\"key\":3,\"value\":null}\n"));
	assert_int_equal(value_of(&f, 3), 0);
	assert_int_equal(f.removed, 1);
	buf_free(&text);
	end(&f);
}

/* Between two writes. */
static void test_map_gone(void **state)
{
	struct buf text = lines(0, MANY);
	struct fixture f;

	(void)state;
	begin_hash(&f, MANY);
	assert_good(&f, write_text(&f, "{\"key\":0,\"value\":7}\n{\"key\":9,\"value\":null}\n"));
	sys_close(f.fd);
	f.fd = -1;
	assert_refused(&f, write_text(&f, "{\"key\":1,\"value\":8}\n"), -ESTALE, 3,
		       "the map is gone", "\"key\":1");
	assert_null(strstr(f.diag.why, "no such key"));
	assert_refused(&f, write_bytes(&f, text.data, text.len), -ESTALE, 3, "", "\"key\":0");
	assert_refused(&f, write_text(&f, "{\"key\":1,\"value\":null}\n"), -ESTALE, 3, "", "null");
	assert_good(&f, write_text(&f, "\n"));
	assert_good(&f, finish(&f));
	buf_free(&text);
	end(&f);
}

/* While a thread stores: whatever was stored, the rest is refused. */
static void close_map(void *arg)
{
	struct fixture *f = arg;

	if (fake_calls(FAKE_MAP_UPDATE_BATCH) == 2 && f->fd >= 0) {
		sys_close(f->fd);
		f->fd = -1;
	}
}

static void test_map_goes_meanwhile(void **state)
{
	struct buf text = lines(0, MANY);
	struct fixture f;

	(void)state;
	begin_hash(&f, MANY);
	fake_hook(FAKE_MAP_UPDATE_BATCH, close_map, &f);
	assert_refused(&f, write_bytes(&f, text.data, text.len), -ESTALE, 2 * BATCH + 1, "",
		       "{\"key\":1024,");
	buf_free(&text);
	end(&f);
}

/* Any call fails, once: it is told, or all is stored; and the next time it is. */
static void test_any_failure(void **state)
{
	struct buf text = lines(0, MANY);

	(void)state;
	for (unsigned int after = 0;; after++) {
		struct fixture f;
		int err;

		begin_hash(&f, MANY);
		fake_fail(FAKE_ANY, after, -ENOMEM);
		err = write_bytes(&f, text.data, text.len);
		if (!fake_failed()) {
			fake_fail(FAKE_ANY, 0, 0);
			end(&f);
			break;
		}
		if (err)
			assert_refused(&f, err, -ENOMEM, after / 2 * BATCH + 1, "", "{");
		assert_good(&f, write_bytes(&f, text.data, text.len));
		assert_stored(&f, 0, MANY, MANY);
		end(&f);
	}
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_model_with_thread),
		cmocka_unit_test(test_large_values),
		cmocka_unit_test(test_thread_for_many_alone),
		cmocka_unit_test(test_without_thread),
		cmocka_unit_test(test_no_newline),
		cmocka_unit_test(test_garbage_behind),
		cmocka_unit_test(test_garbage_at_the_end),
		cmocka_unit_test(test_half_a_line),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_newline_behind_pause),
		cmocka_unit_test(test_end_behind_refusal),
		cmocka_unit_test(test_bad_line),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_without_diag),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_blanks),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_part_behind_refusal),
		cmocka_unit_test(test_part_of_unreadable),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_full_before_bad_line),
		cmocka_unit_test(test_frozen),
		cmocka_unit_test(test_batches_refused),
		cmocka_unit_test(test_single_refused),
		cmocka_unit_test(test_removal_refused),
		cmocka_unit_test(test_beyond_the_end),
		cmocka_unit_test(test_map_gone),
		cmocka_unit_test(test_map_goes_meanwhile),
		cmocka_unit_test(test_any_failure),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
