/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/entries.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b)
{
	const struct map_entry *x = a, *y = b;
	int order = strcmp(x->dir, y->dir);

	return order ? order : strcmp(x->name, y->name);
}

static int compare_pins(const void *a, const void *b)
{
	const struct map_entry *x = a, *y = b;

	return strcmp(x->pin, y->pin);
}

static struct map_entry *tree_find(void *const *root, const struct map_entry *probe,
				   int (*compare)(const void *, const void *))
{
	struct map_entry **found = tfind(probe, root, compare);

	return found ? *found : NULL;
}

size_t entries_place(const struct entries *t, uint32_t id)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->by_id[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct map_entry *entries_by_id(const struct entries *t, uint32_t id)
{
	size_t i = entries_place(t, id);

	return i < t->count && t->by_id[i]->id == id ? t->by_id[i] : NULL;
}

struct map_entry *entries_by_name(const struct entries *t, const char *dir, const char *name)
{
	struct map_entry probe = {.dir = (char *)dir, .name = (char *)name};

	return tree_find(&t->by_name, &probe, compare_names);
}

struct map_entry *entries_by_pin(const struct entries *t, const char *pin)
{
	struct map_entry probe = {.pin = (char *)pin};

	return tree_find(&t->by_pin, &probe, compare_pins);
}

static void entry_free(struct map_entry *e)
{
	map_desc_unref(e->desc);
	free(e->dir);
	free(e->name);
	free(e->pin);
	free(e);
}

static int make_place(struct entries *t, size_t i)
{
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 64;
		struct map_entry **by_id = realloc(t->by_id, room * sizeof(struct map_entry *));

		if (!by_id)
			return -ENOMEM;
		t->by_id = by_id;
		t->room = room;
	}
	memmove(t->by_id + i + 1, t->by_id + i, (t->count - i) * sizeof(struct map_entry *));
	t->count++;
	return 0;
}

static void close_place(struct entries *t, size_t i)
{
	t->count--;
	memmove(t->by_id + i, t->by_id + i + 1, (t->count - i) * sizeof(struct map_entry *));
}

struct map_entry *entries_add(struct entries *t, const struct bpf_map_info *info, const char *dir,
			      const char *name)
{
	struct map_entry *e = calloc(1, sizeof(*e));
	size_t i = entries_place(t, info->id);

	if (!e)
		return NULL;
	e->id = info->id;
	e->info = *info;
	e->dir = strdup(dir);
	e->name = strdup(name);
	if (!e->dir || !e->name || make_place(t, i)) {
		entry_free(e);
		return NULL;
	}
	t->by_id[i] = e;
	if (!tsearch(e, &t->by_name, compare_names)) {
		close_place(t, i);
		entry_free(e);
		return NULL;
	}
	return e;
}

void entries_remove(struct entries *t, struct map_entry *e)
{
	entries_set_pin(t, e, NULL, 0);
	tdelete(e, &t->by_name, compare_names);
	close_place(t, entries_place(t, e->id));
	entry_free(e);
}

int entries_rename(struct entries *t, struct map_entry *e, const char *dir, const char *name)
{
	char *old_dir = e->dir, *old_name = e->name;
	char *new_dir = strdup(dir), *new_name = strdup(name);

	if (!new_dir || !new_name)
		goto no_memory;
	tdelete(e, &t->by_name, compare_names);
	e->dir = new_dir;
	e->name = new_name;
	tsearch(e, &t->by_name, compare_names); /* takes the node that was just freed */
	free(old_dir);
	free(old_name);
	return 0;

no_memory:
	free(new_dir);
	free(new_name);
	return -ENOMEM;
}

int entries_set_pin(struct entries *t, struct map_entry *e, const char *pin, ino_t ino)
{
	char *copy = pin ? strdup(pin) : NULL;

	if (pin && !copy)
		return -ENOMEM;
	if (e->pin)
		tdelete(e, &t->by_pin, compare_pins);
	free(e->pin);
	e->pin = copy;
	e->pin_ino = ino;
	if (!copy || tsearch(e, &t->by_pin, compare_pins))
		return 0;
	free(e->pin);
	e->pin = NULL;
	return -ENOMEM;
}

void entries_move(struct entries *t, struct map_entry *e, struct entry_place *to, ino_t ino)
{
	tdelete(e, &t->by_pin, compare_pins);
	free(e->pin);
	e->pin = to->pin;
	e->pin_ino = ino;
	tsearch(e, &t->by_pin, compare_pins); /* takes the node that was just freed */
	if (to->name) {
		tdelete(e, &t->by_name, compare_names);
		free(e->dir);
		free(e->name);
		e->dir = to->dir;
		e->name = to->name;
		tsearch(e, &t->by_name, compare_names);
	}
	*to = (struct entry_place){NULL, NULL, NULL};
}

int entry_place_make(struct entry_place *p, const char *pin, const char *dir, const char *name)
{
	*p = (struct entry_place){strdup(pin), dir ? strdup(dir) : NULL,
				  name ? strdup(name) : NULL};
	return p->pin && !dir == !p->dir && !name == !p->name ? 0 : -ENOMEM;
}

void entry_place_free(struct entry_place *p)
{
	free(p->pin);
	free(p->dir);
	free(p->name);
}

void entries_free(struct entries *t)
{
	while (t->count)
		entries_remove(t, t->by_id[t->count - 1]);
	free(t->by_id);
	memset(t, 0, sizeof(*t));
}
