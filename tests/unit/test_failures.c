/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names, keys and maps, with everything failing once (fail_rounds.h). */
#include <errno.h>
#include <string.h>

#include "tests/unit/fail_rounds.h"

#define KEPT "type=hash\nkey=char[8]\nvalue=u16\nmax_entries=64\n"
#define LONG_NAME                                                                    \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"  \
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"  \
	"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" \
	"ddddddddddddddddddddd"
#define PIECE LONG_NAME LONG_NAME

/* A map with the keys 1 and 2. */
static void fill(struct world *w, const char *spec)
{
	uint32_t map = fs_mkdir(w->wire->fixture, spec);

	raw_put(map, 1, 10);
	raw_put(map, 2, 1234567);
}

static void some_keys(struct world *w)
{
	fill(w, "m");
}

static void some_slots(struct world *w)
{
	fill(w, "m,type=array,max_entries=4");
}

static void per_cpu(struct world *w)
{
	fill(w, "m,type=percpu_hash");
}

static void prefixes(struct world *w)
{
	fs_mkdir(w->wire->fixture, "m,type=lpm_trie,key=ipv4_prefix,value=u64,max_entries=10");
}

static void by_root(struct world *w)
{
	fill(w, "m");
	w->wire->uid = 0;
}

static void stranger(struct world *w)
{
	fs_stranger(w->wire->fixture, BPF_MAP_TYPE_HASH, "stranger");
}

static const struct operation looking[] = {
	{"lookup of a key", some_keys, .calls = {STAT("m/1")}},
	{"lookup of a slot", some_slots, .calls = {STAT("m/1"), STAT("m/0")}},
	{"lookup for all CPUs", per_cpu, .calls = {STAT("m/1"), STAT("m/.map")}},
	{"lookup of nothing", some_keys,
	 .calls = {STAT_ERR("m/9", -ENOENT), STAT_ERR("x", -ENOENT)}},
	{"attributes", some_keys, .calls = {STAT(""), STAT("m"), STAT("m/.info"), FORGET}},
	{"listing", some_keys, .calls = {LIST(""), LIST("m")}},
	{"listing with attributes", some_keys, .calls = {LIST_PLUS(""), LIST_PLUS("m"), FORGET}},
	{"listing of slots", some_slots, .calls = {LIST_PLUS("m")}},
	{"listing for all CPUs", per_cpu, .calls = {LIST_PLUS("m")}},
	{"maps of others", stranger,
	 .calls = {LIST_PLUS(""), STAT("stranger"), LIST_PLUS("stranger")}},
	{"no such request", some_keys, .calls = {XATTR("m"), STATFS("m")}},
};

static const struct operation reading[] = {
	{"cat", some_keys, .calls = {OPEN("m/2", O_RDONLY), READ, RELEASE}},
	{"cat of a slot", some_slots, .calls = {OPEN("m/2", O_RDONLY), READ, RELEASE}},
	{"cat for all CPUs", per_cpu, .calls = {OPEN("m/2", O_RDONLY), READ, RELEASE}},
	{"reading twice", some_keys, .calls = {OPEN("m/2", O_RDWR), READ, READ, FSYNC, CLOSE}},
	{".map", some_keys, .calls = {OPEN("m/.map", O_RDONLY), READ, RELEASE}},
	{".info", some_keys, .may_lack = true,
	 .calls = {OPEN("m/.info", O_RDONLY), READ_BLURRED, RELEASE}},
	{".count", some_keys, .calls = {OPEN("m/.count", O_RDONLY), READ, RELEASE}},
	{".types", some_keys, .calls = {OPEN("m/.types", O_RDONLY), READ, RELEASE}},
	{".frozen", some_keys, .calls = {OPEN("m/.frozen", O_RDONLY), READ, RELEASE}},
	{".error_log", some_keys, .calls = {OPEN(".error_log", O_RDONLY), READ, RELEASE}},
};

static const struct operation writing[] = {
	{"echo", some_keys, .calls = {OPEN("m/1", O_WRONLY | O_TRUNC), WRITE("77\n", 0), CLOSE}},
	{"echo into a slot", some_slots,
	 .calls = {OPEN("m/1", O_WRONLY | O_TRUNC), WRITE("77\n", 0), CLOSE}},
	{"echo for all CPUs", per_cpu,
	 .calls = {OPEN("m/1", O_WRONLY | O_TRUNC), WRITE("[4,5]\n", 0), CLOSE}},
	{"echo of a new key", some_keys,
	 .calls = {OPEN("m/7", O_WRONLY | O_CREAT | O_TRUNC), WRITE("77\n", 0), CLOSE}},
	{"echo of a prefix", prefixes,
	 .calls = {OPEN("m/10.0.0.0_8", O_WRONLY | O_CREAT | O_TRUNC), WRITE("77\n", 0), CLOSE,
		   LIST_PLUS("m"), UNLINK("m/10.0.0.0_8")}},
	{"two halves", some_keys,
	 .calls = {OPEN("m/7", O_WRONLY | O_CREAT | O_TRUNC), WRITE("0x", 0), WRITE("5\n", 2),
		   CLOSE}},
	{"half of it", some_keys,
	 .calls = {OPEN("m/1", O_WRONLY | O_TRUNC), WRITE("0x5", 0), WRITE("5", 3), FSYNC, CLOSE}},
	{"in place", some_keys,
	 .calls = {OPEN("m/2", O_RDWR), WRITE("9", 0), FTRUNCATE(2), FSYNC, CLOSE}},
	{"nothing", some_keys, .calls = {OPEN("m/1", O_WRONLY | O_TRUNC), CLOSE}},
	{"touch", some_keys, .is_final = true,
	 .calls = {OPEN("m/7", O_WRONLY | O_CREAT), UTIMENS("m/7", 0), CLOSE}},
	{"truncate", some_keys, .calls = {TRUNCATE("m/1", 0)}},
	{"fallocate", some_keys,
	 .calls = {OPEN("m/1", O_WRONLY | O_TRUNC), FALLOCATE(3), WRITE("77\n", 0), CLOSE}},
	{".frozen", some_keys, .calls = {OPEN("m/.frozen", O_WRONLY), WRITE("1\n", 0), CLOSE}},
	{".error_log", some_keys,
	 .calls = {OPEN(".error_log", O_WRONLY | O_TRUNC), WRITE("\n", 0), CLOSE}},
	{"the same .map", some_keys,
	 .calls = {OPEN("m/.map", O_WRONLY | O_TRUNC),
		   WRITE("type=hash\nkey=u32\nvalue=u64\nmax_entries=1024\nname=m\n", 0), CLOSE}},
};

static const struct operation naming[] = {
	{"unlink", some_keys, .calls = {UNLINK("m/1")}},
	{"unlink of a slot", some_slots, .calls = {UNLINK("m/1"), LIST_PLUS("m")}},
	{"unlink of .map", some_keys, .calls = {UNLINK("m/.map")}},
	{"mv of a key", some_keys, .is_halved = true, .calls = {RENAME("m/1", "m/5"), STAT("m/5")}},
	{"mv over a key", some_keys, .is_halved = true,
	 .calls = {RENAME("m/1", "m/2"), STAT("m/2")}},
	{"mv of a slot", some_slots, .is_halved = true, .calls = {RENAME("m/1", "m/3"), LIST("m")}},
	{"staging", some_keys,
	 .calls = {OPEN_FD(0, "m/.x.1", O_RDWR | O_CREAT | O_EXCL, 0600), WRITE("55\n", 0), CLOSE,
		   CHMOD("m/.x.1", 0640), UTIMENS("m/.x.1", 77), RENAME("m/.x.1", "m/2"),
		   STAT("m/2")}},
	{"a backup copy", some_keys,
	 .calls = {RENAME("m/2", "m/.2~"), OPEN("m/.2~", O_RDONLY), READ, RELEASE,
		   UNLINK("m/.2~")}},
	{"a staging link", some_keys,
	 .calls = {SYMLINK("target", "m/.l"), READLINK("m/.l"), UNLINK("m/.l")}},
};

static const struct operation maps[] = {
	{"mkdir", some_keys, .calls = {MKDIR("n"), STAT("n"), LIST_PLUS("n")}},
	{"mkdir of a hash", some_keys,
	 .calls = {MKDIR("n,type=hash,key=u32,value=s16,max_entries=5"), LIST_PLUS("n")}},
	{"mkdir of a struct", some_keys,
	 .calls = {MKDIR("n,type=array,value=struct{u32 a;char b[6];},max_entries=2"), LIST("n")}},
	{"mkdir with a template", by_root,
	 .calls = {MKDIR("n,type=array_of_maps,max_entries=2,inner=m"), LIST_PLUS("n")}},
	{"mkdir of a queue", some_keys, .calls = {MKDIR("n,type=queue,value=u32,max_entries=2")}},
	{"rmdir of a full map", some_keys,
	 .calls = {{.act = call_rmdir, .path = "m", .want = -ENOTEMPTY}}},
	{"rmdir", some_keys, .calls = {UNLINK("m/1"), UNLINK("m/2"), RMDIR("m")}},
	{"mv of a map", some_keys, .calls = {RENAME("m", "n"), LIST_PLUS("n"), STAT("n/1")}},
	{"chmod", some_keys, .calls = {CHMOD("m", 0750), CHMOD("m/1", 0640)}},
	{"chown", some_keys, .calls = {CHOWN("m", 5), STAT("m")}},
	{"chmod of the root", some_keys, .calls = {CHMOD("", 0700), STAT("")}},
	{"utimens", some_keys, .calls = {UTIMENS("m", 9), UTIMENS("m/1", 0)}},
	{"truncate of a map", some_keys, .calls = {STAT("m"), STAT("m/.count")}},
};

#define ROWS(table) #table, table, sizeof(table) / sizeof((table)[0])

int main(void)
{
	return run_failures(ROWS(looking)) + run_failures(ROWS(reading)) +
	       run_failures(ROWS(writing)) + run_failures(ROWS(naming)) + run_failures(ROWS(maps));
}
