/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* /proc/kallsyms. Input: an address, then the file, in which modules and programs have names. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/symbols.h"

static void promise(bool holds, const char *what)
{
	fuzz_promise(holds, what, NULL, NULL, NULL);
}

static void put_into_file(int fd, const uint8_t *data, size_t size)
{
	promise(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size,
		"there is a file");
}

static void ask(struct symbols *s, uint64_t address)
{
	struct buf text = BUF_INIT(FUZZ_TEXT_MAX);
	bool found = symbols_print(s, address, &text);

	promise(found == (text.len > 0), "there is a symbol, or none");
	promise(text.len <= SYMBOLS_TEXT, "a symbol is no longer than was said");
	for (size_t i = 0; i < text.len; i++)
		promise(text.data[i] >= ' ' && text.data[i] <= '~' && text.data[i] != '"' &&
				text.data[i] != '\\',
			"a symbol needs no escapes");
	promise(!found || strstr(text.data, "+0x"), "a symbol has a distance");
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;
	struct symbols s = SYMBOLS_INIT(path);
	uint64_t address;

	if (fd < 0) {
		fd = memfd_create("symbols", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (size < sizeof(address))
		return 0;
	memcpy(&address, data, sizeof(address));
	put_into_file(fd, data + sizeof(address), size - sizeof(address));
	ask(&s, address | 1ULL << 63);
	ask(&s, address & ~(1ULL << 63));
	ask(&s, UINT64_MAX);
	ask(&s, 0xffffffff81000010);
	symbols_forget(&s);
	return 0;
}
