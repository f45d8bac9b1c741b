// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * maptypes          compares each row of lib/maptype.c with what the kernel does, a line each,
 *                   then the rows' functions with maps of some other sizes
 * maptypes NUMBER   one row
 * maptypes flips    makes every row wrong, a member at a time, and says which are not noticed
 *
 * What the kernel does is measured without the table (maptypes_make.h, maptypes_facts.h).
 * Then the functions of the row run on a map of the type, beside bpf(2).
 */
#include "lib/ctype.h"
#include "lib/maptype.h"
#include "tests/live/maptypes_trial.h"

/*
 * Every member, in order. One more, and this no longer compiles: compare it with the kernel
 * below, let flips[] make it wrong, and add it here.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wmissing-field-initializers"
static const __attribute__((unused)) struct maptype all_of_a_row = {
	0,     NULL,  NULL,  NULL,  0,    NULL, /* type to by_ends */
	false, false, false, false,             /* per_cpu to delicate */
	false, false, false, 0,     0,    0,    /* keyless to added_flags */
	NULL,  NULL,  false, false, NULL,       /* key to why_no_mkdir */
};
static const __attribute__((unused)) struct elements all_of_elements = {
	NULL,  NULL,  NULL,  NULL,  NULL,  NULL,  NULL, NULL, NULL, NULL, NULL, /* to compare */
	false, false, false, false, false, false, /* batches and so on */
};
static const __attribute__((unused)) struct elem_ends all_of_ends = {NULL, NULL, NULL};
#pragma GCC diagnostic pop

/* --- the kernel's own names */

static const char *kernels_name(uint32_t type)
{
	int32_t id = btf__find_by_name_kind(vmlinux(), "bpf_map_type", BTF_KIND_ENUM);
	const struct btf_type *kinds = id > 0 ? btf__type_by_id(vmlinux(), (uint32_t)id) : NULL;
	const char *name = NULL, *text;

	must(kinds != NULL, "enum bpf_map_type");
	for (int i = 0; i < btf_vlen(kinds); i++) {
		text = btf__name_by_offset(vmlinux(), btf_enum(kinds)[i].name_off);
		if ((uint32_t)btf_enum(kinds)[i].val == type && !strncmp(text, "BPF_MAP_TYPE_", 13))
			name = text + 13; /* the last one: before it are those out of date */
	}
	return name;
}

/* --- what it takes to make one */

/* Of a word; without one, a size that the kernel takes if it takes any. */
static uint32_t size_of_word(const char *member, const char *word, bool none, uint32_t any)
{
	struct ctype *type = NULL;
	uint32_t size = none ? 0 : any;

	if (!word)
		return size;
	good(!ctype_parse(word, strlen(word), &type, NULL), member, "no word of a spec: %s", word);
	if (type)
		size = type->size;
	ctype_unref(type);
	return size;
}

static bool makes(uint32_t type, const struct making *m, uint32_t key, uint32_t value)
{
	struct recipe r = m->first;
	int fd;

	r.key = key;
	r.value = value;
	r.types = m->untyped ? NO_TYPES : PLAIN_KEY;
	fd = create(type, "mt_words", &r);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void compare_words(uint32_t type, const struct maptype *row, const struct making *m)
{
	enum { ANY_KEY = 7, ANY_VALUE = 23 };
	uint32_t key = size_of_word("key", row->key, row->keyless, ANY_KEY);
	uint32_t value = size_of_word("value", row->value, row->valueless, ANY_VALUE);

	if (!m->by_spec) {
		good(!row->key && !row->value, "key, value", "words for what no spec makes");
		return;
	}
	good(makes(type, m, key, value), "key, value", "the kernel makes none with %u and %u bytes",
	     key, value);
	good(!row->key || !makes(type, m, ANY_KEY, value), "key", "any size would do");
	good(!row->value || !makes(type, m, key, ANY_VALUE), "value", "any size would do");
}

static void compare_making(uint32_t type, const struct maptype *row)
{
	const struct making *m = making_of(type);
	uint32_t key = 0;
	bool one = key_sizes(m, &key) == 1;

	same("keyless", row->keyless, one && key == 0);
	same("valueless", row->valueless, !m->valued);
	same("unbounded", row->unbounded, !m->bounded);
	same("key_size", row->key_size, one ? key : 0);
	same("create_flags", row->create_flags, m->flags);
	same("added_flags", row->added_flags, m->added);
	same("added_flags", row->added_flags, m->refused);
	same("btf", row->btf, m->typed);
	same("needs_btf", row->needs_btf, m->typed && !m->untyped);
	same("links", row->links, m->first.inner);
	good(!row->prefixes || !m->plainly, "prefixes", "keys need not be structs");
	sentence("why_no_mkdir", row->why_no_mkdir, !m->by_spec);
	compare_words(type, row, m);
}

/* --- what the elements are like */

static unsigned int ends_of(const struct facts *f)
{
	unsigned int ends = 0;

	if ((!f->push && !f->pop) || (f->produced && !f->consumed))
		ends |= MAPTYPE_PUSH;
	if (!f->pop)
		ends |= MAPTYPE_PEEK | MAPTYPE_POP;
	if (f->consumed && !f->produced)
		ends |= MAPTYPE_STREAM;
	return ends;
}

/* The kernel's workers may be late, and were waited for only a moment. */
static bool is_delicate(const struct maptype *row, const struct facts *f)
{
	struct facts later = *f;

	if (row->delicate && !quiet && !f->lost && f->holds_known)
		learn_loss(row->type, &later, 100);
	return later.lost > 0;
}

static void compare_kind(const struct maptype *row, const struct facts *f)
{
	bool keyed = !row->keyless && (!f->get || !f->put || !f->next);

	good((row->elements != NULL) == (keyed || f->asks), "elements", "%s",
	     row->elements ? "the kernel has no keys" : "the kernel has keys, or answers for them");
	sentence("why_not", row->why_not, !row->elements);
	same("ends", row->ends, ends_of(f));
	same("by_ends", row->by_ends != NULL,
	     (row->ends & (MAPTYPE_PUSH | MAPTYPE_PEEK | MAPTYPE_POP)) != 0);
	same("per_cpu", row->per_cpu, f->per_cpu);
	same("prefixes", row->prefixes, f->prefixes);
	same("delicate", row->delicate, is_delicate(row, f));
}

static void compare_elements(const struct elements *e, const struct facts *f)
{
	bool unreadable = cannot(f->get);

	same("next", e->next != NULL, f->next == 0);
	good(!e->walk || cannot(f->next), "walk", "the kernel tells the keys itself");
	same("unlisted", e->unlisted, !e->walk && (f->next || (f->indexes && unreadable)));
	same("indexes", e->indexes, f->indexes);
	same("fixed", e->fixed, f->fixed);
	same("by_hand", e->by_hand, e->put && !f->heeds && !unreadable);
	same("batches", e->batches, !cannot(f->batch));
	same("put_batch", e->put_batch != NULL, e->put && !cannot(f->put_batch));
	same("compare", e->compare != NULL,
	     cannot(f->batch) ? f->restarts && f->ascending
			      : f->token_is_key && !f->indexes && !f->del);
	same("keys_are_values", e->keys_are_values, f->asks);
	sentence("no_put", e->no_put, !e->put);
	sentence("no_del", e->no_del, !e->del && !e->fixed);
	good(e->get != NULL, "get", "there must be one");
}

/* --- a row */

static bool is_called(const char *row, const char *kernels)
{
	size_t i = 0;

	for (; row[i] && kernels[i]; i++)
		if (row[i] != kernels[i] + (kernels[i] >= 'A' && kernels[i] <= 'Z' ? 32 : 0))
			return false;
	return row[i] == kernels[i];
}

static void compare(uint32_t type, const struct copy *copy)
{
	const struct maptype *row = &copy->row;
	const struct facts *f = facts_of(type);

	same("type", row->type, type);
	good(is_called(row->name, kernels_name(type)), "name", "the kernel says %s",
	     kernels_name(type));
	compare_making(type, row);
	compare_kind(row, f);
	if (row->elements)
		compare_elements(row->elements, f);
	if (wrong_members)
		return; /* what follows may need the members to be right */
	if (row->elements)
		try_elements(copy);
	if (row->by_ends)
		try_ends(copy);
}

static void copy_row(uint32_t type, struct copy *copy)
{
	copy->row = *maptype_find(type);
	copy->elements = copy->row.elements ? *copy->row.elements : (struct elements){.get = NULL};
	copy->ends = copy->row.by_ends ? *copy->row.by_ends : (struct elem_ends){.push = NULL};
	if (copy->row.elements)
		copy->row.elements = &copy->elements;
	if (copy->row.by_ends)
		copy->row.by_ends = &copy->ends;
	row_name = copy->row.name;
	wrong_members = compared = 0;
}

static bool is_in_table(uint32_t type)
{
	return maptype_find(type)->type == type;
}

/* Types that the kernel and the table do not share; false if there is nothing to compare. */
static bool is_comparable(uint32_t type)
{
	bool made = making_of(type)->ways > 0, named = kernels_name(type) != NULL;

	row_name = is_in_table(type) ? maptype_find(type)->name : "?";
	if (!is_in_table(type))
		good(!made && !named, "type", "the kernel has type %u, %s, and the table none",
		     type, named ? kernels_name(type) : "unnamed");
	else if (!made && !named)
		printf("%2u %-22s not in this kernel\n", type, row_name);
	else
		good(made, "type", "the kernel names it, and none was made: see maptypes_make.h");
	return is_in_table(type) && made;
}

static unsigned int compare_row(uint32_t type)
{
	const struct making *m = making_of(type);
	struct copy copy;
	unsigned int wrong;

	wrong_members = 0;
	if (!is_comparable(type))
		return wrong_members;
	copy_row(type, &copy);
	compare(type, &copy);
	wrong = wrong_members;
	printf("%2u %-22s %s: made in %u ways, %u comparisons%s%s%s\n", type, row_name,
	       wrong ? "WRONG" : "ok", m->ways, compared, copy.row.elements ? ", elements" : "",
	       copy.row.by_ends ? ", ends" : "",
	       facts_of(type)->holds_known ? "" : "; last reference not tried");
	return wrong;
}

/* The functions of a row, with maps of other sizes and flags. */
static unsigned int compare_variants(void)
{
	static const struct variant variants[] = {
		{BPF_MAP_TYPE_HASH, 1, 100, 0},
		{BPF_MAP_TYPE_HASH, 5, 3, BPF_F_NO_PREALLOC},
		{BPF_MAP_TYPE_ARRAY, 4, 3, BPF_F_MMAPABLE},
		{BPF_MAP_TYPE_PERCPU_HASH, 16, 3, 0},
		{BPF_MAP_TYPE_PERCPU_ARRAY, 4, 12, 0},
		{BPF_MAP_TYPE_LRU_HASH, 4, 16, BPF_F_NO_COMMON_LRU},
		{BPF_MAP_TYPE_LRU_PERCPU_HASH, 8, 9, 0},
		{BPF_MAP_TYPE_LPM_TRIE, 16, 1, 0},
		{BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, BPF_F_PRESERVE_ELEMS},
		{BPF_MAP_TYPE_DEVMAP, 4, 8, 0},
		{BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 0},
		{BPF_MAP_TYPE_CPUMAP, 4, 8, 0},
		{BPF_MAP_TYPE_SOCKMAP, 4, 4, 0},
		{BPF_MAP_TYPE_SOCKHASH, 16, 4, 0},
		{BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 4, 0},
		{BPF_MAP_TYPE_CGROUP_STORAGE, 8, 5, 0},
		{BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 8, 16, 0},
		{BPF_MAP_TYPE_TASK_STORAGE, 4, 100, 0},
		{BPF_MAP_TYPE_BLOOM_FILTER, 0, 10, 0},
	};
	unsigned int wrong = 0;
	struct copy copy;

	for (size_t i = 0; i < COUNT(variants); i++) {
		if (!making_of(variants[i].type)->ways)
			continue;
		copy_row(variants[i].type, &copy);
		if (!copy.row.elements)
			continue; /* that was said */
		variant = &variants[i];
		try_elements(&copy);
		variant = NULL;
		printf("   %-22s %s: key %u, value %u, flags %#x, %u comparisons\n", row_name,
		       wrong_members ? "WRONG" : "ok", variants[i].key_size, variants[i].value_size,
		       variants[i].flags, compared);
		wrong += wrong_members;
	}
	return wrong;
}

#include "tests/live/maptypes_flips.h"

int main(int argc, char **argv)
{
	unsigned int wrong = 0, first = 1, last = TYPES - 1;

	begin();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "flips"))
		return flip_all();
	if (argc > 1)
		first = last = (unsigned int)atoi(argv[1]) % TYPES;
	for (unsigned int type = first; type <= last; type++)
		wrong += compare_row(type);
	if (argc == 1)
		wrong += compare_variants();
	return wrong > 0;
}
