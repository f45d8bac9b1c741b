/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Whole maps, ends of maps, maps of maps and restores, with everything failing once
 * (fail_rounds.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/host.h"
#include "tests/unit/fail_rounds.h"

#define OTHER_MAP "type=hash\nkey=char[8]\nvalue=u16\nmax_entries=64\n"
#define PIECE_OF_240                                                                       \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_KEY "m/" PIECE_OF_240 "/bbb"

static void some_keys(struct world *w)
{
	uint32_t map = fs_mkdir(w->wire->fixture, "m");

	raw_put(map, 1, 10);
	raw_put(map, 2, 1234567);
}

static void many_keys(struct world *w)
{
	uint32_t map = fs_mkdir(w->wire->fixture, "m,type=hash,key=u32,value=u64,max_entries=5000");

	for (uint32_t key = 0; key < 5000; key++)
		raw_put(map, key, key);
}

static void some_slots(struct world *w)
{
	raw_put(fs_mkdir(w->wire->fixture, "m,type=array,max_entries=4"), 1, 10);
}

static void no_keys(struct world *w)
{
	fs_mkdir(w->wire->fixture, "m");
}

static void queue(struct world *w)
{
	fs_mkdir(w->wire->fixture, "q,type=queue,value=u32,max_entries=4");
}

static void bloom(struct world *w)
{
	fs_mkdir(w->wire->fixture, "b,type=bloom_filter,value=u32,max_entries=4");
}

static void map_of_maps(struct world *w)
{
	struct fixture *f = w->wire->fixture;

	w->wire->uid = 0;
	host_serve(0);
	fs_mkdir(f, "inner");
	fs_mkdir(f, "spare");
	fs_mkdir(f, "outer,type=hash_of_maps,key=u32,max_entries=4,inner=inner");
}

static void long_keys(struct world *w)
{
	fs_mkdir(w->wire->fixture, "m,type=hash,key=char[300],value=u64,max_entries=4");
}

#define DUMP_FILE(how) OPEN("m/.dump", how)

static const struct operation dumps[] = {
	{"dump", some_keys, .calls = {DUMP_FILE(O_RDONLY), READ, RELEASE}},
	{"dump of slots", some_slots, .calls = {DUMP_FILE(O_RDONLY), READ, RELEASE}},
	{"dump of several batches", many_keys, .is_large = true,
	 .calls = {DUMP_FILE(O_RDONLY), READ, RELEASE}},
	{"load", no_keys,
	 .calls = {DUMP_FILE(O_WRONLY), WRITE("{\"key\":1,\"value\":5}\n", 0),
		   WRITE("{\"key\":2,\"value\":6}\n", 20), CLOSE}},
	{"load of slots", some_slots,
	 .calls = {DUMP_FILE(O_WRONLY), WRITE("{\"key\":2,\"value\":5}\n", 0), CLOSE}},
	{"load of halves", no_keys,
	 .calls = {DUMP_FILE(O_WRONLY), WRITE("{\"key\":1,\"val", 0), WRITE("ue\":5}\n", 12),
		   CLOSE}},
	{"load of a removal", some_keys,
	 .calls = {DUMP_FILE(O_WRONLY), WRITE("{\"key\":1,\"value\":null}\n", 0), CLOSE}},
};

static const struct operation ends[] = {
	{"push", queue, .calls = {OPEN("q/.push", O_WRONLY), WRITE("7\n", 0), CLOSE}},
	{"push and peek", queue,
	 .calls = {OPEN("q/.push", O_WRONLY), WRITE("7\n", 0), CLOSE, OPEN("q/.peek", O_RDONLY),
		   READ, RELEASE}},
	{"push and pop", queue,
	 .calls = {OPEN("q/.push", O_WRONLY), WRITE("7\n", 0), WRITE("8\n", 2), CLOSE,
		   OPEN("q/.pop", O_RDONLY), READ, RELEASE}},
	{"listing of a queue", queue, .calls = {LIST_PLUS("q"), STAT("q/.map")}},
	{"bloom filter", bloom,
	 .calls = {STAT_ERR("b/5", -ENOENT), OPEN("b/5", O_WRONLY | O_CREAT), CLOSE, STAT("b/5")}},
};

static const struct operation links[] = {
	{"ln -s", map_of_maps,
	 .calls = {SYMLINK("../inner", "outer/1"), READLINK("outer/1"), LIST_PLUS("outer")}},
	{"ln -sf", map_of_maps,
	 .calls = {SYMLINK("../inner", "outer/1"), SYMLINK("../spare", "outer/CuAbCdEf"),
		   RENAME("outer/CuAbCdEf", "outer/1"), READLINK("outer/1")}},
	{"rm of a link", map_of_maps, .calls = {SYMLINK("../inner", "outer/1"), UNLINK("outer/1")}},
	{"mv of a link", map_of_maps, .is_halved = true,
	 .calls = {SYMLINK("../inner", "outer/1"), RENAME("outer/1", "outer/2")}},
	{"a link that waits", map_of_maps,
	 .calls = {SYMLINK("../later", "outer/1"), READLINK("outer/1"), UNLINK("outer/1")}},
	{"map of a map", map_of_maps, .calls = {OPEN("outer/.map", O_RDONLY), READ, RELEASE}},
};

static const struct operation longs[] = {
	{"a long name", long_keys,
	 .calls = {MKDIR("m/" PIECE_OF_240), OPEN(LONG_KEY, O_WRONLY | O_CREAT), WRITE("5\n", 0),
		   CLOSE, LIST_PLUS("m"), LIST_PLUS("m/" PIECE_OF_240), OPEN(LONG_KEY, O_RDONLY),
		   READ, RELEASE, UNLINK(LONG_KEY)}},
	{"no long name", long_keys, .calls = {MKDIR("m/" PIECE_OF_240), RMDIR("m/" PIECE_OF_240)}},
};

/* What tar, rsync and others do. */
static const struct operation restores[] = {
	{"a bare directory", NULL, .calls = {MKDIR("n"), LIST_PLUS("n"), RMDIR("n")}},
	{"its .map", NULL,
	 .calls = {MKDIR("n"), OPEN("n/.map", O_WRONLY | O_CREAT | O_TRUNC), WRITE(OTHER_MAP, 0),
		   CLOSE, LIST_PLUS("n")}},
	{"its .map, staged", NULL,
	 .calls = {MKDIR("n"), OPEN_FD(0, "n/.map.x", O_WRONLY | O_CREAT | O_EXCL, 0600),
		   WRITE(OTHER_MAP, 0), CLOSE, RENAME("n/.map.x", "n/.map")}},
	{"a file that waits", NULL,
	 .calls = {MKDIR("n"), OPEN_FD(0, "n/abc", O_WRONLY | O_CREAT | O_EXCL, 0600),
		   WRITE("5\n", 0), CLOSE, LIST_PLUS("n"), OPEN("n/abc", O_RDONLY), READ, RELEASE}},
	{"files that waited", NULL, .is_halved = true,
	 .calls = {MKDIR("n"), OPEN_FD(0, "n/abc", O_WRONLY | O_CREAT | O_EXCL, 0600),
		   WRITE("5\n", 0), CLOSE, OPEN("n/.map", O_WRONLY | O_CREAT | O_TRUNC),
		   WRITE(OTHER_MAP, 0), CLOSE, STAT("n/abc")}},
	{"a number that waits", NULL, .may_lack = true,
	 .is_halved = true, /* in the map, until .map is there */
	 .calls = {MKDIR("n"), OPEN_FD(0, "n/7", O_WRONLY | O_CREAT | O_EXCL, 0600),
		   WRITE("5\n", 0), CLOSE, RENAME("n/7", "n/8"), UNLINK("n/8")}},
	{"a plain key", NULL,
	 .calls = {MKDIR("n"), OPEN("n/7", O_WRONLY | O_CREAT | O_TRUNC), WRITE("5\n", 0), CLOSE,
		   LIST_PLUS("n")}},
};

#define ROWS(table) #table, table, sizeof(table) / sizeof((table)[0])

int main(void)
{
	return run_failures(ROWS(dumps)) + run_failures(ROWS(ends)) + run_failures(ROWS(links)) +
	       run_failures(ROWS(longs)) + run_failures(ROWS(restores));
}
