/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/node.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { FIRST_ROOM = 256, ROOT_INO = 1 };

#define HASHED_BIT (1ULL << 62)
#define UPPER_SHIFT 40
#define UPPER_BITS (HASHED_BIT - (1ULL << UPPER_SHIFT))

/* An identity that a node got by a move. */
struct moved {
	struct moved *older;
	struct identity id; /* its bytes follow */
};

static bool same(const struct identity *a, const struct identity *b)
{
	return a->kind == b->kind && a->map_id == b->map_id && a->len == b->len &&
	       (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
}

const struct identity *node_identity(const struct node *n)
{
	return __atomic_load_n(&n->id, __ATOMIC_ACQUIRE);
}

void node_tell(struct node *n, off_t size, int64_t mtime)
{
	__atomic_store_n(&n->told_size, size, __ATOMIC_RELAXED);
	__atomic_store_n(&n->told_mtime, mtime, __ATOMIC_RELAXED);
}

bool node_was_told(const struct node *n, off_t size, int64_t mtime)
{
	return __atomic_load_n(&n->told_size, __ATOMIC_RELAXED) == size &&
	       __atomic_load_n(&n->told_mtime, __ATOMIC_RELAXED) == mtime;
}

uint64_t node_ino(const struct identity *id)
{
	uint64_t seed;

	if (id->kind == NODE_ROOT)
		return ROOT_INO;
	if (id->len == 0)
		return (uint64_t)id->map_id << 8 | id->kind;
	/* Where bytes are few, a seed is but added to them: so it is a hash itself. */
	seed = (uint64_t)id->map_id << 8 | id->kind;
	seed = XXH3_64bits(&seed, sizeof(seed));
	return HASHED_BIT | XXH3_64bits_withSeed(id->bytes, id->len, seed) >> 2;
}

static struct node **bucket(const struct node_table *t, uint64_t ino)
{
	return &t->buckets[ino & (t->room - 1)];
}

static struct node *by_ino(const struct node_table *t, uint64_t ino)
{
	struct node *n = *bucket(t, ino);

	while (n && n->ino != ino)
		n = n->next;
	return n;
}

/* Where moved nodes of an identity are. */
static struct node **moved_bucket(const struct node_table *t, const struct identity *id)
{
	return &t->moved[node_ino(id) & (t->room - 1)];
}

static struct node *by_identity(const struct node_table *t, const struct identity *id)
{
	struct node *n = *moved_bucket(t, id);

	while (n && !same(n->id, id))
		n = n->next_moved;
	if (n)
		return n;
	for (n = *bucket(t, node_ino(id)); n && !same(n->id, id); n = n->next)
		;
	return n;
}

static void add_moved(struct node_table *t, struct node *n)
{
	struct node **head = moved_bucket(t, n->id);

	n->next_moved = *head;
	*head = n;
}

static void remove_moved(struct node_table *t, struct node *n)
{
	struct node **link = moved_bucket(t, n->id);

	while (*link != n)
		link = &(*link)->next_moved;
	*link = n->next_moved;
}

/* The number of a new node: that of its identity, or one with other upper bits. */
static uint64_t free_ino(const struct node_table *t, const struct identity *id)
{
	uint64_t ino = node_ino(id);

	for (uint64_t upper = 1; by_ino(t, ino); upper++)
		ino = (ino & ~UPPER_BITS) | (upper << UPPER_SHIFT & UPPER_BITS);
	return ino;
}

/* Twice the buckets. Without memory the chains just get longer. */
static void grow(struct node_table *t)
{
	struct node_table larger = {.room = t->room * 2};
	struct node *n, *next;

	larger.buckets = calloc(larger.room, sizeof(struct node *));
	larger.moved = calloc(larger.room, sizeof(struct node *));
	if (!larger.buckets || !larger.moved) {
		free(larger.buckets);
		free(larger.moved);
		return;
	}
	for (size_t i = 0; i < t->room; i++) {
		for (n = t->buckets[i]; n; n = next) {
			struct node **head = bucket(&larger, n->ino);

			next = n->next;
			n->next = *head;
			*head = n;
		}
		for (n = t->moved[i]; n; n = next) {
			next = n->next_moved;
			add_moved(&larger, n);
		}
	}
	free(t->buckets);
	free(t->moved);
	t->buckets = larger.buckets;
	t->moved = larger.moved;
	t->room = larger.room;
}

static struct node *add(struct node_table *t, const struct identity *id, uint64_t ino)
{
	struct node *n = calloc(1, sizeof(*n) + id->len);
	struct node **head;

	if (!n)
		return NULL;
	if (t->count >= t->room)
		grow(t);
	n->ino = ino;
	n->told_size = -1;
	n->first = *id;
	n->first.bytes = id->len ? memcpy(n + 1, id->bytes, id->len) : NULL;
	n->id = &n->first;
	head = bucket(t, ino);
	n->next = *head;
	*head = n;
	t->count++;
	return n;
}

static void remove_node(struct node_table *t, struct node *n)
{
	struct node **link = bucket(t, n->ino);
	struct moved *moved, *older;

	while (*link != n)
		link = &(*link)->next;
	*link = n->next;
	t->count--;
	if (n->moved)
		remove_moved(t, n);
	for (moved = n->moved; moved; moved = older) {
		older = moved->older;
		free(moved);
	}
	free(n);
}

int node_table_init(struct node_table *t)
{
	const struct identity root = {.kind = NODE_ROOT};

	memset(t, 0, sizeof(*t));
	pthread_mutex_init(&t->lock, NULL);
	t->room = FIRST_ROOM;
	t->buckets = calloc(t->room, sizeof(struct node *));
	t->moved = calloc(t->room, sizeof(struct node *));
	if (t->buckets && t->moved)
		t->root = add(t, &root, ROOT_INO);
	if (!t->root)
		return -ENOMEM;
	t->root->refs = 1;
	return 0;
}

void node_table_free(struct node_table *t)
{
	for (size_t i = 0; t->buckets && i < t->room; i++)
		while (t->buckets[i])
			remove_node(t, t->buckets[i]);
	free(t->buckets);
	free(t->moved);
	pthread_mutex_destroy(&t->lock);
}

struct node *node_get(struct node_table *t, const struct identity *id)
{
	struct node *n;

	pthread_mutex_lock(&t->lock);
	n = by_identity(t, id);
	if (!n)
		n = add(t, id, free_ino(t, id));
	if (n)
		n->refs++;
	pthread_mutex_unlock(&t->lock);
	return n;
}

struct node *node_find(struct node_table *t, const struct identity *id)
{
	struct node *n;

	pthread_mutex_lock(&t->lock);
	n = by_identity(t, id);
	if (n)
		n->refs++;
	pthread_mutex_unlock(&t->lock);
	return n;
}

struct node *node_by_ino(struct node_table *t, uint64_t ino)
{
	struct node *n;

	pthread_mutex_lock(&t->lock);
	n = by_ino(t, ino);
	pthread_mutex_unlock(&t->lock);
	return n;
}

void node_ref(struct node_table *t, struct node *n)
{
	pthread_mutex_lock(&t->lock);
	n->refs++;
	pthread_mutex_unlock(&t->lock);
}

void node_put(struct node_table *t, struct node *n, uint64_t refs)
{
	pthread_mutex_lock(&t->lock);
	n->refs -= refs < n->refs ? refs : n->refs;
	if (n->refs == 0 && n != t->root)
		remove_node(t, n);
	pthread_mutex_unlock(&t->lock);
}

int node_move(struct node_table *t, struct node *n, const struct identity *id)
{
	struct moved *moved = calloc(1, sizeof(*moved) + id->len);

	if (!moved)
		return -ENOMEM;
	moved->id = *id;
	moved->id.bytes = id->len ? memcpy(moved + 1, id->bytes, id->len) : NULL;
	pthread_mutex_lock(&t->lock);
	if (n->moved)
		remove_moved(t, n);
	moved->older = n->moved;
	n->moved = moved;
	__atomic_store_n(&n->id, &moved->id, __ATOMIC_RELEASE);
	add_moved(t, n);
	pthread_mutex_unlock(&t->lock);
	return 0;
}

static int move_identity(struct node_table *t, const struct identity *from,
			 const struct identity *to, bool is_remade)
{
	struct node *n = node_find(t, from);
	int err;

	if (!n)
		return 0;
	err = node_move(t, n, to);
	if (!err && is_remade)
		__atomic_store_n(&n->keeps_number, true, __ATOMIC_RELEASE);
	node_put(t, n, 1);
	return err;
}

int node_move_identity(struct node_table *t, const struct identity *from, const struct identity *to)
{
	return move_identity(t, from, to, false);
}

int node_move_remade(struct node_table *t, const struct identity *from, const struct identity *to)
{
	return move_identity(t, from, to, true);
}

void node_fill_number(const struct node *n, struct stat *st)
{
	if (__atomic_load_n(&n->keeps_number, __ATOMIC_ACQUIRE))
		st->st_ino = n->ino;
}

int identity_by_name(enum node_kind kind, uint32_t map_id, const char *name, struct identity *id,
		     struct buf *bytes)
{
	buf_clear(bytes);
	buf_add(bytes, name, strlen(name) + 1);
	*id = (struct identity){kind, map_id, (uint32_t)bytes->len,
				(const unsigned char *)bytes->data};
	return buf_error(bytes);
}
