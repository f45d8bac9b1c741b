/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Types of others. Input: four bytes for the id of a type, then the BTF. */
#include "tests/fuzz/fuzz.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btflayout.h"
#include "lib/btfpair.h"
#include "lib/ctype.h"
#include "lib/diag.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

enum {
	ID = sizeof(uint32_t),
	MOST_BYTES = 64 * 1024, /* of a type whose bytes are tried */
	LARGE = 1024,           /* twice what the kernel takes for a key */
};

/* Large ones take long, and say little more. */
static void check_bytes(const struct layout *l, const uint8_t *data, size_t size)
{
	bool is_large = l->size > LARGE;
	unsigned char *bytes, *present;

	if (l->size >= MOST_BYTES)
		return;
	present = fuzz_bytes(l, NULL, 0, false);
	for (int tidy = is_large; tidy < 2; tidy++) {
		bytes = fuzz_bytes(l, data, size, tidy);
		fuzz_value_of_bytes(CODEC_TEXT, l, bytes, present);
		if (!is_large)
			fuzz_value_of_bytes(CODEC_JSON, l, bytes, present);
		if (!is_large && fuzz_is_key(l))
			fuzz_name_of_bytes(l, bytes);
		free(bytes);
	}
	free(present);
}

static void check_word(const struct ctype *type)
{
	struct buf text = BUF_INIT(FUZZ_TEXT_MAX);
	struct ctype *again = NULL;

	ctype_print_spec(type, &text);
	fuzz_promise(!ctype_parse(text.data, text.len, &again, NULL), "a word is read back",
		     type->layout, NULL, &text);
	fuzz_promise(ctype_is_alike(type, again), "a word means the same type", type->layout, NULL,
		     &text);
	ctype_unref(again);
	buf_clear(&text);
	ctype_print_c(type, "key", "# ", &text);
	fuzz_promise(!buf_error(&text), "a type is declared in C", type->layout, NULL, &text);
	buf_free(&text);
}

/* As .map carries it. */
static void check_pair(const struct ctype *type)
{
	struct ctype *key = NULL, *value = NULL;
	struct buf text = BUF_INIT(FUZZ_TEXT_MAX);

	btfpair_print(NULL, type, false, &text);
	if (ctype_is_typed(type)) {
		fuzz_promise(text.len > 0 &&
				     !btfpair_parse(text.data, text.len, &key, &value, NULL),
			     "a pair is read back", type->layout, NULL, &text);
		fuzz_promise(value && ctype_is_typed(value) && ctype_is_alike(type, value),
			     "a pair gives the same type", type->layout, NULL, &text);
	}
	ctype_unref(key);
	ctype_unref(value);
	buf_free(&text);
}

static void check_type(const struct btf *btf, uint32_t id, uint32_t size, const uint8_t *data,
		       size_t len)
{
	struct layout *l = NULL, *prefix = NULL;
	struct ctype *type = NULL;

	fuzz_promise(!btflayout_read(btf, id, size, &l) && l->size == size,
		     "a type has a layout of its size", l, NULL, NULL);
	fuzz_promise(!ctype_from_btf(btf, id, size, &type) && type->size == size,
		     "a type is known by its size", l, NULL, NULL);
	if (!btflayout_read_prefix(btf, id, size, &prefix))
		check_bytes(prefix, data, len);
	check_bytes(l, data, len);
	check_word(type);
	check_pair(type);
	ctype_unref(type);
	layout_unref(prefix);
	layout_unref(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf *btf;
	int64_t bytes;
	uint32_t id;

	if (size < ID)
		return 0;
	memcpy(&id, data, ID);
	btf = btf__new(data + ID, (uint32_t)(size - ID));
	if (!btf)
		return 0;
	if (id >= btf__type_cnt(btf))
		id %= btf__type_cnt(btf);
	bytes = btf__resolve_size(btf, id);
	if (bytes > 0 && bytes <= INT32_MAX)
		check_type(btf, id, (uint32_t)bytes, data, size);
	btf__free(btf);
	return 0;
}

/* Makes the header say where types and strings are, so that few inputs end at it. */
static void mend_header(uint8_t *data, size_t size)
{
	struct btf_header h;
	size_t rest = size - ID - sizeof(h);

	memcpy(&h, data + ID, sizeof(h));
	h.magic = BTF_MAGIC;
	h.version = BTF_VERSION;
	h.hdr_len = sizeof(h);
	h.type_off = 0;
	h.type_len = (h.type_len < rest ? h.type_len : (uint32_t)rest - 1) & ~3U;
	h.str_off = h.type_len;
	h.str_len = (uint32_t)rest - h.type_len;
	memcpy(data + ID, &h, sizeof(h));
	data[ID + sizeof(h) + h.str_off] = 0;
	data[size - 1] = 0;
}

/* Changes one word of the types to a small number, or by a bit: the sections stay whole. */
static void change_word(uint8_t *data, size_t size, unsigned int seed)
{
	size_t words = (size - ID - sizeof(struct btf_header)) / 4;
	uint8_t *at;
	uint32_t word;

	if (!words)
		return;
	at = data + ID + sizeof(struct btf_header) + seed / 256 % words * 4;
	memcpy(&word, at, sizeof(word));
	word = seed & 8 ? word ^ 1U << (seed / 16 % 32) : seed / 16 % 64;
	memcpy(at, &word, sizeof(word));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	bool is_whole = size > ID + sizeof(struct btf_header);

	if (seed % 2 && is_whole) {
		change_word(data, size, seed);
		return size;
	}
	size = LLVMFuzzerMutate(data, size, max);
	if (seed % 8 && size > ID + sizeof(struct btf_header))
		mend_header(data, size);
	return size;
}
