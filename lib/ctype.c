/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/ctype.h"

#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btfcopy.h"
#include "lib/btflayout.h"
#include "lib/record.h"
#include "lib/typespec.h"

enum { MOST_C_TEXT = 1 << 20 };

/*
 * A map has BTF for key and value or for neither. So where only one has a type, the
 * other's bytes are a typedef or a struct of this name, and come back as bytes.
 */
static const char untyped[] = "untyped";

static bool is_untyped(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = t ? btf__name_by_offset(btf, t->name_off) : NULL;

	return name && strcmp(name, untyped) == 0 && (btf_is_typedef(t) || btf_is_struct(t));
}

/* Takes over layout and btf. */
static int ctype_new(uint32_t size, struct layout *layout, struct btf *btf, uint32_t id,
		     struct ctype **out)
{
	struct ctype *t = layout ? calloc(1, sizeof(*t)) : NULL;

	if (!t) {
		layout_unref(layout);
		btf__free(btf);
		return -ENOMEM;
	}
	*t = (struct ctype){.refs = 1, .size = size, .layout = layout, .btf = btf, .id = id};
	*out = t;
	return 0;
}

int ctype_bytes(uint32_t size, struct ctype **out)
{
	return size ? ctype_new(size, layout_bytes(size), NULL, 0, out) : -EINVAL;
}

/* A type that stands in a BTF of its own, which is taken over. */
static int ctype_of_own(struct btf *btf, uint32_t id, uint32_t size, struct ctype **out)
{
	struct layout *layout = NULL;
	int err = btflayout_read(btf, id, size, &layout);

	if (err) {
		btf__free(btf);
		return err;
	}
	return ctype_new(size, layout, btf, id, out);
}

static int copy_type(struct btf *dst, const struct btf *src, uint32_t id)
{
	struct btfcopy *copy;
	int err = btfcopy_new(dst, src, &copy);

	if (err)
		return err;
	err = btfcopy_add(copy, id);
	btfcopy_free(copy);
	return err;
}

int ctype_from_btf(const struct btf *btf, uint32_t id, uint32_t size, struct ctype **out)
{
	struct btf *own;
	int copied;

	if (is_untyped(btf, id))
		return ctype_bytes(size, out);
	own = btf__new_empty();
	copied = own ? copy_type(own, btf, id) : -ENOMEM;
	if (copied > 0 && btf__resolve_size(own, (uint32_t)copied) == (int64_t)size)
		return ctype_of_own(own, (uint32_t)copied, size, out);
	btf__free(own);
	return copied == -ENOMEM ? -ENOMEM : ctype_bytes(size, out);
}

/* A number of bytes, all digits. */
static int parse_size(const char *word, size_t len, struct ctype **out, struct diag *d)
{
	uint64_t size = 0;

	for (size_t i = 0; i < len; i++) {
		if (word[i] < '0' || word[i] > '9')
			return diag_at(d, EINVAL, i, "a size in bytes is a decimal number");
		size = size * 10 + (uint64_t)(word[i] - '0');
		if (size > INT32_MAX)
			return diag_at(d, EINVAL, i, "no key or value is that large");
	}
	if (size == 0)
		return diag_at(d, EINVAL, 0, "a size of 0 bytes is no key or value");
	return ctype_bytes((uint32_t)size, out);
}

int ctype_parse(const char *word, size_t len, struct ctype **out, struct diag *d)
{
	struct btf *btf;
	uint32_t id;
	int err;

	if (len && word[0] >= '0' && word[0] <= '9')
		return parse_size(word, len, out, d);
	btf = btf__new_empty();
	if (!btf)
		return -ENOMEM;
	err = typespec_parse(word, len, btf, &id, d);
	if (err) {
		btf__free(btf);
		return err;
	}
	return ctype_of_own(btf, id, (uint32_t)btf__resolve_size(btf, id), out);
}

struct ctype *ctype_ref(struct ctype *t)
{
	__atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
	return t;
}

void ctype_unref(struct ctype *t)
{
	if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	layout_unref(t->layout);
	btf__free(t->btf);
	free(t);
}

bool ctype_is_typed(const struct ctype *t)
{
	return t->btf != NULL;
}

bool ctype_is_alike(const struct ctype *a, const struct ctype *b)
{
	if (!a || !b)
		return a == b;
	return a->size == b->size && (!a->btf || !b->btf || layout_is_equal(a->layout, b->layout));
}

/* Its type behind typedefs and qualifiers, or NULL. */
static const struct btf_type *resolved(const struct ctype *t)
{
	int id = t->btf ? btf__resolve_type(t->btf, t->id) : 0;

	return id > 0 ? btf__type_by_id(t->btf, (uint32_t)id) : NULL;
}

bool ctype_is_struct(const struct ctype *t)
{
	return resolved(t) && btf_is_struct(resolved(t));
}

bool ctype_is_section(const struct ctype *t)
{
	return resolved(t) && btf_is_datasec(resolved(t));
}

/* unsigned char[size], with the two integer types that an array needs. */
static int add_byte_array(uint32_t size, struct btf *btf)
{
	int byte = btf__add_int(btf, "unsigned char", 1, 0);
	int index = byte < 0 ? byte : btf__add_int(btf, "unsigned int", 4, 0);

	return index < 0 ? index : btf__add_array(btf, index, byte, size);
}

static const char *untyped_name(uint32_t size)
{
	switch (size) {
	case 1:
		return "unsigned char";
	case 2:
		return "unsigned short";
	case 4:
		return "unsigned int";
	case 8:
		return "unsigned long long";
	default:
		return NULL;
	}
}

static int add_untyped_struct(uint32_t size, struct btf *btf)
{
	int bytes = add_byte_array(size, btf);
	int id = bytes < 0 ? bytes : btf__add_struct(btf, untyped, size);
	int err = id < 0 ? id : btf__add_field(btf, "bytes", bytes, 0, 0);

	return err < 0 ? err : id;
}

int ctype_add_btf(const struct ctype *t, bool as_struct, struct btf *btf)
{
	int id;

	if (t->btf)
		return copy_type(btf, t->btf, t->id);
	if (as_struct)
		return add_untyped_struct(t->size, btf);
	if (untyped_name(t->size))
		id = btf__add_int(btf, untyped_name(t->size), t->size, 0);
	else
		id = add_byte_array(t->size, btf);
	return id < 0 ? id : btf__add_typedef(btf, untyped, id);
}

void ctype_print_spec(const struct ctype *t, struct buf *out)
{
	int err = t->btf ? typespec_print(t->btf, t->id, out) : -EOPNOTSUPP;

	if (err == -ENOMEM)
		buf_fail(out, err);
	else if (err)
		buf_addf(out, "%" PRIu32, t->size);
}

static void add_lines(const struct buf *lines, const char *prefix, struct buf *out)
{
	const char *line = lines->data, *end;

	for (; line && *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			break;
		buf_adds(out, prefix);
		buf_add(out, line, (size_t)(end + 1 - line));
	}
}

void ctype_print_c(const struct ctype *t, const char *name, const char *prefix, struct buf *out)
{
	struct buf lines = BUF_INIT(MOST_C_TEXT);
	int err = t->btf ? typespec_print_c(t->btf, t->id, name, &lines) : -EINVAL;

	if (err && err != -ENOMEM) {
		buf_clear(&lines);
		buf_addf(&lines, "unsigned char %s[%" PRIu32 "];\n", name, t->size);
	}
	if (err == -ENOMEM || buf_error(&lines))
		buf_fail(out, -ENOMEM);
	add_lines(&lines, prefix, out);
	buf_free(&lines);
}
