/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Keys as names. Input: a byte for the layout, then a name, which is tried as bytes too. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_bytes(const struct layout *key, const uint8_t *data, size_t size, bool tidy)
{
	unsigned char *bytes = fuzz_bytes(key, data, size, tidy);

	fuzz_name_of_bytes(key, bytes);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct layout *key = size ? fuzz_layout(data[0]) : NULL;
	char *name;

	if (!key || !fuzz_is_key(key))
		return 0;
	name = strndup((const char *)data + 1, size - 1);
	fuzz_name_of_text(key, name);
	check_bytes(key, data + 1, size - 1, false);
	check_bytes(key, data + 1, size - 1, true);
	free(name);
	return 0;
}
