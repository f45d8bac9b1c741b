/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/fuzz/fuse_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuse_world.h"
#include "tests/fuzz/fuzz.h"

enum { MOST_TEXT = 1 << 16, MOST_NAMES = 64, LISTED_AT_ONCE = 700 };

static void promise(bool holds, const char *what, const char *name)
{
	if (!holds)
		fprintf(stderr, "of %s\n", name);
	fuzz_promise(holds, what, NULL, NULL, NULL);
}

/* Storing. */

/* The map that the node is a key of; 0: it is none, or somebody has it open. */
static uint32_t map_of_key(struct client *c, uint64_t node)
{
	const struct node *n = node_by_ino(&c->fs->nodes, node);
	const struct identity *id = n ? node_identity(n) : NULL;

	return id && id->kind == NODE_KEY && !n->files ? id->map_id : 0;
}

static int write_text(struct client *c, uint64_t dir, const char *name, const char *text,
		      size_t len)
{
	struct client_node *node;
	struct client_file *file;
	int err = client_lookup(c, dir, name, &node), release_err;

	if (err == -ENOENT)
		err = client_create(c, dir, name, O_WRONLY | O_TRUNC, 0644, &file);
	else if (!err)
		err = !S_ISREG(node->type) ? -EISDIR
					   : client_open(c, node, O_WRONLY | O_TRUNC, &file);
	if (err)
		return err;
	err = client_write(c, file, text, len, 0);
	if (!err)
		err = client_flush(c, file);
	release_err = client_release(c, file);
	return err ? err : release_err;
}

static size_t read_text(struct client *c, uint64_t dir, const char *name, char *text)
{
	struct client_node *node;
	struct client_file *file;
	uint64_t size;

	promise(client_lookup(c, dir, name, &node) == 0, "what was stored is there", name);
	size = c->out.entry.attr.size;
	promise(client_open(c, node, O_RDONLY, &file) == 0, "what was stored is opened", name);
	promise(client_read(c, file, 0, MOST_TEXT) == 0, "what was stored is read", name);
	promise(c->len == MOST_TEXT || c->len == size, "what was stored has its size", name);
	size = c->len;
	memcpy(text, c->out.bytes, size);
	client_release(c, file);
	return size;
}

static void check_stored(struct client *c, uint64_t dir, const char *name, uint32_t map_id)
{
	static char first[MOST_TEXT], second[MOST_TEXT];
	uint64_t digest = world_digest(map_id);
	size_t len = read_text(c, dir, name, first);

	if (len == MOST_TEXT)
		return;
	promise(write_text(c, dir, name, first, len) == 0, "what was read is written again", name);
	promise(world_digest(map_id) == digest, "what was read and is written changes nothing",
		name);
	promise(read_text(c, dir, name, second) == len && !memcmp(first, second, len),
		"what was read and is written reads the same", name);
}

int check_store(struct client *c, uint64_t dir, const char *name, const char *text, size_t len,
		bool is_faulty)
{
	struct client_node *node = NULL;
	uint64_t digest = 0;
	uint32_t map_id = 0;
	int err;

	if (!client_lookup(c, dir, name, &node))
		map_id = map_of_key(c, node->id);
	if (map_id)
		digest = world_digest(map_id);
	err = write_text(c, dir, name, text, len);
	if (is_faulty)
		return err;
	if (map_id && err)
		promise(world_digest(map_id) == digest, "what is refused changes nothing", name);
	if (!err && !map_id && !client_lookup(c, dir, name, &node))
		map_id = map_of_key(c, node->id);
	if (map_id && !err && len)
		check_stored(c, dir, name, map_id);
	return err;
}

/* Walking. */

struct listed {
	char name[256];
	struct fuse_entry_out entry;
};

struct listing {
	struct listed names[MOST_NAMES];
	size_t count;
};

static void keep(struct listing *l, const struct fuse_direntplus *plus)
{
	struct listed *next = &l->names[l->count];

	if (plus->dirent.name[0] == '.' && plus->dirent.namelen <= 2 &&
	    plus->dirent.name[plus->dirent.namelen - 1] == '.')
		return;
	memcpy(next->name, plus->dirent.name, plus->dirent.namelen);
	next->name[plus->dirent.namelen] = '\0';
	next->entry = plus->entry_out;
	for (size_t i = 0; i < l->count; i++)
		promise(strcmp(l->names[i].name, next->name) != 0, "a name is listed once",
			next->name);
	l->count++;
}

static int list(struct client *c, uint64_t dir, struct listing *l)
{
	size_t head = offsetof(struct fuse_direntplus, dirent), at;
	struct client_file *file;
	int err = client_open(c, client_node(c, dir), O_RDONLY, &file);

	l->count = 0;
	if (err)
		return err;
	do {
		err = client_list(c, file, true, file->next, LISTED_AT_ONCE);
		for (at = 0; !err && at < c->len && l->count < MOST_NAMES;) {
			const struct fuse_direntplus *plus = (const void *)(c->out.bytes + at);

			keep(l, plus);
			at += FUSE_DIRENT_ALIGN(head + FUSE_NAME_OFFSET + plus->dirent.namelen);
		}
	} while (!err && c->len && l->count < MOST_NAMES);
	client_release(c, file);
	return err;
}

static void check_file(struct client *c, struct client_node *node, const char *name, uint64_t size)
{
	struct client_file *file;

	promise(client_open(c, node, O_RDONLY, &file) == 0, "what is listed is opened", name);
	promise(client_read(c, file, 0, CLIENT_REPLY) == 0, "what is listed is read", name);
	promise(c->len == size || c->len == CLIENT_REPLY, "what is listed has its size", name);
	client_release(c, file);
}

static void check_name(struct client *c, uint64_t dir, const struct listed *l)
{
	const struct fuse_attr *attr = &l->entry.attr;
	struct client_node *node;
	bool is_open;

	promise(client_lookup(c, dir, l->name, &node) == 0, "what is listed is there", l->name);
	is_open = client_has_open(c, node->id);
	if (!l->entry.nodeid)
		return;
	promise(node->id == l->entry.nodeid, "what is listed is the same node", l->name);
	promise(c->out.entry.attr.ino == attr->ino && c->out.entry.attr.mode == attr->mode,
		"what is listed has its number and mode", l->name);
	if (is_open)
		return;
	promise(c->out.entry.attr.size == attr->size, "what is listed has one size", l->name);
	if (S_ISREG(node->type)) {
		check_file(c, node, l->name, attr->size);
	} else if (S_ISLNK(node->type)) {
		promise(client_ask(c, FUSE_READLINK, node->id, NULL, 0) == 0,
			"a link that is listed is read", l->name);
		promise(c->len == attr->size, "a link has its size", l->name);
	}
}

int check_walk(struct client *c, uint64_t dir, bool is_faulty)
{
	static struct listing listing;
	int err;

	if (is_faulty)
		return 0;
	err = list(c, dir, &listing);
	for (size_t i = 0; !err && i < listing.count; i++)
		check_name(c, dir, &listing.names[i]);
	return err;
}
