/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* fuse_reply: what stands behind the header of a reply, as linux/fuse.h has it. */
#ifndef BPFMAPFS_TESTS_FUSE_REPLY_H
#define BPFMAPFS_TESTS_FUSE_REPLY_H

#include <linux/fuse.h>

enum { FUSE_REPLY_READ = 1 << 17 }; /* the most that one read is asked for */

union fuse_reply {
	char bytes[FUSE_REPLY_READ + 4096];
	struct fuse_entry_out entry;
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} created;
	struct fuse_attr_out attr;
	struct fuse_open_out open;
	struct fuse_write_out written;
};

#endif
