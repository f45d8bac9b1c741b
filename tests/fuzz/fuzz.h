/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuzz: what the fuzz targets share: layouts to choose from, and what lib/ promises of
 * texts and bytes over any layout. A promise that does not hold ends the process, so
 * that the fuzzer keeps the input.
 */
#ifndef BPFMAPFS_TESTS_FUZZ_H
#define BPFMAPFS_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/codec.h"
#include "lib/layout.h"

/* A target: size bytes of input that may be anything. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called once before. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The most bytes of text that anything here prints as. */
enum { FUZZ_TEXT_MAX = 1 << 26 };

/* If it does not hold, prints it with the rest (each may be NULL) and aborts. */
void fuzz_promise(bool holds, const char *promise, const struct layout *l, const void *bytes,
		  const struct buf *text);

/* One of the layouts; it stays the table's own. */
const struct layout *fuzz_layout(unsigned char choice);

/*
 * The layout's bytes: the input's, zero behind its end. Prefixes become such as the
 * kernel has; where tidy is set, padding is cleared and truth is 0 or 1, so that most
 * bytes have a text. Free with free().
 */
unsigned char *fuzz_bytes(const struct layout *l, const uint8_t *data, size_t size, bool tidy);

/* Can keys have this layout? */
bool fuzz_is_key(const struct layout *l);

/* Bytes as a name, and back; the pieces are names of files. */
void fuzz_name_of_bytes(const struct layout *key, const unsigned char *bytes);

/* Any text as a name: if it is one, there is a canonical one of the same key. */
void fuzz_name_of_text(const struct layout *key, const char *name);

/* Bytes as text and back, over a value that is there; each beginning of the text may wait. */
void fuzz_value_of_bytes(enum codec_format format, const struct layout *l,
			 const unsigned char *bytes, const unsigned char *present);

/* Any text written over a value that is there. */
void fuzz_value_of_text(enum codec_format format, const struct layout *l, const char *text,
			size_t len, const unsigned char *present);

#endif
