/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * context: one mount: its options and its tables. Handed to every call of fs/.
 *
 * Locks, in the order in which they are taken: names, by requests that are about a name (so by
 * none that takes a file's own lock); a file's own; that of the ring it
 * reads (lib/ring); waitroom.turn; files_lock; then at most one of those inside
 * catalog, nodes, scratch, seen, hidden, longdirs, fresh, waitroom, lately, refusals (but
 * hide_prune() asks the catalogue). None is held over a wait for user space. The
 * kernel's replies are sent with no lock held.
 */
#ifndef BPFMAPFS_FS_CONTEXT_H
#define BPFMAPFS_FS_CONTEXT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "fs/fresh.h"
#include "fs/hide.h"
#include "fs/lately.h"
#include "fs/longdir.h"
#include "fs/node.h"
#include "fs/quota.h"
#include "fs/scratch.h"
#include "fs/seen.h"
#include "fs/tally.h"
#include "fs/waitroom.h"
#include "lib/catalog.h"
#include "lib/diag.h"
#include "lib/spec.h"

struct fuse_session;
struct park;

struct fs_options {
	struct survey_options survey;
	struct spec mkdir_spec; /* what a bare mkdir makes; owned */
	uint64_t max_map_bytes; /* of one that is made, or of all copies of a snapshot */
	unsigned int max_read;  /* bytes that the kernel asks for at once */
	bool read_only;
	bool snapshot;   /* survey.snapshot is to be made before the mount is */
	bool raw_values; /* key files hold the bytes themselves */
	bool log_requests;
	uid_t uid; /* of maps without a pin of ours, and of the root */
	gid_t gid;
	mode_t umask;
};

struct fs {
	struct fs_options options;
	struct catalog *catalog;
	struct quota quota;
	struct node_table nodes;
	struct scratch scratch;
	struct seen *seen;
	struct hide hidden;
	struct longdirs longdirs;
	struct fresh fresh;
	struct waitroom waitroom;
	struct lately lately;
	struct diag_ring refusals;
	struct tally tally;
	struct timespec started; /* CLOCK_REALTIME */
	struct timespec booted;  /* the same, CLOCK_BOOTTIME */

	mode_t root_mode; /* of the root's directory, as long as this mount lives; atomic */

	const char *mountpoint;       /* absolute; borrowed. NULL: not known */
	struct fuse_session *session; /* to tell the kernel what it should ask again */
	struct park *park;            /* reads of streams that wait; NULL: none may */

	/* Where refusals are told too: text of one or more lines. May be NULL. */
	void (*log)(const char *lines);

	pthread_rwlock_t names;     /* see fs_names_hold() */
	pthread_mutex_t files_lock; /* guards node->files and what openfile.h says */
	pthread_cond_t files_changed;
	unsigned int files_open;  /* in the lists; read without the lock */
	unsigned int files_waits; /* requests that wait for a RELEASE */
	unsigned int files_blank; /* files that zero their key when closed; read without the lock */
};

/* Sets everything up; options are moved in. 0 or -errno; fs_free() in any case. */
int fs_init(struct fs *fs, struct fs_options *options);
void fs_free(struct fs *fs);

/*
 * While a map is made again, nothing is looked up, made, renamed or removed: such a request
 * holds the names, and finds one map or the other. Who changes them, perhaps within such a
 * request, waits for the others; and may say early that they are changed. Then the
 * request goes on holding them with fs_names_resume().
 */
void fs_names_hold(struct fs *fs);
void fs_names_let_go(struct fs *fs);
void fs_names_change(struct fs *fs);
void fs_names_changed(struct fs *fs);
void fs_names_resume(struct fs *fs);

/* Is the map gone? arg: the struct fs. */
bool fs_lacks_map(void *arg, uint32_t map_id);

/* Puts w into the waiting room, if need be in place of what waits in maps that are gone, and for
 * parts that do not come. -ENOSPC explained. */
int fs_let_wait(struct fs *fs, const struct waiter *w, struct diag *d);

/* Lines for the log. Between fs_log_hold() and fs_log_release() this thread keeps them: whoever
 * reads the log may be slow, and a request is answered first, and holds nothing meanwhile. */
void fs_log(struct fs *fs, const char *lines);
void fs_log_hold(void);
void fs_log_release(struct fs *fs);

/* Puts a refusal for err (a positive errno) into .error_log and the log: its time, and
 * its sentence if it has none, are filled in. */
void fs_keep_refusal(struct fs *fs, struct refusal *r, int err);

/* The same for one that nobody waits for: waits under a name, from the map's own
 * directory, was refused with err (-errno). uid: whose it is; operation: static. */
void fs_tell_waiting(struct fs *fs, uid_t uid, const char *operation, uint32_t map_id,
		     const char *name, int err, const struct diag *d);

#endif
