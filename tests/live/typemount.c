// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * typemount PINS MOUNT: of every pinned map, what the mount shows of random keys and values gives
 * the same bytes back when it is written. The bytes are stored, and looked up, by bpf(2). The maps
 * are empty before and after; those of arrays are passed over.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tests/live/pattern.h"

enum { ROUNDS = 300 };

/* A map, and one entry of it. */
struct sample {
	int map;
	uint32_t key_size, value_size; /* value: of all CPUs */
	bool is_prefix;
	unsigned char *key, *value, *got;
	char path[PATH_MAX]; /* of the map's directory, then of the key */
	size_t dir_len;
};

/* Extends the path by the only name in the directory that it leads to, and on to a file. */
static const char *find_file(struct sample *e)
{
	struct stat st = {.st_mode = S_IFDIR};
	struct dirent *found;
	size_t len = e->dir_len;

	for (e->path[len] = 0; S_ISDIR(st.st_mode); len = strlen(e->path)) {
		DIR *dir = opendir(e->path);
		int count = 0;

		if (!dir)
			return "no directory";
		while ((found = readdir(dir)))
			if (found->d_name[0] != '.' && ++count == 1)
				snprintf(e->path + len, sizeof(e->path) - len, "/%s",
					 found->d_name);
		closedir(dir);
		if (count != 1 || stat(e->path, &st))
			return count == 1 ? "its name leads nowhere" : "not one name";
	}
	return NULL;
}

/* All that there is to read, and no more. The text is the caller's. */
static const char *read_file(const struct sample *e, char **text, size_t *len)
{
	int fd = open(e->path, O_RDONLY);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return "not opened";
	*len = (size_t)st.st_size;
	*text = allocate(*len + 1);
	n = read(fd, *text, *len + 1);
	close(fd);
	if (n != st.st_size || n == 0 || (*text)[n - 1] != '\n')
		return "not a line of the length that stat tells";
	(*text)[n] = 0;
	return NULL;
}

/* Makes the directories that a long name lies in, too. */
static const char *write_file(struct sample *e, const char *text, size_t len)
{
	ssize_t n;
	int fd;

	for (char *slash = e->path + e->dir_len; (slash = strchr(slash + 1, '/')); *slash = '/') {
		*slash = 0;
		if (mkdir(e->path, 0755) && errno != EEXIST)
			return "no directory made";
	}
	fd = open(e->path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		return "not created";
	n = write(fd, text, len);
	if (close(fd) || n != (ssize_t)len)
		return "refused what was read";
	return NULL;
}

static bool is_stored(const struct sample *e)
{
	return bpf_map_lookup_elem(e->map, e->key, e->got) == 0;
}

static const char *check_through_mount(struct sample *e, char **text)
{
	size_t len = 0;
	const char *wrong = find_file(e);

	if (!wrong)
		wrong = read_file(e, text, &len);
	if (!wrong && (unlink(e->path) || is_stored(e)))
		wrong = "not deleted";
	if (!wrong)
		wrong = write_file(e, *text, len);
	if (!wrong && !is_stored(e))
		wrong = "stored under another key";
	if (!wrong && memcmp(e->got, e->value, e->value_size) != 0)
		wrong = "came back otherwise";
	return wrong;
}

/* Stores a pattern; what the kernel made of it is the value. */
static void store_pattern(struct sample *e)
{
	make_pattern(e->value, e->value_size);
	make_pattern(e->key, e->key_size);
	if (e->is_prefix)
		make_prefix(e->key, e->key_size);
	if (bpf_map_update_elem(e->map, e->key, e->value, BPF_ANY) || !is_stored(e))
		die(at.map);
	memcpy(e->value, e->got, e->value_size);
}

static void check_entries(struct sample *e)
{
	for (at.round = 0; at.round < ROUNDS + 2; at.round++) {
		char *text = NULL;
		const char *wrong;

		store_pattern(e);
		wrong = check_through_mount(e, &text);
		if (wrong) {
			say(wrong, e->value, e->value_size, text, NULL);
			printf("  path  %s\n", e->path);
		}
		free(text);
		bpf_map_delete_elem(e->map, e->key);
		if (wrong)
			break;
	}
}

/* Bytes behind a CPU's value would not be told by any text. */
static uint32_t size_of_all_cpus(const struct bpf_map_info *info)
{
	if (info->type != BPF_MAP_TYPE_PERCPU_HASH)
		return info->value_size;
	return info->value_size % 8 ? 0 : info->value_size * (uint32_t)libbpf_num_possible_cpus();
}

static bool check_map(const char *pin, const char *dir)
{
	struct sample e = {.map = bpf_obj_get(pin)};
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	if (e.map < 0 || bpf_obj_get_info_by_fd(e.map, &info, &size))
		die(pin);
	e.value_size = size_of_all_cpus(&info);
	e.key_size = info.key_size;
	e.is_prefix = info.type == BPF_MAP_TYPE_LPM_TRIE;
	e.dir_len = (size_t)snprintf(e.path, sizeof(e.path), "%s", dir);
	if (info.type != BPF_MAP_TYPE_ARRAY && e.value_size) {
		e.key = allocate(e.key_size);
		e.value = allocate(e.value_size);
		e.got = allocate(e.value_size);
		check_entries(&e);
		free(e.key);
		free(e.value);
		free(e.got);
	}
	close(e.map);
	return info.type != BPF_MAP_TYPE_ARRAY && e.value_size;
}

static void check_mount(const char *pins, const char *mount)
{
	char pin[PATH_MAX], path[PATH_MAX];
	DIR *dir = opendir(pins);
	struct dirent *found;
	int count = 0;

	if (!dir)
		die(pins);
	at.part = "through the mount";
	while ((found = readdir(dir))) {
		if (found->d_name[0] == '.')
			continue;
		at.map = found->d_name;
		snprintf(pin, sizeof(pin), "%s/%s", pins, found->d_name);
		snprintf(path, sizeof(path), "%s/%s", mount, found->d_name);
		count += check_map(pin, path);
	}
	closedir(dir);
	printf("%d maps, %d patterns each\n", count, ROUNDS);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	begin_patterns();
	check_mount(argv[1], argv[2]);
	return failures != 0;
}
