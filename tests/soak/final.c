// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The shared maps: made through the mount at first, compared by bpf(2) in the end. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "soak.h"

enum { BYTES = 4096 };

static int pinned(const char *name)
{
	char path[2 * PATH];

	snprintf(path, sizeof(path), "%s/%s%s", world->pins, world->prefix, name);
	return bpf_obj_get(path);
}

static void make(const char *name, const char *spec)
{
	char path[4 * PATH];

	snprintf(path, sizeof(path), "%s/%s%s,%s", world->mount, world->prefix, name, spec);
	want_result(try_mkdir(path), 0, path);
}

static void make_links(void)
{
	char name[PATH], path[2 * PATH];

	for (int i = 0; i < INNERS; i++) {
		struct bpf_map_info info = {0};
		uint32_t size = sizeof(info);
		int fd;

		snprintf(name, sizeof(name), "inner%d", i);
		make(name, "type=hash,key=u32,value=u64,max_entries=8");
		fd = pinned(name);
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
			fail("%s: %s", name, strerror(errno));
		world->inner_ids[i] = info.id;
		close(fd);
	}
	snprintf(path, sizeof(path), "type=hash_of_maps,key=u32,max_entries=4096,inner=%sinner0",
		 world->prefix);
	make("outer", path);
}

/* All slots of an array are there from the beginning. */
static void fill_slots(void)
{
	for (uint32_t p = 0; p < world->processes; p++)
		for (uint32_t map = 0; map < MAPS; map++)
			for (uint32_t i = 0; i < KEYS; i++)
				world->process[p].keys[map][i].now.present =
					kinds[map].flags & SLOTS;
}

void make_shared_maps(void)
{
	char name[PATH], path[PATH];

	memset(long_directory, 'a', sizeof(long_directory) - 1);
	for (uint32_t map = 0; map < MAPS; map++)
		make(kinds[map].name, kinds[map].spec);
	fill_slots();
	make_links();
	for (uint32_t p = 0; p < world->processes; p++) {
		snprintf(name, sizeof(name), "queue%" PRIu32, p);
		make(name, "type=queue,value=u64,max_entries=32");
	}
	/* A directory for long names is there as long as a key is in it. */
	snprintf(name, sizeof(name), "long/%s", long_directory);
	map_path(path, name);
	want_result(try_mkdir(path), 0, "a directory for long names");
	strcat(path, "/this-name-stays-whatever-happens");
	want_result(put_file(path, O_WRONLY | O_CREAT, 0666, "1\n"), 0, "a long name");
}

static void compare_key(int fd, const struct kind *kind, uint32_t number, struct key *key)
{
	uint8_t key_bytes[BYTES], want[BYTES] = {0}, got[BYTES] = {0};
	size_t size = kind->value_size * (kind->flags & EACH_CPU ? (size_t)world->cpus : 1);
	char text[PATH];
	bool present;

	kind->key_text(number, text);
	look_at(key, text);
	kind->key_bytes(number, key_bytes);
	present = !bpf_map_lookup_elem(fd, key_bytes, got);
	if (present != (key->now.present || kind->flags & SLOTS))
		fail("in the end the kernel %s a key of %s", present ? "has" : "lacks", kind->name);
	kind->value_bytes(&key->now, want);
	if (present && memcmp(want, got, size) != 0)
		fail("in the end the kernel has another value in %s: %" PRIx64 " for %" PRIx64,
		     kind->name, *(uint64_t *)got, *(uint64_t *)want);
}

static void compare_shared(struct process *process)
{
	for (uint32_t map = 0; map < MAPS; map++) {
		int fd = pinned(kinds[map].name);

		if (fd < 0)
			fail("%s: %s", kinds[map].name, strerror(errno));
		for (uint32_t i = 0; i < KEYS; i++)
			compare_key(fd, &kinds[map], process->index * KEYS + i,
				    &process->keys[map][i]);
		close(fd);
	}
}

static void compare_links(struct process *process)
{
	int fd = pinned("outer");

	for (uint32_t i = 0; i < KEYS; i++) {
		uint32_t number = process->index * KEYS + i, id = 0;
		struct key *key = &process->links[i];
		bool present = !bpf_map_lookup_elem(fd, &number, &id);

		look_at(key, "a link");
		if (present != key->now.present || (present && id != world->inner_ids[key->now.a]))
			fail("in the end the kernel has map %" PRIu32 " under key %" PRIu32, id,
			     number);
	}
	close(fd);
}

static void compare_queue(struct process *process)
{
	char name[PATH];
	uint64_t element;
	int fd;

	snprintf(name, sizeof(name), "queue%" PRIu32, process->index);
	fd = pinned(name);
	look_at(&process->queue.history, name);
	for (uint32_t i = 0; i < process->queue.count; i++)
		if (bpf_map_lookup_and_delete_elem(fd, NULL, &element) ||
		    element != process->queue.elements[i])
			fail("in the end element %" PRIu32 " of a queue is another", i);
	if (!bpf_map_lookup_and_delete_elem(fd, NULL, &element))
		fail("in the end a queue has more than was pushed");
	close(fd);
}

static void compare_own(struct process *process, uint32_t index)
{
	struct own_map *own = &process->own[index];
	char name[PATH];
	int fd;

	snprintf(name, sizeof(name), "own%" PRIu32 "_%" PRIu32, process->index, index);
	fd = pinned(name);
	look_at(&own->keys[0], name);
	if ((fd >= 0) != own->present)
		fail("in the end the pin of a map of its own is %s", fd >= 0 ? "there" : "gone");
	for (uint32_t i = 0; fd >= 0 && i < OWN_KEYS; i++) {
		uint64_t value = 0;
		bool present = !bpf_map_lookup_elem(fd, &i, &value);

		look_at(&own->keys[i], name);
		if (present != own->keys[i].now.present || value != own->keys[i].now.a)
			fail("in the end key %" PRIu32 " of a map of its own is another", i);
	}
	if (fd >= 0)
		close(fd);
}

void compare_all(void)
{
	for (uint32_t p = 0; p < world->processes; p++) {
		compare_shared(&world->process[p]);
		compare_links(&world->process[p]);
		compare_queue(&world->process[p]);
		for (uint32_t i = 0; i < OWN; i++)
			compare_own(&world->process[p], i);
	}
}
