/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/node.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct node_table table;

static int setup(void **state)
{
	(void)state;
	return node_table_init(&table);
}

static int teardown(void **state)
{
	(void)state;
	node_table_free(&table);
	return 0;
}

static struct identity special(enum node_kind kind, uint32_t map)
{
	return (struct identity){.kind = kind, .map_id = map};
}

static struct identity key(uint32_t map, const uint32_t *bytes)
{
	return (struct identity){NODE_KEY, map, sizeof(*bytes), (const unsigned char *)bytes};
}

static void test_root(void **state)
{
	const struct identity root = {.kind = NODE_ROOT};
	struct node *n = node_get(&table, &root);

	(void)state;
	assert_ptr_equal(n, table.root);
	assert_ptr_equal(node_by_ino(&table, 1), n);
	assert_int_equal(node_ino(&root), 1);
	node_put(&table, n, 1000);
	assert_ptr_equal(node_by_ino(&table, 1), n);
	node_put(&table, node_get(&table, &root), 1);
	assert_ptr_equal(node_by_ino(&table, 1), n);
}

/* The same number at every mount, by kind, map and bytes. */
static void test_numbers(void **state)
{
	const uint32_t five = 5, six = 6, again = 5;
	const struct identity id = key(7, &five), same = key(7, &again);
	const struct identity others[] = {key(7, &six),
					  key(8, &five),
					  {NODE_SCRATCH, 7, 4, id.bytes},
					  {NODE_KEY, 7, 3, id.bytes}};

	(void)state;
	assert_int_equal(node_ino(&id), node_ino(&same));
	assert_int_equal(node_ino(&id), 0x79e03522eb275563);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_not_equal(node_ino(&id), node_ino(&others[i]));
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Short keys of many maps are as different as others. */
static void test_short_keys_share_no_numbers(void **state)
{
	enum { MAPS = 1024, KEYS = 3 * 256 };
	uint64_t *numbers = calloc((size_t)MAPS * KEYS, sizeof(*numbers));
	size_t count = 0;

	(void)state;
	assert_non_null(numbers);
	for (uint32_t map = 1; map <= MAPS; map++)
		for (unsigned int i = 0; i < KEYS; i++) {
			const unsigned char bytes[] = {(unsigned char)i, (unsigned char)i, 0};
			const struct identity id = {NODE_KEY, map, i / 256 + 1, bytes};

			numbers[count++] = node_ino(&id);
		}
	qsort(numbers, count, sizeof(*numbers), compare_numbers);
	for (size_t i = 1; i < count; i++)
		assert_true(numbers[i - 1] < numbers[i]);
	free(numbers);
}

/* .map is lower than any key of its directory, and than any other of its files. */
static void test_map_file_is_lowest(void **state)
{
	static const uint32_t maps[] = {1, 2, 1000, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		const struct identity map_file = special(NODE_MAP_FILE, maps[i]);
		const uint64_t ino = node_ino(&map_file);

		assert_true(ino > 1);
		for (int kind = NODE_INFO; kind <= NODE_FROZEN; kind++) {
			const struct identity id = special((enum node_kind)kind, maps[i]);

			assert_true(node_ino(&id) > ino);
		}
		for (uint32_t bytes = 0; bytes < 10000; bytes++) {
			const struct identity id = key(maps[i], &bytes);

			assert_true(node_ino(&id) > ino);
			assert_true(node_ino(&id) <= INT64_MAX);
		}
	}
}

/* Of another time or another size, the kernel is to ask again. */
static void test_told(void **state)
{
	const uint32_t five = 5;
	const struct identity id = key(7, &five);
	struct node *n = node_get(&table, &id);

	(void)state;
	assert_false(node_was_told(n, 0, 0));
	node_tell(n, 3, 100);
	assert_true(node_was_told(n, 3, 100));
	assert_false(node_was_told(n, 4, 100));
	assert_false(node_was_told(n, 3, 101));
	node_put(&table, n, 1);
}

static void test_references(void **state)
{
	const uint32_t five = 5;
	const struct identity id = key(7, &five);
	struct node *n = node_get(&table, &id);

	(void)state;
	assert_int_equal(n->ino, node_ino(&id));
	assert_int_equal(n->told, 0);
	assert_ptr_equal(node_get(&table, &id), n);
	node_ref(&table, n);
	assert_ptr_equal(node_find(&table, &id), n);
	assert_int_equal(n->refs, 4);
	assert_ptr_equal(node_by_ino(&table, n->ino), n);
	assert_int_equal(n->refs, 4);
	node_put(&table, n, 3);
	assert_ptr_equal(node_by_ino(&table, node_ino(&id)), n);
	node_put(&table, n, 1);
	assert_null(node_by_ino(&table, node_ino(&id)));
	assert_null(node_find(&table, &id));
	assert_int_equal(table.count, 1);
}

/* More forgotten than was looked up, as no kernel does. */
static void test_forgotten_too_often(void **state)
{
	const struct identity id = special(NODE_MAP, 7);

	(void)state;
	node_put(&table, node_get(&table, &id), UINT64_MAX);
	assert_null(node_find(&table, &id));
}

/* The identity is a copy. */
static void test_copies(void **state)
{
	char path[] = "a/b";
	const struct identity id = {NODE_DIR, 0, sizeof(path), (unsigned char *)path};
	struct node *n = node_get(&table, &id);

	(void)state;
	path[0] = 'x';
	assert_string_equal((const char *)node_identity(n)->bytes, "a/b");
	assert_null(node_find(&table, &id));
	path[0] = 'a';
	assert_ptr_equal(node_find(&table, &id), n);
}

static size_t buckets(void)
{
	size_t room = 0;

	for (int i = 0; i < NODE_SHARDS; i++)
		room += table.shards[i].room;
	return room;
}

static void test_many(void **state)
{
	enum { KEYS = 200000 };
	struct node **nodes = calloc(KEYS, sizeof(*nodes));
	uint32_t n;

	(void)state;
	for (n = 0; n < KEYS; n++) {
		const struct identity id = key(n % 3 + 1, &n);

		nodes[n] = node_get(&table, &id);
		assert_non_null(nodes[n]);
	}
	assert_int_equal(table.count, KEYS + 1);
	assert_in_range(buckets(), KEYS, KEYS * 4);
	for (n = 0; n < KEYS; n++) {
		assert_ptr_equal(node_by_ino(&table, nodes[n]->ino), nodes[n]);
		assert_memory_equal(node_identity(nodes[n])->bytes, &n, sizeof(n));
	}
	for (n = 0; n < KEYS; n += 2)
		node_put(&table, nodes[n], 1);
	for (n = 0; n < KEYS; n++) {
		const struct identity id = key(n % 3 + 1, &n);
		struct node *found = node_find(&table, &id);

		assert_ptr_equal(found, n % 2 ? nodes[n] : NULL);
	}
	free(nodes);
}

/* Keys that are short, and maps, whose numbers go in steps: no shard has more than its share. */
static void test_spread(void **state)
{
	enum { EACH = 20000 };

	(void)state;
	for (uint32_t i = 0; i < EACH; i++) {
		const struct identity map = special(NODE_MAP, i * 3 + 1), file = key(7, &i);

		assert_non_null(node_get(&table, &map));
		assert_non_null(node_get(&table, &file));
	}
	for (int i = 0; i < NODE_SHARDS; i++) {
		const struct node_shard *s = &table.shards[i];

		assert_in_range(s->count, EACH / NODE_SHARDS, EACH / NODE_SHARDS * 4);
		for (size_t b = 0; b < s->room; b++) {
			size_t length = 0;

			for (const struct node *n = s->buckets[b]; n; n = n->next)
				length++;
			assert_in_range(length, 0, 16);
		}
	}
}

/* What a large listing has made goes with it, and what is left is still found. */
static void test_shrinks(void **state)
{
	enum { KEYS = 100000, LEFT = 10 };
	const uint32_t elsewhere = UINT32_MAX;
	const struct identity to = key(8, &elsewhere);
	struct node *n;
	size_t most;

	(void)state;
	for (uint32_t i = 0; i < KEYS; i++) {
		const struct identity id = key(7, &i), moved = key(9, &i);

		n = node_get(&table, &id);
		assert_int_equal(node_move(&table, n, &moved), 0);
	}
	most = buckets();
	assert_int_equal(table.moved.count, KEYS);
	for (uint32_t i = LEFT; i < KEYS; i++) {
		const struct identity moved = key(9, &i);

		n = node_find(&table, &moved);
		assert_non_null(n);
		node_put(&table, n, 2);
		assert_null(node_find(&table, &moved));
	}
	assert_int_equal(table.count, LEFT + 1);
	assert_int_equal(table.moved.count, LEFT);
	assert_in_range(buckets(), 1, most / 32);
	assert_in_range(table.moved.room, LEFT, KEYS / 32);
	for (uint32_t i = 0; i < LEFT; i++) {
		const struct identity moved = key(9, &i), first = key(7, &i);

		assert_null(node_find(&table, &first));
		n = node_find(&table, &moved);
		assert_non_null(n);
		assert_int_equal(n->refs, 2);
		assert_int_equal(node_move_identity(&table, &moved, &to), 0);
		assert_ptr_equal(node_find(&table, &to), n); /* the last one to get there */
	}
}

/* A move: the number stays, the identity is another, the old one can still be read. */
static void test_move(void **state)
{
	const uint32_t one = 1, two = 2, three = 3;
	const struct identity from = key(7, &one), to = key(7, &two), last = key(7, &three);
	struct node *n = node_get(&table, &from);
	const struct identity *before = node_identity(n);

	(void)state;
	assert_int_equal(node_move(&table, n, &to), 0);
	assert_int_equal(node_move(&table, n, &last), 0);
	assert_int_equal(n->ino, node_ino(&from));
	assert_memory_equal(node_identity(n)->bytes, &three, 4);
	assert_memory_equal(before->bytes, &one, 4);
	assert_ptr_equal(node_by_ino(&table, node_ino(&from)), n);
	assert_null(node_find(&table, &from));
	node_put(&table, n, 1);
	assert_null(node_by_ino(&table, node_ino(&from)));
}

/* Two hash alike: the one that moved away keeps the number, the other gets the next. */
static struct node *collide(const struct identity *id, struct node **first)
{
	const uint32_t other = 99;
	const struct identity to = key(7, &other);
	struct node *n;

	*first = node_get(&table, id);
	assert_int_equal(node_move(&table, *first, &to), 0);
	n = node_get(&table, id);
	assert_ptr_not_equal(n, *first);
	assert_int_not_equal(n->ino, (*first)->ino);
	assert_true(n->ino >> 62 == 1);
	return n;
}

static void test_collision(void **state)
{
	const uint32_t one = 1;
	const struct identity id = key(7, &one);
	struct node *first, *second = collide(&id, &first);

	(void)state;
	assert_ptr_equal(node_find(&table, &id), second);
	assert_ptr_equal(node_get(&table, &id), second);
	assert_ptr_equal(node_by_ino(&table, first->ino), first);
	assert_ptr_equal(node_by_ino(&table, second->ino), second);
	node_put(&table, second, 3);
	assert_null(node_find(&table, &id));
	assert_int_equal(first->refs, 1);
}

/* The one that was first goes; the other stays what it is. */
static void test_first_of_two_goes(void **state)
{
	const uint32_t one = 1;
	const struct identity id = key(7, &one);
	struct node *first, *second = collide(&id, &first);

	(void)state;
	node_put(&table, first, 1);
	assert_ptr_equal(node_find(&table, &id), second);
	assert_ptr_equal(node_get(&table, &id), second);
}

/* Of two that were moved to the same identity the later one is found, also once the table has
 * grown; and the earlier one when that is gone. */
static void test_later_move_wins(void **state)
{
	const uint32_t one = 1, two = 2, same = 3;
	const struct identity from = key(7, &one), other = key(7, &two), to = key(7, &same);
	struct node *first = node_get(&table, &from), *second = node_get(&table, &other);

	(void)state;
	assert_int_equal(node_move(&table, first, &to), 0);
	assert_int_equal(node_move(&table, second, &to), 0);
	for (uint32_t i = 100; i < 300; i++) {
		const struct identity a = key(7, &i), b = key(8, &i);

		assert_int_equal(node_move(&table, node_get(&table, &a), &b), 0);
		assert_ptr_equal(node_find(&table, &to), second);
	}
	node_put(&table, second, 1 + 200);
	assert_ptr_equal(node_find(&table, &to), first);
}

static bool is_key_five(const struct node *n)
{
	return n->first.kind == NODE_KEY && n->bytes[0] == 5;
}

static void test_fitting(void **state)
{
	struct node *n;

	(void)state;
	assert_null(node_fitting(&table, is_key_five));
	for (uint32_t i = 0; i < 20; i++) {
		const struct identity id = key(7, &i);

		assert_non_null(node_get(&table, &id));
	}
	n = node_fitting(&table, is_key_five);
	assert_non_null(n);
	node_put(&table, n, 1);
	assert_null(node_fitting(&table, is_key_five));
}

static void *look_up(void *arg)
{
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t bytes = i % 1000;
		const struct identity id = key(7, &bytes);
		struct node *n = node_get(arg, &id);

		if (!n || node_by_ino(arg, n->ino) != n)
			return arg;
		node_put(arg, n, 1);
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[4];
	void *wrong;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up, &table), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	assert_int_equal(table.count, 1);
}

/* All threads move, find and forget the same nodes: whoever finds one may use it. */
static void *move_about(void *arg)
{
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t bytes = i % 50;
		const struct identity from = key(7, &bytes), to = key(8, &bytes);
		struct node *n = node_get(arg, &from), *found;

		if (!n || node_move(arg, n, &to))
			return arg;
		found = node_find(arg, &to);
		if (!found || node_identity(found)->map_id != 8 ||
		    memcmp(node_identity(found)->bytes, &bytes, sizeof(bytes)) != 0)
			return arg;
		node_put(arg, found, 1);
		node_put(arg, n, 1);
	}
	return NULL;
}

static void test_threads_that_move(void **state)
{
	pthread_t threads[4];
	void *wrong;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, move_about, &table), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	assert_int_equal(table.count, 1);
	assert_int_equal(table.moved.count, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_root),
		TEST(test_numbers),
		TEST(test_short_keys_share_no_numbers),
		TEST(test_map_file_is_lowest),
		TEST(test_told),
		TEST(test_references),
		TEST(test_forgotten_too_often),
		TEST(test_copies),
		TEST(test_many),
		TEST(test_spread),
		TEST(test_shrinks),
		TEST(test_move),
		TEST(test_collision),
		TEST(test_first_of_two_goes),
		TEST(test_later_move_wins),
		TEST(test_fitting),
		TEST(test_threads),
		TEST(test_threads_that_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
