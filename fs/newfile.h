/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * newfile: files that are made in a map before its .map is: they wait for it (waitroom.h,
 * section 8 of the design).
 *
 * A map that a bare mkdir made and that has no .map yet *awaits* it. What restores a
 * backup by name, or in any order, makes keys there first. It makes them for their owner
 * alone (0600, of a frozen map 0400), a shell for all; so what is made without rights for
 * others in such a map is a file of this kind. It may have any name
 * and any text, is listed, and reads as it was written. If name and text fit the map as
 * it is, the element is stored, too, for whoever reads the map, and the file shows that.
 *
 * When .map comes, the map is another, and every file becomes a key of it or is refused (so
 * is the second of two names that now mean one key): told in .error_log, and waiting on,
 * until it is written again, renamed, removed, or .map is written again. A key that somebody
 * stores by a plain write, or a program, says that the map is meant as it is: then it
 * awaits nothing any more, and what fits is no file that waits.
 *
 * While a map awaits, its names are what was written, not what they mean: "7" and "007",
 * one number, may be two strings. So only the canonical spelling of a key that is there
 * leads to it.
 */
#ifndef BPFMAPFS_FS_NEWFILE_H
#define BPFMAPFS_FS_NEWFILE_H

#include "fs/context.h"
#include "fs/key.h"

enum { NEWFILE_TEXT = 64 << 20 }; /* bytes that a text may have whose type nobody knows */

/* What a name, from the map's own directory, stands for in the waiting room: a file, a
 * link or a directory. Bytes as in tree.h. -ENOENT */
int newfile_find(struct fs *fs, uint32_t map_id, const char *name, struct identity *id,
		 struct buf *bytes);

/* The identity of a file by this name, be it there or not. */
int newfile_identity(uint32_t map_id, const char *name, struct identity *id, struct buf *bytes);

/* As key_read(): what the file reads (it replaces text), and how it looks. -ENOENT */
int newfile_read(struct fs *fs, const struct identity *id, struct buf *text, struct key_look *look);

/*
 * Gives it a text, of which zero bytes mean zero: 0, -EEXIST (flags: BPF_NOEXIST), -ENOSPC
 * (the waiting room is full). If the map awaits nothing (any more), as key_store(): what
 * fits becomes a key, and the inode is the key's then.
 */
int newfile_write(struct fs *fs, const struct identity *id, const char *text, size_t len,
		  uint64_t flags, struct diag *d);

/* Removes it, and its element. -ENOENT */
int newfile_remove(struct fs *fs, const struct identity *id);

/* Removes the element that a name means, if it does: 0 as well if there is none, else the errors of
 * key_remove(). Held. */
int newfile_remove_element(struct fs *fs, uint32_t map_id, const char *name);

/* A key was stored by a plain write, a rename among them: the map is no longer fresh. */
void newfile_key_stored(struct fs *fs, uint32_t map_id);

/* Begins and ends the time in which a fresh map is made again. */
void newfile_hold(struct fs *fs);
void newfile_let_go(struct fs *fs);

/* A fresh map was made again: its nodes are those of the new one, and what waits. Held. */
void newfile_map_remade(struct fs *fs, uint32_t old_id, uint32_t map_id);

/*
 * The map has its .map: stores what waits. Explained, the error of the first that was
 * refused; all of them are told in .error_log. Held. What is stored leaves the waiting room
 * when .map is closed: until then a next line of it may make the map once more.
 */
int newfile_settle(struct fs *fs, uint32_t map_id, struct diag *d);
void newfile_map_file_closed(struct fs *fs, uint32_t map_id);

#endif
