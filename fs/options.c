/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "fs/mountpoint.h"
#include "lib/text.h"

enum { MOST_TYPES_TEXT = 16 << 20 };

/*
 * Bytes that the kernel asks for at once. It pins the reader's memory before it asks: of cat's
 * 128 KiB, all pages for a text of some bytes, which costs more than the rest.
 */
enum { MAX_READ = 32 * 1024, LEAST_READ = 4096, MOST_READ = 1 << 20 };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define DEFAULT_PINDIR "/sys/fs/bpf/bpfmapfs"
#define DEFAULT_SPEC "type=hash,key=u32,value=u64,max_entries=1024"

/* The words of our options before they are understood. */
struct words {
	char *pindir, *scope, *uid, *gid, *umask, *max_map_bytes, *max_read, *values, *types, *log;
	struct buf spec;  /* of mkdir= */
	char *source;     /* the one before, if there are two */
	char *positional; /* the last argument that is no option */
	int positionals;
	int read_only;
	int snapshot;
};

enum { KEY_SPEC, KEY_SPEC_MORE, KEY_READ_ONLY, KEY_SNAPSHOT, KEY_REMOUNT };

/*
 * A spec has commas, and -o splits there: its further fields arrive as options
 * of their own and belong to the mkdir= before them.
 */
static const struct fuse_opt templates[] = {
	{"pindir=%s", offsetof(struct words, pindir), 0},
	{"scope=%s", offsetof(struct words, scope), 0},
	{"uid=%s", offsetof(struct words, uid), 0},
	{"gid=%s", offsetof(struct words, gid), 0},
	{"umask=%s", offsetof(struct words, umask), 0},
	{"max_map_bytes=%s", offsetof(struct words, max_map_bytes), 0},
	{"max_read=%s", offsetof(struct words, max_read), 0},
	{"values=%s", offsetof(struct words, values), 0},
	{"types=%s", offsetof(struct words, types), 0},
	{"log=%s", offsetof(struct words, log), 0},
	FUSE_OPT_KEY("mkdir=", KEY_SPEC),
	FUSE_OPT_KEY("type=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("key=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("value=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("max_entries=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("entries=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("map_flags=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("flags=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("map_extra=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("numa_node=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("btf=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("inner=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("inner_type=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("inner_key=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("inner_value=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("inner_max_entries=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("inner_entries=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("inner_map_flags=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("inner_flags=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("inner_map_extra=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("inner_btf=", KEY_SPEC_MORE),
	FUSE_OPT_KEY("ro", KEY_READ_ONLY),
	FUSE_OPT_KEY("snapshot", KEY_SNAPSHOT),
	FUSE_OPT_KEY("remount", KEY_REMOUNT),
	FUSE_OPT_END,
};

/*
 * Words of fstab that mean nothing here: what is for its readers, and what is about times of
 * access and versions, which keys have none of. mount(8) passes some of them on. Not nosymfollow,
 * which would be a promise.
 */
static const char *const ignored[] = {
	"defaults", "auto",       "noauto",      "user",          "users",    "nouser",
	"owner",    "group",      "nofail",      "_netdev",       "silent",   "loud",
	"relatime", "norelatime", "strictatime", "nostrictatime", "lazytime", "nolazytime",
	"diratime", "nodiratime", "iversion",    "noiversion",    "mand",     "nomand",
};
static const char *const ignored_beginnings[] = {"x-", "X-", "comment="};

void command_print_help(const char *program)
{
	printf("usage: %s [options] MOUNTPOINT\n\n"
	       "BPF maps as files: each directory is a map, each file is a key.\n\n"
	       "    -f                     stay in front\n"
	       "    -d                     stay in front and trace every request\n"
	       "    -o pindir=DIR          bpffs directory where mkdir pins (" DEFAULT_PINDIR ")\n"
	       "    -o scope=all|pinned    every map in the kernel, or those under pindir (all)\n"
	       "    -o mkdir=SPEC          what a bare mkdir NAME makes\n"
	       "                           (" DEFAULT_SPEC ")\n"
	       "    -o values=text|raw     what key files hold: text, or the bytes (text)\n"
	       "    -o types=FILE          types for maps that carry none: NAME key=T,value=T\n"
	       "    -o log=debug           each request a line in the log, as SIGUSR1 does\n"
	       "    -o uid=N -o gid=N      owner of maps that have no pin there (0, 0)\n"
	       "    -o umask=OCTAL         and their mode (077)\n"
	       "    -o max_map_bytes=N     refuse to make a larger map, or larger copies of a\n"
	       "                           snapshot (a quarter of RAM)\n"
	       "    -o snapshot            read-only; each map as it was when first looked into\n"
	       "    -o ro                  read-only: no map is opened for writing\n"
	       "    -o allow_other         let other users in, as far as the pins' modes do\n\n",
	       program);
}

static bool is_ignored(const char *word)
{
	for (size_t i = 0; i < COUNT(ignored); i++)
		if (strcmp(word, ignored[i]) == 0)
			return true;
	for (size_t i = 0; i < COUNT(ignored_beginnings); i++)
		if (strncmp(word, ignored_beginnings[i], strlen(ignored_beginnings[i])) == 0)
			return true;
	return false;
}

static int process(void *data, const char *arg, int key, struct fuse_args *out)
{
	struct words *w = data;

	switch (key) {
	case FUSE_OPT_KEY_NONOPT:
		free(w->source);
		w->source = w->positional;
		w->positional = strdup(arg);
		w->positionals++;
		return w->positional ? 0 : -1;
	case KEY_SPEC:
		buf_clear(&w->spec);
		buf_adds(&w->spec, arg + strlen("mkdir="));
		return 0;
	case KEY_SPEC_MORE:
		if (!w->spec.len)
			return 1; /* libfuse refuses it as unknown */
		buf_addf(&w->spec, ",%s", arg);
		return 0;
	case KEY_READ_ONLY:
		w->read_only = 1;
		return 1;
	case KEY_SNAPSHOT:
		w->read_only = w->snapshot = 1;
		return fuse_opt_add_arg(out, "-oro");
	case KEY_REMOUNT:
		fprintf(stderr, "bpfmapfs: remount: a mount keeps its options: "
				"unmount it, and mount it with others\n");
		return -1;
	default:
		return is_ignored(arg) ? 0 : 1;
	}
}

static int bad_option(const char *name, const char *value, const char *why)
{
	fprintf(stderr, "bpfmapfs: %s=%s: %s\n", name, value, why);
	return -EINVAL;
}

/* A number up to max; value NULL leaves *out. */
static int number_option(const char *name, const char *value, uint64_t max, uint64_t *out)
{
	struct diag diag = {0};
	struct text t = {.s = value, .diag = &diag};

	if (!value)
		return 0;
	t.len = strlen(value);
	if (text_unsigned(&t, max, out) || text_end(&t))
		return bad_option(name, value, diag.why);
	return 0;
}

static int umask_option(const char *value, mode_t *out)
{
	char *end;
	unsigned long number;

	if (!value)
		return 0;
	number = strtoul(value, &end, 8);
	if (!*value || *end || number > 0777)
		return bad_option("umask", value, "an octal number up to 777 is expected");
	*out = (mode_t)number;
	return 0;
}

/* One of two words; value NULL leaves *is_other. */
static int choice_option(const char *name, const char *value, const char *usual, const char *other,
			 bool *is_other)
{
	char why[64];

	if (!value)
		return 0;
	*is_other = strcmp(value, other) == 0;
	if (*is_other || strcmp(value, usual) == 0)
		return 0;
	snprintf(why, sizeof(why), "%s or %s", usual, other);
	return bad_option(name, value, why);
}

/* The whole of a file, appended. */
static int read_file(const char *path, struct buf *text)
{
	FILE *file = fopen(path, "re");
	char chunk[4096];
	size_t len;
	int err = 0;

	if (!file)
		return -errno;
	while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(text, chunk, len);
	if (ferror(file))
		err = -EIO;
	fclose(file);
	return err ? err : buf_error(text);
}

static int types_option(struct command *c, const char *path)
{
	struct buf text = BUF_INIT(MOST_TYPES_TEXT);
	struct diag diag = {0};
	unsigned int line = 0;
	int err;

	if (!path)
		return 0;
	err = read_file(path, &text);
	if (err) {
		buf_free(&text);
		return bad_option("types", path, strerror(-err));
	}
	err = typerules_parse(text.data ? text.data : "", text.len, &c->rules, &line, &diag);
	if (err)
		fprintf(stderr, "bpfmapfs: %s: line %u, byte %zu: %s\n", path, line,
			diag.placed ? diag.offset + 1 : 0, diag.err ? diag.why : strerror(-err));
	buf_free(&text);
	c->options.survey.rules = c->rules;
	return err;
}

static int spec_option(const struct buf *text, struct spec *spec)
{
	struct diag diag = {0};
	int err = spec_parse(spec, DEFAULT_SPEC, strlen(DEFAULT_SPEC), ',', &diag);

	if (!err && text->len)
		err = spec_parse(spec, text->data, text->len, ',', &diag);
	return err ? bad_option("mkdir", text->len ? text->data : "", diag.why) : 0;
}

static int pindir_option(struct command *c, const char *value)
{
	if (value && value[0] != '/')
		return bad_option("pindir", value, "an absolute path is expected");
	c->pindir = strdup(value ? value : DEFAULT_PINDIR);
	if (!c->pindir)
		return -ENOMEM;
	for (size_t len = strlen(c->pindir); len > 1 && c->pindir[len - 1] == '/'; len--)
		c->pindir[len - 1] = '\0';
	c->options.survey.pindir = c->pindir;
	return 0;
}

static uint64_t quarter_of_ram(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : (uint64_t)info.totalram * info.mem_unit / 4;
}

static int understand(struct command *c, const struct words *w)
{
	struct fs_options *o = &c->options;
	uint64_t uid = 0, gid = 0, max_read = MAX_READ;
	int err;

	o->umask = 077;
	o->max_map_bytes = quarter_of_ram();
	o->read_only = w->read_only;
	o->snapshot = w->snapshot;
	o->survey.open_flags = w->read_only ? BPF_F_RDONLY : 0;
	o->survey.read_only = w->read_only;
	err = pindir_option(c, w->pindir);
	if (!err)
		err = choice_option("scope", w->scope, "all", "pinned", &o->survey.pinned_only);
	if (!err)
		err = number_option("uid", w->uid, UINT32_MAX - 1, &uid);
	if (!err)
		err = number_option("gid", w->gid, UINT32_MAX - 1, &gid);
	if (!err)
		err = umask_option(w->umask, &o->umask);
	if (!err)
		err = number_option("max_map_bytes", w->max_map_bytes, UINT64_MAX,
				    &o->max_map_bytes);
	if (!err)
		err = number_option("max_read", w->max_read, MOST_READ, &max_read);
	if (!err)
		err = spec_option(&w->spec, &o->mkdir_spec);
	if (!err)
		err = choice_option("values", w->values, "text", "raw", &o->raw_values);
	if (!err)
		err = types_option(c, w->types);
	if (!err)
		err = choice_option("log", w->log, "refusals", "debug", &o->log_requests);
	o->uid = (uid_t)uid;
	o->gid = (gid_t)gid;
	o->max_read = max_read < LEAST_READ ? LEAST_READ : (unsigned int)max_read;
	return err;
}

static void words_free(struct words *w)
{
	free(w->pindir);
	free(w->scope);
	free(w->uid);
	free(w->gid);
	free(w->umask);
	free(w->max_map_bytes);
	free(w->max_read);
	free(w->values);
	free(w->types);
	free(w->log);
	free(w->source);
	free(w->positional);
	buf_free(&w->spec);
}

/* A dead mount must be gone before libfuse looks at the mount point. */
static int clear_mountpoint(const struct words *w)
{
	int err = w->positional ? mountpoint_clear(w->positional) : 0;

	if (err == -EBUSY)
		fprintf(stderr, "bpfmapfs: %s: a bpfmapfs is mounted there\n", w->positional);
	else if (err)
		fprintf(stderr, "bpfmapfs: %s: cannot unmount what a killed bpfmapfs left: %s\n",
			w->positional, strerror(-err));
	return err;
}

static int check_directory(const char *mountpoint)
{
	struct stat st;

	if (!mountpoint || (stat(mountpoint, &st) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	fprintf(stderr, "bpfmapfs: %s: not a directory\n", mountpoint);
	return -ENOTDIR;
}

/* By it mount(8) -a knows what is mounted already. */
static int add_source(const struct words *w, struct fuse_args *args)
{
	char *name = NULL, *options = NULL;
	int err = -1;

	if (!w->source)
		return 0;
	if (asprintf(&name, "fsname=%s", w->source) < 0)
		return -1;
	if (fuse_opt_add_opt_escaped(&options, name) == 0 && fuse_opt_add_arg(args, "-o") == 0)
		err = fuse_opt_add_arg(args, options);
	free(name);
	free(options);
	return err;
}

/* mount(8) gives a source before the mount point, as it does for a disk. */
static int parse_words(struct command *c, struct words *w, struct fuse_args *args)
{
	if (fuse_opt_parse(args, w, templates, process))
		return -EINVAL;
	if (w->positionals > 2) {
		fprintf(stderr, "bpfmapfs: one mount point is expected\n");
		return -EINVAL;
	}
	if (clear_mountpoint(w))
		return -EBUSY;
	if (add_source(w, args) || (w->positional && fuse_opt_add_arg(args, w->positional)))
		return -ENOMEM;
	if (fuse_parse_cmdline(args, &c->fuse))
		return -EINVAL;
	return check_directory(c->fuse.mountpoint) ? -ENOTDIR : understand(c, w);
}

int command_parse(struct command *command, struct fuse_args *args)
{
	struct words words = {.spec = BUF_INIT(1 << 20)};
	int err;

	memset(command, 0, sizeof(*command));
	err = parse_words(command, &words, args);
	words_free(&words);
	return err;
}

void command_free(struct command *command)
{
	free(command->fuse.mountpoint);
	free(command->pindir);
	typerules_free(command->rules);
	spec_free(&command->options.mkdir_spec);
}
