/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/elemplain.h"

#include <errno.h>
#include <string.h>

#include "lib/record.h"
#include "lib/sys.h"

const struct elements elem_hash = {
	.get = elements_get_moving,
	.put = elements_put,
	.put_batch = elements_put_batch,
	.del = elements_del,
	.next = elements_next,
	.batches = true,
};

/* Removing stores zeroes (map.c). */
const struct elements elem_array = {
	.get = elements_get,
	.put = elements_put,
	.put_batch = elements_put_batch,
	.next = elements_next,
	.batches = true,
	.indexes = true,
	.fixed = true,
};

/* LPM keys: a u32 prefix length in host order, then data, high bit first. */

static uint32_t prefix_len(const void *key)
{
	uint32_t len;

	memcpy(&len, key, sizeof(len));
	return len;
}

static bool prefix_bit(const void *key, uint32_t bit)
{
	const unsigned char *data = (const unsigned char *)key + sizeof(uint32_t);

	return data[bit / 8] & (0x80 >> (bit % 8));
}

/* The number of leading bits that two prefixes share. */
static uint32_t prefix_common(const void *a, const void *b)
{
	uint32_t len = prefix_len(a) < prefix_len(b) ? prefix_len(a) : prefix_len(b);
	uint32_t bit = 0;

	while (bit < len && prefix_bit(a, bit) == prefix_bit(b, bit))
		bit++;
	return bit;
}

static bool prefix_equal(const void *a, const void *b)
{
	return prefix_len(a) == prefix_len(b) && prefix_common(a, b) == prefix_len(a);
}

/* Post-order (kernel: trie_get_next_key): more specific prefixes come before the
 * one that covers them, 0 before 1. */
static int compare_prefix(const void *a, const void *b, uint32_t key_size)
{
	uint32_t common = prefix_common(a, b);

	(void)key_size;
	if (common < prefix_len(a) && common < prefix_len(b))
		return prefix_bit(a, common) ? 1 : -1;
	if (prefix_len(a) == prefix_len(b))
		return 0;
	return prefix_len(a) > prefix_len(b) ? -1 : 1;
}

/*
 * A look-up in an LPM trie answers for covering prefixes too. Whether this very
 * prefix is stored follows from the walk: the key behind an absent key is the
 * first key of all (finding 6). first is read again at the end, because another
 * process may have changed it between the calls.
 */
static int get_prefix_once(int fd, const void *key, void *value, bool *settled)
{
	unsigned char first[260], next[260], again[260];
	int err, next_err;

	*settled = true;
	err = sys_map_lookup(fd, key, value, 0);
	if (!err)
		err = sys_map_next_key(fd, NULL, first);
	if (err || prefix_equal(first, key))
		return err;
	next_err = sys_map_next_key(fd, key, next);
	err = sys_map_next_key(fd, NULL, again);
	if (err || !prefix_equal(first, again)) {
		*settled = false;
		return -ENOENT;
	}
	if (next_err == -ENOENT)
		return 0;
	if (next_err)
		return next_err;
	return prefix_equal(next, first) ? -ENOENT : 0;
}

/* Values of tries have no spin lock. */
static int get_prefix(const struct elem_map *m, const void *key, void *value, uint64_t flags)
{
	bool settled = false;
	int err = -ENOENT;

	(void)flags;
	for (int tries = 0; !settled && tries < 16; tries++)
		err = get_prefix_once(m->fd, key, value, &settled);
	return err;
}

const struct elements elem_prefix = {
	.get = get_prefix,
	.put = elements_put,
	.put_batch = elements_put_batch,
	.del = elements_del,
	.next = elements_next,
	.compare = compare_prefix,
	.batches = true,
};

/*
 * Storage of cgroups: an element appears when a program that uses the map is attached to
 * the cgroup, and stays when it is detached, until the cgroup goes.
 */

/* Where it begins behind the members of struct bpf_cgroup_storage_key. */
enum { ATTACHED_PADDING = 12 };

/* struct bpf_cgroup_storage_key, or the cgroup's id alone. */
static struct layout *attached_key(const struct bpf_map_info *info)
{
	static const char *const names[] = {"cgroup_inode_id", "attach_type"};
	struct layout_member members[2] = {
		{.name = (char *)names[0], .printed = true},
		{.name = (char *)names[1], .offset = 8, .printed = true}};
	struct layout *key = NULL;

	members[0].type = layout_bytes(8);
	members[1].type = layout_bytes(4);
	if (info->key_size == 8)
		key = layout_bytes(8);
	else if (members[0].type && members[1].type && record_new(info->key_size, members, 2, &key))
		key = NULL;
	layout_unref(members[0].type);
	layout_unref(members[1].type);
	return key;
}

static int put_attached(const struct elem_map *m, const void *key, const void *value,
			uint64_t flags, struct diag *d)
{
	int err = sys_map_update(m->fd, key, value, flags);

	if (err == -ENOENT)
		return diag_set(d, EOPNOTSUPP,
				"an element appears when a program that uses the "
				"map is attached to its cgroup");
	return err;
}

/* The kernel compares the members, and tells what happens to be in the padding too. */
static int next_attached(const struct elem_map *m, const void *key, void *next)
{
	int err = sys_map_next_key(m->fd, key, next);

	if (!err && m->info->key_size == sizeof(struct bpf_cgroup_storage_key))
		memset((char *)next + ATTACHED_PADDING, 0,
		       sizeof(struct bpf_cgroup_storage_key) - ATTACHED_PADDING);
	return err;
}

const struct elements elem_attached = {
	.key = attached_key,
	.get = elements_get,
	.put = put_attached,
	.next = next_attached,
	.by_hand = true,
	.no_del = "an element goes when its cgroup is removed",
};

/*
 * The kernel (6.18) has value_size bytes for each CPU's part and copies as many as are a
 * multiple of 8 (bpf_percpu_cgroup_storage_update), so it would write beyond others.
 */
static int put_attached_percpu(const struct elem_map *m, const void *key, const void *value,
			       uint64_t flags, struct diag *d)
{
	if (m->info->value_size % 8)
		return diag_set(d, EOPNOTSUPP,
				"the kernel would write beyond values of %u bytes: "
				"make the map with a multiple of 8",
				m->info->value_size);
	return put_attached(m, key, value, flags, d);
}

const struct elements elem_attached_percpu = {
	.key = attached_key,
	.get = elements_get,
	.put = put_attached_percpu,
	.next = next_attached,
	.by_hand = true,
	.no_del = "an element goes when its cgroup is removed",
};
