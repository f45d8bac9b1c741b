/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/fuzz/fuse_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "fs/awaited.h"
#include "lib/sys.h"
#include "tests/fuzz/fuse_clock.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_ring.h"
#include "tests/unit/fake_store.h"
#include "tests/unit/fake_sys.h"

#define PINDIR FAKE_BPFFS "/maps"

enum { MAX_MAP_BYTES = 1 << 18, MAX_READ = 1 << 17, LARGEST = 1 << 14, LISTING = 8192 };

static const char *const bare_specs[] = {"type=hash,key=u32,value=u64,max_entries=16",
					 "type=array,key=u32,value=u32,max_entries=4"};

/* What a user makes with mkdir. To add a map: a name here; which world a seed means may change. */
enum { WORLDS = 8, MAPS = 6 };

static const char *const made[WORLDS][MAPS] = {
	{"h,type=hash,key=u32,value=u64,max_entries=8",
	 "a,type=array,key=u32,value=struct{u32 n;char[4] s;},max_entries=4", "fresh"},
	{"t,type=lpm_trie,key=ipv4_prefix,value=u32,max_entries=8",
	 "t6,type=lpm_trie,key=ipv6_prefix,value=char[8],max_entries=8",
	 "ip,type=hash,key=struct{be32 a;be16 p;},value=ipv4,max_entries=8"},
	{"in,type=hash,key=u32,value=u64,max_entries=8",
	 "in2,type=hash,key=u32,value=u64,max_entries=8",
	 "m,type=hash_of_maps,key=u32,max_entries=4,inner=in",
	 "am,type=array_of_maps,key=u32,max_entries=4,inner=in", "fresh"},
	{"q,type=queue,value=u32,max_entries=4", "s,type=stack,value=char[8],max_entries=4",
	 "b,type=bloom_filter,value=u32,max_entries=8", "r,type=ringbuf,max_entries=4096",
	 "u,type=user_ringbuf,max_entries=4096"},
	{"long,type=hash,key=char[600],value=char[20],max_entries=8",
	 "two,type=hash,key=struct{char[300] a;char[300] b;},value=bool,max_entries=4",
	 "bytes,type=hash,key=200,value=3,max_entries=8"},
	{"ph,type=percpu_hash,key=s16,value=u32,max_entries=8",
	 "pa,type=percpu_array,key=u32,value=char[5],max_entries=3",
	 "lru,type=lru_hash,key=u8,value=float,max_entries=3", "fresh", "fresh2"},
	{"fresh"},
	{NULL},
};

static void promise(bool holds, const char *what)
{
	fuzz_promise(holds, what, NULL, NULL, NULL);
}

/* One mount. */

static void check_log(const char *lines)
{
	size_t len = strlen(lines);

	promise(len && lines[len - 1] == '\n', "the log has whole lines");
	for (size_t i = 0; i < len; i++)
		promise((unsigned char)lines[i] >= ' ' || lines[i] == '\n',
			"the log has no control characters");
}

static void start(struct world *w, unsigned char bits)
{
	bool is_read_only = bits & (WORLD_READ_ONLY | WORLD_SNAPSHOT);
	const char *bare = bare_specs[(bits & WORLD_ARRAYS) != 0];
	struct fs_options options = {
		.survey = {.pindir = PINDIR,
			   .open_flags = is_read_only ? BPF_F_RDONLY : 0,
			   .read_only = is_read_only,
			   .pinned_only = bits & WORLD_PINNED},
		.max_map_bytes = MAX_MAP_BYTES,
		.max_read = MAX_READ,
		.read_only = is_read_only,
		.snapshot = bits & WORLD_SNAPSHOT,
		.raw_values = bits & WORLD_RAW,
		.umask = 077,
	};

	w->snapshot = NULL;
	if (bits & WORLD_SNAPSHOT)
		promise(snapshot_new(MAX_MAP_BYTES, &w->snapshot) == 0, "a snapshot begins");
	options.survey.snapshot = w->snapshot;
	promise(spec_parse(&options.mkdir_spec, bare, strlen(bare), ',', NULL) == 0,
		"a spec is one");
	promise(fs_init(&w->fs, &options) == 0, "a mount begins");
	w->fs.mountpoint = "/mnt/maps";
	w->fs.log = check_log;
	promise(catalog_refresh(w->fs.catalog) == 0, "maps are found");
	awaited_find(&w->fs);
	client_start(&w->client, &w->fs);
}

static void stop(struct world *w, bool abandon)
{
	client_end(&w->client, abandon);
	fs_free(&w->fs);
	snapshot_free(w->snapshot);
}

/* What others have made. */
static void make_stranger(struct world *w, uint32_t type, const char *name)
{
	const struct sys_map_attr attr = {
		.type = type, .key_size = 4, .value_size = 8, .max_entries = 4, .name = name};

	promise(sys_map_create(&attr) >= 0, "others make a map");
	w->strangers++;
}

static void make_maps(struct world *w, unsigned char choice)
{
	const char *const *names = made[choice % WORLDS];
	uint32_t id = 0;

	make_stranger(w, BPF_MAP_TYPE_HASH, "other");
	for (int i = 0; i < MAPS && names[i]; i++)
		if (client_mkdir(&w->client, FUSE_ROOT_ID, names[i])) {
			fprintf(stderr, "mkdir %s: %d\n", names[i], w->client.error);
			promise(false, "a map is made");
		}
	while (sys_map_next_id(id, &id) == 0)
		for (unsigned char element = 1; element < 3 && !awaited_is(&w->fs, id); element++)
			world_act(WORLD_PUT, id, element);
}

static void list_root(struct world *w)
{
	struct client *c = &w->client;
	struct client_file *dir;

	promise(client_open(c, &c->nodes[0], 0, &dir) == 0, "the root is opened");
	promise(client_list(c, dir, true, 0, LISTING) == 0, "the root is listed");
	client_release(c, dir);
}

void world_begin(struct world *w, unsigned char choice, unsigned char bits)
{
	fuse_clock_reset();
	fake_reset();
	fake_restart_ids();
	w->strangers = 0;
	w->client.unique = 0;
	w->client.uid = w->client.pid = 0;
	w->client.umask = 022;
	promise(sys_pin_prepare(PINDIR "/below") == 0, "there is a bpffs");
	start(w, bits & WORLD_ARRAYS);
	make_maps(w, choice);
	if (bits &
	    (WORLD_READ_ONLY | WORLD_SNAPSHOT | WORLD_RAW | WORLD_PINNED | WORLD_REMOUNTED)) {
		stop(w, false);
		start(w, bits);
	}
	list_root(w);
}

void world_end(struct world *w, unsigned char bits)
{
	for (int call = 0; call < FAKE_CALLS; call++)
		fake_fail((enum fake_call)call, 0, 0);
	stop(w, bits & WORLD_ABANDONED);
	promise(fake_ring_mappings() == 0, "no pages stay mapped");
	promise(fake_open_fds() == w->strangers, "no descriptor stays open");
	fake_reset();
	promise(fake_live_maps() == 0, "no map stays alive");
}

/* What others see and do. */

static int open_map(uint32_t map_id, struct bpf_map_info *info)
{
	int fd = sys_map_open_id(map_id, 0);

	if (fd >= 0 && sys_map_info(fd, info) == 0 && info->key_size <= LARGEST &&
	    info->value_size <= LARGEST)
		return fd;
	if (fd >= 0)
		sys_close(fd);
	return -1;
}

uint64_t world_digest(uint32_t map_id)
{
	static unsigned char key[LARGEST], next[LARGEST], value[LARGEST * 4];
	struct bpf_map_info info;
	int fd = open_map(map_id, &info);
	const void *from = NULL;
	uint64_t digest = 1;

	if (fd < 0)
		return 0;
	while (sys_map_next_key(fd, from, next) == 0) {
		memcpy(key, next, info.key_size);
		memset(value, 0, sizeof(value));
		if (sys_map_lookup(fd, key, value, 0) == 0)
			digest += XXH3_64bits_withSeed(value, info.value_size * 4,
						       XXH3_64bits(key, info.key_size));
		from = key;
	}
	sys_close(fd);
	return digest;
}

/* A prefix has its length first. */
static void fill_key(const struct bpf_map_info *info, unsigned char element, unsigned char *key)
{
	if (info->type == BPF_MAP_TYPE_LPM_TRIE) {
		key[0] = 8;
		key[4] = element;
	} else {
		key[0] = element;
	}
}

static void produce(const struct bpf_map_info *info, unsigned char element)
{
	struct fake_ring *ring = fake_ring_of(info->id, info->max_entries);
	uint32_t *header;

	if (fake_ring_reserve(ring, &element, element % 2, &header) == 0)
		fake_ring_submit(header, element & 4 ? BPF_RINGBUF_DISCARD_BIT : 0);
}

void world_act(enum world_deed deed, uint32_t map_id, unsigned char element)
{
	static unsigned char key[LARGEST], value[LARGEST * 4];
	struct bpf_map_info info;
	int fd = open_map(map_id, &info);

	if (fd < 0)
		return;
	memset(key, 0, info.key_size);
	memset(value, 0, sizeof(value));
	value[0] = element & 1;
	fill_key(&info, element, key);
	if (deed == WORLD_FREEZE)
		sys_map_freeze(fd);
	else if (deed == WORLD_DELETE)
		sys_map_delete(fd, key);
	else if (info.type == BPF_MAP_TYPE_RINGBUF)
		produce(&info, element);
	else if (info.type != BPF_MAP_TYPE_ARRAY_OF_MAPS && info.type != BPF_MAP_TYPE_HASH_OF_MAPS)
		sys_map_update(fd, key, value, BPF_ANY);
	sys_close(fd);
}
