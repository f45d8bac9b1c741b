/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the fake kernel has, as text in an order of its own. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fail_world.h"
#include "tests/unit/fake_map.h"
#include "tests/unit/fake_pins.h"
#include "tests/unit/fake_store.h"

enum { LINES = 6000 };

static char *lines[LINES];
static size_t count;

static void add_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void add_line(const char *format, ...)
{
	va_list args;

	assert_true(count < LINES);
	va_start(args, format);
	assert_true(vasprintf(&lines[count++], format, args) >= 0);
	va_end(args);
}

static void hex(const unsigned char *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		out += sprintf(out, "%02x", bytes[i]);
	*out = '\0';
}

/* Ids are others each time. */
static void add_element(const char *path, const struct fake_map *m, const unsigned char *key,
			const unsigned char *value)
{
	char key_text[4096], value_text[65536];
	const struct fake_map *inner;
	uint32_t id;

	hex(key, m->info.key_size, key_text);
	hex(value, m->value_size, value_text);
	if (m->kind->gone) {
		memcpy(&id, value, sizeof(id));
		inner = fake_store_next_map(id - 1);
		snprintf(value_text, sizeof(value_text), "%s of %u", inner->info.name,
			 inner->info.max_entries);
	}
	add_line("%s: %s=%s", path, key_text, value_text);
}

static void add_slots(const char *path, const struct fake_map *m)
{
	for (uint32_t i = 0; i < m->info.max_entries; i++) {
		const unsigned char *value = m->slots + (size_t)i * m->value_size;

		if (!buf_is_zero(value, m->value_size))
			add_element(path, m, (const unsigned char *)&i, value);
	}
}

static void add_map(const char *path, const struct fake_map *m)
{
	const struct bpf_map_info *i = &m->info;

	add_line("%s: type %u of %u to %u, %u, flags %x, '%s'%s%s", path, i->type, i->key_size,
		 i->value_size, i->max_entries, i->map_flags, i->name, m->btf ? ", types" : "",
		 m->frozen ? ", frozen" : "");
	if (m->slots)
		add_slots(path, m);
	for (uint32_t b = 0; b < m->buckets; b++)
		for (struct fake_elem *e = m->lists[b]; e; e = e->next)
			add_element(path, m, e->data, fake_elem_value(m, e));
}

static int add_pin(void *arg, const char *name, bool is_dir)
{
	char path[PATH_MAX];
	void *object = NULL;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name);
	fake_pins_stat(path, &st);
	if (!is_dir && fake_pins_open(path, &object) == 0)
		add_map(path, object);
	if (object && ((struct fake_map *)object)->count)
		st.st_mtim.tv_nsec = 0; /* that it awaits its .map says nothing of such a map */
	add_line("%s %o %u:%u %ld", path, st.st_mode, st.st_uid, st.st_gid, st.st_mtim.tv_nsec);
	return is_dir ? fake_pins_list(path, add_pin, path) : 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void world_kernel(FILE *out)
{
	char root[] = FAKE_BPFFS;

	count = 0;
	fake_pins_list(root, add_pin, root);
	add_line("%u maps", fake_live_maps());
	qsort(lines, count, sizeof(lines[0]), by_text);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s\n", lines[i]);
		free(lines[i]);
	}
}
