/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bulkline: one entry of a map as a line of .dump, printer beside parser (section 9 of the
 * design):
 *
 *   {"key":42,"value":{"packets":10,"bytes":1840}}
 *   {"key":"10.0.0.0_8","value":1}
 *   {"key":42,"value":null}
 *
 * Keys of integer type are numbers, others strings that hold the file's name, the pieces of a
 * long one joined by '/'. Values are JSON as in key files; null is said of an entry that is to
 * be removed. What has no value that the kernel would tell is a line without "value".
 */
#ifndef BPFMAPFS_LIB_BULKLINE_H
#define BPFMAPFS_LIB_BULKLINE_H

#include "lib/buf.h"
#include "lib/map.h"
#include "lib/text.h"

/* What the tree knows of a map's entries beside what the kernel tells. Members but desc may be
 * NULL. Calls may come from another thread than that of the request. */
struct bulk_view {
	struct map_desc *desc;
	void *arg;

	/* Is the entry there to be seen? */
	bool (*is_shown)(void *arg, const void *key, const void *value);

	/* An entry was stored, or removed; what removed says of it. */
	void (*stored)(void *arg, const void *key);
	int (*removed)(void *arg, const void *key);

	/* Values in a spelling of their own: the text of a JSON string, without quotes and
	 * escapes. parse_value: text ends with a NUL; -EINVAL explained. */
	int (*print_value)(void *arg, const void *key, const void *value, struct buf *out);
	int (*parse_value)(void *arg, const void *key, const char *text, void *value,
			   struct diag *d);
};

/* Appends the line, with its newline. scratch: any buffer, whose content is lost. Returns
 * buf_error(out) or what print_value says. */
int bulkline_print(const struct bulk_view *view, const void *key, const void *value,
		   struct buf *scratch, struct buf *out);

enum bulkline_says {
	BULKLINE_NOTHING,  /* it is blank */
	BULKLINE_STORE,    /* value is whole */
	BULKLINE_COMPLETE, /* value holds what the line names, the rest is as it was at entry */
	BULKLINE_REMOVE,   /* the value is null */
};

/*
 * Reads a line, with its newline or without. 0, -EAGAIN if it is a prefix of a line, -EINVAL,
 * both explained in d; -ENOMEM. key and value (of the sizes of desc) are written to, as far as
 * the line goes; at entry value is what the entry's value is now, or zero.
 */
int bulkline_parse(const struct bulk_view *view, const char *line, size_t len, void *key,
		   void *value, enum bulkline_says *says, struct diag *d);

/* The most bytes that a line may have: what is printed, and room to type. */
size_t bulkline_max(const struct bulk_view *view);

#endif
