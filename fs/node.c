/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/node.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "fs/quota.h"
#include "lib/host.h"

enum {
	TYPICAL_KEY = 16, /* bytes */
	OVERHEAD = 32,    /* of what malloc(3) and the buckets take for a node */
};

enum { FEW_NODES = 1 << 13 }; /* it is not worth while to give back the memory of so many */

struct node_rare *node_rare_if_any(const struct node *n)
{
	return __atomic_load_n(&n->rare, __ATOMIC_ACQUIRE);
}

struct node_rare *node_rare(struct node *n)
{
	struct node_rare *rare = node_rare_if_any(n), *made;

	if (rare)
		return rare;
	made = calloc(1, sizeof(*made));
	if (made && !__atomic_compare_exchange_n(&n->rare, &rare, made, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
		free(made);
		return rare;
	}
	return made;
}

static struct moved *moved_of(const struct node *n)
{
	const struct node_rare *rare = node_rare_if_any(n);

	return rare ? __atomic_load_n(&rare->moved, __ATOMIC_ACQUIRE) : NULL;
}

const struct identity *node_identity(const struct node *n)
{
	const struct moved *moved = moved_of(n);

	return moved ? &moved->id : &n->first;
}

static uint32_t hash_of_told(off_t size, int64_t mtime)
{
	const uint64_t both[] = {(uint64_t)size, (uint64_t)mtime};
	uint32_t hash = (uint32_t)XXH3_64bits(both, sizeof(both));

	return hash ? hash : 1;
}

void node_tell(struct node *n, off_t size, int64_t mtime)
{
	__atomic_store_n(&n->told, hash_of_told(size, mtime), __ATOMIC_RELAXED);
}

bool node_was_told(const struct node *n, off_t size, int64_t mtime)
{
	return __atomic_load_n(&n->told, __ATOMIC_RELAXED) == hash_of_told(size, mtime);
}

static struct node_shard *shard_of(struct node_table *t, uint64_t number)
{
	return &t->shards[node_spread(number) / (UINT32_MAX / NODE_SHARDS + 1)];
}

static struct node **bucket(struct node **buckets, size_t room, uint64_t number)
{
	return &buckets[node_spread(number) & (room - 1)];
}

/* One shard. Its lock is held. */

/* Without memory the chains just get longer. */
static void fit_shard(struct node_shard *s)
{
	size_t room = node_room_for(s->room, s->count);
	struct node **buckets, **head, *n, *next;

	if (room == s->room)
		return;
	buckets = calloc(room, sizeof(*buckets));
	if (!buckets)
		return;
	for (size_t i = 0; i < s->room; i++) {
		for (n = s->buckets[i]; n; n = next) {
			next = n->next;
			head = bucket(buckets, room, n->ino);
			n->next = *head;
			*head = n;
		}
	}
	free(s->buckets);
	s->buckets = buckets;
	s->room = room;
}

static struct node *by_ino(const struct node_shard *s, uint64_t ino)
{
	struct node *n = s->room ? *bucket(s->buckets, s->room, ino) : NULL;

	while (n && n->ino != ino)
		n = n->next;
	return n;
}

/* One that still is what it was made for. */
static struct node *by_identity(const struct node_shard *s, const struct identity *id,
				uint64_t number)
{
	struct node *n = s->room ? *bucket(s->buckets, s->room, number) : NULL;

	while (n && (((n->ino ^ number) & ~NODE_UPPER_BITS) || moved_of(n) ||
		     !identity_is_same(&n->first, id)))
		n = n->next;
	return n;
}

/* The number of a new node: that of its identity, or one with other upper bits. */
static uint64_t free_ino(const struct node_shard *s, uint64_t ino)
{
	for (uint64_t upper = 1; by_ino(s, ino); upper++)
		ino = (ino & ~NODE_UPPER_BITS) | (upper << NODE_UPPER_SHIFT & NODE_UPPER_BITS);
	return ino;
}

static struct node *new_node(const struct identity *id, uint64_t ino)
{
	size_t size = offsetof(struct node, bytes) + id->len;
	struct node *n = calloc(1, size > sizeof(*n) ? size : sizeof(*n));

	if (!n)
		return NULL;
	n->ino = ino;
	n->first = *id;
	n->first.bytes = id->len ? memcpy(n->bytes, id->bytes, id->len) : NULL;
	return n;
}

static void note_count(struct node_table *t)
{
	size_t count = __atomic_add_fetch(&t->count, 1, __ATOMIC_RELAXED);

	if (count > __atomic_load_n(&t->most, __ATOMIC_RELAXED))
		__atomic_store_n(&t->most, count, __ATOMIC_RELAXED);
}

static bool is_full(const struct node_table *t)
{
	size_t bound = host_served() ? quota_share_of_users(t->bound) : t->bound;

	return __atomic_load_n(&t->count, __ATOMIC_RELAXED) >= bound;
}

static struct node *add(struct node_table *t, struct node_shard *s, const struct identity *id,
			uint64_t number)
{
	struct node *n, **head;

	if (is_full(t))
		return NULL;
	fit_shard(s);
	n = s->room ? new_node(id, free_ino(s, number)) : NULL;
	if (!n)
		return NULL;
	head = bucket(s->buckets, s->room, n->ino);
	n->next = *head;
	*head = n;
	s->count++;
	note_count(t);
	return n;
}

static void take_out(struct node_shard *s, struct node *n)
{
	struct node **link = bucket(s->buckets, s->room, n->ino);

	while (*link != n)
		link = &(*link)->next;
	*link = n->next;
	s->count--;
	fit_shard(s);
}

static void free_node(struct node *n)
{
	moved_free(moved_of(n));
	free(n->rare);
	free(n);
}

/* And now with locks taken. */

static size_t bound_by_memory(void)
{
	uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES);

	return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 8 /
	       (offsetof(struct node, bytes) + TYPICAL_KEY + OVERHEAD);
}

int node_table_init(struct node_table *t)
{
	const struct identity root = {.kind = NODE_ROOT};

	memset(t, 0, sizeof(*t));
	t->bound = bound_by_memory();
	moved_table_init(&t->moved);
	for (int i = 0; i < NODE_SHARDS; i++)
		pthread_mutex_init(&t->shards[i].lock, NULL);
	t->root = node_get(t, &root);
	return t->root ? 0 : -ENOMEM;
}

static void free_shard(struct node_shard *s)
{
	struct node *n, *next;

	for (size_t i = 0; i < s->room; i++) {
		for (n = s->buckets[i]; n; n = next) {
			next = n->next;
			free_node(n);
		}
	}
	free(s->buckets);
	pthread_mutex_destroy(&s->lock);
}

void node_table_free(struct node_table *t)
{
	for (int i = 0; i < NODE_SHARDS; i++)
		free_shard(&t->shards[i]);
	moved_table_free(&t->moved);
}

static struct node *ref_moved(struct node_table *t, const struct identity *id, uint64_t number)
{
	struct node *n;

	if (moved_has_none(&t->moved))
		return NULL;
	pthread_mutex_lock(&t->moved.lock);
	n = moved_find(&t->moved, id, number);
	if (n)
		node_ref(t, n);
	pthread_mutex_unlock(&t->moved.lock);
	return n;
}

static struct node *look_up(struct node_table *t, const struct identity *id, bool is_made)
{
	uint64_t number = node_ino(id);
	struct node_shard *s = shard_of(t, number);
	struct node *n = ref_moved(t, id, number);

	if (n)
		return n;
	pthread_mutex_lock(&s->lock);
	n = by_identity(s, id, number);
	if (!n && is_made)
		n = add(t, s, id, number);
	if (n)
		n->refs++;
	pthread_mutex_unlock(&s->lock);
	return n;
}

struct node *node_get(struct node_table *t, const struct identity *id)
{
	return look_up(t, id, true);
}

struct node *node_find(struct node_table *t, const struct identity *id)
{
	return look_up(t, id, false);
}

struct node *node_by_ino(struct node_table *t, uint64_t ino)
{
	struct node_shard *s = shard_of(t, ino);
	struct node *n;

	pthread_mutex_lock(&s->lock);
	n = by_ino(s, ino);
	pthread_mutex_unlock(&s->lock);
	return n;
}

void node_ref(struct node_table *t, struct node *n)
{
	struct node_shard *s = shard_of(t, n->ino);

	pthread_mutex_lock(&s->lock);
	n->refs++;
	pthread_mutex_unlock(&s->lock);
}

enum drop { KEPT, DROPPED, IS_MOVED };

/* Whoever finds a moved node counts a reference with the lock of moved held; so that is held
 * too when the last one goes. */
static enum drop drop(struct node_table *t, struct node *n, uint64_t refs, bool holds_moved)
{
	struct node_shard *s = shard_of(t, n->ino);
	enum drop done = KEPT;

	pthread_mutex_lock(&s->lock);
	if (refs < n->refs || n == t->root)
		n->refs -= refs < n->refs ? refs : n->refs;
	else if (moved_of(n) && !holds_moved)
		done = IS_MOVED;
	else
		done = DROPPED;
	if (done == DROPPED)
		take_out(s, n);
	pthread_mutex_unlock(&s->lock);
	return done;
}

static enum drop drop_moved(struct node_table *t, struct node *n, uint64_t refs)
{
	enum drop done;

	pthread_mutex_lock(&t->moved.lock);
	done = drop(t, n, refs, true);
	if (done == DROPPED && moved_of(n))
		moved_remove(&t->moved, moved_of(n));
	pthread_mutex_unlock(&t->moved.lock);
	return done;
}

/* Where half of many nodes are gone, malloc(3) gives their memory back to the system. */
static void note_drop(struct node_table *t)
{
	size_t count = __atomic_sub_fetch(&t->count, 1, __ATOMIC_RELAXED);
	size_t most = __atomic_load_n(&t->most, __ATOMIC_RELAXED);

	if (count < most / 2 && most - count >= FEW_NODES &&
	    __atomic_compare_exchange_n(&t->most, &most, count, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		malloc_trim(0);
}

void node_put(struct node_table *t, struct node *n, uint64_t refs)
{
	enum drop done = drop(t, n, refs, false);

	if (done == IS_MOVED)
		done = drop_moved(t, n, refs);
	if (done != DROPPED)
		return;
	free_node(n);
	note_drop(t);
}

int node_move(struct node_table *t, struct node *n, const struct identity *id)
{
	struct node_rare *rare = node_rare(n);
	struct moved *m = rare ? moved_new(n, id) : NULL;
	int err;

	if (!m)
		return -ENOMEM;
	pthread_mutex_lock(&t->moved.lock);
	err = moved_add(&t->moved, m);
	if (!err) {
		m->older = rare->moved;
		__atomic_store_n(&rare->moved, m, __ATOMIC_RELEASE);
		if (m->older)
			moved_remove(&t->moved, m->older);
	}
	pthread_mutex_unlock(&t->moved.lock);
	if (err)
		moved_free(m);
	return err;
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
		__atomic_store_n(&n->rare->keeps_number, true, __ATOMIC_RELEASE);
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

static struct node *fitting_in(const struct node_shard *s, bool (*fits)(const struct node *n))
{
	struct node *n = NULL;

	for (size_t i = 0; !n && i < s->room; i++)
		for (n = s->buckets[i]; n && !fits(n); n = n->next)
			;
	return n;
}

struct node *node_fitting(const struct node_table *t, bool (*fits)(const struct node *n))
{
	struct node *n = NULL;

	for (int i = 0; !n && i < NODE_SHARDS; i++)
		n = fitting_in(&t->shards[i], fits);
	return n;
}

void node_fill_number(const struct node *n, struct stat *st)
{
	const struct node_rare *rare = node_rare_if_any(n);

	if (rare && __atomic_load_n(&rare->keeps_number, __ATOMIC_ACQUIRE))
		st->st_ino = n->ino;
}
