/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * catalog: which maps exist and what their directories are called.
 *
 * A map gets a name when it is first seen and keeps it until it is gone
 * (section 2 of the design; mapname.h says how names are spelt). Directories of
 * bpffs below pindir are called by their path from there, "" for the root.
 *
 * With a snapshot among the options there is one look, the first, and what it found stays:
 * maps, names, pins, directories. A map that went before its copy was taken is not there; one that
 * went later is.
 *
 * All calls may come from any thread. One lock, which is never held while the
 * caller's code runs.
 */
#ifndef BPFMAPFS_LIB_CATALOG_H
#define BPFMAPFS_LIB_CATALOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/buf.h"
#include "lib/diag.h"
#include "lib/map.h"
#include "lib/spec.h"
#include "lib/survey.h"

struct catalog;

/* options and its pindir are copied. max_map_bytes: catalog_create() makes none
 * that is larger. Nothing is looked at yet. */
int catalog_new(const struct survey_options *options, uint64_t max_map_bytes, struct catalog **out);
void catalog_free(struct catalog *c);

/* Looks at the kernel and at pindir again. -EPERM without the right to. */
int catalog_refresh(struct catalog *c);

/*
 * The id of the map called name in directory dir ("" or a path below pindir).
 * Also resolves "@ID", other spellings of a name, and the name of a second pin.
 * -ENOENT.
 */
int catalog_find(struct catalog *c, const char *dir, const char *name, uint32_t *id);

/*
 * The map with the lowest id above after that dir shows, and its name (display,
 * replacing out). -ENOENT behind the last one.
 */
int catalog_next(struct catalog *c, const char *dir, uint32_t after, uint32_t *id, struct buf *out);

/* Does the kernel still have the map? Takes no reference of it. */
bool catalog_is_alive(struct catalog *c, uint32_t id);

/* What the kernel tells of a map at this moment, without opening it. -ENOENT if it is
 * gone, -EOPNOTSUPP if there is no iterator, or a snapshot is shown. */
int catalog_live(const struct catalog *c, uint32_t id, struct mapiter_map *out);

/* Was the map frozen less than a tenth of a second ago? 1, 0, -ENOENT if it is gone,
 * -EOPNOTSUPP if there is no iterator. One walk answers for all maps of a listing; of a
 * snapshot the only one does. */
int catalog_is_frozen(struct catalog *c, uint32_t id);

/* What is known of a map, with the types that the rules have for it if it carries
 * none; one reference for the caller. -ENOENT if it is gone. */
int catalog_desc(struct catalog *c, uint32_t id, struct map_desc **out);

/*
 * Lays types over a map, for as long as this catalogue lives; what types names not
 * stays as it is. types NULL: none again. -EINVAL explained if they do not fit, -EEXIST
 * if the map carries types, -ENOENT.
 */
int catalog_set_types(struct catalog *c, uint32_t id, const struct map_types *types,
		      struct diag *d);

/* Where the map is shown, "DIR/NAME" without a leading slash. -ENOENT */
int catalog_path(struct catalog *c, uint32_t id, struct buf *out);

/*
 * The path of its pin in pindir, appended to out, and that file's attributes (each
 * may be NULL). -ENOENT if it has none, or if another map is pinned there by now.
 */
int catalog_pin(struct catalog *c, uint32_t id, struct buf *out, struct stat *st);

/*
 * How many changes there were through this catalogue that pins of maps, or whether they are
 * frozen, may show: what was found before the number rose may be out of date. Who changes them
 * by another way says so.
 */
uint64_t catalog_changes(const struct catalog *c);
void catalog_note_change(struct catalog *c);

/*
 * The path of the bpffs directory called name in dir, as dir for further calls.
 * -ENOENT if there is none. catalog_each_dir() calls each with display names.
 */
int catalog_find_dir(const struct catalog *c, const char *dir, const char *name, struct buf *out);
int catalog_each_dir(const struct catalog *c, const char *dir,
		     int (*each)(void *arg, const char *name), void *arg);

/* The same of one that is made. */
int catalog_make_dir(struct catalog *c, const char *dir, const char *name, struct buf *out);

/* The attributes of a directory. -ENOENT */
int catalog_stat_dir(const struct catalog *c, const char *dir, struct stat *st);

/* The absolute path of a directory, appended to out. */
void catalog_dir_path(const struct catalog *c, const char *dir, struct buf *out);

/*
 * If a spec for a map in dir names a map as its template (inner=NAME, of dir or of the
 * root): what that map is, in place of the name. -EINVAL explained if there is none.
 */
int catalog_take_template(struct catalog *c, const char *dir, struct spec *spec, struct diag *d);

/* The id of the map that inner=NAME means there. -ENOENT */
int catalog_find_template(struct catalog *c, const char *dir, const char *name, uint32_t *id);

/* Makes a map by a spec that names no other map, and pins it; as catalog_create(). */
int catalog_add(struct catalog *c, const char *dir, const char *name, const struct spec *spec,
		uint32_t *id, struct diag *d);

/*
 * Makes a map by spec and pins it as name in dir. -EEXIST, -EINVAL (a name that
 * cannot be), or what spec_create() says; explained in d.
 */
int catalog_create(struct catalog *c, const char *dir, const char *name, const struct spec *spec,
		   uint32_t *id, struct diag *d);

/*
 * Removes the map's pin that is called name in dir, if there is one, else the one
 * that it is shown by (so does name NULL). -EBUSY if the map has none of ours,
 * -EROFS if pins may not be changed.
 */
int catalog_unpin(struct catalog *c, uint32_t id, const char *dir, const char *name,
		  struct diag *d);

/* Renames that pin, and with it the map. -EBUSY, -EROFS, -EEXIST, -EINVAL as above. */
int catalog_rename(struct catalog *c, uint32_t id, const char *dir, const char *name,
		   const char *new_dir, const char *new_name, struct diag *d);

/*
 * The map id, which has a pin of ours, takes the place of another, which is shown as name in dir,
 * with its name, mode and owner: at once, so that there is always one of that name. The other is
 * unpinned then. Errors as above; nothing is changed then.
 */
int catalog_replace(struct catalog *c, uint32_t old_id, uint32_t id, const char *dir,
		    const char *name, struct diag *d);

#endif
