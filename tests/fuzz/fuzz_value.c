/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Values as text. Input: a byte for the layout, one that is repeated to make the value
 * that is there, then a text, which is tried as bytes too.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_format(enum codec_format format, const struct layout *l, const uint8_t *data,
			 size_t size, const unsigned char *present)
{
	unsigned char *bytes = fuzz_bytes(l, data, size, false);
	unsigned char *tidy = fuzz_bytes(l, data, size, true);

	fuzz_value_of_text(format, l, (const char *)data, size, present);
	fuzz_value_of_bytes(format, l, bytes, present);
	fuzz_value_of_bytes(format, l, tidy, present);
	free(tidy);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct layout *l;
	unsigned char *present;

	if (size < 2)
		return 0;
	l = fuzz_layout(data[0]);
	present = malloc(l->size);
	memset(present, data[1], l->size);
	check_format(CODEC_TEXT, l, data + 2, size - 2, present);
	check_format(CODEC_JSON, l, data + 2, size - 2, present);
	check_format(CODEC_RAW, l, data + 2, size - 2, present);
	free(present);
	return 0;
}
