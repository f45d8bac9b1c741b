/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "fs/awaited.h"
#include "fs/confine.h"
#include "fs/loop.h"
#include "fs/ops.h"
#include "fs/options.h"
#include "fs/park.h"
#include "lib/host.h"
#include "lib/maptype.h"
#include "lib/symbols.h"
#include "lib/sys.h"

#ifndef VERSION
#define VERSION "unknown" /* make has it from scripts/debian/changelog */
#endif

static void log_to_stderr(const char *lines)
{
	fputs(lines, stderr);
}

static void log_to_syslog(const char *lines)
{
	syslog(LOG_NOTICE, "%s", lines);
}

static int fail(const char *what, int err, const char *hint)
{
	fprintf(stderr, "bpfmapfs: %s: %s%s%s\n", what, strerror(-err), *hint ? "; " : "", hint);
	return err;
}

/*
 * Makes a map and lets it go. What libbpf wants to know of the kernel before, it asks by loading a
 * program, which it may no more once it is confined.
 */
static int try_to_make_map(void)
{
	const struct sys_map_attr attr = {.type = maptype_by_name("array", 5)->type,
					  .name = "bpfmapfs",
					  .key_size = sizeof(uint32_t),
					  .value_size = sizeof(uint32_t),
					  .max_entries = 1};
	int fd = sys_map_create(&attr);

	if (fd < 0)
		return fail("cannot make BPF maps", fd, "-o ro does without");
	sys_close(fd);
	return 0;
}

/* What the kernel would refuse later is told now, on stderr. */
static int check_kernel(const struct fs_options *options)
{
	uint32_t id;
	int err = sys_map_next_id(0, &id);

	if (err == -EPERM)
		return fail("cannot look at BPF maps", err,
			    "it takes root, or CAP_BPF and CAP_SYS_ADMIN");
	if (err && err != -ENOENT)
		return fail("cannot look at BPF maps", err, "");
	err = options->read_only ? 0 : sys_pin_prepare(options->survey.pindir);
	if (err == -EMEDIUMTYPE)
		return fail(options->survey.pindir, -EINVAL, "pindir has to be on a bpffs");
	if (err)
		return fail(options->survey.pindir, err, "");
	return options->read_only ? 0 : try_to_make_map();
}

/* Whoever asks for what only libfuse's loop has, gets that. */
static int loop(struct fuse_session *session, const struct fuse_cmdline_opts *fuse)
{
	struct fuse_loop_config *config;
	int err;

	if (fuse->singlethread)
		return loop_run(session, 1);
	if (!fuse->clone_fd && fuse->max_idle_threads == UINT_MAX)
		return loop_run(session, fuse->max_threads);
	config = fuse_loop_cfg_create();
	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_clone_fd(config, (unsigned int)fuse->clone_fd);
	fuse_loop_cfg_set_max_threads(config, fuse->max_threads);
	if (fuse->max_idle_threads != UINT_MAX)
		fuse_loop_cfg_set_idle_threads(config, fuse->max_idle_threads);
	err = fuse_session_loop_mt(session, config);
	fuse_loop_cfg_destroy(config);
	return err;
}

static void toggle_trace(int number)
{
	(void)number;
	trace_toggle();
}

static int set_signal_handlers(struct fuse_session *session)
{
	const struct sigaction toggle = {.sa_handler = toggle_trace, .sa_flags = SA_RESTART};

	if (fuse_set_signal_handlers(session))
		return -EIO;
	return sigaction(SIGUSR1, &toggle, NULL) ? -errno : 0;
}

/* It ends already: a second signal is not to cut that short. */
static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static int serve(struct fs *fs, struct fuse_session *session, const struct fuse_cmdline_opts *fuse)
{
	int err = set_signal_handlers(session);

	if (err)
		return err;
	err = -EIO;
	if (fuse_session_mount(session, fuse->mountpoint))
		goto out_signals;
	fs->session = session;
	fs->mountpoint = fuse->mountpoint;
	fs->log = fuse->foreground ? log_to_stderr : log_to_syslog;
	err = confine(fs->options.read_only);
	if (err) {
		fail("cannot give up rights", err, "");
		goto out_mount;
	}
	err = -EIO;
	if (fuse_daemonize(fuse->foreground))
		goto out_mount;
	err = park_new(&fs->park);
	if (!err)
		err = loop(session, fuse);
	park_free(fs->park);
	file_abandon_all(fs);
out_mount:
	fuse_session_unmount(session);
out_signals:
	block_signals();
	fuse_remove_signal_handlers(session);
	return err < 0 ? err : 0;
}

static void tell_refused_copy(void *arg, uint32_t map_id, const struct diag *d)
{
	fs_tell_waiting(arg, 0, "snapshot", map_id, "", -d->err, d);
}

static int start(struct fs *fs, struct fs_options *options, struct snapshot *snapshot)
{
	int err;

	options->survey.snapshot = snapshot;
	err = fs_init(fs, options);
	if (!err && snapshot) {
		snapshot_on_refusal(snapshot, tell_refused_copy, fs);
		host_keep_ifnames();
		symbols_keep(&symbols_kernel);
	}
	if (!err)
		err = catalog_refresh(fs->catalog);
	if (!err)
		awaited_find(fs);
	if (!err && fs->options.log_requests)
		trace_toggle();
	return err;
}

static int run(struct command *command, struct fuse_args *args)
{
	struct mapiter *iter = NULL; /* without one, maps are opened when they are first seen */
	struct snapshot *snapshot = NULL;
	struct fuse_session *session;
	struct fs fs;
	int err = check_kernel(&command->options);

	if (!err && command->options.snapshot)
		err = snapshot_new(command->options.max_map_bytes, &snapshot);
	if (err)
		return err;
	mapiter_open(&iter);
	command->options.survey.iter = iter;
	err = start(&fs, &command->options, snapshot);
	if (err) {
		fail("cannot start", err, "");
		goto out;
	}
	err = -EINVAL;
	session = fuse_session_new(args, &ops, sizeof(ops), &fs);
	if (!session)
		goto out;
	err = serve(&fs, session, &command->fuse);
	fuse_session_destroy(session);
out:
	fs_free(&fs);
	snapshot_free(snapshot);
	mapiter_close(iter);
	return err;
}

static void print_version(void)
{
	printf("bpfmapfs %s\n", VERSION);
	fuse_lowlevel_version();
}

static int command_run(struct command *command, struct fuse_args *args)
{
	if (command->fuse.show_help) {
		command_print_help(args->argv[0]);
		fuse_cmdline_help();
		fuse_lowlevel_help();
		return 0;
	}
	if (command->fuse.show_version) {
		print_version();
		return 0;
	}
	if (!command->fuse.mountpoint) {
		fprintf(stderr, "bpfmapfs: a mount point is expected; -h for help\n");
		return -EINVAL;
	}
	return run(command, args);
}

/*
 * Large pieces of memory go back to the system when they are freed. malloc(3) else learns from the
 * first one to keep pieces of its size, and twice as much for each thread, where malloc_trim(3) does
 * not reach.
 */
static void give_memory_back(void)
{
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

static int add_mount_options(struct fuse_args *args, unsigned int max_read)
{
	char options[128];

	snprintf(options, sizeof(options),
		 "-odefault_permissions,fsname=bpfmapfs,subtype=bpfmapfs,max_read=%u", max_read);
	return fuse_opt_insert_arg(args, 1, options);
}

int main(int argc, char *argv[])
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct command command;
	int err;

	give_memory_back();
	sys_init();
	openlog("bpfmapfs", LOG_PID, LOG_DAEMON);
	err = command_parse(&command, &args);
	if (!err)
		err = add_mount_options(&args, command.options.max_read);
	if (!err)
		err = command_run(&command, &args);
	command_free(&command);
	fuse_opt_free_args(&args);
	return err ? 1 : 0;
}
