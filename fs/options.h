/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* options: the command line (section 1 of the design) into struct fs_options. */
#ifndef BPFMAPFS_FS_OPTIONS_H
#define BPFMAPFS_FS_OPTIONS_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
#include <fuse_opt.h>

#include "fs/context.h"

struct command {
	struct fs_options options;
	struct fuse_cmdline_opts fuse; /* mountpoint is malloc'd */
	char *pindir;                  /* options.survey.pindir */
	struct typerules *rules;       /* options.survey.rules */
};

/*
 * Takes our options out of args, leaving those of libfuse. 0, or -EINVAL after
 * a message on stderr. Release with command_free() in any case.
 */
int command_parse(struct command *command, struct fuse_args *args);
void command_free(struct command *command);

/* What -h prints of ours. */
void command_print_help(const char *program);

#endif
