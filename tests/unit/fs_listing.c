/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fs_listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int listed_take(void *arg, const struct dir_entry *entry)
{
	struct listed *l = arg;
	struct entry *e = &l->entries[l->count];

	if (!l->room)
		return 1;
	assert_true(l->count < NAMES);
	assert_true(entry->next > 0);
	snprintf(e->name, sizeof(e->name), "%s", entry->name);
	e->st = entry->st;
	e->next = entry->next;
	e->has_id = entry->id != NULL;
	if (entry->id) {
		e->kind = entry->id->kind;
		assert_int_equal(entry->st.st_ino, node_ino(entry->id));
	}
	l->count++;
	l->room--;
	return 0;
}

struct listed *new_listed(void)
{
	return calloc(1, sizeof(struct listed));
}

void list_from(struct dir *d, off_t off, bool with_stat, size_t room, struct listed *l)
{
	size_t before;

	l->count = 0;
	do {
		before = l->count;
		l->room = room;
		assert_int_equal(dir_read(d, off, with_stat, listed_take, l, NULL), 0);
		if (l->count)
			off = l->entries[l->count - 1].next;
	} while (l->count > before);
}

struct dir *open_dir(struct fixture *f, const struct identity *id)
{
	struct dir *d;

	assert_int_equal(dir_open(&f->fs, id, &d, NULL), 0);
	return d;
}

struct dir *open_map_dir(struct fixture *f, uint32_t map)
{
	const struct identity id = fs_map(map);

	return open_dir(f, &id);
}

void list_all(struct fixture *f, uint32_t map, bool with_stat, struct listed *l)
{
	struct dir *d = open_map_dir(f, map);

	list_from(d, 0, with_stat, EVERYTHING, l);
	dir_close(d);
}

const struct entry *entry_of(const struct listed *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->entries[i].name, name) == 0)
			return &l->entries[i];
	return NULL;
}

void assert_names(const struct listed *l, const char *expected)
{
	struct buf names = BUF_INIT(1 << 20);

	for (size_t i = 0; i < l->count; i++)
		buf_addf(&names, "%s%s", i ? " " : "", l->entries[i].name);
	assert_buf(&names, expected);
}

static int by_name(const void *a, const void *b)
{
	const struct entry *first = a, *second = b;

	return strcmp(first->name, second->name);
}

void assert_sorted(struct listed *l, const char *expected)
{
	qsort(l->entries, l->count, sizeof(l->entries[0]), by_name);
	assert_names(l, expected);
}

void assert_rest(const struct listed *all, size_t from, const struct listed *rest)
{
	assert_int_equal(rest->count, all->count - from);
	for (size_t i = 0; i < rest->count; i++) {
		assert_string_equal(rest->entries[i].name, all->entries[from + i].name);
		assert_int_equal(rest->entries[i].next, all->entries[from + i].next);
	}
}

uint32_t large_map(struct fixture *f, const char *type, uint32_t count)
{
	char name[100];
	uint32_t map;

	snprintf(name, sizeof(name), "large,type=%s,value=4000,max_entries=%u", type, count);
	map = fs_mkdir(f, name);
	for (uint32_t key = 0; key < count; key++)
		raw_put(map, key, key + 1);
	return map;
}
