/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/moved.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void moved_table_init(struct moved_table *t)
{
	*t = (struct moved_table){.buckets = NULL};
	pthread_mutex_init(&t->lock, NULL);
}

void moved_table_free(struct moved_table *t)
{
	free(t->buckets);
	pthread_mutex_destroy(&t->lock);
}

struct moved *moved_new(struct node *node, const struct identity *id)
{
	struct moved *m = calloc(1, sizeof(*m) + id->len);

	if (!m)
		return NULL;
	m->node = node;
	m->number = node_ino(id);
	m->id = *id;
	m->id.bytes = id->len ? memcpy(m + 1, id->bytes, id->len) : NULL;
	return m;
}

void moved_free(struct moved *m)
{
	struct moved *older;

	for (; m; m = older) {
		older = m->older;
		free(m);
	}
}

static struct moved **bucket(struct moved **buckets, size_t room, uint64_t number)
{
	return &buckets[node_spread(number) & (room - 1)];
}

/* In a bucket the latest is first, and so it stays. */
static void append(struct moved **link, struct moved *m)
{
	while (*link)
		link = &(*link)->next;
	m->next = NULL;
	*link = m;
}

/* Without memory the chains just get longer. */
static void fit(struct moved_table *t)
{
	size_t room = node_room_for(t->room, t->count);
	struct moved **buckets, *m, *next;

	if (room == t->room)
		return;
	buckets = calloc(room, sizeof(struct moved *));
	if (!buckets)
		return;
	for (size_t i = 0; i < t->room; i++) {
		for (m = t->buckets[i]; m; m = next) {
			next = m->next;
			append(bucket(buckets, room, m->number), m);
		}
	}
	free(t->buckets);
	t->buckets = buckets;
	t->room = room;
}

int moved_add(struct moved_table *t, struct moved *m)
{
	struct moved **head;

	fit(t);
	if (!t->room)
		return -ENOMEM;
	head = bucket(t->buckets, t->room, m->number);
	m->next = *head;
	*head = m;
	__atomic_add_fetch(&t->count, 1, __ATOMIC_RELEASE);
	return 0;
}

void moved_remove(struct moved_table *t, struct moved *m)
{
	struct moved **link = bucket(t->buckets, t->room, m->number);

	while (*link != m)
		link = &(*link)->next;
	*link = m->next;
	__atomic_sub_fetch(&t->count, 1, __ATOMIC_RELEASE);
	fit(t);
}

struct node *moved_find(const struct moved_table *t, const struct identity *id, uint64_t number)
{
	struct moved *m = t->room ? *bucket(t->buckets, t->room, number) : NULL;

	while (m && (m->number != number || !identity_is_same(&m->id, id)))
		m = m->next;
	return m ? m->node : NULL;
}

bool moved_has_none(const struct moved_table *t)
{
	return __atomic_load_n(&t->count, __ATOMIC_ACQUIRE) == 0;
}
