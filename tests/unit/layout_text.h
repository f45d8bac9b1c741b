/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * layout_text: layouts and bytes as text, for literal expectations.
 *
 *   u32 s8 be16 u32/3  numbers of that many bits; of so many bits of the value
 *   u32?               a number that nobody gave a meaning
 *   chars16 bool1 ipv44 pointer8 octets5 bytes3 owned4 ...   the kind and the size
 *   senum32(A=-1 B=2)  an enum, s if it is signed, its values in order
 *   2*u32              an array
 *   {a@0=u8 -b@0=u8 c@4.1:3=u32/3}
 *                      a record: offsets, bit-fields; '-': not printed
 */
#ifndef BPFMAPFS_TESTS_LAYOUT_TEXT_H
#define BPFMAPFS_TESTS_LAYOUT_TEXT_H

#include "lib/layout.h"

/* The layout must be that. */
void assert_layout(const struct layout *l, const char *expected);

/* The bytes that hex stands for, two digits each; they must be size. */
void bytes_of_hex(const char *hex, unsigned char *bytes, uint32_t size);

/* The bytes must be those. text: what they came from, for the message. */
void assert_hex(const char *text, const unsigned char *bytes, uint32_t size, const char *hex);

#endif
